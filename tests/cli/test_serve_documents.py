"""Documents over HTTP, and what a page shows of them, against a real server on a free port."""

from __future__ import annotations

import io
import os
import signal
import threading
import time
import unicodedata
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from filelock import FileLock
from tests.cli.conftest import MakeBot, Run, Serve
from tests.waiting import until

from mundap.workspace import Mundap
from mundap.workspace.uploads import MOVING

pytest.importorskip("fastapi", reason="the extra serve is not installed")

LIMITS = '[index]\nencoder = "hashed"\n[serve]\nupload_mb = 1\nuploads_mb = 3\n[ui]\nexamples = ["주차장은요?"]\n'


@pytest.fixture(scope="module")
def api(serving: Serve, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, Path]]:
    """A client of the API over a small workspace, and the workspace. Each test has files of its own in it."""
    from tests.cli.conftest import LEAVE, make  # the helpers beside the fixtures

    root = make(tmp_path_factory.mktemp("documents") / "ws", LEAVE, LIMITS)
    bot = Mundap.open(root)
    bot.ingest()
    bot.index()
    with serving(root) as server:
        yield server.client, root


def put(client: httpx.Client, *files: tuple[str, str | bytes]) -> httpx.Response:
    given = [("files", (name, body.encode() if isinstance(body, str) else body)) for name, body in files]
    return client.post("/documents", files=given)


@pytest.mark.parametrize("tags", ["a\0b", "\x1b[31m", "x" * 101, ",".join(map(str, range(101)))])
def test_what_can_be_no_tag_is_refused(api: tuple[httpx.Client, Path], tags: str) -> None:
    client, root = api
    sent = client.post("/documents", files=[("files", ("꼬리표.txt", "회의는 3시".encode()))], data={"access": tags})
    assert sent.status_code == 422
    assert "접근 태그" in sent.json()["detail"]
    assert not (root / "uploads" / "꼬리표.txt").exists()


def test_too_many_files_are_told_how_many_there_may_be(api: tuple[httpx.Client, Path]) -> None:
    sent = put(api[0], *[(f"{n}.txt", "가") for n in range(201)])
    assert sent.status_code == 413
    assert "200개" in sent.json()["detail"]


@pytest.mark.parametrize("body", ["# 메모\n\n회의는 3시", "질문,답변\n가?," + "나" * 200_000, ""])
def test_the_answers_of_the_staff_are_not_replaced_by_what_holds_none(
    api: tuple[httpx.Client, Path], body: str
) -> None:
    sent = put(api[0], ("직원 답변.csv", body))
    assert sent.status_code == 409, sent.text
    assert api[0].get("/questions/answered").json() == {"questions": []}


def found(client: httpx.Client, question: str, leg: str = "bm25") -> list[str]:
    return [hit["text"] for hit in client.post("/search", json={"query": question, "leg": leg}).json()["hits"]]


def listed(client: httpx.Client, words: str) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = client.get("/documents", params={"q": words}).json()["documents"]
    return made


def test_what_is_uploaded_can_be_found_at_once_and_stays_through_a_prune(
    api: tuple[httpx.Client, Path], mundap: Run
) -> None:
    client, root = api
    name = "구내식당 안내.txt"
    said = put(client, (unicodedata.normalize("NFD", name), "구내식당은 낮 12시에 엽니다."))
    assert said.status_code == 200
    assert {key: said.json()[key] for key in ("added", "updated", "skipped")} == {
        "added": 1,
        "updated": 0,
        "skipped": [],
    }
    for leg in ("bm25", "dense", "graph", "hybrid"):
        assert found(client, "구내식당은 언제 여나요?", leg)[0] == "구내식당은 낮 12시에 엽니다."
    [document] = listed(client, "구내식당")
    assert document["source"] == f"uploads/{name}"
    assert document["uploaded"]
    assert document["passages"] == 1
    assert document["added"].endswith("Z")
    kept = mundap("ingest", "--prune", "--json", workspace=root).row
    assert (kept["removed"], kept["updated"], kept["added"]) == (0, 0, 0)
    assert put(client, (name, "구내식당은 낮 12시에 엽니다.")).json()["unchanged"] == 1


