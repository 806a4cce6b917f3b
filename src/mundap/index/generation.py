"""A generation: a list of segments, and which of their rows are gone.

It is written in a folder aside, made durable, and promoted by renaming one small file, so that a reader finds the
old generation or the new one and never half of one. Segments are shared by generations, and deleted when no
generation that is kept lists them.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from mundap.errors import StaleIndex
from mundap.files import digest, load_array, sync_folder, write_atomically
from mundap.index import segment as segments
from mundap.index.grouped import GroupedPassages
from mundap.index.ids import ID, SegmentIds, as_array
from mundap.index.postings import Postings
from mundap.index.segment import ASIDE, MANIFEST, MOST_ROWS, SEGMENTS, Annex, Deriving, Files, Segment, SegmentWriter
from mundap.index.tiers import Extent, to_merge
from mundap.index.vectors import VectorIndex
from mundap.protocols import Mask
from mundap.types import Passage

FORMAT = 4
REPAIR = "실행하세요: mundap index"
_CURRENT = "CURRENT"
_GONE = "gone"  # the folder of the rows that are gone
_KEPT = 2  # generations: the current one, and the one that readers may still have open
_AT_ONCE = 2_000  # ids that are compared at once

Gone = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Recipe:
    """What decides an index besides its passages. Two indexes of one recipe and one corpus find the same."""

    encoder: str
    tokenizer: str
    normalizer: str
    k1: float
    b: float
    graph: str = ""


class Source(Protocol):
    """The passages that are to be indexed, and what is known of their changes. A state is a token that is another one after
    every change."""

    def state(self) -> str:
        """The state now."""
        ...

    def mark(self) -> str:
        """The state now; changes that come after it can be asked for."""
        ...

    def changed(self, since: str) -> list[str] | None:
        """The ids of the passages that came or went after that state; None if it is not known."""
        ...

    def forget_changes(self, states: Sequence[str]) -> None:
        """From now on, changes are asked for only since one of these states."""
        ...

    def ids(self) -> list[str]:
        """The ids of all passages."""
        ...

    def present(self, ids: Sequence[str]) -> dict[str, str]:
        """Those of `ids` that are there, each with the id of its parent passage."""
        ...

    def families(self, ids: Sequence[str] | None = None) -> Iterator[list[Passage]]:
        """Passages that can be rows, each with its chunks, a batch at a time: all, or those of `ids`."""
        ...


@dataclass(frozen=True)
class Generation:
    """An open generation: `gone[n]` are the rows of the n-th segment that do not count any more, ascending."""

    folder: Path
    recipe: Recipe
    corpus_state: str
    annex: str
    segments: tuple[Segment, ...]
    gone: tuple[Gone, ...]
    files: Files = field(repr=False)
    instead: VectorIndex | None = None  # of its own vectors

    @property
    def name(self) -> str:
        """Its name among the generations."""
        return self.folder.name

    @cached_property
    def ids(self) -> SegmentIds:
        """The ids of its rows."""
        return SegmentIds([segment.ids for segment in self.segments], self.gone)

    @cached_property
    def postings(self) -> Postings:
        """Its postings."""
        return Postings([segment.postings for segment in self.segments], self.recipe.k1, self.recipe.b, self.gone)

    @cached_property
    def vectors(self) -> VectorIndex:
        """Its vectors."""
        return self.instead or VectorIndex([segment.dense for segment in self.segments])

    @property
    def extents(self) -> list[Extent]:
        """How large its segments are."""
        return [_extent(segment, gone) for segment, gone in zip(self.segments, self.gone, strict=True)]

    @property
    def row_ids(self) -> list[str]:
        """The ids of the rows that count, in order."""
        return sorted(id for id, there in zip(self.ids, self.ids.alive(), strict=True) if there)

    @property
    def vector_ids(self) -> list[str]:
        """The ids of the rows that count and of their chunks, in order."""
        return sorted(id for row in np.flatnonzero(self.ids.alive()).tolist() for id in self.ids.vector_ids(row))


def build(
    root: Path,
    source: Source,
    recipe: Recipe,
    deriving: Deriving,
    *,
    anew: bool = False,
    compact: bool = False,
    merging: bool = True,
) -> str:
    """Write a generation of the passages of `source`, promote it, and return its name.

    Of a current generation of the same recipe, only what changed since is read and written; `anew` uses nothing of it, and
    `compact` writes every segment anew that has rows which are gone. Without `merging`, many small segments are left as they
    are, to be merged aside (index.merging). Raises StaleIndex, naming the file, if a damaged
    segment would have to be merged. The caller holds the workspace's lock.
    """
    root.mkdir(parents=True, exist_ok=True)
    for left in root.glob(f"{ASIDE}*"):
        shutil.rmtree(left)
    state = source.mark()
    old = None if anew else _reusable(root)
    annex = deriving.annex.recipe if deriving.annex else ""
    if old is not None and not _same_content(old, recipe, annex):
        old = None
    if old is None:
        writing = _Writing(root, deriving, [], [])
        writing.add(source.families())
    else:
        if (
            (old.recipe, old.corpus_state) == (recipe, state)
            and not compact
            and not (merging and to_merge(old.extents))
        ):
            _sweep(root)
            return old.name
        writing = _Writing(root, deriving, [*old.segments], [*old.gone])
        writing.follow(old, source)
    if merging or compact:
        writing.merge(compact)
    name = promote(root, writing.segments, writing.gone, recipe, state, deriving.annex)
    source.forget_changes([str(state) for state in _said(root, "corpus_state")])
    return name


class _Writing:
    """The segments of the generation that is written, and which of their rows are gone."""

    def __init__(self, root: Path, deriving: Deriving, listed: list[Segment], gone: list[Gone]) -> None:
        self.root = root
        self.deriving = deriving
        self.segments = listed
        self.gone = gone

    def add(self, families: Iterator[list[Passage]]) -> None:
        """Write rows with their chunks into new segments."""
        writer: SegmentWriter | None = None
        for passages in _gathered(families, self.deriving.at_once):
            if not passages:
                continue
            writer = writer or SegmentWriter(self.root, self.deriving)
            writer.add(passages)
            if writer.rows >= MOST_ROWS:
                self._append(writer.finish())
                writer = None
        if writer is not None:
            self._append(writer.finish())

    def follow(self, old: Generation, source: Source) -> None:
        """Do what was done to the passages since the generation before."""
        changed = _changes(old, source)
        owners = [*source.present(changed).values(), *old.ids.owners(changed)]
        lost: list[int] = []
        self.add(_fresh(old, source, list(dict.fromkeys([*changed, *owners])), lost))
        rows = np.unique(np.asarray(lost, np.int64))
        places = np.searchsorted(old.ids.offsets, rows, side="right") - 1
        for n in np.unique(places).tolist():
            more = (rows[places == n] - old.ids.offsets[n]).astype(np.int32)
            self.gone[n] = np.union1d(self.gone[n], more)

    def merge(self, compact: bool) -> None:
        """Merge what is to be merged until nothing is; with `compact`, write anew what has rows that are gone."""
        if compact:
            for n in [n for n, gone in enumerate(self.gone) if len(gone)][::-1]:
                self._merge([n])
        while chosen := to_merge([_extent(*one) for one in zip(self.segments, self.gone, strict=True)]):
            self._merge(chosen)

    def _merge(self, chosen: Sequence[int]) -> None:
        sources = [(self.segments[n], ~_mask(self.gone[n], self.segments[n].rows)) for n in chosen]
        merged = segments.merged(self.root, sources, self.deriving.annex)
        for n in sorted(chosen, reverse=True):
            del self.segments[n], self.gone[n]
        if merged is not None:
            self._append(merged)

    def _append(self, segment: Segment) -> None:
        self.segments.append(segment)
        self.gone.append(np.empty(0, np.int32))


def _gathered(families: Iterator[list[Passage]], least: int) -> Iterator[list[Passage]]:
    """The same, but at least so many at once."""
    gathered: list[Passage] = []
    for passages in families:
        gathered += passages
        if len(gathered) >= least:
            yield gathered
            gathered = []
    yield gathered


def _fresh(old: Generation, source: Source, changed: Sequence[str], lost: list[int]) -> Iterator[list[Passage]]:
    """The rows that are new, each with its chunks; the numbers of rows that are gone are put into `lost`."""
    for first in range(0, len(changed), _AT_ONCE):
        some = changed[first : first + _AT_ONCE]
        was = {id: row for id, row in zip(some, old.ids.rows(some).tolist(), strict=True) if row >= 0}
        for passages in source.families(some):
            grouped = GroupedPassages.of(passages)
            fresh: list[Passage] = []
            for row, start, end in zip(grouped.rows, grouped.starts, grouped.starts[1:], strict=False):
                family = grouped.passages[start:end]
                if row.id in was and old.ids.vector_ids(was[row.id]) == [passage.id for passage in family]:
                    del was[row.id]
                else:
                    fresh += family
            yield fresh
        lost += was.values()


def _changes(generation: Generation, source: Source) -> list[str]:
    """The ids of the passages that came or went since the generation."""
    changed = source.changed(generation.corpus_state)
    return _difference(generation, source.ids()) if changed is None else changed


def _difference(old: Generation, ids: Sequence[str]) -> list[str]:
    """The ids that are in the corpus or in the index, but not in both; of the index, the rows they belong to."""
    present = as_array(ids)
    present.sort()
    changed = []
    held = [np.empty(0, ID)]
    for part, gone in zip(old.ids.parts, old.gone, strict=True):
        counts = ~np.repeat(_mask(gone, len(part.starts) - 1), np.diff(part.starts))
        lost = np.flatnonzero(counts & ~np.isin(part.ids, present))
        changed.append(part.row_ids(np.unique(part.row_of(lost))))
        held.append(part.ids[counts])
    changed.append(np.setdiff1d(present, np.concatenate(held), assume_unique=True))
    return [id.decode() for some in changed for id in some.tolist()]


def promote(
    root: Path, listed: Sequence[Segment], gone: Sequence[Gone], recipe: Recipe, state: str, annex: Annex | None
) -> str:
    """Make a generation of these segments the current one, and return its name. The caller holds the workspace's lock."""
    name = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{digest(str(time.time_ns()), state, size=4)}"
    aside = root / f"{ASIDE}{os.getpid()}"
    aside.mkdir()
    (aside / _GONE).mkdir()
    for segment, some in zip(listed, gone, strict=True):
        if len(some):
            np.save(aside / _GONE / f"{segment.name}.npy", some.astype(np.int32))
    if annex:
        annex.describe(aside)
    extents = [_extent(*one) for one in zip(listed, gone, strict=True)]
    manifest = {
        "format": FORMAT,
        "rows": sum(extent.alive for extent in extents),
        "corpus_state": state,
        "annex": annex.recipe if annex else "",
        "segments": {one.name: one.checksum for one in listed},
        "files": segments.files_of(aside),
        **asdict(recipe),
    }
    text = json.dumps({**manifest, "checksum": _checksum(manifest)}, ensure_ascii=False, indent=1)
    (aside / MANIFEST).write_text(text, "utf-8")
    segments.sync(aside)
    aside.rename(root / name)
    sync_folder(root)
    write_atomically(root / _CURRENT, name)
    _forget(root)
    return name


