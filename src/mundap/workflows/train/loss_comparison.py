"""Compare the losses of an encoder on the questions of a workspace; no model is kept."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import get_args

from mundap.errors import UnknownName
from mundap.training.common.examples import Split
from mundap.training.common.measure import METRICS
from mundap.training.retriever.config import EmbeddingConfig, Loss
from mundap.training.retriever.encoder import settled
from mundap.training.retriever.loss_comparison import COMPARED, PARTS, LossRow, compare, comparison_page, grid
from mundap.types import Json
from mundap.workflows import runs
from mundap.workflows.train.prepared import prepare
from mundap.workflows.train.run import TRAINING, Stages, silent, without_reranker
from mundap.workspace import Mundap
from mundap.workspace.components import FOLDER


@dataclass(frozen=True)
class LossComparison:
    """A row for each training; `base` names the encoder before, `origin` says where the questions are from.

    `folder` has the run: a page with plots, and all that was measured.
    """

    config: EmbeddingConfig
    origin: Mapping[str, str]
    base: str
    rows: Sequence[LossRow]
    folder: Path

    def to_json(self) -> dict[str, Json]:
        """As `mundap train embedding --losses … --json` prints it."""
        return {**_report(self.config, self.origin, self.base, self.rows), "folder": str(self.folder)}

    def __str__(self) -> str:
        lines: list[str] = []
        for part, title in PARTS.items():
            if not any(part in row.parts for row in self.rows):
                continue
            names = "".join(f"{metric:>9}" for metric in METRICS)
            lines.append(f"\n{title}\n{'손실':10}{'에포크':>3}{'배치':>6}{names}")
            for row in self.rows:
                figures = "".join(f"{row.parts[part][metric].after.mean:>9.3f}" for metric in METRICS)
                lines.append(f"{row.loss:12}{row.epochs:>6}{row.batch:>8}{figures}")
        return "\n".join([*lines, f"\n표와 그래프: {self.folder / runs.PAGE}"])

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"


def compare_losses(
    bot: Mundap,
    data: str | Path | None = None,
    *,
    losses: Sequence[Loss] = COMPARED,
    config: EmbeddingConfig = EmbeddingConfig(),
    progress: Stages = silent,
) -> LossComparison:
    """Train an encoder with each of the losses, for 1, 3 and 10 epochs and in batches of 8 and 16, on one split.

    `data` is a file of questions and passages (default: those of the workspace). Raises UnknownName, MundapError.
    """
    for loss in losses:
        if loss not in get_args(Loss):
            raise UnknownName("loss", loss, get_args(Loss))
    plain = without_reranker(bot)
    config = settled(config)
    prepared = prepare(plain, Path(data) if data is not None else None, progress("벡터"))
    split = Split.of(prepared.encoded.evaluator.pairs, config.seed)
    work = plain.root / FOLDER / TRAINING / ".losses"
    found = compare(prepared.encoded, grid(config, losses), split, plain.components.models, work, progress("비교"))
    rows = tuple(found)
    made = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    page = comparison_page(rows, prepared.origin["file"], made)
    folder = runs.keep(plain, "losses", _report(config, prepared.origin, prepared.base, rows), page)
    return LossComparison(config, prepared.origin, prepared.base, rows, folder)


def _report(config: EmbeddingConfig, origin: Mapping[str, str], base: str, rows: Sequence[LossRow]) -> dict[str, Json]:
    recipe: dict[str, Json] = {"kind": config.kind, **config.to_card()}
    return {"recipe": recipe, "data": origin, "before": base, "rows": [row.to_json() for row in rows]}
