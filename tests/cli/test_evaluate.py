"""Measurements: their shape, their reports, and two of them compared."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
from tests.cli.conftest import MakeBot, MakeFiles, Run
from tests.language_model import Handler, Server
from tests.serving import running

import mundap as md
from mundap.errors import MundapError
from mundap.evaluation.compare import earlier_legs
from mundap.workspace import Mundap

METRICS = {"top1", "top3", "top10", "mrr@10", "ndcg@10", "avg_rank"}
SICK = "병가는 해마다 60일까지 쓸 수 있습니다."
LAPSE = "연차는 2년이 지나면 소멸합니다. 연차는 해마다 15일입니다."
QUESTIONS = f"""질문,제시문,답변
연차는 언제 소멸하나요?,{LAPSE},2년 뒤
병가는 며칠까지 쓰나요?,{SICK},60일
연차는 며칠인가요?,{LAPSE},15일
화성의 위성은 몇 개인가요?,,
올해 우승 상금은 얼마예요?,,
"""
SQUAD: dict[str, Any] = {
    "data": [
        {
            "title": "기관",
            "paragraphs": [
                {
                    "context": "세관은 수입 물품에 관세를 매긴다.",
                    "qas": [
                        {"id": "1", "question": "관세는 누가 매기나?", "answers": [{"text": "세관", "answer_start": 0}]}
                    ],
                },
                {
                    "context": "기상청은 날마다 날씨를 예보한다.",
                    "qas": [
                        {
                            "id": "2",
                            "question": "날씨는 누가 예보하나?",
                            "answers": [{"text": "기상청", "answer_start": 0}],
                        },
                        {"id": "3", "question": "국세는 누가 걷나?", "is_impossible": True, "answers": []},
                    ],
                },
            ],
        }
    ]
}


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    path = tmp_path / "questions.csv"
    path.write_text(QUESTIONS, "utf-8")
    return path


def test_retrieval_measures_every_leg_and_keeps_its_report(mundap: Run, indexed: MakeBot, questions: Path) -> None:
    root = indexed().root
    done = mundap("evaluate", "retrieval", "--questions", questions, "--json", workspace=root)
    assert done.code == 0, done.err
    row = done.row
    assert (row["n"], row["unanswerable"], row["corpus"], row["gold_missing"]) == (3, 2, 5, 0)
    assert row["legs"].keys() == {"bm25", "dense", "graph", "hybrid"}
    for figures in row["legs"].values():
        assert figures.keys() >= METRICS | {"ci95"}
        assert figures["ci95"].keys() == METRICS
        assert all(low <= figures[metric] <= high for metric, (low, high) in figures["ci95"].items())
    assert row["legs"]["bm25"]["top1"] == 1.0
    assert row["legs"]["bm25"]["avg_rank"] == 1.0
    folder = Path(row["run"])
    assert folder.parent == root / ".mundap" / "runs"
    assert folder.name.endswith("-retrieval")
    report = json.loads((folder / "report.json").read_text("utf-8"))
    assert report["legs"] == row["legs"]
    assert [asked["legs"]["bm25"]["rank"] for asked in report["per_question"]] == [1, 1, 1]
    assert report["settings"]["index"]["encoder"] == "hashed"
    assert report["recipe"]["encoder"].startswith("hashed")
    assert report["versions"].keys() >= {"mundap", "python", "platform", "kiwipiepy"}
    assert f"--questions {questions} --depth 100 --workspace {root}" in report["command"]
    assert [step["name"] for step in row["ablation"]] == ["bm25", "hybrid"]
    assert row["ablation"][1]["changes"]["top1"]["n"] == 3
    page = (folder / "report.html").read_text("utf-8")
    assert report["corpus_digest"] in page
    assert report["questions"]["digest"] in page


def test_twins_count_as_right_beside_the_strict_figures(mundap: Run, fresh: MakeFiles, tmp_path: Path) -> None:
    rule = "여행자 휴대품의 기본 면세 한도는 미화 {}달러이며 술은 두 병까지, 담배는 200개비까지 따로 면세됩니다."
    root = fresh(
        {"가.txt": rule.format(800), "나.txt": rule.format(600), "다.txt": "지하 주차장은 밤 11시에 닫습니다."}
    )
    bot = Mundap.open(root)
    bot.ingest()
    bot.index()
    file = tmp_path / "q.csv"
    asked = [
        f"휴대품 면세 한도 600달러 술 담배,{rule.format(800)}",
        "주차장은 언제 닫나요?,지하 주차장은 밤 11시에 닫습니다.",
    ]
    file.write_text(
        "질문,제시문\n" + "\n".join(f'{q},"{t}"' for q, t in (line.split(",", 1) for line in asked)), "utf-8"
    )
    plain = mundap("evaluate", "retrieval", "--questions", file, "--json", workspace=root).row
    done = mundap("evaluate", "retrieval", "--questions", file, "--twins", "--json", workspace=root).row
    assert done["twins"]["questions"] == 1
    assert (done["twins"]["n_groups"], done["twins"]["passages"]) == (1, 2)
    assert [passage["text"] for passage in done["twins"]["groups"][0]["passages"]] in (
        [rule.format(800), rule.format(600)],
        [rule.format(600), rule.format(800)],
    )
    for leg, figures in done["legs"].items():
        lenient = figures.pop("with_twins")
        assert figures == plain["legs"][leg]
        assert lenient["top1"] == lenient["ndcg@10"] == 1.0
        assert lenient["ci95"].keys() == figures["ci95"].keys()
    assert done["legs"]["bm25"]["top1"] == 0.5
    assert "twins" not in plain
    shown = mundap("evaluate", "retrieval", "--questions", file, "--twins", workspace=root)
    assert "숫자·날짜만 다른 문단 2개" in shown.out
    report = (Path(done["run"]) / "report.json").read_text("utf-8")
    assert "--twins" in json.loads(report)["command"]
    assert "with_twins" in report
    both = mundap("evaluate", "retrieval", "--questions", file, "--twins", "--encoders", "a,b", workspace=root)
    assert both.code == 1


def test_a_run_is_compared_with_an_earlier_one(mundap: Run, indexed: MakeBot, questions: Path) -> None:
    root = indexed().root
    verb = ("evaluate", "retrieval", "--questions", questions)
    shown = mundap(*verb, workspace=root)
    assert shown.code == 0
    lines = shown.out.splitlines()
    assert lines[0] == "질문 3개 (답이 없는 질문 2개 제외), 문단 5개"
    assert [line.split()[0] for line in lines[2:6]] == ["bm25", "dense", "graph", "hybrid"]
    first = lines[-1].removeprefix("보고서: ")
    (root / "docs" / "휴가.md").write_text(f"# 휴가 규정\n\n## 병가\n\n{SICK}\n\n## 그 밖\n\n없음\n", "utf-8")
    changed = Mundap.open(root)
    changed.ingest()
    changed.index()
    second = mundap(*verb, "--compare", first, "--json", workspace=root)
    assert second.code == 0, second.err
    assert second.row["gold_missing"] == 2
    assert "제시문이 색인에 없어" in second.err
    difference = second.row["compared"]["bm25"]["top1"]
    assert difference["n"] == 3
    assert difference["mean"] == pytest.approx(1 / 3 - 1)
    assert difference["verdict"] == "difference not significant"  # of three questions, nothing is
    assert difference["ci95"][0] <= difference["mean"] <= difference["ci95"][1]
    assert second.row["run"] != first
    assert "차이가 유의하지 않음" in (Path(second.row["run"]) / "report.html").read_text("utf-8")


class Kept(Protocol):
    @property
    def run(self) -> Path | None: ...


def run_of(report: Kept) -> Path:
    assert report.run is not None
    return report.run


def test_variants_are_measured_as_legs_and_each_step_against_the_one_before(indexed: MakeBot, questions: Path) -> None:
    def variants(bot: Mundap) -> dict[str, Callable[..., Any]]:
        return {"+거꾸로": lambda question, k: bot.search(question, k)[::-1]}

    steps = ("bm25", "hybrid", "+거꾸로")
    report = md.evaluate.retrieval(indexed(), questions, depth=10, variants=variants, steps=steps)
    assert list(report.legs) == ["bm25", "dense", "graph", "hybrid", "+거꾸로"]
    kept = json.loads((run_of(report) / "report.json").read_text("utf-8"))["ablation"]
    assert [step["name"] for step in kept] == list(steps)
    assert kept[2]["changes"]["top1"]["mean"] == kept[2]["means"]["top1"] - kept[1]["means"]["top1"] < 0
    assert "+거꾸로" in (run_of(report) / "report.html").read_text("utf-8")


def test_two_runs_in_one_second_keep_their_reports(indexed: MakeBot, questions: Path) -> None:
    bot = indexed()
    folders = {md.evaluate.retrieval(bot, questions, depth=10).run for _ in range(3)}
    assert len(folders) == 3


def test_what_is_no_earlier_run_is_named(indexed: MakeBot, questions: Path, tmp_path: Path) -> None:
    report = md.evaluate.retrieval(indexed(), questions, depth=10)
    assert earlier_legs(run_of(report)) == earlier_legs(run_of(report) / "report.json")
    assert report.compared_with(earlier_legs(run_of(report)))["hybrid"]["top1"].mean == 0
    for text in ("{}", "[]", "3", "not json"):
        (tmp_path / "report.json").write_text(text)
        with pytest.raises(MundapError, match=r"report\.json"):
            earlier_legs(tmp_path)
    with pytest.raises(MundapError, match="none"):
        earlier_legs(tmp_path / "none")


def test_abstention_is_measured(mundap: Run, indexed: MakeBot, questions: Path) -> None:
    root = indexed().root
    done = mundap("evaluate", "abstain", "--questions", questions, "--json", workspace=root)
    assert done.code == 0, done.err
    row = done.row
    figures = ("auroc", "answered", "refused", "balanced_accuracy", "risk", "coverage")
    assert (row["n"], row["answerable"], row["unanswerable"]) == (5, 3, 2)
    assert row["ci95"].keys() == set(figures)
    assert all(row["ci95"][name][0] <= row[name] <= row["ci95"][name][1] for name in figures)
    assert (row["auroc"], row["answered"], row["refused"]) == (1.0, 1.0, 1.0)
    [folder] = (root / ".mundap" / "runs").glob("*-abstain")
    report = json.loads((folder / "report.json").read_text("utf-8"))
    assert report["auroc"] == 1.0
    assert [asked["measures"]["right"] for asked in report["per_question"]] == [1.0] * 5
    assert "AUROC" in (folder / "report.html").read_text("utf-8")
    again = mundap("evaluate", "abstain", "--questions", questions, "--compare", folder, workspace=root)
    assert again.code == 0, again.err
    assert "auroc +0.000 (difference not significant)" in again.out


def test_abstention_needs_questions_of_both_kinds(indexed: MakeBot, tmp_path: Path) -> None:
    (tmp_path / "q.csv").write_text(f"질문,제시문\n병가는 며칠인가요?,{SICK}\n", "utf-8")
    with pytest.raises(MundapError, match=r"답이 없는 질문\(0개\)"):
        md.evaluate.abstain(indexed(), tmp_path / "q.csv")


def test_answers_are_measured_and_compared(mundap: Run, indexed: MakeBot, questions: Path) -> None:
    root = indexed().root
    verb = ("evaluate", "answers", "--questions", questions)
    done = mundap(*verb, "--json", workspace=root)
    assert done.code == 0, done.err
    row = done.row
    assert (row["n"], row["unanswerable"]["n"], row["without_answer"]) == (3, 2, 0)
    assert row["answered"].keys() >= {"character_f1", "morpheme_f1", "chrf", "rougeL", "citation_precision"}
    assert row["answered"]["citation_recall"] == 1.0
    assert row["unanswerable"]["refused"] == 1.0
    assert row["quotes"]["validity"] == 1.0
    folder = Path(row["run"])
    assert folder.name.endswith("-answers")
    report = json.loads((folder / "report.json").read_text("utf-8"))
    assert len(report["per_question"]) == 5
    assert report["command"].startswith("mundap evaluate answers")
    assert "글자 F1" in (folder / "report.html").read_text("utf-8")
    again = mundap(*verb, "--limit", 4, "--seed", 1, "--compare", folder, workspace=root)
    assert again.code == 0, again.err
    assert "character_f1 +0.000 (difference not significant)" in again.out
    few = md.evaluate.answers(Mundap.open(root), questions, limit=2, seed=3)
    same = md.evaluate.answers(Mundap.open(root), questions, limit=2, seed=3)
    assert [a.key for a in few.per_question] == [a.key for a in same.per_question]
    assert len(few.per_question) == 2


def test_answers_are_not_copied_from_the_sheet_that_they_are_compared_with(indexed: MakeBot, tmp_path: Path) -> None:
    known = "주차장은 몇 시에 닫나요?,지하 주차장은 밤 11시에 문을 닫습니다.,밤 11시에 닫습니다.\n"
    (tmp_path / "q.csv").write_text(f"질문,제시문,답변\n{known}", "utf-8")
    bot = indexed()
    assert bot.ask("주차장은 몇 시에 닫나요?").model == "known"
    report = md.evaluate.answers(bot, tmp_path / "q.csv")
    assert report.models == ("extractive",)


@pytest.fixture
def grading() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A server that gives every answer the same grades: its spec, and the requests it has seen."""
    grades = json.dumps({"reason": "같은 내용", "correctness": 4, "faithfulness": 5}, ensure_ascii=False)

    class Grader(Handler):
        def reply(self, request: dict[str, Any]) -> None:
            self.whole(grades)

    with running(Server(Grader)) as server:
        yield f"openai:{server.address}#grader", server.bodies


