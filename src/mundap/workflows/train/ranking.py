"""Train rerankers on the questions of a workspace."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mundap.encode import MODEL, model_file
from mundap.evaluation.questions import Question
from mundap.protocols import Mask, Progress
from mundap.retrieve.light import FEATURES, SCORES_ONLY
from mundap.store.cache import AsQueries
from mundap.training.common.curves import Watch
from mundap.training.common.examples import Split
from mundap.training.common.pairs import questions_in
from mundap.training.common.registry import CARD, Trained
from mundap.training.rerank.config import CrossConfig, RerankerConfig
from mundap.training.rerank.cross_encoder import train_cross
from mundap.training.rerank.fit_ranker import Examples, RankerReport, Relearn, Trainer, examples, train_reranker
from mundap.training.rerank.relearn import learned, relearned_adapter, unlearned
from mundap.training.retriever.adapter import Known, Setting
from mundap.types import Json
from mundap.workflows.train.prepared import ADVICE, parts_text, prepare, question_vectors
from mundap.workflows.train.result import TrainResult
from mundap.workflows.train.run import SPLITS, ReportTo, Stages, begin, better, silent, unheard, without_reranker
from mundap.workspace import Mundap
from mundap.workspace.components import FOLDER, LIGHT

_FEATURES = {"all": FEATURES, "translation": (*SCORES_ONLY, "translation"), "scores": SCORES_ONLY}


def reranker(
    bot: Mundap,
    data: str | Path | None = None,
    *,
    config: RerankerConfig = RerankerConfig(),
    out: str = "reranker",
    progress: Stages = silent,
) -> TrainResult:
    """The light reranker: a few weights, and which words of documents answer which words of askers.

    `data` is a file of questions and passages (default: those of the workspace). Raises MundapError.
    """
    plain = without_reranker(bot)
    run = begin(plain, "reranker", out, data, config)
    found, origin = questions_in(plain.corpus, run.data)
    asked = [question for question in found if question.gold]
    trained = train_reranker(trainer_of(plain, asked, config, progress), progress("교차 검증"))
    weights = dict(trained.model.weights)
    model: dict[str, Json] = {"features": list(weights), "weights": weights}
    kept = Trained(trained.model.save, model, trained.report)
    left = len(asked) - trained.report.questions
    use = f"{LIGHT}{run.name}"
    return run.result(
        kept,
        origin,
        use=use,
        comparisons={title: trained.report.splits[split] for split, title in SPLITS.items()},
        summary=_summary(trained.report, left),
        advice=_advice(run.folder, use, better(kept)),
        also={"left_out": left},
    )


def cross(
    bot: Mundap,
    data: str | Path | None = None,
    *,
    config: CrossConfig = CrossConfig(),
    out: str = "cross",
    progress: Stages = silent,
    resume: bool = False,
    report_to: ReportTo = "auto",
    on_log: Watch = unheard,
) -> TrainResult | None:
    """A cross-encoder, which reads question and passage together, and orders what was found.

    `data` is a file of questions and passages (default: those of the workspace). With `resume` what was stopped goes on.
    None in every process of torchrun but the first. Raises MundapError.
    """
    plain = without_reranker(bot)
    run = begin(plain, "cross", out, data, config)
    prepared = prepare(plain, run.data, progress("벡터"))
    split = Split.of(prepared.encoded.evaluator.pairs, config.seed)
    trained = train_cross(
        prepared.encoded, config, split, plain.components.models, run.work,
        again=resume, watch=run.watch(report_to, on_log), progress=progress("학습"),
    )  # fmt: skip
    if trained is None:
        return None

    def save(folder: Path) -> None:
        trained.save(folder)
        prepared.save_split(folder, split, config.seed)

    report = trained.report
    use = f"onnx:{FOLDER}/models/{run.name}"
    advice = (
        f"{ADVICE[report.verdict]}\n"
        f'적용하려면: mundap promote {run.name}  (mundap.toml에 다음과 같이 기록됩니다)\n\n[retrieve]\nreranker = "{use}"'
    )
    return run.result(
        Trained(save, trained.model, report),
        prepared.origin,
        use=use,
        comparisons={title: report.splits[part] for part, title in SPLITS.items()},
        summary=parts_text(report.learned, report.chosen_on, report.held_out),
        advice=advice,
    )


def trainer_of(bot: Mundap, asked: Sequence[Question], config: RerankerConfig, progress: Stages) -> Trainer:
    """What trains the light reranker on these questions, over the encoder of a workspace without a reranker."""
    lexical, dense = bot.legs
    reading = progress("질문 벡터")
    vectors = question_vectors(bot, [q.question for q in asked], reading)
    made = examples(asked, lexical, dense, vectors, progress("후보"))
    fresh = relearn = None
    if bot.config.index.encoder.startswith(MODEL):
        folder = bot.components.models / bot.config.index.encoder.removeprefix(MODEL)
        fresh = unlearned(made.questions, learned(folder))
        if model_file(folder)["kind"] == "adapter" and not fresh.all():
            relearn, fresh = _adapter_without(bot, folder, made, ~fresh, reading), None
    return Trainer(made, lexical, dense, _FEATURES[config.features], 0, fresh, relearn)


def _adapter_without(bot: Mundap, folder: Path, made: Examples, of: Mask, progress: Progress) -> Relearn | None:
    """Trains the workspace's adapter anew on some of the questions; `of` are those that it has learned from."""
    card = json.loads((folder / CARD).read_text("utf-8"))
    setting = Setting(card["penalty"], card["blend"])
    if not setting.blend:
        return None
    lexical, dense = bot.legs
    base = bot.components.encoder_named(model_file(folder)["base"])
    passages = [passage.embedded for passage in bot.indexed_passages()]
    known = Known(
        bot.components.cache.unit_vectors(passages, base, progress),
        np.asarray(dense.vectors.starts),
        bot.components.cache.unit_vectors(made.questions, AsQueries(base), progress),
        made.kin,
    )
    return relearned_adapter(made, lexical, dense, known, setting, of, 0)


def _summary(report: RankerReport, left: int) -> str:
    lines = [f"질문 {report.questions}개, 제시문 {report.passages}개, {report.folds}겹 교차 검증"]
    if left:
        lines.append(f"제시문이 색인에 없어 제외한 질문 {left}개")
    if report.learned_by_encoder:
        lines.append(
            f"임베딩 학습에 쓰인 질문 {report.learned_by_encoder}개는 단어 대응표에만 사용하고, 가중치 학습과 평가에서는 제외했습니다."
        )
    return "\n".join(lines)


def _advice(folder: Path, use: str, recommended: bool) -> str:
    told = (
        "적용을 권장합니다: 교차 검증에서 성능이 향상되었고 떨어진 항목이 없습니다. mundap.toml에 추가하세요:"
        if recommended
        else "적용을 권장하지 않습니다: 성능이 유의하게 향상되지 않았거나 떨어진 항목이 있습니다. 그래도 적용하려면 mundap.toml에 추가하세요:"
    )
    table = f"{folder / 'synonyms.tsv'}: 질문 단어와 문서 단어의 대응표입니다. 직접 검토하고 수정할 수 있습니다."
    return f'{told}\n\n[retrieve]\nreranker = "{use}"\n\n{table}'
