"""Late interaction by models as their makers keep them: ColBERT by PyLate, and bge-m3's second head."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from tests.small_models import encoders

from mundap.retrieve.late import maxsim
from mundap.retrieve.rerank import make_reranker
from mundap.types import Hit, Passage

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


def test_the_second_head_of_bge_m3_turns_each_state_but_the_first(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    folder = encoders.sentence(tmp_path / "m", "cls")
    head = torch.nn.Linear(encoders.DIM, 16)
    torch.save(head.state_dict(), folder / "colbert_linear.pt")
    ranked = make_reranker(f"late:{folder}").rerank("관세청은 무엇", hits(TEXTS))
    model = transformers.AutoModel.from_pretrained(folder, add_pooling_layer=False).eval()

    def vectors(text: str) -> np.ndarray:
        ids = torch.tensor([encoders.letters().encode(text).ids])
        with torch.no_grad():
            rows = head(model(input_ids=ids).last_hidden_state[0, 1:])
        made: np.ndarray = torch.nn.functional.normalize(rows, dim=-1).numpy()
        return made

    asked = vectors("관세청은 무엇")
    for hit in ranked:
        assert hit.score == pytest.approx(maxsim(asked, vectors(hit.passage.text)), abs=0.02)
    assert ranked[0].passage.text == TEXTS[0]
