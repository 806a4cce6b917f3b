"""Tokens of an issuer: only what it signed, for this server, in its time, names anybody."""

from __future__ import annotations

import asyncio
import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("joserfc", reason="the extra oidc is not installed")

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from mundap.config import Oidc
from mundap.errors import ConfigError
from mundap.serve.error_responses import Refused
from mundap.serve.login import _local
from mundap.serve.logins import SESSION, Logins
from mundap.serve.oidc import BadToken, Issuer, Person

ISSUER = "https://login.example/realms/office"
KEY = RSAKey.generate_key(2048, {"use": "sig", "kid": "one"}, private=True)
NEXT = RSAKey.generate_key(2048, {"use": "sig", "kid": "two"}, private=True)
SETTINGS = Oidc(
    issuer=ISSUER,
    client_id="mundap",
    roles_claim="realm_access.roles",
    roles={"직원": ["ask"], "관리": ["write", "read"]},
    access_claim="groups",
)


class Published:
    """What the issuer publishes, and how often it was asked."""

    def __init__(self) -> None:
        self.keys = [KEY]
        self.asked = 0
        self.away = False
        self.issuer = ISSUER

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.away:
            raise httpx.ConnectError("away")
        if request.url.path.endswith("openid-configuration"):
            return httpx.Response(200, json={"issuer": self.issuer, "jwks_uri": f"{ISSUER}/keys"})
        return httpx.Response(200, json=KeySet([*self.keys]).as_dict(private=False))


@pytest.fixture
def published() -> Published:
    return Published()


def claims(**changed: Any) -> dict[str, Any]:
    said = {
        "iss": ISSUER,
        "aud": "mundap",
        "sub": "u1",
        "exp": int(time.time()) + 600,
        "realm_access": {"roles": ["직원", "기타"]},
        "groups": ["인사팀"],
    }
    return {name: value for name, value in {**said, **changed}.items() if value is not None}


def signed(key: Any = KEY, alg: str = "RS256", header: dict[str, Any] | None = None, **changed: Any) -> str:
    said = {"alg": alg, "kid": key.kid or "one", **(header or {})}
    return str(jwt.encode(said, claims(**changed), key, algorithms=[alg]))


def coded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def by_secret(public: bytes) -> str:
    """A token that is signed with what everybody knows of the issuer's key, as if it were a shared secret."""
    head = coded(b'{"alg":"HS256","kid":"one"}')
    said = f"{head}.{coded(json.dumps(claims()).encode())}"
    return f"{said}.{coded(hmac.digest(public, said.encode(), 'sha256'))}"


def read(published: Callable[[httpx.Request], httpx.Response], *tokens: str, **how: Any) -> list[Person | str]:
    async def run() -> list[Person | str]:
        issuer = Issuer(SETTINGS, httpx.AsyncClient(transport=httpx.MockTransport(published)))
        found: list[Person | str] = []
        for token in tokens:
            try:
                found.append(await issuer.person(token, **how))
            except BadToken as error:
                found.append(str(error))
        await issuer.close()
        return found

    return asyncio.run(run())


def test_a_token_names_a_person_with_what_its_claims_say(published: Published) -> None:
    [person] = read(published, signed())
    assert isinstance(person, Person)
    assert (person.subject, person.values, person.tags) == ("u1", ("직원", "기타"), ("인사팀",))


def test_what_the_issuer_did_not_sign_for_this_server_names_nobody(published: Published) -> None:
    head, body = coded(b'{"alg":"none"}'), coded(json.dumps(claims()).encode())
    right = signed()
    wrong = [
        signed(iss="https://evil.example"),
        signed(aud="other"),
        signed(aud=None),
        signed(exp=int(time.time()) - 120),
        signed(exp=None),
        signed(sub=None),
        signed(sub=7),
        signed(nbf=int(time.time()) + 600),
        signed(header={"typ": "logout+jwt"}),
        signed(NEXT),
        by_secret(KEY.as_pem(private=False)),
        f"{head}.{body}.",
        right[:-4] + "AAAA",
        right + "x" * 20_000,
        "a.b.c",
        "",
    ]
    assert [found for found in read(published, *wrong) if isinstance(found, Person)] == []
    assert (
        len([found for found in read(published, signed(aud=["x", "mundap"]), right) if isinstance(found, Person)]) == 2
    )


