from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pytest

from mundap.config import Config, Retrieve
from mundap.errors import UnknownName
from mundap.evaluation.estimates import BETTER
from mundap.evaluation.questions import Question
from mundap.evaluation.retrieval import evaluate_retrieval
from mundap.jobs.executor import Done, Failed, answered, name_of_function, perform
from mundap.jobs.message import packed
from mundap.korean.normalize import squash
from mundap.protocols import Encoder, Vectors
from mundap.tuning.propose import proposal, verdict_sentence
from mundap.tuning.question_split import Part, Parts, split_questions
from mundap.tuning.search import UNCHANGED, Tuning, applicable, tune
from mundap.tuning.space import PARAMETERS, Settings, candidates
from mundap.tuning.trial_runner import TrialRunner
from mundap.tuning.trials import Ranks, Trials
from mundap.types import Hit
from mundap.workspace import Mundap

T = TypeVar("T")
R = TypeVar("R")
TOPICS = ["연차", "병가", "출장비", "주차장", "식당", "사원증", "회의실", "노트북", "휴게실", "경조사"]
ROWS = [
    (
        f"{topic if what == '신청은' else f'{n % 3}번'} {what} 어떻게 하나요?",
        f"{topic}에 관한 규정입니다. {topic}은(는) 총무과가 맡습니다. 신청은 사흘 전까지 합니다. {n}번 창구로 오세요."
        f" {topic}의 {n}번째 조항은 해마다 고칩니다. 다른 부서의 일은 다루지 않습니다.",
    )
    for n, topic in enumerate(TOPICS)
    for what in ("신청은", "변경은", "창구는")
]


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Mundap:
    root = tmp_path_factory.mktemp("tune") / "ws"
    (root / "docs").mkdir(parents=True)
    (root / "mundap.toml").write_text('[ingest]\nchunk_chars = 64\n[index]\nencoder = "hashed"\n', "utf-8")
    lines = [f'"{question}","{passage}"' for question, passage in ROWS]
    (root / "docs" / "규정.csv").write_text("질문,제시문\n" + "\n".join(lines) + "\n", "utf-8")
    bot = Mundap.open(root)
    bot.ingest()
    bot.index()
    return bot


@pytest.fixture(scope="module")
def questions() -> list[Question]:
    return [Question(question, (passage,)) for question, passage in ROWS]


def test_tune_measures_what_search_serves(bot: Mundap, questions: list[Question]) -> None:
    runner = TrialRunner(bot, questions)
    ranks = runner.ranks(Settings.of(bot.config), questions)
    corpus = {squash(p.text) for p in bot.corpus.all_passages() if p.parent_id == p.id}
    report = evaluate_retrieval(questions, {"hybrid": bot.searchers["hybrid"].search}, corpus, depth=20)
    assert ranks == [one.legs["hybrid"].rank for one in report.per_question]
    assert set(ranks) != {1}


@pytest.mark.parametrize(
    "settings",
    [
        {"chunk_chars": 128},
        {"chunk_overlap": 30},
        {"k1": 0.4, "b": 0.9},
        {"fusion": "zscore"},
        {"fusion": "rrf", "pool": 2},
    ],
    ids=["chunk", "overlap", "bm25", "fusion", "pool"],
)
def test_other_settings_are_those_of_a_workspace_that_has_them(
    bot: Mundap, questions: list[Question], tmp_path: Path, settings: dict[str, Any]
) -> None:
    config = bot.config
    ingest = config.ingest.model_copy(update={n: v for n, v in settings.items() if n.startswith("chunk_")})
    index = config.index.model_copy(update={n: v for n, v in settings.items() if n in ("k1", "b")})
    found = config.retrieve.model_copy(update={n: v for n, v in settings.items() if n in ("fusion", "pool")})
    other = Mundap(tmp_path, config.model_copy(update={"ingest": ingest, "index": index, "retrieve": found}))
    shutil.copytree(bot.root / "docs", tmp_path / "docs")
    other.ingest()
    other.index()
    wanted = [[hit.passage.text for hit in other.searchers["hybrid"].search(q.question, 20)] for q in questions]
    hybrid = TrialRunner(bot, questions).hybrid(Settings.of(other.config))
    assert [[hit.passage.text for hit in hybrid.search(q.question, 20)] for q in questions] == wanted


