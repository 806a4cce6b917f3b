"""winmail.dat: what Outlook packs into one attachment of a mail (TNEF, after MS-OXTNEF)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

SIGNATURE = b"\x78\x9f\x3e\x22"
_TITLE, _DATA, _BEGIN, _MAPI = 0x8010, 0x800F, 0x9002, 0x9005  # attAttachTitle, Data, RendData, Attachment
_LONG_NAMES = (0x3707, 0x3001)  # PR_ATTACH_LONG_FILENAME, PR_DISPLAY_NAME
_STRING, _UNICODE = 0x1E, 0x1F
_FIXED = {0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}


@dataclass(frozen=True)
class Packed:
    """A file in a winmail.dat."""

    name: str
    content: bytes


def unpacked(raw: bytes) -> list[Packed]:
    """The files in it, as far as it is whole; [] where it holds none, as with text alone."""
    files: list[tuple[str, bytes]] = []
    for kind, content in _attributes(raw):
        if kind == _BEGIN:
            files.append(("", b""))
        elif not files:
            continue
        elif kind == _TITLE:
            files[-1] = (_text(content), files[-1][1])
        elif kind == _DATA:
            files[-1] = (files[-1][0], content)
        elif kind == _MAPI and (name := _long_name(content)):
            files[-1] = (name, files[-1][1])
    return [Packed(name or "첨부", content) for name, content in files if content]


def _attributes(raw: bytes) -> Iterator[tuple[int, bytes]]:
    at = 6  # behind the signature and the key
    while at + 9 <= len(raw):
        kind, _, size = struct.unpack_from("<HHI", raw, at + 1)
        if at + 9 + size > len(raw):
            return
        yield kind, raw[at + 9 : at + 9 + size]
        at += 9 + size + 2  # a checksum


def _text(raw: bytes) -> str:
    bare = raw.split(b"\0", 1)[0]
    try:
        return bare.decode("utf-8")
    except UnicodeDecodeError:
        return bare.decode("cp949", "replace")


def _long_name(raw: bytes) -> str:
    """The long name among the properties of an attachment, or ""."""
    names: dict[int, str] = {}
    try:
        (count,), at = struct.unpack_from("<I", raw), 4
        for _ in range(min(count, 1000)):
            kind, number = struct.unpack_from("<HH", raw, at)
            at += 4
            if number >= 0x8000:
                at = _behind_name(raw, at)
            if kind in _FIXED:
                at += _FIXED[kind]
                continue
            (values,) = struct.unpack_from("<I", raw, at)
            at += 4
            for _ in range(min(values, 1000)):
                (size,) = struct.unpack_from("<I", raw, at)
                content = raw[at + 4 : at + 4 + size]
                at += 4 + size + -size % 4
                if number in _LONG_NAMES and kind in (_STRING, _UNICODE):
                    wide = kind == _UNICODE
                    names[number] = content.decode("utf-16-le", "replace").rstrip("\0") if wide else _text(content)
    except struct.error:
        pass
    return next((names[number] for number in _LONG_NAMES if names.get(number)), "")


def _behind_name(raw: bytes, at: int) -> int:
    """Where a property goes on behind the name that it has instead of a number."""
    by_name: int
    size: int
    (by_name,) = struct.unpack_from("<I", raw, at + 16)
    if not by_name:
        return at + 24
    (size,) = struct.unpack_from("<I", raw, at + 20)
    return at + 24 + size + -size % 4
