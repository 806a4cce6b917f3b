"""Conversations that outlive a reload of the page."""

from __future__ import annotations

from mundap.ui.conversations import Conversations


def test_a_conversation_is_found_by_its_name_and_by_no_other() -> None:
    kept = Conversations[str]()
    turns = ["가"]
    name = kept.keep(turns)
    turns.append("나")
    assert kept.find(name) == ["가", "나"]
    assert kept.find("") is None
    assert kept.keep([]) != name


def test_those_that_nobody_came_back_to_are_forgotten_first() -> None:
    kept = Conversations[str](most=2)
    first, second = kept.keep(["가"]), kept.keep(["나"])
    assert kept.find(first) == ["가"]
    third = kept.keep(["다"])
    assert [kept.find(name) for name in (first, second, third)] == [["가"], None, ["다"]]
