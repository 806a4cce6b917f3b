"""A folder outside the workspace: its files are read where they lie."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from mundap.errors import BadFile
from mundap.ingest.folder import walk
from mundap.ingest.readers import nfc_path
from mundap.source_settings import FolderSource
from mundap.sources.protocol import Fetched, Had, Item, SourceError


class Folder:
    """The files below the folder of `settings`, whose path is relative to `root`."""

    def __init__(self, settings: FolderSource, root: Path) -> None:
        self.path = Path(os.path.normpath(root.absolute() / settings.path))  # as it is written, links and all
        self._follow_links = settings.follow_links

    def items(self) -> Iterator[Item]:
        """The files, in order. A folder that is not there, as of a share that is not mounted, is no empty one."""
        if not self.path.is_dir():
            raise SourceError(f"{self.path}: 폴더가 없습니다. 경로와 네트워크 드라이브 연결을 확인하세요.")
        try:
            for found in walk(self.path, self._follow_links):
                address = nfc_path(found.path)
                if found.path == self.path or (found.reason and found.path.is_dir()):
                    raise SourceError(found.reason)  # what lies in it may be there all the same
                yield Item(address, found.path.name, path=found.path, reason=found.reason)
        except (BadFile, OSError) as error:
            raise SourceError(f"{self.path}: 폴더를 읽을 수 없습니다({error}).") from error

    def fetch(self, item: Item, into: Path, before: Had | None) -> Fetched | None:
        """Nothing is to be fetched."""
        raise AssertionError("the files lie there")

    def close(self) -> None:
        """Nothing is open."""
