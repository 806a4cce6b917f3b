"""mundap train: models of one's own questions, each measured before it is kept."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace, open_workspace
from mundap.cli.train_options import Out
from mundap.cli.training import SPLITS, keep_trained, plain, print_changes

if TYPE_CHECKING:
    from mundap.evaluate.questions import Question
    from mundap.protocols import Mask, Progress
    from mundap.train.rerank.fit_ranker import Examples, Relearn, Trained
    from mundap.workspace import Mundap

app = typer.Typer(no_args_is_help=True, help="자기 질문으로 학습합니다.", rich_markup_mode=None)


class Used(StrEnum):
    """What the ranker may look at."""

    all = "all"
    translation = "translation"
    scores = "scores"


@app.callback()
def verbs() -> None:
    """자기 질문으로 학습합니다."""


@app.command()
def reranker(
    out: Out,
    data: Annotated[
        Path | None,
        typer.Option(
            help="질문 파일: 질문·제시문 열이 있는 xlsx/csv/tsv, JSON, JSONL (기본: 읽어들인 문답)", show_default=False
        ),
    ] = None,
    features: Annotated[
        Used,
        typer.Option(
            help="all: 말의 대응과 아는 질문까지 봅니다, translation: 말의 대응만(새 문서가 많을 때), scores: 점수만 섞습니다"
        ),
    ] = Used.all,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """가벼운 리랭커를 학습합니다. 교차 검증으로 학습 앞뒤를 재고, 나아졌는지 알려 줍니다."""
    from mundap.train.common.pairs import questions_in
    from mundap.train.common.registry import free_name
    from mundap.train.rerank.fit_ranker import worth_it
    from mundap.workspace.components import LIGHT

    bot = plain(open_workspace(workspace))
    name = free_name(bot.models, out, "reranker")
    asked, origin = questions_in(bot.corpus, data)
    asked = [question for question in asked if question.gold]
    with show.bars(vectors="질문 벡터", candidates="후보", folds="교차 검증") as progress:
        trained = _trained(bot, asked, features, progress)
    weights = dict(trained.model.weights)
    model = {"features": list(weights), "weights": weights}
    better = worth_it(trained.report)
    folder = keep_trained(
        bot, "reranker", name, data, origin, model, trained.report, better, trained.model.save,
        ("--features", features.value),
    )  # fmt: skip
    left = len(asked) - trained.report["questions"]
    if json:
        shown = {"folder": str(folder), "use": f"{LIGHT}{name}", "recommended": better, "left_out": left}
        show.emit({**trained.report, **shown})
        return
    _print_report(trained.report, left)
    _print_advice(folder, f"{LIGHT}{name}", better)


def _trained(bot: Mundap, asked: list[Question], used: Used, progress: dict[str, Progress]) -> Trained:
    from mundap.encode import MODEL, model_file
    from mundap.retrieve.light import FEATURES, SCORES_ONLY
    from mundap.store.cache import AsQueries
    from mundap.train.rerank.fit_ranker import Trainer, examples, train_reranker
    from mundap.train.rerank.relearn import learned, unlearned

    lexical, dense = bot.legs
    texts = [q.question for q in asked]
    vectors = bot.cache.vectors(texts, AsQueries(bot.encoder), progress["vectors"]).astype("float32")
    made = examples(asked, lexical, dense, vectors, progress["candidates"])
    names = {
        Used.all: FEATURES,
        Used.translation: (*SCORES_ONLY, "translation"),
        Used.scores: SCORES_ONLY,
    }[used]
    fresh = relearn = None
    if bot.config.index.encoder.startswith(MODEL):
        folder = bot.models / bot.config.index.encoder.removeprefix(MODEL)
        fresh = unlearned(made.questions, learned(folder))
        if model_file(folder)["kind"] == "adapter" and not fresh.all():
            relearn, fresh = _adapter_without(bot, folder, made, ~fresh, progress["vectors"]), None
    return train_reranker(Trainer(made, lexical, dense, names, 0, fresh, relearn), progress["folds"])


def _adapter_without(bot: Mundap, folder: Path, made: Examples, of: Mask, progress: Progress) -> Relearn | None:
    """Trains the workspace's adapter anew on some of the questions; `of` are those that it has learned from."""
    import json

    from mundap.encode import model_file
    from mundap.index.units import Units
    from mundap.store.cache import AsQueries
    from mundap.train.common.registry import CARD
    from mundap.train.rerank.relearn import relearned_adapter
    from mundap.train.retriever.adapter import Known, Setting

    card = json.loads((folder / CARD).read_text("utf-8"))
    setting = Setting(card["penalty"], card["blend"])
    if not setting.blend:
        return None
    lexical, dense = bot.legs
    base = bot.encoder_named(model_file(folder)["base"])
    units = [passage.embedded for passage in Units.of(bot.corpus.all_passages()).passages]
    known = Known(
        bot.cache.unit_vectors(units, base, progress),
        np.asarray(dense.vectors.starts),
        bot.cache.unit_vectors(made.questions, AsQueries(base), progress),
    )
    return relearned_adapter(made, lexical, dense, known, setting, of, 0)


def _print_report(report: dict[str, Any], left: int) -> None:
    print(f"질문 {report['questions']}개, 제시문 {report['passages']}개, {report['folds']}겹 교차 검증")
    if left:
        print(f"제시문이 색인에 없어 뺀 질문 {left}개")
    if report["learned_by_encoder"]:
        print(
            f"임베딩이 이미 배운 질문 {report['learned_by_encoder']}개는 말의 대응만 가르칩니다. 무게를 배우고 잴 때는 뺍니다"
        )
    for split, title in SPLITS.items():
        print_changes(title, report[split])


def _print_advice(folder: Path, use: str, recommended: bool) -> None:
    print(f"\n모델: {folder}")
    if recommended:
        print("쓰기를 권합니다: 교차 검증에서 나아졌고, 나빠진 쪽이 없습니다. mundap.toml에 이렇게 적으면 씁니다:")
    else:
        print("쓰기를 권하지 않습니다: 뚜렷이 나아지지 않았거나 나빠진 쪽이 있습니다. 그래도 쓰려면 mundap.toml에:")
    print(f'\n[retrieve]\nreranker = "{use}"\n')
    print(f"{folder / 'synonyms.tsv'}: 질문말과 문서말의 대응표입니다. 읽어 보고 손으로 고쳐도 됩니다.")
