"""The lines above a mail: words as Korean mailers have coded them, people, the day, and the names of attachments."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime

from mundap.errors import BadFile
from mundap.ingest.dated import date_of_cells
from mundap.ingest.encoding import decode_as
from mundap.ingest.office.naming import KOREA, iso_date
from mundap.korean.normalize import normalize

_LONGEST = 200  # characters of people who cannot be told apart
_MOST = 5  # people who are named; the others are counted
# RFC 2047, with what mailers do wrong: blanks within, none around, a letter cut in two between words
_CODED = re.compile(r"=\?(?P<charset>[\w.:-]+)(?:\*[\w-]*)?\?(?P<way>[bBqQ])\?(?P<text>[^?]*(?:\?(?!=)[^?]*)*)\?=")
_HEX = re.compile(rb"=([0-9A-Fa-f]{2})")
_NAMES = (("content-disposition", "filename"), ("content-type", "name"))


def words(message: Message, name: str) -> str:
    """The first header `name` in plain text, in one line; "" if there is none.

    Read from the raw header: mailers write Hangul as RFC 2047 says, or in bare bytes of UTF-8 or CP949.
    """
    return plain(_raw(message, name))


def people(message: Message, name: str) -> str:
    """김한빛 <a@b.kr>, 이나래 <c@d.kr> 외 3명; "" if there are none."""
    # Names are decoded one by one: a comma within one would part it.
    raw = _mended(_raw(message, name))
    try:
        found = [(plain(person), address) for person, address in getaddresses([raw])]
    except RecursionError:  # hundreds of brackets within each other
        return plain(raw)[:_LONGEST]
    shown = [f"{person} <{address}>" if person and address else person or address for person, address in found]
    shown = [person for person in shown if person]
    return ", ".join(shown[:_MOST]) + (f" 외 {len(shown) - _MOST}명" if len(shown) > _MOST else "")


def day(message: Message) -> str:
    """The day in Korea on which a mail was sent, as YYYY-MM-DD; "" if it does not say."""
    raw = words(message, "Date")
    try:
        moment = parsedate_to_datetime(raw)
        return iso_date(moment.astimezone(KOREA) if moment.tzinfo else moment)
    except (ValueError, TypeError, IndexError, OverflowError, RecursionError):
        return date_of_cells(["날짜"], [raw])


def file_name(part: Message) -> str:
    """What an attachment is called, by RFC 2231 or RFC 2047 or in bare bytes; "" if it has no name."""
    for header, key in _NAMES:
        mended = Message()
        mended[header] = _mended(_raw(part, header)).replace("\n", " ")
        for name, value in mended.get_params([], header):
            if name.lower() != key or not value:
                continue
            if isinstance(value, tuple):  # RFC 2231: its text has one character for each byte
                charset, _, text = value
                value = text if any(c > "\xff" for c in text) else _text(text.encode("latin-1"), charset or "")
            return plain(value)
    return ""


def plain(raw: str) -> str:
    """A header's value in plain text, in one line."""
    said = []
    for text, charset in _runs(raw):
        said.append(_text(text, charset) if isinstance(text, bytes) else _mended(text))
    return " ".join(normalize("".join(said)).split())


def _raw(message: Message, name: str) -> str:
    return next((str(value) for key, value in message.raw_items() if key.lower() == name.lower()), "")


def _mended(text: str) -> str:
    """`text` with the bytes decoded that stand in it as they were sent."""
    return text if text.isascii() else _text(text.encode("utf-8", "surrogateescape"), "")


def _text(raw: bytes, charset: str) -> str:
    try:
        return decode_as(raw, charset, "")
    except BadFile:  # one broken line is no broken mail
        return raw.decode("ascii", "replace")


def _runs(raw: str) -> Iterator[tuple[str | bytes, str]]:
    """The parts of a header: text, or the bytes of neighbouring words of one charset together."""
    held, charset, end = b"", "", 0
    for word in _CODED.finditer(raw):
        between = raw[end : word.start()]
        content = _coded(word["text"], word["way"])
        if held and (between.strip() or word["charset"].lower() != charset):
            yield held, charset
            held = b""
        if between.strip() or not end:
            yield between, ""
        held, charset, end = held + content, word["charset"].lower(), word.end()
    if held:
        yield held, charset
    yield raw[end:], ""


def _coded(text: str, way: str) -> bytes:
    raw = text.encode("ascii", "ignore")
    if way in "qQ":
        return _HEX.sub(lambda found: bytes([int(found[1], 16)]), raw.replace(b"_", b" "))
    raw = re.sub(rb"[^A-Za-z0-9+/]", b"", raw)
    if len(raw) % 4 == 1:  # a quarter of a group holds no byte
        raw = raw[:-1]
    return binascii.a2b_base64(raw + b"=" * (-len(raw) % 4))
