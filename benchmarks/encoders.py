"""What training with torch brings on the customs rows, a fifth of the passages held out with all their questions.

python benchmarks/encoders.py embedding [--seed 0] [--pairs N] [--set lr=2e-5 …]   from e5-small
python benchmarks/encoders.py dpr [--seed 0] [--set epochs=10 …]                   two small BERTs from nothing

All 203 passages are candidates. One passage in eight of those that are left chooses the step, the blend with the base,
the weight of BM25 and those of the light reranker; the held-out ones are looked at once. The words that the reranker
knows are of all questions that are not held out. Changed with --set are fields of the config.
"""

from __future__ import annotations

import argparse
import ast
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # two threads spin on a busy machine

import numpy as np

from mundap.options import describe
from mundap.progress import bar
from mundap.protocols import Vectors
from mundap.retrieve.light import SCORES_ONLY
from mundap.training.common.examples import Split
from mundap.training.common.heldout import EncodedData, HeldoutEvaluator
from mundap.training.common.measure import METRICS, compared, value
from mundap.training.keywords.bart import END, PAD, START, new_tokenizer
from mundap.training.rerank.fit_ranker import Trainer, examples, found_by
from mundap.training.retriever.config import DprConfig, EmbeddingConfig, EncoderConfig
from mundap.training.retriever.encoder import train_encoder
from mundap.training.retriever.fit_encoder import examples as learned_from
from mundap.training.retriever.transformer_encoder import InTraining
from mundap.workspace import Mundap
from retriever import Prepared, split
from shared import need_data

CONFIGS = {"embedding": EmbeddingConfig, "dpr": DprConfig}
BM25_WEIGHTS = (0.1, 0.15, 0.2, 0.3, 0.4)
Both = tuple[Vectors, Vectors]


def small_bert(folder: Path, texts: list[str]) -> Path:
    """Two layers of 128 with random weights, over 8,000 pieces of these texts."""
    import tokenizers
    import torch
    import transformers

    words = new_tokenizer(texts, 8000)
    marks = [(mark, words.token_to_id(mark)) for mark in (START, END)]
    words.post_processor = tokenizers.processors.TemplateProcessing(
        single=f"{START} $A {END}", pair=f"{START} $A {END} $B {END}", special_tokens=marks
    )
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=words.get_vocab_size(), hidden_size=128, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=512, max_position_embeddings=512, pad_token_id=words.token_to_id(PAD), initializer_range=0.08,
    )  # fmt: skip
    transformers.BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    words.save(str(folder / "tokenizer.json"))
    return folder


def learned(
    prepared: Prepared, bot: Mundap, texts: list[str], parts: Split, config: EncoderConfig, folder: Path
) -> Both:
    """The vectors of all passages and of all questions after training."""
    encoded = EncodedData(prepared.evaluator, texts, prepared.known.passages, prepared.known.questions)
    made = learned_from(encoded, config, parts, bot.components.models)
    began = time.process_time()

    def watch(step: int, figures: Mapping[str, float]) -> None:
        shown = " ".join(f"{name} {figure:.4g}" for name, figure in figures.items() if name != "step")
        print(f"step {step}, {time.process_time() - began:.0f} CPU seconds: {shown}", file=sys.stderr, flush=True)

    with bar("steps") as progress:
        found = train_encoder(made, config, bot.components.models, folder, watch=watch, progress=progress)
    assert found is not None
    print(f"chosen: {found.chosen}")
    encoder = InTraining(found.towers)
    return encoder.encode_passages(texts), encoder.encode_queries(prepared.evaluator.pairs.questions)


def beside(one: Both, other: Both) -> Both:
    """Vectors whose cosine is the mean of both cosines."""
    passages, asked = (np.concatenate([a, b], axis=1) / np.float32(np.sqrt(2)) for a, b in zip(one, other, strict=True))
    return passages.astype(np.float32), asked.astype(np.float32)


def weighted(bot: Mundap, evaluator: HeldoutEvaluator, weight: float) -> HeldoutEvaluator:
    """The evaluator with this weight of BM25 in the hybrid."""
    return HeldoutEvaluator(evaluator.pairs, *bot.legs, weights={"bm25": weight, "dense": 1.0})


