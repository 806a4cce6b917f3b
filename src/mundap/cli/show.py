"""How results look: JSON lines, hits, answers, and the progress towards them."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from mundap.messages import say
from mundap.progress import INDEX as INDEX
from mundap.progress import bar as bar
from mundap.progress import bars as bars
from mundap.progress import index_bars as index_bars
from mundap.progress import stages as stages
from mundap.shapes import json_line
from mundap.types import Answer, Hit, Link

_PREVIEW = 160


def emit(value: object) -> None:
    """One JSON value on one line of stdout."""
    print(json_line(value), flush=True)


def note(text: str) -> None:
    """A line beside the progress."""
    print(text, file=sys.stderr, flush=True)


def print_hits(hits: tuple[Hit, ...] | list[Hit]) -> None:
    """Hits for a reader."""
    for hit in hits:
        text = " ".join(hit.passage.text.split())
        legs = ", ".join(f"{leg} {rank}위" for leg, rank in hit.origins.items())
        print(f"{hit.rank}. {label(hit)}  ({hit.score:.3f}; {legs})")
        print(f"   {text[:_PREVIEW]}{'…' if len(text) > _PREVIEW else ''}")
        if hit.links:
            print(f"   관련 키워드: {', '.join(_link(link) for link in hit.links)}")


def _link(link: Link) -> str:
    return link.said if link.asked == link.said else f"{link.asked} → {link.said}({link.kind})"


def print_sources(answer: Answer, language: str) -> None:
    """Below an answer: each cited passage with its first quote; for an abstention, the nearest passages."""
    if answer.abstained:
        if answer.hits:
            print(say("nearest", language))
            print_hits(answer.hits[:3])
        return
    by_id = {hit.passage.id: hit for hit in answer.hits}
    quotes: dict[str, str] = {}
    for citation in answer.citations:
        quotes.setdefault(citation.passage_id, citation.quote)
    if quotes:
        print(f"\n{say('sources', language)}:")
    for id, quote in quotes.items():
        short = " ".join(quote.split())
        print(f"  [{by_id[id].rank}] {label(by_id[id])} — “{short[:80]}{'…' if len(short) > 80 else ''}”")


def label(hit: Hit) -> str:
    """Where a hit is from: source, heading, page."""
    passage = hit.passage
    page = f" {passage.page}쪽" if passage.page else ""
    return " > ".join(part for part in (passage.source, passage.heading) if part) + page


def point(step: int, figures: Mapping[str, float]) -> None:
    """A point of a curve, beside the progress."""
    note(" ".join([f"스텝 {step}:", *(f"{name} {value:.4g}" for name, value in figures.items())]))
