"""A cluster on this machine that is used while parts of it are killed; `make cluster-test` kills a hundred."""

from __future__ import annotations

import subprocess
import sys

import pytest
from tests.at_length import AT_LENGTH

pytestmark = pytest.mark.slow


KILLS = 8 if AT_LENGTH else 5  # of four parts


@pytest.mark.timeout(1200)
def test_nothing_that_was_acknowledged_is_lost_whatever_part_dies() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.cluster", "--n", str(KILLS), "--seed", "23", "--minutes", "3", "--no-ray"],
        capture_output=True,
        encoding="utf-8",
    )
    if done.stdout.startswith("skipped: "):
        pytest.skip(done.stdout.strip())
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 wrong" in done.stdout
