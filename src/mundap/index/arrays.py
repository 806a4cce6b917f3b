"""Arrays in order, and arrays on disk that are written piece by piece, as `numpy.save` writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib import format as npy


class ArrayWriter:
    """Writes a .npy file whose length is known when it is closed. `shape` is that of one entry."""

    def __init__(self, path: Path, dtype: npt.DTypeLike, shape: tuple[int, ...] = ()) -> None:
        self._path = path
        self._dtype = np.dtype(dtype)
        self._shape = shape
        self.length = 0
        path.touch()
        self.close()

    def append(self, array: npt.NDArray[Any]) -> None:
        """Add these entries."""
        with self._path.open("ab") as file:
            file.write(np.ascontiguousarray(array, self._dtype).data)
        self.length += len(array)

    def close(self) -> None:
        """Write down the length."""
        about = {"descr": npy.dtype_to_descr(self._dtype), "fortran_order": False, "shape": (self.length, *self._shape)}
        with self._path.open("r+b") as file:
            npy.write_array_header_1_0(file, about)  # leaves room for a longer first axis


def among(values: npt.NDArray[np.integer], listed: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
    """Which of `values` are in `listed`, which ascends."""
    if not len(listed):
        return np.zeros(len(values), np.bool_)
    places = np.minimum(np.searchsorted(listed, values), len(listed) - 1)
    found: npt.NDArray[np.bool_] = listed[places] == values
    return found
