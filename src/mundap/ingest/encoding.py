"""Bytes to text for the encodings that Korean offices save in."""

from __future__ import annotations

import codecs

from mundap.errors import BadFile
from mundap.korean.normalize import normalize

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode(raw: bytes, name: str) -> str:
    """Text in normal form. Tries, in order: a byte order mark, UTF-8, CP949 (which holds EUC-KR), a guess.

    Raises BadFile for what is no text in any of them.
    """
    for bom, encoding in _BOMS:
        if raw.startswith(bom):
            return _decoded(raw, encoding, name)
    if b"\0" not in raw:  # text without NUL is never UTF-16
        for encoding in ("utf-8", "cp949"):
            try:
                return normalize(raw.decode(encoding))
            except UnicodeDecodeError:
                continue
    return _decoded(raw, _guess(raw, name), name)


def _decoded(raw: bytes, encoding: str, name: str) -> str:
    try:
        return normalize(raw.decode(encoding))
    except UnicodeDecodeError as error:
        raise BadFile(
            f"{name}: {encoding} 글자가 {error.start}번째 바이트에서 깨졌습니다. UTF-8로 다시 저장해 주세요."
        ) from error


def _guess(raw: bytes, name: str) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(raw).best()
    if best is None or (best.encoding.startswith("utf_16") and len(raw) % 2):
        raise BadFile(f"{name}: 글자로 읽을 수 없는 파일입니다. 텍스트라면 UTF-8로 다시 저장해 주세요.")
    return best.encoding
