"""Sheets that hypothesis makes, as xlsx, xls and xlsb: every cell comes back as a spreadsheet program shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.older_sheets import saved_as

from mundap.ingest.readers import read
from mundap.ingest.sheets.sheet import Options

WORDS = "가람 나래 다솜 라온 마루 바다 사랑 아라 자람 차오름 카드 타래 파도 하늘".split()
NAMES = "지역 담당 면적 세대 예산 정원 실적 내선 기간 요금 대상 품목 장소 수량 차종 등급".split()
GROUPS = ("2023년", "2024년", "상반기", "하반기")
TITLES = ("□ 부서별 현황", "[표 1] 운영 실적", "2024년 민원 통계", "자료 목록")
CAPTIONS = ("[표 1] 왼쪽", "[표 2] 오른쪽")


@dataclass
class Shown:
    """A cell as it is stored and as it is shown."""

    value: Any
    text: str
    code: str = "General"


@dataclass
class Part:
    """One table: the names of its columns, as they are joined, and its rows."""

    columns: list[str]
    rows: list[list[Shown]]
    groups: list[str] = field(default_factory=list)  # above pairs of columns, behind the first
    merged: int = 0  # rows that the first cell reaches over


def shown(kind: str) -> st.SearchStrategy[Shown]:
    whole, digits = st.integers(1, 99_999), st.integers(0, 99_999)
    days = st.dates(date(1950, 1, 1), date(2060, 1, 1))
    match kind:
        case "text":
            return st.tuples(st.sampled_from(WORDS), st.sampled_from(WORDS)).map(
                lambda two: Shown(t := " ".join(two), t)
            )
        case "won":
            return whole.map(lambda n: Shown(n, f"{n:,}원", '#,##0"원"'))
        case "percent":
            return st.integers(-999, 999).map(lambda n: Shown(n / 1000, f"{n / 10:.1f}%", "0.0%"))
        case "code":
            return digits.map(lambda n: Shown(n, f"{n:05d}", "00000"))
        case "phone":
            return st.integers(10_0000_0000, 10_9999_9999).map(
                lambda n: Shown(n, f"0{n // 10**8}-{n // 10**4 % 10**4:04d}-{n % 10**4:04d}", "000-0000-0000")
            )
        case "day":
            return days.map(lambda d: Shown(d, f"{d.year}년 {d.month}월 {d.day}일", 'yyyy"년" m"월" d"일"'))
        case "iso":
            return days.map(lambda d: Shown(d, d.isoformat(), "yyyy-mm-dd"))
        case "hours":
            return st.integers(0, 60 * 300).map(
                lambda m: Shown(timedelta(minutes=m), f"{m // 60}:{m % 60:02d}", "[h]:mm")
            )
        case "boolean":
            return st.booleans().map(lambda b: Shown(b, str(b).upper()))
        case "error":
            return st.sampled_from(("#N/A", "#DIV/0!")).map(lambda e: Shown(e, e))
    return whole.map(lambda n: Shown(n, str(n)))


KINDS = ("text", "won", "percent", "code", "phone", "day", "iso", "hours", "boolean", "number")


@st.composite
def parts(draw: st.DrawFn, deep: bool = True) -> Part:
    width = draw(st.sampled_from((3, 5) if deep else (2, 3)))
    names = draw(st.permutations(NAMES))[:width]
    kinds = ["text", *[draw(st.sampled_from(KINDS)) for _ in range(width - 1)]]
    rows = [[draw(shown(kind)) for kind in kinds] for _ in range(draw(st.integers(3, 5)))]
    if deep and draw(st.booleans()):
        rows[-1][-1] = draw(shown("error"))
    groups = draw(st.permutations(GROUPS))[: (width - 1) // 2] if deep and draw(st.booleans()) else []
    merged = draw(st.sampled_from((0, 2, 3)))
    if groups:
        under = names[1:3]
        columns = [names[0], *[f"{group} {name}" for group in groups for name in under]]
        kinds = ["text", *["won", "number"] * len(groups)]
        rows = [[draw(shown(kind)) for kind in kinds] for _ in rows]
    else:
        columns = list(names)
    for row in rows[1:merged]:
        row[0] = rows[0][0]
    return Part(columns, rows, list(groups), merged)


def write(sheet: Any, part: Part, top: int, left: int) -> int:
    """Write a table with its header at a place, counted from 1; the row behind it."""
    if part.groups:
        sheet.cell(top, left, part.columns[0])
        sheet.merge_cells(start_row=top, end_row=top + 1, start_column=left, end_column=left)
        for n, group in enumerate(part.groups):
            at = left + 1 + 2 * n
            sheet.cell(top, at, group)
            sheet.merge_cells(start_row=top, end_row=top, start_column=at, end_column=at + 1)
            for k in range(2):
                sheet.cell(top + 1, at + k, part.columns[1 + 2 * n + k].removeprefix(f"{group} "))
        top += 2
    else:
        for n, name in enumerate(part.columns):
            sheet.cell(top, left + n, name)
        top += 1
    for y, row in enumerate(part.rows):
        for x, cell in enumerate(row):
            if x == 0 and 0 < y < part.merged:
                continue
            place = sheet.cell(top + y, left + x, cell.value)
            if cell.code != "General":
                place.number_format = cell.code
    if part.merged:
        sheet.merge_cells(start_row=top, end_row=top + part.merged - 1, start_column=left, end_column=left)
    return top + len(part.rows)


def said(part: Part) -> list[str]:
    return [
        "\n".join(f"{name}: {cell.text}" for name, cell in zip(part.columns, row, strict=True)) for row in part.rows
    ]


def found(path: Path, options: Options = Options()) -> list[tuple[str, str]]:
    document = read(path, "표", options).document
    return [(section.heading, document.text[section.start : section.end]) for section in document.sections]


SUFFIXES = (".xlsx", ".xls", ".xlsb")
ALWAYS = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.mark.parametrize("kind", SUFFIXES)
@ALWAYS
@given(st.data())
def test_tables_under_their_titles(tmp_path: Path, kind: str, data: st.DataObject) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "현황"
    expected = []
    top = data.draw(st.integers(1, 3))
    left = data.draw(st.integers(1, 3))
    for n in range(data.draw(st.integers(1, 2))):
        part = data.draw(parts())
        title = data.draw(st.sampled_from(TITLES))
        unit = data.draw(st.sampled_from(("", "(단위: 건)")))
        sheet.cell(top, left, title)
        if unit:
            sheet.cell(top, left + len(part.columns) - 1, unit)
        elif data.draw(st.booleans()):
            sheet.merge_cells(start_row=top, end_row=top, start_column=left, end_column=left + len(part.columns) - 1)
        top = write(sheet, part, top + 1 + data.draw(st.integers(0, 1)), left) + 1 + n
        whole = f"{title} {unit}".strip()
        expected += [(whole if "현황" in whole else f"현황 > {whole}", text) for text in said(part)]
    assert found(saved_as(book, tmp_path / f"자료{kind}")) == expected


@pytest.mark.parametrize("kind", SUFFIXES)
@ALWAYS
@given(parts(deep=False), parts(deep=False), st.integers(1, 2))
def test_tables_beside_each_other(tmp_path: Path, kind: str, one: Part, other: Part, apart: int) -> None:
    book = openpyxl.Workbook()
    right = 1 + len(one.columns) + apart
    for part, left, caption in ((one, 1, CAPTIONS[0]), (other, right, CAPTIONS[1])):
        book.active.cell(1, left, caption)
        write(book.active, part, 2, left)
    assert found(saved_as(book, tmp_path / f"자료{kind}")) == [
        *[(CAPTIONS[0], text) for text in said(one)],
        *[(CAPTIONS[1], text) for text in said(other)],
    ]


@ALWAYS
@given(parts(deep=False), parts(deep=False), st.sampled_from((2019, 2, -1)), st.sampled_from(("", "년", "월")))
def test_tables_of_one_height_beside_each_other(tmp_path: Path, one: Part, other: Part, first: int, unit: str) -> None:
    """Without captions, the right one counting its rows; -1 counts down."""
    one.merged = other.merged = 0
    height = min(len(one.rows), len(other.rows))
    one.rows, other.rows = one.rows[:height], other.rows[:height]
    other.columns = [name if name not in one.columns else f"{name}수" for name in other.columns]
    for n, row in enumerate(other.rows):
        number = first + n if first > 0 else 2030 - n
        row[0] = Shown(f"{number}{unit}" if unit else number, f"{number}{unit}")
    book = openpyxl.Workbook()
    write(book.active, one, 1, 1)
    write(book.active, other, 1, 2 + len(one.columns))
    assert [text for _, text in found(saved_as(book, tmp_path / "자료.xlsx"))] == [*said(one), *said(other)]


@pytest.mark.parametrize("kind", SUFFIXES)
@ALWAYS
@given(parts(deep=False), st.data())
def test_what_is_hidden_is_left_out_and_named(tmp_path: Path, kind: str, part: Part, data: st.DataObject) -> None:
    part.merged = 0
    book = openpyxl.Workbook()
    write(book.active, part, 1, 1)
    column = data.draw(st.integers(1, len(part.columns) - 1))
    row = data.draw(st.integers(0, len(part.rows) - 1))
    secret = book.create_sheet("비밀")
    secret.append(["이름", "값"])
    secret.append(["숨김", "숨김"])
    secret.sheet_state = data.draw(st.sampled_from(("hidden", "veryHidden")))
    book.active.column_dimensions[openpyxl.utils.get_column_letter(column + 1)].hidden = True
    book.active.row_dimensions[row + 2].hidden = True
    path = saved_as(book, tmp_path / f"자료{kind}")
    seen = Part(
        [name for n, name in enumerate(part.columns) if n != column],
        [[cell for n, cell in enumerate(cells) if n != column] for y, cells in enumerate(part.rows) if y != row],
    )
    if len(seen.columns) > 1:
        assert [text for _, text in found(path)] == said(seen)
    warnings = " ".join(read(path, "표").warnings)
    assert all(named in warnings for named in ("비밀", f"행 {row + 2}", f"({part.columns[column]})"))
    assert [text for _, text in found(path, Options(hidden=True))] == [*said(part), "이름: 숨김\n값: 숨김"]
