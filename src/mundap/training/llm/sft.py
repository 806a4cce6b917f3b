"""Fine-tune a language model on questions with their passages and answers, and measure it on held-out ones.

From top to bottom: the recipe, the split, what is shown, the loop, the choice among variants, the measurement. The loop
is TRL's SFTTrainer, so the same command runs on a CPU, on one GPU, and on several under torchrun. Loss is on the answer
alone; some questions are shown passages that do not hold the answer, so that the model learns to say so (RAFT; Zhang et
al., COLM 2024).
"""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from mundap.errors import MundapError
from mundap.evaluate.questions import Question
from mundap.extras import need, quiet_transformers
from mundap.files import digest
from mundap.generate.causal import generation_config, load_causal, load_words, stops
from mundap.generate.template import Template
from mundap.korean.normalize import squash
from mundap.protocols import Progress, quiet
from mundap.training.common.checkpoints import begin_trainer
from mundap.training.common.curves import Watch
from mundap.training.common.distributed import World
from mundap.training.common.folds import by_group
from mundap.training.common.registry import Trained
from mundap.training.llm.data import Completion, Example, Grounded
from mundap.training.llm.lora import MODEL, Lora, fast_causal, save_adapter, trainable, with_lora
from mundap.training.llm.quality import good
from mundap.training.llm.sft_loss import trainer_class
from mundap.training.llm.sft_measure import Tested, answers, compared, write
from mundap.training.llm.sft_text import IGNORED, Asked, Teller, Tokens, Wrong, asked, checked

METHODS = ("lora", "qlora", "full")
FILTERS = ("none", "good", "compare")
PARTS = ("test", "dev", "train")
FOLDS, TESTED, CHOSEN_BY = 20, 3, 1  # parts of the passages; the rest is learned from
UNANSWERABLE = 1 / 3  # share of the test questions that are asked without their passage
FEWEST = 10  # passages, or prompts where there are none
ROWS = "rows.jsonl"
_LOGGED = 5  # steps


@dataclass(frozen=True)
class Recipe:
    """What decides a language model besides its data.

    `batch` is for each process, and a step has `accumulate` of them. Examples of more than `max_tokens` are left out.
    `template` names the prompt template, "" for the model's own.
    `passages` are shown with each question; with the share `distractors` of questions none of them is the right one.
    After every `every` steps (0: four times in all) the loss on `watched` examples of the dev part is measured and the
    model kept. `answer_tokens` are written at most for each of `measured` test questions, and half as many without
    their passage. `filter` is one of FILTERS. With the `precision` bf16 products are computed in it; a GPU that can always does.
    """

    base: str
    method: str = "lora"
    epochs: float = 1.0
    batch: int = 2
    accumulate: int = 2
    lr: float = 2e-4
    max_tokens: int = 1024
    r: int = 8
    alpha: int = 16
    dropout: float = 0.0
    template: str = ""
    passages: int = 1
    distractors: float = 0.2
    filter: str = "none"
    every: int = 0
    watched: int = 24
    measured: int = 40
    answer_tokens: int = 160
    warmup: float = 0.05
    clip: float = 1.0
    precision: str = "fp32"
    seed: int = 0


# "original" are the values of the systems that asked for these; "laptop" those of docs/experiments/2026-11-26-model-that-answers-from-passages.md.
PRESETS: dict[str, dict[str, Any]] = {
    "laptop": {},
    "original": {
        "epochs": 20.0, "batch": 8, "accumulate": 16, "lr": 3e-5, "max_tokens": 2048, "r": 32, "alpha": 64,
        "dropout": 0.05, "passages": 3, "watched": 200, "measured": 200, "answer_tokens": 512,
    },
}  # fmt: skip


@dataclass(frozen=True)
class Variant:
    """One of the trainings that are compared: how it is called, its recipe, what it learns from."""

    name: str
    recipe: Recipe
    learned: list[Tokens]


def split(examples: Sequence[Example], seed: int) -> list[str]:
    """The part of each example, one of PARTS; those of one passage, or of one prompt, are in one.

    Raises MundapError if there are too few.
    """
    groups = [_group(example) for example in examples]
    if len(set(groups)) < FEWEST:
        raise MundapError(
            f"학습 데이터가 부족합니다: 서로 다른 제시문(없으면 질문) {len(set(groups))}개(최소 {FEWEST}개 필요)."
            " 질문과 답변을 추가하세요."
        )
    names = ["test"] * TESTED + ["dev"] * CHOSEN_BY + ["train"] * (FOLDS - TESTED - CHOSEN_BY)
    return [names[fold] for fold in by_group(groups, FOLDS, seed)]


