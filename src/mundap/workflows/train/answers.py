"""Train what answers without a language model: which sentences answer, and when to answer at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mundap.errors import MundapError
from mundap.evaluation.questions import Question
from mundap.generate.evidence import Line
from mundap.protocols import Progress
from mundap.training.common.pairs import questions_in, rows_of
from mundap.training.common.registry import Trained
from mundap.training.reader import fit_reader, fit_support
from mundap.training.reader.config import ReaderConfig, SupportConfig
from mundap.training.reader.fit_reader import ReaderReport, Row
from mundap.training.reader.fit_support import (
    Sample,
    SupportExample,
    SupportReport,
    calibrate,
    drawn,
    prior_of,
    read_all,
    sample,
)
from mundap.types import Json, Passage
from mundap.workflows.train.result import TrainResult
from mundap.workflows.train.run import SPLITS, Run, Stages, begin, better, silent
from mundap.workspace import Mundap


def reader(
    bot: Mundap,
    data: str | Path | None = None,
    *,
    config: ReaderConfig = ReaderConfig(),
    out: str = "reader",
    progress: Stages = silent,
) -> TrainResult:
    """Which sentence of a passage answers, from recorded answers; and when to answer, as `support` does.

    `data` is a file of questions, passages and answers (default: those of the workspace). Raises MundapError.
    """
    run = begin(bot, "reader", out, data, config)
    questions, origin = questions_in(bot.corpus, run.data)
    return read_and_learned(run, config, sheet_read(bot, questions, config, progress("읽기")), origin, progress)


@dataclass(frozen=True)
class SheetRead:
    """Questions as their passages were read: `made` are the rows that sentences are learned from, `others` questions that
    have no answer, of which only support learns; `left_out` have an answer that no sentence bears out."""

    made: Sequence[Row]
    others: Sequence[SupportExample]
    left_out: int


def sheet_read(bot: Mundap, questions: Sequence[Question], config: ReaderConfig, progress: Progress) -> SheetRead:
    """What a reader learns from. Raises MundapError if it is too little."""
    answerable = drawn([question for question in questions if question.gold], seed=config.seed)
    unanswerable = drawn([question for question in questions if not question.gold], seed=config.seed)
    k = bot.config.retrieve.k
    golds = _golds(bot, answerable)
    made = fit_reader.rows(answerable, golds, k, bot.find, bot.components.reader.read, progress)
    others = [one for some in read_all(unanswerable, k, bot.find, bot.components.reader.read) for one in some]
    return SheetRead(made, others, len(answerable) - len(made))


def read_and_learned(
    run: Run, config: ReaderConfig, sheet: SheetRead, origin: Mapping[str, str], progress: Stages
) -> TrainResult:
    """The reader of what was read, measured and kept."""
    bot = run.bot
    fitted = fit_reader.train_reader(
        sheet.made, sheet.others, bot.components.reader_model, config, progress("교차 검증")
    )
    report, threshold = fitted.report, fitted.report.support.threshold

    def save(folder: Path) -> None:
        fit_reader.save(fitted.model, bot.components.sentence_encoder.name, folder)

    model: dict[str, Json] = {"threshold": threshold, "weights": fitted.model.sentences.to_json()}
    kept = Trained(save, model, report)
    return run.result(
        kept,
        origin,
        use={"reader": run.name, "min_support": threshold},
        comparisons={title: report.splits[split].metrics for split, title in SPLITS.items()},
        summary=_reader_summary(report, sheet.left_out),
        advice=_reader_advice(run.name, threshold, better(kept)),
        also={"left_out": sheet.left_out},
    )


def support(
    bot: Mundap,
    data: str | Path | None = None,
    *,
    config: SupportConfig = SupportConfig(),
    out: str = "support",
    progress: Stages = silent,
) -> TrainResult:
    """When to answer and when to withhold an answer.

    `data` is a file of questions, of which those without a passage have no answer (default: those of the workspace).
    Raises MundapError.
    """
    run = begin(bot, "support", out, data, config)
    questions, origin = questions_in(bot.corpus, run.data)
    return calibrated(run, config, support_read(bot, questions, config, progress("읽기")), origin, progress)


def support_read(
    bot: Mundap, questions: Sequence[Question], config: SupportConfig, progress: Progress
) -> tuple[Sample, Line]:
    """What a calibration is fitted to, and the line that is in use without one. Raises MundapError if it is too little."""
    chosen = drawn(questions, seed=config.seed)
    readings = read_all(chosen, bot.config.retrieve.k, bot.find, bot.components.reader.read, progress)
    asked = [one for some in readings for one in some]
    found = sample(asked, bot.components.calibration, bot.components.reader_model)
    return found, prior_of(asked, bot.components.reader_model)


def calibrated(
    run: Run, config: SupportConfig, read: tuple[Sample, Line], origin: Mapping[str, str], progress: Stages
) -> TrainResult:
    """The calibration of what was read, measured and kept."""
    bot = run.bot
    fitted = calibrate(*read, config, progress=progress("교차 검증"))
    report = fitted.report

    def save(folder: Path) -> None:
        fit_support.save(fitted, bot.components.sentence_encoder.name, folder)

    promise = report.promise.to_json() if report.promise else None
    model: dict[str, Json] = {"calibration": fitted.line.to_json(), "threshold": report.threshold, "promise": promise}
    summary = _support_summary(report) + (f"\n{report.promise.sentence}" if report.promise else "")
    return run.result(
        Trained(save, model, report),
        origin,
        use={"support": run.name, "min_support": report.threshold},
        comparisons={},
        summary=summary,
        advice=_support_advice(run.name, report),
    )


def _golds(bot: Mundap, questions: Sequence[Question]) -> list[Passage | None]:
    """The gold passage of each question in the index, if it is there."""
    if not any(question.answer for question in questions):
        raise MundapError(
            "답변이 있는 질문이 없어 학습할 수 없습니다. 질문·제시문·답변 열이 있는 파일을 지정하세요(--data 파일)."
        )
    table = bot.legs[0].table
    passages = table.store.passages([*table.ids])
    return [None if row is None else passages.get(table.ids[row]) for row in rows_of(questions, table)]


def _reader_summary(report: ReaderReport, left: int) -> str:
    lines = [f"질문 {report.questions}개, 제시문 {report.passages}개, {report.folds}겹 교차 검증"]
    if left:
        lines.append(
            f"제외한 질문 {left}개: 답변이 없거나, 제시문이 색인에 없거나, 제시문에 답변을 뒷받침하는 문장이 없음"
        )
    length = next(iter(report.splits.values())).length
    lines.append(f"facts: 답변의 첫 {length}자가 모범 답안의 단어·숫자·날짜를 포함한 비율, key: 첫 문장이 답인 비율")
    for split, title in SPLITS.items():
        found = report.splits[split]
        lines.append(f"답변 길이(중앙값), {title}: {found.characters_before} → {found.characters_after}자")
    return "\n".join([*lines, "\n함께 정한 근거 점수의 임계값", _support_summary(report.support)])


def _reader_advice(name: str, threshold: float, recommended: bool) -> str:
    told = (
        "적용을 권장합니다: 성능이 유의하게 향상되었고 떨어진 항목이 없습니다."
        if recommended
        else "적용을 권장하지 않습니다: 성능이 유의하게 향상되지 않았거나 떨어진 항목이 있습니다."
    )
    table = f'[generate]\nreader = "{name}"\nmin_support = {threshold}'
    return f"{told} 적용하려면: mundap promote {name}, 또는 mundap.toml에 추가:\n\n{table}"


def _support_summary(report: SupportReport) -> str:
    lines = [f"답이 있는 질문 {report.answerable}개, 없는 질문 {report.unanswerable}개, 교차 검증"]
    compared = (("보정 전", report.before), ("보정 후", report.after))
    for title, one in compared if report.before != report.after else (("가중치는 그대로", report.after),):
        lines.append(f"{title}: AUROC {one.auroc:.3f}, 보정 오차(ECE) {one.calibration_error:.3f}")
    lines.append(
        f"임계값 {report.threshold}: 답변율(답이 있는 질문) {report.answered:.1%}, 답변 보류율(답이 없는 질문) {report.refused:.1%}"
    )
    return "\n".join(lines)


def _support_advice(name: str, report: SupportReport) -> str:
    if report.verdict == "better":
        told = "적용을 권장합니다."
    elif report.promise:
        told = "적용을 권장하지 않습니다: 요청한 오답률을 보장할 수 없습니다."
    else:
        told = "적용을 권장하지 않습니다: 보정 효과가 없습니다."
    table = f'[generate]\nsupport = "{name}"\nmin_support = {report.threshold}'
    return f"{told} 적용하려면: mundap promote {name}, 또는 mundap.toml에 추가:\n\n{table}"
