"""Which loss, how many epochs, which batch: the same data and split, one training for each, one table."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from mundap.evaluation.estimates import Comparisons, Estimate
from mundap.evaluation.html_parts import figure_cell, frame, note, section, table
from mundap.evaluation.line_plot import Point, line_plot
from mundap.evaluation.markup import Markup
from mundap.protocols import Encoder, Progress, Vectors, quiet
from mundap.training.common.examples import Split
from mundap.training.common.heldout import EncodedData
from mundap.training.common.measure import METRICS
from mundap.training.retriever.config import EmbeddingConfig, Loss
from mundap.training.retriever.encoder import train_encoder
from mundap.training.retriever.fit_encoder import examples, measured
from mundap.training.retriever.transformer_encoder import InTraining
from mundap.types import Json

COMPARED: tuple[Loss, ...] = ("denoising", "triplet", "mnrl")
EPOCHS, BATCHES = (1, 3, 10), (8, 16)
PARTS = {"by_passage": "새 제시문", "by_question": "학습한 제시문의 새 질문", "train": "학습 질문 (과적합 확인용)"}


@dataclass(frozen=True)
class LossRow:
    """One training: its loss, epochs and batch, the seconds of CPU, what was measured while it learned, and the dense leg
    before and after on each of PARTS."""

    loss: str
    epochs: int
    batch: int
    cpu_seconds: float
    curves: Sequence[Mapping[str, float]]
    parts: Mapping[str, Comparisons]

    def to_json(self) -> dict[str, Json]:
        """The fields by name, those of `parts` among them."""
        figures: dict[str, Json] = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "parts"}
        return figures | {name: one.to_json() for name, one in self.parts.items()}


def grid(config: EmbeddingConfig, losses: Sequence[Loss]) -> list[EmbeddingConfig]:
    """One config for each loss, batch and number of epochs; the last epoch is what is measured."""
    return [
        replace(config, loss=loss, batch=batch, epochs=epochs, every=0, blend=False)
        for loss in losses
        for batch in BATCHES
        for epochs in EPOCHS
    ]


def compare(
    encoded: EncodedData,
    configs: Sequence[EmbeddingConfig],
    split: Split,
    models: Path,
    work: Path,
    progress: Progress = quiet,
) -> Iterator[LossRow]:
    """Train with each of the configs, in `work`, which is removed at the end."""

    def encode(encoder: Encoder, texts: Sequence[str], questions: bool) -> Vectors:
        return encoder.encode_queries(texts) if questions else encoder.encode_passages(texts)

    parts = [name for name in PARTS if len(getattr(split, name))]
    for done, config in enumerate(configs, 1):
        shutil.rmtree(work, ignore_errors=True)
        began = time.process_time()
        made = examples(encoded, config, split, models)
        learned = train_encoder(made, config, models, work)
        assert learned is not None
        took = time.process_time() - began
        figures = measured(encoded, InTraining(learned.towers), split, encode, parts)
        dense = {name: legs["dense"] for name, legs in figures.items()}
        yield LossRow(config.loss, config.epochs, config.batch, took, learned.curves, dense)
        progress(done, len(configs))
    shutil.rmtree(work, ignore_errors=True)


def comparison_page(rows: Sequence[LossRow], name: str, made: str) -> str:
    """A table and a plot of MRR@10 for each part of the split."""
    sections: list[Markup] = []
    for part, title in PARTS.items():
        some = [(row, row.parts[part]) for row in rows if part in row.parts]
        if not some:
            continue
        lines = [["학습 전", "", "", *_cells([some[0][1][metric].before for metric in METRICS])]]
        series: dict[str, list[Point]] = {}
        for row, figures in some:
            after = [figures[metric].after for metric in METRICS]
            lines.append([row.loss, str(row.epochs), str(row.batch), *_cells(after)])
            figure = figures["mrr@10"].after
            point = Point(str(row.epochs), figure.mean, figure.ci95)
            series.setdefault(f"{row.loss}, 배치 크기 {row.batch}", []).append(point)
        plot = line_plot(f"{title}: 에포크별 MRR@10", list(series.items()))
        sections.append(section(title, plot, table(["손실 함수", "에포크", "배치 크기", *METRICS], lines)))
    about = note(
        "괄호 안은 95% 부트스트랩 신뢰구간이며, 제시문이 같은 질문은 한 묶음으로 재표집합니다. 벡터 검색만 사용했습니다."
    )
    return frame("손실 함수 비교", name, f"{name} · {made}", about, *sections)


def _cells(figures: Sequence[Estimate]) -> list[Markup]:
    return [figure_cell(metric, one) for metric, one in zip(METRICS, figures, strict=True)]