def _group(example: Example) -> str:
    if isinstance(example, Grounded):
        return squash(example.passage or example.question)
    if isinstance(example, Completion):
        return squash(example.prompt)
    return squash(next((content for role, content in example.turns if role == "user"), ""))


def train_sft(
    examples: Sequence[Example],
    recipe: Recipe,
    models: Path,
    work: Path,
    *,
    refusal: str,
    template: Template | None = None,
    ranks: Sequence[int] = (),
    resume: bool = False,
    watch: Callable[[str], Watch] = lambda name: lambda step, figures: None,
    progress: Progress = quiet,
    measuring: Progress = quiet,
) -> Trained[dict[str, Any]] | None:
    """Train, choose by the loss on the dev part among the LoRA `ranks` and the filtered rows if they are compared, and
    measure what was chosen on the test part, before and after.

    Questions are asked as `refusal` and `template` say, and as they will be asked in serving.
    `work` holds checkpoints until the caller removes it; with `resume` the newest whole one is gone on from. `watch`
    gives what draws the curves of a variant. None in every process but the first. Raises MundapError.
    """
    first = World.around().first
    words = load_words(recipe.base, models)
    teller = Teller(words, stops(generation_config(recipe.base, models), words), refusal, template)
    parts = split(examples, recipe.seed)
    told = {
        part: _told(
            [e for e, p in zip(examples, parts, strict=True) if p == part], teller, recipe,
            UNANSWERABLE if part == "test" else recipe.distractors,
        )
        for part in PARTS
    }  # fmt: skip
    checked([one for part in PARTS for one in told[part].tokens], teller.ends, words.convert_ids_to_tokens)
    if not all(told[part].tokens for part in PARTS):
        raise MundapError(
            f"학습 또는 검증 예제가 남지 않았습니다: 예제가 {recipe.max_tokens}토큰보다 깁니다. --max-tokens를 늘리세요."
        )
    tested = _tested(told["test"], recipe)
    variants = _variants(recipe, told["train"], ranks)
    rows, best = [], None
    for variant in variants:
        row, fitted = _fit(
            _model(variant.recipe, models), words, variant, told["dev"].tokens[: recipe.watched], work / variant.name,
            resume, watch(variant.name), progress, first,
        )  # fmt: skip
        rows.append(row)
        if best is None or row["dev_loss"] < best[0]:
            best = row["dev_loss"], variant, fitted
        del fitted
    assert best is not None
    _, chosen, fitted = best
    if not first:
        return None

    prompts = [one.prompt for one in tested]
    after = answers(
        tested,
        write(fitted, words, prompts, teller.ends, recipe.answer_tokens, teller.stops, measuring),
        refusal,
        "after",
    )
    before = answers(
        tested, _before(fitted, words, prompts, teller, chosen.recipe, models, measuring), refusal, "before"
    )
    report = {
        **compared(before, after),
        "learned": len(chosen.learned),
        "chosen_on": min(len(told["dev"].tokens), recipe.watched),
        "too_long": sum(part.too_long for part in told.values()),
        "refusals": sum(not one.answerable for one in told["train"].asked if one is not None),
        "variants": rows,
        "chosen": chosen.name,
    }
    about = {
        "recipe": asdict(chosen.recipe),
        "base": chosen.recipe.base,
        "method": chosen.recipe.method,
        "refusal": refusal,
        **trainable(fitted),
    }

    def save(folder: Path) -> None:
        _save(fitted, words, teller.ends, chosen.recipe, folder)
        _write_lines(folder / ROWS, [{"part": part, **asdict(one)} for one, part in zip(examples, parts, strict=True)])
        pairs = zip(tested, before, after, strict=True)
        _write_lines(
            folder / "answers.jsonl",
            [
                {
                    "question": one.question.question,
                    "passages": [hit.passage.text for hit in one.hits],
                    "reference": one.question.answer,
                    "before": old.answer.text,
                    "after": new.answer.text,
                }
                for one, old, new in pairs
            ],
        )

    return Trained(save, about, report)


@dataclass(frozen=True)
class _Told:
    """A part as it will be read: `asked` has for each of `tokens` what was asked over passages, None for other kinds."""

    examples: list[Example]
    tokens: list[Tokens]
    asked: list[Asked | None]
    too_long: int


