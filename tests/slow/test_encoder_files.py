"""Encoders in folders against the packages that wrote them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.small_models import encoders

from mundap.encode import make_encoder

pytestmark = pytest.mark.slow

TEXTS = ["관세청은 관세를 걷는 기관이다.", "물품", "고양이가 지붕에서 낮잠을 잔다. " * 2]
LONG = "수입 신고를 마친 물품은 보세구역에서 꺼낼 수 있습니다. " * 12


@pytest.mark.parametrize("pooling", ["mean", "cls", "lasttoken"])
@pytest.mark.parametrize("dense", [False, True])
def test_vectors_are_those_of_sentence_transformers(tmp_path: Path, pooling: str, dense: bool):
    package = pytest.importorskip("sentence_transformers")
    prompts = {"query": "물음: ", "document": "글: "}
    folder = encoders.sentence(tmp_path, pooling, prompts, dense)
    ours, theirs = make_encoder(f"st:{folder}"), package.SentenceTransformer(str(folder), local_files_only=True)
    np.testing.assert_allclose(ours.encode_queries(TEXTS), theirs.encode_query(TEXTS), atol=1e-5)
    np.testing.assert_allclose(ours.encode_passages(TEXTS), theirs.encode_document(TEXTS), atol=1e-5)


def test_a_prompt_that_is_not_to_be_pooled_is_not(tmp_path: Path):
    package = pytest.importorskip("sentence_transformers")
    folder = encoders.sentence(tmp_path, prompts={"query": "물음:", "document": ""})
    pooling = folder / "1_Pooling" / "config.json"
    pooling.write_text(json.dumps(json.loads(pooling.read_text()) | {"include_prompt": False}))
    theirs = package.SentenceTransformer(str(folder), local_files_only=True).encode_query(TEXTS)
    np.testing.assert_allclose(make_encoder(f"st:{folder}").encode_queries(TEXTS), theirs, atol=1e-5)


def test_onnx_gives_what_torch_gives(tmp_path: Path):
    folder = encoders.exported(encoders.sentence(tmp_path, "cls", {"query": "물음: "}, dense=True))
    texts = [*TEXTS, LONG]
    ours, other = make_encoder(f"onnx:{folder}"), make_encoder(f"st:{folder}")
    np.testing.assert_allclose(ours.encode_queries(texts), other.encode_queries(texts), atol=1e-5)
    assert ours.token_counts(texts) == other.token_counts(texts) == [len(text) for text in texts]
    named = make_encoder(f"onnx:{folder}/onnx/model.onnx")
    np.testing.assert_array_equal(named.encode_queries(texts), ours.encode_queries(texts))
