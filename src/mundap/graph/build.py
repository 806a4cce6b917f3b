"""Write the keyword graph of one segment: its passages with their keywords, or those of other segments that are kept.

Keywords that one sentence names stand beside each other; how many passages have them so is counted, and the sentences of
each passage are kept, so that a passage that is gone can be subtracted. What follows from the counts (PPMI) is computed
when it is asked for.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, combinations
from pathlib import Path

from mundap.files import batched
from mundap.graph.synonyms import Synonym
from mundap.index.posting_runs import PostingsWriter
from mundap.messages import without_page
from mundap.protocols import Mask, Progress, quiet
from mundap.types import Passage

FILE = "graph.sqlite"
MENTIONS = "mentions"  # the folder of the mentions by keyword
SYNONYMS = "synonyms.json"
K1, B = 0.9, 0.6  # how much repetition and length of a passage count, as in the lexical leg
_MOST = 20  # keywords of one sentence that are set beside each other; a longer one is a list of everything
_BATCH = 256
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_SCHEMA = """
CREATE TABLE passage(num INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, document TEXT NOT NULL, source TEXT NOT NULL,
                     sentences TEXT NOT NULL);
CREATE TABLE keyword(num INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE, passages INTEGER NOT NULL DEFAULT 0);
CREATE TABLE mention(passage INTEGER, keyword INTEGER, count INTEGER NOT NULL, PRIMARY KEY(passage, keyword)) WITHOUT ROWID;
CREATE TABLE beside(a INTEGER, b INTEGER, passages INTEGER NOT NULL, PRIMARY KEY(a, b)) WITHOUT ROWID;
CREATE TABLE relation(a INTEGER, kind TEXT, b INTEGER, passage INTEGER, PRIMARY KEY(a, kind, b, passage)) WITHOUT ROWID;
CREATE INDEX relation_passage ON relation(passage);
CREATE INDEX relation_b ON relation(b);
"""

Name = Callable[[Sequence[str]], list[list[str]]]


@dataclass(frozen=True, slots=True)
class Relation:
    """A typed edge that one passage states: 담배 -보기-> 면세품. Head and tail are keywords of the passage."""

    head: str
    kind: str
    tail: str


Relate = Callable[[Sequence[str], Sequence[Sequence[str]]], Iterable[Sequence[Relation]]]


@dataclass(frozen=True)
class GraphFiles:
    """The keyword graph as what stands beside the rows of a segment (index.segment.Annex).

    `name` gives the keywords of each sentence, and `relate` the relations in each passage, given its keywords. `recipe`
    tells what decides both. `synonyms` are a generation's: a changed table changes no segment.
    """

    name: Name
    relate: Relate
    recipe: str
    synonyms: Sequence[Synonym] = ()
    progress: Progress = quiet

    def writer(self, folder: Path) -> GraphWriter:
        """One that names what passages say."""
        return GraphWriter(folder, self.name, self.relate, self.progress)

    def merge(self, folder: Path, sources: Sequence[tuple[Path, Mask]]) -> None:
        """Write into `folder` what the graphs in the folders of `sources` hold of the passages that are kept."""
        writer = GraphWriter(folder, self.name, self.relate, quiet)
        for source, kept in sources:
            writer.copy(source, kept)
        writer.finish()

    def describe(self, folder: Path) -> None:
        """Write the synonyms."""
        distinct = {(s.asked, s.said): (s.asked, s.said, s.score, s.origin, s.evidence) for s in self.synonyms}
        (folder / SYNONYMS).write_text(json.dumps([*distinct.values()], ensure_ascii=False), "utf-8")


def graph_text(passage: Passage) -> str:
    """What the graph reads of a passage: that of the lexical leg, without the page that a source names, which is no
    keyword."""
    source = without_page(passage.source)
    return f"{source}\n{passage.embedded}" if source else passage.embedded


class GraphWriter:
    """Writes the graph of one segment into `folder`. A passage's number is its row."""

    def __init__(self, folder: Path, name: Name, relate: Relate, progress: Progress) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MENTIONS).mkdir()
        self._name, self._relate, self._progress = name, relate, progress
        self._mentions = PostingsWriter(folder / MENTIONS)
        self._rows = 0
        self._db = sqlite3.connect(folder / FILE, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=OFF")  # the folder is thrown away as a whole if this fails
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.executescript(_SCHEMA)
        self._db.execute("BEGIN")

    def add(self, rows: Sequence[Passage]) -> None:
        """Add these passages, read by `name` and `relate`."""
        for some in batched(rows, _BATCH):
            pieces = [[piece for piece in _SENTENCE.split(graph_text(row)) if piece.strip()] for row in some]
            named = iter(self._name([piece for some_pieces in pieces for piece in some_pieces]))
            sentences = [[words for _ in some_pieces if (words := next(named))] for some_pieces in pieces]
            keywords = [list(dict.fromkeys(chain(*words))) for words in sentences]
            stated = self._relate([graph_text(row) for row in some], keywords)
            self._put(
                [
                    _Read(row.id, row.document_id, row.source, words, list(relations))
                    for row, words, relations in zip(some, sentences, stated, strict=True)
                ]
            )
            self._progress(len(some), len(some))

    def copy(self, folder: Path, kept: Mask) -> None:
        """Add the passages of another graph that are kept."""
        with closing(sqlite3.connect(f"file:{folder / FILE}?mode=ro&immutable=1", uri=True)) as db:
            word: dict[int, str] = dict(db.execute("SELECT num, word FROM keyword"))
            passages = db.execute("SELECT num, id, document, source, sentences FROM passage ORDER BY num")
            for some in batched((row for row in passages if kept[row[0]]), _BATCH):
                relations = {num: _relations(db, num, word) for num, *_ in some}
                self._put(
                    [
                        _Read(id, document, source, _words(sentences, word), relations[num])
                        for num, id, document, source, sentences in some
                    ]
                )

    def finish(self) -> None:
        """Write what is left."""
        self._db.execute("COMMIT")
        self._db.close()
        self._mentions.finish()

    def _put(self, passages: Sequence[_Read]) -> None:
        db = self._db
        known = {word for passage in passages for words in passage.sentences for word in words}
        db.executemany("INSERT OR IGNORE INTO keyword(word) VALUES (?)", ((word,) for word in sorted(known)))
        num = {word: db.execute("SELECT num FROM keyword WHERE word = ?", (word,)).fetchone()[0] for word in known}
        listed = [[[num[word] for word in words] for words in passage.sentences] for passage in passages]
        _count(db, listed)
        for passage, sentences in zip(passages, listed, strict=True):
            at = self._rows
            self._rows += 1
            about = (at, passage.id, passage.document, passage.source, json.dumps(sentences, separators=(",", ":")))
            db.execute("INSERT INTO passage VALUES (?,?,?,?,?)", about)
            times = Counter(chain(*sentences))
            db.executemany("INSERT INTO mention VALUES (?,?,?)", ((at, word, n) for word, n in times.items()))
            db.executemany(
                "INSERT OR IGNORE INTO relation VALUES (?,?,?,?)",
                ((num[r.head], r.kind, num[r.tail], at) for r in passage.relations if r.head in num and r.tail in num),
            )
        self._mentions.add(list(chain(*passage.sentences)) for passage in passages)


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read of a passage: the keywords of each of its sentences, and what it states."""

    id: str
    document: str
    source: str
    sentences: Sequence[Sequence[str]]
    relations: Sequence[Relation]


def beside(sentences: Sequence[Sequence[int]]) -> set[tuple[int, int]]:
    """The keywords of a passage that stand beside each other, the smaller number first."""
    return {pair for words in sentences for pair in combinations(sorted(set(words[:_MOST])), 2)}


def build(
    folder: Path,
    rows: Sequence[Passage],
    name: Name,
    relate: Relate,
    synonyms: Sequence[Synonym] = (),
) -> None:
    """Write the graph of `rows` alone, with its synonyms, into `folder`."""
    files = GraphFiles(name, relate, "", synonyms)
    writer = files.writer(folder)
    writer.add(rows)
    writer.finish()
    files.describe(folder)


def _words(sentences: str, word: dict[int, str]) -> list[list[str]]:
    return [[word[num] for num in nums] for nums in json.loads(sentences)]


def _relations(db: sqlite3.Connection, passage: int, word: dict[int, str]) -> list[Relation]:
    rows = db.execute("SELECT a, kind, b FROM relation WHERE passage = ?", (passage,))
    return [Relation(word[a], kind, word[b]) for a, kind, b in rows]


def _count(db: sqlite3.Connection, passages: Sequence[Sequence[Sequence[int]]]) -> None:
    """Count how many passages have each keyword, and each two of them in a sentence."""
    alone: Counter[int] = Counter()
    together: Counter[tuple[int, int]] = Counter()
    for sentences in passages:
        alone.update(set(chain(*sentences)))
        together.update(beside(sentences))
    db.executemany("UPDATE keyword SET passages = passages + ? WHERE num = ?", ((c, w) for w, c in alone.items()))
    db.executemany(
        "INSERT INTO beside VALUES (?,?,?) ON CONFLICT(a, b) DO UPDATE SET passages = passages + excluded.passages",
        sorted((a, b, count) for (x, y), count in together.items() for a, b in ((x, y), (y, x))),
    )
