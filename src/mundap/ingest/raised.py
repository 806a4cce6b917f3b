"""Letters that stand higher or lower in the line, as plain text: 10³, H₂O, 25 1)."""

from __future__ import annotations

import re

_HIGH = str.maketrans("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ")
_LOW = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")
_POWER = re.compile(  # 3, -1, 2+, n, n+1, and of several notes 1, 2
    r"[+\-−]?\d+[+\-−]?|n|[\dn]{1,3}(?:[+\-−][\dn]{1,3})+|\d{1,3}(?:\s?,\s?\d{1,3})+"
)
_INDEX = re.compile(r"[+\-−]?\d+[+\-−]?")
_MARK = re.compile(r"(?:주\s?)?\d{1,3}\)|[*†‡※]+|\[\d{1,3}\]|\(\d{1,3}\)")


def superscript(text: str) -> str:
    """What stands for raised `text`: digits raised, a mark of a note behind a blank, other letters as they are."""
    bare = text.strip()
    if _MARK.fullmatch(bare):
        return f" {bare}"
    return text.translate(_HIGH) if _POWER.fullmatch(bare) else text


def subscript(text: str) -> str:
    """What stands for lowered `text`: digits lowered, other letters as they are."""
    return text.translate(_LOW) if _INDEX.fullmatch(text.strip()) else text
