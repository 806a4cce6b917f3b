"""Train encoders on the questions of a workspace."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from mundap.encode import MODEL
from mundap.encode import static as word_vectors
from mundap.korean.tokens import SearchTokenizer
from mundap.training.common.heldout import CrossValidated
from mundap.training.common.registry import Trained
from mundap.training.retriever.adapter import Known, train_adapter
from mundap.training.retriever.config import AdapterConfig, StaticConfig
from mundap.training.retriever.static import Tokens, train_static
from mundap.workflows.train.ground import ADVICE, LEGS, Prepared, one_thread, prepare
from mundap.workflows.train.result import TrainResult
from mundap.workflows.train.run import SPLITS, Run, Stages, begin, silent, without_reranker
from mundap.workspace import Mundap


def adapter(
    bot: Mundap,
    data: str | Path | None = None,
    *,
    config: AdapterConfig = AdapterConfig(),
    out: str = "adapter",
    progress: Stages = silent,
) -> TrainResult:
    """Two linear maps over the vectors that there are, drawn to the identity so that new documents do not suffer.

    `data` is a file of questions and passages (default: those of the workspace). Raises MundapError.
    """
    plain = without_reranker(bot)
    run = begin(plain, "adapter", out, data, config)
    with one_thread():
        prepared = prepare(plain, run.data, progress("벡터"))
        ground = prepared.ground
        known = Known(ground.units, ground.bench.starts, ground.questions)
        trained = train_adapter(ground.bench, known, config.seed, progress("교차 검증"))

    def save(folder: Path) -> None:
        trained.maps.save(folder, prepared.base, prepared.encoder.name)
        prepared.save_folds(folder, config.seed)

    model = {**asdict(trained.setting), "base": prepared.base, "digest": trained.maps.digest}
    return _kept(run, prepared, Trained(save, model, trained.report))


def static(
    bot: Mundap,
    data: str | Path | None = None,
    *,
    config: StaticConfig = StaticConfig(),
    out: str = "static",
    progress: Stages = silent,
) -> TrainResult:
    """A vector for each morpheme, from nothing; in use they are looked up and added. Good at new questions on known documents.

    `data` is a file of questions and passages (default: those of the workspace). Raises MundapError.
    """
    plain = without_reranker(bot)
    run = begin(plain, "static", out, data, config)
    tokenizer = SearchTokenizer(joins=True, bigrams=False, user_dictionary=plain.tokenizer.user_dictionary)
    with one_thread():
        prepared = prepare(plain, run.data, progress("벡터"))
        ground = prepared.ground
        asked = ground.bench.pairs.questions
        found = list(plain.cache.tokens([*asked, *ground.texts], tokenizer.name, tokenizer, progress("형태소")))
        tokens = Tokens(found[: len(asked)], found[len(asked) :])
        trained = train_static(ground.bench, tokens, (ground.units, ground.questions), config, progress("교차 검증"))

    def save(folder: Path) -> None:
        word_vectors.save(trained.words, tokenizer, prepared.base, folder)
        prepared.save_folds(folder, config.seed)

    words = {"words": len(trained.words.words), "digest": trained.words.digest}
    return _kept(run, prepared, Trained(save, {**config.to_card(), "base": prepared.base, **words}, trained.report))


def _kept(run: Run, prepared: Prepared, trained: Trained[CrossValidated]) -> TrainResult:
    folder, card = run.save(trained, prepared.origin)
    report, use = trained.report, f"{MODEL}{run.name}"
    summary = f"질문 {report.questions}개, 제시문 {report.passages}개, {report.folds}겹 교차 검증"
    if report.missing or report.repeated:
        summary += f"\n제외한 질문: 제시문이 색인에 없음 {report.missing}개, 중복 {report.repeated}개"
    comparisons = {
        f"{title}, {legs}": report.splits[split][leg] for split, title in SPLITS.items() for leg, legs in LEGS.items()
    }
    advice = (
        f"{ADVICE[report.verdict]}\n적용하려면: mundap promote {run.name}  (mundap.toml에 다음과 같이 기록됩니다)\n\n"
        f'[index]\nencoder = "{use}"'
    )
    return TrainResult(run.name, folder, card, report, use, comparisons, summary, advice)
