"""Addresses that sources may ask: nothing of one's own network, by whatever name, redirect or second look-up."""

from __future__ import annotations

import gzip
import ipaddress
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.websites import Page, html, site

from mundap.errors import ConfigError
from mundap.sources import http
from mundap.sources.guard import Forbidden, Guard, is_global
from mundap.sources.http import Web
from mundap.sources.protocol import Gone, ItemError

INSIDE = [
    "0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.8.9.10", "169.254.169.254", "172.16.0.1", "172.31.255.255",
    "192.168.0.1", "192.0.0.8", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1",
    "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::", "fc00::1", "fd12:3456::1", "fe80::1", "fec0::1",
    "ff02::1", "3fff::1", "5f00::1",
]  # fmt: skip
OUTSIDE = ["1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "211.45.27.231", "2001:4860:4860::8888", "2a00:1450::1", "2606:4700::1111"]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_what_is_not_of_the_internet_is_refused(address: str) -> None:
    with pytest.raises(Forbidden, match="allow"):
        Guard().addresses(address)
    with pytest.raises(Forbidden):
        Guard(resolve=lambda host: ["8.8.8.8", address]).addresses("mixed.example")


@pytest.mark.parametrize("address", OUTSIDE)
def test_addresses_of_the_internet_may_be_asked(address: str) -> None:
    assert Guard().addresses(address) == [address]
    assert Guard(resolve=lambda host: [address]).addresses("public.example") == [address]


@given(st.ip_addresses(v=4))
def test_no_address_that_python_calls_private_passes(address: ipaddress.IPv4Address) -> None:
    if is_global(address):
        assert address.is_global
        assert not address.is_private
        assert not address.is_loopback
        assert not address.is_link_local
        assert not address.is_multicast


@given(st.ip_addresses(v=6))
def test_no_address_of_ipv6_that_python_calls_private_passes(address: ipaddress.IPv6Address) -> None:
    if is_global(address):
        assert address.is_global
        assert address.ipv4_mapped is None
        assert address.sixtofour is None
        assert address.teredo is None


@given(st.ip_addresses(v=4))
def test_an_address_inside_another_is_none_of_the_internet(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    for base, shift in (("::ffff:0:0", 0), ("::", 0), ("64:ff9b::", 0), ("2002::", 80)):
        assert not is_global(ipaddress.IPv6Address(int(ipaddress.IPv6Address(base)) | number << shift))


@given(st.ip_addresses(v=4), st.integers(8, 32))
def test_listed_networks_may_be_asked(address: ipaddress.IPv4Address, bits: int) -> None:
    network = ipaddress.ip_network(f"{address}/{bits}", strict=False)
    assert Guard([str(network)]).allows(address)
    mapped = ipaddress.IPv6Address(f"::ffff:{address}")
    assert Guard([str(network)]).allows(mapped)


@given(st.ip_addresses())
def test_a_listed_network_lists_no_other(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    listed = ipaddress.ip_network("10.0.0.0/8")
    if not is_global(address) and address.version == 4 and address not in listed:
        assert not Guard(["10.0.0.0/8"]).allows(address)


def test_listed_names_may_be_asked_wherever_they_lead() -> None:
    guard = Guard(["Intranet.example", "문서.example"], resolve=lambda host: ["10.0.0.5"])
    assert guard.addresses("intranet.EXAMPLE.") == ["10.0.0.5"]
    assert guard.addresses("문서.example") == ["10.0.0.5"]
    for other in ("www.intranet.example", "intranet.example.evil.example", "evil-intranet.example"):
        with pytest.raises(Forbidden):
            guard.addresses(other)


@pytest.mark.parametrize("spelling", ["0x7f.1", "2130706433", "127.1", "localhost", "localhost."])
def test_other_spellings_of_this_machine_are_refused(spelling: str) -> None:
    with pytest.raises(ItemError):
        Guard().addresses(spelling)


@pytest.mark.parametrize("listed", ["", "10.0.0.0/99", "http://intranet", "host/8"])
def test_what_is_neither_network_nor_name_is_told(listed: str) -> None:
    with pytest.raises(ConfigError, match="allow"):
        Guard([listed])


MakeWeb = Callable[..., Web]


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeWeb]:
    """Makes clients of a guard, which wait little before they ask again and are closed at the end."""
    monkeypatch.setattr(http, "_BACKOFF", 0.05)
    made: list[Web] = []

    def make(guard: Guard, most: int = 1 << 20, seconds: float = 10) -> Web:
        made.append(Web(guard, most, seconds))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_a_page_of_this_machine_is_not_asked_for_at_all(tmp_path: Path, web: MakeWeb) -> None:
    with site({"/": html("안내", "비밀")}) as own:
        with pytest.raises(Forbidden):
            web(Guard()).save(f"{own.address}/", tmp_path / "page")
        with pytest.raises(Forbidden):
            web(Guard()).save(own.address.replace("127.0.0.1", "localhost"), tmp_path / "page")
        assert own.asked == []


def test_a_redirect_to_another_machine_of_the_network_is_refused(tmp_path: Path, web: MakeWeb) -> None:
    with site({"/secret": html("비밀", "내부")}, "127.0.0.2") as inner:
        pages = {
            "/": Page(status=302, location=f"{inner.address}/secret"),
            "/file": Page(status=302, location="file:///etc/passwd"),
        }
        with site(pages) as outer:
            client = web(Guard(["127.0.0.1"]))
            with pytest.raises(Forbidden, match=r"127\.0\.0\.2"):
                client.save(f"{outer.address}/", tmp_path / "page")
            with pytest.raises(ItemError):
                client.save(f"{outer.address}/file", tmp_path / "page")
            assert inner.asked == []
            listed = web(Guard(["127.0.0.0/8"])).save(f"{outer.address}/", tmp_path / "page")
            assert str(listed.url) == f"{inner.address}/secret"


def test_a_name_that_leads_elsewhere_the_second_time_changes_nothing(tmp_path: Path, web: MakeWeb) -> None:
    """DNS rebinding: the first answer is the one that is checked, and the one that is asked."""
    with site({"/": html("안내", "공개")}) as outer:
        port = outer.server_address[1]
        inner = site({"/": html("비밀", "내부")}, "127.0.0.2")
        with inner as hidden:
            answers = iter([["127.0.0.1"], ["127.0.0.2"], ["127.0.0.2"]])
            guard = Guard(["127.0.0.1"], resolve=lambda host: next(answers))
            client = web(guard)
            client.save(f"http://rebind.example:{port}/", tmp_path / "page")
            assert "공개" in (tmp_path / "page").read_text("utf-8")
            assert outer.hosts == [f"rebind.example:{port}"]  # the name stays in the request
            with pytest.raises(Forbidden):
                client.save(f"http://rebind.example:{port}/", tmp_path / "page")
            assert hidden.asked == []


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl, to make a certificate")
def test_tls_is_checked_by_the_name_and_not_by_the_address(
    tmp_path: Path, web: MakeWeb, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = ["-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=secure.example", "-days", "2", "-nodes"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", *made, "-addext", "subjectAltName=DNS:secure.example"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    names: list[str | None] = []
    context.sni_callback = lambda made, name, own: names.append(name)
    with site({"/": html("안내", "공개")}) as own:
        own.socket = context.wrap_socket(own.socket, server_side=True)
        client = web(Guard(["127.0.0.1"], resolve=lambda host: ["127.0.0.1"]))
        client.save(f"https://secure.example:{own.server_address[1]}/", tmp_path / "page")
        assert "공개" in (tmp_path / "page").read_text("utf-8")
        assert names == ["secure.example"]
        with pytest.raises(ItemError, match="certificate"):
            client.save(f"https://other.example:{own.server_address[1]}/", tmp_path / "page")


def test_no_proxy_of_the_environment_is_asked_for_this_machine(
    tmp_path: Path, web: MakeWeb, monkeypatch: pytest.MonkeyPatch
) -> None:
    with site({"/": html("안내", "공개")}) as own, site({}) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.address)
        web(Guard(["127.0.0.1"])).save(f"{own.address}/", tmp_path / "page")
        assert proxy.asked == []


def test_what_is_too_large_or_too_slow_is_cut(tmp_path: Path, web: MakeWeb) -> None:
    bomb = Page(gzip.compress(b"0" * (8 << 20)), headers={"Content-Encoding": "gzip"})
    with site({"/large": Page(b"0" * (2 << 20)), "/bomb": bomb, "/gone": Page(status=410)}) as own:
        client = web(Guard(["127.0.0.1"]))
        for path in ("large", "bomb"):
            with pytest.raises(ItemError, match="max_mb"):
                client.save(f"{own.address}/{path}", tmp_path / "page")
        with pytest.raises(Gone):
            client.save(f"{own.address}/gone", tmp_path / "page")


@pytest.mark.slow
def test_a_server_that_sends_byte_by_byte_is_left(tmp_path: Path, web: MakeWeb) -> None:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen()
        ended = threading.Event()

        def trickle() -> None:
            connection, _ = door.accept()
            with connection:
                connection.recv(4096)
                try:
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
                    while not ended.wait(0.2):
                        connection.sendall(b"x")
                except OSError:
                    pass

        thread = threading.Thread(target=trickle, daemon=True)
        thread.start()
        began = time.monotonic()
        with pytest.raises(ItemError):
            web(Guard(["127.0.0.1"]), seconds=0.3).save(f"http://127.0.0.1:{door.getsockname()[1]}/", tmp_path / "page")
        assert time.monotonic() - began < 6
        ended.set()
        thread.join(5)
