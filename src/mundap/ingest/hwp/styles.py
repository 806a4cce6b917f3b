"""What an HWP document says of its paragraphs' looks: outline levels, lists, font sizes and the names of styles."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from mundap.extras import need

Kind = Literal["", "outline", "number", "bullet"]

_LEVELS = 10  # that HWP has
_PLACE = re.compile(r"\^([1-9nN])")
_NUMBERED_STYLE = re.compile(r"(?:개요|제목|outline|heading)\s?(\d{1,2})")
# Names of styles, without blanks and in lower case, that people make for headings.
_NAMED_STYLES = {"제목": 1, "title": 1, "문서제목": 1, "큰제목": 1, "대제목": 1, "장제목": 1}
_NAMED_STYLES |= {"중제목": 2, "절제목": 2, "작은제목": 3, "소제목": 3}
_LISTED_STYLE = re.compile(r"(?:차례|목차|toc)(?!제목|heading)")


@dataclass(frozen=True)
class Shape:
    """A paragraph's place in an outline or a list. `level` counts from 0, `list_id` names a numbering or a bullet."""

    kind: Kind = ""
    level: int = 0
    list_id: int = 0


PLAIN = Shape()


@dataclass(frozen=True)
class Numbering:
    """For each level the template of its label ("제^1조", "^1.^2"), the name of its digits, and its first number."""

    templates: tuple[str, ...]
    formats: tuple[str, ...]
    starts: tuple[int, ...]


@dataclass(frozen=True)
class Styles:
    """The tables of a document's head, by id; `sizes` of fonts are in hundredths of a point."""

    shapes: Mapping[int, Shape] = field(default_factory=dict)
    sizes: Mapping[int, int] = field(default_factory=dict)
    names: Mapping[int, str] = field(default_factory=dict)
    numberings: Mapping[int, Numbering] = field(default_factory=dict)
    bullets: Mapping[int, str] = field(default_factory=dict)


def level_of_style(name: str) -> int:
    """The level of heading that a style is for by its name, from 1; 0 for none."""
    squashed = "".join(name.split()).lower()
    if found := _NUMBERED_STYLE.fullmatch(squashed):
        return max(int(found[1]), 1)
    return _NAMED_STYLES.get(squashed, 0)


def of_contents(name: str) -> bool:
    """Whether a style is for the lines of a table of contents."""
    return bool(_LISTED_STYLE.match("".join(name.split()).lower()))


@dataclass
class Counters:
    """The running numbers of a document's lists and outlines."""

    styles: Styles
    _numbers: dict[tuple[Kind, int], list[int | None]] = field(default_factory=dict)

    def label(self, shape: Shape, outline: int) -> str:
        """What stands before the next paragraph of `shape`, or "". `outline` is the section's own numbering."""
        if shape.kind == "bullet":
            char = self.styles.bullets.get(shape.list_id, "")
            return char if char.isprintable() and char.strip() else "•"  # those of symbol fonts are private letters
        if not shape.kind:
            return ""
        list_id = shape.list_id or outline
        numbering = self.styles.numberings.get(list_id)
        numbers = self._next((shape.kind, list_id), min(max(shape.level, 0), _LEVELS - 1), numbering)
        if numbering is None or len(numbering.templates) < len(numbers):
            return "" if shape.kind == "outline" else f"{numbers[-1]}."
        return _filled(numbering.templates[len(numbers) - 1], numbers, numbering.formats)

    def _next(self, key: tuple[Kind, int], level: int, numbering: Numbering | None) -> list[int]:
        """The numbers of all levels down to `level`, whose own goes on; those below begin anew."""
        held = self._numbers.setdefault(key, [])
        del held[level + 1 :]
        held += [None] * (level + 1 - len(held))
        first = numbering.starts[level] if numbering and level < len(numbering.starts) else 1
        last = held[level]
        held[level] = first if last is None else last + 1
        return [1 if number is None else number for number in held]


def _filled(template: str, numbers: Sequence[int], formats: Sequence[str]) -> str:
    """`template` with ^1 as the number of level 1, ^n as the numbers of all levels, and ^N as those with a last dot."""
    shown = need("hwp2md.numbering", "docs").format_number

    def at(level: int) -> str:
        number = numbers[level] if level < len(numbers) else 1
        return str(shown(number, formats[level] if level < len(formats) else "DIGIT"))

    def place(found: re.Match[str]) -> str:
        if found[1] in "nN":
            path = ".".join(at(level) for level in range(len(numbers)))
            return path + "." * (found[1] == "N")
        return at(int(found[1]) - 1)

    return _PLACE.sub(place, template).strip()
