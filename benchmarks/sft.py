"""LoRA of the packaged Gemma 3 270M on questions of the customs sheet: held-out answers before and after, then the same
model merged, written as GGUF, and asked by llama.cpp.

Passages are held out, not questions. Short passages and answers only, so that a CPU is enough:

    python benchmarks/sft.py [--rows 240] [--epochs 0.45] [--measured 18] [--out FILE] [--workspace DIR]
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import defaultdict
from pathlib import Path

from mundap.generate.causal import GEMMA
from mundap.generate.gguf import GGUFGenerator
from mundap.generate.language_model import Settings
from mundap.generate.support import refusal
from mundap.generate.transformer import TransformersGenerator
from mundap.korean.normalize import squash
from mundap.training.llm.config import SFTConfig
from mundap.training.llm.data import Grounded, read_sft
from mundap.training.llm.gguf_export import export_gguf
from mundap.training.llm.merge import language_model, merge
from mundap.training.llm.sft import train_sft
from mundap.training.llm.sft_text import passage_of
from mundap.types import Hit

SHEET = Path(__file__).parents[2] / "shared" / "data" / "customs" / "customs_qa.xlsx"
PASSAGE, ANSWER = 350, 130  # letters
EACH = 5  # questions of a passage


def rows(count: int, seed: int) -> list[Grounded]:
    """`count` questions on short passages, at most EACH of one."""
    by_passage = defaultdict(list)
    for example in read_sft(SHEET):
        if isinstance(example, Grounded) and len(example.passage) <= PASSAGE and len(example.answer) <= ANSWER:
            by_passage[squash(example.passage)].append(example)
    rng = random.Random(seed)
    some = [e for group in by_passage.values() for e in rng.sample(group, min(EACH, len(group)))]
    print(f"{len(some)} questions on {len(by_passage)} passages", file=sys.stderr)
    return rng.sample(some, min(count, len(some)))


def exported(folder: Path, count: int) -> None:
    """Ask the adapter by transformers, and the same merged and written as GGUF by llama.cpp, about held-out passages."""
    lines = [json.loads(line) for line in (folder / "rows.jsonl").read_text("utf-8").splitlines()]
    tested = [Grounded(**{k: v for k, v in row.items() if k != "part"}) for row in lines if row["part"] == "test"]
    settings = Settings(refusal("ko"), context_tokens=2048, max_tokens=80)
    before = TransformersGenerator("model:sft", folder.parent, settings)
    for kind in ("f16", "q8_0"):
        file = folder / f"sft-{kind}.gguf"
        export_gguf(merge(language_model(folder), folder.parent), file, kind)
        after = GGUFGenerator(file, settings, threads=1)
        same = 0
        for row in tested[:count]:
            hits = [Hit(passage_of(row), 1.0, 1)]
            one, two = before.answer(row.question, hits).text, after.answer(row.question, hits).text
            same += one == two
            if one != two:
                print(f"{kind} differs:\n  {one}\n  {two}", file=sys.stderr)
        print(
            f"{kind}: {file.stat().st_size / 1e6:.0f} MB, {same} of {len(tested[:count])} greedy answers as before the export"
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=240)
    parser.add_argument("--measured", type=int, default=18)
    parser.add_argument("--epochs", type=float, default=0.45)
    parser.add_argument("--lr", type=float, default=5e-4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workspace", type=Path, default=Path("build/sft"))
    parser.add_argument("--exported", type=int, default=8, help="questions that are asked before and after the export")
    parser.add_argument("--resume", action="store_true")
    given = parser.parse_args()
    config = SFTConfig(
        GEMMA, batch=2, accumulate=1, lr=given.lr, epochs=given.epochs, measured=given.measured, answer_tokens=80,
        watched=8, every=22, max_tokens=700, precision="bf16", seed=given.seed,
    )  # fmt: skip
    started = time.monotonic()

    def say(step: int, total: int) -> None:
        print(f"{time.monotonic() - started:.0f} s: {step}/{total}", file=sys.stderr, flush=True)

    trained = train_sft(
        rows(given.rows, given.seed), config, given.workspace / "models", given.workspace / "work",
        refusal=refusal("ko"), resume=given.resume, progress=say, measuring=say,
        watch=lambda name: lambda step, figures: print(step, figures, file=sys.stderr, flush=True),
    )  # fmt: skip
    assert trained is not None
    folder = given.workspace / "models" / "sft"
    folder.mkdir(parents=True, exist_ok=True)
    trained.save(folder)
    report = {**trained.report.to_json(), "model": dict(trained.model)}
    (folder / "card.json").write_text(json.dumps({"kind": "sft", **trained.model}, ensure_ascii=False), "utf-8")
    (folder / "report.json").write_text(json.dumps(report, ensure_ascii=False, indent=1), "utf-8")
    for metric, one in trained.report.changes.comparisons.items():
        print(f"{metric:20} {one.before.mean:.3f} → {one.after.mean:.3f}  {one.difference}")
    exported(folder, given.exported)


if __name__ == "__main__":
    main()
