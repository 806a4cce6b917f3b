"""What the staff's desk asks of a server: the work list, passages as indexed, synonyms, sources, settings and upkeep."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mundap.errors import WorkspaceBusy
from mundap.workflows import review
from mundap.workspace import Mundap
from mundap.workspace.staff_answers import STAFF_SHEET, StaffAnswer, read_staff_answers

pytest.importorskip("fastapi", reason="the extra serve is not installed")

from starlette.testclient import TestClient
from tests.cli.conftest import LEAVE, make
from tests.waiting import until

from mundap.serve.app import make_app
from mundap.serve.keys import FILE, Keys

CONFIG = '[index]\nencoder = "hashed"\n[serve]\nper_minute = 0\n'
SOURCE = '[[sources]]\nname = "공유"\nkind = "folder"\npath = "share"\n'
QUESTION = "구내식당은 몇 시에 여나요?"
ANSWER = "구내식당은 오전 11시 20분에 엽니다."


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "ws" / "share").mkdir(parents=True)
    (tmp_path / "ws" / "share" / "공지.txt").write_text("셔틀버스는 7시 40분에 출발합니다.", "utf-8")
    root = make(tmp_path / "ws", LEAVE, CONFIG + SOURCE)
    bot = Mundap.open(root)
    bot.ingest()
    bot.index()
    return root


@pytest.fixture
def api(root: Path) -> Iterator[TestClient]:
    """A client on this machine, as `mundap up` has it."""
    with client(root) as served:
        yield served


def client(root: Path, key: str = "") -> TestClient:
    bot = Mundap.open(root)
    app = make_app(bot, bot.config.serve)
    headers = {"X-API-Key": key} if key else {}
    return TestClient(app, "http://127.0.0.1", client=("127.0.0.1", 5000), headers=headers)


def ask(api: TestClient, question: str) -> dict[str, Any]:
    said: dict[str, Any] = api.post("/query", json={"query": question}).json()
    return said


def vote(api: TestClient, told: dict[str, Any], verdict: str, **more: str) -> None:
    said = {"request_id": told["request_id"], "verdict": verdict, **more}
    assert api.post("/feedback", json=said).status_code == 201


def waiting(api: TestClient) -> list[str]:
    return [one["question"] for one in api.get("/questions/open").json()["questions"]]


def test_a_question_without_answer_waits_until_the_staff_answer_it_and_is_known_then(api: TestClient) -> None:
    for _ in range(2):
        assert ask(api, QUESTION)["abstained"]
    [one] = api.get("/questions/open").json()["questions"]
    assert (one["question"], one["times"], one["abstained"]) == (QUESTION, 2, 2)
    said = api.post("/questions", json={"question": QUESTION, "answer": ANSWER, "closes": one["id"]})
    assert said.status_code == 201
    assert waiting(api) == []
    answered = ask(api, QUESTION)
    assert not answered["abstained"]
    assert answered["response"].startswith(ANSWER)
    assert answered["citations"][0] == {**answered["citations"][0], "source": "직원 답변", "quote": ANSWER}
    assert ANSWER in api.post("/search", json={"query": "구내식당 여는 시간"}).json()["hits"][0]["text"]
    assert [one["source"] for one in api.get("/documents", params={"q": "직원"}).json()["documents"]] == [
        "uploads/직원 답변.csv"
    ]


def test_an_answer_of_the_staff_is_replaced_and_taken_back(api: TestClient, root: Path) -> None:
    for answer in ("12시에 엽니다.", ANSWER):
        api.post("/questions", json={"question": QUESTION, "answer": answer, "source": "총무과"})
    api.post("/questions", json={"question": "흡연실은 어디인가요?", "answer": "=없습니다."})
    given = api.get("/questions/answered").json()["questions"]
    assert [(one["question"], one["answer"], one["source"]) for one in given] == [
        (QUESTION, ANSWER, "총무과"),
        ("흡연실은 어디인가요?", "=없습니다.", "직원 답변"),
    ]
    assert "\n흡연실은 어디인가요?,'=없습니다." in (root / "uploads" / "직원 답변.csv").read_text("utf-8-sig")
    assert ask(api, "구내식당은 몇시에 여나요")["response"].startswith(ANSWER)
    for one in given:
        assert api.delete(f"/questions/answered/{one['id']}").status_code == 200
    assert api.get("/questions/answered").json() == {"questions": []}
    assert ask(api, QUESTION)["abstained"]
    assert api.delete(f"/questions/answered/{given[0]['id']}").status_code == 404


def test_the_staff_s_answer_counts_before_that_of_a_sheet(api: TestClient) -> None:
    asked = "주차장은 몇 시에 닫나요?"
    assert ask(api, asked)["response"].startswith("밤 11시에")
    api.post("/questions", json={"question": asked, "answer": "올해부터 밤 10시에 닫습니다."})
    assert ask(api, asked)["response"].startswith("올해부터 밤 10시에 닫습니다.")


def test_a_bad_vote_waits_with_what_was_said_and_comes_back_after_another(api: TestClient) -> None:
    answer = ask(api, "연차는 며칠인가요?")
    vote(api, answer, "up")
    assert waiting(api) == []
    vote(api, answer, "down", comment="날짜가 없어요.", answer="15일입니다.")
    [one] = api.get("/questions/open").json()["questions"]
    assert (one["downs"], one["comments"], one["corrections"]) == (1, ["날짜가 없어요."], ["15일입니다."])
    assert one["answer"] == answer["response"]
    assert any("15일" in passage["text"] for passage in one["passages"])
    assert api.post(f"/questions/open/{one['id']}/close").json() == {"id": one["id"]}
    assert waiting(api) == []
    assert api.post(f"/questions/open/{one['id']}/close").status_code == 404
    vote(api, answer, "down")
    assert waiting(api) == ["연차는 며칠인가요?"]


def test_what_was_answered_from_hidden_documents_is_on_the_list_of_those_who_see_them_only(root: Path) -> None:
    keys = Keys(root / ".mundap" / FILE)
    admin, writer = keys.add("관리자", ["admin"]), keys.add("담당", ["ask", "read", "write"])
    with client(root, admin) as api, client(root, writer) as other:
        api.post("/documents", files=[("files", ("급여.txt", "급여일은 매달 21일입니다."))], data={"access": "인사"})
        vote(api, ask(api, "급여일은 며칠인가요?"), "down")
        assert waiting(api) == ["급여일은 며칠인가요?"]
        assert waiting(other) == []
        body = {"question": "성과급은요?", "answer": "3월에 지급합니다.", "access": ["인사"]}
        [id] = [api.post("/questions", json=body).json()["id"]]
        assert other.get("/questions/answered").json() == {"questions": []}
        assert other.post("/questions", json={**body, "answer": "모릅니다."}).status_code == 409
        assert other.delete(f"/questions/answered/{id}").status_code == 404
        assert "3월" not in ask(other, "성과급은요?")["response"]
        for path in ("/synonyms", "/sources", "/models", "/audit"):
            assert api.get(path).status_code == 200
            assert other.get(path).status_code == 403


def test_a_document_shows_its_passages_as_they_are_indexed(api: TestClient) -> None:
    [document] = api.get("/documents", params={"q": "휴가"}).json()["documents"]
    found = api.get(f"/documents/{document['document_id']}/passages").json()
    assert found["total"] == document["passages"] == len(found["passages"])
    first = found["passages"][0]
    assert (first["heading"], first["text"]) == ("연차", "연차는 2년이 지나면 소멸합니다. 연차는 해마다 15일입니다.")
    assert "연차" in first["keywords"]
    [second] = api.get(f"/documents/{document['document_id']}/passages", params={"offset": 1}).json()["passages"]
    assert "병가" in second["text"]
    [sheet] = api.get("/documents", params={"q": "문답"}).json()["documents"]
    [row] = api.get(f"/documents/{sheet['document_id']}/passages").json()["passages"]
    assert row["questions"] == ["주차장은 몇 시에 닫나요?"]
    assert api.get("/documents/none/passages").status_code == 404


def test_chunks_of_a_long_passage_are_places_in_it(api: TestClient) -> None:
    text = " ".join(f"{n}번 창구는 {n}시에 엽니다." for n in range(1, 40))
    api.post("/documents", files=[("files", ("창구.txt", text))])
    [document] = api.get("/documents", params={"q": "창구"}).json()["documents"]
    shown = api.get(f"/documents/{document['document_id']}/passages").json()["passages"]
    assert any(one["chunks"] for one in shown)
    for one in shown:
        parts = [one["text"][chunk["start"] : chunk["end"]] for chunk in one["chunks"]]
        assert all(parts)
        assert not parts or "".join("".join(parts).split()) == "".join(one["text"].split())


def test_synonyms_are_judged_before_they_are_saved_and_searched_with_after(api: TestClient, root: Path) -> None:
    table = api.get("/synonyms").json()
    assert table["rows"] == []
    rows = [{"asked": "차고", "said": "주차장", "score": 0.9}]
    effect = api.post("/synonyms/effect", json={"rows": rows}).json()
    assert effect["n"] == 1
    assert [leg["leg"] for leg in effect["legs"]] == ["graph"]
    assert api.get("/synonyms").json() == table
    search = {"query": "차고 이용", "leg": "graph"}
    assert api.post("/search", json=search).json()["hits"] == []
    saved = api.put("/synonyms", json={"rows": rows, "version": table["version"]}).json()
    assert [(row["asked"], row["said"], row["state"]) for row in saved["rows"]] == [("차고", "주차장", "")]
    assert "주차장" in api.post("/search", json=search).json()["hits"][0]["text"]
    late = api.put("/synonyms", json={"rows": [], "version": table["version"]})
    assert late.status_code == 409
    assert "다른 사람이" in late.json()["detail"]
    assert "차고\t주차장" in (root / "synonyms.tsv").read_text("utf-8")


def test_the_effect_of_synonyms_names_the_questions_that_move(api: TestClient) -> None:
    sheet = "질문,제시문,답변\n차고는 몇 시에 닫나요?,지하 주차장은 밤 11시에 문을 닫습니다. 문의는 경비실로 합니다.,밤 11시\n"
    api.post("/documents", files=[("files", ("차고.csv", sheet))])
    rows = [{"asked": "차고", "said": "주차장"}]
    effect = api.post("/synonyms/effect", json={"rows": rows}).json()
    [graph] = effect["legs"]
    assert (effect["better"], effect["worse"]) == (1, 0)
    assert graph["after"]["top1"] >= graph["before"]["top1"]
    [moved] = effect["moved"]
    assert (moved["question"], moved["leg"]) == ("차고는 몇 시에 닫나요?", "graph")


@pytest.mark.parametrize(
    "row",
    [
        {"asked": " ", "said": "주류"},
        {"asked": "술", "said": "술"},
        {"asked": "#술", "said": "주류"},
    ],
)
def test_a_row_that_is_no_synonym_is_refused_with_its_number(api: TestClient, row: dict[str, str]) -> None:
    said = api.put("/synonyms", json={"rows": [row], "version": api.get("/synonyms").json()["version"]})
    assert said.status_code == 409
    assert "1번째 행" in said.json()["detail"]


def test_a_source_is_brought_in_step_by_a_request(api: TestClient, root: Path) -> None:
    [source] = api.get("/sources").json()["sources"]
    assert (source["name"], source["last"], source["documents"]) == ("공유", "", 0)
    done = api.post("/sources/공유/sync").json()
    assert (done["added"], done["error"]) == (1, "")
    assert "7시 40분" in ask(api, "셔틀버스는 몇 시에 출발하나요?")["response"]
    [source] = api.get("/sources").json()["sources"]
    assert source["last"].endswith("Z")
    assert source["documents"] == 1
    assert api.post("/sources/없음/sync").status_code == 404


def test_settings_are_shown_with_help_and_changed_where_they_stand(api: TestClient, root: Path) -> None:
    before = (root / "mundap.toml").read_text("utf-8")
    shown = {one["key"]: one for one in api.get("/config").json()["settings"]}
    assert (shown["retrieve.k"]["value"], shown["retrieve.k"]["default"]) == (5, True)
    english = {one["key"]: one["help"] for one in api.get("/config", params={"language": "en"}).json()["settings"]}
    assert english["retrieve.k"].startswith("Passages")
    wrong = api.patch("/config", json={"values": {"retrieve.k": 0}})
    assert wrong.status_code == 409
    assert str(root) not in wrong.json()["detail"]
    assert api.patch("/config", json={"values": {"index.encoder": "hashed"}}).status_code == 404
    assert api.patch("/config", json={"values": {"generate.persona": "없음"}}).status_code == 409
    assert (root / "mundap.toml").read_text("utf-8") == before
    changed = api.patch("/config", json={"values": {"retrieve.k": 3, "ui.title": "사내 안내"}}).json()
    now = {one["key"]: one for one in changed["settings"]}
    assert (now["retrieve.k"]["value"], now["retrieve.k"]["default"], now["ui.title"]["value"]) == (
        3,
        False,
        "사내 안내",
    )
    assert (root / "mundap.toml").read_text("utf-8").startswith(CONFIG.rstrip())


def test_what_goes_on_is_told(api: TestClient, root: Path) -> None:
    until(
        lambda: not api.get("/activity").json()["writes"]["working"], 30
    )  # it indexes at its start what an end has left
    idle = api.get("/activity").json()
    assert idle["answers"] == idle["searches"] == idle["writes"] == {"working": 0, "waiting": 0}
    assert (idle["unindexed"], idle["syncing"], idle["trainings"]) == (False, [], [])
    (root / ".mundap" / "training" / "관세").mkdir(parents=True)
    [training] = api.get("/activity").json()["trainings"]
    assert (training["name"], training["active"]) == ("관세", True)


def test_models_are_listed_as_their_cards_tell(api: TestClient, root: Path) -> None:
    folder = root / ".mundap" / "models" / "관세"
    folder.mkdir(parents=True)
    card = {"kind": "adapter", "created": "2026-11-29 10:00:00 UTC", "command": "mundap train adapter"}
    (folder / "card.json").write_text(json.dumps({**card, "recommended": True, "metrics": {"top1": 0.7}}), "utf-8")
    (folder.parent / "깨짐").mkdir()
    (folder.parent / "깨짐" / "card.json").write_text("{", "utf-8")
    [model] = api.get("/models").json()["models"]
    assert model == {**card, "name": "관세", "recommended": True, "used": False, "metrics": {"top1": 0.7}}


def test_reports_of_tuning_and_training_are_listed_among_the_others(api: TestClient, root: Path) -> None:
    names = (
        "20261129T101112-retrieval",
        "tune-0123456789abcdef",
        "train-all-0123456789abcdef",
        "train-all-../x",
        "corpora",
    )
    for name in names:
        folder = root / ".mundap" / "runs" / name.replace("/", "_")
        folder.mkdir(parents=True)
        (folder / "report.html").write_text("<html>보고서</html>", "utf-8")
        (folder / "report.json").write_text('{"n": 3}', "utf-8")
    listed = api.get("/reports").json()["reports"]
    assert {(one["id"], one["kind"]) for one in listed} == {
        (names[0], "retrieval"),
        (names[1], "tune"),
        (names[2], "train-all"),
    }
    assert listed[-1]["time"] == "2026-11-29T10:11:12Z"
    assert "보고서" in api.get(f"/reports/{names[2]}").text
    assert api.get("/reports/corpora").status_code == 404


def test_a_document_and_old_answers_are_erased_and_the_audit_log_says_by_whom(api: TestClient) -> None:
    ask(api, "출장비는 얼마인가요?")
    said = api.post("/erase", json={"name": "docs/출장.txt"}).json()
    assert said["documents"] == 1
    assert said["answers"] >= 1
    assert api.get("/documents", params={"q": "출장"}).json()["total"] == 0
    assert api.post("/erase/older", json={"age": "어제"}).status_code == 422
    assert api.post("/erase", json={"name": "없는 문서"}).status_code == 404
    assert api.post("/erase/older", json={"age": "30d"}).json()["answers"] == 0
    log = api.get("/audit").json()["entries"]
    assert [(one["action"], one["what"], one["result"]) for one in log] == [
        ("erase", ["30d"], "ok"),
        ("erase", ["없는 문서"], "failed"),
        ("erase", ["docs/출장.txt"], "ok"),
    ]
    assert all(one["address"] == "127.0.0.1" for one in log)


def test_each_role_may_do_its_part(root: Path) -> None:
    keys = Keys(root / ".mundap" / FILE)
    made = {role: keys.add(role, ["ask", role]) for role in ("ask", "read", "write", "admin")}
    paths = {
        "/activity": ("read", "admin"),
        "/questions/open": ("write", "admin"),
        "/questions/answered": ("write", "admin"),
        "/synonyms": ("write", "admin"),
        "/config": ("admin",),
        "/audit": ("admin",),
    }
    for role, key in made.items():
        with client(root, key) as api:
            for path, roles in paths.items():
                assert (api.get(path).status_code == 200) == (role in roles), (role, path)
            assert (api.post("/erase/older", json={"age": "900d"}).status_code == 200) == (role == "admin")
            assert api.get("/me").json()["operates"] == (role == "admin")


def test_answers_that_several_servers_keep_at_once_are_all_kept(root: Path) -> None:
    def keep(n: int) -> None:
        for _ in range(40):
            try:
                review.answer(Mundap.open(root), StaffAnswer(f"{n}번 창구는 어디인가요?", f"{n}번 창구는 {n}층입니다."))
            except WorkspaceBusy:
                time.sleep(0.2)
            else:
                return

    with ThreadPoolExecutor(4) as servers:
        list(servers.map(keep, range(6)))
    assert len(read_staff_answers(root / STAFF_SHEET)) == 6
