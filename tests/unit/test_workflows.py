"""Use cases from Python: what each takes, and the typed result that it ends in."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pytest
from tests.shown import shown

import mundap as md
from mundap.errors import BadFile, ConfigError, MundapError, UnknownName
from mundap.evaluation.estimates import ALIKE, Estimate
from mundap.workflows import settings
from mundap.workspace import Mundap

CONFIG = '[ingest]\npaths = ["docs"]\n[index]\nencoder = "hashed"\n'
SICK, LAPSE = "병가는 해마다 60일까지 쓸 수 있습니다.", "연차는 2년이 지나면 소멸합니다. 연차는 해마다 15일입니다."
PARKING = "지하 주차장은 밤 11시에 문을 닫습니다. 방문객은 두 시간까지 무료입니다."
SHEET = f"""출처,제시문,질문,답변
인사과,{LAPSE},연차는 언제 소멸하나요?,2년이 지나면 소멸합니다.
인사과,{SICK},병가는 며칠까지 쓰나요?,60일까지 쓸 수 있습니다.
총무과,{PARKING},주차장은 몇 시에 닫나요?,밤 11시에 닫습니다.
"""
QUESTIONS = f"{SHEET}인사과,,화성의 위성은 몇 개인가요?,\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("workflows") / "ws"
    (root / "docs").mkdir(parents=True)
    (root / "mundap.toml").write_text(CONFIG, "utf-8")
    (root / "docs" / "문답.csv").write_text(SHEET, "utf-8")
    (root / "questions.csv").write_text(QUESTIONS, "utf-8")
    (root / "keywords.tsv").write_text("query\tkeyword\n해외직구 면세 한도는?\t해외직구, 면세\n", "utf-8")
    bot = Mundap.open(root)
    bot.ingest()
    bot.index()
    return root


@pytest.fixture
def bot(made: Path, tmp_path: Path) -> Mundap:
    return Mundap.open(shutil.copytree(made, tmp_path / "ws"))


def test_the_names_of_use_cases_are_not_hidden_by_the_packages_below_them() -> None:
    import mundap.evaluation.retrieval
    import mundap.tuning.search  # noqa: F401

    assert callable(md.evaluate.retrieval)
    assert callable(md.tune.run)
    assert {"evaluate", "promote", "runs", "synthesise", "train", "tune"} <= set(dir(md))


T = TypeVar("T", covariant=True)


class Kept(Protocol[T]):
    @property
    def run(self) -> Path | None: ...
    @property
    def compared(self) -> T | None: ...


def run_of(report: Kept[Any]) -> Path:
    assert report.run is not None
    return report.run


def compared_of(report: Kept[T]) -> T:
    assert report.compared is not None
    return report.compared


def test_retrieval_is_measured_and_compared_with_an_earlier_run(bot: Mundap) -> None:
    seen = []
    first = md.evaluate.retrieval(bot, bot.root / "questions.csv", depth=10, progress=lambda *at: seen.append(at))
    assert (first.n, first.unanswerable, first.compared) == (3, 1, None)
    assert first.legs["bm25"].figures["top1"] == Estimate(1.0, 1.0, 1.0, 3)
    assert seen[-1][0] == seen[-1][1]
    assert "compared" not in shown(first)
    second = md.evaluate.retrieval(bot, str(bot.root / "questions.csv"), depth=10, before=first.run)
    difference = compared_of(second)["hybrid"]["top1"]
    assert (difference.mean, difference.n, difference.verdict) == (0.0, 3, ALIKE)
    assert shown(second)["compared"]["hybrid"]["top1"] == difference.to_json()
    assert md.evaluate.compare(run_of(first), run_of(second))["hybrid"] == compared_of(second)["hybrid"]
    assert "hybrid" in second._repr_html_()


@pytest.mark.slow
def test_answers_and_abstention_are_measured(bot: Mundap) -> None:
    answers = md.evaluate.answers(bot, bot.root / "questions.csv")
    assert (answers.n, answers.refused["refused"].mean) == (3, 1.0)
    assert answers.wrong is not None
    assert answers.wrong.n == answers.answered.n
    assert answers.promise is None
    abstained = md.evaluate.abstain(bot, bot.root / "questions.csv")
    assert (abstained.figures["auroc"].mean, abstained.figures.n) == (1.0, 4)
    again = md.evaluate.abstain(bot, bot.root / "questions.csv", before=abstained.run)
    assert compared_of(again)["auroc"].mean == 0.0
    assert md.evaluate.compare(run_of(abstained), run_of(again)) == {"abstain": again.compared}
    same = md.evaluate.compare(run_of(answers), run_of(answers))["answers"]
    assert {one.mean for one in same.values()} == {0.0}
    with pytest.raises(MundapError, match="종류가 다른 평가"):
        md.evaluate.compare(run_of(answers), run_of(abstained))


def test_keywords_are_measured_by_nouns_and_by_rules(bot: Mundap) -> None:
    nouns = md.evaluate.keywords(bot, bot.root / "keywords.tsv", extractor="nouns")
    rules = md.evaluate.keywords(bot, bot.root / "keywords.tsv", before=nouns.run)
    assert nouns.figures["recall"].mean == 1.0
    assert compared_of(rules)["precision"].mean == rules.figures["precision"].mean - nouns.figures["precision"].mean
    assert md.evaluate.compare(run_of(nouns), run_of(rules)) == {"keywords": rules.compared}


def test_a_user_dictionary_that_is_not_there_is_named(bot: Mundap) -> None:
    index = bot.config.index.model_copy(update={"user_dictionary": "없는.txt"})
    lacking = bot.reconfigured(bot.config.model_copy(update={"index": index}))
    for extractor in ("nouns", "rules"):
        with pytest.raises(ConfigError, match=r"없는\.txt.*index\.user_dictionary"):
            md.evaluate.keywords(lacking, bot.root / "keywords.tsv", extractor=extractor)


def test_a_question_file_that_is_not_there_is_named(bot: Mundap) -> None:
    for measure in (md.evaluate.retrieval, md.evaluate.answers, md.evaluate.abstain, md.evaluate.keywords):
        with pytest.raises(BadFile, match=r"nothing\.csv"):
            measure(bot, "nothing.csv")


def test_runs_are_listed_and_shown_by_name(bot: Mundap) -> None:
    assert md.runs.list(bot) == ()
    report = md.evaluate.abstain(bot, bot.root / "questions.csv")
    (md.runs.folder(bot) / "broken").mkdir()
    (md.runs.folder(bot) / "broken" / "report.json").write_text("{", "utf-8")
    [run] = md.runs.list(bot)
    assert (run.folder, run.kind) == (report.run, "abstain")
    assert md.runs.show(bot, run.name) == run
    assert run.page.is_file()
    with pytest.raises(UnknownName, match=run.name):
        md.runs.show(bot, "gone")


def test_settings_are_tuned_and_applied(bot: Mundap) -> None:
    report = md.tune.run(bot, ["k"])
    assert report.tuning.recall is not None
    assert report.tuning.recall.chosen == 1
    assert (report.tuning.proposed.k, report.tuning.current.k) == (1, 5)
    assert report.to_json() | {"verdict": "unchanged", "run": str(report.run)} == report.to_json()
    assert "-k = 5" not in report.diff
    assert "+k = 1" in report.diff
    assert md.tune.apply(bot, report)
    assert Mundap.open(bot.root).config.retrieve.k == 1
    with pytest.raises(UnknownName, match="bm25"):
        md.tune.run(bot, ["없는것"])


def card(bot: Mundap, name: str, **fields: Any) -> None:
    folder = bot.components.models / name
    folder.mkdir(parents=True)
    (folder / "card.json").write_text(json.dumps(fields), "utf-8")


def test_settings_that_are_changed_at_once_are_all_kept(bot: Mundap) -> None:
    values: dict[str, int | str] = {f"retention.{kind}": "90d" for kind in ("answers", "feedback", "turns")}
    values["retrieve.k"] = 7
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda key: settings.change(bot, {key: values[key]}), values))
    kept = {one.described.key: one.value for one in settings.editable(bot)}
    assert {key: kept[key] for key in values} == values


def test_a_model_is_promoted_unless_it_is_worse(bot: Mundap) -> None:
    card(bot, "좋은", kind="support", threshold=0.4, recommended=True)
    done = md.promote.model(bot, "좋은")
    assert done.settings == {"generate.support": "좋은", "generate.min_support": 0.4}
    assert (done.kind, done.doubt) == ("support", "")
    assert Mundap.open(bot.root).config.generate.support == "좋은"
    worse = {"difference": {"mrr@10": {"mean": -0.1, "p": 0.01}}}
    card(bot, "나쁜", kind="reranker", recommended=False, metrics={"by_passage": worse, "by_question": worse})
    with pytest.raises(MundapError, match="--force"):
        md.promote.model(bot, "나쁜")
    assert Mundap.open(bot.root).config.retrieve.reranker == ""
    assert md.promote.model(bot, "나쁜", force=True).settings == {"retrieve.reranker": "light:나쁜"}
    card(bot, "빈", kind="support", recommended=True)
    with pytest.raises(MundapError, match=r"card\.json"):
        md.promote.model(bot, "빈")
    with pytest.raises(MundapError, match="학습한 모델: 나쁜, 빈, 좋은"):
        md.promote.model(bot, "없는")


def test_questions_and_keywords_are_made_by_rules(bot: Mundap, tmp_path: Path) -> None:
    asked = md.synthesise.qa(bot, tmp_path / "qa.jsonl", most=2)
    rows = [json.loads(line) for line in asked.file.read_text("utf-8").splitlines()]
    assert asked.rows == asked.new == len(rows) > 0
    assert asked.passages == 3
    assert not list(tmp_path.glob("*.part"))
    again = md.synthesise.qa(bot, tmp_path / "qa.jsonl", most=2, resume=True)
    assert (again.rows, again.new) == (asked.rows, 0)
    with pytest.raises(MundapError, match="--resume"):
        md.synthesise.qa(bot, tmp_path / "qa.jsonl")
    labelled = md.synthesise.keywords(bot, tmp_path / "kw.tsv")
    assert (labelled.rows, labelled.by.partition(":")[0]) == (3, "rules")
    given = md.synthesise.keywords(bot, tmp_path / "own.tsv", questions=["면세 한도는 얼마인가요?"])
    assert given.file.read_text("utf-8").splitlines()[1].startswith("면세 한도는 얼마인가요?\t")
    with pytest.raises(ConfigError, match="언어 모델"):
        md.synthesise.keywords(bot, tmp_path / "llm.tsv", by="llm")


def test_questions_of_a_text_file_are_its_lines(tmp_path: Path) -> None:
    (tmp_path / "q.txt").write_text("병가는?\n연차는?\n", "utf-8")
    assert md.synthesise.question_texts(tmp_path / "q.txt") == ["병가는?", "연차는?"]
    with pytest.raises(BadFile, match="none"):
        md.synthesise.question_texts(tmp_path / "none.txt")


def test_answers_are_ranked_and_rewritten(bot: Mundap, tmp_path: Path) -> None:
    (bot.root / "personas").mkdir()
    (bot.root / "personas" / "안내.toml").write_text('role = "안내원"\ntone = "해요체"\n', "utf-8")
    ranked = md.synthesise.rank(bot, tmp_path / "rank.json")
    assert ranked.rows + ranked.alike == 3
    assert ranked.by.startswith("metrics:")
    spoken = md.synthesise.persona(bot, "안내", tmp_path / "spoken.jsonl")
    assert (spoken.persona, spoken.rows + spoken.dropped) == ("안내", 3)
    with pytest.raises(MundapError, match="이미 모두 생성했습니다"):
        md.synthesise.persona(bot, "안내", tmp_path / "spoken.jsonl", resume=True)


def test_the_state_of_a_workspace_is_told(bot: Mundap) -> None:
    found = md.doctor.examine(bot)
    assert (found.index, found.documents, found.passages) == ("ok", 1, 3)
    assert shown(found)["extras"].keys() == md.doctor.EXTRAS.keys()


def test_votes_become_training_data(bot: Mundap, tmp_path: Path) -> None:
    with pytest.raises(MundapError, match="아직 의견이 없습니다"):
        md.feedback.export(bot, tmp_path / "judged")
    assert md.feedback.review(bot) == []


def test_synonyms_are_mined_by_those_who_are_named(bot: Mundap) -> None:
    graph = bot.config.graph.model_copy(update={"enabled": True})
    over = bot.reconfigured(bot.config.model_copy(update={"graph": graph}))
    over.index()
    mined = md.synonyms.mine(over, ["괄호", "철자"])
    assert mined.file.is_file()
    assert (mined.pairs, sum(mined.by.values())) == (0, mined.rows)
    with pytest.raises(UnknownName, match="괄호"):
        md.synonyms.mine(over, ["없음"])
