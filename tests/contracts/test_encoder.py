"""Every Encoder: unit rows, one for each text, that depend on nothing but the text."""

import numpy as np
import pytest

from mundap.encode import ENCODERS, TRAINED, make_encoder
from mundap.encode.adapter import AdaptedEncoder, Maps
from mundap.encode.hashed import HashedEncoder
from mundap.encode.static import StaticEncoder
from mundap.korean.tokens import SearchTokenizer
from mundap.protocols import Encoder
from mundap.train.static import Recipe, fit


def adapted() -> AdaptedEncoder:
    """Over hashes, with maps that turn questions and passages a little, each its own way."""
    base = HashedEncoder()
    turn = 0.005 * np.random.default_rng(0).normal(size=(2, base.dim, base.dim)).astype(np.float32)
    return AdaptedEncoder(base, Maps(*(np.eye(base.dim, dtype=np.float32) + turn)))


def static() -> StaticEncoder:
    """Word vectors of three sentences."""
    tokenize = SearchTokenizer(joins=True, bigrams=False)
    words = tokenize(["관세청은 관세를 걷는 기관이다.", "고양이가 지붕에서 낮잠을 잔다.", "세금을 걷는다."])
    return StaticEncoder(fit(words, words, np.arange(3), Recipe(dim=64)), tokenize, tokenize.name)


ENCODERS_MADE = {
    "hashed": lambda: HashedEncoder(),
    "hashed, 64 dimensions": lambda: HashedEncoder(dim=64),
    "e5-small": lambda: make_encoder("e5-small"),
    "adapter": adapted,
    "static": static,
}
TEXTS = ["관세청", "관세청은 세금을 걷는다.", "", " \n", "😀👍🏽", "DHL 1,000.50원", "a\0b", "한글"]
LONG = "수입 신고를 마친 물품은 보세구역에서 꺼낼 수 있습니다. " * 40  # more than one window of a model


@pytest.fixture(scope="module", params=ENCODERS_MADE.values(), ids=ENCODERS_MADE.keys())
def encoder(request: pytest.FixtureRequest) -> Encoder:
    return request.param()


@pytest.fixture(params=["encode_queries", "encode_passages"])
def encode(request: pytest.FixtureRequest, encoder: Encoder):
    return getattr(encoder, request.param)


def test_a_row_of_length_one_for_each_text(encoder: Encoder, encode):
    rows = encode(TEXTS)
    assert rows.shape == (len(TEXTS), encoder.dim)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_a_very_long_text_is_a_text(encoder: Encoder):
    short, long = encoder.encode_passages([LONG[:30], LONG])
    assert abs(np.linalg.norm(long) - 1) < 1e-5
    assert short @ long > 0.5


def test_what_stands_behind_a_nul_counts(encode):
    cut, whole = encode(["관세", "관세\0환급"])
    assert cut @ whole < 0.999


def test_no_texts_no_rows(encoder: Encoder, encode):
    rows = encode([])
    assert rows.shape == (0, encoder.dim)
    assert rows.dtype == np.float32


def test_a_vector_does_not_depend_on_the_texts_beside_it(encode):
    together = encode(TEXTS)
    np.testing.assert_allclose(encode(TEXTS[::-1])[::-1], together, atol=1e-6)
    np.testing.assert_allclose(np.vstack([encode([text]) for text in TEXTS]), together, atol=1e-6)
    np.testing.assert_allclose(encode(["관세청", *TEXTS, "관세청"])[[0, -1]], together[[0, 0]], atol=1e-6)


def test_texts_that_share_words_are_nearer_than_texts_that_share_none(encoder: Encoder):
    question = encoder.encode_queries(["관세청은 무엇을 합니까"])[0]
    about, other = (
        encoder.encode_passages(["관세청은 관세를 걷는 기관이다.", "고양이가 지붕에서 낮잠을 잔다."]) @ question
    )
    assert about > other


def test_the_name_stays_and_tells_encoders_apart(encoder: Encoder):
    before = encoder.name
    encoder.encode_passages(["글"])
    assert encoder.name == before != ""
    assert [make().name for make in ENCODERS_MADE.values()].count(before) == 1


def test_every_encoder_of_the_table_is_in_this_suite():
    assert {make_encoder(name).name for name in ENCODERS} <= {make().name for make in ENCODERS_MADE.values()}
    assert set(TRAINED) <= set(ENCODERS_MADE)
