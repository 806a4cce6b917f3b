"""What language models learn from, read as people have it: sheets, instruction JSON, prompts with completions, chats,
rankings, preferences, judged answers.

A file that does not fit fails with its name, the row, what was found there and what was expected.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from mundap.errors import BadFile
from mundap.evaluation.questions import json_file
from mundap.ingest.encoding import decode
from mundap.ingest.tables import COLUMNS, Table, read_csv, read_xlsx
from mundap.korean.normalize import normalize

if TYPE_CHECKING:
    from mundap.store.corpus import Corpus

ROLES = ("system", "user", "assistant")
_SHEETS = {".xlsx": read_xlsx, ".xls": read_xlsx, ".ods": read_xlsx, ".csv": read_csv, ".tsv": read_csv}
_JSON = (".json", ".jsonl")

Record = Mapping[str, object]
T = TypeVar("T")


@dataclass(frozen=True)
class Grounded:
    """A question and its answer; `passage` is what the answer is read from, "" where the file has none."""

    question: str
    answer: str
    passage: str = ""
    source: str = ""
    row: int | None = None


@dataclass(frozen=True)
class Completion:
    """A text as it stands, and how it goes on."""

    prompt: str
    completion: str
    row: int | None = None


@dataclass(frozen=True)
class Chat:
    """Turns as (role, content), of ROLES; the last is the assistant's. What the assistant says is learned."""

    turns: tuple[tuple[str, str], ...]
    row: int | None = None


@dataclass(frozen=True)
class Preference:
    """Two answers to a prompt, the better one first."""

    prompt: str
    chosen: str
    rejected: str
    row: int | None = None


Example = Grounded | Completion | Chat


def read_sft(path: Path) -> list[Example]:
    """Examples of a Q/A sheet or FAQ, question JSONL, KorQuAD or SQuAD JSON, instruction JSON, prompts with completions,
    chats, or what `mundap feedback export` wrote. Rows of a sheet without a question or an answer are left out.

    Raises BadFile.
    """
    found: list[Example]
    if path.suffix.lower() in _SHEETS:
        found = list(_sheet(path))
    elif _is_squad(path):
        asked = json_file(path).items
        found = [Grounded(q.question, q.answer, q.gold[0], "", q.row) for q in asked if q.gold and q.answer]
    else:
        found = _read(path, _SFT)
    if not found:
        raise BadFile(f"{path.name}: 질문과 답변이 모두 있는 행이 없습니다. 답변을 채우세요.")
    return found


def from_corpus(corpus: Corpus) -> list[Example]:
    """The questions that the documents came with, and the passages that answer them; only those with an answer."""
    known = [q for q in corpus.questions() if q.answer]
    passages = corpus.passages(sorted({q.passage_id for q in known}))
    return [
        Grounded(_clean(q.question), _clean(q.answer), passages[q.passage_id].text, passages[q.passage_id].source)
        for q in known
        if q.passage_id in passages
    ]


def read_preferences(path: Path) -> list[Preference]:
    """Pairs of a ranking, whose smallest number is the best completion, or of preferences. Raises BadFile."""
    return [pair for pairs in _read(path, _PREFERENCES) for pair in pairs]


def read_prompts(path: Path) -> list[str]:
    """The distinct prompts, in their order. Raises BadFile."""
    return list(dict.fromkeys(_read(path, _PROMPTS)))


def _sheet(path: Path) -> Iterator[Grounded]:
    _check(path)
    tables = [table for table in _SHEETS[path.suffix.lower()](path) if table.columns or table.rows]
    usable = [t for t in tables if t.place("question") is not None and t.place("answer") is not None]
    if not usable:
        found = "; ".join(", ".join(column or "(빈칸)" for column in t.columns) or "없음" for t in tables) or "없음"
        names = {kind: "/".join(COLUMNS[kind]) for kind in ("question", "answer", "passage", "source")}
        raise BadFile(
            f"{path.name}: 머리글에 필요한 열이 없습니다. 찾은 열: {found}. 필요한 열: 질문({names['question']}),"
            f" 답변({names['answer']}); 없어도 되는 열: 제시문({names['passage']}), 출처({names['source']})."
        )
    for table in usable:
        for number, cells in table.rows:
            question, answer, passage, source = (
                _cell(table, cells, kind) for kind in ("question", "answer", "passage", "source")
            )
            if question and answer:
                yield Grounded(question, answer, passage, source, number)


