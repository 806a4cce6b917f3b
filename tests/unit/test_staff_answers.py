"""What the staff answered, as a sheet that goes through spreadsheets and comes back."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.errors import BadFile
from mundap.ingest.readers import load
from mundap.workspace.staff_answers import NAME, StaffAnswer, question_id, read_staff_answers, staff_sheet

words = st.text(st.sampled_from("가나다 =+-@\"',;1\n"), min_size=1, max_size=12).map(str.strip).filter(bool)
words = words.filter(lambda text: not text.startswith("'"))  # which stands before what would be a formula
answers = st.lists(
    st.builds(StaffAnswer, words, words, words, st.lists(st.sampled_from(("인사", "재무")), unique=True).map(tuple)),
    max_size=4,
)


@given(answers)
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, given: list[StaffAnswer]) -> None:
    folder = tmp_path_factory.mktemp("uploads")
    (folder / NAME).write_bytes(staff_sheet(given))
    assert read_staff_answers(folder / NAME) == tuple(given)


def test_a_sheet_that_excel_saved_in_korean_is_read_and_one_without_its_columns_is_told(tmp_path: Path) -> None:
    assert read_staff_answers(tmp_path / NAME) == ()
    (tmp_path / NAME).write_bytes("질문,답변\r\n연차는 며칠인가요?,15일입니다.\r\n,\r\n".encode("cp949"))
    [one] = read_staff_answers(tmp_path / NAME)
    assert (one.question, one.answer, one.source) == ("연차는 며칠인가요?", "15일입니다.", "직원 답변")
    (tmp_path / NAME).write_text("물음,답\n가,나\n", "utf-8")
    with pytest.raises(BadFile, match="질문"):
        read_staff_answers(tmp_path / NAME)


def test_the_sheet_is_read_as_questions_with_their_answers(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(
        staff_sheet([StaffAnswer("연차는 며칠인가요?", "15일입니다."), StaffAnswer("둘?", "2")])
    )
    [document] = load(tmp_path / NAME)
    assert [(q.question, q.answer) for q in document.questions] == [("연차는 며칠인가요?", "15일입니다."), ("둘?", "2")]


def test_blanks_do_not_make_another_question() -> None:
    assert question_id("연차는 며칠 인가요?") == question_id("연차는  며칠인가요?")
    assert question_id("연차는 며칠인가요?") != question_id("병가는 며칠인가요?")


def test_an_answer_with_tags_is_seen_by_those_who_have_one() -> None:
    one = StaffAnswer("가", "나", access=("인사",))
    assert [one.seen_by(tags) for tags in (None, frozenset({"인사"}), frozenset({"재무"}), frozenset())] == [
        True,
        True,
        False,
        False,
    ]
