"""Saved mails: who wrote what to whom and when, the text once, and what was attached."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from email import message_from_bytes, policy
from email.errors import (
    CloseBoundaryNotFoundDefect,
    InvalidBase64LengthDefect,
    InvalidBase64PaddingDefect,
    StartBoundaryNotFoundDefect,
)
from email.message import Message
from functools import partial
from pathlib import Path

from mundap.errors import BadFile, MissingExtra
from mundap.ingest.assemble import assemble
from mundap.ingest.blocks import Block, Heading, Paragraph, Parsed, Table
from mundap.ingest.build import Reading
from mundap.ingest.dated import DATE, dated
from mundap.ingest.encoding import decode_as
from mundap.ingest.html.reader import page_text, parse_text
from mundap.ingest.mail.attached import Attachment, with_attachments
from mundap.ingest.mail.headers import day, file_name, people, words
from mundap.ingest.sheets.sheet import Options
from mundap.ingest.sniff import kind_of
from mundap.ingest.text import healed

KNOWN = frozenset("from to subject date received message-id mime-version return-path sender delivered-to".split())
_CUT = (CloseBoundaryNotFoundDefect, StartBoundaryNotFoundDefect)
_CUT_TEXT = (InvalidBase64LengthDefect, InvalidBase64PaddingDefect)
_ENCRYPTED = {"multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"}
_SIGNATURES = {"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"}
_QUOTED = re.compile(r"(?:>[ \t]?)+")
_FLOWS = re.compile(r"(?m)(?<!^--) \n(?!>)")  # RFC 3676: a line that ends in a space goes on in the next
_EMPTY = re.compile(r"\n\s*\n")
_FULLER = 3  # times the plain text's length; HTML that says so much more has a plain text only for form's sake
_DEEPEST = 20  # mails within mails


@dataclass
class _Found:
    """What has been met on the way through the parts of a mail."""

    name: str
    within: tuple[str, ...] = ()  # subjects of the mails around, without the outermost's
    attached: list[Attachment] = field(default_factory=list)
    cut: bool = False
    encrypted: bool = False

    def add(self, other: _Found) -> None:
        """Take over what was met in a part."""
        self.attached += other.attached
        self.cut |= other.cut
        self.encrypted |= other.encrypted

    @property
    def names(self) -> list[str]:
        """What is attached, by name."""
        return list(dict.fromkeys(one.name for one in self.attached))


def read_mail(path: Path, source: str, depth: int = 0, options: Options = Options()) -> Reading:
    """A saved mail with what is attached to it, `depth` mails deep. Its day is that of its Date header, whatever days
    its text speaks of.

    Raises BadFile for what is no mail, is encrypted, or says nothing.
    """
    reading, attached = _read(path, source)
    return with_attachments(reading, attached, partial(_read_attached, depth=depth + 1, options=options))


def read_alone(path: Path, source: str) -> Reading:
    """A saved mail whose attachments are only named, for one of them has ended the program that read it.

    Raises BadFile as `read_mail`.
    """
    reading, attached = _read(path, source)
    if not attached:
        return reading
    names = ", ".join(dict.fromkeys(one.name for one in attached))
    said = f"첨부 파일을 읽는 중 프로세스가 종료되어 본문만 추가했습니다. 첨부 {len(attached)}개는 따로 저장해 추가하세요: {names}"
    return replace(reading, warnings=(*reading.warnings, said))


def _read(path: Path, source: str) -> tuple[Reading, list[Attachment]]:
    parsed, attached = taken_apart(path)
    reading = assemble(parsed, path, source)
    if not parsed.date:
        return reading, attached
    sections = tuple(replace(each, meta={**each.meta, DATE: parsed.date}) for each in reading.document.sections)
    return replace(reading, document=replace(reading.document, sections=sections)), attached


def _read_attached(path: Path, source: str, depth: int, options: Options) -> Reading:
    from mundap.ingest.readers import read  # which names this reader

    if kind_of(path) != ".eml":
        return read(path, source, options)
    if depth > _DEEPEST:
        raise BadFile(
            f"{path.name}: 첨부된 메일이 {_DEEPEST}단계를 넘게 중첩되어 있습니다. 안쪽 메일을 따로 저장해 추가하세요."
        )
    reading = read_mail(path, source, depth, options)
    return replace(reading, document=dated(reading.document))


def taken_apart(path: Path) -> tuple[Parsed, list[Attachment]]:
    """The blocks of a mail, and what is attached to it."""
    # The older policy, because the newer one raises on broken headers and takes bytes out of them.
    message = message_from_bytes(path.read_bytes().lstrip(), policy=policy.compat32)
    if not KNOWN & {name.lower() for name in message.keys()}:  # noqa: SIM118 (a Message iterates over nothing else)
        raise BadFile(f"{path.name}: 메일이 아닙니다(보낸 사람, 제목 같은 헤더가 없음). 메일을 EML로 다시 저장하세요.")
    found = _Found(path.name)
    blocks = [*_parts(message, found, 0)]
    if not blocks and found.encrypted:
        raise BadFile(f"{path.name}: 암호화된 메일입니다. 메일 프로그램에서 열어 본문을 저장하세요.")
    if not blocks and not found.attached:
        raise BadFile(f"{path.name}: 메일에 본문이 없습니다(빈 메일이거나 잘린 파일). 메일을 열어 다시 저장하세요.")
    warnings = ("메일 내용이 잘려 있습니다. 메일을 다시 저장하세요.",) if found.cut else ()
    blocks = [*_about(message, found), *blocks]
    return Parsed(tuple(blocks), words(message, "Subject"), day(message), warnings=warnings), found.attached


def _about(message: Message, found: _Found) -> Iterator[Paragraph]:
    lines = (
        ("보낸 사람", people(message, "From")),
        ("받는 사람", people(message, "To")),
        ("보낸 날", day(message)),
        ("첨부", ", ".join(found.names)),
    )
    if said := [f"{name}: {value}" for name, value in lines if value]:
        yield Paragraph("\n".join(said))


def _parts(part: Message, found: _Found, depth: int) -> Iterator[Block]:
    """The blocks of a part of a mail, or of all of it; what is attached goes into `found`."""
    kind = part.get_content_type()
    found.cut |= any(isinstance(defect, _CUT) for defect in part.defects)
    if kind in _ENCRYPTED:
        found.encrypted = True
        return
    if depth > _DEEPEST:
        return
    inner = [each for each in part.get_payload() if isinstance(each, Message)] if part.is_multipart() else []
    if kind == "message/rfc822" and inner:
        for mail in inner:
            subject = words(mail, "Subject") or "전달된 메일"
            beside = _Found(found.name, (*found.within, subject))
            blocks = [*_parts(mail, beside, depth + 1)]
            yield Heading(subject, 1)
            yield from (*_about(mail, beside), *blocks)
            found.add(beside)
    elif kind == "multipart/alternative" and inner:
        yield from _chosen(inner, found, depth)
    elif inner:
        for each in inner:
            yield from _parts(each, found, depth + 1)
    elif kind in ("text/plain", "text/html") and part.get_content_disposition() != "attachment":
        yield from _text(part, found)
    elif (
        (name := file_name(part))
        and kind not in _SIGNATURES
        and not (kind.startswith("image/") and _shown_within(part))
    ):
        found.attached.append(Attachment(name, part, found.within))


def _shown_within(part: Message) -> bool:
    """Whether a picture belongs to the text, as logos and signatures do."""
    return part.get_content_disposition() != "attachment"


def _chosen(parts: list[Message], found: _Found, depth: int) -> list[Block]:
    """The one of several forms of the same text that says most: the plain one, unless the page has a table or much more.

    Outlook writes each cell of a table as a line of the plain form, and newsletters have nothing there.
    """
    plain: list[Block] = []
    rich: list[Block] = []
    missing: MissingExtra | None = None
    for part in parts:
        beside = _Found(found.name, found.within)
        try:
            blocks = [*_parts(part, beside, depth + 1)]
        except MissingExtra as error:
            missing = error
            continue
        if part.get_content_type() == "text/plain":
            plain = plain or blocks
        else:
            rich = blocks or rich
        beside.attached = [one for one in beside.attached if one.name not in found.names]  # attached to both forms
        found.add(beside)
    if missing and not plain:
        raise missing
    fuller = any(isinstance(block, Table) for block in rich) or _length(rich) > _FULLER * _length(plain)
    return rich if rich and (fuller or not plain) else plain


def _length(blocks: list[Block]) -> int:
    return sum(len(block.text) for block in blocks if not isinstance(block, Table))


def _text(part: Message, found: _Found) -> Iterator[Block]:
    try:
        raw = part.get_payload(decode=True)
    except (ValueError, binascii.Error):
        raw = None
    said = _charset(part)
    if not isinstance(raw, bytes) or not raw.strip():
        return
    found.cut |= any(isinstance(defect, _CUT_TEXT) for defect in part.defects)
    if part.get_content_type() == "text/html":
        with suppress(BadFile):  # a page without any text
            yield from parse_text(page_text(raw, found.name, said), found.name).blocks
        return
    text = decode_as(raw, said, found.name)
    if "flowed" in str(part.get_param("format", "")).lower():
        text = _FLOWS.sub("" if "yes" in str(part.get_param("delsp", "")).lower() else " ", text)
    for lines in _by_depth(text):
        yield from (Paragraph(piece.strip()) for piece in _EMPTY.split(healed(lines)) if piece.strip())


def _charset(part: Message) -> str:
    try:
        return part.get_content_charset() or ""
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""


def _by_depth(text: str) -> Iterator[str]:
    """The runs of lines that are quoted equally often, without their marks."""
    depth, held = 0, list[str]()
    for line in text.split("\n"):
        mark = _QUOTED.match(line)
        now = mark[0].count(">") if mark else 0
        if now != depth and held:
            yield "\n".join(held)
            held = []
        depth = now
        held.append(line[mark.end() :] if mark else line)
    if held:
        yield "\n".join(held)
