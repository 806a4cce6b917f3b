"""A language model in this process: llama.cpp over a GGUF file, through the package xllamacpp."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from time import perf_counter
from typing import Any

import httpx

from mundap.errors import GeneratorError
from mundap.extras import need
from mundap.generate.compose import compose, last
from mundap.generate.gguf_header import keys
from mundap.generate.persona import Persona, refusal_of
from mundap.generate.prompt import Message, fit, messages
from mundap.generate.sampling import Sampling
from mundap.generate.structured import constrained
from mundap.generate.template import Template, spelled, stops_of
from mundap.stopping import on_stop
from mundap.types import Answer, Hit, Turn

BATCH_TOKENS = 256  # read at once; between batches a closed stream is noticed
_TEMPLATE = "tokenizer.chat_template"


@dataclass(frozen=True, slots=True)
class _Model:
    """A loaded model. `context` is what it holds, in tokens; `key` opens its server (_door)."""

    server: Any
    chats: bool
    context: int
    key: str


class GGUFGenerator:
    """Writes with the model in the file `path`, which is loaded at the first question and then kept.

    A file with a chat template of its own is asked by it unless a `template` is given; one without is a base model,
    and continues a plain text (prompt.plain) up to STOPS. `context_tokens` holds prompt and answer, and is never more than
    the model was trained for. `threads` None leaves it to llama.cpp. Questions are answered one at a time.
    With `reason` it thinks before it answers, within `max_tokens`; the thought is not part of the answer.
    With `reorder` the best passages stand first and last in the prompt.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        refusal: str,
        context_tokens: int = 4096,
        max_tokens: int = 512,
        sampling: Sampling = Sampling(),
        template: Template | None = None,
        threads: int | None = None,
        reason: bool = False,
        reorder: bool = False,
    ) -> None:
        self.path = Path(path)
        self.refusal = refusal
        self.context_tokens = context_tokens
        self.max_tokens = max_tokens
        self.sampling = sampling
        self.template = template
        self.threads = threads
        self.reason = reason
        self.reorder = reorder
        self._lock = threading.Lock()
        self._loaded: _Model | None = None

    @property
    def name(self) -> str:
        """The model as answers name it."""
        return f"gguf:{self.path.name}"

    def stream(
        self, question: str, hits: Sequence[Hit], history: Sequence[Turn] = (), persona: Persona | None = None
    ) -> Iterator[str | Answer]:
        """Yields pieces of text, then the Answer; closing it stops the model at its next token or batch.

        Without hits the answer is the refusal, and the model is not asked.
        Raises GeneratorError when the file cannot be loaded or the model fails, MissingExtra without the package.
        """
        started = perf_counter()
        shown: Sequence[Hit] = ()
        refusal = refusal_of(persona, self.refusal)
        pieces: Generator[str] = (piece for piece in [refusal])
        if hits:
            model = self._model()
            with _door(model.server, model.key) as client:
                around = self.template.text([{"role": "system", "content": ""}]) if self.template else ""
                room = model.context - self.max_tokens - _tokens(client, around)
                shown, turns = fit(
                    hits, question, history, room, lambda text: _tokens(client, text), refusal, self.reason, persona
                )
            pieces = self._write(
                model, messages(question, shown, turns, refusal, self.reason, self.reorder, persona), self.max_tokens
            )
        yield from compose(question, hits, len(shown), pieces, refusal=refusal, model=self.name, started=started)

    def answer(
        self, question: str, hits: Sequence[Hit], history: Sequence[Turn] = (), persona: Persona | None = None
    ) -> Answer:
        """The Answer that `stream` ends with."""
        return last(self.stream(question, hits, history, persona))

    def complete(
        self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None, max_tokens: int = 256
    ) -> str:
        """One completion, of the form of `schema` unless `max_tokens` cuts it. Raises as `stream` does."""
        return "".join(self._write(self._model(), messages, max_tokens, schema))

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
                f"'{self.path}'은(는) 읽을 수 있는 GGUF 파일이 아닙니다. 파일을 다시 내려받으세요. ({error})"
            ) from error
        key = secrets.token_urlsafe()
        try:
            server = package.Server(self._params(package, key))
            with _door(server, key) as client:
                context = client.get("/props").raise_for_status().json()["default_generation_settings"]["n_ctx"]
        except (RuntimeError, MemoryError, ValueError, KeyError, httpx.HTTPError) as error:
            raise GeneratorError(
                f"llama.cpp가 '{self.path}'을(를) 불러오지 못했습니다. 파일이 끝까지 받아졌는지, 메모리가 충분한지, "
                f"xllamacpp {package.__version__}이(가) 이 모델을 지원하는지 확인하세요. ({error})"
            ) from error
        return _Model(server, chats and self.template is None, min(int(context), self.context_tokens), key)

    def _params(self, package: Any, key: str) -> Any:
        params = package.CommonParams()
        params.model.path = str(self.path)
        params.n_ctx = self.context_tokens
        params.n_batch = params.n_ubatch = BATCH_TOKENS
        params.n_parallel = 1
        params.enable_reasoning = 0  # an answer from passages needs no thought, which would take the CPU minutes
        params.warmup = False
        params.verbosity = -1
        params.ui = False
        params.api_keys = [key]
        if self.threads is not None:
            params.cpuparams.n_threads = params.cpuparams_batch.n_threads = self.threads
        return params

    def _write(
        self, model: _Model, chat: Sequence[Message], max_tokens: int, schema: Mapping[str, Any] | None = None
    ) -> Generator[str]:
        drawn = self.sampling
        request: dict[str, Any] = {
            "stream": True,
            "max_tokens": max_tokens,
            "temperature": drawn.temperature,
            "top_p": drawn.top_p,
            "top_k": drawn.top_k,
            "repeat_penalty": drawn.repeat_penalty,
            "stop": [*(() if model.chats else stops_of(self.template)), *drawn.stop],
        }
        # Progress reports come between the batches of the prompt, which is when a stop can be heard.
        request["return_progress"] = True
        if model.chats:
            form = {} if schema is None else {"response_format": constrained(schema)}
            yield from _streamed(model.server.handle_chat_completions, request | form | {"messages": list(chat)})
        else:
            form = {} if schema is None else {"json_schema": dict(schema)}
            yield from _streamed(
                model.server.handle_completions, request | form | {"prompt": spelled(chat, self.template)}
            )