def test_the_same_name_replaces_the_version_before(api: tuple[httpx.Client, Path]) -> None:
    client, root = api
    put(client, ("도서관.txt", "도서관은 9시에 엽니다."))
    said = put(client, ("도서관.txt", "도서관은 10시에 엽니다.")).json()
    assert (said["added"], said["updated"]) == (0, 1)
    assert found(client, "도서관은 언제 여나요?")[0] == "도서관은 10시에 엽니다."
    assert "도서관은 9시에 엽니다." not in found(client, "도서관은 언제 여나요?")
    assert (root / "uploads" / "도서관.txt").read_text("utf-8") == "도서관은 10시에 엽니다."


def test_a_file_that_cannot_be_read_leaves_nothing_behind_and_takes_nothing_away(
    api: tuple[httpx.Client, Path],
) -> None:
    client, root = api
    put(client, ("셔틀.csv", "내용\n셔틀버스는 30분마다 옵니다.\n"))
    said = put(client, ("셔틀.csv", b""), ("체육관.txt", "체육관은 6시에 엽니다.")).json()
    [skipped] = said["skipped"]
    assert skipped["file"] == "uploads/셔틀.csv"
    assert skipped["reason"]
    assert said["added"] == 1
    assert "셔틀버스는 30분마다" in (root / "uploads" / "셔틀.csv").read_text("utf-8")
    assert any("30분마다" in text for text in found(client, "셔틀버스"))
    assert put(client, ("깨진.pdf", b"%PDF-1.7 nothing")).json()["skipped"]
    assert not (root / "uploads" / "깨진.pdf").exists()
    until(lambda: not any((root / "uploads" / MOVING).iterdir()), 10)  # deleted behind the answer
    assert not [entry for entry in (root / "uploads").rglob("*") if entry.name.startswith(".") and entry.name != MOVING]
    assert not [*(root / "uploads" / MOVING).iterdir()]


def test_a_bomb_of_a_file_is_refused_and_the_server_lives(api: tuple[httpx.Client, Path]) -> None:
    client, _ = api
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("[Content_Types].xml", "<Types/>")
        bomb.writestr("word/document.xml", b"\0" * (300 << 20))
    assert len(packed.getvalue()) < 1 << 20
    assert put(client, ("폭탄.docx", packed.getvalue())).json()["skipped"]
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize("name", ["../../../밖.txt", "..\\..\\밖.txt", "/tmp/밖.txt", ".밖.txt", "docs/../../밖.txt"])
def test_a_name_is_never_a_path(api: tuple[httpx.Client, Path], name: str) -> None:
    client, root = api

    def outside() -> set[str]:
        below = os.walk(root.parent)  # folders that the server deletes meanwhile are no error
        return {f"{at}/{one}" for at, _, files in below if at != str(root / "uploads") for one in files if "밖" in one}

    before = outside()
    assert put(client, (name, "밖으로 나가는 글입니다.")).status_code == 200
    assert outside() == before
    assert (root / "uploads" / "밖.txt").is_file()


def test_too_much_is_refused(api: tuple[httpx.Client, Path]) -> None:
    client, root = api
    large = put(client, ("작은.txt", "작은 글입니다."), ("큰.txt", b"a" * ((1 << 20) + 1)))
    assert large.status_code == 413
    assert "upload_mb" in large.json()["detail"]
    many = put(client, *((f"{n}.txt", b"a" * 1_000_000) for n in range(4)))
    assert many.status_code == 413
    assert many.json()["detail"]

    def endless() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n'
        for _ in range(64):
            yield b"a" * (1 << 16)

    unsaid = client.post("/documents", content=endless(), headers={"content-type": "multipart/form-data; boundary=x"})
    assert unsaid.status_code == 413
    assert not (root / "uploads" / "작은.txt").exists()
    assert client.post("/documents", json={"files": ["a"]}).status_code == 422
    assert client.post("/documents", data={"files": "a"}).status_code == 422


