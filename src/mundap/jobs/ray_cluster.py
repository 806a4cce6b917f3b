"""The executor whose workers are the nodes of a Ray cluster, which have the same version of mundap installed."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cached_property
from typing import TypeVar

from mundap.errors import ConfigError, ExecutorError
from mundap.extras import Untyped, need
from mundap.jobs.executor import (
    TRIES,
    Done,
    Failed,
    answered,
    lost,
    name_of_function,
    perform,
    refusal,
    said,
    this_version,
)
from mundap.jobs.message import packed
from mundap.redact import hidden, one_line
from mundap.stopping import pause

T = TypeVar("T")
R = TypeVar("R")
_EXTRA = "ray"
_AHEAD = 256  # batches at the cluster for one who asks
_READY = 8  # that are fetched at once
_SECONDS = 0.5  # between two looks, in which this can be stopped


def perform_there(version: str, function: str, message: bytes, trusted: tuple[str, ...]) -> bytes:
    """`perform`, where the version is the same."""
    if version != this_version():
        return refusal(
            ConfigError(
                f"Ray 노드의 mundap 버전({this_version()})이 요청한 버전({version})과 다릅니다. 같은 버전을 설치하세요."
            )
        )
    return perform(function, message, trusted)


class RayExecutor:
    """Has batches done by the cluster at `address`: "auto" on one of its machines, HOST:PORT there, or ray://HOST:PORT.

    `trusted` are modules besides mundap's own whose functions and values travel. The cluster is asked when there is work.
    Raises MissingExtra without Ray, ConfigError for what is no address.
    """

    name = "ray"
    here = False

    def __init__(self, address: str = "auto", *, trusted: Collection[str] = ()) -> None:
        if address != "auto" and not address.rpartition(":")[2].isdecimal():
            raise ConfigError(
                f"jobs.address '{hidden(address)}'은(는) Ray의 주소가 아닙니다."
                ' "auto", "호스트:6379", "ray://호스트:10001" 중 하나로 지정하세요.'
            )
        self._address = address
        self._trusted = tuple(trusted)

    def map(
        self, function: Callable[[T], R], batches: Iterable[T], key: Callable[[T], str]
    ) -> Iterator[Done[R] | Failed]:
        """See Executor. At most 256 batches are at the cluster at once; what was computed for one who was killed is not kept."""
        name = name_of_function(function)
        known: set[str] = set()
        fresh = (batch for batch in batches if not (key(batch) in known or known.add(key(batch))))  # type: ignore[func-returns-value]
        running: dict[Untyped, str] = {}
        ray = self._ray
        try:
            while True:
                while len(running) < _AHEAD and (batch := next(fresh, None)) is not None:
                    running[self._task.remote(this_version(), name, packed(batch), self._trusted)] = key(batch)
                if not running:
                    return
                ready, _ = ray.wait(list(running), num_returns=min(_READY, len(running)), timeout=_SECONDS)
                for one in ready:
                    yield self._outcome(one, running.pop(one))
                pause(0)
        except (ConnectionError, ray.exceptions.RaySystemError) as error:
            raise self._away(error) from error
        finally:
            for one in running:
                try:
                    ray.cancel(one)
                except Exception:  # the cluster is gone, and its work with it
                    break

    def _outcome(self, one: Untyped, key: str) -> Done[Untyped] | Failed:
        exceptions = self._ray.exceptions
        try:
            return answered(key, self._ray.get(one), self._trusted)
        except exceptions.RayTaskError as error:  # not of the function, whose errors are replies
            return Failed(key, type(error.cause).__name__, said(error.cause))
        except exceptions.RaySystemError:
            raise
        except (exceptions.WorkerCrashedError, exceptions.OutOfMemoryError, exceptions.ObjectLostError):
            return lost(key)
        except exceptions.RayError as error:
            return Failed(key, type(error).__name__, said(error))

    @cached_property
    def _ray(self) -> Untyped:
        """Ray, connected to the cluster."""
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        ray = need("ray", _EXTRA)
        if not ray.is_initialized():
            try:
                ray.init(address=self._address, configure_logging=False, log_to_driver=False, include_dashboard=None)
            except Exception as error:  # ConnectionError, RuntimeError, ValueError, by what is not there
                raise self._away(error) from error
        return ray

    @cached_property
    def _task(self) -> Untyped:
        return self._ray.remote(perform_there).options(max_retries=TRIES - 1, scheduling_strategy="SPREAD")

    def _away(self, error: Exception) -> ExecutorError:
        return ExecutorError(
            f"Ray 클러스터({hidden(self._address)})를 사용할 수 없습니다: {hidden(one_line(str(error), 300))}."
            " 클러스터가 실행 중인지, [jobs] address가 맞는지 확인하고 다시 실행하세요. 받은 결과는 보관되어 있습니다."
        )
