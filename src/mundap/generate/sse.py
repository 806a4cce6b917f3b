"""Server-sent events, as the servers in use write them (WHATWG HTML, 9.2)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

# Not str.splitlines: it would also cut at U+2028 and U+0085, which JSON strings may hold as they are.
# A CR at the end of what has come waits for the LF that may follow.
_LINE_END = re.compile(rb"\r\n|\n|\r(?!\Z)")


def events(chunks: Iterable[bytes]) -> Iterator[str]:
    """The data of each event, its lines joined. Comments and other fields are passed over.

    Data that the stream ends in without a blank line still counts: not every server writes the last one.
    """
    data: list[str] = []
    for line in _lines(chunks):
        if not line and data:
            yield "\n".join(data)
            data = []
        field, _, value = line.partition(":")
        if field == "data":
            data.append(value.removeprefix(" "))
    if data:
        yield "\n".join(data)


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    rest = b""
    for chunk in chunks:
        *lines, rest = _LINE_END.split(rest + chunk)
        yield from (line.decode("utf-8", "replace") for line in lines)
    yield rest.rstrip(b"\r").decode("utf-8", "replace")
