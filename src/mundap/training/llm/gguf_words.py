"""A tokenizer of transformers in the fields of a GGUF file, for those that llama.cpp spells in the same way.

Two kinds: pieces with byte fallback, as SentencePiece's BPE makes them (Llama 2, Mistral, Gemma), and byte-level BPE
(GPT-NeoX, Polyglot-Ko, Llama 3).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mundap.errors import MundapError
from mundap.extras import Untyped
from mundap.training.common.untyped import Tokenizer

# How llama.cpp names the ways to cut a text into words before it is merged, by their regular expression in tokenizer.json.
_LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_CUTS = {_LLAMA3: "llama-bpe", _LLAMA3.replace("{1,3}", ""): "qwen2"}
_META = "\u2581"  # SentencePiece's blank

Spec = Mapping[str, Any]  # an object in a tokenizer.json


def add_words(writer: Untyped, kinds: Untyped, words: Tokenizer, size: int, ends: tuple[int, ...]) -> None:
    """Write the `size` tokens that the model has rows for, and those at which it stops, the first one before the others.

    `writer` is a gguf.GGUFWriter, `kinds` gguf.TokenType. Raises MundapError for a tokenizer of another kind.
    """
    found = json.loads(words.backend_tokenizer.to_str())
    model = found["model"]
    if model["type"] != "BPE":
        raise MundapError(
            f"GGUF로 변환할 수 없는 토크나이저입니다({model['type']}). 지원하는 토크나이저: BPE(Llama, Gemma, GPT-NeoX)."
        )
    spelled = {place: piece for piece, place in model["vocab"].items()}
    added = {one["id"]: one for one in found["added_tokens"]}
    spelled |= {place: one["content"] for place, one in added.items()}
    tokens = [spelled.get(place, f"[PAD{place}]") for place in range(size)]
    types = [_type(kinds, place, spelled, added, model) for place in range(size)]
    if model.get("byte_fallback"):
        _add_pieces(writer, found, tokens, types)
    else:
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre(_cut(found["pre_tokenizer"]))
        writer.add_token_list(tokens)
        writer.add_token_types(types)
        writer.add_token_merges([pair if isinstance(pair, str) else " ".join(pair) for pair in model["merges"]])
    _add_marks(writer, words, ends)


def _add_pieces(writer: Untyped, found: Spec, tokens: list[str], types: list[int]) -> None:
    """Pieces with scores: what is merged earlier has a higher one, which is all that llama.cpp compares."""
    ranks: dict[str, int] = {}
    for rank, pair in enumerate(found["model"]["merges"]):
        ranks.setdefault("".join(pair.split(" ") if isinstance(pair, str) else pair), rank)
    last = len(ranks) + len(found["model"]["merges"])
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_scores([-float(ranks.get(token, last)) for token in tokens])
    writer.add_token_types(types)
    writer.add_add_space_prefix(_prefixed(found))


def _prefixed(found: Spec) -> bool:
    """Whether a blank is put before a text."""
    steps = [found["normalizer"], found["pre_tokenizer"]]
    inner = [step for one in steps if one for step in one.get("normalizers", one.get("pretokenizers", [one]))]
    return any(
        step.get("prepend") == _META
        or (step["type"] == "Metaspace" and step.get("prepend_scheme", "always") != "never")
        for step in inner
    )


def _type(kinds: Untyped, place: int, spelled: dict[int, str], added: Mapping[int, Spec], model: Spec) -> int:
    kind = kinds.NORMAL
    if place not in spelled:
        kind = kinds.UNUSED
    elif spelled[place] == model.get("unk_token") and model.get("byte_fallback"):
        kind = kinds.UNKNOWN
    elif place in added:
        kind = kinds.CONTROL if added[place]["special"] else kinds.USER_DEFINED
    elif model.get("byte_fallback") and len(spelled[place]) == 6 and spelled[place].startswith("<0x"):
        kind = kinds.BYTE
    return int(kind)


def _cut(pre: Spec | None) -> str:
    steps = (pre or {}).get("pretokenizers", [pre or {"type": "None"}])
    if len(steps) == 1 and steps[0]["type"] == "ByteLevel" and steps[0].get("use_regex", True):
        return "gpt-2"
    patterns = [step["pattern"].get("Regex", "") for step in steps if step["type"] == "Split"]
    if len(patterns) == 1 and patterns[0] in _CUTS:
        return _CUTS[patterns[0]]
    raise MundapError(
        f"이 토크나이저의 사전 토큰화(pre-tokenizer) 방식은 GGUF 변환을 지원하지 않습니다({json.dumps(pre, ensure_ascii=False):.120})."
        " mundap export merged로 내보낸 폴더를 llama.cpp의 convert_hf_to_gguf.py로 변환하세요."
    )


def _add_marks(writer: Untyped, words: Tokenizer, ends: tuple[int, ...]) -> None:
    named = {
        "bos": words.bos_token_id,
        "unk": words.unk_token_id,
        "pad": words.pad_token_id,
        "eos": ends[0] if ends else words.eos_token_id,
        "eot": ends[1] if len(ends) > 1 else None,
    }
    for name, place in named.items():
        if place is not None:
            getattr(writer, f"add_{name}_token_id")(place)
    first = words("가").input_ids[:1]
    writer.add_add_bos_token(words.bos_token_id is not None and first == [words.bos_token_id])
    writer.add_add_eos_token(False)
    if words.chat_template:
        writer.add_chat_template(words.chat_template)
