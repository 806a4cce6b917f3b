"""Text from pictures, by Debian's tesseract with its Korean model, called as a program."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from mundap.errors import BadFile
from mundap.extras import Untyped, need
from mundap.ingest.assemble import assemble
from mundap.ingest.blocks import Parsed
from mundap.ingest.build import Reading
from mundap.ingest.pdf.page_layout import Page, Word

if TYPE_CHECKING:
    from PIL.Image import Image

DPI = 300  # what tesseract's models were trained for
CLEAR = (
    80.0  # mean confidence of a page, in percent; clean pages have over 87, and at 80 a tenth of the letters is wrong
)
_TURN = 60.0  # under this a page may lie on its side
_PATIENCE = 120.0  # seconds for a page
_MOST_PIXELS = 30_000_000  # A3 at 300 dpi has 17 million
_SMALL = 1600  # pixels of the longer side; smaller pictures are enlarged
_NOISE = set("|_-—–=~.,'`\"‘’“”:;·•*^°<>「」ㅣㅡ")  # what OCR makes of lines and specks
_UNSURE = 60.0  # percent, for such a word
_DOUBTFUL = 50.0  # percent; a word under it may be a foreign one
_FOREIGN = 4  # letters that such a word has
_LATIN = re.compile(r"(?=.*[A-Za-z])[\x21-\x7e ]+")
_PAPER = 0.8  # of the paper's brightness is white
_POINT = 72 / DPI  # points in a pixel

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
    return f"이미지의 텍스트를 읽으려면(OCR) 설치하세요: {'; '.join(steps)}" if steps else ""


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
    from mundap.ingest.pdf.flow import blocks

    if said := missing():
        raise BadFile(f"{path.name}: 이미지 파일입니다. {said}")
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
        why = "시간 안에 읽지 못했습니다" if failed else "이미지에서 텍스트를 찾지 못했습니다"
        raise BadFile(f"{path.name}: {why}. 텍스트가 있는 이미지이면 더 선명하게(300dpi) 스캔하세요.")
    return Parsed(tuple(blocks(pages)), pages=len(pages) + len(failed), warnings=tuple(told(failed, unclear)))


def told(failed: Sequence[int], unclear: Sequence[int]) -> Iterator[str]:
    """What the owner of a file should know about its pages: those without a result, and those that are doubtful."""
    if failed:
        yield f"{shown(failed)}쪽의 이미지를 읽지 못했습니다. 해당 쪽을 300dpi로 다시 스캔하세요."
    if unclear:
        yield f"{shown(unclear)}쪽은 글자가 선명하지 않아 잘못 인식했을 수 있습니다. 원본이나 더 선명한 스캔을 추가하세요."


def shown(numbers: Iterable[int]) -> str:
    """Page numbers as people write them: 1-3, 7."""
    groups: list[list[int]] = []
    for number in sorted(numbers):
        if groups and number == groups[-1][-1] + 1:
            groups[-1].append(number)
        else:
            groups.append([number])
    return ", ".join(f"{group[0]}-{group[-1]}" if len(group) > 1 else str(group[0]) for group in groups)


def read_page(document: Untyped, index: int) -> Scan | None:
    """Page `index` of a pypdfium2 document, drawn and read; None if it cannot be drawn or takes too long."""
    try:
        page = document[index]
        width, height = page.get_size()
        scale = min(DPI / 72, (_MOST_PIXELS / max(width * height, 1.0)) ** 0.5)
        image = page.render(scale=scale, grayscale=True).to_pil()
    except Exception:  # pypdfium2 hands on what ctypes and Pillow raise, for a page without extent among others
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
    """What tesseract reads, foreign words again by its English model: the Korean one knows few letters."""
    found = _recognised(image, "kor")
    if found is None:
        return None
    if any(word.confidence < _DOUBTFUL and len(word.text) >= _FOREIGN for word in found):
        found = [_better(word, latin) for latin in [_recognised(image, "eng") or []] for word in found]
    words = [word for word in found if not (set(word.text) <= _NOISE and word.confidence < _UNSURE)]
    letters = sum(len(word.text) for word in words)
    sure = sum(word.confidence * len(word.text) for word in words)
    width, height = (side * _POINT for side in image.size)
    return Scan(tuple(map(_placed, words)), sure / letters if letters else 0.0, width, height)


@dataclass(frozen=True, slots=True)
class _Read:
    """A word as tesseract has it: places in pixels, number and height of its line, confidence in percent."""

    text: str
    left: int
    top: int
    right: int
    bottom: int
    line: int
    tall: int
    confidence: float


def _placed(word: _Read) -> Word:
    tall = min(word.tall, max(word.bottom - word.top, round(0.75 * word.tall)))
    x0, y0, x1, y1, size = (pixels * _POINT for pixels in (word.left, word.top, word.right, word.bottom, tall))
    return Word(word.text, x0, y0, x1, y1, size, word.line)


def _better(word: _Read, latin: Sequence[_Read]) -> _Read:
    """`word`, or what the English model surely reads in its place."""
    if word.confidence >= _DOUBTFUL:
        return word
    same = [
        other
        for other in latin
        if word.left <= (other.left + other.right) / 2 <= word.right
        and word.top <= (other.top + other.bottom) / 2 <= word.bottom
    ]
    text = " ".join(other.text for other in same)
    confidence = min((other.confidence for other in same), default=0.0)
    if confidence < CLEAR or not _LATIN.fullmatch(text) or len(text) < 0.5 * len(word.text):
        return word
    return replace(word, text=text, confidence=confidence)


def _recognised(image: Image, language: str) -> list[_Read] | None:
    """The words of a picture; None if tesseract fails or takes too long.

    Its table of boxes takes Korean words apart and only its text knows the spaces, so the two are read side by side.
    """
    with TemporaryDirectory() as folder:
        out = Path(folder) / "page"
        if _tesseract(image, str(out), "-l", language, "--psm", "6", "tsv", "txt") is None:
            return None
        table = out.with_suffix(".tsv").read_text("utf-8", "replace")
        text = out.with_suffix(".txt").read_text("utf-8", "replace")
    result: list[_Read] = []
    at = 0
    for box in _boxes(table):
        start = text.find(box.text[0], at)
        apart = not result or box.line != result[-1].line or start < 0 or text[at:start] != ""
        at = start + len(box.text) if start >= 0 else at
        result[len(result) - (not apart) :] = [box if apart else _together(result[-1], box)]
    return result


def _together(one: _Read, other: _Read) -> _Read:
    lengths = len(one.text), len(other.text)
    return _Read(
        one.text + other.text,
        min(one.left, other.left),
        min(one.top, other.top),
        max(one.right, other.right),
        max(one.bottom, other.bottom),
        one.line,
        one.tall,
        (one.confidence * lengths[0] + other.confidence * lengths[1]) / sum(lengths),
    )


def _boxes(table: str) -> Iterator[_Read]:
    """The boxes of tesseract's table."""
    line = tall = 0
    for row in table.splitlines()[1:]:
        cells = row.split("\t")
        if len(cells) < 12:
            continue
        left, top, width, height = map(int, cells[6:10])
        if cells[0] == "4":
            line, tall = line + 1, height
        elif cells[0] == "5" and (text := cells[11].strip()):
            yield _Read(text, left, top, left + width, top + height, line, tall, float(cells[10]))


