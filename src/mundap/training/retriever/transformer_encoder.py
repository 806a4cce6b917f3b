"""Transformers that turn text into vectors, in training: loaded by name, pooled, blended, and saved for others to read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from mundap.encode import ENCODERS, KINDS
from mundap.encode.layout import poolings_in, prompts_in
from mundap.encode.options import Options
from mundap.encode.prompts import chosen
from mundap.encode.settings import EncoderSettings
from mundap.errors import ConfigError, MundapError
from mundap.extras import need, quiet_transformers
from mundap.files import written_once
from mundap.generate.causal import BASES
from mundap.korean.normalize import normalize
from mundap.protocols import Vectors
from mundap.training.common.untyped import Device, Model, Tensor, Tokenizer
from mundap.training.retriever.e5 import write_e5

E5 = "e5-small"
ST = "st:"  # a base may be named as an encoder is
TRAINED_POOLINGS = ("mean", "cls", "lasttoken")
AT_ONCE = 16  # texts, where nothing is learned
REMEMBERED = 1 << 30  # bytes of what frozen layers gave


@dataclass(frozen=True)
class Tower:
    """A model of transformers and its `tokenizers.Tokenizer`. `reading` says how text goes in and a vector comes out.

    Word vectors and the lowest `frozen` layers are not trained (-1: all are); what they make of a text is kept in `below`.
    """

    model: Model
    words: Tokenizer
    reading: EncoderSettings
    frozen: int = -1
    below: dict[tuple[int, ...], Tensor] = field(default_factory=dict, compare=False, repr=False)

    def tokens(self, texts: Sequence[str], prompt: str, most: int) -> list[list[int]]:
        """Each text after its prompt, with the marks that the model knows, cut to `most` tokens."""
        room = most - self.words.num_special_tokens_to_add(False)
        spelled = self.words.encode_batch([prompt + normalize(text) for text in texts], add_special_tokens=False)
        for one in spelled:
            one.truncate(room)
        return [self.words.post_process(one).ids for one in spelled]

    def vectors(self, tokens: Sequence[Sequence[int]]) -> Tensor:
        """(n, dim), unit rows, with a gradient wherever the model has one."""
        torch = need("torch", extra="train")
        lengths = torch.tensor([len(row) for row in tokens], device=self.device)
        mask = (torch.arange(int(lengths.max()), device=self.device) < lengths[:, None]).long()
        if self.frozen < 0:
            states = self.model(input_ids=self._ids(torch, tokens), attention_mask=mask).last_hidden_state
        else:
            states = self._through(torch, self._below(torch, tokens), mask, range(self.frozen, self.layers))
        if self.reading.pooling == "mean":
            own = (states * mask[..., None]).sum(1) / lengths[:, None]
        else:
            place = lengths - 1 if self.reading.pooling == "lasttoken" else torch.zeros_like(lengths)
            own = states[torch.arange(len(tokens), device=self.device), place]
        return torch.nn.functional.normalize(own.float(), dim=-1)

    @property
    def device(self) -> Device:
        """Where the model is."""
        return next(self.model.parameters()).device

    @property
    def layers(self) -> int:
        """How many there are."""
        return len(self.model.encoder.layer)

    def _ids(self, torch: ModuleType, tokens: Sequence[Sequence[int]]) -> Tensor:
        width = max(map(len, tokens))
        pad = self.model.config.pad_token_id or 0
        return torch.tensor([[*row, *[pad] * (width - len(row))] for row in tokens], device=self.device)

    def _below(self, torch: ModuleType, tokens: Sequence[Sequence[int]]) -> Tensor:
        """(n, width, dim): what the frozen layers make of the texts, once for each text."""
        keys = [tuple(row) for row in tokens]
        new = [key for key in dict.fromkeys(keys) if key not in self.below]
        fresh: dict[tuple[int, ...], Tensor] = {}
        for first in range(0, len(new), AT_ONCE):
            some = new[first : first + AT_ONCE]
            ids = self._ids(torch, some)
            lengths = torch.tensor([len(row) for row in some], device=self.device)
            mask = (torch.arange(ids.shape[1], device=self.device) < lengths[:, None]).long()
            with torch.no_grad():
                states = self._through(torch, self.model.embeddings(input_ids=ids), mask, range(self.frozen))
            fresh |= {key: row[: len(key)].clone() for key, row in zip(some, states, strict=True)}
        if sum(map(len, (*self.below, *fresh))) * self.model.config.hidden_size * 4 < REMEMBERED:
            self.below.update(fresh)
        found = [fresh[key] if key in fresh else self.below[key] for key in keys]
        return torch.nn.utils.rnn.pad_sequence(found, batch_first=True)

    def _through(self, torch: ModuleType, states: Tensor, mask: Tensor, layers: range) -> Tensor:
        width = mask.shape[1]
        hidden = (1 - mask)[:, None, None, :].expand(-1, 1, width, -1).to(states.dtype) * torch.finfo(states.dtype).min
        for layer in layers:
            states = self.model.encoder.layer[layer](states, hidden)
        return states

    def encode(self, tokens: Sequence[Sequence[int]]) -> Vectors:
        """(n, dim), unit rows, nothing learned; the shortest first, so that little is filled up."""
        torch = need("torch", extra="train")
        order = sorted(range(len(tokens)), key=lambda n: len(tokens[n]))
        found = np.zeros((len(tokens), self.model.config.hidden_size), np.float32)
        before = self.model.training
        self.model.eval()
        with torch.no_grad():
            for first in range(0, len(order), AT_ONCE):
                some = order[first : first + AT_ONCE]
                found[some] = self.vectors([tokens[n] for n in some]).cpu().numpy()
        learning(self, before)
        return found

    def save(self, folder: Path) -> None:
        """Write it as transformers reads it, and sentence-transformers too, prompts included."""
        folder.mkdir(parents=True, exist_ok=True)
        self.model.save_pretrained(folder)
        self.words.save(str(folder / "tokenizer.json"))
        reading = self.reading
        kept = {
            "tokenizer_config.json": {
                "tokenizer_class": "PreTrainedTokenizerFast",
                "model_max_length": reading.window,
                "pad_token": self.words.id_to_token(self.model.config.pad_token_id or 0),
            },
            "modules.json": [
                {"idx": n, "name": str(n), "path": path, "type": f"sentence_transformers.models.{kind}"}
                for n, (path, kind) in enumerate(
                    (("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize"))
                )
            ],
            "sentence_bert_config.json": {"max_seq_length": reading.window, "do_lower_case": False},
            "config_sentence_transformers.json": {"prompts": {"query": reading.query, "document": reading.passage}},
            "1_Pooling/config.json": {
                "word_embedding_dimension": self.model.config.hidden_size,
                "pooling_mode_cls_token": reading.pooling == "cls",
                "pooling_mode_lasttoken": reading.pooling == "lasttoken",
                "pooling_mode_mean_tokens": reading.pooling == "mean",
            },
            "2_Normalize/config.json": {},
        }
        for name, content in kept.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(json.dumps(content, ensure_ascii=False, indent=1), "utf-8")


class InTraining:
    """Towers as an encoder, without an export; a text is cut at the window. For comparisons."""

    def __init__(self, towers: Sequence[Tower]) -> None:
        self.name = "in training"
        self._towers = towers
        self.dim: int = towers[0].model.config.hidden_size

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dim), unit rows."""
        return self._encode(self._towers[0], self._towers[0].reading.query, texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dim), unit rows."""
        return self._encode(self._towers[-1], self._towers[-1].reading.passage, texts)

    def _encode(self, tower: Tower, prompt: str, texts: Sequence[str]) -> Vectors:
        return tower.encode(tower.tokens(texts, prompt, tower.reading.window))


def load(base: str, models: Path, reading: EncoderSettings) -> Tower:
    """The tower that training begins with: E5, which is written into `models` at its first use, a folder, or a hub's id.

    Raises MundapError if it cannot be had.
    """
    if reading.pooling not in TRAINED_POOLINGS:
        raise ConfigError(
            f"'{base}'의 풀링 {reading.pooling}은(는) 학습을 지원하지 않습니다. --pooling으로 {', '.join(TRAINED_POOLINGS)} 중"
            " 하나를 지정하거나 다른 베이스 모델을 사용하세요."
        )
    words = spelling(base, models)
    name, local = _place(base, models)
    with _loading(base):
        model = quiet_transformers().AutoModel.from_pretrained(
            name, local_files_only=local, dtype="float32", **_bare(name, local)
        )
    most = min(reading.window, getattr(model.config, "max_position_embeddings", reading.window))
    if model.config.model_type in ("roberta", "xlm-roberta", "camembert"):  # the first places are those of the pad
        most = min(most, model.config.max_position_embeddings - 2)
    return Tower(model, words, EncoderSettings(reading.pooling, reading.query, reading.passage, most))


def classifier(base: str, models: Path) -> Model:
    """A base with a fresh head of one logit. Raises MundapError if it cannot be had."""
    name, local = _place(base, models)
    with _loading(base):
        return quiet_transformers().AutoModelForSequenceClassification.from_pretrained(
            name, local_files_only=local, dtype="float32", num_labels=1
        )


def unpacked(models: Path) -> Path:
    """The folder of E5, written whole at its first use, by whichever process is first."""
    return written_once(models.parent / BASES / E5, write_e5)


def known_reading(base: str) -> dict[str, str]:
    """The prompts and the pooling that a base was trained with, by its files or its family; see `encode.layout`.

    Empty prompts and the mean where nothing is known; several poolings side by side are joined by "+".
    """
    if base == E5:
        return {"query": "query: ", "passage": "passage: ", "pooling": "mean"}
    name = str(_kept(base, "config.json").get("_name_or_path", ""))
    prompts = chosen(Options(), prompts_in(_kept(base, "config_sentence_transformers.json")), base, name)
    poolings = poolings_in(base, _kept(base, "1_Pooling/config.json"))
    return {"query": prompts.query, "passage": prompts.passage, "pooling": "+".join(poolings)}


def _kept(base: str, name: str) -> Any:
    """A JSON file of a folder or a hub's model; empty where there is none."""
    base = base.removeprefix(ST)
    folder = Path(base).expanduser()
    try:
        if folder.is_dir():
            path: str | None = str(folder / name)
        else:
            path = quiet_transformers().utils.hub.cached_file(base, name, _raise_exceptions_for_missing_entries=False)
        return json.loads(Path(path).read_text("utf-8")) if path else {}
    except (OSError, ValueError):
        return {}


