"""What is attached to a mail, read as a file of its own and put behind the mail's text."""

from __future__ import annotations

import binascii
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from email.message import Message
from pathlib import Path
from tempfile import TemporaryDirectory

from mundap.errors import BadFile, MundapError
from mundap.files import digest
from mundap.ingest.build import GAP, Reading
from mundap.ingest.dated import DATE
from mundap.ingest.grid import one_line
from mundap.ingest.mail.tnef import SIGNATURE, unpacked
from mundap.ingest.problems import Problem
from mundap.ingest.split import PAGES, pages_of
from mundap.names import safe_name
from mundap.types import Document, Section

ATTACHMENT = "attachment"  # the key in Section.meta
_PATH = " > "
_SHOWN = 3  # rows that are said to be left out; the others are counted


@dataclass(frozen=True)
class Attachment:
    """A file in a mail. `within` are the subjects of the mails that it was forwarded in, the outermost first."""

    name: str
    part: Message
    within: tuple[str, ...] = ()


Read = Callable[[Path, str], Reading]


def with_attachments(mail: Reading, attached: Sequence[Attachment], read: Read) -> Reading:
    """`mail` with the text and the sections of what `read` can read of `attached`, and a warning for what it cannot.

    Their passages have "subject > name" as source, and the day of the mail where a file does not say its own.
    """
    for one in _unpacked(attached):
        try:
            found = _read(one, read)
        except MundapError as error:  # BadFile, and the MissingExtra of a reader's package
            said = one_line(str(error))
            mail = _warned(mail, f"첨부 {said}" if isinstance(error, BadFile) else f"첨부 {one.name}: {said}")
        except MemoryError:
            raise
        except Exception as error:  # a reader's own mistake must not cost the mail
            said = f"{one.name}: 읽는 중 오류가 발생했습니다({type(error).__name__}). 따로 저장해 추가하세요."
            mail = _warned(mail, f"첨부 {said}")
        else:
            mail = _joined(mail, one, found)
    return mail


def _unpacked(attached: Sequence[Attachment]) -> Iterator[Attachment]:
    """`attached`, and instead of a winmail.dat what is in it, if that is any file."""
    for one in attached:
        try:
            content = one.part.get_payload(decode=True)
        except (ValueError, binascii.Error):
            content = None
        packed = unpacked(content) if isinstance(content, bytes) and content.startswith(SIGNATURE) else []
        for file in packed:
            part = Message()
            part["Content-Transfer-Encoding"] = "base64"
            part.set_payload(b64encode(file.content).decode("ascii"))
            yield Attachment(file.name, part, one.within)
        if not packed:
            yield one


def _read(one: Attachment, read: Read) -> Reading:
    try:
        name = safe_name(one.name)
    except MundapError:
        name = "이름 없음"
    try:
        content = one.part.get_payload(decode=True)
    except (ValueError, binascii.Error):
        content = None
    if not isinstance(content, bytes):
        raise BadFile(f"{name}: 첨부 파일이 손상되었습니다. 메일에서 다시 다운로드해 따로 추가하세요.")
    with TemporaryDirectory(prefix="mundap-") as folder:
        path = Path(folder, name)
        path.write_bytes(content)
        return read(path, name)


def _warned(mail: Reading, *said: str) -> Reading:
    return replace(mail, warnings=(*mail.warnings, *said))


def _joined(mail: Reading, one: Attachment, found: Reading) -> Reading:
    """`mail` with the document of an attachment at its end, under a line with its name."""
    document, added = mail.document, found.document
    head = f"{document.text}{GAP}# 첨부: {one_line(one.name)}{GAP}"
    start = len(head)
    text = head + added.text
    sections = tuple(_moved(section, start, document, one, added) for section in added.sections)
    questions = tuple(replace(known, start=known.start + start) for known in added.questions)
    before = pages_of(document)
    ended = [(start, 0)] if before else []  # what follows is on none of the pages of the attachment before
    pages = [*before, *ended, *((at + start, number) for at, number in pages_of(added))]
    whole = replace(
        document,
        id=digest(document.source, text),
        text=text,
        meta={**document.meta} | ({PAGES: pages} if pages else {}),
        sections=(*document.sections, *sections),
        questions=(*document.questions, *questions),
    )
    counted = [reading.pages for reading in (mail, found) if reading.pages is not None]
    told = [f"첨부 {one_line(one.name)}: {said}" for said in (*found.warnings, *_left_out(found.problems))]
    return _warned(replace(mail, document=whole, pages=sum(counted) if counted else None), *told)


def _moved(section: Section, start: int, mail: Document, one: Attachment, added: Document) -> Section:
    names = (mail.title, *one.within, one_line(one.name), section.source)
    title = added.title if added.title != Path(one.name).stem and added.title not in section.heading else ""
    date = section.meta.get(DATE) or mail.meta.get(DATE)
    return replace(
        section,
        start=section.start + start,
        end=section.end + start,
        source=_PATH.join(name for name in names if name),
        heading=_PATH.join(part for part in (title, section.heading) if part),
        meta={**section.meta, ATTACHMENT: one.name} | ({DATE: date} if date else {}),
    )


def _left_out(problems: Sequence[Problem]) -> Iterator[str]:
    """One sentence about the rows of an attachment that did not go in."""
    if problems:
        rows = " ".join(f"{problem.row}행: {problem.reason}." for problem in problems[:_SHOWN])
        more = f" (외 {len(problems) - _SHOWN}행)" if len(problems) > _SHOWN else ""
        yield f"{rows}{more}"
