"""Text as it may be shown: secrets of addresses hidden, and nothing that a terminal would obey."""

from __future__ import annotations

import re
from typing import Any, TextIO
from urllib.parse import urlsplit

HIDDEN = "***"
_USER = re.compile(r"(?P<scheme>\b[a-z][a-z0-9+.-]*://)[^\s/?#@'\"]*@", re.IGNORECASE)
_QUERY = re.compile(r"(?P<address>\b[a-z][a-z0-9+.-]*://[^\s?#'\"]*)\?[^\s#'\")]*", re.IGNORECASE)
_TOKEN = re.compile(r"(?P<before>\b(?:bearer\s+|sk-|mundap-))[A-Za-z0-9_\-.]{16,}", re.IGNORECASE)
# C0 and C1 but tab and line ends, DEL, and marks that turn the direction of writing
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]|\r(?!\n)")


def hidden(text: str) -> str:
    """`text` without names, passwords and queries of addresses, and without keys."""
    if "://" in text:
        text = _QUERY.sub(rf"\g<address>?{HIDDEN}", _USER.sub(r"\g<scheme>", text))
    return _TOKEN.sub(rf"\g<before>{HIDDEN}", text)


def shown_address(url: str) -> str:
    """An address without user, password and query; little more than its scheme where those cannot be told apart."""
    scheme = url.partition("://")[0]
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        _ = parts.port
    except ValueError:
        return f"{scheme}://{HIDDEN}"
    return (
        f"{scheme}://{HIDDEN}"
        if "@" in f"{parts.path}{parts.query}{parts.fragment}"
        else f"{scheme}://{host}{parts.path}"
    )


def visible(text: str) -> str:
    """`text` with control characters as JSON writes them: in JSON the same value, and on a terminal seen, not obeyed."""
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def one_line(text: str, most: int = 2000) -> str:
    """`text` on one line of at most `most` characters, without what cannot be seen: a message that repeats what someone sent."""
    line = " ".join("".join(letter for letter in " ".join(text.split()) if letter.isprintable()).split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


class Visible:
    """A text stream to which everything is written as `visible` says."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write it."""
        return self._stream.write(visible(text))

    def writelines(self, lines: list[str]) -> None:
        """Write them."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
