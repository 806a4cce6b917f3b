"""Passages that say the same: found however the numbers differ, never where the wording is another."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mundap.evaluation.twins import Twins
from mundap.ingest.copies import LEAST, copies, masked
from mundap.types import Passage
from mundap.workspace import Mundap
from mundap.workspace import copies as kept

letters = st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3)
word = st.text(letters, min_size=2, max_size=5)
number = st.integers(0, 10**9).map(str)
passage = st.lists(st.one_of(word, number), min_size=12, max_size=60).filter(
    lambda parts: sum(len(part) for part in parts if not part.isdigit()) >= LEAST
)


def renumbered(parts: list[str], rng: random.Random) -> str:
    return " ".join(str(rng.randint(0, 10**6)) if part.isdigit() else part for part in parts)


def groups(texts: list[str], fresh: list[bool] | None = None) -> list[tuple[str, tuple[int, ...]]]:
    return [(group.kind, group.members) for group in copies(texts, fresh)]


@settings(max_examples=60, deadline=None)
@given(st.lists(passage, min_size=1, max_size=6, unique_by=lambda p: masked(" ".join(p))), st.integers(0, 99))
def test_copies_with_other_numbers_are_always_found(parts: list[list[str]], seed: int) -> None:
    rng = random.Random(seed)
    texts = [renumbered(one, rng) for one in parts for _ in range(2)]
    order = rng.sample(range(len(texts)), len(texts))
    shuffled = [texts[n] for n in order]
    together = [set(members) for _, members in groups(shuffled)]
    for first in range(0, len(texts), 2):
        pair = {order.index(first), order.index(first + 1)}
        assert any(pair <= members for members in together)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 8))
def test_passages_of_different_content_are_never_copies(seed: int, count: int) -> None:
    rng = random.Random(seed)
    blocks = [range(0xAC00 + 1000 * n, 0xAC00 + 1000 * (n + 1)) for n in range(count)]  # no letter in common
    texts = [
        " ".join("".join(chr(rng.choice(block)) for _ in range(4)) + str(rng.randint(0, 99)) for _ in range(20))
        for block in blocks
    ]
    assert groups(texts) == []


TEXT = (
    "여행자 휴대품의 기본 면세 한도는 미화 800달러이며 술은 두 병까지, 담배는 200개비까지 따로 면세됩니다."
    " 한도를 넘는 물품은 자진 신고하면 세액의 30퍼센트를 깎아 드리며, 신고하지 않으면 가산세가 붙습니다."
)


def test_kinds_are_told_apart() -> None:
    fewer = TEXT.replace("따로 ", "")
    assert groups([TEXT, TEXT.replace(" ", "\n")]) == [("same", (0, 1))]
    assert groups([TEXT, TEXT.replace("800", "1,000")]) == [("numbers", (0, 1))]
    assert groups([TEXT, fewer]) == [("similar", (0, 1))]
    longer = f"{TEXT} {'그 밖의 사항은 세관 누리집에서 확인하거나 고객 지원 센터에 물어보십시오. ' * 3}"
    assert groups([longer, TEXT]) == [("contained", (1, 0))]
    assert (
        groups([TEXT, "수출 신고는 물품을 배에 싣기 전에 관세사를 통해 하며, 수리된 뒤 서른 날 안에 실어야 합니다."])
        == []
    )


def test_dates_are_numbers() -> None:
    assert groups([f"{TEXT} 시행일: {day}" for day in ("2024. 3. 1.", "2025-01-31", "2023.12.31")]) != []
    [(kind, members)] = groups([f"{TEXT} 시행일 {day}부터" for day in ("2024년 3월 1일", "2025년 12월 31일")])
    assert (kind, members) == ("numbers", (0, 1))


def test_short_texts_are_nobodys_copies() -> None:
    assert groups(["제1조 목적", "제2조 목적", "제1조 목적"]) == []


def test_only_groups_with_a_fresh_text_are_told() -> None:
    texts = [TEXT, TEXT.replace("800", "600"), "수출 신고는 물품을 배에 싣기 전에 관세사를 통해 하면 됩니다.", ""]
    assert groups(texts, [False, False, True, True]) == []
    assert groups(texts, [False, True, False, False]) == [("numbers", (0, 1))]


def test_nobody_is_lost_in_a_large_group() -> None:
    rng = random.Random(1)
    words = ["".join(chr(rng.randint(0xAC00, 0xD7A3)) for _ in range(4)) for _ in range(100)]
    texts = []
    for n in range(60):
        edited = words.copy()
        edited[rng.randrange(len(edited))] = f"바뀐낱말{'가나다라마바사아자차'[n % 10]}"
        texts.append(" ".join(edited))
    [(kind, members)] = groups(texts)
    assert (kind, members) == ("similar", tuple(range(60)))


def parent(name: str, text: str, **meta: str) -> Passage:
    return Passage(name, "d", text, 0, len(text), source=name, meta=meta)


def test_a_twin_answers_as_well_and_a_part_only_where_the_whole_stands() -> None:
    longer = f"{TEXT} {'그 밖의 사항은 세관 누리집에서 확인하거나 고객 지원 센터에 물어보십시오. ' * 3}"
    twin = TEXT.replace("800", "600")
    twins = Twins.among([parent("a", TEXT), parent("b", twin), parent("c", longer)])
    a, b, c = (re.sub(r"\s", "", text) for text in (TEXT, twin, longer))
    found = twins.of({a, b, c})
    assert found[a] >= {b}
    assert found[b] >= {a}
    assert c in found[a]
    assert c not in found


@pytest.mark.parametrize("kind", ["row", "table"])
def test_rows_and_tables_are_no_twins(kind: str) -> None:
    assert Twins.among([parent("a", TEXT, kind=kind), parent("b", TEXT, kind=kind)]).groups == ()


def test_of_more_than_can_be_compared_those_that_come_in_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST", 3)

    def come(*names: str) -> int:
        for name in names:
            (tmp_path / "docs" / f"{name}.txt").write_text(TEXT.replace("800", str(ord(name))), "utf-8")
        return bot.ingest().copies.passages

    (tmp_path / "docs").mkdir()
    (tmp_path / "mundap.toml").touch()
    bot = Mundap.open(tmp_path)
    assert come("a", "b") == 2
    assert come("c") == 3
    assert come("d") == 0  # of four, nothing else comes in
    assert come("e", "f") == 2
    bot.corpus.close()
