"""Adapters, rerankers and readers are trained over every kind of encoder, put to use, and answer."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
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


@pytest.fixture(scope="module", params=list(KINDS.values()), ids=list(KINDS))
def corpus(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The sample corpus, indexed with an encoder of one kind."""
    root = tmp_path_factory.mktemp("kinds")
    place: Place = request.param
    with ExitStack() as stack:
        encoder = place(root, stack)
        shutil.copytree(SAMPLE, root / "ws")
        (root / "ws" / "mundap.toml").write_text(f'[index]\nencoder = "{encoder}"\n', "utf-8")
        bot = Mundap.open(root / "ws")
        bot.ingest()
        bot.index()
        yield root / "ws"


@pytest.mark.parametrize("what", ["adapter", "reranker", "reader"])
def test_it_is_trained_promoted_and_used(corpus: Path, tmp_path: Path, what: str) -> None:
    root = tmp_path / "ws"
    shutil.copytree(corpus, root)
    report: dict[str, Any] = json.loads(ran("train", what, "--out", "하나", "--json", workspace=root))
    assert Path(report["folder"]).is_dir()
    ran("promote", "하나", "--force", workspace=root)
    if what == "adapter":
        ran("index", workspace=root)
    bot = Mundap.open(root)
    assert bot.search("면세 한도는 얼마인가요?")
    assert bot.ask("면세 한도는 얼마인가요?").text
