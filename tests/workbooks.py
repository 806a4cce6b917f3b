"""Workbooks of Excel."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl


def workbook(path: Path, **sheets: Sequence[Sequence[Any]]) -> Path:
    """A file with these sheets, row by row."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path
