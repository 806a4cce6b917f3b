"""One immutable segment on disk: ids, postings and vectors of some passages, and what stands beside them.

It is written in a folder aside, made durable, and renamed. A manifest tells the size and the checksum of each file, and
that of a generation tells the manifest's.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import numpy as np
import numpy.typing as npt
from filelock import FileLock, Timeout

from mundap.errors import StaleIndex
from mundap.files import digest, digest_file, load_array, sync_folder, text_key
from mundap.index import posting_runs
from mundap.index.arrays import ArrayWriter
from mundap.index.grouped import GroupedPassages
from mundap.index.ids import ID, IdsPart
from mundap.index.near import WIDTH, Halves, save_near
from mundap.index.postings import PostingsPart
from mundap.index.vectors import VectorPart, needs_near
from mundap.protocols import Mask
from mundap.types import Passage

SEGMENTS = "segments"
MANIFEST = "manifest.json"
ASIDE = ".building-"
MERGING = ".merging-"  # aside, too, but while others write: who merges deletes it
REBUILD = "실행하세요: mundap index --rebuild"
MOST_ROWS = 1_000_000
_MERGING_LOCK = "merging.lock"
_COPIED = 65_536  # vectors at once
_OF_VECTORS = ("dense-vectors.npy", "dense-keys.npy", "dense-places.npy")

Files = Mapping[str, tuple[int, str]]  # path in a folder -> size in bytes, checksum
Tokens = Callable[[list[str]], Sequence[list[str]]]
Encode = Callable[[list[str]], Halves]


class AnnexWriter(Protocol):
    """Writes what stands beside the rows of a segment."""

    def add(self, rows: Sequence[Passage]) -> None:
        """Add these rows behind the others."""
        ...

    def finish(self) -> None:
        """Write what is left."""
        ...


class Annex(Protocol):
    """What stands beside the legs in a segment. Another `recipe` means another content."""

    @property
    def recipe(self) -> str:
        """What decides it."""
        ...

    def writer(self, folder: Path) -> AnnexWriter:
        """One that writes into `folder`, the segment's."""
        ...

    def merge(self, folder: Path, sources: Sequence[tuple[Path, Mask]]) -> None:
        """Write into `folder` what the folders of `sources` hold of the rows that are kept, one behind the other."""
        ...

    def describe(self, folder: Path) -> None:
        """Write into `folder`, a generation's, what is no segment's."""
        ...


@dataclass(frozen=True)
class Deriving:
    """What a segment is made with: tokens of texts, vectors of texts, and the name under which those are kept.

    `at_once` passages, or a few more, are asked for at once; 0 leaves it to the corpus.
    """

    tokens_of: Tokens
    vectors_of: Encode
    encoder: str
    annex: Annex | None = None
    at_once: int = 0


@dataclass(frozen=True)
class Segment:
    """A segment in `folder`. What is in its files is mapped when it is asked for."""

    folder: Path
    rows: int
    vectors: int
    encoder: str
    files: Files
    checksum: str  # of its manifest
    width: int = WIDTH  # of a search for near vectors
    recall: float = 1.0  # of that search, as it was measured

    @classmethod
    def open(cls, folder: Path) -> Segment:
        """The segment in `folder`. Raises OSError, ValueError, KeyError or TypeError for one that is not as it was written."""
        text = (folder / MANIFEST).read_text("utf-8")
        about = json.loads(text)
        files = {name: (int(size), str(checksum)) for name, (size, checksum) in about["files"].items()}
        sizes = (about["rows"], about["vectors"], about["encoder"])
        return cls(folder, *sizes, files, digest(text, size=16), **about.get("near", {}))

    @property
    def name(self) -> str:
        """Its name among the segments."""
        return self.folder.name

    @cached_property
    def ids(self) -> IdsPart:
        """The ids of its rows and of their chunks."""
        return IdsPart.open(self.folder)

    @cached_property
    def postings(self) -> PostingsPart:
        """Its postings."""
        return PostingsPart.open(self.folder)

    @cached_property
    def dense(self) -> VectorPart:
        """Its vectors."""
        return VectorPart.open(self.folder, self.width, self.recall)

    @property
    def size(self) -> int:
        """Its size in bytes."""
        return sum(size for size, _ in self.files.values())