def test_texts_are_encoded_once(bot: Mundap, questions: list[Question]) -> None:
    class Counted:
        def __init__(self, encoder: Encoder) -> None:
            self.name, self.dim = "counted", encoder.dim
            self.encoder = encoder
            self.seen: list[str] = []

        def encode_queries(self, texts: Sequence[str]) -> Vectors:
            self.seen += texts
            return self.encoder.encode_queries(texts)

        def encode_passages(self, texts: Sequence[str]) -> Vectors:
            self.seen += texts
            return self.encoder.encode_passages(texts)

    over = Mundap(bot.root, bot.config)
    over.components.encoder = encoder = Counted(bot.components.encoder)
    runner = TrialRunner(over, questions)
    for chunk_chars in (64, 128, 64, 300):
        runner.ranks(replace(Settings.of(bot.config), chunk_chars=chunk_chars), questions)
    assert len(encoder.seen) == len(set(encoder.seen)) > len(questions)


def test_vectors_of_a_trial_are_computed_by_who_works_for_the_workspace(
    bot: Mundap, questions: list[Question], tmp_path: Path
) -> None:
    class Elsewhere:
        """A worker that gets messages, and names what it was asked for."""

        name, here = "elsewhere", False
        asked: ClassVar[list[str]] = []

        def map(
            self, function: Callable[[T], R], batches: Iterable[T], key: Callable[[T], str]
        ) -> Iterator[Done[R] | Failed]:
            for batch in batches:
                self.asked.append(name_of_function(function))
                yield answered(key(batch), perform(self.asked[-1], packed(batch)))

    shutil.copytree(bot.root, tmp_path / "ws")
    (tmp_path / "ws" / ".mundap" / "cache.sqlite").unlink()
    over = Mundap.open(tmp_path / "ws")
    over.components.executor = Elsewhere()
    settings = replace(Settings.of(bot.config), chunk_chars=24)
    assert TrialRunner(over, questions).ranks(settings, questions) == TrialRunner(bot, questions).ranks(
        settings, questions
    )
    assert set(Elsewhere.asked) == {"mundap.jobs.encoding:encode"}


@pytest.mark.parametrize("parameter", [name for name in PARAMETERS if name != "k"])
@pytest.mark.parametrize(
    "weights", [{}, {"bm25": 0.33}, {"bm25": 0.3, "dense": 0.5}], ids=["default", "other bm25", "both"]
)
def test_the_current_value_is_always_among_those_tried(parameter: str, weights: dict[str, Any]) -> None:
    config = Config(retrieve=Retrieve(weights=weights, pool=70))
    now = replace(Settings.of(config), chunk_chars=310, k1=1.0, b=0.65, rerank_depth=25)
    tried = [candidate.settings for candidate in candidates(parameter, now)]
    assert tried.count(now) == 1
    assert len(set(tried)) == len(tried)


class Known(TrialRunner):
    """A runner whose rankings are written beforehand, those of zscore and those of all else."""

    def __init__(self, usual: Callable[[int], int | None], zscore: Callable[[int], int | None]) -> None:
        self.usual, self.zscore = usual, zscore
        self.asked: list[tuple[str, int]] = []

    def ranks(self, settings: Settings, questions: Sequence[Question]) -> Ranks:
        self.asked.append((settings.key, len(questions)))
        numbers = [int(q.question) for q in questions]
        return [(self.zscore if settings.fusion == "zscore" else self.usual)(n) for n in numbers]


PARTS = Parts(
    Part(tuple(Question(str(n)) for n in range(30)), tuple(range(30))),
    Part(tuple(Question(str(n)) for n in range(30, 50)), tuple(range(20))),
    0,
)


def run(runner: Known, folder: Path, what: tuple[str, ...] = ("bm25", "fusion", "pool", "k")) -> Tuning:
    return tune(runner, Config(), PARTS, what, Trials(folder / "trials.jsonl"))


def test_what_is_better_on_both_parts_is_proposed(tmp_path: Path) -> None:
    tuning = run(Known(lambda n: 2, lambda n: 1), tmp_path)
    assert tuning.verdict == BETTER
    assert tuning.proposed.fusion == "zscore"
    assert tuning.proposed.k1 == 0.9
    assert (tuning.judged["mrr@10"].before.mean, tuning.judged["mrr@10"].after.mean) == (1 / 2, 1.0)
    assert tuning.recall is not None
    assert tuning.recall.chosen == 1
    assert tuning.recall.report == (1.0, 1.0)


def test_what_is_better_only_where_it_was_chosen_is_not_proposed(tmp_path: Path) -> None:
    tuning = run(Known(lambda n: 2, lambda n: 1 if n < 30 else 2), tmp_path)
    assert tuning.chosen.fusion == "zscore"
    assert tuning.proposed == replace(tuning.current, k=2)
    assert "difference not significant" in verdict_sentence(tuning)


