"""What all loops share: the processes of torchrun, the device of each, and the rate of a step."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from typing import Any


@dataclass(frozen=True)
class World:
    """The processes of torchrun, or this one alone."""

    rank: int
    size: int

    @classmethod
    def around(cls) -> World:
        """As torchrun says."""
        return cls(int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1")))

    @classmethod
    def join(cls, torch: Any) -> World:
        """`around`, and meet the others."""
        world = cls.around()
        if world.size > 1 and not torch.distributed.is_initialized():
            kind = "nccl" if torch.cuda.is_available() else "gloo"
            torch.distributed.init_process_group(kind, timeout=timedelta(hours=6))
        return world

    @property
    def first(self) -> bool:
        """Whether this process is the one that says, draws and keeps."""
        return self.rank == 0


def device_of(torch: Any) -> Any:
    """The GPU of this process, or the CPU."""
    if not torch.cuda.is_available():
        return torch.device("cpu")
    place = int(os.environ.get("LOCAL_RANK", "0"))
    torch.cuda.set_device(place)
    return torch.device("cuda", place)


def slope(step: int, steps: int, warmup: float) -> float:
    """Of the rate: up over the first share of steps, then down to nothing."""
    rising = max(int(steps * warmup), 1)
    return (step + 1) / rising if step < rising else (steps - step) / max(steps - rising, 1)
