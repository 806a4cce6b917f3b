"""Many files are read at once, and one that hangs, crashes or eats memory is reported and takes nothing along."""

import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from mundap.ingest import readers
from mundap.ingest.build import Reading
from mundap.ingest.sheets.sheet import Options
from mundap.jobs import batch, task
from mundap.jobs.batch import Limits, read_all
from mundap.jobs.task import Job, Read, Unread, work
from mundap.jobs.worker import framed


@pytest.fixture
def jobs(tmp_path: Path) -> list[Job]:
    """Three files that are read in worker processes: an unknown suffix is nothing plain."""
    files = {"가.txt": "하나", "나.md": "# 둘\n\n셋", "다.dat": "넷"}
    for name, text in files.items():
        (tmp_path / name).write_text(text, "utf-8")
    return [Job(tmp_path / name, name) for name in files]


def reasons(jobs: list[Job], limits: Limits) -> dict[str, str]:
    return {job.source: found.reason for job, found in read_all(jobs, limits) if isinstance(found, Unread)}


@pytest.mark.parametrize("workers", [1, 2])
def test_every_file_is_answered_for_once(jobs: list[Job], workers: int) -> None:
    found = {job.source: outcome for job, outcome in read_all(jobs, Limits(workers))}
    texts = {source: o.reading.document.text for source, o in found.items() if isinstance(o, Read)}
    assert texts == {"가.txt": "하나", "나.md": "# 둘\n\n셋"}
    lost = found["다.dat"]
    assert isinstance(lost, Unread)
    assert "읽을 수 없는 형식" in lost.reason
    assert all(outcome.seconds > 0 for outcome in found.values())


def test_files_are_read_in_a_process_that_holds_thousands_of_others_open(jobs: list[Job]) -> None:
    resource = pytest.importorskip("resource", reason="no limits of open files here")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2_000:
        pytest.skip(f"only {hard} files may be open")
    resource.setrlimit(resource.RLIMIT_NOFILE, (2_000, hard))
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1_100)]
    try:
        assert reasons(jobs[:1], Limits(1)) == {}
        assert set(reasons(jobs, Limits(1))) == {"다.dat"}
    finally:
        for one in held:
            os.close(one)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_plain_files_are_read_the_same_with_and_without_a_process(jobs: list[Job]) -> None:
    here = {job.source: o.parents for job, o in read_all(jobs[:2]) if isinstance(o, Read)}
    there = {job.source: o.parents for job, o in read_all(jobs) if isinstance(o, Read)}
    assert here == there


def test_a_file_that_takes_too_long_is_left_and_the_next_is_read(jobs: list[Job]) -> None:
    found = reasons(jobs, Limits(1, seconds=0.001))
    assert found.keys() == {job.source for job in jobs}
    assert (
        found["가.txt"]
        == "가.txt: 0.001초 동안 더 읽지 못해 중단했습니다. 파일을 나누거나 mundap.toml의 ingest.file_seconds를 늘리세요."
    )


@pytest.mark.slow
def test_a_file_that_eats_memory_is_left_and_the_others_are_read(jobs: list[Job], tmp_path: Path) -> None:
    (tmp_path / "큰.txt").write_text("가나다라 마바사 " * 3_000_000, "utf-8")
    found = reasons([Job(tmp_path / "큰.txt", "큰.txt"), *jobs], Limits(1, megabytes=100))
    assert found.keys() == {"큰.txt", "다.dat"}
    assert "100MB" in found["큰.txt"]


def piped(script: str) -> subprocess.Popen[bytes]:
    run, pipe = [sys.executable, "-c", script], subprocess.PIPE
    return subprocess.Popen(run, stdin=pipe, stdout=pipe, start_new_session=True, bufsize=0)


