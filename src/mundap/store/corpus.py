"""The corpus: documents, passages and known questions of a record, one transaction for each file.

A passage row that is gone is gone for every leg: searches look their passages up here.
"""

from __future__ import annotations

import json
import re
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from difflib import SequenceMatcher
from heapq import nlargest
from pathlib import Path

from mundap.access import ACCESS
from mundap.errors import MundapError, UnknownFilter
from mundap.files import batched, digest
from mundap.id_set import joined
from mundap.store import schema
from mundap.store.record import File, Place, Record, Row
from mundap.store.sight import Sight
from mundap.store.trouble import told
from mundap.types import SPOKEN, Document, Passage

_VERSION = 1  # of the schema in a file, raised by what an older mundap could not read
_DURABLE = "synchronous=FULL"
_READ = 1000  # rows of a page
_PASSAGE = 'id, document_id, text, start, "end", heading, page, source, parent_id, meta'
_LISTED = (
    "SELECT d.id, d.source, d.title, d.fingerprint,"
    " (SELECT count(*) FROM passages p WHERE p.document_id = d.id AND p.parent_id = p.id), d.added FROM documents d"
)
_ROW = "(p.parent_id = p.id OR NOT EXISTS (SELECT 1 FROM passages q WHERE q.id = p.parent_id))"
_LAST = "SELECT coalesce(max(number), 0) FROM changes"
_FROM = "FROM passages p JOIN documents d ON d.id = p.document_id"
_COLUMNS = {
    "source": "p.source",
    "document_id": "p.document_id",
    "title": "d.title",
    "suffix": "lower(replace(d.source, rtrim(d.source, replace(d.source, '.', '')), ''))",
}
_DATE = "CAST(json_extract(p.meta, '$.date') AS TEXT)"  # a year may be a number
_ISO = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?")
_FILTERS = 64  # whose ids are kept at hand
_DIGESTS = 10_000  # kept in memory, a megabyte
_NAMED = 5  # values of a filter that are named
_MANY = 500  # values in one IN (…); SQLite allows more, and nothing is gained
_FOLLOWED_DAYS = 30  # for which the changes are kept that an index has not followed


@dataclass(frozen=True)
class Listed:
    """A document in a listing, without its text. `added` is the UTC time of its last change, in ISO 8601."""

    id: str
    source: str
    title: str
    fingerprint: str
    passages: int
    added: str


@dataclass(frozen=True)
class StoredQuestion:
    """A known question, with the parent passage that answers it. `answer` may be "". `document` is the source of the
    document that has it."""

    question: str
    answer: str
    passage_id: str
    document: str = ""


