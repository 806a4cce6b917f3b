"""Found passages read against a question, sentence by sentence: what support and extraction are decided on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from sys import intern

from mundap.ingest.grid import TABLE, row_spans, spoken
from mundap.korean.contacts import Contact, gives_contact, names_somebody
from mundap.korean.display import shown
from mundap.korean.everyday import SAME, WEIGHTS, FindEveryday
from mundap.korean.lists import announces, blocks, item, level, note, openings
from mundap.korean.normalize import normalize, squash
from mundap.korean.regions import is_there, regions, seeks_a_place
from mundap.korean.sentences import Span, sentences
from mundap.korean.telling import telling
from mundap.korean.tokens import SearchTokenizer, content
from mundap.korean.wanted import LIMITS, Wanted, defines, offers, wanted
from mundap.protocols import Encoder
from mundap.types import Hit, Passage

Weigh = Callable[[Sequence[str]], Sequence[float]]
Meant = tuple[frozenset[str], Sequence[frozenset[str]]]

CLOSELY = 3  # passages read by the sentence
BROAD = 3  # nouns of a question that may mean several cases
FURTHER = 3  # more that are read for a value that is asked for
_ABOVE = 6  # sentences before a number among which is the line that says whose it is
_COMPOUND = 4  # letters of a compound that is looked for across blanks
_MADE = 3  # letters that a word made of others has at least
_COMPOUNDED = SearchTokenizer(bigrams=False)


@dataclass(frozen=True)
class Sentence:
    """A sentence of a hit's passage: `hit.passage.text[start:end]`.

    `shared` is the weight of the question's words it holds, in [0, 1], and `within` that of it together with the
    sentences that govern it (`governors`, places in the evidence, the nearest first) and the heading; `near` is its
    cosine with the question, or None without an encoder; `offers` how far it has what is asked for, in [0, 1].
    """

    hit: Hit
    start: int
    end: int
    shared: float = 0.0
    near: float | None = None
    within: float = 0.0
    offers: float = 0.0
    words: frozenset[str] = frozenset()
    governors: tuple[int, ...] = ()

    @property
    def text(self) -> str:
        """The sentence, word for word."""
        return self.hit.passage.text[self.start : self.end]

    @property
    def nearness(self) -> float:
        """Its cosine with the question; 0 without an encoder."""
        return self.near or 0.0

    @property
    def said(self) -> str:
        """The sentence as a reader is shown it: a row of a table as "column: value", without marks of its format."""
        passage = self.hit.passage
        if passage.meta.get("kind") == TABLE:
            return spoken(passage.text, [(self.start, self.end)])
        return shown(self.text)


@dataclass(frozen=True)
class Evidence:
    """The sentences of the first passages in order, as they answer a question.

    `blocks` are the (first, after) places of sentences that belong together, a lead with its list; `asked` is what the
    question asks for, with a contact only where a sentence gives that of the very body; `weights` the weight of each of its words, and `heads` the words of each passage's heading and
    source, by passage id. `there` are the regions of which it is asked what there is.
    """

    sentences: tuple[Sentence, ...]
    blocks: tuple[Span, ...]
    asked: Wanted
    weights: Mapping[str, float]
    encoder: str = ""
    heads: Mapping[str, frozenset[str]] = field(default_factory=dict)
    there: frozenset[str] = frozenset()

    @property
    def hits(self) -> list[Hit]:
        """The passages that were read, best first."""
        return list({s.hit.passage.id: s.hit for s in self.sentences}.values())

    def held(self, words: frozenset[str]) -> float:
        """The weight of the question's words that are in `words`, in [0, 1]."""
        return _share(self.weights, words)

    def named(self, place: int) -> float:
        """The share of the question's nouns in a sentence, what governs it, and its heading and source; 1 without nouns."""
        names = self.asked.names
        return len(names & self.context(place)) / len(names) if names else 1.0

    def context(self, place: int) -> frozenset[str]:
        """The words of a sentence, of what governs it, and of its heading and source."""
        sentence = self.sentences[place]
        governing = (self.sentences[n].words for n in sentence.governors)
        return sentence.words.union(self.heads.get(sentence.hit.passage.id, frozenset()), *governing)

    def names_it(self, place: int, noun: str) -> bool:
        """Whether a sentence, what governs it, or its heading and source name `noun`, also within a compound (실내 in 실내장)."""
        if noun in self.context(place):
            return True
        passage = self.sentences[place].hit.passage
        said = f"{passage.source} {passage.heading} {self.sentences[place].text}"
        return len(noun) > 1 and noun in said.lower()

    @property
    def coverage(self) -> float:
        """The weight of the question's words that the passages hold together, in [0, 1]."""
        return self.held(frozenset().union(*(s.words for s in self.sentences), *self.heads.values()))


