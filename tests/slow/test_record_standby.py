"""A synchronous standby: the primary is killed while documents, votes and deletes come in, and what was acknowledged is there."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from tests import postgres

from mundap.errors import RecordUnreachable
from mundap.store.corpus import Corpus
from mundap.store.feedback import Feedback, Vote
from mundap.types import Answer, Document, Passage

pytestmark = pytest.mark.slow
_WRITERS = 3


@pytest.fixture
def pair() -> Iterator[tuple[postgres.Cluster, postgres.Cluster]]:
    """A primary, and the standby that it waits for."""
    pytest.importorskip("psycopg", reason="needs psycopg: pip install 'mundap[postgres]'")
    if postgres.programs() is None:
        pytest.skip("needs PostgreSQL: apt-get install postgresql")
    with ExitStack() as stack:
        primary, standby = (postgres.Cluster(stack.enter_context(postgres.folder())) for _ in range(2))
        primary.make("wal_level = replica", "max_wal_senders = 4", "hot_standby = on")
        primary.start()
        stack.callback(primary.stop)
        source = f"{primary.url().rpartition('/')[0]}/?application_name=standby"
        primary.run("pg_basebackup", "-d", source, "-D", str(standby.data), "-R", "-X", "stream", "-c", "fast")
        standby.configure(f"unix_socket_directories = '{standby.folder}'")
        standby.start()
        stack.callback(standby.stop)
        primary.configure("synchronous_standby_names = 'standby'")
        primary.sql("SELECT pg_reload_conf()")
        until = time.monotonic() + 60
        while primary.sql("SELECT sync_state FROM pg_stat_replication") != "sync":
            assert time.monotonic() < until, primary.sql("SELECT * FROM pg_stat_replication")
            time.sleep(0.1)
        yield primary, standby


def test_nothing_acknowledged_is_lost_with_the_primary(pair: tuple[postgres.Cluster, postgres.Cluster]) -> None:
    from mundap.store.postgres import PostgresServer

    primary, standby = pair
    name = primary.database().rpartition("/")[2]
    address = primary.url(name)
    both = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
    url = address.replace(f"127.0.0.1:{primary.port}", both) + "?target_session_attrs=read-write"
    server = PostgresServer(url, 60)
    corpus, feedback = Corpus(server), Feedback(server)
    kept: set[str] = set()
    gone: set[str] = set()
    votes: list[int] = []
    told: list[str] = []
    enough, lock = threading.Event(), threading.Lock()

    def write(number: int) -> None:
        chosen, n = random.Random(number), 0
        while not enough.is_set():
            n += 1
            id = f"{number}-{n}"
            try:
                passage = Passage(id, id, f"글 {id}", 0, len(id) + 2, source=id, parent_id=id)
                corpus.put(Document(id, passage.text, id, id), [passage], [], "f")
                with lock:
                    kept.add(id)
                feedback.answered(id, Answer("질문", "답", (), ()))
                vote = feedback.judge(id, Vote("up"))
                assert vote is not None
                with lock:
                    votes.append(vote)
                if chosen.random() < 0.3:
                    with lock:
                        kept.discard(id)  # neither kept nor gone until it is told to be
                    corpus.remove(id)
                    with lock:
                        gone.add(id)
            except RecordUnreachable as error:
                told.append(str(error))

    with ThreadPoolExecutor(_WRITERS) as pool:
        writing = [pool.submit(write, n) for n in range(_WRITERS)]
        time.sleep(3)
        with lock:
            before = len(kept) + len(gone)
        primary.kill()
        standby.run("pg_ctl", "promote", "-w", "-D", str(standby.data))
        until = time.monotonic() + 60
        while len(kept) + len(gone) < before + 20 and time.monotonic() < until:
            time.sleep(0.2)
        enough.set()
        for one in writing:
            one.result()
    there = {one.source for one in corpus.documents()}
    assert len(kept) + len(gone) >= before + 20
    assert kept <= there
    assert not gone & there
    assert set(votes) <= set(feedback.ids())
    assert len(votes) == len(set(votes))
    answers = [one.request_id for one in feedback.given()]
    assert len(answers) == len(set(answers))  # nothing was done twice
    assert postgres.PASSWORD not in "".join(told)
    server.end()
