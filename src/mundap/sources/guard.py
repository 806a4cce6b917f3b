"""Which addresses may be asked: those of the internet, and what a setting lists. Against server-side request forgery.

Whoever writes a page, a redirect or a DNS record that a source follows could otherwise have this machine ask its own
network. A name is resolved once, all of its addresses are checked, and the connection goes to one of those that were
checked, so that a second look-up cannot answer otherwise (DNS rebinding).
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from threading import Lock
from typing import Any, TypeAlias

import httpx

from mundap.errors import ConfigError
from mundap.redact import shown_address
from mundap.sources.protocol import ItemError
from mundap.sources.proxies import Proxies

Address: TypeAlias = IPv4Address | IPv6Address
Resolve: TypeAlias = Callable[[str], list[str]]  # the addresses of a name; raises OSError

# What is not of the internet, by IANA's registries of special-purpose addresses (RFC 6890 and later); the tables of
# Python's ipaddress differ from version to version.
_NOT_GLOBAL_4 = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",  # carrier-grade NAT
            "127.0.0.0/8",
            "169.254.0.0/16",  # link-local, and the metadata of clouds
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.31.196.0/24",
            "192.52.193.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "192.175.48.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/3",  # multicast, reserved, broadcast
        ),
    )
)
_GLOBAL_6 = IPv6Network(
    "2000::/3"
)  # nothing else of IPv6 is: not ::1, fc00::/7, fe80::/10, ::ffff:0:0/96, 64:ff9b::/96
_NOT_GLOBAL_6 = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # Teredo, ORCHID and others
            "2001:db8::/32",
            "2002::/16",  # 6to4, with an IPv4 address inside
            "2620:4f:8000::/48",
            "3fff::/20",
        ),
    )
)
# Prefixes behind which an IPv4 address stands that is asked in the end, and its offset from the right in bits.
_CARRIERS = (
    (IPv6Network("::ffff:0:0/96"), 0),  # IPv4-mapped
    (IPv6Network("::/96"), 0),  # IPv4-compatible
    (IPv6Network("64:ff9b::/96"), 0),  # NAT64
    (IPv6Network("2002::/16"), 80),  # 6to4
)


class Forbidden(ItemError):
    """An address that may not be asked."""


def is_global(address: Address) -> bool:
    """Whether it is an address of the internet: not private, loopback, link-local, of carrier-grade NAT, multicast or
    reserved, and none that stands for an IPv4 address."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_GLOBAL_4)
    return address in _GLOBAL_6 and not any(address in network for network in _NOT_GLOBAL_6)


def parsed(said: str) -> Address:
    """The address; a zone (fe80::1%eth0) is left out. Raises ValueError."""
    return ipaddress.ip_address(said.partition("%")[0])


