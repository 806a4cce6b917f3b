"""What of a sheet's cells is seen: what is hidden left out and named, links and notes put behind their texts, rows in
pieces, so that a very long sheet is never in memory as a whole."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from mundap.ingest.sheets.sheet import Merged, Row, Sheet, Tell, letters, places, runs

Found = tuple[int, list[str], bool]  # a row's number, its cells by the columns of the file, and whether it is hidden
Place = tuple[int, int]  # row and column, as in Merged

PIECE = 50_000  # rows
_SCHEME = re.compile(r"[a-z]+://", re.IGNORECASE)
_MOST_NOTED = 1000  # cells of one link; more is a format of whole columns
_HIDDEN = "제외했습니다. 포함하려면 mundap.toml에 [ingest] hidden = true를 설정하세요"


@dataclass
class Outline:
    """What is known of a sheet beside its rows. `hidden` are columns that are left out, `noted` texts that belong behind
    those of cells.

    `errors`, `uncounted` and `struck`, cells that show an error, formulas without a value, and cells with text that is
    struck out, come to be known with the rows.
    """

    name: str
    merged: Sequence[Merged] = ()
    hidden: Collection[int] = ()
    noted: dict[int, list[tuple[int, str]]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    uncounted: list[str] = field(default_factory=list)
    struck: list[str] = field(default_factory=list)

    def link(self, cells: Merged, address: str) -> None:
        """Put an address of the web or of mail behind the texts of some cells that do not say it."""
        if address := written(address):
            self._note(cells, address)

    def comment(self, cells: Merged, text: str, authors: Collection[str] = ()) -> None:
        """Put a comment behind a text, without the name of who wrote it on top."""
        head, _, rest = text.strip().partition("\n")
        text = rest if head.rstrip(" :") in authors and rest else text
        if said := " ".join(text.split()):
            self._note(cells, f"메모: {said}")

    def _note(self, cells: Merged, text: str) -> None:
        every = ((y, x) for y in range(cells.top, cells.bottom + 1) for x in range(cells.left, cells.right + 1))
        for _, (y, x) in zip(range(_MOST_NOTED), every, strict=False):
            self.noted.setdefault(y, []).append((x, text))


def written(link: str) -> str:
    """The address of a link to the web or to mail, as people write it; "" for one within the file."""
    if link.lower().startswith("mailto:"):
        return link[7:].partition("?")[0]
    return link if "://" in link else ""


def bare(address: str) -> str:
    """An address without what people leave out: www.garam.go.kr of https://www.garam.go.kr/."""
    return address.partition("://")[2].rstrip("/") if _SCHEME.match(address) else address


def tell_hidden_sheets(names: Iterable[str], tell: Tell) -> None:
    """Say which sheets are left out, if any."""
    if hidden := [*names]:
        tell(f"숨긴 시트 {places(hidden)}은(는) {_HIDDEN}")


def pieces(outline: Outline, rows: Iterable[Found], tell: Tell) -> Iterator[Sheet]:
    """The sheet as people see it, in pieces that part no merged cell; one without rows is one piece."""
    seen = _Seen(outline)
    merged = sorted(outline.merged, key=lambda one: one.top)
    begun = 0
    reach = 0  # the last row of the merged cells that have begun
    held: list[Row] = []
    gaps: set[int] = set()
    last = 0
    more = False
    for number, cells, hidden in rows:
        if hidden:
            seen.leave_out(number, cells)
            last += number == last + 1
            continue
        shown = seen.shown(number, cells)
        if not shown:
            continue
        if len(held) >= PIECE and number > reach:
            yield Sheet(outline.name, held, seen.placed(merged[:begun]), frozenset(gaps), more=more)
            del merged[:begun]
            held, gaps, begun, more = [], set(), 0, True
        if (held or more) and number != last + 1:
            gaps.add(number)
        while begun < len(merged) and merged[begun].top <= number:
            reach = max(reach, merged[begun].bottom)
            begun += 1
        last = number
        held.append((number, shown))
    yield Sheet(outline.name, held, seen.placed(merged), frozenset(gaps), more=more)
    for said in (*seen.left_out(), *_wrong(outline)):
        tell(f"시트 '{outline.name}': {said}")


class _Seen:
    """Takes away what is hidden. A merged cell whose first row or column is hidden shows its text in those that are left."""

    def __init__(self, outline: Outline) -> None:
        self._outline = outline
        self._hidden = sorted(outline.hidden)
        self._origins = {(one.top, one.left): one for one in outline.merged}
        self._moving: list[tuple[Merged, str]] = []
        self._tops: dict[Merged, int] = {}
        self._rows: list[int] = []
        self._columns: dict[int, str] = {}

    def leave_out(self, number: int, cells: Sequence[str]) -> None:
        """Take note of a row that is hidden."""
        for x, text in enumerate(cells):
            if text:
                self._move(number, x, text)
        if any(text for x, text in enumerate(cells) if x not in self._outline.hidden):
            self._rows.append(number)

    def shown(self, number: int, cells: list[str]) -> list[str]:
        """What is seen of a row, by the columns that are left; none if that is nothing. Takes `cells` over."""
        for x, text in self._outline.noted.get(number, ()):
            if x < len(cells) and cells[x] and bare(text) not in cells[x]:
                cells[x] = f"{cells[x]} ({text})"
        for x in self._hidden:
            if x < len(cells) and cells[x]:
                self._columns.setdefault(x, cells[x])
                self._move(number, x, cells[x])
                cells[x] = ""
        if not any(cells):
            return []
        if self._moving:
            self._settle(number, cells)
        for x in reversed(self._hidden):
            if x < len(cells):
                del cells[x]
        while not cells[-1]:
            cells.pop()
        return cells

    def _move(self, row: int, column: int, text: str) -> None:
        if one := self._origins.get((row, column)):
            self._moving.append((one, text))

    def _settle(self, row: int, cells: list[str]) -> None:
        for one, text in self._moving:
            column = next((x for x in range(one.left, one.right + 1) if x not in self._outline.hidden), None)
            if row <= one.bottom and column is not None:
                cells += [""] * (column + 1 - len(cells))
                cells[column] = cells[column] or text
                self._tops[one] = row
        self._moving.clear()

    def placed(self, merged: Iterable[Merged]) -> list[Merged]:
        """Merged cells by the rows and columns that are left, without those of hidden columns alone."""
        found = []
        for one in merged:
            first, after = (x - bisect_left(self._hidden, x) for x in (one.left, one.right + 1))
            if after > first:
                found.append(Merged(self._tops.get(one, one.top), one.bottom, first, after - 1))
        return found

    def left_out(self) -> Iterator[str]:
        said = [f"숨긴 행 {runs(self._rows)}"] if self._rows else []
        if self._columns:
            said.append(f"숨긴 열 {places(f'{letters(x)}({self._columns[x][:20]})' for x in sorted(self._columns))}")
        if said:
            yield f"{', '.join(said)}은(는) {_HIDDEN}"


def _wrong(outline: Outline) -> Iterator[str]:
    if outline.struck:
        yield f"취소선을 그은 내용({places(outline.struck)})은 {_HIDDEN}"
    if outline.errors:
        yield f"수식 오류 값이 있습니다({places(outline.errors)}). 시트에서 수정하세요"
    if outline.uncounted:
        yield (
            f"계산된 값이 저장되지 않은 수식이 있어 빈칸으로 처리했습니다({places(outline.uncounted)})."
            " 엑셀에서 열어 다시 저장하세요"
        )