class SegmentWriter:
    """Writes one segment below `root`, the folder of the index."""

    def __init__(self, root: Path, deriving: Deriving) -> None:
        self._root = root
        self._deriving = deriving
        self._aside = _aside(root)
        self._postings = posting_runs.PostingsWriter(self._aside)
        self._ids = ArrayWriter(self._aside / "ids.npy", ID)
        self._starts = ArrayWriter(self._aside / "dense-starts.npy", np.int64)
        self._vectors: ArrayWriter | None = None
        self._keys = bytearray()
        self._annex = deriving.annex.writer(self._aside) if deriving.annex else None

    @property
    def rows(self) -> int:
        """How many rows were added."""
        return self._starts.length

    def add(self, passages: Sequence[Passage]) -> None:
        """Add rows with all their chunks."""
        grouped, deriving = GroupedPassages.of(passages), self._deriving
        self._postings.add(deriving.tokens_of([row.worded for row in grouped.rows]))
        texts = [passage.embedded for passage in grouped.passages]
        vectors = deriving.vectors_of(texts)
        if self._vectors is None:
            self._vectors = ArrayWriter(self._aside / "dense-vectors.npy", np.float16, vectors.shape[1:])
        self._starts.append(self._vectors.length + grouped.starts[:-1])
        self._vectors.append(vectors)
        self._ids.append(np.array([passage.id for passage in grouped.passages], ID))
        self._keys += b"".join(text_key(deriving.encoder, text) for text in texts)
        if self._annex:
            self._annex.add(grouped.rows)

    def finish(self) -> Segment:
        """Make it durable, and give it its name. There is at least one row."""
        assert self._vectors is not None
        rows = self.rows
        self._starts.append(np.asarray([self._vectors.length]))
        for writer in (self._ids, self._starts, self._vectors):
            writer.close()
        self._postings.finish()
        if self._annex:
            self._annex.finish()
        keys = np.frombuffer(self._keys, np.uint64).reshape(-1, 2)
        _save_keys(self._aside, keys, np.arange(len(keys), dtype=np.int32))
        _finish(self._aside, rows, len(keys), self._deriving.encoder)
        return named(self._root, self._aside)


def merged(root: Path, sources: Sequence[tuple[Segment, Mask]], annex: Annex | None) -> Segment | None:
    """A segment of the rows of `sources` that are kept; None if none are. Raises StaleIndex as `merge_into` does."""
    aside = _aside(root)
    return named(root, aside) if merge_into(aside, sources, annex) else None


def merge_into(aside: Path, sources: Sequence[tuple[Segment, Mask]], annex: Annex | None) -> bool:
    """Write into the folder a segment of the rows of `sources` that are kept, which is to be `named`; whether any are.

    Raises StaleIndex, naming the file, if one of theirs is damaged: it is not copied on.
    """
    for segment, _ in sources:
        check_files(segment.folder, segment.files)
    rows = sum(int(kept.sum()) for _, kept in sources)
    if not rows:
        return False
    posting_runs.merge([segment.postings for segment, _ in sources], [kept for _, kept in sources], aside)
    vectors = _merge_vectors(aside, sources)
    if annex:
        annex.merge(aside, [(segment.folder, kept) for segment, kept in sources])
    _finish(aside, rows, vectors, sources[0][0].encoder)
    return True


def _merge_vectors(aside: Path, sources: Sequence[tuple[Segment, Mask]]) -> int:
    ids = ArrayWriter(aside / "ids.npy", ID)
    starts = ArrayWriter(aside / "dense-starts.npy", np.int64)
    vectors = ArrayWriter(aside / "dense-vectors.npy", np.float16, sources[0][0].dense.vectors.shape[1:])
    keys, places = [], []
    for segment, kept in sources:
        widths = np.diff(segment.dense.starts)
        there = np.repeat(kept, widths)
        starts.append(vectors.length + np.cumsum(widths[kept]) - widths[kept])
        ids.append(segment.ids.ids[there])
        moved = np.cumsum(there) - 1 + vectors.length
        held, at = text_keys(segment.folder)
        keys.append(held[there[at]])
        places.append(moved[at[there[at]]].astype(np.int32))
        for first in range(0, len(there), _COPIED):
            vectors.append(segment.dense.vectors[first : first + _COPIED][there[first : first + _COPIED]])
    starts.append(np.asarray([vectors.length]))
    for writer in (ids, starts, vectors):
        writer.close()
    _save_keys(aside, np.concatenate(keys), np.concatenate(places))
    return vectors.length


