"""mundap train adapter and static: an encoder of one's own questions, without torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mundap.cli.training import SPLITS, keep_trained, print_changes
from mundap.errors import StaleIndex

if TYPE_CHECKING:
    from collections.abc import Callable

    from mundap.protocols import Encoder, Progress
    from mundap.training.common.examples import Split
    from mundap.training.common.heldout import Ground
    from mundap.workspace import Mundap

LEGS = {"dense": "벡터 검색", "hybrid": "하이브리드 검색 (현재 설정)"}
ADVICE = {
    "better": "적용을 권장합니다: 성능이 유의하게 향상되었고 떨어진 항목이 없습니다.",
    "same": "적용을 권장하지 않습니다: 성능이 유의하게 향상되지 않았습니다.",
    "worse": "적용을 권장하지 않습니다: 성능이 유의하게 떨어진 항목이 있습니다.",
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


def task_of(bot: Mundap, kind: str, out: str, data: Path | None, progress: Progress) -> Task:
    """The pairs, and what they are measured on. Raises StaleIndex if documents changed after the index was made."""
    from mundap.encode import base_of
    from mundap.index.dense import unit_keys
    from mundap.index.units import Units
    from mundap.store.cache import AsQueries
    from mundap.training.common.heldout import Bench, Ground
    from mundap.training.common.pairs import pairs, questions_in
    from mundap.training.common.registry import free_name

    name = free_name(bot.models, out, kind)
    asked, origin = questions_in(bot.corpus, data)
    lexical, dense = bot.legs
    made = pairs([question for question in asked if question.gold], dense.table)
    units = Units.of(bot.corpus.all_passages())
    if unit_keys(units).tolist() != dense.vectors.keys.tolist():
        raise StaleIndex("색인한 뒤 문서가 바뀌었습니다. 먼저 실행하세요: mundap index")
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


def print_outcome(report: dict[str, Any], folder: Path, name: str, use: str) -> None:
    """What training changed on each split and leg, where the model is, and how it is used."""
    for split, title in SPLITS.items():
        for leg, legs in LEGS.items():
            print_changes(f"{title}, {legs}", report[split][leg])
    print(f"\n모델: {folder}\n{ADVICE[report['verdict']]}")
    print(f'적용하려면: mundap promote {name}  (mundap.toml에 다음과 같이 기록됩니다)\n\n[index]\nencoder = "{use}"')
