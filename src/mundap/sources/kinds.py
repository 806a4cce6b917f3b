"""What a file that comes over HTTP is called: by its disposition, its address, and its media type."""

from __future__ import annotations

import re
from email.message import Message
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

import httpx

from mundap.errors import MundapError
from mundap.ingest.readers import READERS, others
from mundap.names import safe_name

_TYPES = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/plain": ".txt",
    "text/markdown": ".md",
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/json": ".json",
    "application/pdf": ".pdf",
    "application/hwp": ".hwp",
    "application/x-hwp": ".hwp",
    "application/haansofthwp": ".hwp",
    "application/vnd.hancom.hwp": ".hwp",
    "application/hwp+zip": ".hwpx",
    "application/x-hwpx": ".hwpx",
    "application/haansofthwpx": ".hwpx",
    "application/vnd.hancom.hwpx": ".hwpx",
    "application/msword": ".doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.ms-excel": ".xls",
    "application/vnd.oasis.opendocument.spreadsheet": ".ods",
    "message/rfc822": ".eml",
    "multipart/related": ".mhtml",
}
_ANY = (
    "",
    "application/octet-stream",
    "binary/octet-stream",
    "application/download",
    "application/x-download",
    "application/force-download",
    "application/zip",
)
_LATIN = re.compile("[\x80-\xff]")


def readable(name: str) -> bool:
    """Whether there is a reader for files of this suffix."""
    suffix = PurePosixPath(name).suffix.lower()
    return suffix in READERS or suffix in others()


def media_type(headers: httpx.Headers) -> str:
    """The media type, in lower case and without parameters."""
    return str(headers.get("content-type", "")).partition(";")[0].strip().lower()


def name_for(url: str, headers: httpx.Headers) -> str:
    """What the file is to be called; "" where its media type or its name says that there is no reader for it."""
    kind = media_type(headers)
    name = _disposed(headers.get("content-disposition", "")) or unquote(PurePosixPath(urlsplit(url).path).name)
    suffix = _TYPES.get(kind, "")
    if kind in _ANY:
        return plain_name(name) if readable(name) else ""
    if not suffix:
        return ""
    if readable(name) and suffix not in (".html", ".txt"):
        return plain_name(name)
    if PurePosixPath(name).suffix.lower() in (suffix, *((".htm",) if suffix == ".html" else (".md", ".csv", ".tsv"))):
        return plain_name(name)
    stem = PurePosixPath(name).stem or urlsplit(url).hostname or "page"
    return plain_name(f"{stem}{suffix}")


def plain_name(name: str) -> str:
    """A name that a file may have, never empty."""
    try:
        return safe_name(name)
    except MundapError:
        return "file"


def _disposed(header: str) -> str:
    """The file name of a Content-Disposition. Servers of Korean sites send it in UTF-8 or CP949 without saying so."""
    if not header:
        return ""
    message = Message()
    message["content-disposition"] = _LATIN.sub("", header) if "filename*" in header.lower() else header
    name = message.get_filename() or ""
    try:
        raw = name.encode("latin-1")
    except UnicodeEncodeError:
        return unquote(name)
    for encoding in ("utf-8", "cp949"):
        try:
            return unquote(raw.decode(encoding))
        except UnicodeDecodeError:
            continue
    return unquote(name)
