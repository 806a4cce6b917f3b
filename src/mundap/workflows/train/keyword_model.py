"""Train a model that writes the keywords of a question."""

from __future__ import annotations

from pathlib import Path

from mundap.encode import MODEL
from mundap.evaluation.keywords import read_keywords
from mundap.training.common.curves import Watch, unheard
from mundap.training.common.registry import Trained, data_of
from mundap.training.keywords.config import KeywordsConfig
from mundap.training.keywords.samples import samples_page
from mundap.training.keywords.seq2seq import Seq2seqReport, train_keywords
from mundap.workflows.train.result import TrainResult
from mundap.workflows.train.run import ReportTo, Run, Stages, begin, better, silent, utc_now
from mundap.workspace import Mundap

SAMPLES = "samples.html"
_PACKAGES = ("torch", "transformers", "tokenizers")


def keywords(
    bot: Mundap,
    data: str | Path,
    *,
    config: KeywordsConfig = KeywordsConfig(),
    out: str = "keywords",
    progress: Stages = silent,
    resume: bool = False,
    report_to: ReportTo = "auto",
    on_log: Watch = unheard,
) -> TrainResult | None:
    """A BART that writes keywords, measured against the rules on held-out questions.

    `data` is a TSV of questions and keywords. None in every process of torchrun but the first. Raises MundapError.
    """
    run = begin(bot, "keywords", out, data, config.settled())
    trained = train_keywords(
        read_keywords(run.file),
        config,
        _rules(bot).keywords,
        run.work,
        resume=resume,
        watch=run.watch(report_to, on_log),
        progress=progress("학습"),
    )
    if trained is None:
        return None
    return _kept(run, trained)


def _rules(bot: Mundap) -> Mundap:
    """The workspace with the rule extractor, whatever it uses now."""
    update = {"keywords": bot.config.keywords.model_copy(update={"extractor": "rules"})}
    return bot.reconfigured(bot.config.model_copy(update=update))


def _kept(run: Run, trained: Trained[Seq2seqReport]) -> TrainResult:
    report = trained.report

    def save(folder: Path) -> None:
        trained.save(folder)
        reports = {"학습한 모델": report.model, "규칙": report.rules}
        (folder / SAMPLES).write_text(samples_page(run.name, reports, utc_now()), "utf-8")

    model = Trained(save, trained.model, report)
    told = (
        "적용을 권장합니다: 규칙보다 F1이 유의하게 높습니다. 다음 명령을 실행하고 mundap.toml에 추가하세요:"
        if better(model)
        else "적용을 권장하지 않습니다: 규칙보다 F1이 유의하게 높지 않습니다. (규칙이 만든 키워드로 학습한 모델은 규칙보다 나아질 수 없습니다."
        " 사람이 수정한 키워드로 학습하세요.) 그래도 적용하려면:"
    )
    use = f"{MODEL}{run.name}"
    return run.result(
        model,
        data_of(run.file),
        use=use,
        comparisons={f"평가 질문 {report.held_out}개: 규칙(학습 전)과 학습한 모델(학습 후)": report.comparisons},
        summary=f"학습 질문 {report.learned}개, 평가 질문 {report.held_out}개",
        advice=f"표본: {run.folder / SAMPLES}\n{told}\n\nmundap export onnx {run.name}\n\n"
        f'[keywords]\nextractor = "{use}"',
        indexed=False,
        packages=_PACKAGES,
    )
