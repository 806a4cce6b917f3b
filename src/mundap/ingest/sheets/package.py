"""The parts of an xlsx, xlsm or xlsb file, and how they refer to each other (ECMA-376 part 2)."""

from __future__ import annotations

import posixpath
import zipfile
from typing import IO
from xml.etree import ElementTree

Relations = dict[str, tuple[str, str]]


class Package:
    """An archive whose members are asked for in any case of letters. `main` is the workbook's, `targets` its relations."""

    def __init__(self, archive: zipfile.ZipFile, main: str) -> None:
        self._archive = archive
        self._names = {name.replace("\\", "/").lower(): name for name in archive.namelist()}
        said = (target for kind, target in self.relations("", "_rels/.rels").values() if kind == "officeDocument")
        named = next(said, main)
        self.main = named if named in self else main
        self.targets = self.relations(self.main)

    def __contains__(self, member: str) -> bool:
        return member.lower() in self._names

    def of_kind(self, kind: str) -> str:
        """The first part of that kind that the workbook refers to and that is there, or ""."""
        return next((target for k, target in self.targets.values() if k == kind and target in self), "")

    def relations(self, target: str, member: str = "") -> Relations:
        """(kind, target) by id, of what a part of the file refers to."""
        folder, _, name = target.rpartition("/")
        member = member or f"{folder}/_rels/{name}.rels"
        if member not in self:
            return {}
        found = {}
        for one in self.xml(member):
            kind = one.get("Type", "").rpartition("/")[2]
            to = one.get("Target", "")
            if one.get("TargetMode", "") != "External":
                to = to.lstrip("/") if to.startswith("/") else posixpath.normpath(posixpath.join(folder, to))
            found[one.get("Id", "")] = (kind, to)
        return found

    def open(self, member: str) -> IO[bytes]:
        """Raises KeyError for what is not there."""
        return self._archive.open(self._names[member.lower()])

    def size(self, member: str) -> int:
        """Of a member once unpacked, in bytes."""
        return self._archive.getinfo(self._names[member.lower()]).file_size

    def xml(self, member: str) -> ElementTree.Element:
        """The root of a small part."""
        with self.open(member) as file:
            return ElementTree.parse(file).getroot()


def local(tag: object) -> str:
    """The name of an element without its namespace."""
    return str(tag).rpartition("}")[2]
