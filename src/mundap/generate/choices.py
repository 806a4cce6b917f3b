"""A broad question that several passages answer differently: what there is to choose from, instead of one at random."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mundap.generate.evidence import ReaderModel, logits
from mundap.generate.reading import BROAD, Evidence, Sentence
from mundap.korean.quantities import quantities
from mundap.types import Choice, Hit

_NEAR = 1.5  # log-odds that a passage may lie behind the first
_NAMED = 0.5  # share of the question's nouns that each choice must name
_VALUED = 0.5
_LABEL = 40  # characters
_PAGE = re.compile(r",?\s*(?:page|p\.|쪽)\s?:?\s?[\d~,\s-]+$", re.IGNORECASE)
_MARKS = re.compile(r"^\W*(?:\d+\.\s*)?|\s*[(_]\d{4,}\)?|[★☆■□]")


def choices(evidence: Evidence, model: ReaderModel | None = None) -> tuple[Choice, ...]:
    """The cases that a broad question may mean, best first, each with the passage that answers it; () if it means one.

    Each names what the question names, has what it asks for, is of another heading or source, and says another value.
    """
    asked = evidence.asked
    if not asked.exact or asked.contact or not asked.names or len(asked.names) > BROAD:
        return ()
    scores = logits(evidence, model)
    topic = asked.topic - asked.focus
    found: list[tuple[Sentence, str]] = []
    for hit in evidence.hits:
        if evidence.hits[0].score - hit.score > _NEAR:
            break
        places = [n for n, s in enumerate(evidence.sentences) if s.hit is hit and s.offers >= _VALUED]
        best = max(places, key=lambda n: (scores[n], -n), default=None)
        if best is None or evidence.named(best) < _NAMED or not topic <= evidence.context(best):
            continue
        sentence, label = evidence.sentences[best], label_of(hit)
        if label not in [other for _, other in found] and _another(sentence, [other for other, _ in found]):
            found.append((sentence, label))
    return tuple(Choice(label, s.hit.passage.id) for s, label in found) if len(found) > 1 else ()


def label_of(hit: Hit) -> str:
    """What a case is called: what a sheet gives as its source, without the page; else the last heading, or the source."""
    source = _PAGE.sub("", _MARKS.sub("", hit.passage.source)).strip()
    heading = hit.passage.heading.rsplit(" > ", 1)[-1].strip()
    label = source if "," in source else heading or source
    return label if len(label) <= _LABEL else f"{label[:_LABEL].rstrip()}…"


def _another(sentence: Sentence, others: Sequence[Sentence]) -> bool:
    """Whether a sentence says none of the values that another says; of those without values, whether it is another."""
    values = _values(sentence)
    return all(not values & _values(other) if values else sentence.said != other.said for other in others)


def _values(sentence: Sentence) -> set[tuple[str, str]]:
    return {(str(one.value.normalize()), one.unit) for one in quantities(sentence.said)}
