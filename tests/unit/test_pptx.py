"""Presentations: slides are pages, shapes come in reading order, tables keep their spans, notes are marked."""

from pathlib import Path

import pytest

from mundap.errors import BadFile
from mundap.ingest.readers import read
from mundap.ingest.split import parents

pptx = pytest.importorskip("pptx", reason="the extra docs is not installed")


@pytest.fixture
def made(tmp_path: Path) -> Path:
    from pptx.util import Inches

    deck = pptx.Presentation()
    first = deck.slides.add_slide(deck.slide_layouts[5])
    first.shapes.title.text = "대관 안내"
    for left, top, text in ((5, 2, "오른쪽"), (1, 2.02, "왼쪽"), (1, 4, "아래")):
        first.shapes.add_textbox(Inches(left), Inches(top), Inches(2), Inches(1)).text_frame.text = text
    first.notes_slide.notes_text_frame.text = "환불 규정을 꼭 말할 것"
    second = deck.slides.add_slide(deck.slide_layouts[5])
    second.shapes.title.text = "요금"
    table = second.shapes.add_table(3, 3, Inches(1), Inches(2), Inches(6), Inches(2)).table
    for y, row in enumerate([("구장", "평일", "주말"), ("강남", "5만원", "7만원"), ("", "무료", "")]):
        for x, text in enumerate(row):
            table.cell(y, x).text = text
    table.cell(1, 0).merge(table.cell(2, 0))
    table.cell(2, 1).merge(table.cell(2, 2))
    second.element.set("show", "0")
    path = tmp_path / "안내.pptx"
    deck.save(str(path))
    return path


def test_slides_come_out_in_reading_order_with_notes_and_tables(made: Path) -> None:
    reading = read(made)
    assert reading.pages == 2
    assert reading.warnings == ("숨긴 슬라이드도 읽었습니다: 2쪽.",)
    assert [(p.page, p.heading, p.text) for p in parents(reading.document)] == [
        (1, "대관 안내", "왼쪽\n오른쪽\n아래\n발표자 노트: 환불 규정을 꼭 말할 것"),
        (
            2,
            "요금",
            "| 구장 | 평일 | 주말 |\n| --- | --- | --- |\n| 강남 | 5만원 | 7만원 |\n| 강남 | 무료 | 무료 |",
        ),
    ]


def test_what_is_no_presentation_is_a_bad_file(made: Path, tmp_path: Path) -> None:
    import zipfile

    path = tmp_path / "깨짐.pptx"
    with zipfile.ZipFile(made) as whole, zipfile.ZipFile(path, "w") as broken:
        for name in whole.namelist():
            broken.writestr(name, b"<broken" if name == "ppt/presentation.xml" else whole.read(name))
    with pytest.raises(BadFile, match=r"깨짐\.pptx: 파워포인트로 읽을 수 없습니다"):
        read(path)


def test_letters_that_stand_higher_or_lower_and_a_table_of_labels(tmp_path: Path) -> None:
    from pptx.util import Inches

    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = "지원 기준"
    line = slide.shapes.add_textbox(0, Inches(2), Inches(4), Inches(1)).text_frame.paragraphs[0]
    for text, baseline in (("10", 0), ("3", 30000), ("㎡, H", 0), ("2", -25000), ("O", 0)):
        run = line.add_run()
        run.text = text
        run.font._element.set("baseline", str(baseline))
    line.add_line_break()
    line.add_run().text = "둘째 줄"
    table = slide.shapes.add_table(3, 2, Inches(1), Inches(4), Inches(6), Inches(2)).table
    rows = [("1인 가구", "월 150,000원"), ("2인 가구", "월 250,000원"), ("3인 가구", "월 340,000원")]
    for y, row in enumerate(rows):
        for x, text in enumerate(row):
            table.cell(y, x).text = text
    path = tmp_path / "안내.pptx"
    deck.save(str(path))
    document = read(path).document
    assert [document.text[s.start : s.end] for s in document.sections] == [
        "10³㎡, H₂O\n둘째 줄",
        "|  |  |\n| --- | --- |\n" + "\n".join(f"| {name} | {value} |" for name, value in rows),
    ]
