"""What an encoder's folder says is what is done: poolings, prompts, layers, windows; and its name tells all of it."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.small_models import encoders

from mundap.encode import located, make_encoder, places
from mundap.encode.options import Options
from mundap.encode.places import content, model_folder
from mundap.encode.pooling import pooled
from mundap.encode.prompts import Prompts, chosen, family
from mundap.encode.safetensors import read_tensors
from mundap.encode.tokenized import BATCH, BATCH_TOKENS, batches
from mundap.encode.windows import average, cut, halves
from mundap.errors import ConfigError, UnknownName

TEXTS = ["관세청은 관세를 걷는 기관이다.", "물품", "고양이가 지붕에서 낮잠을 잔다. " * 2]
LONG = "수입 신고를 마친 물품은 보세구역에서 꺼낼 수 있습니다. " * 12


# -- sentence-transformers' folders -------------------------------------------------------------------------------


def test_a_module_that_is_not_known_is_named_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "modules.json").write_text(json.dumps([{"path": "", "type": "sentence_transformers.models.CNN"}]))
    with pytest.raises(ConfigError, match=r"지원하지 않는 모듈 'CNN'.*openai:"):
        make_encoder(f"st:{tmp_path}")


@pytest.mark.parametrize("kind", ["st", "onnx", "static", "gguf"])
def test_a_folder_that_is_not_there_is_named(tmp_path: Path, kind: str) -> None:
    with pytest.raises(ConfigError, match="없는모델"):
        make_encoder(f"{kind}:models/없는모델", folder=tmp_path)
    with pytest.raises(ConfigError, match=f"'{kind}:"):
        make_encoder(f"{kind}:")


def test_a_kind_that_is_not_there_is_told_those_that_are() -> None:
    with pytest.raises(UnknownName, match=r"unknown encoder 'fasttext:m'.*e5-small.*openai:http.*st:"):
        make_encoder("fasttext:m")


def test_a_relative_path_is_made_whole_only_where_there_is_something(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    assert located("st:m", tmp_path) == f"st:{(tmp_path / 'm').resolve()}"
    for other in ("st:owner/name", "e5-small", "openai:http://127.0.0.1/v1#m", "model:m"):
        assert located(other, tmp_path) == other


class Hub:
    """A hub with one model, of which patterns choose the files."""

    def __init__(self, folder: Path, files: Sequence[str]) -> None:
        self.folder, self.files = folder, files

    def snapshot_download(self, place: str, allow_patterns: Sequence[str], local_files_only: bool = False) -> str:
        if local_files_only and not self.folder.exists():
            raise OSError("not here yet")
        self.folder.mkdir(exist_ok=True)
        for file in () if local_files_only else self.files:
            if any(Path(file).match(pattern) for pattern in allow_patterns):
                (self.folder / file).touch()
        return str(self.folder)


SAFE, PICKLED = ("*.safetensors",), ("pytorch_model*.bin",)


@pytest.mark.parametrize(
    ("files", "fetched"),
    [
        (["config.json", "model.safetensors", "pytorch_model.bin"], {"config.json", "model.safetensors"}),
        (["config.json", "pytorch_model.bin", "sparse_linear.pt"], {"config.json", "pytorch_model.bin"}),
        (["config.json", "tf_model.h5"], {"config.json"}),
    ],
)
def test_of_a_hub_the_weights_are_fetched_once_in_the_first_form_that_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: list[str], fetched: set[str]
) -> None:
    hub = Hub(tmp_path / "held", files)
    monkeypatch.setattr(places, "need", lambda *_, **__: hub)
    for _ in range(2):
        folder = model_folder("owner/name", tmp_path / "nowhere", ("*.json",), (SAFE, PICKLED))
        assert {path.name for path in folder.iterdir()} == fetched


def test_what_was_fetched_for_another_purpose_is_not_taken_for_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = Hub(tmp_path / "held", ["config.json", "pytorch_model.bin"])
    monkeypatch.setattr(places, "need", lambda *_, **__: hub)
    model_folder("owner/name", tmp_path / "nowhere", ("*.json",))
    folder = model_folder("owner/name", tmp_path / "nowhere", ("*.json",), (SAFE, PICKLED))
    assert (folder / "pytorch_model.bin").exists()


# -- names --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_name_changes_with_whatever_changes_vectors_and_with_nothing_else(tmp_path: Path) -> None:
    folder = encoders.sentence(tmp_path / "m")
    name = make_encoder(f"st:{folder}").name
    assert name.startswith("st-m-")
    assert make_encoder("st:m", folder=tmp_path).name == name
    (folder / "README.md").write_text("# a card")
    assert make_encoder(f"st:{folder}").name == name
    others = {
        make_encoder(f"st:{folder}", options=Options(query="물음: ")).name,
        make_encoder(f"st:{folder}", options=Options(passage="물음: ")).name,
        make_encoder(f"st:{folder}", options=Options(pooling="cls")).name,
    }
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\0\0\1")
    others.add(make_encoder(f"st:{folder}").name)
    assert len(others | {name}) == 5


def test_of_a_large_file_samples_tell_a_change_anywhere_that_training_makes(tmp_path: Path) -> None:
    file = tmp_path / "large"
    numbers = np.random.default_rng(0).integers(0, 256, 20 << 20, np.uint8)
    file.write_bytes(numbers.tobytes())
    before = content(file)
    assert content(file) == before
    numbers[: 10 << 20] ^= 1  # half of the layers
    file.write_bytes(numbers.tobytes())
    assert content(file) != before
    file.write_bytes(numbers.tobytes()[:-1])
    assert content(file) != before


# -- prompts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "query", "passage"),
    [
        ("intfloat/multilingual-e5-large", "query: ", "passage: "),
        ("models/multilingual-e5-small-ko-v2", "query: ", "passage: "),
        ("nlpai-lab/KoE5", "query: ", "passage: "),
        ("google/embeddinggemma-300m", "task: search result | query: ", "title: none | text: "),
        ("embeddinggemma-300M-Q8_0.gguf", "task: search result | query: ", "title: none | text: "),
        ("nomic-embed-text:latest", "search_query: ", "search_document: "),
        ("BAAI/bge-m3", "", ""),
        ("nlpai-lab/KURE-v1", "", ""),
        ("jhgan/ko-sroberta-multitask", "", ""),
        ("BAAI/bge-base-en-v1.5", "Represent this sentence for searching relevant passages: ", ""),
        ("text-embedding-3-small", "", ""),
    ],
)
def test_families_that_are_known_by_name(name: str, query: str, passage: str) -> None:
    assert family(name) == Prompts(query, passage)


def test_instructed_models_are_told_what_to_do() -> None:
    for name in ("Qwen/Qwen3-Embedding-0.6B", "intfloat/multilingual-e5-large-instruct"):
        prompts = family(name)
        assert prompts.query.startswith("Instruct: ")
        assert prompts.query.rstrip().endswith("Query:")
        assert prompts.passage == ""


def test_settings_come_before_files_and_files_before_families() -> None:
    e5, files = "intfloat/multilingual-e5-small", Prompts("Q: ", "P: ")
    assert chosen(Options(), files, e5) == files
    assert chosen(Options(), Prompts(), e5) == Prompts("query: ", "passage: ")
    assert chosen(Options(query=""), files, e5) == Prompts("", "P: ")


# -- windows ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_end_of_a_long_text_counts_and_it_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    encoder = make_encoder(f"st:{encoders.sentence(tmp_path, prompts={'document': '글: '})}")
    with caplog.at_level(logging.WARNING):
        short, long, other = encoder.encode_passages([TEXTS[0], LONG + TEXTS[0], LONG + TEXTS[2]])
        encoder.encode_passages([LONG])
    assert long @ other < 0.999
    assert short @ long < 0.99
    (record,) = caplog.records
    assert f"토큰 {encoders.WINDOW}개" in record.getMessage()


@given(st.text(alphabet="가나 \n", max_size=80), st.lists(st.integers(1, 79), unique=True))
def test_nothing_but_blanks_is_lost_in_cutting(text: str, places: list[int]) -> None:
    for pieces in (cut(text, sorted(place for place in places if place < len(text))), halves(text)):
        assert "".join("".join(pieces).split()) == "".join(text.split())


@given(st.lists(st.integers(1, 4 * BATCH_TOKENS // BATCH), max_size=50))
def test_batches_hold_everything_in_order_and_are_no_wider_than_memory_allows(lengths: list[int]) -> None:
    texts: list[Any] = [range(length) for length in sorted(lengths)]
    made = list(batches(texts))
    assert [text for batch in made for text in batch] == texts
    assert all(len(b) == 1 or (len(b) <= BATCH and len(b) * max(map(len, b)) <= BATCH_TOKENS) for b in made)


def test_windows_count_by_their_lengths() -> None:
    vectors = np.array([[2, 0], [0, 3], [0, 0]], np.float32)
    found = average([0, 0, 1], vectors, [3, 1, 1], 2)
    np.testing.assert_allclose(found, np.array([[3 / 10**0.5, 1 / 10**0.5], [1, 0]]), rtol=1e-6)


# -- parts --------------------------------------------------------------------------------------------------------


def test_poolings_by_hand() -> None:
    states = np.array([[1, 8], [3, 2], [5, 5]], np.float32)
    assert pooled(states, ["mean"]).tolist() == [(1 + 3 + 5) / 3, (8 + 2 + 5) / 3]
    assert pooled(states, ["mean"], skip=1).tolist() == [(3 + 5) / 2, (2 + 5) / 2]
    assert pooled(states, ["cls", "max"]).tolist() == [1, 8, 5, 8]
    assert pooled(states, ["lasttoken"]).tolist() == [5, 5]
    weighted = pooled(states, ["weightedmean"])
    np.testing.assert_allclose(weighted, [(1 * 1 + 2 * 3 + 3 * 5) / 6, (1 * 8 + 2 * 2 + 3 * 5) / 6])
    np.testing.assert_allclose(pooled(states, ["mean_sqrt_len_tokens"]), [9 / 3**0.5, 15 / 3**0.5], rtol=1e-6)


def test_word_vectors_are_the_mean_of_known_tokens_each_by_its_weight(tmp_path: Path) -> None:
    folder = encoders.model2vec(tmp_path, mapped=True)
    held = read_tensors(folder / "model.safetensors")
    places = [4 + encoders.LETTERS.index(letter) for letter in "관세"]
    rows = held["embeddings"][held["mapping"][places]].astype(float) * held["weights"][places][:, None]
    mean = rows.mean(axis=0)
    (found,) = make_encoder(f"static:{folder}").encode_passages(["뷁관세"])  # 뷁 is unknown
    np.testing.assert_allclose(found, mean / np.linalg.norm(mean), atol=1e-6)


def test_word_vectors_of_another_vocabulary_are_refused(tmp_path: Path) -> None:
    folder = encoders.model2vec(tmp_path)
    spelling = encoders.letters()
    spelling.add_tokens(["하나", "둘"])
    spelling.save(str(folder / "tokenizer.json"))
    with pytest.raises(ConfigError, match="같은 모델의 파일인지"):
        make_encoder(f"static:{folder}").encode_passages(["글"])


@pytest.mark.slow
def test_tensors_of_every_kind_are_read(tmp_path: Path) -> None:
    tensors = pytest.importorskip("safetensors.torch")
    torch = pytest.importorskip("torch")
    kinds = (torch.float32, torch.float16, torch.bfloat16, torch.float64, torch.int64, torch.int8)
    held = {str(kind): torch.arange(6).reshape(2, 3).to(kind) for kind in kinds}
    tensors.save_file(held, tmp_path / "t.safetensors")
    found = read_tensors(tmp_path / "t.safetensors")
    assert {name: values.tolist() for name, values in found.items()} == {n: t.tolist() for n, t in held.items()}


@pytest.mark.parametrize("raw", [b"", b"\0" * 8, b"\xff" * 64, (20).to_bytes(8, "little") + b"{}"])
def test_what_is_no_file_of_tensors_is_an_error(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "t.safetensors").write_bytes(raw)
    with pytest.raises(ValueError, match=r".*"):
        read_tensors(tmp_path / "t.safetensors")


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("nothing", "형식으로 지정하세요"),
        ("no.such.module:Some", "불러올 수 없습니다"),
        ("json:Nothing", "Nothing"),
        ("mundap.encode.hashed:HashedEncoder?nothing=1", "만들 수 없습니다"),
    ],
)
def test_a_class_that_cannot_be_made_is_told(place: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        make_encoder(f"langchain:{place}")
