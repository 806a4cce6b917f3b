"""How each part of `mundap train all` is tried: the trainer that people run by itself, then the same on nonsense."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from mundap.encode import MODEL
from mundap.errors import MundapError
from mundap.evaluation.estimates import BETTER, Comparisons, Difference
from mundap.evaluation.questions import Question
from mundap.training.common.examples import Split
from mundap.training.common.heldout import CrossValidated, EncodedData, Learn, held_out
from mundap.training.common.measure import HeldOut
from mundap.training.common.pairs import SPLITS, dealt_wrong
from mundap.training.keywords.config import KeywordsConfig
from mundap.training.reader import fit_reader, fit_support
from mundap.training.reader.config import ReaderConfig, SupportConfig
from mundap.training.reader.fit_reader import ReaderReport
from mundap.training.reader.fit_support import SupportReport
from mundap.training.rerank import fit_ranker
from mundap.training.rerank.config import CrossConfig, RerankerConfig
from mundap.training.rerank.cross_encoder import CrossReport, train_cross
from mundap.training.rerank.fit_ranker import RankerReport
from mundap.training.retriever import adapter as maps
from mundap.training.retriever import static as words
from mundap.training.retriever.config import AdapterConfig, StaticConfig
from mundap.workflows.train import answers, ranking, retriever
from mundap.workflows.train.attempt import RANKED, Attempt
from mundap.workflows.train.plan import PARTS
from mundap.workflows.train.prepared import one_thread, prepare_on
from mundap.workflows.train.result import TrainResult
from mundap.workflows.train.run import TRAINING, Stages, begin
from mundap.workspace import Mundap
from mundap.workspace.components import FOLDER

ReportT = TypeVar("ReportT")

NEW = SPLITS[0]  # the split that decides: new documents
NONSENSE = "귀무 검사"


@dataclass(frozen=True)
class Trial:
    """What all parts are tried on: a workspace without anything trained, and its questions, from the file `data` if it is given.

    Models are called `out` with the part behind it. `known` has the parts that were tried before.
    """

    bot: Mundap
    data: Path | None
    questions: Sequence[Question]
    origin: dict[str, str]
    out: str
    seed: int
    progress: Stages
    known: Mapping[str, Attempt]

    def name(self, part: str) -> str:
        """That of the part's model."""
        return f"{self.out}-{part.replace('+', '-')}"

    @property
    def nonsense(self) -> list[Question]:
        """The questions with each other's passages."""
        return dealt_wrong([question for question in self.questions if question.gold], self.seed)


def attempt(trial: Trial, part: str) -> Attempt:
    """Train the part, and measure it. Raises MundapError for what cannot be trained here."""
    began = time.monotonic()
    found = _TRIED[part](replace(trial, progress=lambda title: trial.progress(f"{PARTS[part]} · {title}")))
    recommended = found.made is not None and found.made.recommended
    return Attempt(
        part,
        trial.name(part),
        time.monotonic() - began,
        found.changes,
        found.nonsense,
        recommended,
        found.ranks,
        found.dealt,
    )


@dataclass(frozen=True)
class Found:
    """What a trainer has made and measured; the fields are those of an Attempt."""

    made: TrainResult | None
    changes: Mapping[str, Comparisons]
    nonsense: Mapping[str, Difference]
    ranks: Mapping[str, HeldOut] = field(default_factory=dict)
    dealt: HeldOut | None = None


def _searched(made: TrainResult | None, ranks: Mapping[str, HeldOut], dealt: HeldOut) -> Found:
    changes = {split: one.comparisons() for split, one in ranks.items()}
    return Found(made, changes, _differences(dealt.comparisons(), RANKED), ranks, dealt)


def _report(made: TrainResult | None, kind: type[ReportT]) -> ReportT:
    """What was measured; there is no result only in a further process of torchrun, which this is not for."""
    assert made is not None
    assert isinstance(made.report, kind)
    return made.report


def _differences(found: Comparisons, metrics: Sequence[str]) -> dict[str, Difference]:
    return {metric: found[metric].difference for metric in metrics}


def _adapter(trial: Trial) -> Found:
    config = AdapterConfig(trial.seed)
    made = retriever.adapter(trial.bot, trial.data, config=config, out=trial.name("adapter"), progress=trial.progress)

    def learner(encoded: EncodedData) -> Learn:
        return maps.learner(encoded.evaluator.pairs, retriever.known_of(encoded), trial.seed)

    return _searched(made, _report(made, CrossValidated).ranks, _of_nonsense(trial, learner))


def _static(trial: Trial) -> Found:
    config = StaticConfig(seed=trial.seed)
    made = retriever.static(trial.bot, trial.data, config=config, out=trial.name("static"), progress=trial.progress)

    def learner(encoded: EncodedData) -> Learn:
        tokens = retriever.tokens_of(trial.bot, encoded, trial.progress("형태소"))
        return words.learner(encoded.evaluator, tokens, config)

    return _searched(made, _report(made, CrossValidated).ranks, _of_nonsense(trial, learner))


