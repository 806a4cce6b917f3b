"""Milvus as an engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from mundap.errors import StaleIndex
from mundap.index.dense import NearestLeg
from mundap.index.generation import REPAIR, Recipe, Source
from mundap.index.milvus.building import absent, build_anew, changes, finish, follow
from mundap.index.milvus.collections import Collections, Manifest, Part
from mundap.index.milvus.rows import Allowed, NumberedIds, numbers
from mundap.index.milvus.server import MilvusServer
from mundap.index.milvus.vectors import MilvusVectors
from mundap.index.milvus.words import MilvusStatistics, MilvusWords
from mundap.index.segment import Deriving
from mundap.index.table import Table
from mundap.korean.everyday import FindEveryday
from mundap.protocols import Encoder, Rows, Store, Tokenize


@dataclass(frozen=True)
class MilvusIndex:
    """An open index. What is in it changes with the next build, in batches; then another one is opened."""

    collections: Collections
    manifest: Manifest

    @property
    def name(self) -> str:
        """Another one after every build."""
        return self.manifest.name

    @property
    def recipe(self) -> Recipe:
        """What decided it, besides its passages."""
        return self.manifest.recipe

    @property
    def corpus_state(self) -> str:
        """The state of the passages when it was built."""
        return self.manifest.corpus_state

    def table(self, store: Store, source: Source, complete: bool) -> Table:
        """Its rows, without those that went since. Raises StaleIndex if, with `complete`, passages are not indexed yet."""
        new, gone = self._changes(source)
        if complete and new:
            raise StaleIndex(f"아직 색인되지 않은 문단이 {len(new)}개 있습니다. {REPAIR}")
        table = Table(NumberedIds(self.manifest.rows, self._rows), store)
        _restrict(table, gone)
        return table

    def restrict(self, table: Table, source: Source) -> None:
        """From now on, find no row that went since."""
        _restrict(table, self._changes(source)[1])

    def lacks(self, source: Source) -> bool:
        """Whether passages are not indexed yet."""
        return bool(self._changes(source)[0])

    def lexical(self, table: Table, tokenize: Tokenize, everyday: FindEveryday | None) -> MilvusWords:
        """The leg of words."""
        return MilvusWords(self._part("words"), self.manifest, self.statistics, table, tokenize, everyday)

    def dense(self, table: Table, encoder: Encoder) -> NearestLeg:
        """The leg of vectors."""
        return NearestLeg(MilvusVectors(self._part("vectors"), self.manifest, encoder.dim), table, encoder)

    @cached_property
    def statistics(self) -> MilvusStatistics:
        """How many rows hold which tokens."""
        return MilvusStatistics(self._part("terms"), self.manifest)

    def _changes(self, source: Source) -> tuple[list[str], Rows]:
        """The ids of passages that came since and are not indexed, and the rows that went."""
        changed = changes(self.collections, self.manifest, source)
        present = source.present(changed)
        new = absent(self._part("vectors"), [*present])
        gone = numbers([id for id in changed if id not in present])
        return new, np.unique(gone[gone != -1])

    def _rows(self) -> Iterator[Rows]:
        for found in self._part("words").scan(["row"]):
            yield np.fromiter((one["row"] for one in found), np.intp, len(found))

    def _part(self, name: str) -> Part:
        return self.collections.part(self.manifest.build, name)


class MilvusEngine:
    """The index in the collections `name…` of the Milvus at `uri`. Raises ConfigError for an address that none could be."""

    keeps_vectors = False

    def __init__(self, uri: str, name: str, token: str = "", collections: Collections | None = None) -> None:
        self.collections = collections or Collections(MilvusServer(uri, token), name)

    @property
    def shown(self) -> str:
        """The address as people may see it."""
        return self.collections.server.shown

    @property
    def current(self) -> str | None:
        """The name of the index that readers open, or None if nothing was indexed yet."""
        manifest = self.collections.manifest()
        return manifest.name if manifest else None

    @property
    def names(self) -> tuple[str, ...]:
        """The name of the current index, the only one that is kept."""
        return (name,) if (name := self.current) else ()

    def build(
        self, source: Source, recipe: Recipe, deriving: Deriving, *, anew: bool, compact: bool, merging: bool
    ) -> str:
        """Index the passages of `source`, have readers find that, and return its name; see `generation.build`.

        `merging` is the server's own affair. What an index with other settings holds is written anew. Raises StaleIndex for an index that is not of `source`.
        """
        manifest = None if anew else self.collections.manifest()
        if manifest is not None:
            manifest = self._followed(manifest, source, recipe, deriving)
        if manifest is None:
            manifest = build_anew(self.collections, source, recipe, deriving)
        source.forget_changes([manifest.corpus_state])
        if compact:
            self.erase()
            self.collections.compact(manifest.build)
        return manifest.name

    def _followed(self, manifest: Manifest, source: Source, recipe: Recipe, deriving: Deriving) -> Manifest | None:
        """The index as the source is now; None if all has to be written anew."""
        changes(self.collections, manifest, source)  # of another workspace, it is not overwritten
        if manifest.recipe != recipe:
            return None
        if manifest.corpus_state == source.state():
            return finish(self.collections, manifest)
        return follow(self.collections, manifest, source, recipe, deriving)

    def held(self, check: Callable[[], None]) -> MilvusEngine:
        """The same, over the same connection, which calls `check` before it changes anything."""
        ours = self.collections
        return MilvusEngine("", ours.name, collections=Collections(ours.server, ours.name, check))

    def open(self) -> MilvusIndex:
        """The current one. Raises StaleIndex if there is none, or none that this version reads."""
        manifest = self.collections.manifest()
        if manifest is None:
            raise StaleIndex(f"아직 색인이 없습니다. {REPAIR}")
        return MilvusIndex(self.collections, manifest)

    def damaged(self) -> list[Path]:
        """None: it has no files here."""
        return []

    def erase(self, everything: bool = False) -> None:
        """Drop the collections of builds before the current one; with `everything`, all."""
        manifest = self.collections.manifest()
        if manifest is None:
            return
        if everything:
            self.collections.forget()
        else:
            self.collections.keep_only([manifest.build])


def _restrict(table: Table, gone: Rows) -> None:
    table.restrict(Allowed(gone, but=True).mask if len(gone) else None)
