"""Threads share a SQLite file without sharing what they are in the middle of."""

from __future__ import annotations

import gc
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from mundap.encode.hashed import HashedEncoder
from mundap.store.cache import Cache
from mundap.store.connections import Connections


def test_a_transaction_of_one_thread_is_not_seen_by_another(tmp_path: Path) -> None:
    connections = Connections(tmp_path / "a.sqlite", "journal_mode=WAL")
    connections.here.execute("CREATE TABLE t(n)")
    connections.here.execute("BEGIN IMMEDIATE")
    connections.here.execute("INSERT INTO t VALUES (1)")
    with ThreadPoolExecutor(1) as other:
        count = "SELECT count(*) FROM t"
        assert other.submit(lambda: connections.here.execute(count).fetchone()).result() == (0,)
        connections.here.execute("COMMIT")
        assert other.submit(lambda: connections.here.execute(count).fetchone()).result() == (1,)
        connections.close()
        with pytest.raises(sqlite3.ProgrammingError):
            other.submit(lambda: connections.here.execute(count)).result()


def test_the_connection_of_a_thread_that_ended_is_closed(tmp_path: Path) -> None:
    connections = Connections(tmp_path / "a.sqlite")
    thread = threading.Thread(target=lambda: connections.here.execute("SELECT 1"))
    thread.start()
    thread.join()
    gc.collect()
    assert len(connections._all) == 1
    connections.close()


def test_many_threads_may_compute_at_once(tmp_path: Path) -> None:
    cache, encoder = Cache(tmp_path / "cache.sqlite"), HashedEncoder(8)
    texts = [[f"글 {n} {m}" for m in range(40)] for n in range(16)]
    with ThreadPoolExecutor(8) as pool:
        for some, vectors in zip(texts, pool.map(lambda some: cache.vectors(some, encoder), texts), strict=True):
            assert np.array_equal(vectors, encoder.encode_passages(some).astype(np.float16))
    cache.close()
