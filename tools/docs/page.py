"""A page's own language, and its summary in the other, as its front matter says them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

LANGUAGES = {"ko": "한국어 요약", "en": "In English"}  # of a page, and what the summary in that language is called
_FRONT = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
_TITLE = re.compile(r"^# .+\n", re.MULTILINE)


def front(text: str) -> tuple[dict[str, Any], str]:
    """The front matter of a page and the rest; no front matter is empty."""
    found = _FRONT.match(text)
    return (yaml.safe_load(found[1]), text[found.end() :]) if found else ({}, text)


def headed(markdown: str, meta: Mapping[str, Any]) -> str:
    """The page with its summary behind its title. `meta` says `lang`, what the page is in, and `summary`, in the other."""
    other = "en" if meta["lang"] == "ko" else "ko"
    said = f'\n!!! abstract "{LANGUAGES[other]}"\n\n    {meta["summary"]}\n'
    title = _TITLE.search(markdown)
    return markdown[: title.end()] + said + markdown[title.end() :] if title else said + markdown
