"""mundap train adapter, train static, and promote, on the sample corpus with the hashed encoder."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.invoked import ran, run

from mundap.encode.adapter import AdaptedEncoder
from mundap.encode.static import StaticEncoder
from mundap.errors import ConfigError, MundapError, StaleIndex
from mundap.workspace import Mundap

CONFIG = '[index]\nencoder = "hashed"\nuser_dictionary = "user_dictionary.txt"\n'


@pytest.fixture(scope="module")
def corpus(hashed_sample: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample corpus, indexed."""
    return hashed_sample(tmp_path_factory.mktemp("retriever") / "ws", CONFIG)


@pytest.fixture(scope="module")
def adapted(corpus: Path) -> dict[str, Any]:
    """What training an adapter on the known questions prints as JSON."""
    made: dict[str, Any] = json.loads(ran("train", "adapter", "--out", "관세", "--json", workspace=corpus))
    return made


def promoted(corpus: Path, root: Path, name: str) -> Mundap:
    """A copy of the corpus in which the model is used, indexed."""
    shutil.copytree(corpus, root)
    ran("promote", name, "--force", workspace=root)
    bot = Mundap.open(root)
    with pytest.raises(StaleIndex):
        bot.search("면세 한도")
    bot.index()
    return Mundap.open(root)


def check(report: dict[str, Any], folder: Path, kind: str) -> None:
    """What every trained encoder says of itself."""
    for split in ("by_passage", "by_question"):
        for leg in ("dense", "hybrid"):
            figures = report[split][leg]
            assert figures["before"].keys() == figures["after"].keys() == {"top1", "top3", "top10", "mrr@10"}
            low, high = figures["difference"]["top1"]["ci95"]
            assert low <= figures["difference"]["top1"]["mean"] <= high
    assert report["recommended"] is (report["verdict"] == "better")
    card = json.loads((folder / "card.json").read_text("utf-8"))
    assert card["kind"] == kind
    assert card["metrics"]["by_passage"] == report["by_passage"]
    assert card["data"]["file"] == "corpus"
    assert card["command"].startswith(f"mundap train {kind} --out")
    kept = json.loads((folder / "pairs.json").read_text("utf-8"))
    assert len(kept["pairs"]) == report["questions"]


def test_a_ranker_over_an_adapter_is_measured_without_what_the_adapter_knows(
    corpus: Path, adapted: dict[str, Any], tmp_path: Path
) -> None:
    root = tmp_path / "ws"
    promoted(corpus, root, "관세")
    ranker = json.loads(ran("train", "reranker", "--out", "위에", "--json", workspace=root))
    for split in ("by_passage", "by_question"):  # not of the maps in use, which know nearly every question by heart
        flattered = json.loads((Path(adapted["folder"]) / "card.json").read_text("utf-8"))["metrics"]
        after, before = flattered[split]["hybrid"]["after"]["top1"]["mean"], ranker[split]["before"]["top1"]["mean"]
        assert abs(before - after) < 0.1
    assert ranker["learned_by_encoder"] == 0
    (root / ".mundap" / "models" / "관세" / "pairs.json").unlink()
    refused = run("train", "reranker", "--out", "안됨", workspace=root)
    assert "임베딩을 다시 학습하세요" in str(refused.exception)


def test_an_adapter_is_measured_kept_and_used(corpus: Path, adapted: dict[str, Any], tmp_path: Path) -> None:
    folder = Path(adapted["folder"])
    check(adapted, folder, "adapter")
    assert adapted["use"] == "model:관세"
    assert adapted["base"] == "hashed"  # hashes of letters leave much to learn, and words beside them little
    for split in ("by_passage", "by_question"):
        assert adapted[split]["dense"]["difference"]["mrr@10"]["ci95"][0] > 0, adapted[split]["dense"]
    assert {path.name for path in folder.iterdir()} == {
        "card.json", "encoder.json", "pairs.json", "passage.npy", "question.npy"
    }  # fmt: skip
    bot = promoted(corpus, tmp_path / "ws", "관세")
    assert isinstance(bot.components.encoder, AdaptedEncoder)
    assert bot.components.sentence_encoder.name == Mundap.open(corpus).components.sentence_encoder.name
    question = "해외직구 면세 한도가 얼마인가요?"
    assert bot.ask(question).citations
    plain = Mundap.open(corpus)
    assert [h.score for h in bot.search(question, leg="dense")] != [
        h.score for h in plain.search(question, leg="dense")
    ]


def test_word_vectors_are_measured_kept_and_used(corpus: Path, tmp_path: Path) -> None:
    options = ("--dim", 64, "--epochs", 2)
    report = json.loads(ran("train", "static", "--out", "말", *options, "--json", workspace=corpus))
    folder = Path(report["folder"])
    check(report, folder, "static")
    assert (report["dim"], report["epochs"], report["base"]) == (64, 2, "hashed")
    assert {path.name for path in folder.iterdir()} == {
        "card.json", "encoder.json", "pairs.json", "user_dictionary.txt", "vectors.npy", "words.txt"
    }  # fmt: skip
    bot = promoted(corpus, tmp_path / "ws", "말")
    assert isinstance(bot.components.encoder, StaticEncoder)
    assert bot.ask("해외직구 면세 한도가 얼마인가요?").citations


