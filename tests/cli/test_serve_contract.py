"""The API does what its own description says, whatever it is sent."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.cli.conftest import Serve

pytest.importorskip("fastapi", reason="the extra serve is not installed")
schemathesis = pytest.importorskip("schemathesis", reason="a development tool")


@pytest.fixture(scope="module")
def api(serving: Serve, office: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of the API over a small workspace of its own: generated requests add and remove documents."""
    own = shutil.copytree(office, tmp_path_factory.mktemp("contract") / "ws")
    (own / "personas").mkdir()
    (own / "personas" / "모아.toml").write_text('closing = "또 물어 주세요."\n', "utf-8")  # which the examples name
    with serving(own) as server:
        yield server.client


def test_the_page_describes_every_path_and_loads_nothing(api: httpx.Client) -> None:
    page = api.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    for path in api.get("/openapi.json").json()["paths"]:
        assert path in page.text
    assert "<script" not in page.text
    assert "src=" not in page.text
    assert "curl http://127.0.0.1" in page.text


def test_every_path_is_described_in_korean(api: httpx.Client) -> None:
    for path, operations in api.get("/openapi.json").json()["paths"].items():
        for operation in operations.values():
            for said in (operation["summary"], operation["description"]):
                assert any("가" <= letter <= "힣" for letter in said), path


def test_nothing_that_is_sent_breaks_it_or_its_description(api: httpx.Client, tmp_path: Path) -> None:
    command = shutil.which("schemathesis", path=str(Path(sys.executable).parent))
    assert command
    bounds = [
        "--phases",
        "examples,coverage,fuzzing",
        "--max-examples",
        "4",
        "--seed",
        "1",
        "--generation-database",
        "none",
        "--generation-allow-x00",  # JSON Schema cannot say that a text has none
        "false",
    ]
    done = subprocess.run(
        [command, "run", str(api.base_url.join("/openapi.json")), "--checks", "all", "--no-color", *bounds],
        cwd=tmp_path,  # where it keeps what it found
        capture_output=True,
        text=True,
        timeout=400,  # each answer and each table of synonyms is indexed
    )
    assert done.returncode == 0, done.stdout[-8000:]