def _cell(table: Table, cells: Sequence[str], kind: str) -> str:
    place = table.place(kind)
    return cells[place] if place is not None and place < len(cells) else ""


def _instruction(record: Record, where: str, row: int) -> Example:
    return Grounded(
        _text(record, "instruction", where), _text(record, "output", where), _text(record, "input", where, ""), "", row
    )


def _asked(record: Record, where: str, row: int) -> Example | None:
    gold = record.get("gold") or ""
    if isinstance(gold, list):
        gold = gold[0]
    if not isinstance(gold, str):
        raise BadFile(f'{where}: gold가 문자열 배열이 아닙니다. "gold": ["제시문", …]처럼 입력하세요.')
    answer = _text(record, "answer", where, "")
    source = _text(record, "source", where, "")
    return Grounded(_text(record, "question", where), answer, _clean(gold), source, row) if answer else None


def _completion(record: Record, where: str, row: int) -> Example:
    prompt, completion = (_written(record, key, where) for key in ("prompt", "completion"))
    return Completion(normalize(prompt), normalize(completion), row)  # outer blanks may matter


def _chat(record: Record, where: str, row: int) -> Example:
    turns = record["messages"]
    shown = '"messages": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]'
    if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
        raise BadFile(f"{where}: messages가 대화 메시지의 배열이 아닙니다. {shown} 형식으로 입력하세요.")
    for turn in turns:
        if turn.get("role") not in ROLES or not isinstance(turn.get("content"), str):
            raise BadFile(
                f"{where}: 대화 메시지에 role({', '.join(ROLES)} 중 하나)과 content(문자열)가 없습니다."
                f" 찾은 키: {', '.join(map(str, turn)) or '없음'}, role: {turn.get('role')!r}."
            )
    if not turns or turns[-1]["role"] != "assistant" or not turns[-1]["content"].strip():
        raise BadFile(
            f"{where}: 대화가 assistant 메시지로 끝나지 않아 학습할 답변이 없습니다. {shown} 형식으로 입력하세요."
        )
    return Chat(tuple((turn["role"], _clean(turn["content"])) for turn in turns), row)


def _preference(record: Record, where: str, row: int) -> list[Preference]:
    chosen, rejected = _text(record, "chosen", where), _text(record, "rejected", where)
    if chosen == rejected:
        raise BadFile(f"{where}: chosen과 rejected가 같습니다. 선호 답변과 비선호 답변을 서로 다르게 입력하세요.")
    return [Preference(_text(record, "prompt", where), chosen, rejected, row)]


def _ranking(record: Record, where: str, row: int) -> list[Preference]:
    """Every pair of completions, the better first: three completions make three pairs (InstructGPT, Ouyang et al., 2022)."""
    names = sorted(
        (key for key in record if key.startswith("completion_") and key.removeprefix("completion_").isdigit()),
        key=lambda key: int(key.removeprefix("completion_")),
    )
    ranks = record["ranking"]
    if (
        not isinstance(ranks, list)
        or len(ranks) != len(names)
        or not all(isinstance(rank, int) for rank in ranks)
        or len(names) < 2
    ):
        raise BadFile(
            f"{where}: ranking {ranks!r}이(가) completion_0부터 시작하는 답변 {len(names)}개의 순위가 아닙니다."
            ' 답변마다 숫자를 하나씩, 가장 좋은 답변에 가장 작은 숫자를 입력하세요. 예: "ranking": [0, 2, 1]'
        )
    prompt = _text(record, "prompt", where)
    texts = [_text(record, name, where) for name in names]
    order = sorted(range(len(texts)), key=lambda n: ranks[n])
    return [
        Preference(prompt, texts[better], texts[worse], row)
        for place, better in enumerate(order)
        for worse in order[place + 1 :]
        if ranks[better] < ranks[worse] and texts[better] != texts[worse]
    ]


def _prompt(record: Record, where: str, row: int) -> str:
    return _text(record, "prompt", where)