def current(root: Path) -> str | None:
    """The name of the generation that readers open, or None if nothing was indexed yet."""
    try:
        return (root / _CURRENT).read_text("utf-8").strip() or None
    except (FileNotFoundError, UnicodeDecodeError):
        return None


def generations(root: Path) -> tuple[str, ...]:
    """The names of the generations that are there, oldest first."""
    return tuple(sorted(found.parent.name for found in root.glob(f"[0-9]*/{MANIFEST}")))


def open_generation(root: Path) -> Generation:
    """Open the current generation. Raises StaleIndex if there is none, or none that this version reads."""
    found = _current(root)
    try:
        _ = found.ids, found.postings, found.vectors  # mapped now: a file may be deleted while it is open
    except (OSError, EOFError, ValueError, RuntimeError) as error:
        if current(root) != found.name:
            return open_generation(root)
        raise StaleIndex(f"색인 {found.name}을 읽을 수 없습니다({error}). {REPAIR}") from error
    return found


def _current(root: Path) -> Generation:
    name = current(root)
    while name is not None:
        try:
            return _listed(root, name)
        except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, StaleIndex) as error:
            before, name = name, current(root)
            if name != before:
                continue  # it was replaced meanwhile, and deleted
            if isinstance(error, StaleIndex):
                raise
            raise StaleIndex(f"색인 {name}을 읽을 수 없습니다({error}). {REPAIR}") from error
    raise StaleIndex(f"아직 색인이 없습니다. {REPAIR}")


