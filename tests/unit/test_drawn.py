"""Tables drawn with lines are read as tables."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.ingest.blocks import Table
from mundap.ingest.drawn import as_markdown, drawn
from mundap.ingest.grid import TABLE
from mundap.ingest.readers import read

BOX = """\
┌──────┬────────┐
│ 구분 │ 요금   │
├──────┼────────┤
│ 어른 │ 3,000원│
├──────┼────────┤
│ 아이 │ 1,000원│
│      │ (7세)  │
└──────┴────────┘"""
PLUS = """\
+------+---------+
| 구분 | 요금    |
+======+=========+
| 어른 | 3,000원 |
| 아이 | 1,000원 |
+------+---------+"""
PIPES = "| 구분 | 요금 |\n|---|---|\n| 어른 | 3,000원 |\n| 아이 | 1,000원 |"


def rows(table: Table) -> list[list[str]]:
    return [[cell.text for cell in row] for row in table.rows]


@pytest.mark.parametrize(("text", "last"), [(BOX, "1,000원 (7세)"), (PLUS, "1,000원"), (PIPES, "1,000원")])
def test_rows_and_cells_are_those_that_are_drawn(text: str, last: str) -> None:
    before, table, after = drawn(f"요금표\n{text}\n월요일은 쉰다.")
    assert (before, after) == ("요금표", "월요일은 쉰다.")
    assert isinstance(table, Table)
    assert rows(table) == [["구분", "요금"], ["어른", "3,000원"], ["아이", last]]
    assert table.header == 1


@pytest.mark.parametrize(
    "text",
    ["전화 | 팩스 | 누리집", "a\n---\nb", "| 혼자 |", "-----------", "```\n│ a │ b │\n├──┼──┤\n│ c │ d │\n```"],
)
def test_lines_that_draw_no_table_stay_text(text: str) -> None:
    assert drawn(text) == [text]


def test_a_frame_around_text_is_left_out() -> None:
    assert drawn("┌──────┐\n│ 알림 │\n│      │\n│ 쉽니다 │\n└──────┘\n끝") == ["알림\n쉽니다\n끝"]


def test_blank_lines_between_the_lines_of_a_table_are_no_part_of_it() -> None:
    (table,) = drawn("\n\n".join("\t\t" + line for line in BOX.split("\n")))
    assert isinstance(table, Table)
    assert rows(table) == [["구분", "요금"], ["어른", "3,000원"], ["아이", "1,000원 (7세)"]]
    assert [isinstance(part, Table) for part in drawn(f"{BOX}\n\n{PLUS}\n{PLUS}")] == [True, True]


def test_a_drawn_table_of_markdown_is_a_passage(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(
        f"# 안내\n## 요금\n**①** 회원의 나이별 요금은 다음과 같다. 단체는 할인한다.\n\n{BOX}\n\n월요일은 쉰다.\n",
        "utf-8",
    )
    document = read(tmp_path / "a.md").document
    kinds = [(section.heading, section.meta.get("kind")) for section in document.sections]
    assert kinds == [("요금", None), ("요금 > 회원의 나이별 요금", TABLE), ("요금", None)]
    assert as_markdown("글\n| 가 |") == "글\n| 가 |"


def test_a_drawn_table_of_a_txt_is_one_passage_with_its_caption(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(f"이용 안내입니다.\n\n도서관 요금\n{BOX}\n\n월요일은 쉰다.\n", "utf-8")
    document = read(tmp_path / "a.txt").document
    (table,) = [section for section in document.sections if section.meta.get("kind") == TABLE]
    assert table.heading == "도서관 요금"
    assert document.text[table.start : table.end].splitlines()[2] == "| 어른 | 3,000원 |"


@given(st.lists(st.sampled_from(["│ 가 │ 나 │", "├──┼──┤", "+--+--+", "| 다 |", "글", "", "|", "││"]), max_size=8))
def test_any_lines_can_be_read(lines: list[str]) -> None:
    text = "\n".join(lines)
    said = " ".join(each if isinstance(each, str) else " ".join(map(" ".join, rows(each))) for each in drawn(text))
    assert all(said.count(word) == text.count(word) for word in ("가", "나", "다", "글"))


@pytest.mark.timeout(20)
@pytest.mark.parametrize("unit", ["─", "|", "+-", "│ ", " ", "-"])
def test_a_long_line_takes_no_hour(unit: str) -> None:
    drawn(unit * 30_000)
