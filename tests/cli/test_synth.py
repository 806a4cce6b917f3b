"""mundap synth qa, rank and persona on the sample corpus, offline."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import MakeFiles, Run

from mundap.workspace import Mundap


@pytest.fixture(scope="module")
def corpus(hashed_sample: MakeFiles, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample corpus with the hashed encoder, which costs a test little. Tests only read it."""
    return hashed_sample(tmp_path_factory.mktemp("synth") / "ws", '[index]\nencoder = "hashed"\n')


def test_questions_are_made_of_the_sample_and_are_fit_for_training(mundap: Run, corpus: Path, tmp_path: Path) -> None:
    out, ranking = tmp_path / "qa.jsonl", tmp_path / "ranking.json"
    done = mundap("synth", "qa", "--out", out, "--ranking", ranking, "--json", workspace=corpus)
    assert done.code == 0, done.err
    rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    bot = Mundap.open(corpus)
    passages = bot.corpus.passages([row["passage_id"] for row in rows])
    assert done.row["rows"] == len(rows) > 20
    for row in rows:
        assert row["gold"] == [passages[row["passage_id"]].text]
        assert row["support"] >= bot.config.generate.min_support
        assert row["answers"]["short"]
    known = {question.question for question in bot.corpus.questions()}
    assert not known & {row["question"] for row in rows}
    ranked = json.loads(ranking.read_text("utf-8"))
    assert len(ranked) == done.row["with_three_answers"] > 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["qa.jsonl", "ranking.json"]
    measured = mundap("evaluate", "retrieval", "--questions", out, "--json", workspace=corpus)
    assert measured.code == 0, measured.err
    assert measured.row["legs"]["bm25"]["top3"] > 0.9


def test_a_file_is_completed_and_what_was_mended_in_it_stays(mundap: Run, office: Path, tmp_path: Path) -> None:
    out = tmp_path / "qa.jsonl"
    command = ("synth", "qa", "--out", out, "--most", "1", "--json")
    assert mundap(*command, workspace=office).code == 0
    first, *_ = lines = out.read_text("utf-8").splitlines()
    mended = first.replace(json.loads(first)["question"], "고친 질문인가요?")
    out.write_text("\n".join([mended, *lines[1:-2]]) + "\n", "utf-8")
    refused = mundap(*command, workspace=office)
    assert (refused.code, refused.out) == (1, "")
    assert "--resume" in refused.err
    done = mundap(*command, "--resume", workspace=office)
    assert done.code == 0, done.err
    again = out.read_text("utf-8").splitlines()
    assert (again[0], len(again), done.row["new"]) == (mended, len(lines), 2)
    out.write_text('{"question": "x"}\n', "utf-8")
    broken = mundap(*command, "--resume", workspace=office)
    assert broken.code == 1
    assert "1번째 줄" in broken.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("qa", "--out", "qa.csv"), ".jsonl"),
        (("qa", "--out", "없는폴더/qa.jsonl"), "폴더가 없습니다"),
        (("qa", "--out", "qa.jsonl", "--ranking", "r.jsonl"), ".json"),
        (("qa", "--out", "qa.jsonl", "--by", "llm"), "generate.generator"),
        (("rank", "--out", "r.jsonl"), ".json"),
        (("persona", "없는것", "--out", "p.jsonl"), "unknown persona '없는것'"),
        (("persona", "", "--out", "p.jsonl"), "이름"),
    ],
)
def test_what_is_wrong_is_said(
    mundap: Run, office: Path, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = mundap("synth", *arguments, workspace=office, cwd=tmp_path)
    assert (done.code, done.out) == (1, "")
    assert said in done.err
    assert not list(tmp_path.iterdir())


def test_answers_are_ranked_and_rewritten_offline(mundap: Run, corpus: Path, tmp_path: Path) -> None:
    ranking, voiced = tmp_path / "ranking.json", tmp_path / "voiced.jsonl"
    done = mundap("synth", "rank", "--out", ranking, "--json", workspace=corpus)
    assert done.code == 0, done.err
    rows = json.loads(ranking.read_text("utf-8"))
    assert len(rows) == done.row["rows"] > 20
    answers = {question.question: question.answer for question in Mundap.open(corpus).corpus.questions()}
    for row in rows:
        assert sorted(row["ranking"]) == [0, 1, 2]
        assert row["completion_0"] == answers[row["prompt"]]
        assert row["ranking"][0] == 0  # nothing is nearer to the recorded answer than itself
    done = mundap("synth", "persona", "모아", "--out", voiced, "--json", workspace=corpus)
    assert done.code == 0, done.err
    persona = Mundap.open(corpus).components.persona("모아")
    assert persona is not None
    closing = persona.closing
    over = mundap("synth", "persona", "모아", "--out", voiced, "--resume", workspace=corpus)
    assert (over.code, "이미 모두 생성했습니다" in over.err) == (
        1,
        True,
    )  # it is finished, and may have been mended by hand
    lines = [json.loads(line) for line in voiced.read_text("utf-8").splitlines()]
    assert len(lines) == done.row["rows"] > 10
    assert all(line["answer"].endswith(closing) and line["gold"] for line in lines)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ranking.json", "voiced.jsonl"]
