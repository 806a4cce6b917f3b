"""Terms by their numbers among the dimensions of sparse vectors: the low 31 bits of the hash, or the next that are free."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mundap.index.milvus.collections import Entity, Part
from mundap.index.postings import term_hash
from mundap.korean.tokens import BIGRAM

_BITS = (1 << 31) - 1
_REMEMBERED = 1_000_000  # tokens whose hashes are kept at hand
PLACEHOLDER = 0  # the number in a row without a term, which Milvus does not take: no term has it
_FIELDS = ("term", "number", "holders", "batch")


@dataclass(frozen=True)
class RowTerms:
    """The terms of a row, each with its count; the row has `length` tokens, `words` of them no bigrams."""

    counts: Mapping[int, int]
    length: int
    words: int


@dataclass(slots=True)
class Term:
    """A term: its number, how many rows hold it, and the last batch that was counted into that."""

    number: int
    holders: int = 0
    batch: int = -1


@dataclass
class Hashes:
    """The hashes of tokens; those of the last ones are kept at hand."""

    known: dict[str, int] = field(default_factory=dict)

    def row(self, tokens: Sequence[str]) -> RowTerms:
        """The terms of a row."""
        counts = {self._of(token): count for token, count in Counter(tokens).items()}
        return RowTerms(counts, len(tokens), sum(not token.startswith(BIGRAM) for token in tokens))

    def _of(self, token: str) -> int:
        found = self.known.get(token)
        if found is None:
            if len(self.known) >= _REMEMBERED:
                self.known.clear()
            found = self.known[token] = term_hash(token)
        return found


def signed(term: int) -> int:
    """A hash as Milvus keeps integers."""
    return term - (1 << 64) if term >> 63 else term


def unsigned(term: int) -> int:
    """What `signed` was given."""
    return term + (1 << 64) if term < 0 else term


def read_terms(part: Part, terms: Iterable[int]) -> dict[int, Term]:
    """Those of these terms that are known."""
    return dict(_read(part.where("term", [signed(term) for term in terms], _FIELDS)))


def write_terms(part: Part, terms: Mapping[int, Term]) -> None:
    """Write these terms."""
    part.write(
        [
            {
                "term": signed(term),
                "number": about.number,
                "holders": about.holders,
                "batch": about.batch,
                "none": [0.0, 0.0],
            }
            for term, about in terms.items()
        ]
    )


def number_new(terms: Iterable[int], taken: Callable[[set[int]], set[int]]) -> dict[int, Term]:
    """Numbers for terms that have none. `taken` tells which of some numbers other terms have."""
    used = {PLACEHOLDER}
    numbered: dict[int, Term] = {}
    left = [*terms]
    while left:
        wanted: dict[int, int] = {}
        for term in left:
            number = term & _BITS
            while number in used or number in wanted:
                number = (number + 1) & _BITS
            wanted[number] = term
        others = taken(set(wanted))
        used |= wanted.keys()
        left = [wanted[number] for number in others]
        numbered |= {term: Term(number) for number, term in wanted.items() if number not in others}
    return numbered


def taken_in(part: Part, wanted: set[int]) -> set[int]:
    """Which of these numbers terms have."""
    return {int(one["number"]) for one in part.where("number", [*wanted], ["number"])}


def _read(entities: Iterable[Entity]) -> Iterator[tuple[int, Term]]:
    for one in entities:
        yield unsigned(int(one["term"])), Term(int(one["number"]), int(one["holders"]), int(one["batch"]))
