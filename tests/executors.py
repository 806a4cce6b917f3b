"""A Ray cluster for tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.cluster.machines import RayNodes


@contextmanager
def ray_nodes() -> Iterator[str]:
    """The address of the cluster that MUNDAP_TEST_RAY names, with mundap and tests.errands on its nodes, or of two nodes on
    this machine. Skips without Ray."""
    pytest.importorskip("ray", reason="needs Ray: pip install 'mundap[ray]'")
    with ExitStack() as stack:
        address = os.environ.get("MUNDAP_TEST_RAY", "")
        if not address:
            folder = stack.enter_context(TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True))
            nodes = RayNodes(Path(folder))  # in a short path: sockets lie there
            stack.callback(nodes.kill)
            nodes.start()
            address = nodes.address
        yield address
