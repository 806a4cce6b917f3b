"""Boxes for the signatures of superiors (결재란), which stand beside a title and say nothing of a table."""

from __future__ import annotations

import re
from dataclasses import replace

from mundap.ingest.sheets.sheet import Merged, Row, Sheet
from mundap.korean.normalize import squash

_BOX = re.compile(r"결재란?|확인란")
_OFFICE = re.compile(
    r"담당자?|기안자?|작성자?|검토자?|승인자?|확인자?|협조자?|전결|대결|주무관?|주사|계원|대리|사원|주임|반장|조장|[가-힣]{0,4}(?:계|과|팀|실|국|부|소|원|관|단|본부|센터|지점|점|사무국|행정실)장"
    r"|차장|이사|전무|상무|사장|부사장|대표|대표이사|교사|교감|교장|총장|학장|시장|군수|구청장|의장|위원장|간사|회장"
)
_LOOKED_AT = 15  # rows on top


def without_approval(sheet: Sheet) -> Sheet:
    """The sheet without the cells of such a box that nobody has signed by name."""
    for n, (_, cells) in enumerate(sheet.rows[:_LOOKED_AT]):
        for x, cell in enumerate(cells):
            if _BOX.fullmatch(squash(cell)):
                return _without_box(sheet, n, x)
    return sheet


def _without_box(sheet: Sheet, at: int, left: int) -> Sheet:
    """Without the box whose name is in row `at` of the list and column `left`: its offices stand beside it, or below it
    where it is wide."""
    top = sheet.rows[at][0]
    box = next((m for m in sheet.merged if (m.top, m.left) == (top, left)), Merged(top, top, left, left))
    wide = box.right > box.left
    named = [*sheet.rows[at + wide : at + wide + 1], (0, [])][0]
    offices = [cell for cell in named[1][left + (not wide) :] if cell]
    if not offices or not all(_OFFICE.fullmatch(squash(cell)) for cell in offices):
        return sheet
    bottom = named[0] + 1 if wide else box.bottom  # of the signatures
    below = [cells for number, cells in sheet.rows[at + wide + 1 :] if number <= bottom]
    if any(any(cells[left:]) and not (wide and any(cells[:left])) for cells in below):
        return sheet
    rows: list[Row] = []
    gaps = set(sheet.gaps)
    for number, cells in sheet.rows:
        kept = cells[:left] if top <= number <= named[0] else cells
        if any(kept):
            rows.append((number, kept))
        else:
            gaps.add(number + 1)
    merged = [m for m in sheet.merged if m.left < left or not top <= m.top <= bottom]
    return replace(sheet, rows=rows, merged=merged, gaps=frozenset(gaps))
