"""What clients of HTTP servers share: keys, what an answer says is wrong, and asking again when a server is busy."""

from __future__ import annotations

import ipaddress
import json
import os
import re
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any

import httpx

from mundap.errors import ConfigError, ServerError
from mundap.redact import hidden
from mundap.stopping import pause

KEYS = ("MUNDAP_API_KEY", "OPENAI_API_KEY")  # environment variables
CONNECT_SECONDS = 10.0
BACKOFF_SECONDS = 0.5  # doubled at each retry
LONGEST_WAIT = 20.0  # a Retry-After beyond this is cut: someone is waiting for the answer
_BODY_LIMIT = 65536
_SAID_LIMIT = 300
# llama-server says 500 of an input that will never fit, which asking again does not mend.
_TOO_LONG = re.compile(
    r"too (large|long)|exceeds?\b|context (length|size)|maximum.{0,40}(length|tokens)", re.IGNORECASE
)


class Refused(ServerError):
    """A request that the server will not take as it is: `status` is 400, 413, 422, or of a server that fails at it.

    `too_long` is whether it says that something in it is longer than it reads.
    """

    def __init__(self, sentence: str, status: int, too_long: bool = False) -> None:
        super().__init__(sentence)
        self.status = status
        self.too_long = too_long


class JsonServer:
    """POSTs JSON to addresses below `base_url` and gives back the JSON that comes.

    `purpose` is what users call the server. A proxy of the environment is not used for this machine's own servers. What
    passes (429, 5xx, no connection) is tried `retries` times more, waiting twice as long each time, or as Retry-After
    says. Raises ConfigError for an address or a key that no request could carry.
    """

    def __init__(self, base_url: str, purpose: str, api_key: str | None, *, timeout: float, retries: int = 3) -> None:
        self._purpose = purpose
        self._timeout = timeout
        self._retries = retries
        try:
            self._base = httpx.URL(base_url.rstrip("/"))
        except httpx.InvalidURL as error:
            raise ConfigError(f"{purpose} 서버 주소 '{hidden(base_url)}'이(가) 올바르지 않습니다: {error}") from error
        if self._base.scheme not in ("http", "https") or not self._base.host:
            raise ConfigError(
                f"{purpose} 서버 주소 '{hidden(base_url)}'이(가) 올바르지 않습니다. 'http://127.0.0.1:8080/v1' 형식으로 지정하세요."
            )
        self._key = checked_key(api_key)

    def post(self, path: str, body: Mapping[str, object]) -> Any:
        """The JSON that `path`, which may be empty, answers `body` with. Raises Refused, and ServerError."""
        url = self._base.copy_with(path=self._base.path.rstrip("/") + path)
        content = json.dumps(body).encode("ascii", "backslashreplace")
        with self._client() as client:
            for attempt in range(self._retries + 1):
                wait = BACKOFF_SECONDS * 2**attempt
                try:
                    response = client.post(url, content=content)
                except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ReadError, httpx.RemoteProtocolError) as error:
                    if attempt == self._retries:
                        raise ServerError(
                            f"{self.shown}에 연결할 수 없습니다. {self._purpose} 서버가 실행 중인지, 주소가 올바른지 확인하세요."
                            f" ({self._clean(str(error))})"
                        ) from error
                except httpx.HTTPError as error:
                    raise ServerError(
                        f"{self.shown}이(가) {self._timeout:g}초 안에 응답하지 않았습니다. 서버의 상태를 확인하고 다시 실행하세요."
                        f" ({self._clean(str(error))})"
                    ) from error
                else:
                    if response.is_success:
                        return self._read(response)
                    last = attempt == self._retries or not passing(response.status_code)
                    if last or _TOO_LONG.search(response.text[:_BODY_LIMIT]):
                        raise self._refused(response)
                    wait = min(retry_after(response) or wait, LONGEST_WAIT)
                pause(wait)
        raise AssertionError("the last attempt returns or raises")

    @property
    def shown(self) -> str:
        """The address as people may see it: without a name, a password and a query."""
        return hidden(str(self._base))

    def unreadable(self, what: object) -> ServerError:
        """The error of an answer that is not of the form that was asked for."""
        return ServerError(
            f"{self.shown}의 응답을 해석할 수 없습니다({self._clean(str(what))[:80]}). {self._purpose} 서버가 맞는지 확인하세요."
        )

    def _client(self) -> httpx.Client:
        try:
            return client_of(self._base, self._key, "application/json", self._timeout)
        except (ImportError, OSError, ValueError) as error:
            raise ServerError(
                f"{self.shown}에 연결을 설정하지 못했습니다. 프록시와 인증서 환경 변수를 확인하세요."
                f" ({self._clean(str(error))})"
            ) from error

    def _read(self, response: httpx.Response) -> Any:
        try:
            return response.json()
        except ValueError as error:
            raise self.unreadable(response.text) from error

    def _refused(self, response: httpx.Response) -> ServerError:
        status, said = response.status_code, self._clean(error_text(response))
        why = f"HTTP {status}" + (f": {said}" if said else "")
        if status in (401, 403):
            return ServerError(f"{self.shown}이(가) API 키를 거부했습니다({why}). 환경 변수 {KEYS[0]}를 확인하세요.")
        if status in (404, 405):
            return ServerError(
                f"{self.shown}에 모델이 없거나 주소가 올바르지 않습니다({why}). 모델 이름과, 주소가 /v1로 끝나는지 확인하세요."
            )
        if status == 429:
            return ServerError(f"{self.shown}의 요청 한도를 초과했습니다({why}). 잠시 후 다시 실행하세요.")
        return Refused(
            f"{self.shown}이(가) 요청을 처리하지 못했습니다({why}). 서버 로그를 확인하세요.",
            status,
            bool(_TOO_LONG.search(said)),
        )

    def _clean(self, said: str) -> str:
        """What a server or a library said, on one line, short, and without the key."""
        text = " ".join(said.split())
        return (text.replace(self._key, "***") if self._key else text)[:_SAID_LIMIT]


