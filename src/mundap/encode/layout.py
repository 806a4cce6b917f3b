"""What a folder of sentence-transformers, or a bare model of transformers, says about how it turns text into a vector."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

from mundap.encode.dense import Dense, read_dense
from mundap.encode.options import Options
from mundap.encode.pooling import POOLINGS, pooling_named
from mundap.encode.prompts import Prompts, chosen
from mundap.errors import ConfigError

WINDOW = 512  # tokens, of a model whose files do not say
_SAID = 1_000_000  # more is how transformers writes "no limit"
_TRANSFORMER = {f"sentence_{kind}_config.json" for kind in ("bert", "roberta", "distilbert", "camembert", "xlnet", "albert", "xlm-roberta")}  # fmt: skip
_OFFSET = ("roberta", "xlm-roberta", "camembert", "xlm-roberta-xl", "mpnet")  # whose first places are those of the pad


class _Pooling(TypedDict, total=False):
    """1_Pooling/config.json; older ones have a field for each mode instead of `pooling_mode`."""

    pooling_mode: str | list[str]
    include_prompt: bool


class _Prompts(TypedDict, total=False):
    """config_sentence_transformers.json."""

    prompts: dict[str, str | None] | None
    default_prompt_name: str | None


class _Sentence(TypedDict, total=False):
    """sentence_bert_config.json, or that of another model."""

    max_seq_length: int | None
    do_lower_case: bool


class _Tokenizer(TypedDict, total=False):
    """tokenizer_config.json."""

    model_max_length: int | float | None


class _Model(TypedDict, total=False):
    """config.json of a model of transformers; one that also sees has that of its text within."""

    _name_or_path: str
    model_type: str
    max_position_embeddings: int | None
    hidden_size: int | None
    d_model: int | None
    dim: int | None
    text_config: _Model | None


@dataclass(frozen=True)
class Layout:
    """`transformer` is the folder of the model itself, which reads `window` tokens at once.

    `poolings` are put side by side, without the prompt's tokens if `skip_prompt`; then come the `dense` layers. `lower`
    makes letters small first. `states` is how wide the model's own states are, 0 where its files do not say.
    """

    transformer: Path
    window: int
    lower: bool
    poolings: tuple[str, ...]
    skip_prompt: bool
    dense: tuple[Dense, ...]
    prompts: Prompts
    states: int

    @property
    def dim(self) -> int:
        """Of a text's vector; 0 where the files do not say."""
        return self.dense[-1].out if self.dense else len(self.poolings) * self.states


def read_layout(folder: Path, name: str, options: Options) -> Layout:
    """The layout of `folder`, whose model is called `name`. Raises ConfigError for a module that is not known."""
    transformer, pooling, dense = folder, _Pooling(), []
    for module in _json(folder / "modules.json", []):
        kind = str(module.get("type", "")).rpartition(".")[2]
        place = folder / module.get("path", "")
        if kind == "Transformer":
            transformer = place
        elif kind == "Pooling":
            pooling = _json(place / "config.json", {})
        elif kind == "Dense":
            dense.append(read_dense(place))
        elif kind == "StaticEmbedding":
            raise ConfigError(f"'{folder}'은(는) 단어 벡터 모델입니다. encoder = \"static:{folder}\"로 지정하세요.")
        elif kind not in ("Normalize", "Dropout"):
            raise ConfigError(
                f"'{folder}'의 modules.json에 지원하지 않는 모듈 '{kind}'이(가) 있습니다. 이 모델은 TEI나 vLLM 같은 서버로 실행하고"
                ' encoder = "openai:주소/v1#모델"로 지정하세요.'
            )
    config: _Model = _json(transformer / "config.json", {})
    kept = _kept(transformer, folder)
    names = (name, str(config.get("_name_or_path", "")))
    return Layout(
        transformer,
        _window(kept, _json(transformer / "tokenizer_config.json", {}), config),
        bool(kept.get("do_lower_case", False)),
        (pooling_named(options.pooling),) if options.pooling else poolings_in(folder, pooling),
        pooling.get("include_prompt") is False,
        tuple(dense),
        chosen(options, prompts_in(_json(folder / "config_sentence_transformers.json", {})), *names),
        _width(config),
    )


def window_of(folder: Path) -> int:
    """How many tokens the model in `folder`, of whatever kind, reads at once. Raises ConfigError."""
    return _window(_kept(folder), _json(folder / "tokenizer_config.json", {}), _json(folder / "config.json", {}))


def _kept(*folders: Path) -> _Sentence:
    found: _Sentence = next(
        (k for n in sorted(_TRANSFORMER) for at in folders if (k := _json(at / n, {}))), _Sentence()
    )
    return found


def _json(path: Path, otherwise: object) -> Any:
    """What the file holds, `otherwise` where there is none. Raises ConfigError for one that cannot be read."""
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return otherwise
    except (OSError, ValueError) as error:
        raise ConfigError(f"'{path}'을(를) 읽을 수 없습니다. 모델을 다시 다운로드하세요. ({error})") from error


def poolings_in(folder: str | Path, config: _Pooling) -> tuple[str, ...]:
    """Those of Pooling's config, in the order in which it puts them side by side; the mean where it says nothing."""
    said = config.get("pooling_mode")
    if isinstance(said, str):
        said = [said]
    if said is None:
        old = {"max": "max_tokens", "mean": "mean_tokens", "cls": "cls_token"}
        order = ("cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken")
        fields = {mode: f"pooling_mode_{old.get(mode, mode)}" for mode in order} | {
            "weightedmean": "pooling_mode_weightedmean_tokens"
        }
        said = [mode for mode, field in fields.items() if config.get(field)] or ["mean"]
    if unknown := next((mode for mode in said if mode not in POOLINGS), None):
        raise ConfigError(f"'{folder}'의 풀링 '{unknown}'을(를) 지원하지 않습니다. 지원하는 값: {', '.join(POOLINGS)}")
    return tuple(said)


def prompts_in(config: _Prompts) -> Prompts:
    """Those of a config_sentence_transformers.json."""
    prompts = config.get("prompts") or {}
    otherwise = prompts.get(config.get("default_prompt_name") or "") or ""
    passage = next((prompts[name] for name in ("document", "passage", "corpus") if name in prompts), otherwise)
    return Prompts(prompts.get("query", otherwise) or "", passage or "")


def _window(kept: _Sentence, tokenizer: _Tokenizer, config: _Model) -> int:
    places = _inner(config).get("max_position_embeddings")
    if places and config.get("model_type") in _OFFSET:
        places -= 2
    said = (kept.get("max_seq_length"), tokenizer.get("model_max_length"), places)
    return min((int(tokens) for tokens in said if tokens and tokens < _SAID), default=WINDOW)


def _width(config: _Model) -> int:
    inner = _inner(config)
    return int(inner.get("hidden_size") or inner.get("d_model") or inner.get("dim") or 0)


def _inner(config: _Model) -> _Model:
    return config.get("text_config") or config
