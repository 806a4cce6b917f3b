"""`mundap worker` processes of a test's own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
_MUNDAP = "import sys; from mundap.cli import main; sys.argv[0] = 'mundap'; main()"


@contextmanager
def worker(url: str, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A `mundap worker` on the queue, which has begun to work and also runs tests.errands; ended after that."""
    process = subprocess.Popen(
        [sys.executable, "-c", _MUNDAP, "worker", "--url", url, "--module", "tests.errands", *options],
        cwd=ROOT, env=_ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        said = process.stderr.readline()
        while said and "작업을 기다립니다" not in said:
            said = process.stderr.readline()
        assert said
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()
