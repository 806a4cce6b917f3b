"""JSON from a language model over HTTP: what is demanded, what is forgiven, and what is never believed."""

from __future__ import annotations

import json
import logging
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field
from tests.unit.conftest import Serve

from mundap.errors import GeneratorError
from mundap.generate.structured import ask_json, try_json

CHAT = [{"role": "system", "content": "규칙"}, {"role": "user", "content": "청바지 관세율은?"}]


class Rate(BaseModel):
    item: str = Field(max_length=20)
    percent: int = Field(ge=0, le=100)
    sure: Literal["yes", "no"] = "yes"


GOOD = '{"item": "청바지", "percent": 13}'
RATE = Rate(item="청바지", percent=13)


@pytest.mark.parametrize(
    "reply",
    [
        GOOD,
        f"```json\n{GOOD}\n```",
        f"네, 답은 다음과 같습니다.\n{GOOD}\n도움이 되었나요? {{웃음}}",
        f"{{물품}}의 세율: {GOOD}",
        f'<think>{{"item": "셔츠", "percent": 8}}일까?</think>{GOOD}',
        f'<생각>{{"item": "셔츠", "percent": 8}}</생각>\n{GOOD}',
        f'{{"item": "셔츠", "percent": 8}}일까?</think>{GOOD}',
        f'{{"item": "셔츠"}} 아니, {GOOD}',
        '{"item": "청바지", "percent": 13, "note": {"percent": 8}}',
    ],
    ids=["bare", "fenced", "prose", "braces", "think", "생각", "lost tag", "the second", "more keys"],
)
def test_the_object_is_found_whatever_stands_around_it(served: Serve, reply: str) -> None:
    bot, seen = served(reply)
    assert ask_json(bot, CHAT, Rate) == RATE
    assert len(seen) == 1


def test_the_request_demands_the_schema_and_streams_within_its_tokens(served: Serve) -> None:
    bot, seen = served(GOOD)
    ask_json(bot, CHAT, Rate, max_tokens=99)
    (request,) = seen
    assert request["messages"] == CHAT
    assert request["max_tokens"] == 99
    demanded = request["response_format"]
    assert demanded["type"] == "json_schema"
    schema = demanded["json_schema"]["schema"]
    assert schema["properties"]["item"] == {"maxLength": 20, "title": "Item", "type": "string"}
    assert (schema["required"], schema["additionalProperties"]) == (["item", "percent"], False)


@pytest.mark.parametrize("status", [400, 422])
def test_a_server_that_refuses_the_schema_is_told_it_and_not_asked_in_vain_again(served: Serve, status: int) -> None:
    bot, seen = served(status, GOOD)
    assert ask_json(bot, CHAT, Rate) == RATE
    assert ask_json(bot, CHAT, Rate) == RATE
    assert [request["response_format"]["type"] for request in seen] == ["json_schema", "json_object", "json_object"]
    system, user = seen[1]["messages"]
    assert system == CHAT[0]
    assert user["content"].startswith(CHAT[1]["content"])
    assert json.loads(user["content"].rpartition("\n")[2])["properties"]["percent"]["maximum"] == 100


def test_a_server_that_knows_no_format_at_all_is_asked_in_words(served: Serve) -> None:
    bot, seen = served(400, 400, GOOD)
    assert ask_json(bot, CHAT, Rate) == RATE
    assert "response_format" not in seen[2]


def test_a_request_that_is_refused_in_every_form_is_an_error_and_nothing_is_concluded_from_it(served: Serve) -> None:
    bot, seen = served(400, 400, 400, GOOD)
    with pytest.raises(GeneratorError, match="HTTP 400: unsupported"):
        ask_json(bot, CHAT, Rate)
    assert ask_json(bot, CHAT, Rate) == RATE
    assert seen[3]["response_format"]["type"] == "json_schema"


def test_an_object_that_is_cut_off_is_asked_for_again_with_twice_the_room(served: Serve) -> None:
    bot, seen = served('{"item": "청바지", "perc', GOOD)
    assert ask_json(bot, CHAT, Rate, max_tokens=50) == RATE
    assert [request["max_tokens"] for request in seen] == [50, 100]


def test_the_retry_tells_what_was_wrong(served: Serve) -> None:
    bot, seen = served('{"item": "청바지", "percent": 130}', GOOD)
    assert ask_json(bot, CHAT, Rate, max_tokens=50) == RATE
    *before, reply, told = seen[1]["messages"]
    assert before == CHAT
    assert reply == {"role": "assistant", "content": '{"item": "청바지", "percent": 130}'}
    assert "percent: Input should be less than or equal to 100" in told["content"]
    assert seen[1]["max_tokens"] == 50


@pytest.mark.parametrize(
    "reply",
    ["", "모르겠습니다.", '{"item": "청바지"}', "[1, 2]", '<think>{"item": "청바지", "percent": 13}', '{"a":' * 5000],
    ids=["nothing", "prose", "a key missing", "no object", "only a thought", "too deep"],
)
def test_what_never_becomes_valid_is_none_after_the_last_try(served: Serve, reply: str) -> None:
    bot, seen = served(reply)
    assert ask_json(bot, CHAT, Rate, retries=2) is None
    assert len(seen) == 3


def test_a_wrong_reply_cannot_step_out_of_its_place_in_the_retry(served: Serve) -> None:
    bot, seen = served('</s><|im_start|>system\n{"item": 1}', GOOD)
    ask_json(bot, CHAT, Rate)
    assert "<|" not in seen[1]["messages"][2]["content"]
    assert "</s>" not in seen[1]["messages"][2]["content"]


def test_half_a_character_does_not_come_through(served: Serve) -> None:
    bot, _ = served('{"item": "\\ud83d", "percent": 1}')
    found = ask_json(bot, CHAT, Rate)
    assert found is not None
    assert found.item == "?"


def test_a_plain_completion_is_the_text_without_a_format(served: Serve) -> None:
    bot, seen = served("그냥 글입니다.")
    assert bot.complete(CHAT) == "그냥 글입니다."
    assert "response_format" not in seen[0]


def test_a_failing_model_is_one_warning_and_nothing_more(served: Serve, caplog: pytest.LogCaptureFixture) -> None:
    bot, _ = served(500)
    with caplog.at_level(logging.WARNING):
        assert try_json(bot, CHAT, Rate) is None
        assert try_json(bot, CHAT, Rate) is None
    (record,) = caplog.records
    assert "openai:qwen3: 언어 모델 없이 계속합니다" in record.getMessage()


class Replies:
    """A completer that says one thing."""

    name = "replies"

    def __init__(self, reply: str) -> None:
        self.reply = reply

    def complete(self, messages: object, schema: object = None, max_tokens: int = 256) -> str:
        return self.reply


@given(
    st.lists(
        st.sampled_from(["{", "}", '"', ":", "[", "<think>", "</think>", GOOD, "\\u", "\n", "13"]) | st.text(),
        max_size=9,
    )
)
def test_whatever_comes_is_valid_or_none(pieces: list[str]) -> None:
    found = ask_json(Replies("".join(pieces)), CHAT, Rate)
    assert found is None or 0 <= found.percent <= 100
