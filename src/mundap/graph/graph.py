"""An open keyword graph: what a keyword leads to, and where it is mentioned."""

from __future__ import annotations

import json
import math
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from copy import copy
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from threading import Lock

import numpy as np

from mundap.files import batched
from mundap.graph.build import FILE, K1, MENTIONS, SYNONYMS, B, beside
from mundap.graph.synonyms import PAIRS, Synonym
from mundap.index.arrays import among
from mundap.index.postings import Local, Postings, PostingsPart, term_hash

# Kinds of steps: a synonym, a word that questions were seen to mean, a word that stands beside. Relations name their own.
SAME, SYNONYM, LEARNED, NEAR = "같은 단어", "동의어", "질문에서 학습", "함께 나옴"
_COMMON = 0.02  # share of the passages above which a keyword has no near neighbours: it stands beside everything
_FEW = 20  # passages up to which it always has


@dataclass(frozen=True, slots=True)
class Step:
    """An edge from one keyword to another. `weight` is in (0, 1]; `shown` is its evidence, for a reader."""

    head: str
    kind: str
    tail: str
    weight: float
    shown: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """A passage as the graph knows it."""

    id: str
    document: str
    source: str


class Graph:
    """The graph over `segments`, with the synonyms that are in `folder`; `gone[n]` are passages of the n-th that do not
    count, ascending. Without segments, the one segment is `folder`.

    Raises sqlite3.DatabaseError or OSError if what is there cannot be read.
    """

    def __init__(self, folder: Path, segments: Sequence[Path] = (), gone: Sequence[Local] = ()) -> None:
        segments = segments or (folder,)
        gone = gone or (np.empty(0, np.int32),) * len(segments)
        self._parts = [_Part(segment, some) for segment, some in zip(segments, gone, strict=True)]
        self._synonyms = _by_word(Synonym(*row) for row in json.loads((folder / SYNONYMS).read_text("utf-8")))
        self.mentions = Postings([PostingsPart.open(segment / MENTIONS) for segment in segments], K1, B, gone)

    def with_synonyms(self, synonyms: Iterable[Synonym]) -> Graph:
        """The same graph, over the same open files, with these synonyms instead of its own."""
        other = copy(self)
        other._synonyms = _by_word(synonyms)
        return other

    @property
    def passages(self) -> int:
        """How many passages there are."""
        return self.mentions.alive

    def close(self) -> None:
        """Close the files."""
        for part in self._parts:
            part.close()

    def count(self, word: str) -> int:
        """How many passages name this keyword."""
        return int(self.mentions.holders([word])[0])

    def together(self, a: str, b: str) -> bool:
        """Whether one passage names both."""
        return bool(len(self.mentions.holding([a, b])))

    def counts(self) -> dict[str, int]:
        """How many there are of each kind of node and edge."""
        kinds = Counter("relation" if kind not in _KINDS else kind for kind, *_ in self.edges())
        passages = list(self.all_passages())
        return {
            "keywords": sum(1 for _ in self.words()),
            "passages": len(passages),
            "documents": len({document for _, document, _ in passages}),
            "mentions": kinds["mention"],
            "beside": kinds["beside"],
            "relations": kinds["relation"],
            "synonyms": kinds["synonym"],
        }

    def synonyms(self, word: str) -> list[Step]:
        """What documents may say for this word of a question, the surest first."""
        rows = sorted(self._synonyms.get(word, ()), key=lambda row: (-row.score, row.said))
        return [
            Step(word, LEARNED if row.origin == PAIRS else SYNONYM, row.said, row.score, row.evidence) for row in rows
        ]

    def near(self, word: str, most: int) -> list[Step]:
        """The `most` keywords that stand beside this one more than chance has it, by PPMI as a share of its maximum.

        Positive pointwise mutual information: Church & Hanks, Computational Linguistics 1990. Pairs of one passage are
        left out. A keyword that most passages name has no neighbours.
        """
        count = self.count(word)
        if not count or count > max(_FEW, _COMMON * self.passages):
            return []
        beside = sum((part.beside(word) for part in self._parts), Counter[str]())
        others = [other for other, both in beside.items() if both > 1]
        alone = dict(zip(others, self.mentions.holders(others).tolist(), strict=True))
        best = sorted(others, key=lambda other: (-beside[other] * beside[other] / alone[other], other))[:most]
        highest = math.log(self.passages) or 1.0
        shares = [math.log(beside[other] * self.passages / (count * alone[other])) / highest for other in best]
        return [
            Step(word, NEAR, other, min(share, 1.0), f"함께 나온 문단 {beside[other]}개")
            for other, share in zip(best, shares, strict=True)
            if share > 0
        ]

    def relations(self, word: str, most: int) -> list[Step]:
        """The relations that this keyword is head or tail of, those that most passages state first."""
        found = sum((part.relations(word) for part in self._parts), Counter[tuple[str, str, str]]())
        best = sorted(found.items(), key=lambda one: (-one[1], one[0][0], one[0][2]))[:most]
        return [Step(head, kind, tail, 1.0, f"문단 {n}개") for (head, kind, tail), n in best]

    def stated_in(self, step: Step) -> list[str]:
        """The ids of the passages that state a relation, or name both ends of what stands beside each other."""
        if step.kind == NEAR:
            return [node.id for node in self.nodes(self.mentions.holding([step.head, step.tail]).tolist()).values()]
        asked = (step.head, step.kind, step.tail)
        return [id for part in self._parts for _, id in part.alive(part.all(_STATING, asked))]

    def rows_of(self, word: str, most: int) -> list[int]:
        """The rows of the passages that this keyword says most about, best first."""
        rows, impacts = self.mentions.impacts(word)
        found: list[int] = rows[np.lexsort((rows, -impacts))][:most].tolist()
        return found

    def nodes(self, rows: Sequence[int]) -> dict[int, Node]:
        """The passages in these rows."""
        found = {}
        for row in rows:
            n = int(np.searchsorted(self.mentions.offsets, row, side="right")) - 1
            query = "SELECT id, document, source FROM passage WHERE num = ?"
            for node in self._parts[n].all(query, (row - int(self.mentions.offsets[n]),)):
                found[row] = Node(*node)
        return found

    def keywords_of(self, passage: str) -> dict[str, int]:
        """The keywords of a passage, by id, and in how many of its sentences each stands."""
        query = "SELECT num FROM passage WHERE id = ?"
        for part in self._parts:
            if part.alive(part.all(query, (passage,))):
                return dict(
                    part.all(
                        "SELECT word, count FROM passage p JOIN mention m ON m.passage = p.num"
                        " JOIN keyword k ON k.num = m.keyword WHERE p.id = ? ORDER BY word",
                        (passage,),
                    )
                )
        return {}

    def words(self) -> Iterator[tuple[str, int]]:
        """Every keyword and how many passages name it."""
        total = sum((part.words() for part in self._parts), Counter[str]())
        return iter(sorted(total.items()))

    def all_passages(self) -> Iterator[tuple[str, str, str]]:
        """(id, document, source) of every passage."""
        found = chain.from_iterable(part.alive(part.all(_PASSAGES)) for part in self._parts)
        return iter(sorted((id, document, source) for _, id, document, source in found))

    def edges(self) -> Iterator[tuple[str, str, str, float, str]]:
        """Every edge as (kind, from, to, weight, evidence): keywords by word, passages and documents by id.

        mention weights are numbers of sentences, beside weights numbers of passages, in one direction only.
        """
        mentions = chain.from_iterable(part.alive(part.all(_MENTIONS)) for part in self._parts)
        for id, word, count in sorted(row[1:] for row in mentions):
            yield "mention", id, word, float(count), ""
        for id, document, _ in self.all_passages():
            yield "part", id, document, 1.0, ""
        pairs = sum((part.pairs() for part in self._parts), Counter[tuple[str, str]]())
        for (a, b), passages in sorted(pairs.items()):
            yield "beside", a, b, float(passages), ""
        stated = chain.from_iterable(part.alive(part.all(_RELATIONS)) for part in self._parts)
        for (head, tail, kind), passages in sorted(Counter(row[1:] for row in stated).items()):
            yield kind, head, tail, float(passages), ""
        for asked, synonyms in sorted(self._synonyms.items()):
            for synonym in sorted(synonyms, key=lambda row: row.said):
                yield "synonym", asked, synonym.said, synonym.score, synonym.evidence


