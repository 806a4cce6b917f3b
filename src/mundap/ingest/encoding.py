"""Bytes to text for the encodings that Korean offices save in."""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from mundap.errors import BadFile
from mundap.korean.normalize import normalize

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_KOREAN = {"euc-kr", "euckr", "euc_kr", "ks_c_5601-1987", "ks_c_5601", "ks_c_5601-1989", "ksc5601", "ksc_5601"}
_KOREAN |= {"ks_c-5601-1987", "ms949", "x-windows-949", "windows-949", "cp949", "uhc"}  # all are CP949 in use
_WESTERN = {"", "ascii", "us-ascii", "iso-8859-1", "iso8859-1", "latin1", "latin-1", "windows-1252", "cp1252"}
_BROKEN = "\N{REPLACEMENT CHARACTER}"
_PIECE = 1 << 20
_FEW = 5  # letters of Hangul, at the least, for each byte that is none
_SOME = 2  # the same, of what is in no other encoding
_UNLIKE_ASCII = ("iso-2022-", "utf-7", "hz", "utf-16", "utf-32")


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


def decode_leniently(raw: bytes, name: str) -> tuple[str, list[int]]:
    """As `decode`, but lines may be in UTF-8 and in CP949, as files have them that were put together, and a few bytes that
    are no letters become replacement signs; also the lines, counted from 1, that have them. Raises BadFile for what is no
    text."""
    if b"\0" in raw or raw.startswith(tuple(bom for bom, _ in _BOMS[1:])):
        return decode(raw, name), []
    bare = raw.removeprefix(codecs.BOM_UTF8)
    for encoding in ("utf-8", "cp949"):
        with suppress(UnicodeDecodeError):
            return normalize(bare.decode(encoding)), []
    lines = [*map(line_of, bare.split(b"\n"))]
    found = _Found.of(lines)
    if not found.is_text:
        try:
            return decode(raw, name), []
        except BadFile:
            if found.lost * _SOME > found.letters:
                raise
    return normalize("\n".join(lines)), found.broken


def broken_lines(path: Path) -> list[int] | None:
    """The lines of a file, as `line_of` reads them, that have replacement signs, counted from 1 and read one by one; None if
    it is doubtful that its lines are in UTF-8 and CP949. Raises OSError."""
    with path.open("rb") as file:
        found = _Found.of("\0" if b"\0" in raw else line_of(raw) for raw in file)
    return found.broken if found.is_text and not found.null else None


@dataclass
class _Found:
    """What lines have: replacement signs (`lost`, in the lines `broken`), letters of Hangul (in `korean` lines), or NUL."""

    broken: list[int] = field(default_factory=list)
    lost: int = 0
    letters: int = 0
    korean: int = 0
    null: bool = False

    @classmethod
    def of(cls, lines: Iterable[str]) -> _Found:
        found = cls()
        for number, line in enumerate(lines, 1):
            if signs := line.count(_BROKEN):
                found.broken.append(number)
                found.lost += signs
            letters = _hangul(line)
            found.letters += letters
            found.korean += bool(letters)
            found.null = found.null or "\0" in line
        return found

    @property
    def is_text(self) -> bool:
        """Whether there are _FEW letters of Hangul for each sign, or as many lines of it for each that is broken."""
        return self.lost * _FEW <= self.letters or len(self.broken) * _FEW <= self.korean


def line_of(raw: bytes) -> str:
    """A line in UTF-8 or CP949: the first that it is in and that makes Hangul of it, for two bytes can be a letter of each;
    else the one in which fewer bytes are broken."""
    read = []
    for encoding in ("utf-8", "cp949"):
        with suppress(UnicodeDecodeError):
            read.append(raw.decode(encoding))
    if read:
        return next((line for line in read if _hangul(line)), read[0])
    return min((raw.decode(each, "replace") for each in ("utf-8", "cp949")), key=lambda each: each.count(_BROKEN))


def _hangul(text: str) -> int:
    return sum("가" <= letter <= "힣" for letter in text)


def encoding_of(path: Path) -> str:
    """UTF-8 or CP949, whichever all of a file is, read piece by piece; "" for neither. Raises OSError."""
    for encoding in ("utf-8-sig", "cp949"):
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            with path.open("rb") as file:
                while piece := file.read(_PIECE):
                    if b"\0" in piece:
                        return ""
                    decoder.decode(piece)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    return ""


def decode_as(raw: bytes, said: str, name: str) -> str:
    """Text in normal form of bytes that come with the name of an encoding, which is often not theirs.

    A byte order mark and valid UTF-8 are believed before it, and so is Hangul before a name of the West. A few broken
    bytes are replaced. Raises BadFile for what is no text.
    """
    encoding = said.strip().lower()
    encoding = "cp949" if encoding in _KOREAN else encoding
    if encoding.startswith(_UNLIKE_ASCII):
        with suppress(LookupError, ValueError):
            return normalize(raw.decode(encoding))
    if raw.startswith(tuple(bom for bom, _ in _BOMS)):
        return decode(raw, name)
    wide = raw.count(0) * 10 > len(raw)  # as in UTF-16, whose Hangul is no UTF-8
    with suppress(UnicodeDecodeError):
        text = raw.decode("utf-8")
        if not (wide and text.isascii()):
            return normalize(text)
    if wide:
        return decode(raw, name)
    korean = ("utf-8", "cp949")
    for each in (*korean, encoding) if encoding in _WESTERN else (encoding, *korean):
        with suppress(LookupError, ValueError):  # no name of an encoding
            text = raw.decode(each, "replace")
            broken = text.count("\N{REPLACEMENT CHARACTER}")
            if broken * 100 <= len(text) if each == encoding else broken * 10 < _hangul(text):
                return normalize(text)
    return decode(raw, name)


def _decoded(raw: bytes, encoding: str, name: str) -> str:
    try:
        return normalize(raw.decode(encoding))
    except UnicodeDecodeError as error:
        raise BadFile(
            f"{name}: {encoding} 텍스트의 {error.start}번째 바이트가 손상되었습니다. UTF-8로 다시 저장하세요."
        ) from error


def _guess(raw: bytes, name: str) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(raw).best()
    if best is None or (best.encoding.startswith("utf_16") and len(raw) % 2):
        raise BadFile(f"{name}: 텍스트로 읽을 수 없는 파일입니다. 텍스트라면 UTF-8로 다시 저장하세요.")
    return best.encoding
