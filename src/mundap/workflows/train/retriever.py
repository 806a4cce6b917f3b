"""Train encoders on the questions of a workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from mundap.encode import MODEL
from mundap.encode import static as word_vectors
from mundap.korean.tokens import SearchTokenizer
from mundap.protocols import Encoder, Progress, Vectors
from mundap.store.cache import AsQueries
from mundap.training.common.curves import Watch
from mundap.training.common.examples import Split
from mundap.training.common.heldout import CrossValidated, EncodedData, Splits
from mundap.training.common.registry import Report, Trained
from mundap.training.retriever.adapter import Known, train_adapter
from mundap.training.retriever.config import AdapterConfig, DprConfig, EmbeddingConfig, EncoderConfig, StaticConfig
from mundap.training.retriever.encoder import settled
from mundap.training.retriever.fit_encoder import fit_encoder
from mundap.training.retriever.static import Tokens, train_static
from mundap.types import Json
from mundap.workflows.train.prepared import ADVICE, LEGS, one_thread, parts_text, prepare
from mundap.workflows.train.result import TrainResult
from mundap.workflows.train.run import SPLITS, ReportTo, Run, Stages, begin, silent, unheard, without_reranker
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
        trained = train_adapter(
            prepared.encoded.evaluator, known_of(prepared.encoded), config.seed, progress("교차 검증")
        )

    def save(folder: Path) -> None:
        trained.maps.save(folder, prepared.base, prepared.encoder.name)
        prepared.save_folds(folder, config.seed)

    model = {**asdict(trained.setting), "base": prepared.base, "digest": trained.maps.digest}
    report = trained.report
    return _kept(run, Trained(save, model, report), prepared.origin, report.splits, _folds_text(report))


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
    tokenizer = tokenizer_of(plain)
    with one_thread():
        prepared = prepare(plain, run.data, progress("벡터"))
        encoded = prepared.encoded
        tokens = tokens_of(plain, encoded, progress("형태소"))
        trained = train_static(
            encoded.evaluator, tokens, (encoded.passages, encoded.questions), config, progress("교차 검증")
        )

    def save(folder: Path) -> None:
        word_vectors.save(trained.words, tokenizer, prepared.base, folder)
        prepared.save_folds(folder, config.seed)

    words: dict[str, Json] = {"words": len(trained.words.words), "digest": trained.words.digest}
    model, report = {**config.to_card(), "base": prepared.base, **words}, trained.report
    return _kept(run, Trained(save, model, report), prepared.origin, report.splits, _folds_text(report))


def known_of(encoded: EncodedData) -> Known:
    """The vectors that maps are learned over."""
    return Known(encoded.passages, encoded.evaluator.starts, encoded.questions, encoded.evaluator.pairs.kin)


def tokenizer_of(bot: Mundap) -> SearchTokenizer:
    """What makes the words that vectors of words are of."""
    return SearchTokenizer(joins=True, bigrams=False, user_dictionary=bot.components.tokenizer.user_dictionary)


def tokens_of(bot: Mundap, encoded: EncodedData, progress: Progress) -> Tokens:
    """The words of the questions and passages."""
    asked, tokenizer = encoded.evaluator.pairs.questions, tokenizer_of(bot)
    found = list(bot.components.cache.tokens([*asked, *encoded.texts], tokenizer.name, tokenizer, progress))
    return Tokens(found[: len(asked)], found[len(asked) :])


def embedding(
    bot: Mundap,
    data: str | Path | None = None,
    *,
    config: EmbeddingConfig = EmbeddingConfig(),
    out: str = "embedding",
    progress: Stages = silent,
    resume: bool = False,
    report_to: ReportTo = "auto",
    on_log: Watch = unheard,
) -> TrainResult | None:
    """A transformer for questions and passages, measured on what was held out, and exported so that it serves without torch.

    `data` is a file of questions and passages (default: those of the workspace). With `resume` what was stopped goes on.
    None in every process of torchrun but the first. Raises MundapError.
    """
    return _transformer(bot, data, config, out, progress, resume, report_to, on_log)


def dpr(
    bot: Mundap,
    data: str | Path | None = None,
    *,
    config: DprConfig = DprConfig(),
    out: str = "dpr",
    progress: Stages = silent,
    resume: bool = False,
    report_to: ReportTo = "auto",
    on_log: Watch = unheard,
) -> TrainResult | None:
    """A transformer for questions and another for passages (Karpukhin et al., EMNLP 2020); otherwise as `embedding`."""
    return _transformer(bot, data, config, out, progress, resume, report_to, on_log)


def _transformer(
    bot: Mundap,
    data: str | Path | None,
    config: EncoderConfig,
    out: str,
    progress: Stages,
    resume: bool,
    report_to: ReportTo,
    on_log: Watch,
) -> TrainResult | None:
    plain = without_reranker(bot)
    config = settled(config)
    run = begin(plain, config.kind, out, data, config)
    prepared = prepare(plain, run.data, progress("벡터"))
    split = Split.of(prepared.encoded.evaluator.pairs, config.seed)

    def encode(encoder: Encoder, texts: Sequence[str], questions: bool) -> Vectors:
        by = AsQueries(encoder) if questions else encoder
        return plain.components.cache.unit_vectors(texts, by, progress("평가"))

    trained = fit_encoder(
        prepared.encoded, config, split, plain.components.models, run.work, encode, prepared.base,
        again=resume, watch=run.watch(report_to, on_log), progress=progress("학습"),
    )  # fmt: skip
    if trained is None:
        return None

    def save(folder: Path) -> None:
        trained.save(folder)
        prepared.save_split(folder, split, config.seed)

    report = trained.report
    summary = [parts_text(report.learned, report.chosen_on, report.held_out)]
    if report.missing or report.repeated:
        summary.append(f"제외한 질문: 제시문이 색인에 없음 {report.missing}개, 중복 {report.repeated}개")
    summary.append(
        f"선택한 체크포인트: 스텝 {report.chosen['step']}, 베이스 모델과의 가중 평균 비율 {report.chosen['blend']}"
    )
    return _kept(run, Trained(save, trained.model, report), prepared.origin, report.splits, "\n".join(summary))


def _kept(run: Run, trained: Trained[Report], origin: Mapping[str, str], splits: Splits, summary: str) -> TrainResult:
    use = f"{MODEL}{run.name}"
    comparisons = {
        f"{title}, {legs}": splits[split][leg] for split, title in SPLITS.items() for leg, legs in LEGS.items()
    }
    advice = (
        f"{ADVICE[trained.report.verdict]}\n적용하려면: mundap promote {run.name}  (mundap.toml에 다음과 같이 기록됩니다)\n\n"
        f'[index]\nencoder = "{use}"'
    )
    return run.result(trained, origin, use=use, comparisons=comparisons, summary=summary, advice=advice)


def _folds_text(report: CrossValidated) -> str:
    summary = f"질문 {report.questions}개, 제시문 {report.passages}개, {report.folds}겹 교차 검증"
    if report.missing or report.repeated:
        summary += f"\n제외한 질문: 제시문이 색인에 없음 {report.missing}개, 중복 {report.repeated}개"
    return summary
