"""A small BART and its tokenizer made from nothing, for machines that reach no hub (Lewis et al., ACL 2020).

The tokenizer merges jamo, not syllables: every Korean word can be read and written with pieces that were trained, also
one that no question held. What is neither is spelled in bytes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from mundap.extras import need
from mundap.training.common.untyped import Model, Tokenizer

PIECES = 2000  # at most; few questions make fewer
PAD, START, END = "<pad>", "<s>", "</s>"
JAMO = [
    chr(code) for first, after in ((0x1100, 0x1113), (0x1161, 0x1176), (0x11A8, 0x11C3)) for code in range(first, after)
]
# As tried in docs/experiments/2026-11-26-keywords-by-a-small-bart.md. With the usual init_std of .02 and scaled embeddings it wrote the same for all.
SIZES: dict[str, int | float | bool] = {
    "d_model": 128,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 512,
    "decoder_ffn_dim": 512,
    "dropout": 0.0,
    "attention_dropout": 0.0,
    "activation_dropout": 0.0,
    "init_std": 0.08,
    "scale_embedding": False,
}


def new_tokenizer(texts: Sequence[str], pieces: int = PIECES) -> Tokenizer:
    """A byte-pair tokenizer (Sennrich et al., ACL 2016) of these texts, a `tokenizers.Tokenizer`; it writes NFD."""
    kinds = need("tokenizers", extra="train")
    made = kinds.Tokenizer(kinds.models.BPE(byte_fallback=True))
    made.normalizer = kinds.normalizers.NFD()
    made.pre_tokenizer = kinds.pre_tokenizers.Sequence(
        [kinds.pre_tokenizers.Metaspace(), kinds.pre_tokenizers.Punctuation()]
    )
    made.decoder = kinds.decoders.Sequence(
        [kinds.decoders.ByteFallback(), kinds.decoders.Metaspace(), kinds.decoders.Fuse()]
    )
    spelled = [f"<0x{byte:02X}>" for byte in range(256)]
    trainer = kinds.trainers.BpeTrainer(
        vocab_size=pieces, special_tokens=[PAD, START, END, *spelled], initial_alphabet=JAMO, show_progress=False
    )
    made.train_from_iterator(texts, trainer)
    plain = json.loads(made.to_str())  # bytes are no special tokens any more: those are not written out
    plain["added_tokens"] = [token for token in plain["added_tokens"] if token["content"] not in spelled]
    return kinds.Tokenizer.from_str(json.dumps(plain))


def new_model(words: Tokenizer, longest: int) -> Model:
    """A BART with random weights over the pieces of `words`, which reads at most `longest` of them."""
    transformers = need("transformers", extra="train")
    number = words.convert_tokens_to_ids
    config = transformers.BartConfig(
        vocab_size=len(words),
        max_position_embeddings=longest,
        pad_token_id=number(PAD),
        bos_token_id=number(START),
        eos_token_id=number(END),
        decoder_start_token_id=number(END),
        forced_eos_token_id=None,
        **SIZES,
    )
    return transformers.BartForConditionalGeneration(config)
