"""Train a BART to write the keywords of a question, and measure it on held-out questions before it is kept.

From top to bottom: the recipe, the split, the model, the loop, the measurement. The loop is transformers'
Seq2SeqTrainer, so the same command runs on a CPU, on one GPU, and on several under torchrun.
"""

from __future__ import annotations

import math
import random
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mundap.errors import MundapError
from mundap.evaluate.bootstrap import RESAMPLES, paired_difference
from mundap.evaluate.keywords import Extract, KeywordReport, Tagged, evaluate_keywords, keywords_tsv
from mundap.extras import need, quiet_transformers
from mundap.files import digest, write_atomically
from mundap.korean.keyword_model import Spelling, Writing, joined, parted
from mundap.korean.normalize import squash
from mundap.protocols import Progress, quiet
from mundap.training.common.checkpoints import begin_trainer
from mundap.training.common.distributed import World
from mundap.training.keywords.bart import END, PAD, START, new_model, new_tokenizer

SCRATCH = "scratch"
BASE = "gogamza/kobart-base-v1"
HELD_OUT = 10  # one question in so many
FEWEST = 20  # questions
TRAIN, HELD = "train.tsv", "heldout.tsv"
METRICS = ("exact", "precision", "recall", "f1")
_EVALUATED = 32  # questions at once
_ROOM = 2  # a model may write so many times as many tokens as the longest label


@dataclass(frozen=True)
class Recipe:
    """What decides a model besides its data. `base` is SCRATCH, a folder, or the id of a model on a hub.

    `batch` is for each device. `max_length` tokens are read and, at most, written. `warmup` is the share of steps in
    which the rate rises; it falls to nothing in the others. `clip` limits the norm of the gradient.
    """

    base: str
    epochs: int
    batch: int
    lr: float
    beams: int
    max_length: int
    clip: float = 1.0
    warmup: float = 0.1
    seed: int = 0


# "original" are the values of the system that asked for this; "scratch" those of docs/experiments/2026-11-26-keywords-by-a-small-bart.md.
PRESETS: dict[str, dict[str, Any]] = {
    "original": {"epochs": 2, "batch": 8, "lr": 3e-5, "beams": 5, "max_length": 512},
    SCRATCH: {"epochs": 12, "batch": 16, "lr": 2e-3, "beams": 5, "max_length": 128},
}


@dataclass(frozen=True)
class Trained:
    """What a training has made. `save` fills an empty folder; `report` is plain JSON; `model` tells of the weights."""

    save: Callable[[Path], None]
    model: Mapping[str, Any]
    report: dict[str, Any]
    measured: KeywordReport
    rules: KeywordReport


def split(tagged: Sequence[Tagged], seed: int) -> tuple[list[Tagged], list[Tagged]]:
    """The questions to learn from, and one in HELD_OUT to measure on; what is asked twice is on one side only.

    Raises MundapError if there are too few.
    """
    groups = sorted({squash(one.question) for one in tagged})
    if len(groups) < FEWEST:
        raise MundapError(
            f"학습 데이터가 부족합니다: 서로 다른 질문 {len(groups)}개(최소 {FEWEST}개 필요). 키워드가 있는 질문을 추가하세요."
        )
    held = set(random.Random(seed).sample(groups, math.ceil(len(groups) / HELD_OUT)))
    parts: tuple[list[Tagged], list[Tagged]] = ([], [])
    for one in tagged:
        parts[squash(one.question) in held].append(one)
    return parts


