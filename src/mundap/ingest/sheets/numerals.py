"""Numbers in the numerals that [DBNum1], [DBNum2] and [DBNum4] of a format ask for: 一千二百, 壹阡貳百 and 일천이백.

After what a Korean Excel shows under 기타 > 숫자(한자), 숫자(한자-갖은자) and 숫자(한글). [DBNum3], Arabic digits of full
width, are digits once in normal form.
"""

from __future__ import annotations

from typing import NamedTuple


class _Numerals(NamedTuple):
    digits: str
    tens: tuple[str, str, str, str]
    myriads: tuple[str, str, str, str, str]


_KINDS = {
    "1": _Numerals("〇一二三四五六七八九", ("", "十", "百", "千"), ("", "萬", "億", "兆", "京")),
    "2": _Numerals("零壹貳參四五六七八九", ("", "拾", "百", "阡"), ("", "萬", "億", "兆", "京")),
    "4": _Numerals("영일이삼사오육칠팔구", ("", "십", "백", "천"), ("", "만", "억", "조", "경")),
}


def by_digit(shown: str, kind: str) -> str:
    """Each digit of `shown` by itself: 2024 is 二〇二四. A `kind` without numerals leaves them."""
    numerals = _KINDS.get(kind)
    return shown.translate({48 + n: sign for n, sign in enumerate(numerals.digits)}) if numerals else shown


def in_words(shown: str, kind: str, one: bool = True) -> str:
    """A number in full: 1234 is 一千二百三十四. Digits behind a point stand by themselves. `one` is whether ten is 一十,
    as in amounts, or 十, as in dates."""
    numerals = _KINDS.get(kind)
    sign, number = shown[: shown.startswith("-")], shown.removeprefix("-")
    whole, point, rest = number.partition(".")
    if numerals is None or not (whole.isascii() and whole.isdigit()) or int(whole) >= 10**20:
        return shown
    said = "".join(
        f"{_below_myriad(int(part), numerals, one)}{numerals.myriads[n]}"
        for n, part in reversed([*enumerate(_fours(whole))])
        if int(part)
    )
    return f"{sign}{said or numerals.digits[0]}{point}{by_digit(rest, kind)}"


def _fours(whole: str) -> list[str]:
    """The digits in groups of four, the last first."""
    return [whole[max(end - 4, 0) : end] for end in range(len(whole), 0, -4)]


def _below_myriad(number: int, numerals: _Numerals, one: bool) -> str:
    return "".join(
        ("" if digit == "1" and n and not one else numerals.digits[int(digit)]) + numerals.tens[n]
        for n, digit in reversed([*enumerate(reversed(str(number)))])
        if digit != "0"
    )
