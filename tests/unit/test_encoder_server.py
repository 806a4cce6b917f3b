"""An encoder behind a server: batches in order, patience, and no text that is cut without a word."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import numpy as np
import pytest
from tests.serving import running
from tests.small_models.encoders import EmbeddingServer

from mundap import remote
from mundap.encode import make_encoder
from mundap.encode.hashed import HashedEncoder
from mundap.encode.options import Options
from mundap.encode.server import AT_ONCE
from mundap.errors import ConfigError, ServerError
from mundap.protocols import Encoder

WORDS = "관세 신고 물품 세관 여행자 면세 한도 술 담배 향수 기준 환급 서류 기한 납부 우편 통관 검사 반입 수출".split()


def text(words: int, seed: int) -> str:
    return " ".join(np.random.default_rng(seed).choice(WORDS, words))


Serving = Callable[..., tuple[Encoder, EmbeddingServer]]


@pytest.fixture
def serve() -> Iterator[Serving]:
    with ExitStack() as stack:

        def made(options: Options = Options(), **how: int) -> tuple[Encoder, EmbeddingServer]:
            server = stack.enter_context(running(EmbeddingServer(**how)))
            return make_encoder(f"openai:{server.address}#BAAI/bge-m3", options=options), server

        yield made


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "BACKOFF_SECONDS", 0.01)


def test_vectors_come_in_the_order_of_the_texts_in_batches(serve: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUNDAP_API_KEY", "비밀".encode().hex())
    encoder, server = serve()
    texts = [text(n % 7 + 1, n) for n in range(2 * AT_ONCE + 5)]
    np.testing.assert_allclose(encoder.encode_passages(texts), HashedEncoder(64).encode_passages(texts), atol=1e-6)
    assert all(len(body["input"]) <= AT_ONCE + 1 for body in server.bodies)
    assert {head["Authorization"] for head in server.heads} == {f"Bearer {'비밀'.encode().hex()}"}
    assert {head["path"] for head in server.heads} == {"/v1/embeddings"}
    assert {body["model"] for body in server.bodies} == {"BAAI/bge-m3"}


def test_prompts_stand_before_texts(serve: Serving) -> None:
    encoder, server = serve(Options("물음: ", "글: "))
    encoder.encode_queries(["관세"])
    encoder.encode_passages(["환급"])
    assert {"물음: 관세", "글: 환급"} <= set(server.texts)


def test_a_busy_server_is_asked_again(serve: Serving) -> None:
    encoder, _ = serve(busy=3)
    assert encoder.encode_queries(["관세"]).shape == (1, 64)
    encoder, _ = serve(busy=9)
    with pytest.raises(ServerError, match=r"HTTP 429: overloaded|HTTP 503: overloaded"):
        encoder.encode_queries(["관세"])


@pytest.mark.parametrize("how", [pytest.param({"refuses": 300}, marks=pytest.mark.slow), {"cuts": 300}])
def test_the_end_of_a_long_text_counts_whether_the_server_refuses_or_cuts_it(
    serve: Serving, how: dict[str, int], caplog: pytest.LogCaptureFixture
) -> None:
    encoder, server = serve(**how)
    beginning = text(300, 1)
    with caplog.at_level(logging.WARNING):
        one, other = encoder.encode_passages([f"{beginning} {text(200, 2)}", f"{beginning} {'zebra ' * 100}"])
        alone = encoder.encode_passages([f"{beginning} {text(200, 2)}"])
    assert one @ other < 0.98
    np.testing.assert_allclose(alone[0], one, atol=1e-5)
    assert len([record for record in caplog.records if "나누어" in record.getMessage()]) == 1
    server.texts.clear()
    encoder.encode_passages([text(3, 3), text(40, 4)])
    assert len(server.texts) <= 4  # what fits is not taken apart


def test_a_text_that_is_read_whole_is_asked_once(serve: Serving) -> None:
    encoder, server = serve()
    encoder.encode_passages([text(200, 1)])
    server.texts.clear()
    encoder.encode_passages([text(150, seed) for seed in range(20)])
    assert len(server.texts) == 20


def test_the_name_tells_servers_models_and_prompts_apart() -> None:
    names = [
        make_encoder(name, options=options).name
        for name in (
            "openai:http://127.0.0.1:1/v1#a",
            "openai:http://127.0.0.1:2/v1#a",
            "openai:http://127.0.0.1:1/v1#b",
        )
        for options in (Options(), Options(query="q: "))
    ]
    assert len(set(names)) == 6


@pytest.mark.parametrize("place", ["http://127.0.0.1/v1", "#m", "nothing#m", "ftp://a/v1#m"])
def test_an_address_that_cannot_be_asked_is_told_at_once(place: str) -> None:
    with pytest.raises(ConfigError, match=r"http://127\.0\.0\.1"):
        make_encoder(f"openai:{place}")


def test_a_server_that_is_not_there_is_told(free_port: int) -> None:
    with pytest.raises(ServerError, match=r"연결할 수 없습니다.*실행 중인지"):
        make_encoder(f"openai:http://127.0.0.1:{free_port}/v1#m").encode_queries(["관세"])


@pytest.fixture
def free_port() -> int:
    import socket

    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


@pytest.mark.parametrize(
    "answer",
    [
        {"data": []},
        {"data": [{"index": 0, "embedding": [float("nan")] * 64}]},
        {"data": [{"index": 0}]},
        {"error": "no"},
        [],
    ],
)
def test_an_answer_of_another_form_is_an_error(answer: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote.JsonServer, "post", lambda *_: answer)
    with pytest.raises(ServerError, match="해석할 수 없습니다"):
        make_encoder("openai:http://127.0.0.1:1/v1#m").encode_queries(["관세"])
