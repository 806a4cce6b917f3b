"""What the readers of HWP's three formats hand over, and how they fail."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from mundap.ingest.hwp.flow import Piece, Story, Unreadable

MAX_PART = 128 << 20  # bytes of one unpacked part; a thousand pages have ten million
_BITE = 1 << 16


class Locked(Unreadable):
    """The text is enciphered under a password."""


class Protected(Unreadable):
    """The text is enciphered by a document security system."""


class NoView(Unreadable):
    """A document locked for distribution (배포용) whose text cannot be had."""


class TooLarge(Unreadable):
    """A part unpacks to more than any document has."""


class Broken(Unreadable):
    """Nothing can be read; the argument says what is wrong."""


@dataclass(frozen=True)
class Found:
    """The pieces of a document, with its title and its dates as it writes them itself, the likeliest first."""

    pieces: tuple[Piece, ...]
    story: Story
    title: str = ""
    dates: tuple[str, ...] = ()
    broken: tuple[int, ...] = ()  # sections that cannot be read or end too soon, from 1


def inflate(packed: bytes, limit: int) -> tuple[bytes, bool]:
    """A raw deflate stream as far as it can be read, and whether that is to its end. Raises TooLarge."""
    stream = zlib.decompressobj(-15)
    done = bytearray()
    try:
        for start in range(0, len(packed), _BITE):
            done += stream.decompress(packed[start : start + _BITE], limit + 1 - len(done))
            if len(done) > limit:
                raise TooLarge
            if stream.eof:
                break
    except zlib.error:
        return bytes(done), False
    return bytes(done), stream.eof