class _Part:
    """The graph of one segment. Threads take turns at its SQLite file. Its counts are those of the passages that are not
    `gone`: what those count for is subtracted."""

    def __init__(self, folder: Path, gone: Local) -> None:
        self._db = sqlite3.connect(f"file:{folder / FILE}?mode=ro&immutable=1", uri=True, check_same_thread=False)
        self._turn = Lock()
        self._gone = gone
        self._mentions = PostingsPart.open(folder / MENTIONS)
        self.all("SELECT count(*) FROM sqlite_master")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def __del__(self) -> None:
        if hasattr(self, "_db"):
            self.close()  # a connection holds itself, until the next full garbage collection

    def all(self, query: str, values: tuple[object, ...] = ()) -> list[tuple]:  # type: ignore[type-arg]
        """The rows of a query."""
        with self._turn, closing(self._db.execute(query, values)) as cursor:
            return cursor.fetchall()

    def alive(self, rows: Sequence[tuple]) -> list[tuple]:  # type: ignore[type-arg]
        """The rows, which begin with a passage's number, of passages that count."""
        gone = set(self._gone.tolist())
        return [row for row in rows if row[0] not in gone] if gone else [*rows]

    def words(self) -> Counter[str]:
        """How many passages name each keyword."""
        found = Counter(dict(self.all("SELECT word, passages FROM keyword")))
        found.subtract(self._named(Counter(num for words in self._sentences(self._gone) for num in {*chain(*words)})))
        return found

    def beside(self, word: str) -> Counter[str]:
        """In how many passages each keyword stands beside this one."""
        found = Counter(
            dict(
                self.all(
                    "SELECT o.word, x.passages FROM keyword k JOIN beside x ON x.a = k.num"
                    " JOIN keyword o ON o.num = x.b WHERE k.word = ?",
                    (word,),
                )
            )
        )
        if gone := self._gone_with(word):
            [(own,)] = self.all("SELECT num FROM keyword WHERE word = ?", (word,))
            pairs = chain.from_iterable(beside(sentences) for sentences in self._sentences(gone))
            found.subtract(self._named(Counter(b if a == own else a for a, b in pairs if own in (a, b))))
        return found

    def pairs(self) -> Counter[tuple[str, str]]:
        """In how many passages each two keywords stand beside each other, in the order of the words."""
        found: Counter[tuple[str, str]] = Counter()
        for a, b, passages in self.all(_BESIDE):
            found[a, b] = passages
        pairs = Counter(chain.from_iterable(beside(sentences) for sentences in self._sentences(self._gone)))
        word = self._words({num for pair in pairs for num in pair})
        for (a, b), passages in pairs.items():
            found[min(word[a], word[b]), max(word[a], word[b])] -= passages
        return found

    def relations(self, word: str) -> Counter[tuple[str, str, str]]:
        """How many passages state each relation (head, kind, tail) of this keyword."""
        found: Counter[tuple[str, str, str]] = Counter()
        for head, kind, tail, passages in self.all(_RELATIONS_OF, (word,)):
            found[head, kind, tail] = passages
        for row in self._gone_with(word):
            for head, kind, tail in self.all(_STATED, (row,)):
                if word in (head, tail):
                    found[head, kind, tail] -= 1
        return found

    def _gone_with(self, word: str) -> list[int]:
        """The passages that are gone and name this keyword."""
        if not len(self._gone):
            return []
        [start], [end] = self._mentions.spans(np.asarray([term_hash(word)], np.uint64))
        rows: list[int] = self._gone[among(self._gone, self._mentions.rows[start:end])].tolist()
        return rows

    def _sentences(self, rows: Sequence[int] | Local) -> Iterator[list[list[int]]]:
        for some in batched(np.asarray(rows).tolist(), _MANY):
            marks = ",".join("?" * len(some))
            for (sentences,) in self.all(f"SELECT sentences FROM passage WHERE num IN ({marks})", tuple(some)):
                yield json.loads(sentences)

    def _words(self, nums: Iterable[int]) -> dict[int, str]:
        word: dict[int, str] = {}
        for some in batched(nums, _MANY):
            marks = ",".join("?" * len(some))
            word |= dict(self.all(f"SELECT num, word FROM keyword WHERE num IN ({marks})", tuple(some)))
        return word

    def _named(self, counts: Counter[int]) -> dict[str, int]:
        word = self._words(counts)
        return {word[num]: count for num, count in counts.items()}


