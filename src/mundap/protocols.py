"""The interfaces of exchangeable parts: small protocols, each with one contract suite in tests/contracts.

A workspace puts a question in normal form (korean.normalize) once, where it comes in, and hands it on as such.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

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
    """Progress callback that does nothing."""


class Encoder(Protocol):
    """Turns text into unit vectors. `name` changes whenever the vectors change."""

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


@runtime_checkable
class BatchEncoder(Protocol):
    """An encoder that has batches of passages encoded elsewhere, several at once."""

    def encode_batches(self, batches: Sequence[Sequence[str]]) -> Iterator[tuple[int, npt.NDArray[np.float16]]]:
        """(number of a batch, its (len(batch), dim) vectors in half precision), each batch once, as they come."""
        ...


class TokenWeights(NamedTuple):
    """What the tokens of a text weigh: each id once, ascending, with a weight above zero."""

    ids: npt.NDArray[np.int32]
    weights: npt.NDArray[np.float32]


@runtime_checkable
class SparseEncoder(Protocol):
    """An encoder that weighs the tokens of a text too, such as bge-m3: texts are alike by the sum of the products of the
    weights of the tokens that they share."""

    @property
    def name(self) -> str: ...

    def sparse_queries(self, texts: Sequence[str]) -> list[TokenWeights]:
        """The weights of each text; the same text gives the same weights."""
        ...

    def sparse_passages(self, texts: Sequence[str]) -> list[TokenWeights]:
        """The weights of each text; the same text gives the same weights."""
        ...


class Chunker(Protocol):
    """Splits parent passages into chunks, each of which gets its own vector."""

    def cut(self, text: str) -> list[Span]:
        """(start, end) of each chunk of running text, in order; together they cover every non-blank character."""
        ...

    def group(self, text: str, rows: Sequence[Span]) -> list[Span]:
        """(first, after) of each group of adjacent table rows, whose spans in `text` are given; every row is
        in exactly one group."""
        ...


class Searcher(Protocol):
    """Finds passages. Hits are ordered best first, with ranks from 1; ties are broken by passage id."""

    def search(self, question: str, k: int = 10, where: Collection[str] | None = None) -> list[Hit]:
        """At most `k` hits. `where` contains the ids of the allowed passages: None allows all, an empty collection none."""
        ...


class Leg(Searcher, Protocol):
    """A searcher that a hybrid can ask for candidates, and for scores of other legs' candidates.

    Rows number the passages of `table`, which all legs of a hybrid share.
    """

    @property
    def name(self) -> str: ...

    @property
    def table(self) -> Table: ...

    def find(self, question: str, depth: int, mask: Mask | None = None) -> tuple[Rows, Scores]:
        """The best `depth` rows, in order, with their exact scores; only rows where `mask` is True."""
        ...

    def score(self, question: str, rows: Rows) -> Scores:
        """The exact score of each of these rows."""
        ...


class Reranker(Protocol):
    """Rescores the hits of a searcher with a more precise model."""

    @property
    def name(self) -> str: ...

    def rerank(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
        """The same passages with new scores and ranks, best first; ties are broken by passage id. `origins` are kept."""
        ...


class Generator(Protocol):
    """Writes an answer from hits."""

    @property
    def name(self) -> str: ...

    def stream(
        self, question: str, hits: Sequence[Hit], history: Sequence[Turn] = (), persona: Persona | None = None
    ) -> Iterator[str | Answer]:
        """Yields pieces of text, and finally exactly one Answer, following `persona` as far as possible.

        The caller adds the closing phrase (generate.persona.closed).
        """
        ...

    def answer(
        self, question: str, hits: Sequence[Hit], history: Sequence[Turn] = (), persona: Persona | None = None
    ) -> Answer:
        """The final Answer of `stream`."""
        ...


@runtime_checkable
class Loads(Protocol):
    """A component that loads large data before its first use."""

    def load(self) -> None:
        """Load it now if not loaded yet. Raises as the first use would."""
        ...


class Store(Protocol):
    """Passages by id; the texts behind an index."""

    def passages(self, ids: Sequence[str]) -> dict[str, Passage]:
        """The passages of `ids` that exist. Removed passages are absent."""
        ...
