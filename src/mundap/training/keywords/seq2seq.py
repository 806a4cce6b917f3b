"""Train a BART to write the keywords of a question, and measure it on held-out questions before it is kept.

From top to bottom: the report, the split, the model, the loop, the measurement. The loop is transformers'
Seq2SeqTrainer, so the same command runs on a CPU, on one GPU, and on several under torchrun.
"""

from __future__ import annotations

import math
import random
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from mundap.errors import MundapError
from mundap.evaluation.bootstrap import RESAMPLES
from mundap.evaluation.estimates import Comparisons, compare_each
from mundap.evaluation.keywords import Extract, KeywordReport, Tagged, evaluate_keywords, keywords_tsv
from mundap.extras import Untyped, need, quiet_transformers
from mundap.files import digest, write_atomically
from mundap.korean.keyword_model import Spelling, Writing, joined, parted
from mundap.korean.normalize import squash
from mundap.protocols import Progress, quiet
from mundap.training.common.checkpoints import begin_trainer
from mundap.training.common.curves import Watch, callback, unheard
from mundap.training.common.distributed import World
from mundap.training.common.measure import verdict_on
from mundap.training.common.registry import Trained, Verdict
from mundap.training.common.untyped import Model, Tensor, Tokenizer
from mundap.training.keywords.bart import END, PAD, START, new_model, new_tokenizer
from mundap.training.keywords.config import KOBART, SCRATCH, KeywordsConfig, Values
from mundap.types import Json

HELD_OUT = 10  # one question in so many
FEWEST = 20  # questions
TRAIN, HELD = "train.tsv", "heldout.tsv"
METRICS = ("exact", "precision", "recall", "f1")
_EVALUATED = 32  # questions at once
_ROOM = 2  # a model may write so many times as many tokens as the longest label


