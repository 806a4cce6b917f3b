"""HTML that cannot be broken by what it shows: text is escaped unless it is markup already."""

from __future__ import annotations

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


def _value(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")
