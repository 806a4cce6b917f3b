"""Headings that no format marks: 제1조(목적), 제2장 총칙, Ⅰ. 개요, 1. 신청, 가. 서류, □ 일정.

편, 장, 절, 관 and 조 always are headings. The other numberings also make lists, so a line with one is a heading only
if it is short, is no sentence, and something else than the next item stands under it. In an article all of its 호 (1.)
or 목 (가.) must be so, or none is a heading.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from mundap.ingest.blocks import Heading, Paragraph
from mundap.ingest.grid import Grid
from mundap.korean.display import shown

Piece = Paragraph | Heading | Grid

_LONGEST = 60  # characters of a heading
_ENDS_SENTENCE = re.compile(r"(?:[.!?。:;,]|[다요죠까음함됨임것])\s*$")
# 제3조의2(정의) 이 규정에서 …; but no 제3조에 따라, 제3조 및, 제3조제1항
_LAW = re.compile(
    r"제\s?\d{1,4}\s?(?P<unit>[편장절관조])(?:의\s?\d{1,3})?"
    r"(?P<name>\s?[(\[【][^()\[\]【】\n]{1,60}[)\]】](?!의|에|을|를|과|와|으로|부터|까지|제\s?\d|[ㆍ·,~]|\s?(?:및|또는|내지)\s)|(?=\s*$)|\s+(?!및|또는|내지|부터|제\s?\d)[^\n]{1,40}$|(?=\s+[①②\[(]))"
)
_UNITS = "편장절관조"
_ANNEX = re.compile(
    r"(?:부\s?칙|\[?\s?별\s?[표지]\s?(?:제?\s?\d+\s?호?(?:의\s?\d+)?)?(?:\s?서식)?\s?\]?)(?=$|\s|[<(\[])"
)
# Numberings that head parts of a document or items of a list, by kind.
_NUMBERINGS = (
    ("roman", re.compile(r"(?:[ⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩ]+|[IVX]{1,5})\s?[.．]\s*(?=\S)")),
    ("digit", re.compile(r"\d{1,2}(?:의\s?\d{1,2})?\s?[.．](?:\s+(?=\S)|(?=[가-힣A-Za-z]))")),
    ("nested", re.compile(r"\d{1,2}(?:[.-]\d{1,2}){1,3}[.]?\s+(?=\S)")),
    ("syllable", re.compile(r"[가나다라마바사아자차카타파하]\s?[.．]\s*(?=\S)")),
    ("square", re.compile(r"[□■◇◆▣❏]\s*(?=\S)")),
    ("circle", re.compile(r"[○●◎]\s*(?=\S)")),
)
_OPENS = re.compile(r"[ⅠI1가](?![ⅠⅡⅢⅣⅤI0-9])|\d{1,2}[.-]1|[□■◇◆▣❏○●◎]")  # what a series begins with
# A line of a table of contents. What is matched is never given back: a line of a thousand dots would take hours.
_CONTENTS = re.compile(r"(?:[.·…‥]\s?){4}\s*+(?:\d++\s*+)?$|…\s*+\d++\s*+$")
_FIRST = len(_UNITS) + 1  # level of the numberings below 조
_OF_ARTICLES = {"digit", "nested", "syllable"}


def marked(blocks: Sequence[Piece]) -> list[Piece]:
    """`blocks` with the paragraphs that are headings made so; a paragraph that begins with 제1조(목적) is taken apart.

    Where the format itself marks headings, those of the law come below them.
    """
    lines = [*_over_two_lines([piece for block in blocks for piece in _lines(block)])]
    base = max((block.level for block in blocks if isinstance(block, Heading)), default=0)
    order: list[str] = []
    items: set[str] = set()  # the numberings that only make lists, in the article that has begun
    result: list[Piece] = []
    for n, block in enumerate(lines):
        pieces: list[Piece] = [block]
        if isinstance(block, Heading):
            order.clear()
        elif isinstance(block, Paragraph) and not (items and _numbering(block.text) in items):
            after = lines[n + 1] if n + 1 < len(lines) else None
            pieces = _apart(block, lines[n - 1] if n else None, after, base, order)
        if isinstance(pieces[0], Heading) and not order:
            items = _items(lines, n + 1) if _is_article(pieces[0].text) else set()
        result += pieces
    return list(_rejoined(result))


def heads(line: str) -> tuple[int, int] | None:
    """(level, end) of the heading of a law or rule that a line begins with: 0 for 부칙 and 별표, 1 to 5 for 편 to 조."""
    if _CONTENTS.search(line):
        return None
    if found := _law(line):
        return 1 + _UNITS.index(found["unit"]), found.end()
    return (0, len(line)) if _ANNEX.match(line) and len(line) <= _LONGEST else None


def named(heading: str) -> str:
    """A heading as it stands above a passage: without Markdown and <개정 2020. 1. 1.>; 부칙 keeps its number and date,
    for there are many."""
    return heading if _ANNEX.match(heading) else shown(heading) or heading


def _lines(block: Piece) -> Iterator[Piece]:
    """A paragraph as its lines, for a heading often shares one with what it heads."""
    if isinstance(block, Paragraph):
        yield from (replace(block, text=line) for line in block.text.split("\n"))
    else:
        yield block


def _over_two_lines(lines: Sequence[Piece]) -> Iterator[Piece]:
    """`lines`, where a numbered line that ends in a comma above a line above a table is one heading with it."""
    held: Paragraph | None = None
    for n, line in enumerate(lines):
        if held is not None and isinstance(line, Paragraph):
            yield replace(held, text=f"{held.text} {line.text}")
            held = None
        elif isinstance(line, Paragraph) and _goes_on(line, *lines[n + 1 : n + 3]):
            held = line
        else:
            yield line


def _goes_on(line: Paragraph, *below: Piece) -> bool:
    if (
        not line.text.endswith(",")
        or not _numbering(line.text)
        or len(below) < 2
        or not isinstance(below[0], Paragraph)
    ):
        return False
    text = below[0].text
    short = len(line.text) + len(text) < _LONGEST and not _ENDS_SENTENCE.search(text)
    return short and not _numbering(text) and isinstance(below[1], Grid)


def _apart(line: Paragraph, before: Piece | None, after: Piece | None, base: int, order: list[str]) -> list[Piece]:
    """The heading that `line` is or begins with, and what is left of it. `order` has the numberings in use, from the
    outermost."""
    text = line.text
    if _CONTENTS.search(text):
        return [line]
    if found := heads(text):
        order.clear()
        level, end = found
        name, rest = text[:end].strip(), text[end:].strip()
        return [Heading(name, base + max(level, 1), line.page), *([replace(line, text=rest)] if rest else [])]
    kind = _numbering(text)
    if (
        _among_items(line, before, after)
        or not kind
        or not (kind in order or _OPENS.match(text))
        or not _heads(text, kind, before, after, order)
    ):
        return [line]
    if kind in order:
        del order[order.index(kind) + 1 :]
    else:
        order.append(kind)
    return [Heading(text, base + _FIRST + order.index(kind), line.page)]


def _law(text: str) -> re.Match[str] | None:
    """The match of an article or a chapter; an article whose name has no brackets must not read on as a sentence."""
    found = _LAW.match(text)
    if not found or found["unit"] != "조" or found["name"].lstrip()[:1] in tuple("([【"):
        return found
    return found if len(text) <= _LONGEST and not _ENDS_SENTENCE.search(text) else None


def _items(lines: Sequence[Piece], first: int) -> set[str]:
    """The numberings of which one line at least heads nothing, from `first` to the end of its article, and those within."""
    kinds: dict[str, bool] = {}  # in the order in which they come: whether all so far head something
    for n in range(first, len(lines)):
        line, after = lines[n], lines[n + 1] if n + 1 < len(lines) else None
        if isinstance(line, Heading) or (isinstance(line, Paragraph) and heads(line.text)):
            break
        if isinstance(line, Paragraph) and (kind := _numbering(line.text)) in _OF_ARTICLES:
            kinds[kind] = kinds.get(kind, True) and _heads(line.text, kind, None, after, ())
    outermost = next((place for place, heading in enumerate(kinds.values()) if not heading), len(kinds))
    return {*[*kinds][outermost:]}  # and those within them


def _is_article(text: str) -> bool:
    found = _LAW.match(text)
    return found is not None and found["unit"] == "조"


def _numbering(text: str) -> str:
    return next((kind for kind, pattern in _NUMBERINGS if pattern.match(text)), "")


def _among_items(line: Paragraph, *beside: Piece | None) -> bool:
    """Whether an item that the format numbers stands beside another: authors number headings so, but those stand alone."""
    return line.listed and any(isinstance(each, Paragraph) and each.listed for each in beside)


def _heads(text: str, kind: str, before: Piece | None, after: Piece | None, order: Sequence[str]) -> bool:
    """Whether a numbered line heads something: it is no sentence, and beside it is neither a sibling nor, below it,
    what heads it."""
    if len(text) > _LONGEST or _ENDS_SENTENCE.search(text) or after is None or isinstance(after, Heading):
        return False
    if isinstance(before, Paragraph) and _numbering(before.text) == kind:
        return False
    outer = order[: order.index(kind)] if kind in order else order
    return not isinstance(after, Paragraph) or _numbering(after.text) not in (kind, *outer)


def _rejoined(blocks: Sequence[Piece]) -> Iterator[Piece]:
    """Neighbouring lines of one page as one paragraph again."""
    held: Paragraph | None = None
    for block in blocks:
        if isinstance(block, Paragraph) and held is not None and held.page == block.page:
            held = replace(held, text=f"{held.text}\n{block.text}", listed=False)
            continue
        if held is not None:
            yield held
            held = None
        if isinstance(block, Paragraph):
            held = block
        else:
            yield block
    if held is not None:
        yield held