def test_a_judge_grades_the_answers_once(
    mundap: Run, indexed: MakeBot, questions: Path, grading: tuple[str, list[dict[str, Any]]]
) -> None:
    spec, seen = grading
    root = indexed().root
    verb = ("evaluate", "answers", "--questions", questions, "--judge", spec, "--json")
    first, second = mundap(*verb, workspace=root), mundap(*verb, workspace=root)
    assert first.code == second.code == 0, first.err + second.err
    for row in (first.row, second.row):
        assert row["judge"]["name"] == "openai:grader"
        assert (row["judge"]["n"], row["judge"]["without_verdict"]) == (row["answered"]["n"], 0)
        assert (row["judge"]["correctness"], row["judge"]["faithfulness"]) == (4.0, 5.0)
    assert len(seen) == first.row["answered"]["n"] == 3
    bot, runs = Mundap.open(root), [Path(done.row["run"]) for done in (first, second)]
    alike = md.evaluate.answers(bot, questions, judge=spec, before=runs[0])
    assert (alike.compared or {})["correctness"].mean == 0
    assert json.loads((run_of(alike) / "report.json").read_text("utf-8"))["compared"]["correctness"]["mean"] == 0
    report = json.loads((runs[1] / "report.json").read_text("utf-8"))
    report["judge"]["name"] = "openai:another"
    (runs[1] / "report.json").write_text(json.dumps(report), "utf-8")
    other = md.evaluate.answers(bot, questions, judge=spec, before=runs[1])
    assert "correctness" not in json.loads((run_of(other) / "report.json").read_text("utf-8"))["compared"]
    wrong = mundap("evaluate", "answers", "--questions", questions, "--judge", "extractive", workspace=root)
    assert wrong.code == 1
    assert "채점에 사용할 수 없는 모델입니다" in wrong.err


