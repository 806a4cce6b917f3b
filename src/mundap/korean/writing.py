"""One way to write what can be written in several: plain characters, and amounts as 1만 달러, 750밀리리터, 2병."""

from __future__ import annotations

from decimal import Decimal

from mundap.korean.quantities import Quantity, quantities
from mundap.korean.widths import plain

WRITING = "w2"  # goes into the name of tokens; change it whenever `uniform` changes

_MONEY = {
    "KRW": "원",
    "USD": " 달러",
    "EUR": " 유로",
    "JPY": " 엔",
    "CNY": " 위안",
    "GBP": " 파운드",
    "HKD": " 홍콩달러",
    "CAD": " 캐나다달러",
    "AUD": " 호주달러",
    "SGD": " 싱가포르달러",
    "TWD": " 대만달러",
    "CHF": " 스위스프랑",
    "THB": " 바트",
    "RUB": " 루블",
    "IDR": " 루피아",
    "INR": " 루피",
    "VND": " 베트남동",
    "PHP": " 필리핀페소",
}
# A unit as it is said, for values of at least so much; the first that fits is used.
_MEASURES: dict[str, tuple[tuple[Decimal, str], ...]] = {
    "L": ((Decimal(1), "리터"), (Decimal("0.001"), "밀리리터")),
    "kg": ((Decimal(1), "킬로그램"), (Decimal("0.001"), "그램"), (Decimal("0.000001"), "밀리그램")),
    "m": ((Decimal(1000), "킬로미터"), (Decimal(1), "미터"), (Decimal("0.01"), "센티미터")),
    "m2": ((Decimal(1), "제곱미터"),),
    "inch": ((Decimal(1), "인치"),),
    "%": ((Decimal(1), "퍼센트"),),
    "%p": ((Decimal(1), "퍼센트포인트"),),
}
# A period is said in the largest unit that it is a whole number of.
_PERIODS = {"초": ((3600, "시간"), (60, "분")), "개월": ((12, "년"),)}


def uniform(text: str) -> str:
    """`text` with every quantity, and every full-width or squared character, in its one way of writing."""
    text = plain(text)
    parts, at = [], 0
    for one in quantities(text):
        parts += [text[at : one.start], written(one)]
        at = one.end
    return "".join([*parts, text[at:]])


def written(quantity: Quantity) -> str:
    """A quantity as Korean prose has it: 1만 달러, 3만5000원, 0.5퍼센트."""
    value, unit = quantity.value, quantity.unit
    if quantity.kind == "money":
        return _number(value) + _MONEY[unit]
    for factor, name in _PERIODS.get(unit, ()):
        if value and not value % factor:
            return _number(value / factor) + name
    for least, name in _MEASURES.get(unit, ()):
        if value >= least:
            return _number(value / least) + name
    return _number(value) + unit


def _number(value: Decimal) -> str:
    """In groups of ten thousand as it is said: 1만, 3만5000, 1억2000만."""
    whole, rest = divmod(value, 1)
    groups = [(int(whole) // scale % 10**4, name) for scale, name in ((10**8, "억"), (10**4, "만"), (1, ""))]
    if whole >= 10**12:
        groups = [(int(whole), "")]
    said = "".join(f"{number}{name}" for number, name in groups if number) or "0"
    return said + f"{rest.normalize():f}"[1:] if rest else said
