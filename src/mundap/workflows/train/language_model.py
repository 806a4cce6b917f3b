"""Train a language model that answers from one's own passages, and says when they do not answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mundap.encode import MODEL
from mundap.errors import MundapError
from mundap.files import digest
from mundap.generate.support import refusal
from mundap.generate.template import read_template
from mundap.training.common.curves import Watch, unheard
from mundap.training.common.registry import data_of
from mundap.training.llm.config import SFTConfig
from mundap.training.llm.data import Example, from_corpus, read_sft
from mundap.training.llm.sft import SFTReport, train_sft
from mundap.workflows.train.result import TrainResult
from mundap.workflows.train.run import ReportTo, Stages, begin, better, silent
from mundap.workspace import Mundap

TRANSFORMERS = f"transformers:{MODEL}"  # before the name of a model that answers


def sft(
    bot: Mundap,
    data: str | Path | None = None,
    *,
    config: SFTConfig = SFTConfig(),
    out: str = "sft",
    progress: Stages = silent,
    resume: bool = False,
    report_to: ReportTo = "auto",
    on_log: Watch = unheard,
) -> TrainResult | None:
    """A language model fine-tuned on questions with their passages and answers.

    `data` is a file of examples (default: the questions of the workspace that have an answer). None in every process of
    torchrun but the first. Raises MundapError.
    """
    config = replace(config, base=absolute(config.base))
    run = begin(bot, "sft", out, data, config)
    examples, origin = _examples(bot, run.data)
    trained = train_sft(
        examples,
        config,
        bot.components.models,
        run.work,
        refusal=refusal(bot.config.language),
        template=read_template(config.template, bot.root),
        resume=resume,
        watch=lambda variant: run.watch(report_to, on_log, variant),
        progress=progress("학습"),
        measuring=progress("답변 생성"),
    )
    if trained is None:
        return None
    changes = trained.report.changes
    return run.result(
        trained,
        origin,
        use=f"{TRANSFORMERS}{run.name}",
        comparisons={f"평가 질문 {changes.n}개, 제시문에 답이 없는 질문 {changes.unanswerable}개": changes.comparisons},
        summary=_summary(trained.report),
        advice=_advice(run.folder, config.template, better(trained)),
    )


def absolute(base: str) -> str:
    """A folder or file by its whole path, since the model is used from elsewhere; a name as it is."""
    path = Path(base).expanduser()
    return str(path.resolve()) if base and path.exists() else base


def _examples(bot: Mundap, data: Path | None) -> tuple[Sequence[Example], dict[str, str]]:
    """What is learned from, and where it is from."""
    if data is not None:
        return read_sft(data), data_of(data)
    known = from_corpus(bot.corpus)
    if not known:
        raise MundapError(
            "읽어 들인 문서에 답변이 있는 질문이 없습니다. 파일을 지정하거나(--data 파일), 질문·제시문·답변 열이 있는 시트를 읽어 들이세요."
        )
    return known, {"file": "corpus", "digest": digest(*map(repr, known), size=16)}


def _summary(report: SFTReport) -> str:
    chosen = next(one for one in report.variants if one.name == report.chosen)
    share = chosen.trainable / chosen.parameters
    lines = [
        f"학습한 파라미터 {chosen.trainable:,}개 (전체 {chosen.parameters:,}개의 {share:.2%})",
        f"학습 예제 {report.learned}개(답변 보류 {report.refusals}개), 너무 길어 제외한 예제 {report.too_long}개",
    ]
    if len(report.variants) > 1:
        lines.append(f"\n{'':14}{'예제':>6}{'스텝':>6}{'파라미터':>10}{'검증 손실':>6}{'초':>7}")
        lines += [
            f"{one.name:14}{one.rows:>8}{one.steps:>8}{one.trainable:>14,}{one.dev_loss:>10.4f}{one.seconds:>8.0f}"
            + ("  ← 선택" if one is chosen else "")
            for one in report.variants
        ]
    return "\n".join(lines)


def _advice(folder: Path, template: str, recommended: bool) -> str:
    told = (
        "적용을 권장합니다: 답변이 유의하게 나아졌습니다."
        if recommended
        else "적용을 권장하지 않습니다: 답변이 유의하게 나아지지 않았습니다."
    )
    shown = f'\ntemplate = "{template}"' if template else ""
    return (
        f"학습 전후 답변: {folder / 'answers.jsonl'}\n{told}\n"
        f'적용하려면 mundap.toml에 추가하세요:\n\n[generate]\ngenerator = "{TRANSFORMERS}{folder.name}"{shown}\n\n'
        f"torch 없이 llama.cpp로 실행하려면: mundap export gguf {folder.name}"
    )
