"""Documents of Word, made with python-docx: order, headings, labels, merged cells, notes and what is left out."""

import contextlib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.blocks import cells, said

from mundap.errors import BadFile
from mundap.ingest.blocks import Cell, Heading, Paragraph, Table
from mundap.ingest.office.docx import parse
from mundap.ingest.office.docx_numbering import Level, Numbering, formatted
from mundap.ingest.readers import read

docx = pytest.importorskip("docx", reason="python-docx (the extra docs) is not installed")
from docx.oxml import parse_xml  # noqa: E402
from docx.oxml.ns import nsdecls  # noqa: E402

NAMES = nsdecls("w", "r") + ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'


def xml(text: str) -> Any:
    """An element of Word, whose root is given without its namespaces."""
    head, mark, rest = text.partition(">")
    slash = "/" if head.endswith("/") else ""
    return parse_xml(f"{head.removesuffix('/')} {NAMES} {slash}{mark}{rest}")


def body(path: Path, *elements: str) -> tuple[Any, ...]:
    document = docx.Document()
    for element in elements:
        document.element.body.insert(len(document.element.body) - 1, xml(element))
    document.save(path)
    return parse(path).blocks


def test_headings_text_and_tables_in_their_order(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_heading("휴가 규정", 0)
    document.add_heading("연차", 1)
    document.add_paragraph("연차는 1년 안에 씁니다.")
    table = document.add_table(2, 2)
    for cell, text in zip(table._cells, ("구분", "일수", "연차", "15일"), strict=True):
        cell.text = text
    document.add_heading("병가", 2)
    document.core_properties.title = "휴가 규정집"
    document.save(tmp_path / "가.docx")
    parsed = parse(tmp_path / "가.docx")
    assert parsed.title == "휴가 규정집"
    assert parsed.blocks == (
        Heading("휴가 규정", 1),
        Heading("연차", 2),
        Paragraph("연차는 1년 안에 씁니다."),
        Table(((Cell("구분"), Cell("일수")), (Cell("연차"), Cell("15일")))),
        Heading("병가", 3),
    )


def test_a_heading_by_a_korean_style_name_and_by_outline_level(tmp_path: Path) -> None:
    document = docx.Document()
    styled = document.styles.add_style("개요 2", 1)
    document.add_paragraph("둘째 수준", style=styled)
    plain = document.add_paragraph("바로 준 수준")
    plain._p.get_or_add_pPr().append(xml('<w:outlineLvl w:val="0"/>'))
    document.save(tmp_path / "가.docx")
    assert parse(tmp_path / "가.docx").blocks == (Heading("둘째 수준", 3), Heading("바로 준 수준", 2))


def test_merged_cells_cover_what_they_cover(tmp_path: Path) -> None:
    document = docx.Document()
    table = document.add_table(3, 3)
    table.cell(0, 1).merge(table.cell(0, 2)).text = "요금"
    table.cell(0, 0).merge(table.cell(1, 0)).text = "구장"
    for y, x, text in ((1, 1, "평일"), (1, 2, "주말"), (2, 0, "강남"), (2, 1, "5만원"), (2, 2, "7만원")):
        table.cell(y, x).text = text
    document.save(tmp_path / "가.docx")
    assert cells(parse(tmp_path / "가.docx").blocks[0]) == (
        (Cell("구장", rowspan=2), Cell("요금", colspan=2)),
        (Cell("평일"), Cell("주말")),
        (Cell("강남"), Cell("5만원"), Cell("7만원")),
    )
    text = read(tmp_path / "가.docx").document.text
    assert text == "| 구장 | 요금 평일 | 요금 주말 |\n| --- | --- | --- |\n| 강남 | 5만원 | 7만원 |"


def test_a_table_within_a_table_comes_behind_it_and_one_in_a_frame_keeps_its_place(tmp_path: Path) -> None:
    document = docx.Document()
    frame = document.add_table(1, 1).cell(0, 0)
    frame.text = "위"
    inner = frame.add_table(1, 2)
    inner.cell(0, 0).text, inner.cell(0, 1).text = "가", "나"
    frame.add_paragraph("아래")
    document.save(tmp_path / "가.docx")
    assert parse(tmp_path / "가.docx").blocks == (
        Paragraph("위"),
        Table(((Cell("가"), Cell("나")),)),
        Paragraph("아래"),
    )


def test_deletions_and_hidden_text_are_left_out_and_insertions_kept(tmp_path: Path) -> None:
    found = body(
        tmp_path / "가.docx",
        "<w:p><w:r><w:t>남는 </w:t></w:r><w:del><w:r><w:delText>지운 </w:delText></w:r></w:del>"
        "<w:ins><w:r><w:t>넣은 </w:t></w:r></w:ins><w:r><w:rPr><w:vanish/></w:rPr><w:t>숨긴 </w:t></w:r>"
        "<w:r><w:t>글</w:t><w:br/><w:t>다음</w:t></w:r></w:p>",
        "<w:sdt><w:sdtContent><w:p><w:r><w:t>양식 칸</w:t></w:r></w:p></w:sdtContent></w:sdt>",
    )
    assert found == (Paragraph("남는 넣은 글\n다음"), Paragraph("양식 칸"))


def test_a_text_box_is_read_once(tmp_path: Path) -> None:
    box = "<w:txbxContent><w:p><w:r><w:t>상자</w:t></w:r></w:p></w:txbxContent>"
    found = body(
        tmp_path / "가.docx",
        f"<w:p><w:r><w:t>본문</w:t></w:r><w:r><mc:AlternateContent><mc:Choice>{box}</mc:Choice>"
        f"<mc:Fallback>{box}</mc:Fallback></mc:AlternateContent></w:r></w:p>",
    )
    assert found == (Paragraph("본문"), Paragraph("상자"))


def test_a_link_is_text_and_address(tmp_path: Path) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("자세히는 ")
    key = document.part.relate_to("https://www.example.go.kr/", docx.opc.constants.RELATIONSHIP_TYPE.HYPERLINK, True)
    for text in ("누리집", "www.example.go.kr"):
        paragraph._p.append(xml(f'<w:hyperlink r:id="{key}"><w:r><w:t>{text}</w:t></w:r></w:hyperlink>'))
    document.save(tmp_path / "가.docx")
    assert parse(tmp_path / "가.docx").blocks == (
        Paragraph("자세히는 누리집 (https://www.example.go.kr/)www.example.go.kr"),
    )


def test_lists_have_the_labels_that_word_shows(tmp_path: Path) -> None:
    document = docx.Document()
    lists = document.part.numbering_part.element
    levels = (("decimal", "%1."), ("ganada", "%2."), ("decimal", "%1.%2.%3)"), ("bullet", "\uf0b7"))
    lists.insert(
        0,
        xml(
            '<w:abstractNum w:abstractNumId="77">'
            + "".join(
                f'<w:lvl w:ilvl="{n}"><w:start w:val="1"/><w:numFmt w:val="{form}"/><w:lvlText w:val="{text}"/></w:lvl>'
                for n, (form, text) in enumerate(levels)
            )
            + "</w:abstractNum>"
        ),
    )
    lists.append(xml('<w:num w:numId="77"><w:abstractNumId w:val="77"/></w:num>'))
    for level in (0, 1, 1, 2, 3, 0, 1):
        paragraph = document.add_paragraph("항목")
        paragraph._p.get_or_add_pPr().append(xml(f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="77"/></w:numPr>'))
    document.save(tmp_path / "가.docx")
    labels = [said(block).removesuffix(" 항목") for block in parse(tmp_path / "가.docx").blocks]
    assert labels == ["1.", "가.", "나.", "1.나.1)", "•", "2.", "가."]


@pytest.mark.parametrize(
    ("number", "form", "shown"),
    [(4, "upperRoman", "IV"), (15, "ganada", "가"), (27, "lowerLetter", "aa"), (3, "decimalEnclosedCircle", "③")],
)
def test_formats_of_numbers(number: int, form: str, shown: str) -> None:
    assert formatted(number, form) == shown


def test_a_list_that_starts_anew(tmp_path: Path) -> None:
    lists = Numbering({"0": {0: Level("decimal", "(%1)")}}, {"1": "0", "2": "0"}, starts={"2": {0: 1}})
    assert [lists.label(n, 0) for n in ("1", "1", "2", "2")] == ["(1)", "(2)", "(1)", "(2)"]


def test_footnotes_stand_behind_their_paragraph(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("글")._p.append(xml('<w:r><w:footnoteReference w:id="2"/></w:r>'))
    part = docx.opc.part.Part(
        docx.opc.packuri.PackURI("/word/footnotes.xml"),
        "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml",
        f'<w:footnotes {nsdecls("w")}><w:footnote w:id="2"><w:p><w:r><w:t>각주 글</w:t></w:r></w:p></w:footnote>'
        "</w:footnotes>".encode(),
        document.part.package,
    )
    document.part.relate_to(part, docx.opc.constants.RELATIONSHIP_TYPE.FOOTNOTES)
    document.save(tmp_path / "가.docx")
    assert parse(tmp_path / "가.docx").blocks == (Paragraph("글[주 1]"), Paragraph("주 1) 각주 글"))


@pytest.mark.parametrize("cut", [60, 2000])
def test_a_broken_document_is_named_with_the_remedy(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "망가진.docx"
    docx.Document().save(path)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(BadFile, match=r"망가진\.docx: .*다시"):
        read(path)
    with pytest.raises(BadFile, match=r"망가진\.docx: 워드 문서로 읽을 수 없습니다.*다시 저장"):
        parse(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2**30), st.binary(max_size=3)), min_size=1, max_size=6))
def test_no_bytes_whatsoever_escape_as_another_error(tmp_path: Path, changes: list[tuple[int, bytes]]) -> None:
    path = tmp_path / "가.docx"
    document = docx.Document()
    document.add_paragraph("글", style="List Number")
    document.add_table(1, 2)
    document.save(tmp_path / "원본.docx")
    with zipfile.ZipFile(tmp_path / "원본.docx") as old, zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as new:
        for name in old.namelist():
            raw = bytearray(old.read(name))
            for at, change in changes:
                raw[at % len(raw) : at % len(raw) + len(change)] = change
            new.writestr(name, bytes(raw))
    with contextlib.suppress(BadFile):
        read(path)


def test_links_that_are_fields(tmp_path: Path) -> None:
    field = (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> HYPERLINK "{}" </w:instrText></w:r>'
        '<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>{}</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )
    inner = '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>HYPERLINK \\l "_Toc1"</w:instrText></w:r>'
    blocks = body(
        tmp_path / "링크.docx",
        "<w:p><w:r><w:t>신청: </w:t></w:r>"
        + field.format("https://garam.go.kr/a", "누리집")
        + "<w:r><w:t> 참고</w:t></w:r></w:p>",
        '<w:p><w:fldSimple w:instr="HYPERLINK &quot;mailto:a@b.kr&quot;"><w:r><w:t>담당자</w:t></w:r></w:fldSimple></w:p>',
        "<w:p>" + field.format("https://garam.go.kr", "garam.go.kr") + "</w:p>",
        "<w:p>" + inner + '<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>3쪽</w:t></w:r>'
        '<w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>',
    )
    assert [block.text for block in blocks] == [
        "신청: 누리집 (https://garam.go.kr/a) 참고",
        "담당자 (a@b.kr)",
        "garam.go.kr",
        "3쪽",
    ]
