"""Values as they travel to a worker and back: pickles that are opened for mundap's own values alone.

Whoever can write to a queue must not be able to have any code run: a pickle that asks for anything but a value of these
modules, or of those that a worker was told to trust, is refused.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Collection
from dataclasses import is_dataclass
from enum import Enum
from typing import Any

_MODULES = frozenset(
    {
        "mundap.encode.options",
        "mundap.ingest.build",
        "mundap.ingest.problems",
        "mundap.ingest.sheets.sheet",
        "mundap.jobs.encoding",
        "mundap.jobs.reading",
        "mundap.jobs.task",
        "mundap.synth.completions",
        "mundap.types",
        "mundap.workflows.spread",
    }
)
_PLAIN = {"builtins": {"bytearray", "complex", "frozenset", "set"}, "datetime": {"date", "datetime", "timedelta"}}


def packed(value: object) -> bytes:
    """`value` as it travels."""
    return pickle.dumps(value, protocol=5)


def unpacked(message: bytes, trusted: Collection[str] = ()) -> Any:
    """What was `packed`. `trusted` are more modules whose values may be in it. Raises UnpicklingError for any other."""
    return _Unpacker(message, frozenset(trusted)).load()


class _Unpacker(pickle.Unpickler):
    def __init__(self, message: bytes, trusted: frozenset[str]) -> None:
        super().__init__(io.BytesIO(message))
        self._modules = _MODULES | trusted

    def find_class(self, module: str, name: str) -> Any:
        """A class that is a mere value, defined in one of the modules."""
        if name in _PLAIN.get(module, ()):
            return super().find_class(module, name)
        if module in self._modules and name.isidentifier():
            found = super().find_class(module, name)
            value = isinstance(found, type) and (
                is_dataclass(found)
                or issubclass(found, Enum)
                or (issubclass(found, tuple) and hasattr(found, "_fields"))
            )
            if value and found.__module__ == module:
                return found
        raise pickle.UnpicklingError(f"{module}.{name}: a value that does not travel")
