"""Questions from passages without a language model: patterns of sentences, lists, rows of tables and headings.

Weak labels: the questions are the passage's own sentences asked, and the answers its own sentences.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mundap.generate.reading import passage_spans
from mundap.ingest.grid import TABLE, cells_of, spoken
from mundap.korean.asking import asked, bare, particle, topical
from mundap.korean.kiwi import kiwi_version
from mundap.korean.sentences import sentences
from mundap.synth.qa import LONG, MEDIUM, Made
from mundap.types import Passage

VERSION = 1
_ITEM = re.compile(r"^\s*(?:\d{1,2}[.)]|[가-하][.)]|[-*•·○□▪※ㆍ▶]|[①-⑳])\s*")
_LEAD = re.compile(r"(?:다음|아래)")
_LONGEST_LIST = 300  # characters of a list told in one sentence
_LONGEST_NAME = 40  # characters of a heading, or of a row's name, that a question can hold
_HEADING = 0.4  # what a question from a heading is worth
_ROW = 0.7  # and one from a row of a table


@dataclass(frozen=True)
class ByRules:
    """Makes them by patterns of Korean sentences (korean/asking.py)."""

    @property
    def name(self) -> str:
        """The rules and the analyser that they read with."""
        return f"rules:{VERSION}:{kiwi_version()}"

    def make(self, passage: Passage, most: int) -> list[Made]:
        """All that the patterns find, the surest first, and no two of one sentence before every sentence had one."""
        found = _READ.get(str(passage.meta.get("kind")), _of_text)(passage)
        ranked = sorted(found, key=lambda each: (each[0], -each[1]))
        return [made for _, _, made in ranked]


def _of_text(passage: Passage) -> Iterator[tuple[int, float, Made]]:
    spans = passage_spans(passage)
    said = [_plain(passage.text[start:end]) for start, end in spans]
    for n, sentence in enumerate(said):
        short = _told(said, n) if _LEAD.search(sentence) else _sentence(bare(sentence))
        for turn, one in enumerate(asked(sentence)):
            if short and (one.worth >= 0.5 or turn == 0):
                yield turn, one.worth, _made(one.question, short, said, n)
    name = passage.heading.rpartition(" > ")[2].strip()
    if said and 2 <= len(name) <= _LONGEST_NAME and not re.search(r"[?.]$", name):
        yield 0, _HEADING, _made(topical(name), _sentence(said[0]), said, 0)


def _of_table(passage: Passage) -> Iterator[tuple[int, float, Made]]:
    names = cells_of(passage.text.partition("\n")[0])
    spans = passage_spans(passage)
    said = [spoken(passage.text, [span]) for span in spans]
    for n, (start, end) in enumerate(spans):
        for turn, (question, short) in enumerate(_cells(names, cells_of(passage.text[start:end]))):
            yield turn, _ROW, _made(question, short, said, n)


def _of_row(passage: Passage) -> Iterator[tuple[int, float, Made]]:
    """A row that is a passage by itself, "column: value" a line."""
    parts = [line.partition(": ") for line in passage.text.splitlines() if ": " in line]
    cells = _cells([name for name, _, _ in parts], [value for _, _, value in parts])
    for turn, (question, short) in enumerate(cells):
        yield turn, _ROW, Made(question, short)


def _cells(names: Sequence[str], cells: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What each column says of the thing that the first cell names: a question and its answer."""
    for column, cell in zip(names[1:], cells[1:], strict=False):
        if column and cell and cells[0] and len(cells[0]) <= _LONGEST_NAME:
            topic = f"{cells[0]}의 {column}{particle(column, '은', '는')}"
            yield f"{topic} 무엇인가요?", f"{topic} {_plain(cell).rstrip('.')}입니다."


_READ = {TABLE: _of_table, "row": _of_row}


def _made(question: str, short: str, said: Sequence[str], n: int) -> Made:
    """The answers around the sentence `n`: it alone, it and what follows, and a stretch that holds it."""
    complete = [_sentence(text) for text in said]
    after = complete[n + 1 : n + MEDIUM]
    medium = " ".join([complete[n], *after]) if after else ""
    if medium and not 2 <= len(sentences(medium)) <= MEDIUM:
        medium = ""
    first = min(n, max(len(complete) - LONG, 0))
    stretch = "\n".join(complete[first : first + LONG + 1])
    return Made(question, short, medium, stretch if len(sentences(stretch)) >= LONG else "")


def _told(said: Sequence[str], n: int) -> str:
    """The list that sentence `n` opens, in one sentence; "" if there is none, or it is too long or has sentences."""
    items = []
    for text in said[n + 1 :]:
        if not _ITEM.match(text):
            break
        items.append(_ITEM.sub("", text).strip().rstrip("."))
    told = f"{said[n].rstrip('. ')}: {', '.join(items)}"
    return _sentence(told) if len(items) > 1 and len(told) <= _LONGEST_LIST and len(sentences(told)) == 1 else ""


def _plain(text: str) -> str:
    return " ".join(text.split())


def _sentence(text: str) -> str:
    """The text with a mark at its end, by which it stays one sentence beside others."""
    plain = _ITEM.sub("", _plain(text))
    return plain if not plain or plain[-1] in ".?!。…" else f"{plain}."
