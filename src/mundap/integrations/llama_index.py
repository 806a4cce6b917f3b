"""For LlamaIndex (extra `llama-index`): a retriever over a workspace, an encoder as embedding, and a reader of files.

from mundap.integrations.llama_index import MundapRetriever
RetrieverQueryEngine(MundapRetriever(md.Mundap.open("mybot")))
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from mundap.encode import make_encoder
from mundap.extras import need
from mundap.integrations.passages import fields_of, fields_of_hit, passages_in
from mundap.protocols import Encoder
from mundap.workspace import Mundap

need("llama_index.core", extra="llama-index")
from llama_index.core.base.base_retriever import BaseRetriever  # noqa: E402
from llama_index.core.base.embeddings.base import BaseEmbedding  # noqa: E402
from llama_index.core.bridge.pydantic import PrivateAttr  # noqa: E402
from llama_index.core.readers.base import BaseReader  # noqa: E402
from llama_index.core.schema import Document, NodeWithScore, QueryBundle, TextNode  # noqa: E402


class MundapRetriever(BaseRetriever):
    """The best `k` passages of a workspace by `leg`, of those that meet `where` ({"source": ["관세청"]})."""

    def __init__(
        self, bot: Mundap, k: int = 5, leg: str = "hybrid", where: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        super().__init__()
        self.bot, self.k, self.leg, self.where = bot, k, leg, where

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        self.bot.refresh()
        hits = self.bot.search(query_bundle.query_str, self.k, self.leg, self.where)
        return [
            NodeWithScore(
                node=TextNode(id_=hit.passage.id, text=hit.passage.text, metadata=dict(fields_of_hit(hit))),
                score=hit.score,
            )
            for hit in hits
        ]


class MundapEmbedding(BaseEmbedding):
    """An encoder as embedding: one of mundap's by its name in mundap.toml, or one at hand."""

    _encoder: Encoder = PrivateAttr()

    def __init__(self, encoder: Encoder | str = "e5-small") -> None:
        made = make_encoder(encoder) if isinstance(encoder, str) else encoder
        super().__init__(model_name=made.name)
        self._encoder = made

    def _get_query_embedding(self, query: str) -> list[float]:
        row: list[float] = self._encoder.encode_queries([query])[0].tolist()
        return row

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        rows: list[list[float]] = self._encoder.encode_passages(texts).tolist()
        return rows


class MundapReader(BaseReader):
    """The passages of a file, also as `file_extractor` of SimpleDirectoryReader: `{".hwp": MundapReader()}`."""

    def load_data(self, file: str | Path, extra_info: Mapping[str, str] | None = None) -> list[Document]:
        """A Document for each parent passage, with its source, heading and page."""
        return [
            Document(id_=one.id, text=one.text, metadata=fields_of(one) | dict(extra_info or {}))
            for one in passages_in(file)
        ]
