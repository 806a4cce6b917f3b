"""From a bench to a trained encoder that was measured: examples, training, export, and ranks before and after."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mundap.encode import model_file
from mundap.encode.reading import Reading
from mundap.encode.transformer import BOTH, PASSAGE, QUESTION, open_transformer, save
from mundap.evaluate.estimates import Comparisons
from mundap.extras import need
from mundap.files import digest, digest_file
from mundap.protocols import Encoder, Progress, Vectors, quiet
from mundap.training.common.curves import Watch
from mundap.training.common.examples import Examples, Split, mined, pieces, texts_of
from mundap.training.common.heldout import LEGS, Ground, splits_json, verdict
from mundap.training.common.measure import compared
from mundap.training.common.pairs import SPLITS
from mundap.training.retriever import transformer_encoder
from mundap.training.retriever.encoder import DPR, Learned, Recipe, train_encoder
from mundap.training.retriever.export_encoder import GRAPH, export_encoder

Encode = Callable[[Encoder, Sequence[str], bool], Vectors]  # the encoder, texts, whether they are questions


@dataclass(frozen=True)
class Trained:
    """A folder with the model, to be moved where it is kept; `report` is plain JSON, `model` tells of the weights."""

    folder: Path
    encoder: Encoder
    model: Mapping[str, Any]
    report: dict[str, Any]


def fit_encoder(
    ground: Ground,
    recipe: Recipe,
    split: Split,
    models: Path,
    work: Path,
    encode: Encode,
    base: str,
    *,
    again: bool = False,
    watch: Watch = lambda step, figures: None,
    progress: Progress = quiet,
) -> Trained | None:
    """Train on a part of the pairs and measure on the parts that were held out, as the model will be served.

    The vectors of `ground` are by the encoder `base`, and `encode` gives those of the trained one. None in every process
    but the first.
    """
    made = examples(ground, recipe, split, models)
    learned = train_encoder(made, recipe, models, work, again=again, watch=watch, progress=progress)
    if learned is None:
        return None
    folder = written(learned, recipe, base, work / "model")
    encoder = open_transformer(folder, model_file(folder), lambda name: None)  # type: ignore[arg-type, return-value]
    report = measured(ground, encoder, split, encode)
    report |= {"epochs": learned.curves, "chosen": learned.chosen}
    weights = sum(p.numel() for tower in dict.fromkeys(learned.towers) for p in tower.model.parameters())
    about = {"recipe": asdict(recipe), "parameters": weights, "base": base}
    return Trained(folder, encoder, about, report)


def examples(ground: Ground, recipe: Recipe, split: Split, models: Path) -> Examples:
    """Questions with whole passages, or for DPR with the pieces of them that can be read at once."""
    bench = ground.bench
    texts = texts_of(bench, ground.texts, everything=recipe.loss == "denoising")
    if recipe.kind == DPR:
        words = transformer_encoder.spelling(recipe.base, models)
        room = recipe.max_passage - words.num_special_tokens_to_add(False)
        texts = {row: [piece for text in some for piece in pieces(words, text, room)] for row, some in texts.items()}
    made = Examples.of(bench.pairs, texts, split)
    if not recipe.hard:
        return made
    known = np.unique(bench.pairs.rows[split.train])
    vectors = (ground.units, ground.questions) if recipe.mined == "model" else None
    return made.with_wrong(mined(bench, known, recipe.hard, vectors))


def written(learned: Learned, recipe: Recipe, base: str, folder: Path) -> Path:
    """The folder with the towers, their graphs, and what opens them."""
    torch = need("torch", extra="train")
    shutil.rmtree(folder, ignore_errors=True)
    sides = (BOTH,) if learned.towers[0] is learned.towers[1] else (QUESTION, PASSAGE)
    for tower, side in zip(learned.towers, sides, strict=False):
        tower.model.to(torch.device("cpu"))
        tower.save(folder / side)
    export_encoder(folder)
    name = digest(*(digest_file(folder / side / GRAPH) for side in sides), *map(str, asdict(recipe).values()))
    reading: Reading = learned.towers[0].reading
    save(folder, recipe.kind, base, name, reading, recipe.dim or learned.towers[0].model.config.hidden_size)
    return folder


def measured(
    ground: Ground,
    encoder: Encoder,
    split: Split,
    encode: Encode,
    parts: Sequence[str] = SPLITS,
) -> dict[str, Any]:
    """`{"by_passage": {"dense", "hybrid"}, "by_question", "verdict"}`, each leg as `compared` gives it.

    `parts` are those of the split that are looked at.
    """
    bench, made = ground.bench, ground.bench.pairs
    after = encode(encoder, ground.texts, False)
    report: dict[str, Any] = {
        "questions": len(made),
        "passages": len(set(made.rows.tolist())),
        "repeated": made.repeated,
        "missing": made.missing,
        "learned": len(split.train),
        "chosen_on": len(split.dev) + len(split.dev_known),
        "held_out": {name: len(getattr(split, name)) for name in SPLITS},
    }
    splits: dict[str, dict[str, Comparisons]] = {}
    for name in parts:
        tested = getattr(split, name)
        asked = encode(encoder, [made.questions[n] for n in tested], True)
        was = bench.ranks(ground.units, ground.questions[tested], tested)
        now = bench.ranks(after, asked, tested)
        splits[name] = {leg: compared(was[leg], now[leg], made.rows[tested].tolist()) for leg in LEGS}
    return report | splits_json(splits) | {"verdict": verdict(splits)}
