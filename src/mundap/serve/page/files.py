"""The page's files, read once. A digest of them all stands in their addresses, so that browsers may keep them."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from mundap.files import digest

FOLDER = Path(__file__).parent / "static"
PLACE = "page"  # the first part of the files' addresses
_VERSION = b"{version}"  # stands in what is asked for anew each time, and names the files that go with it
_TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"}
FOR_EVER = "public, max-age=31536000, immutable"
ANEW = "no-cache"  # kept, but asked for whether it is still the same


@dataclass(frozen=True)
class File:
    """A file as it is sent; `tag` is a digest of it."""

    body: bytes
    packed: bytes
    type: str
    tag: str


@cache
def version() -> str:
    """A digest of all files: what a page was made of."""
    return digest("".join(f"{path.name}\n{path.read_text('utf-8')}" for path in sorted(FOLDER.iterdir())), size=8)


def file(name: str) -> File | None:
    """The file of that name, or None."""
    return _file(name) if name in _names() else None  # of names that anybody may make up nothing is kept


@cache
def _names() -> frozenset[str]:
    return frozenset(path.name for path in FOLDER.iterdir())


@cache
def _file(name: str) -> File:
    path = FOLDER / name
    body = path.read_bytes().replace(_VERSION, version().encode())
    packed = gzip.compress(body, 9, mtime=0)
    return File(body, packed, f"{_TYPES[path.suffix]}; charset=utf-8", digest(body.decode(), size=8))


def answer(request: Request, found: File, kept: str, headers: dict[str, str] | None = None) -> Response:
    """The file, or that the client has it; `kept` says how long it may keep it."""
    packs = "gzip" in request.headers.get("accept-encoding", "")
    tag = f'"{found.tag}{"-gz" if packs else ""}"'
    told = {
        "Cache-Control": kept,
        "ETag": tag,
        "Vary": "Accept, Accept-Encoding, Origin",  # what one site may read is not to be given to the next from a cache
        "X-Content-Type-Options": "nosniff",
        **(headers or {}),
    }
    if tag in [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]:
        return Response(status_code=304, headers=told)
    packing = {"Content-Encoding": "gzip"} if packs else {}
    return Response(found.packed if packs else found.body, headers={**told, **packing}, media_type=found.type)