_MANY = 500  # values in one IN (…)
_KINDS = ("mention", "part", "beside", "synonym")
_PASSAGES = "SELECT num, id, document, source FROM passage"
_MENTIONS = (
    "SELECT p.num, p.id, k.word, m.count FROM mention m JOIN passage p ON p.num = m.passage"
    " JOIN keyword k ON k.num = m.keyword"
)
_BESIDE = (
    "SELECT a.word, b.word, x.passages FROM beside x JOIN keyword a ON a.num = x.a"
    " JOIN keyword b ON b.num = x.b WHERE a.word < b.word"
)
_RELATIONS = "SELECT r.passage, a.word, b.word, r.kind FROM relation r JOIN keyword a ON a.num = r.a JOIN keyword b ON b.num = r.b"
_STATED = (
    "SELECT a.word, r.kind, b.word FROM relation r JOIN keyword a ON a.num = r.a JOIN keyword b ON b.num = r.b"
    " WHERE r.passage = ?"
)
_STATING = (
    "SELECT p.num, p.id FROM relation r JOIN keyword a ON a.num = r.a JOIN keyword b ON b.num = r.b"
    " JOIN passage p ON p.num = r.passage WHERE a.word = ? AND r.kind = ? AND b.word = ?"
)
_RELATIONS_OF = (
    "WITH asked AS (SELECT num FROM keyword WHERE word = ?), found AS (SELECT a, kind, b FROM relation WHERE a IN"
    " asked UNION ALL SELECT a, kind, b FROM relation WHERE b IN asked AND a NOT IN asked)"
    " SELECT h.word, kind, t.word, COUNT(*) FROM found JOIN keyword h ON h.num = a JOIN keyword t ON t.num = b"
    " GROUP BY a, kind, b"
)


def _by_word(synonyms: Iterable[Synonym]) -> dict[str, list[Synonym]]:
    found: dict[str, list[Synonym]] = {}
    for synonym in synonyms:
        found.setdefault(synonym.asked, []).append(synonym)
    return found
