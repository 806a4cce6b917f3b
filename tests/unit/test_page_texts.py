"""The page's files: every text in both languages, every module preloaded, nothing that makes markup of text."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("fastapi", reason="the extra serve is not installed")

from mundap.serve.page.files import FOLDER, file

SCRIPTS = {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.js")}
HANGUL = re.compile("[가-힣]")


def pairs() -> dict[str, tuple[str, str]]:
    table = SCRIPTS["texts.js"].partition("const TEXTS = {")[2].partition("\n};")[0]
    found = re.findall(r'(\w+): \[\s*"((?:[^"\\]|\\.)*)",\s*"((?:[^"\\]|\\.)*)",?\s*\]', table)
    return {key: (korean, english) for key, korean, english in found}


def test_every_text_is_in_korean_and_in_english_with_the_same_values() -> None:
    texts = pairs()
    assert len(texts) > 60
    for key, (korean, english) in texts.items():
        assert HANGUL.search(korean), key
        assert not HANGUL.search(english), key
        assert set(re.findall(r"\{\w+\}", korean)) == set(re.findall(r"\{\w+\}", english)), key


def test_every_text_that_is_said_is_in_the_table_and_every_text_in_it_is_said() -> None:
    texts = set(pairs())
    code = "\n".join(text for name, text in SCRIPTS.items() if name != "texts.js")
    said = set(re.findall(r'\bsay\("(\w+)"', code)) | set(re.findall(r'\btext\(\w+, "(\w+)"', code))
    assert said <= texts
    quoted = set(re.findall(r'"(\w+)"', code)) | set(re.findall(r"(\w+):", code))
    unsaid = {key for key in texts - said if key not in quoted and not key.startswith("error_")}
    assert not unsaid


def test_text_never_becomes_markup_or_code() -> None:
    for name, text in SCRIPTS.items():
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|DOMParser", text
        ), name


def test_files_name_the_version_that_they_belong_to() -> None:
    page = file("index.html")
    widget = file("widget.js")
    assert page
    assert widget
    assert b"{version}" not in page.body + widget.body
    preloaded = set(re.findall(r"page/[0-9a-f]+/(\w+\.js)", page.body.decode()))
    assert preloaded == set(SCRIPTS) - {"widget.js"}
    assert file("../routes.py") is None