def damaged_files(root: Path) -> list[Path]:
    """The files of the current generation that are missing or not what was written. All are read."""
    if (name := current(root)) is None:
        return []
    try:
        manifest = _manifest(root / name, checked=True)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return [root / name / MANIFEST]
    broken = segments.damaged(root / name, _files(manifest["files"]))
    for one, checksum in manifest["segments"].items():
        folder = root / SEGMENTS / one
        try:
            broken += segments.damaged(folder, _segment(folder, checksum).files)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            broken.append(folder / MANIFEST)
    return broken


def check(generation: Generation, recipe: Recipe, source: Source, complete: bool = True) -> Mask | None:
    """Which rows are still in the corpus; None if all are.

    Raises StaleIndex if the settings are others than those of the index, or, with `complete`, passages are not indexed yet.
    """
    for name in Recipe.__dataclass_fields__:
        was, now = getattr(generation.recipe, name), getattr(recipe, name)
        if was != now:
            raise StaleIndex(f"색인을 만든 뒤 {name} 설정이 바뀌었습니다(색인: {was}, 현재: {now}). {REPAIR}")
    return alive(generation, source, complete)


def alive(generation: Generation, source: Source, complete: bool = False) -> Mask | None:
    """Which rows are still in the corpus; None if all are. With `complete`, raises StaleIndex if passages are not indexed."""
    changed = _changes(generation, source)
    present = source.present(changed)
    new = ~generation.ids.held([*present])
    if complete and new.any():
        raise StaleIndex(f"아직 색인되지 않은 문단이 {int(new.sum())}개 있습니다. {REPAIR}")
    lost = generation.ids.rows([id for id in changed if id not in present])
    mask = generation.ids.alive()
    mask[lost[lost >= 0]] = False
    return None if mask.all() else mask


