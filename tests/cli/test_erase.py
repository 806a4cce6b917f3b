"""What is erased is in no file that mundap writes; what is not is as it was."""

from __future__ import annotations

import json
import sqlite3
import time
import unicodedata
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from tests.cli.conftest import MakeBot, Run, Serve

import mundap as md
from mundap.errors import MundapError, UnknownName
from mundap.store.conversations import Conversations
from mundap.store.feedback import Vote
from mundap.types import Turn
from mundap.workspace import Mundap

SECRET = "홍길동의 포상 휴가는 특별히 29일이며 다른 직원에게는 알리지 않습니다."
FILES = {
    "비밀.md": f"# 비밀\n\n## 포상 휴가\n\n{SECRET}\n",
    "휴가.md": "# 휴가\n\n## 연차\n\n연차는 발생한 날부터 1년 안에 쓰지 않으면 소멸합니다.\n\n## 병가\n\n병가는 해마다 60일까지 쓸 수 있습니다.\n",
}
LEAVE = "연차는 언제 소멸되나요?"
PRIZE = "홍길동의 포상 휴가는 며칠인가요?"


def holding(folder: Path, *texts: str) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and any(text.encode() in path.read_bytes() for text in texts)
    )


def used(indexed: MakeBot) -> Mundap:
    """A workspace in which both documents were asked about, in two conversations."""
    bot = indexed(FILES)
    for request, question, session in (("r1", PRIZE, "가"), ("r2", LEAVE, "나"), ("r3", LEAVE, "가")):
        answer = bot.ask(question)
        bot.feedback.answered(request, answer, session)
    bot.feedback.judge("r1", md_vote("좋습니다"))
    return bot


def md_vote(comment: str) -> Vote:

    return Vote("up", comment)


def test_a_document_is_in_no_file_of_ours(indexed: MakeBot) -> None:
    bot = used(indexed)
    before = bot.ask(LEAVE).text
    assert SECRET[:20] in bot.ask(PRIZE).text
    own = bot.root / ".mundap"
    assert holding(own, SECRET[:12])
    done = md.erase.document(bot, "docs/비밀.md")
    assert (done.documents, done.answers >= 1, done.votes) == (1, True, 1)
    assert done.left == ("docs/비밀.md",)
    assert holding(own, SECRET[:12], "29일이며", "포상 휴가") == []
    again = Mundap.open(bot.root)
    assert SECRET[:20] not in again.ask(PRIZE).text
    assert again.ask(LEAVE).text == before
    again.ingest()
    again.index()
    assert holding(own, SECRET[:12]) == []


def test_with_its_file_nothing_is_left_at_all(indexed: MakeBot) -> None:
    bot = used(indexed)
    done = md.erase.document(bot, "비밀.md", file=True)
    assert done.left == ()
    assert holding(bot.root, SECRET[:12]) == []


def test_a_conversation_and_an_answer_are_forgotten(indexed: MakeBot) -> None:
    bot = used(indexed)
    said = bot.ask(PRIZE).text[:12]
    assert md.erase.session(bot, "가").answers == 2
    assert [given.request_id for given in bot.feedback.given()] == ["r2"]
    with closing(sqlite3.connect(bot.root / ".mundap" / "corpus.sqlite")) as db:
        assert db.execute("SELECT count(*) FROM answers WHERE answer LIKE ?", (f"{said}%",)).fetchone() == (0,)
    assert md.erase.request(bot, "r2").answers == 1
    assert list(bot.feedback.given()) == []
    for erase, name in ((md.erase.session, "가"), (md.erase.request, "r2"), (md.erase.document, "없음")):
        with pytest.raises(UnknownName):
            erase(bot, name)


def test_what_is_older_is_forgotten(indexed: MakeBot) -> None:
    bot = used(indexed)
    with closing(sqlite3.connect(bot.root / ".mundap" / "corpus.sqlite")) as db:
        db.execute(
            "UPDATE answers SET time = strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-40 days') WHERE request_id = 'r1'"
        )
        db.commit()
    assert md.erase.older(bot, "30d").answers == 1
    assert [given.request_id for given in bot.feedback.given()] == ["r2", "r3"]
    assert md.erase.older(bot, "30일").answers == 0
    with pytest.raises(MundapError, match="기간"):
        md.erase.older(bot, "soon")


def aged(bot: Mundap, request: str, days: int) -> None:
    with closing(sqlite3.connect(bot.root / ".mundap" / "corpus.sqlite", isolation_level=None)) as db:
        then = f"strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-{days} days')"
        db.execute(f"UPDATE answers SET time = {then} WHERE request_id = ?", (request,))


