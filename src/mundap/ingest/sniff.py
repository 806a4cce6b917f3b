"""What a file is by its first bytes, whatever its name says, and archives that would burst."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from mundap.errors import BadFile

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
)
_MARKUP = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*|<!--.*?-->\s*)*<(?P<tag>!doctype\s+html|html|head|body|table|hwpml)\b", re.I | re.S
)
_DRM = (b"<DOCUMENT SAFER", b"SCDSA00", b"\x9b DRMONE", b"DRMONE", b"<!-- FasooSecureContainer")
# A mail of Outlook comes first, for it holds its attachments whole.
_OLE_NAMES = (
    ("__properties_version1.0", ".msg"),
    ("FileHeader", ".hwp"),
    ("WordDocument", ".doc"),
    ("PowerPoint Document", ".ppt"),
    ("Workbook", ".xls"),
)
_REMEDY = {
    ".hwp3": "한/글 3.0 이하에서 만든 문서입니다. 한/글에서 열어 HWPX로 다시 저장해 주세요",
    ".doc": "옛 워드 형식(.doc)입니다. 워드에서 열어 DOCX로 다시 저장해 주세요",
    ".ppt": "옛 파워포인트 형식(.ppt)입니다. 파워포인트에서 열어 PPTX로 다시 저장해 주세요",
    ".msg": "아웃룩 메일(.msg)입니다. 메일 프로그램에서 열어 EML로 다시 저장해 주세요",
    ".rtf": "RTF 문서입니다. 워드나 한/글에서 열어 DOCX로 다시 저장해 주세요",
    ".enc": "암호가 걸린 오피스 문서입니다. 암호를 풀어 다시 저장해 주세요",
}


def kind_of(path: Path) -> str:
    """The suffix that goes with the content, or the name's own where the content does not tell, in lower case.

    Raises BadFile for an empty file, one under a document protection system, an old format that cannot be read, and
    an archive that unpacks to too much; OSError if it cannot be opened.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head.strip(b"\0 \t\r\n\xef\xbb\xbf"):
        raise BadFile(f"{path.name}: 글이 들어 있지 않습니다(빈 파일). 내용을 저장했는지 확인해 주세요.")
    if head.startswith(_DRM):
        raise BadFile(f"{path.name}: 문서 보안(DRM)이 걸려 있습니다. 보안을 풀어 다시 저장해 주세요.")
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
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return ".webp"
    if head.startswith(b"BM") and path.suffix.lower() in (".bmp", ".dib"):
        return ".bmp"
    if found := _MARKUP.match(head.removeprefix(b"\xef\xbb\xbf")):
        return ".hml" if found["tag"].lower() == b"hwpml" else _unless_textual(path, ".html")
    if (lines := _MAIL.match(head)) and len({name.lower() for name in _MAIL_NAMES.findall(lines[0])}) > 2:
        return _unless_textual(path, ".eml")
    return next((kind for magic, kind in _MAGIC if head.startswith(magic)), "")


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
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError, KeyError) as error:
        raise BadFile(f"{path.name}: 파일이 잘렸거나 망가졌습니다({error}). 원본을 다시 복사해 주세요.") from error
    if mimetype.startswith(b"application/hwp+zip") or "Contents/content.hpf" in names:
        return ".hwpx"
    if mimetype.startswith(b"application/vnd.oasis.opendocument.spreadsheet"):
        return ".ods"
    for folder, kind in (("word/", ".docx"), ("ppt/", ".pptx"), ("xl/", ".xlsx")):
        if any(name.startswith(folder) for name in names):
            return kind
    return ""


def _check(path: Path, members: list[zipfile.ZipInfo]) -> None:
    size, packed = sum(m.file_size for m in members), sum(m.compress_size for m in members)
    burst = size > _HARMLESS and size > MAX_RATIO * max(packed, 1)
    if size > MAX_UNPACKED or burst or len(members) > _MAX_MEMBERS:
        raise BadFile(
            f"{path.name}: 압축을 풀면 {size / (1 << 20):,.0f}MB로 지나치게 커서 읽지 않았습니다. 믿을 수 있는 파일이면"
            " 나누어 다시 저장해 주세요."
        )


def _ole(path: Path) -> str:
    """By the names in an OLE file's directory, which are in UTF-16."""
    raw = path.read_bytes()
    if "EncryptedPackage".encode("utf-16-le") in raw:
        return ".enc"
    return next((kind for name, kind in _OLE_NAMES if name.encode("utf-16-le") in raw), "")


def plain(path: Path) -> bool:
    """Whether `path` is text or a csv as its name says, which no parser can hang or burst on; True if it is not there."""
    try:
        return path.suffix.lower() in PLAIN and kind_of(path) == path.suffix.lower()
    except (BadFile, OSError):
        return True  # nothing will be read
