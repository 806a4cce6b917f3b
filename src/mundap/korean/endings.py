"""Speech levels: how a Korean sentence ends towards its listener, read from its last morpheme."""

from __future__ import annotations

import re
from typing import Literal

from mundap.korean.kiwi import kiwi
from mundap.korean.sentences import sentences

Level = Literal["해요체", "합쇼체", "해체", "해라체"]

_ENDINGS = ("EF", "EC")  # EC: a sentence that breaks off ends so, "좋은데."
_SAID = (*_ENDINGS, "JX", "MM", "IC")  # 요 is a particle too ("왜요?"), and part of greetings
_BESIDE = ("SF", "SP", "SS", "SE", "SO", "SW", "SB", "W_", "Z_")  # marks, emoji, letters that play
_POLITE = re.compile(r".*(요|죠)")
_FORMAL = re.compile(r"(ᆸ|습)니[다까]|ᆸ시[다오]|십시오|(ᆸ|습)디[다까]")
_PLAIN = re.compile(
    r"(ᆫ|는)?다|[으느]?냐|으?니|[어아여거너으]?라|자|(ᆫ|는|로)?구나|(ᆫ|는)?단다|란다|으?마|으?렴|으?려무나|노라|도다|느니라"
)
_OTHER = frozenset(("음", "ᆷ", "기", "오", "소", "구려", "는가", "ᆫ가", "은가"))  # nominal, 하오체, 하게체


def speech_levels(text: str) -> list[Level | Literal[""]]:
    """The speech level of each sentence, in order; "" for one that ends in none of the four, as in a noun (면세됨).

    A sentence that is only an exclamation (네!) is left out.
    """
    pieces = [text[start:end] for start, end in sentences(text)]
    found: list[Level | Literal[""]] = []
    for tokens in kiwi().tokenize(pieces):
        said = [(token.form, token.tag.partition("-")[0]) for token in tokens if not token.tag.startswith(_BESIDE)]
        while len(said) > 1 and said[-1][1] == "IC":  # "없지 뭐."
            said.pop()
        if said and (said[-1][1] != "IC" or _POLITE.fullmatch(said[-1][0])):
            found.append(_level(*said[-1]))
    return found


def _level(form: str, tag: str) -> Level | Literal[""]:
    if tag in _SAID and _POLITE.fullmatch(form):
        return "해요체"
    if tag not in _ENDINGS or form in _OTHER:
        return ""
    if _FORMAL.match(form):
        return "합쇼체"
    return "해라체" if _PLAIN.fullmatch(form) else "해체"