def _streamed(
    handle: Callable[[dict[str, Any], Callable[[Any], bool]], None], request: dict[str, Any]
) -> Generator[str]:
    """The pieces that `handle` gives to its callback, from a thread of its own; closing this makes it stop."""
    arrived: SimpleQueue[str | GeneratorError | None] = SimpleQueue()
    stopped = threading.Event()

    def take(chunk: Any) -> bool:
        if "error" in chunk:
            arrived.put(_failed(chunk["error"].get("message", chunk["error"])))
        for choice in chunk.get("choices") or []:
            text = choice.get("text") or (choice.get("delta") or {}).get("content")
            if text:
                arrived.put(text)
        return stopped.is_set() or not threading.main_thread().is_alive()

    def work() -> None:
        try:
            handle(request, take)
        except Exception as error:  # whatever it is, the reader of the queue must hear of it
            arrived.put(_failed(error))
        finally:
            arrived.put(None)

    # Not a daemon: one that comes back from llama.cpp while Python shuts down would crash it. Python waits
    # for this one instead, and `take` lets it go as soon as the main thread has ended.
    threading.Thread(target=work, name="mundap-gguf").start()
    try:
        with on_stop(lambda: arrived.put(None)):
            while (piece := arrived.get()) is not None:
                if isinstance(piece, GeneratorError):
                    raise piece
                yield piece
    finally:
        stopped.set()


def _door(server: Any, key: str) -> httpx.Client:
    """The package gives Python no tokenizer, but its server has one, on a port of this machine."""
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.Client(base_url=server.listening_address, headers=headers, timeout=60, trust_env=False)


def _tokens(client: httpx.Client, text: str) -> int:
    try:
        return len(client.post("/tokenize", json={"content": text}).raise_for_status().json()["tokens"])
    except (httpx.HTTPError, ValueError, KeyError) as error:
        raise _failed(error) from error


def _failed(detail: object) -> GeneratorError:
    return GeneratorError(f"모델이 답을 쓰지 못했습니다. context_tokens와 남은 메모리를 확인하세요. ({detail})")
