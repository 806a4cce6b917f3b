"""Sentences in another speech level: the last ending is taken off and another put on, by Kiwi's morphemes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mundap.korean.asking import particle
from mundap.korean.endings import Level
from mundap.korean.kiwi import kiwi
from mundap.korean.sentences import sentences

if TYPE_CHECKING:
    from kiwipiepy import Token

# By level: what states, asks and bids. Kiwi fits vowels and final consonants ("하" + "어요" is "해요").
_STATES: dict[Level, str] = {"해요체": "어요", "합쇼체": "습니다", "해체": "어", "해라체": "는다"}
_ASKS: dict[Level, str] = {"해요체": "나요", "합쇼체": "습니까", "해체": "어", "해라체": "냐"}
_BIDS: dict[Level, str] = {"해요체": "세요", "합쇼체": "십시오", "해체": "어", "해라체": "어라"}
_IS: dict[Level, str] = {
    "합쇼체": "ᆸ니다",
    "해체": "야",
    "해라체": "다",
}  # of 이다; that of 해요체 depends on what stands before
_BEHIND = re.compile(r"(?:\s*\[[\d,、\s]+\])+\s*$")  # citation markers
_MARKS = ("SF", "SP", "SS", "SE", "SO", "SW", "SB", "W_")
_BIDDING = ("ᆸ시오", "십시오", "으십시오", "세요", "으세요", "시오", "어라", "으시오")
_ASKING = ("ᆸ니까", "습니까", "나요", "ᆫ가요", "은가요", "는가", "ᆫ가", "은가", "나")
_ABLE = ("가능", "불가능", "필요", "불필요", "동일", "유사")  # nouns that end a note as 하다 would: "반입 가능"


def restyled(text: str, level: Level) -> str:
    """`text` with every sentence in that speech level, as far as its last word is a predicate; the rest as it is.

    Line breaks stay where they are; a sentence is left alone where Kiwi finds no ending to take off.
    """
    made, at = [], 0
    for start, end in sentences(text):
        said = _BEHIND.sub("", text[start:end])
        made += [text[at:start], _sentence(said, level), text[start + len(said) : end]]
        at = end
    return "".join([*made, text[at:]])


def _sentence(sentence: str, level: Level) -> str:
    tokens = kiwi().tokenize(sentence)
    said = [token for token in tokens if not token.tag.startswith(_MARKS)]
    if not said:
        return sentence
    last = said[-1]
    if last.tag == "EF" or (last.tag == "ETN" and last.form in ("ᆷ", "음")):
        stem = said[:-1]
    elif last.form in _ABLE and last.tag in ("NNG", "XR"):
        return (
            f"{sentence[: last.end]}{kiwi().join([('하', 'XSA'), (_states('XSA', level), 'EF')])}{sentence[last.end :]}"
        )
    else:
        return sentence
    if not stem:
        return sentence
    bids = last.form in _BIDDING
    if bids and stem[-1].form in ("시", "으시") and stem[-1].tag == "EP" and level != "합쇼체":
        stem = stem[:-1]
    asks = last.form in _ASKING or sentence.rstrip().endswith("?")
    root = len(stem) - 1
    while root > 0 and stem[root].tag == "EP":
        root -= 1
    before, after = sentence[: stem[root].start], sentence[max(last.end, stem[-1].end) :]
    word = [(token.form, token.tag) for token in stem[root:]]
    if word[0][0] == "이" and before[-1:].strip():  # Kiwi does not know 이다 behind a sign, as in 13%입니다
        word[0] = ("이", "VCP")
    ending = _bids(stem, level) if bids else _ASKS[level] if asks else _ending(before, word, level)
    if word[0][1] != "VCP":
        return f"{before}{kiwi().join([*word, (ending, 'EF')])}{after}"
    # 이 goes behind a vowel: Kiwi fits it to a noun that ends as what stands before it does, marks aside.
    noun = particle(before, "각", "가")
    return f"{before}{kiwi().join([(noun, 'NNG'), *word, (ending, 'EF')])[1:]}{after}"


def _bids(stem: Sequence[Token], level: Level) -> str:
    honours = stem[-1].form in ("시", "으시") and stem[-1].tag == "EP"
    return "ᆸ시오" if honours and level == "합쇼체" else _BIDS[level]


def _ending(before: str, word: Sequence[tuple[str, str]], level: Level) -> str:
    form, tag = word[-1]
    if tag == "VCP":
        return _IS.get(level) or particle(before, "에요", "예요")
    if tag == "VCN":
        return _IS.get(level, "에요")
    if tag == "EP" and form in ("시", "으시") and level in ("해요체", "해체"):
        return {"해요체": "어요", "해체": "어"}[level]
    return _states(tag if form not in ("있", "없") else "VA", level)


def _states(tag: str, level: Level) -> str:
    """Adjectives, and what has a tense, state in 해라체 by 다 alone."""
    return "다" if level == "해라체" and tag.startswith(("VA", "XSA", "EP")) else _STATES[level]
