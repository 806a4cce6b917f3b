"""Personas: how answers sound. Each is a TOML file, and what they add to an answer is added here."""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from mundap.errors import ConfigError, UnknownName
from mundap.generate.cite import MARKER
from mundap.korean.endings import Level
from mundap.korean.normalize import squash
from mundap.types import Answer

FOLDER = "personas"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Example(_Part):
    """A question with an answer that sounds as answers should."""

    question: str
    answer: str


class SmallTalk(_Part):
    """What is said to each kind of small talk; "" says what is said without a persona."""

    greeting: str = ""
    thanks: str = ""
    farewell: str = ""
    identity: str = ""
    abilities: str = ""
    complaint: str = ""
    insult: str = ""
    praise: str = ""
    yes: str = ""
    no: str = ""
    laugh: str = ""


class Persona(_Part):
    """How answers sound; what is empty is as without a persona.

    `name` is the file's. `tone` is the speech level of every sentence, `closing` the last words of every answer that is
    no refusal, and `refusal` what is said when the documents do not answer. `smalltalk` answers greetings and their like. `forbidden` words are not to be used.
    """

    name: str
    role: str = ""
    tone: Level | None = None
    closing: str = ""
    refusal: str = ""
    forbidden: tuple[str, ...] = Field(default=(), strict=False)
    examples: tuple[Example, ...] = Field(default=(), strict=False)
    smalltalk: SmallTalk = SmallTalk()

    @model_validator(mode="after")
    def _apart(self) -> Persona:
        if MARKER.search(self.closing):
            raise ValueError("closing에는 [1] 같은 인용 번호를 쓸 수 없습니다")
        if self.closing and squash(self.closing) in squash(self.refusal):  # every answer would look like a refusal
            raise ValueError("refusal에는 closing과 같은 문구를 쓸 수 없습니다. 다른 문구를 입력하세요")
        if any(not word.strip() for word in self.forbidden):
            raise ValueError("forbidden에 빈 문자열이 있습니다")
        return self


def personas(folder: Path) -> dict[str, Path]:
    """The files of personas in `folder`, by name."""
    return {unicodedata.normalize("NFC", path.stem): path for path in sorted(folder.glob("*.toml"))}


def find_persona(folder: Path, name: str) -> Persona:
    """The persona of that name in `folder`. Raises UnknownName, which lists them, or ConfigError."""
    files = personas(folder)
    name = unicodedata.normalize("NFC", name)
    if name not in files:
        raise UnknownName("persona", name, files or [f"(없음: {FOLDER}/{name}.toml을 만드세요)"])
    return read_persona(files[name])


def read_persona(path: Path) -> Persona:
    """The persona in a file. Raises ConfigError with the key, what is wrong, and the keys or values that are known."""
    try:
        written = tomllib.loads(path.read_text("utf-8"))
        known = [key for key in Persona.model_fields if key != "name"]
        if unknown := [key for key in written if key not in known]:
            raise ConfigError(f"{path}: 알 수 없는 키 '{unknown[0]}'입니다. 사용할 수 있는 키: {', '.join(known)}")
        return Persona.model_validate({**written, "name": unicodedata.normalize("NFC", path.stem)})
    except ValidationError as error:
        raise ConfigError(f"{path}: {'; '.join(map(_explain, error.errors()))}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: TOML로 읽을 수 없습니다({error})") from error
    except OSError as error:
        raise ConfigError(f"{path}: 열 수 없습니다({error.strerror})") from error


def refusal_of(persona: Persona | None, otherwise: str) -> str:
    """What the persona says when the documents do not answer."""
    return (persona and persona.refusal) or otherwise


def closed(pieces: Generator[str | Answer], persona: Persona | None) -> Generator[str | Answer]:
    """The stream of an answer, with the closing phrase as its last piece if the answer lacks it and is no refusal.

    Closing this closes `pieces`.
    """
    with closing(pieces):
        for piece in pieces:
            if isinstance(piece, Answer) and persona and not piece.abstained and not closes(persona, piece.text):
                added = f"\n{persona.closing}"
                yield added
                piece = replace(piece, text=piece.text + added)
            yield piece


def closes(persona: Persona, text: str) -> bool:
    """Whether `text` ends with the closing phrase, citation markers and white space aside."""
    return squash(MARKER.sub("", text)).endswith(squash(persona.closing))


def body(persona: Persona, text: str) -> str:
    """`text` without the closing phrase at its end."""
    text = text.rstrip()
    return text.removesuffix(persona.closing).rstrip() if persona.closing else text


def _explain(problem: object) -> str:
    assert isinstance(problem, dict)
    place = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        part = SmallTalk if place.startswith("smalltalk.") else Example
        return f"알 수 없는 키 '{place}'입니다. 사용할 수 있는 키: {', '.join(part.model_fields)}"
    if problem["type"] == "missing":
        return f"'{place}' 값이 없습니다"
    if not place:  # of the whole: the sentence of the validator
        return str(problem["ctx"]["error"])
    return f"'{place}' 값 {problem['input']!r}이(가) 올바르지 않습니다: {problem['msg']}"
