"""From where a passage has its date, and what looks like a date and is none."""

from collections import Counter
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.ingest.chunk import Sentences
from mundap.ingest.dated import date_of_cells, date_of_name, dated
from mundap.ingest.readers import read
from mundap.ingest.split import chunks, parents
from mundap.types import Document, Section


def dates(path: Path, text: str) -> list[str]:
    """The date of each section of a file with this text; "" for none."""
    path.write_text(text, "utf-8")
    return [str(section.meta.get("date", "")) for section in read(path).document.sections]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("공지_20240105", "2024-01-05"),
        ("회의록20240105", "2024-01-05"),
        ("(국민비서)전자통관민원상담_IRQA_전체_231030_문답집", "2023-10-30"),
        ("1. ★(231030) 질의응답 셋, 2021년 관세행정 상담사례집, page: 22", "2023-10-30"),  # the latest
        ("231030 면세 안내", "2023-10-30"),
        ("202310 회의록", "2023-10"),
        ("2023-05 보고서", "2023-05"),
        ("'23.5월 실적", "2023-05"),
        ("2021년 관세행정 상담사례집, page: 22", "2021"),
        ("규정집(2022)", "2022"),
        ("관세청 고시 제2023-15호(2023. 5. 1.)", "2023-05-01"),
        ("취업규칙, 제정 2021. 3. 4., page: 23", "2021-03-04"),
        ("2024년 1월 운영 계획 (2024.1.5.)", "2024-01-05"),  # of one beginning, the more precise
    ],
)
def test_a_name_tells_when(name: str, expected: str) -> None:
    assert date_of_name(name) == expected


@pytest.mark.parametrize(
    "name",
    [
        *["", "page: 23", "안내, page: 2023", "제18조", "고시 제2023-15호", "여행자 휴대품 통관에 관한 고시_제17조"],
        *[
            "FTA 적용_171, page: 43~44",
            "11選",
            "010-1234-5678",
            "RFC 2024",
            "정원 2024명",
            "상금 231030원",
            "23-24풋살경기규칙",
        ],
        *[
            "2018년에 산 물건의 과세는?",
            "2023년 이전 물품",
            "2020-2021년 통계",
            "1990년대 역사",
            "20231345",
            "231301",
            "20231",
        ],
        "201105_공지",  # 2011년 5월, or 2020년 11월 5일
        "최근 이사물품 운송관련 피해사례",
        "작년 공지",
    ],
)
def test_a_name_that_holds_other_numbers_tells_nothing(name: str) -> None:
    assert date_of_name(name) == ""


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2024-01-02 00:00:00", "2024-01-02"),
        ("2024. 1. 2.(화)", "2024-01-02"),
        ("24.01.05", "2024-01-05"),
        ("20240105", "2024-01-05"),
        ("2024년 3월", "2024-03"),
        ("1998", "1998"),
        ("2024.1.1.~2024.1.31.", "2024-01-31"),
        ("10:30:00", ""),
        ("미정", ""),
    ],
)
def test_a_cell_of_a_date_column(cell: str, expected: str) -> None:
    assert date_of_cells(("이름", " 작성 일자 "), ("2020-01-01", cell)) == expected


def test_of_several_date_columns_the_latest() -> None:
    assert date_of_cells(("등록일", "개정일", "마감일"), ("2021-05-01", "2023-02", "2030-01-01")) == "2023-02"


def test_rows_have_their_own_date_and_the_sheet_that_of_its_name(tmp_path: Path) -> None:
    text = "날짜,시설\n2025-03-02,승강기\n,소화기\n2025.4.1,보일러\n"
    assert dates(tmp_path / "점검_20250101.csv", text) == ["2025-03-02", "2025-01-01", "2025-04-01"]
    assert dates(tmp_path / "점검.csv", text) == ["2025-03-02", "", "2025-04-01"]


def test_a_question_sheet_by_its_date_column_then_by_its_source(tmp_path: Path) -> None:
    text = "출처,제시문,질문,등록일\n안내_231030,하나,?,2024-02-03\n안내_231030,둘,?,\n안내,셋,?,\n"
    assert dates(tmp_path / "상담.csv", text) == ["2024-02-03", "2023-10-30", ""]


