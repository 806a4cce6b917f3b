"""Answers as other programs keep them: what `ask --json`, /query and chat completions have given."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from pydantic import BaseModel, Field, ValidationError

from mundap.errors import BadFile

_SHAPES = (
    "mundap ask --json이나 /query의 출력 또는 /v1/chat/completions의 응답 전체를 지정하세요."
    " 스트리밍 응답이면 이어 붙인 텍스트를 answer에 넣고 마지막 청크의 mundap 값을 함께 넣으세요."
)


class Cited(BaseModel):
    """A citation. What is not there cannot be proved."""

    passage_id: str
    source: str | None = None
    quote: str
    document_id: str = ""
    document_digest: str = ""
    start: int = 0
    end: int = 0


class Said(BaseModel):
    """A sentence, and the places of its citations."""

    text: str
    citations: list[int] = []


class Shown(BaseModel):
    """A hit, whose place is its number in the text."""

    passage_id: str
    text: str | None = None


class Given(BaseModel):
    """An answer that was given; `sentences` is None for one that was made before answers had them."""

    text: str
    question: str = ""
    searched: str = ""
    abstained: bool = False
    citations: list[Cited]
    sentences: list[Said] | None = None
    hits: list[Shown] = Field(default_factory=list)
    model: str = ""
    generation: str = ""


def given(record: object, where: str) -> Given:
    """The answer in a JSON value. Raises BadFile, which calls the value `where`, if it holds none."""
    try:
        if not isinstance(record, Mapping):
            raise TypeError
        text = record.get("answer", record.get("response"))
        if text is None and "choices" in record:
            message = record["choices"][0]["message"]
            return Given.model_validate({**message["mundap"], "text": message["content"]})
        return Given.model_validate({**record, "text": text})
    except ValidationError as error:
        wrong = ", ".join(dict.fromkeys(".".join(map(str, one["loc"])) for one in error.errors()))
        found = ", ".join(map(str, record)) if isinstance(record, Mapping) else "없음"
        raise BadFile(
            f"{where}: 답변으로 읽을 수 없습니다. 없거나 올바르지 않은 값: {wrong}. 찾은 키: {found}. {_SHAPES}"
        ) from error
    except (TypeError, KeyError, IndexError) as error:
        raise BadFile(f"{where}: 답변으로 읽을 수 없습니다. {_SHAPES}") from error


def answers_in(raw: bytes, name: str) -> list[Given]:
    """The answers in a file of one JSON value, or of one a line. Raises BadFile, which calls the file `name`."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadFile(f"{name}: UTF-8이 아닙니다. mundap ask --json의 출력 파일을 그대로 지정하세요.") from error
    return [given(record, where) for record, where in _records(text, name)]


def _records(text: str, name: str) -> Iterator[tuple[object, str]]:
    """Each JSON value, and what to call it."""
    try:
        yield json.loads(text), name
        return
    except (ValueError, RecursionError):
        lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not lines:
        raise BadFile(f"{name}: 빈 파일입니다. 답변의 JSON을 지정하세요.")
    for number, line in lines:
        where = f"{name} {number}번째 줄"
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise BadFile(f"{where}: JSON으로 읽을 수 없습니다({error}). 한 줄에 답변 하나를 적으세요.") from error
        yield record, where
