"""A llama.cpp server in a process of its own, which can die, asked by OpenAI's client and by ours."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from tests.conftest import Llama
from tests.streamed import streamed

from mundap.errors import GeneratorError
from mundap.generate.language_model import Settings
from mundap.generate.openai import OpenAIGenerator
from mundap.generate.sampling import Sampling
from mundap.generate.template import read_template
from mundap.types import Answer, Hit, Passage

pytestmark = pytest.mark.slow

REFUSAL = "죄송합니다. 등록된 문서에서 답을 찾지 못했습니다."
QUESTION = "청바지 관세율은 몇 퍼센트인가요?"
TEXT = "제3조(관세율) 청바지에 붙는 관세율은 13퍼센트입니다. 부가가치세는 10퍼센트입니다."
HITS = [Hit(Passage("p1", "d", TEXT, 0, len(TEXT), source="관세 안내"), 1.0, 1)]
LONG = "관세는 물품의 가격에 따라 정해진다. " * 60
COUNT: list[Any] = [{"role": "user", "content": "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,"}]
ON = {"ignore_eos": True, "temperature": 0}  # it writes on until it is stopped


@pytest.fixture(scope="module")
def url(llama_server: Llama) -> Iterator[str]:
    with llama_server() as (address, _):
        yield address


@pytest.fixture
def client(url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=url, api_key="none", max_retries=0, timeout=60) as made:
        yield made


def ours(url: str, timeout: float = 120.0, **options: Any) -> OpenAIGenerator:
    settings = Settings(REFUSAL, **{"max_tokens": 24, **options})
    return OpenAIGenerator(url, "gemma", settings, timeout=timeout, retries=0)


def test_openais_client_is_answered_whole_and_as_the_same_stream(client: openai.OpenAI) -> None:
    asked: dict[str, Any] = {"model": "gemma", "messages": COUNT, "max_tokens": 12, "temperature": 0}
    whole = client.chat.completions.create(**asked)
    chunks = [chunk for chunk in client.chat.completions.create(stream=True, **asked) if chunk.choices]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert text == whole.choices[0].message.content
    assert len(chunks) > 3
    assert whole.usage.completion_tokens <= 12


def test_closing_openais_stream_frees_the_only_place(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(model="gemma", messages=COUNT, max_tokens=3000, stream=True, extra_body=ON)
    next(iter(stream))
    stream.close()
    began = time.perf_counter()
    client.chat.completions.create(model="gemma", messages=COUNT, max_tokens=1)
    assert time.perf_counter() - began < 20  # 3,000 words take two minutes


def test_openais_client_does_not_wait_for_ever(url: str) -> None:
    with (
        openai.OpenAI(base_url=url, api_key="none", max_retries=0, timeout=0.2) as hasty,
        pytest.raises(openai.APITimeoutError),
    ):
        hasty.chat.completions.create(model="gemma", messages=[{"role": "user", "content": LONG}], max_tokens=1)


@pytest.mark.parametrize("template", ["", "alpaca"])
def test_ours_streams_with_a_template_and_without_one(url: str, template: str, tmp_path: Path) -> None:
    remote = ours(url, template=read_template(template, tmp_path))
    pieces, answer = streamed(remote.stream(QUESTION, HITS))
    assert isinstance(answer, Answer)
    assert "".join(pieces) == answer.text
    assert answer.text


def test_ours_ends_at_a_stop_sequence(url: str) -> None:
    free = "".join(ours(url)._write(COUNT, 24))
    cut = free[len(free) // 2 :][:2]
    stopped = "".join(ours(url, sampling=Sampling(stop=(cut,)))._write(COUNT, 24))
    assert stopped == free.partition(cut)[0]


def test_closing_ours_frees_the_only_place(url: str) -> None:
    remote = ours(url, max_tokens=3000)
    stream = remote._write(COUNT, 3000)
    next(stream)
    stream.close()
    began = time.perf_counter()
    assert "".join(ours(url)._write(COUNT, 1)) is not None
    assert time.perf_counter() - began < 20


def test_a_silent_server_is_named_with_what_to_do(url: str) -> None:
    with pytest.raises(GeneratorError, match=r"0\.2초 동안 응답하지 않았습니다.*timeout"):
        ours(url, timeout=0.2).answer(QUESTION, [Hit(Passage("long", "d", LONG, 0, len(LONG)), 1.0, 1)])


def test_a_server_that_dies_in_mid_answer_is_named_with_what_to_look_at(llama_server: Llama) -> None:
    with llama_server() as (address, process):
        stream = ours(address, max_tokens=3000)._write(COUNT, 3000)
        assert next(stream)
        process.kill()
        with pytest.raises(GeneratorError, match=r"끊겼습니다.*서버가 실행 중인지"):
            list(stream)
    with pytest.raises(GeneratorError, match="연결할 수 없습니다"):
        ours(address).answer(QUESTION, HITS)
