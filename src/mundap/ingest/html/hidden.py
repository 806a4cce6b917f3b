"""What a page hides for good, found and taken out; what opens at a click stays, as answers of accordions do."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mundap.ingest.elements import Element

_DELETED = ("del", "s", "strike")
_HIDES = re.compile(
    r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse))\s*(?:!important\s*)?(?:;|$)", re.I
)
_STRUCK = re.compile(r"(?:^|;)\s*text-decoration(?:-line)?\s*:[^;]*line-through", re.I)
_OPENS = re.compile(
    r"accordion|collaps|(?:^|[-_ ])tabs?(?:[-_ ]|$)|tab-?(?:pane|panel|cont)|panel|toggle|fold|faq|answer|qna|spoiler|expand|dropdown|modal|layer",
    re.I,
)
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_AT = re.compile(r"@[^{};]+(?:;|\{(?:[^{}]|\{[^{}]*\})*\})")
_SIMPLE = re.compile(r"(?:[a-z]+\d?)?([.#])(-?[_a-z][\w-]*)", re.I)
_CONTROLS = ("aria-controls", "data-target", "data-bs-target", "data-toggle-target", "data-tab", "data-id", "href")
_OWN = ("details", "dl", "table", "ul", "ol")  # whose buttons open what is in them
_NEAR = 2  # siblings before a hidden part in which its button stands


def remove_hidden(root: Element) -> None:
    """Take out of an lxml tree what is deleted, and what is hidden and does not open at a click."""
    classes, ids = _sheets(root)
    opened = set(_controlled(root))
    for element in list(root.iter()):
        if not isinstance(element.tag, str) or element.tag in ("html", "body", "head", "script", "style"):
            continue
        if _deleted(element) or (_hidden(element, classes, ids) and not _opens(element, opened)):
            _drop(element)


def _deleted(element: Element) -> bool:
    return element.tag in _DELETED or bool(_STRUCK.search(element.get("style") or ""))


def _hidden(element: Element, classes: set[str], ids: set[str]) -> bool:
    return (
        _hides_itself(element)
        or element.get("id") in ids
        or not classes.isdisjoint((element.get("class") or "").split())
    )


def _hides_itself(element: Element) -> bool:
    return element.get("hidden") is not None or bool(_HIDES.search(element.get("style") or ""))


def _opens(element: Element, opened: set[str]) -> bool:
    """Whether something on the page shows a hidden part: what names it, its own kind, or a button before it."""
    for one in (element, element.getparent()):
        if one is None or one.tag in ("body", "html"):
            continue
        named = f"{one.get('class') or ''} {one.get('id') or ''} {one.get('role') or ''}"
        if one.get("id") in opened or _OPENS.search(named) or one.tag in ("details", "dd"):
            return True
    before = element
    for _ in range(_NEAR):
        before = before.getprevious()
        if before is None:
            return False
        if before.tag in _OWN or _hides_itself(before):
            return False
        if _asks(before) or any(_clickable(one) for one in before.iter() if isinstance(one.tag, str)):
            return True
    return False


def _asks(before: Element) -> bool:
    """Whether what stands right before is a question, whose answer opens at a click."""
    return isinstance(before.tag, str) and before.text_content().rstrip().endswith(("?", "？"))


def _clickable(one: Element) -> bool:
    if one.tag == "button" or one.get("onclick") or one.get("aria-expanded") or one.get("role") in ("button", "tab"):
        return True
    address = (one.get("href") or "").strip().lower()
    return one.tag == "a" and (address in ("#", "#none", "#!") or address.startswith("javascript:"))


def _controlled(root: Element) -> Iterator[str]:
    """The ids that something on the page opens."""
    for one in root.iter():
        if not isinstance(one.tag, str):
            continue
        for name in _CONTROLS:
            for said in (one.get(name) or "").split():
                if name != "href" or said.startswith("#"):
                    yield said.lstrip("#")
        if script := one.get("onclick"):
            yield from re.findall(r"['\"]#?([\w-]+)['\"]", script)


def _sheets(root: Element) -> tuple[set[str], set[str]]:
    """The classes and ids that the page's own style sheets hide whatever the screen."""
    found: dict[str, set[str]] = {".": set(), "#": set()}
    for sheet in root.iter("style"):
        text = _AT.sub("", re.sub(r"/\*.*?\*/", "", sheet.text or "", flags=re.DOTALL))
        for selectors, body in _RULE.findall(text):
            if _HIDES.search(body.strip()):
                for selector in selectors.split(","):
                    if match := _SIMPLE.fullmatch(selector.strip()):
                        found[match[1]].add(match[2])
    return found["."], found["#"]


def _drop(element: Element) -> None:
    """Take an element out, but not what stands behind it."""
    parent = element.getparent()
    if parent is None:
        return
    tail = element.tail or ""
    before = element.getprevious()
    if before is not None:
        before.tail = f"{before.tail or ''}{tail}"
    else:
        parent.text = f"{parent.text or ''}{tail}"
    parent.remove(element)
