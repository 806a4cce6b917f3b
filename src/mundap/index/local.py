"""Segments on this machine as an engine."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mundap.index import generation as generations
from mundap.index.bm25 import LexicalLeg
from mundap.index.dense import DenseLeg
from mundap.index.generation import Generation, Recipe, Source
from mundap.index.segment import Deriving
from mundap.index.table import Table
from mundap.index.widen import Widening
from mundap.korean.everyday import FindEveryday
from mundap.protocols import Encoder, Store, Tokenize


@dataclass(frozen=True)
class LocalIndex:
    """An open generation."""

    generation: Generation

    @property
    def name(self) -> str:
        """Another one after every build."""
        return self.generation.name

    @property
    def recipe(self) -> Recipe:
        """What decided it, besides its passages."""
        return self.generation.recipe

    @property
    def corpus_state(self) -> str:
        """The state of the passages when it was built."""
        return self.generation.corpus_state

    def table(self, store: Store, source: Source, complete: bool) -> Table:
        """Its rows, without those that went since. Raises StaleIndex if, with `complete`, passages are not indexed yet."""
        return Table(self.generation.ids, store, generations.alive(self.generation, source, complete))

    def restrict(self, table: Table, source: Source) -> None:
        """From now on, find no row that went since."""
        table.restrict(generations.alive(self.generation, source))

    def lacks(self, source: Source) -> bool:
        """Whether passages are not indexed yet."""
        return generations.lacks(self.generation, source)

    def lexical(self, table: Table, tokenize: Tokenize, everyday: FindEveryday | None) -> LexicalLeg:
        """The leg of words."""
        postings = self.generation.postings
        return LexicalLeg(postings, table, tokenize, Widening(postings, tokenize, everyday) if everyday else None)

    def dense(self, table: Table, encoder: Encoder) -> DenseLeg:
        """The leg of vectors."""
        return DenseLeg(self.generation.vectors, table, encoder)


class LocalEngine:
    """Generations of segments in the folder `root`."""

    keeps_vectors = True

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def shown(self) -> str:
        """The folder."""
        return str(self.root)

    @property
    def current(self) -> str | None:
        """The name of the generation that readers open, or None if nothing was indexed yet."""
        return generations.current(self.root)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the generations that are there, oldest first."""
        return generations.generations(self.root)

    def build(
        self, source: Source, recipe: Recipe, deriving: Deriving, *, anew: bool, compact: bool, merging: bool
    ) -> str:
        """Index the passages of `source`, promote that, and return its name; see `generation.build`."""
        return generations.build(self.root, source, recipe, deriving, anew=anew, compact=compact, merging=merging)

    def held(self, check: Callable[[], None]) -> LocalEngine:
        """Itself: no other machine has these files."""
        return self

    def open(self) -> LocalIndex:
        """The current one. Raises StaleIndex if there is none, or none that this version reads."""
        return LocalIndex(generations.open_generation(self.root))

    def damaged(self) -> list[Path]:
        """Its files that are missing or not what was written."""
        return generations.damaged_files(self.root)

    def erase(self, everything: bool = False) -> None:
        """Delete the generations before the current one; with `everything`, that too."""
        if self.current is None:
            return
        if everything:
            shutil.rmtree(self.root)
        else:
            generations.forget_others(self.root)
