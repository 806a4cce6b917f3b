"""Merging while others search and write: aside, without the workspace's lock but for the moment in which it is put in place.

What is written in a `.merging-` folder belongs to nobody until a generation lists it, so a kill loses the work and nothing
else. Rows that went meanwhile go from the merged segment too.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from uuid import uuid4

import numpy as np
from filelock import Timeout

from mundap.errors import StaleIndex
from mundap.index.generation import Generation, Gone, Recipe, open_generation, promote
from mundap.index.segment import MERGING, SEGMENTS, Annex, Segment, merge_into, named, only_one_merges
from mundap.index.tiers import to_merge
from mundap.protocols import Mask

Writing = Callable[[], AbstractContextManager[None]]


def merge_aside(root: Path, recipe: Recipe, annex: Annex | None, writing: Writing) -> bool:
    """Merge once what is to be merged, and put it in place under the lock that `writing` takes.

    Returns whether there may be more to do: no, if nothing is to be merged, if somebody else merges, if the segments were
    replaced meanwhile, or if the settings are no longer `recipe`. Raises StaleIndex as `open_generation` does, and naming the
    file for a damaged segment, and what `writing` raises.
    """
    if not (root / SEGMENTS).is_dir():
        return False
    try:
        with only_one_merges(root):
            return _merged(root, recipe, annex, writing)
    except Timeout:
        return False


def _merged(root: Path, recipe: Recipe, annex: Annex | None, writing: Writing) -> bool:
    before = open_generation(root)
    chosen = to_merge(before.extents)
    if not chosen or before.recipe != recipe:
        return False
    kept = {before.segments[n].name: _kept(before, n) for n in chosen}
    aside = root / SEGMENTS / f"{MERGING}{uuid4().hex}"
    aside.mkdir()
    try:
        some = _written(root, aside, [(before.segments[n], kept[before.segments[n].name]) for n in chosen], annex)
        if some is None:
            return False
        with writing():
            return _put_in_place(root, recipe, annex, kept, aside if some else None)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _written(root: Path, aside: Path, sources: Sequence[tuple[Segment, Mask]], annex: Annex | None) -> bool | None:
    """Whether there is a row in what was written to `aside`; None if the segments were replaced, and deleted, meanwhile."""
    try:
        return merge_into(aside, sources, annex)
    except StaleIndex:
        if {segment.name for segment, _ in sources} <= {segment.name for segment in open_generation(root).segments}:
            raise
        return None


def _put_in_place(root: Path, recipe: Recipe, annex: Annex | None, kept: dict[str, Mask], aside: Path | None) -> bool:
    """Promote a generation with the segment in `aside` instead of those of which it was made; False if one is not there."""
    now = open_generation(root)
    held = {segment.name: gone for segment, gone in zip(now.segments, now.gone, strict=True)}
    if not kept.keys() <= held.keys() or now.recipe != recipe:
        return False
    listed = [(segment, held[segment.name]) for segment in now.segments if segment.name not in kept]
    if aside is not None:
        listed.append((named(root, aside), _gone_since(kept, held)))
    promote(root, [one for one, _ in listed], [gone for _, gone in listed], recipe, now.corpus_state, annex)
    return True


def _kept(generation: Generation, n: int) -> Mask:
    kept = np.ones(generation.segments[n].rows, np.bool_)
    kept[generation.gone[n]] = False
    return kept


def _gone_since(kept: dict[str, Mask], held: dict[str, Gone]) -> Gone:
    """The rows of the merged segment that went after `kept` was read."""
    gone, base = [np.empty(0, np.int32)], 0
    for name, mask in kept.items():
        later = held[name][mask[held[name]]]
        gone.append((np.cumsum(mask)[later] - 1 + base).astype(np.int32))
        base += int(mask.sum())
    return np.concatenate(gone)
