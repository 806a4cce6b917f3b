"""How results look: JSON shapes, hits, answers, progress."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mundap.messages import say
from mundap.protocols import Progress
from mundap.types import Answer, Hit, Link

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

# JSON leaves these as they are, and tools that read lines take them for line ends.
_LINE_ENDS = {ord(c): f"\\u{ord(c):04x}" for c in "\x85\u2028\u2029"}
_EVERY = 5.0  # seconds between two progress lines where there is no terminal
_PREVIEW = 160


def emit(value: Any) -> None:
    """One JSON value on one line of stdout."""
    print(line(value), flush=True)


def line(value: Any) -> str:
    """A JSON value that every tool takes for one line."""
    return json.dumps(value, ensure_ascii=False).translate(_LINE_ENDS)


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


@contextmanager
def stages() -> Iterator[Callable[[str], Progress]]:
    """A progress bar for each title that is asked for, in the order in which they are."""
    with _console() as shown:
        known: dict[str, Progress] = {}

        def stage(title: str) -> Progress:
            if title not in known:
                known[title] = _lines(title) if shown is None else _task(shown, title)
            return known[title]

        yield stage


@contextmanager
def bars(**titles: str) -> Iterator[dict[str, Progress]]:
    """A progress bar for each title."""
    with stages() as stage:
        yield {name: stage(title) for name, title in titles.items()}


@contextmanager
def bar(title: str) -> Iterator[Progress]:
    """One progress bar."""
    with bars(only=title) as progress:
        yield progress["only"]


@contextmanager
def _console() -> Iterator[RichProgress | None]:
    """Where bars are drawn, with rate and remaining time; None without a terminal, where lines are written now and then."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Shown

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Shown(*columns, console=Console(stderr=True)) as shown:
        yield shown


def _task(shown: RichProgress, title: str) -> Progress:
    task = shown.add_task(title, total=None, rate="")

    def progress(done: int, total: int) -> None:
        speed = shown.tasks[task].speed
        shown.update(task, completed=done, total=total, rate=f"{speed:.1f}/s" if speed else "")

    return progress


def _lines(title: str) -> Progress:
    began = last = time.monotonic()
    first = -1

    def progress(done: int, total: int) -> None:
        nonlocal began, last, first
        now = time.monotonic()
        if first < 0 or done < first:  # or the same work begins anew
            began, first = now, done
        if total and (done == total or now - last >= _EVERY):
            last = now
            rate = (done - first) / (now - began) if now > began else 0.0
            left = f", {(total - done) / rate:.0f}초 남음" if rate and done < total else ""
            speed = f" ({rate:.1f}/s{left})" if rate else ""
            print(f"{title} {done}/{total}{speed}", file=sys.stderr, flush=True)

    return progress
