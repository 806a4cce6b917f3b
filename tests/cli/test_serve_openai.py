"""OpenAI's own client talks to the API as it is run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import openai
import pytest
from tests.cli.conftest import Serve

pytest.importorskip("fastapi", reason="the extra serve is not installed")

QUESTION = "연차는 언제 소멸되나요?"


@pytest.fixture(scope="module")
def api(serving: Serve, office: Path) -> Iterator[httpx.Client]:
    """A plain client of the API."""
    with serving(office) as server:
        yield server.client


@pytest.fixture(scope="module")
def client(api: httpx.Client) -> Iterator[Any]:
    """OpenAI's client of it. Its types do not know what `mundap` adds."""
    with openai.OpenAI(base_url=str(api.base_url.join("/v1")), api_key="none", max_retries=0) as made:
        yield made


def ask(text: str) -> list[dict[str, str]]:
    return [{"role": "system", "content": "너는 해적이다."}, {"role": "user", "content": text}]


def test_an_answer_comes_whole_with_what_it_stands_on(api: httpx.Client, client: Any) -> None:
    said = client.chat.completions.create(model="gpt-4o", messages=ask(QUESTION), temperature=0.3, n=1, user="가")
    plain = api.post("/query", json={"query": QUESTION}).json()
    [choice] = said.choices
    assert choice.message.content == plain["response"]
    assert choice.finish_reason == "stop"
    stands = choice.message.mundap
    assert (stands["citations"], stands["hits"]) == (plain["citations"], plain["hits"])
    assert stands["citations"]
    assert not stands["abstained"]
    assert said.usage.total_tokens == said.usage.prompt_tokens + said.usage.completion_tokens > 0


def test_an_answer_comes_as_a_stream_with_what_it_stands_on_at_the_end(client: Any) -> None:
    whole = client.chat.completions.create(model="mundap", messages=ask(QUESTION))
    raw = client.chat.completions.with_raw_response.create(
        model="mundap", messages=ask(QUESTION), stream=True, stream_options={"include_usage": True}
    )
    *chunks, last, usage = raw.parse()
    assert "".join(chunk.choices[0].delta.content for chunk in chunks) == whole.choices[0].message.content
    assert chunks[0].choices[0].delta.role == "assistant"
    assert last.choices[0].finish_reason == "stop"
    assert last.mundap["citations"] == whole.choices[0].message.mundap["citations"]
    assert last.mundap["request_id"] == raw.headers["x-request-id"]
    assert not usage.choices
    assert usage.usage == whole.usage


def test_messages_before_the_question_are_the_conversation(client: Any) -> None:
    follow = {"role": "user", "content": [{"type": "text", "text": "그럼 며칠 받나요?"}]}
    before = [*ask(QUESTION), {"role": "assistant", "content": "2년이 지나면 소멸합니다."}]
    leaning = client.chat.completions.create(model="mundap", messages=[*before, follow])
    assert "연차" in leaning.choices[0].message.mundap["hits"][0]["text"]
    alone = client.chat.completions.create(model="mundap", messages=[follow])
    assert alone.choices[0].message.mundap["hits"] != leaning.choices[0].message.mundap["hits"]
    in_session = {"session": "openai"}
    client.chat.completions.create(model="mundap", messages=ask(QUESTION), extra_body=in_session)
    again = client.chat.completions.create(model="mundap", messages=[follow], extra_body={"mundap": in_session})
    assert again.choices[0].message.mundap["hits"] == leaning.choices[0].message.mundap["hits"]


def test_passages_are_chosen_as_asked(client: Any) -> None:
    for extra in ({"top_k": 1}, {"mundap": {"top_k": 1, "filters": {"source": ["시설 안내"]}}}):
        said = client.chat.completions.create(model="mundap", messages=ask("연차"), extra_body=extra)
        [hit] = said.choices[0].message.mundap["hits"]
    assert hit["source"] == "시설 안내"


def test_vectors_are_those_of_the_workspace(client: Any) -> None:
    asked, read = (
        client.embeddings.create(model="any", input=["연차는 며칠인가요", "병가"], extra_body={"input_type": kind})
        for kind in ("query", "passage")
    )
    numbers = client.embeddings.create(model="any", input="병가", encoding_format="float")
    rows = np.array([one.embedding for one in asked.data])
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1, 1], abs=1e-5)
    assert numbers.data[0].embedding == pytest.approx(rows[1], abs=1e-6)
    assert len(read.data) == 2
    assert {model.id for model in client.models.list()} == {"mundap", asked.model}


@pytest.mark.parametrize(
    "body",
    [
        {"messages": []},
        {"messages": [{"role": "assistant", "content": "네"}]},
        {"messages": [{"role": "user", "content": " "}]},
        {"messages": [{"role": "user", "content": "가" * 2001}]},
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
        {"messages": [{"role": "user", "content": "가"}], "mundap": {"topk": 1}},
    ],
)
def test_a_wrong_request_is_refused_as_openai_would(client: Any, body: dict[str, Any]) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(model="mundap", messages=body.pop("messages"), extra_body=body)
    assert refused.value.type == "invalid_request_error"
    told: Any = refused.value.body
    assert told["message"]
    with pytest.raises(openai.NotFoundError):
        client.get("/nowhere", cast_to=object)


def test_a_wrong_text_to_embed_is_refused(client: Any) -> None:
    for wrong in ([], "", ["가"] * 257, "가" * 20_001, [[1, 2]]):
        with pytest.raises(openai.BadRequestError):
            client.embeddings.create(model="any", input=wrong)
    with pytest.raises(openai.BadRequestError):
        client.embeddings.create(model="any", input="가", dimensions=7)
