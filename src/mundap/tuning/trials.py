"""Finished trials in a file, one a line, so that a run that was killed goes on where it stopped."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from mundap.files import sync_folder

Ranks = list[int | None]


class Trials:
    """The trials in `path`; a line that was torn when the power went is ignored, and done again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: dict[str, Ranks] = {}
        raw = path.read_bytes() if path.exists() else b""
        for line in raw.split(b"\n"):
            try:
                kept = json.loads(line)
                self._known[kept["key"]] = list(kept["ranks"])
            except (ValueError, KeyError, TypeError):
                continue
        self._torn = not raw.endswith(b"\n") and bool(raw)

    def __len__(self) -> int:
        return len(self._known)

    def ranks(self, key: str, compute: Callable[[], Ranks]) -> Ranks:
        """The ranks of the trial `key`: those kept, or those computed, which are on disk when this returns."""
        if key not in self._known:
            ranks = compute()
            self._append(json.dumps({"key": key, "ranks": ranks}, ensure_ascii=False))
            self._known[key] = ranks
        return self._known[key]

    def _append(self, line: str) -> None:
        made = not self.path.exists()
        with self.path.open("ab") as file:
            file.write((b"\n" if self._torn else b"") + line.encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self._torn = False
        if made:
            sync_folder(self.path.parent)
