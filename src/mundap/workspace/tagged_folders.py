"""Which documents the folders of [access.folders] hold, whichever way their paths are written."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from mundap.ingest.readers import nfc_path, spelled


def tagged(root: Path, folders: Mapping[str, Collection[str]]) -> tuple[tuple[str, frozenset[str]], ...]:
    """How the sources of documents below each folder begin, and the folder's tags."""
    return tuple((one, frozenset(tags)) for name, tags in folders.items() for one in sorted(_beginnings(root, name)))


def empty_of(root: Path, folders: Collection[str], sources: Sequence[str]) -> list[str]:
    """The folders in which none of the documents of these sources is; none where there are no documents."""
    return [
        name
        for name in (folders if sources else ())
        if not any(source.startswith(tuple(_beginnings(root, name))) for source in sources)
    ]


def _beginnings(root: Path, folder: str) -> set[str]:
    """How the sources below a folder begin: `\\` for `/`, links and whole paths name it too."""
    begins = set()
    for written in (folder.strip(), folder.strip().replace("\\", "/")):
        path = Path(os.path.normpath(root / written))
        for place in (path, Path(os.path.realpath(spelled(path) or path))):
            own = place.relative_to(root) if place.is_relative_to(root) else place
            begins.add("" if root.is_relative_to(place) else f"{nfc_path(own).rstrip('/')}/")
    return begins
