"""Scans made here are read with tesseract; without it, the sentence says what to install."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.blocks import said

from mundap.errors import BadFile
from mundap.ingest.blocks import Parsed
from mundap.ingest.pdf import ocr
from mundap.ingest.pdf.reader import parse as parse_pdf
from mundap.korean.normalize import squash

pytest.importorskip("PIL", reason="the extra ocr is not installed")
from PIL import Image, ImageDraw, ImageFilter, ImageFont

FONTS = [
    Path("/usr/share/fonts/truetype/nanum") / name
    for name in ("NanumMyeongjo.ttf", "NanumGothic.ttf", "NanumBarunGothic.ttf")
]
TEXT = """제1조(목적) 이 규정은 회사 직원의 근무에 관한 사항을 정함으로써 업무의
원활한 운영과 질서를 지키는 것을 목적으로 한다.
1. 정규직 직원은 하루 8시간, 주 40시간을 근무한다.
2. 계약직 직원의 근무시간은 계약서에 따로 정한다.
가. 연장근로는 한 주에 12시간을 넘을 수 없다.
나. 휴일근로수당은 통상임금의 150%로 한다.
문의: 인사팀 02-1234-5678 (내선 301), hr@example.com"""

reads = pytest.mark.skipif(
    not ocr.available() or not any(font.exists() for font in FONTS),
    reason="needs apt-get install tesseract-ocr tesseract-ocr-kor fonts-nanum",
)


def scanned(
    text: str, *, x: int = 220, size: tuple[int, int] = (2480, 1400), page: Image.Image | None = None
) -> Image.Image:
    """`text` as a page of A4's width at 300 dpi shows it."""
    page = page or Image.new("L", size, 255)
    font = ImageFont.truetype(str(next(font for font in FONTS if font.exists())), 46)
    for n, line in enumerate(text.split("\n")):
        ImageDraw.Draw(page).text((x, 120 + 80 * n), line, font=font, fill=20)
    return page


def accuracy(expected: str, found: str) -> float:
    """1 less the letters to insert, delete or replace, as a share of those expected."""
    a, b = squash(expected), squash(found)
    row = list(range(len(b) + 1))
    for i, one in enumerate(a, 1):
        before, row = row, [i]
        for j, other in enumerate(b, 1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (one != other)))
    return 1 - row[-1] / len(a)


def shown(parsed: Parsed) -> str:
    return "\n".join(said(block) for block in parsed.blocks)


@reads
@pytest.mark.slow
def test_a_clean_page_with_its_items_and_spaces(tmp_path: Path) -> None:
    scanned(TEXT).save(tmp_path / "공고.png")
    parsed = ocr.parse(tmp_path / "공고.png")
    assert accuracy(TEXT, shown(parsed)) >= 0.98
    assert [said(block)[:2] for block in parsed.blocks] == ["제1", "1.", "2.", "가.", "나.", "문의"]
    assert said(parsed.blocks[3]) == "가. 연장근로는 한 주에 12시간을 넘을 수 없다."
    assert said(parsed.blocks[5]).endswith("hr@example.com")
    assert parsed.warnings == ()


@pytest.mark.slow
@reads
def test_a_page_on_its_side_and_a_small_one(tmp_path: Path) -> None:
    page = scanned(TEXT)
    page.rotate(90, expand=True).save(tmp_path / "누움.jpg")
    page.resize((1240, 700)).convert("RGBA").save(tmp_path / "작음.webp", lossless=True)
    assert accuracy(TEXT, shown(ocr.parse(tmp_path / "누움.jpg"))) >= 0.95
    assert accuracy(TEXT, shown(ocr.parse(tmp_path / "작음.webp"))) >= 0.95


@pytest.mark.slow
@reads
def test_pages_of_a_tiff_and_two_columns(tmp_path: Path) -> None:
    left = "왼쪽 단의 첫째 줄이다\n왼쪽 단의 둘째 줄이다\n왼쪽 단의 셋째 줄이다\n왼쪽 단의 넷째 줄이다\n왼쪽 단의 끝 줄이다"
    right = left.replace("왼쪽", "오른쪽")
    columns = scanned(right, x=1400, page=scanned(left))
    scanned(TEXT).save(tmp_path / "묶음.tif", save_all=True, append_images=[columns])
    parsed = ocr.parse(tmp_path / "묶음.tif")
    assert parsed.pages == 2
    assert {block.page for block in parsed.blocks} == {1, 2}
    second = "".join(said(block) for block in parsed.blocks if block.page == 2)
    assert accuracy(left + right, second) >= 0.95
    assert second.rindex("왼쪽") < second.index("오른쪽")


@pytest.mark.slow
@reads
def test_a_scanned_page_between_pages_of_text(tmp_path: Path) -> None:
    pytest.importorskip("reportlab", reason="reportlab draws the PDF of this test")
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(tmp_path / "섞임.pdf"))
    canvas.drawString(80, 700, "The first page is text.")
    canvas.showPage()
    canvas.drawImage(ImageReader(scanned(TEXT)), 0, 420, 595, 336)
    canvas.showPage()
    canvas.drawString(80, 700, "The third page is text.")
    canvas.save()
    parsed = parse_pdf(tmp_path / "섞임.pdf")
    assert [block.page for block in parsed.blocks] == [1, 2, 2, 2, 2, 2, 2, 3]
    assert accuracy(TEXT, "".join(said(block) for block in parsed.blocks if block.page == 2)) >= 0.95
    assert parsed.warnings == ()


@pytest.mark.slow
@reads
def test_an_unclear_page_is_read_with_a_warning(tmp_path: Path) -> None:
    page = scanned(TEXT).resize((620, 350)).filter(ImageFilter.GaussianBlur(1.0)).resize((2480, 1400))
    page.save(tmp_path / "흐림.png")
    assert ocr.parse(tmp_path / "흐림.png").warnings == (
        "1쪽은 글자가 선명하지 않아 잘못 인식했을 수 있습니다. 원본이나 더 선명한 스캔을 추가하세요.",
    )


@reads
def test_pictures_that_hold_no_text_or_are_none(tmp_path: Path) -> None:
    Image.new("L", (800, 600), 255).save(tmp_path / "백지.png")
    with pytest.raises(BadFile, match=r"백지.png: 이미지에서 텍스트를 찾지 못했습니다"):
        ocr.parse(tmp_path / "백지.png")
    (tmp_path / "깨짐.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"x" * 100)
    with pytest.raises(BadFile, match=r"깨짐.png: 이미지로 열 수 없습니다"):
        ocr.parse(tmp_path / "깨짐.png")
    Image.new("1", (14_000, 14_000)).save(tmp_path / "큼.png")
    with pytest.raises(BadFile, match=r"큼.png: 너무 큰 이미지입니다"):
        ocr.parse(tmp_path / "큼.png")


def test_without_the_program_the_sentence_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    ocr.missing.cache_clear()
    try:
        assert not ocr.available()
        with pytest.raises(
            BadFile, match=r"공고.png: 이미지 파일입니다. .*apt-get install tesseract-ocr tesseract-ocr-kor$"
        ):
            ocr.parse(tmp_path / "공고.png")
    finally:
        monkeypatch.undo()
        ocr.missing.cache_clear()


def test_page_numbers_as_people_write_them() -> None:
    assert ocr.shown([7, 1, 2, 3, 9, 10]) == "1-3, 7, 9-10"
