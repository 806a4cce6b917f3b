"""The runs of a workspace: a folder under runs/ for each, with all that is needed to repeat it."""

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

REPORT = "report.json"
PAGE = "report.html"


def folder(bot: Mundap) -> Path:
    """The folder of the workspace's runs; it is made if it is not there."""
    path = bot.root / FOLDER / "runs"
    path.mkdir(parents=True, exist_ok=True)
    return path


def keep(bot: Mundap, kind: str, report: Mapping[str, Json], page: str) -> Path:
    """Write report.json and report.html into a new folder; that folder."""
    stamp = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{kind}"
    path = next(path for path in (folder(bot) / name for name in _names(stamp)) if not path.exists())
    path.mkdir()
    write(path, report, page)
    return path


def write(path: Path, report: Mapping[str, Json], page: str) -> None:
    """Write report.json and report.html into the folder `path`."""
    write_atomically(path / REPORT, json.dumps(report, ensure_ascii=False))
    write_atomically(path / PAGE, page)


def _names(stamp: str) -> Iterator[str]:
    yield stamp
    yield from (f"{stamp}-{n}" for n in count(2))
