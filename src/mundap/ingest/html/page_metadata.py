"""What a page says of itself: its title without the site's name, and when it was published."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from mundap.ingest.dated import COLUMNS, date_of_cells
from mundap.ingest.elements import Element
from mundap.ingest.office.naming import plausible
from mundap.korean.normalize import squash

_DATES = (
    "//meta[@property='article:modified_time' or @property='og:updated_time']/@content",
    "//meta[@property='article:published_time']/@content",
    "//meta[@name='date' or @name='DC.date' or @name='dcterms.modified' or @name='article.created']/@content",
)
_SEPARATOR = re.compile(r"\s+[|\-–—<>:»·]\s+|\s*[|»]\s*")
_SHOWING = ("h1", "h2", "h3", "h4", "h5", "strong", "b", "td", "th", "p", "span", "dt", "font")
_ROOT = re.compile(r"(?:https?://[^/?#]+)?(?:\.?/)?(?:(?:index|main|default)\.\w{2,5})?")
_WORDS = re.compile(r"date(?=[^a-z]|$)")
_DAYS = "|".join(sorted(COLUMNS - {"일자", "일시"}))  # those may be of an event
_BESIDE = re.compile(rf"(?<![가-힣])(?:{_DAYS})\s?:\s?(\d{{2,4}}[-./년]\s?\d{{1,2}}[-./월]\s?\d{{1,2}})", re.IGNORECASE)
_ISO = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?!\d)")


def title_of(root: Element) -> str:
    """The og:title, the title or the only h1, whichever is told; the name of the site is taken off where it is known."""
    heads = [" ".join(head.text_content().split()) for head in root.iter("h1") if not _logo(head)]
    whole = [*root.xpath("//meta[@property='og:title']/@content"), *(t.text_content() for t in root.xpath("//title"))]
    site = {squash(name) for name in root.xpath("//meta[@property='og:site_name']/@content")}
    page = [_SEPARATOR.split(" ".join(t.text_content().split())) for t in root.xpath("//title")]
    site |= {
        squash(title) for title in whole for parts in page if len(parts) > 1 and squash(title) == squash(parts[-1])
    }
    for title in whole:
        line = " ".join(title.split())
        parts = [line] if squash(line) in map(squash, heads) else [part for part in _SEPARATOR.split(line) if part]
        shown = [n for n, part in enumerate(parts) if any(squash(part) == squash(head) for head in heads)]
        # A heading in the middle is the board's name: 요금 안내 | 공지사항 | 한빛구청.
        named = parts[shown[0] if shown[0] in (0, len(parts) - 1) else 0] if shown else _first(parts, root)
        left = [part for part in parts if squash(part) not in site]
        said = named or (left[0] if len(left) == 1 else line)
        if plausible(said) and squash(said) not in site:
            return plausible(said)
    return plausible(heads[0]) if len(heads) == 1 else ""


def _logo(head: Element) -> bool:
    return any(_ROOT.fullmatch(link.get("href")) for link in head.iter("a") if link.get("href"))


def _first(parts: list[str], root: Element) -> str:
    """The longest part of a title that the page shows by itself outside its links, if the last part, the site, is none."""
    if len(parts) < 2:
        return ""
    shown = {
        squash(element.text_content())
        for element in root.iter(*_SHOWING)
        if len(element.text_content()) < 200
        and next(element.iter("a"), None) is None
        and next(element.iterancestors("a"), None) is None
    }
    return max((part for part in parts if squash(part) in shown), key=len, default="") * (
        squash(parts[-1]) not in shown
    )


def date_of(root: Element) -> str:
    """The day in the page's metadata, or beside 작성일, 등록일 and the like; "" if there is none."""
    for path in _DATES:
        for content in root.xpath(path):
            if found := _day(content):
                return found
    for script in root.xpath("//script[@type='application/ld+json']"):
        if found := _linked_data(script.text or ""):
            return found
    if found := max((date_of_cells([name], [value]) for name, value in _labelled(root)), default=""):
        return found
    for times in (map(_day, root.xpath("//time/@datetime")), _named(root), _beside(root)):
        if len(distinct := {*times} - {""}) == 1:
            return distinct.pop()
    return ""


def _named(root: Element) -> Iterator[str]:
    """The days in parts that are named for one, such as class="postDate"."""
    for element in root.iter("span", "em", "p", "div", "td", "li"):
        if "date" in _WORDS.findall((element.get("class") or "").lower()):
            text = " ".join(element.text_content().split())
            yield date_of_cells(["날짜"], [text]) if len(text) <= 30 else ""


def _beside(root: Element) -> Iterator[str]:
    """The days in lines such as 글쓴이 : 관리자 날짜 : 24-02-13 조회 : 12."""
    for element in root.iter("span", "p", "div", "td", "li"):
        text = " ".join(element.text_content().split()) if len(element) < 6 else ""
        if len(text) <= 120 and (found := _BESIDE.search(text)):
            yield date_of_cells(["날짜"], [found[1]])


def _day(text: str) -> str:
    found = _ISO.match(text.strip())
    return "-".join(found.groups()) if found and "01" <= found[2] <= "12" and "01" <= found[3] <= "31" else ""


def _linked_data(text: str) -> str:
    try:
        known = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    graph = known.get("@graph", [known]) if isinstance(known, dict) else known
    for item in graph if isinstance(graph, list) else []:
        for key in ("dateModified", "datePublished"):
            if isinstance(item, dict) and isinstance(item.get(key), str) and (found := _day(item[key])):
                return found
    return ""


def _labelled(root: Element) -> Iterator[tuple[str, str]]:
    """A label of a date and what stands beside it: in the next cell, in dt and dd, or behind a colon."""
    for element in root.iter("th", "td", "dt", "span", "strong", "b", "em", "label", "li", "p", "div"):
        text = " ".join(element.text_content().split()) if len(element) < 4 else ""
        if not 2 <= len(text) <= 60:
            continue
        name, colon, value = text.partition(":")
        if squash(name).lower() not in COLUMNS:
            continue
        if colon and value.strip():
            yield name, value
        elif (beside := element.getnext()) is not None and isinstance(beside.tag, str):
            if not (element.tag == "th" and beside.tag == "th"):  # a header of columns, not of a row
                yield name, " ".join(beside.text_content().split())[:60]
        elif (element.tail or "").strip():
            yield name, element.tail[:60]
