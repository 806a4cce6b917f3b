"""What language models learn from: every shape that people have, and what is said of one that does not fit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mundap.errors import BadFile
from mundap.training.llm.data import (
    Chat,
    Completion,
    Grounded,
    Preference,
    read_preferences,
    read_prompts,
    read_sft,
)

RANKED = {"prompt": "환율은?", "completion_0": "나쁨", "completion_1": "좋음", "completion_2": "중간"}
TURNS = [{"role": "user", "content": "질문"}, {"role": "assistant", "content": "답"}]


def written(folder: Path, name: str, content: Any) -> Path:
    path = folder / name
    if isinstance(content, str):
        path.write_text(content, "utf-8")
    elif name.endswith(".jsonl"):
        path.write_text("\n".join(json.dumps(one, ensure_ascii=False) for one in content), "utf-8")
    else:
        path.write_text(json.dumps(content, ensure_ascii=False), "utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("s.csv", "출처,제시문,질문,답변\n안내,글,왜?,그래서\n안내,글,,\n", Grounded("왜?", "그래서", "글", "안내", 2)),
        ("faq.csv", "Question,Answer\n왜?,그래서\n", Grounded("왜?", "그래서", "", "", 2)),
        ("i.json", [{"instruction": "왜?", "input": "글", "output": "답"}], Grounded("왜?", "답", "글", "", 1)),
        ("i.json", [{"instruction": "왜?", "output": "답"}], Grounded("왜?", "답", "", "", 1)),
        ("p.jsonl", [{"prompt": "왜?", "completion": "답"}], Completion("왜?", "답", 1)),
        ("c.jsonl", [{"messages": TURNS}], Chat((("user", "질문"), ("assistant", "답")), 1)),
        ("q.jsonl", [{"question": "왜?", "gold": ["글"], "answer": "답"}], Grounded("왜?", "답", "글", "", 1)),
        ("q.jsonl", [{"question": "왜?", "answer": "답", "passage_id": "x"}], Grounded("왜?", "답", "", "", 1)),
    ],
)
def test_every_shape_is_read(tmp_path: Path, name: str, content: Any, expected: Any) -> None:
    assert read_sft(written(tmp_path, name, content)) == [expected]


def test_squad_is_read(tmp_path: Path) -> None:
    asked = [
        {"question": "왜?", "answers": [{"text": "답"}]},
        {"question": "없는 것?", "answers": [], "is_impossible": True},
    ]
    path = written(tmp_path, "s.json", {"data": [{"paragraphs": [{"context": "글", "qas": asked}]}]})
    assert read_sft(path) == [Grounded("왜?", "답", "글")]


def test_a_ranking_makes_three_pairs_and_the_smallest_number_is_the_best(tmp_path: Path) -> None:
    found = read_preferences(written(tmp_path, "r.json", [RANKED | {"ranking": [2, 0, 1]}]))
    assert found == [
        Preference("환율은?", "좋음", "중간", 1),
        Preference("환율은?", "좋음", "나쁨", 1),
        Preference("환율은?", "중간", "나쁨", 1),
    ]


def test_a_tie_of_a_ranking_is_no_pair(tmp_path: Path) -> None:
    found = read_preferences(written(tmp_path, "r.json", [RANKED | {"ranking": [0, 0, 1]}]))
    assert [(pair.chosen, pair.rejected) for pair in found] == [("나쁨", "중간"), ("좋음", "중간")]


def test_preferences_and_prompts_are_read(tmp_path: Path) -> None:
    path = written(tmp_path, "p.jsonl", [{"prompt": "왜?", "chosen": "좋음", "rejected": "나쁨"}])
    assert read_preferences(path) == [Preference("왜?", "좋음", "나쁨", 1)]
    assert read_prompts(written(tmp_path, "p.json", [{"prompt": "가"}, {"prompt": "나"}, {"prompt": "가"}])) == [
        "가",
        "나",
    ]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("s.csv", "이름,나이\n가,1\n", r"s.csv: .*찾은 열: 이름, 나이\. 필요한 열: 질문"),
        ("s.csv", "질문,답변\n왜?,\n", "질문과 답변이 모두 있는 행이 없습니다"),
        ("i.json", [{"instruction": "왜?", "output": "답"}, {"instruction": "뭐?"}], "i.json 2번째 항목: .*찾은 키: instruction"),
        ("i.json", [{"지시": "왜?"}], r"찾은 키: 지시\. 필요한 키: \{messages\} / \{instruction, output\}"),
        ("i.json", [{"instruction": "왜?", "output": " "}], "1번째 항목: output이.* 비어 있습니다"),
        ("i.json", [{"instruction": "왜?", "output": 3}], "output이.* 문자열이 아닙니다"),
        ("p.jsonl", '{"prompt": "왜?"\n', r"p.jsonl 1번째 줄: JSON으로 읽을 수 없습니다"),
        ("p.jsonl", "[1]\n", "1번째: 객체가 아닙니다"),
        ("p.json", {"prompt": "왜?"}, "JSON 배열이 아닙니다"),
        ("p.json", [], "학습할 데이터가 없습니다"),
        ("c.jsonl", [{"messages": TURNS[:1]}], "assistant 메시지로 끝나지 않아"),
        ("c.jsonl", [{"messages": [{"role": "bot", "content": "?"}]}], "role: 'bot'"),
        ("x.parquet", "", "읽는 형식: .csv, .json"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named_with_what_was_expected(tmp_path: Path, name: str, content: Any, said: str) -> None:
    with pytest.raises(BadFile, match=said):
        read_sft(written(tmp_path, name, content))


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (RANKED | {"ranking": [0, 1]}, r"1번째 항목: ranking \[0, 1\].*답변 3개"),
        (RANKED | {"ranking": "0,1,2"}, "순위가 아닙니다"),
        ({"prompt": "왜?", "chosen": "같음", "rejected": "같음"}, "chosen과 rejected가 같습니다"),
        ({"prompt": "왜?", "chosen": "좋음"}, r"찾은 키: prompt, chosen\. 필요한 키: .*rejected"),
    ],
)
def test_a_preference_that_says_nothing_is_refused(tmp_path: Path, record: dict[str, Any], said: str) -> None:
    with pytest.raises(BadFile, match=said):
        read_preferences(written(tmp_path, "r.json", [record]))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    for name in ("no.xlsx", "no.json", "no.jsonl"):
        with pytest.raises(BadFile, match=f"{name}: 파일이 없습니다"):
            read_sft(tmp_path / name)
