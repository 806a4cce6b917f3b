"""Personal numbers and addresses in a text, replaced by what they are: by form alone, so that nothing is looked up.

Rather too much is masked than too little; amounts, dates, article numbers and HS codes are left as they are.
"""

from __future__ import annotations

import re

_GAP = r"[\s.·‐‑‒–—−-]"  # what people put between groups of digits
_START, _END = r"(?<![\d])", r"(?![\d])"
_AREA = r"(?:1[016-9]|2|[3-6]\d|70|50\d)"

# In this order: what is more particular comes first.
_RULES = (
    ("이메일", r"[\w.%+-]+\s?@\s?[\w-]+(?:\.[\w-]+)+"),
    ("외국인등록번호", rf"{_START}\d{{2}}[01]\d[0-3]\d{_GAP}?[5-8]\d{{6}}{_END}"),
    ("주민등록번호", rf"{_START}\d{{2}}[01]\d[0-3]\d{_GAP}?[0-49][\d*]{{6}}{_END}"),
    ("카드번호", rf"{_START}\d{{4}}(?:{_GAP}?\d{{4}}){{3}}{_END}|{_START}3\d{{3}}{_GAP}?\d{{6}}{_GAP}?\d{{5}}{_END}"),
    (
        "전화번호",
        rf"{_START}(?:\+?82{_GAP}?(?:\(0?{_AREA}\)|(?:\(0\)|0)?{_AREA})|\(0{_AREA}\)|0{_AREA}){_GAP}?\d{{3,4}}{_GAP}?\d{{4}}{_END}",
    ),
    ("여권번호", r"(?<![A-Za-z\d])[A-Za-z]\d{8}(?!\d)|(?<![A-Za-z\d])[A-Za-z]\d{3}[A-Za-z]\d{4}(?!\d)"),
    ("계좌번호", rf"{_START}\d{{2,6}}-\d{{2,6}}-\d{{2,8}}(?:-\d{{1,4}})?{_END}"),
    ("번호", rf"{_START}\d{{10,20}}{_END}"),
)
_ANY = re.compile("|".join(f"(?P<k{n}>{pattern})" for n, (_, pattern) in enumerate(_RULES)))
_DIGITS = re.compile(r"\d")
_PLAIN = str.maketrans("０１２３４５６７８９", "0123456789")
_FEWEST = 10  # digits of an account; a date has eight


def mask(text: str) -> str:
    """`text` with registration, card, phone, passport and account numbers and mail addresses as [주민등록번호] …

    Full-width digits become plain ones.
    """
    return _ANY.sub(_replaced, text.translate(_PLAIN))


def mask_as_in(source: str, text: str) -> str:
    """`text` with that masked which `mask` finds in `source`."""
    for found in _ANY.finditer(source.translate(_PLAIN)):
        text = text.replace(found.group(), _replaced(found))
    return text


def _replaced(found: re.Match[str]) -> str:
    kind, _ = _RULES[int((found.lastgroup or "k0")[1:])]
    if kind == "계좌번호" and len(_DIGITS.findall(found.group())) < _FEWEST:
        return found.group()
    return f"[{kind}]"
