"""Small segments are merged while a real server answers and takes in documents."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import httpx
import pytest
from tests.cli.conftest import HASHED, LEAVE, Serve, make
from tests.waiting import until

from mundap.index.tiers import FACTOR
from mundap.workspace import Mundap

pytest.importorskip("fastapi", reason="the extra serve is not installed")

SECONDS = 120  # for a merge on a busy machine


def ready(root: Path) -> Mundap:
    bot = Mundap.open(make(root, LEAVE, HASHED))
    bot.ingest()
    bot.index()
    return bot


def said(number: int) -> str:
    return f"창고 {number}호는 오전 {number}시에 엽니다."


def upload(client: httpx.Client, number: int) -> int:
    given = [("files", (f"창고 {number}호.txt", said(number).encode()))]
    return client.post("/documents", files=given).status_code


def test_uploads_leave_few_segments_and_no_request_fails(serving: Serve, tmp_path: Path) -> None:
    bot = ready(tmp_path / "ws")
    numbers = range(1, FACTOR + 4)
    asked: list[int] = []
    done = threading.Event()
    with serving(bot.root) as server:

        def ask() -> None:
            with httpx.Client(base_url=server.address, timeout=60) as client:
                while not done.is_set():
                    asked.append(client.post("/search", json={"query": "창고는 언제 여나요?"}).status_code)
                    time.sleep(0.02)

        asking = threading.Thread(target=ask)
        asking.start()
        try:
            uploads = [upload(server.client, number) for number in numbers]
            until(lambda: len(bot.segments) < FACTOR, SECONDS)
            found = server.client.post("/search", json={"query": "창고 3호", "top_k": 20, "leg": "bm25"}).json()["hits"]
        finally:
            done.set()
            asking.join()
    assert set(uploads) == set(asked) == {200}
    assert {said(number) for number in numbers} <= {hit["text"] for hit in found}
    assert bot.damaged_files() == []


def test_a_server_that_is_killed_while_it_merges_loses_nothing(serving: Serve, tmp_path: Path) -> None:
    bot = ready(tmp_path / "ws")
    numbers = range(1, FACTOR + 2)
    with serving(bot.root) as server:
        assert {upload(server.client, number) for number in numbers} == {200}
        server.process.kill()  # what merges is killed with it, wherever it is
        server.process.wait()
    again = Mundap.open(bot.root)
    assert {said(number) for number in numbers} <= {hit.passage.text for hit in again.search("창고", k=20)}
    assert again.damaged_files() == []
    again.index()
    assert len(again.segments) < FACTOR
    assert not list((bot.root / ".mundap" / "index" / "segments").glob(".*"))
