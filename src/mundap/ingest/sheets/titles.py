"""Lines above, between and below the rows of a table: titles, units, dates, marks and notes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mundap.ingest.sheets.region import SAMPLE, Region, most_filled
from mundap.korean.normalize import squash

MARK = re.compile(
    r"[□■○●◎◆◇▶▷▣◈☐☑◦➤►▪]|【|[\[<〈《(（]\s*(?:별표|표|그림|서식|붙임|별지)|(?:별표|표|붙임|별지)\s?\d|제\s?\d+\s?[장절편]|[ⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩ]"
    r"|\d{1,2}[.)]\s?\S|[가-하]\.\s"
)
TABLE = re.compile(r"[□■◆▶▣◈]|[\[<〈《(（【]?\s*(?:별표|표|서식|별지)\s?\d?")
NOTE = re.compile(
    r"※|[*＊†‡]|(?:주|비고|참고|자료|출처|단서|유의사항|안내)\s?\d*\s?[):：.]|[(（](?:주|비고|참고|자료|출처)\s?\d*[)）]|주\s?\d+[)\s]|\d\)\s|[①-⑳]\s"
)
ABOUT = re.compile(
    r"[(（\[<〈*※\s]*(?:단위|기준|기준일|작성|작성일|작성자|출력|출력일|조회|기간|조회기간|일자|날짜|담당|담당자|부서|출처|자료|기관|문서번호|버전|대상|작성부서)[가-힣]{0,4}\s?[:：]?"
)
_LABELLED = re.compile(r"[^\W\d][^:：\d]{0,14}\s?[:：]\s*\S")
_ROW_LABELS, _COLUMN_LABELS = ("행레이블", "RowLabels"), ("열레이블", "ColumnLabels")
_WHEN = re.compile(r"[(（\[<〈\s]*['’]?\d{2,4}\s?[년.\-/].*(?:기준|현재|말|작성|\d\.?)[)）\]>〉\s]*")


_FEW_LINES = 3  # rows of labelled values that say what the table below is of


def only_lines(block: Region) -> bool:
    """Whether a block is lines of text: titles, what is said about a table, notes."""
    if len(block.rows) > SAMPLE:
        return False
    few = len(block.rows) <= _FEW_LINES
    return all(sum(map(bool, cells)) == 1 or about(cells) or (few and _labelled(cells)) for _, cells in block.rows)


def about(cells: Sequence[str]) -> bool:
    """Whether a row says of when or in what units a table is, beside at most one title."""
    filled = [cell for cell in cells if cell]
    others = [cell for cell in filled if not (ABOUT.match(cell) or _WHEN.fullmatch(cell))]
    return (len(filled) < 3 and not others) or (len(filled) == 2 and others == filled[:1] and len(cells) > 2)


def _labelled(cells: Sequence[str]) -> bool:
    """Whether a row has its values behind their names in each cell: 점검일: 3월 5일 | 점검자: 김하늘."""
    filled = [cell for cell in cells if cell]
    return len(filled) > 1 and all(map(_LABELLED.match, filled))


def _above_pivot(cells: Sequence[str], below: Sequence[str]) -> bool:
    """Whether a row is what a pivot table says above its header: 합계 : 금액 | 열 레이블."""
    return bool(below) and squash(below[0]) in _ROW_LABELS and squash(cells[-1]) in _COLUMN_LABELS


def only_notes(region: Region) -> bool:
    """Whether a region is a column of notes beside a table."""
    return all(len(filled := [c for c in cells if c]) == 1 and filled[0][0] in "※*＊" for _, cells in region.rows)


def titles(region: Region) -> int:
    """How many rows on top say what the table is, rather than being part of it."""
    rows = region.rows
    width = most_filled(rows)
    if width < 2:
        return 0
    count = 0
    for number, cells in rows[:SAMPLE]:
        filled = [cell for cell in cells if cell]
        if count + 1 >= len(rows) or len(filled) >= max(width, 2):
            break
        if len(filled) == 1:
            wide = any(m.top == number and m.right > m.left for m in region.merged)
            if not (cells[0] or wide or about(cells) or count or width > 2):
                break  # a header whose corner is blank
        elif not (((about(cells) or _labelled(cells)) and width > 2) or _above_pivot(cells, rows[count + 1][1])):
            break
        count += 1
    return count if any(sum(map(bool, cells)) > 1 for _, cells in rows[count : count + SAMPLE]) else 0


def below(above: Sequence[str], lines: Sequence[str]) -> list[str]:
    """`lines` under those of the titles before that stand above one with the same kind of mark: 2. 감면 under 주차장 안내,
    where 주차장 안내 and 1. 요금 came before."""
    mark = kind(lines[0])
    at = next((n for n, line in enumerate(above) if mark and kind(line) == mark), 0)
    return [*above[:at], *lines]


def kind(line: str) -> str:
    """What kind of mark a title begins with; "" for none."""
    found = MARK.match(line)
    if NOTE.match(line) or ABOUT.match(line):
        return ""
    if not found:
        return line[:1] if line[:1] in "[<〈《【(（" else ""
    said = found.group()
    if said[0].isdigit():
        return "1"
    return "가" if said[1:2] == "." else "Ⅰ" if said in "ⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩ" else re.sub(r"[\s\d]", "", said)
