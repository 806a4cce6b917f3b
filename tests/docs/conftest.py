"""The workspaces and servers of the command line's tests, for what documents say of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.conftest import mundap, office, sample, serving
from tests.forked import Origin, standing_in

__all__ = ["mundap", "office", "sample", "serving"]


@pytest.fixture(scope="module")
def forked(origin: Origin) -> Iterator[Path]:
    """The folder of a `mundap` that is forked, for commands of pages."""
    with standing_in(origin) as folder:
        yield folder
