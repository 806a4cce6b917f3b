"""Language models of two layers with random weights, and a tokenizer of the sample's words, for tests."""

from __future__ import annotations

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


def words(texts: Sequence[str] = (), chat: bool = False, size: int = 1600) -> Any:
    """A byte-level BPE tokenizer; with `chat` it has a template, whose turns end with <|im_end|>."""
    import tokenizers as kinds
    import transformers

    sample = [
        path.read_text("utf-8", "ignore")
        for path in sorted(SAMPLE.rglob("*.*"))
        if path.suffix in (".csv", ".md", ".txt")
    ]
    made = kinds.Tokenizer(kinds.models.BPE())
    made.pre_tokenizer = kinds.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = kinds.decoders.ByteLevel()
    marks = ["<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>"]
    trainer = kinds.trainers.BpeTrainer(
        vocab_size=size, special_tokens=marks, show_progress=False,
        initial_alphabet=kinds.pre_tokenizers.ByteLevel.alphabet(),
    )  # fmt: skip
    rules = [m["content"] for m in messages("", (), (), "")]  # in every prompt: they must not be long
    made.train_from_iterator([*sample, *rules * 20, *texts], trainer)
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, unk_token="<unk>", bos_token="<s>", eos_token="<|im_end|>" if chat else "</s>",
        chat_template=CHATML if chat else None,
    )  # fmt: skip


def llama(folder: Path, chat: bool = False) -> Path:
    """A folder with a Llama."""
    import transformers

    return _saved(folder, transformers.LlamaForCausalLM, transformers.LlamaConfig, chat, num_key_value_heads=2)


def neox(folder: Path) -> Path:
    """A folder with a GPT-NeoX."""
    import transformers

    return _saved(folder, transformers.GPTNeoXForCausalLM, transformers.GPTNeoXConfig, False)


def _saved(folder: Path, kind: Any, config: Any, chat: bool, **more: Any) -> Path:
    import torch

    spelling = words(chat=chat)
    torch.manual_seed(0)
    made = config(
        vocab_size=len(spelling), bos_token_id=spelling.bos_token_id, eos_token_id=spelling.eos_token_id, **_SIZES, **more
    )  # fmt: skip
    kind(made).save_pretrained(folder)
    spelling.save_pretrained(folder)
    return folder
