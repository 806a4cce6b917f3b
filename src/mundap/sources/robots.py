"""robots.txt as RFC 9309 has it: groups by agent, the longest rule that matches, `*` and `$`; and Crawl-delay.

The standard library's parser knows neither wildcards nor the longest match, which sites rely on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import quote, unquote_to_bytes, urlsplit

_LONGEST_DELAY = 30.0  # seconds between two requests: more is taken as this
_LARGEST = 500 << 10  # bytes that are read of the file, as the RFC wants at least
_SAFE = "/?&=:;,@!$'()*+~-._"
_BOM = "\ufeff"


@dataclass
class _Group:
    agents: list[str] = field(default_factory=list)
    rules: list[tuple[str, bool]] = field(default_factory=list)  # a pattern, and whether it allows
    delay: float = 0.0


class Robots:
    """What the robots.txt of a site lets `agent` ask; a site without one, or an empty file, lets it ask everything."""

    def __init__(self, text: str, agent: str) -> None:
        groups, self.sitemaps = _parse(text[:_LARGEST])
        mine = [one for one in groups if any(name != "*" and name in agent.lower() for name in one.agents)]
        chosen: Sequence[_Group] = mine or [one for one in groups if "*" in one.agents]
        self._rules = [rule for one in chosen for rule in one.rules]
        self.delay = min(max((one.delay for one in chosen), default=0.0), _LONGEST_DELAY)

    def allows(self, url: str) -> bool:
        """Whether it may be asked for. Of rules of the same length, the one that allows wins."""
        parts = urlsplit(url)
        asks = "?" in url.partition("#")[0]  # if for nothing, too
        path = _spelled((parts.path or "/") + (f"?{parts.query}" if asks else ""))
        matching = [(len(pattern), allowed) for pattern, allowed in self._rules if _regex(pattern).match(path)]
        return max(matching, default=(0, True))[1]


def _parse(text: str) -> tuple[list[_Group], list[str]]:
    groups: list[_Group] = []
    sitemaps: list[str] = []
    naming = False  # whether the line before named an agent
    for line in text.removeprefix(_BOM).splitlines():
        name, colon, value = line.partition("#")[0].partition(":")
        name, value = name.strip().lower(), value.strip()
        if not colon:
            continue
        if name == "user-agent":
            if not naming:
                groups.append(_Group())
            groups[-1].agents.append(value.lower())
            naming = True
        elif name == "sitemap":
            sitemaps.append(value)
        elif groups:
            naming = False
            if name in ("allow", "disallow") and value:
                groups[-1].rules.append((_spelled(value), name == "allow"))
            elif name == "crawl-delay" and re.fullmatch(r"\d{1,6}(\.\d{1,3})?", value):
                groups[-1].delay = float(value)
    return groups, sitemaps


def _spelled(path: str) -> str:
    """A path with all but ASCII letters percent-encoded in one way: rules and addresses are written in several."""
    return quote(unquote_to_bytes(path), safe=_SAFE)


@cache
def _regex(pattern: str) -> re.Pattern[str]:
    end = pattern.endswith("$")
    body = re.sub(r"\*+", "*", pattern.removesuffix("$"))
    return re.compile(".*".join(map(re.escape, body.split("*"))) + (r"\Z" if end else ""), re.DOTALL)
