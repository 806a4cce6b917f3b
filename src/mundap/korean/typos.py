"""Mistyped words of a question mended towards words that the index holds; everything else stays as it is typed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from mundap.files import digest
from mundap.korean.hangul import from_keys, near, to_keys
from mundap.korean.kiwi import kiwi
from mundap.korean.tokens import BIGRAM, CONTENT, JOINED

if TYPE_CHECKING:
    from kiwipiepy import Kiwi, Token

Holders = Callable[[Sequence[str]], Sequence[int]]  # how many passages hold each of these tokens

# What a correction must gain in log-probability by Kiwi, and by how much it must beat the next one
# (docs/experiments/2026-11-29-typos.md): least where the index holds the very compound (자신신고 → 자진신고), or a long word.
GAIN, MARGIN = 6.0, 2.0
GAIN_LONG, LONG = 3.0, 5
GAIN_UNKNOWN = 8.0  # for a word that Kiwi does not know,
GAIN_SHORT = 10.0  # of two syllables,
GAIN_NAME = 12.0  # which looks like a name,
GAIN_PIECES, MARGIN_APART = 13.0, 5.0  # or falls into pieces
FREQUENT = 3  # passages that hold a word of two syllables
_PIECE = 7  # syllables of a word on either side of a wrong one
_NOUNS = frozenset("NNG NNP XR".split())
_WORD = re.compile(r"[가-힣]{2,}")
_LATIN = re.compile(r"[A-Za-z]{2,}")
_BROKEN = re.compile(r"[가-힣ㄱ-ㅣ]*[ㄱ-ㅣ][가-힣ㄱ-ㅣ]*")
_AROUND = 10  # characters of context on either side of a word
_STRETCH = 3  # unknown pairs of syllables that one letter may be the cause of
_LONGEST = 300  # characters of a question; a longer one is a text, and finds its passages in spite of a typo


@dataclass(frozen=True, slots=True)
class Mended:
    """A question and its words that were put in place of others; none if it is as it was typed."""

    text: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Change:
    """`text[start:end]` is to be `put`."""

    start: int
    end: int
    put: str


def mended(text: str, holders: Holders, user_dictionary: Path | None = None) -> Mended:
    """`text` with what finds nothing as it is typed put right, where one word of the index is meant beyond doubt.

    A word is put right if it was typed in the other keyboard layout, or if one wrong letter of a syllable makes it
    unknown and another makes it a word of the index that is far more likely in its context.
    """
    if len(text) > _LONGEST:
        return Mended(text)
    analyser = kiwi(user_dictionary, digest(user_dictionary.read_bytes() if user_dictionary else b"", size=6))
    words: list[str] = []
    for find in (_other_layout, _typos):
        for change in sorted(find(text, holders, analyser), key=lambda change: -change.start):
            text = text[: change.start] + change.put + text[change.end :]
            words.append(_named(text, change.start, change.start + len(change.put), analyser))
    return Mended(text, tuple(sorted(set(words), key=text.find)))


def _other_layout(text: str, holders: Holders, analyser: Kiwi) -> Iterable[_Change]:
    yield from _as_korean(text, holders, analyser)
    for match in _BROKEN.finditer(text):
        keys = to_keys(match.group())
        said = from_keys(keys)
        if len(said) >= 2 and _held(said, holders, analyser):  # 과ㄴ세: the letters are in order, and put together
            yield _Change(match.start(), match.end(), said)
        elif len(set(keys.lower())) > 1 and any(holders([keys.lower()])):  # ㅕㄴㅇ: usd
            yield _Change(match.start(), match.end(), keys.upper())


def _as_korean(text: str, holders: Holders, analyser: Kiwi) -> list[_Change]:
    """Latin words that are Korean ones in the other layout: none, unless the index knows one of them."""
    matches = [match for match in _LATIN.finditer(text) if not any(holders([match.group().lower()]))]
    found = [(match, said) for match in matches if (said := from_keys(match.group()))]
    if not any(len(said) > 1 and _held(said, holders, analyser) for _, said in found):
        return []
    return [_Change(match.start(), match.end(), said) for match, said in found]


def _held(said: str, holders: Holders, analyser: Kiwi) -> bool:
    """Whether the index knows what is said: each of its words, or each pair of its syllables if they are many."""
    tokens = analyser.tokenize(said)
    content = [token.form.lower() for token in tokens if token.tag.partition("-")[0] in CONTENT]
    if any(len(token.form) > 1 and token.tag in _NOUNS for token in tokens) and all(holders(content)):
        return True
    return len(said) > 2 and all(holders(_pairs(said)))


def _typos(text: str, holders: Holders, analyser: Kiwi) -> Iterable[_Change]:
    for match in _WORD.finditer(text):
        word = match.group()
        held = holders(_pairs(word))
        unknown = [place for place, count in enumerate(held) if not count]
        for first, last in _stretches(unknown):
            if last - first < _STRETCH:
                options = _options(word, range(first, last + 2), held, holders)
                if options and (best := _likeliest(text, match.start(), word, options, holders, analyser)):
                    yield best


def _options(word: str, suspects: Iterable[int], held: Sequence[int], holders: Holders) -> list[_Change]:
    """Changes of one suspect syllable that make pairs of syllables known, none unknown, and a word of the index."""
    options = [_Change(place, place + 1, other) for place in suspects for other in near(word[place])]
    pairs = [_pairs(word[max(0, o.start - 1) : o.start] + o.put + word[o.end : o.end + 1]) for o in options]
    before = [held[max(0, o.start - 1) : o.end] for o in options]
    known = _counts((pair for some in pairs for pair in some), holders)
    better = [
        option
        for option, now, old in zip(options, pairs, before, strict=True)
        if any(known[pair] and not count for pair, count in zip(now, old, strict=True))
        and all(known[pair] or not count for pair, count in zip(now, old, strict=True))
    ]
    spans = [list(_spans(word, option)) for option in better]
    words = _counts((span for some in spans for span in some), holders)
    return [option for option, some in zip(better, spans, strict=True) if any(words[span] for span in some)]


def _spans(word: str, change: _Change) -> Iterable[str]:
    """The pieces of the changed word that hold the change, of two syllables and more."""
    new = word[: change.start] + change.put + word[change.end :]
    for first in range(max(0, change.start - _PIECE), change.start + 1):
        for last in range(max(first + 2, change.end), min(len(new), change.end + _PIECE) + 1):
            yield new[first:last]


def _likeliest(
    text: str, start: int, word: str, options: Sequence[_Change], holders: Holders, analyser: Kiwi
) -> _Change | None:
    """The option that makes a word of the index, and is likelier than what is typed and than all others."""
    left, right = _context(text, start, start + len(word))
    around, at = text[left:right], start - left
    typed, typed_score = analyser.analyze(around)[0]
    suspected = [(option, _at(typed, at + option.start)) for option in options]
    open_ = [(option, old) for option, old in suspected if old is not None and not _is_held(old, holders)]
    changed = [around[: at + option.start] + option.put + around[at + option.end :] for option, _ in open_]
    scored = []
    for (option, old), [(tokens, score), *_] in zip(open_, analyser.analyze(changed) if changed else (), strict=True):
        new = _at(tokens, at + option.start)
        if old is not None and new is not None and _is_held(new, holders):
            compound = _makes_compound(tokens, new, holders)
            if compound is not None:
                scored.append((compound, score - typed_score, option, old, new))
    scored.sort(key=lambda one: (not one[0], -one[1], one[2].start, one[2].put))
    if not scored:
        return None
    compound, gain, best, old, new = scored[0]
    margin = min((gain - one[1] for one in scored[1:] if one[0] == compound), default=MARGIN_APART)
    if not _beyond_doubt(gain, margin, compound, old, new, holders):
        return None
    return _Change(start + best.start, start + best.end, best.put)


def _beyond_doubt(gain: float, margin: float, compound: bool, old: Token, new: Token, holders: Holders) -> bool:
    """Whether so many nats are enough to put the noun `new` in the place of `old`."""
    if compound:
        return gain >= GAIN and margin >= MARGIN
    if new.len == 2 and holders([new.form])[0] < FREQUENT:
        return False
    if old.oov:
        if new.len >= LONG and holders([new.form])[0] >= FREQUENT:
            return gain >= GAIN_LONG
        least = GAIN_NAME if old.tag == "NNP" else GAIN_SHORT if new.len == 2 else GAIN_UNKNOWN
        return gain >= least and margin >= MARGIN
    # A word that Kiwi knows is meant as it is; one that falls into pieces may be a typo, or a word that Kiwi lacks.
    return old.len == 1 and old.tag[0] not in "JE" and gain >= GAIN_PIECES and margin >= MARGIN_APART


def _makes_compound(tokens: Sequence[Token], new: Token, holders: Holders) -> bool | None:
    """Whether the index holds the noun joined with one that touches it; None if what touches it is a mere rest."""
    place = tokens.index(new)
    beside = [
        (other, pair)
        for other, pair in (
            *(((tokens[place - 1], (tokens[place - 1], new)),) if place else ()),
            *(((tokens[place + 1], (new, tokens[place + 1])),) if place + 1 < len(tokens) else ()),
        )
        if other.tag in JOINED and pair[0].end == pair[1].start
    ]
    joins = holders([(left.form + right.form).lower() for _, (left, right) in beside])
    if any(joins):
        return True
    return None if any(other.len == 1 for other, _ in beside) else False


def _context(text: str, start: int, end: int) -> tuple[int, int]:
    """The words around a place, whole ones, that Kiwi judges it by."""
    left = text.rfind(" ", 0, max(0, start - _AROUND)) + 1
    right = text.find(" ", end + _AROUND)
    return left, len(text) if right < 0 else right


def _at(tokens: Sequence[Token], place: int) -> Token | None:
    return next((token for token in tokens if token.start <= place < token.end), None)


def _is_held(token: Token, holders: Holders) -> bool:
    return token.tag in _NOUNS and token.len > 1 and any(holders([token.form.lower()]))


def _counts(tokens: Iterable[str], holders: Holders) -> dict[str, int]:
    distinct = list(dict.fromkeys(tokens))
    return dict(zip(distinct, holders(distinct), strict=True))


def _named(text: str, start: int, end: int, analyser: Kiwi) -> str:
    """The nouns that touch each other around a place, as people would name what is searched for."""
    tokens = [token for token in analyser.tokenize(text) if token.tag in JOINED]
    run = [token for token in tokens if token.start < end and token.end > start]
    if not run:
        return text[start:end]
    first, last = run[0].start, run[-1].end
    for left, right in reversed(list(pairwise(tokens))):
        first = left.start if right.start == first and left.end == first else first
    for left, right in pairwise(tokens):
        last = right.end if left.end == last and right.start == last else last
    return text[first:last]


def _stretches(places: Sequence[int]) -> list[tuple[int, int]]:
    """The first and the last of each run of neighbouring places."""
    stretches: list[tuple[int, int]] = []
    for place in places:
        if stretches and stretches[-1][1] == place - 1:
            stretches[-1] = (stretches[-1][0], place)
        else:
            stretches.append((place, place))
    return stretches


def _pairs(word: str) -> list[str]:
    return [BIGRAM + word[n : n + 2] for n in range(len(word) - 1)]
