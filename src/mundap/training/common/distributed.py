"""The processes of torchrun, and the device of each."""

from __future__ import annotations

import atexit
import importlib
import os
from dataclasses import dataclass
from datetime import timedelta
from types import ModuleType

from mundap.training.common.untyped import Device


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
    def join(cls, torch: ModuleType) -> World:
        """`around`, and meet the others."""
        world = cls.around()
        if world.size > 1 and not torch.distributed.is_initialized():
            # It takes the group of that moment for its defaults; taken after the group is made, nothing ends its threads.
            importlib.import_module("torch.distributed.nn")
            kind = "nccl" if torch.cuda.is_available() else "gloo"
            torch.distributed.init_process_group(kind, timeout=timedelta(hours=6))
            atexit.register(_leave, torch)
        return world

    def meet(self, torch: ModuleType) -> None:
        """Wait for the others."""
        if self.size > 1:
            torch.distributed.barrier()

    @property
    def first(self) -> bool:
        """Whether this process is the one that says, draws and keeps."""
        return self.rank == 0


def _leave(torch: ModuleType) -> None:
    """Part from the others. What ends with a thread that still talks to them is aborted now and then:
    https://github.com/pytorch/pytorch/pull/179291."""
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def device_of(torch: ModuleType) -> Device:
    """The GPU of this process, or the CPU."""
    if not torch.cuda.is_available():
        return torch.device("cpu")
    place = int(os.environ.get("LOCAL_RANK", "0"))
    torch.cuda.set_device(place)
    return torch.device("cuda", place)
