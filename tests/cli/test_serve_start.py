"""A server starts after any crash: what was taken in and not indexed is indexed behind it, and the rest is found meanwhile."""

from __future__ import annotations

import time

import httpx
from tests.cli.conftest import LEAVE, MakeFiles, Run, Serve

QUESTION = "연차는 언제 소멸되나요?"
NEW = "# 주차\n\n## 요금\n\n주차 요금은 한 시간에 3,000원입니다.\n"


def ready(client: httpx.Client, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while client.get("/readyz").status_code != 200:
        assert time.monotonic() < end, client.get("/readyz").text
        time.sleep(0.1)


def found(client: httpx.Client, words: str, text: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while text not in client.post("/search", json={"query": words}).text:
        assert time.monotonic() < end
        time.sleep(0.1)


def test_what_was_taken_in_and_not_indexed_is_indexed_behind_the_server(
    mundap: Run, serving: Serve, fresh: MakeFiles
) -> None:
    root = fresh(LEAVE)
    assert mundap("ingest", workspace=root).code == mundap("index", workspace=root).code == 0
    (root / "docs" / "주차.md").write_text(NEW, "utf-8")
    assert mundap("ingest", workspace=root).code == 0  # and it ended here
    with serving(root) as server:
        ready(server.client, 20)
        assert "소멸" in server.client.post("/query", json={"query": QUESTION}).json()["response"]
        found(server.client, "주차 요금", "3,000원")
    assert mundap("search", "주차 요금", workspace=root).code == 0


def test_without_any_index_it_becomes_ready_by_itself(mundap: Run, serving: Serve, fresh: MakeFiles) -> None:
    root = fresh(LEAVE)
    assert mundap("ingest", workspace=root).code == 0
    with serving(root) as server:
        ready(server.client)
        assert "소멸" in server.client.post("/query", json={"query": QUESTION}).json()["response"]


def test_what_is_uploaded_and_deleted_meanwhile_waits_for_its_turn(
    mundap: Run, serving: Serve, fresh: MakeFiles
) -> None:
    many = {f"규정{n}.md": f"# {n}번 규정\n\n" + "\n\n".join(_rule(n, m) for m in range(25)) for n in range(25)}
    root = fresh(LEAVE | many)
    assert mundap("ingest", workspace=root).code == 0
    with serving(root) as server:
        listed = server.client.get("/documents", params={"q": "규정7.md"}).json()["documents"]
        while (waits := _writes(server.client)) == 0:  # until what was left over is being indexed
            time.sleep(0.01)
        assert waits == 1
        sent = server.client.post("/documents", files={"files": ("주차.md", NEW.encode())})
        assert sent.status_code == 200, sent.text
        gone = server.client.delete(f"/documents/{listed[0]['document_id']}")
        assert gone.status_code == 200, gone.text
        found(server.client, "주차 요금", "3,000원")
        assert "규정7.md" not in server.client.post("/search", json={"query": _rule(7, 3)}).text


def test_an_end_meanwhile_is_not_waited_for(mundap: Run, serving: Serve, fresh: MakeFiles) -> None:
    many = {f"규정{n}.md": f"# {n}번 규정\n\n" + "\n\n".join(_rule(n, m) for m in range(60)) for n in range(60)}
    root = fresh(LEAVE | many)
    assert mundap("ingest", workspace=root).code == 0
    with serving(root) as server:
        while _writes(server.client) == 0:
            time.sleep(0.01)
        server.process.terminate()
        assert server.process.wait(60) == 0
        assert not (root / ".mundap" / "index" / "CURRENT").exists()


def _rule(n: int, m: int) -> str:
    return f"{n}번 규정의 {m}조는 {n * m + 3}호실에서 {m % 24}시부터 처리하며 서류 {n + m}종이 필요합니다."


def _writes(client: httpx.Client) -> int:
    lines = client.get("/metrics").text.splitlines()
    return int(next(float(line.split()[1]) for line in lines if line.startswith("mundap_writes_working ")))


def test_an_empty_workspace_is_told_to_be_empty(serving: Serve, fresh: MakeFiles) -> None:
    with serving(fresh({})) as server:
        assert server.client.get("/readyz").status_code == 503
        assert server.client.get("/healthz").status_code == 200
        sent = server.client.post("/documents", files={"files": ("주차.md", NEW.encode())})
        assert sent.status_code == 200, sent.text
        ready(server.client)
        found(server.client, "주차 요금", "3,000원")
