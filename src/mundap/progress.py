"""Progress on standard error: bars on a terminal, lines now and then where there is none."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

    from mundap.protocols import Progress

INDEX = {"tokens": "형태소", "vectors": "벡터", "keywords": "키워드"}  # the stages of an index
_EVERY = 5.0  # seconds between two progress lines where there is no terminal


@contextmanager
def stages() -> Iterator[Callable[[str], Progress]]:
    """A progress bar for each title that is asked for, in the order in which they are."""
    if not sys.stderr.isatty() and _is_notebook():
        with _in_notebook() as stage:
            yield stage
        return
    with _console() as shown:
        known: dict[str, Progress] = {}

        def stage(title: str) -> Progress:
            if title not in known:
                known[title] = _lines(title) if shown is None else _task(shown, title)
            return known[title]

        yield stage


@contextmanager
def bars(**titles: str) -> Iterator[dict[str, Progress]]:
    """A progress bar for each title."""
    with stages() as stage:
        yield {name: stage(title) for name, title in titles.items()}


def index_bars() -> AbstractContextManager[dict[str, Progress]]:
    """Those of the stages of an index."""
    return bars(**INDEX)


@contextmanager
def bar(title: str) -> Iterator[Progress]:
    """One progress bar."""
    with bars(only=title) as progress:
        yield progress["only"]


@contextmanager
def _console() -> Iterator[RichProgress | None]:
    """Where bars are drawn, with rate and remaining time; None without a terminal, where lines are written now and then."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Shown

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Shown(*columns, console=Console(file=sys.__stderr__)) as shown:
        yield shown


def _is_notebook() -> bool:
    """Whether this process is the kernel of a notebook; one that has only loaded such a package is none."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and "IPKernelApp" in shell.config


@contextmanager
def _in_notebook() -> Iterator[Callable[[str], Progress]]:
    """Bars as notebooks draw them: widgets where there are some, else text."""
    from importlib.util import find_spec

    if find_spec("ipywidgets"):
        from tqdm.notebook import tqdm
    else:
        from tqdm.std import tqdm
    made: dict[str, Any] = {}

    def stage(title: str) -> Progress:
        if title not in made:
            made[title] = tqdm(desc=title, total=0, leave=True, file=sys.stderr)
        shown = made[title]

        def progress(done: int, total: int) -> None:
            shown.total = total
            shown.update(done - shown.n)

        return progress

    try:
        yield stage
    finally:
        for shown in made.values():
            shown.close()


def _task(shown: RichProgress, title: str) -> Progress:
    task = shown.add_task(title, total=None, rate="")

    def progress(done: int, total: int) -> None:
        speed = shown.tasks[task].speed
        shown.update(task, completed=done, total=total, rate=f"{speed:.1f}/s" if speed else "")

    return progress


def _lines(title: str) -> Progress:
    began = last = time.monotonic()
    first = -1

    def progress(done: int, total: int) -> None:
        nonlocal began, last, first
        now = time.monotonic()
        if first < 0 or done < first:  # or the same work begins anew
            began, first = now, done
        if total and (done == total or now - last >= _EVERY):
            last = now
            rate = (done - first) / (now - began) if now > began else 0.0
            left = f", {(total - done) / rate:.0f}초 남음" if rate and done < total else ""
            speed = f" ({rate:.1f}/s{left})" if rate else ""
            print(f"{title} {done}/{total}{speed}", file=sys.stderr, flush=True)

    return progress
