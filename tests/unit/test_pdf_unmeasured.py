"""Hangul is read from PDFs that do not carry its font, on machines that have none either."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.blocks import cells

pytest.importorskip("liteparse", reason="the extra docs is not installed")
pytest.importorskip("reportlab", reason="reportlab draws the PDFs of these tests")

from tests.unit.test_pdf_pages import lines, ruled, written

from mundap.ingest.pdf import unmeasured
from mundap.ingest.pdf.reader import parse

FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "/usr/share/X11/fonts")  # where PDFium looks on Linux
ROWS = [["품목", "수", "단가"], ["배추", "셋", "2,000원"], ["무", "5", "1,500원"], ["파", "넷", "900원"]]
READ = (
    "import json, sys; from pathlib import Path; from mundap.ingest.blocks import Table\n"
    "from mundap.ingest.pdf.reader import parse; from mundap.ingest.pdf.unmeasured import measured\n"
    "blocks = parse(Path(sys.argv[1])).blocks\n"
    "said = [[[c.text for c in row] for row in b.rows] if isinstance(b, Table) else b.text for b in blocks]\n"
    "print(json.dumps([measured(), said]))"
)


def without_fonts(tmp_path: Path, *command: str) -> list[Any]:
    """What `command` prints where nothing stands in the folders of fonts: in a mount namespace of its own."""
    (tmp_path / "empty").mkdir()
    hide = "; ".join(f"[ ! -d {folder} ] || mount --bind {tmp_path / 'empty'} {folder} || exit 9" for folder in FOLDERS)
    for own in (["unshare", "-m"], ["unshare", "-rm"]):
        try:
            subprocess.run([*own, "sh", "-c", hide], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        run = [*own, "sh", "-c", f'{hide}; exec "$@"', "sh", *command]
        made: list[Any] = json.loads(subprocess.run(run, check=True, capture_output=True, env=os.environ).stdout)
        return made
    pytest.skip("folders cannot be hidden here (no unshare, or not allowed)")


@pytest.mark.slow
def test_letters_that_stand_alone_are_read_without_a_font_however_the_page_lies(tmp_path: Path) -> None:
    def page(canvas: Any) -> None:
        lines(canvas, ["값", "가격은 다음과 같다."], y=640, leading=30)
        ruled(canvas, ROWS, [], y=560, widths=[80, 80, 80])

    def turned(canvas: Any) -> None:
        width, _ = canvas._pagesize
        canvas.setPageRotation(90)
        canvas.translate(width, 0)
        canvas.rotate(90)
        canvas.translate(0, -250)
        page(canvas)

    def on_its_side(canvas: Any) -> None:
        canvas.setPageRotation(0)
        canvas.translate(595, 0)
        canvas.rotate(90)
        canvas.translate(0, -250)
        page(canvas)

    def upside_down(canvas: Any) -> None:
        canvas.setPageRotation(0)
        canvas.translate(595, 842)
        canvas.rotate(180)
        page(canvas)

    path = written(tmp_path / "가격.pdf", page, turned, on_its_side, upside_down)
    measured, said = without_fonts(tmp_path, sys.executable, "-c", READ, str(path))
    assert not measured
    assert said == ["값", "가격은 다음과 같다.", ROWS] * 4


def test_nothing_is_read_twice_where_hangul_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def page(canvas: Any) -> None:
        ruled(canvas, ROWS, [], y=560, widths=[80, 80, 80])

    path = written(tmp_path / "가격.pdf", page)
    monkeypatch.setattr(unmeasured, "measured", lambda: False)
    (table,) = parse(path).blocks
    assert [[cell.text for cell in row] for row in cells(table)] == ROWS