def test_settings_say_how_long_is_kept(mundap: Run, indexed: MakeBot) -> None:
    bot = used(indexed)
    for request in ("r1", "r2"):
        aged(bot, request, 40)
    said = bot.ask(LEAVE).text[:20]
    with (bot.root / "mundap.toml").open("a", encoding="utf-8") as file:
        file.write('[retention]\nanswers = "30d"\n')
    done = mundap("erase", "--expired", "--json", workspace=bot.root)
    assert done.code == 0, done.err
    assert (done.row["answers"], done.row["votes"]) == (1, 0)
    assert [given.request_id for given in bot.feedback.given()] == ["r1", "r3"]  # r1 was judged
    assert holding(bot.root / ".mundap", said)  # r3 says the same
    settings = (bot.root / "mundap.toml").read_text("utf-8")
    (bot.root / "mundap.toml").write_text(settings.replace('"30d"', '"한 달"'), "utf-8")
    wrong = mundap("erase", "--expired", "--yes", workspace=bot.root)
    assert (wrong.code, "retention.answers" in wrong.err) == (1, True)
    both = mundap("erase", "--expired", "--older", "30d", workspace=bot.root)
    assert (both.code, "하나" in both.err) == (1, True)


def test_a_server_forgets_by_itself_and_notes_it(serving: Serve, indexed: MakeBot) -> None:
    bot = indexed(FILES)
    secret = "내일오후세시회의실"
    answer = replace(bot.ask(LEAVE), question=secret, text=f"{secret}입니다")
    bot.feedback.answered("old", answer, "가")
    Conversations(bot.root / ".mundap" / "corpus.sqlite", 8, 8).add("가", Turn(secret, answer.text))
    aged(bot, "old", 91)
    own = bot.root / ".mundap"
    assert holding(own, secret)
    with serving(bot.root) as server:
        assert server.client.post("/query", json={"query": LEAVE}).status_code == 200
        end = time.monotonic() + 30
        while holding(own, secret):
            assert time.monotonic() < end
            time.sleep(0.1)
        noted = [json.loads(line) for line in (own / "audit.jsonl").read_text("utf-8").splitlines()]
        assert [(one["who"], one["action"], one["what"]) for one in noted] == [("mundap serve", "erase", ["expired"])]
        assert "answers 1" in noted[0]["result"]
    assert [given.question for given in bot.feedback.given()] == [LEAVE]


def test_from_the_command_line_while_a_server_runs(mundap: Run, serving: Serve, indexed: MakeBot) -> None:
    bot = used(indexed)
    with serving(bot.root) as server:
        assert "29일이며" in server.client.post("/query", json={"query": PRIZE, "session": "다"}).json()["response"]
        done = mundap("erase", "docs/비밀.md", "--json", workspace=bot.root)
        assert done.code == 0, done.err
        assert done.row["documents"] == 1
        assert "29일이며" not in server.client.post("/query", json={"query": PRIZE}).text
        assert "소멸" in server.client.post("/query", json={"query": LEAVE}).json()["response"]
    assert holding(bot.root / ".mundap", "29일이며") == []
    unknown = mundap("erase", "없는것", "--yes", workspace=bot.root)
    assert (unknown.code, "어느 것도 아닙니다" in unknown.err) == (1, True)
    asked = mundap("erase", "docs/휴가.md", workspace=bot.root, stdin="n\n")
    assert asked.code == 1
    assert bot.corpus.named("docs/휴가.md")


def test_the_last_document_leaves_no_index(indexed: MakeBot) -> None:
    bot = indexed({"비밀.md": FILES["비밀.md"]})
    md.erase.document(bot, "비밀.md", file=True)
    assert holding(bot.root, "29일이며") == []


@pytest.mark.parametrize("folder", ["docs", "uploads"])
@pytest.mark.parametrize("verb", [("erase", "--yes"), ("remove",)])
def test_a_file_of_decomposed_name_is_deleted_too(
    folder: str, verb: tuple[str, ...], indexed: MakeBot, mundap: Run
) -> None:
    """As macOS writes names: the next ingest would bring back what was to be gone."""
    bot = indexed()
    file = bot.root / folder / unicodedata.normalize("NFD", "징계 기록.txt")
    file.parent.mkdir(exist_ok=True)
    file.write_text("징계 기록은 삼 년 뒤 지웁니다.", "utf-8")
    bot.ingest()
    bot.index()
    done = mundap(*verb, f"{folder}/징계 기록.txt", "--file", workspace=bot.root)
    assert done.code == 0, done.err
    assert not file.exists()
    assert bot.ingest().added == 0
