"""Items of a workspace's work, done in batches by whoever works for its executor: workers open the same workspace."""

from __future__ import annotations

import importlib
import logging
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from mundap.config import FILE, Config, Jobs
from mundap.errors import ConfigError, ExecutorError
from mundap.files import batched, digest, digest_file
from mundap.generate.persona import FOLDER as PERSONAS
from mundap.generate.persona import personas
from mundap.jobs.executor import Failed, this_version
from mundap.jobs.message import packed, unpacked
from mundap.protocols import Progress, quiet
from mundap.training.common.registry import CARD
from mundap.workflows import runs
from mundap.workspace import Mundap
from mundap.workspace.facade import config_of
from mundap.workspace.model_files import named_models

log = logging.getLogger(__name__)

# What workers do: each is called with the workspace, what it must be told besides, and the items of a batch.
TASKS = {
    "answer": "mundap.workflows.tasks:answer",
    "complete": "mundap.workflows.tasks:complete",
    "keywords": "mundap.workflows.tasks:keywords",
    "label": "mundap.workflows.tasks:label",
    "names": "mundap.workflows.tasks:names",
    "qa": "mundap.workflows.tasks:qa",
    "rerank": "mundap.workflows.tasks:rerank",
    "rewrite": "mundap.workflows.tasks:rewrite",
    "search": "mundap.workflows.tasks:search",
    "support": "mundap.workflows.tasks:support",
}
_NO_RESULT = {"serve", "retention", "store", "oidc", "ui", "jobs", "tracing", "sources"}  # settings that change none
_OF_ALL = {"ConfigError", "IndexUnavailable", "MissingExtra", "ServerError", "StaleIndex", "UnknownName"}
_OF_ALL |= {"WorkspaceNotFound"}  # what is wrong with one batch is with all
_PARTS = "parts"  # the folder, among the runs, of what came for those that are not finished
_KEPT_SECONDS = 7 * 86_400


@dataclass(frozen=True)
class Place:
    """A workspace as each worker must find it: in the same `folder`, with the same settings, models and documents."""

    folder: str
    settings: str
    models: str
    documents: str


@dataclass(frozen=True)
class Batch:
    """Some `items` of a task of TASKS, and what it must be told `about` all of them."""

    place: Place
    task: str
    about: tuple[Any, ...]
    items: tuple[Any, ...]


@dataclass(frozen=True)
class Results:
    """What came of each item of a batch, in order."""

    values: tuple[Any, ...]


def work(batch: Batch) -> Results:
    """Do what a batch says, where a worker is. Raises ConfigError where the workspace is another one, and as the task does."""
    module, _, name = TASKS[batch.task].partition(":")
    task = getattr(importlib.import_module(module), name)
    return Results(tuple(task(_opened(batch.place), batch.about, batch.items)))


def travels(bot: Mundap, items: int, size: int) -> bool:
    """Whether so many items go to workers, in batches of `size`: not for one batch alone, nor from a workspace that others
    could not open as it is."""
    if bot.components.executor.here or items <= size:
        return False
    file = bot.root / FILE
    if not file.is_file() or _settings(bot.config) != _settings(config_of(bot.root)):
        log.warning("설정이 %s과 다른 작업이라 worker에 맡기지 않고 이 컴퓨터에서 처리합니다.", file)
        return False
    return True


def each(
    bot: Mundap,
    task: str,
    items: Sequence[Any],
    size: int,
    *,
    about: tuple[Any, ...] = (),
    progress: Progress = quiet,
    keep: bool = True,
) -> Iterator[tuple[int, Any]]:
    """(the number of an item, what came of it), as they come. `progress` counts items.

    With `keep`, what came is on the disk until all is there, so that who asks for the same after being killed need not ask
    again. Raises ExecutorError for what failed, after all others have come, and at once for what is wrong with all.
    """
    place = _place(bot)
    batches = {
        f"{task} {first}": (first, Batch(place, task, about, tuple(some)))
        for first, some in zip(range(0, len(items), size), batched(items, size), strict=True)
    }
    names = {id(batch): key for key, (_, batch) in batches.items()}
    kept = _Kept(runs.folder(bot) / _PARTS, place, task, about) if keep else None
    done, failed = 0, []
    for key, (first, batch) in list(batches.items()):
        if kept and (found := kept.of(batch)) is not None:
            del batches[key]
            yield from enumerate(found.values, first)
            done += len(found.values)
            progress(done, len(items))
    asked = (batch for _, batch in batches.values())
    for outcome in bot.components.executor.map(work, asked, lambda batch: names[id(batch)]):
        first, batch = batches[outcome.key]
        if isinstance(outcome, Failed):
            failed.append(outcome)
            if outcome.kind in _OF_ALL:
                break
            continue
        if kept:
            kept.keep(batch, outcome.value)
        yield from enumerate(outcome.value.values, first)
        done += len(batch.items)
        progress(done, len(items))
    if failed:
        raise ExecutorError(_sentence(failed, len(batches), bool(kept)))
    if kept:
        kept.finish()


