"""Work handed out in batches: what every executor promises, and how functions are called that travel by their name."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Generic, Protocol, TypeVar

from mundap.errors import MundapError
from mundap.jobs.message import packed, unpacked
from mundap.redact import hidden, one_line

T = TypeVar("T")
R = TypeVar("R")
# Of mundap, which every worker runs.
FUNCTIONS = ("mundap.jobs.encoding:encode", "mundap.jobs.reading:read_file", "mundap.workflows.spread:work")
TRIES = 3  # workers that a batch may take along before it is given up
LOST = "WorkerLost"  # the kind of a failure where workers ended
_DONE, _FAILED = b"d", b"f"


@dataclass(frozen=True)
class Done(Generic[R]):
    """What the function made of the batch of this key."""

    key: str
    value: R


@dataclass(frozen=True)
class Failed:
    """A batch that was given up. `kind` is the class of what was raised, or LOST; `reason` says it in one sentence.

    `error` is what was raised, where that was in this process.
    """

    key: str
    kind: str
    reason: str
    error: Exception | None = None


class Executor(Protocol):
    """Has a function done for many batches, by whoever is there for it.

    `here` says that it is done in this process, so that nothing has to travel.
    """

    @property
    def name(self) -> str:
        """One of EXECUTORS."""
        ...

    @property
    def here(self) -> bool:
        """Whether nothing leaves this process."""
        ...

    def map(
        self, function: Callable[[T], R], batches: Iterable[T], key: Callable[[T], str]
    ) -> Iterator[Done[R] | Failed]:
        """What comes of each batch, as it comes, in any order; of several with one `key`, that of the first.

        `function` is a function of a module, known by its name where the work is done, and gives the same for the same batch:
        a batch may be computed again where a worker was lost, and comes back once all the same. One that fails, or has
        ended TRIES workers, comes as Failed, and the others go on. What was computed for one who was killed is found by who
        asks for the same again. Raises ExecutorError where there is nobody to ask.
        """
        ...


def name_of_function(function: Callable[..., object]) -> str:
    """ "module:name", by which it is found elsewhere. Raises ValueError for one that is no function of a module."""
    module, name = getattr(function, "__module__", ""), getattr(function, "__qualname__", "")
    if not name.isidentifier() or getattr(importlib.import_module(module), name, None) is not function:
        raise ValueError(f"{function!r} is not a named function of a module")
    return f"{module}:{name}"


def perform(function: str, message: bytes, trusted: Collection[str] = ()) -> bytes:
    """Call the function of that name with what is in `message`; the reply, for `answered`.

    Runs FUNCTIONS, and those of the modules `trusted`.
    """
    try:
        module, _, name = function.partition(":")
        if function not in FUNCTIONS and not (module in trusted and name.isidentifier()):
            raise ValueError(f"{function}: not a function that this worker runs")
        called = getattr(importlib.import_module(module), name)
        return _DONE + packed(called(unpacked(message, trusted)))
    except Exception as error:
        return refusal(error)


def refusal(error: Exception) -> bytes:
    """The reply where there is an error in place of a value."""
    return _FAILED + json.dumps([type(error).__name__, said(error)]).encode()


def answered(key: str, reply: bytes, trusted: Collection[str] = ()) -> Done[Any] | Failed:
    """What is in a reply; Failed, too, for what cannot be opened."""
    try:
        if reply[:1] == _DONE:
            return Done(key, unpacked(reply[1:], trusted))
        kind, reason = json.loads(reply[1:])
    except Exception as error:
        kind, reason = type(error).__name__, said(error)
    return Failed(key, kind, reason)


def said(error: Exception) -> str:
    """The error in one sentence, without secrets."""
    text = hidden(one_line(str(error)))
    return text if isinstance(error, MundapError) else f"{type(error).__name__}: {text}"


def lost(key: str) -> Failed:
    """The failure of a batch that ended every worker that had it."""
    return Failed(
        key, LOST, f"이 작업을 하던 프로세스가 {TRIES}번 종료되어 포기했습니다(메모리 부족 또는 라이브러리 오류)."
    )


def this_version() -> str:
    """The version of mundap, which those who work together share."""
    return version("mundap")
