"""Numbers as Korean writes them: 10,000, 1만 5천, 1천만, 오십만, 열두."""

from __future__ import annotations

import re
from decimal import Decimal

DIGITS = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?"
_SCALED = rf"{DIGITS} ?(?:[십백천] ?[만억조]|[십백천만억조])"
IN_DIGITS = rf"(?:{_SCALED}(?: ?{_SCALED})*(?: ?{DIGITS})?|{DIGITS})"  # 3; 3만; 3만 5천; 1억 2,000만
_SINO = "일이삼사오육칠팔구"
IN_WORDS = rf"[{_SINO}십백천만억]+(?: [{_SINO}십백천만억]+){{0,3}}"  # 오십만; 삼만 오천
_SMALL = {"십": 10, "백": 100, "천": 1000}
_BIG = {"만": 10**4, "억": 10**8, "조": 10**12}
_ONES = "하나|한|둘|두|셋|세|석|넷|네|넉|다섯|여섯|일곱|여덟|아홉"
_TENS = "열|스물|서른|마흔|쉰|예순|일흔|여든|아흔"
NATIVE = rf"(?:(?:{_TENS})(?:{_ONES})?|스무|{_ONES})"
_NATIVE = {
    **dict(zip(_TENS.split("|"), range(10, 100, 10), strict=True)),
    **dict(zip(_ONES.split("|"), (1, 1, 2, 2, 3, 3, 3, 4, 4, 4, 5, 6, 7, 8, 9), strict=True)),
    "스무": 20,
}
DAYS = {
    "하루": 1,
    "이틀": 2,
    "사흘": 3,
    "나흘": 4,
    "닷새": 5,
    "엿새": 6,
    "이레": 7,
    "여드레": 8,
    "아흐레": 9,
    "열흘": 10,
    "보름": 15,
}
NATIVE_WORDS = tuple(_NATIVE)
_PIECE = re.compile(rf"{DIGITS}|\S")


def value(written: str) -> Decimal | None:
    """The number that is written in digits, in Sino-Korean words or in both; None if it is none (이삼, 만만)."""
    total, section, number = Decimal(0), Decimal(0), None
    least, small = Decimal(10**16), Decimal(10**4)  # each scale must be below the one before it
    for piece in _PIECE.findall(written):
        if piece in _SMALL:
            if _SMALL[piece] >= small:
                return None
            small = Decimal(_SMALL[piece])
            section += small * (1 if number is None else number)
            number = None
        elif piece in _BIG:
            if _BIG[piece] >= least:
                return None
            least, small = Decimal(_BIG[piece]), Decimal(10**4)
            total += least * ((section + (number or 0)) or 1)
            section, number = Decimal(0), None
        elif number is not None:
            return None
        else:
            number = Decimal(_SINO.index(piece) + 1) if piece in _SINO else Decimal(piece.replace(",", ""))
    return total + section + (number or 0)


def native_value(written: str) -> Decimal:
    """The number that a native numeral says: 두 is 2, 열두 is 12."""
    head = next((tens for tens in _NATIVE if written.startswith(tens) and _NATIVE[tens] >= 10), "")
    rest = written[len(head) :]
    return Decimal(_NATIVE.get(head, 0) + _NATIVE.get(rest, 0))