def uniform(tokens: Sequence[str]) -> list[float]:
    """Every word weighs the same: for passages without an index behind them."""
    return [1.0] * len(tokens)


def passage_spans(passage: Passage) -> list[Span]:
    """(start, end) of each sentence of the passage's text, or of each row if it is a table."""
    if passage.meta.get("kind") == "row":  # a cell says nothing without the others of its row
        return [(0, len(passage.text))]
    if passage.meta.get("kind") == TABLE:
        return row_spans(passage.text)
    return list(_sentences(passage.text))


# What is found for one question is found for the next: morphemes and sentences cost more than all else of reading.
@lru_cache(2048)
def _sentences(text: str) -> tuple[Span, ...]:
    return tuple(sentences(text))


@lru_cache(8192)
def _content(text: str) -> frozenset[str]:
    return frozenset(map(intern, _COMPOUNDED([text])[0]))  # one word of each kind: its copies were half of what is held


def _words(texts: Sequence[str], asked: Iterable[str]) -> list[frozenset[str]]:
    """The words of each text, with those of `asked` that it has in compounds cut otherwise.

    해외직구 holds 해외 and 직구, 보관료 holds 보관 and 료, and 해외 직구 holds 해외직구: where a compound is cut differs from
    text to text.
    """
    parts = re.compile("|".join(sorted(map(re.escape, asked), key=len, reverse=True)) or r"(?!)")
    long = [word for word in asked if len(word) >= _COMPOUND]
    found = []
    for text in texts:
        words = _content(text)
        made = [part for word in words if len(word) >= _MADE for part in _made_of(word, parts)]
        joined = squash(text) if long else ""
        found.append(words.union(made, [word for word in long if word in joined]))
    return found


def _made_of(word: str, parts: re.Pattern[str]) -> list[str]:
    """The parts that make up the whole word; [] if something is left."""
    found = parts.findall(word)
    return found if sum(map(len, found)) == len(word) else []


def _share(weights: Mapping[str, float], words: frozenset[str]) -> float:
    total = sum(weights.values()) or 1.0
    return sum(weight for word, weight in weights.items() if word in words) / total


