"""The tables of docs/decisions and docs/experiments, made of the front matter of their pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.docs.page import front

TOPICS = {
    "ingest": "Reading documents",
    "search": "Search",
    "graph": "Keyword graph",
    "answer": "Answers",
    "train": "Training",
    "serve": "API and page",
    "project": "The project",
}
OUTCOMES = ("helped", "mixed", "no gain", "measured")


@dataclass(frozen=True)
class Entry:
    """A decision or an experiment: `file` beside the index, `meta` its front matter."""

    file: str
    title: str
    meta: Mapping[str, Any]


def entries(folder: Path) -> list[Entry]:
    """Those of a folder, newest last; the index is none."""
    return [_entry(path) for path in sorted(folder.glob("2*.md"))]


def _entry(path: Path) -> Entry:
    meta, body = front(path.read_text("utf-8"))
    title = next(line.removeprefix("# ") for line in body.splitlines() if line.startswith("# "))
    return Entry(path.name, title, meta)


def decisions(folder: Path) -> str:
    """A table for each topic."""
    found = entries(folder)
    parts = []
    for topic, title in TOPICS.items():
        rows = [entry for entry in found if entry.meta["topic"] == topic]
        if rows:
            parts.append(f"\n## {title}\n\n| date | decision | 한국어 |\n|---|---|---|\n")
            parts += [f"| {_date(e)} | [{_cell(e.title)}]({e.file}) | {_cell(e.meta['summary'])} |\n" for e in rows]
    return "".join(parts)


def experiments(folder: Path) -> str:
    """What helped, what did not, and what was only measured, each with its figures."""
    found = entries(folder)
    parts = []
    for outcome in OUTCOMES:
        rows = [entry for entry in found if entry.meta["outcome"] == outcome]
        if rows:
            parts.append(
                f"\n## {outcome.capitalize()}\n\n| date | experiment | figures | 한국어 |\n|---|---|---|---|\n"
            )
            parts += [
                f"| {_date(e)} | [{_cell(e.title)}]({e.file}) | {_cell(e.meta['figures'])} | {_cell(e.meta['summary'])} |\n"
                for e in rows
            ]
    return "".join(parts)


def _date(entry: Entry) -> str:
    return f"<span class=date>{entry.meta['date']}</span>"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