class Corpus:
    """Opens, or makes, the corpus in a file or at a server. Every method is its own transaction, in any thread.

    With a `sight` it holds only what that sees, for every method, and cannot be changed. `holder` names whoever follows
    its changes, of whom there may be several at a server.
    """

    def __init__(self, where: Place, sight: Sight | None = None, holder: str = "") -> None:
        self._digests: dict[str, str] = {}
        self._filtered: tuple[str, dict[tuple[str, ...], Set[str]]] = ("", {})
        self._sight = sight
        self._seen: tuple[str, Set[str]] = ("", frozenset())
        self._tagged: tuple[str, Set[str]] = ("", frozenset())
        self._holder = holder
        self._db: Record
        if isinstance(where, Path):
            self._db = _opened(where, sight)
        else:
            self._db = where if sight is None else where.seen_by(sight)

    def damaged(self) -> list[Path]:
        """The file, if SQLite finds it damaged."""
        return self._db.damaged()

    def close(self) -> None:
        """Close the file; the object is not used again."""
        self._db.close()

    def put(
        self,
        document: Document,
        parent_passages: Iterable[Passage],
        chunks: Iterable[Passage],
        fingerprint: str,
        pieces: Iterable[str] = (),
        access: Iterable[str] | None = None,
    ) -> None:
        """Add a document, or replace the one of the same source, with all that hangs on it, and with the tags `access`, as
        in `tag`; None leaves those that it has.

        A passage that is its own chunk may stand in both lists. The text of a document that is too long to be held comes in
        `pieces`, behind its own.
        """
        asked = {question.start for question in document.questions}
        by_start: dict[int, str] = {}

        def rows() -> Iterator[tuple[object, ...]]:
            ordinal = 0
            for passages, own in ((parent_passages, True), (chunks, False)):
                for passage in passages:
                    if own and passage.start in asked:
                        by_start[passage.start] = passage.id
                    if own or passage.parent_id != passage.id:
                        yield _row(passage, ordinal)
                        ordinal += 1

        with self._change():
            self._db.execute("DELETE FROM documents WHERE source = ?", (document.source,))
            self._db.execute("DELETE FROM refused WHERE source = ?", (document.source,))
            self._db.execute(
                "INSERT INTO documents(id, source, title, meta, text, fingerprint) VALUES (?,?,?,?,?,?)",
                (document.id, document.source, document.title, _json(document.meta), document.text, fingerprint),
            )
            every = ((document.id, n, piece) for n, piece in enumerate(pieces))
            self._db.executemany("INSERT INTO texts VALUES (?,?,?)", every)
            self._db.executemany("INSERT INTO passages VALUES (?,?,?,?,?,?,?,?,?,?,?)", rows())
            self._db.executemany(
                "INSERT INTO questions VALUES (?,?,?,?,?)",
                [(document.id, by_start[q.start], q.question, q.answer, q.row) for q in document.questions],
            )
            if access is not None:
                self._tag(document.source, access)

    def remove(self, source: str) -> None:
        """Remove the document of this source, with all that hangs on it."""
        with self._change():
            self._db.execute("DELETE FROM documents WHERE source = ?", (source,))
            self._db.execute("DELETE FROM access WHERE source = ?", (source,))
        self._db.execute("DELETE FROM refused WHERE source = ?", (source,))

    def tag(self, source: str, tags: Iterable[str]) -> None:
        """Have the document of this source, whether it is here yet or not, be seen only by those who have one of `tags`,
        or by all if there are none."""
        wanted = set(tags)
        if wanted == set(self.tags(source)):
            return
        with self._change():
            self._tag(source, wanted)

    def _tag(self, source: str, tags: Iterable[str]) -> None:
        self._db.execute("DELETE FROM access WHERE source = ?", (source,))
        self._db.executemany("INSERT INTO access VALUES (?,?)", [(source, tag) for tag in sorted(set(tags))])

    def tags(self, source: str) -> list[str]:
        """The tags of the document of this source, in order; not those of its rows, nor of folders in the settings."""
        return [row[0] for row in self._db.execute("SELECT tag FROM access WHERE source = ? ORDER BY tag", (source,))]

    @property
    def tags_in_use(self) -> Set[str]:
        """The tags that any document or row has; not those of folders in the settings."""
        state = self.state()
        if self._tagged[0] != state:
            every = self._db.every
            asked = (
                f"SELECT tag FROM {every}.access UNION SELECT t.value FROM {every}.passages p, json_each(p.meta, ?) t"
            )
            self._tagged = (state, frozenset(row[0] for row in self._db.execute(asked, (f"$.{ACCESS}",))))
        return self._tagged[1]

    @property
    def seen(self) -> Set[str] | None:
        """The ids of all passages that are seen; None without a sight, which sees all."""
        if self._sight is None:
            return None
        state = self.state()
        if self._seen[0] != state:
            self._seen = (state, self._id_set("SELECT id FROM passages", ()))
        return self._seen[1]

    def named(self, name: str) -> list[str]:
        """The sources of the documents with this source or id, else with this file name, title, or passage id."""
        exact = "source = :x OR id = :x"
        loose = (
            "title = :x OR substr(source, length(source) - length(:x)) = '/' || :x"
            " OR id IN (SELECT document_id FROM passages WHERE id = :x)"
        )
        for condition in (exact, loose):
            rows = self._db.execute(f"SELECT source FROM documents WHERE {condition} ORDER BY source", {"x": name})
            if sources := [row[0] for row in rows]:
                return sources
        return []

    def documents(self) -> list[Listed]:
        """All documents by source."""
        return [Listed(*row) for row in self._db.execute(f"{_LISTED} ORDER BY d.source")]

    def documents_like(self, words: str, limit: int, offset: int = 0) -> tuple[int, list[Listed]]:
        """How many documents have `words` in their source or title, and `limit` of them by source, from `offset` on."""
        like = "WHERE instr(lower(d.source || '\n' || d.title), :words) > 0"
        values = {"words": words.encode().lower().decode(), "limit": limit, "offset": offset}  # of ASCII, as lower(…)
        [total] = self._db.execute(f"SELECT count(*) FROM documents d {like}", values).fetchone()
        rows = self._db.execute(f"{_LISTED} {like} ORDER BY d.source LIMIT :limit OFFSET :offset", values)
        return int(total), [Listed(*row) for row in rows]

    def document(self, document_id: str) -> Listed | None:
        """The document with this id, or None if it is not here."""
        row = self._db.execute(f"{_LISTED} WHERE d.id = ?", (document_id,)).fetchone()
        return None if row is None else Listed(*row)

    def fingerprint(self, source: str) -> str | None:
        """What the file of `source` looked like when it was read, or None if it is not here."""
        row = self._db.execute("SELECT fingerprint FROM documents WHERE source = ?", (source,)).fetchone()
        return None if row is None else str(row[0])

    def refuse(self, source: str, fingerprint: str, reason: str) -> None:
        """Keep what the file of `source` looked like when it could not be read, and why. No search changes by it."""
        self._db.execute(
            "INSERT INTO refused VALUES (?,?,?) ON CONFLICT (source)"
            " DO UPDATE SET fingerprint = excluded.fingerprint, reason = excluded.reason",
            (source, fingerprint, reason),
        )

    def refusal(self, source: str) -> tuple[str, str] | None:
        """What was kept of the file of `source`, which could not be read then: the fingerprint, and why."""
        row: tuple[str, str] | None = self._db.execute(
            "SELECT fingerprint, reason FROM refused WHERE source = ?", (source,)
        ).fetchone()
        return row

    def refusals(self) -> list[tuple[str, str]]:
        """The source of every file that could not be read when it was last tried, and why, by source."""
        return list(self._db.execute("SELECT source, reason FROM refused ORDER BY source"))

    def forgive(self, source: str) -> None:
        """Forget that the file of `source` could not be read."""
        self._db.execute("DELETE FROM refused WHERE source = ?", (source,))

    def text_digest(self, document_id: str) -> str | None:
        """A digest of the whole text of a document, 128 bits in hex, or None if it is not here.

        An id is a hash of the text too (ingest.build), so that what was computed once holds.
        """
        known = self._digests.get(document_id)
        if known is None and (text := self._text(document_id)) is not None:
            if len(self._digests) >= _DIGESTS:
                self._digests.clear()
            known = self._digests[document_id] = digest(text, size=16)
        return known

    def text(self, document_id: str) -> str | None:
        """The whole text of a document, or None if it is not here, or not all of it is seen."""
        counted = "SELECT count(*) FROM {}passages WHERE document_id = ?"
        if self._sight is not None:
            both = (f"{self._db.every}.", "")
            [every], [own] = (self._db.execute(counted.format(of), (document_id,)).fetchone() for of in both)
            if every != own:
                return None
        return self._text(document_id)

    def hides(self, source: str) -> bool:
        """Whether there is a document of this source of which not all is seen."""
        if self._sight is None:
            return False
        counted = "SELECT count(*) FROM {0}passages p JOIN {0}documents d ON d.id = p.document_id WHERE d.source = ?"
        [every], [own] = (self._db.execute(counted.format(of), (source,)).fetchone() for of in ("main.", ""))
        return bool(every != own)

    def _text(self, document_id: str) -> str | None:
        row = self._db.execute("SELECT text FROM documents WHERE id = ?", (document_id,)).fetchone()
        pieces = self._db.execute("SELECT text FROM texts WHERE document_id = ? ORDER BY ordinal", (document_id,))
        return None if row is None else "".join([row[0], *(piece for (piece,) in pieces)])

    def counts(self) -> tuple[int, int]:
        """How many documents and parent passages there are."""
        documents, passages = self._db.execute(
            "SELECT (SELECT count(*) FROM documents), (SELECT count(*) FROM passages WHERE parent_id = id)"
        ).fetchone()
        return int(documents), int(passages)

    def has_passages(self) -> bool:
        """Whether there is any passage: other than counting, this takes no longer for many."""
        return self._db.execute("SELECT 1 FROM passages LIMIT 1").fetchone() is not None

    def passage_count(self) -> int:
        """How many passages there are, parent passages and chunks."""
        return int(self._db.execute("SELECT count(*) FROM passages").fetchone()[0])

    def ids(self) -> list[str]:
        """The ids of all passages, parent passages and chunks, in order."""
        return [row[0] for row in self._db.execute("SELECT id FROM passages ORDER BY id")]

    def all_passages(self) -> list[Passage]:
        """All passages, parent passages and chunks, by id."""
        return [_passage(row) for row in self._db.execute(f"SELECT {_PASSAGE} FROM passages ORDER BY id")]

    def parent_texts(self) -> Iterator[tuple[str, str, str | None, str]]:
        """Of every parent passage its id, its document's source, its meta["kind"] and its text, by id."""
        kind, last = "json_extract(p.meta, '$.kind')", ""
        query = (
            f"SELECT p.id, d.source, {kind}, p.text {_FROM} WHERE p.parent_id = p.id AND p.id > ? ORDER BY p.id LIMIT ?"
        )
        while rows := self._db.execute(query, (last, _READ)).fetchall():
            yield from rows
            last = rows[-1][0]

    def passages(self, ids: Sequence[str]) -> dict[str, Passage]:
        """Those of `ids` that exist, by id."""
        found = {}
        for first in range(0, len(ids), _MANY):
            some = ids[first : first + _MANY]
            marks = ",".join("?" * len(some))
            for row in self._db.execute(f"SELECT {_PASSAGE} FROM passages WHERE id IN ({marks})", some):
                found[row[0]] = _passage(row)
        return found

    def passages_in(self, document_id: str, limit: int, offset: int = 0) -> tuple[int, list[list[Passage]]]:
        """How many parent passages a document has, and `limit` of them in order, from `offset` on, each followed by its
        chunks."""
        counted = "SELECT count(*) FROM passages WHERE document_id = ? AND parent_id = id"
        [total] = self._db.execute(counted, (document_id,)).fetchone()
        rows = self._db.execute(
            f"SELECT {_PASSAGE} FROM passages WHERE document_id = ? AND parent_id = id ORDER BY ordinal LIMIT ? OFFSET ?",
            (document_id, limit, offset),
        )
        own = {row[0]: [_passage(row)] for row in rows}
        chunks = f"SELECT {_PASSAGE} FROM passages WHERE document_id = ? AND parent_id <> id ORDER BY ordinal"
        for row in self._db.execute(chunks, (document_id,)):
            if row[8] in own:
                own[row[8]].append(_passage(row))
        return int(total), [*own.values()]

    def present(self, ids: Sequence[str]) -> dict[str, str]:
        """Those of `ids` that exist, each with the id of its parent passage."""
        return dict(self._where_in("SELECT id, parent_id FROM passages WHERE id IN", ids))

    def families(self, ids: Sequence[str] | None = None) -> Iterator[list[Passage]]:
        """Every passage that can be found, followed by its chunks, or those of `ids`; a batch at a time.

        Those are parent passages, and chunks whose parent is not here.
        """
        found = f"FROM passages p WHERE {_ROW}"
        rows = self._in_order(found) if ids is None else self._where_in(f"SELECT {_PASSAGE} {found} AND id IN", ids)
        for some in batched(rows, _MANY):
            own = {row[0]: _passage(row[:10]) for row in some}
            chunks = f"SELECT {_PASSAGE} FROM passages WHERE parent_id <> id AND parent_id IN"
            yield [*own.values(), *(_passage(row) for row in self._where_in(chunks, [*own]))]

    def _in_order(self, found: str) -> Iterator[Row]:
        """The passages that are `found` in the order in which they came, a page at a time: none is held for long."""
        last = 0
        query = f"SELECT {_PASSAGE}, rowid {found} AND rowid > ? ORDER BY rowid LIMIT ?"
        while rows := self._db.execute(query, (last, _READ)).fetchall():
            yield from rows
            last = rows[-1][-1]

    def _where_in(self, query: str, values: Sequence[str]) -> Iterator[Row]:
        for first in range(0, len(values), _MANY):
            some = values[first : first + _MANY]
            yield from self._db.execute(f"{query} ({','.join('?' * len(some))})", some)

    def mark(self) -> str:
        """The state now; the changes that come after it can be asked for by `changed`."""
        with self._db.transaction():
            state = self.state()
            self._db.execute(
                f"INSERT INTO marks VALUES (?, ({_LAST})) ON CONFLICT (token) DO UPDATE SET number = excluded.number",
                (state,),
            )
            self._follow([state])
        return state

    def changed(self, since: str) -> list[str] | None:
        """The ids of the passages that came or went since that state was marked, in order; None if that is not known."""
        mark = self._db.execute("SELECT number FROM marks WHERE token = ?", (since,)).fetchone()
        if mark is None:
            return None
        rows = self._db.execute("SELECT passage_id FROM changes WHERE number > ? ORDER BY number", mark)
        return list(dict.fromkeys(row[0] for row in rows))

    def forget_changes(self, states: Sequence[str]) -> None:
        """From now on, `changed` is only asked for one of these states by this holder.

        The last change stays, for the next to be numbered after it; so do those that others have not followed for a month.
        """
        with self._db.transaction():
            self._db.execute("DELETE FROM followers WHERE holder = ?", (self._holder,))
            self._follow(states)
            old = (datetime.now(UTC) - timedelta(days=_FOLLOWED_DAYS)).isoformat()
            self._db.execute("DELETE FROM followers WHERE time < ?", (old,))
            self._db.execute("DELETE FROM marks WHERE token NOT IN (SELECT token FROM followers)")
            self._db.execute(
                "DELETE FROM changes WHERE number <= (SELECT min(number) FROM marks)"
                " AND number < (SELECT max(number) FROM changes)"
            )

    def _follow(self, states: Sequence[str]) -> None:
        """Note that the holder may ask for what changed since these."""
        now = datetime.now(UTC).isoformat()
        self._db.executemany(
            "INSERT INTO followers VALUES (?,?,?) ON CONFLICT (holder, token) DO UPDATE SET time = excluded.time",
            [(self._holder, state, now) for state in states],
        )

    def holding(self, words: str, limit: int) -> list[str]:
        """The ids of the first `limit` parent passages that hold `words`, just so. Every passage is read."""
        query = "SELECT id FROM passages WHERE parent_id = id AND instr(text, ?) > 0 ORDER BY id LIMIT ?"
        return [row[0] for row in self._db.execute(query, (words, limit))]

    def questions(self) -> list[StoredQuestion]:
        """Every known question, in a fixed order."""
        rows = self._db.execute(
            "SELECT q.question, q.answer, q.passage_id, d.source FROM questions q JOIN documents d ON d.id = q.document_id"
            " ORDER BY q.passage_id, q.rowid"
        )
        return [StoredQuestion(*row) for row in rows]

    def sample_questions(self, count: int, longest: int = 60) -> list[str]:
        """Up to `count` known questions of at most `longest` characters, spread over the corpus; always the same."""
        short = (
            "FROM (SELECT question, min(rowid) AS place FROM questions WHERE length(question) <= ? GROUP BY question) q"
        )
        [total] = self._db.execute(f"SELECT count(*) {short}", (longest,)).fetchone()
        places = [n * total // count for n in range(min(count, total))] if total >= count else range(total)
        one = f"SELECT question {short} ORDER BY place LIMIT 1 OFFSET ?"
        return [self._db.execute(one, (longest, place)).fetchone()[0] for place in places]

    def sample_headings(self, count: int, longest: int = 30) -> list[str]:
        """Up to `count` headings, the lowest level alone and of at most `longest` characters, spread over the corpus."""
        rows = self._db.execute(
            "SELECT heading, min(rowid) AS place FROM passages WHERE heading <> '' GROUP BY heading ORDER BY place"
        )
        lowest = (heading.rpartition(" > ")[2].strip() for heading, _ in rows)
        found = list(dict.fromkeys(heading for heading in lowest if 1 < len(heading) <= longest))
        return [found[n * len(found) // count] for n in range(count)] if len(found) > count else found

    def ids_where(
        self, fields: Iterable[tuple[str, Sequence[str]]], *, since: str | None = None, until: str | None = None
    ) -> Set[str]:
        """The ids of passages whose every field has one of its values, and whose date lies in a period.

        A field is source, document_id, title, suffix (of the file, without its dot) or a meta key. `since` and `until`
        are YYYY, YYYY-MM or YYYY-MM-DD, both inclusive: until 2023-10 means to its last day. A passage of 2023-10
        lies in a period that has any day of that month; one without a date lies in none. Until the corpus changes, the same
        filter gives the same object. Raises MundapError for a bound that is no date.
        """
        clauses, values = ["TRUE"], []
        for name, wanted in fields:
            column, key = _column(name)
            clauses.append(f"{column} IN ({','.join('?' * len(wanted)) or 'NULL'})")
            values += [*key, *wanted]
        # As text, 2023 and 2023-10 sort before every day that they hold; what is shorter than a year is no date.
        if since is not None or until is not None:
            clauses.append(f"length({_DATE}) >= 4")
        if since is not None:
            clauses.append(f"{_DATE} || substr('-12-31', length({_DATE}) - 3) >= ?")
            values.append(_iso(since))
        if until is not None:
            clauses.append(f"{_DATE} <= ?")
            values.append(_iso(until) + "-12-31"[len(until) - 4 :])
        query = f"SELECT p.id {_FROM} WHERE {' AND '.join(clauses)}"
        asked, state = (query, *values), self.state()
        if self._filtered[0] != state:
            self._filtered = (state, {})
        known = self._filtered[1]  # one read: another thread may replace it
        found = known.get(asked)
        if found is None:
            found = self._id_set(query, values)
            if len(known) < _FILTERS:
                known[asked] = found
        return found

    def _id_set(self, query: str, values: Sequence[str]) -> Set[str]:
        """The ids that a query gives, which the record joins: a Python object for each would take a second for a million."""
        [ids] = self._db.execute(f"SELECT {self._db.joined} FROM ({query}) q", values).fetchone()
        return joined(ids or "")

    def check_filter(self, fields: Iterable[tuple[str, Sequence[str]]]) -> None:
        """Raises UnknownFilter for fields that no passage has, and for one none of whose values any has, naming those
        that there are. No values at all are allowed, and allow nothing."""
        for name, wanted in fields:
            column, key = _column(name)
            if name not in _COLUMNS and not self._has(f"{column} IS NOT NULL", key):
                raise UnknownFilter(f"'{name}'은(는) 없는 열입니다. 사용할 수 있는 열: {', '.join(self.fields())}")
            if wanted and not self._has(f"{column} IN ({','.join('?' * len(wanted))})", [*key, *wanted]):
                some = nearest(wanted[0], self.values(name))
                more = f" 외 {len(wanted) - _NAMED}개" if len(wanted) > _NAMED else ""
                said = f"{name}이(가) {_listed(wanted[:_NAMED])}{more}인 문서가 없습니다."
                raise UnknownFilter(f"{said} 있는 값: {_listed(some)}" if some else said)

    def _has(self, condition: str, values: Sequence[str]) -> bool:
        return self._db.execute(f"SELECT 1 {_FROM} WHERE {condition} LIMIT 1", values).fetchone() is not None

    def fields(self) -> list[str]:
        """The fields that `ids_where` knows of these passages."""
        keys = self._db.execute(
            "SELECT DISTINCT key FROM passages p, json_each(p.meta) WHERE key NOT IN (?, ?) ORDER BY key",
            (SPOKEN, ACCESS),
        )
        return list(dict.fromkeys([*_COLUMNS, *(row[0] for row in keys)]))

    def values(self, field: str) -> list[str]:
        """The distinct values of a field of `ids_where`, in order, without the empty one."""
        column, key = _column(field)
        table = "documents d" if "d." in column else "passages p"
        rows = self._db.execute(f"SELECT DISTINCT {column} AS value FROM {table} ORDER BY value", key)
        return [row[0] for row in rows if row[0]]

    def state(self) -> str:
        """A token that is another one after every change, by whichever process."""
        return str(self._db.execute("SELECT token FROM state").fetchone()[0])

    @contextmanager
    def many_changes(self) -> Iterator[None]:
        """The changes made inside wait for the disk once, at the end, and not one by one.

        Each is whole or not there all the same; a power cut, but no killed process, can undo the last of them.
        """
        if not isinstance(self._db, File):  # a server writes for all at once
            yield
            return
        before = self._db.total_changes
        self._db.execute("PRAGMA synchronous=NORMAL")
        try:
            yield
        finally:
            self._db.execute(f"PRAGMA {_DURABLE}")
            if self._db.total_changes > before:
                self._db.execute("UPDATE state SET token = token")  # flushes the log with all that stands before it

    @contextmanager
    def _change(self) -> Iterator[None]:
        with self._db.transaction():
            before = self._db.total_changes
            yield
            if self._db.total_changes > before:
                self._db.execute("UPDATE state SET token = ?", (secrets.token_hex(8),))


def _listed(values: Sequence[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def nearest(value: str, values: Sequence[str], most: int = 5) -> list[str]:
    """The `most` values that are most like `value`, best first: those that hold it come before those that resemble it."""
    near = SequenceMatcher(b=value)

    def likeness(other: str) -> float:
        near.set_seq1(other)
        return (value in other or other in value) + near.quick_ratio()

    return nlargest(most, values, likeness)


def _column(field: str) -> tuple[str, list[str]]:
    """The SQL of a field, and the values that it takes."""
    if field in _COLUMNS:
        return _COLUMNS[field], []
    if '"' in field:  # which no JSON path can hold
        return "NULL", []
    return "CAST(json_extract(p.meta, ?) AS TEXT)", [f'$."{field}"']


def _iso(bound: str) -> str:
    try:
        if _ISO.fullmatch(bound) and date.fromisoformat(bound + "-01-01"[len(bound) - 4 :]):
            return bound
    except ValueError:
        pass  # 2023-02-30
    raise MundapError(f"'{bound}': 날짜가 아닙니다. 2023, 2023-05, 2023-05-03 형식으로 입력하세요.")


def _row(p: Passage, ordinal: int) -> tuple[object, ...]:
    where = (p.id, p.document_id, p.parent_id, ordinal, p.start, p.end, p.page)
    return (*where, p.heading, p.source, _json(p.meta), p.text)


def _json(meta: object) -> str:
    return json.dumps(meta, ensure_ascii=False)


def _passage(row: tuple[str, str, str, int, int, str, int | None, str, str, str]) -> Passage:
    return Passage(*row[:9], meta={} if row[9] == "{}" else json.loads(row[9]))  # most have none


def _opened(path: Path, sight: Sight | None) -> File:
    """The corpus in a file; of one that is seen in part the tables are there."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = File(path, "journal_mode=WAL", _DURABLE, "foreign_keys=ON", sight=sight)
        if sight is None:
            version = _checked_version(file, path)
            file.executescript(schema.CORPUS + schema.SQLITE_ONLY)
            if version != _VERSION:  # on a full disk what is there can be read as long as nothing is written
                file.execute(f"PRAGMA user_version = {_VERSION}")
    except (OSError, sqlite3.DatabaseError) as error:
        raise told(error, path) or MundapError(f"{path}: 열 수 없습니다({error}).") from error
    return file


def _checked_version(db: Record, path: Path) -> int:
    """The version of the schema in the file, 0 for a new one. Raises MundapError for a later one."""
    [version] = db.execute("PRAGMA user_version").fetchone()
    if version > _VERSION:
        raise MundapError(
            f"{path}: 더 새로운 mundap이 만든 데이터입니다(형식 {version}, 이 버전은 {_VERSION}까지). mundap을 업데이트하세요."
        )
    return int(version)
