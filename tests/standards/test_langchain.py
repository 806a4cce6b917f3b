"""LangChain's own tests of retrievers and embeddings, on ours. `make standards` installs them apart, for they bring plugins of pytest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import mundap as md

pytest.importorskip("langchain_tests", reason="make standards installs and runs LangChain's own tests")

from langchain_tests.integration_tests import EmbeddingsIntegrationTests, RetrieversIntegrationTests
from langchain_tests.unit_tests import EmbeddingsUnitTests

from mundap.integrations.langchain import MundapEmbeddings, MundapRetriever

ROWS = "\n".join(f"{n}번 창구는 몇 시에 여나요?,{n}번 창구는 {n}시에 엽니다." for n in range(1, 8))


class TestRetriever(RetrieversIntegrationTests):
    """A workspace of seven questions."""

    @pytest.fixture(autouse=True)
    def workspace(self, tmp_path: Path) -> None:
        (tmp_path / "mundap.toml").write_text('[index]\nencoder = "hashed"\n', "utf-8")
        (tmp_path / "docs").mkdir()
        (tmp_path / "docs" / "창구.csv").write_text(f"질문,답변\n{ROWS}\n", "utf-8")
        self.bot = md.Mundap.open(tmp_path)
        self.bot.ingest()
        self.bot.index()

    @property
    def retriever_constructor(self) -> type[MundapRetriever]:
        return MundapRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"bot": self.bot}

    @property
    def retriever_query_example(self) -> str:
        return "3번 창구는 언제 여나요?"


class TestEmbeddings(EmbeddingsIntegrationTests):
    """The hashed encoder."""

    @property
    def embeddings_class(self) -> type[MundapEmbeddings]:
        return MundapEmbeddings

    @property
    def embedding_model_params(self) -> dict[str, Any]:
        return {"encoder": "hashed"}


class TestEmbeddingsAlone(EmbeddingsUnitTests):
    """How it is made."""

    @property
    def embeddings_class(self) -> type[MundapEmbeddings]:
        return MundapEmbeddings

    @property
    def embedding_model_params(self) -> dict[str, Any]:
        return {"encoder": "hashed"}
