"""Conversations over HTTP are remembered across a restart, and no more of them than is bounded."""

from pathlib import Path

from mundap.store.conversations import Conversations
from mundap.types import Turn


def turn(n: int) -> Turn:
    return Turn(f"질문 {n}", f"답 {n}")


def opened(folder: Path, turns: int = 8, sessions: int = 1000) -> Conversations:
    return Conversations(folder / "corpus.sqlite", turns, sessions)


def test_a_conversation_keeps_its_last_turns_across_a_restart(tmp_path: Path) -> None:
    before = opened(tmp_path, turns=2)
    for n in range(3):
        before.add("가", turn(n))
    before.close()
    after = opened(tmp_path, turns=2)
    assert after.history("가") == (turn(1), turn(2))
    assert after.history("나") == ()


def test_what_is_in_no_conversation_is_not_remembered(tmp_path: Path) -> None:
    conversations = opened(tmp_path)
    conversations.add(None, turn(1))
    assert conversations.history(None) == ()


def test_the_conversation_that_is_silent_the_longest_is_forgotten(tmp_path: Path) -> None:
    conversations = opened(tmp_path, sessions=2)
    for n, name in enumerate(("가", "나", "가", "다")):
        conversations.add(name, turn(n))
    assert conversations.history("나") == ()
    assert conversations.history("가") == (turn(0), turn(2))
    assert conversations.history("다") == (turn(3),)
