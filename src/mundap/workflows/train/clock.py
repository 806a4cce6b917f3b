"""A time budget: what would not end within it is given up before the time is spent."""

from __future__ import annotations

import time

from mundap.protocols import Progress
from mundap.workflows.train.run import Stages

_SURE = 20.0  # seconds of a stage after which its pace is believed
_SHARE, _STEPS = 0.3, 30  # of a stage, whichever is less: first folds search and encode what later ones remember
_LATE = 1.5  # times the time that is left


class OutOfTime(Exception):
    """Raised through the progress of a training that would not end in time."""


class Clock:
    """So many `minutes`, of which `used` seconds are gone."""

    def __init__(self, minutes: float, used: float = 0.0) -> None:
        self._end = time.monotonic() + 60 * minutes - used

    @property
    def left(self) -> float:
        """Seconds."""
        return self._end - time.monotonic()

    def watched(self, stages: Stages) -> Stages:
        """The stages, which raise OutOfTime when the time is up, or when a stage's pace says that it will be."""

        def stage(title: str) -> Progress:
            told, began = stages(title), time.monotonic()

            def progress(done: int, total: int) -> None:
                told(done, total)
                spent = time.monotonic() - began
                sure = spent > _SURE and done >= min(_SHARE * total, _STEPS)
                if self.left < 0 or (sure and done and spent * (total - done) / done > _LATE * self.left):
                    raise OutOfTime

            return progress

        return stage
