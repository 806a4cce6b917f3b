"""Saved web pages: what a page is about, without its menus, with true tables, lists, links and dates."""

from __future__ import annotations

import email
import email.policy
import re
from pathlib import Path

from mundap.errors import BadFile
from mundap.extras import Untyped, need
from mundap.ingest.assemble import assemble
from mundap.ingest.blocks import Block, Heading, Parsed, Table
from mundap.ingest.build import Reading
from mundap.ingest.encoding import decode_as
from mundap.ingest.html.hidden import remove_hidden
from mundap.ingest.html.main import trim
from mundap.ingest.html.page_metadata import date_of, title_of
from mundap.ingest.html.walk import walk

_CHARSET = re.compile(rb"<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]{3,30})", re.IGNORECASE)
_HEAD = 4096  # bytes in which a page says what its encoding is
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")


def read_html(path: Path, source: str) -> Reading:
    """A saved page. Raises BadFile for one that holds no text."""
    return assemble(parse(path), path, source)


def parse(path: Path) -> Parsed:
    """The blocks of a page, or of the page in a web archive (.mht)."""
    raw = path.read_bytes()
    text = archived_page(raw, path.name) if path.suffix.lower() in (".mht", ".mhtml") else page_text(raw, path.name)
    return parse_text(text, path.name)


def parse_text(text: str, name: str) -> Parsed:
    """The blocks of the page `text`. Raises BadFile, naming `name`, for what cannot be parsed."""
    html: Untyped = need("lxml.html", "docs")
    try:
        parser = html.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
        root = html.document_fromstring(_DECLARATION.sub("", text).encode("utf-8", "replace"), parser=parser)
        title, date = title_of(root), date_of(root)
        remove_hidden(root)
        trim(root)
        blocks = _without_title(walk(root), title)
    except MemoryError:
        raise
    except Exception as error:  # lxml raises ParserError, ValueError and others on what is no page
        raise BadFile(
            f"{name}: 웹 페이지로 읽을 수 없습니다({type(error).__name__}). 브라우저에서 다시 저장하세요."
        ) from error
    return Parsed(tuple(blocks), title, date)


def page_text(raw: bytes, name: str, said: str = "") -> str:
    """The text of a page by its byte order mark, by UTF-8, by what is `said` of it or it says of itself, or by a guess."""
    found = _CHARSET.search(raw[:_HEAD])
    return decode_as(raw, said or (found[1].decode("ascii", "replace") if found else ""), name)


def archived_page(raw: bytes, name: str) -> str:
    """The text of the first page of a web archive, which is a message with the page and its pictures as parts."""
    # The older policy: the newer one raises on broken headers, and never comes back from brackets within brackets.
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
    for part in message.walk():
        if part.get_content_type() == "text/html":
            try:
                content, charset = part.get_payload(decode=True), part.get_content_charset() or ""
            except (ValueError, LookupError, TypeError, AttributeError):  # of broken headers
                continue
            if isinstance(content, bytes):
                return page_text(content, name, charset)
    raise BadFile(f"{name}: 웹 보관 파일에 페이지가 없습니다. 브라우저에서 HTML로 다시 저장하세요.")


def _without_title(blocks: list[Block], title: str) -> list[Block]:
    """`blocks`, where the document's own title stands above the others rather than beside them."""
    shown = [block for block in blocks if not isinstance(block, Table)]
    if shown and isinstance(shown[0], Heading) and shown[0].text == title:
        first = Heading(title, 1)
        return [first if block is shown[0] else block for block in blocks]
    return blocks
