"""Logging in at a real OpenID Connect server: tokens with requests, and the log-in of pages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.cli.conftest import LEAVE, MakeFiles, Run, Serve, Server
from tests.issuer import issuing

if not (find_spec("joserfc") and find_spec("oidc_provider_mock")):
    pytest.skip("oidc-provider-mock is not installed", allow_module_level=True)

QUESTION = "연차는 언제 소멸되나요?"
SECRET = {"MUNDAP_OIDC_CLIENT_SECRET": "비밀 s3cret:%"}
KIM = {"sub": "kim", "groups": ["직원"], "teams": ["인사팀"]}
LEE = {"sub": "lee", "groups": ["관리", "직원"], "teams": []}
NOBODY = {"sub": "nobody", "groups": ["손님"]}


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """The address of an issuer with three people."""
    with issuing(KIM, LEE, NOBODY) as address:
        yield address


def workspace(mundap: Run, fresh: MakeFiles, issuer: str) -> Path:
    files = LEAVE | {"포상.md": "# 포상\n\n포상 휴가는 29일이며 인사팀만 압니다.\n", "포상.md.access": "인사팀\n"}
    settings = (
        f'[index]\nencoder = "hashed"\n[oidc]\nissuer = "{issuer}"\nclient_id = "mundap"\nroles_claim = "groups"\n'
        'access_claim = "teams"\n[oidc.roles]\n"직원" = ["ask"]\n"관리" = ["read", "write"]\n'
    )
    root = fresh(files, settings)
    assert mundap("ingest", workspace=root).code == mundap("index", workspace=root).code == 0
    return root


def code(address: str, person: str) -> str:
    """Where the issuer sends the browser after `person` has logged in."""
    sent = httpx.post(address, data={"sub": person})
    assert sent.status_code == 302, sent.text
    return sent.headers["location"]


def token(issuer: str, person: str, client: str = "mundap") -> str:
    """An ID token of a person, as another program of theirs gets it."""
    back = "http://127.0.0.1:1/back"
    asked = f"response_type=code&client_id={client}&scope=openid&redirect_uri={back}&state=x&nonce=n"
    given = parse_qs(urlsplit(code(f"{issuer}/oauth2/authorize?{asked}", person)).query)["code"][0]
    form = {"grant_type": "authorization_code", "code": given, "redirect_uri": back, "client_id": client}
    return str(httpx.post(f"{issuer}/oauth2/token", data=form, auth=(client, "secret")).json()["id_token"])


def bearer(given: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {given}"}


def test_tokens_of_the_issuer_say_who_asks_and_what_they_may(
    mundap: Run, serving: Serve, fresh: MakeFiles, issuer: str
) -> None:
    root = workspace(mundap, fresh, issuer)
    with serving(root) as server:
        client = server.client
        assert client.get("/readyz").status_code == 200
        assert client.post("/query", json={"query": QUESTION}).status_code == 401
        kim, lee = bearer(token(issuer, "kim")), bearer(token(issuer, "lee"))
        assert client.get("/me", headers=kim).json() == {
            "name": "oidc:kim",
            "roles": ["ask"],
            "access": ["인사팀"],
            "operates": False,
        }
        answer = client.post("/query", json={"query": QUESTION, "session": "가"}, headers=kim)
        assert (answer.status_code, "소멸" in answer.text) == (200, True)
        secret = {"query": "포상 휴가는 며칠인가요?"}
        assert "29일" in client.post("/query", json=secret, headers=kim).text
        assert "29일" not in client.post("/query", json=secret, headers=lee).text
        vote = {"request_id": answer.json()["request_id"], "verdict": "up"}
        assert client.post("/feedback", json=vote, headers=lee).status_code == 404
        assert client.post("/feedback", json=vote, headers=kim).status_code == 201
        sent = {"files": ("새.md", "# 새\n\n새 글입니다.\n".encode())}
        refused = client.post("/documents", headers=kim, files=sent)
        assert (refused.status_code, "[oidc] roles" in refused.json()["detail"]) == (403, True)
        assert client.post("/documents", headers=lee, files=sent).status_code == 200
        assert client.get("/me", headers=bearer(token(issuer, "nobody"))).status_code == 403
        assert client.get("/me", headers=bearer(token(issuer, "kim", "other"))).status_code == 401
        broken = token(issuer, "kim")[:-8] + "AAAAAAAA"
        assert client.get("/me", headers=bearer(broken)).status_code == 401
        noted = [json.loads(line) for line in (root / ".mundap" / "audit.jsonl").read_text("utf-8").splitlines()]
        assert [(one["who"], one["result"]) for one in noted] == [("oidc:kim", "refused"), ("oidc:lee", "added")]
        assert mundap("keys", "add", "기계", workspace=root).code == 0  # keys go on beside


@contextmanager
def logged_in(server: Server, issuer: str, person: str, then: str = "/me") -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.address, timeout=60) as browser:
        _log_in(browser, server.address, issuer, person, then)
        yield browser


def _log_in(browser: httpx.Client, own: str, issuer: str, person: str, then: str) -> None:
    to = browser.get("/login", params={"next": then})
    assert to.status_code == 302, to.text
    address = to.headers["location"]
    assert address.startswith(f"{issuer}/oauth2/authorize?")
    asked = parse_qs(urlsplit(address).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == [f"{own}/login/callback"]
    back = browser.get(code(address, person))
    assert (back.status_code, back.headers["location"]) == (303, then), back.text
    cookies = back.headers.get_list("set-cookie")
    [cookie] = [one for one in cookies if one.startswith("mundap_session=") and "Max-Age=0" not in one]
    assert re.search("HttpOnly", cookie)
    assert re.search("SameSite=lax", cookie, re.IGNORECASE)


def test_pages_log_in_and_out_by_a_cookie(mundap: Run, serving: Serve, fresh: MakeFiles, issuer: str) -> None:
    root = workspace(mundap, fresh, issuer)
    with serving(root, env=SECRET) as server, logged_in(server, issuer, "kim") as browser:
        assert browser.get("/me").json()["name"] == "oidc:kim"
        assert browser.post("/query", json={"query": QUESTION}).status_code == 200
        elsewhere = browser.post("/query", json={"query": QUESTION}, headers={"Origin": "https://evil.example"})
        assert elsewhere.status_code == 403
        own = browser.post("/query", json={"query": QUESTION}, headers={"Origin": server.address})
        assert own.status_code == 200
        assert browser.post("/logout").status_code == 303
        assert browser.get("/me").status_code == 401
        with serving(root, env=SECRET) as again, logged_in(again, issuer, "lee", "/docs") as other:
            assert other.get("/me").json()["roles"] == ["ask", "read", "write"]


def test_a_log_in_that_this_browser_did_not_begin_is_refused(
    mundap: Run, serving: Serve, fresh: MakeFiles, issuer: str
) -> None:
    with serving(workspace(mundap, fresh, issuer), env=SECRET) as server:
        address = server.client.get("/login").headers["location"]
        back = code(address, "kim")
        with httpx.Client(base_url=server.address, timeout=60) as stranger:
            assert stranger.get(back).status_code == 400
            stranger.get("/login")
            assert stranger.get(back).status_code == 400
        with httpx.Client(base_url=server.address, timeout=60) as browser:
            begun = browser.get("/login", params={"next": "https://evil.example"}).headers["location"]
            state = parse_qs(urlsplit(begun).query)["state"][0]
            wrong = browser.get("/login/callback", params={"state": state, "code": "made-up"})
            assert (wrong.status_code, "로그인하지 못했습니다" in wrong.text) == (403, True)
            denied = browser.get("/login/callback", params={"state": state, "error": "access_denied"})
            assert denied.status_code == 403
            assert browser.get(code(begun, "kim")).headers["location"] == "/"


def test_without_the_setting_there_is_nowhere_to_log_in(mundap: Run, serving: Serve, fresh: MakeFiles) -> None:
    root = fresh(LEAVE)
    with serving(root) as server:
        assert server.client.get("/login").status_code == 404
        assert server.client.get("/me").json()["roles"] == ["ask", "read", "write"]
