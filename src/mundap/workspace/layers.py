"""The layers of a workspace above its corpus, each made over the one below: index, search and answers.

Reading files needs none of them, and starts in three fifths of the time without their modules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mundap.graph.synonyms import Synonym
from mundap.store.corpus import Corpus
from mundap.workspace.answering import Answering
from mundap.workspace.components import Components
from mundap.workspace.indexing import Indexing
from mundap.workspace.opening import Opening
from mundap.workspace.searching import Searching


@dataclass(frozen=True)
class Layers:
    """What builds an index, opens it, searches it, and answers from what was found."""

    indexing: Indexing
    opening: Opening
    searching: Searching
    answering: Answering

    @classmethod
    def over(cls, corpus: Corpus, parts: Components) -> Layers:
        """Those of a workspace."""
        indexing = Indexing(parts.index_folder, corpus, parts)
        return cls._above(indexing, Opening(indexing, corpus, parts), corpus, parts)

    @classmethod
    def _above(cls, indexing: Indexing, opening: Opening, corpus: Corpus, parts: Components) -> Layers:
        searching = Searching(opening, corpus, parts)
        return cls(indexing, opening, searching, Answering(searching, opening, corpus, parts))

    def seen_in(self, corpus: Corpus, parts: Components) -> Layers:
        """The same index, searched for what is in `corpus`."""
        return self._above(self.indexing, self.opening, corpus, parts)

    def with_synonyms(self, synonyms: Sequence[Synonym], corpus: Corpus, parts: Components) -> Layers:
        """The same index, searched with these synonyms."""
        return self._above(self.indexing, self.opening.with_synonyms(synonyms), corpus, parts)
