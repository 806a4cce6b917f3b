"""A language model's server for unit tests: a real one on this machine, whose replies are written beforehand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from tests.language_model import Handler, Server, running

from mundap.generate.language_model import Settings
from mundap.generate.openai import OpenAIGenerator

Reply = str | int
Served = tuple[OpenAIGenerator, list[dict]]


class _Handler(Handler):
    def reply(self, request: dict) -> None:
        self.server.seen.append(request)
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
def served() -> Iterator[Callable[..., Served]]:
    """`served(*replies)`: a generator that gets these replies one after another, the last one again and again,
    and the requests that its server has seen. A number is an HTTP status that refuses."""
    with ExitStack() as ended:

        def serve(*replies: Reply) -> Served:
            server = ended.enter_context(running(Server(_Handler, replies=list(replies), seen=[])))
            settings = Settings("답을 찾지 못했습니다.")
            return OpenAIGenerator(server.address, "qwen3", settings, timeout=5.0, retries=0), server.seen

        yield serve
