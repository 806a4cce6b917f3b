"""Questions and answers that stand below or beside each other rather than under a header: Q1. and A1., 문) and 답), Q and
A in a column of their own, 1. …? and ☞ …."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from mundap.ingest.sheets.sheet import Row

_MARK = r"[(\[<【「]?\s*(?:{letter}\s?-?\s?\d{{0,3}}(?:\s*[.:：)\]>】」]+|\s|$)|(?:{word})\s?\d{{0,3}}(?:\s*[.:：)\]>】」]+|$))\s*"
_QUESTION = re.compile(_MARK.format(letter="[QＱ]", word=r"질\s?문|질\s?의|물음|문"), re.IGNORECASE)
_ANSWER = re.compile(_MARK.format(letter="[AＡ]", word=r"답\s?변|응\s?답|회\s?신|답") + r"|[→⇒☞➡]\s*", re.IGNORECASE)
_NUMBERED = re.compile(r"\d{1,3}[.)]\s*(?=\D.*[?？]$)", re.DOTALL)
_COUNT = re.compile(r"\d{1,4}[.)]?")
_MOST_TITLES = 5  # rows above the first question
_MOST = 20_000  # rows


@dataclass
class _Pair:
    number: int
    asked: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    answered: bool = False


def alternating(rows: Sequence[Row]) -> tuple[list[str], list[Row]] | None:
    """The lines above, and a row of question and answer for each pair, of a sheet that holds nothing else; None of any
    other. What follows an answer without a mark goes on with it."""
    above: list[str] = []
    pairs: list[_Pair] = []
    for n, (number, cells) in enumerate(rows):
        filled = [cell for cell in cells if cell]
        if len(filled) > 1 and _COUNT.fullmatch(filled[0]) and _asks(filled[1]):
            filled = filled[1:]
        if filled and (mark := _asks(filled[0])):
            if (pairs and not pairs[-1].told) or _names_columns(filled):
                return None
            pairs.append(_Pair(number))
            filled[0] = filled[0][mark.end() :]
        elif not pairs:
            above += filled if len(filled) == 1 else ()  # others name the columns
            if n == _MOST_TITLES:
                return None
            continue
        elif not (pairs[-1].answered or _ANSWER.match(filled[0])):
            return None
        if n == _MOST or not all(_put(pairs[-1], cell) for cell in filled):
            return None
    if not pairs or not all(pair.asked and pair.told for pair in pairs):
        return None
    return above, [(pair.number, ["\n".join(pair.asked), "\n".join(pair.told)]) for pair in pairs]


def _asks(cell: str) -> re.Match[str] | None:
    return _QUESTION.match(cell) or _NUMBERED.match(cell)


def _names_columns(cells: Sequence[str]) -> bool:
    """Whether the marks stand alone beside each other, as in the header of a table."""
    return all(any(mark.fullmatch(cell) for cell in cells) for mark in (_QUESTION, _ANSWER))


def _put(pair: _Pair, cell: str) -> bool:
    """Add what a cell says to a pair; False where an answer begins before there is a question, as in a header."""
    if mark := _ANSWER.match(cell):
        if not pair.asked:
            return False
        pair.answered = True
        cell = cell[mark.end() :]
    if text := cell.strip():
        (pair.told if pair.answered else pair.asked).append(text)
    return True
