"""Serial numbers of days as a format code shows them: dates, times of day, and hours that pass 24."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from mundap.ingest.sheets.numerals import by_digit, in_words

Token = tuple[str, str]

DATE_TOKEN = r"AM/PM|A/P|오전/오후|y+|m+|d+|h+|s+(?:\.0+)?|a{3,4}|e+(?![+-])|g+|b{2,4}"
_MONTHS = "January February March April May June July August September October November December".split()
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_KOREAN = "월화수목금토일"
_BOUNDARY = 60  # the 29 February 1900 that there never was
_LAST = 2_958_466  # the first day of the year 10000
_SHIFT_1904 = 1462
_DAY = 86_400_000  # milliseconds
_OF_HALVES = {"am/pm": ("AM", "PM"), "a/p": ("A", "P"), "오전/오후": ("오전", "오후")}
_KOREAN_NAMES: dict[str, list[Token]] = {
    "am/pm": [("date", "오전/오후")],
    "ddd": [("date", "aaa")],
    "dddd": [("date", "aaaa")],
    "mmm": [("date", "m")],
    "mmmm": [("date", "m"), ("quoted", "월")],
}
_HALVES = {name.upper() for name in _OF_HALVES}


class Day(NamedTuple):
    """A day of the calendar; `weekday` is 0 for Monday."""

    year: int
    month: int
    day: int
    weekday: int


Part = Callable[[int, Day], str]  # of the milliseconds since the first day, and the day

_SYSTEM: dict[str, list[Token]] = {  # the formats that follow the settings of the system
    "F800": [
        ("date", "yyyy"),
        ("plain", "년 "),
        ("date", "m"),
        ("plain", "월 "),
        ("date", "d"),
        ("plain", "일 "),
        ("date", "aaaa"),
    ],
    "F400": [
        ("date", "오전/오후"),
        ("plain", " "),
        ("date", "h"),
        ("plain", ":"),
        ("date", "mm"),
        ("plain", ":"),
        ("date", "ss"),
    ],
}


def is_date(tokens: Sequence[Token]) -> bool:
    """Whether a section of a format shows a date or a time."""
    kinds = {kind for kind, _ in tokens}
    return bool(kinds & {"date", "elapsed", "system"}) and "general" not in kinds


def date_shower(tokens: Sequence[Token], since_1904: bool) -> Callable[[float], str]:
    """What shows a serial number of days as `tokens` say; "" for one that no date has."""
    system = next((said for kind, said in tokens if kind == "system"), "")
    tokens = _SYSTEM[system] if system else tokens
    precise = any(kind == "date" and "." in said for kind, said in tokens)
    whole_seconds = not precise and any(kind in ("date", "elapsed") and said[0] in "sS" for kind, said in tokens)
    elapsed = any(kind == "elapsed" for kind, _ in tokens)
    if any(kind == "korean" for kind, _ in tokens):
        tokens = [one for token in tokens for one in _in_korean(*token)]
    numerals = next((said for kind, said in tokens if kind == "numerals"), "")
    halves = any(kind == "date" and said.upper() in _HALVES for kind, said in tokens)
    parts = [_spelled(_part(tokens, n, halves), tokens[n][1], numerals) for n in range(len(tokens))]
    shift = _SHIFT_1904 if since_1904 else 0

    def show(serial: float) -> str:
        if serial < 0 and not elapsed:
            return ""
        milliseconds = round(abs(serial) * _DAY)
        if whole_seconds:
            milliseconds = (milliseconds + 500) // 1000 * 1000
        day = _calendar(milliseconds // _DAY + shift)
        if not day.year:
            return ""
        shown = "".join(part if isinstance(part, str) else part(milliseconds, day) for part in parts)
        return f"-{shown}" if serial < 0 else shown

    return show


def _spelled(part: str | Part, said: str, numerals: str) -> str | Part:
    """A part in the numerals of [DBNum1] and its like: the digits of a year, any other number in full."""
    if isinstance(part, str) or not numerals:
        return part
    if said[0] in "yYeE":
        return lambda ms, day: by_digit(part(ms, day), numerals)
    return lambda ms, day: in_words(part(ms, day), numerals, one=False)


def _in_korean(kind: str, said: str) -> Sequence[Token]:
    """A token as [$-412] has it: days and months by their Korean names, 오전 and 오후."""
    if kind != "date":
        return [("quoted", "")] if kind == "korean" else [(kind, said)]
    return _KOREAN_NAMES.get(said.lower(), [(kind, said)])


def _part(tokens: Sequence[Token], n: int, halves: bool) -> str | Part:
    """What one token shows: a text, or what depends on the moment."""
    kind, said = tokens[n]
    lower = said.lower()
    if kind == "elapsed":
        unit = {"h": 3_600_000, "m": 60_000, "s": 1000}[lower[0]]
        return lambda ms, day: str(ms // unit).rjust(len(lower), "0")
    if kind != "date":
        return _fixed(kind, said)
    if lower in _OF_HALVES:
        first, second = _OF_HALVES[lower]
        return lambda ms, day: second if ms % _DAY >= _DAY // 2 else first
    width = min(len(lower.partition(".")[0]), 2)
    if lower[0] == "h" and halves:
        return lambda ms, day: str(ms % _DAY // 3_600_000 % 12 or 12).rjust(width, "0")
    if lower[0] == "h":
        return lambda ms, day: str(ms % _DAY // 3_600_000).rjust(width, "0")
    if lower[0] == "s":
        digits = len(lower.partition(".")[2])
        return lambda ms, day: (
            str(ms // 1000 % 60).rjust(width, "0") + (f".{ms % 1000:03d}"[: digits + 1] if digits else "")
        )
    if lower[0] == "m" and _minutes(tokens, n):
        return lambda ms, day: str(ms // 60_000 % 60).rjust(width, "0")
    return lambda ms, day: _of_day(lower, day)


def _fixed(kind: str, said: str) -> str:
    if kind in ("blank", "fill"):
        return " " if kind == "blank" or said == " " else ""
    return "" if kind in ("condition", "system", "numerals") else said


@lru_cache(maxsize=8192)
def _calendar(days: int) -> Day:
    """The day of that number as spreadsheets count them; one of the year 0 for what is no day."""
    if days >= _LAST:
        return Day(0, 0, 0, 0)
    if days == _BOUNDARY:
        return Day(1900, 2, 29, 2)
    if days == 0:
        return Day(1900, 1, 0, 5)
    found = date(1899, 12, 31 if days < _BOUNDARY else 30) + timedelta(days)
    return Day(found.year, found.month, found.day, found.weekday())


def _minutes(tokens: Sequence[Token], n: int) -> bool:
    """Whether an m is of minutes: behind hours, or before seconds."""
    if len(tokens[n][1]) > 2:
        return False
    timed = [(k, said.lower()[0]) for k, (kind, said) in enumerate(tokens) if kind in ("date", "elapsed")]
    at = [k for k, _ in timed].index(n)
    before, after = (timed[at - 1][1] if at else ""), (timed[at + 1][1] if at + 1 < len(timed) else "")
    return before == "h" or after == "s"


def _of_day(token: str, date: Day) -> str:
    year, month, day, weekday = date
    match token[0], len(token):
        case "y", 1 | 2:
            return f"{year % 100:02d}"
        case ("y", _) | ("e", _):
            return str(year)
        case "m", 1:
            return str(month)
        case "m", 2:
            return f"{month:02d}"
        case "m", 3:
            return _MONTHS[month - 1][:3]
        case "m", 5:
            return _MONTHS[month - 1][0]
        case "m", _:
            return _MONTHS[month - 1]
        case "d", 1:
            return str(day)
        case "d", 2:
            return f"{day:02d}"
        case "d", 3:
            return _DAYS[weekday][:3]
        case "d", _:
            return _DAYS[weekday]
        case "a", 3:
            return _KOREAN[weekday]
        case "a", _:
            return f"{_KOREAN[weekday]}요일"
        case "b", 2:
            return f"{(year + 543) % 100:02d}"
        case "b", _:
            return str(year + 543)
    return ""
