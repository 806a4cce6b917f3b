"""What a reader of a rich format finds, in reading order: paragraphs, headings and tables."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text, or one item of a list. A line break in it was meant by the author; `page` counts from 1.

    `listed` is whether the format itself says that it is an item of a list.
    """

    text: str
    page: int | None = None
    listed: bool = False


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading that the format itself marks as one. `level` is 1 for the highest."""

    text: str
    level: int
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell, and how many rows and columns it covers, itself included. `name` is whether the format marks it, in a
    form, as the name of what stands beside it."""

    text: str
    rowspan: int = 1
    colspan: int = 1
    name: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells as HTML has them: a place that a cell above or to the left covers has none of its own.

    `header` is the number of rows that the format marks as headers; 0 if it marks none. `form` is whether it marks the
    first cell of each row as the name of what stands beside it. `pages` has the page of each row of a table over several.
    `framed` is whether it is a form that stands in one frame with tables.
    """

    rows: tuple[tuple[Cell, ...], ...]
    page: int | None = None
    header: int = 0
    caption: str = ""
    form: bool = False
    pages: tuple[int | None, ...] = ()
    framed: bool = False


Block = Paragraph | Heading | Table


@dataclass(frozen=True)
class Parsed:
    """A file taken apart. `date` is YYYY-MM-DD, YYYY-MM or YYYY, as the file says of itself, or "".

    `pages` is None where the format has none. `warnings` are what its owner should know: a page without text, an
    element that was left out.
    """

    blocks: tuple[Block, ...]
    title: str = ""
    date: str = ""
    pages: int | None = None
    warnings: tuple[str, ...] = ()
