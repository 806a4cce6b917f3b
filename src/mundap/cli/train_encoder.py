"""mundap train embedding and dpr: a transformer of one's own questions, trained with torch and served without."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace, open_workspace
from mundap.cli.train_options import (
    Data,
    Epochs,
    Lr,
    Out,
    Precision,
    PrecisionOption,
    Preset,
    PresetOption,
    Report,
    ReportTo,
    Resume,
    Seed,
)
from mundap.cli.train_retriever import ADVICE, keep_model, print_outcome, task_of
from mundap.cli.training import (
    SPLITS,
    emit_kept,
    filled,
    keep_trained,
    logs_of,
    options_of,
    plain,
    print_changes,
    watch,
    work_of,
)
from mundap.errors import MundapError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mundap.cli.train_retriever import Task
    from mundap.protocols import Encoder, Vectors
    from mundap.training.retriever.encoder import Recipe
    from mundap.workspace import Mundap


class Loss(StrEnum):
    """What is minimised."""

    mnrl = "mnrl"
    cached = "cached-mnrl"
    triplet = "triplet"
    denoising = "denoising"
    matryoshka = "matryoshka"


class Mined(StrEnum):
    """What finds hard negatives."""

    bm25 = "bm25"
    model = "model"


Base = typer.Option(help="베이스 모델: 허브 모델 이름이나 폴더. e5-small은 인터넷 없이 사용할 수 있습니다")
Batch = Annotated[int | None, typer.Option(min=2, help="프로세스당 배치 크기(질문 수)", show_default=False)]
MaxPassage = Annotated[int | None, typer.Option(min=16, help="제시문의 최대 토큰 수", show_default=False)]
Freeze = Annotated[int | None, typer.Option(min=-1, help="동결할 하위 레이어 수. -1: 모두 학습", show_default=False)]
Hard = Annotated[int, typer.Option(min=0, help="질문마다 추가할 하드 네거티브 수")]
MinedBy = Annotated[Mined, typer.Option(help="하드 네거티브를 찾는 방법: bm25 또는 현재 임베딩(model)")]
Every = Annotated[
    int | None, typer.Option(min=0, help="검증하고 체크포인트를 저장할 스텝 간격. 0: 에포크마다", show_default=False)
]


def embedding(
    out: Annotated[str, typer.Option(help="모델 이름. .mundap/models/이름/에 저장합니다", show_default=False)] = "",
    data: Data = None,
    base: Annotated[str, Base] = "e5-small",
    loss: Annotated[Loss, typer.Option(help="손실 함수. denoising은 질문 없이 제시문만으로 학습합니다")] = Loss.mnrl,
    losses: Annotated[
        str,
        typer.Option(
            help="모델을 저장하지 않고 손실 함수를 비교합니다: all(denoising, triplet, mnrl) 또는 쉼표로 구분한 목록. 에포크 1·3·10, 배치 크기 8·16",
            show_default=False,
        ),
    ] = "",
    preset: PresetOption = Preset.laptop,
    epochs: Epochs = None,
    batch: Batch = None,
    part: Annotated[int, typer.Option(min=0, help="cached-mnrl의 미니배치 크기")] = 8,
    lr: Lr = None,
    max_passage: MaxPassage = None,
    freeze: Freeze = None,
    hard: Hard = 0,
    mined: MinedBy = Mined.bm25,
    questions_only: Annotated[
        bool,
        typer.Option(
            "--questions-only", help="질문 인코더만 학습합니다. 제시문 벡터는 베이스 모델의 것을 그대로 사용합니다"
        ),
    ] = False,
    dim: Annotated[int, typer.Option(min=0, help="사용할 벡터 차원(matryoshka 손실 함수와 함께). 0: 전체 차원")] = 0,
    query_prompt: Annotated[
        str | None, typer.Option(help="질문 앞에 붙일 프롬프트 (기본값: 베이스 모델의 프롬프트)", show_default=False)
    ] = None,
    passage_prompt: Annotated[
        str | None, typer.Option(help="제시문 앞에 붙일 프롬프트 (기본값: 베이스 모델의 프롬프트)", show_default=False)
    ] = None,
    pooling: Annotated[
        str | None,
        typer.Option(help="풀링 방식: mean, cls 또는 lasttoken (기본값: 베이스 모델의 방식)", show_default=False),
    ] = None,
    every: Every = None,
    precision: PrecisionOption = Precision.fp32,
    resume: Resume = False,
    report_to: Report = ReportTo.auto,
    seed: Seed = 0,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """질문과 제시문이 함께 쓰는 임베딩 모델을 미세조정합니다. 평가 질문에서 학습 전후를 비교하고, torch 없이 쓸 수 있도록 내보냅니다."""
    from mundap.training.retriever.encoder import EMBEDDING, PRESETS, Recipe
    from mundap.training.retriever.transformer_encoder import known_reading

    values = filled(
        known_reading(base) | PRESETS[EMBEDDING][preset.value],
        epochs=epochs, batch=batch, lr=lr, max_passage=max_passage, freeze=freeze,
        query=query_prompt, passage=passage_prompt, pooling=pooling, every=every,
    )  # fmt: skip
    recipe = Recipe(
        EMBEDDING, base, loss=loss.value, part=part, hard=hard, mined=mined.value, dim=dim,
        precision=precision.value, seed=seed, questions_only=questions_only, **values,
    )  # fmt: skip
    bot = plain(open_workspace(workspace))
    if losses:
        _compare(bot, data, recipe, losses, json)
    elif not out:
        raise MundapError(
            "모델 이름이 없습니다. --out 이름을 지정하세요. 손실 함수만 비교하려면 --losses all을 지정하세요."
        )
    else:
        _train(bot, out, data, recipe, resume, report_to, json)


def dpr(
    out: Out,
    data: Data = None,
    base: Annotated[str, Base] = "klue/bert-base",
    preset: PresetOption = Preset.laptop,
    epochs: Epochs = None,
    batch: Batch = None,
    lr: Lr = None,
    max_passage: MaxPassage = None,
    freeze: Freeze = None,
    hard: Hard = 0,
    mined: MinedBy = Mined.bm25,
    every: Every = None,
    precision: PrecisionOption = Precision.fp32,
    resume: Resume = False,
    report_to: Report = ReportTo.auto,
    seed: Seed = 0,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """질문 인코더와 제시문 인코더를 따로 학습합니다(DPR). 제시문을 100토큰씩 나누어 학습하고, 검색할 때는 제시문 전체로 합칩니다."""
    from mundap.training.retriever.encoder import DPR, PRESETS, Recipe

    values = filled(
        PRESETS[DPR][preset.value],
        epochs=epochs, batch=batch, lr=lr, max_passage=max_passage, freeze=freeze, every=every,
    )  # fmt: skip
    recipe = Recipe(DPR, base, hard=hard, mined=mined.value, precision=precision.value, seed=seed, **values)
    _train(plain(open_workspace(workspace)), out, data, recipe, resume, report_to, json)


def cross(
    out: Out,
    data: Data = None,
    base: Annotated[str, Base] = "e5-small",
    epochs: Annotated[int, typer.Option(min=1, help="에포크 수")] = 2,
    batch: Annotated[int, typer.Option(min=1, help="프로세스당 배치 크기(질문 수)")] = 8,
    hard: Annotated[int, typer.Option(min=1, help="질문마다 함께 학습할 오답 후보 수")] = 3,
    lr: Annotated[float, typer.Option(min=0, help="학습률")] = 5e-5,
    max_tokens: Annotated[int, typer.Option(min=16, help="질문과 제시문을 합친 최대 토큰 수")] = 256,
    freeze: Annotated[int, typer.Option(min=-1, help="동결할 하위 레이어 수. -1: 모두 학습")] = 6,
    every: Every = None,
    resume: Resume = False,
    report_to: Report = ReportTo.auto,
    seed: Seed = 0,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """크로스 인코더 리랭커를 학습합니다. 질문과 제시문을 함께 읽어 검색 결과의 순위를 다시 매깁니다."""
    from mundap.training.common.examples import Split
    from mundap.training.rerank.cross_encoder import Recipe, train_cross
    from mundap.workspace.components import FOLDER

    bot = plain(open_workspace(workspace))
    recipe = Recipe(base, epochs, batch, hard, lr, max_tokens, freeze, every or 0, seed=seed)
    with show.bars(vectors="벡터", steps="학습") as progress:
        task = task_of(bot, "cross", out, data, progress["vectors"])
        split = Split.of(task.ground.bench.pairs, seed)
        logs, work = logs_of(bot, "cross", task.name), work_of(bot, task.name)
        trained = train_cross(
            task.ground, recipe, split, bot.models, work,
            again=resume, watch=watch(report_to, logs, task.name), progress=progress["steps"],
        )  # fmt: skip
    if trained is None:
        return
    report, better = trained.report.to_json(), trained.report.verdict == "better"

    def write(folder: Path) -> None:
        trained.save(folder)
        task.save_split(folder, split, seed)

    folder = keep_trained(
        bot, "cross", task.name, data, task.origin, trained.model, report, better, write,
        options_of(_CROSS, asdict(recipe)),
    )  # fmt: skip
    shutil.rmtree(work)
    use = f"onnx:{FOLDER}/models/{task.name}"
    if json:
        emit_kept(report, trained.model, folder, use, better)
        return
    _print_parts(report)
    for name, title in SPLITS.items():
        print_changes(title, report[name])  # type: ignore[arg-type]
    print(f"\n모델: {folder}\n{ADVICE['better' if better else 'same']}")
    print(
        f'적용하려면: mundap promote {task.name}  (mundap.toml에 다음과 같이 기록됩니다)\n\n[retrieve]\nreranker = "{use}"'
    )


_CROSS = {
    "base": "--base", "epochs": "--epochs", "batch": "--batch", "hard": "--hard", "lr": "--lr",
    "tokens": "--max-tokens", "freeze": "--freeze", "every": "--every", "seed": "--seed",
}  # fmt: skip


def _train(
    bot: Mundap, out: str, data: Path | None, recipe: Recipe, resume: bool, report_to: ReportTo, json: bool
) -> None:
    from mundap.store.cache import AsQueries
    from mundap.training.common.examples import Split
    from mundap.training.retriever.fit_encoder import fit_encoder

    with show.bars(vectors="벡터", steps="학습", measured="평가") as progress:
        task = task_of(bot, recipe.kind, out, data, progress["vectors"])
        split = Split.of(task.ground.bench.pairs, recipe.seed)
        logs = logs_of(bot, recipe.kind, task.name)

        def encode(encoder: Encoder, texts: Sequence[str], questions: bool) -> Vectors:
            by = AsQueries(encoder) if questions else encoder
            return bot.cache.unit_vectors(texts, by, progress["measured"])

        trained = fit_encoder(
            task.ground, recipe, split, bot.models, work_of(bot, task.name), encode, task.base,
            again=resume, watch=watch(report_to, logs, task.name), progress=progress["steps"],
        )  # fmt: skip
    if trained is None:  # another process of torchrun keeps the model
        return

    def write(folder: Path) -> None:
        shutil.copytree(trained.folder, folder, dirs_exist_ok=True)
        task.save_split(folder, split, recipe.seed)

    folder = keep_model(bot, recipe.kind, task, data, dict(trained.model), trained.report, _options(recipe), write)
    shutil.rmtree(trained.folder.parent)
    use = f"model:{task.name}"
    if json:
        emit_kept(trained.report, trained.model, folder, use, trained.report["verdict"] == "better")
        return
    _print(trained.report, task, folder, use)


def _compare(bot: Mundap, data: Path | None, recipe: Recipe, losses: str, json: bool) -> None:
    import time

    from mundap.cli.runs import write_run
    from mundap.errors import UnknownName
    from mundap.training.common.examples import Split
    from mundap.training.retriever.compare import COMPARED, PARTS, compare, comparison_page, grid
    from mundap.training.retriever.losses import LOSSES

    chosen = COMPARED if losses == "all" else tuple(losses.split(","))
    for loss in chosen:
        if loss not in LOSSES:
            raise UnknownName("loss", loss, LOSSES)
    with show.bars(vectors="벡터", runs="비교") as progress:
        task = task_of(bot, recipe.kind, "losses", data, progress["vectors"])
        split = Split.of(task.ground.bench.pairs, recipe.seed)
        found = compare(task.ground, grid(recipe, chosen), split, bot.models, work_of(bot, ".losses"), progress["runs"])
        rows = list(found)
    made = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    report = {"recipe": asdict(recipe), "data": task.origin, "before": task.base, "rows": rows}
    folder = write_run(bot, "losses", report, comparison_page(rows, task.origin["file"], made))
    if json:
        show.emit({**report, "folder": str(folder)})
        return
    for part, title in PARTS.items():
        print(f"\n{title}\n{'손실':10}{'에포크':>3}{'배치':>6}{'top1':>9}{'top3':>9}{'top10':>9}{'mrr@10':>9}")
        for row in (row for row in rows if part in row):
            figures = "".join(f"{figure['mean']:>9.3f}" for figure in row[part]["after"].values())
            print(f"{row['loss']:12}{row['epochs']:>6}{row['batch']:>8}{figures}")
    print(f"\n표와 그래프: {folder / 'report.html'}")


_FLAGS = {
    "base": "--base", "loss": "--loss", "epochs": "--epochs", "batch": "--batch", "part": "--part", "lr": "--lr",
    "max_passage": "--max-passage", "freeze": "--freeze", "hard": "--hard", "mined": "--mined", "dim": "--dim",
    "query": "--query-prompt", "passage": "--passage-prompt", "pooling": "--pooling", "every": "--every",
    "precision": "--precision", "seed": "--seed",
}  # fmt: skip
_ALONE = ("loss", "part", "dim", "query", "passage", "pooling")  # of embedding


def _options(recipe: Recipe) -> tuple[str, ...]:
    shared = {name: flag for name, flag in _FLAGS.items() if recipe.kind == "embedding" or name not in _ALONE}
    only = ("--questions-only",) if recipe.questions_only else ()
    return (*options_of(shared, asdict(recipe)), *only)


def _print(report: dict[str, Any], task: Task, folder: Path, use: str) -> None:
    _print_parts(report)
    if report["missing"] or report["repeated"]:
        print(f"제외한 질문: 제시문이 색인에 없음 {report['missing']}개, 중복 {report['repeated']}개")
    print(
        f"선택한 체크포인트: 스텝 {report['chosen']['step']}, 베이스 모델과의 가중 평균 비율 {report['chosen']['blend']}"
    )
    print_outcome(report, folder, task.name, use)


def _print_parts(report: Mapping[str, Any]) -> None:
    held = report["held_out"]
    print(
        f"학습 질문 {report['learned']}개, 검증 질문 {report['chosen_on']}개,"
        f" 평가 질문: 새 제시문 {held['by_passage']}개, 학습한 제시문 {held['by_question']}개"
    )
