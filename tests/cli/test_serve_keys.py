"""Keys as walls: what belongs to one is out of reach for the others, and each may do and use up only what it was given."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.cli.conftest import MakeBot, MakeFiles, Run, Serve, Server

pytest.importorskip("fastapi", reason="the extra serve is not installed")

LEAVE = "연차는 언제 소멸되나요?"
FOLLOW = "그럼 며칠 받나요?"
SETTINGS = '[index]\nencoder = "hashed"\n[serve]\nper_minute = 1000\n'


class Door:
    """A server whose workspace has keys, and clients by the names of their keys."""

    def __init__(self, server: Server, root: Path, mundap: Run) -> None:
        self.server = server
        self.root = root
        self._mundap = mundap

    def key(self, name: str, *options: object) -> str:
        done = self._mundap("keys", "add", name, *options, workspace=self.root)
        assert done.code == 0, done.err
        return str(done.out).strip()

    def client(self, name: str, *options: object) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.key(name, *options)}"}
        return httpx.Client(base_url=self.server.address, timeout=60, headers=headers)


@pytest.fixture(scope="module")
def door(serving: Serve, office: Path, mundap: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    root = tmp_path_factory.mktemp("keys") / "ws"
    shutil.copytree(office, root)
    (root / "mundap.toml").write_text(SETTINGS, "utf-8")
    assert mundap("keys", "add", "처음", workspace=root).code == 0
    with serving(root) as server:
        yield Door(server, root, mundap)


def ask(client: httpx.Client, question: str, **more: object) -> dict[str, Any]:
    said = client.post("/query", json={"query": question, **more})
    assert said.status_code == 200, said.text
    found: dict[str, Any] = said.json()
    return found


def test_a_session_is_continued_only_by_the_key_that_began_it(door: Door) -> None:
    with door.client("대화 하나") as one, door.client("대화 둘") as two:
        ask(one, LEAVE, session="같은 이름")
        leaning = ask(one, FOLLOW, session="같은 이름")
        alone = ask(two, FOLLOW, session="새 이름")
        assert "연차" in leaning["hits"][0]["text"]
        assert leaning["hits"] != alone["hits"]
        assert ask(two, FOLLOW, session="같은 이름")["hits"] == alone["hits"]
        assert ask(one, FOLLOW, session="같은 이름")["hits"] == leaning["hits"]


def test_a_vote_is_only_for_the_key_that_asked(door: Door) -> None:
    with door.client("표 하나") as one, door.client("표 둘") as two:
        vote = {"request_id": ask(one, LEAVE)["request_id"], "verdict": "down"}
        refused = two.post("/feedback", json=vote)
        unknown = two.post("/feedback", json={**vote, "request_id": "nobody-asked-this"})
        assert refused.status_code == unknown.status_code == 404
        assert refused.json()["detail"].replace(vote["request_id"], "") == unknown.json()["detail"].replace(
            "nobody-asked-this", ""
        )
        assert one.post("/feedback", json=vote).status_code == 201


def test_a_key_that_is_made_anew_inherits_nothing(door: Door, mundap: Run) -> None:
    with door.client("이어받기") as before:
        vote = {"request_id": ask(before, LEAVE, session="s")["request_id"], "verdict": "up"}
    assert mundap("keys", "remove", "이어받기", workspace=door.root).code == 0
    with door.client("이어받기") as after:
        assert after.post("/feedback", json=vote).status_code == 404


def test_a_request_never_gets_the_name_of_one_of_another_key(door: Door) -> None:
    with door.client("이름 하나") as one, door.client("이름 둘") as two:
        named = {"X-Request-ID": "chosen-by-a-client"}
        first = one.post("/query", json={"query": LEAVE}, headers=named)
        again = one.post("/query", json={"query": LEAVE}, headers=named)
        assert first.json()["request_id"] == again.headers["x-request-id"] == "chosen-by-a-client"
        other = two.post("/query", json={"query": LEAVE}, headers=named)
        assert other.json()["request_id"] == other.headers["x-request-id"] != "chosen-by-a-client"
        keyless = httpx.get(f"{door.server.address}/v1/models", headers=named)
        assert keyless.headers["x-request-id"] != "chosen-by-a-client"


CALLS = {
    "ask": [("POST", "/query"), ("POST", "/search"), ("GET", "/v1/models"), ("GET", "/settings"), ("GET", "/docs")],
    "read": [("GET", "/documents"), ("HEAD", "/documents"), ("GET", "/reports"), ("GET", "/metrics")],
    "write": [("POST", "/documents"), ("DELETE", "/documents/none"), ("PUT", "/documents")],
}


@pytest.mark.parametrize("roles", ["", "ask", "read", "write", "ask,write", "admin"])
def test_a_key_may_do_what_its_roles_say_and_no_more(door: Door, roles: str) -> None:
    given = [part for role in roles.split(",") if role for part in ("--role", role)]
    may = set(roles.split(",")) if roles else {"ask"}
    with door.client(f"권한 {roles}", *given) as client:
        for role, calls in CALLS.items():
            for method, path in calls:
                said = client.request(method, path, json={"query": LEAVE} if method == "POST" else None)
                if role in may or "admin" in may:
                    assert said.status_code not in (401, 403), (roles, method, path)
                else:
                    assert said.status_code == 403, (roles, method, path)
                    assert method == "HEAD" or f"'{role}'" in said.text


DESK = {
    ("get", "/documents/{document_id}/passages"),
    *((verb, "/config") for verb in ("get", "patch")),
    *((verb, "/synonyms") for verb in ("get", "put")),
    *(("get", f"/{name}") for name in ("activity", "audit", "models", "sources", "questions/open", "questions/answered")),
    *(("post", f"/{name}") for name in ("erase", "erase/older", "questions", "synonyms/effect")),
    ("post", "/questions/open/{id}/close"),
    ("delete", "/questions/answered/{id}"),
    ("post", "/sources/{name}/sync"),
}  # fmt: skip


def test_every_path_that_alters_or_lists_documents_is_behind_a_role(door: Door) -> None:
    with door.client("명세") as client:
        paths = client.get("/openapi.json").json()["paths"]
        refused = {
            (verb, path)
            for path, verbs in paths.items()
            for verb in verbs
            if client.request(verb.upper(), path.replace("{", "").replace("}", "")).status_code == 403
        }
    listing = {("get", "/documents"), ("get", "/reports"), ("get", "/reports/{run}"), ("get", "/reports/{run}.json")}
    altering = {("post", "/documents"), ("delete", "/documents/{document_id}")}
    whole = {("get", "/passages/{passage_id}/file")}  # unless `[ui] download` is on
    assert refused == {*listing, *altering, *whole, *DESK, ("get", "/metrics")}


def test_an_unknown_role_is_refused_with_those_there_are(mundap: Run, fresh: MakeFiles) -> None:
    root = fresh()
    wrong = mundap("keys", "add", "가", "--role", "root", workspace=root)
    assert wrong.code == 1
    assert all(role in wrong.err for role in ("ask", "read", "write", "admin"))
    assert mundap("keys", "list", workspace=root).out == ""


def test_rights_are_changed_without_a_new_key(door: Door, mundap: Run) -> None:
    with door.client("승진") as client:
        assert client.get("/documents").status_code == 403
        changed = mundap("keys", "change", "승진", "--role", "ask,read", "--json", workspace=door.root)
        assert changed.row["roles"] == ["ask", "read"]
        assert client.get("/documents").status_code == 200
        assert mundap("keys", "change", "없는키", "--role", "read", workspace=door.root).code == 1


def test_a_key_of_before_there_were_roles_may_do_what_it_could(serving: Serve, indexed: MakeBot, mundap: Run) -> None:
    root = indexed().root
    key = mundap("keys", "add", "옛 키", workspace=root).out.strip()
    file = root / ".mundap" / "keys.json"
    former = [{name: row[name] for name in ("name", "digest", "added")} for row in json.loads(file.read_text("utf-8"))]
    file.write_text(json.dumps(former), "utf-8")
    [row] = mundap("keys", "list", "--json", workspace=root).rows
    assert row["roles"] == ["ask", "read", "write"]
    with serving(root) as server:
        server.client.headers["X-API-Key"] = key
        assert server.client.get("/documents").status_code == 200
        assert server.client.delete("/documents/none").status_code == 404


def test_tables_of_before_there_were_owners_are_read_on(serving: Serve, indexed: MakeBot) -> None:
    root = indexed().root
    with sqlite3.connect(root / ".mundap" / "corpus.sqlite") as db:
        for table in ("turns", "answers"):
            db.execute(f"DROP TABLE IF EXISTS {table}")
        db.execute("CREATE TABLE turns(id INTEGER PRIMARY KEY, session TEXT, question TEXT, answer TEXT)")
        db.execute(
            "CREATE TABLE answers(id INTEGER PRIMARY KEY, request_id TEXT NOT NULL, session TEXT,"
            " time TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ')), question TEXT NOT NULL, answer TEXT NOT NULL,"
            " abstained INTEGER NOT NULL, cited TEXT NOT NULL, shown TEXT NOT NULL, model TEXT NOT NULL)"
        )
        db.execute("INSERT INTO turns(session, question, answer) VALUES ('s', '연차는 언제 소멸되나요?', '2년')")
    with serving(root) as server:
        former = ask(server.client, FOLLOW, session="s")
        assert former["hits"] == ask(server.client, FOLLOW, session="t")["hits"]
        vote = {"request_id": former["request_id"], "verdict": "up"}
        assert server.client.post("/feedback", json=vote).status_code == 201


def test_each_key_has_its_own_limits(door: Door) -> None:
    limits = ("--per-minute", 4, "--role", "ask")
    with door.client("잦은", *limits) as often, door.client("드문") as rare:
        said = [often.get("/v1/models") for _ in range(6)]
        assert [one.status_code for one in said[:4]] == [200] * 4
        assert said[-1].status_code == 429
        assert int(said[-1].headers["retry-after"]) >= 1
        assert rare.get("/v1/models").status_code == 200
    with door.client("하루", "--per-day", 2) as daily:
        said = [daily.get("/v1/models") for _ in range(3)]
        assert [one.status_code for one in said] == [200, 200, 429]
        assert 1 <= int(said[-1].headers["retry-after"]) <= 86_400


def test_a_key_uploads_only_so_much_and_so_many(door: Door) -> None:
    def put(client: httpx.Client, name: str, text: str) -> httpx.Response:
        return client.post("/documents", files=[("files", (name, text.encode()))])

    with door.client("올리기", "--role", "write,read", "--documents", 1) as client:
        assert put(client, "한도 하나.txt", "주차권은 안내소에서 팝니다.").json()["added"] == 1
        refused = put(client, "한도 둘.txt", "분실물은 안내소에 있습니다.")
        assert (refused.status_code, "1개" in refused.json()["detail"]) == (403, True)
        assert put(client, "한도 하나.txt", "주차권은 정문에서 팝니다.").json()["updated"] == 1
        [kept] = client.get("/documents", params={"q": "한도"}).json()["documents"]
        assert client.delete(f"/documents/{kept['document_id']}").status_code == 200
        assert put(client, "한도 둘.txt", "분실물은 안내소에 있습니다.").json()["added"] == 1
    with door.client("크기", "--role", "write", "--upload-mb", 1) as client:
        assert put(client, "깨진.pdf", "%PDF-" + "x" * 600_000).status_code == 200  # what is not kept was sent, too
        assert put(client, "또 깨진.pdf", "%PDF-" + "x" * 600_000).status_code == 429


def test_wrong_keys_are_answered_later_and_later_and_the_right_one_at_once(
    serving: Serve, office: Path, mundap: Run, tmp_path: Path
) -> None:
    root = shutil.copytree(office, tmp_path / "ws")
    right = {"X-API-Key": mundap("keys", "add", "가", workspace=root).out.strip()}
    with serving(root) as server:
        server.client.get("/v1/models", headers=right)
        took = []
        for n in range(8):
            began = time.monotonic()
            assert server.client.get("/v1/models", headers={"X-API-Key": f"guess-{n}"}).status_code == 401
            took.append(time.monotonic() - began)
        assert took[-1] > 0.5
        began = time.monotonic()
        assert server.client.get("/v1/models", headers=right).status_code == 200
        assert time.monotonic() - began < took[-1]


def test_keys_that_are_made_at_once_are_all_kept(command: str, fresh: MakeFiles, mundap: Run) -> None:
    root = fresh()
    names = [f"key-{n}" for n in range(6)]
    made = [
        subprocess.Popen([command, "keys", "add", name, "--workspace", str(root)], stdout=subprocess.PIPE)
        for name in names
    ]
    for process in made:
        assert process.stdout is not None
        process.communicate(timeout=120)
        assert process.returncode == 0
    assert [row["name"] for row in mundap("keys", "list", "--json", workspace=root).rows] == names
