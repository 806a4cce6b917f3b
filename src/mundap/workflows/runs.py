"""The runs of a workspace: a folder under runs/ for each."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path

from mundap.files import write_atomically
from mundap.types import Json
from mundap.workspace import Mundap
from mundap.workspace.components import FOLDER


def keep(bot: Mundap, kind: str, report: Mapping[str, Json], page: str) -> Path:
    """Write report.json and report.html into a new folder; that folder."""
    runs = bot.root / FOLDER / "runs"
    stamp = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{kind}"
    path = next(path for path in (runs / name for name in _names(stamp)) if not path.exists())
    path.mkdir(parents=True)
    write_atomically(path / "report.json", json.dumps(report, ensure_ascii=False))
    write_atomically(path / "report.html", page)
    return path


def _names(stamp: str) -> Iterator[str]:
    yield stamp
    yield from (f"{stamp}-{n}" for n in count(2))
