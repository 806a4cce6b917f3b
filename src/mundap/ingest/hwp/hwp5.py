"""HWP 5, an OLE file of compressed record streams, with what it says of itself (한글 문서 파일 구조 5.0)."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator

from mundap.extras import Untyped, need
from mundap.ingest.hwp.flow import Piece, Story, Unreadable
from mundap.ingest.hwp.parts import MAX_PART, Broken, Found, Locked, NoView, Protected, TooLarge, inflate
from mundap.ingest.hwp.records import Walker, styles_of
from mundap.ingest.hwp.summary import summary

_DRM = 0x10 | 0x400  # document security, and that by certificate
_MAX_EMBEDDED = 32 << 20
_MAX_RECORDS = 1_000_000  # of a document; a thousand pages have a third
_LONG = 0xFFF  # bytes; a longer record has its size in four bytes of their own
_SUMMARY = "\x05HwpSummaryInformation"


def read_hwp5(raw: bytes) -> Found:
    """The document in an OLE file. Raises Locked, Protected, NoView, TooLarge and Broken."""
    olefile = need("olefile", "docs")
    try:
        with olefile.OleFileIO(io.BytesIO(raw)) as ole:
            return _document(ole)
    except (Unreadable, MemoryError, RecursionError):
        raise
    except Exception as error:  # it has no error tree: OSError, IndexError, struct.error and others for broken files
        raise Broken(type(error).__name__) from error


def _document(ole: Untyped) -> Found:
    library, errors = need("hwp2md.hwp5.reader", "docs"), need("hwp2md.errors", "docs")
    if not ole.exists("FileHeader"):
        raise Broken("머리 정보가 없음")
    raw = ole.openstream("FileHeader").read()
    try:
        header = library.parse_file_header(raw)
    except errors.Hwp2mdError as error:
        raise Broken("머리 정보가 다름") from error
    if header.encrypted:
        raise Locked
    if struct.unpack_from("<I", raw, 36)[0] & _DRM:
        raise Protected
    head, _ = _stream(ole, "DocInfo", header.compressed) if ole.exists("DocInfo") else (b"", False)
    styles, files = styles_of(_records(head)[0])
    story = Story(styles)

    def embedded(id: int) -> bytes | None:
        return _embedded(ole, files[id], header.compressed) if id in files else None

    walker = Walker(story, embedded)
    pieces: list[Piece] = []
    broken = []
    left = _MAX_RECORDS
    sections = [*_sections(ole, header.distribution)]
    for n, path in enumerate(sections, 1):
        records, whole = _section(ole, path, header, left)
        left -= len(records)
        pieces += walker.section(records)
        if not whole:
            broken.append(n)
    if not sections:
        raise NoView if header.distribution else Broken("본문을 찾지 못함")
    if broken and not pieces:
        raise NoView if header.distribution else Broken("본문이 끊김")
    title, dates = summary(ole.openstream(_SUMMARY).read()) if ole.exists(_SUMMARY) else ("", ())
    return Found(tuple(pieces), story, title, dates, tuple(broken))


def _embedded(ole: Untyped, entry: Untyped, compressed: bool) -> bytes | None:
    """The embedded file of an entry, or None: nothing of a document depends on it."""
    name = f"BIN{entry.storage_id:04X}."
    found = next((path for path in ole.listdir() if path[0] == "BinData" and path[-1].upper().startswith(name)), None)
    packed = entry.compression == 1 or (entry.compression == 0 and compressed)
    try:
        return _stream(ole, "/".join(found), packed, _MAX_EMBEDDED)[0] if found else None
    except (TooLarge, OSError):
        return None


def _sections(ole: Untyped, distribution: bool) -> Iterator[str]:
    storage = "ViewText" if distribution else "BodyText"
    n = 0
    while ole.exists(f"{storage}/Section{n}"):
        yield f"{storage}/Section{n}"
        n += 1


def _section(ole: Untyped, path: str, header: Untyped, limit: int) -> tuple[list[Untyped], bool]:
    """The records of a section, and whether they are all."""
    if not header.distribution:
        data, whole = _stream(ole, path, header.compressed)
        return _records(data, whole, limit)
    locks, errors = need("hwp2md.hwp5.distdoc", "docs"), need("hwp2md.errors", "docs")
    try:
        opened = locks.decrypt_view_text(ole.openstream(path).read())
    except errors.Hwp2mdError:
        return [], False
    data, whole = inflate(opened, MAX_PART) if header.compressed else (opened, True)
    return _records(data, whole, limit)


def _stream(ole: Untyped, path: str, packed: bool, limit: int | None = None) -> tuple[bytes, bool]:
    raw = ole.openstream(path).read()
    return inflate(raw, limit or MAX_PART) if packed else (raw, True)


def _records(data: bytes, whole: bool = True, limit: int = _MAX_RECORDS) -> tuple[list[Untyped], bool]:
    """The records in `data` up to where it breaks off, and whether it does not: a cipher's padding is no break.

    Raises TooLarge for more than `limit`.
    """
    library, errors = need("hwp2md.hwp5.records", "docs"), need("hwp2md.errors", "docs")
    found = []
    end = 0
    try:
        for record in library.iter_records(data):
            found.append(record)
            end += len(record.payload) + (8 if len(record.payload) >= _LONG else 4)
            if len(found) > limit:
                raise TooLarge
    except errors.Hwp2mdError:
        return found, whole and not any(data[end:])
    return found, whole
