"""What people say of answers: kept over HTTP, and given back as training data."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.cli.conftest import MakeBot, MakeFiles, Run

from mundap.store.feedback import Vote
from mundap.types import Answer
from mundap.workspace import Mundap

pytest.importorskip("fastapi", reason="the extra serve is not installed")

LEAVE = "연차는 언제 소멸되나요?"
TRIP = "출장비는 하루에 얼마인가요?"
PARKING = "주차장은 몇 시에 닫나요?"


@pytest.fixture
def served(command: str, indexed: MakeBot) -> Iterator[tuple[httpx.Client, Path, subprocess.Popen[bytes]]]:
    root = indexed().root
    server = subprocess.Popen(
        [command, "serve", "--port", "0", "--workspace", str(root)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert server.stdout is not None
    try:
        with httpx.Client(base_url=server.stdout.readline().decode().strip(), timeout=60) as client:
            yield client, root, server
    finally:
        server.terminate()
        server.wait(30)
        server.stdout.close()


def asked(client: httpx.Client, question: str) -> dict[str, Any]:
    said = client.post("/query", json={"query": question})
    assert said.status_code == 200, said.text
    made: dict[str, Any] = said.json()
    return made


def judged(client: httpx.Client, request_id: str, verdict: str, **said: str) -> None:
    kept = client.post("/feedback", json={"request_id": request_id, "verdict": verdict, **said})
    assert kept.status_code == 201, kept.text
    assert kept.json()["request_id"] == request_id


def bare(answer: dict[str, Any]) -> str:
    """The answer without its markers of citations, which number passages that training does not show."""
    return re.sub(r" ?\[\d+\]", "", answer["response"])


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_judged_answers_become_training_data(
    served: tuple[httpx.Client, Path, subprocess.Popen[bytes]], mundap: Run, tmp_path: Path
) -> None:
    client, root, _ = served
    liked = asked(client, LEAVE)
    wrong = asked(client, TRIP)
    corrected = "하루에 5만 원입니다."
    judged(client, liked["request_id"], "down")
    judged(client, liked["request_id"], "up")  # the last counts
    judged(client, wrong["request_id"], "down", answer=corrected, comment="짧게 말해 주세요")
    done = mundap("feedback", "export", "--out", tmp_path, "--json", workspace=root)
    assert done.code == 0, done.err
    assert done.row == {"folder": str(tmp_path), "retriever": 2, "preference": 1, "sft": 2, "untraced": 0}

    of_liked, of_wrong = rows(tmp_path / "retriever.jsonl")
    assert of_liked["gold"] == [next(h["text"] for h in liked["hits"] if h["passage_id"] == of_liked["passage_id"])]
    assert of_liked["by"] == "cited"
    assert of_liked["negatives"] == []  # nobody said that the others are wrong
    assert "5만 원" in of_wrong["gold"][0]
    assert of_wrong["by"] == "correction"
    assert of_wrong["answer"] == corrected
    assert of_wrong["negatives"]
    assert not any("5만 원" in text for text in of_wrong["negatives"])
    assert rows(tmp_path / "preference.jsonl") == [{"prompt": TRIP, "chosen": corrected, "rejected": bare(wrong)}]
    assert rows(tmp_path / "sft.jsonl") == [
        {"prompt": LEAVE, "completion": bare(liked)},
        {"prompt": TRIP, "completion": corrected},
    ]

    worst = mundap("feedback", "review", "--json", workspace=root).rows
    assert [(one["question"], one["downs"], one["comments"]) for one in worst] == [(TRIP, 1, ["짧게 말해 주세요"])]
    assert worst[0]["corrections"] == [corrected]


def test_a_passage_that_someone_names_is_the_gold(
    served: tuple[httpx.Client, Path, subprocess.Popen[bytes]], mundap: Run, tmp_path: Path
) -> None:
    client, root, _ = served
    answer = asked(client, TRIP)
    other = answer["hits"][-1]
    judged(client, answer["request_id"], "down", passage_id=other["passage_id"])
    assert mundap("feedback", "export", "--out", tmp_path / "judged", "--what", "retriever", workspace=root).code == 0
    [row] = rows(tmp_path / "judged" / "retriever.jsonl")
    assert (row["gold"], row["by"]) == ([other["text"]], "named")
    assert set(row["negatives"]) == {hit["text"] for hit in answer["hits"]} - {other["text"]}
    assert [path.name for path in (tmp_path / "judged").iterdir()] == ["retriever.jsonl"]


def test_what_nobody_asked_cannot_be_judged(
    served: tuple[httpx.Client, Path, subprocess.Popen[bytes]], mundap: Run, tmp_path: Path
) -> None:
    client, root, _ = served
    unknown = client.post("/feedback", json={"request_id": "없는것", "verdict": "up"})
    assert unknown.status_code == 404
    assert "없는것" in unknown.json()["detail"]
    answer = asked(client, LEAVE)
    wrong = {"request_id": answer["request_id"], "verdict": "down", "passage_id": "nowhere"}
    assert client.post("/feedback", json=wrong).status_code == 404
    assert client.post("/feedback", json={**wrong, "verdict": "그저 그래요"}).status_code == 422
    nothing = mundap("feedback", "export", "--out", tmp_path, workspace=root)
    assert (nothing.code, nothing.out) == (1, "")
    assert "아직 의견이 없습니다" in nothing.err


def test_a_question_that_was_not_answered_is_reviewed_without_a_vote(
    served: tuple[httpx.Client, Path, subprocess.Popen[bytes]], mundap: Run
) -> None:
    client, root, _ = served
    assert asked(client, "화성의 위성은 몇 개인가요?")["abstained"]
    [one] = mundap("feedback", "review", "--json", workspace=root).rows
    assert (one["abstained"], one["downs"]) == (1, 0)


def test_a_killed_server_loses_no_acknowledged_judgement(
    served: tuple[httpx.Client, Path, subprocess.Popen[bytes]], mundap: Run
) -> None:
    client, root, server = served
    names = [asked(client, question)["request_id"] for question in (LEAVE, TRIP, PARKING)]
    acknowledged: list[int] = []

    def keep_judging() -> None:
        while True:
            for name in names:
                try:
                    said = httpx.post(
                        f"{client.base_url}/feedback", json={"request_id": name, "verdict": "up"}, timeout=10
                    )
                except httpx.HTTPError:
                    return
                if said.status_code == 201:
                    acknowledged.append(said.json()["id"])

    judging = [threading.Thread(target=keep_judging) for _ in range(3)]
    for thread in judging:
        thread.start()
    while len(acknowledged) < 30:
        assert server.poll() is None
    server.send_signal(signal.SIGKILL)
    for thread in judging:
        thread.join(30)
    kept = Mundap.open(root).feedback.ids()
    assert len(acknowledged) == len(set(acknowledged))
    assert set(acknowledged) <= set(kept)


def test_an_adapter_is_trained_on_what_people_judged(hashed_sample: MakeFiles, mundap: Run, tmp_path: Path) -> None:
    root = hashed_sample(tmp_path / "ws", '[index]\nencoder = "hashed"\n')
    bot = Mundap.open(root)
    known = [one for one in bot.corpus.questions() if one.answer][:120]
    for number, one in enumerate(known):
        bot.feedback.answered(f"request-{number}", Answer(one.question, "모르겠습니다."))
        bot.feedback.judge(f"request-{number}", Vote("down", answer=one.answer, passage_id=one.passage_id))
    exported = mundap("feedback", "export", "--out", tmp_path / "judged", "--json", workspace=root).row
    assert exported["retriever"] > 100
    data = tmp_path / "judged" / "retriever.jsonl"
    trained = mundap("train", "adapter", "--data", data, "--out", "ours", "--json", workspace=root)
    assert trained.code == 0, trained.err
    assert trained.row["questions"] == exported["retriever"]
    assert trained.row["missing"] == 0
