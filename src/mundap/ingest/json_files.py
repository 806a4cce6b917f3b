"""JSON and JSON lines: lists of objects as tables, SQuAD's paragraphs with their questions, anything else as lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mundap.errors import BadFile
from mundap.ingest.build import Builder, Reading
from mundap.ingest.encoding import decode
from mundap.ingest.problems import Problem
from mundap.ingest.tables import Table, add_table
from mundap.korean.normalize import name_of, normalize

# What training files call a question and its answer, as the sheet's columns.
_PAIRS = (("instruction", "output"), ("prompt", "completion"), ("prompt", "chosen"))
_DEEPEST = 100  # levels of a nested file; more is hostile


def read_json(path: Path, source: str) -> Reading:
    """A .json file. Raises BadFile with the line at which it is broken."""
    text = decode(path.read_bytes(), path.name)
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":  # JSON lines under another name
            return read_jsonl(path, source)
        raise BadFile(
            f"{path.name}: {error.lineno}번째 줄에 JSON 구문 오류가 있습니다({error.msg}). 해당 줄을 수정해 다시 저장하세요."
        ) from error
    except ValueError as error:  # of JSON itself, a number of thousands of digits
        raise BadFile(f"{path.name}: 자릿수가 너무 많은 숫자가 있습니다. 따옴표로 묶어 문자열로 저장하세요.") from error
    except RecursionError as error:
        raise BadFile(f"{path.name}: JSON의 중첩이 너무 깊습니다. 구조를 단순화해 다시 저장하세요.") from error
    builder = Builder(source, name_of(path.stem))
    if _is_squad(found):
        try:
            _add_squad(found["data"], builder)
        except (AttributeError, TypeError) as error:
            raise BadFile(f"{path.name}: SQuAD 형식이 아닙니다. 문단은 context와 qas로 입력하세요.") from error
        return Reading(builder.document())
    if isinstance(found, list) and found and all(isinstance(row, dict) for row in found):
        return _tabular([*enumerate(found, 1)], builder, [])
    if lines := [*_flat(found, "", 0)]:
        builder.add("\n".join(lines))
    return Reading(builder.document())


def read_jsonl(path: Path, source: str) -> Reading:
    """A file of JSON lines. A line that is no object is reported and left out."""
    rows: list[tuple[int, Mapping[str, object]]] = []
    problems = []
    for number, line in enumerate(decode(path.read_bytes(), path.name).split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):  # JSONDecodeError, or a number of more digits than Python takes
            row = None
        if isinstance(row, dict):
            rows.append((number, row))
        else:
            problems.append(Problem(number, "JSON 객체가 아닙니다. 한 줄에 {…} 하나씩 입력하세요"))
    return _tabular(rows, Builder(source, name_of(path.stem)), problems)


def _tabular(rows: Sequence[tuple[int, Mapping[str, object]]], builder: Builder, problems: list[Problem]) -> Reading:
    """Objects as the rows of one table, whose columns are all their keys in order."""
    shown = [(number, _renamed(row)) for number, row in rows]
    columns = tuple(dict.fromkeys(key for _, row in shown for key in row))
    cells = ((number, [row.get(column, "") for column in columns]) for number, row in shown)
    table = Table(builder.title, columns, tuple((number, row) for number, row in cells if any(row)))
    problems += add_table(table, builder)
    return Reading(builder.document(), tuple(sorted(problems, key=lambda problem: problem.row or 0)))


def _renamed(row: Mapping[str, object]) -> dict[str, str]:
    """The fields as text; those of a training row under the names of a sheet's columns."""
    turns = row.get("messages")
    if isinstance(turns, list):
        said = {m["role"]: _text(m.get("content")) for m in reversed(turns) if isinstance(m, dict) and "role" in m}
        return {"질문": said.get("user", ""), "답변": said.get("assistant", "")}
    for question, answer in _PAIRS:
        if question in row and answer in row:
            asked = "\n".join(part for part in (_text(row[question]), _text(row.get("input"))) if part)
            return {"질문": asked, "답변": _text(row[answer])}
    return {normalize(str(key)): _text(value) for key, value in row.items()}


def _text(value: object) -> str:
    """A value as a cell shows it; lists and objects in one line."""
    if value is None:
        return ""
    if isinstance(value, str):
        return normalize(value).strip()
    if isinstance(value, list) and all(isinstance(each, (str, int, float)) for each in value):
        return ", ".join(normalize(str(each)) for each in value)
    return normalize(json.dumps(value, ensure_ascii=False))


def _is_squad(found: object) -> bool:
    return (
        isinstance(found, dict)
        and isinstance(found.get("data"), list)
        and all(isinstance(article, dict) and isinstance(article.get("paragraphs"), list) for article in found["data"])
    )


def _add_squad(articles: Sequence[Mapping[str, Any]], builder: Builder) -> None:
    """Paragraphs under the title of their article, and their questions with the first answer."""
    starts: dict[str, int] = {}
    for article in articles:
        for paragraph in article["paragraphs"]:
            text = _text(paragraph.get("context")) if isinstance(paragraph, dict) else ""
            if not text:
                continue
            if text not in starts:
                starts[text] = builder.add(text, source=_text(article.get("title")), meta={"kind": "제시문"})
            for number, asked in enumerate(paragraph.get("qas") or (), 1):
                answers = [*(asked.get("answers") or ())]
                answer = answers[0].get("text") if answers else ""
                builder.known(_text(asked.get("question")), _text(answer), starts[text], number)


def _flat(value: object, name: str, depth: int) -> Iterator[str]:
    """Every value that is no list and no object, as a line under the path of its keys."""
    if depth > _DEEPEST:
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{name} > {key}" if name else str(key), depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _flat(inner, name, depth + 1)
    elif text := _text(value):
        yield f"{normalize(name)}: {text}" if name else text
