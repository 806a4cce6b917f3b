"""Numbers as a spreadsheet shows them: format codes such as `#,##0"원"`, `0.0%`, `yyyy-mm-dd` and `[h]:mm`.

After ECMA-376 part 1, 18.8.30 and 18.8.31. What depends on the width of a column (fills, ####) is left out, and integers
without a format are never shortened to powers of ten.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import lru_cache

from mundap.ingest.sheets.date_format import DATE_TOKEN, date_shower, is_date
from mundap.ingest.sheets.numerals import by_digit, in_words

GENERAL = "General"
_ACCOUNT = '_-{0}* #,##0{1}_-;-{0}* #,##0{1}_-;_-{0}* "-"_-;_-@_-'
# Those that workbooks name by number alone, as a Korean Excel shows them (ECMA-376 18.8.30, ko-kr).
BUILT_IN: dict[int, str] = {
    0: GENERAL,
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    5: '"₩"#,##0;-"₩"#,##0',
    6: '"₩"#,##0;-"₩"#,##0',
    7: '"₩"#,##0.00;-"₩"#,##0.00',
    8: '"₩"#,##0.00;-"₩"#,##0.00',
    9: "0%",
    10: "0.00%",
    11: "0.00E+00",
    12: "# ?/?",
    13: "# ??/??",
    14: "yyyy-mm-dd",
    15: "d-mmm-yy",
    16: "d-mmm",
    17: "mmm-yy",
    18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM",
    20: "h:mm",
    21: "h:mm:ss",
    22: "yyyy-mm-dd h:mm",
    27: 'yyyy"年" mm"月" dd"日"',
    28: "mm-dd",
    29: "mm-dd",
    30: "mm-dd-yy",
    31: 'yyyy"년" mm"월" dd"일"',
    32: 'h"시" mm"분"',
    33: 'h"시" mm"분" ss"초"',
    34: "yyyy-mm-dd",
    35: "yyyy-mm-dd",
    36: 'yyyy"年" mm"月" dd"日"',
    37: "#,##0_);(#,##0)",
    38: "#,##0_);(#,##0)",
    39: "#,##0.00_);(#,##0.00)",
    40: "#,##0.00_);(#,##0.00)",
    41: _ACCOUNT.format("", ""),
    42: _ACCOUNT.format('"₩"', ""),
    43: _ACCOUNT.format("", ".00"),
    44: _ACCOUNT.format('"₩"', ".00"),
    45: "mm:ss",
    46: "[h]:mm:ss",
    47: "mm:ss.0",
    48: "##0.0E+0",
    49: "@",
    50: 'yyyy"年" mm"月" dd"日"',
    51: "mm-dd",
    52: "yyyy-mm-dd",
    53: "yyyy-mm-dd",
    54: "mm-dd",
    55: "yyyy-mm-dd",
    56: "yyyy-mm-dd",
    57: 'yyyy"年" mm"月" dd"日"',
    58: "mm-dd",
}

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|_(?P<blank>.)|\*(?P<fill>.)|\[(?P<bracket>[^\]]*)\]'
    rf"|(?P<general>General|G/표준)|(?P<date>{DATE_TOKEN})|(?P<exponent>[Ee][+-])"
    r"|(?P<place>[0#?])|(?P<point>\.)|(?P<comma>,)|(?P<percent>%)|(?P<slash>/)|(?P<text>@)|(?P<plain>.)",
    re.IGNORECASE | re.DOTALL,
)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?[\d.]+)")
_SYSTEMS = {"F800": "F800", "F400": "F400", "X-SYSDATE": "F800", "X-SYSTIME": "F400"}
_NUMERALS = re.compile(r"DBNum(\d)", re.IGNORECASE)
_KOREAN = re.compile(r"(?:0{0,5}|[0-9a-f]{1,4})412|ko(?:-kr)?(?:,.*)?", re.IGNORECASE)  # [$-412], [$-ko-KR]
_ELAPSED = re.compile(r"h+|m+|s+", re.IGNORECASE)
_SIGNED = re.compile(r"(^\s*-)\s+$")  # a minus that a fill keeps away from its number, as those of amounts do
_SPACES = re.compile(r" {2,}")
_LONGEST = 100  # digits behind the point; a longer format is no use to anybody

Token = tuple[str, str]
Show = Callable[[float], str]


@dataclass(frozen=True)
class Format:
    """A compiled format code, and whether its cells are struck out. `number` shows a value; `words`, what it makes of a text, has @ where that stands."""

    number: Show
    words: str = "@"
    plain: bool = False  # General: a number is shown by itself
    struck: bool = False  # the letters are struck out

    def text(self, value: str) -> str:
        """A text as this format shows it."""
        return value if self.words == "@" else self.words.replace("@", value).strip()


@lru_cache(maxsize=4096)
def compiled(code: str, since_1904: bool = False) -> Format:
    """The format of a code. One that cannot be read shows numbers as General does."""
    if code.strip().lower() in ("", "general", "g/표준"):
        return Format(general, plain=True)
    if code.strip() == "@":
        return Format(general)
    sections = _sections(code)
    words = next(
        (s for s in sections[3:4] or sections[:1] if len(sections) > 3 or any(kind == "text" for kind, _ in s)), None
    )
    said = "@" if words is None else _literal(words)
    numbers = [s for s in sections[:3] if not any(kind == "text" for kind, _ in s)]
    if not numbers:
        return Format(general, said)
    shows = [_shown(section, since_1904) for section in numbers]
    conditions = [_condition(section) for section in numbers]
    return Format(lambda value: _by_section(value, shows, conditions), said)


def general(value: float) -> str:
    """A number without a format: integers in full, others in at most ten digits and a point, as a wide cell shows them."""
    if value != value or value in (float("inf"), float("-inf")):
        return str(value)
    if float(value).is_integer():
        return str(int(value)) if abs(value) < 1e20 else f"{value:.5E}"
    if abs(value) < 1e-9:
        digits, _, power = f"{value:.5E}".partition("E")
        return f"{digits.rstrip('0').rstrip('.')}E{power}"
    whole = len(str(int(abs(value))))
    shown = f"{Decimal(f'{value:.15g}'):.{max(10 - whole, 0)}f}"
    return _as_zero(shown.rstrip("0").rstrip(".")) if "." in shown else _as_zero(shown)


def _as_zero(shown: str) -> str:
    return "0" if shown == "-0" else shown


def _sections(code: str) -> list[list[Token]]:
    sections: list[list[Token]] = [[]]
    for match in _TOKEN.finditer(code):
        kind = match.lastgroup or "plain"
        if kind == "plain" and match.group() == ";":
            sections.append([])
        elif kind == "bracket":
            sections[-1].append(_bracket(match["bracket"]))
        else:
            sections[-1].append((kind, _won(match[kind])))
    return sections


def _won(said: str) -> str:
    """The backslash of a Korean code page is drawn as ₩, and so it stands in formats of money."""
    return "₩" if said == "\\" else said


def _bracket(inner: str) -> Token:
    if inner.startswith("$"):
        sign, _, place = inner[1:].partition("-")
        if place.upper() in _SYSTEMS:
            return "system", _SYSTEMS[place.upper()]
        return ("korean", "") if not sign and _KOREAN.fullmatch(place) else ("quoted", _won(sign))
    if _ELAPSED.fullmatch(inner):
        return "elapsed", inner.lower()
    if numerals := _NUMERALS.fullmatch(inner):
        return "numerals", numerals[1]
    return ("condition", inner) if _CONDITION.fullmatch(inner) else ("quoted", "")  # a colour


def _literal(tokens: Sequence[Token]) -> str:
    return _SPACES.sub(" ", "".join("@" if kind == "text" else _fixed(kind, said) for kind, said in tokens)).strip()


def _fixed(kind: str, said: str) -> str:
    """What a token that stands for itself shows."""
    if kind == "fill":
        return " " if said == " " else ""
    return " " if kind == "blank" else "" if kind in ("condition", "numerals") else said


def _condition(section: Sequence[Token]) -> tuple[str, float] | None:
    for kind, said in section:
        if kind == "condition" and (match := _CONDITION.fullmatch(said)):
            return match[1], float(match[2])
    return None


def _by_section(value: float, shows: Sequence[Show], conditions: Sequence[tuple[str, float] | None]) -> str:
    if any(conditions):
        for show, condition in zip(shows, conditions, strict=True):
            if condition is None or _meets(value, *condition):
                return show(value)
        return general(value)
    if len(shows) == 1 or value > 0:
        return shows[0](value)
    if value < 0:
        return shows[1](-value)
    return shows[2](0.0) if len(shows) > 2 else shows[0](0.0)


def _meets(value: float, sign: str, other: float) -> bool:
    return {
        "<": value < other,
        ">": value > other,
        "<=": value <= other,
        ">=": value >= other,
        "=": value == other,
        "<>": value != other,
    }[sign]


def _shown(tokens: Sequence[Token], since_1904: bool) -> Show:
    if is_date(tokens):
        dates = date_shower(tokens, since_1904)
        return lambda value: _trimmed(dates(value) or general(value))
    kinds = [kind for kind, _ in tokens]
    numerals = next((said for kind, said in tokens if kind == "numerals"), "")
    if "general" in kinds:
        return lambda value: _trimmed(
            "".join(
                in_words(general(value), numerals) if kind == "general" else _fixed(kind, said) for kind, said in tokens
            )
        )
    if numerals and "place" not in kinds and all(kind == "numerals" for kind in kinds):
        return lambda value: in_words(general(value), numerals)
    if "place" not in kinds:
        fixed = _trimmed("".join(_fixed(kind, said) for kind, said in tokens))
        return lambda value: f"-{fixed}" if value < 0 and fixed else fixed
    if "exponent" in kinds:
        return lambda value: _trimmed(_scientific(tokens, value))
    if "slash" in kinds[kinds.index("place") :] and any(said in "?#0" for kind, said in tokens if kind == "place"):
        return lambda value: _trimmed(_fraction(tokens, value))
    return _decimal(tokens)


def _trimmed(shown: str) -> str:
    return _SPACES.sub(" ", shown).strip()


def _decimal(tokens: Sequence[Token]) -> Show:
    """How a number with digits before and behind a point is shown, literals among its digits included."""
    places = [n for n, (kind, _) in enumerate(tokens) if kind == "place"]
    points = [n for n, (kind, _) in enumerate(tokens) if kind == "point"]
    point = points[0] if points else len(tokens)
    before = [n for n in places if n < point]
    behind = [n for n in places if n > point][:_LONGEST]
    last = before[-1] if before else -1
    commas = [n for n, (kind, _) in enumerate(tokens) if kind == "comma"]
    numerals = next((said for kind, said in tokens if kind == "numerals"), "")
    grouped = any(before and before[0] < n < last for n in commas)
    thousands = sum(n > places[-1] or last < n < point for n in commas)
    scale = Decimal(10) ** (2 * sum(kind == "percent" for kind, _ in tokens) - 3 * thousands)
    most, least = len(behind), max((k for k, n in enumerate(behind, 1) if tokens[n][1] == "0"), default=0)
    minimum = len(before) - next((k for k, n in enumerate(before) if tokens[n][1] == "0"), len(before))
    quantum = Decimal(1).scaleb(-most)
    first = min(places[0], point)
    end = max(places[-1], point if points else -1)
    broken = any(kind not in ("place", "comma", "point") for kind, _ in tokens[first:end])
    prefix = _SIGNED.sub(r"\1", "".join(_mark(kind, said) for kind, said in tokens[:first]))
    suffix = "".join(_mark(kind, said) for kind, said in tokens[end + 1 :])

    def digits(value: float) -> tuple[bool, str, str]:
        number = (Decimal(f"{value:.15g}") * scale).quantize(quantum, ROUND_HALF_UP) if abs(value) < 1e20 else None
        if number is None:
            return value < 0, f"{abs(value):.0f}", "0" * least
        whole, _, rest = f"{abs(number):f}".partition(".")
        whole = "" if whole == "0" and not minimum else whole.rjust(minimum, "0")
        while len(rest) > least and rest.endswith("0"):
            rest = rest[:-1]
        return number < 0, whole, rest

    def show(value: float) -> str:
        minus, whole, rest = digits(value)
        if broken:
            body = _interleaved(tokens[first : end + 1], whole, rest)
        else:
            body = f"{_by_thousands(whole) if grouped else whole}{f'.{rest}' if points else ''}"
        return _trimmed(f"{'-' if minus else ''}{prefix}{by_digit(body, numerals)}{suffix}")

    return show


def _mark(kind: str, said: str) -> str:
    return "" if kind == "comma" else _fixed(kind, said)


def _by_thousands(whole: str) -> str:
    return f"{int(whole):,}".rjust(len(whole), "0") if whole else whole


def _interleaved(tokens: Sequence[Token], whole: str, rest: str) -> str:
    """Digits in their places among literals, as 000-00-00000 has them; those that are left over stand in the first."""
    before = [n for n, (kind, _) in enumerate(tokens) if kind == "place"]
    point = next((n for n, (kind, _) in enumerate(tokens) if kind == "point"), len(tokens))
    ahead = [n for n in before if n < point]
    filled: dict[int, str] = {}
    left = whole
    for n in reversed(ahead):
        filled[n], left = (left[-1:], left[:-1]) if n != ahead[0] else (left, "")
    for n, digit in zip([n for n in before if n > point], rest, strict=False):
        filled[n] = digit
    shown = []
    for n, (kind, said) in enumerate(tokens):
        shown.append(filled.get(n, "") if kind == "place" else "." if kind == "point" else _mark(kind, said))
    return "".join(shown)


def _scientific(tokens: Sequence[Token], value: float) -> str:
    at = next(n for n, (kind, _) in enumerate(tokens) if kind == "exponent")
    mantissa, power = tokens[:at], tokens[at + 1 :]
    whole = sum(kind == "place" for kind, _ in _until_point(mantissa)) or 1
    decimals = sum(kind == "place" for kind, _ in mantissa) - sum(kind == "place" for kind, _ in _until_point(mantissa))
    number = Decimal(f"{value:.15g}")
    exponent = number.adjusted() if number else 0
    exponent -= exponent % whole if whole > 1 else 0
    scaled = number.scaleb(-exponent).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    if abs(scaled) >= 10**whole:
        exponent, scaled = exponent + whole, scaled.scaleb(-whole).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    width = sum(kind == "place" and said == "0" for kind, said in power)
    sign = "-" if exponent < 0 else "+" if tokens[at][1].endswith("+") else ""
    ends = "".join(_fixed(kind, said) for kind, said in power if kind != "place")
    return f"{scaled}{tokens[at][1][0]}{sign}{str(abs(exponent)).rjust(width, '0')}{ends}"


def _until_point(tokens: Sequence[Token]) -> list[Token]:
    kinds = [kind for kind, _ in tokens]
    return list(tokens[: kinds.index("point")] if "point" in kinds else tokens)


def _fraction(tokens: Sequence[Token], value: float) -> str:
    kinds = [kind for kind, _ in tokens]
    slash = kinds.index("slash", kinds.index("place"))
    fixed = "".join(said for kind, said in tokens[slash + 1 :] if kind == "plain" and said.isdigit())
    most = int(fixed) if fixed else 10 ** max(sum(kind == "place" for kind in kinds[slash:]), 1) - 1
    apart = kinds.index("place") < slash - 1 and any(
        said == " " for kind, said in tokens[kinds.index("place") : slash] if kind in ("plain", "quoted", "escaped")
    )
    exact = Fraction(abs(value)).limit_denominator(10**9)
    whole = int(exact) if apart else 0
    rest = exact - whole
    near = Fraction(round(rest * most), most) if fixed else rest.limit_denominator(most)
    if apart and near >= 1:
        whole, near = whole + 1, Fraction(0)
    parts = [str(whole)] if whole or not near else []
    times = most // near.denominator if fixed else 1
    parts += [f"{near.numerator * times}/{near.denominator * times}"] if near or not apart else []
    return f"{'-' if value < 0 else ''}{' '.join(parts)}"
