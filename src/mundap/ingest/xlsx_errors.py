"""Cells of a workbook that hold a formula's error, which the reader of values gives as empty."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

from mundap.ingest.sniff import BAD_ZIP

_CELL = re.compile(rb"<(?:\w+:)?c\b[^<>]*?\bt=\"e\"[^<>]*>")
_PLACE = re.compile(rb"\br=\"[A-Z]+(\d+)\"")
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def error_rows(path: Path) -> dict[str, frozenset[int]]:
    """The rows, counted from 1, with an error in some cell, by sheet; empty for what is no xlsx."""
    try:
        with zipfile.ZipFile(path) as archive:
            relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
            workbook = ElementTree.fromstring(archive.read("xl/workbook.xml"))
            targets = {relation.get("Id"): relation.get("Target", "") for relation in relations}
            sheets = {
                sheet.get("name", ""): _member(targets.get(sheet.get(_RELATION), ""))
                for sheet in workbook.iter()
                if sheet.tag.endswith("}sheet")
            }
            return {name: _rows(archive.read(member)) for name, member in sheets.items()}
    except (ElementTree.ParseError, *BAD_ZIP):
        return {}  # what is wrong with such a file is said by the reader of its values


def _member(target: str) -> str:
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _rows(sheet: bytes) -> frozenset[int]:
    places = (_PLACE.search(cell.group()) for cell in _CELL.finditer(sheet))
    return frozenset(int(place.group(1)) for place in places if place)