def test_a_gain_within_one_standard_error_changes_nothing(tmp_path: Path) -> None:
    tuning = run(Known(lambda n: 2, lambda n: {0: 1, 1: 1, 2: None}.get(n, 2)), tmp_path)
    [fusion] = [sweep for sweep in tuning.sweeps if sweep.parameter == "fusion"]
    assert fusion.gain == pytest.approx(0.5 / 30)
    assert fusion.chosen is fusion.current
    assert tuning.verdict == UNCHANGED


def test_the_report_part_is_asked_twice_and_a_second_run_asks_nothing(tmp_path: Path) -> None:
    runner = Known(lambda n: 2, lambda n: 1)
    first = run(runner, tmp_path)
    assert sum(asked == 20 for _, asked in runner.asked) == 2
    assert len(runner.asked) == len(set(runner.asked))
    again = Known(lambda n: pytest.fail("asked again"), lambda n: 1)
    assert run(again, tmp_path) == first
    assert again.asked == []


def test_k_is_the_smallest_that_misses_no_more_than_one_point(tmp_path: Path) -> None:
    tuning = run(Known(lambda n: 1 if n % 10 else 7, lambda n: 1), tmp_path, ("k",))
    assert tuning.recall is not None
    assert tuning.recall.recall[5:7] == (0.9, 1.0)
    assert tuning.proposed == replace(tuning.current, k=7)
    assert tuning.recall.report == (0.9, 1.0)


def test_parameters_without_a_use_are_left_out_with_a_reason() -> None:
    assert applicable([], Config()) == (
        ["chunk", "overlap", "bm25", "fusion", "pool", "k"],
        ["rerank: [retrieve] reranker를 지정하지 않아 제외했습니다."],
    )
    lexical = Config(retrieve=Retrieve(legs=("bm25",)))
    assert applicable(["k", "fusion", "chunk"], lexical)[0] == ["k"]
    with pytest.raises(UnknownName, match="chunk"):
        applicable(["filters"], Config())


def test_the_proposal_changes_only_what_it_must(tmp_path: Path) -> None:
    (tmp_path / "mundap.toml").write_text("# 우리 회사\n[retrieve]\nk = 5  # 문단\n", "utf-8")
    text, diff = proposal(tmp_path, run(Known(lambda n: 2, lambda n: 1), tmp_path))
    assert text.startswith("# 우리 회사\n[retrieve]\nk = 1  # 문단\n")
    assert 'fusion = "zscore"\n' in text
    assert "-k = 5  # 문단\n+k = 1  # 문단\n" in diff


@pytest.mark.slow  # every setting tried over a workspace
def test_a_tuning_of_a_real_workspace(bot: Mundap, questions: list[Question], tmp_path: Path) -> None:
    runner = TrialRunner(bot, questions)
    parts = split_questions(questions, runner.texts)
    tuning = tune(
        runner, bot.config, parts, ["chunk", "bm25", "fusion", "pool", "k"], Trials(tmp_path / "trials.jsonl")
    )
    assert [sweep.parameter for sweep in tuning.sweeps] == ["chunk", "bm25", "fusion", "pool"]
    for sweep in tuning.sweeps:
        assert sweep.chosen.mrr.mean >= sweep.current.mrr.mean


class Backwards:
    """A reranker that finds the last of what it is shown the best."""

    name = "backwards"

    def rerank(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
        return [replace(hit, rank=rank) for rank, hit in enumerate(reversed(hits), 1)]


def test_a_reranker_sees_as_many_hits_as_the_settings_say(bot: Mundap, questions: list[Question]) -> None:
    runner = TrialRunner(bot, questions)
    runner._reranker = Backwards()
    now = Settings.of(bot.config)
    ranks = runner.ranks(now, questions)
    turned = runner.ranks(replace(now, rerank_depth=2), questions)
    assert turned == [rank and {1: 2, 2: 1}.get(rank) for rank in ranks]


def test_the_depth_of_a_reranker_is_judged_with_the_reranker(tmp_path: Path) -> None:
    class Deep(Known):
        def ranks(self, settings: Settings, questions: Sequence[Question]) -> Ranks:
            super().ranks(settings, questions)
            return [1 if settings.rerank_depth == 50 else 2 for _ in questions]

    runner = Deep(lambda n: 2, lambda n: 2)
    config = Config(retrieve=Retrieve(reranker="cross:모델"))
    what, reasons = applicable(["rerank", "pool"], config)
    assert (what, reasons) == (["pool", "rerank"], [])
    tuning = tune(runner, config, PARTS, what, Trials(tmp_path / "trials.jsonl"))
    assert (tuning.current.rerank_depth, tuning.proposed.rerank_depth) == (30, 50)
    assert tuning.proposed.changed(tuning.current) == {("retrieve", "rerank_depth"): 50}
    assert tuning.judged["mrr@10"].before.mean == 1 / 2
