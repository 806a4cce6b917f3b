"""Who may ask, what is said of it in the log and the figures, and how the server ends."""

from __future__ import annotations

import json
import re
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.cli.conftest import MakeBot, MakeFiles, Run, Serve, Server

pytest.importorskip("fastapi", reason="the extra serve is not installed")

QUESTION = {"query": "연차는 언제 소멸되나요?"}
SECRET = {"query": "제 번호는 010-1234-5678인데 연차는 언제 소멸되나요?"}
SETTINGS = """[index]
encoder = "hashed"
[serve]
per_minute = 20
log_text = true
body_kb = 16
cors_origins = ["https://help.example.com"]
"""


Guarded = tuple[Server, Path, str]


@pytest.fixture(scope="module")
def guarded(serving: Serve, office: Path, mundap: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """A server with keys, the workspace, and a key of it."""
    root = tmp_path_factory.mktemp("guarded") / "ws"
    shutil.copytree(office, root)
    (root / "mundap.toml").write_text(SETTINGS, "utf-8")
    key = mundap("keys", "add", "홈페이지", "--role", "ask,read", workspace=root).out.strip()
    with serving(root) as server:
        yield server, root, key


def lines(errors: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in errors.read_text("utf-8").splitlines()]


def test_a_key_is_shown_once_and_kept_as_a_hash(mundap: Run, fresh: MakeFiles) -> None:
    root = fresh()
    key = mundap("keys", "add", "가", "--json", workspace=root).row["key"]
    kept = root / ".mundap" / "keys.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert key not in kept.read_text("utf-8")
    assert [row["name"] for row in mundap("keys", "list", "--json", workspace=root).rows] == ["가"]
    assert mundap("keys", "add", "가", workspace=root).code == 1
    assert mundap("keys", "remove", "나", workspace=root).code == 1
    assert mundap("keys", "remove", "가", workspace=root).code == 0
    assert mundap("keys", "list", workspace=root).out == ""


def test_only_who_brings_a_key_is_answered(guarded: Guarded, mundap: Run) -> None:
    server, root, key = guarded
    client = server.client
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"X-API-Key": key[:-1]}, {"Authorization": key}):
        refused = client.post("/query", json=QUESTION, headers=headers)
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
        assert "mundap keys add" in refused.json()["detail"]
        assert client.get("/metrics", headers=headers).status_code == 401
    assert client.post("/v1/chat/completions", json={}).json()["error"]["type"] == "authentication_error"
    for headers in ({"Authorization": f"Bearer {key}"}, {"X-API-Key": key}):
        assert client.post("/query", json=QUESTION, headers=headers).status_code == 200
    assert client.get("/healthz").status_code == client.get("/readyz").status_code == 200
    second = {"X-API-Key": mundap("keys", "add", "둘째", workspace=root).out.strip()}
    assert client.get("/v1/models", headers=second).status_code == 200
    mundap("keys", "remove", "둘째", workspace=root)
    assert client.get("/v1/models", headers=second).status_code == 401


def test_every_path_but_those_of_balancers_needs_a_key(guarded: Guarded) -> None:
    client, key = guarded[0].client, {"X-API-Key": guarded[2]}
    paths = client.get("/openapi.json", headers=key).json()["paths"]
    asked = [("GET", "/docs"), ("GET", "/openapi.json"), ("GET", "/nowhere"), ("OPTIONS", "/documents")]
    asked += [(verb.upper(), path) for path, verbs in paths.items() for verb in verbs]
    answered = {path for verb, path in asked if client.request(verb, path).status_code != 401}
    assert len(asked) > 20
    assert answered == {"/healthz", "/readyz"}


def test_a_key_may_not_ask_too_often(guarded: Guarded, mundap: Run) -> None:
    server, root, _ = guarded
    headers = {"X-API-Key": mundap("keys", "add", "잦은 손님", workspace=root).out.strip()}
    asked = [server.client.get("/v1/models", headers=headers) for _ in range(25)]
    refused = next(one for one in asked if one.status_code == 429)
    assert 1 <= int(refused.headers["retry-after"]) <= 3
    assert sum(one.status_code == 200 for one in asked) >= 20


def test_too_large_a_body_is_refused_whether_it_says_its_length_or_not(guarded: Guarded) -> None:
    server, _, key = guarded
    headers = {"X-API-Key": key, "Content-Type": "application/json"}
    body = json.dumps({"query": "가", "session": "x" * 20_000}).encode()
    for content in (body, iter([body[:9000], body[9000:]])):
        refused = server.client.post("/query", content=content, headers=headers)
        assert refused.status_code == 413
        assert refused.json()["request_id"]


def test_pages_of_listed_sites_may_ask_from_a_browser(guarded: Guarded) -> None:
    client = guarded[0].client
    ask = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    allowed = client.options("/query", headers={"Origin": "https://help.example.com", **ask})
    assert allowed.headers["access-control-allow-origin"] == "https://help.example.com"
    refused = client.options("/query", headers={"Origin": "https://evil.example", **ask})
    assert "access-control-allow-origin" not in refused.headers


def until(look: Callable[[], Any]) -> Any:
    """What `look` sees as soon as that is something, or at last."""
    end = time.monotonic() + 10
    while not (seen := look()) and time.monotonic() < end:
        time.sleep(0.05)
    return seen