def train_keywords(
    tagged: Sequence[Tagged],
    recipe: Recipe,
    rules: Extract,
    work: Path,
    *,
    resume: bool = False,
    report_to: str = "none",
    logs: Path | None = None,
    progress: Progress = quiet,
) -> Trained | None:
    """Train on nine questions of ten; keep the epoch with the best F1 on the others, and compare it with `rules`.

    `work` holds the split and the checkpoints until the caller removes it; with `resume` the newest whole one is gone
    on from. None in every process but the first, under torchrun. Raises MundapError for too few questions, for a
    resumption with another recipe or other data, and for a base that cannot be had.
    """
    torch = need("torch", extra="train")
    transformers = quiet_transformers()
    need("accelerate", extra="train")
    first = World.around().first
    learned, held = split(tagged, recipe.seed)
    wanted = {**asdict(recipe), "data": digest(keywords_tsv(learned), keywords_tsv(held))}
    checkpoint = begin_trainer(work, wanted, resume, first)
    if first:
        write_atomically(work / TRAIN, keywords_tsv(learned))
        write_atomically(work / HELD, keywords_tsv(held))

    transformers.set_seed(recipe.seed)
    words, model = _model(recipe, learned, checkpoint)
    writing = _writing(words, model, recipe, learned)
    spelling = Spelling(words.backend_tokenizer, writing.end, writing.most_in)
    model.generation_config = transformers.GenerationConfig(
        decoder_start_token_id=writing.start,
        bos_token_id=model.config.bos_token_id,
        eos_token_id=writing.end,
        pad_token_id=model.config.pad_token_id,
        num_beams=writing.beams,
        early_stopping=writing.beams > 1,
        max_length=writing.most_out,
    )

    def measured(extract: Extract, resamples: int = RESAMPLES) -> KeywordReport:
        return evaluate_keywords(held, extract, resamples=resamples)

    pad = model.config.pad_token_id

    def unpadded(tokens: Sequence[int]) -> tuple[int, ...]:
        return tuple(token for token in tokens if token >= 0 and token != pad)

    def figures(predicted: Any) -> dict[str, float]:
        """By what was read: with several processes some rows come twice."""
        rows = zip(predicted.inputs.tolist(), predicted.predictions.tolist(), strict=True)
        found = {unpadded(read): parted(spelling.decode(unpadded(written))) for read, written in rows}
        means = measured(
            lambda texts: [found[unpadded(spelling.encode(text))] for text in texts], resamples=2
        ).figures.means
        return {metric: means[metric] for metric in METRICS}

    trainer = transformers.Seq2SeqTrainer(
        model=model,
        args=_arguments(transformers, torch, recipe, work),
        train_dataset=_rows(spelling, learned),
        eval_dataset=_rows(spelling, held),
        data_collator=lambda rows: _batch(torch, rows, pad),
        processing_class=words,
        compute_metrics=figures,
        callbacks=[_watcher(transformers, progress), *_reporters(transformers, report_to, logs, first)],
    )
    trainer.remove_callback(transformers.PrinterCallback)
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if not first:
        return None

    best = trainer.model.eval()

    def write(texts: Sequence[str]) -> list[list[str]]:
        found: list[list[str]] = []
        for start in range(0, len(texts), _EVALUATED):
            rows = [{"input_ids": spelling.encode(text)} for text in texts[start : start + _EVALUATED]]
            batch = {name: values.to(best.device) for name, values in _batch(torch, rows, pad).items()}
            with torch.inference_mode():
                found += [parted(spelling.decode(ids)) for ids in best.generate(**batch).tolist()]
        return found

    ours, theirs = measured(write), measured(rules)
    change = paired_difference(*([one.measures["f1"] for one in report.per_question] for report in (theirs, ours)))
    epochs = [
        {"epoch": round(entry["epoch"]), **{metric: entry[f"eval_{metric}"] for metric in METRICS}}
        for entry in trainer.state.log_history
        if "eval_f1" in entry
    ]
    report = {
        "learned": len(learned),
        "held_out": len(held),
        "model": ours.figures.as_json(),
        "rules": theirs.figures.as_json(),
        "difference": {"f1": change.mean, "ci95": list(change.ci95), "p": change.p_value},
        "epochs": epochs,
    }

    def save(folder: Path) -> None:
        best.save_pretrained(folder)
        words.save_pretrained(folder)
        writing.save(folder)
        for name in (TRAIN, HELD):
            shutil.copyfile(work / name, folder / name)

    about = {"recipe": asdict(recipe), "parameters": sum(weights.numel() for weights in best.parameters())}
    return Trained(save, about, report, ours, theirs)


def worth_it(report: Mapping[str, Any]) -> bool:
    """Whether the model finds more than the rules do, beyond chance."""
    difference = report["difference"]
    return bool(difference["f1"] > 0 and difference["p"] < 0.05)


