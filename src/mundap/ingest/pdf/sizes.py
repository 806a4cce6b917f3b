"""Pages of an absurd size, which programs write by mistake: made as large as what stands on them before they are read.

On such a page places are too coarse to tell lines apart, and parsers of PDF run out of memory.
"""

from __future__ import annotations

from io import BytesIO

from mundap.extras import Untyped, need

_LEAST = 3.0  # points, as ISO 32000-1, annex C, has it
_MOST = 100_000.0  # points, 35 m: seven times what the same annex allows; beyond, 32 bits do not tell hundredths apart
_MARGIN = 10.0
_DEEPEST = 4  # forms within forms
_A4 = (0.0, 0.0, 595.0, 842.0)

Box = tuple[float, float, float, float]


def resized(document: Untyped, data: bytes) -> tuple[bytes, list[int]]:
    """`data`, or the open `document` that it is with its absurd pages cut to their text; and the numbers of those whose
    text stands too far apart for that, of which what stands on A4 is left."""
    odd = [n for n in range(len(document)) if not _fits(*_size(document, n))]
    if not odd:
        return data, []
    lost = []
    for n in odd:
        try:
            page = document[n]
            box = _around_text(page)
            if not _fits(box[2] - box[0], box[3] - box[1]):
                lost.append(n + 1)
                box = _A4
            page.set_mediabox(*box)
            page.set_cropbox(*box)
        except Exception:  # pypdfium2 hands on what ctypes raises; the reader will say what is wrong with such a page
            continue
    document.save(out := BytesIO())
    return out.getvalue(), lost


def _size(document: Untyped, n: int) -> tuple[float, float]:
    try:
        width, height = document.get_page_size(n)
    except Exception:  # as above
        return _LEAST, _LEAST
    return width, height


def _fits(width: float, height: float) -> bool:
    return _LEAST <= width <= _MOST and _LEAST <= height <= _MOST


def _around_text(page: Untyped) -> Box:
    raw = need("pypdfium2.raw", extra="docs")
    found = [each.get_bounds() for each in page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT], max_depth=_DEEPEST)]
    if not found:
        return _A4
    left, bottom, right, top = zip(*found, strict=True)
    return min(left) - _MARGIN, min(bottom) - _MARGIN, max(right) + _MARGIN, max(top) + _MARGIN
