"""Requests to servers elsewhere: guarded, bounded in bytes and seconds, and errors as one sentence."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import BinaryIO

import httpx

from mundap.redact import hidden
from mundap.remote import LONGEST_WAIT, passing, retry_after
from mundap.sources.guard import Guard, GuardedTransport
from mundap.sources.protocol import Gone, ItemError, Refused, Unreachable
from mundap.sources.proxies import Proxies
from mundap.stopping import pause

AGENT = "mundap"  # by which robots.txt names it
_SILENT = 15.0  # seconds without a byte
_RETRIES = 2
_BACKOFF = 1.0  # seconds, doubled
_REDIRECTS = 5
_LISTING = 64 << 20  # bytes of a listing
_PROXY = "프록시의 주소와 로그인 정보, 허용하는 사이트를 확인하세요."


@dataclass(frozen=True)
class Got:
    """The end of a response: `status` is 200, 206, 207 or 304; `url` is where it came from, after redirects."""

    status: int
    headers: httpx.Headers
    url: httpx.URL


class Web:
    """A client of servers that `guard` lets be asked. Closed with `close`.

    A response may have `most` bytes, and take `seconds` in all. What passes (429, 5xx, no connection) is tried again.
    """

    def __init__(
        self,
        guard: Guard,
        most: int,
        seconds: float,
        *,
        auth: httpx.Auth | None = None,
        redirects: bool = True,
        proxies: Proxies = Proxies(),
    ) -> None:
        self.most = most
        self._seconds = seconds
        self._transport = GuardedTransport(guard, proxies)
        self._client = httpx.Client(
            transport=self._transport,
            auth=auth,
            follow_redirects=redirects,
            max_redirects=_REDIRECTS,
            headers={"User-Agent": f"{AGENT} (document reader)", "Accept-Encoding": "gzip, deflate"},
            timeout=httpx.Timeout(min(seconds, _SILENT)),
        )

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def save(self, url: str, into: Path, headers: Mapping[str, str] = {}) -> Got:
        """What is at `url`, as a file. Raises Gone, and ItemError."""
        with into.open("wb") as file:
            return self.ask("GET", url, file, headers, most=self.most)

    def read(self, method: str, url: str, headers: Mapping[str, str] = {}, content: bytes = b"") -> tuple[Got, bytes]:
        """What is at `url`, as for a listing. Raises Gone, and ItemError."""
        into = io.BytesIO()
        got = self.ask(method, url, into, headers, content, most=_LISTING)
        return got, into.getvalue()

    def ask(
        self,
        method: str,
        url: str,
        into: BinaryIO,
        headers: Mapping[str, str] = {},
        content: bytes = b"",
        *,
        most: int,
    ) -> Got:
        """Write the body of the response to `into`. Raises Gone, and ItemError."""
        shown = hidden(url)
        for attempt in range(_RETRIES + 1):
            last = attempt == _RETRIES
            wait = _BACKOFF * 2**attempt
            into.seek(0)
            into.truncate()
            try:
                with (
                    self._limited(),
                    self._client.stream(method, url, headers=headers, content=content or None) as response,
                ):
                    if not last and passing(response.status_code):
                        wait = min(retry_after(response) or wait, LONGEST_WAIT)
                    else:
                        self._check(response, shown)
                        self._copy(response, into, most, shown)
                        return Got(response.status_code, response.headers, response.url)
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ReadError, httpx.RemoteProtocolError) as error:
                if last:
                    raise Unreachable(f"{shown}: 연결할 수 없습니다({_line(error)}).") from error
            except httpx.TimeoutException as error:
                raise Unreachable(f"{shown}: {self._seconds:g}초 안에 응답하지 않았습니다.") from error
            except httpx.ProxyError as error:
                if last or not _passes(error):
                    raise Unreachable(f"{shown}: 프록시가 연결하지 않았습니다({_line(error)}). {_PROXY}") from error
            except httpx.TooManyRedirects as error:
                raise ItemError(f"{shown}: 리디렉션이 너무 많습니다.") from error
            except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
                raise ItemError(f"{shown}: 내려받지 못했습니다({_line(error)}).") from error
            pause(wait)
        raise AssertionError("the last attempt returns or raises")

    @contextmanager
    def _limited(self) -> Iterator[None]:
        """What is inside ends soon after its seconds, even where a server sends its header byte by byte."""
        timer = Timer(self._seconds + 1, self._transport.close)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _check(self, response: httpx.Response, shown: str) -> None:
        status = response.status_code
        if status in (404, 410):
            raise Gone(f"{shown}: 없는 주소입니다(HTTP {status}).", status)
        if status == 407:
            raise Refused(f"{shown}: 프록시가 로그인을 요구합니다(HTTP {status}). {_PROXY}", status)
        if status in (401, 403):
            raise Refused(f"{shown}: 접근이 거부되었습니다(HTTP {status}). 로그인 정보와 권한을 확인하세요.", status)
        if not (response.is_success or status == 304):
            raise Refused(f"{shown}: 서버가 요청을 처리하지 못했습니다(HTTP {status}).", status)

    def _copy(self, response: httpx.Response, into: BinaryIO, most: int, shown: str) -> None:
        end = time.monotonic() + self._seconds
        size = 0
        for chunk in response.iter_bytes(1 << 16):  # as unpacked: a small body may unpack to a large one
            size += len(chunk)
            if size > most:
                raise ItemError(f"{shown}: {most >> 20}MB보다 커서 제외했습니다. 필요하면 max_mb를 늘리세요.")
            if time.monotonic() > end:
                raise ItemError(f"{shown}: {self._seconds:g}초 안에 내려받지 못했습니다.")
            into.write(chunk)


def _passes(error: httpx.ProxyError) -> bool:
    """Whether a proxy may connect later, by the status with which its words begin."""
    status = str(error).partition(" ")[0]
    return status.isdecimal() and passing(int(status))


def _line(error: Exception) -> str:
    return hidden(" ".join(str(error).split()))[:200] or type(error).__name__
