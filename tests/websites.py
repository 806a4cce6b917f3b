"""A small web site on this machine for tests: pages that change, tags of versions, redirects, and what was asked."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

from tests.serving import running


@dataclass
class Page:
    """What an address answers with, `after` seconds. `location` redirects; `tagged` off gives no tag of its version."""

    body: bytes = b""
    kind: str = "text/html; charset=utf-8"
    status: int = 200
    location: str = ""
    tagged: bool = True
    headers: dict[str, str] = field(default_factory=dict)
    after: float = 0.0


def html(title: str, text: str, *links: str) -> Page:
    """A page of one paragraph."""
    anchors = "".join(f'<li><a href="{link}">{link}</a></li>' for link in links)
    return Page(
        f"<!doctype html><html lang=ko><head><meta charset=utf-8><title>{title}</title></head><body><main><h1>{title}</h1>"
        f"<p>{text}</p><ul>{anchors}</ul></main></body></html>".encode()
    )


class Site(ThreadingHTTPServer):
    """Pages by their path, which may be changed at any time; `asked` lists requests as (method, path, status)."""

    daemon_threads = True

    def __init__(self, pages: Mapping[str, Page], host: str = "127.0.0.1") -> None:
        super().__init__((host, 0), _Handler)
        self.pages = dict(pages)
        self.asked: list[tuple[str, str, int]] = []
        self.hosts: list[str] = []

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has left is no error."""

    @property
    def address(self) -> str:
        """Without a path."""
        return f"http://{self.server_address[0]!s}:{self.server_address[1]}"

    def paths(self) -> list[str]:
        """The paths that were asked for."""
        return [path for _, path, _ in self.asked]


class _Handler(BaseHTTPRequestHandler):
    server: Site
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = unquote(self.path)
        page = self.server.pages.get(path, Page(b"not here", "text/plain", 404))
        tag = f'"{hashlib.sha256(page.body).hexdigest()[:16]}"'
        status = page.status
        if page.tagged and status == 200 and self.headers.get("If-None-Match") == tag:
            status = 304
        self.server.asked.append((self.command, path, status))
        time.sleep(page.after)
        self.server.hosts.append(self.headers.get("Host", ""))
        self.send_response(status)
        if page.location:
            self.send_header("Location", page.location)
        if page.tagged and status in (200, 304):
            self.send_header("ETag", tag)
        for name, value in page.headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Type", page.kind)
            self.send_header("Content-Length", str(len(page.body)))
        self.end_headers()
        if status != 304:
            self.wfile.write(page.body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@contextmanager
def site(pages: Mapping[str, Page], host: str = "127.0.0.1") -> Iterator[Site]:
    """A site that runs meanwhile."""
    with running(Site(pages, host)) as server:
        yield server
