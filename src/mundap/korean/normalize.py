"""One normal form for every text that enters, so that offsets and comparisons hold for ever."""

from __future__ import annotations

import re
import unicodedata

NORMALIZER = "nfc-1"  # goes into manifests; change it whenever `normalize` changes

_INVISIBLE = dict.fromkeys([0x00, 0xFEFF, 0x200B, 0x2060, 0x00AD])
_SURROGATES = re.compile(r"[\ud800-\udfff]")  # halves of characters, from bytes that were no UTF-8
_SPACES = re.compile(r"[^\S\n\t ]")


def normalize(text: str) -> str:
    """NFC, LF line ends, plain spaces, no invisible or broken characters. Idempotent.

    File names from macOS and some PDFs hold decomposed Hangul, which looks the same and matches nothing.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_INVISIBLE)
    text = _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text)
    return _SPACES.sub(" ", unicodedata.normalize("NFC", text))


def squash(text: str) -> str:
    """`text` without any white space: the form in which quotes and gold passages are compared."""
    return "".join(normalize(text).split())
