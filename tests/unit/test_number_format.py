"""Numbers as Excel shows them, by the codes that Korean offices use and those of ECMA-376."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.ingest.sheets.number_format import BUILT_IN, compiled, general


@pytest.mark.parametrize(
    ("code", "value", "shown"),
    [
        ("00000", 123, "00123"),
        ("0.0%", 0.125, "12.5%"),
        ("0%", 1, "100%"),
        ("0.00%", 0.12345, "12.35%"),
        ("0.0%", -0.035, "-3.5%"),
        ('#,##0"원"', 1234, "1,234원"),
        ("#,##0", 1500, "1,500"),
        ("#,###", 0, ""),
        ("#.##", 0.5, ".5"),
        ("0.###", 1.5, "1.5"),
        ("0", 2.5, "3"),
        ("0.00", 2.675, "2.68"),
        ("0.0", -0.04, "0.0"),
        ('"₩"#,##0.0', 1378.4, "₩1,378.4"),
        ("[$₩-412]#,##0", 100, "₩100"),
        ('_-"₩"* #,##0_-', 15000, "₩ 15,000"),
        (BUILT_IN[41], 0, "-"),
        (BUILT_IN[41], -1234, "-1,234"),
        ("General", 1e-10, "1E-10"),
        ('[$-412]yyyy"년" m"월" d"일" dddd;@', 45356, "2024년 3월 5일 화요일"),
        ('[$-ko-KR]mmmm d"일" ddd', 45356, "3월 5일 화"),
        ("[$-412]AM/PM h:mm;@", 0.5868055556, "오후 2:05"),
        ("h:mm AM/PM", 0.5868055556, "2:05 PM"),
        (BUILT_IN[42], 500, "₩ 500"),
        ("#,##0;[Red]-#,##0", -1234, "-1,234"),
        ("#,##0_);[Red]\\(#,##0\\)", -1234, "(1,234)"),
        ('0"개";-0"개";"없음"', 0, "없음"),
        (";;;", 5, ""),
        ('000"-"00"-"00000', 1234567890, "123-45-67890"),
        ("000-0000-0000", 1012345678, "010-1234-5678"),
        ("[<=9999999]###\\-####;\\(0##\\)\\ ###\\-####", 212345678, "(021) 234-5678"),
        ("0000\\-00\\-00", 20240105, "2024-01-05"),
        ('[>=1000]#,##0,"천";0', 15000, "15천"),
        ('[>=1000]#,##0,"천";0', 15, "15"),
        ("#,##0.0,", 12345, "12.3"),
        ('General"개"', 3, "3개"),
        ('"제"0"호"', 7, "제7호"),
        ("0.00E+00", 12345, "1.23E+04"),
        ("# ?/?", 1.5, "1 1/2"),
        ('yyyy"년" m"월" d"일"', 45292, "2024년 1월 1일"),
        ("yyyy-mm-dd", 45651, "2024-12-25"),
        ("yy.mm.dd", 45292, "24.01.01"),
        ("m/d/yyyy", 45292, "1/1/2024"),
        ("mmm d, yyyy", 45292, "Jan 1, 2024"),
        ("yyyy-mm-dd aaaa", 45292, "2024-01-01 월요일"),
        ("[$-F800]dddd, mmmm dd, yyyy", 45292, "2024년 1월 1일 월요일"),
        ("yyyy-mm-dd hh:mm", 45355.58680555, "2024-03-04 14:05"),
        ("yyyy/mm/dd hh:mm:ss", 45292.999988425926, "2024/01/01 23:59:59"),
        ("h:mm", 9.5 / 24, "9:30"),
        ("h:mm AM/PM", 0.75, "6:00 PM"),
        ("오전/오후 h:mm", 0.75, "오후 6:00"),
        ("[h]:mm", 7.3125, "175:30"),
        ("[mm]:ss", 0.0625, "90:00"),
        ("mm:ss.0", 61.6 / 86400, "01:01.6"),
        ("yyyy-mm-dd", 60, "1900-02-29"),
        ("# ?/8", 1.5, "1 4/8"),
        ("[$-x-sysdate]dddd, mmmm dd, yyyy", 45356, "2024년 3월 5일 화요일"),
        ('"일금 "[DBNum4][$-412]General"원정"', 1234567, "일금 일백이십삼만사천오백육십칠원정"),
        ("[DBNum1][$-412]G/표준", 12345, "一萬二千三百四十五"),
        ("[DBNum2][$-412]General", 1234, "壹阡貳百參拾四"),
        ("[DBNum3][$-412]General", 1234, "1234"),
        ("[DBNum4]General", 100_000_010, "일억일십"),
        ("[DBNum4]General", -1.5, "-일.오"),
        ("[DBNum4]General", 0, "영"),
        ("[DBNum4]", 20, "이십"),
        ("[DBNum1]0000", 24, "〇〇二四"),
        ('[DBNum1][$-412]yyyy"년" mm"월" d"일"', 45643, "二〇二四년 十二월 十七일"),
    ],
)
def test_a_number_is_shown_as_its_format_says(code: str, value: float, shown: str) -> None:
    assert compiled(code).number(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1234567890123456, "1234567890123456"),
        (0.1 + 0.2, "0.3"),
        (1 / 3, "0.333333333"),
        (-0.5, "-0.5"),
        (45292, "45292"),
    ],
)
def test_a_number_without_a_format_is_whole_or_has_ten_digits(value: float, shown: str) -> None:
    assert general(float(value)) == shown


def test_a_text_format_stands_around_texts_alone() -> None:
    assert compiled('"제"@"조"').text("3") == "제3조"
    assert compiled("#,##0").text("가") == "가"
    assert compiled(";;;").text("가") == ""  # how cells are hidden
    assert compiled('0;-0;0;"문자"').text("가") == "문자"


@given(st.dates(date(1900, 3, 1), date(2199, 12, 31)), st.booleans())
def test_every_day_is_shown_as_it_is(day: date, since_1904: bool) -> None:
    first = date(1904, 1, 1) if since_1904 else date(1899, 12, 30)
    if day >= first:
        assert compiled("yyyy-mm-dd", since_1904).number((day - first).days) == day.isoformat()


@given(st.integers(0, 999 * 3600))
def test_hours_pass_a_day(seconds: int) -> None:
    hours, rest = divmod(timedelta(seconds=seconds).total_seconds(), 3600)
    assert compiled("[h]:mm:ss").number(seconds / 86400) == f"{int(hours)}:{int(rest) // 60:02d}:{int(rest) % 60:02d}"


@given(st.integers(-(10**12), 10**12), st.integers(0, 3))
def test_thousands_and_decimals(number: int, decimals: int) -> None:
    value = number / 10**decimals
    code = "#,##0" + ("." + "0" * decimals if decimals else "")
    assert compiled(code).number(value) == f"{value:,.{decimals}f}"


@given(st.text(alphabet='0#?,.%;-+()[]"\\_* yYmMdDhHsSEe@/원년가', max_size=30), st.floats(-1e15, 1e15))
def test_no_code_breaks_a_sheet(code: str, value: float) -> None:
    assert isinstance(compiled(code).number(value), str)
