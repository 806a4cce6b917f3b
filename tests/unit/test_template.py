"""Prompt templates: what is filled in, where answers end, and what is said of files that are none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mundap.errors import ConfigError
from mundap.generate.prompt import messages, plain
from mundap.generate.template import SHIPPED, read_template, spelled, stops_of, until
from mundap.types import Hit, Passage, Turn

TEXT = "관세율은 {input} 13%입니다."
HITS = [Hit(Passage("p", "d", TEXT, 0, len(TEXT), source="안내"), 1.0, 1)]
CHAT = messages("관세율은?", HITS, [Turn("한도는?", "800달러입니다.")], "모릅니다.")


@pytest.mark.parametrize("name", SHIPPED)
def test_rules_are_the_instruction_and_what_was_said_the_input(name: str, tmp_path: Path) -> None:
    template = read_template(name, tmp_path)
    assert template is not None
    text = template.text(CHAT)
    assert text == spelled(CHAT, template)
    before, _, after = text.partition("### 입력:\n")
    assert CHAT[0]["content"] in before
    assert (
        after.index("한도는?")
        < after.index("답변: 800달러입니다.")
        < after.index(TEXT)
        < after.index("질문: 관세율은?")
    )
    assert text.endswith("### 응답:\n")
    assert template.text([{"role": "user", "content": "안녕?"}]).count("안녕?") == 1
    assert "### 입력" not in template.text([{"role": "user", "content": "안녕?"}])
    assert template.answer(text + "13%입니다.\n") == "13%입니다."
    assert template.answer("13%입니다.") == "13%입니다."
    assert "\n### 명령어:" in template.stops


def test_without_a_template_it_is_the_plain_text() -> None:
    assert read_template("", Path()) is None
    assert spelled(CHAT, None) == plain(CHAT)
    assert "\n질문:" in stops_of(None)


def test_a_file_of_ones_own_is_read_relative_to_the_workspace(tmp_path: Path) -> None:
    form = {
        "prompt_input": "{instruction}|{input}|답:",
        "prompt_no_input": "{instruction}|답:",
        "response_split": "답:",
    }
    (tmp_path / "틀.json").write_text(json.dumps(form, ensure_ascii=False), "utf-8")
    template = read_template("틀.json", tmp_path)
    assert template is not None
    assert template.text([{"role": "user", "content": "{input}?"}]) == "{input}?|답:"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[]", "prompt_input"),
        ("{", "JSON"),
        ('{"prompt_input": "가"}', "찾은 키: prompt_input"),
        ('{"prompt_input": "{input}", "prompt_no_input": "{instruction}", "response_split": "답"}', "{instruction}"),
        (
            '{"prompt_input": "{instruction}{input}답", "prompt_no_input": "{instruction}", "response_split": "답"}',
            "response_split",
        ),
    ],
)
def test_a_file_that_is_no_template_is_named_with_what_it_lacks(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "틀.json").write_text(content, "utf-8")
    with pytest.raises(ConfigError, match=r"틀\.json") as caught:
        read_template("틀.json", tmp_path)
    assert said in str(caught.value)


@pytest.mark.parametrize(("spec", "said"), [("alpcaa", "alpaca, kullm"), ("none.json", "열 수 없습니다")])
def test_an_unknown_name_lists_the_known_ones(tmp_path: Path, spec: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_template(spec, tmp_path)


@given(st.lists(st.text("ab\n#", max_size=4)), st.lists(st.text("ab\n#", min_size=1, max_size=3), max_size=3))
@example(["a\n", "\n"], ["\n", "a\n\n"])
def test_writing_ends_before_the_stop_that_is_whole_first_however_it_comes_in_pieces(
    pieces: list[str], stops: list[str]
) -> None:
    whole = "".join(pieces)
    found = [(at + len(stop), at) for stop in stops if (at := whole.find(stop)) >= 0]
    _, first = min(found, default=(0, len(whole)))
    assert "".join(until((piece for piece in pieces), stops)) == whole[:first]


def test_what_cannot_begin_a_stop_is_given_at_once_and_a_stop_closes_the_source() -> None:
    closed = []

    def source() -> Iterator[str]:
        try:
            yield from ["가나", "다\n", "##", " 끝"]
        finally:
            closed.append(True)

    stream = until(source(), ["\n###", "\n## "])
    assert [next(stream), next(stream)] == ["가나", "다"]
    assert list(stream) == []
    assert closed == [True]
