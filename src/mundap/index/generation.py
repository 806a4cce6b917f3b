"""One immutable generation on disk: everything derived from the passages, and a manifest that says from which.

It is built in a folder aside, made durable, and promoted by renaming one small file, so that a reader finds the
old generation or the new one and never half of one.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mundap.errors import StaleIndex
from mundap.files import digest, load_array, sync_folder, write_atomically
from mundap.index.dense import vector_keys
from mundap.index.grouped import GroupedPassages
from mundap.index.postings import Postings
from mundap.index.vectors import Halves, VectorIndex, make_graph
from mundap.types import Passage

FORMAT = 3
REPAIR = "실행하세요: mundap index"
_CURRENT = "CURRENT"
_ASIDE = ".building-"
_KEPT = 2  # generations: the current one, and the one that readers may still have open


@dataclass(frozen=True)
class Recipe:
    """What decides an index besides its passages. Two indexes of one recipe and one digest are the same."""

    encoder: str
    tokenizer: str
    normalizer: str
    k1: float
    b: float
    graph: str = ""


@dataclass(frozen=True)
class Generation:
    """An open generation. `vector_ids` are in the order of vectors; `row_ids` are those that can be hits."""

    folder: Path
    recipe: Recipe
    corpus_state: str
    vector_ids: list[str]
    row_ids: list[str]
    postings: Postings
    vectors: VectorIndex

    @property
    def name(self) -> str:
        """Its name among the generations."""
        return self.folder.name


def no_graph(folder: Path, rows: Sequence[Passage], old: Path | None) -> None:
    """Beside the legs nothing is built."""


def build(
    root: Path,
    passages: Sequence[Passage],
    recipe: Recipe,
    corpus_state: str,
    tokens_of: Callable[[list[str]], Sequence[list[str]]],
    vectors_of: Callable[[list[str]], Halves],
    graph_in: Callable[[Path, Sequence[Passage], Path | None], None] = no_graph,
) -> str:
    """Write a generation of `passages`, promote it, and return its name; the current one's if it is the same.

    `tokens_of` and `vectors_of` are asked only for texts that the current generation does not hold. `graph_in` writes a
    graph of the rows into the folder that it is given, with the folder of the current generation to copy from.
    The caller holds the workspace's lock.
    """
    root.mkdir(parents=True, exist_ok=True)
    for left in root.glob(f"{_ASIDE}*"):
        shutil.rmtree(left)
    grouped = GroupedPassages.of(passages)
    ids = [passage.id for passage in grouped.passages]
    old = _reusable(root)
    if old is not None and (old.recipe, old.corpus_state, old.vector_ids) == (recipe, corpus_state, ids):
        return old.name
    name = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{digest(str(time.time_ns()), corpus_state, size=4)}"
    aside = root / f"{_ASIDE}{os.getpid()}"
    aside.mkdir()
    _lexical(grouped, recipe, old, tokens_of).save(aside)
    _dense(grouped, recipe, old, vectors_of, root).save(aside)
    graph_in(aside, grouped.rows, old.folder if old else None)
    np.save(aside / "ids.npy", np.asarray(ids, "S16"))
    manifest = {
        "format": FORMAT,
        "units": len(ids),
        "rows": len(grouped.starts) - 1,
        "digest": digest(*ids),
        "corpus_state": corpus_state,
        "files": _sizes(aside),
        **asdict(recipe),
    }
    (aside / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False, indent=1), "utf-8")
    _sync(aside)
    aside.rename(root / name)
    sync_folder(root)
    write_atomically(root / _CURRENT, name)
    _forget(root)
    return name


def current(root: Path) -> str | None:
    """The name of the generation that readers open, or None if nothing was indexed yet."""
    try:
        return (root / _CURRENT).read_text("utf-8").strip() or None
    except FileNotFoundError:
        return None


def generations(root: Path) -> tuple[str, ...]:
    """The names of the generations that are there, oldest first."""
    return tuple(sorted(found.parent.name for found in root.glob("[0-9]*/manifest.json")))


def open_generation(root: Path) -> Generation:
    """Open the current generation. Raises StaleIndex if there is none, or none that this version reads."""
    name = current(root)
    if name is None:
        raise StaleIndex(f"아직 색인이 없습니다. {REPAIR}")
    folder = root / name
    try:
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        if manifest["format"] != FORMAT:
            raise StaleIndex(f"색인의 형식 {manifest['format']}이 이 버전({FORMAT})과 다릅니다. {REPAIR}")
        if (sizes := _sizes(folder, manifest["files"])) != manifest["files"]:
            broken = sorted(name for name, size in manifest["files"].items() if sizes[name] != size)
            raise StaleIndex(f"색인 {name}의 파일이 없거나 손상되었습니다({', '.join(broken)}). {REPAIR}")
        ids = [id.decode() for id in load_array(folder / "ids.npy", mapped=False).tolist()]
        vectors = VectorIndex.open(folder)
        return Generation(
            folder,
            Recipe(**{field: manifest[field] for field in Recipe.__dataclass_fields__}),
            manifest["corpus_state"],
            ids,
            [ids[start] for start in vectors.starts[:-1]],
            Postings.open(folder),
            vectors,
        )
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:  # whatever a damaged file can cause
        raise StaleIndex(f"색인 {name}을 읽을 수 없습니다({error}). {REPAIR}") from error


def check(generation: Generation, recipe: Recipe, corpus_ids: Sequence[str]) -> npt.NDArray[np.bool_] | None:
    """Which rows are still in the corpus; None if all are.

    Raises StaleIndex if the settings are others than those of the index, or passages are not indexed yet.
    """
    for field in Recipe.__dataclass_fields__:
        was, now = getattr(generation.recipe, field), getattr(recipe, field)
        if was != now:
            raise StaleIndex(f"색인을 만든 뒤 {field} 설정이 바뀌었습니다(색인: {was}, 현재: {now}). {REPAIR}")
    held = set(generation.vector_ids)
    new = sum(id not in held for id in corpus_ids)
    if new:
        raise StaleIndex(f"아직 색인되지 않은 문단이 {new}개 있습니다. {REPAIR}")
    return alive(generation, corpus_ids)


def alive(generation: Generation, corpus_ids: Sequence[str]) -> npt.NDArray[np.bool_] | None:
    """Which rows are still in the corpus; None if all are."""
    present = set(corpus_ids)
    mask = np.fromiter((id in present for id in generation.row_ids), np.bool_, len(generation.row_ids))
    return None if mask.all() else mask


def _reusable(root: Path) -> Generation | None:
    try:
        return open_generation(root)
    except StaleIndex:
        return None


def _lexical(
    grouped: GroupedPassages,
    recipe: Recipe,
    old: Generation | None,
    tokens_of: Callable[[list[str]], Sequence[list[str]]],
) -> Postings:
    rows = grouped.rows
    if old is None or old.recipe.tokenizer != recipe.tokenizer:
        return Postings.build(tokens_of([row.worded for row in rows]), recipe.k1, recipe.b)
    place = {row.id: n for n, row in enumerate(rows)}
    moved = np.fromiter((place.get(id, -1) for id in old.row_ids), np.int64, len(old.row_ids))
    held = set(old.row_ids)
    fresh = [n for n, row in enumerate(rows) if row.id not in held]
    texts = tokens_of([rows[n].worded for n in fresh])
    return Postings.build(texts, recipe.k1, recipe.b, old.postings, moved, np.asarray(fresh, np.int64))


def _dense(
    grouped: GroupedPassages,
    recipe: Recipe,
    old: Generation | None,
    vectors_of: Callable[[list[str]], Halves],
    root: Path,
) -> VectorIndex:
    keys = vector_keys(grouped)
    reuse = old if old is not None and old.recipe.encoder == recipe.encoder else None
    place = {id: n for n, id in enumerate(reuse.vector_ids)} if reuse else {}
    sources = np.fromiter((place.get(p.id, -1) for p in grouped.passages), np.int64, len(grouped.passages))
    computed = vectors_of([grouped.passages[n].embedded for n in np.flatnonzero(sources < 0)])
    vectors = np.empty((len(sources), computed.shape[1]), np.float16)
    vectors[sources < 0] = computed
    if reuse:
        vectors[sources >= 0] = reuse.vectors.vectors[sources[sources >= 0]]
    return VectorIndex(vectors, grouped.starts, keys, make_graph(vectors, keys, root / reuse.name if reuse else None))


def _sizes(folder: Path, names: Iterable[str] = ()) -> dict[str, int]:
    """The size of each of these files in bytes, -1 if it is not there; without names, of all that are there."""
    paths = [folder / name for name in names] or [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.stat().st_size if path.is_file() else -1 for path in paths}


def _sync(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir():
            _sync(path)
            continue
        with path.open("rb") as file:
            os.fsync(file.fileno())
    sync_folder(folder)


def _forget(root: Path) -> None:
    now = current(root)
    others = [folder for folder in root.iterdir() if folder.is_dir() and folder.name != now]
    others.sort(key=lambda folder: folder.stat().st_mtime_ns, reverse=True)
    for folder in others[_KEPT - 1 :]:
        shutil.rmtree(folder, ignore_errors=True)
