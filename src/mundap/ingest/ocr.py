"""Text from pictures, by Debian's tesseract with its Korean model, called as a program."""

from __future__ import annotations

import os
import shutil
import subprocess
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mundap.errors import BadFile
from mundap.extras import need
from mundap.ingest.assemble import assemble
from mundap.ingest.blocks import Parsed
from mundap.ingest.build import Reading
from mundap.ingest.flow import blocks
from mundap.ingest.page import Page, Word

if TYPE_CHECKING:
    from PIL.Image import Image

DPI = 300  # what tesseract's models were trained for
CLEAR = 70.0  # mean confidence of a page, in percent; clean pages have over 85
_TURN = 60.0  # under this a page may lie on its side
_PATIENCE = 120.0  # seconds for a page
_MOST_PIXELS = 30_000_000  # A3 at 300 dpi has 17 million
_SMALL = 1600  # pixels of the longer side; smaller pictures are enlarged
_NOISE = set("|_-—–=~.,'`\"‘’“”:;·•*^°<>「」ㅣㅡ")  # what OCR makes of lines and specks
_UNSURE = 60.0  # percent, for such a word

_PROGRAM = "apt-get install tesseract-ocr tesseract-ocr-kor"
_PACKAGES = "pip install 'mundap[ocr]'"


@dataclass(frozen=True)
class Scan:
    """What was read on a picture: words with places in points, and the mean confidence in percent."""

    words: tuple[Word, ...]
    confidence: float
    width: float
    height: float


def available() -> bool:
    """Whether pictures can be read: the program, its Korean model and the packages are there."""
    return not missing()


@cache
def missing() -> str:
    """What has to be installed for OCR, as a sentence; "" if nothing."""
    steps = []
    if "kor" not in _languages():
        steps.append(_PROGRAM)
    if find_spec("PIL") is None or find_spec("pypdfium2") is None:
        steps.append(_PACKAGES)
    return f"글자를 읽으려면 설치해 주세요: {'; '.join(steps)}" if steps else ""


