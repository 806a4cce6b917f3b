"""An open keyword graph: what a keyword leads to, and where it is mentioned."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import numpy as np

from mundap.graph.build import FILE, MENTIONS
from mundap.graph.synonyms import PAIRS
from mundap.index.postings import Postings

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
    """The graph in `folder`. Threads take turns at its SQLite file; the mentions are mapped.

    Raises sqlite3.DatabaseError or OSError if what is there cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self._db = sqlite3.connect(f"file:{folder / FILE}?mode=ro&immutable=1", uri=True, check_same_thread=False)
        self._turn = Lock()
        self.mentions = Postings.open(folder / MENTIONS)
        self.passages = len(self.mentions.lengths)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def count(self, word: str) -> int:
        """How many passages name this keyword."""
        start, end = self.mentions.span(word)
        return end - start

    def together(self, a: str, b: str) -> bool:
        """Whether one passage names both."""
        first, second = (self.mentions.rows[slice(*self.mentions.span(word))] for word in (a, b))
        return bool(np.isin(first, second, assume_unique=True).any())

    def counts(self) -> dict[str, int]:
        """How many there are of each kind of node and edge."""
        asked = {
            "keywords": "keyword",
            "passages": "passage",
            "documents": "(SELECT DISTINCT document FROM passage)",
            "mentions": "mention",
            "beside": "(SELECT 1 FROM beside WHERE a < b)",
            "relations": "(SELECT DISTINCT a, kind, b FROM relation)",
            "synonyms": "synonym",
        }
        return {name: self._all(f"SELECT COUNT(*) FROM {table}")[0][0] for name, table in asked.items()}

    def synonyms(self, word: str) -> list[Step]:
        """What documents may say for this word of a question, the surest first."""
        rows = self._all(
            "SELECT said, score, origin, evidence FROM synonym WHERE asked = ? ORDER BY score DESC, said", (word,)
        )
        return [
            Step(word, LEARNED if origin == PAIRS else SYNONYM, said, score, evidence)
            for said, score, origin, evidence in rows
        ]

    def near(self, word: str, most: int) -> list[Step]:
        """The `most` keywords that stand beside this one more than chance has it, by PPMI as a share of its maximum.

        Positive pointwise mutual information: Church & Hanks, Computational Linguistics 1990. Pairs of one passage are
        left out. A keyword that most passages name has no neighbours.
        """
        count = self.count(word)
        if not count or count > max(_FEW, _COMMON * self.passages):
            return []
        rows = self._all(
            "SELECT o.word, x.passages, o.passages FROM keyword k JOIN beside x ON x.a = k.num"
            " JOIN keyword o ON o.num = x.b WHERE k.word = ? AND x.passages > 1"
            " ORDER BY x.passages * x.passages * 1.0 / o.passages DESC, o.word LIMIT ?",
            (word, most),
        )
        highest = math.log(self.passages) or 1.0
        shares = [math.log(both * self.passages / (count * alone)) / highest for _, both, alone in rows]
        return [
            Step(word, NEAR, other, min(share, 1.0), f"함께 나온 문단 {both}개")
            for (other, both, _), share in zip(rows, shares, strict=True)
            if share > 0
        ]

    def relations(self, word: str, most: int) -> list[Step]:
        """The relations that this keyword is head or tail of, those that most passages state first."""
        rows = self._all(
            "WITH asked AS (SELECT num FROM keyword WHERE word = ?), found AS (SELECT a, kind, b FROM relation WHERE a IN"
            " asked UNION ALL SELECT a, kind, b FROM relation WHERE b IN asked AND a NOT IN asked)"
            " SELECT h.word, kind, t.word, COUNT(*) AS n FROM found JOIN keyword h ON h.num = a JOIN keyword t ON t.num = b"
            " GROUP BY a, kind, b ORDER BY n DESC, h.word, t.word LIMIT ?",
            (word, most),
        )
        return [Step(head, kind, tail, 1.0, f"문단 {n}개") for head, kind, tail, n in rows]

    def rows_of(self, word: str, most: int) -> list[int]:
        """The rows of the passages that this keyword says most about, best first."""
        start, end = self.mentions.span(word)
        order = sorted(range(start, end), key=lambda n: (-float(self.mentions.impacts[n]), int(self.mentions.rows[n])))
        return [int(self.mentions.rows[n]) for n in order[:most]]

    def nodes(self, rows: Sequence[int]) -> dict[int, Node]:
        """The passages in these rows."""
        found = {}
        for row in rows:
            for node in self._all("SELECT id, document, source FROM passage WHERE row = ?", (row,)):
                found[row] = Node(*node)
        return found

    def keywords_of(self, passage: str) -> dict[str, int]:
        """The keywords of a passage, by id, and in how many of its sentences each stands."""
        return dict(
            self._all(
                "SELECT word, count FROM passage p JOIN mention m ON m.passage = p.num JOIN keyword k ON k.num = m.keyword"
                " WHERE p.id = ? ORDER BY word",
                (passage,),
            )
        )

    def words(self) -> Iterator[tuple[str, int]]:
        """Every keyword and how many passages name it."""
        return iter(self._all("SELECT word, passages FROM keyword ORDER BY word"))

    def all_passages(self) -> Iterator[tuple[str, str, str]]:
        """(id, document, source) of every passage."""
        return iter(self._all("SELECT id, document, source FROM passage ORDER BY id"))

    def edges(self) -> Iterator[tuple[str, str, str, float, str]]:
        """Every edge as (kind, from, to, weight, evidence): keywords by word, passages and documents by id.

        mention weights are numbers of sentences, beside weights numbers of passages, in one direction only.
        """
        for kind, query in _EDGES.items():
            for head, name, tail, weight, evidence in self._all(query):
                yield name or kind, head, tail, float(weight), evidence

    def _all(self, query: str, values: tuple[object, ...] = ()) -> list[tuple]:  # type: ignore[type-arg]
        with self._turn, closing(self._db.execute(query, values)) as cursor:
            return cursor.fetchall()


_EDGES = {
    "mention": "SELECT p.id, '', k.word, m.count, '' FROM mention m JOIN passage p ON p.num = m.passage"
    " JOIN keyword k ON k.num = m.keyword ORDER BY p.id, k.word",
    "part": "SELECT id, '', document, 1, '' FROM passage ORDER BY id",
    "beside": "SELECT a.word, '', b.word, x.passages, '' FROM beside x JOIN keyword a ON a.num = x.a"
    " JOIN keyword b ON b.num = x.b WHERE a.word < b.word ORDER BY a.word, b.word",
    "relation": "SELECT a.word, r.kind, b.word, COUNT(*), '' FROM relation r JOIN keyword a ON a.num = r.a"
    " JOIN keyword b ON b.num = r.b GROUP BY r.a, r.kind, r.b ORDER BY a.word, b.word",
    "synonym": "SELECT asked, '', said, score, evidence FROM synonym ORDER BY asked, said",
}
