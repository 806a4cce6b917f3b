"""mundap train adapter and static: an encoder of one's own questions, without torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace, open_workspace
from mundap.cli.train_options import Data, Out, Seed
from mundap.cli.training import SPLITS, emit_kept, keep_trained, plain, print_changes
from mundap.errors import StaleIndex

if TYPE_CHECKING:
    from collections.abc import Callable

    from mundap.protocols import Encoder, Progress
    from mundap.train.common.examples import Split
    from mundap.train.common.heldout import Ground
    from mundap.workspace import Mundap

LEGS = {"dense": "벡터만", "hybrid": "함께 (지금 설정)"}
ADVICE = {
    "better": "쓰기를 권합니다: 교차 검증에서 나아졌고, 나빠진 쪽이 없습니다.",
    "same": "쓰기를 권하지 않습니다: 뚜렷이 나아지지 않았습니다.",
    "worse": "쓰기를 권하지 않습니다: 뚜렷이 나빠진 쪽이 있습니다.",
}


@dataclass(frozen=True)
class Task:
    """The model `name` that is to be trained on `ground`.

    `base` names the encoder of the vectors in mundap.toml; `origin` says where the questions are from.
    """

    name: str
    ground: Ground
    base: str
    encoder: Encoder
    origin: dict[str, str]

    def save_split(self, folder: Path, split: Split, seed: int) -> None:
        """Write down which part each of the pairs was in."""
        bench = self.ground.bench
        bench.pairs.save_split(folder, bench.table.ids, seed, split.names(len(bench.pairs)))


def adapter(out: Out, data: Data = None, seed: Seed = 0, workspace: Workspace = HERE, json: Json = False) -> None:
    """지금 임베딩의 벡터 위에 선형 사상 둘을 학습합니다. 새 문서에서 나빠지지 않게 항등 쪽으로 당깁니다."""
    _one_thread()
    from mundap.train.retriever.adapter import Known, train_adapter

    bot = plain(open_workspace(workspace))
    with show.bars(vectors="벡터", folds="교차 검증") as progress:
        task = task_of(bot, "adapter", out, data, progress["vectors"])
        ground = task.ground
        known = Known(ground.units, ground.bench.starts, ground.questions)
        trained = train_adapter(ground.bench, known, seed, progress["folds"])
    model = {**asdict(trained.setting), "base": task.base, "digest": trained.maps.digest}
    options = ("--seed", str(seed))
    _keep(
        bot,
        "adapter",
        task,
        data,
        model,
        trained.report,
        options,
        seed,
        lambda folder: trained.maps.save(folder, task.base, task.encoder.name),
        json,
    )


def static(
    out: Out,
    data: Data = None,
    dim: Annotated[int, typer.Option(min=8, help="벡터의 차원")] = 256,
    epochs: Annotated[int, typer.Option(min=1, help="자료를 몇 번 볼지")] = 12,
    batch: Annotated[int, typer.Option(min=2, help="한 번에 볼 질문 수. 한 묶음에 같은 제시문은 없습니다")] = 128,
    lr: Annotated[float, typer.Option(min=0, help="학습률")] = 0.05,
    seed: Seed = 0,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """형태소마다 벡터를 처음부터 학습합니다. 쓸 때는 표에서 찾아 더하기만 합니다. 알려진 문서의 새 질문에 강합니다."""
    _one_thread()
    from mundap.encode.static import save
    from mundap.korean.tokens import SearchTokenizer
    from mundap.train.retriever.static import Recipe, Tokens, train_static

    bot = plain(open_workspace(workspace))
    tokenizer = SearchTokenizer(joins=True, bigrams=False, user_dictionary=bot.tokenizer.user_dictionary)
    recipe = Recipe(dim=dim, epochs=epochs, batch=batch, rate=lr)
    with show.bars(vectors="벡터", tokens="형태소", folds="교차 검증") as progress:
        task = task_of(bot, "static", out, data, progress["vectors"])
        ground = task.ground
        made = ground.bench.pairs
        texts = [*made.questions, *ground.texts]
        found = list(bot.cache.tokens(texts, tokenizer.name, tokenizer, progress["tokens"]))
        tokens = Tokens(found[: len(made)], found[len(made) :])
        before = (ground.units, ground.questions)
        trained = train_static(ground.bench, tokens, before, recipe, seed, progress["folds"])
    model = {**asdict(recipe), "base": task.base, "words": len(trained.words.words), "digest": trained.words.digest}
    given = {"--dim": dim, "--epochs": epochs, "--batch": batch, "--lr": lr, "--seed": seed}
    options = tuple(str(part) for pair in given.items() for part in pair)
    _keep(
        bot,
        "static",
        task,
        data,
        model,
        trained.report,
        options,
        seed,
        lambda folder: save(trained.words, tokenizer, task.base, folder),
        json,
    )


def _one_thread() -> None:
    """NumPy's threads wait for each other by spinning: on a busy machine two took ten times as long as one."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(1, "blas")


