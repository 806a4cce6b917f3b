"""Fine-tune a language model on questions with their passages and answers, and measure it on held-out ones.

From top to bottom: the report, the split, what is shown, the loop, the choice among variants, the measurement. The loop
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
from types import ModuleType

from mundap.errors import MundapError
from mundap.evaluation.questions import Question
from mundap.extras import Untyped, need, quiet_transformers
from mundap.files import digest
from mundap.generate.causal import generation_config, load_causal, load_words, stops
from mundap.generate.template import Template
from mundap.korean.normalize import squash
from mundap.protocols import Progress, quiet
from mundap.training.common.checkpoints import begin_trainer
from mundap.training.common.curves import Watch, unheard
from mundap.training.common.distributed import World
from mundap.training.common.folds import by_group
from mundap.training.common.registry import Trained, Verdict
from mundap.training.common.untyped import Model, Tokenizer
from mundap.training.llm.config import SFTConfig
from mundap.training.llm.data import Completion, Example, Grounded
from mundap.training.llm.lora import MODEL, Lora, fast_causal, save_adapter, trainable, with_lora
from mundap.training.llm.quality import good
from mundap.training.llm.sft_loss import trainer_class
from mundap.training.llm.sft_measure import AnswerChanges, Tested, answers, compared, write
from mundap.training.llm.sft_text import IGNORED, ExampleFormatter, RagExample, Tokens, Wrong, checked, rag_example
from mundap.types import Json

PARTS = ("test", "dev", "train")
FOLDS, TESTED, CHOSEN_BY = 20, 3, 1  # parts of the passages; the rest is learned from
UNANSWERABLE = 1 / 3  # share of the test questions that are asked without their passage
FEWEST = 10  # passages, or prompts where there are none
ROWS = "rows.jsonl"
_LOGGED = 5  # steps


@dataclass(frozen=True)
class Fitted:
    """A variant that was trained: `trainable` of `parameters` weights, `steps`, the best loss on the dev part, and the curve.

    `r` is None where all weights were trained. A point of the curve has its "step", and "loss" or "dev_loss".
    """

    name: str
    method: str
    r: int | None
    rows: int
    steps: int
    trainable: int
    parameters: int
    dev_loss: float
    seconds: float
    curve: tuple[Mapping[str, float], ...]


@dataclass(frozen=True)
class SFTReport:
    """What was learned from, which of the variants was `chosen` by the loss on how many examples, and its answers.

    `learned` examples, `refusals` of the train part that are to be refused, and those of all parts that were too long.
    """

    changes: AnswerChanges
    learned: int
    chosen_on: int
    too_long: int
    refusals: int
    variants: tuple[Fitted, ...]
    chosen: str

    @property
    def verdict(self) -> Verdict:
        """That of the answers."""
        return self.changes.verdict

    def to_json(self) -> dict[str, Json]:
        """The fields by name, those of `changes` among them."""
        return {
            **self.changes.to_json(),
            "learned": self.learned,
            "chosen_on": self.chosen_on,
            "too_long": self.too_long,
            "refusals": self.refusals,
            "variants": [asdict(one) for one in self.variants],
            "chosen": self.chosen,
        }


@dataclass(frozen=True)
class Variant:
    """One of the trainings that are compared: how it is called, its options, what it learns from."""

    name: str
    config: SFTConfig
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
    config: SFTConfig,
    models: Path,
    work: Path,
    *,
    refusal: str,
    template: Template | None = None,
    resume: bool = False,
    watch: Callable[[str], Watch] = lambda name: unheard,
    progress: Progress = quiet,
    measuring: Progress = quiet,
) -> Trained[SFTReport] | None:
    """Train, choose by the loss on the dev part among the ranks and the filtered rows if they are compared, and measure
    what was chosen on the test part, before and after.

    Questions are asked as `refusal` and `template` say, and as they will be asked in serving.
    `work` holds checkpoints until the caller removes it; with `resume` the newest whole one is gone on from. `watch`
    gives what draws the curves of a variant. None in every process but the first. Raises MundapError.
    """
    first = World.around().first
    words = load_words(config.base, models)
    formatter = ExampleFormatter(words, stops(generation_config(config.base, models), words), refusal, template)
    parts = split(examples, config.seed)
    told = {
        part: _told(
            [e for e, p in zip(examples, parts, strict=True) if p == part], formatter, config,
            UNANSWERABLE if part == "test" else config.distractors,
        )
        for part in PARTS
    }  # fmt: skip
    checked([one for part in PARTS for one in told[part].tokens], formatter.ends, words.convert_ids_to_tokens)
    if not all(told[part].tokens for part in PARTS):
        raise MundapError(
            f"학습 또는 검증 예제가 남지 않았습니다: 예제가 {config.max_tokens}토큰보다 깁니다. --max-tokens를 늘리세요."
        )
    tested = _tested(told["test"], config)
    variants = _variants(config, told["train"])
    rows: list[Fitted] = []
    best = None
    for variant in variants:
        row, fitted = _fit(
            _model(variant.config, models), words, variant, told["dev"].tokens[: config.watched], work / variant.name,
            resume, watch(variant.name), progress, first,
        )  # fmt: skip
        rows.append(row)
        if best is None or row.dev_loss < best[0]:
            best = row.dev_loss, variant, fitted
        del fitted
    assert best is not None
    _, chosen, fitted = best
    if not first:
        return None

    prompts = [one.prompt for one in tested]
    after = answers(
        tested,
        write(fitted, words, prompts, formatter.ends, config.answer_tokens, formatter.stops, measuring),
        refusal,
        "after",
    )
    before = answers(
        tested, _before(fitted, words, prompts, formatter, chosen.config, models, measuring), refusal, "before"
    )
    report = SFTReport(
        changes=compared(before, after),
        learned=len(chosen.learned),
        chosen_on=min(len(told["dev"].tokens), config.watched),
        too_long=sum(part.too_long for part in told.values()),
        refusals=sum(not one.answerable for one in told["train"].rag if one is not None),
        variants=tuple(rows),
        chosen=chosen.name,
    )
    about = {
        "recipe": chosen.config.to_card(),
        "base": config.base,
        "method": config.method,
        "refusal": refusal,
        **trainable(fitted),
    }

    def save(folder: Path) -> None:
        _save(fitted, words, formatter.ends, chosen.config, folder)
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
    """A part as it will be read: `rag` has for each of `tokens` the example with its passages, None for other kinds."""

    examples: list[Example]
    tokens: list[Tokens]
    rag: list[RagExample | None]
    too_long: int


def _told(examples: Sequence[Example], formatter: ExampleFormatter, config: SFTConfig, unanswerable: float) -> _Told:
    rng = random.Random(config.seed)
    wrong = Wrong(examples)
    kept: list[tuple[Example, Tokens, RagExample | None]] = []
    too_long = 0
    for example in examples:
        shown = None
        if isinstance(example, Grounded) and example.passage:
            answerable = rng.random() >= unanswerable
            shown = rag_example(example, wrong, config.passages, answerable, formatter.refusal, rng)
            if shown is None:
                continue
        tokens = formatter.rag(shown) if shown else formatter.spoken(example)
        if len(tokens.ids) > config.max_tokens:
            too_long += 1
        else:
            kept.append((example, tokens, shown))
    return _Told([e for e, _, _ in kept], [t for _, t, _ in kept], [a for _, _, a in kept], too_long)


def _variants(config: SFTConfig, told: _Told) -> list[Variant]:
    """All rows or the good ones, each with each rank."""
    chosen = {name: told.tokens for name in ("all",) if config.filter != "good"}
    if config.filter != "none":
        kept = good(told.examples)
        chosen["good"] = [tokens for tokens, yes in zip(told.tokens, kept, strict=True) if yes]
        if not chosen["good"]:
            raise MundapError("--filter: 필터링 후 남은 학습 예제가 없습니다. 답변이 제시문의 내용인지 확인하세요.")
    found = []
    for name, tokens in chosen.items():
        for r in config.ranks or (config.r,):
            alone = replace(config, r=r, alpha=config.alpha * r // config.r, lora_sweep="")
            found.append(Variant(f"{name}-r{r}" if config.method != "full" else name, alone, tokens))
    return found


def _tested(told: _Told, config: SFTConfig) -> list[Tested]:
    """Questions of the test part, each once: `config.measured` that can be answered, and half as many that cannot."""
    rng = random.Random(config.seed)
    order = list(range(len(told.tokens)))
    rng.shuffle(order)
    room = {True: config.measured, False: config.measured // 2}
    seen: set[str] = set()
    found = []
    for n in order:
        shown, example, tokens = told.rag[n], told.examples[n], told.tokens[n]
        answerable = shown is None or shown.answerable
        question = _question(example, shown)
        if room[answerable] and question.question not in seen:
            room[answerable] -= 1
            seen.add(question.question)
            found.append(Tested(question, shown.hits if shown else (), _before_answer(tokens)))
    return found


def _question(example: Example, shown: RagExample | None) -> Question:
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


def _model(config: SFTConfig, models: Path) -> Model:
    """The base, with a fresh adapter unless all its weights are trained."""
    quiet_transformers().set_seed(config.seed)
    lora = Lora(config.r, config.alpha, config.dropout)
    if config.method == "full":
        return load_causal(config.base, models, trainable=True)[0]
    bits = 4 if config.method == "qlora" else 0
    fast = fast_causal(config.base, models, bits, config.max_tokens, lora, config.seed)
    return fast if fast is not None else with_lora(load_causal(config.base, models, bits=bits)[0], lora)


def _fit(
    model: Model, words: Tokenizer, variant: Variant, dev: Sequence[Tokens], work: Path,
    resume: bool, watch: Watch, progress: Progress, first: bool,
) -> tuple[Fitted, Model]:  # fmt: skip
    """Train one variant to its best checkpoint; its row in the table, and the model."""
    torch, trl = need("torch", extra="train"), need("trl", extra="train")
    transformers = quiet_transformers()
    config = variant.config
    world = World.around().size
    if world == 1 and torch.cuda.device_count() > 1:
        raise MundapError(
            f"GPU가 {torch.cuda.device_count()}개 있습니다. torchrun --nproc-per-node {torch.cuda.device_count()} --no-python"
            " mundap train sft …로 모두 사용하거나, CUDA_VISIBLE_DEVICES=0으로 하나만 사용하세요."
        )
    data = digest(*(json.dumps([one.ids, one.labels]) for one in (*variant.learned, *dev)))
    checkpoint = begin_trainer(work, {**config.to_card(), "data": data, "processes": world}, resume, first)
    steps = math.ceil(math.ceil(len(variant.learned) / (config.batch * config.accumulate * world)) * config.epochs)
    started = time.monotonic()
    trainer = trainer_class()(
        model=model,
        args=_arguments(torch, trl, config, config.every or math.ceil(steps / 4), work),
        train_dataset=_rows(variant.learned),
        eval_dataset=_rows(dev),
        processing_class=words,
        callbacks=[_watcher(transformers, watch, progress)],
    )
    trainer.remove_callback(transformers.PrinterCallback)
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    curve = tuple(
        {"step": entry["step"], **{new: entry[old] for old, new in _CURVE.items() if old in entry}}
        for entry in trainer.state.log_history
        if "loss" in entry or "eval_loss" in entry
    )
    model = trainer.model.eval()
    row = Fitted(
        name=variant.name,
        method=config.method,
        r=None if config.method == "full" else config.r,
        rows=len(variant.learned),
        steps=trainer.state.global_step,
        **trainable(model),
        dev_loss=trainer.state.best_metric,
        seconds=round(time.monotonic() - started, 1),
        curve=curve,
    )
    return row, model


_CURVE = {"loss": "loss", "eval_loss": "dev_loss"}


def _arguments(torch: ModuleType, trl: ModuleType, config: SFTConfig, every: int, work: Path) -> Untyped:
    gpu = torch.cuda.is_available()
    return trl.SFTConfig(
        output_dir=str(work),
        num_train_epochs=config.epochs,
        per_device_train_batch_size=config.batch,
        per_device_eval_batch_size=config.batch,
        gradient_accumulation_steps=config.accumulate,
        gradient_checkpointing=gpu,
        learning_rate=config.lr,
        lr_scheduler_type="cosine",
        warmup_steps=config.warmup,
        max_grad_norm=config.clip,
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
        seed=config.seed,
        max_length=None,  # nothing is cut: it would be the end that is lost
        dataset_kwargs={"skip_prepare_dataset": True},
        bf16=torch.cuda.is_bf16_supported() if gpu else config.precision == "bf16",
        use_cpu=not torch.accelerator.is_available(),  # or processes under torchrun would not find each other
        dataloader_pin_memory=gpu,
        ddp_find_unused_parameters=False,
        disable_tqdm=True,
    )


def _rows(tokens: Sequence[Tokens]) -> Untyped:
    made = {"input_ids": [list(one.ids) for one in tokens], "labels": [list(one.labels) for one in tokens]}
    return need("datasets", extra="train").Dataset.from_dict(made)


def _watcher(transformers: ModuleType, watch: Watch, progress: Progress) -> Untyped:
    """Shows how many steps are done and what is logged; the last step is measured and kept too."""

    class Watcher(transformers.TrainerCallback):  # type: ignore[misc, name-defined]
        def on_step_end(self, args: object, state: Untyped, control: Untyped, **_: object) -> None:
            progress(state.global_step, state.max_steps)
            if state.global_step >= state.max_steps:
                control.should_evaluate = control.should_save = True

        def on_log(self, args: object, state: Untyped, control: object, logs: Mapping[str, float], **_: object) -> None:
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
    fitted: Model, words: Tokenizer, prompts: Sequence[Sequence[int]], formatter: ExampleFormatter, config: SFTConfig, models: Path,
    measuring: Progress,
) -> list[str]:  # fmt: skip
    """What the base writes: the trained one without its adapter, or the base anew."""
    if config.method == "full":
        base = load_causal(config.base, models)[0].to(fitted.device)
        return write(base, words, prompts, formatter.ends, config.answer_tokens, formatter.stops, measuring)
    with fitted.disable_adapter():
        return write(fitted, words, prompts, formatter.ends, config.answer_tokens, formatter.stops, measuring)


def _save(model: Model, words: Tokenizer, ends: Sequence[int], config: SFTConfig, folder: Path) -> None:
    if config.method != "full":
        save_adapter(model, words, config.base, folder)
        return
    model.generation_config.eos_token_id = list(ends)
    model.save_pretrained(folder / MODEL)
    words.save_pretrained(folder / MODEL)


def _write_lines(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
