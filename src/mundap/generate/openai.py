"""A language model behind an OpenAI-compatible server: Ollama, vLLM, llama-server, LM Studio, OpenAI."""

from __future__ import annotations

import json
import socket
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

import httpx

from mundap.errors import ConfigError, GeneratorError
from mundap.extras import Untyped
from mundap.generate.compose import CUT
from mundap.generate.language_model import LanguageModel, Settings, frame, within
from mundap.generate.prompt import Count, Message, estimate
from mundap.generate.sse import events
from mundap.generate.structured import FORMS, formed
from mundap.redact import hidden
from mundap.remote import (
    BACKOFF_SECONDS,
    LONGEST_WAIT,
    checked_key,
    client_of,
    error_text,
    message,
    passing,
    retry_after,
)
from mundap.stopping import on_stop, pause
from mundap.types import Json

_SAID_LIMIT = 300


class _Unaccepted(GeneratorError):
    """A request that this server will not take as it is: HTTP 400, 422 and their like."""


class OpenAIGenerator(LanguageModel):
    """Asks POST {base_url}/chat/completions, or /completions with a template, and streams what comes. One connection
    for each question; a stream that is closed closes it, which stops the server.

    `timeout` is the longest silence in seconds. The settings' context is what the server's holds; how long texts are is
    estimated (prompt.estimate).
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        settings: Settings,
        api_key: str | None = None,
        *,
        timeout: float = 120.0,
        retries: int = 2,
    ) -> None:
        """Raises ConfigError for an address or a key that no request could carry."""
        super().__init__(settings)
        try:
            self._url = httpx.URL(base_url.rstrip("/") + ("/completions" if settings.template else "/chat/completions"))
            self._listing = httpx.URL(base_url.rstrip("/") + "/models")
        except httpx.InvalidURL as error:
            raise ConfigError(f"LLM 서버 주소 '{hidden(base_url)}'이(가) 올바르지 않습니다: {error}") from error
        if self._url.scheme not in ("http", "https") or not self._url.host:
            raise ConfigError(
                f"LLM 서버 주소 '{hidden(base_url)}'이(가) 올바르지 않습니다. 'http://127.0.0.1:11434/v1' 형식으로 지정하세요."
            )
        self._key = checked_key(api_key)
        self.model = model
        self.timeout = timeout
        self.retries = retries
        self._forms: Sequence[str] = FORMS  # those that the server may know; what it has refused is not tried again

    @property
    def name(self) -> str:
        """The model as answers name it."""
        return f"openai:{self.model}"

    def complete(
        self, messages: Sequence[Message], schema: Mapping[str, Json] | None = None, max_tokens: int = 256
    ) -> str:
        """One completion. It is streamed and joined, so that `timeout` remains the longest silence.

        A server that refuses the JSON schema is told it in the prompt instead, and from then on at once.
        Raises GeneratorError.
        """
        if schema is None:
            return "".join(self._write(messages, max_tokens))
        for form in self._forms:
            chat, response_format = formed(form, messages, schema)
            try:
                text = "".join(self._write(chat, max_tokens, response_format))
            except _Unaccepted as error:
                refused = error
                continue
            self._forms = FORMS[FORMS.index(form) :]
            return text
        raise refused

    @contextmanager
    def _measure(self) -> Iterator[tuple[int, Count]]:
        yield self.settings.context_tokens - estimate(frame(self.settings.template)), estimate

    def _write(
        self, chat: Sequence[Message], max_tokens: int, response_format: Mapping[str, Json] | None = None
    ) -> Generator[str]:
        body = self._body(chat, max_tokens, response_format)
        line = _Line()
        with self._client() as client, on_stop(line.cut):
            for attempt in range(self.retries + 1):
                wait = BACKOFF_SECONDS * 2**attempt
                try:
                    request = client.stream("POST", self._url, content=body, extensions={"trace": line.trace})
                    with request as response:
                        if response.is_success:
                            yield from within(self._pieces(response), self.settings.time_limit)
                            return
                        if attempt == self.retries or not passing(response.status_code):
                            self._refuse(response)
                        wait = min(retry_after(response) or wait, LONGEST_WAIT)
                except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                    if attempt == self.retries:
                        raise GeneratorError(
                            f"{self._shown}에 연결할 수 없습니다. LLM 서버가 실행 중인지(예: 'ollama serve'), 주소가 "
                            f"올바른지 확인하세요. ({self._clean(str(error))})"
                        ) from error
                except httpx.TimeoutException as error:
                    raise GeneratorError(
                        f"{self._shown}이(가) {self.timeout:g}초 동안 응답하지 않았습니다. timeout을 늘리거나 "
                        "더 작은 모델을 사용하세요."
                    ) from error
                except httpx.HTTPError as error:
                    raise self._broken(self._clean(str(error))) from error
                pause(wait)

    def _client(self) -> httpx.Client:
        try:
            return client_of(self._url, self._key, "text/event-stream", self.timeout)
        except (ImportError, OSError, ValueError) as error:
            raise GeneratorError(
                f"{self._shown}에 연결을 설정하지 못했습니다. 프록시와 인증서 환경 변수를 확인하세요. "
                f"({self._clean(str(error))})"
            ) from error

    def _body(self, chat: Sequence[Message], max_tokens: int, response_format: Mapping[str, Json] | None) -> bytes:
        template, drawn = self.settings.template, self.settings.sampling
        request: dict[str, object] = {
            "model": self.model,
            **({"prompt": template.text(chat)} if template else {"messages": list(chat)}),
            "stream": True,
            "max_tokens": max_tokens,
            "temperature": drawn.temperature,
        }
        if stops := [*(template.stops if template else ()), *drawn.stop]:
            request["stop"] = stops
        if drawn.top_p < 1:
            request["top_p"] = drawn.top_p
        if drawn.top_k:
            request["top_k"] = drawn.top_k
        if drawn.repeat_penalty != 1:  # llama.cpp and Ollama, and vLLM; OpenAI itself has neither
            request |= {"repeat_penalty": drawn.repeat_penalty, "repetition_penalty": drawn.repeat_penalty}
        if response_format is not None:
            request["response_format"] = response_format
        return json.dumps(request).encode("ascii")

    def check(self) -> None:
        """Ask the server for its models. Raises GeneratorError if it does not answer, or has models and not this one."""
        try:
            with self._client() as client:
                response = client.get(self._listing)
        except httpx.HTTPError as error:
            raise GeneratorError(
                f"{self._shown}에 연결할 수 없습니다({self._clean(str(error))}). 서버가 실행 중인지 확인하세요."
            ) from error
        if response.status_code in (401, 403):
            self._refuse(response)
        try:
            names = [str(one["id"]) for one in response.json()["data"]] if response.is_success else []
        except (ValueError, KeyError, TypeError):
            names = []
        if names and self.model not in names and f"{self.model}:latest" not in names:
            raise GeneratorError(f"{self._shown}에 모델 '{self.model}'이(가) 없습니다. 있는 모델: {', '.join(names)}.")

    def _pieces(self, response: httpx.Response) -> Generator[str]:
        finished = False
        for data in _data(response):
            if data.strip() == "[DONE]":
                finished = True
                break
            try:
                chunk = json.loads(data)
                error = chunk.get("error")
                text, ends = _choice(chunk)
            except (ValueError, TypeError, AttributeError, KeyError) as unread:  # JSON of any shape may come
                raise self._broken(f"해석할 수 없는 응답: {self._clean(data)[:40]}") from unread
            if error:
                raise GeneratorError(
                    f"{self._shown}이(가) 답변을 생성하는 중 오류를 반환했습니다. 서버 로그를 확인하고 다시 시도하세요. "
                    f"({self._clean(message(chunk))})"
                )
            finished = finished or bool(ends)
            if text:
                yield text
            if ends == "length":
                yield CUT
        if not finished:
            raise self._broken("종료 신호 없이 중단됨")

    def _refuse(self, response: httpx.Response) -> NoReturn:
        status = response.status_code
        said = self._clean(error_text(response))
        why = f"HTTP {status}" + (f": {said}" if said else "")
        if status in (401, 403):
            clause = f"이(가) API 키를 거부했습니다({why}). 환경 변수 MUNDAP_API_KEY를 확인하세요."
        elif status == 404:
            clause = (
                f"에 모델 '{self.model}'이(가) 없거나 주소가 올바르지 않습니다({why}). 모델을 다운로드했는지, 주소가 /v1로 "
                "끝나는지 확인하세요."
            )
        elif status == 429:
            clause = f"의 요청 한도를 초과했습니다({why}). 잠시 후 다시 시도하세요."
        elif status >= 500:
            clause = f"이(가) 오류를 반환했습니다({why}). 서버 로그를 확인하고 다시 시도하세요."
        else:
            clause = (
                f"이(가) 요청을 거부했습니다({why}). 모델 '{self.model}'과 context_tokens"
                f"({self.settings.context_tokens})가 서버와 맞는지 확인하세요."
            )
            raise _Unaccepted(self._shown + clause)
        raise GeneratorError(self._shown + clause)

    def _broken(self, detail: str) -> GeneratorError:
        return GeneratorError(
            f"{self._shown}와의 연결이 답변 도중에 끊겼습니다({detail}). 서버가 실행 중인지 확인하고 다시 시도하세요."
        )

    @property
    def _shown(self) -> str:
        """The address as people may see it: without a name, a password and a query."""
        return hidden(str(self._url))

    def _clean(self, said: str) -> str:
        """What a server or a library said, on one line, short, and without the key."""
        text = " ".join(said.split())
        return (text.replace(self._key, "***") if self._key else text)[:_SAID_LIMIT]


class _Line:
    """The connection on which a server is asked, which another thread may cut: a read that waits ends at once."""

    def __init__(self) -> None:
        self._stream: Untyped = None  # of httpcore, a NetworkStream
        self._cut = False

    def trace(self, event: str, info: Mapping[str, Untyped]) -> None:
        """Hears of connections from httpx."""
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            self._stream = info["return_value"]
            if self._cut:
                self.cut()

    def cut(self) -> None:
        """End what is read or written, and what will be."""
        self._cut = True
        if self._stream is not None:
            with suppress(OSError):  # it had ended by itself
                self._stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)


def _data(response: httpx.Response) -> Iterator[str]:
    """The events; a server that does not stream sends one JSON body, which counts as one."""
    if response.headers.get("content-type", "").startswith("application/json"):
        return iter([response.read().decode("utf-8", "replace")])
    return events(response.iter_bytes())


def _choice(chunk: dict[str, Any]) -> tuple[str, str]:
    """The text of the first choice and why it ends there, "" if it does not; ("", "") for a chunk without choices."""
    choices = chunk.get("choices") or [{}]
    said = choices[0].get("delta") or choices[0].get("message") or {}
    # A lone surrogate, escaped in the JSON, could be neither printed nor stored.
    text = (said.get("content") or choices[0].get("text") or "").encode("utf-8", "replace").decode()
    return text, str(choices[0].get("finish_reason") or "")