def test_the_same_command_makes_the_same_model_over_the_base_even_when_it_is_in_use(
    corpus: Path, adapted: dict[str, Any], tmp_path: Path
) -> None:
    bot = promoted(corpus, tmp_path / "ws", "관세")
    again = json.loads(ran("train", "adapter", "--out", "둘", "--json", workspace=bot.root))
    assert again["digest"] == adapted["digest"]
    assert again["by_question"] == adapted["by_question"]


def test_the_passages_of_the_base_are_not_encoded_again(
    corpus: Path, adapted: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = shutil.copytree(corpus, tmp_path / "ws")
    ran("promote", "관세", workspace=root)
    monkeypatch.setattr("mundap.encode.hashed.HashedEncoder._encode", lambda *_: pytest.fail("encoded again"))
    Mundap.open(root).index()


def test_people_are_shown_both_splits_and_both_legs(corpus: Path, adapted: dict[str, Any]) -> None:
    out = ran("train", "adapter", "--out", "보기", workspace=corpus)
    for part in (
        "새 문서",
        "학습한 문서",
        "벡터 검색",
        "하이브리드 검색",
        "mrr@10",
        "mundap promote 보기",
        "적용을 권장",
    ):
        assert part in out


def test_promotion_writes_one_line_and_says_what_to_do_next(
    corpus: Path, adapted: dict[str, Any], tmp_path: Path
) -> None:
    root = shutil.copytree(corpus, tmp_path / "ws")
    toml = root / "mundap.toml"
    toml.write_text(f'# 내 것\n{CONFIG}[retrieve]\nreranker = "light:옛것"\n', "utf-8")
    out = ran("promote", "관세", workspace=root)
    assert toml.read_text("utf-8") == (
        f'# 내 것\n{CONFIG}[retrieve]\nreranker = "light:옛것"\n'.replace('"hashed"', '"model:관세"')
    )
    assert "mundap index" in out
    assert "mundap train reranker" in out


def test_a_model_that_is_worse_is_refused_unless_forced(corpus: Path, adapted: dict[str, Any], tmp_path: Path) -> None:
    root = shutil.copytree(corpus, tmp_path / "ws")
    card = root / ".mundap" / "models" / "관세" / "card.json"
    said = json.loads(card.read_text("utf-8"))
    card.write_text(json.dumps({**said, "recommended": False, "metrics": {**said["metrics"], "verdict": "worse"}}))
    done = run("promote", "관세", workspace=root)
    assert isinstance(done.exception, MundapError)
    assert "--force" in str(done.exception)
    assert (root / "mundap.toml").read_text("utf-8") == CONFIG
    ran("promote", "관세", "--force", workspace=root)
    assert "model:관세" in (root / "mundap.toml").read_text("utf-8")


def test_a_model_that_is_no_better_is_used_with_a_word(corpus: Path, adapted: dict[str, Any], tmp_path: Path) -> None:
    root = shutil.copytree(corpus, tmp_path / "ws")
    card = root / ".mundap" / "models" / "관세" / "card.json"
    said = json.loads(card.read_text("utf-8"))
    card.write_text(json.dumps({**said, "recommended": False, "metrics": {**said["metrics"], "verdict": "same"}}))
    assert "유의하게 향상되지 않은" in json.loads(ran("promote", "관세", "--json", workspace=root))["doubt"]


def test_a_name_without_a_model_lists_those_there_are(corpus: Path, adapted: dict[str, Any]) -> None:
    done = run("promote", "없음", workspace=corpus)
    assert "학습한 모델:" in str(done.exception)
    assert "관세" in str(done.exception)


def test_a_ranker_is_promoted_by_its_own_line(corpus: Path, tmp_path: Path) -> None:
    root = shutil.copytree(corpus, tmp_path / "ws")
    ran("train", "reranker", "--out", "줄", "--features", "scores", workspace=root)
    done = json.loads(ran("promote", "줄", "--force", "--json", workspace=root))
    assert done["set"] == {"retrieve.reranker": "light:줄"}
    assert Mundap.open(root).search("면세 한도")


def test_documents_that_came_after_the_index_are_indexed_first(corpus: Path, tmp_path: Path) -> None:
    root = shutil.copytree(corpus, tmp_path / "ws")
    (root / "docs" / "새글.txt").write_text("새로 들어온 글입니다.\n", "utf-8")
    Mundap.open(root).ingest()
    done = run("train", "adapter", "--out", "x", workspace=root)
    assert isinstance(done.exception, StaleIndex)


def test_a_trained_encoder_that_is_gone_is_named(corpus: Path, tmp_path: Path) -> None:
    root = shutil.copytree(corpus, tmp_path / "ws")
    (root / "mundap.toml").write_text(CONFIG.replace("hashed", "model:사라짐"), "utf-8")
    with pytest.raises(ConfigError, match="사라짐"):
        Mundap.open(root).search("면세 한도")


THREADS = """
import numpy
from mundap.workflows.train.prepared import one_thread
from threadpoolctl import threadpool_info
with one_thread():
    print({pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"})
"""


def test_training_does_not_spin_on_other_peoples_processors() -> None:
    done = subprocess.run([sys.executable, "-c", THREADS], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() in ("{1}", "set()")  # a NumPy without OpenBLAS has no pool
