"""Vectors and tokens by the hash of their text, so that a rebuild computes only what changed.

Vectors that an index holds are taken from there, and are not kept twice. Losing this file costs time, never data.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mundap.errors import MundapError, StorageFull
from mundap.files import text_key
from mundap.protocols import BatchEncoder, Encoder, Progress, SparseEncoder, Tokenize, TokenWeights, Vectors, quiet
from mundap.store.connections import Connections
from mundap.store.trouble import told

# Texts between two commits: what a killed run has to do again.
_ENCODED = 32
_TOKENISED = 1024
_MANY = 500
_HELD = 4096  # that are given without being kept, where the disk is full
_ID, _HALF = np.dtype(np.int32), np.dtype(np.float16)  # of a token, and its weight


Kept = Callable[[Sequence[bytes]], dict[bytes, npt.NDArray[np.float16]]]


def nowhere(keys: Sequence[bytes]) -> dict[bytes, npt.NDArray[np.float16]]:
    """No vectors are kept elsewhere."""
    return {}


Compute = Callable[
    [Sequence[Sequence[str]]], Iterator[tuple[int, list[bytes]]]
]  # (number of a batch, what was made of it)


def _each(compute: Callable[[Sequence[str]], list[bytes]]) -> Compute:
    """One batch after the other."""
    return lambda batches: ((number, compute(some)) for number, some in enumerate(batches))


def _encoded(encoder: Encoder, batches: Sequence[Sequence[str]]) -> Iterator[tuple[int, list[bytes]]]:
    if isinstance(encoder, BatchEncoder):
        for number, vectors in encoder.encode_batches(batches):
            yield number, [row.tobytes() for row in vectors]
        return
    for number, some in enumerate(batches):
        yield number, [row.tobytes() for row in encoder.encode_passages(some).astype(np.float16)]


class Cache:
    """Opens, or makes, the cache at `path`; a damaged one is thrown away. `elsewhere` gives the vectors, by
    `files.text_key`, that are kept in another place."""

    def __init__(self, path: Path, elsewhere: Kept = nowhere) -> None:
        self._elsewhere = elsewhere
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._open(path)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):  # busy, or not allowed: nothing is wrong with the file
                raise told(error, path) or MundapError(f"{path}: 열 수 없습니다({error}).") from error
            path.unlink()
            self._open(path)

    def _open(self, path: Path) -> None:
        self._connections = Connections(path, "journal_mode=WAL", "synchronous=NORMAL")
        self._db.execute("CREATE TABLE IF NOT EXISTS derived(key BLOB PRIMARY KEY, value BLOB NOT NULL)")

    def damaged(self) -> list[Path]:
        """The file, if SQLite finds it damaged."""
        return self._connections.damaged()

    def close(self) -> None:
        """Close the file; the object is not used again."""
        self._connections.close()

    @property
    def _db(self) -> sqlite3.Connection:
        return self._connections.here

    def vectors(self, texts: Sequence[str], encoder: Encoder, progress: Progress = quiet) -> npt.NDArray[np.float16]:
        """(len(texts), dim) in half precision: passage vectors, computed where they are missing."""
        keys = [text_key(encoder.name, text) for text in texts]
        result = np.empty((len(texts), encoder.dim), np.float16)
        kept = self._elsewhere(keys)
        left = []
        for place, key in enumerate(keys):
            if key in kept:
                result[place] = kept[key]
            else:
                left.append(place)
        raw = self._derived(
            [keys[place] for place in left],
            [texts[place] for place in left],
            partial(_encoded, encoder),
            lambda done, total: progress(done + len(keys) - total, len(keys)),
            _ENCODED,
        )
        for place, value in zip(left, raw, strict=True):
            result[place] = np.frombuffer(value, np.float16)
        return result

    def keep(self, keys: Sequence[bytes], vectors: npt.NDArray[np.float16]) -> None:
        """Keep vectors by their `files.text_key`."""
        rows = [(key, row.tobytes()) for key, row in zip(keys, vectors, strict=True)]
        self._insert(rows)

    def drop(self, keys: Sequence[bytes]) -> None:
        """Forget what is kept by these keys."""
        with self._transaction():
            self._db.executemany("DELETE FROM derived WHERE key = ?", ((key,) for key in keys))

    def clear(self) -> None:
        """Forget everything."""
        self._db.execute("DELETE FROM derived")

    def shrink(self) -> None:
        """Give back the room of what was forgotten."""
        self._db.execute("VACUUM")

    def unit_vectors(self, texts: Sequence[str], encoder: Encoder, progress: Progress = quiet) -> Vectors:
        """(len(texts), dim), rows of length one to the precision that is kept."""
        vectors = self.vectors(texts, encoder, progress).astype(np.float32)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: Vectors = vectors / np.maximum(lengths, 1e-9)
        return unit

    def tokens(
        self, texts: Sequence[str], name: str, tokenize: Tokenize, progress: Progress, batch: int = _TOKENISED
    ) -> Iterator[list[str]]:
        """The tokens of each text, computed where they are missing. `name` is the tokenizer's identity.

        `batch` texts are kept at once; a killed run computes at most these again.
        """
        keys = [text_key(name, text) for text in texts]
        for value in self._derived(
            keys,
            texts,
            _each(lambda some: [zlib.compress("\n".join(t).encode(), 1) for t in tokenize(some)]),
            progress,
            batch,
        ):
            text = zlib.decompress(value).decode()
            yield text.split("\n") if text else []

    def weights(
        self, texts: Sequence[str], encoder: SparseEncoder, progress: Progress = quiet
    ) -> Iterator[TokenWeights]:
        """What the tokens of each passage weigh, in half precision, computed where it is missing."""
        keys = [text_key(f"{encoder.name} sparse", text) for text in texts]
        raw = self._derived(
            keys,
            texts,
            _each(
                lambda some: [
                    ids.tobytes() + weights.astype(np.float16).tobytes()
                    for ids, weights in encoder.sparse_passages(some)
                ]
            ),
            progress,
            _ENCODED,
        )
        for value in raw:
            count = len(value) // (_ID.itemsize + _HALF.itemsize)
            ids, weights = np.frombuffer(value, _ID, count), np.frombuffer(value, _HALF, offset=count * _ID.itemsize)
            yield TokenWeights(ids, weights.astype(np.float32))

    def _derived(
        self,
        keys: Sequence[bytes],
        texts: Sequence[str],
        compute: Compute,
        progress: Progress,
        batch: int,
    ) -> Iterator[bytes]:
        known = self._known(keys)
        missing = sorted({k: n for n, k in enumerate(keys) if k not in known}.values(), key=lambda n: len(texts[n]))
        progress(len(keys) - len(missing), len(keys))
        batches = [missing[first : first + batch] for first in range(0, len(missing), batch)]
        done = len(keys) - len(missing)
        held: dict[bytes, bytes] = {}
        for number, values in compute([[texts[n] for n in some] for some in batches]):
            some = batches[number]
            rows = [(keys[n], value) for n, value in zip(some, values, strict=True)]
            try:
                self._insert(rows)
            except sqlite3.OperationalError as error:  # questions are answered on a full disk too
                if not isinstance(told(error, self._path), StorageFull) or len(held) + len(rows) > _HELD:
                    raise
                held.update(rows)
            done += len(some)
            progress(done, len(keys))
        for first in range(0, len(keys), _MANY):
            some_keys = keys[first : first + _MANY]
            marks = ",".join("?" * len(some_keys))
            found = dict(self._db.execute(f"SELECT key, value FROM derived WHERE key IN ({marks})", some_keys))
            for key in some_keys:
                yield found[key] if key in found else held[key]

    def _insert(self, rows: Sequence[tuple[bytes, bytes]]) -> None:
        with self._transaction():
            self._db.executemany("INSERT OR IGNORE INTO derived VALUES (?,?)", rows)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        db = self._db
        db.execute("BEGIN IMMEDIATE")
        try:
            yield
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:  # a disk that is full may have ended it already
                db.execute("ROLLBACK")
            raise

    def _known(self, keys: Sequence[bytes]) -> set[bytes]:
        known: set[bytes] = set()
        for first in range(0, len(keys), _MANY):
            some = keys[first : first + _MANY]
            marks = ",".join("?" * len(some))
            known.update(row[0] for row in self._db.execute(f"SELECT key FROM derived WHERE key IN ({marks})", some))
        return known


class CachedEncoder:
    """An encoder whose passage vectors are kept: a sentence is encoded the first time it is read, and then never."""

    def __init__(self, encoder: Encoder, cache: Cache) -> None:
        self.encoder = encoder
        self.cache = cache
        self.name = encoder.name
        self.dim = encoder.dim

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dim), unit rows; not kept."""
        return self.encoder.encode_queries(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dim), rows of length one in half precision."""
        return self.cache.vectors(texts, self.encoder).astype(np.float32)


class AsQueries:
    """An encoder whose passages are queries: `Cache.vectors` keeps question vectors under a name of their own."""

    def __init__(self, encoder: Encoder) -> None:
        self.name = f"{encoder.name} queries"
        self.dim = encoder.dim
        self.encode_queries = encoder.encode_queries
        self.encode_passages = encoder.encode_queries
