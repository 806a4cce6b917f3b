"""Where executors come from, and what a worker opens and runs."""

from __future__ import annotations

import os
import pickle
import tempfile
from functools import partial
from pathlib import Path

import pytest

from mundap.encode.options import Options
from mundap.errors import ConfigError, MissingExtra, UnknownName
from mundap.ingest.sheets.sheet import NO_OPTIONS
from mundap.jobs import EXECUTORS, make_executor
from mundap.jobs.encoding import Model, Texts, encode
from mundap.jobs.executor import Failed, answered, perform
from mundap.jobs.message import packed, unpacked
from mundap.jobs.reading import File, read_file
from mundap.jobs.task import Cut, Read

MODEL = Model("hashed-256", "hashed", "models", ".", Options())


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("exit 1",)


def test_an_unknown_executor_is_told_the_table() -> None:
    with pytest.raises(UnknownName, match="local, postgres, ray"):
        make_executor("celery")
    assert set(EXECUTORS) == {"local", "postgres", "ray"}


def test_ray_that_is_not_installed_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(MissingExtra, match=r"mundap\[ray\]"):
        list(make_executor("ray", address="auto").map(encode, [Texts(MODEL, ("가",))], lambda batch: "가"))


@pytest.mark.parametrize("address", ["", "ray", "ray://cluster", "cluster:", "http://cluster/8265"])
def test_what_is_no_address_of_ray_is_told_the_forms(address: str) -> None:
    with pytest.raises(ConfigError, match="ray://"):
        make_executor("ray", address=address)


@pytest.mark.parametrize(
    "message",
    [
        pickle.dumps(Evil()),
        pickle.dumps(partial(os.remove, "x")),
        pickle.dumps(Path("x")),
        b"cmundap.files\nremove_all\n(S'x'\ntR.",
        b"cmundap.jobs.encoding\nopened\n(S'x'\ntR.",
        b"cmundap.types\nannotations.compiler_flag\n.",
        b"nonsense",
        b"",
    ],
)
def test_a_message_that_asks_for_more_than_a_value_is_refused(message: bytes) -> None:
    with pytest.raises((pickle.UnpicklingError, EOFError)):
        unpacked(message)
    outcome = answered("가", perform("mundap.jobs.encoding:encode", message))
    assert isinstance(outcome, Failed)


@pytest.mark.parametrize(
    "function", ["os:remove", "mundap.files:digest", "mundap.jobs.encoding:opened", "", "nonsense"]
)
def test_a_worker_runs_only_functions_of_the_table_and_of_trusted_modules(function: str) -> None:
    outcome = answered("가", perform(function, packed("x")))
    assert isinstance(outcome, Failed)
    assert "not a function that this worker runs" in outcome.reason


def test_another_encoder_on_a_worker_is_refused() -> None:
    outcome = answered("가", perform("mundap.jobs.encoding:encode", packed(Texts(MODEL, ("가",)))))
    assert isinstance(outcome, Failed)
    assert outcome.kind == "ConfigError"
    assert "hashed-256" in outcome.reason


def test_a_class_that_a_message_names_is_not_made() -> None:
    model = Model("x", "langchain:subprocess:Popen?args=true", "models", ".", Options())
    outcome = answered("가", perform("mundap.jobs.encoding:encode", packed(Texts(model, ("가",)))))
    assert isinstance(outcome, Failed)
    assert outcome.kind == "ConfigError"


def test_a_file_travels_as_it_is_with_what_was_read() -> None:
    file = File("규정.md", "# 휴가\n\n연차는 15일입니다.".encode(), "규정.md", Cut(), NO_OPTIONS, 60, 1024)
    outcome = answered("규정.md", perform("mundap.jobs.reading:read_file", packed(file)))
    assert not isinstance(outcome, Failed), outcome
    here = read_file(file)
    assert isinstance(outcome.value, Read)
    assert isinstance(here, Read)
    assert (outcome.value.reading, outcome.value.parents) == (here.reading, here.parents)
    assert outcome.value.reading.document.source == "규정.md"


@pytest.mark.parametrize("name", ["../밖.md", "/밖.md", "..", ".", "", "안/밖.md", "안\\밖.md", "밖\0.md"])
def test_a_file_is_written_nowhere_but_where_it_is_read(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "here"))
    file = File(name, b"# x", "규정.md", Cut(), NO_OPTIONS, 60, 1024)
    outcome = answered("규정.md", perform("mundap.jobs.reading:read_file", packed(file)))
    assert isinstance(outcome, Failed)
    assert not [one for one in tmp_path.rglob("*") if one.is_file()]
