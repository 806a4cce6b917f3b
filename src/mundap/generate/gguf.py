"""A language model in this process: llama.cpp over a GGUF file, through the package xllamacpp."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from mundap.encode.gguf_header import keys
from mundap.errors import GeneratorError
from mundap.extras import Untyped, need
from mundap.generate.compose import CUT, begun_thought
from mundap.generate.language_model import LanguageModel, Left, Put, Settings, failed, frame, from_thread
from mundap.generate.prompt import Count, Message
from mundap.generate.structured import constrained
from mundap.generate.template import spelled, stops_of
from mundap.types import Json

BATCH_TOKENS = 256  # read at once; between batches a closed stream is noticed
_TEMPLATE = "tokenizer.chat_template"


@dataclass(frozen=True, slots=True)
class _Model:
    """A loaded model. `context` is what it holds, in tokens; `key` opens its server (_door). `thought` is the tag with which
    its chat template begins a thought, "" if it does not."""

    server: Untyped
    chats: bool
    context: int
    key: str
    thought: str


class GGUFGenerator(LanguageModel):
    """Writes with the model in the file `path`, which is loaded at the first question and then kept.

    A file with a chat template of its own is asked by it unless settings have a template; one without is a base model,
    and continues a plain text (prompt.plain) up to STOPS. The context is never more than the model was trained for.
    `threads` 0 leaves it to llama.cpp. Questions are answered one at a time; a stream that is closed stops the model
    at its next token or batch. A model that thinks is told not to by its template, where that can be; else its thought is
    no part of what it says.
    """

    def __init__(self, path: str | Path, settings: Settings, *, threads: int = 0) -> None:
        super().__init__(settings)
        self.path = Path(path)
        self.threads = threads
        self._lock = threading.Lock()
        self._loaded: _Model | None = None

    @property
    def name(self) -> str:
        """The model as answers name it."""
        return f"gguf:{self.path.name}"

    def complete(
        self, messages: Sequence[Message], schema: Mapping[str, Json] | None = None, max_tokens: int = 256
    ) -> str:
        """One completion, of the form of `schema` unless `max_tokens` cuts it. Raises as `stream` does."""
        return "".join(self._write(messages, max_tokens, schema))

    def load(self) -> None:
        """Load the model, if it is not there yet. Raises as `stream` does."""
        self._model()

    def _model(self) -> _Model:
        with self._lock:
            if self._loaded is None:
                self._loaded = self._started()
            return self._loaded

    def _started(self) -> _Model:
        package = need("xllamacpp", extra="llm")
        if not self.path.is_file():
            raise GeneratorError(f"모델 파일 '{self.path}'이(가) 없습니다. GGUF 파일의 경로를 확인하세요.")
        try:
            chats = _TEMPLATE in keys(self.path)
        except (ValueError, OSError) as error:
            raise GeneratorError(
                f"'{self.path}'은(는) 읽을 수 있는 GGUF 파일이 아닙니다. 파일을 다시 다운로드하세요. ({error})"
            ) from error
        key = secrets.token_urlsafe()
        try:
            server = package.Server(self._params(package, key))
            with _door(server, key) as client:
                context = client.get("/props").raise_for_status().json()["default_generation_settings"]["n_ctx"]
                thought = _thought(client) if chats else ""
        except (RuntimeError, MemoryError, ValueError, KeyError, httpx.HTTPError) as error:
            raise GeneratorError(
                f"llama.cpp가 '{self.path}'을(를) 불러오지 못했습니다. 파일이 완전히 다운로드되었는지, 메모리가 충분한지, "
                f"xllamacpp {package.__version__}이(가) 이 모델을 지원하는지 확인하세요. ({error})"
            ) from error
        chats = chats and self.settings.template is None
        return _Model(server, chats, min(int(context), self.settings.context_tokens), key, thought)

    def _params(self, package: Untyped, key: str) -> Untyped:
        params = package.CommonParams()
        params.model.path = str(self.path)
        params.n_ctx = self.settings.context_tokens
        params.n_batch = params.n_ubatch = BATCH_TOKENS
        params.n_parallel = 1
        params.enable_reasoning = 0  # an answer from passages needs no thought, which would take the CPU minutes
        params.warmup = False
        params.verbosity = -1
        params.ui = False
        params.api_keys = [key]
        if self.threads:
            params.cpuparams.n_threads = params.cpuparams_batch.n_threads = self.threads
        return params

    @contextmanager
    def _measure(self) -> Iterator[tuple[int, Count]]:
        model = self._model()
        with _door(model.server, model.key) as client:
            yield model.context - _tokens(client, frame(self.settings.template)), lambda text: _tokens(client, text)

    def _write(
        self, chat: Sequence[Message], max_tokens: int, schema: Mapping[str, Json] | None = None
    ) -> Generator[str]:
        model, template, drawn = self._model(), self.settings.template, self.settings.sampling
        request: dict[str, Json] = {
            "stream": True,
            "max_tokens": max_tokens,
            "temperature": drawn.temperature,
            "top_p": drawn.top_p,
            "top_k": drawn.top_k,
            "repeat_penalty": drawn.repeat_penalty,
            "stop": [*(() if model.chats else stops_of(template)), *drawn.stop],
        }
        # Progress reports come between the batches of the prompt, which is when a stop can be heard.
        request["return_progress"] = True
        seconds = self.settings.time_limit
        if model.chats:
            if model.thought and schema is None:  # a form is kept to from the first token on
                yield model.thought
            form = {} if schema is None else {"response_format": constrained(schema)}
            yield from _streamed(
                model.server.handle_chat_completions, request | form | {"messages": list(chat)}, seconds
            )
        else:
            form = {} if schema is None else {"json_schema": dict(schema)}
            yield from _streamed(
                model.server.handle_completions, request | form | {"prompt": spelled(chat, template)}, seconds
            )


def _streamed(
    handle: Callable[[dict[str, Json], Callable[[Untyped], bool]], None], request: dict[str, Json], seconds: float
) -> Generator[str]:
    """The pieces that `handle` gives to its callback, whose answer tells it to stop."""

    def work(put: Put, left: Left) -> None:
        def take(chunk: Untyped) -> bool:
            if "error" in chunk:
                put(failed(chunk["error"].get("message", chunk["error"])))
            for choice in chunk.get("choices") or []:
                text = choice.get("text") or (choice.get("delta") or {}).get("content")
                if text:
                    put(text)
                if choice.get("finish_reason") == "length":
                    put(CUT)
            return left()

        handle(request, take)

    return from_thread(work, "mundap-gguf", seconds)


def _door(server: Untyped, key: str) -> httpx.Client:
    """The package gives Python no tokenizer, but its server has one, on a port of this machine."""
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.Client(base_url=server.listening_address, headers=headers, timeout=60, trust_env=False)


def _thought(client: httpx.Client) -> str:
    """The tag of a thought with which the model's template ends a prompt, "" if with none."""
    asked = client.post("/apply-template", json={"messages": [{"role": "user", "content": "."}]})
    return begun_thought(asked.json()["prompt"]) if asked.is_success else ""


def _tokens(client: httpx.Client, text: str) -> int:
    try:
        return len(client.post("/tokenize", json={"content": text}).raise_for_status().json()["tokens"])
    except (httpx.HTTPError, ValueError, KeyError) as error:
        raise failed(error) from error