def test_keywords_are_measured(mundap: Run, fresh: MakeFiles, tmp_path: Path) -> None:
    root = fresh()
    file = tmp_path / "k.tsv"
    file.write_text("query\tkeyword\n해외직구 면세 한도는?\t해외직구,면세\n이사화물은?\t이사화물\n", "utf-8")
    nouns = ("evaluate", "keywords", "--questions", file, "--extractor", "nouns")
    done = mundap(*nouns, "--json", workspace=root)
    assert done.code == 0, done.err
    assert (done.row["n"], done.row["micro_recall"], done.row["exact"]) == (2, 3 / 3, 1 / 2)
    assert done.row["micro_precision"] == 3 / 4
    folder = Path(done.row["run"])
    assert "가장 나쁜 질문" in (folder / "report.html").read_text("utf-8")
    shown = mundap(*nouns, "--compare", folder, workspace=root)
    assert shown.code == 0, shown.err
    assert "f1 +0.000 (difference not significant)" in shown.out
    other = mundap("evaluate", "answers", "--questions", file, "--compare", folder, workspace=root)
    assert other.code == 1
    file.write_text("query\tkeyword\n해외직구 면세 한도는?\t\n", "utf-8")
    bad = mundap("evaluate", "keywords", "--questions", file, workspace=root)
    assert (bad.code, bad.out) == (1, "")
    assert "k.tsv 2행" in bad.err


