"""For LangChain (extra `langchain`): a retriever over a workspace, an encoder as embeddings, and a loader of documents.

from mundap.integrations.langchain import MundapRetriever
retriever = MundapRetriever(bot=md.Mundap.open("mybot"), k=5)
retriever.invoke("면세 한도는 얼마인가요?")
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mundap.encode import make_encoder
from mundap.extras import need
from mundap.integrations.passages import fields_of, fields_of_hit, passages_in
from mundap.protocols import Encoder
from mundap.workspace import Mundap

need("langchain_core", extra="langchain")
from langchain_core.callbacks import CallbackManagerForRetrieverRun  # noqa: E402
from langchain_core.document_loaders import BaseLoader  # noqa: E402
from langchain_core.documents import Document  # noqa: E402
from langchain_core.embeddings import Embeddings  # noqa: E402
from langchain_core.retrievers import BaseRetriever  # noqa: E402


class MundapRetriever(BaseRetriever):
    """The best `k` passages of a workspace by `leg`, of those that meet `where` ({"source": ["관세청"]}).

    Each has its source, heading, page, rank and score as metadata. `invoke` takes `k` for one question. Raises StaleIndex
    where documents changed and were not indexed.
    """

    bot: Mundap
    k: int = 5
    leg: str = "hybrid"
    where: dict[str, list[str]] | None = None

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, k: int | None = None
    ) -> list[Document]:
        self.bot.refresh()
        hits = self.bot.search(query, self.k if k is None else k, self.leg, self.where)
        return [Document(hit.passage.text, id=hit.passage.id, metadata=fields_of_hit(hit)) for hit in hits]


class MundapEmbeddings(Embeddings):
    """An encoder as embeddings: one of mundap's by its name in mundap.toml ("e5-small", "onnx:FOLDER"), or one at hand."""

    def __init__(self, encoder: Encoder | str = "e5-small") -> None:
        self.encoder = make_encoder(encoder) if isinstance(encoder, str) else encoder

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """A unit vector of each passage."""
        rows: list[list[float]] = self.encoder.encode_passages(texts).tolist()
        return rows

    def embed_query(self, text: str) -> list[float]:
        """The unit vector of a question."""
        row: list[float] = self.encoder.encode_queries([text])[0].tolist()
        return row


class MundapLoader(BaseLoader):
    """The passages of a file, or of all readable files below a folder: HWP, HWPX, PDF, DOCX, PPTX, XLSX, HTML and the others.

    Each has its source, heading and page as metadata. What cannot be read is logged and skipped.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = path

    def lazy_load(self) -> Iterator[Document]:
        """One passage after another."""
        for passage in passages_in(self.path):
            yield Document(passage.text, id=passage.id, metadata=fields_of(passage))