def spelling(base: str, models: Path) -> Tokenizer:
    """The `tokenizers.Tokenizer` of a base, of tokenizer.json as it stands; where a model has none, as transformers makes
    one of its vocabulary. Raises MundapError."""
    transformers = quiet_transformers()
    name, local = _place(base, models)
    with _loading(base):
        try:
            words = transformers.PreTrainedTokenizerFast.from_pretrained(name, local_files_only=local).backend_tokenizer
        except (OSError, ValueError, TypeError):
            words = transformers.AutoTokenizer.from_pretrained(name, local_files_only=local).backend_tokenizer
    words.no_truncation()
    words.no_padding()
    return words


def _place(base: str, models: Path) -> tuple[str, bool]:
    """Where the base is read from, and whether that is a folder. Raises MundapError for a kind of encoder without weights
    that can be trained."""
    kind, colon, _ = base.partition(":")
    if base != E5 and not base.startswith(ST) and (base in ENCODERS or (colon and kind in KINDS)):
        raise MundapError(
            f"'{base}'에는 학습할 수 있는 가중치가 없습니다. --base에는 모델 폴더, st:폴더, 허브 모델 이름을 지정하세요."
            " 다른 임베딩은 그대로 두고 그 위에서 학습하려면: mundap train adapter"
        )
    base = base.removeprefix(ST)
    path = unpacked(models) if base == E5 else Path(base).expanduser()
    return (str(path), True) if path.is_dir() else (base, False)


