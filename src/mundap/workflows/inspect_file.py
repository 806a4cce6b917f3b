"""How a file would be read and cut, without reading it into the workspace."""

from __future__ import annotations

from pathlib import Path

from mundap.config import FILE, Config, find_workspace, read_config
from mundap.errors import BadFile, WorkspaceNotFound
from mundap.ingest.sheets.sheet import Options
from mundap.jobs.batch import read_all
from mundap.jobs.task import Cut, Job, Read, Unread
from mundap.korean.normalize import name_of
from mundap.types import Json
from mundap.workspace.components import FOLDER, MODELS
from mundap.workspace.facade import cut_of, sheets_of


def inspect(file: Path, workspace: Path) -> Read:
    """What is read of the file, under the settings of the workspace, or the defaults where there is none. Raises BadFile."""
    ((_, found),) = read_all([Job(file, name_of(file.name), *_settings(workspace))])
    if isinstance(found, Unread):
        raise BadFile(found.reason)
    return found


def to_json(found: Read) -> list[dict[str, Json]]:
    """Each passage with what is known of it, and its chunks."""
    return [
        {
            "passage_id": passage.id,
            "source": passage.source,
            "heading": passage.heading,
            "page": passage.page,
            "date": passage.meta.get("date"),
            "kind": passage.meta.get("kind", "text"),
            "start": passage.start,
            "end": passage.end,
            "text": passage.text,
            "chunks": [piece.text for piece in found.chunks if piece.parent_id == passage.id],
        }
        for passage in found.parents
    ]


def _settings(workspace: Path) -> tuple[Cut, bool, Options]:
    """How files are cut, whether mails are read alone, and how sheets are read."""
    try:
        root = find_workspace(workspace)
    except WorkspaceNotFound:
        return cut_of(Config(), Path()), False, Options()
    config = read_config(root / FILE)
    return cut_of(config, root / FOLDER / MODELS), False, sheets_of(config)
