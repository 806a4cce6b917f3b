"""Trained models on disk: whole or not there, whatever goes wrong."""

import json
import os
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mundap.errors import MundapError
from mundap.training.common import registry
from mundap.training.common.registry import Card, free_name, plain_name, register

CARD = Card(
    kind="reranker",
    created="2026-11-21 09:00:00 UTC",
    command="mundap train reranker --out 관세",
    data={"file": "corpus", "digest": "00"},
    corpus_digest="00",
    settings={"language": "ko"},
    recipe={"k1": 0.9},
    versions={"mundap": "0"},
    config={"features": "scores"},
    model={"features": ["dense"], "weights": {"dense": 1.0}},
    metrics={"questions": 60},
    recommended=True,
)
KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from tests.unit.test_registry import CARD
from mundap.training.common.registry import register

def write(folder):
    (folder / "model.json").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)

register(Path(sys.argv[1]), "관세", CARD, write)
"""


def writing(text: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        assert not list(folder.iterdir())
        (folder / "model.json").write_text(text, "utf-8")
        (folder / "안").mkdir()
        (folder / "안" / "tokens").write_text(text, "utf-8")

    return write


def contents(models: Path) -> dict[str, str]:
    """What every model says; nothing else may lie around but the lock."""
    assert not [path for path in models.iterdir() if path.name.startswith(".") and path.name != ".lock"]
    folders = [path for path in models.iterdir() if path.is_dir()]
    return {folder.name: (folder / "model.json").read_text("utf-8") for folder in folders}


def test_a_model_has_a_card(tmp_path: Path) -> None:
    folder = register(tmp_path / "models", "관세-1.0", CARD, writing("하나"))
    assert folder == tmp_path / "models" / "관세-1.0"
    card = json.loads((folder / "card.json").read_text("utf-8"))
    assert card["kind"] == "reranker"
    assert (card["features"], card["weights"]) == (["dense"], {"dense": 1.0})
    assert {"created", "command", "data", "corpus_digest", "settings", "recipe", "versions"} <= card.keys()
    assert (card["metrics"], card["recommended"]) == ({"questions": 60}, True)


@pytest.mark.parametrize("in_one_step", [True, False], ids=["exchange", "two renames"])
def test_a_new_model_replaces_the_one_of_its_name_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_one_step: bool
) -> None:
    if not in_one_step:  # as on systems that cannot exchange two folders
        monkeypatch.setattr(registry, "_exchanged", lambda one, other: False)
    for name, text in (("가", "하나"), ("나", "둘"), ("가", "셋")):
        register(tmp_path, name, CARD, writing(text))
    assert contents(tmp_path) == {"가": "셋", "나": "둘"}


def test_a_failed_training_leaves_the_model_before_it(tmp_path: Path) -> None:
    register(tmp_path, "관세", CARD, writing("하나"))

    def failing(folder: Path) -> None:
        (folder / "model.json").write_text("half")
        raise RuntimeError("disk full")

    with pytest.raises(RuntimeError, match="disk full"):
        register(tmp_path, "관세", CARD, failing)
    assert (tmp_path / "관세" / "model.json").read_text("utf-8") == "하나"
    register(tmp_path, "나", CARD, writing("둘"))
    assert contents(tmp_path) == {"관세": "하나", "나": "둘"}


def test_a_kill_before_the_promotion_leaves_the_model_before_it(tmp_path: Path) -> None:
    register(tmp_path, "관세", CARD, writing("하나"))
    root = str(Path(__file__).parents[2])
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), root], timeout=60, capture_output=True)
    assert done.returncode == -9, done.stderr.decode()
    assert (tmp_path / "관세" / "model.json").read_text("utf-8") == "하나"
    register(tmp_path, "관세", CARD, writing("둘"))
    assert contents(tmp_path) == {"관세": "둘"}


def test_a_kill_between_two_renames_is_mended_by_the_next_training(tmp_path: Path) -> None:
    register(tmp_path, "관세", CARD, writing("하나"))
    (tmp_path / "관세").rename(tmp_path / ".before-관세")
    (tmp_path / ".building-관세").mkdir()
    register(tmp_path, "나", CARD, writing("둘"))
    assert contents(tmp_path) == {"관세": "하나", "나": "둘"}


@pytest.mark.skipif(not hasattr(os, "posix_fadvise"), reason="folders change places in one step on Linux")
def test_two_folders_change_places(tmp_path: Path) -> None:
    for name in "가나":
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    if not registry._exchanged(tmp_path / "가", tmp_path / "나"):
        pytest.skip("this file system cannot exchange two folders")
    assert [path.name for path in (tmp_path / "가").iterdir()] == ["나"]
    assert not registry._exchanged(tmp_path / "가", tmp_path / "없음")


@pytest.mark.parametrize("name", ["관세-1", "v2.1_final", "A", "-", "가" * 60])
def test_plain_names_are_taken(name: str) -> None:
    assert plain_name(name) == name
    assert plain_name(unicodedata.normalize("NFD", name)) == name


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".숨김", "a/b", "../밖", "a b", "a\0", "관세!", "가" * 61, "C:\\x", "a\n"]
)
def test_other_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(MundapError, match="모델 이름"):
        register(tmp_path / "models", name, CARD, writing("하나"))
    assert not (tmp_path / "models").exists()


def test_a_model_of_another_kind_keeps_its_name(tmp_path: Path) -> None:
    register(tmp_path, "관세", CARD, writing("하나"))
    with pytest.raises(MundapError, match="reranker 모델의 이름"):
        register(tmp_path, "관세", replace(CARD, kind="support"), writing("둘"))
    assert (tmp_path / "관세" / "model.json").read_text("utf-8") == "하나"
    assert free_name(tmp_path, "관세", "reranker") == "관세"