def task_of(bot: Mundap, kind: str, out: str, data: Path | None, progress: Progress) -> Task:
    """The pairs, and what they are measured on. Raises StaleIndex if documents changed after the index was made."""
    from mundap.encode import base_of
    from mundap.index.dense import unit_keys
    from mundap.index.units import Units
    from mundap.store.cache import AsQueries
    from mundap.train.common.heldout import Bench, Ground
    from mundap.train.common.pairs import pairs, questions_in
    from mundap.train.common.registry import free_name

    name = free_name(bot.models, out, kind)
    asked, origin = questions_in(bot.corpus, data)
    lexical, dense = bot.legs
    made = pairs([question for question in asked if question.gold], dense.table)
    units = Units.of(bot.corpus.all_passages())
    if unit_keys(units).tolist() != dense.vectors.keys.tolist():
        raise StaleIndex("색인한 뒤에 문서가 바뀌었습니다. 먼저 실행: mundap index")
    base = base_of(bot.config.index.encoder, bot.models)
    encoder = bot.encoder_named(base)
    settings = bot.config.retrieve
    texts = [passage.embedded for passage in units.passages]
    ground = Ground(
        Bench(made, lexical, dense, settings.fusion, settings.weights, settings.pool),
        texts,
        bot.cache.unit_vectors(texts, encoder, progress),
        bot.cache.unit_vectors(made.questions, AsQueries(encoder), progress),
    )
    return Task(name, ground, base, encoder, origin)


def _keep(
    bot: Mundap,
    kind: str,
    task: Task,
    data: Path | None,
    model: dict[str, Any],
    report: dict[str, Any],
    options: tuple[str, ...],
    seed: int,
    save: Callable[[Path], None],
    json: bool,
) -> None:
    from mundap.encode import MODEL

    bench = task.ground.bench

    def write(folder: Path) -> None:
        save(folder)
        bench.pairs.save(folder, bench.table.ids, seed)

    folder = keep_model(bot, kind, task, data, model, report, options, write)
    use = f"{MODEL}{task.name}"
    if json:
        emit_kept(report, model, folder, use, report["verdict"] == "better")
        return
    _print(report, folder, task.name, use)


def keep_model(
    bot: Mundap,
    kind: str,
    task: Task,
    data: Path | None,
    model: dict[str, Any],
    report: dict[str, Any],
    options: tuple[str, ...],
    write: Callable[[Path], None],
) -> Path:
    """Keep what `write` writes, with a card that says whether it was measured to be better; its folder."""
    better = report["verdict"] == "better"
    return keep_trained(bot, kind, task.name, data, task.origin, model, report, better, write, options)


def _print(report: dict[str, Any], folder: Path, name: str, use: str) -> None:
    print(f"질문 {report['questions']}개, 제시문 {report['passages']}개, {report['folds']}겹 교차 검증")
    if report["missing"] or report["repeated"]:
        print(f"뺀 질문: 제시문이 색인에 없음 {report['missing']}개, 되풀이 {report['repeated']}개")
    print_outcome(report, folder, name, use)


def print_outcome(report: dict[str, Any], folder: Path, name: str, use: str) -> None:
    """What training changed on each split and leg, where the model is, and how it is used."""
    for split, title in SPLITS.items():
        for leg, legs in LEGS.items():
            print_changes(f"{title}, {legs}", report[split][leg])
    print(f"\n모델: {folder}\n{ADVICE[report['verdict']]}")
    print(f'쓰려면: mundap promote {name}  (mundap.toml에 이렇게 적습니다)\n\n[index]\nencoder = "{use}"')
