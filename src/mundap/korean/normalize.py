"""One normal form for every text that enters, so that offsets and comparisons hold for ever."""

from __future__ import annotations

import os
import re
import unicodedata

NORMALIZER = "nfc-1"  # goes into manifests; change it whenever `normalize` changes

_INVISIBLE = dict.fromkeys([0x00, 0xFEFF, 0x200B, 0x2060, 0x00AD])
_SURROGATES = re.compile(r"[\ud800-\udfff]")  # halves of characters, from bytes that were no UTF-8
_SPACES = re.compile(r"[^\S\n\t ]")
_BYTES = re.compile(r"[\udc80-\udcff]")  # how Python holds the bytes of a file's name that are no UTF-8


def normalize(text: str) -> str:
    """NFC, LF line ends, plain spaces, no invisible or broken characters. Idempotent.

    File names from macOS and some PDFs hold decomposed Hangul, which looks the same and matches nothing.
    """
    if text.isprintable() and unicodedata.is_normalized("NFC", text):
        return text  # nearly every line and cell: nothing of the below can be in it
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_INVISIBLE)
    text = _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text)
    return _SPACES.sub(" ", unicodedata.normalize("NFC", text))


def name_of(name: str) -> str:
    """A file's name or path as people read it: composed, and in CP949 what a zip file from Windows left in it."""
    if not _BYTES.search(name):
        return unicodedata.normalize("NFC", name)
    return normalize("/".join(_as_cp949(part) for part in name.split("/")))


def _as_cp949(name: str) -> str:
    try:
        return os.fsencode(name).decode("cp949") if _BYTES.search(name) else name
    except UnicodeError:
        return name


def squash(text: str) -> str:
    """`text` without any white space: the form in which quotes and gold passages are compared."""
    return "".join(normalize(text).split())
