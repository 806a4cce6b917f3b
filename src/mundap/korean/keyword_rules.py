"""Keywords by rules: single nouns, words of the user dictionary whole, and the noun that a verb asks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from mundap.errors import BadFile
from mundap.files import digest
from mundap.korean.keywords import JOINED, STOP, compounds
from mundap.korean.kiwi import kiwi
from mundap.korean.normalize import normalize

if TYPE_CHECKING:
    from kiwipiepy import Token

_NOUNS = frozenset({"NNG", "NNP"})
_NAMING = _NOUNS | {"SL", "SH"}
_CONTENT = ("NN", "NP", "NR", "VV", "VA", "VX", "MA", "MM", "XR", "SL", "SH", "SN")
_BETWEEN = 2  # other words between two stems of a row: 뭐가 그렇게 좋나요


@dataclass(frozen=True, slots=True)
class NounRule:
    """A noun, and the stems that ask for it, each a set of choices, in their order."""

    stems: tuple[frozenset[str], ...]
    noun: str


def read_rules(path: Path | None = None) -> tuple[NounRule, ...]:
    """The table of the package, after the rows of a user's own, which therefore win among rows as long.

    Raises BadFile with the row that is not "stems<TAB>noun", or if the file cannot be read.
    """
    own = () if path is None else _rows(_text(path), str(path))
    packaged = _rows((files("mundap.korean") / "asked.tsv").read_text("utf-8"), "asked.tsv")
    return tuple(sorted((*own, *packaged), key=lambda asked: -len(asked.stems)))


def extract(
    texts: Sequence[str], user_dictionary: Path | None = None, asked: Sequence[NounRule] | None = None
) -> list[list[str]]:
    """The distinct keywords of each text, in order of appearance.

    Nouns that touch are one keyword each (수입신고: 수입, 신고), unless the user dictionary holds the whole; affixes,
    single letters and foreign words stay with their noun (HS코드). STOP nouns, plural 들 and lone numbers are left out.
    """
    table = read_rules() if asked is None else asked
    return [_keywords(text, tokens, table) for text, tokens in _analysed(texts, user_dictionary)]


def names(texts: Sequence[str], user_dictionary: Path | None = None, asked: Sequence[NounRule] = ()) -> list[list[str]]:
    """What each text names, in lower case: its keywords as `extract` has them, then the compounds that they make up.

    A graph needs both: 통관예약 joins it to what is said of 통관, and to what is said of 예약.
    """
    return [
        list(dict.fromkeys(word.lower() for word in (*_keywords(text, tokens, asked), *compounds(text, tokens))))
        for text, tokens in _analysed(texts, user_dictionary)
    ]


def _analysed(texts: Sequence[str], user_dictionary: Path | None) -> Iterator[tuple[str, Sequence[Token]]]:
    analyser = kiwi(user_dictionary, digest(user_dictionary.read_bytes() if user_dictionary else b"", size=6))
    normal = [normalize(text) for text in texts]
    return zip(normal, analyser.tokenize(normal), strict=True)


def _keywords(text: str, tokens: Sequence[Token], table: Sequence[NounRule]) -> list[str]:
    placed = _asked_for(tokens, table)
    run: list[Token] = []
    for token in tokens:
        if run and (token.tag not in JOINED or run[-1].end != token.start or _apart(run, token)):
            placed += _word(text, run)
            run = []
        if token.tag in JOINED:
            run.append(token)
    placed += _word(text, run)
    return list(dict.fromkeys(word for _, word in sorted(placed, key=lambda one: one[0])))


def _apart(run: Sequence[Token], token: Token) -> bool:
    """Whether a touching noun begins a keyword of its own."""
    return (
        token.tag in _NOUNS
        and len(token.form) > 1
        and run[-1].tag in _NOUNS | {"XSN"}
        and run[-1].end - run[0].start > 1
    )


def _word(text: str, run: list[Token]) -> list[tuple[int, str]]:
    while run and (run[-1].form == "들" or run[-1].tag == "XPN"):
        run = run[:-1]
    if not any(token.tag in _NAMING for token in run):
        return []
    start, end = run[0].start, run[-1].end
    if end - start == 1 and text[start - 1 : start].strip():  # 비 of 200개비: the rest of another word
        return []
    word = text[start:end]
    return [] if word in STOP else [(start, word)]


def _asked_for(tokens: Sequence[Token], table: Sequence[NounRule]) -> list[tuple[int, str]]:
    """(place, noun) of every row that matches; a word serves one row only."""
    words = [token for token in tokens if token.tag.startswith(_CONTENT)]
    used: set[int] = set()
    placed = []
    for asked in table:
        for first in range(len(words)):
            places = _match(words, first, asked.stems)
            if places and not used & set(places):
                used |= set(places)
                placed.append((words[places[-1]].start, asked.noun))
    return placed


def _match(words: Sequence[Token], first: int, stems: Sequence[frozenset[str]]) -> list[int]:
    """The places of the stems from `first` on, [] if they are not there."""
    places = [first] if _is(words[first], stems[0]) else []
    for stem in stems[1:] if places else ():
        near = range(places[-1] + 1, min(places[-1] + 2 + _BETWEEN, len(words)))
        following = [place for place in near if _is(words[place], stem)]
        if not following:
            return []
        places.append(following[0])
    return places


def _is(word: Token, stem: frozenset[str]) -> bool:
    return word.form in stem or word.lemma in stem


def _rows(text: str, name: str) -> tuple[NounRule, ...]:
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        stems, tab, noun = line.partition("\t")
        if not tab or not stems.strip() or not noun.strip() or "\t" in noun:
            raise BadFile(f"{name} {number}행: '{line}'은(는) '어간<탭>명사' 형식이 아닙니다. 예: 뭐|무엇 좋다<탭>장점")
        rows.append(NounRule(tuple(frozenset(stem.split("|")) for stem in stems.split()), noun.strip()))
    return tuple(rows)


def _text(path: Path) -> str:
    try:
        return normalize(path.read_text("utf-8-sig"))
    except OSError as error:
        raise BadFile(
            f"{path}: 열 수 없습니다({error.strerror}). mundap.toml의 [keywords] verbs를 확인하세요"
        ) from error
    except UnicodeDecodeError as error:
        raise BadFile(f"{path}: UTF-8이 아닙니다. UTF-8로 저장하세요") from error
