"""Rerankers over real transformers: a two-layer BERT with random weights, made here, by torch and by ONNX."""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unicodedata import normalize

import numpy as np
import pytest

from mundap.encode.tokenized import BATCH
from mundap.errors import ConfigError
from mundap.retrieve.cross import CrossReranker, OnnxReranker
from mundap.retrieve.late import LateReranker, maxsim
from mundap.retrieve.rerank import make_reranker
from mundap.types import Hit, Passage

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # of other people's packages

WHY = "needs torch, transformers and sentence-transformers: pip install 'mundap[train]'"
torch = pytest.importorskip("torch", reason=WHY)
transformers = pytest.importorskip("transformers", reason=WHY)
pytest.importorskip("sentence_transformers", reason=WHY)

TEXTS = [
    "관세는 수입 물품에 매기는 세금이다.",
    "환급은 신청한 날부터 사흘 안에 된다.",
    "세관에 신고서를 낸다. 😀",
    "",
    "여행자의 면세 한도는 미화 800달러이다. " * 60,  # more than a model of 512 tokens reads
    "관세는 수입 물품에 매기는 세금이다.",
    *(f"{n}번 창구에서는 {n * 7}종의 서류를 받는다." * (1 + n % 4) for n in range(2 * BATCH)),
]
# What two runtimes may differ by in logits of weights this large, on any processor.
CLOSE: dict[str, Any] = {"abs": 2e-3, "rel": 1e-3}
QUESTION = "관세 환급은 언제 되나요?"
HITS = [Hit(Passage(f"p{n:02}", "d", text, 0, len(text)), 1 / n, n, {"bm25": n}) for n, text in enumerate(TEXTS, 1)]


def spelling(folder: Path) -> Any:
    """WordPieces learnt from the texts above, kept in `folder`."""
    tokenizers = pytest.importorskip("tokenizers", reason=WHY)
    pieces = tokenizers.BertWordPieceTokenizer(strip_accents=False)
    pieces.train_from_iterator([*TEXTS, QUESTION], vocab_size=300, show_progress=False)
    folder.mkdir(exist_ok=True)
    pieces.save_model(str(folder))
    made = transformers.BertTokenizerFast.from_pretrained(folder, strip_accents=False, model_max_length=512)
    made.save_pretrained(folder)
    return made


def model(folder: Path, labels: int) -> Path:
    """A cross-encoder with so many labels, as transformers saves one; 0 labels make an encoder."""
    words = spelling(folder)
    torch.manual_seed(7)
    config = transformers.BertConfig(
        vocab_size=len(words), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, initializer_range=0.5, num_labels=max(labels, 1),
    )  # fmt: skip
    kind = transformers.BertForSequenceClassification if labels else transformers.BertModel
    kind(config).eval().save_pretrained(folder)
    return folder


def exported(folder: Path, labels: int) -> Path:
    """The same with model.onnx beside it."""
    pytest.importorskip("onnxscript", reason="torch needs onnxscript to export a model")
    pytest.importorskip("onnxruntime", reason=WHY)
    made = loaded(folder, labels)
    inputs = ("input_ids", "attention_mask", "token_type_ids")
    example = {name: torch.ones(2, 5, dtype=torch.int64) for name in inputs}
    free = {0: torch.export.Dim("batch", min=1, max=4096), 1: torch.export.Dim("tokens", min=2, max=512)}
    torch.onnx.export(
        made, (), str(folder / "model.onnx"), kwargs=example, input_names=inputs,
        output_names=["logits" if labels else "last_hidden_state"],
        dynamic_shapes=dict.fromkeys(inputs, free), dynamo=True, verbose=False,
    )  # fmt: skip
    return folder


def loaded(folder: Path, labels: int) -> Any:
    kind = transformers.AutoModelForSequenceClassification if labels else transformers.AutoModel
    return kind.from_pretrained(folder, return_dict=bool(labels)).eval()