@contextmanager
def _loading(base: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, AttributeError) as error:
        raise MundapError(
            f"베이스 모델 '{base}'을(를) 불러올 수 없습니다. 폴더나 허브 모델 이름과 네트워크 연결을 확인하세요."
            f" 인터넷 없이 학습하려면 --base {E5}을(를) 지정하세요. ({(str(error).strip() or repr(error)).splitlines()[0]})"
        ) from error


def _bare(name: str, local: bool) -> dict[str, bool]:
    """What keeps models of BERT's kind from making a pooler that nothing trains."""
    transformers = need("transformers", extra="train")
    kind = transformers.AutoConfig.from_pretrained(name, local_files_only=local).model_type
    return {"add_pooling_layer": False} if kind in ("bert", "roberta", "xlm-roberta", "camembert") else {}


def freeze(tower: Tower, layers: int) -> Tower:
    """With word vectors and the lowest `layers` layers frozen. Raises MundapError if it has not so many."""
    stack = getattr(getattr(tower.model, "encoder", None), "layer", None)
    if stack is None or layers > len(stack):
        raise MundapError(
            f"--freeze {layers}: 이 모델에서 동결할 수 있는 레이어는 {0 if stack is None else len(stack)}개입니다."
        )
    for part in (tower.model.embeddings, *stack[:layers]):
        part.requires_grad_(False)
    return replace(tower, frozen=layers)


def learning(tower: Tower, yes: bool) -> None:
    """Turn dropout on or off, and never in what is frozen."""
    tower.model.train(yes)
    if tower.frozen >= 0:
        for part in (tower.model.embeddings, *tower.model.encoder.layer[: tower.frozen]):
            part.eval()


def state(model: Model) -> dict[str, Tensor]:
    """A copy of what is trained."""
    return {name: value.detach().clone() for name, value in model.named_parameters() if value.requires_grad}


def blended(before: Mapping[str, Tensor], after: Mapping[str, Tensor], weight: float) -> Iterator[tuple[str, Tensor]]:
    """`weight` of the trained values, and the rest of what they were (WiSE-FT, Wortsman et al., CVPR 2022)."""
    for name, value in after.items():
        yield name, (1 - weight) * before[name] + weight * value


def put(model: Model, values: Mapping[str, Tensor]) -> None:
    """Give the model these values."""
    torch = need("torch", extra="train")
    own = dict(model.named_parameters())
    with torch.no_grad():
        for name, value in values.items():
            own[name].copy_(value)
