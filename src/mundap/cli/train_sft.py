"""mundap train sft: a language model that answers from one's own passages, and says when they do not answer."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace, open_workspace
from mundap.cli.train_options import Lr, Out, Precision, PrecisionOption, Preset, Report, ReportTo, Resume, Seed
from mundap.cli.training import filled, keep_trained, logs_of, options_of, print_changes, watch, work_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mundap.training.common.curves import Watch
    from mundap.training.llm.data import Example
    from mundap.workspace import Mundap

KIND = "sft"


class Method(StrEnum):
    """What is trained."""

    lora = "lora"
    qlora = "qlora"
    full = "full"


class Filter(StrEnum):
    """Which rows are learned from."""

    none = "none"
    good = "good"
    compare = "compare"


Base = Annotated[
    str,
    typer.Option(
        help="베이스 모델: 허브 모델 이름, 폴더, GGUF 파일. gemma3-270m은 인터넷 없이 사용할 수 있습니다(추가 패키지 gemma)"
    ),
]


def sft(
    out: Out,
    data: Annotated[
        Path | None,
        typer.Option(
            help="질문·답변(제시문·출처) 열이 있는 시트, 지시 JSON(instruction·input·output), JSONL(prompt·completion,"
            " messages, question·gold·answer), mundap feedback export로 만든 파일 (기본값: 읽어 들인 Q/A)",
            show_default=False,
        ),
    ] = None,
    base: Base = "gemma3-270m",
    method: Annotated[
        Method,
        typer.Option(help="lora: 저랭크 어댑터만 학습, qlora: 4비트 양자화 모델에 LoRA 학습, full: 전체 가중치 학습"),
    ] = Method.lora,
    preset: Annotated[
        Preset,
        typer.Option(
            help="하이퍼파라미터 프리셋. laptop: 작은 모델과 CPU, original: 원래 시스템의 값(GPU). 따로 지정한 값이 우선합니다"
        ),
    ] = Preset.laptop,
    epochs: Annotated[float | None, typer.Option(min=0, help="에포크 수", show_default=False)] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="프로세스당 배치 크기(예제 수)", show_default=False)] = None,
    accumulate: Annotated[int | None, typer.Option(min=1, help="그래디언트 누적 스텝 수", show_default=False)] = None,
    lr: Lr = None,
    max_tokens: Annotated[
        int | None,
        typer.Option(min=16, help="최대 토큰 수. 이보다 긴 예제는 자르지 않고 제외합니다", show_default=False),
    ] = None,
    lora_r: Annotated[int | None, typer.Option(min=1, help="LoRA 랭크(r)", show_default=False)] = None,
    lora_alpha: Annotated[int | None, typer.Option(min=1, help="LoRA 스케일(alpha)", show_default=False)] = None,
    lora_sweep: Annotated[
        str,
        typer.Option(
            help="비교할 LoRA 랭크 목록. 예: 4,8,16. 검증 손실이 가장 낮은 모델을 저장합니다", show_default=False
        ),
    ] = "",
    template: Annotated[
        str,
        typer.Option(
            help="프롬프트 템플릿: alpaca, kullm 또는 템플릿 파일(.json). 답변할 때도 generate.template에 같은 값을 지정하세요 (기본값: 모델의 템플릿)",
            show_default=False,
        ),
    ] = "",
    passages: Annotated[
        int | None,
        typer.Option(min=1, help="질문과 함께 입력할 제시문 수(정답 제시문 하나와 유사한 제시문)", show_default=False),
    ] = None,
    distractors: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=0.9,
            help="정답 제시문 없이 학습할 질문의 비율. 이때는 답변 보류 문구를 학습합니다",
            show_default=False,
        ),
    ] = None,
    filter: Annotated[
        Filter,
        typer.Option(
            help="good: 반복되거나 너무 짧은 답변, 제시문에 없는 내용의 답변을 제외하고 학습합니다. compare: 전체로 학습한 모델과 비교합니다"
        ),
    ] = Filter.none,
    measured: Annotated[
        int | None, typer.Option(min=1, help="학습 전후를 비교할 평가 질문 수", show_default=False)
    ] = None,
    every: Annotated[
        int | None,
        typer.Option(min=0, help="검증하고 체크포인트를 저장할 스텝 간격. 0: 전체 학습 중 네 번", show_default=False),
    ] = None,
    precision: PrecisionOption = Precision.fp32,
    resume: Resume = False,
    report_to: Report = ReportTo.auto,
    seed: Seed = 0,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """제시문에 근거해 답하고 답이 없으면 보류하도록 언어 모델을 미세조정합니다. 평가 질문에서 학습 전후를 비교합니다. 여러 GPU를 쓰려면 torchrun으로 실행하세요."""
    from mundap.generate.support import refusal
    from mundap.generate.template import read_template
    from mundap.training.common.registry import free_name
    from mundap.training.llm.sft import PRESETS, Recipe, train_sft
    from mundap.training.llm.sft_measure import better

    values = filled(
        PRESETS[preset.value],
        epochs=epochs, batch=batch, accumulate=accumulate, lr=lr, max_tokens=max_tokens, r=lora_r, alpha=lora_alpha,
        passages=passages, distractors=distractors, measured=measured, every=every,
    )  # fmt: skip
    recipe = Recipe(
        _resolved(base),
        method.value,
        template=template,
        filter=filter.value,
        precision=precision.value,
        seed=seed,
        **values,
    )
    bot = open_workspace(workspace)
    name = free_name(bot.models, out, KIND)
    examples, origin = _examples(bot, data)
    work = work_of(bot, name)
    with show.bars(steps="학습", answers="답변 생성") as progress:
        trained = train_sft(
            examples, recipe, bot.models, work, refusal=refusal(bot.config.language),
            template=read_template(template, bot.root), ranks=_ranks(lora_sweep),
            resume=resume, watch=_watches(report_to, logs_of(bot, KIND, name)),
            progress=progress["steps"], measuring=progress["answers"],
        )  # fmt: skip
    if trained is None:  # another process of torchrun keeps the model
        return
    recommended = better(trained.report)
    sweep = ("--lora-sweep", lora_sweep) if lora_sweep else ()
    given = {option: value for option, value in asdict(recipe).items() if value != ""}
    folder = keep_trained(
        bot, KIND, name, data, origin, trained.model, trained.report, recommended, trained.save,
        (*options_of(_FLAGS, given), *sweep),
    )  # fmt: skip
    shutil.rmtree(work)
    if json:
        show.emit({**trained.report, **trained.model, "folder": str(folder), "recommended": recommended})
        return
    _print(trained.report, trained.model, folder, name, recommended)


def _examples(bot: Mundap, data: Path | None) -> tuple[Sequence[Example], dict[str, str]]:
    from mundap.errors import MundapError
    from mundap.files import digest
    from mundap.training.common.registry import data_of
    from mundap.training.llm.data import from_corpus, read_sft

    if data is not None:
        return read_sft(data), data_of(data)
    known = from_corpus(bot.corpus)
    if not known:
        raise MundapError(
            "읽어 들인 문서에 답변이 있는 질문이 없습니다. 파일을 지정하거나(--data 파일), 질문·제시문·답변 열이 있는 시트를 읽어 들이세요."
        )
    return known, {"file": "corpus", "digest": digest(*map(repr, known), size=16)}


def _resolved(base: str) -> str:
    """A folder or file by its whole path, since the model is used from elsewhere; a name as it is."""
    path = Path(base).expanduser()
    return str(path.resolve()) if path.exists() else base


def _ranks(sweep: str) -> list[int]:
    from mundap.errors import MundapError

    try:
        ranks = [int(part) for part in sweep.split(",") if part.strip()]
    except ValueError:
        ranks = [0]
    if any(rank < 1 for rank in ranks):
        raise MundapError(f"--lora-sweep {sweep}: 1 이상의 정수를 쉼표로 구분해 지정하세요. 예: 4,8,16")
    return ranks


def _watches(report_to: ReportTo, logs: Path) -> Any:
    """For each variant what draws its curves and says each point beside the progress."""

    def of(variant: str) -> Watch:
        return watch(report_to, logs / variant, f"{logs.name}-{variant}")

    return of


_FLAGS = {
    "base": "--base", "method": "--method", "epochs": "--epochs", "batch": "--batch", "accumulate": "--accumulate",
    "lr": "--lr", "max_tokens": "--max-tokens", "r": "--lora-r", "alpha": "--lora-alpha", "template": "--template", "passages": "--passages",
    "distractors": "--distractors", "filter": "--filter", "measured": "--measured", "every": "--every", "precision": "--precision", "seed": "--seed",
}  # fmt: skip


def _print(report: Mapping[str, Any], model: Mapping[str, Any], folder: Path, name: str, better: bool) -> None:
    share = model["trainable"] / model["parameters"]
    print(f"학습한 파라미터 {model['trainable']:,}개 (전체 {model['parameters']:,}개의 {share:.2%})")
    print(
        f"학습 예제 {report['learned']}개(답변 보류 {report['refusals']}개), 너무 길어 제외한 예제 {report['too_long']}개"
    )
    if len(report["variants"]) > 1:
        print(f"\n{'':14}{'예제':>6}{'스텝':>6}{'파라미터':>10}{'검증 손실':>6}{'초':>7}")
        for row in report["variants"]:
            mark = "  ← 선택" if row["name"] == report["chosen"] else ""
            print(
                f"{row['name']:14}{row['rows']:>8}{row['steps']:>8}{row['trainable']:>14,}{row['dev_loss']:>10.4f}"
                f"{row['seconds']:>8.0f}{mark}"
            )
    print_changes(f"평가 질문 {report['n']}개, 제시문에 답이 없는 질문 {report['unanswerable']}개", report, 18)
    print(f"\n모델: {folder}\n학습 전후 답변: {folder / 'answers.jsonl'}")
    print(
        "적용을 권장합니다: 답변이 유의하게 나아졌습니다."
        if better
        else "적용을 권장하지 않습니다: 답변이 유의하게 나아지지 않았습니다."
    )
    template = model["recipe"]["template"]
    shown = f'\ntemplate = "{template}"' if template else ""
    print(f'적용하려면 mundap.toml에 추가하세요:\n\n[generate]\ngenerator = "transformers:model:{name}"{shown}\n')
    print(f"torch 없이 llama.cpp로 실행하려면: mundap export gguf {name}")
