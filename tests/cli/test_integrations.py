"""The classes for other frameworks, used as their users do: in a chain, a query engine, a pipeline, a directory reader."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mundap.encode.hashed import HashedEncoder
from mundap.errors import MissingExtra
from mundap.workspace import Mundap

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")

QUESTION = "연차는 언제 소멸되나요?"
TEXTS = ["연차는 2년이 지나면 소멸합니다.", "병가는 60일입니다."]
LEAVE = "# 휴가 규정\n\n## 연차\n\n연차는 발생한 날부터 1년 안에 쓰지 않으면 소멸합니다.\n\n## 병가\n\n병가는 해마다 60일까지입니다.\n"


def folder_of(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "휴가.md").write_text(LEAVE, "utf-8")
    (tmp_path / "docs" / "사진.bin").write_bytes(b"\0\1")
    return tmp_path / "docs"


def test_langchain_retrieves_in_a_chain(indexed: Callable[..., Mundap]) -> None:
    pytest.importorskip("langchain_core", reason="needs the extra langchain")
    from langchain_core.runnables import RunnableLambda

    from mundap.integrations.langchain import MundapRetriever

    bot = indexed()
    retriever = MundapRetriever(bot=bot, k=2)

    def ids(found: list[Any]) -> list[str]:
        return [one.id for one in found]

    chain: Any = retriever | RunnableLambda(ids)
    hits = bot.search(QUESTION, k=2)
    assert chain.invoke(QUESTION) == [hit.passage.id for hit in hits]
    assert len(retriever.invoke(QUESTION, k=1)) == 1
    [first, _] = retriever.invoke(QUESTION)
    assert first.page_content == hits[0].passage.text
    assert (first.metadata["source"], first.metadata["rank"]) == (hits[0].source, 1)
    elsewhere = MundapRetriever(bot=bot, where={"source": [hits[0].source]}).invoke(QUESTION)
    assert {one.metadata["source"] for one in elsewhere} == {hits[0].source}


def test_langchain_embeds_and_loads(tmp_path: Path) -> None:
    pytest.importorskip("langchain_core", reason="needs the extra langchain")
    from langchain_core.vectorstores import InMemoryVectorStore

    from mundap.integrations.langchain import MundapEmbeddings, MundapLoader

    encoder = HashedEncoder(64)
    embeddings = MundapEmbeddings(encoder)
    np.testing.assert_allclose(embeddings.embed_documents(TEXTS), encoder.encode_passages(TEXTS), rtol=1e-6)
    np.testing.assert_allclose(embeddings.embed_query(QUESTION), encoder.encode_queries([QUESTION])[0], rtol=1e-6)
    assert MundapEmbeddings("hashed").embed_query(QUESTION)
    loaded = MundapLoader(folder_of(tmp_path)).load()
    assert any(one.page_content.startswith("연차는 발생한") and "연차" in one.metadata["heading"] for one in loaded)
    store = InMemoryVectorStore(embeddings)
    store.add_documents(loaded)
    assert "연차" in store.similarity_search("연차는 발생한 날부터 1년 안에 소멸합니다.", k=1)[0].page_content


def test_llama_index_retrieves_embeds_and_reads(indexed: Callable[..., Mundap], tmp_path: Path) -> None:
    pytest.importorskip("llama_index.core", reason="needs the extra llama-index")
    from llama_index.core import SimpleDirectoryReader, VectorStoreIndex

    from mundap.integrations.llama_index import MundapEmbedding, MundapReader, MundapRetriever

    bot = indexed()
    found = MundapRetriever(bot, k=2).retrieve(QUESTION)
    hits = bot.search(QUESTION, k=2)
    assert [one.node.node_id for one in found] == [hit.passage.id for hit in hits]
    assert [one.score for one in found] == pytest.approx([hit.score for hit in hits])
    assert found[0].node.metadata["source"] == hits[0].source
    read = SimpleDirectoryReader(
        str(folder_of(tmp_path)), required_exts=[".md"], file_extractor={".md": MundapReader()}
    ).load_data()
    assert any(one.text.startswith("병가는 해마다") and "병가" in one.metadata["heading"] for one in read)
    index = VectorStoreIndex.from_documents(read, embed_model=MundapEmbedding(HashedEncoder(64)))
    assert (
        "연차" in index.as_retriever(similarity_top_k=1).retrieve("연차는 발생한 날부터 1년 안에 소멸합니다.")[0].text
    )


def test_haystack_runs_a_saved_pipeline(indexed: Callable[..., Mundap], tmp_path: Path) -> None:
    pytest.importorskip("haystack", reason="needs the extra haystack")
    from haystack import Pipeline
    from haystack.components.builders import PromptBuilder

    from mundap.integrations.haystack import MundapConverter, MundapRetriever

    bot = indexed()
    pipeline = Pipeline()
    pipeline.add_component("retriever", MundapRetriever(str(bot.root), top_k=2))
    prompt = "{% for one in documents %}[{{ one.meta.source }}] {{ one.content }}\n{% endfor %}"
    pipeline.add_component("prompt", PromptBuilder(prompt, required_variables=["documents"]))
    pipeline.connect("retriever.documents", "prompt.documents")
    loaded = Pipeline.loads(pipeline.dumps(), allowed_modules=["mundap.integrations.haystack"])
    hits = bot.search(QUESTION, k=2)
    done = loaded.run({"retriever": {"query": QUESTION}})
    assert done["prompt"]["prompt"].strip() == "\n".join(f"[{hit.source}] {hit.passage.text}" for hit in hits)
    converted = MundapConverter().run(sources=[str(folder_of(tmp_path))])["documents"]
    assert any(str(one.content).startswith("연차는 발생한") and "연차" in one.meta["heading"] for one in converted)


def test_without_the_framework_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "mundap.integrations.langchain", raising=False)
    monkeypatch.setitem(sys.modules, "langchain_core", None)  # as if it were not installed
    with pytest.raises(MissingExtra, match=r"mundap\[langchain\]"):
        importlib.import_module("mundap.integrations.langchain")
