"""The one Kiwi of this process for each user dictionary: loaded late, because it takes about a second."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kiwipiepy import Kiwi

MOST = 4000  # characters at once: Kiwi takes seconds for a run of 50,000 letters, and hours for one of a million


def kiwi(user_dictionary: Path | None = None, digest: str = "") -> Kiwi:
    """Kiwi with a user dictionary; `digest` of its content tells an edited one from the one loaded before, and without one
    says nothing: a process has one plain Kiwi.

    It comes without its multi-word and typo dictionaries, which cost half of the start and gain nothing
    in search (docs/experiments/2026-11-21-lexical-recipe.md)."""
    return _loaded(user_dictionary, digest if user_dictionary is not None else "")


@cache
def _loaded(user_dictionary: Path | None, digest: str) -> Kiwi:
    from kiwipiepy import Kiwi

    analyser = Kiwi(num_workers=os.cpu_count() or 1, load_multi_dict=False, load_typo_dict=False)
    if user_dictionary is not None:
        analyser.load_user_dictionary(str(user_dictionary))
    return analyser


def kiwi_version() -> str:
    """Version of the analyser and its model, which together decide the tokens."""
    from importlib.metadata import version

    return f"{version('kiwipiepy')}+{version('kiwipiepy_model')}"


def bites(text: str) -> Iterator[tuple[int, int]]:
    """Spans that make up `text`, each short enough for Kiwi and, where there is one, ending behind a blank."""
    start = 0
    while len(text) - start > MOST:
        blank = text.rfind(" ", start + MOST // 2, start + MOST)
        end = blank + 1 if blank > 0 else start + MOST
        yield start, end
        start = end
    yield start, len(text)
