"""A turn of a conversation: small talk, several questions, or one, which is answered without its pleasantries."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import replace

from mundap.generate.persona import Persona
from mundap.generate.several import one_by_one
from mundap.generate.smalltalk import business, reply, small_talk
from mundap.retrieve.decompose import several
from mundap.types import Answer, Turn

EXAMPLES = 3  # of what can be asked

Answered = Callable[[str, Sequence[Turn]], Generator[str | Answer]]  # of a question after a history


def conversed(
    question: str,
    history: Sequence[Turn],
    answered: Answered,
    *,
    language: str,
    persona: Persona | None,
    recorded: Callable[[str], bool],
    examples: Callable[[int], Sequence[str]],
) -> Generator[str | Answer]:
    """Yields the text of a turn's answer in pieces, then the Answer; closing this closes what `answered` yields.

    A question that is `recorded` with its answer is one, whatever it looks like. `examples` gives questions that the documents answer, for those who ask what they may ask.
    """
    kind = small_talk(question)
    if kind and not recorded(question):
        said = reply(question, kind, language, persona, examples(EXAMPLES) if kind == "abilities" else ())
        yield said.text
        yield said
        return
    asked = question if kind else business(question)
    parts = several(asked)
    if parts and recorded(asked):
        parts = []
    pieces = (
        one_by_one(question, parts, lambda part, before: answered(part, [*history, *before]))
        if parts
        else answered(asked, history)
    )
    with closing(pieces):
        for piece in pieces:
            yield replace(piece, question=question) if isinstance(piece, Answer) else piece
