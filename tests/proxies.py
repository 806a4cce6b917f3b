"""A small HTTP proxy on this machine for tests: tunnels and forwarded requests, names that it looks up itself, a log-in."""

from __future__ import annotations

import base64
import select
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from tests.serving import running

Place = tuple[str, int]


class Proxy(ThreadingHTTPServer):
    """`places` says where a host leads to, any port of it; without one, to itself. `asked` lists requests as (method, target).

    With a `login`, "user:password", what does not sign in is refused. `closed` hosts are refused, as by an office's rules.
    """

    daemon_threads = True

    def __init__(self, places: Mapping[str, Place], login: str = "", closed: tuple[str, ...] = ()) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.places = dict(places)
        self.login = login
        self.closed = closed
        self.asked: list[tuple[str, str]] = []

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has left is no error."""

    @property
    def address(self) -> str:
        """Without who signs in."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def place(self, host: str, port: int) -> Place:
        """Where a host is."""
        return self.places.get(host, (host, port))


class _Handler(BaseHTTPRequestHandler):
    server: Proxy
    protocol_version = "HTTP/1.1"

    def do_CONNECT(self) -> None:
        host, _, port = self.path.rpartition(":")
        if not self._may(host.strip("[]")):
            return
        try:
            there = socket.create_connection(self.server.place(host.strip("[]"), int(port)), 5)
        except OSError:
            self._refuse(502)
            return
        self.send_response(200)
        self.end_headers()
        self.close_connection = True
        with there:
            pair = (self.connection, there)
            while True:
                for one in select.select(pair, (), (), 10)[0]:
                    data = one.recv(1 << 16)
                    if not data:
                        return
                    pair[pair.index(one) - 1].sendall(data)

    def _forward(self) -> None:
        parts = urlsplit(self.path)
        if not self._may(parts.hostname or ""):
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        sent = {name: value for name, value in self.headers.items() if not name.lower().startswith("proxy-")}
        sent["Host"] = parts.netloc  # as RFC 9112 has it, whatever was said
        there = HTTPConnection(*self.server.place(parts.hostname or "", parts.port or 80), timeout=5)
        try:
            there.request(self.command, f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}", body, sent)
            answer = there.getresponse()
            told = answer.read()
        except OSError:
            self._refuse(502)
            return
        finally:
            there.close()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def do_GET(self) -> None:
        self._forward()

    def do_POST(self) -> None:
        self._forward()

    def do_PROPFIND(self) -> None:
        self._forward()

    def _may(self, host: str) -> bool:
        self.server.asked.append((self.command, self.path))
        said = self.headers.get("Proxy-Authorization", "")
        if self.server.login and said != f"Basic {base64.b64encode(self.server.login.encode()).decode()}":
            self._refuse(407)
            return False
        if host in self.server.closed:
            self._refuse(403)
            return False
        return True

    def _refuse(self, status: int) -> None:
        self.send_response(status)
        if status == 407:
            self.send_header("Proxy-Authenticate", 'Basic realm="office"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@contextmanager
def proxy(places: Mapping[str, Place], login: str = "", closed: tuple[str, ...] = ()) -> Iterator[Proxy]:
    """A proxy that runs meanwhile."""
    with running(Proxy(places, login, closed)) as server:
        yield server
