"""A language model's server for unit tests: a real one on this machine, whose replies are written beforehand."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mundap.generate.language_model import Settings
from mundap.generate.openai import OpenAIGenerator

Reply = str | int
Served = tuple[OpenAIGenerator, list[dict]]


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.server.seen.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        replies = self.server.replies
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        self.send_response(reply if isinstance(reply, int) else 200)
        if isinstance(reply, int):
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(b'{"error": {"message": "unsupported"}}')
            return
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for at in range(0, len(reply), 5):
            data = json.dumps({"choices": [{"index": 0, "delta": {"content": reply[at : at + 5]}}]})
            self.wfile.write(f"data: {data}\n\n".encode())
        self.wfile.write(b"data: [DONE]\n\n")

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def served() -> Iterator[Callable[..., Served]]:
    """`served(*replies)`: a generator that gets these replies one after another, the last one again and again,
    and the requests that its server has seen. A number is an HTTP status that refuses."""
    running: list[tuple[ThreadingHTTPServer, threading.Thread]] = []

    def serve(*replies: Reply) -> Served:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        server.replies, server.seen = list(replies), []
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        running.append((server, thread))
        url = f"http://127.0.0.1:{server.server_port}/v1"
        return OpenAIGenerator(url, "qwen3", Settings("답을 찾지 못했습니다."), timeout=5.0, retries=0), server.seen

    yield serve
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()
