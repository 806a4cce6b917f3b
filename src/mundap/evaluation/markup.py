"""HTML that cannot be broken by what it shows: text is escaped unless it is markup already."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


class Markup(str):
    """HTML that `tag` and `join` have made. Any other string is text."""

    __slots__ = ()


def tag(name: str, *children: str, **attributes: str | float) -> Markup:
    """An element. `class_` stands for class, and "_" within a name for "-"; numbers are rounded to hundredths."""
    shown = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_value(value))}"' for key, value in attributes.items()
    )
    return Markup(f"<{name}{shown}>{join(*children)}</{name}>")


def join(*parts: str) -> Markup:
    """The parts one after another."""
    return Markup("".join(part if isinstance(part, Markup) else escape(part) for part in parts))


def notebook_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Markup:
    """A table without style, as a notebook shows values; the first cell of a row names it."""
    body = (tag("tr", tag("th", row[0]), *(tag("td", cell) for cell in row[1:])) for row in rows)
    return tag("table", tag("thead", tag("tr", *(tag("th", name) for name in head))), tag("tbody", *body))


def _value(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")