def _of_nonsense(trial: Trial, learner: Callable[[EncodedData], Learn]) -> HeldOut:
    """What an encoder comes to on new passages where questions have each other's passages."""
    with one_thread():
        encoded = prepare_on(trial.bot, trial.nonsense, trial.origin, trial.progress("벡터")).encoded
        everything = np.arange(len(encoded.evaluator.pairs))
        was = encoded.evaluator.ranks(encoded.passages, encoded.questions, everything)
        learned, progress = learner(encoded), trial.progress(NONSENSE)
        return held_out(encoded.evaluator, was, learned, NEW, trial.seed, progress)["hybrid"]


def _reranker(trial: Trial) -> Found:
    return _ranked(trial, trial.bot, "reranker")


def _adapter_and_reranker(trial: Trial) -> Found:
    """The ranker over the adapter, both learned anew in each fold; before is without either."""
    adapter = trial.known["adapter"]
    over = trial.bot.read_by(f"{MODEL}{adapter.name}", trial.progress("벡터"))
    return _ranked(trial, over, "adapter+reranker", adapter)


def _ranked(trial: Trial, bot: Mundap, part: str, over: Attempt | None = None) -> Found:
    """The ranker with all that it can look at; where that gains on nonsense, without known questions.

    What it comes to is compared with what there was before `over`, if it is over something trained.
    """
    for features in ("all", "translation"):
        config = RerankerConfig(features)
        with one_thread():
            made = ranking.reranker(bot, trial.data, config=config, out=trial.name(part), progress=trial.progress)
            trainer = ranking.trainer_of(bot, trial.nonsense, config, trial.progress)
            dealt = fit_ranker.held_out(trainer, NEW, trial.progress(NONSENSE))
        ranks = _report(made, RankerReport).ranks
        if over is not None:
            assert over.dealt is not None
            ranks = {split: one.since(over.ranks[split]) for split, one in ranks.items()}
            dealt = dealt.since(over.dealt)
        found = _searched(made, ranks, dealt)
        if found.nonsense["mrr@10"].verdict != BETTER:
            break
    return found


def _cross(trial: Trial) -> Found:
    """Measured on one split, not in folds: each training takes a while. What was stopped goes on."""
    config, bot = CrossConfig(seed=trial.seed), trial.bot
    made = ranking.cross(
        bot, trial.data, config=config, out=trial.name("cross"), progress=trial.progress, resume=True, report_to="none"
    )
    encoded = prepare_on(bot, trial.nonsense, trial.origin, trial.progress("벡터")).encoded
    split = Split.of(encoded.evaluator.pairs, trial.seed)
    work = bot.root / FOLDER / TRAINING / f".{trial.name('cross')}-nonsense"
    dealt = train_cross(
        encoded, config, split, bot.components.models, work, again=True, progress=trial.progress(NONSENSE)
    )
    assert dealt is not None
    shutil.rmtree(work, ignore_errors=True)
    return _searched(made, _report(made, CrossReport).ranks, dealt.report.ranks[NEW])


def _reader(trial: Trial) -> Found:
    config = ReaderConfig(trial.seed)
    run = begin(trial.bot, "reader", trial.name("reader"), trial.data, config)
    sheet = answers.sheet_read(trial.bot, trial.questions, config, trial.progress("읽기"))
    made = answers.read_and_learned(run, config, sheet, trial.origin, trial.progress)
    dealt = fit_reader.learned_from_nonsense(sheet.made, trial.bot.components.reader_model, config)
    changes = {split: one.metrics for split, one in _report(made, ReaderReport).splits.items()}
    return Found(made, changes, _differences(dealt, tuple(dealt)))


def _support(trial: Trial) -> Found:
    config = SupportConfig(seed=trial.seed)
    run = begin(trial.bot, "support", trial.name("support"), trial.data, config)
    read = answers.support_read(trial.bot, trial.questions, config, trial.progress("읽기"))
    made = answers.calibrated(run, config, read, trial.origin, trial.progress)
    dealt = fit_support.learned_from_nonsense(*read, config)
    return Found(made, {NEW: Comparisons({"truth": _report(made, SupportReport).truth})}, {"truth": dealt})


def _keywords(trial: Trial) -> Found:
    """Against the rules, on questions held out; keywords that people gave others could not be guessed from nonsense."""
    from mundap.training.keywords.seq2seq import Seq2seqReport
    from mundap.workflows.train.keyword_model import keywords

    if trial.data is None or trial.data.suffix.lower() != ".tsv":
        raise MundapError("query와 keyword 열이 있는 .tsv 파일을 --data로 지정하지 않음")
    made = keywords(
        trial.bot,
        trial.data,
        config=KeywordsConfig(base="scratch"),
        out=trial.name("keywords"),
        progress=trial.progress,
        resume=True,
        report_to="none",
    )
    return Found(made, {"by_question": Comparisons({"f1": _report(made, Seq2seqReport).comparisons["f1"]})}, {})


_TRIED: Mapping[str, Callable[[Trial], Found]] = {
    "adapter": _adapter,
    "reranker": _reranker,
    "adapter+reranker": _adapter_and_reranker,
    "reader": _reader,
    "support": _support,
    "keywords": _keywords,
    "static": _static,
    "cross": _cross,
}
