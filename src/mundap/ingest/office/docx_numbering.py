"""Labels that Word computes for numbered paragraphs (ECMA-376, part 1, 17.9): 1., 가., (1), Ⅰ., •."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from mundap.ingest.elements import Element

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_PLACE = re.compile(r"%([1-9])")
_GANADA = "가나다라마바사아자차카타파하"
_CHOSUNG = "ㄱㄴㄷㄹㅁㅂㅅㅇㅈㅊㅋㅌㅍㅎ"
_DIGITS = "영일이삼사오육칠팔구"
_ROMAN = {
    "M": 1000,
    "CM": 900,
    "D": 500,
    "CD": 400,
    "C": 100,
    "XC": 90,
    "L": 50,
    "XL": 40,
    "X": 10,
    "IX": 9,
    "V": 5,
    "IV": 4,
    "I": 1,
}


@dataclass(frozen=True)
class Level:
    """One level of a list: its number format, its pattern ("%1.%2)") and the number it starts with."""

    format: str
    pattern: str
    start: int = 1
    legal: bool = False


@dataclass
class Numbering:
    """The lists of a document, and how far each has been counted."""

    levels: dict[str, dict[int, Level]] = field(default_factory=dict)  # by abstract list
    lists: dict[str, str] = field(default_factory=dict)  # list to abstract list
    own: dict[str, dict[int, Level]] = field(default_factory=dict)  # levels that a list overrides
    starts: dict[str, dict[int, int]] = field(default_factory=dict)  # numbers that a list starts with anew
    counts: dict[str, dict[int, int]] = field(default_factory=dict)  # by abstract list
    begun: set[tuple[str, int]] = field(default_factory=set)

    def label(self, number: str, level: int) -> str:
        """What stands before the next paragraph of list `number` at `level` (from 0), or ""."""
        abstract = self.lists.get(number, "")
        known = self.levels.get(abstract, {}) | self.own.get(number, {})
        if level not in known:
            return ""
        counts = self.counts.setdefault(abstract, {})
        start = self.starts.get(number, {}).get(level)
        if start is not None and (number, level) not in self.begun:
            counts[level] = start
        else:
            counts[level] = counts[level] + 1 if level in counts else known[level].start
        self.begun.add((number, level))
        for deeper in [each for each in counts if each > level]:
            del counts[deeper]
        this = known[level]
        if this.format == "bullet":
            return _bullet(this.pattern)

        def shown(match: re.Match[str]) -> str:
            at = int(match[1]) - 1
            of = known.get(at, Level("decimal", ""))
            return formatted(counts.setdefault(at, of.start), "decimal" if this.legal else of.format)

        return _PLACE.sub(shown, this.pattern).strip()


def numbering(root: Element) -> Numbering:
    """The lists of a w:numbering element."""
    found = Numbering()
    for abstract in root.iter(f"{W}abstractNum"):
        found.levels[abstract.get(f"{W}abstractNumId")] = dict(_levels(abstract))
    for num in root.iter(f"{W}num"):
        number = num.get(f"{W}numId")
        found.lists[number] = _val(num, "abstractNumId")
        for override in num.iter(f"{W}lvlOverride"):
            found.own.setdefault(number, {}).update(_levels(override))
            if (start := _val(override, "startOverride")).isdigit():
                found.starts.setdefault(number, {})[int(override.get(f"{W}ilvl"))] = int(start)
    return found


def _levels(parent: Element) -> Iterator[tuple[int, Level]]:
    for level in parent.iterchildren(f"{W}lvl"):
        start = _val(level, "start")
        legal = level.find(f"{W}isLgl") is not None
        yield (
            int(level.get(f"{W}ilvl")),
            Level(
                _val(level, "numFmt") or "decimal",
                _val(level, "lvlText"),
                int(start) if start.isdigit() else 1,
                legal,
            ),
        )


def _val(parent: Element, name: str) -> str:
    child = parent.find(f"{W}{name}")
    return (child.get(f"{W}val") or "") if child is not None else ""


def formatted(number: int, form: str) -> str:
    """`number` in a format of ST_NumberFormat; one that is not known here is written in digits."""
    if form == "none":
        return ""
    if form == "decimalZero":
        return f"{number:02}"
    if number < 1:
        return str(number)
    if form in ("ganada", "chosung"):
        letters = _GANADA if form == "ganada" else _CHOSUNG
        return letters[(number - 1) % len(letters)]
    if form in ("upperLetter", "lowerLetter"):
        letter = chr(ord("A") + (number - 1) % 26) * min((number - 1) // 26 + 1, 9)
        return letter if form == "upperLetter" else letter.lower()
    if form in ("upperRoman", "lowerRoman"):
        return _roman(number) if form == "upperRoman" else _roman(number).lower()
    if form == "decimalEnclosedCircle" and number <= 20:
        return chr(ord("①") + number - 1)
    if form in ("koreanDigital", "koreanLegal", "koreanCounting"):
        return "".join(_DIGITS[int(digit)] for digit in str(number))
    return str(number)


def _roman(number: int) -> str:
    if number >= 4000:
        return str(number)
    text = ""
    for letters, value in _ROMAN.items():
        count, number = divmod(number, value)
        text += letters * count
    return text


def _bullet(mark: str) -> str:
    """A bullet of a symbol font is a private character, which says nothing elsewhere."""
    mark = mark.strip()
    return "•" if not mark or any("\ue000" <= char <= "\uf8ff" for char in mark) else mark
