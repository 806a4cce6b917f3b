"""Real HWP documents: their text and tables come out, locked ones too, and an encrypted one is named."""

import re
import struct
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.errors import BadFile
from mundap.ingest.blocks import Table
from mundap.ingest.hwp.reader import parse
from mundap.ingest.readers import read
from mundap.ingest.split import parents
from mundap.types import Passage

pytest.importorskip("hwp2md", reason="the extra docs is not installed")
olefile = pytest.importorskip("olefile", reason="the extra docs is not installed")
DOCUMENTS = Path(__file__).resolve().parents[3] / "shared" / "data" / "documents"


def document(name: str) -> Path:
    if not (DOCUMENTS / name).exists():
        pytest.skip(f"needs the shared document {name}")
    return DOCUMENTS / name


def whole(name: str) -> str:
    return read(document(name)).document.text


def passages(name: str) -> list[Passage]:
    return parents(read(document(name)).document)


def tables(name: str) -> list[Table]:
    return [block for block in parse(document(name)).blocks if isinstance(block, Table)]


def test_every_cell_of_a_table_of_hwpx() -> None:
    table = passages("Table.hwpx")[-1]
    assert table.text.split("\n") == [
        "| 이름 | 국어 | 영어 | 수학 |",
        "| --- | --- | --- | --- |",
        "| 개똥이 | 89 | 65 | 78 |",
        "| 칠득이 | 77 | 77 | 77 |",
        "| 팔푼이 | 88 | 88 | 88 |",
        "| 육손이 | 66 | 66 | 66 |",
        "| 합계 |  |  |  |",
    ]
    assert table.heading == "C반 기말고사"


def test_every_cell_of_a_table_of_hwp_5() -> None:
    assert passages("table1.hwp")[0].text.split("\n") == [
        "| ABC 123 | DEF | GHI |",
        "| --- | --- | --- |",
        "| LMN | OPQ | STR |",
        "| UVM | 123 | 456 |",
    ]


Place = tuple[int, int, int, int]  # row, column, rows down, columns across


def places(table: Table) -> set[Place]:
    """Where the cells of a table stand, laid out as HTML has it."""
    found, covered = set(), set()
    for y, row in enumerate(table.rows):
        x = 0
        for cell in row:
            while (y, x) in covered:
                x += 1
            found.add((y, x, cell.rowspan, cell.colspan))
            covered |= {(y + j, x + i) for j in range(cell.rowspan) for i in range(cell.colspan)}
    return found


@pytest.mark.parametrize("name", ["Table.hwpx", "plan.hwpx"])
def test_cells_of_hwpx_stand_and_reach_as_its_xml_says(name: str) -> None:
    with zipfile.ZipFile(document(name)) as archive:
        raw = archive.read("Contents/section0.xml").decode()
    said = re.finditer(
        r'colAddr="(\d+)" rowAddr="(\d+)"/><hp:cellSpan colSpan="(\d+)" rowSpan="(\d+)"', raw[raw.rindex("<hp:tbl") :]
    )
    assert places(tables(name)[-1]) == {(int(m[2]), int(m[1]), int(m[4]), int(m[3])) for m in said}


def test_cells_of_hwp_5_stand_and_reach_as_its_records_say() -> None:
    with olefile.OleFileIO(document("autorag_min.hwp")) as ole:
        raw = zlib.decompress(ole.openstream("BodyText/Section0").read(), -15)
    said: list[set[Place]] = []
    at = 0
    while at < len(raw):
        head, at = int.from_bytes(raw[at : at + 4], "little"), at + 4
        size = head >> 20
        if size == 0xFFF:
            size, at = int.from_bytes(raw[at : at + 4], "little"), at + 4
        if head & 0x3FF == 0x4D:  # a table
            said.append(set())
        elif head & 0x3FF == 0x48 and said:  # a cell; before the first table there is a box
            column, row, across, down = struct.unpack_from("<4H", raw, at + 8)
            said[-1].add((row, column, down, across))
        at += size
    found = [places(table) for table in tables("autorag_min.hwp")]
    assert found == said[:7] + said[8:]  # the eighth has words in one row only, which are a line here
    assert "\n\n표 나누기 하 임\n\n" in whole("autorag_min.hwp")
    assert (0, 0, 1, 2) in found[2]


