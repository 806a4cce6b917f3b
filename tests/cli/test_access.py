"""Nobody finds, reads, counts or is shown what is not for them, over whatever path they ask."""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unicodedata import normalize

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.cli.conftest import HASHED, MakeBot, MakeFiles, Run, Serve, make

from mundap.errors import Rejected, UnknownName
from mundap.graph.around import KEYWORD
from mundap.mcp.tools import neighbours
from mundap.workflows import review
from mundap.workflows.neighbourhood import neighbourhood
from mundap.workspace import Mundap
from mundap.workspace.staff_answers import StaffAnswer

pytest.importorskip("fastapi", reason="the extra serve is not installed")

from starlette.testclient import TestClient

from mundap.serve.app import make_app
from mundap.serve.asker import holder
from mundap.serve.keys import FILE, Keys

TAGS = ("인사", "재무", "임원")
TOPICS = ("연차 휴가", "출장비 정산", "주차장 이용", "보안 점검")
CONFIG = '[index]\nencoder = "hashed"\n[generate]\nmin_support = 0\n[retrieve]\nlegs = ["bm25", "dense", "graph"]\n'
CONFIG += '[graph]\nenabled = true\n[serve]\nper_minute = 0\n[access.folders]\n"docs/closed" = ["임원"]\n'
CODE = re.compile(r"Q[A-Z]\d{4}")


@dataclass(frozen=True)
class Piece:
    """A document, or a row of the sheet, whose every text has a code of its own; `by` is how it got its tags."""

    topic: str
    tags: frozenset[str]
    by: str

    def seen_by(self, tags: frozenset[str]) -> bool:
        return not self.wanted or bool(self.wanted & tags)

    @property
    def wanted(self) -> frozenset[str]:
        return frozenset(["임원"]) if self.by == "folder" else self.tags


pieces = st.lists(
    st.builds(
        Piece,
        st.sampled_from(TOPICS),
        st.frozensets(st.sampled_from(TAGS), max_size=2),
        st.sampled_from(["sidecar", "folder", "row", "upload"]),
    ),
    min_size=2,
    max_size=7,
)
askers = st.frozensets(st.sampled_from(TAGS), max_size=2)


def workspace(root: Path, given: list[Piece]) -> Mundap:
    docs = root / "docs"
    (docs / "closed").mkdir(parents=True)
    (root / "mundap.toml").write_text(CONFIG, "utf-8")
    rows = ["질문,제시문,답변,출처,접근태그"]
    uploads: dict[str, tuple[Path, frozenset[str]]] = {}
    bot = Mundap.open(root)
    incoming = bot.uploads.incoming()
    for n, one in enumerate(given):
        text = f"{one.topic} 담당 코드는 QX{n:04}입니다. {one.topic} 신청은 QY{n:04} 양식으로 합니다."
        if one.by == "row":
            asked = f"{one.topic} 코드 QA{n:04}는 무엇인가요?"
            rows.append(f'{asked},"{text}",QB{n:04}입니다.,출처 QS{n:04},"{",".join(sorted(one.tags))}"')
            continue
        name = f"{one.topic.split()[0]} QF{n:04}.md"
        body = f"# {one.topic} QT{n:04}\n\n{text}\n"
        if one.by == "upload":
            uploads[name] = incoming.folder / name, one.tags
            uploads[name][0].write_text(body, "utf-8")
            continue
        file = docs / ("closed" if one.by == "folder" else "") / name
        file.write_text(body, "utf-8")
        if one.by == "sidecar" and one.tags:
            file.with_name(f"{name}.access").write_text("\n".join(one.tags), "utf-8")
    if len(rows) > 1:
        (docs / "문답.csv").write_text("\n".join(rows) + "\n", "utf-8")
    bot.ingest()
    for name, (file, tags) in uploads.items():
        bot.upload({name: file}, access=tags)
    incoming.close()
    bot.index()
    return bot


