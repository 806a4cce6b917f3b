"""Conversations over HTTP are remembered, and no more of them than memory allows."""

from mundap.serve.sessions import Sessions
from mundap.types import Turn


def turn(n: int) -> Turn:
    return Turn(f"질문 {n}", f"답 {n}")


def test_a_conversation_keeps_its_last_turns() -> None:
    sessions = Sessions(turns=2)
    for n in range(3):
        sessions.add("가", turn(n))
    assert sessions.history("가") == (turn(1), turn(2))
    assert sessions.history("나") == ()


def test_what_is_in_no_conversation_is_not_remembered() -> None:
    sessions = Sessions()
    sessions.add(None, turn(1))
    assert sessions.history(None) == ()


def test_the_conversation_that_is_silent_the_longest_is_forgotten() -> None:
    sessions = Sessions(sessions=2)
    for n, name in enumerate(("가", "나", "가", "다")):
        sessions.add(name, turn(n))
    assert sessions.history("나") == ()
    assert sessions.history("가") == (turn(0), turn(2))
    assert sessions.history("다") == (turn(3),)
