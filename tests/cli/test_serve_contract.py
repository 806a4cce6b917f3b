"""The API does what its own description says, whatever it is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

pytest.importorskip("fastapi", reason="the extra serve is not installed")
schemathesis = pytest.importorskip("schemathesis", reason="a development tool")


@pytest.fixture(scope="module")
def api(serving: Callable, office: Path) -> Iterator[httpx.Client]:
    """A client of the API over a small workspace."""
    with serving(office) as server:
        yield server.client


def test_the_page_describes_every_path_and_loads_nothing(api) -> None:
    page = api.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    for path in api.get("/openapi.json").json()["paths"]:
        assert path in page.text
    assert "<script" not in page.text
    assert "src=" not in page.text
    assert "curl http://127.0.0.1" in page.text


def test_every_path_is_described_in_korean(api) -> None:
    for path, operations in api.get("/openapi.json").json()["paths"].items():
        for operation in operations.values():
            for said in (operation["summary"], operation["description"]):
                assert any("가" <= letter <= "힣" for letter in said), path
