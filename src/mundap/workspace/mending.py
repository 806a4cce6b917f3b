"""What people are told of typos that were put right before their question was searched for."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import replace

from mundap.korean.hangul import ends_in
from mundap.korean.typos import Mended
from mundap.messages import say
from mundap.types import Answer


def notice(mended: Mended, language: str) -> str:
    """The words that were searched for in place of what was typed: ‘면세한도’로 찾았습니다. "" if there are none."""
    if not mended.words:
        return ""
    marks = "‘’" if language == "ko" else "“”"
    words = ", ".join(f"{marks[0]}{word}{marks[1]}" for word in mended.words)
    return say("searched", language, words=words, particle=_towards(mended.words[-1]))


def told(pieces: Generator[str | Answer], question: str, mended: Mended, language: str) -> Generator[str | Answer]:
    """The pieces of an answer to a mended question as those of an answer to `question`, below the notice.

    Closing this closes `pieces`.
    """
    with closing(pieces):
        line = f"{notice(mended, language)}\n" if mended.words else ""
        if line:
            yield line
        for piece in pieces:
            if line and isinstance(piece, Answer):
                piece = replace(piece, question=question, text=line + piece.text, searched=mended.text)
            yield piece


def _towards(word: str) -> str:
    """The particle 로, or 으로 behind a final other than ㄹ."""
    return "로" if ends_in(word[-1]) in ("", "f") else "으로"