def test_a_workbook_keeps_its_days(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (
        ["질문", "답변", "시행일"],
        ["언제?", "내일", date(2024, 1, 2)],
        ["어디?", "집", datetime(2024, 5, 6, 7, 8)],
    ):
        book.active.append(row)
    book.save(tmp_path / "표.xlsx")
    assert [s.meta["date"] for s in read(tmp_path / "표.xlsx").document.sections] == ["2024-01-02", "2024-05-06"]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("---\ntitle: 안내\ndate: 2024-03-05\n---\n\n", "2024-03-05"),
        ("---\ntitle: 2020년 안내\nlastmod: '2024-03-05T10:00:00+09:00'\n---\n", "2024-03-05"),
        ("# 취업규칙\n\n시행일: 2024.1.1.\n\n", "2024-01-01"),
        ("- **작성일** : 2024년 3월\n\n", "2024-03"),
        ("[시행 2024. 1. 1.] [법률 제12345호, 2023. 5. 6., 일부개정]\n\n", "2024-01-01"),
        ("여비 규정 (2021. 3. 4. 제정, 2024. 1. 1. 개정)\n\n", "2024-01-01"),
        ("제정 2021. 3. 4.\n개정 2023. 5. 6.\n\n", "2023-05-06"),
        ("이 책자는 복제할 수 없다.2023년 11월 1일부터 효력 발생, 목차\n\n", "2023-11-01"),
        ("이 규칙은 2024년 1월 1일부터 시행한다.\n\n", "2024-01-01"),
        ("(2024. 3. 5. 작성)\n\n", "2024-03-05"),
        # What the text is about.
        ("2009년 3월 2일 회사를 세웠다.\n\n", ""),
        ("2018년 3월 4일 등록한 차량은 면세이다.\n\n", ""),
        (
            "대한민국 헌법은 1948년 7월 17일에 제정되어 아홉 번 고쳐졌으며, 지금의 헌법은 1987년 10월 29일 개정된 것으로 국민투표를 거쳤다.\n\n",
            "",
        ),
        ("2015년 7월 1일 개정된 형법을 다룹니다.\n\n", ""),
        ("담당: 2024년 예산 담당자\n연락처: 02-2024-0105\n\n", ""),
        (f"{'앞글. ' * 300}\n시행일: 2024.1.1.\n\n", ""),  # not at the head
    ],
)
@pytest.mark.parametrize("suffix", [".md", ".txt"])
def test_a_running_text_tells_at_its_head(tmp_path: Path, head: str, expected: str, suffix: str) -> None:
    found = dates(
        tmp_path / f"글{suffix}", f"{head}본문입니다.\n\n2019. 9. 9. 개정이라고 적힌 둘째 글입니다.{'.' * 1000}"
    )
    assert set(found) == {expected}


def test_the_head_goes_before_the_name_of_the_file(tmp_path: Path) -> None:
    assert dates(tmp_path / "공지_20240105.txt", "시행일: 2024-02-01\n\n글") == ["2024-02-01"] * 2
    assert dates(tmp_path / "공지_20240105.txt", "글") == ["2024-01-05"]
    assert dates(tmp_path / "공지.txt", "글") == [""]


def test_chunks_have_the_date_of_their_whole(tmp_path: Path) -> None:
    path = tmp_path / "공지_20240105.txt"
    path.write_text("관세를 냅니다. 세관에 갑니다. 신고서를 씁니다.", "utf-8")
    (whole,) = parents(read(path).document)
    assert [chunk.meta["date"] for chunk in chunks(whole, Sentences(10))] == ["2024-01-05"] * 3


def test_the_customs_sheet(shared_data: Path) -> None:
    sections = read(shared_data / "customs" / "customs_qa.xlsx").document.sections
    found = Counter(section.meta.get("date", "") for section in sections)
    assert found == {"": 149, "2023-10-30": 54}
    assert all("231030" in section.source for section in sections if section.meta.get("date"))


@given(st.text(max_size=20) | st.text("0123456789년월일.-/ _()'제호", max_size=20))
def test_any_name_gives_a_date_or_nothing(name: str) -> None:
    found = date_of_name(name)
    assert found == "" or date.fromisoformat(found + "-01-01"[len(found) - 4 :])


@pytest.mark.timeout(20)
@pytest.mark.parametrize("filler", [" ", " \n", "\n", "가 ", "* ", "- "])
def test_a_head_of_blanks_takes_no_hour(filler: str) -> None:
    text = "글" + (filler * 1000)[:900] + "작성일 : 2024-03-05" + filler * 100
    section = Section(0, len(text))
    dated(Document("d", text, "글.txt", sections=(section,)))
