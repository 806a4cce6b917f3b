"""What a GGUF file says about itself before its tensors (ggml, docs/gguf.md, versions 2 and 3)."""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

_STRING, _ARRAY = 8, 9
_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}  # bytes of a scalar, by type
_FORMS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}


def keys(path: Path) -> frozenset[str]:
    """The names of the metadata. Raises ValueError when the file is not a GGUF, or ends inside its header."""
    return frozenset(values(path))


def values(path: Path) -> dict[str, int | float | str | None]:
    """The metadata: numbers and texts by name, None for lists. Raises ValueError as `keys` does, and OSError."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            if data[:4] != b"GGUF":
                raise ValueError("no GGUF mark")
            (count,) = struct.unpack_from("<Q", data, 16)
            at, found = 24, dict[str, int | float | str | None]()
            for _ in range(count):
                name, at = _string(data, at)
                (kind,) = struct.unpack_from("<I", data, at)
                found[name.decode("utf-8", "replace")] = _value(data, at + 4, kind)
                at = _after(data, at + 4, kind)
            return found
    except (struct.error, KeyError, IndexError) as error:
        raise ValueError("the header is broken") from error


def _value(data: mmap.mmap, at: int, kind: int) -> int | float | str | None:
    if kind == _STRING:
        return _string(data, at)[0].decode("utf-8", "replace")
    if kind == _ARRAY:
        return None
    value: int | float = struct.unpack_from(f"<{_FORMS[kind]}", data, at)[0]
    return value


def _string(data: mmap.mmap, at: int) -> tuple[bytes, int]:
    (size,) = struct.unpack_from("<Q", data, at)
    return data[at + 8 : at + 8 + size], at + 8 + size


def _after(data: mmap.mmap, at: int, kind: int) -> int:
    """Where the value of this kind that begins at `at` ends."""
    if kind == _STRING:
        return at + 8 + int(struct.unpack_from("<Q", data, at)[0])
    if kind != _ARRAY:
        return at + _SIZES[kind]
    item, count = struct.unpack_from("<IQ", data, at)
    at += 12
    if item in _SIZES:
        return at + _SIZES[item] * int(count)
    for _ in range(count):
        at = _after(data, at, item)
    return at
