"""What was changed over HTTP and on the command line stands in the audit log, and nothing that anybody said."""

from __future__ import annotations

import json

import pytest
from tests.cli.conftest import HASHED, MakeBot, Run, Serve

pytest.importorskip("fastapi", reason="the extra serve is not installed")

from starlette.testclient import TestClient

from mundap.serve.app import make_app
from mundap.serve.keys import FILE, Keys


def test_changes_are_noted_with_who_and_what_came_of_them(serving: Serve, indexed: MakeBot, mundap: Run) -> None:
    root = indexed().root
    may = {"X-API-Key": mundap("keys", "add", "관리", "--role", "ask,read,write", workspace=root).out.strip()}
    less = {"X-API-Key": mundap("keys", "add", "손님", workspace=root).out.strip()}
    mundap("keys", "change", "손님", "--role", "ask,read", workspace=root)
    with serving(root) as server:
        client = server.client
        files = [("files", ("새글.txt", "주차권은 안내소에서 팝니다.".encode())), ("files", ("깨진.pdf", b"%PDF-x"))]
        uploaded = client.post("/documents", files=files, headers=may)
        [document] = client.get("/documents", params={"q": "새글"}, headers=may).json()["documents"]
        id = document["document_id"]
        assert client.delete(f"/documents/{id}", headers=less).status_code == 403
        assert client.delete(f"/documents/{id}", headers=may).status_code == 200
        client.post("/query", json={"query": "비밀 질문 010-1234-5678"}, headers=may)
    mundap("remove", "출장.txt", workspace=root)
    mundap("keys", "remove", "손님", workspace=root)
    text = (root / ".mundap" / "audit.jsonl").read_text("utf-8")
    noted = [json.loads(line) for line in text.splitlines()]
    told = [
        (line["who"], line["action"], *line["what"], line["result"]) for line in noted if line["address"] != "local"
    ]
    assert told == [
        ("관리", "upload", "uploads/새글.txt", "added"),
        ("관리", "upload", "uploads/깨진.pdf", "skipped"),
        ("손님", "delete", id, "refused"),
        ("관리", "delete", id, "uploads/새글.txt", "ok"),
    ]
    assert noted[3]["request_id"] == uploaded.headers["x-request-id"]
    local = [(line["action"], *line["what"]) for line in noted if line["address"] == "local"]
    assert local == [
        ("key add", "관리"),
        ("key add", "손님"),
        ("key change", "손님"),
        ("delete", "docs/출장.txt"),
        ("key remove", "손님"),
    ]
    assert "비밀 질문" not in text
    assert may["X-API-Key"] not in text


def test_what_is_refused_cannot_push_other_notes_out(indexed: MakeBot) -> None:
    bot = indexed(config=f"{HASHED}[serve]\nper_minute = 5\n")
    key = Keys(bot.root / ".mundap" / FILE).add("홈페이지")
    with TestClient(make_app(bot, bot.config.serve), headers={"X-API-Key": key}) as client:
        said = [client.delete(f"/documents/{n}").status_code for n in range(40)]
    assert set(said) == {403, 429}
    assert len((bot.root / ".mundap" / "audit.jsonl").read_text("utf-8").splitlines()) <= said.count(403) < 10
