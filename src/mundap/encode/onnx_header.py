"""What an ONNX file calls its outputs, read without its weights (onnx.proto: ModelProto, GraphProto, ValueInfoProto)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_GRAPH, _OUTPUT, _NAME = 7, 12, 1  # numbers of fields: of a model, of a graph, of what describes a value
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def output_names(file: Path) -> list[str]:
    """The names of the graph's outputs; none of a file that is no graph, which whoever loads it will tell."""
    found = []
    try:
        with file.open("rb") as stream:
            for _, graph in _fields(stream, file.stat().st_size, _GRAPH):
                for _, output in _fields(stream, graph, _OUTPUT):
                    found += [stream.read(end - start).decode() for start, end in _fields(stream, output, _NAME)]
    except (OSError, ValueError, EOFError):
        return []
    return found


def _fields(stream: BinaryIO, end: int, wanted: int) -> Iterator[tuple[int, int]]:
    """(start, end) of each field of bytes of that number, of the message from here to `end`; the stream stands at its start."""
    while stream.tell() < end:
        number, kind = divmod(_varint(stream), 8)
        if kind == _BYTES:
            size = _varint(stream)
            start, stop = stream.tell(), stream.tell() + size
            if number == wanted:
                yield start, stop
            stream.seek(stop)
        elif kind == _VARINT:
            _varint(stream)
        elif kind in (_FIXED64, _FIXED32):
            stream.seek(8 if kind == _FIXED64 else 4, 1)
        else:
            raise ValueError(f"wire type {kind}")


def _varint(stream: BinaryIO) -> int:
    value = shift = 0
    while True:
        byte = stream.read(1)
        if not byte or shift > 63:
            raise EOFError
        value |= (byte[0] & 127) << shift
        if byte[0] < 128:
            return value
        shift += 7
