"""The date of a passage, from what its document says of itself; never from the time of the file.

In this order: a date column of its row, its 출처, the head of a running text, the name of the file, what the format keeps
beside the text. Of several dates
in one place the latest counts, for then the text was last known to hold. A number that can be read in two ways is no
date. Dates are written as YYYY, YYYY-MM or YYYY-MM-DD, as precisely as they were found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import PurePosixPath

from mundap.korean.dates import Period, iso, stated
from mundap.korean.normalize import squash
from mundap.types import Document, Section

DATE = "date"  # the key in Section.meta
_ACTS = "작성 등록 게시 공고 공지 시행 개정 제정 발행 배포 수정 갱신 최종수정".split()
COLUMNS = {"날짜", "일자", "일시", "date", "updated", "modified", "lastmod"}
COLUMNS |= {act + end for act in _ACTS for end in ("일", "일자", "날짜", "일시")}
_HEAD = 1000  # characters of a running text in which it may say of when it is
_YEARS = range(2001, 2040)  # of a number without marks in a name; in a date column any year

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)^---[ \t]*$", re.DOTALL | re.MULTILINE)
_FIELD = re.compile(r"^[-*># \t]*+(?P<name>[A-Za-z가-힣 ]{2,12}?)[*\s]*+[:：][*\s]*+(?P<value>.{4,60})$", re.MULTILINE)
_LINE = re.compile(r"[(\[<〈「][^()\[\]<>〈〉「」\n]{6,60}[)\]>〉」]|^.{6,60}$", re.MULTILINE)
_LAW = r"시행|(?:일부|전부|타법)?\s?개정|제정|공포|발령"
_BEFORE = re.compile(rf"(?:{_LAW}|{'|'.join(_ACTS)})(?:일자?)?[\s:：]{{0,3}}$")
_BEHIND = re.compile(
    rf"\s?(?:자로?|부터|에)?\s?(?:(?:{_LAW})(?:한다|합니다|함)?(?![가-힣])|(?:{'|'.join(_ACTS)})(?=[)\]>〉」\s]*$))"
)
_IN_FORCE = re.compile(r"부터\s?효력")

_ADVERB = re.compile(r"\s*(?:에(?!서)|부터|까지|이후|이전|동안|말|초|생)|\s*전(?![가-힣])")  # 2018년에 산 물건은 …
_COUNTED = r"\s?(?:호|번|원|명|건|개|회|쪽|면|조|항|점|위|권|종|달러)(?![가-힣])"
_FREE, _END = r"(?<![0-9A-Za-z.,])(?<![0-9A-Za-z][-:/])", rf"(?![0-9A-Za-z]|[.\-:/,][0-9]|{_COUNTED})"
_NUMBERED = r"(?<![가-힣])(?<![A-Za-z] )(?<![:.] )(?<!제 )"  # page: 2023, RFC 2024
_NUMBERS = re.compile(rf"{_FREE}(?:([0-9]{{8}})|{_NUMBERED}([0-9]{{6}}|[0-9]{{4}})(?![가-힣]|\s?년)){_END}")
_SHORT = re.compile(r"^\s*([0-9]{2})\.\s?([0-9]{1,2})\.\s?([0-9]{1,2})(?![0-9])")


def dated(document: Document) -> Document:
    """`document` with meta["date"] in every section whose date is known; those that have one keep it."""
    own = _head(document) or date_of_document(document)
    return replace(document, sections=tuple(dated_section(section, own) for section in document.sections))


def date_of_document(document: Document) -> str:
    """The date in the name of a document's file, else the one that the file says of itself, or ""."""
    return date_of_name(PurePosixPath(document.source).stem) or str(document.meta.get(DATE, ""))


def dated_section(section: Section, own: str) -> Section:
    """`section` with a date in its meta, if it has one, its source or the document, whose `own` date is given."""
    if DATE in section.meta:
        return section
    date = date_of_name(section.source) or own
    return replace(section, meta={**section.meta, DATE: date}) if date else section


def date_of_cells(columns: Iterable[str], row: Iterable[str]) -> str:
    """The latest date in the date columns of a row, or ""."""
    cells = (cell for column, cell in zip(columns, row, strict=False) if _is_date_column(column))
    return _latest(found for cell in cells for found in _in_cell(cell))


def date_of_name(name: str) -> str:
    """The latest date in the name of a file or in a 출처, or "".

    공지_20240105, (231030) 질의응답 and 2021년 상담사례집 have one; page: 23, 제18조, 고시 제2023-15호 and 2018년에 산
    물건의 과세 have none.
    """
    spoken = (period for period in stated(name) if not _ADVERB.match(name, period.span[1]))
    return _latest((*_written(spoken), *_numbers(name, _YEARS)))


@lru_cache(maxsize=64)
def date_of_title(*lines: str) -> str:
    """The latest date in what stands above a table (2024. 3. 5. 기준, 작성일: 2024-03-05, 2029년), or ""."""
    said = (period for line in lines for period in stated(line) if not _ADVERB.match(line, period.span[1]))
    return _latest(_written(said))


@lru_cache
def _is_date_column(name: str) -> bool:
    return squash(name).lower() in COLUMNS


def _head(document: Document) -> str:
    if document.sections and {"kind", "row"} & document.sections[0].meta.keys():
        return ""  # the head of a sheet is only its first row
    head = document.text[:_HEAD]
    front = _FRONT_MATTER.match(head)
    fields = _FIELD.finditer(front.group(1) if front else head)
    named = [found for m in fields if _is_date_column(m["name"]) for found in _explicit(m["value"])]
    return _latest((*named, *_acts(head)))


def _acts(head: str) -> Iterator[str]:
    """Days that stand beside 개정, 시행 and the like, in brackets or in a short line of their own."""
    for line in (m.group() for m in _LINE.finditer(head)):
        yield from _written(
            p for p in stated(line) if _BEFORE.search(line, 0, p.span[0]) or _BEHIND.match(line, p.span[1])
        )
    yield from _written(p for p in stated(head) if _IN_FORCE.match(head, p.span[1]))


def _explicit(text: str) -> Iterator[str]:
    """The dates in a text that is meant as one."""
    yield from _written(stated(text))
    yield from _numbers(text, range(1900, 2100))
    if short := _SHORT.match(text):
        yield from _written(stated("20{}-{}-{}".format(*short.groups())))


@lru_cache(maxsize=4096)
def _in_cell(text: str) -> tuple[str, ...]:
    return tuple(_explicit(text))


def _written(found: Iterable[Period]) -> Iterator[str]:
    return (iso(period.start, period.end) for period in found if period.start and period.end)


def _numbers(text: str, years: range) -> Iterator[str]:
    """20231030, 231030, 202310 and 2023 that are no part of a longer number, an amount or a page."""
    for eight, fewer in _NUMBERS.findall(text):
        readings = {
            8: [f"{eight[:4]}-{eight[4:6]}-{eight[6:]}"],
            6: [f"20{fewer[:2]}-{fewer[2:4]}-{fewer[4:]}", f"{fewer[:4]}-{fewer[4:]}"],
            4: [fewer],
        }[len(eight or fewer)]
        dates = [found for found in readings if int(found[:4]) in years and _exists(found)]
        if len(dates) == 1:
            yield dates[0]


def _exists(found: str) -> bool:
    return len(found) == 4 or [*_written(stated(found))] == [found]


def _latest(dates: Iterable[str]) -> str:
    """By the first day; of the same first day, the more precise."""
    return max(dates, key=lambda found: (found + "-01-01"[len(found) - 4 :], len(found)), default="")