def _model(recipe: Recipe, learned: Sequence[Tagged], checkpoint: Path | None) -> tuple[Any, Any]:
    """The tokenizer and the model that training begins or goes on with. Raises MundapError."""
    transformers = quiet_transformers()
    if recipe.base == SCRATCH and checkpoint is None:
        texts = [text for one in learned for text in (one.question, joined(one.keywords))]
        made = new_tokenizer(texts)
        words = transformers.PreTrainedTokenizerFast(
            tokenizer_object=made, pad_token=PAD, bos_token=START, eos_token=END, clean_up_tokenization_spaces=False
        )
        return words, new_model(words, recipe.max_length)
    base = str(checkpoint or recipe.base)
    local = Path(base).is_dir()
    try:
        # Not AutoTokenizer, which spells for every BART as the first one did, whatever its tokenizer.json says.
        words = transformers.PreTrainedTokenizerFast.from_pretrained(base, local_files_only=local)
        model = transformers.AutoModelForSeq2SeqLM.from_pretrained(base, local_files_only=local)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise MundapError(
            f"베이스 모델 '{base}'을(를) 불러올 수 없습니다. 폴더나 허브 모델 이름과 네트워크 연결을 확인하세요."
            f" 인터넷 없이 학습하려면 --base {SCRATCH}을(를) 지정하세요. ({str(error).strip().splitlines()[0]})"
        ) from error
    if model.config.model_type != "bart":
        raise MundapError(
            f"베이스 모델 '{base}'은(는) {model.config.model_type} 모델입니다. BART 계열(예: {BASE})이나 {SCRATCH}을(를) 지정하세요."
        )
    return words, model


def _writing(words: Any, model: Any, recipe: Recipe, learned: Sequence[Tagged]) -> Writing:
    end = model.config.eos_token_id
    end = int(end[0] if isinstance(end, list) else end)
    start = model.config.decoder_start_token_id
    most = min(recipe.max_length, model.config.max_position_embeddings)
    spelling = Spelling(words.backend_tokenizer, end, most)
    longest = max(len(spelling.encode(joined(one.keywords))) for one in learned)
    return Writing(int(end if start is None else start), end, most, min(most, _ROOM * longest), recipe.beams)


def _arguments(transformers: Any, torch: Any, recipe: Recipe, work: Path) -> Any:
    return transformers.Seq2SeqTrainingArguments(
        output_dir=str(work),
        num_train_epochs=recipe.epochs,
        per_device_train_batch_size=recipe.batch,
        per_device_eval_batch_size=_EVALUATED,
        learning_rate=recipe.lr,
        lr_scheduler_type="linear",
        warmup_steps=recipe.warmup,
        max_grad_norm=recipe.clip,
        eval_strategy="epoch",
        save_strategy="epoch",
        save_total_limit=2,  # the best and the last
        load_best_model_at_end=True,
        metric_for_best_model="f1",
        greater_is_better=True,
        predict_with_generate=True,
        include_for_metrics=["inputs"],
        logging_steps=10,
        report_to="none",
        seed=recipe.seed,
        remove_unused_columns=False,
        label_names=["labels"],
        disable_tqdm=True,
        use_cpu=not torch.accelerator.is_available(),  # or processes under torchrun would not find each other
        dataloader_pin_memory=torch.cuda.is_available(),
    )


def _rows(spelling: Spelling, tagged: Sequence[Tagged]) -> list[dict[str, list[int]]]:
    return [
        {"input_ids": spelling.encode(one.question), "labels": spelling.encode(joined(one.keywords))} for one in tagged
    ]


def _batch(torch: Any, rows: Sequence[Mapping[str, list[int]]], pad: int) -> dict[str, Any]:
    """Tensors of one length; what is past the end of a row is masked, and no label."""
    filled = {"input_ids": pad, "labels": -100}
    batch = {}
    for name in rows[0]:
        width = max(len(row[name]) for row in rows)
        batch[name] = torch.tensor([row[name] + [filled[name]] * (width - len(row[name])) for row in rows])
    width = batch["input_ids"].shape[1]
    lengths = torch.tensor([len(row["input_ids"]) for row in rows])
    batch["attention_mask"] = (torch.arange(width) < lengths[:, None]).long()
    return batch


def _watcher(transformers: Any, progress: Progress) -> Any:
    """Shows how many steps of all are done."""

    class Watcher(transformers.TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            progress(state.global_step, state.max_steps)

    return Watcher()


def _reporters(transformers: Any, report_to: str, logs: Path | None, first: bool) -> list[Any]:
    """What shows the curves: TensorBoard into `logs`, or wandb."""
    if report_to == "none" or not first:
        return []
    integrations = need("transformers.integrations", extra="train")
    if report_to == "wandb":
        need("wandb", extra="train")
        return [integrations.WandbCallback()]
    writer = need("torch.utils.tensorboard", extra="train").SummaryWriter(log_dir=str(logs))
    return [integrations.TensorBoardCallback(tb_writer=writer)]
