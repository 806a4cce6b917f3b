"""What a language model wrote, held against the passages that it cites: figures, dates and names that stand in none.

A model that writes "30일" where the passage says 15 is wrong whatever its words, and it is by figures and names that
readers act. They are compared by what they mean: 1만 달러, 10,000달러 and $10,000 are one amount.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from mundap.generate.cite import MARKER, UNMARKED, share
from mundap.korean.dates import stated
from mundap.korean.kiwi import bites, kiwi
from mundap.korean.normalize import normalize, squash
from mundap.korean.quantities import quantities
from mundap.messages import say
from mundap.protocols import Span
from mundap.types import Hit

Unsupported = Literal["drop", "mark", "keep"]

_NUMBER = re.compile(r"[0-9]+(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?")
_DAY = re.compile(r"(?<![0-9])(1[0-2]|0?[1-9])\s*월(?:\s*(3[01]|[12][0-9]|0?[1-9])\s*일)?")
_ARTICLE = re.compile(r"제\s*[0-9]+\s*(?:조|항|호|장|절|편|관|차|회|기)(?:\s*의\s*[0-9]+)?(?![0-9])")
_QUOTED = re.compile(
    r"「([^「」\n]+)」|『([^『』\n]+)』|〈([^〈〉\n]+)〉|《([^《》\n]+)》|[“\"]([^“”\"\n]+)[”\"]|[‘']([^‘’'\n]+)[’']"
)
_LAW = re.compile(  # 조리법 and 계산법 are no laws
    r"(?<![가-힣])[가-힣]{1,20}(?:세|보호|관리|거래|촉진|지원|진흥|기본|특례|특별|처벌|금지|안전|위생|검역|근로기준|노동|감독|보장|보험"
    r"|조치|제한|규제|육성|무역|조합|회사|설치|운영|사업|평등|공개|정보|통신|도로교통|건축|주택|임대차|저작권|특허|상표)(?:법|법률)(?:\s*시행(?:령|규칙))?"
)
_ITEM = re.compile(r"^\s*(?:[0-9]{1,2}[.)]|\([0-9]{1,2}\)|[①-⑳])\s+", re.MULTILINE)
_PARTED = re.compile(r"[-–./:]")  # 1577-8577, 9:30
_ONE = re.compile(r"(?:1(?![0-9,.])|한|하루)")
_PER = re.compile(r"(?:에|당|마다)(?![가-힣])")
_VAGUE = frozenset({"가지"})  # how many things a passage lists is counted, not read
_COMMON = frozenset("한국 대한민국 우리나라 한국어 영어".split())  # names that no passage need spell


class Grounding:
    """Lets through what a language model writes, sentence by sentence, once the `hits` that it was shown bear it out.

    A sentence with a marker is held against the passages that it names, another against all. One that says more is
    dropped, or marked, as `mode` says. `told` is what the model was told to say, and `asked` the question.
    """

    def __init__(
        self, hits: Sequence[Hit], mode: Unsupported, *, told: Sequence[str] = (), asked: str = "", language: str = "ko"
    ) -> None:
        self._texts = [(hit.passage.worded, hit.passage.text) for hit in hits]
        self._mode = mode
        self._told = tuple(filter(None, told))
        self._asked = asked
        self._language = language
        self.dropped = False

    def sifted(self, pieces: Iterable[str], cut: Callable[[], bool]) -> Iterator[str]:
        """The sentences that may stay, each as soon as the next one begins; to keep all, the pieces as they come.

        Until a sentence stands on a passage, those before it wait: a greeting alone is no answer. Whether the writer
        was `cut` short is asked at the end; then the sentence that it was at goes, and a note says so.
        """
        note = f"\n{say('cut', self._language)}"
        if self._mode == "keep":
            yield from pieces
            if cut():
                yield note
            return
        waiting, stands, given = "", self._mode == "mark", False
        lines = ""  # blank ones behind what was given, which a note needs none of
        for sentence, ended in parted(pieces):
            if not ended and cut() and (given or waiting):
                break
            waiting += self._kept(sentence)
            stands = stands or self._stands(waiting)
            if stands and waiting:
                said = _LINES.sub("", waiting)
                yield lines + said
                lines, waiting, given = waiting[len(said) :], "", True
        if waiting and not self.dropped:
            yield lines + waiting
            given = True
        if cut() and given:
            yield note

    def _kept(self, sentence: str) -> str:
        """The sentence as it may be shown: as it is, marked, or ""."""
        held = [*self._cited(sentence), *self._told]
        if not unsupported(MARKER.sub("", sentence), held, [self._asked]):
            return sentence
        self.dropped = self._mode == "drop"
        said = sentence.rstrip()
        return "" if self.dropped else f"{said} {say('unsupported', self._language)}{sentence[len(said) :]}"

    def _cited(self, sentence: str) -> list[str]:
        """The texts that a sentence is held against."""
        named = {int(n) for found in MARKER.finditer(sentence) for n in re.findall("[0-9]+", found[2])}
        of = [texts for n, texts in enumerate(self._texts, 1) if n in named] or self._texts
        return [text for texts in of for text in texts]

    def _stands(self, said: str) -> bool:
        """Whether what is said is of a passage, or what the model was told to say."""
        if MARKER.search(said) or any(squash(said) in squash(text) for text in self._told):
            return bool(said)
        return any(share(said, text) >= UNMARKED for text in self._cited(said))


def parted(pieces: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """The sentences in `pieces`, with the markers and the white space behind them, and whether each has an end.

    Joined they are the pieces. One is given once the next begins: markers belong to the sentence before them.
    """
    held = ""
    for piece in pieces:
        held += piece
        while cut := next((found.end() for found in _END.finditer(held, _blank(held)) if _ends(held, found)), 0):
            yield held[:cut], True
            held = held[cut:]
    if held:
        yield held, bool(_CLOSED.search(MARKER.sub("", held).rstrip()))


_END = re.compile(
    r"""(?:[.!?。…]+["'”’」』)\]]*(?=[\s\[])|(?=\n))(?:\s*\[[0-9 ,、]+\][.!?。]?)*\s+(?=[^\s\[]|\[[0-9 ,、]*[^0-9 ,、\]])"""
)
_LINES = re.compile(r"\s*\n\s*\Z")
_CLOSED = re.compile(r"""[.!?。…]["'”’」』)\]]*\Z""")
_NO_END = re.compile(r"(?:^|\s)(?:[0-9]{1,4}|[가-하]|[A-Za-z])\.\Z")  # 2024. 3. 5. and 가. are no ends of sentences


def _blank(text: str) -> int:
    """How much white space a text begins with."""
    return len(text) - len(text.lstrip())


def _ends(text: str, found: re.Match[str]) -> bool:
    """Whether what looks like the end of a sentence is one."""
    return "\n" in found.group() or not _NO_END.search(text[: found.start() + 1])


@dataclass(frozen=True, slots=True)
class _Held:
    """What a text says that can be checked: amounts by value and unit, days, numbers, and all of it without spaces."""

    amounts: frozenset[tuple[Decimal, str]]
    periods: frozenset[tuple[date, date]]
    days: frozenset[tuple[int, int]]
    numbers: frozenset[Decimal]
    bare: frozenset[Decimal]
    letters: str


def unsupported(sentence: str, texts: Sequence[str], named: Sequence[str] = ()) -> tuple[str, ...]:
    """The figures, dates and names of a sentence that stand in none of `texts`, as it writes them, in order.

    Names, and nothing else, may also stand in `named`: in the question. Numbers of list items are left alone.
    """
    said = normalize(_ITEM.sub(lambda item: " " * len(item.group()), sentence))
    held = [_held(text) for text in texts]
    letters = [*(one.letters for one in held), *map(_letters, named)]
    wrong = [*_figures(said, held), *(name for name in _names(said) if not _in_any(name[1], letters))]
    return tuple(dict.fromkeys(text for _, text in sorted(wrong)))


def _figures(said: str, held: Sequence[_Held]) -> Iterator[tuple[int, str]]:
    """(place, words) of each amount, date and number of `said` that no text holds."""
    taken: list[Span] = []
    for one in quantities(said):
        taken.append((one.start, one.end))
        known = any((one.value, one.unit) in text.amounts or one.value in text.bare for text in held)
        per = _ONE.match(said, one.start) and _PER.match(said, one.end)  # 1년에 60일 for 해마다 60일
        if not known and not per and one.unit not in _VAGUE:
            yield one.start, said[one.start : one.end]
    for period in stated(said):
        taken.append(period.span)
        first, last = period.start, period.end
        within = (first and last and first <= start and end <= last for text in held for start, end in text.periods)
        if not any(within):
            yield period.span[0], period.words
    for found in _apart(_DAY.finditer(said), taken):
        taken.append(found.span())
        month, day = int(found[1]), int(found[2] or 0)
        if not any(month == m and day in (0, d) for text in held for m, d in text.days):
            yield found.start(), found.group()
    for found in _apart(_ARTICLE.finditer(said), taken):
        taken.append(found.span())
        exact = re.compile(re.escape(squash(found.group())) + "(?![0-9]|의[0-9])")
        if not any(exact.search(text.letters) for text in held):
            yield found.start(), found.group()
    for found in _apart(_NUMBER.finditer(said), taken):
        if not any(_value(found.group()) in text.numbers for text in held):
            yield found.start(), found.group()


def _names(said: str) -> Iterator[tuple[int, str]]:
    """(place, name) of what is quoted, of laws, of proper nouns and of words in Latin letters."""
    for pattern in (_QUOTED, _LAW):
        for found in pattern.finditer(said):
            words = next((group for group in found.groups() if group), found.group())
            yield found.start(), words
    for first, last in bites(said):
        for morpheme in kiwi().tokenize(said[first:last]):
            proper = morpheme.tag == "NNP" or (morpheme.tag == "SL" and morpheme.len > 1)
            start = first + morpheme.start
            word = said[start : start + morpheme.len]
            if proper and len(word) > 1 and word not in _COMMON:
                yield start, word


def _in_any(name: str, letters: Iterable[str]) -> bool:
    wanted = _letters(name)
    return any(wanted in text for text in letters)


def _letters(text: str) -> str:
    return "".join(letter for letter in normalize(text).lower() if letter.isalnum())


def _apart(found: Iterable[re.Match[str]], taken: Sequence[Span]) -> Iterator[re.Match[str]]:
    """Those that lie in none of the spans that are `taken`, which may grow meanwhile."""
    return (one for one in found if all(one.end() <= start or end <= one.start() for start, end in taken))


def _value(number: str) -> Decimal:
    return Decimal(number.replace(",", ""))


def _stands_alone(text: str, span: Span, spoken_for: Sequence[Span]) -> bool:
    """Whether a number is that of a cell, whose unit stands in the head of its column: in no amount, date or number of
    parts."""
    start, end = span
    parted = _PARTED.match(text, end) and text[end + 1 : end + 2].isdigit()
    parted = parted or (start > 1 and _PARTED.match(text, start - 1) and text[start - 2].isdigit())
    return not parted and all(end <= first or last <= start for first, last in spoken_for)


@lru_cache(512)
def _held(text: str) -> _Held:
    text = normalize(text)
    amounts = quantities(text)
    spoken_for = [(one.start, one.end) for one in amounts] + [one.span for one in stated(text)]
    spoken_for += [found.span() for pattern in (_DAY, _ARTICLE) for found in pattern.finditer(text)]
    numbers = [(found.span(), _value(found.group())) for found in _NUMBER.finditer(text)]
    periods = [(one.start, one.end) for one in stated(text) if one.start and one.end]
    days = {(int(found[1]), int(found[2] or 0)) for found in _DAY.finditer(text)}
    days |= {(start.month, start.day) for start, end in periods if start == end}
    days |= {(start.month, 0) for start, end in periods if start.month == end.month}
    return _Held(
        frozenset((one.value, one.unit) for one in amounts),
        frozenset(periods),
        frozenset(days),
        frozenset(value for _, value in numbers),
        frozenset(value for span, value in numbers if _stands_alone(text, span, spoken_for)),
        squash(text).lower(),
    )
