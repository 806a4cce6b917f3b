"""mundap train keywords."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace, open_workspace
from mundap.cli.train_options import Epochs, Lr, Out, Report, ReportTo, Resume
from mundap.cli.training import emit_kept, filled, keep_trained, logs_of, options_of, reporter, work_of

if TYPE_CHECKING:
    from mundap.training.keywords.seq2seq import Trained
    from mundap.workspace import Mundap

KIND = "keywords"
_PACKAGES = ("torch", "transformers", "tokenizers")
_FLAGS = {
    "base": "--base", "epochs": "--epochs", "batch": "--batch", "lr": "--lr", "beams": "--beams",
    "max_length": "--max-length",
}  # fmt: skip


class Preset(StrEnum):
    """Named values of the options."""

    original = "original"
    scratch = "scratch"


def keywords(
    data: Annotated[
        Path, typer.Option(help="키워드 파일: query와 keyword(쉼표로 구분) 열이 있는 tsv", show_default=False)
    ],
    out: Out,
    base: Annotated[
        str, typer.Option(help="베이스 BART: 허브 모델 이름, 폴더 또는 scratch(인터넷 없이 작은 모델을 처음부터 학습)")
    ] = "gogamza/kobart-base-v1",
    preset: Annotated[
        Preset | None,
        typer.Option(
            help="하이퍼파라미터 프리셋. original: 에포크 2, 배치 크기 8, 학습률 3e-5, 512토큰, 빔 5 (기본값: 베이스 모델에 맞는 값)",
            show_default=False,
        ),
    ] = None,
    epochs: Epochs = None,
    batch: Annotated[int | None, typer.Option(min=1, help="장치당 배치 크기(질문 수)", show_default=False)] = None,
    lr: Lr = None,
    beams: Annotated[int | None, typer.Option(min=1, help="빔 크기", show_default=False)] = None,
    max_length: Annotated[
        int | None, typer.Option(min=8, help="입력과 출력의 최대 토큰 수", show_default=False)
    ] = None,
    resume: Resume = False,
    report_to: Report = ReportTo.auto,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """질문의 키워드를 생성하는 모델(BART)을 학습하고, 평가 질문에서 규칙과 비교합니다. 여러 GPU를 쓰려면 torchrun으로 실행하세요."""
    from mundap.evaluate.keywords import read_keywords
    from mundap.training.common.registry import data_of, free_name
    from mundap.training.keywords.seq2seq import PRESETS, SCRATCH, Recipe, train_keywords, worth_it

    bot = open_workspace(workspace)
    name = free_name(bot.models, out, KIND)
    tagged = read_keywords(data)
    chosen = preset or (Preset.scratch if base == SCRATCH else Preset.original)
    values = filled(PRESETS[chosen.value], epochs=epochs, batch=batch, lr=lr, beams=beams, max_length=max_length)
    recipe = Recipe(base=base, **values)
    work = work_of(bot, name)
    with show.bar("학습") as progress:
        trained = train_keywords(
            tagged,
            recipe,
            _rules(bot).keywords,
            work,
            resume=resume,
            report_to=reporter(report_to),
            logs=logs_of(bot, KIND, name),
            progress=progress,
        )
    if trained is None:  # another process of torchrun keeps the model
        return
    better = worth_it(trained.report)
    folder = keep_trained(
        bot, KIND, name, data, data_of(data), trained.model, trained.report, better,
        lambda path: _save(path, name, trained), options_of(_FLAGS, asdict(recipe)), indexed=False, packages=_PACKAGES,
    )  # fmt: skip
    shutil.rmtree(work)
    if json:
        emit_kept(trained.report, trained.model, folder, f"model:{name}", better)
        return
    _print(trained.report, folder, name, better)


def _rules(bot: Mundap) -> Mundap:
    """The workspace with the rule extractor, whatever it uses now."""
    update = {"keywords": bot.config.keywords.model_copy(update={"extractor": "rules"})}
    return bot.reconfigured(bot.config.model_copy(update=update))


def _save(folder: Path, name: str, trained: Trained) -> None:
    from mundap.training.keywords.samples import samples_page

    trained.save(folder)
    made = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    reports = {"학습한 모델": trained.measured, "규칙": trained.rules}
    (folder / "samples.html").write_text(samples_page(name, reports, made), "utf-8")


def _print(report: Mapping[str, Any], folder: Path, name: str, better: bool) -> None:
    print(f"학습 질문 {report['learned']}개, 평가 질문 {report['held_out']}개")
    print(f"{'':12}{'완전 일치':>18}{'정밀도':>21}{'재현율':>21}{'F1':>24}")
    for title, part in (("학습한 모델", "model"), ("규칙", "rules")):
        row = report[part]
        cells = (
            f"{row[metric]:>9.3f} [{row['ci95'][metric][0]:.3f}, {row['ci95'][metric][1]:.3f}]"
            for metric in ("exact", "precision", "recall", "f1")
        )
        print(f"{title:8}{''.join(cells)}")
    print(f"\n모델: {folder}\n표본: {folder / 'samples.html'}")
    if better:
        print("적용을 권장합니다: 규칙보다 F1이 유의하게 높습니다. 다음 명령을 실행하고 mundap.toml에 추가하세요:")
    else:
        print(
            "적용을 권장하지 않습니다: 규칙보다 F1이 유의하게 높지 않습니다. (규칙이 만든 키워드로 학습한 모델은 규칙보다 나아질 수 없습니다."
            " 사람이 수정한 키워드로 학습하세요.) 그래도 적용하려면:"
        )
    print(f'\nmundap export onnx {name}\n\n[keywords]\nextractor = "model:{name}"')
