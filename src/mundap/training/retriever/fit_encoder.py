"""Train an encoder and measure it: examples, training, export, and ranks before and after."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from mundap.encode import model_file
from mundap.encode.settings import EncoderSettings
from mundap.encode.transformer import BOTH, PASSAGE, QUESTION, open_transformer, save
from mundap.evaluation.estimates import Comparisons
from mundap.extras import need
from mundap.files import digest, digest_file
from mundap.protocols import Encoder, Progress, Vectors, quiet
from mundap.training.common.curves import Watch
from mundap.training.common.examples import Examples, Split, mined, pieces, texts_of
from mundap.training.common.heldout import LEGS, EncodedData, Splits, splits_json, verdict
from mundap.training.common.measure import compared
from mundap.training.common.pairs import SPLITS
from mundap.training.common.registry import Trained, Verdict
from mundap.training.retriever import transformer_encoder
from mundap.training.retriever.config import EncoderConfig
from mundap.training.retriever.encoder import Learned, settled, train_encoder
from mundap.training.retriever.export_encoder import GRAPH, export_encoder
from mundap.types import Json

Encode = Callable[[Encoder, Sequence[str], bool], Vectors]  # the encoder, texts, whether they are questions


@dataclass(frozen=True)
class EncoderReport:
    """What was measured of an encoder on what was held out; of each of SPLITS, of each of LEGS.

    `epochs` has what was measured while it learned, `chosen` the step and the blend that are kept.
    """

    questions: int
    passages: int
    repeated: int
    missing: int
    learned: int
    chosen_on: int
    held_out: Mapping[str, int]
    splits: Splits
    epochs: Sequence[Mapping[str, float]]
    chosen: Mapping[str, float]

    @property
    def verdict(self) -> Verdict:
        """See `verdict` of mundap.training.common.heldout."""
        return verdict(self.splits)

    def to_json(self) -> dict[str, Json]:
        """The fields by name, those of `splits` among them, and the verdict."""
        figures: dict[str, Json] = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "splits"}
        return figures | splits_json(self.splits) | {"verdict": self.verdict}


def fit_encoder(
    encoded: EncodedData,
    config: EncoderConfig,
    split: Split,
    models: Path,
    work: Path,
    encode: Encode,
    base: str,
    *,
    again: bool = False,
    watch: Watch = lambda step, figures: None,
    progress: Progress = quiet,
) -> Trained[EncoderReport] | None:
    """Train on a part of the pairs and measure on the parts that were held out, as the model will be served.

    The vectors of `encoded` are by the encoder `base`, and `encode` gives those of the trained one. None in every process
    but the first.
    """
    config = settled(config)
    made = examples(encoded, config, split, models)
    learned = train_encoder(made, config, models, work, again=again, watch=watch, progress=progress)
    if learned is None:
        return None
    folder = written(learned, config, base, work / "model")
    encoder = open_transformer(folder, model_file(folder), lambda name: None)  # type: ignore[arg-type, return-value]
    pairs = encoded.evaluator.pairs
    report = EncoderReport(
        len(pairs),
        len(set(pairs.rows.tolist())),
        pairs.repeated,
        pairs.missing,
        len(split.train),
        len(split.dev) + len(split.dev_known),
        {name: len(getattr(split, name)) for name in SPLITS},
        measured(encoded, encoder, split, encode),
        learned.curves,
        learned.chosen,
    )
    weights = sum(p.numel() for tower in dict.fromkeys(learned.towers) for p in tower.model.parameters())
    about = {"recipe": {"kind": config.kind, **config.to_card()}, "parameters": weights, "base": base}

    def save(to: Path) -> None:
        shutil.copytree(folder, to, dirs_exist_ok=True)

    return Trained(save, about, report)


def examples(encoded: EncodedData, config: EncoderConfig, split: Split, models: Path) -> Examples:
    """Questions with parent passages, or for DPR with the pieces of them that can be read at once."""
    evaluator = encoded.evaluator
    texts = texts_of(evaluator, encoded.texts, everything=config.loss == "denoising")
    if config.kind == "dpr":
        words = transformer_encoder.spelling(config.base, models)
        room = config.max_passage - words.num_special_tokens_to_add(False)
        texts = {row: [piece for text in some for piece in pieces(words, text, room)] for row, some in texts.items()}
    made = Examples.of(evaluator.pairs, texts, split)
    if not config.hard:
        return made
    known = np.unique(evaluator.pairs.rows[split.train])
    vectors = (encoded.passages, encoded.questions) if config.mined == "model" else None
    return made.with_wrong(mined(evaluator, known, config.hard, vectors))


def written(learned: Learned, config: EncoderConfig, base: str, folder: Path) -> Path:
    """The folder with the towers, their graphs, and what opens them."""
    torch = need("torch", extra="train")
    shutil.rmtree(folder, ignore_errors=True)
    sides = (BOTH,) if learned.towers[0] is learned.towers[1] else (QUESTION, PASSAGE)
    for tower, side in zip(learned.towers, sides, strict=False):
        tower.model.to(torch.device("cpu"))
        tower.save(folder / side)
    export_encoder(folder)
    name = digest(
        *(digest_file(folder / side / GRAPH) for side in sides), config.kind, *map(str, config.to_card().values())
    )
    reading: EncoderSettings = learned.towers[0].reading
    save(folder, config.kind, base, name, reading, config.dim or learned.towers[0].model.config.hidden_size)
    return folder


def measured(
    encoded: EncodedData,
    encoder: Encoder,
    split: Split,
    encode: Encode,
    parts: Sequence[str] = SPLITS,
) -> Splits:
    """The ranks of what was held out with the vectors of `encoded` and with the encoder's.

    `parts` are those of the split that are looked at.
    """
    evaluator, made = encoded.evaluator, encoded.evaluator.pairs
    after = encode(encoder, encoded.texts, False)
    splits: dict[str, dict[str, Comparisons]] = {}
    for name in parts:
        tested = getattr(split, name)
        asked = encode(encoder, [made.questions[n] for n in tested], True)
        was = evaluator.ranks(encoded.passages, encoded.questions[tested], tested)
        now = evaluator.ranks(after, asked, tested)
        splits[name] = {leg: compared(was[leg], now[leg], made.rows[tested].tolist()) for leg in LEGS}
    return splits