class Reader:
    """Reads hits with word weights (`weigh`, rarity is best) and, if there is an `encoder`, by meaning.

    With `everyday`, a text that has the documents' word for an everyday word of the question holds that word.
    The last one is kept: support and extraction ask for the same one.
    """

    def __init__(
        self, weigh: Weigh = uniform, encoder: Encoder | None = None, everyday: FindEveryday | None = None
    ) -> None:
        self.weigh = weigh
        self.encoder = encoder
        self.everyday = everyday
        self._last: tuple[tuple[str, tuple[str, ...]], Evidence] | None = None

    def read(self, question: str, hits: Sequence[Hit]) -> Evidence:
        """Read the first hits against the question."""
        question = normalize(question)
        key = (question, tuple(hit.passage.id for hit in hits))
        last = self._last  # one read: another thread may replace it
        if last is None or last[0] != key:
            last = self._last = (key, self._read(question, hits))
        return last[1]

    def shares(self, question: str, texts: Sequence[str]) -> list[float]:
        """For each text, the weight of the question's words that it holds, in [0, 1]."""
        asked = frozenset(content([normalize(question)])[0])
        found = _words(texts, asked)
        weights = self._weights(asked)
        return [_share(weights, words) for words in found]

    def _weights(self, asked: frozenset[str]) -> dict[str, float]:
        words = sorted(asked)
        return dict(zip(words, self.weigh(words), strict=True))

    def _read(self, question: str, hits: Sequence[Hit]) -> Evidence:
        asked = wanted(question)
        there = regions(question) if seeks_a_place(question) else frozenset[str]()
        hits = _worth_reading(hits, asked, there)
        passages = [_parsed(hit) for hit in hits]
        given = [gives for parsed, _ in passages for gives in _given(parsed, asked.contact)]
        asked = _settled(asked, any(given))
        found = [sentence for parsed, _ in passages for sentence in parsed]
        texts = [sentence.said for sentence in found]
        named = asked.contact.name if asked.contact else question  # a number says 전화번호 by itself
        weights = self._weights(telling(named) - (LIMITS if asked.bounded else frozenset()))
        headings = _words([f"{hit.passage.source}\n{hit.passage.heading}" for hit in hits], weights)
        meant = self._meant(question)
        heads = {hit.passage.id: _meeting(words, meant) for hit, words in zip(hits, headings, strict=True)}
        near: list[float] | list[None] = [None] * len(texts)
        if self.encoder is not None and texts:
            vectors = self.encoder.encode_passages(texts)
            near = (vectors @ self.encoder.encode_queries([question])[0]).tolist()
        placed = {word: regions(word) for word in weights if regions(word)}
        words = [
            _meeting(each, meant).union(word for word, named in placed.items() if is_there(text, named))
            for each, text in zip(_words(texts, weights), texts, strict=True)
        ]
        whose = asked.names.union(weights)  # a number that stands with a name is as good as named itself
        words = [each | whose if gives else each for each, gives in zip(words, given, strict=True)]
        read: list[Sentence] = []
        spans: list[Span] = []
        for parsed, grouped in passages:
            base = len(read)
            spans += [(base + first, base + after) for first, after in grouped]
            for n, sentence in enumerate(parsed, base):
                titles = _titles(parsed, n - base)[:1] if given[n] and not sentence.governors else []
                governors = tuple(base + place for place in (*sentence.governors, *titles))
                context = words[n].union(heads[sentence.hit.passage.id], *(words[place] for place in governors))
                read.append(
                    Sentence(
                        sentence.hit,
                        sentence.start,
                        sentence.end,
                        _share(weights, words[n]),
                        near[n],
                        _share(weights, context),
                        float(given[n]) if asked.contact else offers(texts[n], asked, sentence.hit.passage.heading),
                        words[n],
                        governors,
                    )
                )
        encoder = self.encoder.name if self.encoder else ""
        return Evidence(tuple(read), tuple(spans), asked, weights, encoder, heads, there)

    def _meant(self, question: str) -> list[Meant]:
        """The words of each everyday word of the question, with those of each word that means the same in documents."""
        meant: list[Meant] = []
        for found in self.everyday(question) if self.everyday else ():
            same = [said for said, weight in found.said if weight >= WEIGHTS[SAME]]
            asked, *others = map(frozenset, content([found.asked, *same]))
            meant.append((asked, others))
        return meant


def _meeting(words: frozenset[str], meant: Sequence[Meant]) -> frozenset[str]:
    """The words of a text, and those of the question that it says otherwise."""
    return words.union(*(asked for asked, said in meant if any(other and other <= words for other in said)))


def _worth_reading(hits: Sequence[Hit], asked: Wanted, there: frozenset[str]) -> list[Hit]:
    """The first passages, more of them for a broad question or one about what is not so, and the next few that have a value, or the definition, asked for in vain.

    Of what there is in a region, all rows that lie there: each is one of them.
    """
    broad = asked.negative or (asked.exact and 0 < len(asked.names) <= BROAD)
    first = list(hits[: CLOSELY + 2 * broad])
    if there:
        behind = hits[len(first) :]
        first += [hit for hit in behind if _tabular(hit.passage) and is_there(hit.passage.worded, there)]
    return first + further(hits, len(first), asked) if asked.pointed else first


