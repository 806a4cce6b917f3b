"""Asking a language model for JSON of a given form, and believing only what has it."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Protocol, TypeVar, runtime_checkable
from weakref import WeakSet

from pydantic import BaseModel, ValidationError

from mundap.errors import GeneratorError
from mundap.generate.compose import spoken
from mundap.generate.prompt import Message, harmless
from mundap.types import Json

log = logging.getLogger(__name__)
Model = TypeVar("Model", bound=BaseModel)

FORMS = ("json_schema", "json_object", "text")  # the ways to ask a server for JSON, the strictest first
TOKENS = 256
_SHOWN = 600  # characters of a wrong reply that are shown to the model again
_OPENINGS = 50  # braces at which an object is looked for
_PROBLEMS = 3
_PAIR = re.compile(r'("(?:[^"\\]|\\.)*")\s*:\s*("(?:[^"\\]|\\.)*")', re.DOTALL)
_AGAIN = "방금 쓴 것은 요청한 JSON이 아닙니다({why}). 다른 말 없이 올바른 JSON 객체 하나만 다시 쓰세요."
_TELL = "다음 JSON 스키마에 맞는 JSON 객체 하나만, 설명이나 코드 블록 없이 쓰세요."


@runtime_checkable
class Completer(Protocol):
    """A language model that completes a chat, without passages or rules of its own."""

    @property
    def name(self) -> str:
        """The model, as answers name it."""
        ...

    def complete(
        self, messages: Sequence[Message], schema: Mapping[str, Json] | None = None, max_tokens: int = TOKENS
    ) -> str:
        """One reply, of at most `max_tokens` tokens, thoughts included if the model writes any.

        With a JSON `schema` the reply has its form as far as the model's server can make it: it may still be
        cut off, or be anything where the server cannot. Raises GeneratorError.
        """
        ...


def ask_json(
    completer: Completer,
    messages: Sequence[Message],
    model: type[Model],
    retries: int = 1,
    max_tokens: int = TOKENS,
    left: list[dict[str, Json]] | None = None,
) -> Model | None:
    """The first object of the reply that `model` accepts; None if there was none in 1 + `retries` completions.

    A retry tells what was wrong. A reply in which no object was complete gets twice the tokens the next time. `left`
    collects what was not accepted: the objects, and of one that was cut the texts that were complete.
    Raises GeneratorError as the completer does. Limit every string and list of `model`: a small model may
    not end them by itself.
    """
    chat = list(messages)
    schema = _schema(model)
    for _ in range(1 + retries):
        reply = completer.complete(chat, schema, max_tokens)
        wrong = []
        for found in _objects(reply):
            if left is not None:
                left.append(found)
            try:
                return model.model_validate(found)
            except ValidationError as error:
                wrong.append(_explained(error))
        if not wrong:
            max_tokens *= 2
            if left is not None and (texts := _whole_texts(reply)):
                left.append(texts)
        why = wrong[0] if wrong else "JSON 객체가 없거나 끝나지 않았습니다"
        chat = [
            *messages,
            {"role": "assistant", "content": harmless(reply[:_SHOWN]) or "(빈 답)"},
            {"role": "user", "content": _AGAIN.format(why=harmless(why))},
        ]
    return None


def try_json(
    completer: Completer, messages: Sequence[Message], model: type[Model], retries: int = 1, max_tokens: int = TOKENS
) -> Model | None:
    """As `ask_json`, but None also when the model fails: a warning says so the first time that this one does."""
    try:
        return ask_json(completer, messages, model, retries, max_tokens)
    except GeneratorError as error:
        if completer not in _failed:
            _failed.add(completer)
            log.warning("%s: 언어 모델 없이 계속합니다. %s", completer.name, error)
        return None


_failed: WeakSet[Completer] = WeakSet()


def constrained(schema: Mapping[str, Json]) -> dict[str, Json]:
    """The `response_format` of the OpenAI API that demands this schema."""
    return {"type": "json_schema", "json_schema": {"name": "reply", "strict": True, "schema": dict(schema)}}


def formed(
    form: str, messages: Sequence[Message], schema: Mapping[str, Json]
) -> tuple[list[Message], dict[str, Json] | None]:
    """The chat and the `response_format` that ask for the schema in one of FORMS."""
    if form == "json_schema":
        return list(messages), constrained(schema)
    *before, last = messages
    told = {**last, "content": f"{last['content']}\n\n{_TELL}\n{json.dumps(schema, ensure_ascii=False)}"}
    return [*before, told], {"type": form} if form == "json_object" else None


def _schema(model: type[BaseModel]) -> dict[str, Json]:
    """The model's schema; objects are closed, which the strict mode of some servers asks for."""
    schema = model.model_json_schema()
    for part in (schema, *schema.get("$defs", {}).values()):
        if part.get("type") == "object":
            part.setdefault("additionalProperties", False)
    return schema


def _explained(error: ValidationError) -> str:
    problems = error.errors(include_input=False, include_url=False)[:_PROBLEMS]
    return "; ".join(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in problems)


def _whole_texts(reply: str) -> dict[str, Json]:
    """The texts with a key of an object that does not end, or is broken, as far as each is complete."""
    text = "".join(spoken([reply])).rpartition("</think>")[2]
    found: dict[str, Json] = {}
    for pair in _PAIR.finditer(text):
        with suppress(ValueError):
            key, value = json.loads(f"[{pair[1]}, {pair[2]}]", strict=False)
            found.setdefault(key, value.encode("utf-8", "replace").decode())
    return found


def _objects(reply: str) -> Iterator[dict[str, Json]]:
    """The whole JSON objects in `reply`, in order, whatever stands around them; thoughts are passed over."""
    text = "".join(spoken([reply]))
    text = text.rpartition("</think>")[2]  # some servers swallow the tag that opens a thought
    decoder = json.JSONDecoder(strict=False)  # small models break lines inside strings
    at = 0
    for _ in range(_OPENINGS):
        at = text.find("{", at)
        if at < 0:
            return
        try:
            found, at = decoder.raw_decode(text, at)
            # An escaped half of a surrogate pair could be neither sent nor stored.
            yield json.loads(json.dumps(found, ensure_ascii=False).encode("utf-8", "replace"))
        except (ValueError, RecursionError):
            at += 1
