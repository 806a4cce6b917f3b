"""Sheets as people keep them: real xlsx and csv files, and what is said about rows that cannot go in."""

import struct
import zipfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from python_calamine import CalamineError
from tests.workbooks import workbook

from mundap.errors import BadFile
from mundap.generate.reading import passage_spans
from mundap.ingest.build import Reading
from mundap.ingest.readers import read
from mundap.ingest.split import PARENT_CHARS, parents
from mundap.ingest.tables import Table, read_csv, read_xlsx
from mundap.types import KnownQuestion


def csv_file(folder: Path, text: str, name: str = "표.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def xlsx_file(folder: Path, **sheets: Sequence[Sequence[Any]]) -> Path:
    return workbook(folder / "표.xlsx", **sheets)


def table(path: Path) -> Table:
    (one,) = read_csv(path)
    return one


def texts(reading: Reading) -> list[str]:
    return [reading.document.text[s.start : s.end] for s in reading.document.sections]


# -- csv ------------------------------------------------------------------------------------------------------------


def test_quotes_and_line_breaks_inside_a_cell(tmp_path: Path) -> None:
    text = '이름,설명\r\n"가, ""나""","첫 줄\r\n둘째 줄"\r\n다,라\r\n'
    assert table(csv_file(tmp_path, text)) == Table(
        "표", ("이름", "설명"), ((2, ['가, "나"', "첫 줄\n둘째 줄"]), (4, ["다", "라"]))
    )


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_the_delimiter_is_the_one_the_header_has_most(tmp_path: Path, mark: str) -> None:
    path = csv_file(
        tmp_path, f"이름{mark}값, 원\n가{mark}1;2,3\n".replace("값, 원", "값") if mark != "," else "이름,값\n가,1\n"
    )
    assert table(path).columns == ("이름", "값")
    assert table(path).rows[0][1][0] == "가"


def test_a_tsv_is_cut_at_tabs_whatever_its_header_holds(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "a,b,c\tkeyword\n가, 나\t다,라\n", "단어.tsv")
    assert table(path) == Table("단어", ("a,b,c", "keyword"), ((2, ["가, 나", "다,라"]),))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp949", "utf-16"])
def test_a_sheet_in_any_encoding_has_the_same_columns(tmp_path: Path, encoding: str) -> None:
    path = csv_file(tmp_path, "질문,답변\n언제?,내일\n", encoding=encoding)
    assert table(path) == Table("표", ("질문", "답변"), ((2, ["언제?", "내일"]),))


def test_ragged_rows_short_ones_go_in_and_long_ones_are_told(tmp_path: Path) -> None:
    reading = read(csv_file(tmp_path, "이름,값,단위\n가\n나,1,원,,\n다,1,000,원\n"))
    assert texts(reading) == ["이름: 가", "이름: 나\n값: 1\n단위: 원"]
    (problem,) = reading.problems
    assert problem.row == 4
    assert "4개" in problem.reason
    assert "이름, 값, 단위" in problem.reason
    assert "따옴표" in problem.reason


@pytest.mark.parametrize("error", ["#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!"])
def test_an_error_in_a_question_or_an_answer_leaves_its_row_out(tmp_path: Path, error: str) -> None:
    reading = read(csv_file(tmp_path, f"질문,답변,비고\n언제?,{error},\n어디?,서울,{error}\n"))
    assert texts(reading) == ["서울"]
    assert [(problem.row, error in problem.reason) for problem in reading.problems] == [(2, True)]


def test_a_quote_that_is_never_closed_does_not_swallow_the_rows_after_it(tmp_path: Path) -> None:
    reading = read(csv_file(tmp_path, '질문,답변\n하나,둘\n셋,"넷\n다섯,여섯\n'))
    assert texts(reading) == ["둘", "넷", "여섯"]
    assert reading.warnings == ("3번째 줄에 닫히지 않은 따옴표가 있어 글자로 읽었습니다. 원본에서 따옴표를 확인하세요",)


def test_a_csv_full_of_quotes_that_are_never_closed_is_a_bad_file(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"표\.csv: 2번째 줄.*따옴표"):
        read(csv_file(tmp_path, "질문,답변\n" + '셋,"넷\n' * 25))


@pytest.mark.parametrize("text", ["", "\n\n", "질문,답변\n", ",,\n,\n"])
def test_a_sheet_without_rows_is_a_bad_file(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadFile, match=r"표\.csv: 읽을 수 있는 텍스트가 없습니다"):
        read(csv_file(tmp_path, text))


# -- what the columns mean --------------------------------------------------------------------------------------------


def test_a_question_sheet_each_distinct_passage_once_with_its_questions(tmp_path: Path) -> None:
    text = (
        "출처,제시문,질문,답변\n관세법,관세는 세금이다.,관세란?,세금\n관세법,관세는 세금이다.,뭔가요?,\n민법,사람은,,\n"
    )
    reading = read(csv_file(tmp_path, text))
    document = reading.document
    assert texts(reading) == ["관세는 세금이다.", "사람은"]
    assert [s.source for s in document.sections] == ["관세법", "민법"]
    assert document.questions == (KnownQuestion("관세란?", "세금", 0, 2), KnownQuestion("뭔가요?", "", 0, 3))
    assert reading.problems == ()


def test_columns_are_known_by_other_names_and_in_any_order(tmp_path: Path) -> None:
    document = read(csv_file(tmp_path, "Answer, 지 문 ,QUESTION,참고\n세금,관세는 세금이다.,관세란?,관세법\n")).document
    assert document.text == "관세는 세금이다."
    assert document.questions == (KnownQuestion("관세란?", "세금", 0, 2),)
    assert document.sections[0].source == "관세법"


def test_a_question_without_its_passage_is_told(tmp_path: Path) -> None:
    reading = read(csv_file(tmp_path, "제시문,질문\n,왜?\n글,뭐?\n"))
    assert [(p.row, "제시문" in p.reason) for p in reading.problems] == [(2, True)]


def test_the_title_of_a_post_stands_above_its_text(tmp_path: Path) -> None:
    reading = read(csv_file(tmp_path, "번호,제목,본문\n1,주차 안내,지하만 씁니다.\n2,,제목이 없다.\n"))
    assert [section.heading for section in reading.document.sections] == ["주차 안내", ""]
    assert texts(reading) == ["지하만 씁니다.", "제목이 없다."]  # which gold passages are compared with


def test_an_faq_sheet_an_answer_under_its_question(tmp_path: Path) -> None:
    reading = read(csv_file(tmp_path, "질문,답변\n언제?,내일\n언제?,내일\n어디?,\n,답만\n"))
    assert [(s.heading, s.meta["kind"]) for s in reading.document.sections] == [("언제?", "faq")]
    assert texts(reading) == ["내일"]
    assert reading.document.questions == (KnownQuestion("언제?", "내일", 0, 2),)
    assert [(p.row, p.reason[:2]) for p in reading.problems] == [(4, "답변"), (5, "질문")]


def test_any_other_table_a_row_as_lines(tmp_path: Path) -> None:
    assert texts(read(csv_file(tmp_path, "구장,전화,비고\n가,02-1,\n나,,없음\n"))) == [
        "구장: 가\n전화: 02-1",
        "구장: 나\n비고: 없음",
    ]


def test_sections_are_slices_between_blank_lines(tmp_path: Path) -> None:
    document = read(csv_file(tmp_path, "이름,값\n가,1\n나,2\n")).document
    assert document.text == "이름: 가\n값: 1\n\n이름: 나\n값: 2"
    assert [(s.start, s.end) for s in document.sections] == [(0, 10), (10 + 2, 10 + 2 + 10)]


def test_a_post_in_a_row_is_running_text_under_what_the_other_cells_say(tmp_path: Path) -> None:
    post = "풋살화는 발을 지킵니다. " * 60
    path = csv_file(tmp_path, f"글 제목,내용,작성일\n풋살화,{post},2024-03-01\n짧은 글,내용도 짧다,2024-03-02\n")
    reading = read(path)
    first, second = reading.document.sections
    assert first.heading == "글 제목: 풋살화, 작성일: 2024-03-01"
    assert (first.meta, second.meta) == (
        {"row": 2, "date": "2024-03-01"},
        {"row": 3, "kind": "row", "date": "2024-03-02"},
    )
    parent_passages = parents(reading.document)
    assert [len(p.text) <= PARENT_CHARS for p in parent_passages] == [True, True, True]
    assert " ".join(p.text for p in parent_passages[:2]) == post.strip()
    assert parent_passages[2].text == "글 제목: 짧은 글\n내용: 내용도 짧다\n작성일: 2024-03-02"


def test_a_sheet_of_one_cell_a_row_is_read_by_the_sentence(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "풋살은 다섯 명이 합니다. 경기는 이십 분씩입니다.\n공은 작고 무겁습니다.\n" * 2)
    parent_passages = parents(read(path).document)
    assert [len(passage_spans(parent)) for parent in parent_passages] == [2, 1, 2, 1]


# -- xlsx -----------------------------------------------------------------------------------------------------------


def test_numbers_dates_and_blank_rows_of_a_workbook(tmp_path: Path) -> None:
    path = xlsx_file(
        tmp_path, 값=[["이름", "값"], ["가", 3.0], [None, None], ["나", 0.5], ["다", date(2024, 1, 2)], ["라", -1200.0]]
    )
    (only,) = read_xlsx(path)
    assert only == Table(
        "값",
        ("이름", "값"),
        ((2, ["가", "3"]), (4, ["나", "0.5"]), (5, ["다", "2024-01-02"]), (6, ["라", "-1200"])),
        ("값",),
    )


def test_rows_are_counted_as_the_spreadsheet_shows_them(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for place, value in {"B3": "질문", "C3": "답변", "B5": "언제?", "C5": "내일", "B7": "어디?"}.items():
        book.active[place] = value
    book.save(tmp_path / "표.xlsx")
    reading = read(tmp_path / "표.xlsx")
    assert [q.row for q in reading.document.questions] == [5]
    assert [p.row for p in reading.problems] == [7]


def test_every_sheet_goes_in_with_its_own_columns(tmp_path: Path) -> None:
    path = xlsx_file(
        tmp_path, 규정=[["제시문", "질문"], ["글", "왜?"]], 빈것=[], FAQ=[["Question", "Answer"], ["How?", "So."]]
    )
    reading = read(path)
    assert texts(reading) == ["글", "So."]
    assert [q.question for q in reading.document.questions] == ["왜?", "How?"]
    assert [s.meta["row"] for s in reading.document.sections] == [2, 2]


def test_a_sheet_without_a_header_keeps_its_first_row(tmp_path: Path) -> None:
    long = "관세는 외국에서 들어오는 물품에 붙는 세금이며 세관장이 매긴다고 정하고 있습니다."
    assert texts(read(xlsx_file(tmp_path, 글=[[long, "관세법"], ["환급은 사흘", "고시"]]))) == [
        f"{long}\n관세법",
        "환급은 사흘\n고시",
    ]


def test_an_error_cell_of_a_workbook_is_shown_and_told(tmp_path: Path) -> None:
    reading = read(xlsx_file(tmp_path, 값=[["이름", "값"], ["가", "#REF!"], ["나", 2]]))
    assert texts(reading) == ["이름: 가\n값: #REF!", "이름: 나\n값: 2"]
    assert reading.problems == ()
    assert reading.warnings == ("시트 '값': 수식 오류 값이 있습니다(B2 #REF!). 시트에서 수정하세요",)


def test_a_file_that_is_no_workbook_is_named_with_the_remedy(tmp_path: Path) -> None:
    for name in ("표.xlsx", "표.xls", "표.ods"):
        (tmp_path / name).write_bytes("엑셀이 아닌 글".encode() * 99)
        with pytest.raises(BadFile, match=rf"{name}: 엑셀 파일로 열 수 없습니다.*다시 저장"):
            read(tmp_path / name)


def test_a_workbook_under_a_password_is_named_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "잠김.xlsx"
    path.write_bytes(encrypted_workbook())
    with pytest.raises(BadFile, match=r"잠김\.xlsx: 암호가 걸린.*암호를 풀어"):
        read(path)


def encrypted_workbook() -> bytes:
    """The container that Excel writes around an encrypted workbook: MS-CFB with a stream EncryptedPackage."""
    end, free = 0xFFFFFFFE, 0xFFFFFFFF

    def entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
        raw = (name + "\0").encode("utf-16-le") if name else b""
        head = raw.ljust(64, b"\0") + struct.pack("<HBB", len(raw), kind, 1)
        return head + struct.pack("<III", free, free, child) + bytes(36) + struct.pack("<IQ", start, size)

    header = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, end, 0, end, 0)
    header += struct.pack("<109I", 0, *[free] * 108)
    sectors = struct.pack("<128I", 0xFFFFFFFD, end, *range(3, 10), end, *[free] * 118)  # FAT, folder, eight of data
    folder = entry("Root Entry", 5, 1, end, 0) + entry("EncryptedPackage", 2, free, 2, 4096)
    folder += entry("", 0, free, 0, 0) * 2
    return header + sectors + folder + bytes(4096)


def test_a_sheet_that_cannot_be_unpacked_is_a_bad_file(tmp_path: Path) -> None:
    path = xlsx_file(tmp_path, 표=[["질문", "답변"], ["왜?", "그래서"]])
    raw = bytearray(path.read_bytes())
    at = raw.index(b"xl/worksheets/sheet1.xml") + len("xl/worksheets/sheet1.xml")
    raw[at : at + 40] = b"\xff" * 40
    path.write_bytes(raw)
    with pytest.raises(BadFile, match=r"엑셀 파일로 열 수 없습니다.*저장하세요"):
        read(path)


@pytest.mark.timeout(30)
def test_a_sheet_of_cells_that_never_end_takes_no_hour(tmp_path: Path) -> None:
    path = xlsx_file(tmp_path, 표=[["질문", "답변"], ["왜?", "그래서"]])
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["xl/worksheets/sheet1.xml"] = b"<c " * 300_000
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(BadFile, match="엑셀 파일로 열 수 없습니다"):
        read(path)


def test_a_header_of_a_thousand_columns_is_named_in_short(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "질문,답변," + ",".join(f"열 {n}" for n in range(1000)) + "\n" + "가," * 1010 + "\n")
    with pytest.raises(BadFile) as caught:
        read(path)
    assert len(str(caught.value)) < 200


def test_a_panic_of_native_code_and_a_long_complaint_are_a_bad_file_in_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PanicException(BaseException):
        """As pyo3 raises it."""

    path = tmp_path / "표.xls"
    path.write_bytes(b"BIFF" * 99)
    for error, said in ((PanicException("left: 2"), "PanicException"), (CalamineError("x" * 900), "x…")):

        def fail(path: Path, error: BaseException = error) -> None:
            raise error

        monkeypatch.setattr("python_calamine.CalamineWorkbook.from_path", fail)
        with pytest.raises(BadFile, match=said) as caught:
            read(path)
        assert len(str(caught.value)) < 200
