"""Tables in memory are read as sheets are: data frames of pandas and of anything alike, and lists of dicts."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mundap as md
from mundap.errors import BadFile
from mundap.types import Document

Rows = list[dict[str, Any]]
QA: Rows = [
    {"출처": "관세청", "제시문": "면세 한도는 800달러이다.", "질문": "한도는?", "답변": "800달러입니다."},
    {"출처": "관세청", "제시문": "주류는 두 병까지이다.", "질문": "술은?", "답변": None},
]


def frames(rows: Rows) -> list[Any]:
    pandas = pytest.importorskip("pandas", reason="needs pandas, which the extra ui brings")
    polars = pytest.importorskip("polars", reason="needs polars")
    return [rows, pandas.DataFrame(rows), polars.DataFrame(rows, strict=False, infer_schema_length=None)]


def as_file(rows: Rows, folder: Path) -> Document:
    lines = [",".join(rows[0]), *(",".join(value or "" for value in row.values()) for row in rows)]
    (folder / "표.csv").write_text("\n".join(lines), "utf-8")
    [document] = md.load(folder / "표.csv")
    return document


def test_a_frame_is_read_as_the_file_with_the_same_cells(tmp_path: Path) -> None:
    expected = as_file(QA, tmp_path)
    for data in frames(QA):
        [document] = md.load(data, source="표")
        assert document.text == expected.text
        assert [p.text for p in md.split([document])] == [p.text for p in md.split([expected])]
        assert [(q.question, q.answer) for q in document.questions] == [("한도는?", "800달러입니다."), ("술은?", "")]


def test_values_are_shown_as_people_write_them() -> None:
    rows = [
        {"품목": "담배", "수량": 200, "세율": 0.5, "시행": datetime(2026, 1, 1), "비고": None},
        {"품목": "주류", "수량": 2, "세율": float("nan"), "시행": datetime(2026, 3, 1, 9, 30), "비고": "만 19세 이상"},
    ]
    for data in frames(rows):
        [document] = md.load(data)
        assert "수량: 200" in document.text
        assert "세율: 0.5" in document.text
        assert "2026-03-01 09:30" in document.text
        assert not any(word in document.text.lower() for word in ("nan", "none", "nat"))


def test_columns_of_records_are_those_of_any_row() -> None:
    [document] = md.load([{"가": "하나"}, {"나": np.int64(2)}])
    assert document.text.split() == ["가:", "하나", "나:", "2"]


def text_of(data: Any) -> str:
    [document] = md.load(data)
    return document.text


def test_an_index_that_says_something_is_read() -> None:
    pandas = pytest.importorskip("pandas", reason="needs pandas, which the extra ui brings")
    fees = pandas.DataFrame({"도시": ["서울", "부산"], "종류": ["주차", "숙박"], "요금": [3000, 50000]})
    expected = text_of(fees)
    assert text_of(fees.set_index("도시")) == expected
    assert text_of(fees.set_index(["도시", "종류"])) == expected
    assert text_of(fees[fees["요금"] > 3000]).split() == ["도시:", "부산", "종류:", "숙박", "요금:", "50000"]
    by_kind = fees.groupby("종류")[["요금"]].sum()
    assert "종류: 숙박\n요금: 50000" in text_of(by_kind)
    unnamed = pandas.DataFrame({"요금": [3000]}, index=["주차"])
    assert text_of(unnamed).split() == ["주차", "요금:", "3000"]


def test_several_rows_of_headers_are_joined() -> None:
    pandas = pytest.importorskip("pandas", reason="needs pandas, which the extra ui brings")
    names = [("구분", "Unnamed: 0_level_1"), ("요금", "평일"), ("요금", "주말")]
    frame = pandas.DataFrame([["어른", 3000, 4000]], columns=pandas.MultiIndex.from_tuples(names))
    assert text_of(frame) == "구분: 어른\n요금 평일: 3000\n요금 주말: 4000"


def test_values_of_every_kind_are_shown_or_left_out() -> None:
    pandas = pytest.importorskip("pandas", reason="needs pandas, which the extra ui brings")
    frame = pandas.DataFrame(
        {
            "품목": pandas.Categorical(["담배", None]),
            "수량": pandas.array([200, None], dtype="Int64"),
            "세율": np.array([0.1, np.nan], dtype="float32"),
            "시행": [pandas.Timestamp("2026-01-02"), pandas.NaT],
            "나라": [["한국", "일본"], np.array(["미국", None])],
            "규격": [{"길이": 84, "무게": None}, None],
            "사진": [b"\xff\x00", None],
        }
    )
    assert text_of(frame).split("\n\n") == [
        "품목: 담배\n수량: 200\n세율: 0.1\n시행: 2026-01-02\n나라: 한국, 일본\n규격: 길이: 84",
        "나라: 미국",
    ]
    assert text_of([{"열": "nan"}, {"열": "None"}]) == "열: nan\n\n열: None"  # words, and no missing values
    assert (
        text_of([{"열": date(2026, 1, 2)}, {"열": datetime(2026, 1, 2, 9, 30)}])
        == "열: 2026-01-02\n\n열: 2026-01-02 09:30"
    )


def test_values_of_polars_are_shown_or_left_out() -> None:
    polars = pytest.importorskip("polars", reason="needs polars")
    frame = polars.DataFrame(
        {
            "품목": polars.Series(["담배", None], dtype=polars.Categorical),
            "수량": [200, None],
            "단가": [Decimal("1.50"), None],
            "세율": polars.Series([0.1, float("nan")], dtype=polars.Float32),
            "시행": [date(2026, 1, 2), None],
            "시작": [time(9, 30), None],
            "나라": [["한국", "일본"], ["미국", None]],
            "규격": [{"길이": 84, "무게": None}, None],
            "사진": [b"\xff\x00", None],
        }
    )
    assert text_of(frame).split("\n\n") == [
        "품목: 담배\n수량: 200\n단가: 1.50\n세율: 0.1\n시행: 2026-01-02\n시작: 09:30\n나라: 한국, 일본\n규격: 길이: 84",
        "나라: 미국",
    ]
    with pytest.raises(BadFile, match="collect"):
        md.load(frame.lazy())


def test_tables_of_other_kinds_are_told_what_to_become() -> None:
    class Lazy:
        columns = ("가",)

    with pytest.raises(BadFile, match="to_pandas"):
        md.load(Lazy())


@pytest.mark.parametrize("data", [[], [{}], [{"가": None}], [1, 2], [["가"]]])
def test_what_is_no_table_is_told(data: Any) -> None:
    with pytest.raises(BadFile):
        md.load(data)


def test_a_hit_names_its_source() -> None:
    [document] = md.load(QA)
    searcher = md.BM25(md.split([document]))
    assert searcher.search("면세 한도", 1)[0].source == "관세청"
