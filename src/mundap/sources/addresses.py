"""Addresses of the web in one spelling, with Hangul in them readable."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote_to_bytes, urlsplit, urlunsplit

import httpx

_PORTS = {"http": 80, "https": 443}
_SAFE = "/%:@!$&'()*+,;=~-._"
_BEYOND_ASCII = re.compile(r"(?:%[89A-Fa-f][0-9A-Fa-f])+")


def normal(url: str) -> str:
    """An address in one spelling: no fragment, no default port, the host in lower case; "" if it is not of the web."""
    try:
        parts = urlsplit(url.strip())
        host, port = (parts.hostname or "").rstrip("."), parts.port
        scheme = parts.scheme.lower()
        if scheme not in _PORTS or not host:
            return ""
        host = httpx.URL(f"http://[{host}]" if ":" in host else f"http://{host}").raw_host.decode("ascii")
    except (ValueError, httpx.InvalidURL):
        return ""
    place = f"[{host}]" if ":" in host else host
    if port and port != _PORTS[scheme]:
        place = f"{place}:{port}"
    path, query = quote(parts.path or "/", safe=_SAFE), quote(parts.query, safe=f"{_SAFE}?")
    return readable(urlunsplit((scheme, place, path, query, "")))


def readable(url: str) -> str:
    """The address with Hangul and other letters beyond ASCII as such, where they are UTF-8; it leads to the same place."""
    return _BEYOND_ASCII.sub(_decoded, url)


def _decoded(found: re.Match[str]) -> str:
    try:
        text = unquote_to_bytes(found[0]).decode("utf-8")
    except UnicodeDecodeError:  # of CP949, say
        return found[0]
    return text if text.isprintable() and not any(letter.isspace() for letter in text) else found[0]
