"""Search systems to compare: peers put together as their users do, and ours through its public pipeline.

Each builder takes the same sheet, the same encoder and, where its interface lets it, the same morphemes, and
returns a search: a question in, the texts of the best ten passages out.
"""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from mundap.encode.e5 import E5Small
from mundap.files import digest
from mundap.korean.tokens import content
from mundap.protocols import Encoder, Vectors
from mundap.workspace import Mundap

os.environ.setdefault("OMP_NUM_THREADS", "1")  # one core for every system
os.environ.setdefault("HAYSTACK_TELEMETRY_ENABLED", "False")

K = 10
WEIGHTS = [0.3, 0.7]  # of BM25 and the encoder, as Korean users of LangChain set them
PACKAGES = ("faiss", "haystack", "langchain_classic", "langchain_community", "rank_bm25", "openpyxl")

Search = Callable[[str], list[str]]
Words = Callable[[str], list[str]]


@dataclass(frozen=True)
class Sheet:
    """Passages with their sources, and a folder that a system may write to."""

    texts: Sequence[str]
    sources: Sequence[str]
    folder: Path


def need_peers() -> None:
    """End with a sentence where the peers are not installed."""
    missing = [package for package in PACKAGES if find_spec(package) is None]
    if missing:
        sys.exit(f"{', '.join(missing)}: not installed; install what benchmarks/requirements-peers.txt lists")


def kiwi_words(text: str) -> list[str]:
    """Content morphemes, as users of rank_bm25 take them from Kiwi."""
    return content([text])[0]


class Remembered:
    """The default encoder with its vectors kept in a file, so that each text is encoded once for all systems."""

    _EVERY = 256  # texts between two writes of the file

    def __init__(self, folder: Path) -> None:
        self.encoder = E5Small()
        self.name, self.dim = self.encoder.name, self.encoder.dim
        self.live = False  # True: a question is encoded when it is asked
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{self.name}.npz"
        self._rows: dict[str, Vectors] = {}
        if self._path.exists():
            with np.load(self._path) as kept:
                self._rows = dict(zip(kept["keys"].tolist(), kept["vectors"], strict=True))

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dim), unit rows."""
        if self.live:
            return self.encoder.encode_queries(texts)
        return self._recall("query", texts, self.encoder.encode_queries)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dim), unit rows."""
        return self._recall("passage", texts, self.encoder.encode_passages)

    def _recall(self, kind: str, texts: Sequence[str], encode: Callable[[Sequence[str]], Vectors]) -> Vectors:
        keys = [digest(kind, text, size=16) for text in texts]
        missing = list({key: text for key, text in zip(keys, texts, strict=True) if key not in self._rows}.items())
        for first in range(0, len(missing), self._EVERY):
            some = missing[first : first + self._EVERY]
            self._rows |= zip([key for key, _ in some], encode([text for _, text in some]), strict=True)
            np.savez(self._path, keys=np.asarray(list(self._rows)), vectors=np.stack(list(self._rows.values())))
            if len(missing) > self._EVERY:
                print(f"encoded {first + len(some)} of {len(missing)}", file=sys.stderr, flush=True)
        return np.stack([self._rows[key] for key in keys])


def langchain_bm25(texts: Sequence[str], words: Words) -> Search:
    """BM25Retriever, which is rank_bm25."""
    from langchain_community.retrievers import BM25Retriever

    retriever = BM25Retriever.from_texts(texts, preprocess_func=words, k=K)
    return lambda question: [document.page_content for document in retriever.invoke(question)]


def langchain_dense(texts: Sequence[str], encoder: Encoder) -> Search:
    """FAISS as LangChain makes it: a flat index of Euclidean distance."""
    retriever = _faiss(texts, encoder, K)
    return lambda question: [document.page_content for document in retriever.invoke(question)]


def langchain_ensemble(texts: Sequence[str], encoder: Encoder, words: Words, depth: int = K) -> Search:
    """EnsembleRetriever: weighted reciprocal ranks of BM25 and FAISS, `depth` passages from each."""
    from langchain_classic.retrievers import EnsembleRetriever
    from langchain_community.retrievers import BM25Retriever

    lexical = BM25Retriever.from_texts(texts, preprocess_func=words, k=depth)
    both = EnsembleRetriever(retrievers=[lexical, _faiss(texts, encoder, depth)], weights=WEIGHTS)
    return lambda question: [document.page_content for document in both.invoke(question)][:K]