def test_while_another_writes_it_says_when_to_try_again(api: tuple[httpx.Client, Path]) -> None:
    client, root = api
    with FileLock(root / ".mundap" / "lock"):
        busy = put(client, ("나중.txt", "나중에 올릴 글입니다."))
        gone = client.delete(f"/documents/{listed(client, '출장')[0]['document_id']}")
    for refused in (busy, gone):
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) > 0
    assert not (root / "uploads" / "나중.txt").exists()
    assert put(client, ("나중.txt", "나중에 올릴 글입니다.")).json()["added"] == 1


def test_what_is_deleted_is_gone_from_every_leg_and_does_not_come_back(
    api: tuple[httpx.Client, Path], mundap: Run
) -> None:
    client, root = api
    put(client, ("헬스장.txt", "헬스장은 새벽 5시에 엽니다."))
    [document] = listed(client, "헬스장")
    assert client.delete(f"/documents/{document['document_id']}").json() == {"removed": 1, "note": ""}
    for leg in ("bm25", "dense", "graph", "hybrid"):
        assert "헬스장은 새벽 5시에 엽니다." not in found(client, "헬스장은 언제 여나요?", leg)
    assert client.delete(f"/documents/{document['document_id']}").status_code == 404
    assert not (root / "uploads" / "헬스장.txt").exists()
    assert mundap("ingest", "--json", workspace=root).row["added"] == 0
    assert not listed(client, "헬스장")


def test_a_file_that_was_not_uploaded_stays_and_that_is_said(api: tuple[httpx.Client, Path], mundap: Run) -> None:
    client, root = api
    (root / "docs" / "분실물.txt").write_text("분실물은 안내소에 있습니다.", "utf-8")
    mundap("ingest", workspace=root)
    [document] = listed(client, "분실물")
    assert not document["uploaded"]
    said = client.delete(f"/documents/{document['document_id']}").json()
    assert said["removed"] == 1
    assert "docs/분실물.txt" in said["note"]
    assert (root / "docs" / "분실물.txt").exists()


def test_documents_are_listed_page_by_page_with_what_was_refused(api: tuple[httpx.Client, Path], mundap: Run) -> None:
    client, root = api
    (root / "docs" / "깨진.pdf").write_bytes(b"%PDF-1.7 nothing")
    mundap("ingest", workspace=root)
    whole = client.get("/documents", params={"limit": 1000}).json()
    assert whole["total"] == len(whole["documents"]) >= 3
    pages = [client.get("/documents", params={"limit": 1, "offset": n}).json() for n in range(whole["total"])]
    assert [page["documents"][0] for page in pages] == whole["documents"]
    [refused] = whole["skipped"]
    assert refused["file"] == "docs/깨진.pdf"
    assert refused["reason"]
    (root / "docs" / "깨진.pdf").unlink()
    assert client.get("/documents").json()["skipped"] == []
    assert client.get("/documents", params={"limit": 0}).status_code == 422


def test_copies_are_told_as_they_are_uploaded_and_in_the_list(api: tuple[httpx.Client, Path]) -> None:
    client, _ = api
    rule = "여행자 휴대품의 기본 면세 한도는 미화 {}달러이며 술은 두 병까지, 담배는 200개비까지 따로 면세됩니다."
    assert put(client, ("휴대품 가.txt", rule.format(800))).json()["copies"]["passages"] == 0
    told = put(client, ("휴대품 나.txt", rule.format(600))).json()["copies"]
    assert (told["passages"], told["groups"], told["example"]["kind"]) == (2, 1, "numbers")
    kept = client.get("/documents").json()["copies"]
    assert kept == told
    assert {"휴대품 가.txt", "휴대품 나.txt"} == {
        one["source"].removeprefix("uploads/") for one in kept["example"]["passages"]
    }
    for document in listed(client, "휴대품"):
        client.delete(f"/documents/{document['document_id']}")
    assert client.get("/documents").json()["copies"] == {"passages": 0, "groups": 0, "example": None}