def workers(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """Those that are started from now on."""
    begun: list[subprocess.Popen[bytes]] = []
    start = batch._started

    def started(megabytes: int, folder: str) -> subprocess.Popen[bytes]:
        begun.append(start(megabytes, folder))
        return begun[-1]

    monkeypatch.setattr(batch, "_started", started)
    return begun


def test_a_reader_that_crashes_is_reported_by_file(jobs: list[Job], monkeypatch: pytest.MonkeyPatch) -> None:
    def started(megabytes: int, folder: str) -> subprocess.Popen[bytes]:
        crash = "import os, sys; sys.stdin.buffer.read(1); os.abort()"
        return piped(crash)

    monkeypatch.setattr(batch, "_started", started)
    found = reasons(jobs, Limits(2))
    assert found.keys() == {job.source for job in jobs}
    assert all("프로세스가 종료되었습니다" in reason and reason.startswith(source) for source, reason in found.items())


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise ValueError("cannot be said")


@pytest.mark.parametrize("error", [Unspeakable(), ValueError("두\n줄\0\ud800"), RecursionError()])
def test_a_readers_own_mistake_is_one_plain_files_problem(
    jobs: list[Job], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def read(path: Path, source: str, options: Options, parted: bool) -> Reading:
        if path.suffix == ".md":
            raise error
        return readers.read(path, source, options)

    monkeypatch.setattr(task, "read", read)
    found = dict(read_all(jobs[:2]))
    assert isinstance(found[jobs[0]], Read)
    lost = found[jobs[1]]
    assert isinstance(lost, Unread)
    reason = lost.reason
    assert reason.startswith(f"나.md: 읽는 중 오류가 발생했습니다({type(error).__name__}")
    assert reason.isprintable()


@pytest.mark.parametrize("answer", [b"no pickle", pickle.dumps("no outcome"), pickle.dumps((None, False))])
def test_an_answer_that_cannot_be_opened_loses_no_file(
    jobs: list[Job], monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    def started(megabytes: int, folder: str) -> subprocess.Popen[bytes]:
        reply = f"import sys; sys.stdin.buffer.read(9); sys.stdout.buffer.write({framed(answer)!r})"
        return piped(reply)

    monkeypatch.setattr(batch, "_started", started)
    assert reasons(jobs, Limits(2)).keys() == {job.source for job in jobs}


def test_no_process_to_be_had_loses_no_file(jobs: list[Job], monkeypatch: pytest.MonkeyPatch) -> None:
    def started(megabytes: int, folder: str) -> subprocess.Popen[bytes]:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(batch, "_started", started)
    assert reasons(jobs, Limits(2)).keys() == {job.source for job in jobs}


@pytest.mark.slow
def test_a_worker_that_ran_out_of_memory_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = workers(monkeypatch)
    for name, text in (("가.txt", "가나다라 마바사 " * 8_000_000), ("나.txt", "둘"), ("다.txt", "셋")):
        (tmp_path / name).write_text(text, "utf-8")
    found = reasons([Job(path, path.name) for path in sorted(tmp_path.iterdir())], Limits(1, megabytes=100))
    assert found.keys() == {"가.txt"}
    assert len(begun) == 2


def test_closing_early_ends_the_workers(jobs: list[Job], monkeypatch: pytest.MonkeyPatch) -> None:
    begun = workers(monkeypatch)
    outcomes = read_all(jobs, Limits(2))
    next(outcomes)
    assert isinstance(outcomes, Generator)
    outcomes.close()
    assert begun
    assert all(worker.poll() is not None for worker in begun)


def test_a_worker_that_is_ended_leaves_nothing_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "큰.csv").write_text("번호,이름\n" + "".join(f"{n},직원\n" for n in range(300_000)), "utf-8")
    (tmp_path / "left").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "left"))
    outcomes = read_all([Job(tmp_path / "docs" / "큰.csv", "큰.csv"), Job(tmp_path / "docs", "없음")], Limits(2))
    next(outcomes)
    assert [*(tmp_path / "left").iterdir()]
    assert isinstance(outcomes, Generator)
    outcomes.close()
    assert [*(tmp_path / "left").iterdir()] == []


KILLED = """
import os, signal, sys, tempfile
from pathlib import Path
from mundap.jobs.batch import Limits, read_all
from mundap.jobs.task import Job
tempfile.tempdir = sys.argv[2]
reading = read_all([Job(Path(sys.argv[1]), "큰.csv"), Job(Path("none"), "없음")], Limits(2))
next(reading)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.slow
def test_what_a_killed_ingest_was_reading_is_deleted_by_the_next(
    tmp_path: Path, jobs: list[Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "큰.csv").write_text("번호,이름\n" + "".join(f"{n},직원\n" for n in range(300_000)), "utf-8")
    (tmp_path / "left").mkdir()
    subprocess.run([sys.executable, "-c", KILLED, tmp_path / "큰.csv", tmp_path / "left"], check=False)
    assert [*(tmp_path / "left").iterdir()]
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "left"))
    assert len(list(read_all(jobs))) == len(jobs)
    assert [*(tmp_path / "left").iterdir()] == []


def test_nothing_to_read_is_nothing() -> None:
    assert list(read_all([])) == []


@pytest.mark.parametrize(("size", "count"), [(10, 1), (1 << 18, 2), pytest.param(1 << 22, 3, marks=pytest.mark.slow)])
def test_there_are_no_more_workers_than_there_is_work(
    jobs: list[Job], monkeypatch: pytest.MonkeyPatch, size: int, count: int
) -> None:
    begun = workers(monkeypatch)
    jobs[2].path.write_bytes(b"\1" * size)
    assert len(list(read_all(jobs, Limits(8)))) == 3
    assert len(begun) <= count
    assert len(begun) == 1 or size > 10


def test_a_fault_in_the_file_lasts_and_one_of_the_moment_does_not(tmp_path: Path) -> None:
    (tmp_path / "빈.txt").write_bytes(b"")
    empty, gone = work(Job(tmp_path / "빈.txt", "빈.txt")), work(Job(tmp_path / "없음.txt", "없음.txt"))
    assert isinstance(empty, Unread)
    assert isinstance(gone, Unread)
    assert (empty.lasting, gone.lasting) == (True, False)


WORKER = """
import pickle, sys, time
from mundap.jobs.task import Unread
from mundap.jobs.worker import framed, receive
receive(sys.stdin.buffer)
for step in range(12):
    time.sleep(0.3)
    sys.stdout.buffer.write(framed(pickle.dumps((step / 12 if sys.argv[1] == "further" else 0.5, False))))
    sys.stdout.buffer.flush()
sys.stdout.buffer.write(framed(pickle.dumps((Unread("끝까지 읽음"), False))))
"""


@pytest.mark.slow
@pytest.mark.parametrize(("goes", "said"), [("further", "끝까지 읽음"), ("round", "2초 동안 더 읽지 못해")])
def test_a_file_has_its_time_anew_as_long_as_it_comes_further(
    jobs: list[Job], monkeypatch: pytest.MonkeyPatch, goes: str, said: str
) -> None:
    def started(megabytes: int, folder: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-c", WORKER, goes],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            bufsize=0,
        )

    monkeypatch.setattr(batch, "_started", started)
    monkeypatch.setattr(batch, "quick", lambda jobs: False)
    [(_, outcome)] = read_all(jobs[:1], Limits(1, seconds=2))
    assert isinstance(outcome, Unread)
    assert said in outcome.reason
