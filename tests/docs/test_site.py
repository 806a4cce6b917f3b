"""The site builds without a warning, its references say all that the code has, and every page says its language."""

from __future__ import annotations

import re
import subprocess
import sys
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic import BaseModel
from tests.docs.blocks import ROOT, environment
from tools.docs.entries import OUTCOMES, TOPICS, entries
from tools.docs.page import front

from mundap.cli import app
from mundap.config import Config

DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
_LINK = re.compile(r"\[(?P<text>[^\]]*)\]\((?P<to>[^)#\s:]+\.md)[^)]*\)(?P<after>.?\(?\w*)")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        capture_output=True,
        cwd=ROOT,
        env=environment() | {"NO_MKDOCS_2_WARNING": "1"},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr.decode()
    return folder


def test_every_command_is_described(site: Path) -> None:
    page = unescape(re.sub(r"<[^>]+>", "", (site / "reference" / "cli.html").read_text("utf-8")))

    def described(command: Any, path: str) -> None:
        assert f"Usage: {path} " in page
        assert command.help.split("\n")[0].split()[0] in page
        for name, inner in getattr(command, "commands", {}).items():
            described(inner, f"{path} {name}")

    described(typer.main.get_command(app), "mundap")


def test_every_setting_is_described(site: Path) -> None:
    page = (site / "reference" / "config.html").read_text("utf-8")

    def described(model: type[BaseModel]) -> None:
        for name, field in model.model_fields.items():
            assert f"{name}" in page, name
            if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
                described(field.annotation)

    described(Config)


def test_every_path_of_the_api_is_described(site: Path) -> None:
    page = (site / "reference" / "http.html").read_text("utf-8")
    for path in ("POST /query", "POST /v1/chat/completions", "DELETE /documents/{document_id}", "GET /healthz"):
        assert path in page


def test_the_python_api_is_described(site: Path) -> None:
    page = (site / "reference" / "python.html").read_text("utf-8")
    for name in ("Mundap.open", "Mundap.ask", "Passage", "Encoder.encode_queries", "StaleIndex"):
        assert name in page


def test_the_indexes_list_every_page(site: Path) -> None:
    for folder in ("decisions", "experiments"):
        index = (site / folder / "index.html").read_text("utf-8")
        for page in (DOCS / folder).glob("2*.md"):
            assert page.with_suffix(".html").name in index


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        loaded = re.findall(
            r'<(?:script|img|iframe)[^>]+src="([^"]+)"|<link[^>]+href="([^"]+)"', page.read_text("utf-8")
        )
        assert not [url for pair in loaded for url in pair if url.startswith(("http:", "https:", "//"))], page


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(DOCS)) for page in PAGES])
def test_a_page_says_its_language_and_sums_itself_up_in_the_other(page: Path) -> None:
    meta, body = front(page.read_text("utf-8"))
    assert meta["lang"] in ("ko", "en")
    prose = re.sub(r"```.*?```|`[^`]*`|\]\([^)]*\)", "", body, flags=re.DOTALL)
    assert (_hangul(prose) > 0.3) == (meta["lang"] == "ko"), "front matter and text differ"
    assert (_hangul(re.sub(r"`[^`]*`", "", meta["summary"])) > 0.3) == (meta["lang"] == "en"), (
        "the summary is in the other language"
    )


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "README.en.md", *PAGES], ids=str)
def test_a_link_into_the_other_language_says_so(page: Path) -> None:
    text = page.read_text("utf-8")
    own = {"README.md": "ko", "README.en.md": "en"}.get(page.name) or front(text)[0]["lang"]
    for link in _LINK.finditer(text):
        target = (page.parent / link["to"]).resolve()
        if not target.is_relative_to(DOCS):
            continue
        there = front(target.read_text("utf-8"))[0]["lang"]
        line = text[text.rfind("\n", 0, link.start()) + 1 : text.find("\n", link.end())]
        if own == "ko" and there == "en":
            assert "영어" in line or not _hangul(link["text"]), link[0]
        if own == "en" and there == "ko" and page.parent == ROOT:
            assert "(ko" in link["after"] or line.startswith("In Korean"), link[0]


def test_decisions_and_experiments_say_what_their_tables_need() -> None:
    for entry in entries(DOCS / "decisions"):
        assert entry.meta["topic"] in TOPICS, entry.file
        assert entry.file.startswith(str(entry.meta["date"])), entry.file
    for entry in entries(DOCS / "experiments"):
        assert entry.meta["topic"] in TOPICS, entry.file
        assert entry.meta["outcome"] in OUTCOMES, entry.file
        assert entry.meta["figures"], entry.file
        assert entry.file.startswith(str(entry.meta["date"])), entry.file


def _hangul(text: str) -> float:
    """The share of Hangul among the letters."""
    letters = [one for one in text if one.isalpha()]
    return sum("가" <= one <= "힣" for one in letters) / max(len(letters), 1)
