"""Tokens of an OpenID Connect issuer: whom they name, checked against the keys that the issuer publishes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from mundap.config import Oidc
from mundap.errors import ConfigError
from mundap.extras import need
from mundap.serve.error_responses import RETRY_SECONDS, Refused
from mundap.serve.well_formed import broken
from mundap.types import Json

EXTRA = "oidc"
_DISCOVERY = "/.well-known/openid-configuration"  # OpenID Connect Discovery 1.0, section 4
# Signatures that only the issuer can make. A token that is signed with a shared secret, or not at all, is refused.
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
_TYPES = (None, "jwt", "at+jwt", "application/at+jwt")  # RFC 9068; others, as of a logout, name nobody who asks
_LEEWAY = 60  # seconds by which clocks may differ
_KEPT = 3600.0  # seconds for which keys are used before they are read again
_AGAIN = 30.0  # seconds between two looks for a key that was not there
_TIMEOUT = 10.0
_LONGEST = 16_384  # characters of a token


@dataclass(frozen=True)
class Person:
    """Who a token names: `subject` at its issuer. `values` and `tags` are what it says by the claims of the settings for
    roles and access tags; `until` is when it ends, in seconds since 1970."""

    subject: str
    values: tuple[str, ...]
    tags: tuple[str, ...]
    until: int


class BadToken(Exception):
    """A token that proves nothing. What is wrong with it is for the log."""


class Issuer:
    """The issuer of the settings. What it publishes is read when it is needed first, and again when its keys change."""

    def __init__(self, settings: Oidc, http: httpx.AsyncClient | None = None) -> None:
        """Raises MissingExtra, or ConfigError for settings that name no issuer or nobody to whom tokens are given."""
        need("joserfc", extra=EXTRA)
        if not settings.issuer.startswith(("https://", "http://")) or not settings.client_id:
            raise ConfigError("[oidc]에는 issuer(https://…)와 client_id가 모두 필요합니다.")
        self._settings = settings
        self._audience = settings.audience or (settings.client_id,)
        self.http = http or httpx.AsyncClient(timeout=_TIMEOUT)
        self._about: dict[str, Json] = {}
        self._keys: Any = None
        self._read = float("-inf")
        self._reading = asyncio.Lock()

    async def endpoint(self, name: str) -> str:
        """An address that the issuer publishes, such as "token_endpoint"; "" if it has none. Raises Refused if it cannot be
        reached."""
        await self._fresh(_KEPT)
        return str(self._about.get(name) or "")

    async def person(self, token: str, audience: Sequence[str] = (), nonce: str = "") -> Person:
        """Whom the token names, which is meant for one of `audience` (default: those of the settings), and answers `nonce`.

        Raises BadToken, or Refused if the issuer cannot be reached.
        """
        from joserfc import jwt
        from joserfc.errors import InvalidKeyIdError, JoseError

        if len(token) > _LONGEST:
            raise BadToken("too long")
        await self._fresh(_KEPT)
        try:
            try:
                found = jwt.decode(token, self._keys, algorithms=[*_ALGORITHMS])
            except (InvalidKeyIdError, ValueError):  # perhaps the issuer has new keys
                await self._fresh(_AGAIN)
                found = jwt.decode(token, self._keys, algorithms=[*_ALGORITHMS])
            claims = jwt.JWTClaimsRegistry(
                leeway=_LEEWAY,
                iss={"essential": True, "value": self._settings.issuer},
                aud={"essential": True, "values": [*(audience or self._audience)]},
                exp={"essential": True},
                sub={"essential": True},
                nonce={"essential": bool(nonce), **({"value": nonce} if nonce else {})},
            )
            claims.validate(found.claims)
        except (JoseError, ValueError, TypeError) as error:
            raise BadToken(f"{type(error).__name__}: {error}") from error
        kind = found.header.get("typ")
        if (kind.lower() if isinstance(kind, str) else kind) not in _TYPES:
            raise BadToken(f"typ {kind!r}")
        said = found.claims
        settings = self._settings
        values, tags = _values(said, settings.roles_claim), _values(said, settings.access_claim)
        subject = str(said["sub"])
        if any(broken(text) for text in (subject, *values, *tags)):
            raise BadToken("text that can be neither stored nor sent")
        return Person(subject, values, tags, int(said["exp"]))

    async def close(self) -> None:
        """Close the connections."""
        await self.http.aclose()

    async def _fresh(self, seconds: float) -> None:
        """Read what the issuer publishes, unless that was done within `seconds`; old keys are used while it is away."""
        from joserfc.jwk import KeySet

        async with self._reading:
            if time.monotonic() - self._read < seconds:
                return
            try:
                about = await self._json(self._settings.issuer.rstrip("/") + _DISCOVERY)
                if about.get("issuer") != self._settings.issuer:
                    raise ValueError(f"issuer is {about.get('issuer')!r}")
                keys: Any = await self._json(str(about["jwks_uri"]))
                kept = [key for key in keys["keys"] if key.get("kty") != "oct" and key.get("use", "sig") == "sig"]
                self._keys = KeySet.import_key_set({"keys": kept})
            except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
                if self._keys is not None:
                    self._read = time.monotonic() - _KEPT + _AGAIN
                    return
                raise Refused(
                    503, "로그인 서버에 연결할 수 없습니다. 잠시 후 다시 시도하세요.", RETRY_SECONDS
                ) from error
            self._about, self._read = about, time.monotonic()

    async def _json(self, address: str) -> dict[str, Json]:
        answer = await self.http.get(address)
        answer.raise_for_status()
        said: dict[str, Json] = answer.json()
        return said


def _values(claims: Mapping[str, Any], path: str) -> tuple[str, ...]:
    """The texts of the claim at `path`, whose parts are parted by dots; one may hold several. () for "" or what is not there.

    A claim whose own name has dots, as some issuers give, is found by its whole name.
    """
    found: Any = claims.get(path) if path else None
    if found is None:
        found = claims
        for part in path.split(".") if path else [""]:
            found = found.get(part) if isinstance(found, Mapping) else None
    several = found if isinstance(found, list) else [found]
    return tuple(one for one in several if isinstance(one, str) and one)
