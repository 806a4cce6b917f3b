"""mundap train on the sample corpus: the reports, the models, their cards, and what can go wrong."""

from __future__ import annotations

import csv
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import MakeBot
from tests.invoked import ran, run
from typer.testing import CliRunner, Result

import mundap as md
from mundap.cli import app
from mundap.errors import MundapError
from mundap.generate.support import support
from mundap.retrieve.light import FEATURES
from mundap.workspace import Mundap

METRICS = {"top1", "top3", "top10", "mrr@10"}
CONFIG = '[index]\nencoder = "hashed"\nuser_dictionary = "user_dictionary.txt"\n'
KILLED = """
import os, signal, sys
import mundap as md
from mundap.retrieve.light import LightModel

whole = LightModel.save

def save(self, folder):
    whole(self, folder)
    os.kill(os.getpid(), signal.SIGKILL)

LightModel.save = save
md.train.reranker(md.Mundap.open(sys.argv[1]), out="관세", config=md.train.RerankerConfig(features="scores"))
"""


@pytest.fixture(scope="module")
def corpus(hashed_sample: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample corpus, indexed with the hashed encoder."""
    return hashed_sample(tmp_path_factory.mktemp("train") / "ws", CONFIG)


@pytest.fixture(scope="module")
def trained(corpus: Path) -> dict[str, Any]:
    """What training on the known questions prints as JSON."""
    made: dict[str, Any] = json.loads(ran("train", "reranker", "--out", "관세", "--json", workspace=corpus))
    return made


def test_the_report_has_both_splits_before_and_after(trained: dict[str, Any]) -> None:
    assert trained["questions"] > 100
    assert (trained["folds"], trained["left_out"], trained["use"]) == (5, 0, "light:관세")
    for split in ("by_passage", "by_question"):
        figures = trained[split]
        assert figures["before"].keys() == figures["after"].keys() == figures["difference"].keys() == METRICS
        low, high = figures["after"]["top1"]["ci95"]
        assert low <= figures["after"]["top1"]["mean"] <= high
    assert trained["recommended"] is True  # hashes of letters leave much to learn


def test_the_card_says_what_the_model_is_and_how_to_make_it_again(trained: dict[str, Any]) -> None:
    folder = Path(trained["folder"])
    assert folder.name == "관세"
    assert folder.parent.parts[-2:] == (".mundap", "models")
    assert {path.name for path in folder.iterdir()} == {"card.json", "model.json", "synonyms.tsv", "questions.npy"}
    card = json.loads((folder / "card.json").read_text("utf-8"))
    assert card["kind"] == "reranker"
    assert card["created"].endswith(" UTC")
    assert card["versions"]["mundap"]
    assert card["data"]["file"] == "corpus"
    assert card["settings"]["index"]["encoder"] == "hashed"
    assert card["recipe"]["encoder"].startswith("hashed")
    assert card["features"] == list(card["weights"]) == list(FEATURES)
    assert card["metrics"]["by_passage"] == trained["by_passage"]
    assert card["recommended"] is True
    assert card["command"].startswith("mundap train reranker --out")
    assert "--features all" in card["command"]


def test_the_model_is_used_when_mundap_toml_names_it(corpus: Path, trained: dict[str, Any], tmp_path: Path) -> None:
    root = shutil.copytree(corpus, tmp_path / "ws")
    plain = Mundap.open(root)
    (root / "mundap.toml").write_text(f'{CONFIG}[retrieve]\nreranker = "{trained["use"]}"\n', "utf-8")
    bot = Mundap.open(root)
    asked = [known.question for known in bot.corpus.questions()][::5]
    assert all(bot.trained_on(question) for question in asked)
    orders = [[[hit.passage.id for hit in b.search(question, 5)] for question in asked] for b in (plain, bot)]
    assert orders[0] != orders[1]


def test_people_are_shown_the_figures_and_what_to_write(corpus: Path, trained: dict[str, Any]) -> None:
    out = ran("train", "reranker", "--out", "점수만", "--features", "scores", workspace=corpus)
    for part in ("학습 전", "학습 후", "새 문서", "학습한 문서", "top1", "mrr@10", "synonyms.tsv", "권"):
        assert part in out
    assert '[retrieve]\nreranker = "light:점수만"\n' in out
    card = json.loads((corpus / ".mundap" / "models" / "점수만" / "card.json").read_text("utf-8"))
    assert card["features"] == ["dense", "bm25", "length"]


def test_a_question_file_is_learned_from_and_what_it_lacks_is_counted(corpus: Path, tmp_path: Path) -> None:
    passages = Mundap.open(corpus).corpus.passages([q.passage_id for q in Mundap.open(corpus).corpus.questions()])
    lines: list[dict[str, Any]] = [
        {"question": f"{passage.text[5:20]} {n}", "gold": passage.text}
        for passage in passages.values()
        for n in ("뭐예요", "언제")
    ]
    lines += [{"question": "없는 글은 어디 있나요?", "gold": "색인에 없는 글"}, {"question": "답이 없어요", "gold": []}]
    file = tmp_path / "질문 둘.jsonl"
    file.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), "utf-8")
    row = json.loads(
        ran(
            "train", "reranker", "--out", "파일", "--data", file, "--features", "scores", "--json", workspace=corpus
        ).splitlines()[-1]
    )
    assert row["questions"] == len(lines) - 2
    assert row["left_out"] == 1
    card = json.loads((Path(row["folder"]) / "card.json").read_text("utf-8"))
    assert card["data"]["file"] == "질문 둘.jsonl"
    assert f"--data '{file}'" in card["command"]


def test_a_kill_before_the_promotion_leaves_the_old_model_and_is_resumed(
    corpus: Path, trained: dict[str, Any], tmp_path: Path
) -> None:
    root = shutil.copytree(corpus, tmp_path / "ws")
    model = root / ".mundap" / "models" / "관세"
    before = {path.name: path.read_bytes() for path in model.iterdir()}
    done = subprocess.run([sys.executable, "-c", KILLED, str(root)], capture_output=True, timeout=180)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert {path.name: path.read_bytes() for path in model.iterdir()} == before
    ran("train", "reranker", "--out", "관세", "--features", "scores", workspace=root)
    card = json.loads((model / "card.json").read_text("utf-8"))
    assert card["features"] == ["dense", "bm25", "length"]
    assert not [path for path in model.parent.iterdir() if path.name.startswith((".building", ".before"))]


def test_a_model_of_another_encoder_can_be_trained_again(corpus: Path, trained: dict[str, Any], tmp_path: Path) -> None:
    root = shutil.copytree(corpus, tmp_path / "ws")
    model = root / ".mundap" / "models" / "관세" / "model.json"
    kept = json.loads(model.read_text("utf-8"))
    model.write_text(json.dumps({**kept, "encoder": "another"}), "utf-8")
    (root / "mundap.toml").write_text(f'{CONFIG}[retrieve]\nreranker = "light:관세"\n', "utf-8")
    with pytest.raises(MundapError, match="mundap train reranker"):
        Mundap.open(root).search("면세 한도는?")
    ran("train", "reranker", "--out", "관세", "--features", "scores", workspace=root)
    assert Mundap.open(root).search("면세 한도는?")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--out", "../밖"), "모델 이름"),
        (("--out", "m"), "질문이 없습니다"),
        (("--out", "m", "--data", "없는.csv"), "질문 파일이 없습니다"),
    ],
    ids=["name", "no questions", "no file"],
)
def test_what_cannot_be_done_is_one_sentence(indexed: MakeBot, arguments: tuple[str, ...], told: str) -> None:
    root = indexed({"출장.txt": "출장비는 하루에 5만 원입니다.\n"}).root
    done = run("train", "reranker", *arguments, workspace=root)
    assert isinstance(done.exception, MundapError)
    assert told in str(done.exception)
    assert done.stdout == ""
    assert not (root / ".mundap" / "models").exists()


def test_too_few_questions_are_counted(indexed: MakeBot, tmp_path: Path) -> None:
    root = indexed().root
    done = run("train", "reranker", "--out", "m", workspace=root)
    assert "질문 1개, 제시문 1개" in str(done.exception)
    (tmp_path / "q.csv").write_text("질문,제시문\n왜?,다른 글\n", "utf-8")
    done = run("train", "reranker", "--out", "m", "--data", tmp_path / "q.csv", workspace=root)
    assert "질문 0개, 제시문 0개" in str(done.exception)


def test_a_trained_ranker_is_used_and_says_which_questions_it_has_met(
    corpus: Path, trained: dict[str, Any], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = shutil.copytree(corpus, tmp_path / "ws")
    (root / "mundap.toml").write_text(f'{CONFIG}[retrieve]\nreranker = "light:관세"\n', "utf-8")
    bot = Mundap.open(root)
    known = bot.corpus.questions()
    texts = bot.corpus.passages([q.passage_id for q in known])
    with (root / "known.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("질문", "제시문"), *((q.question, texts[q.passage_id].text) for q in known)])
    report = md.evaluate.retrieval(bot, root / "known.csv", depth=10)
    plain = md.evaluate.retrieval(Mundap.open(corpus), root / "known.csv", depth=10)
    assert report.legs["hybrid"].figures["mrr@10"].mean >= plain.legs["hybrid"].figures["mrr@10"].mean
    assert report.legs["fusion"].figures == plain.legs["hybrid"].figures
    assert "리랭커의 학습에 쓰인 질문" in caplog.text
    assert report.run is not None
    kept = json.loads((report.run / "report.json").read_text("utf-8"))
    assert kept["met_in_training"] == trained["questions"] == len(known)
    assert [step["name"] for step in kept["ablation"]] == ["bm25", "fusion", "hybrid"]
    assert bot.ask("해외직구 면세 한도가 얼마인가요?").citations


def test_support_is_calibrated_on_the_questions_and_used(corpus: Path, trained: dict[str, Any], tmp_path: Path) -> None:
    root = shutil.copytree(corpus, tmp_path / "ws")

    def calibrated(*arguments: str) -> Result:
        return run("train", "support", "--data", root / "questions.csv", *arguments, workspace=root)

    assert isinstance(calibrated("--out", "관세").exception, MundapError)  # the name of the ranker
    shown = json.loads(calibrated("--out", "근거", "--json").stdout)
    assert shown["answerable"] > 100
    assert shown["unanswerable"] > 50
    assert shown["after"]["auroc"] > 0.6
    assert shown["use"] == {"support": "근거", "min_support": shown["threshold"]}
    assert shown["promise"] is None
    (root / "mundap.toml").write_text(f'{CONFIG}[generate]\nsupport = "근거"\nmin_support = 0.2\n', "utf-8")
    bot = Mundap.open(root)
    question = "해외직구 면세 한도가 얼마인가요?"
    reading = bot.components.reader.read(question, bot.ask(question).hits)
    assert bot.support(question) == support(reading, bot.components.calibration) != support(reading)


def test_a_promise_of_few_wrong_answers_is_kept_in_the_card_and_looked_after(corpus: Path, tmp_path: Path) -> None:
    root = shutil.copytree(corpus, tmp_path / "ws")
    file = str(root / "questions.csv")

    def ran_on(*arguments: str) -> Result:
        done = run(*arguments, workspace=root)
        assert done.exit_code == 0, done.exception
        return done

    shown = json.loads(ran_on("train", "support", "--data", file, "--out", "보장", "--wrong", "0.4", "--json").stdout)
    promise = shown["promise"]
    assert shown["recommended"] is (promise["threshold"] is not None) is True
    assert shown["threshold"] == promise["threshold"]
    assert promise["missed"] / promise["answered"] <= promise["bound"] <= 0.4
    card = json.loads((Path(shown["folder"]) / "card.json").read_text("utf-8"))
    assert card["promise"] == promise
    assert "--wrong 0.4 --confidence 0.9" in card["command"]
    assert promise["sentence"] in ran_on("train", "support", "--data", file, "--out", "보장", "--wrong", "0.4").stdout

    ran_on("promote", "보장")
    assert Mundap.open(root).config.generate.min_support == promise["threshold"]
    held = json.loads(ran_on("evaluate", "answers", "--questions", file, "--limit", "60", "--json").stdout)
    low, high = held["wrong"]["ci95"]
    assert low <= held["wrong"]["mean"] <= high
    assert held["promise"]["held"] is (held["wrong"]["mean"] <= 0.4)
    assert "보장" in (Path(held["run"]) / "report.html").read_text("utf-8")

    settings = root / "mundap.toml"
    settings.write_text(
        settings.read_text("utf-8").replace(f"min_support = {promise['threshold']}", "min_support = 0.0")
    )
    loose = ran_on("evaluate", "answers", "--questions", file, "--limit", "20")
    assert f"오답률 보장은 임계값 {promise['threshold']}에서만 유효하지만" in loose.stdout
    assert "오답률" in loose.stdout


def test_what_cannot_be_promised_is_not_recommended_and_says_what_can(corpus: Path, tmp_path: Path) -> None:
    root = shutil.copytree(corpus, tmp_path / "ws")
    verb = ["train", "support", "--data", str(root / "questions.csv"), "--out", "보장", "--workspace", str(root)]
    out = CliRunner().invoke(app, [*verb, "--wrong", "0.001", "--confidence", "0.99"]).stdout
    assert "보장하는 임계값을 찾을 수 없습니다" in out
    assert "적용을 권장하지 않습니다: 요청한 오답률을 보장할 수 없습니다." in out
    card = json.loads((root / ".mundap" / "models" / "보장" / "card.json").read_text("utf-8"))
    assert card["promise"]["threshold"] is None
    assert not card["recommended"]


def test_a_reader_is_trained_on_recorded_answers_promoted_and_used(corpus: Path, tmp_path: Path) -> None:
    root = shutil.copytree(corpus, tmp_path / "ws")

    def ran_on(*arguments: str) -> Result:
        return run(*arguments, workspace=root)

    done = ran_on("train", "reader", "--out", "문장", "--json")
    assert done.exit_code == 0, done.exception
    shown = json.loads(done.stdout)
    assert shown["questions"] > 50
    for split in ("by_passage", "by_question"):
        figures = shown[split]
        assert figures["before"].keys() == figures["after"].keys() == {"facts", "key", "characters"}
        low, high = figures["difference"]["facts"]["ci95"]
        assert low <= figures["difference"]["facts"]["mean"] <= high
    assert shown["use"] == {"reader": "문장", "min_support": shown["support"]["threshold"]}
    folder = Path(shown["folder"])
    assert {path.name for path in folder.iterdir()} == {"card.json", "reader.json"}
    card = json.loads((folder / "card.json").read_text("utf-8"))
    assert (card["kind"], card["threshold"]) == ("reader", shown["support"]["threshold"])

    promoted = ran_on("promote", "문장", "--force", "--json")
    assert json.loads(promoted.stdout)["set"] == {
        "generate.reader": "문장",
        "generate.support": "",
        "generate.min_support": shown["support"]["threshold"],
    }
    bot = Mundap.open(root)
    assert bot.components.reader_model is not None
    question = "해외직구 면세 한도가 얼마인가요?"
    reading = bot.components.reader.read(question, bot.ask(question).hits)
    assert bot.support(question) == support(reading, None, bot.components.reader_model) != support(reading)
    assert bot.ask(question).text

    printed = ran_on("train", "reader", "--out", "문장").stdout
    for part in ("facts", "key", "새 문서", "학습한 문서", "AUROC", 'reader = "문장"', "권"):
        assert part in printed


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (["질문,제시문,답변", "왜?,글이다,"], "답변이 있는 질문이 없어"),
        (["질문,제시문,답변", "왜?,색인에 없는 글이다,그래서"], "제시문이 색인에 있는 질문이 없습니다"),
    ],
    ids=["no answers", "no passages"],
)
def test_what_a_reader_cannot_learn_from_is_one_sentence(
    corpus: Path, tmp_path: Path, rows: list[str], told: str
) -> None:
    file = tmp_path / "q.csv"
    file.write_text("\n".join(rows), "utf-8")
    verb = ["train", "reader", "--out", "m", "--data", str(file), "--workspace", str(corpus)]
    done = CliRunner().invoke(app, verb)
    assert isinstance(done.exception, MundapError)
    assert told in str(done.exception)
    assert done.stdout == ""