def _told(examples: Sequence[Example], teller: Teller, recipe: Recipe, unanswerable: float) -> _Told:
    rng = random.Random(recipe.seed)
    wrong = Wrong(examples)
    kept: list[tuple[Example, Tokens, Asked | None]] = []
    too_long = 0
    for example in examples:
        shown = None
        if isinstance(example, Grounded) and example.passage:
            answerable = rng.random() >= unanswerable
            shown = asked(example, wrong, recipe.passages, answerable, teller.refusal, rng)
            if shown is None:
                continue
        tokens = teller.asked(shown) if shown else teller.spoken(example)
        if len(tokens.ids) > recipe.max_tokens:
            too_long += 1
        else:
            kept.append((example, tokens, shown))
    return _Told([e for e, _, _ in kept], [t for _, t, _ in kept], [a for _, _, a in kept], too_long)


def _variants(recipe: Recipe, told: _Told, ranks: Sequence[int]) -> list[Variant]:
    """All rows or the good ones, each with each rank."""
    chosen = {name: told.tokens for name in ("all",) if recipe.filter != "good"}
    if recipe.filter != "none":
        kept = good(told.examples)
        chosen["good"] = [tokens for tokens, yes in zip(told.tokens, kept, strict=True) if yes]
        if not chosen["good"]:
            raise MundapError("--filter: 필터링 후 남은 학습 예제가 없습니다. 답변이 제시문의 내용인지 확인하세요.")
    found = []
    for name, tokens in chosen.items():
        for r in ranks or (recipe.r,):
            scaled = replace(recipe, r=r, alpha=recipe.alpha * r // recipe.r if ranks else recipe.alpha)
            found.append(Variant(f"{name}-r{r}" if recipe.method != "full" else name, scaled, tokens))
    return found


def _tested(told: _Told, recipe: Recipe) -> list[Tested]:
    """Questions of the test part, each once: `recipe.measured` that can be answered, and half as many that cannot."""
    rng = random.Random(recipe.seed)
    order = list(range(len(told.tokens)))
    rng.shuffle(order)
    room = {True: recipe.measured, False: recipe.measured // 2}
    seen: set[str] = set()
    found = []
    for n in order:
        shown, example, tokens = told.asked[n], told.examples[n], told.tokens[n]
        answerable = shown is None or shown.answerable
        question = _question(example, shown)
        if room[answerable] and question.question not in seen:
            room[answerable] -= 1
            seen.add(question.question)
            found.append(Tested(question, shown.hits if shown else (), _before_answer(tokens)))
    return found


def _question(example: Example, shown: Asked | None) -> Question:
    if isinstance(example, Grounded):
        gold = (example.passage or example.question,) if shown is None or shown.answerable else ()
        return Question(example.question, gold, example.answer, example.row)
    if isinstance(example, Completion):
        return Question(example.prompt, (example.prompt,), example.completion.strip(), example.row)
    prompt = "\n".join(content for _, content in example.turns[:-1])
    return Question(prompt, (prompt,), example.turns[-1][1], example.row)


def _before_answer(tokens: Tokens) -> tuple[int, ...]:
    """What is read before the last answer."""
    start = len(tokens.labels)
    while start and tokens.labels[start - 1] != IGNORED:
        start -= 1
    return tokens.ids[:start]


def _model(recipe: Recipe, models: Path) -> Any:
    """The base, with a fresh adapter unless all its weights are trained."""
    quiet_transformers().set_seed(recipe.seed)
    lora = Lora(recipe.r, recipe.alpha, recipe.dropout)
    if recipe.method == "full":
        return load_causal(recipe.base, models, trainable=True)[0]
    bits = 4 if recipe.method == "qlora" else 0
    fast = fast_causal(recipe.base, models, bits, recipe.max_tokens, lora, recipe.seed)
    return fast if fast is not None else with_lora(load_causal(recipe.base, models, bits=bits)[0], lora)


def _fit(
    model: Any, words: Any, variant: Variant, dev: Sequence[Tokens], work: Path,
    resume: bool, watch: Watch, progress: Progress, first: bool,
) -> tuple[dict[str, Any], Any]:  # fmt: skip
    """Train one variant to its best checkpoint; its row in the table, and the model."""
    torch, trl = need("torch", extra="train"), need("trl", extra="train")
    transformers = quiet_transformers()
    recipe = variant.recipe
    world = World.around().size
    if world == 1 and torch.cuda.device_count() > 1:
        raise MundapError(
            f"GPU가 {torch.cuda.device_count()}개 있습니다. torchrun --nproc-per-node {torch.cuda.device_count()} --no-python"
            " mundap train sft …로 모두 사용하거나, CUDA_VISIBLE_DEVICES=0으로 하나만 사용하세요."
        )
    data = digest(*(json.dumps([one.ids, one.labels]) for one in (*variant.learned, *dev)))
    checkpoint = begin_trainer(work, {**asdict(recipe), "data": data, "processes": world}, resume, first)
    steps = math.ceil(math.ceil(len(variant.learned) / (recipe.batch * recipe.accumulate * world)) * recipe.epochs)
    started = time.monotonic()
    trainer = trainer_class()(
        model=model,
        args=_arguments(torch, trl, recipe, recipe.every or math.ceil(steps / 4), work),
        train_dataset=_rows(variant.learned),
        eval_dataset=_rows(dev),
        processing_class=words,
        callbacks=[_watcher(transformers, watch, progress)],
    )
    trainer.remove_callback(transformers.PrinterCallback)
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    curve = [
        {"step": entry["step"], **{new: entry[old] for old, new in _CURVE.items() if old in entry}}
        for entry in trainer.state.log_history
        if "loss" in entry or "eval_loss" in entry
    ]
    model = trainer.model.eval()
    row = {
        "name": variant.name,
        "method": recipe.method,
        "r": None if recipe.method == "full" else recipe.r,
        "rows": len(variant.learned),
        "steps": trainer.state.global_step,
        **trainable(model),
        "dev_loss": trainer.state.best_metric,
        "seconds": round(time.monotonic() - started, 1),
        "curve": curve,
    }
    return row, model


_CURVE = {"loss": "loss", "eval_loss": "dev_loss"}


def _arguments(torch: Any, trl: Any, recipe: Recipe, every: int, work: Path) -> Any:
    gpu = torch.cuda.is_available()
    return trl.SFTConfig(
        output_dir=str(work),
        num_train_epochs=recipe.epochs,
        per_device_train_batch_size=recipe.batch,
        per_device_eval_batch_size=recipe.batch,
        gradient_accumulation_steps=recipe.accumulate,
        gradient_checkpointing=gpu,
        learning_rate=recipe.lr,
        lr_scheduler_type="cosine",
        warmup_steps=recipe.warmup,
        max_grad_norm=recipe.clip,
        eval_strategy="steps",
        eval_steps=every,
        save_strategy="steps",
        save_steps=every,
        save_total_limit=2,  # the best and the last
        load_best_model_at_end=True,
        metric_for_best_model="eval_loss",
        prediction_loss_only=True,
        logging_steps=_LOGGED,
        report_to="none",
        seed=recipe.seed,
        max_length=None,  # nothing is cut: it would be the end that is lost
        dataset_kwargs={"skip_prepare_dataset": True},
        bf16=torch.cuda.is_bf16_supported() if gpu else recipe.precision == "bf16",
        use_cpu=not torch.accelerator.is_available(),  # or processes under torchrun would not find each other
        dataloader_pin_memory=gpu,
        ddp_find_unused_parameters=False,
        disable_tqdm=True,
    )


def _rows(tokens: Sequence[Tokens]) -> Any:
    made = {"input_ids": [list(one.ids) for one in tokens], "labels": [list(one.labels) for one in tokens]}
    return need("datasets", extra="train").Dataset.from_dict(made)


def _watcher(transformers: Any, watch: Watch, progress: Progress) -> Any:
    """Shows how many steps are done and what is logged; the last step is measured and kept too."""

    class Watcher(transformers.TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            progress(state.global_step, state.max_steps)
            if state.global_step >= state.max_steps:
                control.should_evaluate = control.should_save = True

        def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any], **_: Any) -> None:
            wanted = {
                "loss": "loss",
                "eval_loss": "dev_loss",
                "learning_rate": "learning_rate",
                "grad_norm": "grad_norm",
            }
            figures = {new: float(logs[old]) for old, new in wanted.items() if old in logs}
            if figures and state.is_world_process_zero:
                watch(state.global_step, figures)

    return Watcher()


def _before(
    fitted: Any, words: Any, prompts: Sequence[Sequence[int]], teller: Teller, recipe: Recipe, models: Path,
    measuring: Progress,
) -> list[str]:  # fmt: skip
    """What the base writes: the trained one without its adapter, or the base anew."""
    if recipe.method == "full":
        base = load_causal(recipe.base, models)[0].to(fitted.device)
        return write(base, words, prompts, teller.ends, recipe.answer_tokens, teller.stops, measuring)
    with fitted.disable_adapter():
        return write(fitted, words, prompts, teller.ends, recipe.answer_tokens, teller.stops, measuring)


def _save(model: Any, words: Any, ends: Sequence[int], recipe: Recipe, folder: Path) -> None:
    if recipe.method != "full":
        save_adapter(model, words, recipe.base, folder)
        return
    model.generation_config.eos_token_id = list(ends)
    model.save_pretrained(folder / MODEL)
    words.save_pretrained(folder / MODEL)


def _write_lines(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
