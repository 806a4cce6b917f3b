"""Prompt templates as files, in the form of Alpaca and KULLM: one text with an instruction, an input, and a response.

A model that was tuned on such a template is asked by it, in serving as in training (`spelled`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from mundap.errors import ConfigError
from mundap.generate.prompt import STOPS, Message, plain

_FOLDER = files("mundap.generate") / "templates"
SHIPPED = ("alpaca", "kullm")
KEYS = ("prompt_input", "prompt_no_input", "response_split")  # beside "description", which may be missing
_PLACES = {"prompt_input": ("{instruction}", "{input}"), "prompt_no_input": ("{instruction}",)}
_HEADER = re.compile(r"^#+ .+$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Template:
    """`prompt_input` has {instruction} and {input}, `prompt_no_input` {instruction} alone; what is behind
    `response_split` is the answer."""

    name: str
    prompt_input: str
    prompt_no_input: str
    response_split: str

    def text(self, chat: Sequence[Message]) -> str:
        """The chat as one text to continue: its rules are the instruction, all that was said the input.

        A chat without rules, and of one message, is an instruction without input.
        """
        rules = [message["content"] for message in chat if message["role"] == "system"]
        said = plain([message for message in chat if message["role"] != "system"]).removesuffix("\n답변:")
        if not rules:
            return self._filled(self.prompt_no_input, said, "")
        return self._filled(self.prompt_input, "\n\n".join(rules), said)

    @property
    def stops(self) -> tuple[str, ...]:
        """Where a model would go on to ask itself: at the template's own headings."""
        return tuple(dict.fromkeys(f"\n{found.group()}" for found in _HEADER.finditer(self.prompt_input)))

    def answer(self, text: str) -> str:
        """What stands behind the first `response_split` of a whole text; all of it if there is none."""
        _, found, after = text.partition(self.response_split)
        return after.strip() if found else text.strip()

    def _filled(self, form: str, instruction: str, given: str) -> str:
        # Not str.format: what is filled in may hold braces, and what was filled in is not looked at again.
        parts = re.split(r"(\{instruction\}|\{input\})", form)
        return "".join({"{instruction}": instruction, "{input}": given}.get(part, part) for part in parts)


def spelled(chat: Sequence[Message], template: Template | None) -> str:
    """A chat as one text to continue, for a model that is not asked by a chat template of its own."""
    return template.text(chat) if template else plain(chat)


def stops_of(template: Template | None) -> tuple[str, ...]:
    """Where `spelled` text that goes on is no answer any more."""
    return template.stops if template else STOPS


def read_template(spec: str, folder: Path) -> Template | None:
    """One of SHIPPED by name, or a JSON file, relative to `folder`; None for "".

    Raises ConfigError with the file, what was found and what is expected.
    """
    if not spec:
        return None
    if spec in SHIPPED:
        return _parsed((_FOLDER / f"{spec}.json").read_text("utf-8"), spec)
    path = folder / spec
    if path.suffix.lower() != ".json":
        raise ConfigError(
            f"알 수 없는 template 값 '{spec}'입니다. {', '.join(SHIPPED)} 또는 템플릿 파일(.json)의 경로를 지정하세요."
        )
    try:
        return _parsed(path.read_text("utf-8"), str(path))
    except OSError as error:
        raise ConfigError(f"{path}: 프롬프트 템플릿을 열 수 없습니다({error.strerror}). 경로를 확인하세요.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: UTF-8이 아닙니다({error}). UTF-8로 저장하세요.") from error


def _parsed(text: str, name: str) -> Template:
    try:
        record = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"{name}: JSON으로 읽을 수 없습니다({error}).") from error
    found = ", ".join(record) if isinstance(record, dict) else "객체가 아님"
    if not isinstance(record, dict) or not all(isinstance(record.get(key), str) and record[key] for key in KEYS):
        raise ConfigError(f"{name}: 프롬프트 템플릿에 필요한 키: {', '.join(KEYS)} (모두 문자열). 찾은 키: {found}.")
    for key, places in _PLACES.items():
        if missing := [place for place in places if place not in record[key]]:
            raise ConfigError(f"{name}: {key}에 {', '.join(missing)} 자리 표시자가 없습니다.")
        if record["response_split"] not in record[key]:
            raise ConfigError(f"{name}: {key}에 response_split '{record['response_split']}'이(가) 없습니다.")
    return Template(name, *(record[key] for key in KEYS))


def until(pieces: Iterator[str], stops: Sequence[str]) -> Iterator[str]:
    """`pieces` up to the one of `stops` that is whole first, as early as each piece is sure to be before it. Closing this
    closes them."""
    held = ""
    longest = max((len(stop) for stop in stops), default=0)
    with closing(pieces) as source:  # type: ignore[type-var]
        for piece in source:
            held += piece
            found = [(at + len(stop), at) for stop in stops if (at := held.find(stop)) >= 0]
            if found:
                if before := held[: min(found)[1]]:
                    yield before
                return
            keep = next(
                (n for n in range(min(longest - 1, len(held)), 0, -1) if any(s.startswith(held[-n:]) for s in stops)), 0
            )
            sure = len(held) - keep
            if sure:
                yield held[:sure]
            held = held[sure:]
    if held:
        yield held
