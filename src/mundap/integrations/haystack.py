"""For Haystack (extra `haystack`): a retriever over a workspace and a converter of files, as components of a pipeline.

from mundap.integrations.haystack import MundapRetriever
pipeline.add_component("retriever", MundapRetriever("mybot"))
"""

from __future__ import annotations

from pathlib import Path

from mundap.extras import Untyped, need
from mundap.integrations.passages import fields_of, fields_of_hit, passages_in
from mundap.workspace import Mundap

need("haystack", extra="haystack")
from haystack import Document, component, default_from_dict, default_to_dict  # noqa: E402


@component
class MundapRetriever:
    """The best `top_k` passages of the workspace at `path` by `leg`, of those that meet `filters` ({"source": ["관세청"]})."""

    def __init__(
        self, path: str, top_k: int = 5, leg: str = "hybrid", filters: dict[str, list[str]] | None = None
    ) -> None:
        self.path, self.top_k, self.leg, self.filters = path, top_k, leg, filters
        self._bot: Mundap | None = None

    def warm_up(self) -> None:
        """Open the workspace; the first question does so otherwise."""
        self._bot = self._bot or Mundap.open(self.path)

    @component.output_types(documents=list[Document])
    def run(
        self, query: str, top_k: int | None = None, filters: dict[str, list[str]] | None = None
    ) -> dict[str, list[Document]]:
        """What is given here is for this question alone."""
        self.warm_up()
        assert self._bot is not None
        self._bot.refresh()
        hits = self._bot.search(query, top_k or self.top_k, self.leg, filters or self.filters)
        return {
            "documents": [
                Document(id=hit.passage.id, content=hit.passage.text, meta=dict(fields_of_hit(hit)), score=hit.score)
                for hit in hits
            ]
        }

    def to_dict(self) -> dict[str, Untyped]:
        """As pipelines are saved."""
        made: dict[str, Untyped] = default_to_dict(
            self, path=self.path, top_k=self.top_k, leg=self.leg, filters=self.filters
        )
        return made

    @classmethod
    def from_dict(cls, data: dict[str, Untyped]) -> MundapRetriever:
        """As pipelines are loaded."""
        made: MundapRetriever = default_from_dict(cls, data)
        return made


@component
class MundapConverter:
    """Files into Documents, one for each parent passage, with its source, heading and page."""

    @component.output_types(documents=list[Document])
    def run(self, sources: list[str | Path]) -> dict[str, list[Document]]:
        """What cannot be read is logged and skipped."""
        return {
            "documents": [
                Document(id=one.id, content=one.text, meta=dict(fields_of(one)))
                for source in sources
                for one in passages_in(source)
            ]
        }
