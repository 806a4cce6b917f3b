"""Lists in running text: the sentence that announces one, its items, and what belongs to them.

A lead without its items (…다음 각 호와 같다.) says nothing, and an item without its lead says it of nobody: `blocks`
keeps them together, with provisos (다만, …) and notes (※ …). Notices often skip the colon and the lead, number as they
like and put a sentence between two items, so what holds a list together is the order of its numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

Span = tuple[int, int]

_NAMED = (  # what a list is a list of: 다음 서류를, 아래 계좌로
    r"(?:경우|물품|품목|서류|자료|사항|내용|방법|절차|순서|단계|기준|요건|조건|구분|사람|대상|업무|사유|표|그림|양식|예시|항목|"
    r"기관|부서|곳|주소|사이트|누리집|홈페이지|링크|연락처|전화|번호|계좌|수단|세관|규정|원칙|기간|금액|비율|산식|계산식|문의처)"
)
_ANNOUNCING = re.compile(
    r"(?:다음|아래|이하)(?:과|와)\s?같|다음\s?각\s?[호목항조]|(?<![가-힣])(?:다음|아래)의(?!\s?다음)(?=\s)|"
    r"(?<![가-힣])다음(?:에서\s(?:정하|열거)|에\s(?:해당|열거|따르|따라|적)|을\s|를\s|이\s있|\s중\s|\s어느\s하나)|"
    r"(?<![가-힣])아래(?:에\s(?:해당|열거|따르|따라|적)|를\s(?:참고|참조|확인|따)|\s중\s)|"
    r"^\W{0,9}(?:다음|아래)[은는]\s|"
    rf"(?<![가-힣])(?<!바로 )(?:다음|아래)\s(?:[가-힣·ㆍ]+\s){{0,2}}[가-힣]*{_NAMED}(?=[은는이가을를의에와과로도으]|\s|$)"
)
_TRAILING = re.compile(r"(?:\s*[<‹〈\[][^<>‹›〈〉\[\]]{0,200}[>›〉\]]|[*_\s])+$")  # notes behind the sentence

_DECORATION = r"[*_>\s]*"
_KINDS = (  # of markers, with their rank in statutes and official documents: a lower rank is further out
    ("square", 0, r"[□■▣❏◆◇▶▷►]"),
    ("roman", 0, r"[Ⅰ-Ⅿⅰ-ⅿ]\s?\.?"),
    ("circled", 1, r"[①-⑳㉑-㉟❶-❿]"),
    ("round", 1, r"[○●◎◯]"),
    ("digit", 2, r"\d{1,2}(?:의\d{1,2})?\\?(?:\.(?!\s?\d{1,2}\s?\.)(?=[\s가-힣A-Za-z「『“‘\"'(\[*])|,(?=\s+[가-힣]))"),
    ("syllable", 3, r"[가나다라마바사아자차카타파하]\\?\.(?=[\s가-힣A-Za-z\d「『“‘\"'(\[*])"),
    ("half", 4, r"\d{1,2}\)(?![).,]|[은는의에과와]\s)"),
    ("pair", 4, r"\(\d{1,2}\)(?![.,])"),
    ("half syllable", 5, r"[가나다라마바사아자차카타파하]\)(?![).,])"),
    ("pair of syllable", 5, r"\([가나다라마바사아자차카타파하]\)(?![.,])"),
    ("letter", 5, r"(?:[a-h][.)](?=\s)|[A-H][.)](?=\s+[가-힣])|[ⓐ-ⓩ㉠-㉭])"),
    ("dash", 6, r"[-–—](?=[\s가-힣「『(“‘\"'])"),
    ("dot", 7, r"(?:[•·∙‧▪◦☞✓✔➤]|[*+](?=\s))"),
)
_MARKERS = tuple((kind, rank, re.compile(pattern)) for kind, rank, pattern in _KINDS)
_LEADING = re.compile(r"(?:\s|\*\*|__|>)*")
_UNNUMBERED = {"square", "round", "dash", "dot"}
_SYLLABLES = "가나다라마바사아자차카타파하"
_NOTE = re.compile(
    rf"{_DECORATION}(?:※|\(?(?:주|비고|참고)\s?\d{{0,2}}\s?(?:\)|[:：])|[\[<〈(]\s?(?:비고|참고|주의)\s?[\]>〉)])"
)
_PROVISO = re.compile(rf"{_DECORATION}(?:다만|단)(?:,|\s)")
_LEANING = re.compile(rf"{_DECORATION}이\s?(?:경우|때)(?:에는?|에도|는)?[\s,]")
_ASIDE = re.compile(r"\s*(?:\([^()]*(?:\([^()]*\)[^()]*)*\)\s*\.?\s*$|예\s?[:：)]|예를\s?들)")
_SENTENCE = re.compile(r"(?:[다요까죠]|니다)[.!?]?[)\]”’\"']*$")
_BACK = 4  # sentences between a lead and its list
_AHEAD = 6  # sentences in which a list goes on that was left


def announces(text: str) -> bool:
    """Whether the sentence says that a list or table follows: 다음과 같다, 다음 각 호, 아래 서류, or a colon at its end."""
    bare = _TRAILING.sub("", text)
    return bare.endswith((":", "：")) or _ANNOUNCING.search(bare) is not None


def item(text: str) -> str:
    """The marker of the sentence if it is an item of a list (1. 가. ① 2) - ○), without marks of Markdown; else ""."""
    found = _marker(text)
    return found[2] if found else ""


def level(marker: str) -> int:
    """How deep a marker of `item` stands by the conventions of statutes and official documents, 0 (□, Ⅰ.) to 7 (•).

    Raises ValueError for what is no marker.
    """
    found = _marker(f"{marker} 가")
    if found is None:
        raise ValueError(f"{marker!r} is no marker of an item")
    return found[1]


def note(text: str) -> bool:
    """Whether the sentence is a note (※, 주1), 비고:) or a proviso (다만, 단,) to what stands before it."""
    return bool(_NOTE.match(text) or _PROVISO.match(text))


def proviso(text: str) -> bool:
    """Whether the sentence limits the one before it: 다만, 단,."""
    return bool(_PROVISO.match(text))


def leans(text: str) -> bool:
    """Whether the sentence says nothing without the one before it: 다만, 단, 이 경우, 이때."""
    return proviso(text) or bool(_LEANING.match(text))


def repealed(text: str) -> bool:
    """Whether the sentence only says that its place is empty: ③ 삭제, 7. 삭제 <2022. 1. 11.>."""
    bare = _TRAILING.sub("", text).strip("*_ ")
    return bare.endswith("삭제") and bare.replace("\\", "")[: -len("삭제")].strip("*_ ") in ("", item(text))


def openings(text: str, spans: Sequence[Span]) -> list[bool]:
    """For each span of `text` whether it begins a line: what `blocks` takes as `opens`."""
    ends = [0, *(end for _, end in spans)]
    return [not end or "\n" in text[end:start] for end, (start, _) in zip(ends, spans, strict=False)]


def blocks(sentences: Sequence[str], opens: Sequence[bool] | None = None) -> list[Span]:
    """(first, after) of what belongs together, in order, each sentence in one: a lead with its whole list, or a sentence.

    `sentences` are those of one passage; `opens` says which begin a line (`openings`), for what follows an item on its
    line belongs to the item. Paragraphs of a statute (① …다.) are no items of one list, each begins its own.
    """
    flags = [True] * len(sentences) if opens is None else opens
    grouping = _Grouping(sentences)
    for n, opened in enumerate(flags):
        grouping.take(n, bool(opened))
    return grouping.found


@dataclass
class _Grouping:
    """The blocks so far, and the numberings in use in the last of them, from the outermost: empty if no list is open."""

    sentences: Sequence[str]
    found: list[Span] = field(default_factory=list)
    stack: list[tuple[str, int]] = field(default_factory=list)
    paragraph: int = -1  # the number of the last ①, if it is no item
    proviso: bool = False  # whether the last block is such a paragraph

    def take(self, n: int, opened: bool) -> None:
        marker = _marker(self.sentences[n])
        if marker is None:
            self.unmarked(n, opened)
            return
        kind, number = marker[0], _number(marker[0], marker[2])
        if self.stack and not self.goes_on(n, kind, number):
            self.stack.clear()
        if self.stack:
            self.extend(n)
        elif kind == "circled" and self.is_paragraph(n, number):
            self.alone(n)
            self.paragraph, self.proviso = number, True
        else:
            self.lead(n, number)
            self.stack.append((kind, number))

    def is_paragraph(self, n: int, number: int) -> bool:
        """Whether ① is a paragraph of a statute: it follows one, or is a sentence that no lead has announced."""
        if number == self.paragraph + 1 > 1:
            return True
        bare = _TRAILING.sub("", self.sentences[n])
        return not self.announced() and bool(_SENTENCE.search(bare) or bare.endswith("삭제"))

    def goes_on(self, n: int, kind: str, number: int) -> bool:
        """Whether an item belongs to the open list; the numberings in use are set to it."""
        for depth in range(len(self.stack) - 1, -1, -1):
            if self.stack[depth][0] == kind and (not number or number >= self.stack[depth][1]):
                self.stack[depth:] = [(kind, number)]
                return True
        if kind == "circled" and number != 1:
            return False
        known = any(kind == each for each, _ in self.stack)
        if known and not announces(self.sentences[n - 1]):
            return False
        if number > 1 and not known:  # the passage began within a list
            self.stack.clear()
        self.stack.append((kind, number))
        return kind != "circled" or self.paragraph != 0

    def unmarked(self, n: int, opened: bool) -> None:
        text = self.sentences[n]
        if self.stack:
            belongs = not opened or note(text) or bool(_ASIDE.match(text)) or self.resumes(n)
        else:
            belongs = self.proviso and bool(_PROVISO.match(text))
        if belongs:
            self.extend(n)
        else:
            self.alone(n)

    def resumes(self, n: int) -> bool:
        """Whether a sentence stands between two items: the next number of a numbering in use follows."""
        open_ = dict(self.stack)
        for ahead in range(n + 1, min(n + 1 + _AHEAD, len(self.sentences))):
            marker = _marker(self.sentences[ahead])
            if marker is None or marker[0] not in open_:
                continue
            if marker[0] in _UNNUMBERED:
                return ahead == n + 1 and len(self.stack) == 1 and not announces(self.sentences[n])
            return _number(marker[0], marker[2]) == open_[marker[0]] + 1
        return False

    def announced(self) -> bool:
        """Whether a lead that is itself no ① waits for its list."""
        first, after = self.found[-1] if self.found else (0, 0)
        return (
            after - first == 1
            and not item(self.sentences[first])
            and self.paragraph < 1
            and announces(self.sentences[first])
        )

    def lead(self, n: int, number: int) -> None:
        """Begin a list with the first sentence above that announces one and has none, or the one right above it."""
        back = [*self.before()]
        leads = [place for place in back if announces(self.sentences[self.found[place][0]])]
        place = leads[-1] if leads else back[0] if back and number < 2 else None
        first = n if place is None else self.found[place][0]
        if place is not None:
            del self.found[place:]
        self.found.append((first, n + 1))
        self.proviso = False

    def before(self) -> Iterator[int]:
        """The blocks that may be the lead, nearest first: single sentences, up to the beginning of their paragraph."""
        for place in range(len(self.found) - 1, max(len(self.found) - 1 - _BACK, -1), -1):
            first, after = self.found[place]
            marked = item(self.sentences[first])
            if after - first > 1 and not (marked and self.proviso):
                return
            yield place
            if marked:
                return

    def extend(self, n: int) -> None:
        self.found[-1] = (self.found[-1][0], n + 1)

    def alone(self, n: int) -> None:
        self.stack.clear()
        self.found.append((n, n + 1))
        self.proviso = False


def _marker(text: str) -> tuple[str, int, str] | None:
    """The kind, the rank and the text of the marker that a sentence begins with."""
    skipped = _LEADING.match(text)
    start = skipped.end() if skipped else 0
    for kind, rank, pattern in _MARKERS:
        if (found := pattern.match(text, start)) and text[found.end() :].strip("*_ \t\n"):
            return kind, rank, found.group().replace("\\", "").rstrip()
    return None


def _number(kind: str, marker: str) -> int:
    """The place of the item in its list, from 1; 0 if the marker does not say."""
    if kind in _UNNUMBERED:
        return 0
    if digits := re.search(r"\d{1,2}", marker):
        return int(digits.group())
    letter = marker.strip("().")[:1]
    for row in (_SYLLABLES, "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳㉑㉒㉓㉔㉕㉖㉗㉘㉙㉚", "❶❷❸❹❺❻❼❽❾❿", "ⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩⅪⅫ", "ⅰⅱⅲⅳⅴⅵⅶⅷⅸⅹ"):
        if letter in row:
            return row.index(letter) + 1
    return ord(letter.lower()) - ord("a") + 1 if letter.isascii() else 0
