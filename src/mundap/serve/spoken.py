"""What the bot says of its own, such as that the documents have no answer, in the language of who asks."""

from __future__ import annotations

from dataclasses import replace

from mundap.messages import in_language
from mundap.types import Answer, Statement


def spoken(piece: str | Answer, language: str) -> str | Answer:
    """A piece of an answer, or the answer, whose own lines are said in `language`; what documents say stays as it is."""
    if isinstance(piece, str):
        return in_language(piece, language)
    text = in_language(piece.text, language)
    if text == piece.text:
        return piece
    sentences = piece.sentences
    for before, after in zip(piece.text.split("\n"), text.split("\n"), strict=True):
        if before != after:
            sentences = _replaced(sentences, before, after)
    return replace(piece, text=text, sentences=sentences)


def _replaced(sentences: tuple[Statement, ...], line: str, said: str) -> tuple[Statement, ...]:
    """The sentences with those that make up `line`, white space aside, as the one that is `said`."""
    letters = "".join(line.split())
    for first in range(len(sentences)):
        joined = ""
        for last in range(first, len(sentences)):
            joined += "".join(sentences[last].text.split())
            if joined == letters:
                return (*sentences[:first], Statement(said), *sentences[last + 1 :])
    return sentences
