"""xls of every age and xlsb: cells as people see them, what is hidden, and files that cannot be read."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.comments import Comment
from python_calamine import CalamineWorkbook
from tests.older_sheets import biff, saved_as

from mundap.errors import BadFile
from mundap.ingest.readers import read
from mundap.ingest.sheets.sheet import Options

OLDER = (".xls", ".xlsb")
ADDRESS = "https://example.kr/요금"


def lines(path: Path, options: Options = Options()) -> list[str]:
    document = read(path, "표", options).document
    return [document.text[s.start : s.end].replace("\n", " / ") for s in document.sections]


@pytest.fixture
def book() -> openpyxl.Workbook:
    return openpyxl.Workbook()


def fill(sheet: Any, rows: Sequence[Sequence[Any]]) -> None:
    """Each cell a value, or a value and its format."""
    for y, row in enumerate(rows, 1):
        for x, cell in enumerate(row, 1):
            value, code = cell if isinstance(cell, tuple) else (cell, "General")
            sheet.cell(y, x, value).number_format = code


@pytest.mark.parametrize("suffix", OLDER)
def test_cells_are_as_people_see_them(tmp_path: Path, book: openpyxl.Workbook, suffix: str) -> None:
    fill(
        book.active,
        [
            ["코드", "할인율", "단가", "환율", "적용일", "시각", "근무", "재직", "번호", "값", "구분"],
            [
                (123, "00000"),
                (0.125, "0.0%"),
                (1234, '#,##0"원"'),
                (1378.4, '"₩"#,##0.0'),
                (date(2024, 1, 1), 'yyyy"년" m"월" d"일"'),
                (datetime(2024, 3, 4, 14, 5), "yyyy-mm-dd h:mm"),
                (timedelta(hours=175, minutes=30), "[h]:mm"),
                True,
                (1234567890, "000-00-00000"),
                "#DIV/0!",
                ("가", '"제"@"호"'),
            ],
            ["00042", 0.07, 15000, 0.3, 45292, (0.375, "h:mm"), (1, "[h]:mm"), False, 9007199254740992, 1.5, "나"],
        ],
    )
    path = saved_as(book, tmp_path / f"표{suffix}")
    assert lines(path) == [
        "코드: 00123 / 할인율: 12.5% / 단가: 1,234원 / 환율: ₩1,378.4 / 적용일: 2024년 1월 1일 / 시각: 2024-03-04 14:05"
        " / 근무: 175:30 / 재직: TRUE / 번호: 123-45-67890 / 값: #DIV/0! / 구분: 제가호",
        "코드: 00042 / 할인율: 0.07 / 단가: 15000 / 환율: 0.3 / 적용일: 45292 / 시각: 9:00 / 근무: 24:00 / 재직: FALSE"
        " / 번호: 9007199254740992 / 값: 1.5 / 구분: 나",
    ]
    assert read(path).warnings == ("시트 'Sheet': 수식 오류 값이 있습니다(J2 #DIV/0!). 시트에서 수정하세요",)
    assert CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()[1][1] == 0.125  # others read it too


@pytest.mark.parametrize("suffix", OLDER)
def test_merged_cells_whose_first_row_is_hidden(tmp_path: Path, book: openpyxl.Workbook, suffix: str) -> None:
    rows: list[list[Any]] = [
        ["부서", "담당", "내선"],
        ["총무과", "여비", 1],
        [None, "배차", 2],
        [None, "예약", 3],
        ["재무과", "카드", 4],
    ]
    fill(book.active, rows)
    book.active.merge_cells("A2:A4")
    book.active.row_dimensions[2].hidden = True
    path = saved_as(book, tmp_path / f"표{suffix}")
    assert lines(path) == [
        "부서: 총무과 / 담당: 배차 / 내선: 2",
        "부서: 총무과 / 담당: 예약 / 내선: 3",
        "부서: 재무과 / 담당: 카드 / 내선: 4",
    ]
    assert "숨긴 행 2은(는) 제외했습니다" in read(path).warnings[0]
    assert lines(path, Options(hidden=True))[0] == "부서: 총무과 / 담당: 여비 / 내선: 1"


def test_links_and_comments_of_xlsb(tmp_path: Path, book: openpyxl.Workbook) -> None:
    fill(book.active, [["항목", "값"], ["홈페이지", "바로가기"], ["일비", "20,000원"]])
    book.active["B2"].hyperlink = ADDRESS
    book.active["B3"].comment = Comment("총무과:\n2025년부터 폐지", "총무과")
    assert lines(saved_as(book, tmp_path / "표.xlsb")) == [
        f"항목: 홈페이지 / 값: 바로가기 ({ADDRESS})",
        "항목: 일비 / 값: 20,000원 (메모: 2025년부터 폐지)",
    ]


# -- records ----------------------------------------------------------------------------------------------------------


def bof(version: int, kind: int) -> tuple[int, bytes]:
    return 0x809, struct.pack("<HHHH", version, kind, 4000, 1997) + bytes(8 if version == 0x600 else 0)


def text5(row: int, column: int, raw: bytes) -> tuple[int, bytes]:
    return 0x204, struct.pack("<HHHH", row, column, 0, len(raw)) + raw


def text8(row: int, column: int, text: str) -> tuple[int, bytes]:
    return 0x204, struct.pack("<HHHHB", row, column, 0, len(text), 1) + text.encode("utf-16-le")


def workbook(version: int, about: Sequence[tuple[int, bytes]], sheet: Sequence[tuple[int, bytes]]) -> bytes:
    """A workbook of one sheet, called A."""
    name = b"\x01\x00A" if version == 0x600 else b"\x01A"
    xf = (0xE0, bytes(20 if version == 0x600 else 16))
    end = (0x0A, b"")
    front = [bof(version, 5), *about, (0x31, bytes(14) + (b"\x00\x00" if version == 0x600 else b"\x00")), xf]
    start = len(biff(*front, (0x85, struct.pack("<IBB", 0, 0, 0) + name), end))
    return biff(*front, (0x85, struct.pack("<IBB", start, 0, 0) + name), end, bof(version, 0x10), *sheet, end)


@pytest.mark.parametrize("codepage", [949, 1252, None])
def test_an_xls_older_than_unicode_is_read_as_korean(tmp_path: Path, codepage: int | None) -> None:
    about = [(0x42, struct.pack("<H", codepage))] if codepage else []
    code = '#,##0"원"'.encode("cp949")
    about += [(0x41E, struct.pack("<HB", 164, len(code)) + code)]
    money = struct.pack("<HH", 0, 164) + bytes(12)
    cells = [
        *(text5(0, x, name.encode("cp949")) for x, name in enumerate(("품목", "값"))),
        text5(1, 0, "똠방각하 김치".encode("cp949")),
        (0x203, struct.pack("<HHHd", 1, 1, 1, 5000)),
    ]
    path = tmp_path / "표.xls"
    path.write_bytes(workbook(0x500, [*about, (0xE0, bytes(16)), (0xE0, money)], cells))
    assert lines(path) == ["품목: 똠방각하 김치 / 값: 5,000원"]


def test_an_xls_of_western_letters_stays_so(tmp_path: Path) -> None:
    about = [(0x42, struct.pack("<H", 1252))]
    cells = [text5(0, 0, b"Nom"), text5(0, 1, b"Ville"), text5(1, 0, "René é".encode("cp1252")), text5(1, 1, b"Lyon")]
    path = tmp_path / "표.xls"
    path.write_bytes(workbook(0x500, about, cells))
    assert lines(path) == ["Nom: René é / Ville: Lyon"]


def test_links_and_comments_of_xls(tmp_path: Path) -> None:
    url = (ADDRESS + "\0").encode("utf-16-le")
    moniker = bytes.fromhex("e0c9ea79f9bace118c8200aa004ba90b")
    link = struct.pack("<HHHH", 1, 1, 1, 1) + bytes.fromhex("d0c9ea79f9bace118c8200aa004ba90b") + b"\2\0\0\0"
    link += struct.pack("<I", 3) + moniker + struct.pack("<I", len(url)) + url
    said = "총무과:\n2025년부터 폐지"
    cells = [
        *(text8(0, x, name) for x, name in enumerate(("항목", "값"))),
        *(text8(1, x, name) for x, name in enumerate(("홈페이지", "바로가기"))),
        *(text8(2, x, name) for x, name in enumerate(("일비", "20,000원"))),
        (0x1B8, link),
        (0x5D, struct.pack("<HHHHH", 0x15, 18, 0x19, 1, 0x4011) + bytes(12) + bytes(4)),
        (0x1B6, struct.pack("<HHIHHHI", 0x212, 0, 0, 0, len(said), 16, 0)),
        (0x3C, b"\1" + said.encode("utf-16-le")),
        (0x3C, struct.pack("<HHIHHI", 0, 0, 0, len(said), 0, 0)),
        (0x1C, struct.pack("<HHHHHB", 2, 1, 0, 1, 3, 1) + "총무과".encode("utf-16-le") + b"\0"),
    ]
    path = tmp_path / "표.xls"
    path.write_bytes(workbook(0x600, [], cells))
    assert lines(path) == [
        f"항목: 홈페이지 / 값: 바로가기 ({ADDRESS})",
        "항목: 일비 / 값: 20,000원 (메모: 2025년부터 폐지)",
    ]


HYPERLINK = b"\x42\x02\x67\x01"


def narrow(text: str) -> bytes:
    return struct.pack("<BBB", 0x17, len(text), 1) + text.encode("utf-16-le")


def formula8(row: int, column: int, shown: str, code: bytes) -> list[tuple[int, bytes]]:
    """A formula whose value is a text."""
    head = struct.pack("<HHH", row, column, 0) + bytes(6) + b"\xff\xff" + bytes(6)
    text = struct.pack("<HB", len(shown), 1) + shown.encode("utf-16-le")
    return [(0x06, head + struct.pack("<H", len(code)) + code), (0x207, text)]


def test_the_addresses_of_formulas_of_xls(tmp_path: Path) -> None:
    cell = b"\x44" + struct.pack("<HH", 0, 0)
    cells = [
        *(text8(0, x, name) for x, name in enumerate(("항목", "값"))),
        text8(1, 0, "홈페이지"),
        *formula8(
            1, 1, "바로가기", b"\x19\x40\x00\x01" + narrow(ADDRESS) + narrow("바로") + cell + b"\x08" + HYPERLINK
        ),
        text8(2, 0, "이어 붙인 주소"),
        *formula8(2, 1, "보기", narrow("https://a.kr/") + cell + b"\x08" + narrow("보기") + HYPERLINK),
        text8(3, 0, "다른 수식"),
        *formula8(3, 1, "값", narrow("https://a.kr/") + narrow("값") + HYPERLINK + cell + b"\x08"),
    ]
    path = tmp_path / "표.xls"
    path.write_bytes(workbook(0x600, [], cells))
    assert lines(path) == [
        f"항목: 홈페이지 / 값: 바로가기 ({ADDRESS})",
        "항목: 이어 붙인 주소 / 값: 보기",
        "항목: 다른 수식 / 값: 값",
    ]


def test_the_addresses_of_formulas_of_xlsb(tmp_path: Path, book: openpyxl.Workbook) -> None:
    fill(book.active, [["항목", "값"], ["홈페이지", f'=HYPERLINK("{ADDRESS}","바로가기")'], ["일비", 20000]])
    assert lines(saved_as(book, tmp_path / "표.xlsb")) == [
        f"항목: 홈페이지 / 값: 바로가기 ({ADDRESS})",
        "항목: 일비 / 값: 20000",
    ]


@pytest.mark.parametrize("version", [0x500, 0x600])
def test_an_xls_under_a_password_is_named_with_the_remedy(tmp_path: Path, version: int) -> None:
    path = tmp_path / "잠김.xls"
    path.write_bytes(workbook(version, [(0x2F, struct.pack("<HHH", 0, 1, 2))], [text5(0, 0, b"a")]))
    with pytest.raises(BadFile, match=r"잠김\.xls: 암호가 걸린.*암호를 풀어"):
        read(path)


def test_formats_that_xls_names_by_number_alone_are_those_of_a_korean_excel(tmp_path: Path) -> None:
    formats = [(0xE0, struct.pack("<HH", 0, number) + bytes(16)) for number in (0, 14, 31, 42, 5)]
    cells = [text8(0, x, name) for x, name in enumerate("가나다라마")]
    cells += [(0x203, struct.pack("<HHHd", 1, x, x, 45292.0)) for x in range(5)]
    path = tmp_path / "표.xls"
    path.write_bytes(workbook(0x600, formats, cells))
    assert lines(path) == ["가: 45292 / 나: 2024-01-01 / 다: 2024년 01월 01일 / 라: ₩ 45,292 / 마: ₩45,292"]


@pytest.mark.parametrize("code", ['"\\"#,##0', "\\\\#,##0", "[$\\-412]#,##0", "[$₩-412]#,##0"])
def test_a_backslash_before_a_number_is_a_won(tmp_path: Path, book: openpyxl.Workbook, code: str) -> None:
    fill(book.active, [["품목", "값"], ["김치", (5000, code)]])
    assert lines(saved_as(book, tmp_path / "표.xls")) == ["품목: 김치 / 값: ₩5,000"]


def test_an_xls_that_is_partly_broken_gives_its_values_and_says_so(tmp_path: Path, book: openpyxl.Workbook) -> None:
    fill(book.active, [["품목", "할인율"], ["김치", (0.125, "0.0%")]])
    path = saved_as(book, tmp_path / "표.xls")
    raw = path.read_bytes()
    guts, link = (struct.pack("<HH", kind, 8) for kind in (0x80, 0x1B8))
    assert raw.count(guts) == 1
    path.write_bytes(raw.replace(guts, link))
    assert lines(path) == ["품목: 김치 / 할인율: 0.125"]
    assert "표시 형식과 숨긴 행·열을 알 수 없는 파일" in read(path).warnings[0]
