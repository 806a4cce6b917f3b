"""Pages whose letters stand under each other: columns from the right to the left, read as lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from mundap.ingest.pdf.page_layout import Page, Word

_LEAST = 4  # letters of a column
_SHARE = 0.6  # of a page's letters that stand in columns
_SAME = 0.35  # heights between the middles of letters of one column
_NEAREST, _FURTHEST = 0.6, 1.9  # heights from one letter to the next; more ends a column
_PITCH = 1.6  # heights between the lines that columns become


def laid_down(page: Page) -> Page:
    """`page` with its columns of single letters as lines, the right one first; as it is if it is set in lines."""
    letters = sum(len(word.text) for word in page.words)
    if not letters:
        return page
    columns = _columns([word for word in page.words if len(word.text) == 1])
    if sum(map(len, columns)) < _SHARE * letters:
        return page
    taken = {id(word) for column in columns for word in column}
    rest = [word for word in page.words if id(word) not in taken]
    size = max(word.size for column in columns for word in column)
    top = min(word.y0 for column in columns for word in column)
    lines = [_line(column, top + n * _PITCH * size) for n, column in enumerate(columns)]
    return replace(page, words=(*rest, *lines), rules=())


def _columns(letters: Sequence[Word]) -> list[list[Word]]:
    """Columns of letters, the right one first."""
    stacks: list[list[Word]] = []
    for word in sorted(letters, key=_middle):
        if stacks and _middle(word) - _middle(stacks[-1][0]) <= _SAME * max(word.size, stacks[-1][0].size):
            stacks[-1].append(word)
        else:
            stacks.append([word])
    found = []
    for stack in stacks:
        column: list[Word] = []
        for word in sorted(stack, key=lambda each: each.y0):
            if column and not _NEAREST * word.size <= word.y0 - column[-1].y0 <= _FURTHEST * word.size:
                found.append(column)
                column = []
            column.append(word)
        found.append(column)
    whole = [column for column in found if len(column) >= _LEAST]
    return sorted(whole, key=lambda column: (-_middle(column[0]), column[0].y0)) if _apart(whole) else []


def _apart(columns: Sequence[Sequence[Word]]) -> bool:
    """Whether columns stand further from each other than the letters in them, as they do where these are read downwards."""
    middles = sorted({round(_middle(column[0]), 1) for column in columns})
    steps = [after.y0 - before.y0 for column in columns for before, after in pairwise(column)]
    gaps = [after - before for before, after in pairwise(middles)]
    return bool(steps) and (not gaps or min(gaps) > sum(steps) / len(steps))


def _middle(word: Word) -> float:
    return (word.x0 + word.x1) / 2


def _line(column: Sequence[Word], y: float) -> Word:
    size = max(word.size for word in column)
    return Word("".join(word.text for word in column), 0.0, y, size * len(column), y + size, size)