def everything(client: TestClient, ids: list[str]) -> Iterator[str]:
    """The text of whatever the API answers that might tell of documents."""
    for question in [
        *TOPICS,
        "담당 코드는 무엇인가요?",
        "신청 양싴은?",
        "안녕하세요",
        "연차 휴가는요? 그리고 주차장은요?",
    ]:
        yield client.post("/query", json={"query": question, "session": "s"}).text
        for leg in ("bm25", "dense", "graph", "hybrid"):
            yield client.post("/search", json={"query": question, "leg": leg, "top_k": 50}).text
        chat = {"messages": [{"role": "user", "content": question}]}
        yield client.post("/v1/chat/completions", json=chat).text
        yield client.post("/v1/chat/completions", json={**chat, "stream": True}).text
        yield client.get("/graph", params={"word": question, "hops": 2}).text
    yield client.post("/kullm", json={"prompt": TOPICS[0]}).text
    yield client.post("/keywords", json={"prompt": TOPICS[0]}).text
    for filters in ({"없는열": ["x"]}, {"source": ["x"]}, {"title": ["x"]}, {"suffix": ["x"]}, {"access": ["임원"]}):
        yield client.post("/search", json={"query": TOPICS[0], "filters": filters}).text
    for path in ("/documents?limit=1000", "/documents?q=Q", "/settings", "/metrics", "/readyz", "/reports"):
        yield client.get(path).text
    for path in ("/questions/open", "/questions/answered", "/synonyms", "/sources", "/models", "/activity", "/audit"):
        yield client.get(path).text
    for one in client.get("/documents?limit=1000").json().get("documents", ()):
        yield client.get(f"/documents/{one['document_id']}/passages").text
    for id in ids:
        yield client.get(f"/passages/{id}").text
        yield client.post("/feedback", json={"request_id": "none", "verdict": "up", "passage_id": id}).text


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(pieces, askers)
def test_nothing_that_is_forbidden_is_in_any_response(given: list[Piece], tags: frozenset[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        bot = workspace(Path(folder), given)
        keys = Keys(bot.root / ".mundap" / FILE)
        roles = ("ask", "read", "write")
        client_key, admin = keys.add("누구", roles, tags), keys.add("관리", ("admin",))
        ids = bot.corpus.ids()
        hidden = {f"{n:04}" for n, one in enumerate(given) if not one.seen_by(tags)}
        with TestClient(make_app(bot, bot.config.serve), headers={"X-API-Key": client_key}) as client:
            for topic in TOPICS:  # which the work list may not tell the others of
                answered = client.post("/query", json={"query": topic}, headers={"X-API-Key": admin}).json()
                bad = {"request_id": answered["request_id"], "verdict": "down", "comment": answered["response"]}
                assert client.post("/feedback", json=bad, headers={"X-API-Key": admin}).status_code == 201
            for said in everything(client, ids):
                assert not hidden & {code[2:] for code in CODE.findall(said)}, said
            listed = client.get("/documents", params={"limit": 1000}).json()
            whole = client.get("/documents", params={"limit": 1000}, headers={"X-API-Key": admin}).json()
            visible = {document["document_id"] for document in listed["documents"]}
            for document in whole["documents"]:
                if document["document_id"] not in visible:
                    assert client.delete(f"/documents/{document['document_id']}").status_code == 404
            for n, one in enumerate(given):
                unknown = client.get("/graph", params={"word": "QX9999"}).json()
                asked = client.get("/graph", params={"word": f"QX{n:04}"}).json()
                if not one.seen_by(tags):
                    assert asked["found"] == unknown["found"]
                    assert len(asked["nodes"]) == len(unknown["nodes"])
            found = "".join(
                client.post("/search", json={"query": topic, "leg": "bm25", "top_k": 50}).text for topic in TOPICS
            )
        assert {f"QX{n:04}" for n, one in enumerate(given) if one.seen_by(tags)} <= set(CODE.findall(found))
        bot.corpus.close()


def test_tags_come_over_http_and_go_with_the_next_version(serving: Serve, indexed: MakeBot, mundap: Run) -> None:
    root = indexed().root
    rights = ("--role", "ask,read,write")
    own = {"X-API-Key": mundap("keys", "add", "인사", *rights, "--access", "인사팀", workspace=root).out.strip()}
    other = {"X-API-Key": mundap("keys", "add", "남", *rights, workspace=root).out.strip()}
    with serving(root) as server:
        client = server.client

        def put(headers: dict[str, str], text: str, **more: Any) -> httpx.Response:
            files = [("files", ("급여.txt", text.encode()))]
            return client.post("/documents", files=files, headers=headers, **more)

        def found(headers: dict[str, str]) -> str:
            return str(client.post("/search", json={"query": "급여일", "top_k": 50}, headers=headers).text)

        before = client.get("/documents", headers=other).json()["total"]
        assert put(own, "급여일은 25일입니다.", data={"access": "인사팀, 임원"}).json()["added"] == 1
        assert "25일" in found(own)
        assert "25일" not in found(other)
        assert client.get("/documents", headers=other).json()["total"] == before
        refused = put(other, "급여일은 30일입니다.")
        assert refused.status_code == 403
        assert put(own, "급여일은 20일입니다.").json()["updated"] == 1
        assert "20일" not in found(other)
        assert put(own, "급여일은 10일입니다.", data={"access": ""}).json()["updated"] == 1
        assert "10일" in found(other)
        assert mundap("keys", "change", "남", "--access", "임원", workspace=root).code == 0
        assert put(own, "급여일은 7일입니다.", data={"access": "임원"}).status_code == 200
        assert "7일" in found(other)
        assert "7일" not in found(own)


def test_a_tag_file_hides_at_the_next_ingest_though_the_document_did_not_change(indexed: MakeBot) -> None:
    bot = indexed()
    assert bot.seen_by(()).search("출장비", leg="bm25")
    tags = bot.root / "docs" / "출장.txt.access"
    tags.write_text("총무\n", "utf-8")
    bot.ingest()
    assert not bot.seen_by(()).search("출장비", leg="bm25")
    assert bot.seen_by(["총무"]).search("출장비", leg="bm25")
    assert bot.search("출장비", leg="bm25")
    tags.unlink()
    bot.ingest()
    assert bot.seen_by(()).search("출장비", leg="bm25")


def test_who_has_other_groups_besides_sees_the_same_and_costs_nothing(indexed: MakeBot) -> None:
    """As people of a large office have, each others."""
    bot = indexed()
    for n in range(60):
        (bot.root / "docs" / f"부서{n}.txt").write_text(f"{n}번 부서의 회의는 {n}시입니다.", "utf-8")
        (bot.root / "docs" / f"부서{n}.txt.access").write_text(f"부서{n}", "utf-8")
    bot.ingest()
    bot.index()
    assert bot.seen_by(["부서1", "동호회1"]) is bot.seen_by(["부서1", "동호회2", "동호회3"])
    files = []
    for n in (*range(60), *range(60)):
        seen = bot.seen_by([f"부서{n}"])
        assert seen.corpus.counts()[0] == bot.seen_by(()).corpus.counts()[0] + 1
        files.append(len([*Path("/proc/self/fd").iterdir()]))
    assert max(files[60:]) <= max(files[:60])
    [hit] = bot.seen_by(["부서7"]).search("7번 부서의 회의", 1, "bm25")
    assert hit.passage.text == "7번 부서의 회의는 7시입니다."


def test_a_folder_that_is_closed_to_all_is_closed(fresh: MakeFiles) -> None:
    bot = Mundap.open(fresh(config=f'{HASHED}[access.folders]\n"docs" = []\n'))
    bot.ingest()
    assert bot.corpus.counts()[0]
    assert bot.seen_by(["누구"]).corpus.counts()[0] == 0


@pytest.mark.parametrize(
    "written",
    [
        normalize("NFD", "docs/인사"),
        "docs\\인사",
        "./docs//인사/",
        "docs/./인사",
        "docs/다른/../인사",
        "{root}/docs/인사",
        "link/인사",
        "docs",
        ".",
        "/",
    ],
)
def test_a_folder_is_hidden_however_its_path_is_written(fresh: MakeFiles, written: str, mundap: Run) -> None:
    root = fresh({"인사/급여.md": "# 급여\n\n급여일은 25일입니다.\n"})
    (root / "link").symlink_to("docs")
    name = json.dumps(written.format(root=root), ensure_ascii=False)
    (root / "mundap.toml").write_text(f"{HASHED}[access.folders]\n{name} = ['{normalize('NFD', '임원')}']\n", "utf-8")
    bot = Mundap.open(root)
    bot.ingest()
    assert bot.seen_by(()).corpus.counts()[0] == 0
    assert bot.seen_by(["임원"]).corpus.counts()[0] == 1
    assert mundap("doctor", "--json", workspace=root).row["access"] == "ok"


@pytest.mark.parametrize("written", ["docs/인", "docs/인시", "인사", "docs/**", "docs/인사/급여.md"])
def test_a_folder_in_which_there_is_nothing_to_hide_is_told_of(
    fresh: MakeFiles, serving: Serve, mundap: Run, written: str
) -> None:
    root = fresh({"인사/급여.md": "# 급여\n\n급여일은 25일입니다.\n"}, f'{HASHED}[access.folders]\n"{written}" = []\n')
    Mundap.open(root).ingest()
    assert written in mundap("doctor", "--json", workspace=root).row["access"]
    with serving(root) as server:
        end = time.monotonic() + 30
        while written not in server.errors.read_text("utf-8") and time.monotonic() < end:
            time.sleep(0.05)
        assert written in server.errors.read_text("utf-8")


def test_a_tag_is_the_same_tag_in_the_letters_of_any_system(fresh: MakeFiles) -> None:
    root = fresh({"급여.md": "급여일은 25일입니다.", "급여.md.access": normalize("NFD", "인사팀")})
    bot = Mundap.open(root)
    bot.ingest()
    keys = Keys(root / ".mundap" / FILE)
    made = keys.add("인사", ("ask",), [normalize("NFD", "인사팀")])
    held = keys.holder(made)
    assert held is not None
    assert bot.seen_by(holder(held, "", frozenset()).access).corpus.counts()[0] == 1
    assert bot.seen_by(()).corpus.counts()[0] == 0


def test_answers_of_the_staff_are_hidden_with_their_folder(indexed: MakeBot) -> None:
    bot = indexed(config=f'{HASHED}[access.folders]\n"uploads" = ["임원"]\n')
    review.answer(bot, StaffAnswer("상여는 언제 받나요?", "12월 20일입니다."))
    [own] = review.staff_answers(bot.seen_by(["임원"]), frozenset(["임원"]))
    assert review.staff_answers(bot.seen_by(()), frozenset()) == []
    with pytest.raises(Rejected):
        review.answer(bot, StaffAnswer(own.question, "없습니다."), frozenset())
    with pytest.raises(UnknownName):
        review.withdraw(bot, own.id, frozenset())
    assert review.staff_answers(bot) == [own]


def test_agents_see_what_their_key_sees(serving: Serve, indexed: MakeBot, mundap: Run) -> None:
    pytest.importorskip("mcp", reason="the extra mcp is not installed")
    root = indexed(config='[index]\nencoder = "hashed"\n[access.folders]\n"docs" = ["직원"]\n').root
    role = ("--role", "ask,read")
    inside = mundap("keys", "add", "직원", *role, "--access", "직원", workspace=root).out.strip()
    outside = mundap("keys", "add", "손님", *role, workspace=root).out.strip()
    asking = mundap("keys", "add", "질문", workspace=root).out.strip()
    with serving(root) as server:

        def call(key: str, tool: str, **arguments: object) -> Any:
            body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}
            accept = {"Accept": "application/json, text/event-stream", "X-API-Key": key}
            return server.client.post("/mcp", json=body, headers=accept)

        assert call(asking, "list_documents").status_code == 403
        for tool, arguments in (
            ("search", {"question": "연차"}),
            ("ask", {"question": "연차는 언제 소멸되나요?"}),
            ("list_documents", {}),
        ):
            assert "휴가" in call(inside, tool, **arguments).text, tool
            assert "휴가" not in call(outside, tool, **arguments).text, tool


def test_the_graph_tells_nothing_that_only_hidden_documents_say(tmp_path: Path) -> None:
    """Words that an asker may know each by itself, and what stands beside them where the asker must not look."""
    files = {
        "안내.md": "# 안내\n\n총무과는 3층에 있습니다. 총무과 전화는 1번입니다.\n",
        "일정.md": "# 일정\n\n예산는 해마다 받습니다. 예산 일정은 따로 알립니다.\n",
        "인사/조사.md": "# 조사\n\n총무과 예산에서 횡령이 나왔습니다.\n\n## 둘째\n\n총무과 예산의 횡령을 수사합니다.\n\n"
        "## 셋째\n\n총무과 예산 횡령 보고입니다. 처벌 대상(횡령, 유용)\n",
        **{f"공지{n}.md": f"# 공지 {n}\n\n주차장 {n}호기는 수리합니다.\n" for n in range(8)},
    }
    root = make(tmp_path / "ws", files, f'{HASHED}[access.folders]\n"docs/인사" = ["예산팀"]\n')
    bot = Mundap.open(root)
    bot.ingest()
    bot.index()

    def told(bot: Mundap, word: str) -> tuple[set[str], set[tuple[str, str]]]:
        asked, drawn = neighbourhood(bot, word, hops=2)
        steps = neighbours(bot, word).relations if asked else []
        nodes = {one.label for one in drawn.nodes if one.kind == KEYWORD} | {one.tail for one in steps}
        shown = {(line.head, line.tail) for line in drawn.lines} | {(f"k:{one.head}", f"k:{one.tail}") for one in steps}
        return nodes, shown

    nodes, lines = told(bot, "총무과")
    assert nodes >= {"예산", "횡령"}
    assert lines & {("k:총무과", "k:예산"), ("k:예산", "k:총무과")}
    for word in ("총무과", "예산", "횡령", "총무과 예산"):
        nodes, lines = told(bot.seen_by(()), word)
        assert "횡령" not in nodes - {word}, (word, nodes)
        assert "유용" not in nodes, (word, nodes)
        assert not lines & {("k:총무과", "k:예산"), ("k:예산", "k:총무과")}
    with_tag = told(bot.seen_by(["예산팀"]), "총무과")
    assert with_tag[0] >= {"예산", "횡령"}
    bot.corpus.close()


def test_a_key_that_may_only_ask_may_no_more_under_another_host(indexed: MakeBot) -> None:
    bot = indexed()
    key = Keys(bot.root / ".mundap" / FILE).add("질문", ("ask",), frozenset())
    [document, *_] = bot.corpus.documents()
    with TestClient(make_app(bot, bot.config.serve), headers={"X-API-Key": key}) as client:
        for host in ("x/me?", "x/me#", "localhost/query?", "a@b/healthz?", "x\\me?"):
            for method, path in (("GET", "/documents"), ("DELETE", f"/documents/{document.id}"), ("GET", "/metrics")):
                assert client.request(method, path, headers={"Host": host}).status_code in (400, 403), (host, path)
    assert bot.corpus.document(document.id)


def test_visitors_without_a_key_see_what_is_for_all(serving: Serve, indexed: MakeBot) -> None:
    config = '[index]\nencoder = "hashed"\n[access.folders]\n"docs" = ["직원"]\n'
    root = indexed(config=config).root
    with serving(root) as server:
        assert server.client.get("/documents").json()["total"] == 0
        assert server.client.post("/search", json={"query": "연차"}).json()["hits"] == []
        assert server.client.post("/query", json={"query": "연차는 언제 소멸되나요?"}).json()["abstained"]
    (root / "mundap.toml").write_text(
        config.replace("[access.folders]", '[access]\nvisitors = ["직원"]\n[access.folders]')
    )
    with serving(root) as server:
        assert server.client.get("/documents").json()["total"] == 3


def test_nobody_replaces_or_deletes_rows_that_are_hidden_from_them(indexed: MakeBot) -> None:
    sheet = "질문,답변,제시문,출처,접근태그\n급여일은?,25일입니다.,급여일은 25일입니다.,급여,\n상여는?,3월입니다.,상여는 3월에 지급합니다.,급여,임원\n"
    bot = indexed()
    keys = Keys(bot.root / ".mundap" / FILE)
    some, all_of_it = (keys.add(name, ("ask", "read", "write"), tags) for name, tags in (("가", ()), ("나", ("임원",))))
    with TestClient(make_app(bot, bot.config.serve)) as client:

        def put(key: str) -> int:
            files = [("files", ("급여.csv", sheet.encode()))]
            return int(client.post("/documents", files=files, headers={"X-API-Key": key}).status_code)

        assert put(all_of_it) == 200
        [document] = [one for one in bot.corpus.documents() if one.source == "uploads/급여.csv"]
        assert put(some) == 403
        path = f"/documents/{document.id}"
        assert client.delete(path, headers={"X-API-Key": some}).status_code == 403
        assert bot.corpus.document(document.id)
        assert client.delete(path, headers={"X-API-Key": all_of_it}).status_code == 200
