"""PDF: the words and lines of its pages from PDFium, pages that are only pictures by OCR."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from mundap.errors import BadFile
from mundap.extras import Untyped, need
from mundap.ingest.assemble import assemble
from mundap.ingest.blocks import Parsed
from mundap.ingest.build import Reading
from mundap.ingest.pdf import ocr
from mundap.ingest.pdf.flow import blocks
from mundap.ingest.pdf.page_layout import Page, Rule, Word
from mundap.ingest.pdf.sizes import resized
from mundap.ingest.pdf.unmeasured import with_unmeasured

if TYPE_CHECKING:
    from liteparse import AnnotationRect, FormField, ParsedPage, ParseResult, TextItem

_HEAD = 1024  # bytes in which "%PDF-" stands, as readers have it
_FEW = 30  # letters; a page with no more and a picture over most of it is a scan with a stamp or a page number
_COVERED = 0.6  # of a scanned page, by its picture
_GARBLED = 0.3  # of the letters of a page whose fonts do not say what they are
_PRIVATE = re.compile("[\ue000-\uf8ff\ufffd\x00-\x08\x0e-\x1f]")
_STRAIGHT = 2.0  # degrees
_XFA = re.compile(r"please wait|adobe reader|acrobat", re.I)
_DATE = re.compile(r"(?:D:)?((?:19|20)\d\d)(\d\d)(\d\d)")
_SUFFIX = re.compile(r"\.(?:pdf|hwpx?|docx?|pptx?|xlsx?|indd|ai|txt)$", re.I)
_NO_TITLE = re.compile(
    r"microsoft \w+ - |untitled|no title|제목\s*없|무제|문서\s?\d*$|빈 문서|document\s?\d*$|slide\s?\d*$|presentation\s?\d*$"
    r"|powerpoint|프레젠테이션\s?\d*$|\(anonymous\)|unspecified|hwp\s?\d*$|book\s?\d*$|통합 문서\s?\d*$",
    re.I,
)


def read_pdf(path: Path, source: str) -> Reading:
    """A PDF file. Raises BadFile for one that is encrypted, cut off or broken, or that has no text."""
    return assemble(parse(path), path, source)


def parse(path: Path) -> Parsed:
    """The blocks of a PDF, with their pages."""
    data = _whole(path.read_bytes(), path.name)
    with _second_look(data, path.name) as document:
        data, lost = resized(document, data)
    result = _opened(data, path.name)
    warnings = [
        f"{n}쪽은 글자가 비정상적으로 멀리 떨어져 있어 일부만 읽었습니다. PDF 뷰어에서 A4로 인쇄해 다시 저장하세요."
        for n in lost
    ]
    warnings += [
        f"{error.page_num}쪽을 읽지 못했습니다({error.message}). 해당 쪽을 다시 저장하세요."
        for error in result.page_errors
    ]
    upright, turns = _upright(data, result)
    with _second_look(data, path.name) as document:
        title = _title(document)
        pages = with_unmeasured(document, [_page(page) for page in upright], turns)
        pictures = _pictures(document, pages)
        pages, more = _with_scans(document, pages, pictures)
    _must_have_text(path.name, result, pages, pictures)
    return Parsed(tuple(blocks(pages)), title, _date(result), result.total_pages, (*warnings, *more))


def _whole(data: bytes, name: str) -> bytes:
    """`data` from where the PDF begins: mail and web servers put lines before it."""
    if not data:
        raise BadFile(f"{name}: 빈 파일입니다(0바이트). 다시 받거나 저장하세요.")
    if b"%PDF-" not in data[:_HEAD]:
        raise BadFile(f"{name}: PDF가 아닙니다. 원래 형식의 확장자로 바꾸거나 PDF로 다시 저장하세요.")
    return data[data.index(b"%PDF-") :]


def _opened(data: bytes, name: str, **about: Untyped) -> ParseResult:
    liteparse = need("liteparse", extra="docs")
    parser = liteparse.LiteParse(
        ocr_enabled=False,
        quiet=True,
        continue_on_page_error=True,
        extract_links=False,
        extract_document_metadata=True,
        extract_form_fields=True,
        extract_vector_graphics=True,
        extract_xfa_packets=True,
        emit_word_boxes=True,
        **about,
    )
    try:
        result: ParseResult = parser.parse(data)
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # a panic of the native code is no Exception
        raise BadFile(_why(data, name, str(error))) from error
    if not result.total_pages:
        raise BadFile(f"{name}: 페이지가 없는 PDF입니다. 원본에서 다시 저장하세요.")
    return result


def _why(data: bytes, name: str, message: str) -> str:
    if "password" in message.lower():
        return f"{name}: 암호가 걸린 PDF입니다. 암호를 풀어 다시 저장하세요."
    if "security" in message.lower():
        return f"{name}: 문서 보안(DRM)이 걸린 PDF입니다. 보안을 풀어 다시 저장하세요."
    if b"%%EOF" not in data[-_HEAD:]:
        return f"{name}: 중간에 잘린 PDF입니다. 파일을 다시 다운로드하세요."
    return f"{name}: PDF로 열 수 없습니다({message}). PDF 뷰어에서 열어 다시 저장하세요."


def _upright(data: bytes, result: ParseResult) -> tuple[list[ParsedPage], dict[int, int]]:
    """The pages, those whose text lies on its side or stands on its head turned, and by how many degrees."""
    upright: list[ParsedPage] = result.pages
    turns = {}
    for page in upright:
        angles: Counter[int] = Counter()
        for item in page.text_items:
            angles[round(item.rotation / 90) % 4 * 90] += len(item.text)
        if angles and (most := max(angles, key=lambda angle: (angles[angle], -angle))):
            turns[page.page_num] = most
    if not turns:
        return upright, turns
    numbers = ",".join(map(str, turns))
    again = _opened(data, "", target_pages=numbers, page_orientation_corrections=sorted(turns.items()))
    turned = {page.page_num: page for page in again.pages}
    return [turned.get(page.page_num, page) for page in upright], turns


def _page(page: ParsedPage) -> Page:
    lines = page.vector_graphics.lines if page.vector_graphics else []
    rules = (Rule(*_flat(line.x1, line.y1, line.x2, line.y2)) for line in lines)
    words = [*_words(page.text_items)]
    words += _filled_in(page.form_fields or [], words)
    return Page(page.page_num, page.width, page.height, tuple(words), tuple(rules))


def _flat(x0: float, y0: float, x1: float, y1: float) -> tuple[float, float, float, float]:
    """A line that is not quite level made so."""
    if abs(x1 - x0) >= abs(y1 - y0):
        return min(x0, x1), y0, max(x0, x1), y0
    return x0, min(y0, y1), x0, max(y0, y1)


def _words(items: Iterable[TextItem]) -> Iterator[Word]:
    """The words of text items; what runs across the page at an angle is a watermark and left out."""
    for run, item in enumerate(items):
        off = item.rotation % 90
        if min(off, 90 - off) > _STRAIGHT:
            continue
        x1, y1 = item.x + item.width, item.y + item.height
        if _STRAIGHT < item.rotation % 360 < 360 - _STRAIGHT or not item.words:
            text = " ".join(item.text.split())
            if text:
                yield Word(text, item.x, item.y, x1, y1, min(item.width, item.height), run)
        else:
            yield from _spelt(item, run)


def _spelt(item: TextItem, run: int) -> Iterator[Word]:
    """The words of an item; boxes with no space between them in its text are one word."""
    at = 0
    held: Word | None = None
    for box in item.words:
        start = item.text.find(box.text, at)
        gap = start < 0 or item.text[at:start].strip() or start > at
        at = max(start, at) + len(box.text)
        if held is not None and not gap:
            held = Word(held.text + box.text, held.x0, held.y0, box.x + box.width, held.y1, item.height, run)
            continue
        if held is not None:
            yield held
        held = Word(box.text, box.x, item.y, box.x + box.width, item.y + item.height, item.height, run)
    if held is not None:
        yield held


def _filled_in(fields: Iterable[FormField], words: Sequence[Word]) -> list[Word]:
    """What was written into a form, where it was written, unless the page shows it already."""
    result = []
    for field in fields:
        value = (field.value or "").strip() if field.type in ("text", "combobox", "listbox") else ""
        if not value or field.rect is None or any(_inside(word, field.rect) for word in words):
            continue
        lines = value.splitlines()
        tall = field.rect.height / len(lines)
        for n, line in enumerate(lines):
            middle, size = field.rect.y + (n + 0.5) * tall, min(tall, 10.0)
            box = (field.rect.x, middle - size / 2, field.rect.x + field.rect.width, middle + size / 2)
            result.append(Word(line.strip(), *box, size))
    return result


def _inside(word: Word, rect: AnnotationRect) -> bool:
    across, down = (word.x0 + word.x1) / 2 - rect.x, (word.y0 + word.y1) / 2 - rect.y
    return bool(0 <= across <= rect.width and 0 <= down <= rect.height)


@contextmanager
def _second_look(data: bytes, name: str) -> Iterator[Untyped]:
    """The file in pypdfium2, for what liteparse does not tell: title, pictures, how pages look."""
    pdfium = need("pypdfium2", extra="docs")
    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        raise BadFile(_why(data, name, str(error))) from error
    try:
        yield document
    finally:
        document.close()


def _title(document: Untyped) -> str:
    """The title that the file gives itself, unless a program made it up."""
    try:
        title = _SUFFIX.sub("", " ".join(document.get_metadata_value("Title").split()))
    except Exception:  # pypdfium2 hands on what ctypes and codecs raise
        return ""
    plausible = re.search("[가-힣]", title) or (" " in title and re.search("[A-Za-z]{2}", title))
    return title if plausible and not _NO_TITLE.match(title) and not _PRIVATE.search(title) else ""


def _date(result: ParseResult) -> str:
    """The day on which the file was made, or last changed."""
    meta = result.doc_meta
    for stamp in (meta.creation_date, meta.mod_date) if meta else ():
        if found := _DATE.match(stamp or ""):
            try:
                return date(*map(int, found.groups())).isoformat()
            except ValueError:
                continue
    return ""


def _pictures(document: Untyped, pages: Sequence[Page]) -> list[int]:
    """The numbers of the pages that are pictures of text, or whose letters cannot be told."""
    return [
        page.number
        for page in pages
        if _is_garbled(page) or (_letters(page) <= _FEW and _shows_picture(document, page))
    ]


def _letters(page: Page) -> int:
    return sum(len(word.text) for word in page.words)


def _is_garbled(page: Page) -> bool:
    text = "".join(word.text for word in page.words)
    return len(_PRIVATE.findall(text)) > _GARBLED * len(text)


def _shows_picture(document: Untyped, page: Page) -> bool:
    pdfium: ModuleType = need("pypdfium2", extra="docs")
    try:
        shown = document[page.number - 1]
        width, height = shown.get_size()
        bounds = [
            image.get_bounds() for image in shown.get_objects(filter=[pdfium.raw.FPDF_PAGEOBJ_IMAGE], max_depth=4)
        ]
    except Exception:  # as above
        return False
    covered = sum(max(0, right - left) * max(0, top - bottom) for left, bottom, right, top in bounds)
    return bool(bounds) and (not page.words or covered >= _COVERED * width * height)


def _with_scans(document: Untyped, pages: Sequence[Page], pictures: Sequence[int]) -> tuple[list[Page], list[str]]:
    """The pages with the words that OCR reads on those that are pictures, and what to tell about them."""
    if not pictures:
        return [*pages], []
    if missing := ocr.missing():
        return [*pages], [f"{ocr.shown(pictures)}쪽은 텍스트가 없는 이미지(스캔)라 읽지 못했습니다. {missing}"]
    result, failed, unclear = [], [], []
    for page in pages:
        scan = ocr.read_page(document, page.number - 1) if page.number in pictures else None
        if page.number in pictures and scan is None:
            failed.append(page.number)
        if scan is None:
            result.append(page)
            continue
        if scan.words and scan.confidence < ocr.CLEAR:
            unclear.append(page.number)
        result.append(Page(page.number, scan.width, scan.height, scan.words, (), scanned=True))
    return result, [*ocr.told(failed, unclear)]


def _must_have_text(name: str, result: ParseResult, pages: Sequence[Page], pictures: Sequence[int]) -> None:
    text = " ".join(word.text for page in pages for word in page.words)
    if result.xfa_packets and (not text or (len(text) < 1000 and _XFA.search(text))):
        raise BadFile(f"{name}: XFA 양식만 있는 PDF입니다. 어도비 리더에서 열어 'PDF로 인쇄'로 다시 저장하세요.")
    if text:
        return
    if pictures and (missing := ocr.missing()):
        raise BadFile(f"{name}: 텍스트가 없는 이미지(스캔)만 있는 PDF입니다. {missing}")
    if pictures:
        raise BadFile(f"{name}: 스캔한 페이지에서 텍스트를 찾지 못했습니다. 더 선명하게(300dpi) 스캔하세요.")
    raise BadFile(f"{name}: 텍스트가 없는 PDF입니다. 글자를 이미지나 윤곽선으로 변환하지 않은 원본을 추가하세요.")
