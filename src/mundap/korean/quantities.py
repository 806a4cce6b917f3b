"""The quantities that a text names, each as one number of one unit: 만불, $10,000 and 미화 1만 달러 are the same."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache

from mundap.korean.numerals import DAYS, DIGITS, IN_DIGITS, IN_WORDS, NATIVE, NATIVE_WORDS, native_value, value
from mundap.korean.units import (
    BEFORE,
    BEHIND,
    CURRENCIES,
    KINDS,
    NATIVE_TOUCHING,
    SINO_ALONE,
    SINO_TOUCHING,
    Unit,
)
from mundap.korean.widths import plain_with_origins


@dataclass(frozen=True, slots=True)
class Quantity:
    """`text[start:end]` says `value` of `unit`: a currency by its ISO code ("USD"), "L", "kg", "m", "m2", "%", "%p",
    "초", "일", "개월", "세", or the counter itself ("병").

    What has another unit is converted: 750㎖ is 0.75 L, 2주 is 14 일, 1년 is 12 개월, 2시간 is 7200 초.
    """

    start: int
    end: int
    value: Decimal
    unit: str

    @property
    def kind(self) -> str:
        """money, volume, weight, length, area, temperature, size, percent, period, age or count."""
        return "money" if self.unit in CURRENCIES else KINDS.get(self.unit, "count")


def quantities(text: str) -> list[Quantity]:
    """The quantities in order of appearance, none within another.

    Dates (2024년, 3월 15일), ordinals (제3조, 두 번째) and vague numbers (수만원, 한두 병, 10여 명) are none. Both ends
    of 100~200달러 are quantities; the first has no unit in its span.
    """
    said, origins = plain_with_origins(text)
    found = [*_in_digits(said), *_in_words(said), *_days(said), *_hundredths(said)]
    return [replace(one, start=origins[one.start], end=origins[one.end]) for one in sorted(found, key=_place)]


def _place(one: Quantity) -> int:
    return one.start


def _core(form: str) -> str:
    return form.split("(?!")[0]


def _any(forms: Mapping[str, Unit]) -> str:
    """A pattern for one of the forms, longer ones first; letters end where Latin letters end."""
    ordered = sorted(forms, key=lambda form: (-len(_core(form)), form))
    return "|".join(form + ("(?![A-Za-z0-9])" if re.search(r"[A-Za-z\]0-9]$", form) else "") for form in ordered)


_DIGIT = re.compile(r"\d")
_WITH_DIGITS = re.compile(rf"(?P<number>{IN_DIGITS})(?: ?(?P<unit>{_any(BEHIND)}))?")
_BEFORE = re.compile(rf"(?<![A-Za-z])(?P<before>{_any(BEFORE)}) ?\Z")
_NO_START = re.compile(r"(?:[0-9A-Za-z제]|제 |[0-9][.,:/])\Z")
_HEAD = re.compile(r"(?<![가-힣0-9])[일이삼사오육칠팔구십백천]*만 ?\Z")  # of 만 5천원
_LOOK_BACK = 12  # characters; no unit before a number, and no 만 of it, is longer
_PARTICLES = (
    "(?:은|는|이|가|을|를|의|에게|에서|에는|에도|에|도|만|과|와|으로|로|까지|부터|이상|이하|이내|미만|초과|정도|씩|당|마다|짜리|간|이나|나"
    "|밖에|처럼|보다|중|들|쯤|가량|내외|상당|어치|동안|내|남짓|이고|이며|이면|면|요)*"
)
_TAIL = rf"{_PARTICLES}(?:(?:이|인|입|일|였|예)[가-힣]{{0,4}})?(?![가-힣])"
_FIRST = "".join(
    sorted({word[0] for word in (*NATIVE_WORDS, *DAYS)} | set("일이삼사오육칠팔구십백천만억미한약총각최단"))
)
_BEGINNING = re.compile(rf"(?:[^가-힣A-Za-z0-9]|\A)[{_FIRST}]")
_VAGUE = re.compile(r"(?:수|몇) \Z")
_WITH_WORDS = re.compile(
    r"(?:(?P<before>미화|한화) ?)?(?:(?:약|총|각|최대|최소|단) ?)?"
    rf"(?:(?P<sino>{IN_WORDS})|(?P<native>{NATIVE}))(?P<gap> ?)(?P<unit>{_any(BEHIND)}){_TAIL}"
)
_DAYS = re.compile(rf"({'|'.join(DAYS)}){_TAIL}")
_HUNDREDTHS = re.compile(rf"(?<![\d.,])(?:100|백) ?분의 ?(?P<number>{DIGITS}|{IN_WORDS})")
_RANGE = re.compile(r" ?[~∼～〜] ?| ?[-–] ?")
_IN_YEAR = re.compile(r" ?\d{1,2} ?월")
_SCALE = re.compile(rf"({DIGITS}) ?([십백천만억조]+)")


@cache
def _unit(written: str, side: str = "behind") -> tuple[str, Unit]:
    """The unit that is written so, and its form."""
    forms = BEFORE if side == "before" else BEHIND
    return next((_core(form), unit) for form, unit in forms.items() if re.fullmatch(_core(form), written))


def _in_digits(text: str) -> Iterator[Quantity]:
    low: _Number | None = None  # a number without a unit, which the next one may have
    at = 0
    while found := _DIGIT.search(text, at):
        match = _WITH_DIGITS.match(text, found.start())
        assert match is not None
        before, low = low, None
        number = _number(text, match)
        at = match.end("number")
        if number is None:
            continue
        form, unit = _unit(match["unit"]) if match["unit"] else ("", None)
        money = _BEFORE.search(text[max(0, number.start - _LOOK_BACK) : number.start])
        start, end = number.start, match.end()
        if money and (unit is None or unit.name not in CURRENCIES):
            unit, end = _unit(money["before"], "before")[1], match.end("number")
        if unit is None:
            low = number if not _NO_START.search(text, max(0, start - 2), start) else None
            continue
        at = end
        if money:
            start -= len(money.group())
        elif _NO_START.search(text, max(0, start - 2), start) or _dated(text, match, form, number.value):
            continue
        if (
            before
            and _RANGE.fullmatch(text, before.end, start)
            and (lower := _lower(before, match, number)) is not None
        ):
            yield Quantity(before.start, before.end, lower * unit.factor, unit.name)
        elif start and text[start - 1] in "-–" and text[: start - 1][-1:].isdigit():
            continue  # the end of a number in parts: 02-123-4567, 2023-15
        yield Quantity(start, end, number.value * unit.factor, unit.name)


@dataclass(frozen=True, slots=True)
class _Number:
    start: int
    end: int
    value: Decimal
    written: str


def _number(text: str, match: re.Match[str]) -> _Number | None:
    """The number of a match, with the 만 in words that it may begin with (만 5천)."""
    start, written = match.start("number"), match["number"]
    if written[-1] in "십백천" and (head := _HEAD.search(text[max(0, start - _LOOK_BACK) : start])):
        start -= len(head.group())
        written = head.group() + written
    said = value(written)
    return None if said is None else _Number(start, match.end("number"), said, written)


def _lower(low: _Number, high: re.Match[str], most: _Number) -> Decimal | None:
    """What the first number of a range says: 1 of 1~2만 is 10,000; None if it is not below the second."""
    scaled = _SCALE.fullmatch(high["number"])
    said: Decimal | None = low.value
    if scaled and low.written.isdigit() and low.value < (value(scaled[1]) or 0):
        said = value(low.written + scaled[2])
    return said if said is not None and said < most.value else None


def _dated(text: str, match: re.Match[str], form: str, number: Decimal) -> bool:
    """Whether it is a date, or the name of something, that only looks like a quantity."""
    written = match["number"]
    if form == "년":
        return bool(_IN_YEAR.match(text, match.end())) or (len(written) == 4 and 1900 <= number < 2100)
    if form == "일":
        return text[: match.start()].rstrip().endswith("월")
    touching = match.end("number") == match.start("unit")
    if form == "프로":  # 아이폰 15 프로, 아이폰15프로
        return not touching or bool(re.search(r"[가-힣A-Za-z]\Z", text[: match.start()]))
    return form == "대" and touching and number in range(10, 100, 10)  # 20대: people of an age


def _places(text: str) -> Iterator[int]:
    """Where a word may begin that says a number."""
    for match in _BEGINNING.finditer(text):
        place = match.end() - 1
        if not _VAGUE.search(text, max(0, place - 2), place):
            yield place


def _in_words(text: str) -> Iterator[Quantity]:
    for place in _places(text):
        if not (match := _WITH_WORDS.match(text, place)):
            continue
        form, unit = _unit(match["unit"])
        number = _sino(match, form, unit) if match["sino"] else _native(match, form, unit)
        if number is not None:
            name = "회" if match["native"] and unit.name == "번" else unit.name
            start = match.start("before" if match["before"] else "sino" if match["sino"] else "native")
            yield Quantity(start, match.end("unit"), number * unit.factor, name)


def _sino(match: re.Match[str], form: str, unit: Unit) -> Decimal | None:
    word, touches = match["sino"].replace(" ", ""), not match["gap"]
    if len(word) == 1 and word in "일이삼사오육칠팔구":
        if form not in SINO_ALONE or (word == "이" and (not touches or form == "년")):
            return None
    elif len(word) == 1:
        if unit.name not in CURRENCIES and form not in SINO_TOUCHING and (touches or unit.name == "세"):
            return None
    elif re.fullmatch("[백천만억][일이삼사오육칠팔구]", word):  # 만일, 천일
        return None
    return value(word)


def _native(match: re.Match[str], form: str, unit: Unit) -> Decimal | None:
    if not unit.counts or (not match["gap"] and len(form) == 1 and form not in NATIVE_TOUCHING):
        return None
    return native_value(match["native"])


def _days(text: str) -> Iterator[Quantity]:
    for place in _places(text):
        if match := _DAYS.match(text, place):
            yield Quantity(match.start(1), match.end(1), Decimal(DAYS[match[1]]), "일")


def _hundredths(text: str) -> Iterator[Quantity]:
    if "분의" not in text:
        return
    for match in _HUNDREDTHS.finditer(text):
        if (number := value(match["number"])) is not None:
            yield Quantity(match.start(), match.end(), number, "%")