class Light:
    """The light reranker of scores and words over the vectors of each model."""

    def __init__(self, prepared: Prepared, bot: Mundap) -> None:
        self.lexical, self.dense = bot.legs
        self.made = examples(prepared.asked, self.lexical, self.dense, prepared.known.questions)

    def ranks(self, vectors: Both, parts: Split) -> list[int | None]:
        """The ranks of the held-out questions. The weights come from questions that no model has learned from."""
        made = found_by(self.made, self.lexical, self.dense, *vectors)
        chooses = np.isin(np.arange(len(made.questions)), parts.dev)
        trainer = Trainer(made, self.lexical, self.dense, (*SCORES_ONLY, "translation"), unlearned=chooses)
        model = trainer.train(np.setdiff1d(np.arange(len(made.questions)), parts.by_passage))
        return trainer.ranks(model, parts.by_passage)


def show(bot: Mundap, light: Light, evaluator: HeldoutEvaluator, models: dict[str, Both], parts: Split) -> None:
    """Every model on the held-out passages: the dense leg, the hybrid, the hybrid with the weight that dev chose, and
    under the light reranker."""
    tested, dev = parts.by_passage, parts.dev
    groups = evaluator.pairs.rows[tested].tolist()
    print(f"{len(tested)} questions on {len(set(groups))} held-out passages; mean [95 % interval], %")
    first: dict[str, list[int | None]] = {}
    for name, (passages, asked) in models.items():
        ranks = dict(evaluator.ranks(passages, asked[tested], tested))
        found = {w: weighted(bot, evaluator, w).ranks(passages, asked[dev], dev)["hybrid"] for w in BM25_WEIGHTS}
        best = max(BM25_WEIGHTS, key=lambda w: np.mean([value("mrr@10", rank) for rank in found[w]]))
        ranks["hybrid, BM25 weighed on dev"] = weighted(bot, evaluator, best).ranks(passages, asked[tested], tested)[
            "hybrid"
        ]
        ranks["light reranker"] = light.ranks((passages, asked), parts)
        for leg, after in ranks.items():
            figures = compared(first.setdefault(leg, after), after, groups)
            cells = (
                f"{metric} {100 * figures[metric].after.mean:.1f} [{', '.join(f'{100 * e:.1f}' for e in figures[metric].after.ci95)}]"
                for metric in METRICS
            )
            change = figures["mrr@10"].difference
            low, high = (100 * end for end in change.ci95)
            print(f"{name}, {leg}{f' ({best})' if ',' in leg else ''}:", *cells, end=" ")
            print(f"MRR {100 * change.mean:+.1f} [{low:+.1f}, {high:+.1f}] (p {change.p:.4f})", flush=True)


def main() -> None:
    """Train in a temporary workspace, or in one that is kept."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("kind", choices=CONFIGS)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--pairs", type=int, default=0, help="learn from so many questions only")
    options.add_argument("--set", nargs="*", default=[], metavar="FIELD=VALUE")
    options.add_argument("--workspace", type=Path, help="keep the index here, for the next run")
    chosen = options.parse_args()
    need_data()
    with tempfile.TemporaryDirectory() as name:
        root = chosen.workspace or Path(name) / "workspace"
        prepared = Prepared(root)
        bot = Mundap.open(root)
        texts = [passage.embedded for passage in bot.indexed_passages()]
        tested = np.asarray(split(prepared, "passage", chosen.seed))
        parts = Split.around(prepared.evaluator.pairs, tested, chosen.seed, known=len(prepared.asked) ** 2)
        if chosen.pairs:
            drawn = np.random.default_rng(chosen.seed).permutation(parts.train)[: chosen.pairs]
            parts = replace(parts, train=np.sort(drawn))
        base = "e5-small" if chosen.kind == "embedding" else str(small_bert(Path(name) / "bert", texts))
        given = dict(one.split("=", 1) for one in chosen.set)
        kinds = {field.name: field.kind for field in describe(CONFIGS[chosen.kind])}
        values = {key: text if kinds[key] is str else ast.literal_eval(text) for key, text in given.items()}
        config = CONFIGS[chosen.kind](**{"base": base, "seed": chosen.seed, **values})
        print(f"{len(parts.train)} questions learned, {len(parts.dev)} choose; {config}")
        before = (prepared.known.passages, prepared.known.questions)
        after = learned(prepared, bot, texts, parts, config, Path(name) / "work")
        models = {"e5-small": before, chosen.kind: after, "side by side": beside(before, after)}
        show(bot, Light(prepared, bot), prepared.evaluator, models, parts)


if __name__ == "__main__":
    main()
