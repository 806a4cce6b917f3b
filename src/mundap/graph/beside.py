"""The keyword graph beside an index that a server keeps: in segments of its own on each machine, made of the record.

The segments hold rows with their graph and nothing else, so that a change costs what was changed, as in an index in files.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from mundap.errors import WorkspaceBusy
from mundap.graph.build import GraphFiles
from mundap.graph.leg import GraphLeg
from mundap.index import generation as generations
from mundap.index.generation import Generation, Recipe, Source
from mundap.index.milvus.rows import Allowed, numbers
from mundap.index.near import Halves
from mundap.index.segment import Deriving
from mundap.index.table import Table, ranks
from mundap.protocols import Mask, Rows, Scores
from mundap.types import Hit, Passage

_LOCK_SECONDS = 600.0  # that one waits for another process of this machine to write the same graph


class GraphBeside:
    """The graph in the folder `root`, which `recipe` and `files` decide; `source` are the passages that it is of."""

    def __init__(self, root: Path, recipe: Recipe, files: GraphFiles, source: Source) -> None:
        self.root = root
        self._recipe = replace(recipe, encoder="")
        self._files = files
        self._source = source

    def follow(self, indexed: Sequence[str], anew: bool = False, compact: bool = False) -> None:
        """Have it be of the passages as they are now; changes since the states `indexed`, which others ask for, stay known.

        Raises StaleIndex for a damaged one, WorkspaceBusy, and as the reading of keywords and relations does.
        """
        deriving = Deriving(_no_tokens, _no_vectors, "", self._files)
        source = _Followed(self._source, indexed)
        self.root.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.root / "lock", timeout=_LOCK_SECONDS):
                generations.build(self.root, source, self._recipe, deriving, anew=anew, compact=compact)
        except Timeout as error:
            raise WorkspaceBusy(f"{self.root}: 다른 mundap 프로세스가 키워드 그래프를 만들고 있습니다.") from error

    def open(self, indexed: Sequence[str]) -> Generation:
        """It, of the passages as they are now. Raises as `follow`."""
        if generations.current(self.root) is not None:
            found = generations.open_generation(self.root)
            if (found.recipe, found.corpus_state) == (self._recipe, self._source.state()):
                return found
        self.follow(indexed)
        return generations.open_generation(self.root)

    def bare(self) -> Generation:
        """It, as it was made last. Raises StaleIndex if there is none."""
        return generations.open_generation(self.root)

    def damaged(self) -> list[Path]:
        """Its files that are missing or not what was written."""
        return generations.damaged_files(self.root)

    def erase(self, everything: bool) -> None:
        """Delete what is kept of it but the last; with `everything`, that too."""
        if generations.current(self.root) is None:
            return
        if everything:
            for path in (self.root / "CURRENT", *self.root.glob("*/manifest.json")):
                path.unlink(missing_ok=True)
        generations.forget_others(self.root)


class BesideLeg:
    """`leg`, over a table of its own, as a leg over `table`, whose rows are numbers as Milvus has them."""

    name = GraphLeg.name

    def __init__(self, leg: GraphLeg, table: Table) -> None:
        self._leg = leg
        self.table = table

    @cached_property
    def _numbers(self) -> Rows:
        return numbers(list(self._leg.table.ids))

    def search(self, question: str, k: int = 10, where: Collection[str] | None = None) -> list[Hit]:
        """The best `k` passages, each with the links that lead to it."""
        rows, scores = self.find(question, k, self.table.mask(where))
        return self._leg.explained(question, self.table.hits(rows, scores, {self.name: ranks(rows)}))

    def find(self, question: str, depth: int, mask: Mask | None = None) -> tuple[Rows, Scores]:
        """The best `depth` rows, in order, with their scores, all above zero."""
        allowed, alive = Allowed.of(mask), self._leg.table.alive
        if allowed is not None:
            held = allowed.holds(self._numbers)
            alive = held if alive is None else held & alive
        rows, scores = self._leg.find(question, depth, alive)
        return self._numbers[rows], scores

    def score(self, question: str, rows: Rows) -> Scores:
        """The exact score of each of these rows; 0 for what the graph does not know yet."""
        own = self._leg.table.ids.rows(self.table.ids.at(rows))
        return np.where(own >= 0, self._leg.score(question, np.maximum(own, 0)), np.float32(0))


@dataclass(frozen=True)
class _Followed:
    """The passages of `source`, whose changes since the states `indexed` are asked for by others, too."""

    source: Source
    indexed: Sequence[str]

    def state(self) -> str:
        return self.source.state()

    def mark(self) -> str:
        return self.source.mark()

    def changed(self, since: str) -> list[str] | None:
        return self.source.changed(since)

    def forget_changes(self, states: Sequence[str]) -> None:
        self.source.forget_changes([*states, *self.indexed])

    def ids(self) -> list[str]:
        return self.source.ids()

    def present(self, ids: Sequence[str]) -> dict[str, str]:
        return self.source.present(ids)

    def families(self, ids: Sequence[str] | None = None) -> Iterator[list[Passage]]:
        return self.source.families(ids)


def _no_tokens(texts: list[str]) -> list[list[str]]:
    return [[] for _ in texts]


def _no_vectors(texts: list[str]) -> Halves:
    return np.zeros((len(texts), 0), np.float16)
