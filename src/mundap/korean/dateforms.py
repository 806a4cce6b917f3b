"""The forms in which Korean writes a date: a regular expression for each, and the days it means."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import NamedTuple

Days = tuple[date, date]


class Found(NamedTuple):
    """A date in a text and the days from `start` to `end` that it means. `floating`: its year was guessed.

    2월 30일 is found too, so that nobody reads a part of it, with a start behind its end.
    """

    left: int
    right: int
    start: date
    end: date
    floating: bool = False


# A number is no date inside a longer one, a phone number, the number of a law (제2023-15호) or a code.
_FREE = r"(?<![0-9A-Za-z제])(?<!제 )(?<![0-9][.,:/\-])"
_WORD = r"(?<![0-9A-Za-z가-힣])"
# What may follow a word of one syllable, so that 이번 주문, 이번 달라진 and 5월 초과 are something else.
_AFTER = r"(?=$|[^0-9A-Za-z가-힣]|에|의|부터|까지|이후|이전|{})"
BOUNDARY = _AFTER.format("로")
_ENDS = _AFTER.format("경|쯤|사이")
_STANDS = _AFTER.format("은|는|이|가|도|만|과|와|말|초|내|전|간|새|동안|사이|중")
_NO_LENGTH = r"(?!간|\s*(?:동안|이내|이상|이하|미만|내에|만에|넘))"

_MONTH, _DAY, _TO = r"(?:1[0-2]|0?[1-9])", r"(?:3[01]|[12][0-9]|0?[1-9])", r"\s*[~∼～〜–\-]\s*"
_QUARTER = r"\s*(?:/\s*4|사)?\s*분기"
_FULL = r"(?P<y>(?:19|20)[0-9]{2})"
_QUOTED = r"['’‘`](?P<yy>[0-9]{2})"
_OF_DOCUMENTS = r"(?:공지|공고|자료|문서|규정|고시|지침|회의록|보고서|매뉴얼|개정|제정|시행|작성|등록|게시|발행)"

_IN_YEAR = (
    rf"(?:(?:(?P<m0>{_MONTH})\s*월?{_TO})?(?P<m>{_MONTH})\s*월(?![급세령드])"
    rf"(?:\s*(?:(?P<d0>{_DAY})\s*일?{_TO})?(?P<d>{_DAY})\s*일{_NO_LENGTH}"
    rf"|\s*(?P<part>초순|상순|중순|하순|초|말){_ENDS})?"
    r"|(?P<half>[상하])반기"
    rf"|(?:(?P<q0>[1-4]){_TO})?(?P<q>[1-4]){_QUARTER}(?!\s*(?:연속|동안|간)))"
)
_YEARS = {"재작년": -2, "지지난해": -2, "작년": -1, "지난해": -1, "지난 해": -1, "전년": -1}
_YEARS |= {"올해": 0, "금년": 0, "이번 해": 0, "내년": 1, "내후년": 2}
# Two digits are a year, not a length, before a part of the year, or before what is said of documents.
_TWO = (
    rf"(?P<two>[0-9]{{2}})\s*년(?=\s*(?:{_MONTH}\s*월|[상하]반기|[1-4]{_QUARTER}))"
    rf"|(?P<short>[0-9]{{2}})\s*년(?=도|\s*(?:말|초){_ENDS}|\s*(?:이후|부터|이전|{_OF_DOCUMENTS})|\s*[?.!]*$"
    r"|에(?!\s*(?:한|두|세|몇|걸|[0-9]))|의\s)"
)
_YEAR = (
    rf"(?:{_FREE}(?:(?:{_FULL}|{_QUOTED})\s*년(?!대){_NO_LENGTH}"
    rf"|(?P<bare>(?:19|20)[0-9]{{2}})(?=\s*(?:[상하]반기|[1-4]{_QUARTER}))|{_TWO})"
    rf"|{_WORD}(?P<word>{'|'.join(_YEARS)})(?:(?<! 해)|{_STANDS}))도?"  # 이번 해외여행
)
_BY_YEAR = re.compile(rf"{_YEAR}(?:\s*(?:의\s*)?(?:{_IN_YEAR}|(?P<edge>연말|연초|말|초){_ENDS}))?")
_NO_YEAR = re.compile(rf"(?:{_WORD}(?P<which>지난|이번|올|오는)\s*|{_FREE}){_IN_YEAR}")
_YEAR_RANGE = re.compile(rf"{_FREE}{_FULL}{_TO}(?P<y2>(?:19|20)[0-9]{{2}})\s*년(?!대)도?")
_DECADE = re.compile(rf"{_FREE}(?P<y>(?:19|20)[0-9]0)\s*년대")
_POINTED = (  # 2023. 5. 3., 2023-05-03, '23/5/3; bare two digits need the spaces of the official form
    re.compile(
        rf"{_FREE}(?:{_FULL}|{_QUOTED})\s?(?P<by>[.\-/])\s?(?P<m>{_MONTH})(?P=by)\s?(?P<d>{_DAY})(?![0-9]|-[0-9])\.?"
    ),
    re.compile(rf"{_FREE}(?P<yy>[0-9]{{2}})\. (?P<m>{_MONTH})\. (?P<d>{_DAY})\."),
    re.compile(rf"{_FREE}(?:{_FULL}|['’‘`]?(?P<yy>[0-9]{{2}}))\.\s?(?P<m>{_MONTH})\s*월(?:\s*(?P<d>{_DAY})\s*일)?"),
    re.compile(rf"{_FREE}{_FULL}(?P<by>[.\-/])\s?(?P<m>{_MONTH})(?![0-9%]|\s*(?:호|시즌)|[.\-/]\s?[0-9])\.?"),
)
_MARKED = re.compile(r"[0-9]{2}\s?[.\-/]")  # which every date of _POINTED has
_WRITTEN = re.compile(rf"[0-9]{{2}}\s*(?:년|[상하]반기|[1-4]{_QUARTER})")  # and every written year, but for words

_DAYS = {"오늘": 0, "금일": 0, "어제": -1, "어저께": -1, "그제": -2, "그저께": -2, "내일": 1, "모레": 2, "글피": 3}
_BY_DAY = re.compile(
    rf"{_WORD}(?:(?P<day>{'|'.join(_DAYS)})(?!날|야|서야)|(?:(?<=부터 )|(?<=[~∼])|(?<=[~∼] ))(?:지금|현재))"
)
_WHICH = {"지지난": -2, "저저번": -2, "지난": -1, "저번": -1, "이번": 0, "다다음": 2, "다음": 1}
_MONTHS = {"이달": 0, "당월": 0, "금월": 0, "전월": -1, "내달": 1, "익월": 1}
_BY_UNIT = re.compile(
    rf"{_WORD}(?:(?P<which>{'|'.join(_WHICH)})\s*(?:주{_STANDS}(?:\s*(?P<weekday>[월화수목금토일])요일)?"
    rf"|(?P<month>달){_STANDS}|(?P<quarter>분기){_STANDS})|(?P<named>{'|'.join(_MONTHS)}){_STANDS})"
    rf"(?:(?<=[달월])\s*(?:(?P<d>{_DAY})\s*일{_NO_LENGTH}|(?P<part>초순|상순|중순|하순|초|말){_ENDS}))?"
)
_LONE_EDGE = re.compile(rf"{_WORD}(?P<edge>연말|월초|월말){_ENDS}")

_COUNTS = {"열한": 11, "열두": 12, "십일": 11, "십이": 12, "석": 3, "서": 3, "넉": 4, "너": 4}
_COUNTS |= {name: n for n, name in enumerate("한 두 세 네 다섯 여섯 일곱 여덟 아홉 열".split(), 1)}
_COUNTS |= {name: n for n, name in enumerate("일 이 삼 사 오 육 칠 팔 구 십".split(), 1)}
_LENGTHS = {"일주일": 7, "하루": 1, "이틀": 2, "사흘": 3, "나흘": 4, "닷새": 5, "엿새": 6, "열흘": 10, "보름": 15}
_LENGTH = (
    rf"(?:(?P<days>{'|'.join(_LENGTHS)})|(?P<halfyear>반\s?년)"
    rf"|(?P<n>[0-9]{{1,3}}|{'|'.join(_COUNTS)})\s?(?P<unit>개월|달|주일|주|년|해|일)"
    r"(?:\s?(?P<andhalf>반)|\s?(?P<more>[0-9]{1,2})\s?개월)?)"
)
_ROLLING = re.compile(  # 지난 3일 alone may be the third of the month
    rf"{_WORD}(?:최근|과거|지난(?!\s*[0-9]+\s*일(?!간|\s*(?:동안|사이))))\s*{_LENGTH}{_STANDS}"
    r"(?:\s*(?:간|동안|사이|새|이내|내))?(?!\s*(?:이상|넘|이하|초과|미만|된|되|짜리|째|전|후|뒤))"
)
_AGO = re.compile(  # 출국 3일 전 and 휴가 3일 전 count from something else than today
    rf"(?:^\s*|[은는을를]\s+|에서\s+|[제내희리]가\s+|[,.?!(]\s*)(?P<ago>{_LENGTH}\s*전)(?=$|[^0-9A-Za-z가-힣]|에|의|부터)"
)


def with_year(text: str, today: date | None = None) -> Iterator[Found]:
    """Dates whose year is written; also by 작년 and 23년 if `today` is given."""
    if _MARKED.search(text):
        for pattern in _POINTED:
            yield from _matches(pattern, text, lambda m: _within(_century(m), m))
    if today is None and not _WRITTEN.search(text):
        return
    yield from _matches(_YEAR_RANGE, text, lambda m: (date(int(m["y"]), 1, 1), date(int(m["y2"]), 12, 31)))
    yield from _matches(_DECADE, text, lambda m: (date(int(m["y"]), 1, 1), date(int(m["y"]) + 9, 12, 31)))
    yield from _matches(_BY_YEAR, text, lambda m: _by_year(m, today))


def from_today(text: str, today: date) -> Iterator[Found]:
    """Dates that count from `today`."""
    for found in _matches(_NO_YEAR, text, lambda m: _no_year(m, today)):
        yield found._replace(floating=True)
    yield from _matches(_BY_DAY, text, lambda m: (day_after(today, _DAYS.get(m["day"], 0)),) * 2)
    yield from _matches(_BY_UNIT, text, lambda m: _by_unit(m, today))
    yield from _matches(_LONE_EDGE, text, lambda m: _lone_edge(m["edge"], today))
    yield from _matches(_ROLLING, text, lambda m: (_back(m, today), today))
    yield from _matches(_AGO, text, lambda m: _ago(m, today), "ago")


def day_after(day: date, days: int) -> date:
    """`days` after `day`. Raises OverflowError at the ends of the calendar."""
    return day + timedelta(days)


def whole_year(year: int) -> Days:
    """Its first and last day."""
    return date(year, 1, 1), date(year, 12, 31)


def whole_month(year: int, month: int) -> Days:
    """Its first and last day."""
    return date(year, month, 1), date(year, month, monthrange(year, month)[1])


def _matches(
    pattern: re.Pattern[str], text: str, read: Callable[[re.Match[str]], Days | None], group: str | int = 0
) -> Iterator[Found]:
    for match in pattern.finditer(text):
        try:
            days = read(match)
        except (ValueError, OverflowError):  # 2월 30일, or a day before the calendar begins
            days = date.max, date.min
        if days:
            yield Found(match.start(group), match.end(group), *days)


def _century(m: re.Match[str]) -> int:
    groups = m.groupdict()
    year = int(groups.get("y") or groups["yy"])
    return year if year > 99 else year + (2000 if year < 70 else 1900)


def _by_year(m: re.Match[str], today: date | None) -> Days | None:
    if m["y"] or m["yy"]:
        year = _century(m)
    elif m["bare"] or m["two"]:
        year = int(m["bare"] or f"20{m['two']}")
    elif today is None:
        return None
    elif m["word"]:
        year = today.year + _YEARS[m["word"]]
    else:
        year = 2000 + int(m["short"])
        if not today.year - 10 <= year <= today.year + 1:
            return None
    if m["edge"]:
        first = 10 if m["edge"].endswith("말") else 1
        return date(year, first, 1), whole_month(year, first + 2)[1]
    return _within(year, m)


def _no_year(m: re.Match[str], today: date) -> Days | None:
    if m["which"] in ("이번", "올"):
        return _within(today.year, m)
    ahead = m["which"] == "오는"
    for year in range(today.year, today.year + 9) if ahead else range(today.year, today.year - 9, -1):
        try:
            start, end = _within(year, m)
        except ValueError:  # 2월 29일 is not in every year
            continue
        if start > today if ahead else end < today if m["which"] else start <= today:
            return start, end
    return None


def _within(year: int, m: re.Match[str]) -> Days:
    """The days of `year` that the groups of _IN_YEAR name; all of it where they name none."""
    found = {name: value for name, value in m.groupdict().items() if value}
    if "half" in found:
        first = 1 if found["half"] == "상" else 7
        return date(year, first, 1), whole_month(year, first + 5)[1]
    if "q" in found:
        return date(year, int(found.get("q0", found["q"])) * 3 - 2, 1), whole_month(year, int(found["q"]) * 3)[1]
    if "m" not in found:
        return whole_year(year)
    month = int(found["m"])
    first = int(found.get("m0", month))
    until = year + (first > month)  # 11~2월 ends in the next year
    if "d" in found:
        return date(year, first, int(found.get("d0", found["d"]))), date(until, month, int(found["d"]))
    if "part" in found:
        return _part(year, month, found["part"])
    return date(year, first, 1), whole_month(until, month)[1]


def _part(year: int, month: int, part: str) -> Days:
    first, last = whole_month(year, month)
    if part in ("초", "초순", "상순"):
        return first, first.replace(day=10)
    return (first.replace(day=11), first.replace(day=20)) if part == "중순" else (first.replace(day=21), last)


def _by_unit(m: re.Match[str], today: date) -> Days:
    step = _MONTHS[m["named"]] if m["named"] else _WHICH[m["which"]]
    if m["named"] or m["month"]:
        year, month = _month(today, step)
        if m["d"]:
            return (date(year, month, int(m["d"])),) * 2
        return _part(year, month, m["part"]) if m["part"] else whole_month(year, month)
    if m["quarter"]:
        year, month = _month(today, 3 * step - (today.month - 1) % 3)
        return date(year, month, 1), whole_month(year, month + 2)[1]
    monday, sunday = _week(day_after(today, 7 * step))
    return (day_after(monday, "월화수목금토일".index(m["weekday"])),) * 2 if m["weekday"] else (monday, sunday)


def _lone_edge(edge: str, today: date) -> Days:
    """The latest that has begun."""
    if edge == "연말":
        year = today.year - (today.month < 10)
        return date(year, 10, 1), date(year, 12, 31)
    return _part(*_month(today, -1 if edge == "월말" and today.day < 21 else 0), edge[1])


def _back(m: re.Match[str], today: date) -> date:
    """The day that lies the length in `m` before `today`; the last of its month where that has no such day."""
    if m["days"]:
        return day_after(today, -_LENGTHS[m["days"]])
    n = 0 if m["halfyear"] else _COUNTS.get(m["n"]) or int(m["n"])
    if m["unit"] in ("일", "주", "주일"):
        return day_after(today, -n * (1 if m["unit"] == "일" else 7))
    months = n * (12 if m["unit"] in ("년", "해") else 1)
    months += 6 if m["halfyear"] or (m["andhalf"] and m["unit"] == "년") else int(m["more"] or 0)
    first, last = whole_month(*_month(today, -months))
    return first.replace(day=min(today.day, last.day))


def _ago(m: re.Match[str], today: date) -> Days:
    day = _back(m, today)
    if m["days"] or m["unit"] == "일":
        return day, day
    if m["unit"] in ("주", "주일"):
        return _week(day)
    if m["unit"] in ("년", "해") and not (m["andhalf"] or m["more"]):
        return whole_year(day.year)
    return whole_month(day.year, day.month)


def _week(day: date) -> Days:
    monday = day_after(day, -day.weekday())
    return monday, day_after(monday, 6)


def _month(today: date, months: int) -> tuple[int, int]:
    year, month = divmod(today.year * 12 + today.month - 1 + months, 12)
    return year, month + 1
