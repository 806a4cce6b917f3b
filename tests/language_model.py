"""Language models for tests: servers on this machine that answer as OpenAI's do, each in its own way."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.serving import running


class Handler(BaseHTTPRequestHandler):
    """How a language model is asked and speaks; what it says is each one's own."""

    protocol_version = "HTTP/1.1"

    server: Server

    def do_POST(self) -> None:
        self.close_connection = True
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.bodies.append(body)
        self.server.heads.append({"path": self.path, **self.headers})
        self.reply(body)

    def reply(self, request: dict[str, Any]) -> None:
        raise NotImplementedError

    def begin(self, status: int = 200, kind: str = "text/event-stream", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Connection", "close")
        self.end_headers()

    def say(self, *pieces: str, finish: str | None = None) -> None:
        for piece in pieces:
            data = {"choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": finish}]}
            self.wfile.write(f"data: {json.dumps(data, ensure_ascii=False)}\n\n".encode())

    def end(self) -> None:
        self.wfile.write(b"data: [DONE]\n\n")

    def whole(self, text: str) -> None:
        """The answer in one piece, as of a server that does not stream."""
        self.begin(kind="application/json")
        message = {"choices": [{"message": {"content": text}, "finish_reason": "stop"}]}
        self.wfile.write(json.dumps(message, ensure_ascii=False).encode())

    def log_message(self, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    """A server on a free port. `bodies` are those of the requests that came, `heads` their paths and headers."""

    def __init__(self, handler: type[Handler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.bodies: list[dict[str, Any]] = []
        self.heads: list[dict[str, str]] = []

    @property
    def address(self) -> str:
        """What clients of OpenAI ask."""
        return f"http://127.0.0.1:{self.server_port}/v1"


class SlowModel(Server):
    """Says `first`, then nothing until the test sets `go_on` or its client leaves, then `rest`."""

    def __init__(self, first: str, rest: str) -> None:
        super().__init__(_Slow)
        self.first, self.rest = first, rest
        self.again()

    def again(self, says: bool = True, breaks: bool = False) -> None:
        """Forget the last question. Unless it `says` anything it sends not even a header; one that `breaks` has no rest."""
        self.says, self.breaks = says, breaks
        self.asked, self.left, self.go_on = threading.Event(), threading.Event(), threading.Event()


class _Slow(Handler):
    server: SlowModel

    def reply(self, request: dict[str, Any]) -> None:
        self.server.asked.set()
        if not self.server.says:
            self.wait()
            return
        self.begin()
        self.say(self.server.first)
        if self.wait() and not self.server.breaks:
            self.say(self.server.rest)
            self.end()

    def wait(self) -> bool:
        """Whether the test lets it go on; False when its client has left."""
        self.connection.setblocking(False)
        try:
            while not self.server.go_on.wait(0.02):
                try:
                    if self.connection.recv(1) == b"":
                        self.server.left.set()
                        return False
                except BlockingIOError:
                    pass
        finally:
            self.connection.setblocking(True)
        return True


@contextmanager
def slow_model(first: str, rest: str) -> Iterator[SlowModel]:
    """A running one."""
    model = SlowModel(first, rest)
    with running(model):
        try:
            yield model
        finally:
            model.go_on.set()
