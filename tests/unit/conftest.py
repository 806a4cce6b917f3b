"""A language model's server for unit tests: a real one on this machine, whose replies are written beforehand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import pytest
from tests.language_model import Handler, Server
from tests.serving import running

from mundap.generate.language_model import Settings
from mundap.generate.openai import OpenAIGenerator

Reply = str | int
Served = tuple[OpenAIGenerator, list[dict[str, Any]]]
Serve = Callable[..., Served]


class _Replying(Server):
    def __init__(self, replies: Sequence[Reply]) -> None:
        super().__init__(_Handler)
        self.replies = list(replies)


class _Handler(Handler):
    server: _Replying

    def reply(self, request: dict[str, Any]) -> None:
        replies = self.server.replies
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        if isinstance(reply, int):
            self.begin(reply, "application/json")
            self.wfile.write(b'{"error": {"message": "unsupported"}}')
            return
        self.begin()
        self.say(*(reply[at : at + 5] for at in range(0, len(reply), 5)))
        self.end()


@pytest.fixture
def served() -> Iterator[Serve]:
    """`served(*replies)`: a generator that gets these replies one after another, the last one again and again,
    and the requests that its server has seen. A number is an HTTP status that refuses."""
    with ExitStack() as ended:

        def serve(*replies: Reply) -> Served:
            server = ended.enter_context(running(_Replying(replies)))
            settings = Settings("답을 찾지 못했습니다.")
            return OpenAIGenerator(server.address, "qwen3", settings, timeout=5.0, retries=0), server.bodies

        yield serve
