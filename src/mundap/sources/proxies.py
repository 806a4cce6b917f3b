"""Which proxy a request goes through: the one that a setting names, those of the environment, or none."""

from __future__ import annotations

import ipaddress
from contextlib import suppress
from urllib.request import getproxies, proxy_bypass

import httpx

from mundap.errors import ConfigError
from mundap.redact import shown_address
from mundap.remote import is_loopback

ENVIRONMENT, NONE = "environment", "none"


class Proxies:
    """`setting` is the address of a proxy for every request, ENVIRONMENT for what HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and
    NO_PROXY say, or NONE. Those of the environment do not reach this machine's own servers, and are not asked for them.
    """

    def __init__(self, setting: str = ENVIRONMENT) -> None:
        self._setting = setting

    def of(self, url: httpx.URL) -> httpx.Proxy | None:
        """The proxy to `url`; None where it is asked directly. Raises ConfigError for a proxy that is none of HTTP."""
        said = (
            self._environment(url) if self._setting == ENVIRONMENT else "" if self._setting == NONE else self._setting
        )
        if not said:
            return None
        try:
            address = httpx.URL(said if "://" in said else f"http://{said}")
        except httpx.InvalidURL as error:
            raise ConfigError(f"프록시 주소 '{shown_address(said)}'이(가) 올바르지 않습니다.") from error
        if address.scheme not in ("http", "https") or not address.host:
            raise ConfigError(
                f"프록시 {shown_address(str(address))}: HTTP 프록시만 사용할 수 있습니다. 예: http://proxy.example:3128"
            )
        return httpx.Proxy(address)

    def _environment(self, url: httpx.URL) -> str:
        host = url.host
        known = getproxies()
        if is_loopback(host) or proxy_bypass(url.netloc.decode("ascii")) or _listed(host, known.get("no", "")):
            return ""
        return known.get(url.scheme) or known.get("all") or ""


def _listed(host: str, without: str) -> bool:
    """Whether an address is in one of the networks of NO_PROXY, which the standard library takes for names."""
    with suppress(ValueError):
        address = ipaddress.ip_address(host)
        for one in without.split(","):
            with suppress(ValueError):
                if address in ipaddress.ip_network(one.strip(), strict=False):
                    return True
    return False