@pytest.fixture(scope="module", params=[1, 2], ids=["one label", "two labels"])
def labels(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module")
def folder(labels: int, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model(tmp_path_factory.mktemp("models") / "tiny", labels)


@pytest.fixture(scope="module")
def cross(folder: Path) -> CrossReranker:
    return CrossReranker(folder)


def scores(hits: Sequence[Hit]) -> dict[str, float]:
    return {hit.passage.id: hit.score for hit in hits}


def by_transformers(folder: Path, labels: int, question: str) -> dict[str, float]:
    """The logits, one pair at a time, cutting only the passage."""
    spelling, made = transformers.AutoTokenizer.from_pretrained(folder), loaded(folder, labels)
    expected = {}
    with torch.inference_mode():
        for hit in HITS:
            pair = spelling(
                [question], [hit.passage.text], truncation="only_second", max_length=512, return_tensors="pt"
            )
            row = made(**pair).logits[0]
            expected[hit.passage.id] = float(row[0] if labels == 1 else row[1] - row[0])
    return expected


def test_the_scores_are_the_logits_of_question_and_passage(cross: CrossReranker, folder: Path, labels: int) -> None:
    expected = by_transformers(folder, labels, QUESTION)
    assert np.std(list(expected.values())) > 0.1
    assert scores(cross.rerank(QUESTION, HITS)) == pytest.approx(expected, **CLOSE)


def test_onnx_gives_the_same_scores(cross: CrossReranker, folder: Path, labels: int) -> None:
    reranker = OnnxReranker(exported(folder, labels))
    for question in (QUESTION, "", "😀", "한글"):
        ours = scores(reranker.rerank(question, HITS))
        assert ours == pytest.approx(scores(cross.rerank(question, HITS)), **CLOSE)
        assert ours == pytest.approx(by_transformers(folder, labels, question), **CLOSE)
    # A question of more than half: by torch the longer one is cut, by ONNX the question to half.
    assert len(reranker.rerank(QUESTION * 300, HITS)) == len(cross.rerank(QUESTION * 300, HITS)) == len(HITS)


def test_a_cross_encoder_of_sentence_transformers_keeps_the_contract(cross: CrossReranker) -> None:
    ranked = cross.rerank(QUESTION, HITS)
    assert cross.name == "cross:tiny"
    assert ranked == sorted(ranked, key=lambda hit: (-hit.score, hit.passage.id))
    assert [hit.rank for hit in ranked] == list(range(1, len(HITS) + 1))
    assert {hit.passage.id: hit.origins for hit in ranked} == {hit.passage.id: hit.origins for hit in HITS}
    assert scores(ranked)["p01"] == scores(ranked)["p06"]
    assert cross.rerank(QUESTION, HITS[::-1]) == ranked
    assert cross.rerank(normalize("NFD", QUESTION), HITS) == ranked
    assert cross.rerank(QUESTION, []) == []
    assert [hit.rank for hit in cross.rerank("😀", HITS[:1])] == [1]


def test_questions_at_once_get_the_scores_that_they_get_alone(cross: CrossReranker) -> None:
    questions = [f"{n}번 창구의 서류" for n in range(8)]
    alone = [cross.rerank(question, HITS[:8]) for question in questions]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda question: cross.rerank(question, HITS[:8]), questions)) == alone


def test_a_folder_is_read_without_the_network(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[object] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _, address: tried.append(address))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *host: tried.append(host))
    assert make_reranker(f"cross:{folder.name}", folder.parent).rerank(QUESTION, HITS[:2])
    assert tried == []


def test_a_model_that_no_hub_gives_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)  # without it, minutes of trying again
    with pytest.raises(ConfigError, match=r"'nobody/nothing'을\(를\) 불러오지 못했습니다.*네트워크"):
        make_reranker("cross:nobody/nothing")


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"불러오지 못했습니다.*config\.json"):
        make_reranker("cross:.", tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}), "utf-8")
    with pytest.raises(ConfigError, match=r"불러오지 못했습니다"):
        make_reranker("cross:.", tmp_path)


def test_a_model_of_three_classes_is_no_reranker(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"리랭커가 아닙니다"):
        CrossReranker(model(tmp_path / "three", 3)).rerank(QUESTION, HITS)


def test_late_interaction_is_maxsim_over_the_last_hidden_state(tmp_path: Path) -> None:
    folder = exported(model(tmp_path / "encoder", 0), 0)
    spelling, made = transformers.AutoTokenizer.from_pretrained(folder), loaded(folder, 0)

    def vectors(text: str) -> Any:
        with torch.inference_mode():
            states = made(**spelling(text, truncation=True, max_length=512, return_tensors="pt"))[0][0, 1:-1]
        return torch.nn.functional.normalize(states, dim=1).numpy()

    asked = vectors(QUESTION)
    expected = {
        hit.passage.id: maxsim(asked, vectors(hit.passage.text)) if hit.passage.text else -len(asked) for hit in HITS
    }
    reranker = LateReranker(folder)
    for _ in range(2):  # read, and from memory
        assert scores(reranker.rerank(QUESTION, HITS)) == pytest.approx(expected, abs=0.02)
