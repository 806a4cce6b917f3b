"""Objects of S3 and of servers that speak as it does: listed by prefix, and fetched when their tag has changed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from urllib.parse import quote, unquote_plus
from xml.etree import ElementTree

from mundap.errors import ConfigError
from mundap.source_settings import S3Source
from mundap.sources.guard import Guard, Resolve, resolve
from mundap.sources.http import Web
from mundap.sources.kinds import plain_name
from mundap.sources.markup import local, parse_xml, texts
from mundap.sources.protocol import Fetched, Gone, Had, Item, ItemError, Refused, SourceError
from mundap.sources.proxies import Proxies
from mundap.sources.sigv4 import Credentials, query_string, signed

_SAFE = "/-_.~"
_DIGITS = 19  # of a size


class S3:
    """The objects of `settings`. On a server of one's own, the bucket is in the path and not in the host's name."""

    def __init__(self, settings: S3Source, resolve: Resolve = resolve) -> None:
        self._settings = settings
        own = settings.endpoint.rstrip("/")
        dotted = "." in settings.bucket  # which no certificate of AWS covers
        at = f"https://s3.{settings.region}.amazonaws.com"
        self._base = (
            f"{own or at}/{settings.bucket}"
            if own or dotted
            else f"https://{settings.bucket}.s3.{settings.region}.amazonaws.com"
        )
        self._credentials = _credentials(settings)
        self._web = Web(
            Guard(settings.allow, resolve),
            settings.max_mb << 20,
            settings.seconds,
            redirects=False,
            proxies=Proxies(settings.proxy),
        )

    def items(self) -> Iterator[Item]:
        """The objects, in the order of their keys; folders are keys that end in a slash, and left out."""
        after = ""
        while True:
            asked = {"list-type": "2", "encoding-type": "url", "prefix": self._settings.prefix}
            url = f"{self._base}/?{query_string(asked | ({'continuation-token': after} if after else {}))}"
            try:
                _, raw = self._web.read("GET", url, self._headers(url))
                page = parse_xml(raw, self._settings.name)
            except Refused as error:
                raise SourceError(self._reason(error)) from error
            except ItemError as error:
                raise SourceError(str(error)) from error
            escaped = "url" in texts(page, "encodingtype")  # which not every server does
            for entry in page:
                if local(entry) != "contents":
                    continue
                key = _key(entry, escaped)
                if not key or key.endswith("/") or PurePosixPath(key).name.startswith((".", "~$")):
                    continue
                told = next(iter(texts(entry, "size")), "")
                size = int(told) if told.isdecimal() and len(told) < _DIGITS else 0  # which is counted as it comes
                tag = next(iter(texts(entry, "etag")), "").strip('"')
                address = f"s3://{self._settings.bucket}/{key}"
                yield Item(address, plain_name(PurePosixPath(key).name), f"{tag} {size}", size)
            more = next(iter(texts(page, "istruncated")), "").lower() == "true"
            before, after = after, next(iter(texts(page, "nextcontinuationtoken")), "")
            if not (more and after):
                return
            if after == before:
                raise SourceError(
                    f"{self._settings.name}: 서버가 목록의 같은 쪽을 되풀이합니다. 서버의 버전을 확인하세요."
                )

    def fetch(self, item: Item, into: Path, before: Had | None) -> Fetched | None:
        """The object."""
        key = item.address.removeprefix(f"s3://{self._settings.bucket}/")
        url = f"{self._base}/{quote(key, safe=_SAFE)}"
        self._web.save(url, into, self._headers(url))
        return Fetched(item.fingerprint, item.name)

    def close(self) -> None:
        """Close all connections."""
        self._web.close()

    def _reason(self, error: Refused) -> str:
        listed = f"s3://{self._settings.bucket}: "
        if error.status == 403:
            names = f"{self._settings.key_env}, {self._settings.secret_env}"
            return f"{listed}접근이 거부되었습니다(HTTP 403). 환경 변수 {names}와(과) 버킷의 읽기 권한을 확인하세요."
        if isinstance(error, Gone):
            return f"{listed}버킷이 없습니다(HTTP {error.status}). bucket과 endpoint, region을 확인하세요."
        return str(error)

    def _headers(self, url: str) -> dict[str, str]:
        return signed(url, self._settings.region, self._credentials) if self._credentials else {}


def _key(entry: ElementTree.Element, escaped: bool) -> str:
    """The key of an object as it is, with the spaces at its ends."""
    said = next((one.text or "" for one in entry if local(one) == "key"), "")
    return unquote_plus(said) if escaped else said


def _credentials(settings: S3Source) -> Credentials | None:
    key, secret = os.environ.get(settings.key_env, ""), os.environ.get(settings.secret_env, "")
    if bool(key) != bool(secret):
        missing = settings.secret_env if key else settings.key_env
        raise ConfigError(f"{settings.name}: 환경 변수 {missing}이(가) 설정되지 않았습니다.")
    return Credentials(key, secret, os.environ.get("AWS_SESSION_TOKEN", "")) if key else None
