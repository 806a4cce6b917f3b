"""Whether the found passages answer at all. Dense search always finds neighbours, so this is read from the text."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mundap.errors import MundapError
from mundap.generate.evidence import FEATURES as SENTENCE_FEATURES
from mundap.generate.evidence import Floats, Line, ReaderModel, default_model, features
from mundap.generate.reading import Evidence, Sentence
from mundap.korean.measures import measures
from mundap.korean.regions import is_there, only_asks, regions
from mundap.korean.tokens import content
from mundap.messages import say

# The probability under which an answer is withheld: four fifths of the answerable questions that the weights were fitted
# on pass, half of them in citizens' words (docs/experiments/2026-11-29-support-near-the-topic.md).
MIN_SUPPORT = 0.43

FEATURES = (
    "near",  # the cosine of the nearest sentence
    "value_near",  # of the nearest that has what is asked for
    "lacking",  # how far that lies behind
    "coverage",  # the question's words in the passages read
    "value_coverage",  # in the sentence, with its context, that has what is asked for
    "first_coverage",  # in the first passage
    "named",  # the share of the question's nouns in the passages, their headings and sources
    "value_named",  # beside what is asked for
    "focus",  # the words of the thing asked about, in the passages
    "value_focus",  # beside what is asked for
    "topic",  # the words of what it is asked of, in the passages
    "value_topic",  # beside what is asked for
    "lead",  # how far the first passage leads, as a logarithm
    "missing",  # the heaviest word of the question that is nowhere, in shares of the heaviest
    "best",  # the log-odds of the best sentence
    "offered",  # whether the best sentence has what is asked for
    "unmeasured",  # whether an amount is asked for by its name (수수료) that stands beside none
)
# At least, of a number that stands with the very name asked for, or of what is in the region and called as asked, however
# little else is like the question.
GIVEN = 0.7
_VALUED = 0.5  # of what a sentence offers, from which it counts as having it
_AMOUNTS = ("%", "원", "달러")  # units of amounts


def question_features(evidence: Evidence, model: ReaderModel | None = None) -> Floats:
    """(len(FEATURES),) what is known of a question and its passages; there must be sentences."""
    found = evidence.sentences
    model = model or default_model(evidence.encoder)
    scores = (model.best or model.sentences).logits(features(evidence), SENTENCE_FEATURES)
    best = int(np.argmax(scores))
    exact = evidence.asked.exact
    valued = [n for n, sentence in enumerate(found) if sentence.offers >= _VALUED or not exact]
    near = max(s.nearness for s in found)
    value_near = max((found[n].nearness for n in valued), default=min(s.nearness for s in found))
    words = frozenset().union(*(s.words for s in found), *evidence.heads.values())
    focus = evidence.asked.focus
    hits = evidence.hits
    first = hits[0].passage.id
    gap = hits[0].score - hits[1].score if len(hits) > 1 else math.e**2 - 1
    heaviest = max(evidence.weights.values(), default=0.0) or 1.0
    missing = max((weight for word, weight in evidence.weights.items() if word not in words), default=0.0)
    return np.array(
        [
            near,
            value_near,
            near - value_near,
            evidence.held(words),
            max((found[n].within for n in valued), default=0.0),
            evidence.held(evidence.heads.get(first, frozenset()).union(*(s.words for s in found if s.hit.rank == 1))),
            _part(evidence.asked.names, words),
            max((_part(evidence.asked.names, _around(found, n)) for n in valued), default=0.0),
            _part(focus, words),
            max((_part(focus, _around(found, n)) for n in valued), default=0.0),
            _part(evidence.asked.topic, words),
            max((_part(evidence.asked.topic, _around(found, n)) for n in valued), default=0.0),
            math.log1p(max(gap, 0.0)),
            missing / heaviest,
            float(scores[best]),
            max([found[best].offers, *(found[place].offers for place in found[best].governors)]),
            float(_unmeasured(evidence, valued)),
        ]
    )


def support(evidence: Evidence, fitted: Line | None = None, model: ReaderModel | None = None) -> float:
    """The probability that the passages answer the question, in [0, 1]; 0 if nothing was read.

    `fitted` is the user's own calibration, None that of `model`, which is by default the one for this evidence's encoder.
    """
    if not evidence.sentences:
        return 0.0
    line = fitted or (model or default_model(evidence.encoder)).support
    odds = float(line.logits(question_features(evidence, model)[None], FEATURES)[0])
    probability = 1 / (1 + math.exp(-odds)) if odds > -700 else 0.0
    return max(probability, GIVEN) if evidence.asked.contact else probability


def lies_there(evidence: Evidence) -> bool:
    """Whether, of a question for what there is in a region, a sentence is of that region and names all else that is asked for."""
    there = evidence.there
    if not there:
        return False
    nouns = frozenset(noun for noun in evidence.asked.names if not regions(noun) and not only_asks(noun))
    return bool(nouns) and any(
        is_there(sentence.hit.passage.worded, there) and all(evidence.names_it(n, noun) for noun in nouns)
        for n, sentence in enumerate(evidence.sentences)
    )


def mentions(evidence: Evidence, noun: str) -> bool:
    """Whether a passage that was read names `noun`, in its text, its heading or its source."""
    words = frozenset(content([noun])[0])
    if words and words <= frozenset().union(*(s.words for s in evidence.sentences), *evidence.heads.values()):
        return True
    return any(noun in f"{hit.passage.source} {hit.passage.heading} {hit.passage.text}" for hit in evidence.hits)


def read_calibration(folder: Path, encoder: str) -> Line:
    """The calibration that was kept in `folder`. Raises MundapError if it is not there, or of another encoder."""
    again = f"다시 학습하려면: mundap train support --data 질문파일 --out {folder.name}"
    try:
        kept = json.loads((folder / "support.json").read_text("utf-8"))
        if "weights" in kept:
            line = Line.from_json(kept)
        else:  # as it was kept when there were two features
            line = Line({name: float(kept[name]) for name in ("near", "coverage")}, float(kept["bias"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise MundapError(f"{folder}: 근거 점수 보정값을 읽을 수 없습니다({error}). {again}") from error
    if kept["encoder"] != encoder:
        raise MundapError(
            f"근거 점수 보정값은 임베딩 {kept['encoder']}에 맞춘 것이지만 현재 임베딩은 {encoder}입니다. {again}"
        )
    return line


def refusal(language: str) -> str:
    """What is said when the documents do not answer."""
    return say("refusal", language)


def _unmeasured(evidence: Evidence, valued: Sequence[int]) -> bool:
    """Whether the amount asked for has a name that none of the sentences with a value has, nor what stands around it."""
    asked = evidence.asked
    named = measures(asked.focus) if asked.kind == "amount" or asked.unit in _AMOUNTS else frozenset()
    found = evidence.sentences
    return bool(named) and not any(named <= _around(found, n) | evidence.context(n) for n in valued)


def _part(focus: frozenset[str], words: frozenset[str]) -> float:
    return len(focus & words) / len(focus) if focus else 1.0


def _around(found: tuple[Sentence, ...], n: int) -> frozenset[str]:
    """The words of a sentence, of what governs it and of the sentence before it."""
    before = [found[n - 1].words] if n and found[n - 1].hit is found[n].hit else []
    return found[n].words.union(*before, *(found[place].words for place in found[n].governors))
