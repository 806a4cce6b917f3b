"""Lines that a page's width broke, made paragraphs again, words that were cut in two included."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from mundap.korean.kiwi import kiwi

_CONTEXT = 3  # words on either side that decide about a break
_APART = 1.5  # Kiwi's log-likelihood by which one word must beat two; best of 0.5 to 5 on wrapped encyclopedia articles
_SAMPLE = 120  # breaks that show how a document wraps
_ENOUGH = 8
_WHOLE_WORDS = 0.85  # of the breaks between words: then all are; text that wraps anywhere has about a half

_ITEM = re.compile(
    r"\s*(?:"
    r"[•●○◎◦▪■□◇◆▶▷►▸※☞·‣⁃∙\uf06c\uf0a7\uf0b7\uf09f][\s\S]|[*\-–—][ \t]"
    r"|[①-⑳㉠-㉻⑴-⒇➀-➓❶-❿]"
    r"|\d{1,3}[.)](?=[ \t]|[가-힣(\[「])|\(\d{1,2}\)|\d{1,2}(?:[.-]\d{1,2}){1,3}\.?[ \t]"
    r"|[가나다라마바사아자차카타파하][.)](?=\s)|\([가나다라마바사아자차카타파하]\)"
    r"|[ⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩ]+\s?[.)]|[A-Za-z][.)][ \t]"
    r"|(?:제\s?)\d{1,3}\s?(?:편|장|절|관)(?=\s|$)"
    r"|제\s?\d{1,4}\s?조(?:의\s?\d{1,3})?\s?(?:\([^()]{1,40}\)|\[[^\[\]]{1,40}\]|【[^】]{1,40}】)(?=\s*$|\s+\S|[①-⑳])"
    r"|[<\[〈【](?:별표|별지|참고|붙임)"
    r")"
)
_LAW = re.compile(r"\s*제\s?\d{1,4}\s?[조장절관편]")
_ARTICLE = re.compile(r"\s*제\s?\d{1,4}\s?조(?:의\s?\d{1,3})?\s+(?!제?\s?\d|및|또는|내지|부터|까지)")
_ENDS = re.compile(r"(?:[.!?。]|[가-힣][.!?][\"'”’)\]]?|[:：;])\s*$")
_DATE = re.compile(r"\d{1,4}\s?\.\s*$")  # 2024. at the end of a line, 3. 1. on the next
_CLOSES = re.compile(r"[,.)\]}”’」』〉》】;:!?…%·~]")
_OPENS = re.compile(r"[(\[{“‘「『〈《【·~]$")
_SENTENCE_ENDS = re.compile(r"[가-힣)\]」”\"'][.!?][\"”’)]?$")
_HYPHEN = re.compile(r"[A-Za-z]{2}-$")
_EDGES = re.compile(r"^\W+|\W+$")
_GAP = re.compile(r"(?<=[가-힣]) {3,}(?=[가-힣])")
_WIDEST = 200  # columns of a full line
_LINE = 20  # characters of a line that a writer ends by hand
_CELLS = re.compile(r"\t|\S {3,}\S|^\s*\|.*\|\s*$")
_RULE = re.compile(r"[\s\-=_*~─━═·.]+$")


def starts_item(line: str) -> bool:
    """Whether `line` begins as an item of a list, an article or a part: 1. 가. ① • 제3조(목적)."""
    return bool(_ITEM.match(line))


def ends_sentence(line: str) -> bool:
    """Whether a sentence, or what leads into a list, ends with `line`."""
    return bool(_ENDS.search(line))


def goes_on(before: str, after: str) -> bool:
    """Whether a break between two full lines can be within a paragraph: `after` begins no item, `before` ends no
    sentence that an article follows."""
    if ends_sentence(before) and _ARTICLE.match(after):
        return False
    if not starts_item(after) or (after.lstrip().startswith("다.") and not ends_sentence(before)):
        return True
    if _DATE.search(before) and after.lstrip()[:1].isdigit():
        return True
    return bool(_LAW.match(after)) and not ends_sentence(before) and not re.match(r"\s*제\s?\d+\s?[편장절관]", after)


def join(paragraphs: Sequence[Sequence[str]]) -> list[str]:
    """The lines of each paragraph as one line, with a space between two only where words end.

    Text wraps between words or anywhere; one document does one of them, so `paragraphs` are those of a document. A
    break is judged by what Kiwi finds likelier, one word or two, and by what stands elsewhere in the document.
    Measured on KorQuAD and on customs guidance broken every 42 characters: 7 % of the breaks are wrong if lines wrap
    anywhere, none if they wrap between words.
    """
    cleaned = [[" ".join(line.split()) for line in lines if line.strip()] for lines in paragraphs]
    breaks = [pair for lines in cleaned for pair in pairwise(lines)]
    marks = iter(_marks(breaks, _Words(line for lines in cleaned for line in lines)))
    return ["".join(_joined(lines, marks)) for lines in cleaned]


def unwrap(lines: Sequence[str]) -> list[str]:
    """Lines of a text file as paragraphs, "" where the file had an empty line.

    Joins only where the file was wrapped at a fixed width and a line is full; lists, tables, indented lines, short
    lines and lines that end a sentence stay as they are.
    """
    full = _full_width(lines)
    if not full:
        return [line.strip() for line in lines]
    groups: list[list[str]] = []
    for n, line in enumerate(lines):
        if n and groups[-1] and _wrapped(lines[n - 1], line, full):
            groups[-1].append(line)
        else:
            groups.append([line])
    joined = iter(join([group for group in groups if len(group) > 1]))
    return [next(joined) if len(group) > 1 else group[0].strip() for group in groups]


def close_gaps(text: str) -> str:
    """`text` without the blanks by which a writer has pushed words, or the rest of a word, into a new line by hand."""
    pieces = _GAP.split(text)
    if len(pieces) == 1 or any(len(piece) < _LINE for piece in pieces[:-1]):
        return text  # a name and a value are parted so, too
    return join([pieces])[0]


def width(text: str) -> int:
    """Columns of `text` in a fixed font: Hangul and other wide characters take two."""
    return sum(map(_COLUMNS.__getitem__, text))


class _Columns(dict[str, int]):
    """The columns of each character, once it was asked for."""

    def __missing__(self, character: str) -> int:
        columns = self[character] = 2 if unicodedata.east_asian_width(character) in "WF" else 1
        return columns


_COLUMNS = _Columns()


class _Words:
    """The words that stand within lines, and their beginnings, counted."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.whole = Counter(_bare(word) for line in lines for word in line.split()[1:-1])
        self.begun: Counter[str] = Counter()
        for word, times in self.whole.items():
            for end in range(2, len(word) + 1):
                self.begun[word[:end]] += times

    def one(self, left: str, right: str) -> bool:
        """Whether the document has the two as one word more often than it has both by themselves."""
        left, right = _bare(left), _bare(right)
        return bool(right) and self.begun[left + right] > min(self.whole[left], self.whole[right])


