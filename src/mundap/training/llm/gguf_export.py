"""A language model of transformers as one GGUF file, which llama.cpp reads: the Llama, Qwen, Gemma and GPT-NeoX families.

Weights are read and written one by one, so that a model need not fit into memory twice. Names of tensors and fields are
those of the package gguf; what each family needs besides is as in llama.cpp's convert_hf_to_gguf.py.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from mundap.errors import MundapError, UnknownName
from mundap.extras import Untyped, need, quiet_transformers
from mundap.generate.causal import generation_config, load_words, stops
from mundap.training.llm.gguf_words import add_words

TYPES = {"f32": "F32", "f16": "F16", "q8_0": "Q8_0"}
_ENDINGS, _EMBEDDED = (".weight", ".bias"), "token_embd.weight"
_BLOCK = 32  # weights that share a scale in Q8_0

Array = npt.NDArray[np.float32]
Config = Mapping[str, Any]


@dataclass(frozen=True)
class Family:
    """How a family is called in GGUF, its own fields, and how its tensors differ; `shape` gives a tensor as it is there."""

    arch: str
    fields: Callable[[Untyped, Config], None]
    shape: Callable[[str, Array, Config], Array]


def export_gguf(folder: Path, out: Path, kind: str = "q8_0", name: str = "") -> None:
    """Write the model in `folder` as the file `out`, with weights of `kind`, one of TYPES; vectors stay float32.

    The file is whole or not there. Raises MundapError for another family or tokenizer, UnknownName for another kind.
    """
    if kind not in TYPES:
        raise UnknownName("type", kind, TYPES)
    gguf = need("gguf", extra="train")
    quiet_transformers()
    config = json.loads((folder / "config.json").read_text("utf-8"))
    family = FAMILIES.get(config["model_type"])
    if family is None:
        raise MundapError(
            f"{config['model_type']} 모델은 GGUF 변환을 지원하지 않습니다. 지원하는 모델: {', '.join(sorted(FAMILIES))}."
            " mundap export merged로 내보낸 폴더를 llama.cpp의 convert_hf_to_gguf.py로 변환하세요."
        )
    layers = config["num_hidden_layers"]
    names = gguf.get_tensor_name_map(_arch(gguf, family.arch), layers)
    words = load_words(str(folder), folder.parent)
    aside = out.with_name(f".{out.name}")
    writer = gguf.GGUFWriter(aside, family.arch)
    writer.add_name(name or folder.name)
    writer.add_file_type(getattr(gguf.LlamaFileType, "ALL_F32" if kind == "f32" else f"MOSTLY_{TYPES[kind]}"))
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(layers)
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    family.fields(writer, config)
    rows = next(shape[0] for called, shape in _shapes(folder) if names.get_name(called, _ENDINGS) == _EMBEDDED)
    last = stops(generation_config(str(folder), folder.parent), words)
    add_words(writer, gguf.TokenType, words, rows, last)
    plan = list(_plan(gguf, names, folder, kind, config))
    extra = _frequencies(config)
    if extra is not None:
        writer.add_tensor_info("rope_freqs.weight", extra.shape, extra.dtype, extra.nbytes)
    for _, ours, shape, quantised in plan:
        kinds = gguf.GGMLQuantizationType
        sizes = gguf.quants.quant_shape_to_byte_shape(shape, kinds.Q8_0) if quantised is kinds.Q8_0 else shape
        width = {kinds.F32: np.float32, kinds.F16: np.float16, kinds.Q8_0: np.uint8}[quantised]
        many = math.prod(sizes) * np.dtype(width).itemsize
        writer.add_tensor_info(ours, sizes, np.dtype(width), many, raw_dtype=quantised)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    if extra is not None:
        writer.write_tensor_data(extra)
    tensors = dict(_tensors(folder))
    for called, _, _, quantised in plan:
        values = family.shape(called, tensors[called](), config)
        writer.write_tensor_data(gguf.quants.quantize(values, quantised))
    writer.close()
    aside.replace(out)


def _plan(
    gguf: ModuleType, names: Untyped, folder: Path, kind: str, config: Config
) -> Iterator[tuple[str, str, tuple[int, ...], Untyped]]:
    """Of each tensor: its name, its name in GGUF, its shape, and what its weights become."""
    kinds = gguf.GGMLQuantizationType
    tied = config.get("tie_word_embeddings", False)
    for called, shape in _shapes(folder):
        ours = names.get_name(called, _ENDINGS)
        if called.endswith(_COMPUTED) or (tied and ours == "output.weight"):
            continue
        if ours is None:
            raise MundapError(f"{folder}: 텐서 {called}에 해당하는 GGUF 텐서가 없어 이 모델은 변환할 수 없습니다.")
        quantised = getattr(kinds, TYPES[kind])
        if len(shape) == 1:
            quantised = kinds.F32
        elif quantised is kinds.Q8_0 and shape[-1] % _BLOCK:
            quantised = kinds.F16
        yield called, ours, shape, quantised


_COMPUTED = (".rotary_emb.inv_freq", ".attention.bias", ".attention.masked_bias")  # no weights


def _files(folder: Path) -> list[Path]:
    found = sorted(folder.glob("*.safetensors"))
    if not found:
        raise MundapError(f"{folder}: safetensors 파일이 없습니다. mundap export merged로 다시 내보내세요.")
    return found


def _shapes(folder: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    safetensors = need("safetensors", extra="train")
    for path in _files(folder):
        with safetensors.safe_open(path, "pt") as file:
            for called in file.keys():  # noqa: SIM118 - no dictionary
                yield called, tuple(file.get_slice(called).get_shape())


def _tensors(folder: Path) -> Iterator[tuple[str, Callable[[], Array]]]:
    """Of each tensor what reads it, as float32."""
    safetensors = need("safetensors", extra="train")

    def read(path: Path, called: str) -> Array:
        with safetensors.safe_open(path, "pt") as file:
            values: Array = file.get_tensor(called).float().numpy()
            return values

    for path in _files(folder):
        with safetensors.safe_open(path, "pt") as file:
            for called in file.keys():  # noqa: SIM118 - no dictionary
                yield called, lambda path=path, called=called: read(path, called)  # type: ignore[misc]


def _arch(gguf: ModuleType, name: str) -> Untyped:
    return next(arch for arch, called in gguf.MODEL_ARCH_NAMES.items() if called == name)


def _head(config: Config) -> int:
    return int(config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"])


def _rope(config: Config) -> Config:
    """How places are turned; that of the layers that see everything, where there are two kinds."""
    found: Config = config.get("rope_parameters") or config.get("rope_scaling") or {}
    found = found.get("full_attention", found)
    base = {"rope_theta": config["rope_theta"]} if "rope_theta" in config else {}
    return {"rope_theta": 10000.0, "rope_type": "default", **base, **found}


def _common(writer: Untyped, config: Config) -> None:
    """What Llama and Gemma have in common."""
    rope = _rope(config)
    if rope["rope_type"] not in ("default", "linear", "llama3", "yarn"):
        raise MundapError(
            f"rope_type {rope['rope_type']}은(는) GGUF 변환을 지원하지 않습니다. 지원하는 값: default, linear, llama3, yarn."
        )
    writer.add_head_count_kv(config.get("num_key_value_heads") or config["num_attention_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(rope["rope_theta"])
    writer.add_key_length(_head(config))
    writer.add_value_length(_head(config))
    if rope["rope_type"] == "linear":
        writer.add_rope_scaling_type(need("gguf", extra="train").RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(rope["factor"])
    if rope["rope_type"] == "yarn":
        writer.add_rope_scaling_type(need("gguf", extra="train").RopeScalingType.YARN)
        writer.add_rope_scaling_factor(rope["factor"])
        writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])


def _llama_fields(writer: Untyped, config: Config) -> None:
    _common(writer, config)
    writer.add_vocab_size(config["vocab_size"])
    writer.add_rope_dimension_count(_head(config))


def _qwen_fields(writer: Untyped, config: Config) -> None:
    if config.get("use_sliding_window"):
        raise MundapError("use_sliding_window를 사용하는 Qwen 모델은 GGUF 변환을 지원하지 않습니다.")
    _common(writer, config)
    writer.add_vocab_size(config["vocab_size"])


def _gemma_fields(writer: Untyped, config: Config) -> None:
    _common(writer, config)
    if config["model_type"] != "gemma":
        if config.get("attn_logit_softcapping"):
            writer.add_attn_logit_softcapping(config["attn_logit_softcapping"])
        if config.get("final_logit_softcapping"):
            writer.add_final_logit_softcapping(config["final_logit_softcapping"])
        writer.add_sliding_window(config["sliding_window"])


def _neox_fields(writer: Untyped, config: Config) -> None:
    rope = _rope(config)
    share = rope.get("partial_rotary_factor", config.get("rotary_pct", 0.25))
    writer.add_rope_dimension_count(int(share * _head(config)))
    writer.add_rope_freq_base(config.get("rotary_emb_base", rope["rope_theta"]))
    writer.add_parallel_residual(config.get("use_parallel_residual", True))
    writer.add_layer_norm_eps(config.get("layer_norm_eps", 1e-5))


def _llama_shape(called: str, values: Array, config: Config) -> Array:
    """Rows of queries and keys in the order of llama.cpp, where the two numbers that turn together are neighbours."""
    heads = config["num_attention_heads"]
    if ".k_proj." in called:
        heads = config.get("num_key_value_heads") or heads
    elif ".q_proj." not in called:
        return values
    parts = values.reshape(heads, 2, values.shape[0] // heads // 2, *values.shape[1:])
    return np.ascontiguousarray(parts.swapaxes(1, 2).reshape(values.shape))


def _qwen_shape(called: str, values: Array, config: Config) -> Array:
    """As it is: the numbers that turn together stand half a head apart, in GGUF too."""
    return values


def _gemma_shape(called: str, values: Array, config: Config) -> Array:
    """Gemma adds one to the weights of its norms."""
    return values + np.float32(1) if called.endswith("norm.weight") else values


def _neox_shape(called: str, values: Array, config: Config) -> Array:
    """All queries, then all keys, then all values; in the model each head has its three together."""
    if ".query_key_value." not in called:
        return values
    parts = values.reshape(config["num_attention_heads"], 3, -1, *values.shape[1:])
    return np.ascontiguousarray(parts.swapaxes(0, 1).reshape(values.shape))


def _frequencies(config: Config) -> Array | None:
    """By what Llama 3.1 and later divide each frequency, to see further than they were trained for."""
    rope = _rope(config)
    if rope["rope_type"] != "llama3":
        return None
    half = np.arange(0, _head(config), 2, dtype=np.float64)
    lengths = 2 * math.pi * rope["rope_theta"] ** (half / _head(config))
    low, high, factor = rope["low_freq_factor"], rope["high_freq_factor"], rope["factor"]
    smooth = (rope["original_max_position_embeddings"] / lengths - low) / (high - low)
    found: Array = (1 / ((1 - smooth.clip(0, 1)) / factor + smooth.clip(0, 1))).astype(np.float32)
    return found


_GEMMA = {"gemma": "gemma", "gemma2": "gemma2", "gemma3_text": "gemma3"}
FAMILIES = {
    "llama": Family("llama", _llama_fields, _llama_shape),
    "mistral": Family("llama", _llama_fields, _llama_shape),
    "qwen2": Family("qwen2", _qwen_fields, _qwen_shape),
    "qwen3": Family("qwen3", _qwen_fields, _qwen_shape),
    "gpt_neox": Family("gptneox", _neox_fields, _neox_shape),
    **{theirs: Family(ours, _gemma_fields, _gemma_shape) for theirs, ours in _GEMMA.items()},
}
