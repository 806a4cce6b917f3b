"""What keeps an index: segments on this machine, or a server that many machines share. The same is found on each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from mundap.errors import StaleIndex
from mundap.index.dense import NearestLeg
from mundap.index.generation import REPAIR, Recipe, Source
from mundap.index.segment import Deriving
from mundap.index.table import Table
from mundap.index.widen import Widening
from mundap.korean.everyday import FindEveryday
from mundap.protocols import Encoder, Leg, Store, Tokenize


class Statistics(Protocol):
    """How many rows of an index hold which tokens."""

    def holders(self, tokens: Sequence[str]) -> npt.NDArray[np.int64]:
        """How many rows hold each token."""
        ...

    def rarity(self, tokens: Sequence[str]) -> list[float]:
        """The inverse document frequency of each token; a token that no row holds is the rarest."""
        ...

    def rarities(self, tokens: Sequence[str]) -> dict[str, float]:
        """The inverse document frequency of each of these distinct tokens that some row holds."""
        ...


class Lexical(Leg, Protocol):
    """The leg of words, and what it knows of them."""

    @property
    def statistics(self) -> Statistics:
        """Of the whole index."""
        ...

    @property
    def widening(self) -> Widening | None:
        """What knows everyday words, if anything does."""
        ...

    def tokens(self, question: str) -> list[str]:
        """What is searched for: the tokens of the question, repeats kept."""
        ...


class OpenIndex(Protocol):
    """An index that can be searched, as its last build left it."""

    @property
    def name(self) -> str:
        """Another one after every build."""
        ...

    @property
    def recipe(self) -> Recipe:
        """What decided it, besides its passages."""
        ...

    @property
    def corpus_state(self) -> str:
        """The state of the passages when it was built."""
        ...

    def table(self, store: Store, source: Source, complete: bool) -> Table:
        """Its rows, without those that went since. Raises StaleIndex if, with `complete`, passages are not indexed yet."""
        ...

    def restrict(self, table: Table, source: Source) -> None:
        """From now on, find no row that went since."""
        ...

    def lacks(self, source: Source) -> bool:
        """Whether passages are not indexed yet."""
        ...

    def lexical(self, table: Table, tokenize: Tokenize, everyday: FindEveryday | None) -> Lexical:
        """The leg of words."""
        ...

    def dense(self, table: Table, encoder: Encoder) -> NearestLeg:
        """The leg of vectors."""
        ...


class Engine(Protocol):
    """Builds indexes and opens the current one."""

    @property
    def keeps_vectors(self) -> bool:
        """Whether vectors that it holds need not be kept anywhere else: they can be had again without encoding."""
        ...

    @property
    def shown(self) -> str:
        """Where it keeps them, as people may see it."""
        ...

    @property
    def current(self) -> str | None:
        """The name of the index that readers open, or None if nothing was indexed yet."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """The names of those that are there, oldest first."""
        ...

    def build(
        self, source: Source, recipe: Recipe, deriving: Deriving, *, anew: bool, compact: bool, merging: bool
    ) -> str:
        """Index the passages of `source`, have readers find that, and return its name; see `generation.build`."""
        ...

    def held(self, check: Callable[[], None]) -> Engine:
        """The same, which calls `check` before it changes what other machines share; that raises if it is another's turn."""
        ...

    def open(self) -> OpenIndex:
        """The current one. Raises StaleIndex if there is none, or none that this version reads."""
        ...

    def damaged(self) -> list[Path]:
        """Its files that are missing or not what was written."""
        ...

    def erase(self, everything: bool = False) -> None:
        """Delete what is kept of indexes before the current one; with `everything`, that too."""
        ...


def check_recipe(index: OpenIndex, recipe: Recipe) -> None:
    """Raises StaleIndex if the settings are others than those of the index."""
    for name in Recipe.__dataclass_fields__:
        was, now = getattr(index.recipe, name), getattr(recipe, name)
        if was != now:
            raise StaleIndex(f"색인을 만든 뒤 {name} 설정이 바뀌었습니다(색인: {was}, 현재: {now}). {REPAIR}")
