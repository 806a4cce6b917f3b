"""Draws a page of a PDF, with quotes marked, in a process of its own: a file that PDFium cannot bear takes nothing along.

`python -m mundap.serve.page.draw_page FILE PAGE < QUOTES` reads a JSON list of texts from standard input and writes one
line `PAGE MARK` and then a PNG to standard output; PAGE counts from 1, and MARK is the share of the page above the first
mark. A quote that begins on PAGE may end on the next
one, and one that is not on PAGE may be on the next: then that one is drawn.
"""

from __future__ import annotations

import ctypes
import json
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import numpy.typing as npt

Box = tuple[float, float, float, float]  # left, bottom, right, top, in points
Pixels = npt.NDArray[np.uint8]

_WIDE = 1200  # pixels of a page's width
_TALL = 4000  # and at most of its height
_MARK = np.array([255, 226, 110], np.float32) / 255  # multiplied, so that letters stay black
_LEAST = 8  # letters of a part of a quote that is marked where the whole is not found
_SIGNS = frozenset("|*#`>_~\\-·•")  # of Markdown, which are not on the page
_MEMORY = 1 << 30  # bytes that a page may take


def letters(text: str) -> str:
    """What of a text is compared: neither white space nor signs of Markdown."""
    return "".join(c for c in text if not c.isspace() and c not in _SIGNS)


def spans(page: str, quotes: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where the quotes are among the `letters` of a page; of a quote that is not there as a whole, its lines and cells.

    >>> list(spans("제1조연차는15일이다.", ["연차는 15일이다."]))
    [(3, 12)]
    """
    for quote in quotes:
        wanted = letters(quote)
        parts = (
            [wanted] if wanted in page else [letters(part) for line in quote.split("\n") for part in line.split("|")]
        )
        for part in parts:
            at = page.find(part) if part == wanted or len(part) >= _LEAST else -1
            if part and at >= 0:
                yield at, at + len(part)


def lines(boxes: Sequence[Box]) -> list[Box]:
    """Boxes of letters, in reading order, as one box for each line.

    >>> lines([(0, 0, 5, 10), (6, 1, 9, 9), (0, -20, 5, -10)])
    [(0, 0, 9, 10), (0, -20, 5, -10)]
    """
    found: list[Box] = []
    for left, bottom, right, top in boxes:
        if found:
            west, south, east, north = found[-1]
            if south < (bottom + top) / 2 < north and left >= west - (north - south):
                found[-1] = (min(west, left), min(south, bottom), max(east, right), max(north, top))
                continue
        found.append((left, bottom, right, top))
    return found


def png(pixels: Pixels) -> bytes:
    """A picture of (height, width, 3) as PNG."""
    height, width, _ = pixels.shape
    rows = np.zeros((height, 1 + width * 3), np.uint8)
    rows[:, 1:] = pixels.reshape(height, -1)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 2, 0, 0, 0])
    body = zlib.compress(rows.tobytes(), 6)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def draw(path: str, number: int, quotes: Sequence[str]) -> tuple[int, float, bytes]:
    """The number of the page that was drawn, the share of its height above the first mark (0 without one), and its PNG.

    Raises ValueError if there is no such page.
    """
    import pypdfium2

    document = pypdfium2.PdfDocument(path)
    count = len(document)
    if not 1 <= number <= count:
        raise ValueError(f"no page {number} of {count}")
    boxes: list[Box] = []
    shown = number
    for n in range(number, min(number + 1, count) + 1):
        if boxes := _marks(document[n - 1], quotes):
            shown = n
            break
    page = document[shown - 1]
    width, height = page.get_size()
    scale = min(_WIDE / width, _TALL / height)
    pixels = np.array(page.render(scale=scale, rev_byteorder=True).to_numpy())[:, :, :3]
    first = pixels.shape[0]
    for left, bottom, right, top in boxes:
        corners = [page_to_device(page, pixels.shape, x, y) for x, y in ((left, bottom), (right, top))]
        (x0, x1), (y0, y1) = (sorted(corner[axis] for corner in corners) for axis in (0, 1))
        part = pixels[max(0, y0 - 2) : y1 + 2, max(0, x0 - 2) : x1 + 2]
        part[:] = (part * _MARK).astype(np.uint8)
        first = min(first, y0)
    return shown, first / pixels.shape[0] % 1, png(pixels)


def page_to_device(page: Any, shape: tuple[int, ...], x: float, y: float) -> tuple[int, int]:
    """A place in points as one in pixels of the drawn page, whatever its rotation and crop."""
    import pypdfium2.raw as raw

    column, row = ctypes.c_int(), ctypes.c_int()
    raw.FPDF_PageToDevice(page.raw, 0, 0, shape[1], shape[0], 0, x, y, column, row)
    return column.value, row.value


def _marks(page: Any, quotes: Sequence[str]) -> list[Box]:
    import pypdfium2.raw as raw

    text = page.get_textpage()
    said: list[str] = []
    places: list[int] = []
    for n in range(text.count_chars()):
        for letter in letters(chr(raw.FPDFText_GetUnicode(text.raw, n))):
            said.append(letter)
            places.append(n)
    whole = "".join(said)
    return [
        box
        for first, after in spans(whole, quotes)
        for box in lines([text.get_charbox(n, loose=True) for n in places[first:after]])
    ]


def main() -> None:
    """Draw the page that the arguments name."""
    with suppress(ModuleNotFoundError):  # Windows sets no such limit
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
    shown, first, picture = draw(sys.argv[1], int(sys.argv[2]), json.load(sys.stdin))
    sys.stdout.buffer.write(f"{shown} {first:.3f}\n".encode() + picture)


if __name__ == "__main__":
    main()
