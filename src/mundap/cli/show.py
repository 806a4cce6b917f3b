"""How results look: JSON lines, hits, answers, and the progress towards them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from mundap.messages import page_of, paged, say
from mundap.progress import INDEX as INDEX
from mundap.progress import bar as bar
from mundap.progress import bars as bars
from mundap.progress import index_bars as index_bars
from mundap.progress import stages as stages
from mundap.redact import visible
from mundap.shapes import json_line
from mundap.types import Answer, Hit, Link

_PREVIEW = 160
_WIDE = 100  # columns of a terminal, after which lines are hard to read


def emit(value: object) -> None:
    """One JSON value on one line of stdout."""
    print(json_line(value), flush=True)


def note(text: str) -> None:
    """A line beside the progress."""
    print(text, file=sys.stderr, flush=True)


def print_hits(hits: tuple[Hit, ...] | list[Hit], language: str = "ko") -> None:
    """Hits for a reader."""
    for hit in hits:
        text = " ".join(hit.passage.text.split())
        legs = ", ".join(f"{leg} {rank}위" for leg, rank in hit.origins.items())
        print(f"{hit.rank}. {label(hit, language)}  ({hit.score:.3f}; {legs})")
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
            print_hits(answer.hits[:3], language)
        return
    by_id = {hit.passage.id: hit for hit in answer.hits}
    quotes: dict[str, str] = {}
    for citation in answer.citations:
        quotes.setdefault(citation.passage_id, citation.quote)
    if quotes:
        print(f"\n{say('sources', language)}:")
    for id, quote in quotes.items():
        short = " ".join(quote.split())
        print(f"  [{by_id[id].rank}] {label(by_id[id], language)} — “{short[:80]}{'…' if len(short) > 80 else ''}”")


def label(hit: Hit, language: str = "ko") -> str:
    """Where a hit is from: source, heading, page."""
    passage = hit.passage
    page = f" {page_of(passage.page, language)}" if passage.page else ""
    return " > ".join(part for part in (paged(passage.source, language), passage.heading) if part) + page


def print_passages(answer: Answer, language: str) -> None:
    """The passages that an answer cites, or the nearest ones, whole; in a terminal as wide as is read well, with what is
    quoted in bold."""
    cited = {citation.passage_id for citation in answer.citations}
    for hit in answer.hits:
        if hit.passage.id not in cited and not answer.abstained:
            continue
        head = f"[{hit.rank}] {label(hit, language)}"
        if sys.stdout.isatty():
            _print_wide(
                head, hit.passage.text, [one.quote for one in answer.citations if one.passage_id == hit.passage.id]
            )
        else:
            print(f"{head}\n{hit.passage.text}\n")


def _print_wide(head: str, text: str, quotes: Sequence[str]) -> None:
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    console = Console(file=sys.__stdout__, highlight=False)  # which obeys; what it is given is made visible here
    console.width = min(console.width, _WIDE)
    body = Text(visible(text))
    for quote in map(visible, quotes):
        if (start := body.plain.find(quote)) >= 0:
            body.stylize("bold", start, start + len(quote))
    console.print(Text(visible(head), "bold cyan"))
    console.print(Padding(body, (0, 0, 1, 4)))


@contextmanager
def searching(language: str) -> Iterator[Callable[[], None]]:
    """Show in a terminal that it searches, until what it gives is called, or the end."""
    shown = sys.stdout.isatty()
    if shown:
        print(f"\x1b[2m{say('searching', language)}\x1b[0m", end="", file=sys.__stdout__, flush=True)

    def done() -> None:
        nonlocal shown
        if shown:
            shown = False
            print("\r\x1b[2K", end="", file=sys.__stdout__, flush=True)

    try:
        yield done
    finally:
        done()


def point(step: int, figures: Mapping[str, float]) -> None:
    """A point of a curve, beside the progress."""
    note(" ".join([f"스텝 {step}:", *(f"{name} {value:.4g}" for name, value in figures.items())]))
