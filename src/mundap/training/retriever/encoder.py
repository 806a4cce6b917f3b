"""Train an encoder, one for both sides ("embedding") or one for each ("dpr"), on questions and the passages that answer.

From top to bottom: the examples, a step, the loop, the choice among what came of it. Gradients go through
the vectors of the whole batch (GradCache; Gao et al., 2021, arXiv:2101.06983), so that a batch may be read in parts,
and several processes under torchrun learn what one would from their batches together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from mundap.encode.settings import EncoderSettings
from mundap.extras import need
from mundap.files import digest
from mundap.protocols import Progress, Vectors, quiet
from mundap.training.common import checkpoints
from mundap.training.common.distributed import World, device_of
from mundap.training.common.examples import Examples
from mundap.training.common.folds import Numbers
from mundap.training.common.heldout import DEPTH, first_ranks
from mundap.training.common.measure import METRICS, value
from mundap.training.common.schedule import linear_with_warmup
from mundap.training.common.untyped import Device, Model, Tensor
from mundap.training.retriever import losses, transformer_encoder
from mundap.training.retriever.adapter import near
from mundap.training.retriever.batches import batches
from mundap.training.retriever.config import EncoderConfig
from mundap.training.retriever.transformer_encoder import Tower

BLENDS = (0.25, 0.5, 0.75)
DECAY = 0.01
HALVES = 4  # dimensions that "matryoshka" learns at once: all, a half, a quarter, an eighth
WATCHED = 2000  # passages among which the right one is looked for after an epoch


ConfigT = TypeVar("ConfigT", bound=EncoderConfig)
Best = tuple[tuple[bool, float, float], int, list[dict[str, Tensor]]]  # how good, the step, and the weights


@dataclass(frozen=True)
class Learned:
    """The towers, in evaluation, and how they came about: `curves` has what was measured after every epoch."""

    towers: tuple[Tower, ...]
    curves: list[dict[str, float]]
    chosen: dict[str, float]


def settled(config: ConfigT) -> ConfigT:
    """With the prompts and the pooling that its base was trained with, where it says none."""
    if None not in (config.query, config.passage, config.pooling):
        return config
    known = transformer_encoder.known_reading(config.base)
    missing: dict[str, Any] = {name: value for name, value in known.items() if getattr(config, name) is None}
    return replace(config, **missing)


def train_encoder(
    made: Examples,
    config: EncoderConfig,
    models: Path,
    work: Path,
    *,
    again: bool = False,
    watch: Callable[[int, Mapping[str, float]], None] = lambda step, figures: None,
    progress: Progress = quiet,
) -> Learned | None:
    """Learn from `made.train`, and choose among the epochs, and the blends of the best with its base, as `worth` says.

    `work` holds checkpoints until the caller removes it; with `again` the newest whole one is gone on from, to the same
    end. None in every process but the first. Raises MundapError.
    """
    config = settled(config)
    torch = need("torch", extra="train")
    world = World.join(torch)
    device = device_of(torch)
    both = _towers(config, models, device)
    data = digest(
        *made.questions,
        *made.passages,
        made.right.tobytes(),
        made.train.tobytes(),
        made.dev.tobytes(),
        made.dev_known.tobytes(),
    )
    wanted = {"kind": config.kind, **config.to_card(), "data": data, "processes": world.size}
    kept = checkpoints.begin(work, wanted, again, world.first)
    world.meet(torch)
    trained = tuple(dict.fromkeys(both))
    before = [transformer_encoder.state(tower.model) for tower in trained]
    decoder = _decoder(torch, trained[0], made, config, device) if config.loss == "denoising" else None
    learning = [p for tower in trained for p in tower.model.parameters() if p.requires_grad]
    if decoder is not None:
        learning += list(decoder.parameters())
    optimizer = torch.optim.AdamW(learning, lr=config.lr, weight_decay=DECAY)
    tokens = Tokens.of(made, both, config)
    plan = list(_plan(made, config, world))
    every = config.every or -(-len(plan) // config.epochs)
    curves: list[dict[str, float]] = []
    best: Best | None = None
    start = 0
    if kept:
        start, curves, best = kept["step"], kept["curves"], kept["best"]
        for tower, values in zip(trained, kept["models"], strict=True):
            transformer_encoder.put(tower.model, values)
        if decoder is not None:
            decoder.load_state_dict(kept["decoder"])
        optimizer.load_state_dict(kept["optimizer"])
    for tower in trained:
        transformer_encoder.learning(tower, config.dropout)
    was = kept["was"] if kept else np.zeros(0)
    if not kept and not world.rank:
        first = examine(made, both, tokens, config)
        was = first.each
        curves.append({"step": 0, **first.figures})
        watch(0, curves[0])
    running: list[float] = []
    for step in range(start, len(plan)):
        for group in optimizer.param_groups:
            group["lr"] = config.lr * linear_with_warmup(step, len(plan), config.warmup)
        optimizer.zero_grad()
        batch = plan[step]
        if decoder is not None:
            loss = _denoise(torch, trained[0], decoder, tokens, batch, config, step, world)
        else:
            loss = _learn(torch, both, *tokens.sides(batch), config, step, world)
        for parameter in learning:
            if world.size > 1 and parameter.grad is not None:
                torch.distributed.all_reduce(parameter.grad)
        torch.nn.utils.clip_grad_norm_(learning, config.clip)
        optimizer.step()
        running.append(loss)
        progress(step + 1, len(plan))
        if world.rank or ((step + 1) % every and step + 1 < len(plan)):
            continue
        examined = examine(made, both, tokens, config)
        curves.append({"step": step + 1, "loss": float(np.mean(running)), **examined.figures})
        watch(step + 1, curves[-1])
        running = []
        good = worth(made, was, examined)
        if best is None or good > best[0]:
            best = good, step + 1, [transformer_encoder.state(tower.model) for tower in trained]
        checkpoints.save(
            work,
            step + 1,
            {
                "step": step + 1,
                "models": [transformer_encoder.state(tower.model) for tower in trained],
                "decoder": None if decoder is None else decoder.state_dict(),
                "optimizer": optimizer.state_dict(),
                "curves": curves,
                "best": best,
                "was": was,
            },
        )
    if world.rank or best is None:
        return None
    chosen = _choose(made, both, trained, tokens, config, before, was, best)
    for tower in trained:
        tower.model.eval()
    return Learned(both, curves, chosen)


@dataclass(frozen=True)
class Tokens:
    """Every text as both towers read it."""

    questions: list[list[int]]
    passages: list[list[int]]
    made: Examples

    @classmethod
    def of(cls, made: Examples, both: tuple[Tower, Tower], config: EncoderConfig) -> Tokens:
        """Cut as the config says."""
        questions = both[0].tokens(made.questions, both[0].reading.query, min(config.max_query, both[0].reading.window))
        most = min(config.max_passage, both[1].reading.window)
        return cls(questions, both[1].tokens(made.passages, both[1].reading.passage, most), made)

    def sides(self, batch: Numbers) -> tuple[list[list[list[int]]], list[Numbers]]:
        """The questions of a batch, their passages, and the mined wrong ones, those of one rank together; and the kin of
        the parent passage of each."""
        wrong = self.made.wrong[batch].T.ravel()
        read = [[self.questions[n] for n in batch], [self.passages[m] for m in self.made.right[batch]]]
        kin = [self.made.kin[self.made.groups[batch]]] * 2
        if len(wrong):
            read.append([self.passages[m] for m in wrong])
            kin.append(self.made.kin[self.made.owner[wrong]])
        return read, kin


@dataclass(frozen=True)
class Examined:
    """What validation says: `figures`, and the reciprocal rank of each of the pairs of `made.dev`."""

    figures: dict[str, float]
    each: npt.NDArray[np.float64]


def examine(made: Examples, both: tuple[Tower, Tower], tokens: Tokens, config: EncoderConfig) -> Examined:
    """On the pairs of `made.dev`: loss and accuracy in their batches, and the ranks of the right passages among all
    passages of training and validation (at most WATCHED), whose best part counts. `known_mrr@10` is that of `made.dev_known`.

    `average_rank` is that of Karpukhin et al. (EMNLP 2020).
    """
    also = both[0].encode([tokens.questions[n] for n in made.dev_known]) if len(made.dev_known) else None
    asked = both[0].encode([tokens.questions[n] for n in made.dev])
    among = made.watched(WATCHED)
    answers = both[1].encode([tokens.passages[m] for m in among])
    place = {int(m): n for n, m in enumerate(among)}
    own = answers[[place[int(made.right[n])] for n in made.dev]]
    hits, costs = [], []
    for batch in batches(made.groups[made.dev], config.batch, np.random.default_rng(config.seed)):
        logits = config.scale * asked[batch] @ own[batch].T
        chances = logits - logits.max(axis=1, keepdims=True)
        chances -= np.log(np.exp(chances).sum(axis=1, keepdims=True))
        costs += (-np.diag(chances)).tolist()
        hits += (logits.argmax(axis=1) == np.arange(len(batch))).tolist()
    groups, firsts = np.unique(made.owner[among], return_index=True)

    def ranked(vectors: Vectors, some: Numbers) -> Numbers:
        scores = np.maximum.reduceat(vectors @ answers.T, firsts, axis=1)
        return first_ranks(scores, np.searchsorted(groups, made.groups[some]))

    def means(ranks: Numbers, metric: str) -> npt.NDArray[np.float64]:
        return np.array([value(metric, int(rank) if rank <= DEPTH else None) for rank in ranks])

    ranks = ranked(asked, made.dev)
    figures = {
        "dev_loss": float(np.mean(costs)) if costs else 0.0,
        "in_batch_accuracy": float(np.mean(hits)) if hits else 1.0,
        "average_rank": float(np.mean(ranks)),
        **{metric: float(means(ranks, metric).mean()) for metric in METRICS},
    }
    if also is not None:
        figures["known_mrr@10"] = float(means(ranked(also, made.dev_known), "mrr@10").mean())
    return Examined(figures, means(ranks, "mrr@10"))


def worth(made: Examples, before: npt.NDArray[np.float64], found: Examined) -> tuple[bool, float, float]:
    """What the best has most of: whether new passages lose no more than a standard error, then how well new questions on
    known passages are answered, then new passages themselves.
    """
    holds = bool(near((before - found.each)[None], made.groups[made.dev])[0])
    known = found.figures.get("known_mrr@10", 0.0) if holds else 0.0
    return holds, known, found.figures["mrr@10"]


def _choose(
    made: Examples,
    both: tuple[Tower, Tower],
    trained: Sequence[Tower],
    tokens: Tokens,
    config: EncoderConfig,
    before: Sequence[Mapping[str, Tensor]],
    was: npt.NDArray[np.float64],
    best: Best,
) -> dict[str, float]:
    """Leave the towers with the weights that are best: those of the best step, or of a blend. `was` is how each of
    `made.dev` was found before training."""
    found, step, after = best
    tried = {1.0: found}
    for weight in BLENDS if config.blend else ():
        for tower, base, now in zip(trained, before, after, strict=True):
            transformer_encoder.put(tower.model, dict(transformer_encoder.blended(base, now, weight)))
        tried[weight] = worth(made, was, examine(made, both, tokens, config))
    weight = max(tried, key=lambda one: (tried[one], one))
    for tower, base, now in zip(trained, before, after, strict=True):
        transformer_encoder.put(tower.model, dict(transformer_encoder.blended(base, now, weight)))
    _, known, new = tried[weight]
    return {"step": step, "blend": weight, "mrr@10": new, "known_mrr@10": known}


def _learn(
    torch: ModuleType,
    both: tuple[Tower, Tower],
    sides: Sequence[Sequence[Sequence[int]]],
    kin: Sequence[Numbers],
    config: EncoderConfig,
    step: int,
    world: World,
) -> float:
    """Add the gradient of one batch to the parameters; the loss of the batch of all processes."""
    by = (both[0], both[1], both[1])[: len(sides)]
    size = config.part if config.loss == "cached-mnrl" and config.part else max(map(len, sides))
    whole = all(len(side) <= size for side in sides)
    pieces = [
        (number, tower, side[at : at + size])
        for number, (tower, side) in enumerate(zip(by, sides, strict=True))
        for at in range(0, len(side), size)
    ]

    def read(place: int, learns: bool) -> Tensor:
        _, tower, tokens = pieces[place]
        torch.manual_seed(hash((config.seed, step, place, world.rank)) & 0x7FFFFFFF)
        with torch.set_grad_enabled(learns), _precision(torch, config):
            return tower.vectors(tokens)

    vectors = [read(place, whole) for place in range(len(pieces))]
    leaves = [
        torch.cat([v.detach() for v, piece in zip(vectors, pieces, strict=True) if piece[0] == number]).requires_grad_()
        for number in range(len(sides))
    ]
    gathered = [_gather(torch, leaf, world) for leaf in leaves]
    named = [_gather(torch, torch.from_numpy(one).to(leaves[0].device), world) for one in kin]
    also = (named[0][:, None] == torch.cat(named[1:])).fill_diagonal_(False)
    loss = _loss(gathered[0], torch.cat(gathered[1:]), also, config)
    loss.backward()
    used = [0] * len(sides)
    for place, (number, _, tokens) in enumerate(pieces):
        pull = leaves[number].grad[used[number] : used[number] + len(tokens)]
        used[number] += len(tokens)
        vector = vectors[place] if whole else read(place, True)
        if vector.requires_grad:  # not of a tower that is wholly frozen
            vector.backward(pull)
    return float(loss.detach())


def _loss(questions: Tensor, passages: Tensor, also: Tensor, config: EncoderConfig) -> Tensor:
    if config.loss == "triplet":
        return losses.triplet(questions, passages)
    if config.loss == "matryoshka":
        width = questions.shape[1]
        return losses.matryoshka(questions, passages, also, config.scale, [width >> n for n in range(HALVES)])
    return losses.mnrl(questions, passages, also, config.scale)


def _gather(torch: ModuleType, own: Tensor, world: World) -> Tensor:
    """The rows of all processes, in their order; only our own carry a gradient."""
    if world.size == 1:
        return own
    rows = [torch.empty_like(own) for _ in range(world.size)]
    torch.distributed.all_gather(rows, own.detach())
    rows[world.rank] = own
    return torch.cat(rows)


def _decoder(torch: ModuleType, tower: Tower, made: Examples, config: EncoderConfig, device: Device) -> Model:
    from mundap.training.retriever.denoise import make_decoder

    torch.manual_seed(config.seed)
    return make_decoder(torch, tower).to(device)


def _denoise(
    torch: ModuleType,
    tower: Tower,
    decoder: Model,
    tokens: Tokens,
    batch: Numbers,
    config: EncoderConfig,
    step: int,
    world: World,
) -> float:
    from mundap.training.retriever.denoise import noised

    rng = np.random.default_rng((config.seed, step, world.rank))
    torch.manual_seed(hash((config.seed, step, world.rank)) & 0x7FFFFFFF)
    texts = [tokens.passages[n] for n in batch]
    with _precision(torch, config):
        loss = decoder(tower.vectors([noised(text, rng) for text in texts]), texts, tower) / world.size
    loss.backward()
    return float(loss.detach()) * world.size


def _plan(made: Examples, config: EncoderConfig, world: World) -> Iterator[Numbers]:
    """For every step the places of this process's pairs, or passages, the same whatever was done before."""
    size = config.batch * world.size
    alone = config.loss == "denoising"  # learns from passages, of all parent passages that are not held out
    held = np.setdiff1d(made.groups, made.groups[made.train])
    places = np.flatnonzero(~np.isin(made.owner, held)) if alone else made.train
    for epoch in range(config.epochs):
        rng = np.random.default_rng((config.seed, epoch))
        mixed = rng.permutation(len(places)) if alone else np.empty(0, np.int64)
        parts = [mixed[at : at + size] for at in range(0, len(mixed), size)] or batches(made.groups[places], size, rng)
        for some in parts:
            each = len(some) // world.size
            if each:
                yield places[some[world.rank * each : (world.rank + 1) * each]]


def _towers(config: EncoderConfig, models: Path, device: Device) -> tuple[Tower, Tower]:
    assert config.pooling is not None
    assert config.query is not None
    assert config.passage is not None
    reading = EncoderSettings(config.pooling, config.query, config.passage, config.window)
    made = []
    for number in range(2 if config.kind == "dpr" or config.questions_only else 1):
        tower = transformer_encoder.load(config.base, models, reading)
        tower.model.to(device)
        layers = tower.layers if number and config.questions_only else config.freeze
        made.append(transformer_encoder.freeze(tower, layers) if layers >= 0 else tower)
    return made[0], made[-1]


def _precision(torch: ModuleType, config: EncoderConfig) -> AbstractContextManager[object]:
    if config.precision == "fp32":
        return nullcontext()
    kind = "cuda" if torch.cuda.is_available() else "cpu"
    found: AbstractContextManager[object] = torch.autocast(kind, dtype=torch.bfloat16)
    return found
