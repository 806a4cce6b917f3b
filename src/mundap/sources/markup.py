"""XML that servers send, without definitions of entities; and where the links of a page lead."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import urljoin
from xml.etree import ElementTree

from mundap.sources.protocol import ItemError

# of letters of several bytes, which expat does not read but in UTF-8 and UTF-16
_CODED = re.compile(rb"<\?xml[^>]*encoding=[\"'](?:euc-kr|cp949|ks_c_5601-1987|uhc)[\"'][^>]*\?>", re.IGNORECASE)


def parse_xml(raw: bytes, what: str) -> ElementTree.Element:
    """The root. Raises ItemError for what is no XML, or defines entities, which can unfold without end."""
    raw = raw.lstrip(b" \t\r\n")  # before which programs of web sites leave empty lines
    try:
        if found := _CODED.match(raw):
            raw = raw[found.end() :].decode("cp949", "replace").encode()
        if b"<!DOCTYPE" in raw[:4096].upper() or b"<!ENTITY" in raw.upper():
            raise ItemError(f"{what}: 지원하지 않는 XML입니다(DTD).")
        return ElementTree.fromstring(raw)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise ItemError(f"{what}: XML로 읽을 수 없습니다({error}).") from error


def texts(element: ElementTree.Element, *names: str) -> list[str]:
    """The text of each element of one of these names below `element`, whatever its namespace."""
    return [(one.text or "").strip() for one in element.iter() if local(one) in names]


def local(element: ElementTree.Element) -> str:
    """Its name without the namespace, in lower case."""
    return str(element.tag).rpartition("}")[2].lower()


def links_in(page: str, base: str) -> list[str]:
    """The addresses that a page links to, in order, each once."""
    found = _Links(base)
    found.feed(page)
    found.close()
    return list(dict.fromkeys(found.links))


class _Links(HTMLParser):
    def __init__(self, base: str) -> None:
        super().__init__(convert_charrefs=True)
        self._base = base
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        about = dict(attrs)
        href = about.get("href")
        if not href or "nofollow" in (about.get("rel") or "").lower().split():
            return
        try:
            if tag == "base":
                self._base = urljoin(self._base, href)
            elif tag in ("a", "area"):
                self.links.append(urljoin(self._base, href.strip()))
        except ValueError:  # no address
            return
