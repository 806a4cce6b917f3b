"""Web pages under the name of a workbook, as portals export them and Excel saves them: their tables as one sheet.

What a page says between its tables stands in rows of its own, as titles and notes do in a sheet. The number formats in its
styles (mso-number-format) are used as Excel does when it opens the page; a page that Excel has saved shows its numbers
as they are seen already.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import unescape
from pathlib import Path

from mundap.extras import Untyped, need
from mundap.ingest.elements import Element
from mundap.ingest.html.reader import archived_page, page_text
from mundap.ingest.sheets.number_format import GENERAL, Format, compiled
from mundap.ingest.sheets.sheet import Merged, NoWorkbook, Options, Sheet, Tell
from mundap.ingest.sheets.titles import NOTE
from mundap.ingest.sheets.visible import Found, Outline, pieces
from mundap.korean.normalize import normalize

_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")
_ARCHIVE = re.compile(rb"\s*(?:MIME-Version|From|Subject|Date|Content-Type)\s*:", re.IGNORECASE)
_SHEET = re.compile(r"<x:Name>([^<]+)</x:Name>", re.IGNORECASE)
_NAMELESS = "시트"
_SKIPPED = set("script style head title noscript template select option input button colgroup col".split())
_LINES = set("p div h1 h2 h3 h4 h5 h6 li ul ol center caption br hr".split())
_SPACE = re.compile(r"[^\S\n]+")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[Ee][+-]?\d+)?")
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_CODE = re.compile(r"mso-number-format\s*:\s*(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|(?:[^;\\]|\\.)+)", re.IGNORECASE)
_ESCAPED = re.compile(r"\\(?:([0-9A-Fa-f]{4})\s?|(.))")
_UNSEEN = re.compile(
    r"display\s*:\s*none|mso-hide\s*:\s*all|visibility\s*:\s*(?:hidden|collapse)|text-decoration[^;]*line-through",
    re.IGNORECASE,
)
_SAVED = re.compile(r"microsoft excel|libreoffice|openoffice|hancell|한셀|한컴", re.IGNORECASE)
_STRUCK = ("del", "s", "strike")
_MOST_COLUMNS = 16_384
_MOST = 1000  # rows or columns that one cell covers, as in HTML's own limits
_NAMED = {  # formats by name, as a Korean Excel shows them
    "general": GENERAL,
    "general number": GENERAL,
    "fixed": "0.00",
    "standard": "#,##0.00",
    "percent": "0.00%",
    "scientific": "0.00E+00",
    "currency": '"₩"#,##0',
    "short date": "yyyy-mm-dd",
    "medium date": "d-mmm-yy",
    "long date": 'yyyy"년" m"월" d"일" dddd',
    "general date": "yyyy-mm-dd h:mm",
    "short time": "h:mm",
    "medium time": "h:mm AM/PM",
    "long time": "h:mm:ss AM/PM",
    "yes/no": '"예";"예";"아니요"',
    "true/false": '"TRUE";"TRUE";"FALSE"',
    "on/off": '"켜짐";"켜짐";"꺼짐"',
}


def named_format(code: str) -> str:
    """The code of a format that may be called by name, as in web pages and in XML of 2003."""
    return _NAMED.get(code.strip().lower(), code)


def sheets(path: Path, options: Options, tell: Tell) -> Iterator[Sheet]:
    """The page as one sheet. Raises NoWorkbook for one that cannot be parsed, BadFile for what is no
    text, MissingExtra."""
    html: Untyped = need("lxml.html", "docs")
    raw = path.read_bytes()
    text = archived_page(raw, path.name) if _ARCHIVE.match(raw) else page_text(raw, path.name)
    try:
        parser = html.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
        root = html.document_fromstring(_DECLARATION.sub("", text).encode("utf-8", "replace"), parser=parser)
    except Exception as error:  # lxml raises ParserError, ValueError and others on what is no page
        raise NoWorkbook(type(error).__name__) from error
    named = _SHEET.findall(text)
    page = _Page(root, normalize(unescape(named[0])).strip() if len(named) == 1 else _NAMELESS, options.hidden)
    page.element(root)
    page.flush()
    yield from pieces(page.outline, page.rows, tell)


class _Page:
    """The rows so far, and the line that is being written. An empty row stands before and behind each table."""

    def __init__(self, root: Element, name: str, take_hidden: bool) -> None:
        self.rows: list[Found] = []
        self._merged: list[Merged] = []
        self.outline = Outline(name, self._merged)
        self._take_hidden = take_hidden
        self._line: list[str] = []
        self._row = 1
        generator = " ".join(one.get("content") or "" for one in root.iter("meta") if one.get("name"))
        self._as_seen = bool(_SAVED.search(generator))
        self._codes = {} if self._as_seen else _codes(root)

    def element(self, element: Element) -> None:
        """What an element holds, its tables in their places."""
        if not isinstance(element.tag, str) or element.tag in _SKIPPED or self._unseen(element):
            return
        if element.tag == "table" and next(element.iterdescendants("table"), None) is None:
            self.flush()
            caption = next(element.iterchildren("caption"), None)
            if caption is not None:
                self.element(caption)
                self.flush()
            self._table(element)
            return
        if element.tag in _LINES or element.tag in ("tr", "td", "table"):
            self.flush()
        self._line.append(element.text or "")
        for child in element:
            self.element(child)
            self._line.append(child.tail or "")
        if element.tag in _LINES:
            self.flush()

    def flush(self) -> None:
        """End the line."""
        text = normalize(_SPACE.sub(" ", "".join(self._line).replace("\n", " "))).strip()
        self._line.clear()
        if text:
            self.rows.append((self._row, [text], False))
            self._row += 1

    def _unseen(self, element: Element) -> bool:
        return not self._take_hidden and (element.tag in _STRUCK or bool(_UNSEEN.search(element.get("style") or "")))

    def _table(self, table: Element) -> None:
        if self.rows and NOTE.match(self.rows[-1][1][0] if self.rows[-1][1] else ""):
            self._row += 1  # what is noted belongs to the table above
        until: list[int] = []  # by columns, the row before which a cell from above reaches down
        lines = list(table.iter("tr"))
        for n, line in enumerate(lines):
            cells: list[str] = []
            x = 0
            for cell in line.iterchildren("td", "th"):
                while x < len(until) and until[x] > n:
                    x += 1
                if x >= _MOST_COLUMNS:
                    break
                down = min(_count(cell, "rowspan") or len(lines) - n, len(lines) - n)
                across = _count(cell, "colspan") or 1
                cells += [""] * (x + 1 - len(cells))
                cells[x] = self._shown(cell)
                if cells[x] and (down > 1 or across > 1):
                    self._merged.append(Merged(self._row + n, self._row + n + down - 1, x, x + across - 1))
                until += [0] * (x + across - len(until))
                until[x : x + across] = [n + down] * across
                for link in cell.iter("a"):
                    self.outline.link(Merged(self._row + n, self._row + n, x, x), (link.get("href") or "").strip())
                x += across
            self.rows.append((self._row + n, cells, self._unseen(line)))
        if not self._take_hidden:
            self._hide_columns(table)
        self._row += len(lines) + 1

    def _hide_columns(self, table: Element) -> None:
        """Where a page has one table, its columns are the sheet's."""
        at = 0
        hidden: set[int] = set()
        for column in table.iter("col"):
            again = _count(column, "span") or 1
            if _UNSEEN.search(column.get("style") or ""):
                hidden |= set(range(at, at + again))
            at += again
        if hidden and not self.outline.hidden:
            self.outline.hidden = hidden

    def _shown(self, cell: Element) -> str:
        text = normalize("\n".join(filter(None, map(str.strip, "".join(self._said(cell)).split("\n"))))).strip()
        if self._as_seen or not text:
            return text
        raw = cell.get("x:num") or text
        style = self._format(cell)
        if style is None or not _NUMBER.fullmatch(raw) or (raw == text and style.plain):
            return text
        try:
            return style.number(float(raw))
        except (ValueError, ArithmeticError):
            return text

    def _said(self, element: Element) -> Iterator[str]:
        if element.tag == "br":
            yield "\n"
        yield _SPACE.sub(" ", (element.text or "").replace("\n", " "))
        for child in element:
            if isinstance(child.tag, str) and child.tag not in _SKIPPED and not self._unseen(child):
                block = child.tag in _LINES and child.tag != "br"
                yield "\n" if block else ""
                yield from self._said(child)
                yield "\n" if block else ""
            yield _SPACE.sub(" ", (child.tail or "").replace("\n", " "))

    def _format(self, cell: Element) -> Format | None:
        """The number format of a cell: its own, or that of its classes, or of all cells."""
        code = _code(cell.get("style") or "")
        for name in [*(f".{one}" for one in (cell.get("class") or "").split()), cell.tag]:
            code = code or self._codes.get(name, "")
        return compiled(named_format(code)) if code and code != "@" else None


def _count(element: Element, name: str) -> int:
    said = (element.get(name) or "1").strip()
    return min(int(said), _MOST) if said.isdigit() else 1


def _codes(root: Element) -> Mapping[str, str]:
    """The number formats in the page's own styles, by .class or element."""
    found = {}
    for style in root.iter("style"):
        for selectors, body in _RULE.findall((style.text or "").replace("<!--", "").replace("-->", "")):
            if code := _code(body):
                for selector in selectors.split(","):
                    found[re.sub(r"^\w+(?=\.)", "", selector.strip())] = code
    return found


def _code(style: str) -> str:
    r"""The format code in a style, where marks are escaped: "\#\,\#\#0"."""
    found = _CODE.search(style)
    if not found:
        return ""
    said = found[1].strip().strip("\"'")
    return _ESCAPED.sub(lambda one: chr(int(one[1], 16)) if one[1] else one[2], said).strip()
