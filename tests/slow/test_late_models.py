"""Models as their makers keep them: ColBERT by PyLate, and the outputs of bge-m3 beside its vector."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.small_models import encoders

from mundap.encode import make_encoder
from mundap.errors import ConfigError
from mundap.protocols import SparseEncoder
from mundap.retrieve.late import maxsim
from mundap.retrieve.rerank import make_reranker
from mundap.types import Hit, Passage
from mundap.workspace import Mundap

pytestmark = pytest.mark.slow

TEXTS = ["관세청은 관세를 걷는 기관이다.", "고양이가 지붕에서 낮잠을 잔다.", "물품, 신고.", ""]


def hits(texts: Sequence[str]) -> list[Hit]:
    return [Hit(Passage(f"p{n}", "d", text, 0, len(text)), 1.0, n + 1) for n, text in enumerate(texts)]


def colbert(folder: Path) -> Path:
    """As PyLate writes it: a transformer and a Dense of token vectors, with its markers in the config."""
    tensors = pytest.importorskip("safetensors.torch")
    torch = pytest.importorskip("torch")
    encoders.sentence(folder, dense=True)
    for name in ("sentence_bert_config.json", "1_Pooling", "3_Normalize"):
        path = folder / name
        if path.is_dir():
            for file in path.iterdir():
                file.unlink()
            path.rmdir()
    config = {"in_features": encoders.DIM, "out_features": 16, "bias": False}
    activation = {"activation_function": "torch.nn.modules.linear.Identity"}
    (folder / "2_Dense" / "config.json").write_text(json.dumps(config | activation))
    tensors.save_file({"linear.weight": torch.randn(16, encoders.DIM)}, folder / "2_Dense" / "model.safetensors")
    modules = [("", "sentence_transformers.models.Transformer"), ("2_Dense", "pylate.models.Dense.Dense")]
    (folder / "modules.json").write_text(
        json.dumps([{"idx": n, "name": str(n), "path": path, "type": kind} for n, (path, kind) in enumerate(modules)])
    )
    said = {
        "model_type": "ColBERT", "query_prefix": "[Q] ", "document_prefix": "[D] ", "query_length": 32,
        "document_length": 90, "attend_to_expansion_tokens": False, "skiplist_words": [".", ","],
    }  # fmt: skip
    (folder / "config_sentence_transformers.json").write_text(json.dumps(said))
    spelling = encoders.letters()
    spelling.add_special_tokens(["[MASK]", "[Q] ", "[D] "])
    spelling.save(str(folder / "tokenizer.json"))
    marks = json.loads((folder / "tokenizer_config.json").read_text()) | {"mask_token": "[MASK]"}
    (folder / "tokenizer_config.json").write_text(json.dumps(marks))
    transformers = pytest.importorskip("transformers")
    model = transformers.AutoModel.from_pretrained(folder, add_pooling_layer=False)
    model.resize_token_embeddings(spelling.get_vocab_size())
    model.save_pretrained(folder)
    return folder


def test_a_model_of_pylate_scores_as_sentence_transformers_does(tmp_path: Path) -> None:
    package = pytest.importorskip("sentence_transformers")
    folder = colbert(tmp_path / "m")
    ranked = make_reranker(f"late:{folder}").rerank("관세청은 무엇", hits(TEXTS))
    theirs = package.MultiVectorEncoder(str(folder), local_files_only=True)
    [asked] = theirs.encode_query(["관세청은 무엇"])
    passages = theirs.encode_document([hit.passage.embedded for hit in ranked])
    assert len(asked) >= 32  # widened by mask tokens
    for hit, vectors in zip(ranked, passages, strict=True):
        if len(vectors):
            assert hit.score == pytest.approx(maxsim(np.asarray(asked), np.asarray(vectors)), abs=0.02)
    assert ranked[0].passage.text == TEXTS[0]


def states(folder: Path, texts: Sequence[str]) -> list[Any]:
    """The states of each text's tokens, "<s>" and "</s>" included, by transformers."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    model = transformers.AutoModel.from_pretrained(folder, add_pooling_layer=False).eval()
    spelling = encoders.letters(marks=encoders.ROBERTA)
    with torch.no_grad():
        return [model(input_ids=torch.tensor([spelling.encode(t).ids])).last_hidden_state[0] for t in texts]


def head(folder: Path, name: str) -> Any:
    """A layer of a folder of FlagEmbedding's."""
    torch = pytest.importorskip("torch")
    held = torch.load(folder / name, weights_only=True)
    made = torch.nn.Linear(encoders.DIM, len(held["bias"]))
    made.load_state_dict({key: value.float() for key, value in held.items()})
    return made


