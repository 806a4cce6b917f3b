"""Kills at random moments during ingest, index, merge and compact: nothing that was acknowledged may be lost.

    python benchmarks/crash.py FOLDER [--kills 200] [--seed 0]

Documents are changed, and a process that takes them in, indexes, merges or compacts is killed. Then every file of the index and
of the databases must be what was written, every document must be there as it was or as it is now, a search must find what was
indexed, and the same work, done once more, must finish with everything found. Prints one JSON line; fails at the first loss.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import mundap.workspace.layers  # noqa: F401 - here, and not in each process that is forked
from mundap.errors import StaleIndex
from mundap.workspace import Mundap

DOCUMENTS = 12
CONFIG = (
    '[ingest]\npaths = ["docs"]\nworkers = 1\n'
    '[index]\nencoder = "hashed"\n[graph]\nenabled = false\n[retrieve]\neveryday = false\n'
)


class Words:
    """Tokens without a model: what is measured is not the language."""

    name = "words"

    def __call__(self, texts: list[str]) -> list[list[str]]:
        return [text.split() for text in texts]


class Workspace:
    """What is in its files, and what must be found of it: editions of documents, each in a word of its own."""

    def __init__(self, root: Path, rng: random.Random) -> None:
        self.root, self._rng = root, rng
        (root / "docs").mkdir(parents=True)
        (root / "mundap.toml").write_text(CONFIG, "utf-8")
        self.taken = dict.fromkeys(range(DOCUMENTS), 0)  # as the corpus has them
        self.files = dict(self.taken)
        for number in self.files:
            self._write(number)

    def change(self, count: int = 2) -> None:
        """Write new editions of some documents."""
        for number in self._rng.sample(range(DOCUMENTS), count):
            self.files[number] += 1
            self._write(number)

    def _write(self, number: int) -> None:
        (self.root / "docs" / f"{number}.txt").write_text(f"{self.word(number, self.files[number])} 글입니다.", "utf-8")

    @staticmethod
    def word(number: int, edition: int) -> str:
        """The word that only this edition has."""
        return f"문서{number}판{edition}"

    def opened(self) -> Mundap:
        """It, opened anew."""
        bot = Mundap.open(self.root)
        bot.components.tokenizer = Words()  # type: ignore[assignment]
        return bot


def ingest(bot: Mundap) -> None:
    """Take in what has changed."""
    bot.ingest()


def index(bot: Mundap) -> None:
    """Index what was taken in, without merging."""
    bot.index(merging=False)


def merge(bot: Mundap) -> None:
    """Merge small segments, as beside a server."""
    bot.merge()


def compact(bot: Mundap) -> None:
    """Write anew what has deleted rows."""
    bot.compact()


WORK: dict[str, Callable[[Mundap], None]] = {"ingest": ingest, "index": index, "merge": merge, "compact": compact}


def prepare(space: Workspace, work: str) -> None:
    """Leave something to do."""
    space.change()
    if work == "ingest":
        return
    finished(space, ingest)
    space.taken = dict(space.files)
    if work != "index":
        finished(space, index)


def child(work: Callable[[], None]) -> int:
    """Start a process of its own that does it."""
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()  # so that what it starts can be killed with it
        work()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def ended(pid: int) -> int:
    """How it ended."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def finished(space: Workspace, work: Callable[[Mundap], None]) -> float:
    """Do it to its end; the seconds that it took."""
    began = time.perf_counter()
    if ended(child(lambda: work(space.opened()))):
        sys.exit(f"{work.__name__} did not finish")
    return time.perf_counter() - began


def killed(space: Workspace, work: Callable[[Mundap], None], after: float) -> bool:
    """Kill it then; whether it was still at work."""
    pid = child(lambda: work(space.opened()))
    time.sleep(after)
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    return ended(pid) == -signal.SIGKILL


def check(space: Workspace, whole: bool) -> None:
    """What must hold after a kill, and, if `whole`, after the work was done again."""

    def look() -> None:
        bot = space.opened()
        assert not bot.damaged_files(), bot.damaged_files()
        bot.search_what_is_indexed()
        for number in range(DOCUMENTS):
            [document] = [one for one in bot.corpus.documents() if one.source.endswith(f"/{number}.txt")]
            text = bot.corpus.text(document.id) or ""
            now, before = (space.word(number, edition) for edition in (space.files[number], space.taken[number]))
            assert now in text or (not whole and before in text), (number, text)
            with suppress(StaleIndex):  # an index that was never finished
                found = [hit.passage.text for hit in bot.search(now, k=1, leg="bm25")]
                assert not whole or (found and now in found[0]), (number, found)

    if ended(child(look)):
        sys.exit("something was lost")


def main() -> None:
    """Kill, look, and finish, again and again."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("--kills", type=int, default=200)
    options.add_argument("--seed", type=int, default=0)
    chosen = options.parse_args()
    rng = random.Random(chosen.seed)
    root = chosen.folder / "crash"
    shutil.rmtree(root, ignore_errors=True)
    space = Workspace(root, rng)
    for work in (ingest, index):
        finished(space, work)
    takes = dict.fromkeys(WORK, 0.5)  # seconds, as last seen
    hit: Counter[str] = Counter()
    for number in range(chosen.kills):
        name = [*WORK][number % len(WORK)]
        prepare(space, name)
        hit[name] += killed(space, WORK[name], rng.uniform(0, takes[name]))
        check(space, whole=False)
        takes[name] = finished(space, WORK[name])
        if name == "ingest":
            finished(space, index)
        space.taken = dict(space.files)
        check(space, whole=True)
    print(json.dumps({"kills": chosen.kills, "while at work": dict(hit), "lost": 0}, ensure_ascii=False))


if __name__ == "__main__":
    main()
