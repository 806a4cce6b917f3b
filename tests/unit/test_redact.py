"""What is shown has no secrets of addresses, and nothing that a terminal would obey."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.files import cell, uncell
from mundap.redact import Visible, hidden, one_line, shown_address, visible


@pytest.mark.parametrize(
    "text",
    [
        "openai:http://kim:s3cret@10.0.0.7:8000/v1#qwen",
        "http://s3cret@host/v1 에 연결할 수 없습니다",
        "https://host/v1?api_key=s3cret&x=1: HTTP 500",
        "postgresql://kim:s3cret@db/mundap",
        "Authorization: Bearer s3crets3crets3crets3cret",
        "key mundap-s3crets3crets3crets3cret",
    ],
)
def test_secrets_of_addresses_are_hidden(text: str) -> None:
    shown = hidden(text)
    assert "s3cret" not in shown
    assert hidden(shown) == shown


@pytest.mark.parametrize("text", ["http://127.0.0.1:8080/v1", "메일은 a@b.kr로", "관세율 8%? 네", "sk-팀", ""])
def test_what_holds_no_secret_is_left(text: str) -> None:
    assert hidden(text) == text


@given(st.text())
def test_what_is_written_cannot_steer_a_terminal_and_json_means_the_same(text: str) -> None:
    out = io.StringIO()
    stream = Visible(out)
    stream.write(f"{json.dumps(text, ensure_ascii=False)}\n")
    assert not set(out.getvalue()) & ({chr(n) for n in [*range(10), *range(11, 32), *range(127, 160)]} - {"\t"})
    if "\\u" not in text:
        assert json.loads(out.getvalue()) == text
    assert visible(visible(text)) == visible(text)


@given(st.text())
def test_no_cell_is_a_formula_and_all_come_back(text: str) -> None:
    assert not cell(text).startswith(("=", "+", "-", "@", "\t", "\r"))
    if not text.startswith("'"):
        assert uncell(cell(text)) == text


@given(st.text(), st.integers(1, 50))
def test_a_message_is_one_line_that_can_be_seen(text: str, most: int) -> None:
    line = one_line(text, most)
    assert line.isprintable()
    assert len(line) <= most
    assert one_line(line, most) == line


def test_a_message_says_what_it_said() -> None:
    assert one_line("'가\n\u200b나': 없는 문서입니다.") == "'가 나': 없는 문서입니다."


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:secret@db:5432/m", "postgresql://db:5432/m"),
        ("postgresql://u:secret@a:1,b:2/m?password=secret", "postgresql://***"),
        ("postgresql://u:sec@ret@db/m", "postgresql://db/m"),
        ("postgresql://u:secret/x@db/m", "postgresql://***"),
        ("postgresql://u:1/secret@db/m", "postgresql://***"),
        ("postgresql://u:sec?ret@db/m", "postgresql://***"),
    ],
)
def test_an_address_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert shown_address(url) == shown
