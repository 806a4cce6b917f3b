"""Keywords without a trained model: the nouns of a question, compounds kept whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mundap.files import digest
from mundap.korean.kiwi import kiwi
from mundap.korean.normalize import normalize

if TYPE_CHECKING:
    from kiwipiepy import Token

JOINED = frozenset("NNG NNP SL SH XPN XSN SN".split())
_NAMING = frozenset("NNG NNP SL SH".split())  # a keyword has at least one of these: 이사화물, FTA, not 150
# Nouns that say how a question asks, not what about. A compound that holds one (신고방법) is kept whole.
STOP = frozenset(
    "방법 경우 때 이유 까닭 뜻 의미 정도 내용 관련 질문 문의 답변 답 설명 말 말씀 사항 부분 점 중 후 전 이상 이하 "
    "때문 필요 가능 사용 이용 목적 기준 절차 종류 차이 차이점 다음 이번 지금 현재 요즘 사람 무엇 언제 어디 누구 얼마 며칠 안녕 감사 부탁".split()
)


def keywords(texts: Sequence[str], user_dictionary: Path | None = None) -> list[list[str]]:
    """The distinct noun compounds of each text, in order of appearance: what trained extractors are measured against.

    Morphemes of JOINED that touch are one keyword; plural 들, a lone number and STOP nouns are left out.
    """
    analyser = kiwi(user_dictionary, digest(user_dictionary.read_bytes() if user_dictionary else b"", size=6))
    found = analyser.tokenize([normalize(text) for text in texts])
    return [compounds(normalize(text), tokens) for text, tokens in zip(texts, found, strict=True)]


def compounds(text: str, tokens: Sequence[Token]) -> list[str]:
    """The distinct noun compounds of a text in normal form, whose morphemes are `tokens`, in order of appearance."""
    runs: list[list[Token]] = [[]]
    for token in tokens:
        if token.tag not in JOINED or (runs[-1] and runs[-1][-1].end != token.start):
            runs.append([])
        if token.tag in JOINED:
            runs[-1].append(token)
    words = [word for run in runs if (word := _word(text, run))]
    return list(dict.fromkeys(words))


def _word(text: str, run: Sequence[Token]) -> str:
    """The run as it is written, "" if it is no keyword."""
    while run and (run[-1].form == "들" or run[-1].tag == "XPN"):
        run = run[:-1]
    if not any(token.tag in _NAMING for token in run):
        return ""
    start, end = run[0].start, run[-1].end
    if end - start == 1 and text[start - 1 : start].strip():  # 비 of 200개비: the rest of another word
        return ""
    word = text[start:end]
    return "" if word in STOP else word
