"""Write the keyword graph of one generation: copy the one before, take out what is gone, add what is new.

Keywords that one sentence names stand beside each other; how many passages have them so is counted, so that a
passage can be taken out again, and what follows from the counts (PPMI) is computed when it is asked for.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mundap.graph.synonyms import Synonym
from mundap.index.postings import Postings
from mundap.protocols import Progress, quiet
from mundap.types import Passage

FILE = "graph.sqlite"
MENTIONS = "mentions"  # the folder of the mentions by keyword
K1, B = 0.9, 0.6  # how much repetition and length of a passage count, as in the lexical leg
_MOST = 20  # keywords of one sentence that are set beside each other; a longer one is a list of everything
_BATCH = 256
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_SCHEMA = """
CREATE TABLE about(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE passage(num INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, row INTEGER NOT NULL DEFAULT -1,
                     document TEXT NOT NULL, source TEXT NOT NULL, sentences TEXT NOT NULL);
CREATE TABLE keyword(num INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE, passages INTEGER NOT NULL DEFAULT 0);
CREATE TABLE mention(passage INTEGER, keyword INTEGER, count INTEGER NOT NULL, PRIMARY KEY(passage, keyword)) WITHOUT ROWID;
CREATE TABLE beside(a INTEGER, b INTEGER, passages INTEGER NOT NULL, PRIMARY KEY(a, b)) WITHOUT ROWID;
CREATE TABLE relation(a INTEGER, kind TEXT, b INTEGER, passage INTEGER, PRIMARY KEY(a, kind, b, passage)) WITHOUT ROWID;
CREATE INDEX relation_passage ON relation(passage);
CREATE INDEX relation_b ON relation(b);
CREATE TABLE synonym(asked TEXT, said TEXT, score REAL NOT NULL, origin TEXT NOT NULL, evidence TEXT NOT NULL,
                     PRIMARY KEY(asked, said)) WITHOUT ROWID;
"""

Name = Callable[[Sequence[str]], list[list[str]]]


@dataclass(frozen=True, slots=True)
class Relation:
    """A typed edge that one passage states: 담배 -보기-> 면세품. Head and tail are keywords of the passage."""

    head: str
    kind: str
    tail: str


Relate = Callable[[Sequence[str], Sequence[Sequence[str]]], Iterable[Sequence[Relation]]]


def build(
    folder: Path,
    rows: Sequence[Passage],
    name: Name,
    relate: Relate,
    recipe: str,
    synonyms: Sequence[Synonym] = (),
    old: Path | None = None,
    progress: Progress = quiet,
) -> None:
    """Write the graph of `rows`, parent passages in the order of ids, into `folder`.

    `name` gives the keywords of each sentence, and `relate` the relations in each passage, given its keywords; both are
    asked only for passages that the graph in the folder `old` does not hold, if that one is of the same `recipe`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    reused = old if old is not None and recipe_of(old) == recipe else None
    if reused:
        shutil.copyfile(reused / FILE, folder / FILE)
    with closing(sqlite3.connect(folder / FILE, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode=OFF")  # the folder is thrown away as a whole if this fails
        db.execute("PRAGMA synchronous=OFF")
        if not reused:
            db.executescript(_SCHEMA)
            db.execute("INSERT INTO about VALUES ('recipe', ?)", (recipe,))
        db.execute("BEGIN")
        before = {id: (num, row) for id, num, row in db.execute("SELECT id, num, row FROM passage")}
        place = {row.id: n for n, row in enumerate(rows)}
        _take_out(db, [num for id, (num, _) in before.items() if id not in place])
        fresh = [row for row in rows if row.id not in before]
        for done in range(0, len(fresh), _BATCH):
            _add(db, fresh[done : done + _BATCH], name, relate)
            progress(min(done + _BATCH, len(fresh)), len(fresh))
        db.execute("DELETE FROM keyword WHERE passages = 0")
        db.executemany("UPDATE passage SET row = ? WHERE id = ?", ((n, id) for id, n in place.items()))
        db.execute("DELETE FROM synonym")
        db.executemany(
            "INSERT OR REPLACE INTO synonym VALUES (?,?,?,?,?)",
            ((s.asked, s.said, s.score, s.origin, s.evidence) for s in synonyms),
        )
        db.execute("COMMIT")
        moved = np.full(len(before), -1)
        for id, (_, row) in before.items():
            moved[row] = place.get(id, -1)
        (folder / MENTIONS).mkdir()
        _mentions(db, [(row.id, place[row.id]) for row in fresh], reused, moved).save(folder / MENTIONS)


def recipe_of(folder: Path) -> str | None:
    """What decided the graph in `folder`; None if there is none that can be read."""
    if not (folder / FILE).is_file():
        return None
    try:
        with closing(_opened(folder)) as db:
            found = db.execute("SELECT value FROM about WHERE key = 'recipe'").fetchone()
            return str(found[0]) if found else None
    except sqlite3.DatabaseError:
        return None


def _opened(folder: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{folder / FILE}?mode=ro", uri=True, check_same_thread=False)


def _take_out(db: sqlite3.Connection, nums: Sequence[int]) -> None:
    for num in nums:
        [(sentences,)] = db.execute("SELECT sentences FROM passage WHERE num = ?", (num,))
        listed = json.loads(sentences)
        _count(db, [listed], -1)
        db.execute("DELETE FROM mention WHERE passage = ?", (num,))
        db.execute("DELETE FROM relation WHERE passage = ?", (num,))
        db.execute("DELETE FROM passage WHERE num = ?", (num,))
    db.execute("DELETE FROM beside WHERE passages <= 0")


def _add(db: sqlite3.Connection, rows: Sequence[Passage], name: Name, relate: Relate) -> None:
    pieces = [[piece for piece in _SENTENCE.split(row.worded) if piece.strip()] for row in rows]
    named = iter(name([piece for some in pieces for piece in some]))
    sentences = [[words for _ in some if (words := next(named))] for some in pieces]
    known = {word for some in sentences for words in some for word in words}
    db.executemany("INSERT OR IGNORE INTO keyword(word) VALUES (?)", ((word,) for word in sorted(known)))
    num = {word: db.execute("SELECT num FROM keyword WHERE word = ?", (word,)).fetchone()[0] for word in known}
    listed = [[[num[word] for word in words] for words in some] for some in sentences]
    _count(db, listed, 1)
    stated = relate([row.worded for row in rows], [list(dict.fromkeys(chain(*some))) for some in sentences])
    for row, some, relations in zip(rows, listed, stated, strict=True):
        at = db.execute(
            "INSERT INTO passage(id, document, source, sentences) VALUES (?,?,?,?)",
            (row.id, row.document_id, row.source, json.dumps(some, separators=(",", ":"))),
        ).lastrowid
        db.executemany(
            "INSERT INTO mention VALUES (?,?,?)", ((at, word, count) for word, count in _times(some).items())
        )
        db.executemany(
            "INSERT OR IGNORE INTO relation VALUES (?,?,?,?)",
            ((num[r.head], r.kind, num[r.tail], at) for r in relations if r.head in num and r.tail in num),
        )


def _times(sentences: Sequence[Sequence[int]]) -> Counter[int]:
    return Counter(word for words in sentences for word in words)


def _count(db: sqlite3.Connection, passages: Sequence[Sequence[Sequence[int]]], sign: int) -> None:
    """Add to, or take from, how many passages have each keyword, and each two of them in a sentence."""
    alone: Counter[int] = Counter()
    together: Counter[tuple[int, int]] = Counter()
    for sentences in passages:
        alone.update({word for words in sentences for word in words})
        together.update({pair for words in sentences for pair in combinations(sorted(set(words[:_MOST])), 2)})
    db.executemany(
        "UPDATE keyword SET passages = passages + ? WHERE num = ?", ((sign * c, w) for w, c in alone.items())
    )
    db.executemany(
        "INSERT INTO beside VALUES (?,?,?) ON CONFLICT(a, b) DO UPDATE SET passages = passages + excluded.passages",
        sorted((a, b, sign * count) for (x, y), count in together.items() for a, b in ((x, y), (y, x))),
    )


def _mentions(
    db: sqlite3.Connection, fresh: Sequence[tuple[str, int]], reused: Path | None, moved: npt.NDArray[np.int64]
) -> Postings:
    """The mentions by keyword, weighed by how rare it is and how often and how densely the passage names it."""
    texts = _named_by(db, [id for id, _ in fresh])
    if reused is None:
        return Postings.build(texts, K1, B)
    places = np.fromiter((row for _, row in fresh), np.int64, len(fresh))
    return Postings.build(texts, K1, B, Postings.open(reused / MENTIONS), moved, places)


def _named_by(db: sqlite3.Connection, ids: Sequence[str]) -> Iterator[list[str]]:
    for id in ids:
        rows = db.execute(
            "SELECT word, count FROM passage p JOIN mention m ON m.passage = p.num JOIN keyword k ON k.num = m.keyword"
            " WHERE p.id = ? ORDER BY word",
            (id,),
        )
        yield [word for word, count in rows for _ in range(count)]
