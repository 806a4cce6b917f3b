"""Scripts in processes that are forked from one that has loaded torch: to load it takes longer than most of them do."""

from __future__ import annotations

import multiprocessing
import os
import runpy
import sys
from pathlib import Path

_LOADED = ["torch", "transformers", "mundap.training.retriever.encoder"]


def run(script: Path, *arguments: object, seconds: float = 300) -> tuple[int, str]:
    """How it ends, -N by the signal N, and its stderr. Raises AssertionError if it does not end in time."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_LOADED)
    said = script.with_suffix(".stderr")
    process = context.Process(target=_be, args=(script, [*map(str, arguments)], said))
    process.start()
    process.join(seconds)
    code = process.exitcode
    process.kill()
    process.join()
    process.close()
    assert code is not None, f"{script} takes longer than {seconds:g} s"
    return code, said.read_text("utf-8")


def _be(script: Path, arguments: list[str], said: Path) -> None:
    with said.open("wb") as file:
        os.dup2(file.fileno(), 2)
    sys.argv = [str(script), *arguments]
    runpy.run_path(str(script), run_name="__main__")