def _faiss(texts: Sequence[str], encoder: Encoder, depth: int) -> Any:
    from langchain_community.vectorstores import FAISS
    from langchain_core.embeddings import Embeddings

    class Embedded(Embeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            made: list[list[float]] = encoder.encode_passages(texts).tolist()
            return made

        def embed_query(self, text: str) -> list[float]:
            made: list[float] = encoder.encode_queries([text])[0].tolist()
            return made

    return FAISS.from_texts(texts, Embedded()).as_retriever(search_kwargs={"k": depth})


def haystack_hybrid(
    texts: Sequence[str],
    encoder: Encoder,
    words: Words | None = None,
    depth: int = K,
    weights: list[float] | None = None,
) -> Search:
    """Haystack's in-memory store: BM25 and vectors joined by reciprocal ranks, `depth` passages from each.

    Its own words split Korean into syllables. It takes no function for words, only a pattern: `words` are
    therefore written into the content, and the text into the metadata.
    """
    from haystack import Document, Pipeline, component
    from haystack.components.joiners import DocumentJoiner
    from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
    from haystack.document_stores.in_memory import InMemoryDocumentStore

    @component
    class Embedder:
        @component.output_types(embedding=list[float])
        def run(self, text: str) -> dict[str, list[float]]:
            return {"embedding": encoder.encode_queries([text])[0].tolist()}

    def worded(text: str) -> str:
        return " ".join(words(text)) if words else text

    store = InMemoryDocumentStore(bm25_tokenization_regex=r"\S+") if words else InMemoryDocumentStore()
    vectors = encoder.encode_passages(texts)
    store.write_documents(
        [
            Document(content=worded(text), meta={"text": text}, embedding=vector.tolist())
            for text, vector in zip(texts, vectors, strict=True)
        ]
    )
    pipeline = Pipeline()
    pipeline.add_component("embedder", Embedder())
    pipeline.add_component("bm25", InMemoryBM25Retriever(store, top_k=depth))
    pipeline.add_component("dense", InMemoryEmbeddingRetriever(store, top_k=depth))
    pipeline.add_component("joiner", DocumentJoiner("reciprocal_rank_fusion", weights=weights, top_k=K))
    pipeline.connect("embedder.embedding", "dense.query_embedding")
    pipeline.connect("bm25", "joiner")
    pipeline.connect("dense", "joiner")

    def search(question: str) -> list[str]:
        asked = worded(question)
        if not asked:  # nothing that BM25 would take
            asked = question
        found = pipeline.run({"embedder": {"text": question}, "bm25": {"query": asked}})
        return [document.meta["text"] for document in found["joiner"]["documents"]]

    return search


def mundap_hybrid(sheet: Sheet, encoder: Encoder, sources: bool = True, fast: bool = False) -> Search:
    """A workspace with default settings over the sheet, made where it is not there yet.

    Without `sources` the 출처 column is left out. `fast` is the extra of that name.
    """
    if not fast:
        sys.modules["numba"] = None  # type: ignore[assignment]  # as in the base install
    if (sheet.folder / "mundap.toml").exists():
        bot = open_workspace(sheet.folder, encoder)
    else:
        bot = fill_workspace(sheet, encoder, sources)
        bot.index()
    return lambda question: [hit.passage.text for hit in bot.search(question, k=K)]


def fill_workspace(sheet: Sheet, encoder: Encoder, sources: bool = True) -> Mundap:
    """A workspace with default settings that has read the sheet and is not indexed yet."""
    (sheet.folder / "docs").mkdir(parents=True)
    (sheet.folder / "mundap.toml").write_text("", "utf-8")
    with (sheet.folder / "docs" / "passages.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["출처", "제시문"] if sources else ["제시문"])
        rows.writerows(zip(sheet.sources, sheet.texts, strict=True) if sources else ([text] for text in sheet.texts))
    bot = open_workspace(sheet.folder, encoder)
    bot.ingest()
    return bot


def open_workspace(folder: Path, encoder: Encoder) -> Mundap:
    """The workspace with the encoder of its settings replaced by one of the same name whose vectors are known."""
    bot = Mundap.open(folder)
    bot.components.encoder = encoder
    return bot
