"""Kills over everything that writes; `make chaos` does a thousand."""

import subprocess
import sys

import pytest
from tests.at_length import AT_LENGTH

pytestmark = pytest.mark.slow

KILLS = 50 if AT_LENGTH else 14  # of seven things


@pytest.mark.timeout(3000)
def test_nothing_that_was_acknowledged_is_lost_and_every_start_is_ready() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos", "--n", str(KILLS), "--seed", "22"], capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{KILLS} kills" in done.stdout
    assert "0 lost, 0 not ready" in done.stdout


@pytest.mark.timeout(3000)
def test_a_disk_that_is_full_at_any_write_loses_nothing() -> None:
    acts = [part for act in ("ingest", "index", "erase", "ask and vote", "upload") for part in ("--act", act)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos.full", "--step", "131072", *acts], capture_output=True, encoding="utf-8"
    )
    if "needs the right to mount" in done.stderr:
        pytest.skip("a small disk needs the right to mount one")
    assert done.returncode == 0, done.stdout + done.stderr
