"""What every trainer of a language model shares: the adapter, what of the model is trained, and where it is kept."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from mundap.extras import Untyped, need
from mundap.generate.causal import place
from mundap.training.common.untyped import Model, Tokenizer
from mundap.training.llm.config import DPOConfig, RewardConfig
from mundap.types import Json

_LOGGED = 5  # steps
ADAPTER, MODEL = "adapter", "model"  # folders of a trained model: LoRA, or all weights


@dataclass(frozen=True)
class Lora:
    """Low-rank matrices beside every linear layer but the last (Hu et al., ICLR 2022), `alpha` / `r` times their product."""

    r: int = 8
    alpha: int = 16
    dropout: float = 0.0


def lora_config(lora: Lora, task: str = "CAUSAL_LM") -> Untyped:
    """What peft makes a fresh adapter by; `task` is one of its."""
    return need("peft", extra="train").LoraConfig(
        r=lora.r,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules="all-linear",
        task_type=task,
    )


def with_lora(model: Model, lora: Lora, task: str = "CAUSAL_LM") -> Model:
    """The model with a fresh adapter, which alone is trained; at first it changes nothing. `task` is one of peft's."""
    peft = need("peft", extra="train")
    if getattr(model, "is_loaded_in_4bit", False) or getattr(model, "is_loaded_in_8bit", False):
        model = peft.prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
    return peft.get_peft_model(model, lora_config(lora, task))


def trainable(model: Model) -> dict[str, int]:
    """`{"trainable", "parameters"}`: how many weights learn, and how many there are; tied ones count once.

    Of weights in 4 bits two are packed into one number, and counted as two.
    """
    counted = {"trainable": 0, "parameters": 0}
    for weights in model.parameters():
        many = weights.numel() * (2 if weights.__class__.__name__ == "Params4bit" else 1)
        counted["parameters"] += many
        counted["trainable"] += many if weights.requires_grad else 0
    return counted


def kept_adapter(folder: Path) -> Path | None:
    """The adapter of a trained model; None if all its weights were trained, or it has been merged."""
    return folder / ADAPTER if (folder / ADAPTER).is_dir() else None


def fast_causal(base: str, models: Path, bits: int, max_tokens: int, lora: Lora, seed: int) -> Model | None:
    """The base with a fresh adapter by Unsloth, whose kernels halve the time of a step; None without it or a GPU."""
    torch = need("torch", extra="train")
    if torch.cuda.is_available() and find_spec("unsloth") is not None:
        fast = need("unsloth", extra="train").FastLanguageModel
        model, _ = fast.from_pretrained(
            model_name=place(base, models)[0], max_seq_length=max_tokens, load_in_4bit=bits == 4, dtype=None
        )
        return fast.get_peft_model(
            model, r=lora.r, lora_alpha=lora.alpha, lora_dropout=lora.dropout, bias="none", random_state=seed,
            target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
        )  # fmt: skip
    return None


def save_adapter(model: Model, words: Tokenizer, base: str, folder: Path) -> None:
    """Write what was learned into `folder` as `kept_adapter` finds it, with its tokenizer and the name of its base."""
    model.peft_config["default"].base_model_name_or_path = base
    model.save_pretrained(folder / ADAPTER, selected_adapters=["default"])
    words.save_pretrained(folder / ADAPTER)


def paced(config: RewardConfig | DPOConfig, work: Path) -> dict[str, Json]:
    """What TRL's trainers of pairs are told alike: the pace, the checkpoints in `work`, and to be silent."""
    torch = need("torch", extra="train")
    return {
        "output_dir": str(work),
        "num_train_epochs": config.epochs,
        "per_device_train_batch_size": config.batch,
        "learning_rate": config.lr,
        "lr_scheduler_type": "linear",
        "warmup_steps": config.warmup,
        "save_strategy": "steps",
        "save_steps": config.every,
        "save_total_limit": 2,
        "logging_steps": _LOGGED,
        "disable_dropout": False,
        "gradient_checkpointing": False,
        "bf16": False,
        "report_to": "none",
        "seed": config.seed,
        "disable_tqdm": True,
        "use_cpu": not torch.accelerator.is_available(),
        "dataloader_pin_memory": torch.cuda.is_available(),
        "ddp_find_unused_parameters": False,
    }
