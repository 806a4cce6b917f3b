"""csv and tsv as programs and people write them: any delimiter, lines above the header, a broken byte here and there."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice
from pathlib import Path

from mundap.errors import BadFile
from mundap.ingest.encoding import broken_lines, decode_leniently, encoding_of, line_of
from mundap.ingest.reading_progress import report
from mundap.ingest.sheets.sheet import ERRORS, HALF, Row, Sheet, Tell, places, runs
from mundap.ingest.sheets.visible import PIECE
from mundap.korean.normalize import name_of, normalize

Lines = Callable[[float, float], Iterator[str]]  # from one share of the work to another

_MARKS = ",;\t|"
_SEPARATOR = re.compile(r"\A\ufeff?\s*[\"']?sep=(.)[\"']?[^\n]*\n", re.IGNORECASE)
_TEXT = re.compile(r'="((?:[^"]|"")*)"')  # how spreadsheets are told to keep the zeros in front of a number
_LOOKED_AT = 200  # records that tell the delimiter
_HEAD = 1 << 18  # characters
_LARGE = 32 << 20  # bytes
_REPORTED = 20_000  # lines
_CHECKED = 0.1  # of the work is done when all quotes are known to be closed
_MOST_OPEN = 20  # quotes that are never closed
_MAX_CELL = 10_000_000


def pieces_of(path: Path, tell: Tell) -> Iterator[Sheet]:
    """The file as one sheet, a very large one in pieces. A byte that is no letter costs its cell a replacement sign, and is
    told with its line.

    Raises BadFile for very many such quotes, and for what is no text.
    """
    lines = _lines(path, tell)
    csv.field_size_limit(_MAX_CELL)
    head = _beginning(lines(0, 0))
    said = _SEPARATOR.match(head)
    skipped = head.count("\n", 0, said.end()) if said else 0
    delimiter = said[1] if said else "\t" if path.suffix.lower() == ".tsv" else _delimiter(head)
    name = name_of(path.stem)
    rows: list[Row] = []
    gaps: set[int] = set()
    errors: list[str] = []
    start = 1 + skipped
    began = blank = more = False
    try:
        open_ = _open_quotes(lines, delimiter)
        if open_:
            tell(f"{runs(open_)}번째 줄에 닫히지 않은 따옴표가 있어 글자로 읽었습니다. 원본에서 따옴표를 확인하세요")
        told = islice(_closed(lines(_CHECKED, HALF), open_, delimiter), skipped, None)
        reader = csv.reader(told, delimiter=delimiter, skipinitialspace=True)
        for record in reader:
            cells = [_cell(cell) for cell in record]
            while cells and not cells[-1]:
                cells.pop()
            if cells:
                if len(rows) == PIECE:
                    yield Sheet(name, rows, (), frozenset(gaps), ragged=True, more=more)
                    rows, gaps, more = [], set(), True
                errors += [f"{start}행 {cell}" for cell in cells if cell.startswith("#") and cell in ERRORS]
                if blank and began:
                    gaps.add(start)
                began = True
                rows.append((start, cells))
            blank = not cells
            start = reader.line_num + skipped + 1
    except csv.Error as error:
        line = error.args[1] if len(error.args) > 1 else start
        raise BadFile(f"{path.name}: {line}번째 줄을 표로 읽을 수 없습니다. 따옴표를 확인하세요.") from error
    if errors:
        tell(f"수식 오류 값이 있습니다({places(errors)}). 시트에서 수정하세요")
    yield Sheet(name, rows, (), frozenset(gaps), ragged=True, more=more)


def _lines(path: Path, tell: Tell) -> Lines:
    """The lines of the file, as often as they are asked for; those of a large one are never all in memory."""
    if path.stat().st_size > _LARGE:
        encoding = encoding_of(path)
        broken = [] if encoding else broken_lines(path)
        if broken is not None:
            _tell_broken(broken, tell)
            return lambda first, last: _reported(path, encoding, first, last)
    text, broken = decode_leniently(path.read_bytes(), path.name)
    _tell_broken(broken, tell)
    return lambda first, last: io.StringIO(text)


def _tell_broken(lines: Collection[int], tell: Tell) -> None:
    if lines:
        tell(f"{runs(lines)}번째 줄에 깨진 문자가 있어 �로 대체했습니다. 원본을 수정해 UTF-8로 다시 저장하세요")


def _reported(path: Path, encoding: str, first: float, last: float) -> Iterator[str]:
    """The lines of a file, all in an encoding or, for "", each in its own; tells how far it is between two shares."""
    size = path.stat().st_size
    with path.open("rb") as raw:
        file: Iterable[str] = (
            io.TextIOWrapper(raw, encoding, newline="")
            if encoding
            else (line_of(line if n else line.removeprefix(codecs.BOM_UTF8)) for n, line in enumerate(raw))
        )
        for number, line in enumerate(file):
            if number % _REPORTED == 0:
                report(first + (last - first) * raw.tell() / size)
            yield normalize(line)


def _beginning(lines: Iterator[str]) -> str:
    found: list[str] = []
    length = 0
    for line in lines:
        found.append(line)
        length += len(line)
        if length > _HEAD:
            break
    return "".join(found)


def _cell(cell: str) -> str:
    cell = cell.strip()
    if cell.startswith('="') and (match := _TEXT.fullmatch(cell)):
        return match[1].replace('""', '"')
    return cell


def _delimiter(head: str) -> str:
    """The mark that gives most records the same number of cells; where none does, the one the first line has most."""
    scores = {}
    for mark in _MARKS:
        widths = _widths(head, mark)
        width, count = Counter(widths).most_common(1)[0] if widths else (1, 0)
        usual = Counter(w for w in widths if w > 1).most_common(1)
        if usual and usual[0][1] * 2 > len(widths):
            width, count = usual[0]
        if width > 1:
            scores[mark] = (count, width)
    first = head.lstrip("\n").partition("\n")[0]
    if not scores or max(count for count, _ in scores.values()) * 2 <= len(_widths(head, ",")):
        return max(_MARKS, key=first.count)
    return max(scores, key=lambda mark: (scores[mark][0], first.count(mark), scores[mark][1]))


def _widths(head: str, mark: str) -> list[int]:
    widths = []
    try:
        for record in csv.reader(io.StringIO(head), delimiter=mark, skipinitialspace=True):
            if any(cell.strip() for cell in record):
                widths.append(len(record))
            if len(widths) == _LOOKED_AT:
                break
    except csv.Error:
        return widths
    return widths


def _open_quotes(lines: Lines, delimiter: str) -> list[int]:
    """The lines, from 1, with a quote that is never closed, or only by one that opens another cell, which would swallow the
    rows between; at most a few.

    Other untidy quotes are read as they stand.
    """
    found: list[int] = []
    while len(found) < _MOST_OPEN and (line := _first_open(_closed(lines(0, _CHECKED), found, delimiter), delimiter)):
        found.append(line)
    if len(found) == _MOST_OPEN:
        raise csv.Error("open quotes", found[0])
    return sorted(found)


def _first_open(lines: Iterator[str], delimiter: str) -> int:
    """The line of the first such quote, 0 if there is none."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True)
    while True:
        start = reader.line_num + 1
        try:
            next(reader)
        except StopIteration:
            return 0
        except csv.Error as error:
            if "end of data" in str(error) or reader.line_num > start:
                return start


def _closed(lines: Iterator[str], open_: Collection[int], delimiter: str) -> Iterator[str]:
    """The lines; in those with an open quote, each cell between quotes of its own."""
    for number, line in enumerate(lines, 1):
        if number not in open_:
            yield line
            continue
        cells = [cell.strip().removeprefix('"').removesuffix('"') for cell in line.rstrip("\r\n").split(delimiter)]
        yield delimiter.join('"' + cell.replace('"', '""') + '"' for cell in cells) + "\n"
