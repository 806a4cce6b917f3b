"""From hits to an answer. The table below says which generator a spec means."""

from __future__ import annotations

from pathlib import Path

from mundap.errors import ConfigError
from mundap.extras import load
from mundap.generate.grounded import Unsupported
from mundap.generate.language_model import Settings
from mundap.generate.sampling import Sampling
from mundap.generate.template import read_template
from mundap.protocols import Generator
from mundap.remote import api_key

GENERATORS = {
    "extractive": "mundap.generate.extractive:Extractive",
    "gguf": "mundap.generate.gguf:GGUFGenerator",
    "openai": "mundap.generate.openai:OpenAIGenerator",
    "transformers": "mundap.generate.transformer:TransformersGenerator",
}
FORMS = {
    "extractive": "extractive",
    "gguf": "gguf:models/my.gguf",
    "openai": "openai:http://127.0.0.1:11434/v1#qwen3",
    "transformers": "transformers:model:관세",
}


def make_generator(
    spec: str,
    *,
    refusal: str,
    folder: Path = Path(),
    models: Path = Path(),
    template: str = "",
    context_tokens: int = 4096,
    max_tokens: int = 512,
    sampling: Sampling = Sampling(),
    bits: int = 0,
    timeout: float = 120.0,
    time_limit: float = 0.0,
    threads: int = 0,
    reason: bool = False,
    reorder: bool = False,
    unsupported: Unsupported = "keep",
    language: str = "ko",
) -> Generator:
    """The generator that `spec` means: one of FORMS. A relative model file, or file of a `template`, is looked for in `folder`,
    and a model that was trained in `models`. `bits` 4 or 8 quantises a model of transformers.

    With `reason` a language model thinks before it answers, and the thought is not shown; with `reorder` it is
    shown the best passages first and last; `timeout` is the longest silence of a server in seconds, `time_limit` the
    longest time that a model may write, 0 for any, and `threads` those of llama.cpp, 0 for its own choice. `unsupported` and `language` are as in language_model.Settings.
    The API key comes from the first of the environment variables remote.KEYS that is set.
    Raises UnknownName, which lists the table, and ConfigError for a spec that cannot be read.
    """
    kind, _, rest = spec.partition(":")
    made = load("generator", kind, GENERATORS)
    settings = Settings(
        refusal,
        context_tokens,
        max_tokens,
        sampling,
        read_template(template, folder),
        reason,
        reorder,
        unsupported,
        language,
        time_limit,
    )
    generator: Generator
    if kind == "openai":
        base_url, _, model = rest.rpartition("#")
        if not base_url or not model:
            raise _unreadable(spec, kind)
        generator = made(base_url, model, settings, api_key(), timeout=timeout)
    elif kind == "gguf":
        if not rest:
            raise _unreadable(spec, kind)
        generator = made(folder / rest, settings, threads=threads)
    elif kind == "transformers":
        if not rest:
            raise _unreadable(spec, kind)
        from mundap.generate.causal import beside

        generator = made(beside(folder, rest), models, settings, bits=bits)
    else:
        if spec != kind:
            raise _unreadable(spec, kind)
        generator = made()
    return generator


def _unreadable(spec: str, kind: str) -> ConfigError:
    return ConfigError(f"generator 값 '{spec}'을(를) 읽을 수 없습니다. '{FORMS[kind]}' 형식으로 지정하세요.")
