"""Forms with tables in them, in one frame: a résumé's schools below its names, the goods of an estimate below who asked.

Such a frame is parted before anything is read, since no header holds for all of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from mundap.ingest.blocks import Cell
from mundap.ingest.forms import is_name, labelled, pairs
from mundap.ingest.groups import is_total
from mundap.ingest.header import Owner
from mundap.korean.normalize import squash

_WIDE = 4  # columns of a table below the lines of a letter, at the least
_LONGEST_NAME = 14  # characters of a column's name
_COLUMN = re.compile(
    r"[^\W\d]{0,8}(?:명|일|일자|날짜|기간|연도|년도|액|가|금|량|수|품목|항목|단위|처|기관|학교|전공|학과|사항|사유|비고|업무|직위|직급|직책|구분|내용|관계|성명|이름|연령|나이"
    r"|등급|점수|배점|발급|부수|요소|발급처|품명|취득|여부|규격|단가|세액|금액|수량|월일|번호|담당|기한|일정|장소|시간|방법|결과)(?:[(（\[][^()\d]{1,12}[)）\]])?"
)
_WORDS = re.compile(r"[^\d?？!:：]{1,14}")


@dataclass(frozen=True)
class Part:
    """Rows from `first` to before `after`: those of a form, or a table from column `left` on. `label` is what stands
    before a table, or in a line above it."""

    first: int
    after: int
    form: bool
    label: str = ""
    left: int = 0


def form_parts(owners: Sequence[Sequence[Owner | None]]) -> list[Part]:
    """The parts of a frame that begins as a form, or as a letter does, and has tables in it, from above; none of any
    other."""
    lines = labelled([_line(row) for row in owners])
    if len(lines) < 3 or (not pairs(lines[0]) and _is_header(lines[0])):
        return []
    tables: list[Part] = []
    y = 1
    while y < len(lines):
        found = _table(owners, lines, y)
        if found:
            tables.append(found)
        y = found.after if found else y + 1
    if not tables or not _is_form(lines[: tables[0].first], tables[0], lines[tables[0].first]):
        return []
    parts: list[Part] = []
    done = 0
    for one in tables:
        if one.first > done:
            parts.append(Part(done, one.first, True))
        lined = int(bool(one.label) and not one.left)
        parts.append(Part(one.first + lined, one.after, False, one.label, one.left))
        done = one.after
    return [*parts, *([Part(done, len(lines), True)] if done < len(lines) else [])]


def sections(owners: Sequence[Sequence[Owner | None]]) -> list[Part]:
    """The tables of a frame that holds several, each below a line of its own with a header behind it; none of any other."""
    lines = [[cell.text for cell in _line(row) if cell.text.strip()] for row in owners]
    starts = [
        y
        for y in range(len(lines) - 2)
        if len(lines[y]) == 1 and are_names(lines[y + 1], True) and not are_names(lines[y + 2], True)
    ]
    if len(starts) < 2 or starts[0]:
        return []
    return [Part(y + 1, after, False, lines[y][0]) for y, after in zip(starts, [*starts[1:], len(lines)], strict=True)]


def _is_form(above: Sequence[Sequence[Cell]], table: Part, header: Sequence[Cell]) -> bool:
    """Whether the rows above the first table are those of a form, or half of them name values above a wide header."""
    if first := pairs(above[0]):
        return len(first) > 1 or any(map(_is_pair, above[1:]))
    valued = sum(map(_names_a_value, above))
    wide = sum(bool(cell.text.strip()) for cell in header) >= _WIDE
    return not table.label and wide and valued * 2 >= len(above) and not any(map(_is_header, above))


def _names_a_value(line: Sequence[Cell]) -> bool:
    filled = [cell.text for cell in line if cell.text.strip()]
    return any(is_name(name) and not is_name(value) for name, value in pairwise(filled))


def _is_header(line: Sequence[Cell]) -> bool:
    return are_names([cell.text for cell in line if cell.text.strip()], False)


def _line(row: Sequence[Owner | None]) -> list[Cell]:
    """The cells of a row, those that reach down into it too."""
    return [owner[2] for owner in dict.fromkeys(row) if owner is not None]


def _table(
    owners: Sequence[Sequence[Owner | None]], lines: Sequence[Sequence[Cell]], y: int, lined: bool = False
) -> Part | None:
    """The table that begins in row `y`, with a header, or, if there is no such line above, one above a header; None if
    none does."""
    alone = [cell.text for cell in lines[y] if cell.text.strip()]
    if len(alone) == 1:
        reaching = lined or y + 2 >= len(lines) or any(_reaches(owner, y + 1) for owner in owners[y])
        below = None if reaching else _table(owners, lines, y + 1, lined=True)
        return Part(y, below.after, False, alone[0]) if below and not below.label else None
    if not alone:
        return None
    corner = owners[y][0]
    down = y + 1 < len(lines) and (_reaches(corner, y + 1) or not _text(owners[y + 1][0]))
    left = 0
    if down and corner is not None and corner[0] == y and corner[2].text.strip():
        left = corner[2].colspan
    named = [owner for owner in dict.fromkeys(owners[y][left:]) if owner and owner[2].text.strip()]
    if left and any(_reaches(owner, y + 1) for owner in named):
        left, named = 0, [owner for owner in dict.fromkeys(owners[y]) if owner and owner[2].text.strip()]
    if any(owner[0] < y for owner in named):
        return None
    if not are_names([_text(owner) for owner in named], left > 0) or (not left and pairs(lines[y])):
        return None
    header = [x for owner in named for x in range(owner[1], owner[1] + owner[2].colspan)]
    deep = min(max(owner[2].rowspan for owner in named), len(lines) - y)
    after = y + deep
    while after < len(lines) and _is_data(owners, lines, after, left, header, corner if left else None):
        after += 1
    return Part(y, after, False, _text(corner) if left else "", left) if after > y + deep else None


def _is_data(
    owners: Sequence[Sequence[Owner | None]],
    lines: Sequence[Sequence[Cell]],
    y: int,
    left: int,
    header: Sequence[int],
    label: Owner | None,
) -> bool:
    """Whether row `y` goes on with a table of which `header` are the columns, behind `label`."""
    if left and not (owners[y][0] == label or not _text(owners[y][0])):
        return False
    filled = [x for x, owner in enumerate(owners[y]) if x >= left and owner and owner[1] == x and owner[2].text.strip()]
    if not filled or not {*filled} <= {*header}:
        return False
    texts = [_text(owners[y][x]) for x in filled]
    if is_total(texts[0]):
        return True
    if len(filled) == 1:
        return len(header) > 1 and left > 0 and filled[0] == header[0]
    return left > 0 or not (pairs(lines[y]) or _labelled(owners, y) or are_names(texts, False) or _is_pair(lines[y]))


def _labelled(owners: Sequence[Sequence[Owner | None]], y: int) -> bool:
    """Whether row `y` begins another table, behind a label that reaches down or stands above a blank."""
    corner = owners[y][0]
    down = y + 1 < len(owners) and (_reaches(corner, y + 1) or not _text(owners[y + 1][0]))
    left = corner[2].colspan if corner is not None else 1
    return down and are_names([_text(owner) for owner in dict.fromkeys(owners[y][left:]) if _text(owner)], True)


def are_names(texts: Sequence[str], labelled: bool = False) -> bool:
    """Whether texts are names of columns: words, all different, and half of them known, but not every other one; of two,
    both."""
    said = [squash(text) for text in texts]
    if len(said) < (2 if labelled else 3) or len({*said}) < len(said):
        return False
    if not all(_WORDS.fullmatch(text) and len(text) <= _LONGEST_NAME for text in said):
        return False
    known = [bool(_COLUMN.fullmatch(text)) or is_name(text) for text in said]
    if len(said) == 2:
        return all(known)
    return sum(known) * 2 >= len(said) and (any(known[1::2]) or not all(known[::2]))


def _is_pair(line: Sequence[Cell]) -> bool:
    """Whether a row is a known name and one value, or several of them."""
    filled = [cell for cell in line if cell.text.strip()]
    return bool(pairs(line)) or (len(filled) == 2 and is_name(filled[0].text) and not is_name(filled[1].text))


def _reaches(owner: Owner | None, y: int) -> bool:
    return owner is not None and owner[0] + owner[2].rowspan > y


def _text(owner: Owner | None) -> str:
    return owner[2].text.strip() if owner else ""
