"""Tables from ruling lines: each cell is a rectangle with no line through it, so merged cells keep their spans."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from mundap.ingest.blocks import Cell, Table
from mundap.ingest.heal import starts_item
from mundap.ingest.pdf.page_layout import Page, Piece, Rule, Word, merged, pieces, rows

_NEAR = 3.0  # points between lines that are one, or that touch
_SHORTEST = 5.0  # points; shorter lines are parts of letters and drawings
_MOST = 20_000  # lines of a page, dashes by themselves; more is a drawing
_MOST_WHOLE = 1500  # lines once dashes are put together
_FILLED = 0.2  # of the cells have text; fewer is a drawing
_MOST_PLACES = 20_000

_NUMBER = re.compile(r"[-+△▲]?\d[\d,.]*(?:\s?[%원명건개])?")
LINE = "\n"  # between the lines of a cell, until `heal.join` makes one of them

Box = tuple[float, float, float, float]
Area = tuple[int, int, int, int]  # first row, first column, row after the last, column after the last


@dataclass(frozen=True)
class _Grid:
    """Where the lines of a table are, and which of its places have a line to the right or below."""

    xs: list[float]
    ys: list[float]
    right: set[tuple[int, int]]
    below: set[tuple[int, int]]


def ruled(page: Page) -> tuple[list[Piece], list[Word]]:
    """The tables that lines draw on `page`, and the words that are in none of them.

    The text of a cell has LINE between its lines. A frame around text is no table. Left and right borders may be
    missing, as offices like to draw tables.
    """
    rest = list(page.words)
    found: list[Piece] = []
    if len(page.rules) > _MOST:
        return found, rest
    for box, group in sorted(_groups(page.rules), key=lambda g: -_area(g[0])):
        if any(_within(box, table) for table in found):
            continue
        inside = [word for word in rest if _holds(box, word)]
        if table := _table(group, inside, page.number):
            taken = set(map(id, inside))
            rest = [word for word in rest if id(word) not in taken]
            found.append(Piece(*box, tuple(inside), table))
    return found, rest


def _groups(rules: Iterable[Rule]) -> Iterator[tuple[Box, list[Rule]]]:
    """Lines that touch, directly or through others, with the box around them."""
    left = _mended(rules)
    if len(left) > _MOST_WHOLE:
        return
    while left:
        group, fresh = [], [left.pop()]
        while fresh:
            group += fresh
            touched = [rule for rule in left if any(_touch(rule, other) for other in fresh)]
            chosen = set(map(id, touched))
            left = [rule for rule in left if id(rule) not in chosen]
            fresh = touched
        if len(group) > 2:
            yield _around(group), group


def _mended(rules: Iterable[Rule]) -> list[Rule]:
    """Pieces of one line, dashes among them, as that line."""
    result: list[Rule] = []
    for flat in (True, False):
        lines = [(r.y0, r.x0, r.x1) if flat else (r.x0, r.y0, r.y1) for r in rules if (r.y0 == r.y1) == flat]
        heights = _levels(at for at, _, _ in lines)
        spans: dict[float, list[tuple[float, float]]] = {}
        for at, start, end in lines:
            spans.setdefault(_nearest(heights, at), []).append((min(start, end), max(start, end)))
        for at, parts in spans.items():
            for start, end in _united(parts):
                if end - start >= _SHORTEST:
                    result.append(Rule(start, at, end, at) if flat else Rule(at, start, at, end))
    return result


def _united(parts: Iterable[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    here: tuple[float, float] | None = None
    for start, end in sorted(parts):
        if here is None:
            here = (start, end)
        elif start <= here[1] + _NEAR:
            here = (here[0], max(here[1], end))
        else:
            yield here
            here = (start, end)
    if here is not None:
        yield here


def _levels(places: Iterable[float]) -> list[float]:
    """Places that are near each other as their first."""
    result: list[float] = []
    for place in sorted(places):
        if not result or place - result[-1] > _NEAR:
            result.append(place)
    return result


def _nearest(levels: Sequence[float], place: float) -> float:
    after = bisect_right(levels, place)
    return min(levels[max(after - 1, 0) : after + 1], key=lambda level: abs(level - place))


def _touch(one: Rule, other: Rule) -> bool:
    return (
        one.x0 <= other.x1 + _NEAR
        and other.x0 <= one.x1 + _NEAR
        and one.y0 <= other.y1 + _NEAR
        and other.y0 <= one.y1 + _NEAR
        and (one.y0 == one.y1) != (other.y0 == other.y1)
    )


def _around(group: Sequence[Rule]) -> Box:
    return min(r.x0 for r in group), min(r.y0 for r in group), max(r.x1 for r in group), max(r.y1 for r in group)


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _within(box: Box, table: Piece) -> bool:
    return (
        box[0] >= table.x0 - _NEAR
        and box[1] >= table.y0 - _NEAR
        and box[2] <= table.x1 + _NEAR
        and box[3] <= table.y1 + _NEAR
    )


def _holds(box: Box, word: Word) -> bool:
    return box[0] <= (word.x0 + word.x1) / 2 <= box[2] and box[1] <= (word.y0 + word.y1) / 2 <= box[3]


def _table(rules: Sequence[Rule], words: Sequence[Word], number: int) -> Table | None:
    grid = _grid(rules)
    height, width = len(grid.ys) - 1, len(grid.xs) - 1
    if height * width < 2 or width < 2 or height * width > _MOST_PLACES:
        return None
    areas = list(_areas(grid, height, width))
    owner = {(y, x): area for area in areas for y in range(area[0], area[2]) for x in range(area[1], area[3])}
    texts: dict[Area, list[Word]] = {area: [] for area in areas}
    for word in words:
        y = _index(grid.ys, (word.y0 + word.y1) / 2)
        texts[owner[y, _index(grid.xs, (word.x0 + word.x1) / 2)]].append(word)
    if sum(map(bool, texts.values())) < max(2, _FILLED * len(areas)) or len(areas) < 2:
        return None
    found = [_Area(area, _lines(texts[area])) for area in areas]
    return Table(tuple(_unruled(found, height)), number)


def _index(levels: Sequence[float], place: float) -> int:
    return min(max(bisect_right(levels, place) - 1, 0), len(levels) - 2)


def _grid(rules: Sequence[Rule]) -> _Grid:
    flat = [rule for rule in rules if rule.y0 == rule.y1]
    upright = [rule for rule in rules if rule.y0 != rule.y1]
    box = _around(rules)
    xs = _levels([*(rule.x0 for rule in upright), box[0], box[2]])
    ys = _levels([*(rule.y0 for rule in flat), box[1], box[3]])
    right = {
        (y, x)
        for rule in upright
        for x in [xs.index(_nearest(xs, rule.x0)) - 1]
        for y in range(len(ys) - 1)
        if rule.y0 <= (ys[y] + ys[y + 1]) / 2 <= rule.y1
    }
    below = {
        (y, x)
        for rule in flat
        for y in [ys.index(_nearest(ys, rule.y0)) - 1]
        for x in range(len(xs) - 1)
        if rule.x0 <= (xs[x] + xs[x + 1]) / 2 <= rule.x1
    }
    return _Grid(xs, ys, right, below)


def _areas(grid: _Grid, height: int, width: int) -> Iterator[Area]:
    """The rectangles of places without a line between them, by row. What is no rectangle ends where it stops being one."""
    taken: set[tuple[int, int]] = set()
    for y in range(height):
        for x in range(width):
            if (y, x) in taken:
                continue
            end = x + 1
            while end < width and (y, end) not in taken and (y, end - 1) not in grid.right:
                end += 1
            bottom = y + 1
            while (
                bottom < height
                and all((bottom - 1, i) not in grid.below and (bottom, i) not in taken for i in range(x, end))
                and all((bottom, i) not in grid.right for i in range(x, end - 1))
            ):
                bottom += 1
            taken |= {(j, i) for j in range(y, bottom) for i in range(x, end)}
            yield (y, x, bottom, end)


@dataclass(frozen=True)
class _Area:
    """A cell, and its lines from top to bottom."""

    area: Area
    lines: tuple[Piece, ...]

    @property
    def text(self) -> str:
        return LINE.join(line.text for line in self.lines)


def _lines(words: Sequence[Word]) -> tuple[Piece, ...]:
    return tuple(merged(row) for row in rows(pieces(words)))


def _unruled(cells: Sequence[_Area], height: int) -> Iterator[tuple[Cell, ...]]:
    """Rows of cells. A row whose cells hold lines of several rows, side by side with no rule between, makes as many."""
    for y in range(height):
        row = [cell for cell in cells if cell.area[0] == y]
        if levels := _levels_of(row, cells):
            for level in levels:
                yield tuple(
                    Cell(
                        "".join(line.text for line in cell.lines if abs(line.y0 - level) < line.size / 2),
                        1,
                        _across(cell),
                    )
                    for cell in row
                )
        else:
            yield tuple(Cell(cell.text, cell.area[2] - cell.area[0], _across(cell)) for cell in row)


def _numbers(cell: _Area) -> bool:
    return len(cell.lines) > 1 and all(_NUMBER.fullmatch(line.text.strip()) for line in cell.lines)


def _across(cell: _Area) -> int:
    return cell.area[3] - cell.area[1]


def _levels_of(row: Sequence[_Area], cells: Sequence[_Area]) -> list[float]:
    """Where the lines of a row that should be several stand, or [].

    All its cells have the same number of lines, three or more, or two where some are numbers alone, at the same heights,
    and none is a list.
    """
    y = row[0].area[0] if row else -1
    if any(cell.area[2] - cell.area[0] > 1 for cell in row) or any(c.area[0] < y < c.area[2] for c in cells):
        return []
    counts = {len(cell.lines) for cell in row}
    if len(row) < 2 or len(counts) != 1 or min(counts) < (2 if any(_numbers(cell) for cell in row) else 3):
        return []
    levels = [line.y0 for line in row[0].lines]
    for cell in row:
        for line, level in zip(cell.lines, levels, strict=True):
            if abs(line.y0 - level) >= line.size / 2 or (len(row) == 2 and starts_item(line.text)):
                return []
    return levels
