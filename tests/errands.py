"""Functions that tests have others do."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Errand:
    """`name`, and what happens on the way: "" nothing, "raise", "die", or "slow". `log` has a line for each time."""

    name: str
    what: str = ""
    log: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Ran:
    """What comes back."""

    name: str
    letters: tuple[str, ...]


def run(errand: Errand) -> Ran:
    if errand.log:
        with Path(errand.log).open("a") as log:
            log.write(f"{errand.name}\n")
    if errand.what == "raise":
        raise ValueError(f"{errand.name}: 할 수 없습니다 postgresql://user:secret-word@host/db")
    if errand.what == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if errand.what == "unsendable":
        return Ran(errand.name, (open,))  # type: ignore[arg-type]
    time.sleep(errand.seconds)
    return Ran(errand.name, tuple(errand.name))
