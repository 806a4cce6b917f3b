"""A workspace whose record is at a PostgreSQL server: the same commands, several servers over it, and moving there."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from tests import postgres
from tests.cli.conftest import HASHED, LEAVE, MakeBot, MakeFiles, Run, Serve, make
from tests.waiting import until

from mundap.config import Store
from mundap.errors import ConfigError
from mundap.store.feedback import Vote
from mundap.types import Answer
from mundap.workflows import migrate
from mundap.workspace import Mundap

NO_STORE = {"MUNDAP_STORE_URL": None}


def over(url: str) -> str:
    return f'{HASHED}[store]\nurl = "{url}"\n'


def test_commands_work_over_a_server_as_over_a_file(
    mundap: Run, fresh: MakeFiles, postgres_cluster: postgres.Cluster
) -> None:
    url = postgres_cluster.database()
    root = fresh(config=over(url))
    done = mundap("ingest", "--json", workspace=root)
    assert (done.code, done.row["documents"], done.row["added"]) == (0, 3, 3)
    assert mundap("index", workspace=root).code == 0
    assert mundap("ingest", "--json", workspace=root).row["unchanged"] == 3
    assert mundap("search", "연차는 언제 소멸하나요?", "--json", workspace=root).rows[0]["source"] == "휴가 규정"
    assert "밤 11시" in mundap("ask", "주차장은 몇 시에 닫나요?", "--json", workspace=root).row["answer"]
    examined = mundap("doctor", "--json", workspace=root)
    assert examined.row["record"] == f"ok: postgresql://127.0.0.1:{postgres_cluster.port}/{url.rpartition('/')[2]}"
    for secret in (postgres.PASSWORD, "%40ss"):
        assert secret not in examined.out + examined.err
    assert mundap("remove", "출장.txt", workspace=root).code == 0
    assert all(row["source"] != "docs/출장.txt" for row in mundap("search", "출장비", "--json", workspace=root).rows)
    assert not list((root / ".mundap").glob("corpus*"))
    assert "pg_dump" in mundap("backup", root.parent / "b.tar", workspace=root).err
    # in the environment, and wrong in three ways
    for wrong, said in (
        (url.replace("p%40ss", "other"), "비밀번호"),
        (postgres_cluster.database(), "비어 있는데"),
        ("postgres:/u:hidden@h/x", "store.url"),
    ):
        done = mundap("search", "연차", workspace=root, env={"MUNDAP_STORE_URL": wrong})
        assert done.code == 1
        assert said in done.err
        assert len(done.err.strip().splitlines()) == 1
        assert not any(secret in done.err for secret in (postgres.PASSWORD, "other", "hidden", "%40ss"))
    done = mundap("search", "연차", workspace=root, env={"MUNDAP_STORE_URL": "sqlite"})
    assert (done.code, "MUNDAP_STORE_URL" in done.err) == (1, True)
    assert not list((root / ".mundap").glob("corpus*"))


def test_what_happens_at_one_server_is_known_to_the_other(
    serving: Serve, mundap: Run, tmp_path: Path, postgres_cluster: postgres.Cluster
) -> None:
    url = postgres_cluster.database()
    one, two = (make(tmp_path / name, LEAVE, over(url)) for name in ("하나", "둘"))
    assert mundap("ingest", workspace=one).code == 0
    assert mundap("index", workspace=one).code == 0
    with serving(one) as first, serving(two) as second:
        until(lambda: second.client.get("/readyz").status_code == 200)  # it has indexed what is in the record
        asked = first.client.post("/query", json={"query": "연차는 며칠인가요?", "session": "s"}).json()
        follow = second.client.post("/query", json={"query": "언제 소멸하나요?", "session": "s"}).json()
        assert "2년" in follow["response"]
        voted = second.client.post("/feedback", json={"request_id": asked["request_id"], "verdict": "up"})
        assert voted.is_success, voted.text
        file = {"files": ("주차.txt", "주차 요금은 한 시간에 삼천 원입니다.".encode())}
        assert first.client.post("/documents", files=file).is_success

        def found(server: httpx.Client) -> bool:
            answer = server.post("/search", json={"query": "주차 요금 한 시간"})
            return answer.status_code == 200 and any("삼천" in hit["text"] for hit in answer.json()["hits"])

        assert found(first.client)
        until(lambda: found(second.client))
        [uploaded] = [d for d in second.client.get("/documents").json()["documents"] if "주차.txt" in d["source"]]
        assert second.client.delete(f"/documents/{uploaded['document_id']}").is_success
        assert not found(first.client)
        assert not found(second.client)
        key = mundap("keys", "add", "홈", "--role", "ask,read", workspace=one).out.strip()
        until(lambda: first.client.get("/documents").status_code == 401)
        until(lambda: second.client.get("/documents").status_code == 401)
        headers = {"Authorization": f"Bearer {key}"}
        assert second.client.get("/documents", headers=headers).status_code == 200
        assert mundap("keys", "remove", "홈", workspace=two).code == 0
        until(lambda: first.client.get("/documents", headers=headers).status_code == 401)


def test_a_server_whose_record_is_away_says_so_and_goes_on(serving: Serve, tmp_path: Path) -> None:
    with postgres.cluster() as cluster:
        root = make(tmp_path / "ws", LEAVE, over(cluster.database()))
        bot = Mundap.open(root)
        bot.ingest()
        bot.index()
        with serving(root) as server:
            until(lambda: server.client.get("/readyz").status_code == 200)
            ask = {"query": "연차는 언제 소멸하나요?"}
            assert server.client.post("/query", json=ask).status_code == 200
            cluster.kill()
            assert server.client.get("/healthz").status_code == 200
            refused = server.client.post("/query", json=ask)
            assert (refused.status_code, "Retry-After" in refused.headers) == (503, True)
            assert postgres.PASSWORD not in refused.text + server.errors.read_text("utf-8")
            cluster.start()
            until(lambda: server.client.post("/query", json=ask).status_code == 200)


def test_a_workspace_is_moved_and_nothing_of_it_is_lost(
    mundap: Run, indexed: MakeBot, postgres_cluster: postgres.Cluster
) -> None:
    bot = indexed()
    root, url = bot.root, postgres_cluster.database()
    bot.corpus.tag("docs/출장.txt", ["인사"])
    bot.feedback.answered("r1", Answer("질문", "답", (), ()), "s", "나")
    bot.feedback.judge("r1", Vote("down", answer="바른 답"), "나")
    bot.index()
    before = bot.search("연차는 언제 소멸하나요?")
    key = mundap("keys", "add", "홈", workspace=root).out.strip()

    def killed(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        migrate.migrate(root, url, killed)
    assert (
        Mundap.open(root).search("연차는 언제 소멸하나요?") == before
    )  # the files are in use as long as it is not done
    bot.remove("휴가.md")
    bot.corpus.put(*_changed(bot))
    bot.index()
    done = mundap("migrate", "--to", url, "--json", workspace=root, env=NO_STORE)
    assert done.code == 0, done.err
    assert done.row["rows"] | {"documents": 3, "answers": 1, "feedback": 1, "access": 1} == done.row["rows"]
    assert (done.row["keys"], done.row["searches"]) == (1, 200)
    assert "비밀" not in done.out + done.err
    told = mundap("search", "연차", workspace=root, env=NO_STORE)
    assert (told.code, "MUNDAP_STORE_URL" in told.err) == (1, True)
    moved = bot.reconfigured(bot.config.model_copy(update={"store": Store(url=url)}))
    assert not moved.unindexed
    assert [one.vote for one in moved.feedback.given()] == [Vote("down", answer="바른 답")]
    assert moved.corpus.tags("docs/출장.txt") == ["인사"]
    assert moved.feedback.judge("r1", Vote("up"), "나") == 2  # numbered after what was moved
    assert key
    with pytest.raises(ConfigError, match=r"빈 데이터베이스가 아닙니다|다른 작업 폴더"):
        migrate.migrate(indexed_again(root), url)


def _changed(bot: Mundap):  # type: ignore[no-untyped-def]
    from mundap.types import Document, Passage

    text = "연차는 3년이 지나면 소멸합니다."
    passage = Passage("f" * 16, "e" * 16, text, 0, len(text), source="새 규정", parent_id="f" * 16)
    return Document("e" * 16, text, "docs/새 규정.txt", "새 규정"), [passage], [], "f"


def indexed_again(root: Path) -> Path:
    other = make(root.parent / "다른", {"가.txt": "다른 글입니다."})
    Mundap.open(other).ingest()
    return other
