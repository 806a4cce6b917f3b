"""Takes from a page what stands on every page of its site: menus, headers, footers, banners, forms, related links."""

from __future__ import annotations

import re
from typing import Any

_GONE = "script style noscript template svg canvas iframe object embed button select textarea input dialog".split()
_ROLES = {"navigation", "banner", "contentinfo", "search", "menu", "menubar", "dialog", "alertdialog", "complementary"}
# Words of class and id, apart by their signs: gnb-wrap and topMenu have one, navy and menual have none.
_NAMES = set(
    "nav navi navigation navbar gnb lnb snb fnb tnb menu submenu topmenu sidemenu leftmenu sidebar side aside"
    " footer foot breadcrumb breadcrumbs location skip skipnav skipnavi skiplink cookie cookies consent gdpr popup modal"
    " banner ad ads advert advertisement sponsor share sns social related recommend recommended paging pagination pager"
    " pagenation paginate quick quickmenu familysite sitemap satisfaction comment comments reply tag tags copyright"
    " newsletter subscribe promo toolbar login util utility rank ranking popular btn btns buttons".split()
)
_HEADERS = {"header", "head", "masthead"}
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_SPOKEN = re.compile(
    r"(?:본문|메뉴|주메뉴|컨텐츠|콘텐츠|내용)\s?(?:으로)?\s?바로\s?가기|(?:이전|다음)\s?(?:글|페이지)?|목록(?:으로)?|인쇄(?:하기)?"
    r"|프린트|공유(?:하기)?|글자\s?(?:크게|작게)|(?:맨\s?)?위로(?:\s?가기)?|top|print|share|로그인|회원가입|사이트맵|닫기|더\s?보기"
    r"|페이스북|트위터|카카오(?:톡|스토리)|네이버\s?(?:블로그|밴드)|url\s?복사|스크랩|좋아요",
    re.IGNORECASE,
)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_SENTENCE = re.compile(r"[다요]\s*[.!?]|[.!?](?:\s|$)")
_SHARE = 0.5  # of a page's text; a part with more of it is no menu, whatever its name
_LINKED = 0.6  # of a part's text; more of it in links makes a part named like a menu one
_LEAST = 200  # characters of a main part


def trim(root: Any) -> None:
    """Take from the tree what is not about the page's subject. A part with most of the page's text always stays."""
    for tag in _GONE:
        for element in [*root.iter(tag)]:
            _drop(element)
    for element in [*root.iter()]:
        if isinstance(element.tag, str) and _invisible(element):
            _drop(element)
    body = root.find(".//body")
    body = root if body is None else body
    main = _main(body)
    if main is not None:
        _keep_only(body, main)
        body = main
    total = max(_size(body), 1)
    for element in [*body.iterdescendants()]:
        if isinstance(element.tag, str) and _attached(element, body) and _boilerplate(element, total, body):
            _drop(element)


def _invisible(element: Any) -> bool:
    """Hidden parts without a sentence. Those with one are answers of an FAQ that open at a click."""
    hidden = element.get("hidden") is not None or _HIDDEN.search(element.get("style") or "")
    return bool(hidden) and not _SENTENCE.search(element.text_content())


def _main(body: Any) -> Any:
    """The one part that a page marks as its main one, if it holds enough."""
    for path in (".//main", ".//*[@role='main']", ".//article"):
        found = [element for element in body.findall(path) if _size(element) >= _LEAST]
        if len(found) == 1:
            return found[0]
    return None


def _keep_only(body: Any, main: Any) -> None:
    """Drop what stands beside `main`, but for its headings and tables of some length outside menus."""
    while main is not body and main is not None:
        parent = main.getparent()
        for other in [*parent]:
            if other is not main and isinstance(other.tag, str) and not _substantial(other):
                _drop(other)
        if parent is body:
            break
        main = parent


def _substantial(element: Any) -> bool:
    if element.tag in ("h1", "h2"):
        return True
    return element.tag not in ("nav", "header", "footer", "aside", "form") and (
        _size(element) >= _LEAST and _links(element) < _LINKED / 2 and not _named(element, _NAMES | _HEADERS)
    )


def _boilerplate(element: Any, total: int, body: Any) -> bool:
    size = _size(element)
    if size > _SHARE * total:
        return False
    tag, role = element.tag, (element.get("role") or "").lower()
    if tag == "nav" or role in _ROLES or tag == "aside":
        return True
    if tag in ("footer", "header"):
        return not _within(element, ("article", "main", "section", "blockquote")) or tag == "footer"
    if tag == "form":
        return _links(element) > _LINKED or (size < _LEAST and element.find(".//table") is None)
    if tag in ("a", "li", "span", "p", "strong", "em", "div", "td") and size < 20 and _SPOKEN.fullmatch(_text(element)):
        return True
    if tag in ("div", "ul", "ol", "section", "p", "dl", "table", "span"):
        if _named(element, _NAMES):
            return _links(element) > _LINKED or not _prose(element)
        if _named(element, _HEADERS) and tag == "div":
            return _links(element) > _LINKED
        return tag in ("ul", "ol") and size > 0 and _site_links(element)
    return False


def _site_links(items: Any) -> bool:
    """Whether a list is links to other pages of the site and nothing else, with names and no sentences."""
    links = [link for link in items.iter("a") if _size(link)]
    if len(links) < 4 or _links(items) < 0.9:
        return False
    inside = [link for link in links if not re.match(r"(?:https?:|mailto:|tel:)", link.get("href") or "")]
    return len(inside) == len(links) and all(len(_text(link)) < 20 for link in links)


def _prose(element: Any) -> bool:
    """Sentences or a table, as no menu has."""
    if element.find(".//table") is not None and _size(element) > _LEAST:
        return True
    return len(_SENTENCE.findall(element.text_content())) >= 2


def _named(element: Any, words: set[str]) -> bool:
    named = f"{element.get('class') or ''} {element.get('id') or ''}"
    return bool(named.strip()) and any(word.lower() in words for word in _WORDS.findall(named))


def _within(element: Any, tags: tuple[str, ...]) -> bool:
    return next(element.iterancestors(*tags), None) is not None


def _links(element: Any) -> float:
    """The share of the text that is in links."""
    size = _size(element)
    return sum(_size(link) for link in element.iter("a")) / size if size else 0.0


def _size(element: Any) -> int:
    return len(_text(element))


def _text(element: Any) -> str:
    return " ".join(element.text_content().split())


def _attached(element: Any, body: Any) -> bool:
    return any(above is body for above in element.iterancestors())


def _drop(element: Any) -> None:
    if element.getparent() is not None:
        element.drop_tree()
