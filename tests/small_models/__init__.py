"""Language models of two layers with random weights, and a tokenizer of the sample's words, for tests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mundap
from mundap.generate.prompt import messages

SAMPLE = Path(mundap.__file__).parent / "examples" / "customs-mini"
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_SIZES: dict[str, Any] = {
    "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
    "max_position_embeddings": 1024,
}  # fmt: skip


def _sample() -> list[str]:
    paths = [path for path in sorted(SAMPLE.rglob("*.*")) if path.suffix in (".csv", ".md", ".txt")]
    return [path.read_text("utf-8", "ignore") for path in paths]


# Where Qwen cuts a text into words.
QWEN = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


def words(texts: Sequence[str] = (), chat: bool = False, size: int = 1600, cut: str = "") -> Any:
    """A byte-level BPE tokenizer; with `chat` it has a template, whose turns end with <|im_end|>. `cut` is the expression by
    which it cuts a text into words."""
    import tokenizers as kinds
    import transformers

    made = kinds.Tokenizer(kinds.models.BPE())
    made.pre_tokenizer = kinds.pre_tokenizers.ByteLevel(add_prefix_space=False)
    if cut:
        made.pre_tokenizer = kinds.pre_tokenizers.Sequence(
            [
                kinds.pre_tokenizers.Split(kinds.Regex(cut), "isolated"),
                kinds.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
    made.decoder = kinds.decoders.ByteLevel()
    marks = ["<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>"]
    trainer = kinds.trainers.BpeTrainer(
        vocab_size=size, special_tokens=marks, show_progress=False,
        initial_alphabet=kinds.pre_tokenizers.ByteLevel.alphabet(),
    )  # fmt: skip
    rules = [m["content"] for m in messages("", (), (), "")]  # in every prompt: they must not be long
    made.train_from_iterator([*_sample(), *rules * 20, *texts], trainer)
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, unk_token="<unk>", bos_token="<s>", eos_token="<|im_end|>" if chat else "</s>",
        chat_template=CHATML if chat else None,
    )  # fmt: skip


def pieces(texts: Sequence[str] = (), size: int = 1600) -> Any:
    """A tokenizer of SentencePiece's kind: blanks are letters, and what is unknown is spelled in bytes."""
    import tokenizers as kinds
    import transformers

    made = kinds.Tokenizer(kinds.models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    made.normalizer = kinds.normalizers.Replace(" ", "\u2581")
    made.decoder = kinds.decoders.Sequence(
        [kinds.decoders.Replace("\u2581", " "), kinds.decoders.ByteFallback(), kinds.decoders.Fuse()]
    )
    marks = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    trainer = kinds.trainers.BpeTrainer(vocab_size=size, special_tokens=marks[:3], show_progress=False)
    made.train_from_iterator([*_sample(), *texts], trainer)
    found = json.loads(made.to_str())
    last = len(found["model"]["vocab"])
    found["model"]["vocab"] |= {mark: last + n for n, mark in enumerate(marks[3:])}
    made = kinds.Tokenizer.from_str(json.dumps(found))
    made.post_processor = kinds.processors.TemplateProcessing("<s> $A", "<s> $A $B", [("<s>", 1)])
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, unk_token="<unk>", bos_token="<s>", eos_token="</s>"
    )


def llama(folder: Path, chat: bool = False) -> Path:
    """A folder with a Llama."""
    return model(folder, "llama", words(chat=chat), num_key_value_heads=2)


def model(folder: Path, kind: str, spelling: Any, **more: Any) -> Path:
    """A folder with a model of the kind that transformers calls so."""
    import torch
    import transformers

    torch.manual_seed(0)
    config = transformers.AutoConfig.for_model(
        kind, vocab_size=len(spelling), bos_token_id=spelling.bos_token_id, eos_token_id=spelling.eos_token_id,
        **_SIZES, **more,
    )  # fmt: skip
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    spelling.save_pretrained(folder)
    return folder
