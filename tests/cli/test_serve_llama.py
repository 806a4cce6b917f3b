"""The API before a real llama.cpp server that dies in mid answer, and comes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import openai
import pytest
from tests.cli.conftest import Serve
from tests.conftest import Llama

from mundap.workspace import Mundap

pytestmark = pytest.mark.slow

CONFIG = """[index]
encoder = "hashed"
[generate]
generator = "openai:{address}#gemma"
faq = false
min_support = 0.0
max_tokens = 3000
timeout = 30.0
"""


def test_a_dead_server_ends_one_answer_and_nothing_else(
    llama_server: Llama, indexed: Callable[..., Mundap], serving: Serve
) -> None:
    asked: dict[str, Any] = {"model": "mundap", "messages": [{"role": "user", "content": "연차는 언제 소멸되나요?"}]}
    with llama_server() as (address, process):
        root = indexed(config=CONFIG.format(address=address)).root
        with (
            serving(root) as server,
            openai.OpenAI(base_url=f"{server.address}/v1", api_key="none", max_retries=0, timeout=60) as people,
        ):
            stream = people.chat.completions.create(stream=True, **asked)
            assert next(iter(stream)).id
            process.kill()
            with pytest.raises(openai.APIError, match="모델 서버에 문제가 있습니다"):
                list(stream)
            process.wait(30)
            with pytest.raises(openai.APIStatusError, match="모델 서버에 문제가 있습니다"):
                people.chat.completions.create(**asked)
            assert server.client.get("/readyz").status_code == 200
            assert server.client.post("/search", json={"query": "연차"}).json()["hits"]
            with llama_server(urlsplit(address).port):  # back at its place: nothing else needs to be started again
                again = people.chat.completions.create(stream=True, **asked)
                assert next(iter(again)).id
                again.close()