def by_item(bot: Mundap, task: str, items: Sequence[Any], size: int, **how: Any) -> dict[Any, Any]:
    """What came of each of these distinct items; see `each`."""
    return {items[n]: value for n, value in each(bot, task, items, size, **how)}


def _sentence(failed: Sequence[Failed], batches: int, kept: bool) -> str:
    named = ", ".join(one.key for one in failed[:3])
    again = " 받은 결과는 보관했습니다. 다시 실행하면 남은 것만 합니다." if kept else ""
    return (
        f"worker가 처리하지 못한 묶음이 {len(failed)}개 있습니다(모두 {batches}개, 예: {named}): {failed[0].reason}"
        f" 원인을 해결하고 다시 실행하세요.{again}"
    )


class _Kept:
    """What came of the batches of one task, in a folder of its own below `root`."""

    def __init__(self, root: Path, place: Place, task: str, about: tuple[Any, ...]) -> None:
        _sweep(root)
        self._folder = root / digest(this_version(), repr(place), task, repr(about))
        self._folder.mkdir(parents=True, exist_ok=True)

    def of(self, batch: Batch) -> Results | None:
        """What came of it; None if nothing has, or if it cannot be read any more."""
        try:
            found = unpacked(self._file(batch).read_bytes())
        except Exception:
            return None
        return found if isinstance(found, Results) and len(found.values) == len(batch.items) else None

    def keep(self, batch: Batch, results: Results) -> None:
        """Keep what came of it. What a power cut tears cannot be read, and is asked for again."""
        file = self._file(batch)
        aside = file.with_suffix(".aside")
        aside.write_bytes(packed(results))
        aside.replace(file)

    def finish(self) -> None:
        """All is there."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _file(self, batch: Batch) -> Path:
        return self._folder / digest(packed(batch), size=16)


def _sweep(root: Path) -> None:
    for folder in root.iterdir() if root.is_dir() else ():
        if time.time() - folder.stat().st_mtime > _KEPT_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def _place(bot: Mundap) -> Place:
    cards = [bot.components.models / name / CARD for name in sorted(named_models(bot.config))]
    return Place(
        str(bot.root.resolve()),
        digest(_settings(bot.config), repr(bot.recipe), *_own_files(bot)),
        digest(*(digest_file(card) if card.is_file() else "" for card in cards)),
        digest(*sorted(bot.corpus.ids()), size=16),
    )


def _own_files(bot: Mundap) -> list[bytes]:
    """The files of words and of personas that the settings name, which are no part of the index."""
    config = bot.config
    named = [config.index.user_dictionary, config.retrieve.everyday_words, config.keywords.verbs]
    files = [*(bot.root / name for name in named if name), *personas(bot.root / PERSONAS).values()]
    return [file.read_bytes() if file.is_file() else b"" for file in files]


def _settings(config: Config) -> str:
    return config.model_dump_json(exclude=_NO_RESULT)


@lru_cache(1)
def _opened(place: Place) -> Mundap:
    """The workspace, which stays open for the next batch. Its settings are those of its own mundap.toml: nothing that comes
    from a queue changes them."""
    bot = Mundap.open(place.folder)
    bot = bot.reconfigured(bot.config.model_copy(update={"jobs": Jobs()}))  # or workers would wait for workers
    found, names = _place(bot), {"folder": "위치", "settings": "설정", "models": "모델", "documents": "문서"}
    if other := [names[one.name] for one in fields(Place) if getattr(found, one.name) != getattr(place, one.name)]:
        raise ConfigError(
            f"worker의 작업 폴더 {place.folder}가 요청한 것과 다릅니다({', '.join(other)}). 같은 mundap.toml, 모델, 문서와 색인을 두고"
            " 다시 실행하세요."
        )
    return bot
