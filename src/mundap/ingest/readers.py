"""From a suffix to the function that reads it, and from a path to the files below it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from errno import ENAMETOOLONG
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from mundap.errors import BadFile
from mundap.extras import load as load_named
from mundap.ingest.build import Builder, Reading
from mundap.ingest.dated import dated
from mundap.ingest.folder import walk
from mundap.ingest.pdf.ocr import available
from mundap.ingest.problems import Problem
from mundap.ingest.sheets.sheet import Options, Tell
from mundap.ingest.sniff import kind_of
from mundap.ingest.tables import Table, add_table, read_csv, read_xlsx
from mundap.ingest.text import read_markdown, read_txt
from mundap.korean.normalize import name_of
from mundap.types import Document

if TYPE_CHECKING:
    from mundap.ingest.frames import Frame, Records

log = logging.getLogger(__name__)

READERS = {
    ".xlsx": "mundap.ingest.readers:xlsx",
    ".xlsm": "mundap.ingest.readers:xlsx",
    ".xlsb": "mundap.ingest.readers:xlsx",
    ".xls": "mundap.ingest.readers:xlsx",
    ".ods": "mundap.ingest.readers:xlsx",
    ".csv": "mundap.ingest.readers:delimited",
    ".tsv": "mundap.ingest.readers:delimited",
    ".txt": "mundap.ingest.readers:plain",
    ".md": "mundap.ingest.readers:markdown",
    ".markdown": "mundap.ingest.readers:markdown",
    ".pdf": "mundap.ingest.pdf.reader:read_pdf",
    ".png": "mundap.ingest.pdf.ocr:read_image",
    ".jpg": "mundap.ingest.pdf.ocr:read_image",
    ".jpeg": "mundap.ingest.pdf.ocr:read_image",
    ".tif": "mundap.ingest.pdf.ocr:read_image",
    ".tiff": "mundap.ingest.pdf.ocr:read_image",
    ".bmp": "mundap.ingest.pdf.ocr:read_image",
    ".webp": "mundap.ingest.pdf.ocr:read_image",
    ".gif": "mundap.ingest.pdf.ocr:read_image",
    ".hwp": "mundap.ingest.hwp.reader:read_hwp",
    ".hwpx": "mundap.ingest.hwp.reader:read_hwp",
    ".docx": "mundap.ingest.office.docx:read_docx",
    ".hml": "mundap.ingest.hwp.reader:read_hwp",
    ".json": "mundap.ingest.json_files:read_json",
    ".jsonl": "mundap.ingest.json_files:read_jsonl",
    ".pptx": "mundap.ingest.office.pptx:read_pptx",
    ".html": "mundap.ingest.html.reader:read_html",
    ".htm": "mundap.ingest.html.reader:read_html",
    ".mht": "mundap.ingest.html.reader:read_html",
    ".mhtml": "mundap.ingest.html.reader:read_html",
    ".eml": "mundap.ingest.mail.reader:read_mail",
}
TABLE = "표"  # what a table in memory is known by, if nobody says
OTHERS = "mundap.readers"  # the entry points of other packages: a suffix, and its reader as in READERS
READER_VERSION = "14"  # part of what decides whether a file has to be read again
_MAIL = ".eml"
_SHEETS = frozenset((".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".csv", ".tsv"))
_SCANNED = frozenset(
    kind for kind, reader in READERS.items() if kind == _MAIL or reader.startswith("mundap.ingest.pdf.")
)


def reader_version(path: Path) -> str:
    """What decides, besides its content, how a file is read: a scan is read again once there is a program for it, and so
    is a mail, also once there are the packages for what is attached to it, and what another package has come to read."""
    kind = path.suffix.lower()
    if kind not in READERS:
        return f"{READER_VERSION} {others().get(kind, '')}".rstrip()
    docs = " docs" if kind == _MAIL and find_spec("liteparse") else ""
    return f"{READER_VERSION}{docs}{' ocr' if kind in _SCANNED and available() else ''}"


def read(path: Path, source: str | None = None, options: Options = Options(), parted: bool = False) -> Reading:
    """Read one file by what it holds, whatever its suffix. `source` is what it is known by (default: the path as given);
    `options` are for sheets, which with `parted` may be long.

    Raises BadFile, with the reason and the remedy, for what cannot be read or holds no text.
    """
    return _read(path, source or nfc_path(path), READERS, options, parted)


def read_alone(path: Path, source: str) -> Reading:
    """`read`, but for what is attached to a mail, which is only named."""
    return _read(path, source, READERS | {_MAIL: "mundap.ingest.mail.reader:read_alone"}, Options(), False)


def _read(path: Path, source: str, readers: dict[str, str], options: Options, parted: bool) -> Reading:
    try:
        kind = kind_of(path)
        if kind not in readers:
            readers = others()
        if kind not in readers:
            raise BadFile(
                f"{path.name}: 읽을 수 없는 형식입니다. .hwpx, .pdf, .docx, .pptx, .xlsx, .html, .txt 중 하나로 저장하세요."
            )
        reader = load_named("reader", kind, readers)
        about: dict[str, object] = {"options": options} if kind in (*_SHEETS, _MAIL) and readers is READERS else {}
        about |= {"parted": parted} if kind in _SHEETS else {}
        reading: Reading = reader(path, source, **about)
    except OSError as error:
        raise BadFile(f"{path.name}: 파일을 열 수 없습니다({error.strerror}). 경로와 권한을 확인하세요.") from error
    if reading.long:
        return reading
    if not reading.document.sections:
        rows = "".join(f" {p.row}행: {p.reason}." for p in reading.problems[:3])
        raise BadFile(
            f"{path.name}: 읽을 수 있는 텍스트가 없습니다.{rows or ' 이미지만 있는 파일이면 텍스트가 있는 원본을 추가하세요.'}"
        )
    return replace(reading, document=dated(reading.document))


@cache
def others() -> dict[str, str]:
    """The readers of other packages, by suffix."""
    return {point.name: point.value for point in entry_points(group=OTHERS)}


def load(data: str | Path | Frame | Records, source: str = "") -> list[Document]:
    """Read a file, or every readable file below a folder, or a table in memory: a data frame of pandas or polars, a list of
    dicts. `source` is what such a table is known by.

    What cannot be read of files is logged and skipped. Raises BadFile for a table without text.
    """
    if not isinstance(data, (str, Path)):
        from mundap.ingest.frames import read_frame

        readings = [(source or TABLE, read_frame(data, source or TABLE))]
    else:
        readings = list(_readable(Path(data)))
    for name, reading in readings:
        for problem in reading.problems:
            log.warning("%s %s행: %s", name, problem.row, problem.reason)
    return [reading.document for _, reading in readings]


def _readable(path: Path) -> Iterator[tuple[str, Reading]]:
    for file in files_below(path):
        try:
            yield file.name, read(file)
        except BadFile as error:
            log.warning("%s", error)


def files_below(path: Path) -> Iterator[Path]:
    """`path` itself if it is a file, else the files below it that can be read, as in mundap.ingest.folder."""
    return (found.path for found in walk(path) if not found.reason)


def exists(path: Path) -> bool:
    """Whether something is there, its name or a folder's above it composed or decomposed."""
    return spelled(path) is not None


