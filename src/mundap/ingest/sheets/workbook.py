"""Workbooks of every kind: which reader takes a file, and what is said of one that cannot be opened."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

from mundap.errors import BadFile
from mundap.ingest.sheets import ods, others, xlsx
from mundap.ingest.sheets.sheet import Options, Sheet, Tell
from mundap.ingest.sniff import BAD_ZIP

_SHOWN = 80  # characters of what a library says


def sheets_of(path: Path, options: Options, tell: Tell) -> Iterator[Sheet]:
    """The visible sheets of a workbook, in their order.

    Raises BadFile for what is no workbook, or one under a password.
    """
    try:
        yield from _reader(path)(path, options, tell)
    except others.Locked as error:
        raise BadFile(f"{path.name}: 암호가 걸린 엑셀 파일입니다. 암호를 풀어 다시 저장하세요.") from error
    except BadFile:
        raise
    except (xlsx.NoWorkbook, *BAD_ZIP, OSError) as error:
        said = str(error)
        short = said if len(said) <= _SHOWN else f"{said[:_SHOWN]}…"
        raise BadFile(f"{path.name}: 엑셀 파일로 열 수 없습니다({short}). 엑셀에서 다시 저장하세요.") from error


def _reader(path: Path) -> xlsx.Read:
    if not zipfile.is_zipfile(path):
        return others.sheets
    with zipfile.ZipFile(path) as archive:
        names = {name.replace("\\", "/").lower() for name in archive.namelist()}
    if "xl/workbook.bin" in names:
        return others.sheets
    return ods.sheets if "content.xml" in names else xlsx.sheets
