"""What training by preferences and rewards brings, on the customs rows, by the commands that people run.

python benchmarks/align.py base    [--work DIR]             a small Llama from nothing, taught to answer customs questions
python benchmarks/align.py reward  [--seed 0]               a reward model over it; accuracy on held-out questions
python benchmarks/align.py ppo|rloo [--seed 0] […]       the small model by that reward; other options go to mundap
python benchmarks/align.py dpo     [--seed 0] […]        the same pairs without a reward
python benchmarks/align.py unseen  [--seed 0]               reward and dpo of that seed on pairs of the other passages,
                                                            whose answers the small model has never read
python benchmarks/align.py judge   --run RUN [--seed 1]     answers of a run's table by another seed's reward model, and
                                                            against the gold answers

No preferences come with the rows, so they are made by rule: the gold answer before the gold answer to another question,
and that before the words of the gold answer out of order and cut off. Passages are parted in two: three in five teach to
answer and make the pairs, the others' questions are the prompts of ppo and rloo, so that neither the model nor the reward
has seen them. Answers of more than LONGEST letters are left out: the small model writes 48 tokens.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # two threads spin on a busy machine

from mundap.evaluation.answer_metrics import morpheme_f1
from mundap.evaluation.bootstrap import mean_interval
from mundap.evaluation.estimates import paired_difference
from mundap.training.llm.config import TEMPLATE
from mundap.training.llm.data import Grounded, read_sft
from shared import CUSTOMS, need_data

LONGEST = 100
PIECES = 3000
LENGTH = 128  # tokens of a question with its answer
TAUGHT = 0.6  # of the passages


@dataclass(frozen=True)
class Rows:
    """The rows that teach, and those whose questions are prompts."""

    teach: list[Grounded]
    ask: list[Grounded]


def rows(seed: int = 0) -> Rows:
    made = [row for row in read_sft(CUSTOMS) if isinstance(row, Grounded) and len(row.answer) <= LONGEST]
    passages = list(dict.fromkeys(row.passage for row in made))
    taught = set(random.Random(seed).sample(passages, int(len(passages) * TAUGHT)))
    return Rows([row for row in made if row.passage in taught], [row for row in made if row.passage not in taught])


def small(folder: Path, some: list[Grounded], epochs: int) -> None:
    """A Llama of four layers of 192 with a vocabulary of these texts, which has read each answer `epochs` times."""
    import tokenizers as kinds
    import torch
    import transformers

    words = kinds.Tokenizer(kinds.models.BPE(byte_fallback=True, unk_token="<unk>"))
    words.normalizer = kinds.normalizers.NFC()
    words.pre_tokenizer = kinds.pre_tokenizers.Metaspace(prepend_scheme="never")
    words.decoder = kinds.decoders.Sequence(
        [kinds.decoders.ByteFallback(), kinds.decoders.Metaspace(prepend_scheme="never"), kinds.decoders.Fuse()]
    )
    bytes_ = [f"<0x{n:02X}>" for n in range(256)]
    texts = [text for row in some for text in (row.question, row.answer, row.passage)]
    words.train_from_iterator(
        texts,
        kinds.trainers.BpeTrainer(
            vocab_size=PIECES, special_tokens=["<unk>", "<pad>", "</s>", *bytes_], show_progress=False
        ),
    )
    made: Any = transformers.PreTrainedTokenizerFast  # its constructor has no types
    tokenizer = made(
        tokenizer_object=words,
        unk_token="<unk>",
        pad_token="<pad>",
        eos_token="</s>",
        clean_up_tokenization_spaces=False,
    )
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=192, intermediate_size=576, num_hidden_layers=4, num_attention_heads=4,
        num_key_value_heads=4, max_position_embeddings=512, tie_word_embeddings=True, pad_token_id=1, eos_token_id=2,
        bos_token_id=None,
    )  # fmt: skip
    model = transformers.LlamaForCausalLM(config)
    ids = []
    for row in some:
        prompt = tokenizer(TEMPLATE.format(question=row.question))["input_ids"]
        answer = [*tokenizer(row.answer)["input_ids"], 2]
        ids.append((([*prompt, *answer])[:LENGTH], len(prompt)))
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.01)
    batch, steps = 16, epochs * len(ids) // 16
    order = [n for _ in range(epochs) for n in torch.randperm(len(ids)).tolist()]
    began = time.process_time()
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * min((step + 1) / 50, (steps - step) / steps)
        picked = [ids[n] for n in order[step * batch : (step + 1) * batch]]
        width = max(len(row) for row, _ in picked)
        tokens = torch.tensor([[*row, *[1] * (width - len(row))] for row, _ in picked])
        labels = tokens.clone()
        for n, (row, start) in enumerate(picked):
            labels[n, :start] = labels[n, len(row) :] = -100
        loss = model(input_ids=tokens, attention_mask=(tokens != 1).long(), labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 50 == 0 or step + 1 == steps:
            print(
                f"step {step + 1}/{steps} loss {loss.item():.3f} ({time.process_time() - began:.0f} CPU s)", flush=True
            )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    print(f"{sum(p.numel() for p in model.parameters())} weights, {len(some)} answers")


def ranked(some: list[Grounded], seed: int) -> list[dict[str, object]]:
    """Three completions to each question, worst last, in an order that tells nothing."""
    rng = random.Random(seed)
    made: list[dict[str, object]] = []
    for row in some:
        other = rng.choice([one for one in some if one.passage != row.passage])
        words = row.answer.split()
        rng.shuffle(words)
        garbled = " ".join(words[: max(len(words) * 2 // 3, 1)])
        texts = [(0, row.answer), (1, other.answer), (2, garbled)]
        rng.shuffle(texts)
        made.append(
            {
                "prompt": row.question,
                **{f"completion_{n}": text for n, (_, text) in enumerate(texts)},
                "ranking": [r for r, _ in texts],
            }
        )
    return made


def mundap(*arguments: object) -> dict[str, object]:
    """What the command prints as JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "mundap", "train", *map(str, arguments), "--json"],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    found: dict[str, object] = json.loads(done.stdout)
    return found