def test_the_multi_vector_output_of_bge_m3_is_of_each_state_but_the_first(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    folder = encoders.m3(tmp_path / "m")
    ranked = make_reranker(f"late:{folder}").rerank("관세청은 무엇", hits(TEXTS))
    linear = head(folder, "colbert_linear.pt")

    def vectors(text: str) -> np.ndarray:
        with torch.no_grad():
            rows = linear(states(folder, [text])[0][1:])
        made: np.ndarray = torch.nn.functional.normalize(rows, dim=-1).numpy()
        return made

    asked = vectors("관세청은 무엇")
    for hit in ranked:
        assert hit.score == pytest.approx(maxsim(asked, vectors(hit.passage.text)), abs=0.02)


def test_the_three_outputs_of_a_graph_of_bge_m3_are_read(tmp_path: Path) -> None:
    """Context-free: the vectors of a text's tokens are rows of a table, so that shared letters match exactly."""
    folder = encoders.graph(tmp_path / "m", weighs=encoders.LETTERS)
    ranked = make_reranker(f"late:{folder}").rerank("관세청", hits(TEXTS))
    assert ranked[0].passage.text == TEXTS[0]
    assert ranked[0].score == pytest.approx(4, abs=0.01)  # its three letters and the mark at the end


@pytest.mark.parametrize("text", ["관세청은 관세를 걷는 기관이다.", "관관관 뷁 </s> 세", "a", ""])
def test_the_sparse_output_of_bge_m3_is_the_largest_weight_of_each_token(tmp_path: Path, text: str) -> None:
    torch = pytest.importorskip("torch")
    folder = encoders.m3(tmp_path / "m")
    encoder = make_encoder(f"st:{folder}")
    assert isinstance(encoder, SparseEncoder)
    [(ids, weights)] = encoder.sparse_passages([text])
    spelling = encoders.letters(marks=encoders.ROBERTA)
    with torch.no_grad():
        own = torch.relu(head(folder, "sparse_linear.pt")(states(folder, [text])[0]))[:, 0]
    expected: dict[int, float] = {}
    for id, weight in zip(spelling.encode(text).ids, own.tolist(), strict=True):
        if id not in range(4) and weight > 0:
            expected[id] = max(weight, expected.get(id, 0))
    assert dict(zip(ids.tolist(), weights.tolist(), strict=True)) == pytest.approx(expected, rel=1e-4)
    [vector] = encoder.encode_passages([text])
    first = states(folder, [text])[0][0]
    np.testing.assert_allclose(vector, first / first.norm(), atol=1e-5)


def test_a_folder_of_bge_m3_just_works(tmp_path: Path) -> None:
    encoders.m3(tmp_path / "m3")
    (tmp_path / "docs").mkdir()
    for n, text in enumerate(TEXTS[:3]):
        (tmp_path / "docs" / f"{n}.txt").write_text(text, "utf-8")
    (tmp_path / "mundap.toml").write_text('[index]\nencoder = "st:m3"\n[retrieve]\nreranker = "late:m3"\n', "utf-8")
    bot = Mundap.open(tmp_path)
    with closing(bot.corpus):
        bot.ingest()
        bot.index()
        assert {leg for hit in bot.search("관세청은 무엇") for leg in hit.origins} <= {"bm25", "dense", "sparse"}
        encoder = bot.components.sparse
        assert encoder is not None
        [(ids, asked)] = encoder.sparse_queries(["관세청은 무엇"])
        for hit in bot.search("관세청은 무엇", leg="sparse"):
            [(own, held)] = encoder.sparse_passages([hit.passage.embedded])
            total = sum(w * held[own == id].sum() for id, w in zip(ids, asked, strict=True))
            assert hit.score == pytest.approx(total, rel=5e-3)


def test_another_sparse_head_is_another_encoder_and_a_broken_one_is_named(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    folder = encoders.m3(tmp_path / "m")
    before = make_encoder(f"st:{folder}").name
    torch.save(torch.nn.Linear(encoders.DIM, 1).state_dict(), folder / "sparse_linear.pt")
    assert make_encoder(f"st:{folder}").name != before
    (folder / "sparse_linear.pt").write_bytes(b"broken")
    with pytest.raises(ConfigError, match=r"sparse_linear\.pt"):
        make_encoder(f"st:{folder}")
