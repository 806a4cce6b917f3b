"""What stands behind a proxy, as in offices: sources, encoders and language models reached through a real one, and no way inside."""

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.language_model import Handler, Server
from tests.proxies import Place, proxy
from tests.serving import running
from tests.websites import Page, Site, html, site

from mundap.encode.prompts import NONE as NO_PROMPTS
from mundap.encode.server import ServerEncoder
from mundap.errors import ConfigError, MundapError
from mundap.generate.language_model import Settings
from mundap.generate.openai import OpenAIGenerator
from mundap.source_settings import GitSource
from mundap.sources.git import Repository
from mundap.sources.guard import Forbidden, Guard
from mundap.sources.http import Web
from mundap.sources.protocol import ItemError, SourceError, Unreachable
from mundap.sources.proxies import NONE, Proxies
from mundap.types import Hit, Passage

OUTSIDE = "8.8.8.8"  # of the internet; the proxies here lead it to this machine
REFUSAL = "등록된 문서에서 답을 찾지 못했습니다."
TEXT = "청바지에 붙는 관세율은 13퍼센트입니다."
HIT = Hit(Passage("p1", "d", TEXT, 0, len(TEXT), source="관세 안내"), 1.0, 1)
MakeWeb = Callable[..., Web]


def at(server: Site) -> Place:
    return str(server.server_address[0]), int(server.server_address[1])


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """None but those of the tests; and no long waits before something is tried again."""
    monkeypatch.setattr("mundap.sources.http._BACKOFF", 0.01)
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def web() -> Iterator[MakeWeb]:
    """Makes clients through the proxy of a setting, where every name leads to an address of the internet."""
    made: list[Web] = []

    def make(setting: str, *allow: str, leads: str = OUTSIDE) -> Web:
        guard = Guard(allow, resolve=lambda host: [leads] if leads else [])
        made.append(Web(guard, 1 << 20, 10, proxies=Proxies(setting)))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """https://secure.example, with a certificate of that name."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl, to make a certificate")
    made = ["-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=secure.example", "-days", "2", "-nodes"]
    named = ["-addext", "subjectAltName=DNS:secure.example"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", *made, *named], cwd=tmp_path, check=True, capture_output=True
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    with site({"/": html("안내", "공개"), "/away": Page(status=302, location="http://10.0.0.5/secret")}) as own:
        own.socket = context.wrap_socket(own.socket, server_side=True)
        yield own


def test_a_proxy_is_asked_for_the_address_that_was_checked(secure: Site, web: MakeWeb, tmp_path: Path) -> None:
    """It would look the name up itself, and might be told of another machine (DNS rebinding)."""
    with proxy({OUTSIDE: at(secure)}) as office:
        web(office.address).save("https://secure.example/", tmp_path / "page")
        assert "공개" in (tmp_path / "page").read_text("utf-8")
        assert office.asked == [("CONNECT", f"{OUTSIDE}:443")]
        assert secure.hosts == ["secure.example"]
        with pytest.raises(ItemError, match="certificate"):
            web(office.address).save("https://other.example/", tmp_path / "page")


def test_what_is_listed_by_name_is_asked_by_its_name(secure: Site, web: MakeWeb, tmp_path: Path) -> None:
    """Where only the proxy knows the names of the internet, or lets pass by name."""
    with proxy({"secure.example": at(secure)}) as office:
        with pytest.raises(ItemError, match=r'allow = \["secure\.example"\]'):
            web(office.address, leads="").save("https://secure.example/", tmp_path / "page")
        assert office.asked == []
        web(office.address, "secure.example", leads="").save("https://secure.example/", tmp_path / "page")
        assert office.asked == [("CONNECT", "secure.example:443")]
    with site({"/": html("안내", "공개")}) as plain, proxy({"www.example": at(plain)}) as office:
        with pytest.raises(Forbidden, match=r'allow = \["www\.example"\]'):
            web(office.address).save("http://www.example/", tmp_path / "page")
        assert office.asked == []
        web(office.address, "www.example").save("http://www.example/", tmp_path / "page")
        assert "공개" in (tmp_path / "page").read_text("utf-8")
        assert office.asked == [("GET", "http://www.example/")]
        assert plain.hosts == ["www.example"]


def test_a_proxy_is_no_way_inside(secure: Site, web: MakeWeb, tmp_path: Path) -> None:
    with proxy({OUTSIDE: at(secure)}) as office:
        for url in (
            "https://10.0.0.5/",
            "http://169.254.169.254/latest",
            "https://[::ffff:10.0.0.5]/",
            "http://127.1/",
        ):
            with pytest.raises(ItemError):
                web(office.address, leads="10.0.0.5").save(url, tmp_path / "page")
        with pytest.raises(Forbidden):
            web(office.address, leads="192.168.0.7").save("https://public.example/", tmp_path / "page")
        assert office.asked == []
        with pytest.raises(Forbidden, match=r"10\.0\.0\.5"):
            web(office.address).save("https://secure.example/away", tmp_path / "page")
        assert [target for _, target in office.asked] == [f"{OUTSIDE}:443"]


def test_proxies_of_the_environment_are_used_but_not_for_what_is_near(
    secure: Site, web: MakeWeb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxy({OUTSIDE: at(secure)}, login="me:pa 55") as office:
        signed_in = office.address.replace("//", "//me:pa%2055@")
        monkeypatch.setenv("HTTPS_PROXY", signed_in)
        monkeypatch.setenv("HTTP_PROXY", signed_in)
        monkeypatch.setenv("NO_PROXY", "near.example,10.0.0.0/8,.office.example")
        web("environment").save("https://secure.example/", tmp_path / "page")
        assert office.asked == [("CONNECT", f"{OUTSIDE}:443")]
    proxies = Proxies()
    for near in ("near.example", "a.office.example", "10.1.2.3", "127.0.0.1:8000", "localhost", "[::1]"):
        assert proxies.of(httpx.URL(f"http://{near}/")) is None, near
    for far in ("www.example", "11.1.2.3", "notnear.example"):
        assert proxies.of(httpx.URL(f"http://{far}/")) is not None, far
    assert Proxies(NONE).of(httpx.URL("https://www.example/")) is None
    monkeypatch.setenv("ALL_PROXY", "socks5://me:pa55@proxy.example:1080")
    monkeypatch.delenv("HTTPS_PROXY")
    with pytest.raises(ConfigError, match="socks5") as told:
        proxies.of(httpx.URL("https://www.example/"))
    assert "pa55" not in str(told.value)


def test_what_a_proxy_refuses_is_told_as_that(secure: Site, web: MakeWeb, tmp_path: Path) -> None:
    with proxy({OUTSIDE: at(secure)}, login="me:secret") as office:
        with pytest.raises(Unreachable, match=r"프록시.*407"):
            web(office.address).save("https://secure.example/", tmp_path / "page")
        with pytest.raises(ItemError, match=r"프록시.*407"):
            web(office.address, "www.example").save("http://www.example/", tmp_path / "page")
    with proxy({}, closed=(OUTSIDE,)) as office, pytest.raises(Unreachable, match=r"프록시.*403"):
        web(office.address).save("https://secure.example/", tmp_path / "page")
    with pytest.raises(Unreachable, match=rf"프록시 {office.address}"):  # which does not run any more
        web(office.address).save("https://secure.example/", tmp_path / "page")


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_git_asks_a_proxy_for_listed_hosts_only(tmp_path: Path) -> None:
    with proxy({"git.example": ("127.0.0.1", 9)}) as office:
        about = {"kind": "git", "name": "매뉴얼", "url": "https://git.example/a.git", "proxy": office.address}
        with pytest.raises(SourceError, match=r'allow = \["git\.example"\]'):
            list(Repository(GitSource.model_validate(about), tmp_path, tmp_path / "a").items())
        assert office.asked == []
        listed = GitSource.model_validate(about | {"allow": ["git.example"]})
        with pytest.raises(SourceError):  # nothing is there, but the proxy was asked
            list(Repository(listed, tmp_path, tmp_path / "a").items())
        assert office.asked == [("CONNECT", "git.example:443")]


class Model(Handler):
    """Answers as an encoder, and as a language model, of OpenAI's shape."""

    def reply(self, request: dict[str, Any]) -> None:
        if "input" in request:
            self.begin(kind="application/json")
            rows = [{"index": n, "embedding": [3.0, 4.0]} for n, _ in enumerate(request["input"])]
            self.wfile.write(json.dumps({"data": rows}).encode())
        else:
            self.whole("13퍼센트입니다 [1].")


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_models_are_reached_through_the_proxy_of_the_environment(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = "http://models.example/v1"
    monkeypatch.setattr("mundap.remote.BACKOFF_SECONDS", 0.01)
    with running(Server(Model)) as own, proxy({"models.example": ("127.0.0.1", own.server_port)}) as office:
        monkeypatch.setenv(variable, office.address)
        vectors = ServerEncoder(base, "m", NO_PROMPTS).encode_queries(["연차", "병가"])
        assert vectors.tolist() == [pytest.approx([0.6, 0.8])] * 2
        answer = OpenAIGenerator(base, "m", Settings(REFUSAL)).answer("청바지 관세율은 얼마인가요?", [HIT])
        assert answer.text == "13퍼센트입니다 [1]."
        assert {target for _, target in office.asked} == {f"{base}/embeddings", f"{base}/chat/completions"}
        monkeypatch.setenv("NO_PROXY", "models.example")
        office.asked.clear()
        with pytest.raises(MundapError):  # there is none of this name but behind the proxy
            ServerEncoder(base, "m", NO_PROMPTS).encode_queries(["연차"])
        assert office.asked == []
