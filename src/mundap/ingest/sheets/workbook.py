"""Workbooks of every kind, by what they hold: which reader takes a file, and what is said of one that cannot be opened."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

from mundap.errors import BadFile
from mundap.ingest.sheets import ods, values, web_page, xls, xlsb, xlsx, xml_2003
from mundap.ingest.sheets.sheet import Locked, NoWorkbook, Options, Read, Sheet, Tell
from mundap.ingest.sniff import BAD_ZIP, written_sheet

_SHOWN = 80  # characters of what a library says


def sheets_of(path: Path, options: Options, tell: Tell) -> Iterator[Sheet]:
    """The visible sheets of a workbook, in their order.

    Raises BadFile for what is no workbook, or one under a password.
    """
    try:
        yield from _reader(path)(path, options, tell)
    except Locked as error:
        raise BadFile(f"{path.name}: 암호가 걸린 엑셀 파일입니다. 암호를 풀어 다시 저장하세요.") from error
    except BadFile:
        raise
    except (NoWorkbook, *BAD_ZIP, OSError) as error:
        said = str(error)
        short = said if len(said) <= _SHOWN else f"{said[:_SHOWN]}…"
        raise BadFile(f"{path.name}: 엑셀 파일로 열 수 없습니다({short}). 엑셀에서 다시 저장하세요.") from error


def _reader(path: Path) -> Read:
    if said := written_sheet(path):
        return xml_2003.sheets if said == "xml" else web_page.sheets
    if not zipfile.is_zipfile(path):
        return _or_values(xls.sheets)
    with zipfile.ZipFile(path) as archive:
        names = {name.replace("\\", "/").lower() for name in archive.namelist()}
    if "xl/workbook.bin" in names:
        return _or_values(xlsb.sheets)
    return ods.sheets if "content.xml" in names else xlsx.sheets


def _or_values(read: Read) -> Read:
    """As `read`; if that fails, with the bare values that another library finds."""

    def sheets(path: Path, options: Options, tell: Tell) -> Iterator[Sheet]:
        said: list[str] = []
        try:
            found = [*read(path, options, said.append)]
        except NoWorkbook:
            said.clear()
            found = [*values.sheets(path, options, said.append)]
            tell(
                "표시 형식과 숨긴 행·열을 알 수 없는 파일이라 저장된 값을 모두 그대로 추가했습니다. 엑셀에서 다시 저장하면 보이는"
                " 대로 들어갑니다"
            )
        for warning in said:
            tell(warning)
        yield from found

    return sheets
