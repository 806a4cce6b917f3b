"""Questions for what is forbidden are also asked as documents call it."""

import pytest

from mundap.retrieve.prohibitions import prohibition_query


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("기내에 반입하면 안 되는 물건", "기내 반입 금지 물건"),
        ("대출할 수 없는 것은?", "대출 금지"),
        ("간호사에게 시키면 안 되는 일은?", "간호사 금지 일"),
    ],
)
def test_what_is_forbidden_is_called_so(question: str, said: str) -> None:
    assert prohibition_query(question) == said


@pytest.mark.parametrize("question", ["대출은 며칠인가요?", "대출이 안 되면 어디에 묻나요?", "안 되나요?", ""])
def test_other_questions_ask_for_nothing_forbidden(question: str) -> None:
    assert prohibition_query(question) == ""