def test_a_file_with_its_own_paragraphs_is_answered_from_those(indexed: MakeBot, tmp_path: Path) -> None:
    (tmp_path / "squad.json").write_text(json.dumps(SQUAD, ensure_ascii=False), "utf-8")
    bot = indexed()
    answers = md.evaluate.answers(bot, tmp_path / "squad.json")
    assert answers.answered.means["citation_recall"] == 1.0
    abstained = md.evaluate.abstain(bot, tmp_path / "squad.json")
    assert (abstained.answerable, abstained.unanswerable) == (2, 1)


def test_a_file_with_its_own_paragraphs_is_searched_in_those(mundap: Run, indexed: MakeBot, tmp_path: Path) -> None:
    (tmp_path / "squad.json").write_text(json.dumps(SQUAD, ensure_ascii=False), "utf-8")
    bot = indexed()
    before = bot.corpus.state(), bot.corpus.counts()
    done = mundap("evaluate", "retrieval", "--questions", tmp_path / "squad.json", "--json", workspace=bot.root)
    assert done.code == 0, done.err
    assert (done.row["n"], done.row["corpus"], done.row["unanswerable"]) == (2, 2, 1)
    assert done.row["legs"]["bm25"]["top1"] == 1.0
    assert Path(done.row["run"]).parent == bot.root / ".mundap" / "runs"
    again = md.evaluate.retrieval(bot, tmp_path / "squad.json")  # finds what the first has kept
    assert again.to_json()["legs"] == done.row["legs"]
    assert (bot.corpus.state(), bot.corpus.counts()) == before
    assert all("세관" not in hit.passage.text for hit in bot.search("관세는 누가 매기나?", k=100))


@pytest.mark.parametrize(
    ("name", "text", "parts"),
    [
        ("q.csv", "물음,글\n왜?,그냥\n", ["q.csv", "물음, 글", "질문", "제시문"]),
        ("q.json", '{"data": 3}', ["q.json", "data"]),
        ("q.jsonl", '{"question": "왜?"\n', ["q.jsonl 1번째 줄"]),
        ("q.txt", "왜?", ["q.txt", ".xlsx"]),
        ("q.csv", f"질문,제시문\n왜?,{SICK[1:]}\n", ["mundap ingest"]),
    ],
    ids=["columns", "squad", "jsonl", "suffix", "unknown gold"],
)
def test_a_question_file_that_cannot_be_used_says_why(
    mundap: Run, office: Path, tmp_path: Path, name: str, text: str, parts: list[str]
) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    done = mundap("evaluate", "retrieval", "--questions", tmp_path / name, workspace=office)
    assert (done.code, done.out) == (1, "")
    assert "Traceback" not in done.err
    assert all(part in done.err for part in parts), done.err
