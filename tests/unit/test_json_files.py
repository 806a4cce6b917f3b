"""JSON: the shapes that people have become passages and known questions, and a broken line costs only itself."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mundap.errors import BadFile
from mundap.ingest.build import Reading
from mundap.ingest.readers import read

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


def reading(folder: Path, name: str, value: Any) -> Reading:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    (folder / name).write_text(text, "utf-8")
    return read(folder / name)


def texts(found: Reading) -> list[str]:
    return [found.document.text[s.start : s.end] for s in found.document.sections]


def test_a_list_of_objects_is_a_table_with_its_dates(tmp_path: Path) -> None:
    found = reading(tmp_path, "a.json", [{"구장": "강남", "등록일": "2024-01-05", "코트": 2}, {"구장": "수원"}])
    assert texts(found) == ["구장: 강남\n등록일: 2024-01-05\n코트: 2", "구장: 수원"]
    assert found.document.sections[0].meta["date"] == "2024-01-05"


@pytest.mark.parametrize(
    "row",
    [
        {"instruction": "환급은", "input": "언제?", "output": "5년 안에 신청합니다."},
        {"prompt": "환급은\n언제?", "completion": "5년 안에 신청합니다."},
        {
            "messages": [
                {"role": "user", "content": "환급은\n언제?"},
                {"role": "assistant", "content": "5년 안에 신청합니다."},
            ]
        },
        {"질문": "환급은\n언제?", "답변": "5년 안에 신청합니다."},
    ],
)
def test_training_rows_are_questions_with_answers(tmp_path: Path, row: dict[str, Any]) -> None:
    found = reading(tmp_path, "a.jsonl", json.dumps(row, ensure_ascii=False))
    (known,) = found.document.questions
    assert (known.question, known.answer) == ("환급은\n언제?", "5년 안에 신청합니다.")
    assert texts(found) == ["5년 안에 신청합니다."]


def test_paragraphs_of_squad_keep_their_questions(tmp_path: Path) -> None:
    qas = [{"question": "수도는?", "answers": [{"text": "서울", "answer_start": 0}]}]
    found = reading(
        tmp_path, "a.json", {"data": [{"title": "한국", "paragraphs": [{"context": "서울이다.", "qas": qas}]}]}
    )
    assert (texts(found), found.document.sections[0].source) == (["서울이다."], "한국")
    assert [(q.question, q.answer) for q in found.document.questions] == [("수도는?", "서울")]


def test_a_broken_line_is_reported_and_the_rest_goes_in(tmp_path: Path) -> None:
    found = reading(tmp_path, "a.jsonl", '{"구장": "강남"}\n{"구장": \n\n[1]\n{"구장": "수원"}')
    assert texts(found) == ["구장: 강남", "구장: 수원"]
    assert [problem.row for problem in found.problems] == [2, 4]


def test_json_lines_under_another_name_are_read(tmp_path: Path) -> None:
    assert texts(reading(tmp_path, "a.json", '{"a": 1}\n{"a": 2}')) == ["a: 1", "a: 2"]


def test_anything_else_is_lines_under_their_keys(tmp_path: Path) -> None:
    found = reading(tmp_path, "a.json", {"안내": {"시간": ["9시", "18시"], "쉬는 날": [{"요일": "월"}]}})
    assert texts(found) == ["안내 > 시간: 9시\n안내 > 시간: 18시\n안내 > 쉬는 날 > 요일: 월"]


def test_a_broken_file_is_told_by_its_line(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"a\.json: 2번째 줄에 JSON 구문 오류가 있습니다"):
        reading(tmp_path, "a.json", '{"a": 1,\n "b" 2}')
    with pytest.raises(BadFile, match=r"a\.json"):
        reading(tmp_path, "a.json", "[" * 100_000)


def test_a_malformed_question_of_squad_is_a_bad_file(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="SQuAD"):
        reading(tmp_path, "a.json", {"data": [{"paragraphs": [{"context": "글", "qas": [1]}]}]})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(VALUES, st.sampled_from(["a.json", "a.jsonl"]))
def test_any_value_is_read_or_is_a_bad_file(tmp_path: Path, value: Any, name: str) -> None:
    try:
        found = reading(tmp_path, name, json.dumps(value))
    except BadFile:
        return
    assert all(text.strip() for text in texts(found))


@pytest.mark.parametrize("value", ["9" * 5000, "[" * 50_000, '{"a":' * 50_000])
def test_numbers_and_depths_that_no_document_has(tmp_path: Path, value: str) -> None:
    (tmp_path / "값.json").write_text(value, "utf-8")
    with pytest.raises(BadFile, match=r"값\.json: .*하세요"):
        read(tmp_path / "값.json")
    (tmp_path / "줄.jsonl").write_text(f'{{"질문": "왜?", "답변": "글"}}\n{{"a": {value}}}', "utf-8")
    found = read(tmp_path / "줄.jsonl")
    assert texts(found) == ["글"]
    assert [problem.row for problem in found.problems] == [2]
