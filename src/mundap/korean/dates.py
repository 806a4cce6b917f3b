"""Dates and spans of time as Korean writes them, read into periods of days.

A period is what can limit documents: a date, or a word that counts from today. A bare length of time is not one:
6개월 이상 체류, 2년 이내 재반입, 30일 이내에 신고, 3개월 동안 and 1년에 몇 번 speak of the subject. A length becomes a
period only behind 최근, 지난 or 과거, or before 전; and 출국 3일 전 counts from an event, so before a length with 전
nothing but the start of a sentence or a particle may stand. 30일 전까지 is a deadline, never a period.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from mundap.korean.dateforms import BOUNDARY, Found, day_after, from_today, whole_month, whole_year, with_year


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of days from `start` to `end`, both in it; None where it is open, and never at both ends.

    `span` are offsets into the text that was read, and `words` what stands there.
    """

    start: date | None
    end: date | None
    span: tuple[int, int]
    words: str


_Bounds = tuple[date | None, date | None]

_JOINED = re.compile(r"\s*(?:부터|에서|[~∼～〜–\-])\s*")
_AND = re.compile(r"\s*[과와]\s*")
_BETWEEN = re.compile(r"\s*사이")
_REST = re.compile(r"(?:(?P<d>[0-9]{1,2})\s*일|(?P<yy>[0-9]{2})\s*년도?)(?=\s*까지|\s*사이|[^가-힣]|$)")
_UP_TO = re.compile(r"\s*(?:까지|사이)")
_SINCE = re.compile(r"\s*(?:이후|이래|부터|[~∼～〜](?!\s*[0-9가-힣]))")
_LATER = re.compile(rf"\s*후{BOUNDARY}")
_UNTIL = re.compile(rf"\s*(?:이전{BOUNDARY}|까지)")
_EARLIER = re.compile(r"\s*전(?=$|[?.!,)]|에|의|까지)")
_OPEN_BEFORE = re.compile(r"[~∼～〜]\s*$")
_BEFORE_OR_ALL = re.compile(r"\s*전(?=\s)")  # 5월 1일 전 공지, but 올해 전 직원
_EXCLUDED = re.compile(r"\s*(?:말고|빼고|제외|아닌|이외|외에|대비|보다|처럼)")


def periods(text: str, today: date) -> list[Period]:
    """The periods in `text` (in NFC), in order, without overlap. Never raises.

    A month or a half without a year is its latest that has begun; 지난 3월 is over, 오는 3월 is still to come. 이후,
    부터, 이전 and 까지 keep what they stand behind; 후 and 전 leave it out. 최근 2년 reaches from the same day two years
    ago to today; 2년 전 is all of that year, 두 달 전 that month, 2주 전 that week from Monday, 3일 전 that day. The
    beginning and the end of a month are ten days, those of a year three months. 23년 is 2023, and such short years
    reach from ten before `today` to one after.
    """
    return list(_bounded(text, _apart([*with_year(text, today), *from_today(text, today)])))


def stated(text: str) -> list[Period]:
    """The dates in `text` whose year is written: a year, a month or a day each, in order. Never raises."""
    return [
        Period(f.start, f.end, (f.left, f.right), text[f.left : f.right])
        for f in _apart(with_year(text))
        if f.start <= f.end and iso(f.start, f.end)
    ]


def bound(text: str, today: date, *, last: bool) -> str:
    """What a person typed as the first or the last day of a period, as YYYY-MM-DD: 작년, 2023년 5월, 3월 이후.

    Anything else comes back as it is: 2023-05 is a bound already, and what is none the filter refuses.
    """
    found = periods(text, today)
    day = (found[0].end if last else found[0].start) if len(found) == 1 and found[0].words == text.strip() else None
    return day.isoformat() if day else text


def iso(start: date, end: date) -> str:
    """YYYY, YYYY-MM or YYYY-MM-DD for a year, a month or a day from first to last; "" for anything else."""
    if start == end:
        return start.isoformat()
    if (start, end) == whole_month(start.year, start.month):
        return start.isoformat()[:7]
    return start.isoformat()[:4] if (start, end) == whole_year(start.year) else ""


def _apart(found: Iterable[Found]) -> list[Found]:
    """Without overlap: the one that begins first stays, then the longer."""
    kept: list[Found] = []
    for each in sorted(found, key=lambda f: (f.left, -f.right)):
        if not kept or each.left >= kept[-1].right:
            kept.append(each)
    return kept


def _bounded(text: str, found: list[Found]) -> Iterator[Period]:
    """Dates with what stands behind and between them."""
    right = 0
    for place, first in enumerate(found):
        if first.left < right:  # the other end of the range before
            continue
        last = _partner(text, first, found[place + 1 : place + 2])
        if last:
            closing = _UP_TO.match(text, last.right)
            bounds: _Bounds | None = (first.start, last.end) if first.start <= last.end else None
            right = closing.end() if closing else last.right
        else:
            bounds, right = _open(text, first)
        if bounds and first.start <= first.end and not _EXCLUDED.match(text, right):
            yield Period(*bounds, (first.left, right), text[first.left : right])


def _partner(text: str, first: Found, following: list[Found]) -> Found | None:
    """The other end of a range that `first` begins, or None."""
    joined = _JOINED.match(text, first.right)
    for last in following:
        between = _AND.fullmatch(text, first.right, last.left) and _BETWEEN.match(text, last.right)
        if between or (joined and joined.end() == last.left):
            return _floated(last, first)
    rest = _REST.match(text, joined.end()) if joined else None
    if not rest:
        return None
    try:
        end = first.start.replace(day=int(rest["d"])) if rest["d"] else date(2000 + int(rest["yy"]), 12, 31)
    except ValueError:
        return None
    return Found(*rest.span(), first.start, end)


def _floated(last: Found, first: Found) -> Found:
    """A date without a year that ends a range is the first of its kind that is not before the beginning."""
    try:
        for year in (first.start.year, first.start.year + 1) if last.floating else ():
            start, end = (_shifted(day, year - last.start.year) for day in (last.start, last.end))
            if end >= first.start:
                return last._replace(start=start, end=end)
    except ValueError:  # beyond the last year of the calendar
        return last
    return last


def _shifted(day: date, years: int) -> date:
    """The same day of another year; the last of February stays its last."""
    last = whole_month(day.year + years, day.month)[1]
    return last if day == whole_month(day.year, day.month)[1] else day.replace(year=last.year)


def _open(text: str, found: Found) -> tuple[_Bounds | None, int]:
    """The bounds of a date with what stands behind it, and where that ends; no bounds if it can mean two things."""
    if m := _SINCE.match(text, found.right):
        return (found.start, None), m.end()
    if m := _UNTIL.match(text, found.right):
        return (None, found.end), m.end()
    either = _BEFORE_OR_ALL.match(text, found.right)
    try:
        if m := _LATER.match(text, found.right):
            return (day_after(found.end, 1), None), m.end()
        if m := _EARLIER.match(text, found.right) or (either if found.start == found.end else None):
            return (None, day_after(found.start, -1)), m.end()
    except OverflowError:
        return None, found.right
    if either or _OPEN_BEFORE.search(text, max(found.left - 4, 0), found.left):
        return None, found.right
    return (found.start, found.end), found.right
