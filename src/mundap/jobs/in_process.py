"""The executor that needs nobody else: one batch after the other, in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from mundap.jobs.executor import Done, Failed, name_of_function, said
from mundap.stopping import Stopped

T = TypeVar("T")
R = TypeVar("R")


class InProcess:
    """Calls the function here; a batch that ends the process ends who asked, too."""

    name = "local"
    here = True

    def map(
        self, function: Callable[[T], R], batches: Iterable[T], key: Callable[[T], str]
    ) -> Iterator[Done[R] | Failed]:
        """See Executor."""
        name_of_function(function)
        known: set[str] = set()
        for batch in batches:
            if (named := key(batch)) in known:
                continue
            known.add(named)
            try:
                outcome: Done[R] | Failed = Done(named, function(batch))
            except Stopped:
                raise
            except Exception as error:
                outcome = Failed(named, type(error).__name__, said(error), error)
            yield outcome
