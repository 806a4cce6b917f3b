"""Adapters, rerankers and readers are trained over encoders of every kind, put to use, and answer: every kind with one of them,
and at length with all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.at_length import pairs
from tests.invoked import ran
from tests.serving import running
from tests.small_models import encoders

import mundap as mundap_package
from mundap.workspace import Mundap

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # of other people's packages

SAMPLE = Path(mundap_package.__file__).parent / "examples" / "customs-mini"
Place = Callable[[Path, ExitStack], str]


def served(folder: Path, stack: ExitStack) -> str:
    return f"openai:{stack.enter_context(running(encoders.EmbeddingServer())).address}#hashed"


def exported(folder: Path) -> Path:
    folder.mkdir()
    return encoders.exported(encoders.sentence(folder))


KINDS: dict[str, Place] = {
    "e5-small": lambda folder, stack: "e5-small",
    "gguf": lambda folder, stack: f"gguf:{encoders.gguf(folder)}",
    "langchain": lambda folder, stack: "langchain:mundap.integrations.langchain:MundapEmbeddings?encoder=hashed",
    "onnx": lambda folder, stack: f"onnx:{exported(folder / 'm')}",
    "openai": served,
    "st": lambda folder, stack: f"st:{encoders.sentence(folder / 'm')}",
    "st, that weighs tokens": lambda folder, stack: f"st:{encoders.m3(folder / 'm')}",
    "static": lambda folder, stack: f"static:{encoders.model2vec(folder / 'm')}",
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Path]]:
    """Gives the sample corpus, indexed with an encoder of a kind."""
    with ExitStack() as stack:

        @cache
        def indexed(kind: str) -> Path:
            root = tmp_path_factory.mktemp("kinds")
            encoder = KINDS[kind](root, stack)
            shutil.copytree(SAMPLE, root / "ws")
            (root / "ws" / "mundap.toml").write_text(f'[index]\nencoder = "{encoder}"\n', "utf-8")
            bot = Mundap.open(root / "ws")
            bot.ingest()
            bot.index()
            return root / "ws"

        yield indexed


@pytest.mark.parametrize(("kind", "what"), pairs([*KINDS], ["adapter", "reranker", "reader"], whole=["e5-small"]))
def test_it_is_trained_promoted_and_used(corpus: Callable[[str], Path], tmp_path: Path, kind: str, what: str) -> None:
    root = tmp_path / "ws"
    shutil.copytree(corpus(kind), root)
    report: dict[str, Any] = json.loads(ran("train", what, "--out", "하나", "--json", workspace=root))
    assert Path(report["folder"]).is_dir()
    ran("promote", "하나", "--force", workspace=root)
    if what == "adapter":
        ran("index", workspace=root)
    bot = Mundap.open(root)
    assert bot.search("면세 한도는 얼마인가요?")
    assert bot.ask("면세 한도는 얼마인가요?").text
