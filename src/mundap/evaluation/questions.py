"""Question files: Q/A sheets, KorQuAD and SQuAD JSON, and JSON lines or lists of questions."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from mundap.errors import BadFile
from mundap.ingest.encoding import decode
from mundap.ingest.problems import Problem
from mundap.ingest.tables import COLUMNS, Row, Table, read_csv, read_xlsx
from mundap.korean.normalize import normalize, squash

_FORMULA_ERROR = re.compile(r"#(REF!|N/A|VALUE!|NAME\?|DIV/0!|NULL!|NUM!)")
_TYPES: dict[type, str] = {str: "문자열", list: "배열"}  # JSON types, as messages call them

T = TypeVar("T", str, list[object])


@dataclass(frozen=True, slots=True)
class Question:
    """A question and the parent passages that answer it, in normal form.

    Each `gold` is right by itself; none means that the documents do not answer it. `answer` is "" where the file gives none.
    `row` is the row or line in its file, counted from 1; None in a JSON file.
    """

    question: str
    gold: tuple[str, ...] = ()
    answer: str = ""
    row: int | None = None


@dataclass(frozen=True, slots=True)
class Questions:
    """What a file asks, in its order, and the rows that had to be left out.

    `corpus` holds the distinct paragraphs of a file that brings its own, in their order; else None.
    """

    items: tuple[Question, ...]
    corpus: tuple[str, ...] | None = None
    problems: tuple[Problem, ...] = ()


def sheet(path: Path) -> Questions:
    """A sheet with 질문 and 제시문, and 답변 where it is there. A question without 제시문 is unanswerable.

    Several columns such as 제시문1 and 제시문2 hold several right passages, and so do several rows with one question.

    Sheets of a workbook without these columns are reported and left out. Raises BadFile if none has them.
    """
    read = read_csv if path.suffix.lower() in (".csv", ".tsv") else read_xlsx
    tables = [table for table in read(path) if table.columns or table.rows]
    usable = [table for table in tables if not _missing(table)]
    if not usable:
        found = "; ".join(_found(table) for table in tables) or "없음"
        raise BadFile(f"{path.name}: 머리글에 필요한 열이 없습니다. 찾은 열: {found}. {_EXPECTED_COLUMNS}")
    problems = [
        Problem(
            None, f"시트 '{table.name}'에 {', '.join(_missing(table))} 열이 없어 제외했습니다. 찾은 열: {_found(table)}"
        )
        for table in tables
        if table not in usable
    ]
    items = []
    for table in usable:
        for row in table.rows:
            if problem := _problem(table, row):
                problems.append(problem)
            elif question := _cell(table, row, "question"):
                gold = _texts(row[1][place] for place in table.places("passage") if place < len(row[1]))
                items.append(Question(question, gold, _cell(table, row, "answer"), row[0]))
    return Questions(tuple(items), problems=tuple(problems))


_NEEDED = {"question": "질문", "passage": "제시문"}
_EXPECTED_COLUMNS = (
    "필요한 열: "
    + ", ".join(f"{name}(또는 {', '.join(a for a in COLUMNS[kind] if a != name)})" for kind, name in _NEEDED.items())
    + "; 없어도 되는 열: 답변, 출처. 첫 행에 열 이름을 입력하세요."
)


def _missing(table: Table) -> list[str]:
    return [name for kind, name in _NEEDED.items() if table.place(kind) is None]


def _found(table: Table) -> str:
    return ", ".join(column or "(빈칸)" for column in table.columns) or "없음"


def _cell(table: Table, row: Row, kind: str) -> str:
    place = table.place(kind)
    return row[1][place] if place is not None and place < len(row[1]) else ""


def _problem(table: Table, row: Row) -> Problem | None:
    number, cells = row
    if any(cells[len(table.columns) :]):
        return Problem(
            number, f"칸이 {len(cells)}개로 머리글({_found(table)})보다 많습니다. 쉼표가 있는 칸은 따옴표로 묶으세요"
        )
    for kind in (*_NEEDED, "answer"):
        if _FORMULA_ERROR.fullmatch(value := _cell(table, row, kind)):
            return Problem(number, f"수식 오류 값 {value}이 있습니다. 시트에서 수정하세요")
    return None


def json_file(path: Path) -> Questions:
    """KorQuAD or SQuAD (`squad`), or a list of objects as `jsonl` has one a line."""
    content = _parsed(
        decode(path.read_bytes(), path.name),
        path.name,
        "한 줄에 객체가 하나씩 있는 파일이면 확장자를 .jsonl로 바꾸세요.",
    )
    return _records(content, path.name) if isinstance(content, list) else squad(content, path.name)


def squad(content: object, name: str) -> Questions:
    """KorQuAD 1 or SQuAD 1.1 and 2.0. The gold is the paragraph; `is_impossible` questions have none.

    Sources of the form: Lim, Kim & Lee 2019 (KorQuAD); Rajpurkar, Jia & Liang, ACL 2018 (`is_impossible`).
    """
    items = []
    corpus: dict[str, None] = {}
    for context, asked in _squad_questions(content, name):
        corpus[context] = None
        items += asked
    return Questions(tuple(items), tuple(corpus))


def _squad_questions(content: object, name: str) -> Iterator[tuple[str, list[Question]]]:
    articles = _field(content, "data", list, name, ("data",))
    for a, article in enumerate(articles):
        where = f"{name}: data[{a}]"
        paragraphs = _field(article, "paragraphs", list, where, ("paragraphs",))
        for p, paragraph in enumerate(paragraphs):
            place = f"{where}.paragraphs[{p}]"
            context = _clean(_field(paragraph, "context", str, place, ("context", "qas")))
            asked = _field(paragraph, "qas", list, place, ("context", "qas"))
            if not context:
                raise BadFile(f"{place}: context가 비어 있습니다. 문단을 채우거나 항목을 삭제하세요.")
            yield context, [_squad_question(qa, context, f"{place}.qas[{q}]") for q, qa in enumerate(asked)]


def _squad_question(qa: object, context: str, where: str) -> Question:
    expected = ("question", "answers")
    text = _clean(_field(qa, "question", str, where, expected))
    if not text:
        raise BadFile(f"{where}: question이 비어 있습니다. 질문을 채우거나 항목을 삭제하세요.")
    assert isinstance(qa, dict)  # or it would hold no question
    if qa.get("is_impossible"):
        return Question(text)
    answers = _field(qa, "answers", list, where, expected)
    answer = _field(answers[0], "text", str, f"{where}.answers[0]", ("text",)) if answers else ""
    return Question(text, (context,), _clean(answer))


def jsonl(path: Path) -> Questions:
    """One object a line: `{"question", "gold": [text, …], "answer"}`; `gold` may be one text.

    An empty `gold` is an unanswerable question. `answer` may be missing; other keys are left alone. Each key may have the
    name that the column of a sheet would have: 질문, 제시문, 답변.
    """
    items = []
    problems = []
    for number, line in enumerate(decode(path.read_bytes(), path.name).split("\n"), 1):
        if not line.strip():
            continue
        where = f"{path.name} {number}번째 줄"
        question = _record(_parsed(line, where, "한 줄에 JSON 객체 하나를 입력하세요."), where, number)
        if question.question:
            items.append(question)
        else:
            problems.append(Problem(number, "question이 비어 있습니다. 질문을 채우거나 줄을 삭제하세요"))
    return Questions(tuple(items), problems=tuple(problems))


def _records(records: Sequence[object], name: str) -> Questions:
    """A list of objects as `jsonl` has them."""
    found = [(n, _record(record, f"{name}: [{n}]", None)) for n, record in enumerate(records)]
    problems = [
        Problem(None, f"[{n}]의 question이 비어 있습니다. 질문을 채우거나 항목을 삭제하세요")
        for n, question in found
        if not question.question
    ]
    return Questions(tuple(question for _, question in found if question.question), problems=tuple(problems))


_KEYS = ("question", "gold", "answer")
_ALIASES = {
    **dict.fromkeys(COLUMNS["question"], "question"),
    **dict.fromkeys(("gold", *COLUMNS["passage"]), "gold"),
    **dict.fromkeys(COLUMNS["answer"], "answer"),
}


def _record(record: object, where: str, row: int | None) -> Question:
    """The question in one object, whose text may be "". Raises BadFile for an object of another shape."""
    keys = _called(record)
    question = _clean(_field(record, keys["question"], str, where, _KEYS))
    assert isinstance(record, dict)  # or it would hold no question
    answer = keys["answer"]
    said = _clean(_field(record, answer, str, where, _KEYS)) if record.get(answer) is not None else ""
    return Question(question, _gold(record, keys["gold"], where), said, row)


def _called(record: object) -> dict[str, str]:
    """What an object calls each of _KEYS; the key itself comes before its other names."""
    names = {key: key for key in _KEYS}
    known = record if isinstance(record, dict) else {}
    for written in reversed(known):
        key = _ALIASES.get(squash(written).lower())
        if key and key not in known:
            names[key] = written
    return names


def _gold(record: Mapping[str, object], key: str, where: str) -> tuple[str, ...]:
    value = record.get(key)
    if isinstance(value, str):
        return _texts([value])
    if key in record and value is None:
        return ()
    given = _field(record, key, list, where, _KEYS)
    texts = [text for text in given if isinstance(text, str)]
    if len(texts) < len(given):
        raise BadFile(f'{where}: {key}에 문자열이 아닌 값이 있습니다. "{key}": ["제시문", …]처럼 입력하세요.')
    return _texts(texts)


def _parsed(text: str, where: str, remedy: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadFile(f"{where}: JSON으로 읽을 수 없습니다({error}). {remedy}") from error


def _field(record: object, key: str, kind: type[T], where: str, expected: Iterable[str]) -> T:
    """`record[key]`. Raises BadFile with the keys found and expected unless it is there and a `kind`."""
    value = record.get(key) if isinstance(record, dict) else None
    if isinstance(value, kind):
        return value
    found = ", ".join(map(str, record)) or "없음" if isinstance(record, dict) else f"객체가 아님({record!r:.40})"
    raise BadFile(
        f"{where}: {key}({_TYPES[kind]})를 읽을 수 없습니다. 찾은 키: {found}. 필요한 키: {', '.join(expected)}."
        " 파일을 이 형식에 맞추세요."
    )


def _clean(text: str) -> str:
    return normalize(text).strip()


def _texts(texts: Iterable[str]) -> tuple[str, ...]:
    """The distinct texts that are not blank, in order."""
    return tuple(dict.fromkeys(clean for text in texts if (clean := _clean(text))))


def _with_each_other(items: Sequence[Question]) -> tuple[Question, ...]:
    """The questions, each with the gold of all that ask the same, white space aside, its own gold first.

    Nobody can tell which of them is asked: what is right for one is right for all. A question without gold stays so, as a
    file that has it both ways says nothing of which is true.
    """
    golds: dict[str, dict[str, None]] = {}
    for one in items:
        golds.setdefault(squash(one.question), {}).update(dict.fromkeys(one.gold))
    return tuple(
        replace(one, gold=tuple(dict.fromkeys((*one.gold, *golds[squash(one.question)])))) if one.gold else one
        for one in items
    )


def linked(golds: Sequence[Sequence[Hashable]]) -> list[int]:
    """For each question the number of its group; questions that share a gold, even through others, are together."""
    leader: dict[Hashable, Hashable] = {}

    def lead(gold: Hashable) -> Hashable:
        while leader.setdefault(gold, gold) != gold:
            gold = leader[gold]
        return gold

    for own in golds:
        for gold in own[1:]:
            leader[lead(gold)] = lead(own[0])
    numbers: dict[Hashable, int] = {}
    return [numbers.setdefault(lead(own[0]), len(numbers)) for own in golds]


READERS: dict[str, Callable[[Path], Questions]] = {
    ".xlsx": sheet,
    ".xls": sheet,
    ".ods": sheet,
    ".csv": sheet,
    ".tsv": sheet,
    ".json": json_file,
    ".jsonl": jsonl,
}


def read_questions(path: Path) -> Questions:
    """Read a question file by its suffix, one of READERS; texts are in normal form, without blank ends.

    Raises BadFile, with the place, what was found and what was expected, for what cannot be read
    or asks nothing.
    """
    suffix = path.suffix.lower()
    if suffix not in READERS:
        raise BadFile(f"{path.name}: 읽을 수 없는 질문 파일입니다. 읽는 형식: {', '.join(sorted(READERS))}")
    if not path.is_file():
        raise BadFile(f"{path}: 질문 파일이 없습니다. 경로를 확인하세요.")
    try:
        questions = READERS[suffix](path)
    except OSError as error:
        raise BadFile(f"{path.name}: 파일을 열 수 없습니다({error.strerror}). 경로와 권한을 확인하세요.") from error
    questions = replace(questions, items=_with_each_other(questions.items))
    if not questions.items:
        rows = "".join(f" {p.row}행: {p.reason}." for p in questions.problems[:3] if p.row is not None)
        raise BadFile(f"{path.name}: 질문이 없습니다. 질문을 입력하세요.{rows}")
    return questions
