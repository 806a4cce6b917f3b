"""PDFs: real ones cell by cell, and made ones with headers, pages, passwords and no text."""

from pathlib import Path
from typing import Any

import pytest

from mundap.errors import BadFile
from mundap.ingest.readers import read
from mundap.ingest.split import parents

pytest.importorskip("liteparse", reason="the extra docs is not installed")
canvas = pytest.importorskip("reportlab.pdfgen.canvas")
DOCUMENTS = Path(__file__).resolve().parents[3] / "shared" / "data" / "documents"


def shared(name: str) -> Path:
    if not (DOCUMENTS / name).exists():
        pytest.skip(f"needs the shared document {name}")
    return DOCUMENTS / name


def made(path: Path, pages: list[list[str]], **options: Any) -> Path:
    """A PDF with lines of text from the top of each page, the first and last at its edges."""
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfbase.pdfmetrics import registerFont

    registerFont(UnicodeCIDFont("HYSMyeongJo-Medium"))
    drawn = canvas.Canvas(str(path), **options)
    for lines in pages:
        drawn.setFont("HYSMyeongJo-Medium", 11)
        heights = [800, *(740 - 30 * n for n in range(len(lines) - 2)), 30][: len(lines)]
        for line, height in zip(lines, heights, strict=True):
            drawn.drawString(60, height, line)
        drawn.showPage()
    drawn.save()
    return path


def test_every_cell_of_a_ruled_table() -> None:
    (table,) = parents(read(shared("kbo_only_table.pdf")).document)
    assert table.heading == "2024년 KBO 리그 규정 변경 요약사항"
    rows = [line.strip("| ").split(" | ") for line in table.text.split("\n")]
    assert rows[0] == ["구분", "변경 전", "변경 후"]
    assert [row[:2] for row in rows[2:]] == [
        ["자동 투구 판정 시스템(ABS) 규정", "-"],
        ["KBO 피치클락 규정", "-"],
        ["제26조 [불공정 정보의 입수 및 관련 행위 금지]", "-"],
        ["제28조 [비디오 판독]", "-"],
        ["제28조 [비디오 판독]", "-"],
    ]
    assert rows[3][2] == "경기장 내 카운트다운 타이머(피치클락)를 이용해 경기진행 속도를 향상"
    assert [row[2] for row in rows[5:]] == [
        "수비 시프트 제한 위반 판정에 대해 비디오 판독 요청 가능",
        "대기심과 루심간 무전기 사용",
    ]


def test_terms_of_two_pages_are_split_at_their_articles_and_know_their_page() -> None:
    found = parents(read(shared("korean_texts_two_page.pdf")).document)
    first = next(p for p in found if p.heading.endswith("제1관 목적 및 용어의 정의 > 제1조(목적)"))
    assert first.text.endswith("사이에 피보험자의 상해에 대한 위험을 보장하기 위하여 체결됩니다.")
    assert (found[0].page, found[-1].page) == (1, 2)
    assert any(p.heading.endswith("제3조(보험금의 지급사유)") for p in found)


def test_running_headers_and_page_numbers_are_left_out(tmp_path: Path) -> None:
    pages = [
        ["관세청 여행자 안내", f"{n}번째 쪽의 본문이다.", "한 줄 더 있다.", "마지막 줄이다.", f"- {n} -"]
        for n in range(1, 6)
    ]
    reading = read(made(tmp_path / "안내.pdf", pages))
    assert reading.pages == 5
    assert "여행자 안내" not in reading.document.text
    assert "- 3 -" not in reading.document.text
    assert all(f"{n}번째 쪽의 본문이다." in reading.document.text for n in range(1, 6))


@pytest.mark.parametrize(
    "stamps",
    [
        ["출력일시: 2024-03-05 오후 2:58:00 김하늘", "출력일시: 2024-03-05 오후 3:00:21 김하늘"],
        ["2024년 3월 5일 14시 10분 출력", "2024년 3월 5일 14시 11분 출력"],
        ["열람 20240305091030 가람시", "열람 20240305091102 가람시"],
    ],
)
def test_what_a_print_stamps_on_pages_is_left_out_of_two_pages_too(tmp_path: Path, stamps: list[str]) -> None:
    pages = [[stamp, f"{n}번째 쪽의 본문이다.", "한 줄 더 있다."] for n, stamp in enumerate(stamps, 1)]
    assert read(made(tmp_path / "안내.pdf", pages)).document.text.split("\n") == [
        line for _, *lines in pages for line in lines
    ]


def test_a_blank_page_takes_nothing_along_and_a_file_of_them_is_a_bad_file(tmp_path: Path) -> None:
    reading = read(made(tmp_path / "가.pdf", [["글이 있는 쪽이다."], []]))
    assert (reading.document.text, reading.pages) == ("글이 있는 쪽이다.", 2)
    with pytest.raises(BadFile, match=r"나\.pdf"):
        read(made(tmp_path / "나.pdf", [[], []]))


def test_a_password_is_named(tmp_path: Path) -> None:
    from reportlab.lib.pdfencrypt import StandardEncryption

    path = made(tmp_path / "비밀.pdf", [["비밀이다."]], encrypt=StandardEncryption("열쇠", strength=128))
    with pytest.raises(BadFile, match=r"비밀\.pdf: 암호가 걸린 PDF"):
        read(path)


def test_a_broken_file_is_a_bad_file(tmp_path: Path) -> None:
    (tmp_path / "깨짐.pdf").write_bytes(b"%PDF-1.7\n" + bytes(range(256)) * 4)
    with pytest.raises(BadFile, match=r"깨짐\.pdf: "):
        read(tmp_path / "깨짐.pdf")
