"""Where a measurement is kept: a folder of its own under runs/, with all that is needed to repeat it."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import Any

from mundap.evaluate.about import About, versions
from mundap.files import digest, write_atomically
from mundap.workspace import Mundap
from mundap.workspace.components import FOLDER


def runs(bot: Mundap) -> Path:
    """The folder of the workspace's runs; it is made if it is not there."""
    folder = bot.root / FOLDER / "runs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def about(bot: Mundap, kind: str, file: Path, options: Mapping[str, object], over: Mundap | None) -> About:
    """What repeats this run: `options` are those of the command, `over` the workspace that was asked, if one was."""
    given = [part for name, value in options.items() if value is not None for part in (f"--{name}", str(value))]
    command = ["mundap", "evaluate", kind, "--questions", str(file), *given, "--workspace", str(bot.root)]
    return About(
        kind=kind,
        made=time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()),
        command=shlex.join(command),
        questions={"file": str(file), "digest": digest(file.read_bytes(), size=16)},
        corpus_digest=digest(*over.corpus.ids(), size=16) if over else "",
        settings=(over or bot).config.model_dump(mode="json"),
        recipe=asdict(over.recipe) if over else {},
        versions=versions(),
    )


def keep(bot: Mundap, made: About, report: Mapping[str, Any], page: str) -> Path:
    """Write report.json and report.html into a new folder; that folder."""
    return write_run(bot, made.kind, {**report, **made.as_json()}, page)


def write_run(bot: Mundap, kind: str, report: Mapping[str, Any], page: str) -> Path:
    """Write `report` and `page` into a new folder; that folder."""
    stamp = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{kind}"
    folder = next(f for f in (runs(bot) / name for name in _names(stamp)) if not f.exists())
    folder.mkdir()
    write_atomically(folder / "report.json", json.dumps(report, ensure_ascii=False))
    write_atomically(folder / "report.html", page)
    return folder


def kept(run: Path) -> dict[str, Any]:
    """The report.json of a run, or in its folder."""
    path = run / "report.json" if run.is_dir() else run
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def _names(stamp: str) -> Iterator[str]:
    yield stamp
    yield from (f"{stamp}-{n}" for n in count(2))