def test_claims_that_are_no_text_name_nobody(published: Published) -> None:
    for changed in ({"sub": "u\0"}, {"groups": ["인사\0팀"]}, {"realm_access": {"roles": ["직원\0"]}}):
        [said] = read(published, signed(**changed))
        assert isinstance(said, str), changed


def test_an_id_token_must_answer_the_nonce(published: Published) -> None:
    right, wrong, none = read(published, signed(nonce="n"), signed(nonce="m"), signed(), nonce="n")
    assert isinstance(right, Person)
    assert isinstance(wrong, str)
    assert isinstance(none, str)


def test_new_keys_are_read_when_they_are_met_and_not_again_and_again(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mundap.serve.oidc._AGAIN", 0.0)
    old = read(published, signed())
    published.keys = [KEY]

    async def run() -> Person:
        issuer = Issuer(SETTINGS, httpx.AsyncClient(transport=httpx.MockTransport(published)))
        await issuer.person(signed())
        published.keys = [NEXT]
        found = await issuer.person(signed(NEXT))
        published.away = True
        await issuer.person(signed(NEXT))  # known keys are used while it is away
        monkeypatch.setattr("mundap.serve.oidc._AGAIN", 600.0)
        before = published.asked
        for _ in range(5):
            with pytest.raises(BadToken):
                await issuer.person(signed(KEY))
        assert published.asked == before
        await issuer.close()
        return found

    assert asyncio.run(run()).subject == "u1"
    assert isinstance(old[0], Person)


def test_an_issuer_that_is_away_or_another_is_told(published: Published) -> None:
    published.away = True
    with pytest.raises(Refused) as refused:
        read(published, signed())
    assert refused.value.status == 503
    published.away, published.issuer = False, "https://evil.example"
    with pytest.raises(Refused):
        read(published, signed())
    for wrong in (Oidc(issuer=ISSUER), Oidc(issuer="login.example", client_id="x")):
        with pytest.raises(ConfigError, match="client_id"):
            Issuer(wrong)


def test_a_session_is_this_servers_and_says_who_may_do_what(tmp_path: Path) -> None:
    logins = Logins(SETTINGS, tmp_path)
    cookie, seconds = logins.session(Person("u1", ("관리", "기타"), ("인사팀",), 0))
    assert seconds == 8 * 3600
    asker = _asker(logins, cookie)
    assert asker is not None
    assert (asker.name, asker.roles, asker.access) == ("oidc:u1", {"read", "write"}, {"인사팀"})
    assert not asker.operates
    same = _asker(Logins(SETTINGS, tmp_path), cookie)  # after a restart
    assert same is not None
    assert same.owner == asker.owner
    other = Logins(SETTINGS.model_copy(update={"issuer": "https://other.example"}), tmp_path)
    for wrong in (
        _asker(Logins(SETTINGS, _made(tmp_path / "other")), cookie),
        _asker(other, cookie),
        _asker(logins, cookie[:-3] + "AAA"),
        _asker(logins, logins.sealed({"sub": "u1", "values": [], "tags": []}, "mundap_login", 60)),
        _asker(logins, logins.sealed({"sub": "u1", "values": [], "tags": []}, SESSION, -1)),
        _asker(logins, ""),
    ):
        assert wrong is None
    assert (tmp_path / "session.key").stat().st_mode & 0o777 == 0o600
    with pytest.raises(Refused, match="태그"):
        logins.session(Person("u1", (), tuple(f"그룹{n}" for n in range(1000)), 0))


def test_nobody_is_an_admin_by_the_name_of_a_key(tmp_path: Path) -> None:
    logins = Logins(SETTINGS.model_copy(update={"everyone": ("ask",)}), tmp_path)
    cookie, _ = logins.session(Person("mundap up", (), (), 0))
    asker = _asker(logins, cookie)
    assert asker is not None
    assert asker.roles == {"ask"}


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _asker(logins: Logins, cookie: str) -> Any:
    from starlette.requests import Request

    request = Request({"type": "http", "headers": [(b"cookie", f"{SESSION}={cookie}".encode())]})
    return logins.by_cookie(request, "127.0.0.1", frozenset())


@pytest.mark.parametrize(
    "then", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:1", "", "/a\\b", "/\n//x"]
)
def test_a_log_in_leads_to_this_server_only(then: str) -> None:
    assert _local(then) == "/"
    assert _local("/docs?x=1#y") == "/docs?x=1#y"
