"""A record at a PostgreSQL server that goes away, comes back, is another's, newer, older, or wrongly named."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests import postgres

from mundap.errors import ConfigError, MundapError, RecordUnreachable, WorkspaceBusy
from mundap.store import schema
from mundap.store.corpus import Corpus
from mundap.store.feedback import Feedback, Vote
from mundap.types import Answer, Document, Passage

pytestmark = pytest.mark.slow

PATIENCE = 5.0


@pytest.fixture
def url(postgres_cluster: postgres.Cluster) -> str:
    return postgres_cluster.database()


@pytest.fixture
def cluster() -> Iterator[postgres.Cluster]:
    """One that a test may end."""
    with postgres.cluster() as own:
        yield own


def opened(url: str, patience: float = PATIENCE):  # type: ignore[no-untyped-def]
    from mundap.store.postgres import PostgresServer

    return PostgresServer(url, patience)


def put(corpus: Corpus, name: str) -> None:
    passage = Passage(name, name, f"{name}의 글", 0, len(name) + 3, source=name, parent_id=name)
    corpus.put(Document(name, passage.text, name, name), [passage], [], "f")


def database(url: str) -> str:
    return url.rpartition("/")[2]


def test_a_connection_that_was_lost_is_made_anew(postgres_cluster: postgres.Cluster, url: str) -> None:
    server = opened(url)
    corpus, feedback = Corpus(server), Feedback(server)
    put(corpus, "가")
    cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database(url)}'"
    for _ in range(3):
        postgres_cluster.sql(cut)
        assert corpus.counts() == (1, 1)
        postgres_cluster.sql(cut)
        feedback.answered("r", Answer("질문", "답", (), ()))
        postgres_cluster.sql(cut)
        assert feedback.judge("r", Vote("up")) is not None
    assert len(feedback.ids()) == len(list(feedback.given())) == 3
    server.end()


def test_what_was_lost_in_the_middle_is_told_and_not_there(postgres_cluster: postgres.Cluster, url: str) -> None:
    server = opened(url)
    corpus = Corpus(server)
    put(corpus, "가")

    def passages() -> Iterator[Passage]:
        yield Passage("나", "나", "나의 글", 0, 4, parent_id="나")
        postgres_cluster.sql(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database(url)}'"
        )

    with pytest.raises(RecordUnreachable, match=r"연결이 끊겼습니다.*다시 실행"):
        corpus.put(Document("나", "나의 글", "나", "나"), passages(), [], "f")
    assert [one.source for one in corpus.documents()] == ["가"]
    put(corpus, "나")
    assert [one.source for one in corpus.documents()] == ["가", "나"]
    server.end()


def test_a_server_that_is_away_for_a_moment_is_waited_for(cluster: postgres.Cluster) -> None:
    url = cluster.database()
    server = opened(url, 60)
    corpus = Corpus(server)
    put(corpus, "가")
    cluster.kill()
    with ThreadPoolExecutor(2) as others:
        reading, writing = others.submit(corpus.counts), others.submit(put, corpus, "나")
        time.sleep(0.5)
        assert not reading.done()
        cluster.start()
        reading.result()
        writing.result()
    assert [one.source for one in corpus.documents()] == ["가", "나"]
    server.end()
    cluster.stop()
    began = time.monotonic()
    with pytest.raises(RecordUnreachable) as told:
        opened(url, 1)
    assert time.monotonic() - began < 10
    assert str(cluster.port) in str(told.value)


@pytest.mark.parametrize(
    ("password", "name", "kind"),
    [("secret-ps", None, ConfigError), ("", None, ConfigError), (None, "nothing_here", ConfigError)],
)
def test_what_is_wrong_with_an_address_is_told_without_its_password(
    postgres_cluster: postgres.Cluster, password: str | None, name: str | None, kind: type[MundapError]
) -> None:
    given = {} if password is None else {"password": password}
    with pytest.raises(kind, match=r"MUNDAP_STORE_URL.*비밀번호") as told:
        opened(postgres_cluster.url(name or "postgres", **given))
    assert postgres.PASSWORD not in str(told.value)
    assert "secret" not in str(told.value)
    assert "%40" not in str(told.value)


@pytest.mark.parametrize(
    "bad", ["postgresql://u:sec%zzret@h/x", "postgresql://u:secret@h/x?port=secret&unknown=secret"]
)
def test_what_is_no_address_is_told_without_repeating_it(bad: str) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(ConfigError) as told:
        opened(bad, 0)
    assert "sec" not in str(told.value).replace("psycopg", "")


def test_tables_of_a_newer_version_are_left_alone(postgres_cluster: postgres.Cluster, url: str) -> None:
    opened(url).end()
    postgres_cluster.sql(f"UPDATE {schema.SCHEMA}.version SET number = 99", database=database(url))
    with pytest.raises(ConfigError, match=r"더 새로운 mundap.*99.*업데이트"):
        opened(url)


def test_tables_of_an_older_version_are_brought_to_this_one(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    server = opened(url)
    put(Corpus(server), "가")
    server.end()
    later = "ALTER TABLE documents ADD COLUMN weight INTEGER NOT NULL DEFAULT 7;"
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, later))
    with ThreadPoolExecutor(4) as pool:  # whichever comes first
        for one in [pool.submit(opened, url) for _ in range(4)]:
            one.result().end()
    server = opened(url)
    assert server.execute("SELECT id, weight FROM documents").fetchall() == [("가", 7)]
    server.end()


def test_a_user_who_may_make_no_tables_is_told(postgres_cluster: postgres.Cluster, url: str) -> None:
    user = f"reader_{os.getpid()}"
    postgres_cluster.sql(f"CREATE ROLE {user} LOGIN PASSWORD 'reading'", database=database(url))
    with pytest.raises(MundapError, match=r"권한이 없습니다.*GRANT"):
        opened(f"postgresql://{user}:reading@127.0.0.1:{postgres_cluster.port}/{database(url)}")


def test_more_threads_than_connections_wait_for_one_another(url: str) -> None:
    server = opened(url)
    corpus = Corpus(server)
    gate = threading.Barrier(40)

    def work(n: int) -> None:
        gate.wait()
        put(corpus, f"문서 {n:02}")
        assert corpus.counts()[0] > 0

    with ThreadPoolExecutor(40) as pool:
        list(pool.map(work, range(40)))
    assert len(corpus.documents()) == 40
    assert len(set(corpus.changed(corpus.mark()) or ())) == 0
    [(count,)] = server.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()").fetchall()
    assert count <= 16
    server.end()


def test_changes_are_numbered_as_they_are_seen(url: str) -> None:
    """Whoever follows the numbers misses none, however many write at once."""
    server = opened(url)
    corpus, seen, done = Corpus(server), [], threading.Event()
    state = corpus.mark()

    def follow() -> None:
        mark = state
        while True:
            ending = done.is_set()
            now = corpus.mark()
            seen.extend(corpus.changed(mark) or [])
            mark = now
            if ending:
                return

    with ThreadPoolExecutor(5) as pool:
        following = pool.submit(follow)
        list(pool.map(lambda n: put(corpus, f"문서 {n:02}"), range(30)))
        done.set()
        following.result()
    assert set(seen) >= {f"문서 {n:02}" for n in range(30)}
    server.end()


def test_what_is_done_alone_is_done_in_turn_and_its_loss_is_told(postgres_cluster: postgres.Cluster, url: str) -> None:
    one, two = opened(url), opened(url)
    with one.alone(["writing", "another"], 5) as held:
        held()
        with two.alone(["reading"], 5):  # of another kind
            pass
        with pytest.raises(WorkspaceBusy), two.alone(["writing"], 0.1):
            pass
        order: list[str] = []

        def wait() -> None:
            with two.alone(["writing"], 60):
                order.append("second")

        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(wait)
            time.sleep(0.2)
            assert not waiting.done()
            postgres_cluster.sql(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted",
                database=database(url),
            )
            waiting.result()
        assert order == ["second"]
        with pytest.raises(RecordUnreachable):
            held()
    one.end()
    two.end()
