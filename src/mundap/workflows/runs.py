"""The runs of a workspace: a folder under runs/ for each, with all that is needed to repeat it."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path

from mundap.errors import MundapError, UnknownName
from mundap.evaluation.markup import notebook_table
from mundap.evaluation.provenance import About, versions
from mundap.files import digest, write_atomically
from mundap.types import Json
from mundap.workspace import Mundap
from mundap.workspace.components import FOLDER

REPORT = "report.json"
PAGE = "report.html"


@dataclass(frozen=True, slots=True)
class Run:
    """A run that was kept: its `kind` ("retrieval", "answers", "tune", …), when it was `made`, and its report."""

    folder: Path
    kind: str
    made: str
    report: Mapping[str, Json]

    @property
    def name(self) -> str:
        """That of its folder."""
        return self.folder.name

    @property
    def page(self) -> Path:
        """The report for a browser."""
        return self.folder / PAGE

    def _repr_html_(self) -> str:
        return notebook_table(["", ""], [["run", self.name], ["kind", self.kind], ["made", self.made]])


def list(bot: Mundap) -> tuple[Run, ...]:
    """The runs of the workspace, the oldest first; what holds no report, or one that cannot be read, is left out."""
    found = []
    for path in sorted(folder(bot).glob(f"*/{REPORT}")):
        try:
            found.append(read(path.parent))
        except MundapError:
            continue
    return tuple(sorted(found, key=lambda run: (run.made, run.name)))


def show(bot: Mundap, name: str) -> Run:
    """The run of that name. Raises UnknownName, or MundapError for a report that cannot be read."""
    path = folder(bot) / name
    if not (path / REPORT).is_file():
        raise UnknownName("run", name, [run.name for run in list(bot)])
    return read(path)


def read(path: Path) -> Run:
    """The run in a folder, or whose report.json this is. Raises MundapError for what is none."""
    path = path / REPORT if path.is_dir() else path
    try:
        report: Mapping[str, Json] = json.loads(path.read_text("utf-8"))
        return Run(path.parent, str(report.get("kind", "")), str(report.get("made", "")), report)
    except (OSError, ValueError, AttributeError) as error:
        raise MundapError(f"{path}: 같은 종류의 평가 보고서(report.json)가 아닙니다({error}).") from error


def folder(bot: Mundap) -> Path:
    """The folder of the workspace's runs; it is made if it is not there."""
    path = bot.root / FOLDER / "runs"
    path.mkdir(parents=True, exist_ok=True)
    return path


def about(bot: Mundap, kind: str, file: Path, options: Mapping[str, object], over: Mundap | None) -> About:
    """What repeats a measurement: `options` are those of the command, `over` the workspace that was asked, if one was."""
    given = [
        part
        for name, value in options.items()
        if value is not None
        for part in ([f"--{name}"] if value is True else [f"--{name}", str(value)])
    ]
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
