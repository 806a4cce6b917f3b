"""Which rows of a table are its header, and what they call its columns; sheets and documents alike."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence

from mundap.ingest.blocks import Cell
from mundap.korean.normalize import squash

Row = tuple[str, ...]
Owner = tuple[int, int, Cell]  # a cell after the place of its upper left corner

FEW = 3  # columns that a merged cell's text is repeated in
_SAMPLE = 50  # rows that tell what stands in a column
_SHARE = 0.6  # of the cells of a column that look alike
_NUMBER = re.compile(r"\d[\d,.]*")
_YEAR = re.compile(r"(?:19|20)\d\d년?")
_UNIT = re.compile(r"[(（\[][^()（）\[\]]{1,12}[)）\]]")
_HANGUL = re.compile(r"[가-힣]")
_LATIN = re.compile(r"[A-Za-z][A-Za-z .,&/()'%-]*")
_DEEPEST = 5  # rows of a header


def depth(owners: Sequence[Sequence[Owner | None]], texts: Sequence[Row], marked: int = 0) -> int:
    """How many rows on top are headers: those the format marks; none where the first row is like those below; else one,
    and more where merged cells or blanks above show that the next row divides it. At least one row is left below.

    `texts` has the text of every place, that of a merged cell in each place that it covers.
    """
    most = min(len(texts) - 1, _DEEPEST)
    if marked > 0 or most < 1:
        return max(min(marked, len(texts) - 1), 0)
    found = _said_again(owners, texts, most)
    if not found and headless(texts):
        return 0
    found = found or 1
    while found < most and _divided(owners, texts, found):
        found += 1
    return found


def names(owners: Sequence[Sequence[Owner | None]], texts: Sequence[Row], rows: int) -> Row:
    """What the header of so many `rows` calls each column: 신청 under 2024년 is "2024년 신청".

    A wide merged cell that nothing below divides names its first column alone.
    """
    if not rows:
        return ("",) * (len(texts[0]) if texts else 0)
    filled = [_spread(owners[y], texts, y) if y + 1 < rows else texts[y] for y in range(rows)]
    found = []
    for x in range(len(texts[0])):
        last = owners[rows - 1][x]
        again = x > 0 and all(owners[y][x] is not None and owners[y][x] == owners[y][x - 1] for y in range(rows))
        wide = again and last is not None and last[2].colspan > FEW
        found.append("" if wide else " ".join(dict.fromkeys(row[x] for row in filled if row[x])))
    return tuple(found)


def headless(texts: Sequence[Row]) -> bool:
    """Whether the first row looks like those below it: 1인 가구 | 월 150,000원 above 2인 가구 | 월 250,000원.

    It does where its numbers stand among the same words as the numbers below, years and numbers in order are names; and,
    of two columns, where the row below goes on with it.
    """
    first, below = texts[0], texts[1 : _SAMPLE + 1]
    if len(first) < 2 or not below or not first[0] or _in_order(first):
        return False
    if len(first) == 2 and first[1] and not below[0][0] and below[0][1]:
        return True  # no name of a column has a blank below its first value
    alike = unlike = 0
    for x, text in enumerate(first):
        shape = column_shape([row[x] for row in below if x < len(row)])
        if not shape:
            continue
        if shape == shape_of(text):
            alike += 1
        elif text:
            unlike += 1
    return alike > unlike


def column_shape(cells: Sequence[str]) -> str:
    """What most cells of a column look like with 0 for every number; "" where they have no numbers or are all different."""
    filled = [cell for cell in cells if cell]
    shapes = Counter(shape_of(cell) for cell in filled)
    if not shapes:
        return ""
    shape, count = shapes.most_common(1)[0]
    return shape if "0" in shape and count >= _SHARE * len(filled) else ""


def shape_of(text: str) -> str:
    """`text` with 0 for every number, and without blanks."""
    return _NUMBER.sub("0", squash(text)) if text else ""


def _in_order(row: Row) -> bool:
    """Whether numbers of a row name its columns: years, or 1, 2, 3."""
    once = [cell for cell, _ in itertools.groupby(row)]  # a merged cell stands in each of its places
    numbers = [cell for cell in once if cell and shape_of(cell).rstrip("년월분기차호") == "0"]
    if len(numbers) < 2:
        return len(numbers) == 1 and bool(_YEAR.fullmatch(numbers[0])) and not shape_of(row[0]).startswith("0")
    values = [int(digits) for cell in numbers if (digits := re.sub(r"\D", "", cell))]
    steps = {after - before for before, after in itertools.pairwise(values)}
    years = all(_YEAR.fullmatch(cell) for cell in numbers)
    counted = len(numbers) > 2 and values[:1] in ([0], [1])
    return len(steps) == 1 and abs(steps.pop()) == 1 and (years or counted) and "0" not in shape_of(row[0])


def _divided(owners: Sequence[Sequence[Owner | None]], texts: Sequence[Row], found: int) -> bool:
    """Whether the row behind the first `found` rows of a header is part of it."""
    above, row = owners[found - 1], texts[found]
    below = texts[found + 1 : found + 1 + _SAMPLE]
    if _explains(texts[found - 1], row, below) or _repeats(texts[found - 1], row):
        return True
    if any(owner and owner[0] + owner[2].rowspan > found and owner[0] < found for owner in above) and any(
        owner and owner[2].colspan > 1 and owner[0] + owner[2].rowspan == found for owner in above
    ):
        return True  # some cells of the header reach down beside those that are divided
    merged = [x for x, owner in enumerate(above) if owner and 1 < owner[2].colspan < len(above)]
    blank = [x for x, text in enumerate(texts[found - 1]) if not text and row[x]]
    if not merged and not (blank and texts[found - 1][0] and _spreads(texts[found - 1], row)):
        return False
    if not below or not any(row):
        return False
    if merged and _in_order(row) and not any(map(_in_order, below)):
        return True
    divided = [row[x] for x in (merged or blank) if row[x]]
    if not divided:
        return False
    return _names_numbers(row, below) or (len(set(divided)) < len(divided) and not _like(row, below))


def _said_again(owners: Sequence[Sequence[Owner | None]], texts: Sequence[Row], most: int) -> int:
    """How many rows on top begin with the same name, which no row below has, above numbers that they have none like: the
    header of a table whose merged cells were written out, as statistics are downloaded."""
    found = 1
    while (
        found <= most
        and texts[0]
        and texts[0][0]
        and texts[found][0] == texts[0][0]
        and owners[found][0] != owners[0][0]
    ):
        found += 1
    below, last = texts[found : found + _SAMPLE], texts[found - 1]
    if not 1 < found <= most or any(row[0] == texts[0][0] for row in below):
        return 0
    wide = any(name and name == texts[0][x + 1] for x, name in enumerate(texts[0][:-1]))
    return found if (wide or not any("0" in shape_of(name) for name in last)) and _names_numbers(last, below) else 0


def _explains(above: Row, row: Row, below: Sequence[Row]) -> bool:
    """Whether a row says for the names above it in what they count, each in brackets, or what they are called in English,
    and no row below does."""
    return any(said(above, row) and not any(said(above, other) for other in below) for said in (_units, _in_english))


def _repeats(above: Row, row: Row) -> bool:
    """Whether `row` begins again under each name above it: 품목, 가격, 품목, 가격 under 남성복 and 여성복."""
    starts = [x for x, name in enumerate(above) if name]
    step = starts[1] if len(starts) > 1 and starts[0] == 0 else 0
    again = step > 1 and len(row) % step == 0 and starts == [*range(0, len(row), step)]
    return again and all(row) and len({*row[:step]}) == step and all(row[x] == row[x % step] for x in range(len(row)))


def _units(above: Row, row: Row) -> bool:
    filled = [(name, unit) for name, unit in zip(above, row, strict=True) if unit and unit != name]
    return len(filled) > 1 and all(name and _UNIT.fullmatch(unit) for name, unit in filled)


def _in_english(above: Row, row: Row) -> bool:
    filled = [(name, said) for name, said in zip(above, row, strict=True) if said and said != name]
    return len(filled) > 1 and all(_HANGUL.search(name) and _LATIN.fullmatch(said) for name, said in filled)


def _spreads(above: Row, row: Row) -> bool:
    """Whether blanks in a row without merged cells stand behind a name for several columns, which `row` divides: it has
    names of its own, and none in the corner."""
    behind = any(above[x] and not above[x + 1] and row[x] and row[x + 1] for x in range(len(above) - 1))
    own = not row[0] and not {name for name in row if name} & set(above)
    return behind and own and all(text or row[x] for x, text in enumerate(above))


def _spread(owners: Sequence[Owner | None], texts: Sequence[Row], y: int) -> Row:
    """A row of a header with its names repeated over the blanks behind them, where the row below has names."""
    if any(owner and owner[2].colspan > 1 for owner in owners):
        return texts[y]
    found: list[str] = []
    for x, text in enumerate(texts[y]):
        below = y + 1 < len(texts) and texts[y + 1][x]
        found.append(text or (found[-1] if found and below and x > 0 and texts[y + 1][x - 1] else ""))
    return tuple(found)


def _names_numbers(row: Row, below: Sequence[Row]) -> bool:
    """Whether some columns below have numbers, and `row` stands above each of them without one alike."""
    shapes = [(text, column_shape([each[x] for each in below])) for x, text in enumerate(row)]
    numbered = [(text, shape) for text, shape in shapes if shape]
    return bool(numbered) and all(shape_of(text) != shape for text, shape in numbered) and any(t for t, _ in numbered)


def _like(row: Row, below: Sequence[Row]) -> bool:
    shapes = [(text, column_shape([each[x] for each in below])) for x, text in enumerate(row)]
    return any(shape and shape == shape_of(text) for text, shape in shapes)