def test_merged_cells_are_filled() -> None:
    assert "| 제목 담당자 | 제목 담당자 | 세부 내용 |" in whole("autorag_min.hwp")
    assert "| 셀 합치기 |  |  |" in whole("autorag_min.hwp")


def test_a_merged_value_of_a_form_stands_once() -> None:
    assert "| 프로젝트 이름 | 프로젝트 이름을 입력해 주세요. |  |" in whole("plan.hwpx")


def test_large_letters_make_a_heading_and_a_frame_is_no_table() -> None:
    assert whole("plan.hwpx").startswith("# 프로젝트계획서\n\nPROJECT PROPOSAL\n\n|  |  |")  # a form names no columns


def test_a_locked_document_gives_its_text_and_not_the_notice() -> None:
    text = whole("dist.hwp")
    assert "# 2025년 강남세움센터 시설관리원 용역업체 선정 입찰공고\n\n## 1. 입찰에 부치는 사항" in text
    assert "배포용 문서" not in text
    title, heading = "2025년 강남세움센터 시설관리원 용역업체 선정 입찰공고", "3. 입찰보증금 납부 및 세입 조치"
    assert (title, heading) in [(p.source, p.heading) for p in passages("dist.hwp")]


def test_text_in_a_drawn_frame_keeps_its_lines() -> None:
    assert "(제4조, 제9조)\n① 재해예방에 필요한 인력" in whole("dist.hwp")


def test_dates_are_the_day_in_korea_on_which_the_file_was_saved() -> None:
    assert parse(document("dist.hwp")).date == "2024-12-13"
    assert parse(document("lists.hwp")).date == "2014-11-07"  # saved at 15:45 on the 6th in UTC
    assert parse(document("Table.hwpx")).date == "2023-05-02"


def test_a_title_left_over_from_another_document_is_not_taken() -> None:
    title = "2025년 강남세움센터 시설관리원 용역업체 선정 입찰공고"
    assert parse(document("dist.hwp")).title == title  # its summary says 무궁화동산등
    assert read(document("plan.hwpx")).document.title == "프로젝트계획서"  # 업무제안서 is the template's


def test_lists_and_outlines_have_the_labels_that_the_page_shows() -> None:
    text = whole("lists.hwp")
    assert "글머리표\n• 1\n• 2\n• 3\n" in text
    assert "1) 3-2-1\n2) 3-2-2\n3) 3-2-3" in text
    assert "2. 2\n가. 2-1\n3. 3" in text
    assert "I. 1\nII. 2\nA. 2-1\nIII. 3" in text
    assert "# 2. 2\n\n## 가. 2-1\n\n# 3. 3\n\n## 가. 3-1\n\n## 나. 3-2\n\n### 1) 3-2-1" in text
    assert "# 제2장 2\n\n## 제1절 2-1\n\n# 제3장 3" in text


def test_paragraphs_stay_whole() -> None:
    text = whole("multipara.hwpx")
    assert text.startswith("'어썸킴' 김하성(27·샌디에이고 파드리스)이 시원한 3점홈런을 폭발했다.\n김하성은 2일")


def test_an_encrypted_document_is_named_with_the_remedy() -> None:
    with pytest.raises(BadFile, match=r"password-12345\.hwp: 암호가 걸린 한글 문서입니다.*다시 저장"):
        whole("password-12345.hwp")


@pytest.mark.parametrize("kept", [64, 600, 4000])
def test_a_truncated_document_is_a_bad_file(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "잘림.hwp"
    path.write_bytes(document("dist.hwp").read_bytes()[:kept])
    with pytest.raises(BadFile, match=r"잘림\.hwp"):
        read(path)


@given(st.sampled_from(["dist.hwp", "lists.hwp", "plan.hwpx"]), st.data())
def test_a_damaged_document_is_read_or_is_a_bad_file(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    raw = bytearray(document(name).read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        start = data.draw(st.integers(0, len(raw) - 1))
        raw[start : start + 8] = data.draw(st.binary(min_size=1, max_size=8))
    path = tmp_path_factory.getbasetemp() / f"손상{Path(name).suffix}"
    path.write_bytes(raw)
    with suppress(BadFile):
        assert read(path).document.sections
