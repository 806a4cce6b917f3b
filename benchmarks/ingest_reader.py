"""One system reads one file, in this process; started by ingest.py with the Python that the system is installed in.

    python benchmarks/ingest_reader.py SYSTEM FILE ROUNDS TEXT

Writes what was read to TEXT and prints a JSON object: seconds of CPU and of the clock for each round, after one that is
not counted, because it loads what is loaded once; or why the file could not be read.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path


def mundap() -> Callable[[Path], str]:
    """What an ingest does with a file, down to its chunks."""
    from mundap.jobs.task import Job, Unread, work

    def read(path: Path) -> str:
        outcome = work(Job(path, path.name))
        if isinstance(outcome, Unread):
            raise ValueError(outcome.reason)
        assert outcome.chunks
        return outcome.reading.document.text

    return read


def reading() -> Callable[[Path], str]:
    """The part of it that ends with the text, as a peer does."""
    from mundap.ingest.readers import read

    return lambda path: read(path).document.text


def markitdown() -> Callable[[Path], str]:
    """As its own documentation has it."""
    from markitdown import MarkItDown

    reader = MarkItDown(enable_plugins=False)
    return lambda path: reader.convert(str(path)).text_content


SYSTEMS = {"mundap": mundap, "reading": reading, "markitdown": markitdown}


def main() -> None:
    """Read, and say how long it took."""
    system, file, rounds, text = sys.argv[1:]
    warnings.simplefilter("ignore")
    read = SYSTEMS[system]()
    cpu, wall = [], []
    try:
        Path(text).write_text(read(Path(file)), "utf-8", errors="replace")
        for _ in range(int(rounds)):
            began = time.process_time(), time.perf_counter()
            read(Path(file))
            cpu.append(time.process_time() - began[0])
            wall.append(time.perf_counter() - began[1])
    except Exception as error:  # whatever a system raises is its answer
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}))
        return
    print(json.dumps({"cpu": cpu, "wall": wall}))


if __name__ == "__main__":
    main()
