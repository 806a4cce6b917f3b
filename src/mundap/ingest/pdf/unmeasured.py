"""Letters that PDFium leaves out of a page's text, because neither the file nor the machine has a font to measure them.

A text object as wide as its letters are measured is dropped if it has no width (CPDF_TextPage::ProcessTextObject), which
without a Korean font befalls each Hangul syllable that is drawn alone. Drawn with an outline it has the outline's width,
and its place and height come from the file, as those of other words do.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache

from mundap.extras import Untyped, need
from mundap.ingest.pdf.page_layout import Page, Word

_THIN = 0.01  # points; PDFium drops what is narrower
_FINE = 1000  # parts of a point in which places are asked for
_DEEPEST = 4  # forms within forms
# A page on which 무 is drawn in a font that every PDF reader should have.
_SYLLABLE = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 90 90]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>endobj
4 0 obj<</Length 35>>stream
BT /F 9 Tf 9 9 Td <BB34> Tj ET     \nendstream endobj
5 0 obj<</Type/Font/Subtype/Type0/BaseFont/HYSMyeongJo-Medium/Encoding/UniKS-UCS2-H/DescendantFonts[6 0 R]>>endobj
6 0 obj<</Type/Font/Subtype/CIDFontType0/BaseFont/HYSMyeongJo-Medium/FontDescriptor 7 0 R/DW 1000
/CIDSystemInfo<</Registry(Adobe)/Ordering(Korea1)/Supplement 1>>>>endobj
7 0 obj<</Type/FontDescriptor/FontName/HYSMyeongJo-Medium/Flags 6/FontBBox[0 -148 1001 880]/ItalicAngle 0/Ascent 880
/Descent -120/StemV 59/CapHeight 880>>endobj
trailer<</Root 1 0 R>>
%%EOF
"""


@cache
def measured() -> bool:
    """Whether this machine has a font by which PDFium measures Hangul."""
    pdfium = need("pypdfium2", extra="docs")
    document = pdfium.PdfDocument(_SYLLABLE)
    try:
        return bool(document[0].get_textpage().count_chars())
    finally:
        document.close()


def with_unmeasured(document: Untyped, pages: Sequence[Page], turns: Mapping[int, int]) -> list[Page]:
    """`pages` of an open `document` with the words that were left out. `turns` are degrees by number, of pages that were
    turned to read upright."""
    if measured():
        return [*pages]
    return [_completed(document, page, -turns.get(page.number, 0) // 90 % 4) for page in pages]


def _completed(document: Untyped, page: Page, quarters: int) -> Page:
    raw = need("pypdfium2.raw", extra="docs")
    try:
        shown = document[page.number - 1]
        lost = set()
        for each in shown.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT], max_depth=_DEEPEST):
            left, _, right, _ = each.get_bounds()
            if right - left < _THIN and not raw.FPDFFont_GetIsEmbedded(raw.FPDFTextObj_GetFont(each)):
                raw.FPDFTextObj_SetTextRenderMode(each, raw.FPDF_TEXTRENDERMODE_FILL_STROKE)
                raw.FPDFPageObj_SetStrokeWidth(each, 1.0)
                raw.FPDFPageObj_Transform(each, 1, 0, 0, 1, 0, 0)  # which has it measured anew
                lost.add(ctypes.addressof(each.raw.contents))
        words = tuple(_words(shown, lost, page, quarters)) if lost else ()
    except Exception:  # pypdfium2 hands on what ctypes raises; what was read without it stays
        return page
    return replace(page, words=page.words + words)


def _words(shown: Untyped, lost: set[int], page: Page, quarters: int) -> Iterator[Word]:
    """Each letter of the objects `lost`, where it stands on `page`."""
    raw = need("pypdfium2.raw", extra="docs")
    text = shown.get_textpage()
    for n in range(text.count_chars()):
        letter = chr(raw.FPDFText_GetUnicode(text, n))
        found = raw.FPDFText_GetTextObject(text, n)
        if not found or ctypes.addressof(found.contents) not in lost or letter.isspace() or not letter.isprintable():
            continue
        left, bottom, right, top = text.get_charbox(n, loose=True)
        x, y = zip(
            _placed(shown, page, quarters, left, bottom), _placed(shown, page, quarters, right, top), strict=True
        )
        yield Word(letter, min(x), min(y), max(x), max(y), max(y) - min(y))


def _placed(shown: Untyped, page: Page, quarters: int, x: float, y: float) -> tuple[float, float]:
    """A place on a page of the file as `page` counts it."""
    raw = need("pypdfium2.raw", extra="docs")
    across, down = ctypes.c_int(), ctypes.c_int()
    size = round(page.width * _FINE), round(page.height * _FINE)
    raw.FPDF_PageToDevice(shown, 0, 0, *size, quarters, x, y, across, down)
    return across.value / _FINE, down.value / _FINE
