"""Tensors of a .safetensors file, in NumPy: a length, a JSON header, and the numbers (huggingface/safetensors, format)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt

_KINDS = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U8": "u1",
}  # fmt: skip


class _Tensor(TypedDict):
    """What the header says of a tensor; its place counts from the header's end."""

    dtype: str
    shape: list[int]
    data_offsets: list[int]


def read_tensors(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The tensors by name, mapped: numbers are read when they are touched; those of BF16 are widened to floats.

    Raises OSError, and ValueError for what is no such file or holds a kind of number that is not known.
    """
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        if not 0 < size <= path.stat().st_size - 8:
            raise ValueError(f"{path.name}: no safetensors header")
        header: dict[str, _Tensor] = json.loads(file.read(size))
    raw = np.memmap(path, np.uint8, "r", 8 + size) if path.stat().st_size > 8 + size else np.empty(0, np.uint8)
    try:
        return {
            name: _values(raw[slice(*about["data_offsets"])], about["dtype"]).reshape(about["shape"])
            for name, about in header.items()
            if name != "__metadata__"
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path.name}: {error!r}") from error


def _values(raw: npt.NDArray[np.uint8], kind: str) -> npt.NDArray[Any]:
    if kind == "BF16":  # the upper half of a float
        return (raw.view("<u2").astype(np.uint32) << 16).view(np.float32)
    return raw.view(_KINDS[kind])
