"""The queue in PostgreSQL: killed workers, lost connections, other versions and wrong addresses."""

from __future__ import annotations

import itertools
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.errands import Errand, Ran, run
from tests.postgres import PASSWORD
from tests.queue_workers import worker

from mundap.errors import ConfigError, ExecutorError
from mundap.jobs.executor import TRIES, Done, Failed
from mundap.jobs.postgres import PostgresExecutor
from mundap.jobs.queue import Asked, Queue

psycopg = pytest.importorskip("psycopg", reason="the extra postgres is not installed")
TRUSTED = ["tests.errands"]
pytestmark = pytest.mark.slow


@pytest.fixture
def url(database: str) -> Iterator[str]:
    """A queue that is empty, whatever tests before have left there."""
    execute(database, "DROP SCHEMA IF EXISTS mundap_work CASCADE")
    yield database
    execute(database, "DROP SCHEMA IF EXISTS mundap_work CASCADE")


def execute(url: str, query: str) -> list[Any]:
    with psycopg.connect(url, autocommit=True) as db:
        cursor = db.execute(query)
        return list(cursor.fetchall()) if cursor.description else []


def name(errand: Errand) -> str:
    return errand.name


def test_killed_workers_and_lost_connections_lose_nothing_and_do_nothing_twice(url: str, tmp_path: Path) -> None:
    errands = [Errand(f"심부름 {n}", "", str(tmp_path / "log"), 0.05) for n in range(120)]
    came: list[Done[Ran] | Failed] = []
    with ExitStack() as stack:
        workers = [stack.enter_context(worker(url, "--lease", "5")) for _ in range(3)]
        for outcome in PostgresExecutor(url, trusted=TRUSTED).map(run, errands, name):
            came.append(outcome)
            if len(came) in (15, 60):
                workers.pop().send_signal(signal.SIGKILL)
                workers.append(stack.enter_context(worker(url, "--lease", "5")))
            if len(came) % 20 == 0:
                execute(url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    assert sorted(one.key for one in came) == sorted(errand.name for errand in errands)
    assert all(isinstance(one, Done) for one in came)
    assert execute(url, "SELECT count(*) FROM mundap_work.jobs_1") == [(0,)]


def test_a_worker_that_lost_its_lease_cannot_answer_any_more(url: str) -> None:
    queue = Queue(url, "1")
    queue.make()
    queue.add([Asked(b"a", "f", "a", b"message")])
    late = queue.claim("one", 0.01)
    time.sleep(0.05)
    early = queue.claim("two", 60)
    assert late is not None
    assert early is not None
    assert (late.tries, early.tries) == (1, 2)
    assert queue.claim("three", 60) is None
    assert not queue.answer(late, "one", b"late")
    assert queue.answer(early, "two", b"early")
    assert not queue.answer(early, "two", b"again")
    assert queue.ended([b"a"]) == [(b"a", b"early")]
    queue.close()


def test_a_job_that_outlives_too_many_workers_is_given_up(url: str) -> None:
    queue = Queue(url, "1")
    queue.make()
    queue.add([Asked(b"a", "f", "a", b"message")])
    for _ in range(TRIES):
        assert queue.claim("killed", 0.01) is not None
        time.sleep(0.05)
    assert queue.claim("next", 60) is None
    queue.tidy()
    assert queue.ended([b"a"]) == [(b"a", None)]
    queue.close()


def test_what_was_computed_for_one_who_was_killed_is_found_by_the_next(url: str, tmp_path: Path) -> None:
    errands = [Errand(f"심부름 {n}", "", str(tmp_path / "log")) for n in range(20)]
    executor = PostgresExecutor(url, trusted=TRUSTED)
    with worker(url):
        first = executor.map(run, errands, name)
        kept = [next(first) for _ in range(3)]
        until = time.monotonic() + 30
        while execute(url, "SELECT count(*) FROM mundap_work.jobs_1 WHERE state <> 'done'") != [(0,)]:
            assert time.monotonic() < until
            time.sleep(0.05)
        del first  # as if it had been killed: what it did not take stays
        again = list(executor.map(run, [one for one in errands if one.name not in {each.key for each in kept}], name))
    assert len(again) == 17
    assert len((tmp_path / "log").read_text().splitlines()) == 20


def test_two_who_ask_for_the_same_both_get_it(url: str) -> None:
    errands = [Errand(f"심부름 {n}", seconds=0.02) for n in range(30)]
    found: list[int] = []

    def ask() -> None:
        found.append(len(list(PostgresExecutor(url, trusted=TRUSTED).map(run, errands, name))))

    with worker(url):
        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert found == [30, 30]


def test_ctrl_c_gives_the_job_back_within_two_seconds(url: str) -> None:
    with worker(url) as process:
        outcomes = PostgresExecutor(url, trusted=TRUSTED).map(run, [Errand("오래", seconds=60)], name)
        asking = threading.Thread(target=lambda: list(itertools.islice(outcomes, 1)), daemon=True)
        asking.start()
        until = time.monotonic() + 30
        while execute(url, "SELECT count(*) FROM mundap_work.jobs_1 WHERE state = 'running'") != [(1,)]:
            assert time.monotonic() < until
            time.sleep(0.05)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        assert time.monotonic() - began < 2 + 1  # and the time that a loaded machine takes
    assert process.returncode == 0, err
    assert "작업을 마쳤습니다" in out
    assert "Traceback" not in err
    assert execute(url, "SELECT state, tries FROM mundap_work.jobs_1") == [("waiting", 0)]
    assert execute(url, "SELECT count(*) FROM mundap_work.workers_1") == [(0,)]
    execute(url, "UPDATE mundap_work.jobs_1 SET state = 'lost'")  # for who still asks
    asking.join(30)


def test_workers_of_another_version_are_told_apart(
    url: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("mundap.jobs.postgres._LOOKED", 0.2)
    with worker(url):
        until = time.monotonic() + 30
        while not execute(url, "SELECT 1 FROM mundap_work.workers_1"):
            assert time.monotonic() < until
            time.sleep(0.05)
        told: list[str] = []
        heard = threading.Event()

        def tell(text: str) -> None:
            told.append(text)
            heard.set()

        executor = PostgresExecutor(url, trusted=TRUSTED, version="0.0.9", tell=tell)
        asking = threading.Thread(target=lambda: list(executor.map(run, [Errand("가")], name)), daemon=True)
        asking.start()
        assert heard.wait(30)
        assert "0.0.9" in told[0]
        assert "버전" in told[0]
        from mundap.jobs.queue_worker import QueueWorker

        QueueWorker(url)
        assert "0.0.9 1개" in capfd.readouterr().err
        execute(url, "UPDATE mundap_work.jobs_1 SET state = 'lost'")
        asking.join(30)


def test_nobody_who_works_is_said_with_the_command(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mundap.jobs.postgres._LOOKED", 0.2)

    class Heard(Exception):
        pass

    def tell(text: str) -> None:
        raise Heard(text)

    with pytest.raises(Heard, match="mundap worker"):
        list(PostgresExecutor(url, tell=tell).map(run, [Errand("가")], name))
    assert execute(url, "SELECT count(*) FROM mundap_work.jobs_1") == [(0,)]  # withdrawn


def test_nobody_who_works_for_long_is_given_up(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mundap.jobs.postgres._LOOKED", 0.1)
    monkeypatch.setattr("mundap.jobs.postgres._NOBODY", 0.3)
    with pytest.raises(ExecutorError, match="mundap worker"):
        list(PostgresExecutor(url, tell=lambda text: None).map(run, [Errand("가")], name))


@pytest.mark.parametrize("address", ["", "mysql://a/b", "postgresql://[::1", "postgresql://h/db?no_such_option=1"])
def test_what_is_no_address_is_told_at_once(address: str) -> None:
    with pytest.raises(ConfigError, match="postgresql://"):
        PostgresExecutor(address)


def test_a_wrong_database_is_told_at_once_and_without_the_password(url: str) -> None:
    wrong = f"{url.rpartition('/')[0]}/없음"
    began = time.monotonic()
    with pytest.raises(ExecutorError) as caught:
        list(PostgresExecutor(wrong).map(run, [Errand("가")], name))
    assert "[jobs] url" in str(caught.value)
    assert "p%40ss" not in str(caught.value)
    assert PASSWORD not in str(caught.value)
    assert time.monotonic() - began < 4


def test_a_wrong_password_is_told_at_once_and_not_said(url: str) -> None:
    wrong = url.replace("p%40ss", "secret-word")
    with pytest.raises(ExecutorError) as caught:
        list(PostgresExecutor(wrong).map(run, [Errand("가")], name))
    assert "secret-word" not in str(caught.value)


def test_a_server_that_is_not_there_is_told_after_a_while() -> None:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        address = f"postgresql://mundap:secret-word@127.0.0.1:{door.getsockname()[1]}/postgres"
        with pytest.raises(ExecutorError) as caught:
            list(PostgresExecutor(address).map(run, [Errand("가")], name))
    assert "secret-word" not in str(caught.value)
