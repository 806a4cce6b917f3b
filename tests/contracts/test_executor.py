"""Every Executor: each batch comes back once with its key, whatever happens to others and to those who work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.errands import Errand, Ran, run
from tests.executors import ray_nodes
from tests.queue_workers import worker

from mundap.jobs.executor import LOST, TRIES, Done, Executor, Failed
from mundap.jobs.in_process import InProcess


@contextmanager
def local(request: pytest.FixtureRequest) -> Iterator[Executor]:
    yield InProcess()


@contextmanager
def postgres(request: pytest.FixtureRequest) -> Iterator[Executor]:
    url = request.getfixturevalue("database")
    from mundap.jobs.postgres import PostgresExecutor

    with worker(url, "--lease", "2"):
        yield PostgresExecutor(url, trusted=["tests.errands"])


@contextmanager
def ray(request: pytest.FixtureRequest) -> Iterator[Executor]:
    with ray_nodes() as address:
        from mundap.jobs.ray_cluster import RayExecutor

        yield RayExecutor(address, trusted=["tests.errands"])


EXECUTORS: dict[str, Callable[[pytest.FixtureRequest], object]] = {"local": local, "postgres": postgres, "ray": ray}


@pytest.fixture(
    scope="module",
    params=["local", pytest.param("postgres", marks=pytest.mark.slow), pytest.param("ray", marks=pytest.mark.slow)],
)
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    with EXECUTORS[request.param](request) as made:  # type: ignore[attr-defined]
        yield made


def name(errand: Errand) -> str:
    return errand.name


def outcomes(executor: Executor, errands: list[Errand]) -> dict[str, Done[Ran] | Failed]:
    came = list(executor.map(run, errands, name))
    by_key = {one.key: one for one in came}
    assert len(by_key) == len(came)  # each once
    return by_key


def test_each_batch_comes_back_once_with_its_key(executor: Executor) -> None:
    errands = [Errand(f"심부름 {n}") for n in range(40)]
    came = outcomes(executor, [*errands, errands[0], Errand("심부름 3", seconds=0.01)])
    assert {key: one.value for key, one in came.items() if isinstance(one, Done)} == {
        errand.name: Ran(errand.name, tuple(errand.name)) for errand in errands
    }


def test_nothing_asked_is_nothing_done(executor: Executor) -> None:
    assert list(executor.map(run, [], name)) == []


def test_a_batch_that_fails_is_named_with_its_reason_and_the_others_go_on(executor: Executor) -> None:
    came = outcomes(executor, [Errand("가"), Errand("나", "raise"), Errand("다"), Errand("라", "raise")])
    assert isinstance(came["가"], Done)
    assert isinstance(came["다"], Done)
    for key in ("나", "라"):
        failed = came[key]
        assert isinstance(failed, Failed)
        assert failed.kind == "ValueError"
        assert f"{key}: 할 수 없습니다" in failed.reason
        assert "secret-word" not in failed.reason


def test_what_failed_is_tried_again_when_it_is_asked_for_again(executor: Executor, tmp_path: Path) -> None:
    errand = Errand("마", "raise", str(tmp_path / "log"))
    for times in (1, 2):
        assert isinstance(outcomes(executor, [errand])["마"], Failed)
        assert (tmp_path / "log").read_text().count("마") == times


def test_batches_are_drawn_as_they_are_needed(executor: Executor) -> None:
    drawn = 0

    def endless() -> Iterator[Errand]:
        nonlocal drawn
        while True:
            drawn += 1
            yield Errand(f"끝없이 {drawn}")

    came = executor.map(run, endless(), name)
    assert [isinstance(next(came), Done) for _ in range(3)] == [True] * 3
    came.close()  # type: ignore[attr-defined]
    assert drawn < 2000


def test_only_named_functions_of_modules_are_taken(executor: Executor) -> None:
    with pytest.raises(ValueError, match="named function"):
        list(executor.map(lambda errand: errand, [Errand("가")], name))


def test_a_batch_that_ends_its_workers_is_given_up_and_the_others_go_on(executor: Executor, tmp_path: Path) -> None:
    if executor.here:
        pytest.skip("in one's own process there is no worker to lose")
    log = str(tmp_path / "log")
    came = outcomes(executor, [Errand("바"), Errand("독", "die", log), *(Errand(f"뒤 {n}") for n in range(5))])
    assert (tmp_path / "log").read_text().count("독") == TRIES
    poison = came.pop("독")
    assert isinstance(poison, Failed)
    assert poison.kind == LOST
    assert str(TRIES) in poison.reason
    assert len(came) == 6
    assert all(isinstance(one, Done) for one in came.values())


def test_what_cannot_travel_back_is_a_failure_of_its_batch_alone(executor: Executor) -> None:
    if executor.here:
        pytest.skip("nothing travels")
    came = outcomes(executor, [Errand("사", "unsendable"), Errand("아")])
    assert isinstance(came["사"], Failed)
    assert isinstance(came["아"], Done)
