"""Which loss, how many epochs, which batch: the same data and split, one training for each, one table."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mundap.evaluate.line_plot import Point, line_plot
from mundap.evaluate.markup import Markup
from mundap.evaluate.page import figure_cell, frame, note, section, table
from mundap.protocols import Encoder, Progress, Vectors, quiet
from mundap.training.common.examples import Split
from mundap.training.common.heldout import Ground
from mundap.training.common.measure import METRICS
from mundap.training.retriever.encoder import Recipe, train_encoder
from mundap.training.retriever.fit_encoder import examples, measured
from mundap.training.retriever.transformer_encoder import InTraining

COMPARED = ("denoising", "triplet", "mnrl")
EPOCHS, BATCHES = (1, 3, 10), (8, 16)
PARTS = {"by_passage": "새 제시문", "by_question": "학습한 제시문의 새 질문", "train": "학습 질문 (과적합 확인용)"}


def grid(recipe: Recipe, losses: Sequence[str]) -> list[Recipe]:
    """One recipe for each loss, batch and number of epochs; the last epoch is what is measured."""
    return [
        replace(recipe, loss=loss, batch=batch, epochs=epochs, every=0, blend=False)
        for loss in losses
        for batch in BATCHES
        for epochs in EPOCHS
    ]


def compare(
    ground: Ground,
    recipes: Sequence[Recipe],
    split: Split,
    models: Path,
    work: Path,
    progress: Progress = quiet,
) -> Iterator[dict[str, Any]]:
    """For each recipe its loss, epochs and batch, the seconds of CPU, and for each of PARTS the dense leg before and after."""

    def encode(encoder: Encoder, texts: Sequence[str], questions: bool) -> Vectors:
        return encoder.encode_queries(texts) if questions else encoder.encode_passages(texts)

    parts = [name for name in PARTS if len(getattr(split, name))]
    for done, recipe in enumerate(recipes, 1):
        shutil.rmtree(work, ignore_errors=True)
        began = time.process_time()
        made = examples(ground, recipe, split, models)
        learned = train_encoder(made, recipe, models, work)
        assert learned is not None
        took = time.process_time() - began
        report = measured(ground, InTraining(learned.towers), split, encode, parts)
        yield {
            "loss": recipe.loss,
            "epochs": recipe.epochs,
            "batch": recipe.batch,
            "cpu_seconds": took,
            "curves": learned.curves,
            **{name: report[name]["dense"] for name in parts},
        }
        progress(done, len(recipes))
    shutil.rmtree(work, ignore_errors=True)


def comparison_page(rows: Sequence[Mapping[str, Any]], name: str, made: str) -> str:
    """A table and a plot of MRR@10 for each part of the split."""
    sections: list[Markup] = []
    for part, title in PARTS.items():
        some = [row for row in rows if part in row]
        if not some:
            continue
        base = some[0][part]["before"]
        lines = [["학습 전", "", "", *_cells(base)]]
        lines += [[row["loss"], str(row["epochs"]), str(row["batch"]), *_cells(row[part]["after"])] for row in some]
        series: dict[str, list[Point]] = {}
        for row in some:
            figure = row[part]["after"]["mrr@10"]
            low, high = figure["ci95"]
            point = Point(str(row["epochs"]), figure["mean"], (low, high))
            series.setdefault(f"{row['loss']}, 배치 크기 {row['batch']}", []).append(point)
        plot = line_plot(f"{title}: 에포크별 MRR@10", list(series.items()))
        sections.append(section(title, plot, table(["손실 함수", "에포크", "배치 크기", *METRICS], lines)))
    about = note(
        "괄호 안은 95% 부트스트랩 신뢰구간이며, 제시문이 같은 질문은 한 묶음으로 재표집합니다. 벡터 검색만 사용했습니다."
    )
    return frame("손실 함수 비교", name, f"{name} · {made}", about, *sections)


def _cells(figures: Mapping[str, Any]) -> list[Markup]:
    return [figure_cell(metric, figures[metric]["mean"], figures[metric]["ci95"]) for metric in METRICS]
