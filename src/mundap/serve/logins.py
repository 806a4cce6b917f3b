"""People who log in at an issuer: by a token of theirs with each request, or by a cookie that this server gave them."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.requests import HTTPConnection

from mundap.config import Oidc
from mundap.serve.asker import Asker, holder
from mundap.serve.error_responses import Refused
from mundap.serve.keys import ROLES, Key
from mundap.serve.oidc import BadToken, Issuer, Person
from mundap.store.record import Place, Server

log = logging.getLogger(__name__)

SESSION = "mundap_session"
KEY_FILE = "session.key"
SECRET = "MUNDAP_OIDC_CLIENT_SECRET"  # the variable that has the secret of the client, which stands in no file
_LONGEST_COOKIE = 3800  # characters; browsers keep 4096 with its name and attributes
_ALGORITHM = "HS256"  # of cookies, which only this server reads


@dataclass(frozen=True)
class Pending:
    """A log-in that has begun: what comes back must answer it. `then` is the page that was wanted."""

    state: str
    nonce: str
    verifier: str
    then: str


class Logins:
    """Who asks, by the issuer of `settings`; the key of the cookies is in that folder or at a server, so that servers over one record share
    it, and a restart keeps sessions."""

    def __init__(self, settings: Oidc, where: Place, issuer: Issuer | None = None) -> None:
        """Raises MissingExtra or ConfigError."""
        self.settings = settings
        self.issuer = issuer or Issuer(settings)
        self._key = _key(where)

    async def by_token(self, token: str, address: str, visitors: frozenset[str]) -> Asker | None:
        """Who brought this token; None for one that proves nothing. Raises Refused if the issuer cannot be reached."""
        try:
            person = await self.issuer.person(token)
        except BadToken as error:
            log.info("a token was refused: %s", error)
            return None
        return self._asker(person, address, visitors, "token")

    def by_cookie(self, request: HTTPConnection, address: str, visitors: frozenset[str]) -> Asker | None:
        """Whose session the cookie is; None without a cookie, or one that has ended or is not ours."""
        said = self.opened(request.cookies.get(SESSION, ""), SESSION)
        if said is None:
            return None
        person = Person(said["sub"], tuple(said["values"]), tuple(said["tags"]), said["exp"])
        return self._asker(person, address, visitors, "cookie")

    def session(self, person: Person) -> tuple[str, int]:
        """The cookie of a session that begins now, and the seconds that it lasts. Raises Refused for more access tags than a
        browser keeps."""
        seconds = int(self.settings.session_hours * 3600)
        values = [one for one in person.values if one in self.settings.roles]
        cookie = self.sealed({"sub": person.subject, "values": values, "tags": [*person.tags]}, SESSION, seconds)
        if len(cookie) > _LONGEST_COOKIE:
            raise Refused(
                403,
                "접근 태그가 너무 많아 로그인할 수 없습니다. 로그인 서버에서 access_claim에 필요한 그룹만 보내게 하세요.",
            )
        return cookie, seconds

    def sealed(self, said: dict[str, Any], purpose: str, seconds: int) -> str:
        """`said` as a cookie for `purpose` that ends after `seconds`."""
        from joserfc import jwt

        whole = {**said, "aud": purpose, "iss": self.settings.issuer, "exp": int(time.time()) + seconds}
        return str(jwt.encode({"alg": _ALGORITHM}, whole, self._key, algorithms=[_ALGORITHM]))

    def opened(self, cookie: str, purpose: str) -> dict[str, Any] | None:
        """What a cookie says, or None if it is not ours, for something else, of another issuer, or has ended."""
        from joserfc import jwt
        from joserfc.errors import JoseError

        try:
            said = jwt.decode(cookie, self._key, algorithms=[_ALGORITHM]).claims
            jwt.JWTClaimsRegistry(
                aud={"essential": True, "value": purpose},
                iss={"essential": True, "value": self.settings.issuer},
                exp={"essential": True},
            ).validate(said)
        except (JoseError, ValueError, TypeError):
            return None
        return dict(said)

    def _asker(self, person: Person, address: str, visitors: frozenset[str], login: str) -> Asker:
        settings = self.settings
        given = {role for value in person.values for role in settings.roles.get(value, ())} | set(settings.everyone)
        digest = hashlib.sha256(json.dumps([settings.issuer, person.subject]).encode()).hexdigest()
        key = Key(f"oidc:{person.subject}", digest, "", tuple(one for one in ROLES if one in given), person.tags)
        asker = holder(key, address, visitors)
        return Asker(asker.name, address, asker.owner, asker.roles, asker.access, key, login)


def _key(where: Place) -> Any:
    """The key that is kept there, which is made if it is not, by whichever process comes first."""
    from joserfc.jwk import OctKey

    return OctKey.import_key(
        bytes.fromhex(_in_file(where / KEY_FILE) if isinstance(where, Path) else _at_server(where))
    )


def _at_server(server: Server) -> str:
    server.execute(
        "INSERT INTO secrets VALUES (?,?) ON CONFLICT (name) DO NOTHING", (KEY_FILE, secrets.token_bytes(32).hex())
    )
    return str(server.execute("SELECT said FROM secrets WHERE name = ?", (KEY_FILE,)).fetchone()[0])


def _in_file(file: Path) -> str:
    if not file.exists():
        beside = file.with_name(f".{file.name}.{os.getpid()}")
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as made:
            made.write(secrets.token_bytes(32).hex().encode())
            made.flush()
            os.fsync(made.fileno())
        try:
            os.link(beside, file)
        except FileExistsError:
            pass
        finally:
            beside.unlink()
    return file.read_text("ascii")
