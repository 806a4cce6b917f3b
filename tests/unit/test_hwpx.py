"""HWPX and HWPML made here: tables, notes, boxes, headings, lists, and archives that are broken or hostile."""

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from mundap.errors import BadFile
from mundap.ingest.blocks import Block, Cell, Heading, Paragraph, Table
from mundap.ingest.hwp.reader import parse

pytest.importorskip("hwp2md", reason="the extra docs is not installed")

HP = 'xmlns:hp="http://www.hancom.co.kr/hwpml/2011/paragraph"'
HEAD = """<hh:head xmlns:hh="http://www.hancom.co.kr/hwpml/2011/head"><hh:refList>
<hh:charPr id="0" height="1000"/><hh:charPr id="1" height="1600"/>
<hh:paraPr id="0"><hh:heading type="NONE" idRef="0" level="0"/></hh:paraPr>
<hh:paraPr id="1"><hh:heading type="OUTLINE" idRef="0" level="0"/></hh:paraPr>
<hh:paraPr id="2"><hh:heading type="OUTLINE" idRef="0" level="1"/></hh:paraPr>
<hh:paraPr id="3"><hh:heading type="NUMBER" idRef="2" level="0"/></hh:paraPr>
<hh:paraPr id="4"><hh:heading type="BULLET" idRef="1" level="0"/></hh:paraPr>
<hh:paraPr id="5"><hh:heading type="BULLET" idRef="2" level="0"/></hh:paraPr>
<hh:numbering id="1" start="0"><hh:paraHead start="1" level="1" numFormat="DIGIT">제^1장</hh:paraHead>
<hh:paraHead start="1" level="2" numFormat="DIGIT">^n</hh:paraHead></hh:numbering>
<hh:numbering id="2" start="0"><hh:paraHead start="3" level="1" numFormat="HANGUL_SYLLABLE">^1.</hh:paraHead></hh:numbering>
<hh:bullet id="1" char="※"/><hh:bullet id="2" char="&#xF0B7;"/>
<hh:style id="7" name="소제목"/><hh:style id="8" name="차례 1"/></hh:refList></hh:head>"""
PACKAGE = """<opf:package xmlns:opf="http://www.idpf.org/2007/opf/"><opf:metadata><opf:title>{title}</opf:title>
<opf:meta name="CreatedDate" content="text">2020-01-02T03:04:05Z</opf:meta>
<opf:meta name="ModifiedDate" content="text">{modified}</opf:meta></opf:metadata><opf:manifest/></opf:package>"""
SECTION = '<hp:p><hp:run><hp:secPr outlineShapeIDRef="1"/></hp:run></hp:p>'


def p(*inside: str, shape: int = 0, style: int = 0, font: int = 0) -> str:
    """A paragraph; what is no markup is its text."""
    runs = "".join(each if each.startswith("<") else f"<hp:t>{each}</hp:t>" for each in inside)
    return f'<hp:p paraPrIDRef="{shape}" styleIDRef="{style}"><hp:run charPrIDRef="{font}">{runs}</hp:run></hp:p>'


def box(*paragraphs: str) -> str:
    return f"<hp:subList>{''.join(paragraphs)}</hp:subList>"


def tc(row: int, column: int, *paragraphs: str, down: int = 1, across: int = 1, header: int = 0) -> str:
    inside = "".join(each if each.startswith("<") else p(each) for each in paragraphs)
    return (
        f'<hp:tc header="{header}">{box(inside)}<hp:cellAddr colAddr="{column}" rowAddr="{row}"/>'
        f'<hp:cellSpan colSpan="{across}" rowSpan="{down}"/></hp:tc>'
    )


