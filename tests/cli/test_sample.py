"""All questions of the sample corpus: every quote stands in its passage, and what is not there is not answered."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

import mundap as md
from mundap.korean.normalize import squash
from mundap.protocols import Encoder, Vectors
from mundap.types import Answer, Turn
from mundap.workspace import Mundap

pytestmark = pytest.mark.slow


class Remembering:
    """An encoder that encodes every text once: the same sentences are read for many questions."""

    def __init__(self, encoder: Encoder) -> None:
        self.name, self.dim = encoder.name, encoder.dim
        self._encoder = encoder
        self._passages: dict[str, Vectors] = {}
        self._queries: dict[str, Vectors] = {}

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self._known(self._queries, texts, self._encoder.encode_queries)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        return self._known(self._passages, texts, self._encoder.encode_passages)

    def _known(
        self, known: dict[str, Vectors], texts: Sequence[str], encode: Callable[[Sequence[str]], Vectors]
    ) -> Vectors:
        new = [text for text in dict.fromkeys(texts) if text not in known]
        known.update(zip(new, encode(new) if new else [], strict=True))
        return np.stack([known[text] for text in texts])


@pytest.fixture(scope="module")
def bot(sample: Path) -> Iterator[Mundap]:
    bot = Mundap.open(sample)
    bot.components.encoder = Remembering(bot.components.encoder)
    yield bot
    bot.corpus.close()


@pytest.fixture(scope="module")
def answers(bot: Mundap, sample: Path) -> list[tuple[dict[str, str], Answer]]:
    with (sample / "questions.csv").open(encoding="utf-8-sig", newline="") as file:
        return [(row, bot.ask(row["질문"])) for row in csv.DictReader(file)]


def test_every_quote_stands_in_the_passage_that_it_names(
    bot: Mundap, answers: list[tuple[dict[str, str], Answer]]
) -> None:
    answered = [answer for _, answer in answers if not answer.abstained]
    assert len(answered) > 100
    for answer in answered:
        assert answer.citations, answer.question
        held = bot.corpus.passages([citation.passage_id for citation in answer.citations])
        shown = {hit.passage.id for hit in answer.hits}
        for citation in answer.citations:
            assert citation.quote.strip()
            assert squash(citation.quote) in squash(held[citation.passage_id].text), answer.question
            assert citation.source == held[citation.passage_id].source
            assert citation.passage_id in shown


def test_what_is_withheld_cites_nothing(answers: list[tuple[dict[str, str], Answer]]) -> None:
    withheld = [answer for _, answer in answers if answer.abstained]
    assert withheld
    assert all(answer.citations == () and "찾지 못했습니다" in answer.text for answer in withheld)


def test_most_answers_come_from_the_right_passage(answers: list[tuple[dict[str, str], Answer]]) -> None:
    asked = [(squash(row["제시문"]), answer) for row, answer in answers if row["제시문"]]
    assert len(asked) == 178
    right = [
        any(squash(hit.passage.text) == gold for hit in answer.hits if hit.passage.id == answer.citations[0].passage_id)
        for gold, answer in asked
        if not answer.abstained
    ]
    assert np.mean(right) >= 0.75  # by the first sentence alone


def test_a_follow_up_is_resolved(bot: Mundap) -> None:
    first = bot.ask("해외직구 면세 한도가 얼마인가요?")
    assert "150달러" in first.text
    second = bot.ask("그럼 담배는요?", [Turn(first.question, first.text)])
    assert second.question == "그럼 담배는요?"
    assert "200개비" in second.text


def test_questions_with_an_answer_are_told_from_those_without(bot: Mundap, sample: Path) -> None:
    report = md.evaluate.abstain(bot, sample / "questions.csv")
    assert (report.answerable, report.unanswerable) == (178, 30)
    figures = {name: report.figures[name].mean for name in ("auroc", "answered", "refused")}
    # Most of these questions share no word with their passage; what is near the topic is refused for it.
    assert figures["auroc"] >= 0.9
    assert figures["answered"] >= 0.58
    assert figures["refused"] >= 0.85
