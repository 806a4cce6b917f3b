"""What a file is by its first bytes, whatever its name says, and archives that would burst."""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from mundap.errors import BadFile
from mundap.ingest.folder import irregular

_HEAD = 8192  # bytes that are looked at
MAX_UNPACKED = 2 << 30  # bytes of all members of an archive
MAX_RATIO = 200  # of an archive above _HARMLESS; office files of real text stay under 50
_HARMLESS = 64 << 20
_MAX_MEMBERS = 100_000

PLAIN = frozenset((".txt", ".md", ".markdown", ".csv", ".tsv"))

_MAIL = re.compile(rb"(?:[\x21-\x39\x3b-\x7e]{2,60}:[ \t]?[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*\r?\n){3,}")
_MAIL_NAMES = re.compile(
    rb"^(?:received|message-id|mime-version|return-path|delivered-to|from|subject|date):", re.I | re.M
)
_TEXTUAL = PLAIN | {".json", ".jsonl", ".mht", ".mhtml"}  # what can show how to write HTML or a mail

# What zipfile raises for broken archives, besides OSError.
BAD_ZIP = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError, LookupError)
_MIMETYPES = (
    (b"application/vnd.oasis.opendocument.spreadsheet", ".ods"),
    (b"application/vnd.oasis.opendocument.text", ".odt"),
    (b"application/vnd.oasis.opendocument.presentation", ".odp"),
    (b"application/epub+zip", ".epub"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", ".png"),
    (b"\xff\xd8\xff", ".jpg"),
    (b"GIF87a", ".gif"),
    (b"GIF89a", ".gif"),
    (b"II*\0", ".tif"),
    (b"MM\0*", ".tif"),
    (b"HWP Document File V3", ".hwp3"),
    (b"{\\rtf", ".rtf"),
    (b"\x78\x9f\x3e\x22", ".tnef"),
    (b"Rar!\x1a\x07", ".rar"),
    (b"7z\xbc\xaf\x27\x1c", ".7z"),
    (b"\x1f\x8b\x08", ".gz"),
    (b"ID3\x03", ".mp3"),
    (b"ID3\x04", ".mp3"),
    (b"OggS\0", ".ogg"),
    (b"fLaC\0", ".flac"),
    (b"\x1aE\xdf\xa3", ".mkv"),
    (b"\x7fELF", ".exe"),
)
_MEDIA = ".mp3 .wav .m4a .ogg .flac .aac .wma .mp4 .m4v .mov .avi .mkv .webm .wmv .mpg .mpeg".split()
_PROGRAMS = ".exe .dll .msi .so .bat .apk .jar".split()
_ARCHIVES = ".zip .rar .7z .gz .tgz .tar .alz .egg".split()
_MARKUP = re.compile(
    # What is matched is never given back: thirty comments can be parted in a billion ways.
    rb"(?>\s*(?:<\?xml[^>]*>|<!--.*?-->))*+\s*<(?P<tag>!doctype\s+html|html|head|body|table|hwpml)\b",
    re.I | re.S,
)
_BOOKS = frozenset((".xls", ".xlsx", ".xlsm", ".xlsb", ".ods"))
_XML_BOOK = re.compile(rb"(?>\s*(?:<\?[^>]*>|<!--.*?-->))*+\s*<(?:\w+:)?Workbook\b", re.S)
_TAG = re.compile(rb"<[!?a-z]", re.I)
_TABLE = re.compile(rb"<table\b", re.I)
_LONGEST_TAG = 6  # bytes of that
_PIECE = 1 << 20
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_MARKS = b"\t,;|"
_DRM = (b"<DOCUMENT SAFER", b"SCDSA00", b"\x9b DRMONE", b"DRMONE", b"<!-- FasooSecureContainer")
# Streams at the top of an OLE file. In a broken one, names count wherever they stand: a mail of Outlook comes first, for
# it holds its attachments whole.
_OLE_NAMES = (
    ("EncryptedPackage", ".enc"),
    ("__properties_version1.0", ".msg"),
    ("FileHeader", ".hwp"),
    ("WordDocument", ".doc"),
    ("PowerPoint Document", ".ppt"),
    ("Workbook", ".xls"),
    ("Book", ".xls"),
)
_REMEDY = {
    ".hwp3": "한/글 3.0 이하에서 만든 문서입니다. 한/글에서 열어 HWPX로 다시 저장하세요",
    ".doc": "옛 워드 형식(.doc)입니다. 워드에서 열어 DOCX로 다시 저장하세요",
    ".ppt": "옛 파워포인트 형식(.ppt)입니다. 파워포인트에서 열어 PPTX로 다시 저장하세요",
    ".msg": "아웃룩 메일(.msg)입니다. 메일 프로그램에서 열어 EML로 다시 저장하세요",
    ".tnef": (
        "아웃룩의 winmail.dat입니다. 보낸 사람에게 일반 텍스트나 HTML 메일로 다시 보내 달라고 하거나, 아웃룩에서 첨부 파일을 따로"
        " 저장하세요"
    ),
    ".rtf": "RTF 문서입니다. 워드나 한/글에서 열어 DOCX로 다시 저장하세요",
    ".enc": "암호가 걸린 오피스 문서입니다. 암호를 풀어 다시 저장하세요",
    ".odt": "오픈도큐먼트 문서(.odt)입니다. 워드나 한/글에서 열어 DOCX로 다시 저장하세요",
    ".odp": "오픈도큐먼트 발표 자료(.odp)입니다. 파워포인트에서 열어 PPTX로 다시 저장하세요",
    ".epub": "전자책(EPUB)입니다. PDF나 HTML로 바꾸어 저장하세요",
    ".xml": "XML 파일입니다. 프로그램에서 열어 XLSX, CSV, JSON, HTML 중 하나로 내보내세요",
    ".yaml": "YAML 파일입니다. JSON이나 TXT로 바꾸어 저장하세요",
    ".yml": "YAML 파일입니다. JSON이나 TXT로 바꾸어 저장하세요",
    **dict.fromkeys(_ARCHIVES, "압축 파일입니다. 압축을 풀어 안에 든 파일을 추가하세요"),
    **dict.fromkeys(_MEDIA, "음성이나 동영상 파일입니다. 내용을 텍스트로 옮겨 TXT나 DOCX로 저장하세요"),
    **dict.fromkeys(_PROGRAMS, "문서가 아니라 프로그램 파일입니다. 목록에서 제외하세요"),
}
_NOTHING = 0xFFFFFFFF  # in the tree of an OLE file's directory
_MOST_SECTORS = 4096  # of that directory: thirty thousand streams


def kind_of(path: Path) -> str:
    """The suffix that goes with the content, or the name's own where the content does not tell, in lower case.

    Raises BadFile for an empty file, one under a document protection system, an old format that cannot be read, and
    an archive that unpacks to too much; OSError if it cannot be opened.
    """
    if reason := irregular(path):  # which would never end
        raise BadFile(reason)
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if len(head) < _HEAD and not head.strip(b"\0 \t\r\n\xef\xbb\xbf"):
        raise BadFile(f"{path.name}: 읽을 수 있는 텍스트가 없습니다(빈 파일). 내용을 저장했는지 확인하세요.")
    if head.startswith(_DRM):
        raise BadFile(f"{path.name}: 문서 보안(DRM)이 걸려 있습니다. 보안을 풀어 다시 저장하세요.")
    kind = _told(path, head) or path.suffix.lower()
    if kind in _REMEDY:
        raise BadFile(f"{path.name}: {_REMEDY[kind]}.")
    return kind


def _told(path: Path, head: bytes) -> str:
    if b"%PDF-" in head[:1024]:
        return ".pdf"
    if head.startswith(b"PK\x03\x04"):
        return _zipped(path)
    if head.startswith(_OLE):
        return _ole(path)
    if head.startswith(b"RIFF") and head[8:12] in (b"WEBP", b"WAVE", b"AVI "):
        return {b"WEBP": ".webp", b"WAVE": ".wav"}.get(head[8:12], ".avi")
    if head[4:8] == b"ftyp" and b"\0" in head[:4]:
        return ".mp4"
    if head.startswith(b"MZ") and b"\0" in head[:64]:  # a text may begin with MZ세대
        return ".exe"
    if head.startswith(b"BM") and path.suffix.lower() in (".bmp", ".dib"):
        return ".bmp"
    book = path.suffix.lower() in _BOOKS
    if (book or _narrow(head).lstrip().startswith(b"<")) and written_sheet(path):
        return ".xls"
    if book and _delimited(head):
        return ".csv"
    if found := _MARKUP.match(head.removeprefix(b"\xef\xbb\xbf")):
        return ".hml" if found["tag"].lower() == b"hwpml" else _unless_textual(path, ".html")
    if (lines := _MAIL.match(head)) and len({name.lower() for name in _MAIL_NAMES.findall(lines[0])}) > 2:
        return _unless_textual(path, ".eml")
    return next((kind for magic, kind in _MAGIC if head.startswith(magic)), "")


def written_sheet(path: Path) -> Literal["", "html", "xml"]:
    """How a workbook is written, if that is text: as a web page with a table under the name of a sheet, or as XML
    Spreadsheet 2003 under any name. Raises OSError."""
    kind = path.suffix.lower()
    with path.open("rb") as file:
        head = _narrow(file.read(_HEAD))
        if _XML_BOOK.match(head) and b"office:spreadsheet" in head:
            return "xml"
        if kind in _BOOKS:
            page = _TAG.match(head.lstrip()) or _MAIL.match(head)
        else:
            page = _MARKUP.match(head) if kind in (".csv", ".tsv") else None
        while page and head:
            if _TABLE.search(head):
                return "html"
            piece = _narrow(file.read(_PIECE))
            head = head[-_LONGEST_TAG:] + piece if piece else b""
    return ""


def _narrow(raw: bytes) -> bytes:
    """Text without a byte order mark; that of UTF-16 in UTF-8."""
    return raw.decode("utf-16", "ignore").encode() if raw.startswith(_UTF_16) else raw.removeprefix(b"\xef\xbb\xbf")


def _delimited(head: bytes) -> bool:
    """Whether bytes are lines of text with cells, rather than records."""
    text = _narrow(head)
    if any(code < 32 and code not in b"\t\n\r\f\v" for code in text):
        return False
    lines = [line for line in text.splitlines()[:3] if line.strip()]
    return len(lines) > 1 and any(all(mark in line for line in lines[:2]) for mark in _MARKS)


def _unless_textual(path: Path, kind: str) -> str:
    """Text that only shows how to write HTML or a mail keeps its name; a sheet or a document that is one does not."""
    return "" if path.suffix.lower() in _TEXTUAL else kind


def _zipped(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            names = {member.filename for member in members}
            _check(path, members)
            mimetype = archive.read("mimetype")[:100] if "mimetype" in names else b""
    except (*BAD_ZIP, OSError) as error:
        raise BadFile(f"{path.name}: 파일이 손상되었습니다({error}). 원본을 다시 복사하세요.") from error
    if mimetype.startswith(b"application/hwp+zip") or "Contents/content.hpf" in names:
        return ".hwpx"
    for said, kind in _MIMETYPES:
        if mimetype.startswith(said):
            return kind
    if "xl/workbook.bin" in names:
        return ".xlsb"
    for folder, kind in (("word/", ".docx"), ("ppt/", ".pptx"), ("xl/", ".xlsx")):
        if any(name.startswith(folder) for name in names):
            return kind
    return path.suffix.lower() if path.suffix.lower() in _REMEDY else ".zip"


def _check(path: Path, members: list[zipfile.ZipInfo]) -> None:
    size, packed = sum(m.file_size for m in members), sum(m.compress_size for m in members)
    if packed > path.stat().st_size:  # readers would make room for what is not there
        raise zipfile.BadZipFile("members larger than the file")
    burst = size > _HARMLESS and size > MAX_RATIO * max(packed, 1)
    if size > MAX_UNPACKED or burst or len(members) > _MAX_MEMBERS:
        raise BadFile(
            f"{path.name}: 압축을 풀면 {size / (1 << 20):,.0f}MB로 너무 커서 읽지 않았습니다. 신뢰할 수 있는 파일이면"
            " 나누어 다시 저장하세요."
        )


def _ole(path: Path) -> str:
    """By the streams at the top of an OLE file: those of embedded files lie deeper, and texts may speak of any name."""
    raw = path.read_bytes()
    try:
        names = {*_top(raw)}
    except (struct.error, IndexError):
        names = set()
    kind = next((kind for name, kind in _OLE_NAMES if name in names), "")
    return kind or next((kind for name, kind in _OLE_NAMES[:-1] if name.encode("utf-16-le") in raw), "")


def _top(raw: bytes) -> Iterator[str]:
    """The names right below the root of an OLE file's directory. Raises struct.error or IndexError for a broken one."""
    shift, start = *struct.unpack_from("<H", raw, 30), *struct.unpack_from("<I", raw, 48)
    size = 1 << shift
    if shift not in (9, 12):
        raise IndexError
    directory = b""
    for _ in range(_MOST_SECTORS):
        if start >= len(raw) // size:
            break
        directory += raw[(start + 1) * size : (start + 2) * size]
        (table,) = struct.unpack_from("<I", raw, 76 + 4 * (start // (size // 4)))  # of the first 109, which hold enough
        (start,) = struct.unpack_from("<I", raw, (table + 1) * size + 4 * (start % (size // 4)))
    (first,) = struct.unpack_from("<I", directory, 76)
    waiting, seen = [first], {0, _NOTHING}
    while waiting:
        if (number := waiting.pop()) in seen:
            continue
        seen.add(number)
        length, left, right = (
            *struct.unpack_from("<H", directory, 128 * number + 64),
            *struct.unpack_from("<II", directory, 128 * number + 68),
        )
        yield directory[128 * number : 128 * number + max(length - 2, 0)][:64].decode("utf-16-le", "replace")
        waiting += (left, right)


def plain(path: Path) -> bool:
    """Whether `path` is text or a csv as its name says, which no parser can hang or burst on; True if it is not there."""
    try:
        return path.suffix.lower() in PLAIN and kind_of(path) == path.suffix.lower()
    except (BadFile, OSError):
        return True  # nothing will be read