def spelled(path: Path) -> Path | None:
    """What is there, its name or a folder's above it composed or decomposed; None for nothing, and for what can be no path,
    as the address of a web page can be too long for one."""
    try:
        if path.exists() or path == path.parent:
            return path if path.exists() else None
    except OSError as error:
        if error.errno == ENAMETOOLONG:
            return None
        raise
    entries = (entry for folder in _spellings(path.parent) for entry in folder.iterdir())
    return next((entry for entry in entries if nfc_path(entry) == nfc_path(path)), None)


def _spellings(folder: Path) -> list[Path]:
    """The folders whose path is `folder`'s once composed."""
    if folder.is_dir() or folder == folder.parent:
        return [folder]
    above = (entry for parent in _spellings(folder.parent) for entry in parent.iterdir())
    return [entry for entry in above if entry.is_dir() and nfc_path(entry) == nfc_path(folder)]


def nfc_path(path: Path) -> str:
    """The path with forward slashes and composed Hangul, readable whatever bytes its names are made of."""
    return name_of(path.as_posix())


def xlsx(path: Path, source: str, options: Options = Options(), parted: bool = False) -> Reading:
    """Every sheet of a workbook."""
    return _sheets(read_xlsx, path, source, options, parted)


def delimited(path: Path, source: str, options: Options = Options(), parted: bool = False) -> Reading:
    """A csv or tsv file."""
    return _sheets(read_csv, path, source, options, parted)


def _sheets(
    tables: Callable[[Path, Options, Tell], Iterator[Table]], path: Path, source: str, options: Options, parted: bool
) -> Reading:
    builder = Builder(source, name_of(path.stem), parted=parted)
    problems: list[Problem] = []
    warnings: list[str] = []
    columns: list[str] = []
    for table in tables(path, options, warnings.append):
        columns += [said] if (said := table.taken()) else []
        problems += add_table(table, builder)
    return builder.reading(problems=tuple(problems), warnings=tuple(warnings), columns=tuple(columns))


def plain(path: Path, source: str) -> Reading:
    """A text file."""
    return read_txt(path, source)


def markdown(path: Path, source: str) -> Reading:
    """A Markdown file."""
    return Reading(read_markdown(path, source))