def _turn(image: Image) -> int:
    """Degrees, against the clock, by which the picture has to be turned."""
    said = _tesseract(image, "stdout", "-l", "osd", "--psm", "0") or ""
    found = next((line.split(":")[1] for line in said.splitlines() if line.startswith("Rotate:")), "0")
    return -int(found) % 360


def _tesseract(image: Image, *options: str) -> str | None:
    data = BytesIO()
    image.save(data, "PPM")  # no time goes into packing it
    command = [shutil.which("tesseract") or "tesseract", "stdin", options[0], "--dpi", str(DPI), *options[1:]]
    # One thread: four of them are slower on a page than one, and pages are read side by side.
    env = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    try:
        done = subprocess.run(
            command, input=data.getvalue(), capture_output=True, timeout=_PATIENCE, check=True, env=env
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace")


def _prepared(image: Image) -> Image:
    """Grey on white, neither too small for tesseract nor too large for memory."""
    from PIL import Image as Pillow

    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Pillow.alpha_composite(Pillow.new("RGBA", image.size, "white"), image)
    image = _whitened(image.convert("L"))
    factor = 2.0 if max(image.size) < _SMALL else 1.0
    factor = min(factor, (_MOST_PIXELS / (image.width * image.height)) ** 0.5)
    if factor == 1.0:
        return image
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    return image.resize(size, Pillow.Resampling.LANCZOS)


def _whitened(image: Image) -> Image:
    """The picture with its paper white: tesseract takes the grain of a nearly empty page for letters."""
    counts = image.histogram()
    paper = max(range(128, 256), key=counts.__getitem__)
    scale = 255 / (_PAPER * paper)
    return image.point([min(255, round(n * scale)) for n in range(256)])


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
        raise BadFile(f"{path.name}: 너무 큰 이미지입니다. 300dpi, A3 크기 이하로 줄이세요.") from error
    except BadFile:
        raise
    except Exception as error:  # Pillow's decoders raise whatever a broken file makes them trip over
        raise BadFile(f"{path.name}: 이미지로 열 수 없습니다. 이미지 편집기에서 열어 PNG로 다시 저장하세요.") from error
