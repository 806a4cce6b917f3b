"""What citizens call what documents say (짤리다: 해고): the table that ships, a user's own beside it, and its words in a question."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from mundap.errors import BadFile
from mundap.files import digest
from mundap.korean.kiwi import kiwi
from mundap.korean.normalize import normalize

if TYPE_CHECKING:
    from kiwipiepy import Token

BOTH, SAME, NEAR, NOT = "=", ">", "~", "x"
RELATIONS = {BOTH: "같은 말(양쪽으로)", SAME: "같은 말", NEAR: "비슷한 말", NOT: "쓰지 않음"}
WEIGHTS = {SAME: 1.0, NEAR: 0.5}  # docs/experiments/2026-11-29-everyday-words.md
_BETWEEN = 3  # other morphemes between two words of an entry: 월급을 두 달째 못 받았다
_BEGINS_NO_WORD = ("J", "E", "SF", "SP", "SS", "SE", "SO", "SW", "SB", "VX", "VCP", "XS")  # 해 주다 is no 주다
_ENDS_NO_NOUN = ("J", "E", "V", "XSV", "XSA", "XSM")
_VERBAL = ("VV", "VA", "VX", "VCN", "XSV", "XSA")
_ALONE = frozenset({"NNG", "NNP", "MAG"})  # of one syllable: not 개 of 세 개, nor a syllable of an ending


@dataclass(frozen=True, slots=True)
class Pair:
    """Documents may call `asked`, words of a question, `said`. `relation` is one of RELATIONS."""

    asked: str
    said: str
    relation: str


@dataclass(frozen=True, slots=True)
class Everyday:
    """A word of a question, and what documents may say for it with a weight in (0, 1], the surest first."""

    asked: str
    said: tuple[tuple[str, float], ...]


FindEveryday = Callable[[str], Sequence[Everyday]]


def read_pairs(path: Path | None = None) -> tuple[Pair, ...]:
    """The pairs of the package's table, or those of a user's own.

    Raises BadFile with the row that is not "question words<TAB>document words<TAB>relation", or if it cannot be read.
    """
    if path is None:
        return _rows((files("mundap.korean") / "everyday.tsv").read_text("utf-8"), "everyday.tsv")
    try:
        return _rows(normalize(path.read_text("utf-8-sig")), str(path))
    except OSError as error:
        raise BadFile(
            f"{path}: 열 수 없습니다({error.strerror}). mundap.toml의 [retrieve] everyday_words를 확인하세요"
        ) from error
    except UnicodeDecodeError as error:
        raise BadFile(f"{path}: UTF-8이 아닙니다. UTF-8로 저장하세요") from error


class EverydayWords:
    """Finds the words of `pairs` in questions. Of two rows about the same two words the first one holds.

    A word ending in 다 is a verb and found however it is inflected; words that a space parts are found side by side or with
    up to three other morphemes between them. All are found whole: 세 is not found in 세금.
    """

    def __init__(self, pairs: Iterable[Pair], user_dictionary: Path | None = None) -> None:
        ways: dict[tuple[str, str], float] = {}
        for pair in pairs:
            weight = {NEAR: WEIGHTS[NEAR], NOT: 0.0}.get(pair.relation, WEIGHTS[SAME])
            ways.setdefault((pair.asked, pair.said), weight)
            if pair.relation in (BOTH, NOT):
                ways.setdefault((pair.said, pair.asked), weight)
        self._said: dict[str, list[tuple[str, float]]] = {}
        for (asked, said), weight in ways.items():
            if weight:
                self._said.setdefault(asked, []).append((said, weight))
        self._whole: dict[str, list[str]] = {}
        self._parted: dict[str, list[tuple[str, ...]]] = {}
        for asked in self._said:
            self._whole.setdefault(_letters(asked), []).append(asked)
            first, *others = asked.split()
            if others:
                self._parted.setdefault(first, []).append((first, *others))
        self._longest = max(map(len, self._whole), default=0)
        self._user_dictionary = user_dictionary
        self._last: tuple[str, tuple[Everyday, ...]] = ("", ())

    def __call__(self, question: str) -> tuple[Everyday, ...]:
        """Each word of the table that the question says, in order of appearance; one within a longer word is left out.

        What the question itself says is not offered.
        """
        last = self._last  # one read: another thread may replace it
        if last[0] != question:
            last = self._last = (question, tuple(self._find(normalize(question).lower())))
        return last[1]

    def _find(self, question: str) -> Iterable[Everyday]:
        plain = _letters(question)
        for asked in self._asked(question):
            said = sorted(self._said[asked], key=lambda way: -way[1])
            if others := tuple(way for way in said if _letters(way[0]) not in plain):
                yield Everyday(asked, others)

    def _asked(self, question: str) -> list[str]:
        path = self._user_dictionary
        tokens = kiwi(path, digest(path.read_bytes() if path else b"", size=6)).tokenize(question)
        begun = [_words_from(question, tokens, first, self._longest) for first in range(len(tokens))]
        whole = [
            (first, end, asked)
            for first, words in enumerate(begun)
            for word, end in words.items()
            for asked in self._whole.get(word, ())
        ]
        parted = [
            (first, " ".join(words))
            for first, here in enumerate(begun)
            for word in here
            for words in self._parted.get(word, ())
            if _follow(words, first, begun, tokens)
        ]
        longer = [(first, end) for first, end, asked in whole if " " not in asked]
        alone = [
            (first, asked)
            for first, end, asked in whole
            if not any(a <= first and end <= b and b - a > end - first for a, b in longer)
        ]
        return list(dict.fromkeys(asked for _, asked in sorted([*alone, *parted])))


@cache
def shipped() -> tuple[Pair, ...]:
    """The pairs of the package, read once."""
    return read_pairs()


def _words_from(text: str, tokens: Sequence[Token], first: int, longest: int) -> dict[str, int]:
    """The words that begin at a morpheme, verbs in their dictionary form, with the place behind each."""
    head = tokens[first]
    if head.tag.startswith(_BEGINS_NO_WORD):
        return {}
    words: dict[str, int] = {}
    for place in range(first, len(tokens)):
        token = tokens[place]
        before = _letters(text[head.start : token.start])
        if len(before) > longest:
            break
        if token.tag.startswith(_VERBAL):
            words[f"{before}{token.form}다"] = place + 1
        if not token.tag.startswith(_ENDS_NO_NOUN):
            words[_letters(text[head.start : token.end])] = place + 1
    if head.tag not in _ALONE:
        words = {word: end for word, end in words.items() if len(word) > 1}
    return words


def _follow(words: Sequence[str], first: int, begun: Sequence[Mapping[str, int]], tokens: Sequence[Token]) -> bool:
    """Whether all `words` stand one behind the other from `first` on."""
    end = begun[first][words[0]]
    for word in words[1:]:
        others, place = 0, end
        while place < len(tokens) and word not in begun[place] and others <= _BETWEEN:
            others += not tokens[place].tag.startswith(_BEGINS_NO_WORD)
            place += 1
        if place == len(tokens) or word not in begun[place] or others > _BETWEEN:
            return False
        end = begun[place][word]
    return True


def _letters(text: str) -> str:
    return "".join(text.split())


def _rows(text: str, name: str) -> tuple[Pair, ...]:
    pairs = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        asked, said, relation = (*(part.strip() for part in line.split("\t")), "", "")[:3]
        if not asked or not said or line.count("\t") > 2 or relation not in ("", *RELATIONS):
            known = ", ".join(f"{sign} {meaning}" for sign, meaning in RELATIONS.items())
            raise BadFile(f"{name} {number}행: '{line}'은(는) '일상어<탭>문서말<탭>관계' 꼴이 아닙니다. 관계: {known}")
        pairs += [
            Pair(one.strip().lower(), other.strip().lower(), relation or SAME)
            for one in asked.split("|")
            for other in said.split("|")
        ]
    return tuple(pairs)