# The keys that a record must have, and what is made of it; the first line that fits the file's first record counts.
Shapes = dict[tuple[str, ...], Callable[[Record, str, int], T | None]]
_SFT: Shapes[Example] = {
    ("messages",): _chat,
    ("instruction", "output"): _instruction,
    ("prompt", "completion"): _completion,
    ("question", "answer"): _asked,
}
_PREFERENCES: Shapes[list[Preference]] = {
    ("prompt", "ranking", "completion_0", "completion_1"): _ranking,
    ("prompt", "chosen", "rejected"): _preference,
}
_PROMPTS: Shapes[str] = {("prompt",): _prompt}


def _read(path: Path, shapes: Shapes[T]) -> list[T]:
    expected = " / ".join(f"{{{', '.join(keys)}}}" for keys in shapes)
    shape: tuple[str, ...] | None = None
    found = []
    for row, record in _records(path, expected):
        where = f"{path.name} {row}번째 {'줄' if path.suffix.lower() == '.jsonl' else '항목'}"
        if shape is None:
            shape = next((keys for keys in shapes if all(key in record for key in keys)), None)
        if shape is None or not all(key in record for key in shape):
            wanted = expected if shape is None else f"{{{', '.join(shape)}}}"
            raise BadFile(
                f"{where}: 필요한 키가 없습니다. 찾은 키: {', '.join(record) or '없음'}. 필요한 키: {wanted}."
            )
        made = shapes[shape](record, where, row)
        if made is not None:
            found.append(made)
    if not found:
        raise BadFile(f"{path.name}: 학습할 데이터가 없습니다. 필요한 키: {expected}.")
    return found


def _records(path: Path, expected: str) -> Iterator[tuple[int, Record]]:
    """Every object with its number, counted from 1: a line of .jsonl, an item of .json."""
    suffix = path.suffix.lower()
    if suffix not in _JSON:
        raise BadFile(f"{path.name}: 읽을 수 없는 형식입니다. 읽는 형식: {', '.join(sorted((*_SHEETS, *_JSON)))}.")
    _check(path)
    text = decode(path.read_bytes(), path.name)
    if suffix == ".jsonl":
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                yield number, _object(_parsed(line, f"{path.name} {number}번째 줄"), path.name, number, expected)
        return
    content = _parsed(text, path.name)
    if not isinstance(content, list):
        raise BadFile(f"{path.name}: JSON 배열이 아닙니다. [{{…}}, {{…}}] 형식으로 입력하세요. 필요한 키: {expected}.")
    for number, record in enumerate(content, 1):
        yield number, _object(record, path.name, number, expected)


def _object(record: object, name: str, number: int, expected: str) -> Record:
    if not isinstance(record, dict):
        raise BadFile(f"{name} {number}번째: 객체가 아닙니다({record!r:.40}). 필요한 키: {expected}.")
    return record


def _parsed(text: str, where: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadFile(
            f"{where}: JSON으로 읽을 수 없습니다({error}). 한 줄에 객체가 하나씩 있는 파일이면 확장자를 .jsonl로 바꾸세요."
        ) from error


def _is_squad(path: Path) -> bool:
    if path.suffix.lower() != ".json":
        return False
    _check(path)
    content = _parsed(decode(path.read_bytes(), path.name), path.name)
    return isinstance(content, dict) and "data" in content


def _check(path: Path) -> None:
    if not path.is_file():
        raise BadFile(f"{path}: 파일이 없습니다. 경로를 확인하세요.")


def _text(record: Record, key: str, where: str, default: str | None = None) -> str:
    """The text under a key, in normal form; `default` where it may be missing or empty. Raises BadFile."""
    return _clean(_written(record, key, where, default))


def _written(record: Record, key: str, where: str, default: str | None = None) -> str:
    """The text under a key as it stands. Raises BadFile as `_text`."""
    value = record.get(key)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise BadFile(f"{where}: {key}이(가) 문자열이 아닙니다({value!r:.40}). 문자열로 입력하세요.")
    if default is None and not _clean(value):
        raise BadFile(f"{where}: {key}이(가) 비어 있습니다. 채우거나 그 행을 삭제하세요.")
    return value


def _clean(text: str) -> str:
    return normalize(text).strip()
