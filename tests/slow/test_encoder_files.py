"""Encoders in folders against the packages that wrote them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.small_models import encoders

from mundap.encode import make_encoder
from mundap.encode.options import Options
from mundap.encode.prompts import Prompts
from mundap.encode.settings import EncoderSettings
from mundap.errors import ConfigError, MundapError

pytestmark = pytest.mark.slow

TEXTS = ["관세청은 관세를 걷는 기관이다.", "물품", "고양이가 지붕에서 낮잠을 잔다. " * 2]
LONG = "수입 신고를 마친 물품은 보세구역에서 꺼낼 수 있습니다. " * 12


@pytest.mark.parametrize("pooling", ["mean", "cls", "lasttoken"])
@pytest.mark.parametrize("dense", [False, True])
def test_vectors_are_those_of_sentence_transformers(tmp_path: Path, pooling: str, dense: bool) -> None:
    package = pytest.importorskip("sentence_transformers")
    prompts = {"query": "물음: ", "document": "글: "}
    folder = encoders.sentence(tmp_path, pooling, prompts, dense)
    ours, theirs = make_encoder(f"st:{folder}"), package.SentenceTransformer(str(folder), local_files_only=True)
    np.testing.assert_allclose(ours.encode_queries(TEXTS), theirs.encode_query(TEXTS), atol=1e-4)
    np.testing.assert_allclose(ours.encode_passages(TEXTS), theirs.encode_document(TEXTS), atol=1e-4)


def test_a_prompt_that_is_not_to_be_pooled_is_not(tmp_path: Path) -> None:
    package = pytest.importorskip("sentence_transformers")
    folder = encoders.sentence(tmp_path, prompts={"query": "물음:", "document": ""})
    pooling = folder / "1_Pooling" / "config.json"
    pooling.write_text(json.dumps(json.loads(pooling.read_text()) | {"include_prompt": False}))
    theirs = package.SentenceTransformer(str(folder), local_files_only=True).encode_query(TEXTS)
    np.testing.assert_allclose(make_encoder(f"st:{folder}").encode_queries(TEXTS), theirs, atol=1e-4)


def made(spec: str) -> Any:
    """Like any encoder, with what transformers have besides."""
    return make_encoder(spec)


def test_onnx_gives_what_torch_gives(tmp_path: Path) -> None:
    folder = encoders.exported(encoders.sentence(tmp_path, "cls", {"query": "물음: "}, dense=True))
    texts = [*TEXTS, LONG]
    ours, other = made(f"onnx:{folder}"), made(f"st:{folder}")
    np.testing.assert_allclose(ours.encode_queries(texts), other.encode_queries(texts), atol=1e-4)
    assert ours.token_counts(texts) == other.token_counts(texts) == [len(text) for text in texts]
    named = make_encoder(f"onnx:{folder}/onnx/model.onnx")
    np.testing.assert_array_equal(named.encode_queries(texts), ours.encode_queries(texts))


@pytest.mark.parametrize("pooling", ["mean", "cls", "lasttoken"])
def test_what_is_named_as_an_encoder_is_a_base_of_training_that_reads_alike(tmp_path: Path, pooling: str) -> None:
    from mundap.training.retriever.transformer_encoder import known_reading, load

    folder = encoders.sentence(tmp_path / "m", pooling, {"query": "물음: ", "document": "글: "})
    said = known_reading(f"st:{folder}")
    assert said == {"query": "물음: ", "passage": "글: ", "pooling": pooling}
    tower = load(f"st:{folder}", tmp_path, EncoderSettings(pooling, said["query"], said["passage"], 512))
    ours = make_encoder(f"st:{folder}").encode_queries(TEXTS)
    np.testing.assert_allclose(tower.encode(tower.tokens(TEXTS, said["query"], 512)), ours, atol=1e-4)
    tower.save(tmp_path / "kept")
    np.testing.assert_allclose(make_encoder(f"st:{tmp_path / 'kept'}").encode_queries(TEXTS), ours, atol=1e-4)


def test_bge_m3_is_a_base_of_training_that_reads_alike(tmp_path: Path) -> None:
    from mundap.training.retriever.transformer_encoder import known_reading, load

    folder = encoders.m3(tmp_path / "m")
    said = known_reading(f"st:{folder}")
    assert said == {"query": "", "passage": "", "pooling": "cls"}
    tower = load(f"st:{folder}", tmp_path, EncoderSettings("cls", "", "", encoders.WINDOW))
    ours = make_encoder(f"st:{folder}").encode_queries(TEXTS)
    np.testing.assert_allclose(tower.encode(tower.tokens(TEXTS, "", encoders.WINDOW)), ours, atol=1e-4)


@pytest.mark.parametrize("base", ["onnx:m", "gguf:m.gguf", "openai:http://127.0.0.1:9/v1#m", "static:o/m", "hashed"])
def test_an_encoder_whose_weights_cannot_be_trained_is_told_what_can_be_done(tmp_path: Path, base: str) -> None:
    from mundap.training.retriever.transformer_encoder import load

    with pytest.raises(MundapError, match=r"st:.*train adapter"):
        load(base, tmp_path, EncoderSettings("mean", "", "", 64))


def test_a_pooling_that_cannot_be_trained_is_named(tmp_path: Path) -> None:
    from mundap.training.retriever.transformer_encoder import known_reading, load

    folder = encoders.sentence(tmp_path / "m")
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode": ["cls", "max"]}))
    said = known_reading(str(folder))
    with pytest.raises(ConfigError, match=r"풀링 cls\+max.*--pooling"):
        load(str(folder), tmp_path, EncoderSettings(said["pooling"], "", "", 512))


def test_a_family_is_known_where_its_files_keep_no_prompts(tmp_path: Path) -> None:
    from mundap.training.retriever.transformer_encoder import known_reading

    folder = encoders.sentence(tmp_path / "multilingual-e5-base")
    assert known_reading(str(folder)) == {"query": "query: ", "passage": "passage: ", "pooling": "mean"}
    assert made(f"st:{folder}").prompts == Prompts("query: ", "passage: ")


def test_llama_cpp_pools_what_transformers_gives(tmp_path: Path) -> None:
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    encoder = made(f"gguf:{encoders.gguf(tmp_path)}")
    words = transformers.PreTrainedTokenizerFast.from_pretrained(tmp_path / "llama")
    model = transformers.AutoModel.from_pretrained(tmp_path / "llama").eval()
    for text, ours in zip(TEXTS, encoder.encode_passages(TEXTS), strict=True):
        ids = words(text).input_ids
        with torch.no_grad():
            mean = model(input_ids=torch.tensor([ids])).last_hidden_state[0].mean(0).numpy()
        assert encoder.token_counts([text]) == [len(ids)]
        assert ours @ (mean / np.linalg.norm(mean)) > 0.9999
    pooled = make_encoder(f"gguf:{tmp_path / 'llama.gguf'}", options=Options(pooling="last"))
    assert pooled.name != encoder.name
    assert abs(pooled.encode_passages(TEXTS[:1])[0] @ encoder.encode_passages(TEXTS[:1])[0]) < 0.999