def _languages() -> list[str]:
    program = shutil.which("tesseract")
    if not program:
        return []
    try:
        done = subprocess.run([program, "--list-langs"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return done.stdout.split()


def read_image(path: Path, source: str) -> Reading:
    """A picture, each of its pages if it has several. Raises BadFile if it is none or has no text."""
    return assemble(parse(path), path, source)


def parse(path: Path) -> Parsed:
    """The blocks of a picture of text."""
    if said := missing():
        raise BadFile(f"{path.name}: 그림 파일입니다. {said}")
    pages, failed, unclear = [], [], []
    for number, image in enumerate(_images(path), 1):
        scan = read_picture(image)
        if scan is None:
            failed.append(number)
            continue
        if scan.words and scan.confidence < CLEAR:
            unclear.append(number)
        pages.append(Page(number, scan.width, scan.height, scan.words, (), scanned=True))
    if not any(page.words for page in pages):
        why = "시간 안에 읽지 못했습니다" if failed else "그림에서 글자를 찾지 못했습니다"
        raise BadFile(f"{path.name}: {why}. 글자가 있는 그림이면 더 선명하게(300dpi) 스캔해 주세요.")
    return Parsed(tuple(blocks(pages)), pages=len(pages) + len(failed), warnings=tuple(told(failed, unclear)))


def told(failed: Sequence[int], unclear: Sequence[int]) -> Iterator[str]:
    """What the owner of a file should know about its pages: those without a result, and those that are doubtful."""
    if failed:
        yield f"{shown(failed)}쪽의 그림을 읽지 못했습니다. 그 쪽을 300dpi로 다시 스캔해 주세요."
    if unclear:
        yield f"{shown(unclear)}쪽은 글자가 또렷하지 않아 틀리게 읽었을 수 있습니다. 원본이나 더 선명한 스캔을 넣어 주세요."


def shown(numbers: Iterable[int]) -> str:
    """Page numbers as people write them: 1-3, 7."""
    groups: list[list[int]] = []
    for number in sorted(numbers):
        if groups and number == groups[-1][-1] + 1:
            groups[-1].append(number)
        else:
            groups.append([number])
    return ", ".join(f"{group[0]}-{group[-1]}" if len(group) > 1 else str(group[0]) for group in groups)


def read_page(document: Any, index: int) -> Scan | None:
    """Page `index` of a pypdfium2 document, drawn and read; None if it cannot be drawn or takes too long."""
    pdfium = need("pypdfium2", extra="ocr")
    try:
        page = document[index]
        width, height = page.get_size()
        scale = min(DPI / 72, (_MOST_PIXELS / max(width * height, 1.0)) ** 0.5)
        image = page.render(scale=scale, grayscale=True).to_pil()
    except (pdfium.PdfiumError, ValueError, MemoryError):  # ValueError: a page without extent
        return None
    return read_picture(image)


def read_picture(image: Image) -> Scan | None:
    """The words of a picture, turned if it lies on its side; None if tesseract fails or takes too long."""
    image = _prepared(image)
    scan = _read(image)
    if scan is None or scan.confidence >= _TURN or not (turn := _turn(image)):
        return scan
    turned = _read(image.rotate(turn, expand=True))
    return turned if turned and turned.confidence > scan.confidence else scan


def _read(image: Image) -> Scan | None:
    table = _tesseract(image, "--psm", "6", "tsv")
    return None if table is None else _scan(table, *(side * 72 / DPI for side in image.size))


def _turn(image: Image) -> int:
    """Degrees, against the clock, by which the picture has to be turned."""
    said = _tesseract(image, "--psm", "0", language="osd") or ""
    found = next((line.split(":")[1] for line in said.splitlines() if line.startswith("Rotate:")), "0")
    return -int(found) % 360


def _tesseract(image: Image, *options: str, language: str = "kor") -> str | None:
    data = BytesIO()
    image.save(data, "PPM")  # no time goes into packing it
    command = [shutil.which("tesseract") or "tesseract", "stdin", "stdout", "-l", language, "--dpi", str(DPI), *options]
    # One thread: four of them are slower on a page than one, and pages are read side by side.
    env = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    try:
        done = subprocess.run(
            command, input=data.getvalue(), capture_output=True, timeout=_PATIENCE, check=True, env=env
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace")


def _scan(table: str, width: float, height: float) -> Scan:
    """What tesseract's table of words says. A word's height is that of its line."""
    names, *rows = (line.split("\t") for line in table.splitlines() if line.strip())
    words: list[Word] = []
    sure = letters = 0.0
    tall = 0.0
    for cells in rows:
        row = dict(zip(names, cells, strict=False))
        left, top, across, down = (int(row[key]) * 72 / DPI for key in ("left", "top", "width", "height"))
        if row["level"] == "4":
            tall = down
        text, confidence = row.get("text", "").strip(), float(row["conf"])
        if row["level"] != "5" or not text or (set(text) <= _NOISE and confidence < _UNSURE):
            continue
        words.append(Word(text, left, top, left + across, top + down, min(tall, max(down, 0.75 * tall))))
        sure += confidence * len(text)
        letters += len(text)
    return Scan(tuple(words), sure / letters if letters else 0.0, width, height)


def _prepared(image: Image) -> Image:
    """Grey on white, neither too small for tesseract nor too large for memory."""
    from PIL import Image as Pillow

    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Pillow.alpha_composite(Pillow.new("RGBA", image.size, "white"), image)
    image = image.convert("L")
    factor = 2.0 if max(image.size) < _SMALL else 1.0
    factor = min(factor, (_MOST_PIXELS / (image.width * image.height)) ** 0.5)
    if factor == 1.0:
        return image
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    return image.resize(size, Pillow.Resampling.LANCZOS)


def _images(path: Path) -> Iterator[Image]:
    """The pages of a picture; of an animation the first frame."""
    pillow = need("PIL.Image", extra="ocr")
    ops = need("PIL.ImageOps", extra="ocr")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pillow.DecompressionBombWarning)
            warnings.simplefilter("ignore", UserWarning)  # of metadata that does not matter here
            with pillow.open(path) as image:
                frames = getattr(image, "n_frames", 1) if image.format == "TIFF" else 1
                for n in range(frames):
                    image.seek(n)
                    yield ops.exif_transpose(image.copy())
    except (pillow.DecompressionBombError, pillow.DecompressionBombWarning) as error:
        raise BadFile(f"{path.name}: 너무 큰 그림입니다. 300dpi, A3 크기 이하로 줄여 주세요.") from error
    except BadFile:
        raise
    except Exception as error:  # Pillow's decoders raise whatever a broken file makes them trip over
        raise BadFile(
            f"{path.name}: 그림으로 열 수 없습니다. 그림 편집기에서 열어 PNG로 다시 저장해 주세요."
        ) from error
