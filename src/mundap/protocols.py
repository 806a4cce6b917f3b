"""The plugs: small protocols, each with one contract suite in tests/contracts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from mundap.types import Answer, Hit, Passage, Turn

if TYPE_CHECKING:
    from mundap.generate.persona import Persona
    from mundap.index.table import Table

Vectors = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float32]
Rows = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]
Tokenize = Callable[[Sequence[str]], list[list[str]]]
Span = tuple[int, int]
Progress = Callable[[int, int], None]


def quiet(done: int, total: int) -> None:
    """Progress that nobody watches."""


class Encoder(Protocol):
    """Turns text into unit vectors. `name` changes whenever the vectors would."""

    @property
    def name(self) -> str: ...

    @property
    def dim(self) -> int: ...

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dim), unit rows; the same text gives the same row."""
        ...

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dim), unit rows; the same text gives the same row."""
        ...


class Chunker(Protocol):
    """Cuts whole passages into the pieces that each get a vector of their own."""

    def cut(self, text: str) -> list[Span]:
        """(start, end) of each piece of running text, in order; together they hold every non-blank character."""
        ...

    def group(self, text: str, rows: Sequence[Span]) -> list[Span]:
        """(first, after) of each group of neighbouring rows of a table, whose places in `text` are given; no row is
        in two groups, and none is missing."""
        ...


class Searcher(Protocol):
    """Finds passages. Hits are best first with ranks from 1; ties go by passage id."""

    def search(self, question: str, k: int = 10, where: Collection[str] | None = None) -> list[Hit]:
        """At most `k` hits. `where` holds the ids of the allowed passages: None allows all, an empty one none."""
        ...


class Leg(Searcher, Protocol):
    """A searcher that a hybrid can ask for candidates and for the scores of other legs' candidates.

    Rows number the passages of `table`, which all legs of a hybrid share.
    """

    @property
    def name(self) -> str: ...

    @property
    def table(self) -> Table: ...

    def find(self, question: str, depth: int, mask: Mask | None = None) -> tuple[Rows, Scores]:
        """The best `depth` rows, in order, with their scores; only rows where `mask` is True."""
        ...

    def score(self, question: str, rows: Rows) -> Scores:
        """The exact score of each of these rows."""
        ...


class Reranker(Protocol):
    """Looks again, and more closely, at hits that a searcher found."""

    @property
    def name(self) -> str: ...

    def rerank(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
        """The same passages with new scores and ranks, best first; ties go by passage id. `origins` are kept."""
        ...


class Generator(Protocol):
    """Writes an answer from hits."""

    @property
    def name(self) -> str: ...

    def stream(
        self, question: str, hits: Sequence[Hit], history: Sequence[Turn] = (), persona: Persona | None = None
    ) -> Iterator[str | Answer]:
        """Yields pieces of text, then exactly one Answer, last; in the words of `persona` as far as it can.

        The closing phrase is the caller's to see to (generate.persona.closed).
        """
        ...

    def answer(
        self, question: str, hits: Sequence[Hit], history: Sequence[Turn] = (), persona: Persona | None = None
    ) -> Answer:
        """The Answer that `stream` ends with."""
        ...


@runtime_checkable
class Loads(Protocol):
    """A part that loads something large before its first use."""

    def load(self) -> None:
        """Load it now, if it is not there yet. Raises as the first use would."""
        ...


class Store(Protocol):
    """Passages by id; the texts behind an index."""

    def passages(self, ids: Sequence[str]) -> dict[str, Passage]:
        """Those of `ids` that exist. A removed passage is simply absent."""
        ...