@contextmanager
def only_one_merges(root: Path) -> Iterator[None]:
    """One process at a time merges aside; what one has left that was killed is deleted. Raises Timeout if another does."""
    with FileLock(root / _MERGING_LOCK, timeout=0):
        for left in (root / SEGMENTS).glob(f"{MERGING}*"):
            shutil.rmtree(left, ignore_errors=True)
        yield


def text_keys(folder: Path) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int32]]:
    """(n, 2): the key of each text in order, and which vector is its."""
    return np.asarray(load_array(folder / "dense-keys.npy")), np.asarray(load_array(folder / "dense-places.npy"))


def stored(folder: Path) -> Halves:
    """The vectors of the segment in `folder`, in order."""
    return np.asarray(load_array(folder / "dense-vectors.npy"))


def _save_keys(folder: Path, keys: npt.NDArray[np.uint64], places: npt.NDArray[np.int32]) -> None:
    order = np.argsort(keys[:, 0], kind="stable")
    np.save(folder / "dense-keys.npy", keys[order])
    np.save(folder / "dense-places.npy", places[order])


def _aside(root: Path) -> Path:
    aside = root / SEGMENTS / f"{ASIDE}{uuid4().hex}"
    aside.mkdir(parents=True)
    return aside


def _finish(aside: Path, rows: int, vectors: int, encoder: str) -> None:
    ids, stored = (np.load(aside / f"{name}.npy", mmap_mode="r") for name in ("ids", "dense-vectors"))
    np.save(aside / "ids-order.npy", np.argsort(ids, kind="stable").astype(np.int32))
    about = {"rows": rows, "vectors": vectors, "encoder": encoder}
    if needs_near(stored):
        near = save_near(np.asarray(stored), aside)
        about["near"] = {"width": near.width, "recall": near.recall}
    about["files"] = files_of(aside)
    (aside / MANIFEST).write_text(json.dumps(about, indent=1), "utf-8")
    sync(aside)


def named(root: Path, aside: Path) -> Segment:
    """The segment that was written in this folder, under its name."""
    folder = root / SEGMENTS / uuid4().hex[:16]
    aside.rename(folder)
    sync_folder(folder.parent)
    return Segment.open(folder)


def files_of(folder: Path) -> Files:
    """The size and the checksum of every file in it."""
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_size, digest_file(path))
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def missing(folder: Path, files: Files) -> list[str]:
    """Which of these files are not there, or not of their size."""
    return [name for name, (size, _) in files.items() if _size(folder / name) != size]


def check_files(folder: Path, files: Files) -> None:
    """Raises StaleIndex, naming them, if any of these files is not what it was when it was written."""
    if broken := damaged(folder, files):
        raise StaleIndex(f"색인의 파일이 손상되었습니다({', '.join(str(path) for path in broken)}). {REBUILD}")


def damaged(folder: Path, files: Files) -> list[Path]:
    """The files that are not what they were. All are read."""
    return [folder / name for name, (size, checksum) in files.items() if not _same(folder / name, size, checksum)]


def sync(folder: Path) -> None:
    """Make a folder and all that is in it durable."""
    for path in folder.iterdir():
        if path.is_dir():
            sync(path)
            continue
        with path.open("rb") as file:
            os.fsync(file.fileno())
    sync_folder(folder)


def sweep(root: Path, kept: Sequence[str]) -> None:
    """Delete every segment that is not `kept`, and what was left half written, but for what is being merged."""
    with suppress(Timeout), only_one_merges(root):
        pass
    for folder in _folders(root / SEGMENTS):
        if folder.name not in kept and not folder.name.startswith(MERGING):
            shutil.rmtree(folder, ignore_errors=True)


def with_vectors(root: Path, checked: bool) -> list[Segment]:
    """The segments that are there, listed or not, whose vectors can be read; if `checked`, by their checksums."""
    found = []
    for folder in _folders(root / SEGMENTS):
        try:
            segment = Segment.open(folder)
            files = {name: segment.files[name] for name in _OF_VECTORS}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
        if not (damaged(folder, files) if checked else missing(folder, files)):
            found.append(segment)
    return found


def _folders(root: Path) -> Iterator[Path]:
    return iter([path for path in root.iterdir() if path.is_dir()] if root.is_dir() else [])


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _same(path: Path, size: int, checksum: str) -> bool:
    try:
        return _size(path) == size and digest_file(path) == checksum
    except OSError:
        return False
