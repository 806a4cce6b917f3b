"""Streams as they come: signs of life while a model is silent, and an end where nobody listens any more."""

from __future__ import annotations

import json
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from tests.cli.conftest import MakeFiles, Serve
from tests.language_model import SlowModel, slow_model

pytest.importorskip("fastapi", reason="the extra serve is not installed")

ASKED = {"messages": [{"role": "user", "content": "연차는 언제 소멸되나요?"}]}


@pytest.fixture(scope="module")
def model() -> Iterator[SlowModel]:
    with slow_model("연차는 ", "2년이 지나면 소멸합니다 [1]") as model:
        yield model


def settings(model: SlowModel, serve: str) -> str:
    generate = f'generator = "openai:{model.address}#slow"\nmin_support = 0\nfaq = false\n'
    return f'[index]\nencoder = "hashed"\n[generate]\n{generate}[serve]\n{serve}'


@pytest.fixture(scope="module")
def client(
    serving: Serve, hashed_sample: MakeFiles, model: SlowModel, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """A client of an API that answers by that model, one question at once and one waiting."""
    root = hashed_sample(
        tmp_path_factory.mktemp("slow") / "ws",
        settings(model, "answers_at_once = 1\nwaiting = 1\nheartbeat_seconds = 0.3\n"),
    )
    with serving(root) as server:
        yield server.client


@contextmanager
def streaming(client: httpx.Client) -> Iterator[Iterator[str]]:
    with client.stream("POST", "/v1/chat/completions", json={**ASKED, "stream": True}) as response:
        assert response.status_code == 200
        yield response.iter_lines()


def test_a_silent_stream_shows_that_it_lives_and_then_goes_on(client: httpx.Client, model: SlowModel) -> None:
    model.again(says=True)
    with streaming(client) as lines:
        while not next(lines).startswith(":"):
            pass
        model.go_on.set()
        data = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
    assert data[-1]["choices"][0]["finish_reason"] == "stop"
    assert data[-1]["mundap"]["citations"]


@pytest.mark.parametrize("says", [True, False], ids=["amid the answer", "before the first word"])
def test_the_model_is_stopped_when_the_reader_of_a_stream_leaves(
    client: httpx.Client, model: SlowModel, says: bool
) -> None:
    model.again(says)
    with streaming(client) as lines:
        next(lines)
        assert model.asked.wait(10)
    assert model.left.wait(10)


def test_the_model_is_stopped_when_the_asker_of_a_whole_answer_leaves(client: httpx.Client, model: SlowModel) -> None:
    model.again(says=True)
    with pytest.raises(httpx.ReadTimeout):
        client.post("/query", json={"query": ASKED["messages"][0]["content"]}, timeout=1.5)
    assert model.asked.is_set()
    assert model.left.wait(10)


def test_what_is_not_answered_in_time_is_cut_when_the_server_ends(
    serving: Serve, hashed_sample: MakeFiles, model: SlowModel, tmp_path: Path
) -> None:
    model.again(says=True)
    root = hashed_sample(tmp_path / "ws", settings(model, "shutdown_seconds = 1\n"))
    with (
        serving(root) as server,
        server.client.stream("POST", "/v1/chat/completions", json={**ASKED, "stream": True}) as said,
    ):
        lines = said.iter_lines()
        next(lines)
        assert model.asked.wait(10)
        server.process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        told = [line for line in lines if line.startswith("data: ")]
        assert "종료" in json.loads(told[-2].removeprefix("data: "))["error"]["message"]
        assert told[-1] == "data: [DONE]"
        assert server.process.wait(20) == 0
        assert time.monotonic() - began < 15
        assert model.left.wait(10)
    assert "Traceback" not in server.errors.read_text("utf-8")


def test_an_upload_that_breaks_off_or_is_cut_leaves_nothing_and_no_traceback(
    serving: Serve, hashed_sample: MakeFiles, model: SlowModel, tmp_path: Path
) -> None:
    root = hashed_sample(tmp_path / "ws", settings(model, "shutdown_seconds = 1\n"))
    head = (
        b"POST /documents HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        b'Content-Length: 1000\r\n\r\n--x\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n'
    )
    with serving(root) as server:
        port = server.client.base_url.port
        with socket.create_connection(("127.0.0.1", port)) as gone:
            gone.sendall(head)
            time.sleep(0.3)
        with socket.create_connection(("127.0.0.1", port)) as stays:
            stays.sendall(head)
            time.sleep(0.3)
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(20) == 0
    assert "Traceback" not in server.errors.read_text("utf-8")
    assert not list((root / "uploads").glob("*"))


def test_more_than_may_wait_are_told_to_come_again_and_are_answered_then(
    client: httpx.Client, model: SlowModel
) -> None:
    model.again(says=True)
    question = {"query": "이사화물 통관예약을 하면 뭐가 좋나요?"}
    answers: list[httpx.Response] = []
    threads = [threading.Thread(target=lambda: answers.append(client.post("/query", json=question))) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert model.asked.wait(10)
    time.sleep(0.5)  # for the other to wait in line
    refused = client.post("/query", json=question)
    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) >= 1
    assert client.get("/healthz").status_code == 200
    assert client.post("/search", json={"query": "연차"}).status_code == 200
    model.go_on.set()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [200, 200]
    assert client.post("/query", json=question).status_code == 200
