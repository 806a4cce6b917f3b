"""Train a cross-encoder, which reads question and passage together, to order what the hybrid finds.

From top to bottom: the examples, the loop, the measurement. The loss is the cross-entropy of the right
passage among itself and wrong candidates of the hybrid (Gao, Dai & Callan, ECIR 2021). The loop is that of
mundap.training.retriever.encoder, copied; when one is mended, mend the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from types import ModuleType

import numpy as np

from mundap.errors import MundapError
from mundap.evaluation.estimates import Comparisons
from mundap.evaluation.metrics import reciprocal_rank
from mundap.extras import need
from mundap.files import digest
from mundap.korean.normalize import normalize
from mundap.protocols import Progress, Vectors, quiet
from mundap.training.common import checkpoints
from mundap.training.common.curves import Watch
from mundap.training.common.distributed import World, device_of
from mundap.training.common.examples import Split
from mundap.training.common.folds import Numbers
from mundap.training.common.heldout import EncodedData
from mundap.training.common.measure import HeldOut, verdict_of
from mundap.training.common.pairs import SPLITS
from mundap.training.common.registry import Trained, Verdict
from mundap.training.common.schedule import linear_with_warmup
from mundap.training.common.untyped import Model, Spelled, Tensor, Tokenizer
from mundap.training.rerank.config import CrossConfig
from mundap.training.retriever import transformer_encoder
from mundap.training.retriever.batches import batches
from mundap.training.retriever.encoder import DECAY
from mundap.training.retriever.export_encoder import write_graph
from mundap.types import Json

DEPTH = 20  # candidates that are ordered anew
AT_ONCE = 16  # pairs, where nothing is learned


@dataclass(frozen=True)
class CrossReport:
    """What was measured of a cross-encoder: `epochs` while it learned, `chosen` the one that is kept, and each of
    SPLITS; `ranks` has what became of each question."""

    questions: int
    learned: int
    chosen_on: int
    held_out: Mapping[str, int]
    epochs: Sequence[Mapping[str, float]]
    chosen: Mapping[str, float]
    splits: Mapping[str, Comparisons]
    ranks: Mapping[str, HeldOut]

    @property
    def verdict(self) -> Verdict:
        """See `verdict_of`."""
        return verdict_of(self.splits.values())

    def to_json(self) -> dict[str, Json]:
        """The fields by name, those of `splits` among them."""
        figures: dict[str, Json] = {one.name: getattr(self, one.name) for one in fields(self)}
        del figures["splits"], figures["ranks"]
        return figures | {name: one.to_json() for name, one in self.splits.items()}


def train_cross(
    encoded: EncodedData,
    config: CrossConfig,
    split: Split,
    models: Path,
    work: Path,
    *,
    again: bool = False,
    watch: Watch = lambda step, figures: None,
    progress: Progress = quiet,
) -> Trained[CrossReport] | None:
    """Learn from `split.train`, keep the epoch with the best MRR on `split.dev`, and measure it on what was held out.

    None in every process but the first. Raises MundapError.
    """
    torch = need("torch", extra="train")
    world = World.join(torch)
    evaluator, made = encoded.evaluator, encoded.evaluator.pairs
    found = evaluator.candidates(encoded.passages, encoded.questions, np.arange(len(made)), DEPTH)
    wanted = {
        "kind": "cross",
        **config.to_card(),
        "data": digest(*made.questions, *encoded.texts, *map(str, split.train)),
        "processes": world.size,
    }
    kept = checkpoints.begin(work, wanted, again, world.first)
    world.meet(torch)
    torch.manual_seed(config.seed)
    words, model = _load(config, models)
    model.to(device_of(torch))
    reader = _Reader(torch, words, model, config.tokens)
    learning = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(learning, lr=config.lr, weight_decay=DECAY)
    known = np.unique(made.rows[split.train])
    plan = _plan(made.groups, split.train, config, world)
    every = config.every or max(len(plan) // config.epochs, 1)
    curves: list[dict[str, float]] = []
    best: tuple[float, int, dict[str, Tensor]] | None = None
    start = 0
    if kept:
        start, curves, best = kept["step"], kept["curves"], kept["best"]
        transformer_encoder.put(model, kept["model"])
        optimizer.load_state_dict(kept["optimizer"])

    def texts(rows: Numbers) -> list[str]:
        return [encoded.texts[evaluator.starts[row]] for row in rows]

    def ordered(some: Numbers) -> list[int | None]:
        """The rank of the right passage of each pair after reading; None if the hybrid did not find it."""
        ranks: list[int | None] = []
        for n in some:
            scores = reader.scores(made.questions[n], texts(found[n]))
            place = np.flatnonzero(np.isin(found[n][np.argsort(-scores, kind="stable")], list(made.right[n])))
            ranks.append(int(place[0]) + 1 if len(place) else None)
        return ranks

    running: list[float] = []
    for step in range(start, len(plan)):
        model.train()
        rng = np.random.default_rng((config.seed, step, world.rank))
        torch.manual_seed(hash((config.seed, step, world.rank)) & 0x7FFFFFFF)
        for group in optimizer.param_groups:
            group["lr"] = config.lr * linear_with_warmup(step, len(plan), config.warmup)
        optimizer.zero_grad()
        pairs = []
        for n in plan[step]:
            right = np.flatnonzero(made.kin == made.kin[made.rows[n]])
            wrong = _wrong(found[n], right, known, config.hard, rng)
            pairs += [(made.questions[n], text) for text in texts(np.array([made.rows[n], *wrong]))]
        logits = reader.logits(pairs).reshape(len(plan[step]), -1)
        first = torch.zeros(len(logits), dtype=torch.long, device=logits.device)
        loss = torch.nn.functional.cross_entropy(logits, first)
        (loss / world.size).backward()
        for parameter in learning:
            if world.size > 1 and parameter.grad is not None:
                torch.distributed.all_reduce(parameter.grad)
        torch.nn.utils.clip_grad_norm_(learning, config.clip)
        optimizer.step()
        running.append(float(loss.detach()))
        progress(step + 1, len(plan))
        if world.rank or ((step + 1) % every and step + 1 < len(plan)):
            continue
        mrr = float(np.mean([reciprocal_rank(rank) for rank in ordered(split.dev)]))
        curves.append({"step": step + 1, "loss": float(np.mean(running)), "mrr@10": mrr})
        watch(step + 1, curves[-1])
        running = []
        if best is None or mrr > best[0]:
            best = mrr, step + 1, transformer_encoder.state(model)
        state = {"step": step + 1, "model": transformer_encoder.state(model), "optimizer": optimizer.state_dict()}
        checkpoints.save(work, step + 1, {**state, "curves": curves, "best": best})
    if world.rank or best is None:
        return None
    transformer_encoder.put(model, best[2])
    ranks: dict[str, HeldOut] = {}
    for name in SPLITS:
        tested = getattr(split, name)
        was = evaluator.ranks(encoded.passages, encoded.questions[tested], tested)["hybrid"]
        asked, rows = tuple(made.questions[n] for n in tested), tuple(made.rows[tested].tolist())
        ranks[name] = HeldOut(asked, rows, tuple(was), tuple(ordered(tested)))
    splits = {name: one.comparisons() for name, one in ranks.items()}

    def save(folder: Path) -> None:
        model.to(torch.device("cpu")).save_pretrained(folder)
        words.enable_truncation(config.tokens)  # what it has learned to read, for those who open it
        words.save(str(folder / "tokenizer.json"))
        write_graph(torch, model, folder / "onnx" / "model.onnx", pairs=True)

    about = {"recipe": config.to_card(), "parameters": sum(p.numel() for p in model.parameters())}
    held = {name: len(getattr(split, name)) for name in SPLITS}
    chosen = {"step": best[1], "mrr@10": best[0]}
    report = CrossReport(len(made), len(split.train), len(split.dev), held, curves, chosen, splits, ranks)
    return Trained(save, about, report)


class _Reader:
    """Pairs of texts into one logit each; of a pair the passage is cut, as in mundap.encode.onnx."""

    def __init__(self, torch: ModuleType, words: Tokenizer, model: Model, most: int) -> None:
        self._torch, self._words, self._model = torch, words, model
        self._room = most - words.num_special_tokens_to_add(True)

    def scores(self, question: str, texts: Sequence[str]) -> Vectors:
        """(texts,), nothing learned."""
        self._model.eval()
        with self._torch.no_grad():
            parts = [
                self.logits([(question, text) for text in texts[at : at + AT_ONCE]]).cpu().numpy()
                for at in range(0, len(texts), AT_ONCE)
            ]
        return np.concatenate(parts)

    def logits(self, pairs: Sequence[tuple[str, str]]) -> Tensor:
        """(pairs,)."""
        torch = self._torch
        read = [self._joined(question, text) for question, text in pairs]
        width = max(map(len, read))
        pad = self._model.config.pad_token_id or 0

        def filled(name: str, by: int) -> Tensor:
            rows = [[*getattr(one, name), *[by] * (width - len(one))] for one in read]
            return torch.tensor(rows, device=self._model.device)

        feed = {"input_ids": filled("ids", pad), "attention_mask": filled("attention_mask", 0)}
        return self._model(**feed, token_type_ids=filled("type_ids", 0)).logits[:, 0].float()

    def _joined(self, question: str, text: str) -> Spelled:
        first, second = self._words.encode_batch([normalize(question), text], add_special_tokens=False)
        first.truncate(max(min(self._room, self._room // 2 + 1), 1))
        second.truncate(max(self._room - len(first), 1))
        return self._words.post_process(first, second)


def _load(config: CrossConfig, models: Path) -> tuple[Tokenizer, Model]:
    words = transformer_encoder.spelling(config.base, models)
    model = transformer_encoder.classifier(config.base, models)
    parts = getattr(model, model.base_model_prefix)
    stack = getattr(getattr(parts, "encoder", None), "layer", None)
    if config.freeze >= 0:
        if stack is None or config.freeze > len(stack):
            raise MundapError(
                f"--freeze {config.freeze}: 이 모델에서 동결할 수 있는 레이어는 {len(stack or ())}개입니다."
            )
        for part in (parts.embeddings, *stack[: config.freeze]):
            part.requires_grad_(False)
    return words, model


def _wrong(found: Numbers, right: Numbers, known: Numbers, hard: int, rng: np.random.Generator) -> list[int]:
    """Wrong candidates that somebody asked about, drawn; others like them where the hybrid found too few."""
    near = found[~np.isin(found, right) & np.isin(found, known)]
    others = known[~np.isin(known, right) & ~np.isin(known, near)]
    drawn = [*rng.permutation(near)[:hard], *rng.permutation(others)[:hard]]
    return [int(row) for row in drawn[:hard]]


def _plan(groups: Numbers, train: Numbers, config: CrossConfig, world: World) -> list[Numbers]:
    plan = []
    for epoch in range(config.epochs):
        rng = np.random.default_rng((config.seed, epoch))
        for some in batches(groups[train], config.batch * world.size, rng):
            each = len(some) // world.size
            if each:
                plan.append(train[some[world.rank * each : (world.rank + 1) * each]])
    return plan