@dataclass(frozen=True)
class Seq2seqReport:
    """What a model finds in held-out questions, and what the rules do; `comparisons` are before and after of METRICS.

    `learned` counts the questions that it was trained on. `epochs` has the METRICS after each.
    """

    learned: int
    model: KeywordReport
    rules: KeywordReport
    comparisons: Comparisons
    epochs: tuple[Mapping[str, float], ...]

    @property
    def held_out(self) -> int:
        """How many questions were measured on."""
        return len(self.model.per_question)

    @property
    def verdict(self) -> Verdict:
        """Whether the model finds more than the rules do, beyond chance."""
        return verdict_on(self.comparisons["f1"].difference)

    def to_json(self) -> dict[str, Json]:
        """`{"learned", "held_out", "model", "rules", "difference", "epochs"}`; the difference is that of F1."""
        change = self.comparisons["f1"].difference
        return {
            "learned": self.learned,
            "held_out": self.held_out,
            "model": self.model.figures.to_json(),
            "rules": self.rules.figures.to_json(),
            "difference": {"f1": change.mean, "ci95": [change.low, change.high], "p": change.p},
            "epochs": self.epochs,
        }


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
    config: KeywordsConfig,
    rules: Extract,
    work: Path,
    *,
    resume: bool = False,
    watch: Watch = unheard,
    progress: Progress = quiet,
) -> Trained[Seq2seqReport] | None:
    """Train on nine questions of ten; keep the epoch with the best F1 on the others, and compare it with `rules`.

    `work` holds the split and the checkpoints until the caller removes it; with `resume` the newest whole one is gone
    on from. None in every process but the first, under torchrun. Raises MundapError for too few questions, for a
    resumption with another config or other data, and for a base that cannot be had.
    """
    torch = need("torch", extra="train")
    transformers = quiet_transformers()
    need("accelerate", extra="train")
    first = World.around().first
    config = config.settled()
    learned, held = split(tagged, config.seed)
    wanted = {**config.to_card(), "data": digest(keywords_tsv(learned), keywords_tsv(held))}
    checkpoint = begin_trainer(work, wanted, resume, first)
    if first:
        write_atomically(work / TRAIN, keywords_tsv(learned))
        write_atomically(work / HELD, keywords_tsv(held))

    transformers.set_seed(config.seed)
    words, model = _model(config, learned, checkpoint)
    writing = _writing(words, model, config.values, learned)
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

    def figures(predicted: Untyped) -> dict[str, float]:
        """By what was read: with several processes some rows come twice."""
        rows = zip(predicted.inputs.tolist(), predicted.predictions.tolist(), strict=True)
        found = {unpadded(read): parted(spelling.decode(unpadded(written))) for read, written in rows}
        means = measured(
            lambda texts: [found[unpadded(spelling.encode(text))] for text in texts], resamples=2
        ).figures.means
        return {metric: means[metric] for metric in METRICS}

    trainer = transformers.Seq2SeqTrainer(
        model=model,
        args=_arguments(transformers, torch, config, work),
        train_dataset=_rows(spelling, learned),
        eval_dataset=_rows(spelling, held),
        data_collator=lambda rows: _batch(torch, rows, pad),
        processing_class=words,
        compute_metrics=figures,
        callbacks=[callback(transformers, progress, watch)],
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
    rows = ([[one.measures[metric] for metric in METRICS] for one in side.per_question] for side in (theirs, ours))
    epochs = tuple(
        {"epoch": round(entry["epoch"]), **{metric: entry[f"eval_{metric}"] for metric in METRICS}}
        for entry in trainer.state.log_history
        if "eval_f1" in entry
    )
    report = Seq2seqReport(len(learned), ours, theirs, compare_each(METRICS, *rows), epochs)

    def save(folder: Path) -> None:
        best.save_pretrained(folder)
        words.save_pretrained(folder)
        writing.save(folder)
        for name in (TRAIN, HELD):
            shutil.copyfile(work / name, folder / name)

    about = {"recipe": config.to_card(), "parameters": sum(weights.numel() for weights in best.parameters())}
    return Trained(save, about, report)


def _model(config: KeywordsConfig, learned: Sequence[Tagged], checkpoint: Path | None) -> tuple[Tokenizer, Model]:
    """The tokenizer and the model that training begins or goes on with. Raises MundapError."""
    transformers = quiet_transformers()
    if config.base == SCRATCH and checkpoint is None:
        texts = [text for one in learned for text in (one.question, joined(one.keywords))]
        made = new_tokenizer(texts)
        words = transformers.PreTrainedTokenizerFast(
            tokenizer_object=made, pad_token=PAD, bos_token=START, eos_token=END, clean_up_tokenization_spaces=False
        )
        return words, new_model(words, config.values.max_length)
    base = str(checkpoint or config.base)
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
            f"베이스 모델 '{base}'은(는) {model.config.model_type} 모델입니다. BART 계열(예: {KOBART})이나 {SCRATCH}을(를) 지정하세요."
        )
    return words, model


def _writing(words: Tokenizer, model: Model, values: Values, learned: Sequence[Tagged]) -> Writing:
    end = model.config.eos_token_id
    end = int(end[0] if isinstance(end, list) else end)
    start = model.config.decoder_start_token_id
    most = min(values.max_length, model.config.max_position_embeddings)
    spelling = Spelling(words.backend_tokenizer, end, most)
    longest = max(len(spelling.encode(joined(one.keywords))) for one in learned)
    return Writing(int(end if start is None else start), end, most, min(most, _ROOM * longest), values.beams)


def _arguments(transformers: ModuleType, torch: ModuleType, config: KeywordsConfig, work: Path) -> Untyped:
    return transformers.Seq2SeqTrainingArguments(
        output_dir=str(work),
        num_train_epochs=config.epochs,
        per_device_train_batch_size=config.batch,
        per_device_eval_batch_size=_EVALUATED,
        learning_rate=config.lr,
        lr_scheduler_type="linear",
        warmup_steps=config.warmup,
        max_grad_norm=config.clip,
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
        seed=config.seed,
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


def _batch(torch: ModuleType, rows: Sequence[Mapping[str, list[int]]], pad: int) -> dict[str, Tensor]:
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