def lacks(generation: Generation, source: Source) -> bool:
    """Whether passages are not indexed yet."""
    present = source.present(_changes(generation, source))
    return bool((~generation.ids.held([*present])).any())


def _listed(root: Path, name: str) -> Generation:
    folder = root / name
    manifest = _manifest(folder, checked=True)
    files = _files(manifest["files"])
    listed = tuple(_segment(root / SEGMENTS / one, checksum) for one, checksum in manifest["segments"].items())
    broken = segments.missing(folder, files)
    broken += [f"{one.name}/{file}" for one in listed for file in segments.missing(one.folder, one.files)]
    if broken:
        raise StaleIndex(f"색인 {name}의 파일이 없거나 손상되었습니다({', '.join(broken)}). {REPAIR}")
    return Generation(
        folder,
        Recipe(**{field: manifest[field] for field in Recipe.__dataclass_fields__}),
        manifest["corpus_state"],
        manifest["annex"],
        listed,
        tuple(_gone(folder, one) for one in listed),
        files,
    )


def _segment(folder: Path, checksum: str) -> Segment:
    segment = Segment.open(folder)
    if segment.checksum != checksum:
        raise ValueError(f"{folder.name}/{MANIFEST}")
    return segment


def _gone(folder: Path, segment: Segment) -> Gone:
    path = folder / _GONE / f"{segment.name}.npy"
    return np.asarray(load_array(path, mapped=False)) if path.exists() else np.empty(0, np.int32)


def _files(listed: Mapping[str, Sequence[Any]]) -> dict[str, tuple[int, str]]:
    return {name: (int(size), str(checksum)) for name, (size, checksum) in listed.items()}


def _checksum(manifest: Mapping[str, Any]) -> str:
    return digest(json.dumps(manifest, ensure_ascii=False, sort_keys=True), size=16)


def _same_content(old: Generation, recipe: Recipe, annex: str) -> bool:
    """Whether segments of `old` are those that would be written now; k1, b and synonyms are in none."""
    names = ("encoder", "tokenizer", "normalizer")
    return old.annex == annex and all(getattr(old.recipe, name) == getattr(recipe, name) for name in names)


def _reusable(root: Path) -> Generation | None:
    try:
        return open_generation(root)
    except StaleIndex:
        return None


def _extent(segment: Segment, gone: Gone) -> Extent:
    return Extent(segment.rows, segment.rows - len(gone), segment.vectors)


def _mask(gone: Gone, rows: int) -> Mask:
    mask = np.zeros(rows, np.bool_)
    mask[gone] = True
    return mask


def forget_others(root: Path) -> None:
    """Delete every generation but the current one, and the segments that only they list. Readers keep what they opened."""
    _forget(root, 1)


def _forget(root: Path, kept: int = _KEPT) -> None:
    now = current(root)
    others = [folder for folder in root.iterdir() if folder.is_dir() and folder.name not in (now, SEGMENTS)]
    others.sort(key=lambda folder: folder.stat().st_mtime_ns, reverse=True)
    for folder in others[kept - 1 :]:
        shutil.rmtree(folder, ignore_errors=True)
    _sweep(root)


def _sweep(root: Path) -> None:
    segments.sweep(root, [name for listed in _said(root, "segments") for name in listed])


def _manifest(folder: Path, checked: bool) -> dict[str, Any]:
    """What the manifest of a generation says; if `checked`, only one that was read by its checksum and is of this format.

    Raises StaleIndex for another format, OSError, ValueError, KeyError or TypeError for a damaged one.
    """
    found: dict[str, Any] = json.loads((folder / MANIFEST).read_text("utf-8"))
    if checked and found["format"] != FORMAT:
        raise StaleIndex(f"색인의 형식 {found['format']}이 이 버전({FORMAT})과 다릅니다. {REPAIR}")
    if checked and found.pop("checksum") != _checksum(found):
        raise ValueError(MANIFEST)
    return found


def _said(root: Path, key: str) -> list[Any]:
    """What the manifests of all generations that are there say under `key`."""
    found = []
    for name in generations(root):
        try:
            found.append(_manifest(root / name, checked=False)[key])
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return found