def test_the_log_has_a_line_for_each_request_without_personal_numbers(guarded: Guarded) -> None:
    server, _, key = guarded
    name = "log-test-0001"
    server.client.post("/query", json=SECRET, headers={"X-API-Key": key, "X-Request-ID": name})
    [line] = until(lambda: [line for line in lines(server.errors) if line.get("request_id") == name])
    assert (line["method"], line["route"], line["status"], line["key"]) == ("POST", "/query", 200, "홈페이지")
    assert line["question"] == "제 번호는 [전화번호]인데 연차는 언제 소멸되나요?"
    assert line["ms"] >= line["timings"]["retrieve_ms"] > 0
    assert line["abstained"] is False
    assert key not in server.errors.read_text("utf-8")


def test_the_figures_count_what_was_asked(guarded: Guarded) -> None:
    server, _, key = guarded
    headers = {"X-API-Key": key}

    def figures(*names: str) -> list[float]:
        """Of one page: the key may ask so often and no more."""
        page = server.client.get("/metrics", headers=headers).text
        found = [re.search(rf"^{re.escape(name)} (\S+)$", page, re.MULTILINE) for name in names]
        return [float(one[1]) if one else 0.0 for one in found]

    names = (
        'mundap_answers_total{outcome="answered"}',
        'mundap_answers_total{outcome="abstained"}',
        'mundap_stage_seconds_count{stage="retrieve"}',
        'mundap_requests_total{method="POST",route="/v1/chat/completions",status="200"}',
        "mundap_first_text_seconds_count",
    )
    before = figures(*names)
    for text in (QUESTION["query"], "화성의 위성은 몇 개인가요?"):
        body = {"messages": [{"role": "user", "content": text}], "stream": True}
        assert "data: [DONE]" in server.client.post("/v1/chat/completions", json=body, headers=headers).text
    after = [old + more for old, more in zip(before, [1, 1, 2, 2, 2], strict=True)]
    assert until(lambda: figures(*names) == after)  # a request is counted when its answer has gone
    characters, *now, held = figures(
        "mundap_answer_characters_total",
        "mundap_answers_working",
        "mundap_answers_waiting",
        "process_resident_memory_bytes",
    )
    assert characters > 0
    assert now == [0, 0]
    assert held > 1e7


def test_without_keys_only_this_machine_and_its_own_pages_may_ask(serving: Serve, office: Path) -> None:
    with serving(office) as server:
        client, own = server.client, server.address
        for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
            assert client.post("/query", json=QUESTION, headers=headers).status_code == 403
        port = own.rpartition(":")[2]
        for headers in ({"Host": f"localhost:{port}"}, {"Host": f"[::1]:{port}"}, {"Origin": own}):
            assert client.post("/query", json=QUESTION, headers=headers).status_code == 200
        [line] = [line for line in lines(server.errors) if line.get("route") == "/query" and line["status"] == 200][:1]
        assert "question" not in line


def test_it_is_not_opened_to_others_without_a_key(serving: Serve, mundap: Run, indexed: MakeBot) -> None:
    root = indexed().root
    outside = mundap("serve", "--host", "0.0.0.0", workspace=root)
    assert outside.code == 1
    assert "mundap keys add" in outside.err
    with serving(root, "--host", "0.0.0.0", "--insecure") as server:
        port = server.address.rpartition(":")[2]
        assert httpx.post(f"http://127.0.0.1:{port}/query", json=QUESTION, timeout=60).status_code == 200


def test_it_ends_in_good_order_and_finishes_what_it_was_asked(serving: Serve, office: Path, tmp_path: Path) -> None:
    root = tmp_path / "ws"
    shutil.copytree(office, root)
    (root / "mundap.toml").write_text(SETTINGS.replace("[serve]", "[serve]\ndrain_seconds = 1.5"), "utf-8")
    for sign in (signal.SIGTERM, signal.SIGINT):
        with serving(root) as server:
            client = server.client
            assert client.get("/readyz").status_code == 200
            server.process.send_signal(sign)
            if sign == signal.SIGTERM:
                assert httpx.get(f"{server.address}/readyz").status_code == 503
                assert client.post("/query", json=QUESTION).status_code == 200
            assert server.process.wait(20) == 0
            with pytest.raises(httpx.TransportError):
                httpx.get(f"{server.address}/healthz")
            assert "Traceback" not in server.errors.read_text("utf-8")


def test_a_new_index_drops_no_request(serving: Serve, indexed: MakeBot, mundap: Run) -> None:
    root = indexed().root
    statuses: list[int] = []
    whole: list[bool] = []
    done = threading.Event()

    def ask(address: str) -> None:
        body = {"messages": [{"role": "user", "content": QUESTION["query"]}], "stream": True}
        with httpx.Client(base_url=address, timeout=60) as client:
            while not done.is_set():
                said = client.post("/v1/chat/completions", json=body)
                statuses.append(said.status_code)
                whole.append(said.text.endswith("data: [DONE]\n\n"))

    with serving(root) as server:
        assert server.client.get("/readyz").status_code == 200
        threads = [threading.Thread(target=ask, args=(server.address,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        try:
            for n in range(3):
                (root / "docs" / f"새글{n}.txt").write_text(f"주차권 {n}은 안내소에서 팝니다.", "utf-8")
                for verb in ("ingest", "index"):
                    assert mundap(verb, workspace=root).code == 0
        finally:
            done.set()
            for thread in threads:
                thread.join()
        hits = server.client.post("/search", json={"query": "주차권 2", "leg": "bm25"}).json()["hits"]
    assert hits[0]["text"] == "주차권 2은 안내소에서 팝니다."
    assert len(statuses) > 20
    assert set(statuses) == {200}
    assert all(whole)
