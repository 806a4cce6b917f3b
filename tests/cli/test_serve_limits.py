"""What one client may take of a server: connections, time, and lines in the log. Others are answered meanwhile."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest
from tests.at_length import AT_LENGTH
from tests.cli.conftest import MakeBot, Serve, Server

pytest.importorskip("fastapi", reason="the extra serve is not installed")

SETTINGS = """[index]
encoder = "hashed"
[serve]
header_seconds = 2
body_seconds = 2
half_open = 16
connections = 100
"""
HALVES = {
    "nothing": b"",
    "half a header": b"POST /query HTTP/1.1\r\nHost: localhost\r\nContent-",
    "half a body": b"POST /query HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{",
    "half an upload": b"POST /documents HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n"
    b"Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n",
}


@pytest.fixture(scope="module")
def server(serving: Serve, indexed_once: Path) -> Iterator[Server]:
    with serving(indexed_once) as server:
        assert server.client.get("/readyz").status_code == 200
        yield server


@pytest.fixture(scope="module")
def indexed_once(office: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    import shutil

    root = shutil.copytree(office, tmp_path_factory.mktemp("limits") / "ws")
    (root / "mundap.toml").write_text(SETTINGS, "utf-8")
    return root


def connected(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.client.base_url.port), timeout=20)


@pytest.mark.parametrize("half", HALVES.values(), ids=HALVES)
def test_half_requests_end_and_stop_nobody_meanwhile(server: Server, half: bytes) -> None:
    with ExitStack() as held:
        for _ in range(300):
            try:
                one = held.enter_context(connected(server))
                one.sendall(half)
            except OSError:  # closed for the sake of others
                continue
        time.sleep(1.2)
        began = time.monotonic()
        with httpx.Client(base_url=server.address, timeout=20) as other:
            for _ in range(5):
                assert other.post("/search", json={"query": "연차"}).status_code == 200
        assert time.monotonic() - began < 10
        last = held.enter_context(connected(server))
        last.sendall(half)
        said = b""
        while part := last.recv(4096):
            said += part
        assert said == b"" or b" 408 " in said.split(b"\r\n")[0]


def test_a_body_that_keeps_coming_may_take_longer(server: Server) -> None:
    body = json.dumps({"query": "연차", "filters": {"source": ["x" * 900] * 90}}).encode()
    head = f"POST /search HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    with connected(server) as one:
        one.sendall(head.encode())
        step = len(body) // 6 + 1
        for start in range(0, len(body), step):
            one.sendall(body[start : start + step])
            time.sleep(0.5)
        assert b" 404 " in one.recv(4096).split(b"\r\n")[0]  # read to its end, and no such source


def test_an_idle_connection_is_kept_for_its_next_request(server: Server) -> None:
    with httpx.Client(base_url=server.address, timeout=20) as client:
        client.get("/healthz")
        time.sleep(3)  # longer than a header may take
        assert client.get("/healthz").status_code == 200


def test_who_asks_for_a_web_socket_is_answered_as_anybody(server: Server) -> None:
    with connected(server) as one:
        one.sendall(
            b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        assert b" 200 " in one.recv(4096).split(b"\r\n")[0]


def test_lines_that_repeat_are_counted(server: Server) -> None:
    before = len(server.errors.read_text("utf-8").splitlines())
    for _ in range(100):
        server.client.post("/search", json={"query": "연차"}, headers={"Origin": "https://evil.example"})
    time.sleep(0.3)
    lines = server.errors.read_text("utf-8").splitlines()[before:]
    assert sum(json.loads(line).get("status") == 403 for line in lines) == 1


def kept(pid: int) -> tuple[int, int, int]:
    """The megabytes that a process holds, its open files but those of segments, and how many segments it has open."""
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    [held] = [int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon")]
    files = []
    for one in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            files.append(str(one.readlink()))
    segments = [file for file in files if "/index/segments/" in file]
    return held >> 10, len(files) - len(segments), len({file.split("/index/segments/")[1][:16] for file in segments})


LONG = [pytest.mark.slow, pytest.mark.skipif(not AT_LENGTH, reason="minutes long: make slow")]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
@pytest.mark.parametrize("count", [500, pytest.param(10_000, marks=LONG)])
def test_memory_and_descriptors_stay_flat(serving: Serve, indexed: MakeBot, count: int) -> None:
    root = indexed(config='[index]\nencoder = "hashed"\n[serve]\nper_minute = 0\n').root
    question = "연차는 언제 소멸되나요?"

    def ask(client: httpx.Client, n: int) -> None:
        said = {"messages": [{"role": "user", "content": question}]}
        match n % 10:
            case 0:
                client.post("/search", json={"query": f"{n}번 출장비", "top_k": 5})
            case 1:
                client.post("/query", json={"query": question, "session": f"{n}"})
            case 2:
                assert client.post("/v1/chat/completions", json={**said, "stream": True}).text.endswith("[DONE]\n\n")
            case 3:
                with client.stream("POST", "/v1/chat/completions", json={**said, "stream": True}):
                    pass  # and leaves
            case 4:
                client.post("/query", content=b'{"query": ')
            case 5:
                client.get(f"/passages/{n}")
            case 6:
                client.get("/graph", params={"word": f"연차 {n}"})
            case 7:
                client.post("/feedback", json={"request_id": f"none-{n}", "verdict": "up"})
            case 8:
                client.get("/documents")
            case 9 if n % 50 == 9:
                client.post("/documents", files=[("files", (f"{n % 3}.txt", f"{n}번 글입니다.".encode()))])

    with serving(root) as server:
        warm = count // 4
        for n in range(warm):
            ask(server.client, n)
        before = kept(server.process.pid)
        for n in range(warm, count):
            ask(server.client, n)
        after = kept(server.process.pid)
    assert after[0] - before[0] <= 40, (before, after)
    assert after[1] - before[1] <= 16, (before, after)
    assert after[2] <= 16, (before, after)  # two sizes of them, and those that a question still reads
