"""mundap train reader and support: which sentences answer, and when to answer at all, learned from recorded answers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace, open_workspace
from mundap.cli.train_options import Out
from mundap.cli.training import SPLITS, keep_trained, print_changes
from mundap.errors import MundapError

if TYPE_CHECKING:
    from mundap.evaluate.questions import Question
    from mundap.types import Passage
    from mundap.workspace import Mundap


def support(
    out: Out,
    data: Annotated[
        Path | None,
        typer.Option(
            help="질문 파일. 제시문이 빈 질문은 답이 없는 질문으로 봅니다 (기본값: 읽어 들인 Q/A)", show_default=False
        ),
    ] = None,
    wrong: Annotated[
        float | None,
        typer.Option(
            min=0.001,
            max=0.999,
            help="오답률(답한 질문 중 정답 제시문을 인용하지 않은 비율)을 이 값 이하로 보장하는 임계값을 찾습니다. 예: 0.05",
            show_default=False,
        ),
    ] = None,
    confidence: Annotated[float, typer.Option(min=0.5, max=0.999, help="오답률 보장의 신뢰 수준")] = 0.9,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """근거 점수와 답변 보류 임계값을 조직의 질문으로 보정합니다. 교차 검증으로 보정 전후를 비교합니다."""
    from mundap.training.common.pairs import questions_in
    from mundap.training.common.registry import free_name
    from mundap.training.reader.fit_support import calibrate, drawn, prior_of, read_all, sample, save

    bot = open_workspace(workspace)
    name = free_name(bot.models, out, "support")
    questions, origin = questions_in(bot.corpus, data)
    with show.bars(read="읽기", folds="교차 검증") as progress:
        readings = read_all(drawn(questions), bot.config.retrieve.k, bot.find, bot.read, progress["read"])
        asked = [one for some in readings for one in some]
        read = sample(asked, bot.calibration, bot.reader_model)
        prior = prior_of(asked, bot.reader_model)
        fitted = calibrate(read, prior, wrong, confidence, progress=progress["folds"])
    report = fitted.report
    model = {"calibration": fitted.line.as_json(), "threshold": fitted.threshold, "promise": report["promise"]}
    options = ("--wrong", str(wrong), "--confidence", str(confidence)) if wrong is not None else ()
    folder = keep_trained(
        bot, "support", name, data, origin, model, report, fitted.better,
        lambda path: save(fitted, bot.sentence_encoder.name, path), options,
    )  # fmt: skip
    if json:
        use = {"support": name, "min_support": fitted.threshold}
        show.emit({**report, "folder": str(folder), "use": use, "recommended": fitted.better})
        return
    _print_support(report)
    if fitted.promise:
        print(fitted.promise.sentence)
    print(f"\n모델: {folder}")
    if fitted.better:
        print("적용을 권장합니다.", end=" ")
    elif fitted.promise:
        print("적용을 권장하지 않습니다: 요청한 오답률을 보장할 수 없습니다.", end=" ")
    else:
        print("적용을 권장하지 않습니다: 보정 효과가 없습니다.", end=" ")
    print(
        f'적용하려면: mundap promote {name}, 또는 mundap.toml에 추가:\n\n[generate]\nsupport = "{name}"\nmin_support = {fitted.threshold}'
    )


def reader(
    out: Out,
    data: Annotated[
        Path | None,
        typer.Option(
            help="질문·제시문·답변 열이 있는 시트 또는 같은 내용의 JSON, JSONL (기본값: 읽어 들인 Q/A)",
            show_default=False,
        ),
    ] = None,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """모범 답안으로부터 제시문의 어느 문장이 답인지 학습합니다(언어 모델 없이 답할 때 사용). 교차 검증으로 학습 전후를 비교합니다."""
    from mundap.training.common.pairs import questions_in
    from mundap.training.common.registry import free_name
    from mundap.training.reader.fit_reader import rows, save, train_reader
    from mundap.training.reader.fit_support import drawn, read_all

    bot = open_workspace(workspace)
    name = free_name(bot.models, out, "reader")
    questions, origin = questions_in(bot.corpus, data)
    answerable = drawn([question for question in questions if question.gold])
    k = bot.config.retrieve.k
    with show.bars(read="읽기", folds="교차 검증") as progress:
        made = rows(answerable, _passages(bot, answerable), k, bot.find, bot.read, progress["read"])
        unanswerable = drawn([question for question in questions if not question.gold])
        others = [one for some in read_all(unanswerable, k, bot.find, bot.read) for one in some]
        trained = train_reader(made, others, bot.reader_model, progress=progress["folds"])
    model = {"threshold": trained.threshold, "weights": trained.model.sentences.as_json()}
    folder = keep_trained(
        bot, "reader", name, data, origin, model, trained.report, trained.better,
        lambda path: save(trained.model, bot.sentence_encoder.name, path),
    )  # fmt: skip
    left = len(answerable) - trained.report["questions"]
    if json:
        use = {"reader": name, "min_support": trained.threshold}
        shown = {"folder": str(folder), "use": use, "recommended": trained.better, "left_out": left}
        show.emit({**trained.report, **shown})
        return
    _print_reader(trained.report, left)
    print(f"\n모델: {folder}")
    if trained.better:
        print("적용을 권장합니다: 성능이 유의하게 향상되었고 떨어진 항목이 없습니다.", end=" ")
    else:
        print("적용을 권장하지 않습니다: 성능이 유의하게 향상되지 않았거나 떨어진 항목이 있습니다.", end=" ")
    print(
        f'적용하려면: mundap promote {name}, 또는 mundap.toml에 추가:\n\n[generate]\nreader = "{name}"\nmin_support = {trained.threshold}'
    )


def _passages(bot: Mundap, questions: list[Question]) -> list[Passage | None]:
    """The gold passage of each question in the index, if it is there."""
    from mundap.training.common.pairs import rows_of

    if not any(question.answer for question in questions):
        raise MundapError(
            "답변이 있는 질문이 없어 학습할 수 없습니다. 질문·제시문·답변 열이 있는 파일을 지정하세요(--data 파일)."
        )
    table = bot.legs[0].table
    passages = table.store.passages(table.ids)
    return [None if row is None else passages.get(table.ids[row]) for row in rows_of(questions, table)]


def _print_reader(report: Mapping[str, Any], left: int) -> None:
    print(f"질문 {report['questions']}개, 제시문 {report['passages']}개, {report['folds']}겹 교차 검증")
    if left:
        print(f"제외한 질문 {left}개: 답변이 없거나, 제시문이 색인에 없거나, 제시문에 답변을 뒷받침하는 문장이 없음")
    for split, title in SPLITS.items():
        figures = report[split]
        print_changes(title, figures)
        print(
            f"facts: 답변의 첫 {figures['length']}자가 모범 답안의 단어·숫자·날짜를 포함한 비율, key: 첫 문장이 답인 비율."
            f" 답변 길이(중앙값) {figures['before']['characters']} → {figures['after']['characters']}자"
        )
    print("\n함께 보정한 근거 점수")
    _print_support(report["support"])


def _print_support(report: Mapping[str, Any]) -> None:
    print(f"답이 있는 질문 {report['answerable']}개, 없는 질문 {report['unanswerable']}개, 교차 검증")
    for title, part in (("보정 전", "before"), ("보정 후", "after")):
        figures = report[part]
        print(f"{title}: AUROC {figures['auroc']:.3f}, 보정 오차(ECE) {figures['calibration_error']:.3f}")
    after = report["after"]
    print(
        f"임계값 {report['threshold']}: 답변율(답이 있는 질문) {after['answered']:.1%}, 답변 보류율(답이 없는 질문) {after['refused']:.1%}"
    )