def judge(run: Path, bot: Path, seed: int) -> None:
    """Answers of the table by what they were not trained on."""
    from mundap.training.llm.reward_model import load_reward

    gold = {row.question: row.answer for row in rows().ask}
    with (run / "rewards.csv").open(encoding="utf-8-sig", newline="") as file:
        table = [row for row in csv.DictReader(file) if row["query"] in gold]
    asked = [row["query"] for row in table]
    said = {when: [row[f"response ({when})"] for row in table] for when in ("before", "after")}
    models = bot / ".mundap" / "models"
    other = load_reward(models / f"reward-{seed}", models)
    for name, figures in (
        (f"reward-{seed}", {when: other(asked, texts) for when, texts in said.items()}),
        (
            "morpheme F1",
            {w: [morpheme_f1(t, gold[q]) for q, t in zip(asked, ts, strict=True)] for w, ts in said.items()},
        ),
        ("letters", {when: [float(len(text)) for text in texts] for when, texts in said.items()}),
    ):
        for when, values in figures.items():
            low, high = mean_interval(values)
            print(f"{name}, {when}: {sum(values) / len(values):.3f} [{low:.3f}, {high:.3f}]")
        print(f"{name}: {paired_difference(figures['before'], figures['after'])}")


def unseen(base: Path, bot: Path, seed: int, questions: int = 200) -> None:
    """How well pairs are told apart that neither the preferences nor the small model have met."""
    import torch

    from mundap.generate.causal import ends, load_causal
    from mundap.training.llm.config import DPOConfig
    from mundap.training.llm.data import read_preferences
    from mundap.training.llm.dpo import measured
    from mundap.training.llm.policy import Wording
    from mundap.training.llm.reward_model import load_reward

    some = random.Random(0).sample(rows().ask, questions)
    file = bot / "unseen.json"
    file.write_text(json.dumps(ranked(some, 1), ensure_ascii=False), "utf-8")
    pairs = read_preferences(file)
    groups = [pair.prompt for pair in pairs]
    models = bot / ".mundap" / "models"

    def say(name: str, values: list[float]) -> None:
        low, high = mean_interval(values, groups=groups)
        print(f"{name}: {sum(values) / len(values):.3f} [{low:.3f}, {high:.3f}], {len(pairs)} pairs")

    reward = load_reward(models / f"reward-{seed}", models)
    better = reward(groups, [pair.chosen for pair in pairs])
    worse = reward(groups, [pair.rejected for pair in pairs])
    say("reward, accuracy", [float(a > b) for a, b in zip(better, worse, strict=True)])
    config = DPOConfig(str(base))
    model, words = load_causal(str(base), models, adapter=models / f"dpo-{seed}" / "adapter")
    told = measured(torch, model, Wording(words, ends(model, words), TEMPLATE, config.most_in, config.most_out), pairs)
    say("dpo, margin", [config.beta * one.margin for one in told])
    say("dpo, accuracy", [float(one.margin > 0) for one in told])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("base", "reward", "ppo", "rloo", "dpo", "unseen", "judge"))
    parser.add_argument("--work", type=Path, default=Path("build/align"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=16, help="of the small model")
    parser.add_argument("--run", type=Path)
    given, more = parser.parse_known_args()
    need_data()
    work = given.work
    base, bot = work / "small", work / "bot"
    some = rows()
    if given.what == "unseen":
        unseen(base.resolve(), bot, given.seed)
        return
    if given.what == "judge":
        judge(given.run, bot, given.seed)
        return
    if given.what == "base":
        work.mkdir(parents=True, exist_ok=True)
        small(base, some.teach, given.epochs)
        bot.mkdir(exist_ok=True)
        (bot / "mundap.toml").write_text('[index]\nencoder = "hashed"\n', "utf-8")
        (work / "ranking.json").write_text(json.dumps(ranked(some.teach, 0), ensure_ascii=False), "utf-8")
        (work / "prompts.json").write_text(
            json.dumps([{"prompt": row.question} for row in some.ask], ensure_ascii=False), "utf-8"
        )
        return
    began = time.time()
    common = ("--base", base.resolve(), "--seed", given.seed, "--workspace", bot, *more)
    if given.what in ("reward", "dpo"):
        found = mundap(given.what, "--data", work / "ranking.json", "--out", f"{given.what}-{given.seed}", *common)
    else:
        found = mundap(
            "ppo",
            "--algorithm",
            given.what,
            "--data",
            work / "prompts.json",
            "--out",
            f"{given.what}-{given.seed}",
            *common,
        )
    curve = found.pop("steps", None) or found.pop("curve", None)
    print(json.dumps(found, ensure_ascii=False, indent=1))
    print("last:", json.dumps(curve[-3:] if isinstance(curve, list) else curve, ensure_ascii=False))
    print(f"{time.time() - began:.0f} s")


if __name__ == "__main__":
    main()