def resolve(host: str) -> list[str]:
    """The addresses of a name, by the system. Raises OSError."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(where[4][0]) for where in found))


class Guard:
    """`allow` lists networks ("10.0.0.0/8"), single addresses, and names of hosts. Raises ConfigError for what is neither."""

    def __init__(self, allow: Sequence[str] = (), resolve: Resolve = resolve) -> None:
        self._resolve = resolve
        self._names: set[str] = set()
        self._networks: list[ipaddress.IPv4Network | IPv6Network] = []
        for one in allow:
            try:
                self._networks.append(ipaddress.ip_network(one, strict=False))
            except ValueError as error:
                if not one or "/" in one or ":" in one:
                    raise ConfigError(
                        f"allow '{one}': 네트워크(10.0.0.0/8)나 호스트 이름(intranet.example)이 아닙니다."
                    ) from error
                self._names.add(_plain(one))

    def addresses(self, host: str) -> list[str]:
        """The addresses of `host`, all of which may be asked. Raises Forbidden, and ItemError for an unknown name."""
        try:
            found = [str(parsed(host))]
        except ValueError:
            try:
                found = self._resolve(host)
            except (OSError, UnicodeError) as error:
                raise ItemError(f"{host}: 주소를 찾을 수 없습니다. 호스트 이름과 네트워크를 확인하세요.") from error
        if not found:
            raise ItemError(f"{host}: 주소를 찾을 수 없습니다. 호스트 이름과 네트워크를 확인하세요.")
        if not self.lists(host):
            for one in found:
                if not self.allows(parsed(one)):
                    raise Forbidden(
                        f"{host}: 인터넷 주소가 아니어서({one}) 접속하지 않았습니다. 내부 서버가 맞으면 mundap.toml의"
                        f' [[sources]]에 지정하세요: allow = ["{one}"]'
                    )
        return found

    def lists(self, host: str) -> bool:
        """Whether the name itself is listed, which may be asked wherever it leads."""
        return _plain(host) in self._names

    def allows(self, address: Address) -> bool:
        """Whether it is of the internet, or listed; an IPv4 address inside an IPv6 one counts as listed with either."""
        if is_global(address):
            return True
        return any(
            one in network
            for one in (address, *_carried(address))
            for network in self._networks
            if one.version == network.version
        )


def _carried(address: Address) -> list[IPv4Address]:
    if isinstance(address, IPv4Address):
        return []
    return [IPv4Address((int(address) >> shift) & 0xFFFFFFFF) for network, shift in _CARRIERS if address in network]


def _plain(host: str) -> str:
    """A name as it is compared: in lower case, of ASCII letters, without the dot at its end."""
    try:
        return host.rstrip(".").lower().encode("idna").decode()
    except UnicodeError:
        return host.rstrip(".").lower()


class GuardedTransport(httpx.BaseTransport):
    """Connects to the addresses that the guard has checked; the Host header and the name in TLS stay those of the URL.

    A proxy, too, is asked for a checked address, for it would look a name up itself, a second time. That is done over https
    alone, where it sees nothing but the address; whatever else is asked of a proxy by name must be listed by name.

    Redirects come through here as well. One pool for each host: a connection is never used for another name.
    """

    def __init__(self, guard: Guard, proxies: Proxies) -> None:
        self._guard = guard
        self._proxies = proxies
        self._verify = ssl.create_default_context()
        self._pools: dict[tuple[str, str, str], httpx.HTTPTransport] = {}
        self._lock = Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send it. Raises Forbidden before anything is sent, ConfigError for a proxy of no use, and what httpx raises."""
        url = request.url
        if url.scheme not in ("http", "https") or not url.host:
            raise Forbidden(f"{url.scheme or '?'}: http와 https 주소만 사용할 수 있습니다.")
        proxy = self._proxies.of(url)
        if proxy is None:
            return self._pinned(request, None)
        try:
            if self._guard.lists(url.host):
                return self._pool(url.host, url.host, proxy).handle_request(request)
            if url.scheme == "http" and not _is_address(url.host):
                raise Forbidden(
                    f"{url.host}: 프록시로는 http 주소를 이름으로만 물을 수 있어 접속하지 않았습니다. https 주소를 쓰거나"
                    f' mundap.toml의 [[sources]]에 지정하세요: allow = ["{url.host}"]'
                )
            return self._pinned(request, proxy)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise type(error)(f"프록시 {shown_address(str(proxy.url))}: {error}") from error

    def _pinned(self, request: httpx.Request, proxy: httpx.Proxy | None) -> httpx.Response:
        url = request.url
        failed: httpx.TransportError | None = None
        for address in self._addresses(url.host, proxy):
            pinned = httpx.Request(
                request.method,
                url.copy_with(host=address),
                headers=request.headers,  # with the Host of the URL
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": url.raw_host.decode("ascii")},
            )
            try:
                return self._pool(url.raw_host.decode("ascii"), address, proxy).handle_request(pinned)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failed = error
        assert failed is not None
        raise failed

    def _addresses(self, host: str, proxy: httpx.Proxy | None) -> list[str]:
        try:
            return self._guard.addresses(host)
        except Forbidden:
            raise
        except ItemError as error:
            if proxy is None:
                raise
            raise ItemError(
                f"{host}: 이 컴퓨터에서 주소를 찾을 수 없습니다. 프록시가 찾게 하려면 mundap.toml의 [[sources]]에 지정하세요:"
                f' allow = ["{host}"]'
            ) from error

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            pools = list(self._pools.values())
            self._pools.clear()
        for pool in pools:
            pool.close()

    def _pool(self, host: str, address: str, proxy: httpx.Proxy | None) -> httpx.HTTPTransport:
        with self._lock:
            key = host, address, str(proxy.url) if proxy else ""
            if key not in self._pools:
                verify = _named_context(host) if proxy else self._verify
                self._pools[key] = httpx.HTTPTransport(verify=verify, proxy=proxy)
            return self._pools[key]


class _NamedContext(ssl.SSLContext):
    """Checks certificates by `name`, for httpcore asks behind a proxy for that of the address, and knows no other way."""

    name: str

    def wrap_socket(self, *arguments: Any, **named: Any) -> ssl.SSLSocket:
        return super().wrap_socket(*arguments, **named | {"server_hostname": self.name})

    def wrap_bio(self, *arguments: Any, **named: Any) -> ssl.SSLObject:
        return super().wrap_bio(*arguments, **named | {"server_hostname": self.name})


def _named_context(name: str) -> ssl.SSLContext:
    made = _NamedContext(ssl.PROTOCOL_TLS_CLIENT)
    made.name = name
    made.load_default_certs()
    return made


def _is_address(host: str) -> bool:
    try:
        parsed(host)
    except ValueError:
        return False
    return True