def tbl(*rows: Sequence[str], caption: str = "", inline: int = 0, columns: int = 0) -> str:
    held = f"<hp:caption>{box(caption)}</hp:caption>" if caption else ""
    count = f'rowCnt="{len(rows)}" colCnt="{columns}"' if columns else ""
    lines = "".join(f"<hp:tr>{''.join(row)}</hp:tr>" for row in rows)
    return f'<hp:tbl {count}><hp:pos treatAsChar="{inline}"/>{held}{lines}</hp:tbl>'


def hwpx(path: Path, *body: str, head: str = HEAD, **parts: str | bytes) -> Path:
    """An archive as small as is read; `parts` are other files, "/" in their names written as "__"."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/hwp+zip")
        archive.writestr("Contents/header.xml", head)
        archive.writestr("Contents/section0.xml", f"<hs:sec xmlns:hs='s' {HP}>{SECTION}{''.join(body)}</hs:sec>")
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml").replace("_hpf", ".hpf"), content)
    return path


def blocks(tmp_path: Path, *body: str, **parts: Any) -> list[Block]:
    return list(parse(hwpx(tmp_path / "문서.hwpx", *body, **parts)).blocks)


def rows(table: Block) -> list[list[tuple[str, int, int]]]:
    assert isinstance(table, Table)
    return [[(cell.text, cell.rowspan, cell.colspan) for cell in row] for row in table.rows]


def test_merged_cells_keep_their_spans_and_header_cells_make_the_header(tmp_path: Path) -> None:
    (table,) = blocks(
        tmp_path,
        p(
            tbl(
                [tc(0, 0, "구분", down=2, header=1), tc(0, 1, "요금", across=2, header=1)],
                [tc(1, 1, "평일", header=1), tc(1, 2, "주말", header=1)],
                [tc(2, 0, "대인"), tc(2, 1, "1,000", "(할인 500)"), tc(2, 2, "2,000")],
                caption=p("<hp:t>표 </hp:t><hp:ctrl><hp:autoNum num='3' numType='TABLE'/></hp:ctrl>", ". 요금"),
            )
        ),
    )
    assert rows(table) == [
        [("구분", 2, 1), ("요금", 1, 2)],
        [("평일", 1, 1), ("주말", 1, 1)],
        [("대인", 1, 1), ("1,000\n(할인 500)", 1, 1), ("2,000", 1, 1)],
    ]
    assert isinstance(table, Table)
    assert table.header == 2
    assert table.caption == "표 3. 요금"


def test_places_without_a_cell_are_empty_and_broken_addresses_lose_no_text(tmp_path: Path) -> None:
    (table,) = blocks(
        tmp_path,
        p(
            tbl(
                [tc(0, 1, "나"), tc(0, 2, "다", down=60000, across=60000)],
                [tc(1, 0, "라"), tc(1, 0, "또 라")],
                columns=3,
            )
        ),
    )
    assert rows(table) == [[("", 1, 1), ("나", 1, 1), ("다", 2, 1)], [("라", 1, 1), ("또 라", 1, 1)]]


def test_a_table_of_impossible_size_gives_its_words(tmp_path: Path) -> None:
    parsed = parse(hwpx(tmp_path / "문서.hwpx", p(tbl([tc(0, 0, "가"), tc(0, 1, "나"), tc(1, 4_000_000, "다")]))))
    assert parsed.blocks == (Paragraph("가"), Paragraph("나"), Paragraph("다"))
    assert "표" in parsed.warnings[0]


def test_a_table_in_a_cell_follows_with_the_name_of_its_row(tmp_path: Path) -> None:
    inner = tbl([tc(0, 0, "서류"), tc(0, 1, "부수")], [tc(1, 0, "등본"), tc(1, 1, "1")])
    outer, nested = blocks(
        tmp_path,
        p(tbl([tc(0, 0, "항목"), tc(0, 1, "내용")], [tc(1, 0, "제출"), tc(1, 1, "아래와 같음", p(inner))])),
    )
    assert rows(outer)[1] == [("제출", 1, 1), ("아래와 같음", 1, 1)]
    assert rows(nested) == [[("서류", 1, 1), ("부수", 1, 1)], [("등본", 1, 1), ("1", 1, 1)]]
    assert isinstance(nested, Table)
    assert nested.caption == "제출"


def test_a_table_that_frames_text_is_the_text_with_its_tables_and_headings(tmp_path: Path) -> None:
    inner = tbl([tc(0, 0, "가"), tc(0, 1, "나")], [tc(1, 0, "1"), tc(1, 1, "2")])
    found = blocks(tmp_path, p(tbl([tc(0, 0, p("총칙", shape=1), "본문이다.", p(inner))])))
    assert found[:2] == [Heading("제1장 총칙", 1), Paragraph("본문이다.")]
    assert rows(found[2])[1] == [("1", 1, 1), ("2", 1, 1)]


def test_a_number_and_a_title_in_boxes_beside_each_other_are_one_heading(tmp_path: Path) -> None:
    bar = tbl([tc(0, 0, p("Ⅰ", font=1)), tc(0, 1), tc(0, 2, p("추진 배경", font=1))])
    assert blocks(tmp_path, p(bar), p("이 사업은 주민의 불편을 줄이고자 오랫동안 준비하였다. " * 3)) == [
        Heading("Ⅰ 추진 배경", 1),
        Paragraph(
            "이 사업은 주민의 불편을 줄이고자 오랫동안 준비하였다. " * 2
            + "이 사업은 주민의 불편을 줄이고자 오랫동안 준비하였다."
        ),
    ]


def test_outlines_and_lists_have_their_labels(tmp_path: Path) -> None:
    assert blocks(
        tmp_path,
        p("총칙", shape=1),
        p("목적", shape=2),
        p("보칙", shape=1),
        p("첫째", shape=3),
        p(shape=3),  # an empty item uses up its number
        p("셋째", shape=3),
        p("참고", shape=4),
        p("점", shape=5),
    ) == [
        Heading("제1장 총칙", 1),
        Heading("1.1 목적", 2),
        Heading("제2장 보칙", 1),
        Paragraph("다. 첫째", listed=True),
        Paragraph("마. 셋째", listed=True),
        Paragraph("※ 참고", listed=True),
        Paragraph("• 점", listed=True),
    ]


def test_a_sentence_in_an_outline_is_no_heading(tmp_path: Path) -> None:
    assert blocks(tmp_path, p("이 규정은 휴가를 정한다.", shape=1)) == [Paragraph("제1장 이 규정은 휴가를 정한다.")]


def test_styles_named_for_headings_are_headings(tmp_path: Path) -> None:
    assert blocks(tmp_path, p("신청 방법", style=7), p("방문한다.")) == [
        Heading("신청 방법", 3),
        Paragraph("방문한다."),
    ]


def test_lines_of_a_table_of_contents_are_told_from_headings(tmp_path: Path) -> None:
    assert blocks(tmp_path, p("<hp:t>1. 개요<hp:tab/>12</hp:t>", style=8)) == [Paragraph("1. 개요 ···· 12")]


def test_notes_stand_under_the_paragraph_that_they_explain(tmp_path: Path) -> None:
    def note(kind: str, text: str) -> str:
        return f"<hp:ctrl><hp:{kind} number='1'>{box(p(text))}</hp:{kind}></hp:ctrl>"

    assert blocks(
        tmp_path,
        p("간이세율", note("footNote", "관세법 제81조"), "을 쓴다.", note("endNote", "2024년부터")),
        p("다음 문단", note("footNote", "둘째")),
    ) == [
        Paragraph("간이세율[주 1]을 쓴다.[미주 1]"),
        Paragraph("[주 1] 관세법 제81조"),
        Paragraph("[미주 1] 2024년부터"),
        Paragraph("다음 문단[주 2]"),
        Paragraph("[주 2] 둘째"),
    ]


def test_boxes_and_captions_follow_their_paragraph_and_headers_stay_out(tmp_path: Path) -> None:
    rect = f"<hp:rect><hp:drawText>{box(p('상자 안의 글'))}</hp:drawText><hp:shapeComment>사각형입니다.</hp:shapeComment></hp:rect>"
    picture = f"<hp:pic><hp:sz width='40000' height='30000'/><hp:caption>{box(p('그림 설명'))}</hp:caption></hp:pic>"
    hidden = f"<hp:ctrl><hp:header>{box(p('머리말'))}</hp:header><hp:hiddenComment>{box(p('숨은 말'))}</hp:hiddenComment></hp:ctrl>"
    group = f"<hp:container>{rect.replace('상자 안의', '묶인')}<hp:textart text='글맵시'/></hp:container>"
    path = hwpx(tmp_path / "문서.hwpx", p("앞", hidden, rect, picture, group, "뒤"))
    parsed = parse(path)
    assert [block.text for block in parsed.blocks if isinstance(block, Paragraph)] == [
        "앞뒤",
        "상자 안의 글",
        "그림 설명",
        "묶인 글",
        "글맵시",
    ]
    assert parsed.warnings == ("텍스트로 읽지 못한 항목: 큰 이미지 1개.",)


def test_an_object_in_the_line_keeps_its_place(tmp_path: Path) -> None:
    table = tbl([tc(0, 0, "가"), tc(0, 1, "나")], [tc(1, 0, "1"), tc(1, 1, "2")], inline=1)
    small = f"<hp:rect><hp:pos treatAsChar='1'/><hp:drawText>{box(p('중요'))}</hp:drawText></hp:rect>"
    first, found, last = blocks(tmp_path, p("앞글", small, "이어짐", table, "뒷글"))
    assert (first, last) == (Paragraph("앞글 중요 이어짐"), Paragraph("뒷글"))
    assert rows(found)[1] == [("1", 1, 1), ("2", 1, 1)]


def test_characters_that_are_elements(tmp_path: Path) -> None:
    url = "<hp:ctrl><hp:fieldBegin type='HYPERLINK'><hp:parameters><hp:stringParam name='Command'>"
    url += r"https\://mundap.kr/신청;1;0;0;</hp:stringParam></hp:parameters></hp:fieldBegin></hp:ctrl>"
    assert blocks(
        tmp_path,
        p("<hp:t>성명<hp:tab/>홍길동<hp:lineBreak/>둘째 줄<hp:deleteBegin/>지운 말<hp:deleteEnd/></hp:t>"),
        p(url, "신청하기", "<hp:ctrl><hp:fieldEnd/></hp:ctrl>"),
        p("<hp:equation><hp:script>x = {1} over {2}</hp:script></hp:equation>"),
        p("<hp:dutmal><hp:mainText>대한민국</hp:mainText><hp:subText>大韓民國</hp:subText></hp:dutmal>"),
        p("&#xF02B1; &#xF0854;관세법&#xF0855;"),
    ) == [
        Paragraph("성명 홍길동\n둘째 줄"),
        Paragraph("신청하기 (https://mundap.kr/신청)"),
        Paragraph("x = {1} over {2}"),
        Paragraph("대한민국(大韓民國)"),
        Paragraph("① 『관세법』"),
    ]


def test_a_chart_is_the_table_of_its_values(tmp_path: Path) -> None:
    ns = "xmlns:c='http://schemas.openxmlformats.org/drawingml/2006/chart'"
    points = "<c:{0}><c:strRef><c:strCache><c:pt idx='0'><c:v>{1}</c:v></c:pt><c:pt idx='1'><c:v>{2}</c:v></c:pt></c:strCache></c:strRef></c:{0}>"
    series = "<c:ser><c:tx><c:strRef><c:strCache><c:pt idx='0'><c:v>방문자</c:v></c:pt></c:strCache></c:strRef></c:tx>"
    series += points.format("cat", "1월", "2월") + points.format("val", "10", "20") + "</c:ser>"
    chart = f"<c:chartSpace {ns}><c:chart><c:plotArea><c:barChart>{series}</c:barChart></c:plotArea></c:chart></c:chartSpace>"
    found = blocks(tmp_path, p("방문 현황", "<hp:chart chartIDRef='Chart/chart1.xml'/>"), Chart__chart1_xml=chart)
    assert rows(found[-1]) == [
        [("항목", 1, 1), ("방문자", 1, 1)],
        [("1월", 1, 1), ("10", 1, 1)],
        [("2월", 1, 1), ("20", 1, 1)],
    ]


def test_title_and_date_come_from_the_package_if_the_document_bears_them_out(tmp_path: Path) -> None:
    package = PACKAGE.format(title="휴가 규정", modified="2024-12-31T20:00:00Z")
    parsed = parse(hwpx(tmp_path / "a.hwpx", p("휴가규정 개정안"), Contents__content_hpf=package))
    assert (parsed.title, parsed.date) == ("휴가 규정", "2025-01-01")  # 5 in the morning in Korea
    package = PACKAGE.format(title="다른 문서의 제목", modified="1601-01-01T00:00:00Z")
    parsed = parse(hwpx(tmp_path / "b.hwpx", p("휴가규정 개정안"), Contents__content_hpf=package))
    assert (parsed.title, parsed.date) == ("", "2020-01-02")


def test_a_broken_section_is_told_and_the_others_go_in(tmp_path: Path) -> None:
    parsed = parse(hwpx(tmp_path / "문서.hwpx", p("첫 구역"), Contents__section1_xml="<hs:sec"))
    assert parsed.blocks == (Paragraph("첫 구역"),)
    assert "2구역" in parsed.warnings[0]


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ({"META-INF__manifest_xml": "<m><e:encryption-data xmlns:e='e'/></m>"}, "암호가 걸린"),
        ({"Contents__section0_xml": "<hs:sec"}, "손상되었다면"),
        ({"Contents__section0_xml": "<a>" * 300 + "</a>" * 300}, "손상되었다면"),
        (
            {
                "Contents__section0_xml": "<!DOCTYPE s [<!ENTITY a 'aaaaaaaaaa'>"
                + "".join(f"<!ENTITY a{n} '{'&a;' * 10}'>" for n in range(3))
                + "]><s>&a2;</s"
            },
            "손상되었다면",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_what_cannot_be_read_is_a_bad_file_with_a_remedy(tmp_path: Path, parts: dict[str, str], sentence: str) -> None:
    with pytest.raises(BadFile, match=f"문서.hwpx: .*{sentence}.*(저장|복사)"):
        blocks(tmp_path, **parts)


@pytest.mark.parametrize(("depth", "outcome"), [(0, "가  나"), (8, "손상되었다면")])
def test_entities_do_not_grow(tmp_path: Path, depth: int, outcome: str) -> None:
    entities = "<!ENTITY b0 'XXXXXXXXXX'>"
    for n in range(depth):
        entities += f"<!ENTITY b{n + 1} '" + f"&b{n};" * 10 + "'>"
    path = tmp_path / "문서.hwpx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Contents/section0.xml", f"<!DOCTYPE s [{entities}]><s {HP}>{p(f'가 &b{depth}; 나')}</s>")
    if depth:
        with pytest.raises(BadFile, match=outcome):
            parse(path)
    else:
        assert parse(path).blocks == (Paragraph(outcome),)


def test_tables_within_tables_without_end_are_a_bad_file(tmp_path: Path) -> None:
    table = tbl([tc(0, 0, "가")])
    for _ in range(30):
        table = tbl([tc(0, 0, p(table))])
    assert blocks(tmp_path, p(table)) == [Paragraph("가")]
    for _ in range(15):
        table = tbl([tc(0, 0, p(table))])
    with pytest.raises(BadFile, match=r"문서\.hwpx: .*(중첩|손상)"):
        blocks(tmp_path, p(table))


HML = """<?xml version="1.0" encoding="UTF-8"?><HWPML Version="2.8"><HEAD><DOCSUMMARY><TITLE>회의 결과</TITLE>
<DATE>2023년 3월 4일 토요일 오전 9:00:00</DATE></DOCSUMMARY><MAPPINGTABLE><PARASHAPELIST>
<PARASHAPE Id="0" HeadingType="None"/><PARASHAPE Id="1" HeadingType="Outline" Level="0"/></PARASHAPELIST>
<NUMBERINGLIST><NUMBERING Id="1" Start="0"><PARAHEAD Level="1" NumFormat="RomanCapital">^1.</PARAHEAD></NUMBERING></NUMBERINGLIST>
</MAPPINGTABLE></HEAD><BODY><SECTION Id="0"><P ParaShape="1"><TEXT CharShape="0"><SECDEF OutlineShape="1"/>
<CHAR>회의 결과</CHAR></TEXT></P><P ParaShape="0"><TEXT CharShape="0"><CHAR>다음과<TAB/>같다</CHAR>
<TABLE RowCount="2" ColCount="2"><SHAPEOBJECT><POSITION TreatAsChar="false"/><CAPTION><PARALIST><P><TEXT><CHAR>명단</CHAR></TEXT></P>
</PARALIST></CAPTION></SHAPEOBJECT><ROW><CELL RowAddr="0" ColAddr="0" RowSpan="2" ColSpan="1"><PARALIST><P><TEXT><CHAR>조</CHAR></TEXT></P>
</PARALIST></CELL><CELL RowAddr="0" ColAddr="1" RowSpan="1" ColSpan="1"><PARALIST><P><TEXT><CHAR>갑</CHAR></TEXT></P></PARALIST></CELL></ROW>
<ROW><CELL RowAddr="1" ColAddr="1" RowSpan="1" ColSpan="1"><PARALIST><P><TEXT><CHAR>을</CHAR></TEXT></P></PARALIST></CELL></ROW></TABLE>
<FOOTNOTE><PARALIST><P><TEXT><CHAR>비공개</CHAR></TEXT></P></PARALIST></FOOTNOTE></TEXT></P></SECTION></BODY>
<TAIL><BINDATASTORAGE><BINDATA Id="1" Size="1">{picture}</BINDATA></BINDATASTORAGE></TAIL></HWPML>"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_hwpml_says_the_same_in_other_names(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "회의.hml"
    path.write_bytes(HML.format(picture="QUJD" * 10).encode(encoding))
    parsed = parse(path)
    assert (parsed.title, parsed.date) == ("회의 결과", "2023-03-04")
    assert parsed.blocks == (
        Heading("I. 회의 결과", 1),
        Paragraph("다음과 같다[주 1]"),
        Table(((Cell("조", 2, 1), Cell("갑")), (Cell("을"),)), caption="명단"),
        Paragraph("[주 1] 비공개"),
    )


def test_a_large_picture_in_hwpml_does_not_keep_its_text_out(tmp_path: Path) -> None:
    path = tmp_path / "회의.hml"
    path.write_text(HML.format(picture="QUJD" * 3_000_000), encoding="utf-8")
    assert parse(path).blocks[0] == Heading("I. 회의 결과", 1)


@pytest.mark.parametrize(
    "raw", [b"", b"PK\x03\x04", b"<HWPML", b"<!DOCTYPE HWPML SYSTEM 'file:///x'><HWPML/>", b"\xff" * 99]
)
def test_no_document_at_all(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "빈.hwp"
    path.write_bytes(raw)
    with pytest.raises(BadFile, match=r"빈\.hwp: 한글 문서로 읽을 수 없습니다"):
        parse(path)