def further(hits: Sequence[Hit], read: int, asked: Wanted, widest: int | None = None) -> list[Hit]:
    """Of the hits behind the first `read`, the next few that have the value, or the definition, asked for; [] if one of the first has it.

    The contact of a body is looked for in all of the hits, any other value, and where none gives that, in the first `widest`.
    """
    if asked.contact:
        giving = [n for n, hit in enumerate(hits) if gives(hit, asked.contact)]
        if giving:
            return [] if giving[0] < read else [hits[n] for n in giving[:FURTHER]]
    if any(has_value(hit, asked) for hit in hits[:read]):
        return []
    return [hit for hit in hits[read:widest] if has_value(hit, asked)][:FURTHER]


def has_value(hit: Hit, asked: Wanted) -> bool:
    """Whether a sentence of the passage has the value, or the definition, that is asked for."""
    texts = (hit.passage.text[start:end] for start, end in passage_spans(hit.passage))
    if asked.kind == "definition":
        return any(defines(text, asked) for text in texts)
    return any(offers(text, asked) >= 1 for text in texts)


def _settled(asked: Wanted, given: bool) -> Wanted:
    """What is asked for: of a contact that is `given` the name alone, and else a contact of anybody."""
    if asked.contact is None or not given:
        return replace(asked, contact=None)
    named = wanted(asked.contact.name)
    return replace(asked, names=named.names, focus=named.focus, topic=frozenset())


def gives(hit: Hit, asked: Contact) -> bool:
    """Whether a sentence of the passage has the number or mail of the body asked for."""
    passage = hit.passage
    return squash(asked.name.split()[-1]) in squash(passage.worded) and any(_given(_parsed(hit)[0], asked))


def _given(parsed: Sequence[Sentence], asked: Contact | None) -> list[bool]:
    """For each sentence of a passage whether it has the contact asked for."""
    if asked is None:
        return [False] * len(parsed)
    found = []
    for n, sentence in enumerate(parsed):
        passage = sentence.hit.passage
        lines = [parsed[place].said for place in (*sentence.governors, *_titles(parsed, n))]
        found.append(
            gives_contact(sentence.said, asked, [*lines, *reversed(passage.heading.split(" > ")), passage.source])
        )
    return found


def _titles(parsed: Sequence[Sentence], place: int) -> list[int]:
    """The places of the lines before a sentence that name somebody, the nearest first."""
    if not parsed or _tabular(parsed[0].hit.passage):
        return []
    return [n for n in reversed(range(max(0, place - _ABOVE), place)) if names_somebody(parsed[n].said)]


def _tabular(passage: Passage) -> bool:
    return passage.meta.get("kind") in (TABLE, "row")


def _parsed(hit: Hit) -> tuple[list[Sentence], list[Span]]:
    """The sentences of a passage, each with the places of those that govern it, and its blocks."""
    passage = hit.passage
    spans = passage_spans(passage)
    texts = [passage.text[start:end] for start, end in spans]
    if _tabular(passage):
        return [Sentence(hit, *span) for span in spans], [(n, n + 1) for n in range(len(spans))]
    grouped = blocks(texts, openings(passage.text, spans))
    governing = [governors for block in grouped for governors in _governors(texts, block)]
    return [Sentence(hit, *span, governors=places) for span, places in zip(spans, governing, strict=True)], grouped


def _governors(texts: Sequence[str], block: Span) -> Iterator[tuple[int, ...]]:
    """For each sentence of a block, the places of its lead and of the items that it stands under."""
    first, after = block
    above: list[tuple[int, int]] = []  # (depth, place): the lead has the least depth
    for n in range(first, after):
        marker = item(texts[n])
        depth = level(marker) if marker else (-1 if n == first or announces(texts[n]) else 99)
        if depth == 99 and not note(texts[n]) and above and above[-1][0] == -1:
            depth = 98  # a sentence between the lead and its items
        while above and above[-1][0] >= depth:
            above.pop()
        yield tuple(place for _, place in reversed(above))
        above.append((depth, n))
