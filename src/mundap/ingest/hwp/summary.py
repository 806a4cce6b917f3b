"""Title and dates from a document's summary, an OLE property set ([MS-OLEPS]), each read no further than needed."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

_TITLE, _CREATED, _SAVED = 2, 12, 13
_TEXT, _TIME = 0x1F, 0x40  # kinds of values
_SECTION = 44  # where the offset of the first section stands
_MOST = 64  # properties; HWP writes fifteen
_LONGEST = 512  # characters of a title
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)


def summary(raw: bytes) -> tuple[str, tuple[str, ...]]:
    """The title, and when the document was saved and made, in ISO and UTC; what is missing or broken is ""."""
    try:
        found = dict(_properties(raw))
    except struct.error:
        found = {}
    return found.get(_TITLE, ""), (found.get(_SAVED, ""), found.get(_CREATED, ""))


def _properties(raw: bytes) -> Iterator[tuple[int, str]]:
    (start,) = struct.unpack_from("<I", raw, _SECTION)
    (count,) = struct.unpack_from("<I", raw, start + 4)
    for n in range(min(count, _MOST)):
        id, offset = struct.unpack_from("<II", raw, start + 8 + 8 * n)
        if id in (_TITLE, _CREATED, _SAVED):
            yield id, _value(raw, start + offset)


def _value(raw: bytes, at: int) -> str:
    try:
        kind, low, high = struct.unpack_from("<III", raw, at)
        if kind == _TIME:
            return (_EPOCH + timedelta(microseconds=(high << 32 | low) // 10)).isoformat()
        if kind == _TEXT:
            text = raw[at + 8 : at + 8 + 2 * min(low, _LONGEST)]
            return text[: len(text) // 2 * 2].decode("utf-16-le", errors="replace").partition("\0")[0]
    except (struct.error, OverflowError):
        pass
    return ""