def client_of(url: httpx.URL, key: str, accept: str, seconds: float) -> httpx.Client:
    """A client for JSON to the server of `url`, with the key unless it is "". It takes the proxies of the environment, unless
    the server is this machine's own, which they do not reach. Raises ImportError, OSError and ValueError where a proxy or
    a certificate of the environment is of no use.
    """
    headers = {"Content-Type": "application/json", "Accept": accept}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    here = is_loopback(url.host)
    trusted = _trusted(*("" if here else os.environ.get(name, "") for name in ("SSL_CERT_FILE", "SSL_CERT_DIR")))
    timeout = httpx.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS))
    return httpx.Client(headers=headers, timeout=timeout, verify=trusted, trust_env=not here)


@cache
def _trusted(file: str, folder: str) -> ssl.SSLContext:
    """The certificates that are trusted, read once: that takes 24 ms, and clients are made for each request."""
    return httpx.create_ssl_context(trust_env=bool(file or folder))


def api_key() -> str | None:
    """The first of the environment variables KEYS that is set."""
    return next((os.environ[name] for name in KEYS if os.environ.get(name)), None)


def checked_key(key: str | None) -> str:
    """The key as a header carries it; "" for none. Raises ConfigError for one that no header could carry."""
    key = (key or "").strip()
    if not (key.isascii() and key.isprintable()):
        raise ConfigError(f"API 키에 사용할 수 없는 문자가 있습니다. 환경 변수 {KEYS[0]}를 확인하세요.")
    return key


def error_text(response: httpx.Response) -> str:
    """What a server says of an error, in JSON of any shape or as text; "" of a page."""
    body = b""
    try:
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > _BODY_LIMIT:
                break
    except httpx.HTTPError:
        pass  # the status alone says enough
    try:
        return message(json.loads(body))
    except ValueError:
        return "" if b"<" in body[:100] else body.decode("utf-8", "replace")


def message(body: object) -> str:
    """The message in an error object: {"error": {"message": …}}, {"error": …}, {"message": …}, {"detail": …}."""
    while isinstance(body, dict):
        body = next((body[key] for key in ("error", "message", "detail") if body.get(key)), "")
    return str(body)


def passing(status: int) -> bool:
    """Whether the same request may be answered later."""
    return status == 429 or status >= 500


def retry_after(response: httpx.Response) -> float | None:
    """Seconds, from a number or a date; None if there is neither or it has passed."""
    value = response.headers.get("retry-after", "")
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
        except (TypeError, ValueError):
            return None
    return seconds if seconds > 0 else None


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
