"""Cells of HWP put into tables: each keeps its place and its reach, whatever the file says of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.ingest.blocks import Table
from mundap.ingest.hwp.cells import Placed, tabled
from mundap.ingest.hwp.flow import Line, Story

wild = st.integers(-3, 70_000) | st.integers(0, 5)
LIMIT = 2000
Place = tuple[int, int, int, int]


@st.composite
def layouts(draw: st.DrawFn) -> tuple[tuple[int, int], list[Place]]:
    """A size, and rectangles that cover each of its places at most once."""
    rows, columns = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    free = {(y, x) for y in range(rows) for x in range(columns)}
    found = []
    for y, x in sorted(free):
        if (y, x) not in free or not draw(st.booleans()):
            continue
        down, across = draw(st.integers(1, rows - y)), draw(st.integers(1, columns - x))
        reach = {(y + j, x + i) for j in range(down) for i in range(across)}
        if reach <= free:
            free -= reach
            found.append((y, x, down, across))
    return (rows, columns), found


def words(table: Table) -> list[str]:
    return [cell.text for row in table.rows for cell in row if cell.text]


@given(layouts())
def test_cells_keep_their_places(layout: tuple[tuple[int, int], list[Place]]) -> None:
    size, places = layout
    cells = [Placed(*place, (Line(f"칸{n}"),)) for n, place in enumerate(places)]
    found = tabled(cells, size, "", Story())
    if len(found) != 1 or not isinstance(found[0], Table):
        assert " ".join(line.text for line in found if isinstance(line, Line)).split() == [
            f"칸{n}" for n in range(len(cells))
        ]
        return
    stand: dict[str, Place] = {}
    covered: set[tuple[int, int]] = set()
    for y, row in enumerate(found[0].rows):
        x = 0
        for cell in row:
            while (y, x) in covered:
                x += 1
            stand[cell.text] = (y, x, cell.rowspan, cell.colspan)
            covered |= {(y + j, x + i) for j in range(cell.rowspan) for i in range(cell.colspan)}
    stand.pop("", None)
    assert stand == {f"칸{n}": place for n, place in enumerate(places)}


@given(st.tuples(wild, wild), st.lists(st.tuples(wild, wild, wild, wild), max_size=8))
def test_no_word_is_lost_and_no_table_is_too_large_whatever_the_numbers(
    size: tuple[int, int], places: list[Place]
) -> None:
    cells = [Placed(*place, (Line(f"칸{n}"),)) for n, place in enumerate(places)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mundap.ingest.hwp.cells.MAX_PLACES", LIMIT)  # as many as are soon laid out
        found = tabled(cells, size, "", Story())
    said = []
    for piece in found:
        if isinstance(piece, Table):
            assert sum(c.rowspan * c.colspan for row in piece.rows for c in row) <= LIMIT
            said += words(piece)
        else:
            said += piece.text.split()
    assert sorted(said) == sorted(f"칸{n}" for n in range(len(cells)))