def test_a_killed_server_loses_no_acknowledged_document_and_leaves_no_half_one(
    serving: Serve, indexed: MakeBot, mundap: Run
) -> None:
    root = indexed(config=LIMITS).root
    acknowledged: list[str] = []
    long = "회의실 예약은 하루 전에 합니다. " * 2000
    with serving(root) as server:

        def upload() -> None:
            for n in range(1000):
                try:
                    if put(server.client, (f"{n:03}.txt", f"{n}번 글입니다. {long}")).status_code == 200:
                        acknowledged.append(f"uploads/{n:03}.txt")
                except httpx.HTTPError:
                    return

        client = threading.Thread(target=upload)
        client.start()
        while len(acknowledged) < 3:
            time.sleep(0.01)
        server.process.send_signal(signal.SIGKILL)
        server.process.wait(30)
        client.join(30)
    bot = Mundap.open(root)
    assert set(acknowledged) <= {one.source for one in bot.corpus.documents()}
    shown = [entry for entry in (root / "uploads").iterdir() if not entry.name.startswith(".")]
    assert all(entry.read_text("utf-8").endswith(long) for entry in shown)
    assert len(shown) in (len(acknowledged), len(acknowledged) + 1)  # the last may be in without being acknowledged
    assert mundap("ingest", "--json", workspace=root).row["skipped"] == []


def test_a_citation_opens_in_its_document(api: tuple[httpx.Client, Path]) -> None:
    client, _ = api
    [citation, *_] = client.post("/query", json={"query": "연차는 언제 소멸되나요?"}).json()["citations"]
    opened = client.get(f"/passages/{citation['passage_id']}").json()
    assert "".join(citation["quote"].split()) in "".join(opened["text"].split())
    assert opened["title"]
    assert "병가" in opened["after"]
    assert client.get("/passages/없는문단").status_code == 404


def test_the_graph_around_a_word_and_around_a_question(api: tuple[httpx.Client, Path]) -> None:
    client, _ = api
    one = client.get("/graph", params={"word": "연차"}).json()
    assert one["found"]
    ids = {node["id"] for node in one["nodes"]}
    assert "k:연차" in ids
    assert {edge["source"] for edge in one["edges"]} | {edge["target"] for edge in one["edges"]} <= ids
    asked = client.get("/graph", params={"word": "연차는 언제 소멸되나요?", "hops": 2}).json()
    assert asked["found"]
    assert "연차" in asked["keywords"]
    assert len(asked["nodes"]) >= len(one["nodes"])
    assert not client.get("/graph", params={"word": "없는낱말"}).json()["found"]


def test_reports_are_listed_and_shown_and_a_name_is_never_a_path(
    api: tuple[httpx.Client, Path], mundap: Run, tmp_path: Path
) -> None:
    client, root = api
    questions = tmp_path / "q.csv"
    questions.write_text("질문,제시문\n주차장은 몇 시에 닫나요?,지하 주차장은 밤 11시에 문을 닫습니다.\n", "utf-8")
    assert mundap("index", workspace=root).code == 0
    assert mundap("evaluate", "retrieval", "--questions", questions, workspace=root).code == 0
    assert mundap("ingest", "--report", workspace=root).code == 0
    newest, older = client.get("/reports").json()["reports"][:2]
    assert {newest["kind"], older["kind"]} == {"ingest", "retrieval"}
    measured = next(one for one in (newest, older) if one["kind"] == "retrieval")
    assert measured["n"] == 1
    page = client.get(f"/reports/{measured['id']}")
    assert page.headers["content-type"].startswith("text/html")
    assert "sandbox" in page.headers["content-security-policy"]
    assert client.get(f"/reports/{measured['id']}.json").json()["n"] == 1
    for name in ("%2e%2e", "..%2fcorpus.sqlite", "%2e%2e%2fmundap.toml", "20990101T000000-retrieval"):
        for path in (f"/reports/{name}", f"/reports/{name}.json"):
            assert client.get(path).status_code == 404


def test_a_page_is_told_what_to_show(api: tuple[httpx.Client, Path]) -> None:
    client, _ = api
    said = client.get("/settings").json()
    assert said["examples"] == ["주차장은요?"]
    assert (said["language"], said["generator"], said["encoder"], said["top_k"]) == ("ko", "extractive", "hashed", 5)
    assert "법적" in said["notice"]
    assert said["legs"] == ["bm25", "dense"]
