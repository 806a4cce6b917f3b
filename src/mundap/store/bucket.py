"""Files in a bucket of S3, or of a server that speaks as it does, which several machines share."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from urllib.parse import quote, unquote_plus

import httpx

from mundap.errors import ConfigError, RecordUnreachable
from mundap.redact import hidden, one_line
from mundap.remote import passing
from mundap.sources.markup import local, parse_xml, texts
from mundap.sources.protocol import ItemError
from mundap.sources.sigv4 import Credentials, query_string, signed
from mundap.stopping import pause

KEY, SECRET, TOKEN = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"
SCHEME = "s3://"
_SAFE = "/-_.~"
_WAITS = (0.2, 0.5, 1.0, 2.0)  # seconds before asking again
_SECONDS = 60.0
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Stored:
    """A file that is there: `tag` is another one when its content is."""

    name: str
    tag: str


class Bucket:
    """The files whose keys begin with the prefix of `url` (s3://BUCKET/PREFIX), at `endpoint`, "" for Amazon's in `region`.

    The keys of the account are in the environment. All methods raise RecordUnreachable for a server that stays away, and
    ConfigError for one that refuses. Safe to use from several threads.
    """

    def __init__(self, url: str, endpoint: str, region: str) -> None:
        bucket, _, prefix = url.removeprefix(SCHEME).partition("/")
        self.shown = url
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._region = region
        host = endpoint.rstrip("/") or f"https://s3.{region}.amazonaws.com"
        self._base = f"{host}/{bucket}"
        key, secret = os.environ.get(KEY, ""), os.environ.get(SECRET, "")
        if not (key and secret):
            raise ConfigError(
                f'[store] files = "{url}": 환경 변수 {KEY}와 {SECRET}을 지정하세요. (set the keys of the bucket)'
            )
        self._credentials = Credentials(key, secret, os.environ.get(TOKEN, ""))
        own = httpx.URL(self._base).host in ("127.0.0.1", "::1", "localhost")
        self._client = httpx.Client(timeout=_SECONDS, trust_env=not own)

    def put(self, name: str, file: Path) -> None:
        """Keep a file, in place of one of that name. It is kept when this returns."""
        with file.open("rb") as opened:
            digest = file_digest(opened, "sha256").hexdigest()
        self._ask("PUT", self._url(name), digest=digest, file=file)

    def tag(self, name: str) -> str | None:
        """The tag of the file of that name; None if there is none."""
        found = self._ask("HEAD", self._url(name), missing=True)
        return None if found is None else _plain(found.headers.get("etag", ""))

    def get(self, name: str, into: Path) -> bool:
        """Write the file of that name; whether there was one."""
        found = self._ask("GET", self._url(name), missing=True, into=into)
        return found is not None

    def delete(self, name: str) -> None:
        """Delete the file of that name, if there is one."""
        self._ask("DELETE", self._url(name), missing=True)

    def files(self, below: str = "") -> Iterator[Stored]:
        """Those whose names begin with `below`, in order of their names."""
        prefix, after = self._prefix + below, ""
        while True:
            asked = {"list-type": "2", "encoding-type": "url", "prefix": prefix}
            found = self._ask(
                "GET", f"{self._base}/?{query_string(asked | ({'continuation-token': after} if after else {}))}"
            )
            assert found is not None
            try:
                page = parse_xml(found.content, self.shown)
            except ItemError as error:
                raise RecordUnreachable(str(error)) from error
            for entry in page:
                key = unquote_plus(next(iter(texts(entry, "key")), "")) if local(entry) == "contents" else ""
                if key and not key.endswith("/"):
                    tag = _plain(next(iter(texts(entry, "etag")), ""))
                    yield Stored(unicodedata.normalize("NFC", key.removeprefix(self._prefix)), tag)
            before, after = after, next(iter(texts(page, "nextcontinuationtoken")), "")
            if next(iter(texts(page, "istruncated")), "").lower() != "true" or after in ("", before):
                return

    def _url(self, name: str) -> str:
        return f"{self._base}/{quote(self._prefix + name, safe=_SAFE)}"

    def _ask(
        self,
        method: str,
        url: str,
        *,
        missing: bool = False,
        digest: str | None = None,
        file: Path | None = None,
        into: Path | None = None,
    ) -> httpx.Response | None:
        """The answer, whose body is in `into` if that is given; None for what is not there, if it may be `missing`."""
        for wait in (*_WAITS, None):
            try:
                answer = self._asked(method, url, digest, file, into)
            except httpx.TransportError as error:
                trouble = one_line(hidden(str(error)) or type(error).__name__, 200)
            else:
                if answer.is_success:
                    return answer
                if answer.status_code == 404 and missing and "NoSuchBucket" not in answer.text:
                    return None
                if not passing(answer.status_code):
                    raise self._refused(answer)
                trouble = f"HTTP {answer.status_code}"
            if wait is None:
                raise RecordUnreachable(
                    f"{self.shown}: 파일 저장소(S3)에 연결할 수 없습니다({trouble}). [store] files와 endpoint를 확인하고 잠시 후"
                    " 다시 하세요. (the bucket cannot be reached)"
                )
            pause(wait)
        raise AssertionError("the last try returns or raises")

    def _asked(self, method: str, url: str, digest: str | None, file: Path | None, into: Path | None) -> httpx.Response:
        headers: Mapping[str, str] = signed(url, self._region, self._credentials, method=method, digest=digest)
        if file is not None:
            with file.open("rb") as opened:
                length = {"content-length": str(file.stat().st_size)}
                content = iter(lambda: opened.read(_BLOCK), b"")
                return self._client.request(method, url, headers={**headers, **length}, content=content)
        if into is None:
            return self._client.request(method, url, headers=headers)
        with self._client.stream(method, url, headers=headers) as answer:
            if not answer.is_success:
                answer.read()
                return answer
            with into.open("wb") as written:
                for block in answer.iter_bytes(_BLOCK):
                    written.write(block)
            return answer

    def _refused(self, answer: httpx.Response) -> ConfigError:
        status = answer.status_code
        if status in (401, 403):
            return ConfigError(
                f"{self.shown}: 파일 저장소(S3)가 접근을 거부했습니다(HTTP {status}). 환경 변수 {KEY}, {SECRET}과 버킷의 읽기·쓰기"
                " 권한을 확인하세요. (access denied)"
            )
        if status == 404:
            return ConfigError(
                f"{self.shown}: 버킷이 없습니다. 버킷 '{self._bucket}'을(를) 만들거나 [store] files, endpoint, region을"
                " 확인하세요. (no such bucket)"
            )
        said = one_line(hidden(answer.text), 200) if answer.request.method != "HEAD" else ""
        return ConfigError(f"{self.shown}: 파일 저장소(S3)가 요청을 처리하지 못했습니다(HTTP {status}). {said}".strip())


def _plain(tag: str) -> str:
    """A tag as it can be the name of a folder."""
    return "".join(c for c in tag if c.isalnum() or c == "-") or "none"
