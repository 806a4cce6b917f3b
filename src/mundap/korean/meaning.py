"""Whether a question says anything that could be searched for."""

from __future__ import annotations

import re
from pathlib import Path

from mundap.files import digest
from mundap.korean.keywords import STOP
from mundap.korean.kiwi import kiwi
from mundap.korean.quantities import quantities

_SAYS = frozenset("NNG NNP XR VV VA SH".split())
_EMPTY = STOP | frozenset("있 없 되 하 그렇 이렇 어떻 그러 이러".split())
_NUMBER = re.compile(r"\d{3,}")
_LETTERS = re.compile(r"[A-Za-z]{2,}")


def says_something(text: str, user_dictionary: Path | None = None) -> bool:
    """False for 1, ?, ㅋㅋ, 왜요: without a noun, a verb, a foreign word, an amount, or a number that may be a code.

    A lone syllable counts only as a noun (술).
    """
    if _NUMBER.search(text) or _LETTERS.search(text) or quantities(text):
        return True
    analyser = kiwi(user_dictionary, digest(user_dictionary.read_bytes() if user_dictionary else b"", size=6))
    return any(
        token.tag.partition("-")[0] in _SAYS
        and token.form not in _EMPTY
        and (token.len > 1 or len(text) > 1 or token.tag in ("NNG", "NNP"))
        for token in analyser.tokenize(text)
        if any("가" <= letter <= "힣" or token.tag == "SH" for letter in token.form)
    )
