"""robots.txt as RFC 9309 has it, against protego, which large crawlers use."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mundap.sources.robots import Robots

SITE = "https://example.org"


@pytest.mark.parametrize(
    ("text", "path", "allowed"),
    [
        ("", "/a", True),
        ("User-agent: *\nDisallow: /", "/a", False),
        ("User-agent: *\nDisallow:", "/a", True),
        ("User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b/c", True),
        ("User-agent: *\nDisallow: /a\nAllow: /a", "/a", True),  # of the same length, the one that allows
        ("User-agent: *\nDisallow: /*.do$", "/board/list.do", False),
        ("User-agent: *\nDisallow: /*.do$", "/board/list.do?id=1", True),
        ("User-agent: *\nDisallow: /*?print=", "/a?print=1", False),
        ("User-agent: mundap\nDisallow: /x\n\nUser-agent: *\nDisallow: /", "/a", True),
        ("User-agent: other\nUser-agent: mundap\nDisallow: /x", "/x", False),
        ("User-agent: other\nDisallow: /", "/a", True),
        ("user-agent : *\ndisallow : /a # here", "/a", False),
        ("User-agent: *\nDisallow: /공지", "/%EA%B3%B5%EC%A7%80/1", False),
        ("User-agent: *\nDisallow: /%EA%B3%B5%EC%A7%80", "/공지/1", False),
        ("\ufeffUser-agent: *\r\nDisallow: /a\r\n", "/a", False),
        ("Disallow: /", "/a", True),  # of nobody
        ("<html>Not found</html>", "/a", True),
    ],
)
def test_rules(text: str, path: str, allowed: bool) -> None:
    assert Robots(text, "mundap").allows(SITE + path) is allowed


def test_delays_and_sitemaps_are_read() -> None:
    robots = Robots("User-agent: *\nCrawl-delay: 2.5\nSitemap: https://example.org/a.xml\nCrawl-delay: x", "mundap")
    assert robots.delay == 2.5
    assert robots.sitemaps == ["https://example.org/a.xml"]
    assert Robots("User-agent: *\nCrawl-delay: 86400", "mundap").delay == 30


LETTERS = st.text("ab/*$?=.", max_size=8)
RULES = st.lists(st.tuples(st.sampled_from(["Allow", "Disallow"]), LETTERS.map(lambda text: f"/{text}")), max_size=5)


@given(RULES, LETTERS)
@example([("Disallow", "/?")], "?")
def test_any_rules_as_protego_takes_them(rules: list[tuple[str, str]], path: str) -> None:
    protego = pytest.importorskip("protego", reason="needs protego, to compare with")
    if any("$" in rule.rstrip("$") or "$$" in rule for _, rule in rules) or "*" in path or "$" in path:
        return  # where protego and the RFC part
    text = "\n".join(["User-agent: *", *(f"{name}: {rule}" for name, rule in rules)])
    url = f"{SITE}/{path}"
    assert Robots(text, "mundap").allows(url) == protego.Protego.parse(text).can_fetch(url, "mundap"), text


@given(st.text(max_size=300), st.text(max_size=30))
def test_no_file_breaks_it(text: str, path: str) -> None:
    assert Robots(text, "mundap").allows(f"{SITE}/{path.replace('[', '')}") in (True, False)