def _bare(word: str) -> str:
    return _EDGES.sub("", word)


def _joined(lines: Sequence[str], marks: Iterator[str]) -> Iterator[str]:
    for line in lines[:-1]:
        mark = next(marks)
        yield (line[:-1] if mark == "-" else line) + (" " if mark == " " else "")
    yield from lines[-1:]


def _marks(breaks: Sequence[tuple[str, str]], words: _Words) -> list[str]:
    """ " " or "" for each break, "-" where a hyphen goes."""
    marks = [_by_rule(before, after) for before, after in breaks]
    unsure = [n for n, mark in enumerate(marks) if mark is None]
    apart = {n: False for n in unsure if words.one(breaks[n][0].split()[-1], breaks[n][1].split()[0])}
    sample = unsure[:: max(1, len(unsure) // _SAMPLE)]
    for some in (sample, unsure):
        asked = [n for n in some if n not in apart]
        apart |= zip(asked, _by_kiwi([breaks[n] for n in asked]), strict=True)
        if len(some) >= _ENOUGH and sum(apart[n] for n in some) >= _WHOLE_WORDS * len(some):
            return ["-" if mark == "-" else " " for mark in marks]
    return [mark if mark is not None else " " * apart[n] for n, mark in enumerate(marks)]


def _by_rule(before: str, after: str) -> str | None:
    """What marks and digits say about a break in a text that wraps anywhere; None if nothing."""
    if _HYPHEN.search(before) and after[0].islower():
        return "-"
    if _CLOSES.match(after) or _OPENS.search(before) or (before[-1] in "\"'" and before.count(before[-1]) % 2):
        return ""
    if _SENTENCE_ENDS.search(before) or (starts_item(after) and not after.startswith("다.")):
        return " "
    if before[-1].isdigit() and (after[0].isdigit() or "가" <= after[0] <= "힣"):
        return ""
    if before[-1] in ",;:":
        return "" if before[-2:-1].isdigit() and after[0].isdigit() else " "
    if before[-1].isascii() and before[-1].isalpha() and after[0].isascii() and after[0].isalpha():
        return " "
    return None


def _by_kiwi(breaks: Sequence[tuple[str, str]]) -> list[bool]:
    """Whether each break stands between two words."""
    texts = []
    for before, after in breaks:
        left, right = " ".join(before.split()[-_CONTEXT:]), " ".join(after.split()[:_CONTEXT])
        texts += [left + right, f"{left} {right}"]
    scores = [found[0][1] for found in kiwi().analyze(texts, top_n=1)]
    return [one - two < _APART for one, two in zip(scores[::2], scores[1::2], strict=True)]


def _full_width(lines: Sequence[str]) -> int:
    """Columns of a full line, or 0 if the lines are not wrapped at one width."""
    bare = [line.rstrip() for line in lines if line.strip()]
    if max(map(len, bare), default=0) > _WIDEST:  # as most paragraphs are, and need not be counted
        return 0
    widths = sorted(map(width, bare))
    if not widths or not 30 <= widths[-1] <= _WIDEST:
        return 0
    long = [found for found in widths if found * 2 > widths[-1]]
    full = [found for found in long if found >= 0.88 * widths[-1]]
    return widths[-1] if len(full) >= 3 and len(full) * 2 >= len(long) else 0


def _wrapped(before: str, after: str, full: int) -> bool:
    """Whether the paragraph of `before` goes on in `after`."""
    if not before.strip() or not after.strip() or ends_sentence(before) or not goes_on(before, after):
        return False
    if (
        any(_CELLS.search(line) or _RULE.match(line) for line in (before, after))
        or _indent(after) > _indent(before) + 1
    ):
        return False
    return width(before.rstrip()) + 1 + width(after.split()[0]) > full or width(before.rstrip()) + 2 >= full


def _indent(line: str) -> int:
    return width(line) - width(line.lstrip())
