"""Layouts of offices in every format that has tables: forms with tables in them, and groups named once."""

from __future__ import annotations

import html as markup
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from openpyxl.utils import range_boundaries

from mundap.ingest.readers import read

Rows = Sequence[Sequence[Any]]
Place = tuple[int, int]
CASES = [json.loads(line) for line in Path(__file__).with_name("layouts.jsonl").read_text("utf-8").splitlines()]


class Layout:
    """Rows of one length; `spans` are merged cells, rows and columns, by their first place, `covered` the other places."""

    def __init__(self, rows: Rows, merged: Sequence[str]) -> None:
        width = max(map(len, rows))
        self.rows = [
            ["" if cell is None else str(cell) for cell in [*row, *[None] * (width - len(row))]] for row in rows
        ]
        self.spans: dict[Place, tuple[int, int]] = {}
        self.covered: set[Place] = set()
        for area in merged:
            left, top, right, bottom = range_boundaries(area)
            self.spans[top - 1, left - 1] = (bottom - top + 1, right - left + 1)
            self.covered |= {(y, x) for y in range(top - 1, bottom) for x in range(left - 1, right)} - {
                (top - 1, left - 1)
            }

    def cells(self, y: int) -> list[tuple[int, str, int, int]]:
        """(column, text, rows, columns) of the cells that begin in a row."""
        return [
            (x, text, *self.spans.get((y, x), (1, 1)))
            for x, text in enumerate(self.rows[y])
            if (y, x) not in self.covered
        ]


def html(layout: Layout, path: Path) -> Path:
    pytest.importorskip("lxml", reason="the extra docs is not installed")
    rows = "".join(
        "<tr>"
        + "".join(
            f"<td rowspan={down} colspan={across}>{markup.escape(text).replace(chr(10), '<br>')}"
            for _, text, down, across in layout.cells(y)
        )
        for y in range(len(layout.rows))
    )
    path = path.with_suffix(".html")
    path.write_text(f"<meta charset=utf-8><title>자료</title><table>{rows}</table>", "utf-8")
    return path


def docx(layout: Layout, path: Path) -> Path:
    document = pytest.importorskip("docx", reason="the extra docs is not installed").Document()
    _filled(document.add_table(len(layout.rows), len(layout.rows[0])), layout)
    path = path.with_suffix(".docx")
    document.save(str(path))
    return path


def pptx(layout: Layout, path: Path) -> Path:
    shown = pytest.importorskip("pptx", reason="the extra docs is not installed").Presentation()
    slide = shown.slides.add_slide(shown.slide_layouts[6])
    table = slide.shapes.add_table(len(layout.rows), len(layout.rows[0]), 0, 0, 9_000_000, 4_000_000).table
    _filled(table, layout)
    path = path.with_suffix(".pptx")
    shown.save(str(path))
    return path


def _filled(table: Any, layout: Layout) -> None:
    for y in range(len(layout.rows)):
        for x, text, down, across in layout.cells(y):
            table.cell(y, x).text = text
            if down > 1 or across > 1:
                table.cell(y, x).merge(table.cell(y + down - 1, x + across - 1))


def hwpx(layout: Layout, path: Path) -> Path:
    pytest.importorskip("lxml", reason="the extra docs is not installed")
    from tests.unit import test_hwpx as x

    rows = [
        [x.tc(y, at, *text.split("\n"), down=down, across=across) for at, text, down, across in layout.cells(y)]
        for y in range(len(layout.rows))
    ]
    return x.hwpx(path.with_suffix(".hwpx"), x.p(x.tbl(*rows, columns=len(layout.rows[0]))))


def pdf(layout: Layout, path: Path) -> Path:
    pytest.importorskip("liteparse", reason="the extra docs is not installed")
    pytest.importorskip("reportlab", reason="reportlab draws the PDFs of these tests")
    from tests.unit.test_pdf_pages import ruled, written

    spans = [("SPAN", (x, y), (x + across - 1, y + down - 1)) for (y, x), (down, across) in layout.spans.items()]
    rows = [
        ["" if (y, x) in layout.covered else text for x, text in enumerate(row)] for y, row in enumerate(layout.rows)
    ]
    widths = [500 / len(rows[0])] * len(rows[0])
    return written(
        path.with_suffix(".pdf"), lambda canvas: ruled(canvas, rows, spans, y=780 - 22 * len(rows), widths=widths)
    )


@pytest.mark.parametrize("made", [html, docx, pptx, hwpx, pdf])
@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["rows"][0][0]))
def test_a_layout_is_read_alike_in_every_format(
    tmp_path: Path, case: dict[str, Any], made: Callable[[Layout, Path], Path]
) -> None:
    document = read(made(Layout(case["rows"], case["merged"]), tmp_path / "자료"), "자료").document
    found = [
        [
            section.heading,
            [line for line in document.text[section.start : section.end].split("\n") if "---" not in line],
        ]
        for section in document.sections
    ]
    assert found == case["expected"]
