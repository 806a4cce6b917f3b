"""Typed relations between the keywords of a passage, read by a language model under the guideline in relations.md."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, Field

from mundap.files import digest
from mundap.generate.prompt import fenced
from mundap.generate.structured import Completer, ask_json
from mundap.graph.build import Relation

MOST = 12  # relations of a passage, as the guideline says
_LONGEST = 40  # letters of a keyword
_TOKENS = 768
_TEXT = 1600  # characters of a passage that are read

Kind = Literal["정의", "보기", "구성", "조건", "절차", "담당"]


class _Relation(BaseModel):
    head: str = Field(max_length=_LONGEST)
    kind: Kind
    tail: str = Field(max_length=_LONGEST)


class _Relations(BaseModel):
    relations: list[_Relation] = Field(max_length=MOST)


@cache
def guideline() -> str:
    """What the model is told."""
    return (files("mundap.generate") / "relations.md").read_text("utf-8")


def reader_name(completer: Completer) -> str:
    """The identity of what reads the relations: the model and its guideline."""
    return f"{completer.name}-{digest(guideline(), size=4)}"


def read_relations(completer: Completer, text: str, keywords: Sequence[str]) -> list[Relation]:
    """The relations that the passage states between these keywords, as the model sees them; others are left out.

    None are found if the model gives no JSON of the form. Raises GeneratorError if it cannot be reached: what it would have said is
    then unknown, and an index without it would look whole.
    """
    words = [word for word in keywords if len(word) <= _LONGEST]
    asked = f"{fenced('문단', text[:_TEXT])}\n{fenced('키워드', ', '.join(words))}"
    said = ask_json(
        completer,
        [{"role": "system", "content": guideline()}, {"role": "user", "content": asked}],
        _Relations,
        max_tokens=_TOKENS,
    )
    held = set(words)
    found = [Relation(r.head.strip().lower(), r.kind, r.tail.strip().lower()) for r in said.relations] if said else []
    return list(dict.fromkeys(r for r in found if r.head != r.tail and {r.head, r.tail} <= held))
