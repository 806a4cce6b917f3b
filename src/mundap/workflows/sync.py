"""Sources kept in step: what is new or changed there is fetched and read, what is gone there is removed.

In two steps, of which only the second writes to the workspace: `fetch` brings files here, item by item, and `take` has them
read. Killed in either, the next run goes on where it was.
"""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from filelock import FileLock, Timeout

from mundap.errors import MundapError, UnknownName, WorkspaceBusy
from mundap.protocols import Progress, quiet
from mundap.redact import hidden
from mundap.source_settings import AnySource
from mundap.sources.guard import Resolve, resolve
from mundap.sources.kinds import readable
from mundap.sources.make import make_source
from mundap.sources.protocol import Gone, Had, Item, ItemError, Source, SourceError, Unreachable
from mundap.stopping import pause
from mundap.types import Json
from mundap.workspace import Mundap
from mundap.workspace.components import FOLDER
from mundap.workspace.intake import Ingested, Skipped

_LOCK = "sources.lock"
_SILENT = 3  # items in a row whose server does not answer, after which the others are not asked for


@dataclass(frozen=True)
class Brought:
    """What a source gave. `files` are all of its documents and where they lie, `gone` the addresses that it has no more.

    `listed` counts what is there, `fetched` what was brought. With an `error`, the list may not be whole, and nothing is gone.
    """

    source: str
    kind: str
    files: Mapping[str, Path] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    access: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    listed: int = 0
    fetched: int = 0
    error: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class SourceReport:
    """What became of a source: how many items it has and how many were fetched, and what that did to the documents.

    `skipped` are items that could not be had or read; with an `error`, nothing was removed.
    """

    source: str
    kind: str
    listed: int = 0
    fetched: int = 0
    added: int = 0
    updated: int = 0
    removed: int = 0
    unchanged: int = 0
    skipped: tuple[Skipped, ...] = ()
    error: str = ""
    seconds: float = 0.0

    @property
    def changed(self) -> bool:
        """Whether documents are others than before."""
        return bool(self.added or self.updated or self.removed)

    def to_json(self) -> dict[str, Json]:
        """As other programs read it."""
        return {**asdict(self), "skipped": [one.to_json() for one in self.skipped], "seconds": round(self.seconds, 3)}


@dataclass(frozen=True)
class Synced:
    """What a sync did. `documents` and `passages` are what the corpus holds now; `generation` is that of the index, "" if
    it was not made anew."""

    sources: tuple[SourceReport, ...]
    documents: int
    passages: int
    generation: str = ""

    def to_json(self) -> dict[str, Json]:
        """As other programs read it."""
        counts = {
            name: sum(getattr(one, name) for one in self.sources)
            for name in ("listed", "fetched", "added", "updated", "removed", "unchanged")
        }
        return {
            "documents": self.documents,
            "passages": self.passages,
            **counts,
            "generation": self.generation,
            "sources": [one.to_json() for one in self.sources],
        }


def sync(
    bot: Mundap,
    names: Sequence[str] = (),
    *,
    prune: bool = False,
    index: bool = True,
    progress: Progress = quiet,
    indexing: Mapping[str, Progress] | None = None,
    resolve: Resolve = resolve,
) -> Synced:
    """Bring the workspace in step with its sources, or those of these names, and index what has changed.

    A source that cannot be reached is reported, and removes nothing; nor does one that is empty of a sudden, as of a share
    that is not mounted, but with `prune`, which also removes documents of sources that are in the settings no more.

    Raises UnknownName, and WorkspaceBusy.
    """
    chosen = [_named(bot, name) for name in names] or list(bot.config.sources)
    reports = []
    with alone(bot):
        for settings in chosen:
            brought = fetch(bot, settings, prune=prune, progress=progress, resolve=resolve)
            reports.append(take(bot, brought, progress))
        if prune and not names:
            reports += _forget(bot)
    generation = ""
    if index and (any(one.changed for one in reports) or _waiting(bot)) and bot.corpus.counts()[0]:
        generation = bot.index(indexing)
    return Synced(tuple(reports), *bot.corpus.counts(), generation)


@contextmanager
def alone(bot: Mundap) -> Iterator[None]:
    """The sources for oneself. Raises WorkspaceBusy while another process is in step with them."""
    lock = FileLock(bot.root / FOLDER / _LOCK, timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise WorkspaceBusy(
            f"{bot.root}: 다른 mundap 프로세스가 동기화하는 중입니다. 끝난 뒤 다시 실행하세요."
        ) from error
    try:
        yield
    finally:
        lock.release()


def due(bot: Mundap) -> tuple[list[AnySource], float]:
    """The sources whose time has come, and the seconds until that of the next; infinity if none is looked at regularly."""
    waits = []
    for settings in bot.config.sources:
        if settings.seconds_between:
            last = bot.fetched.last_run(settings.name)
            waits.append((settings, last[0] + settings.seconds_between - time.time() if last else 0.0))
    return [settings for settings, wait in waits if wait <= 0], max(
        min((wait for _, wait in waits), default=float("inf")), 0.0
    )


def fetch(
    bot: Mundap,
    settings: AnySource,
    *,
    prune: bool = False,
    progress: Progress = quiet,
    resolve: Resolve = resolve,
) -> Brought:
    """Bring here what is new or changed. What is wrong with the source is its `error`.

    One item after another, so that a server is not hurried.
    """
    began = time.time()
    brought = Brought(settings.name, settings.kind, access=settings.access)
    try:
        source = make_source(settings, bot.root, bot.fetched.folder(settings.name), resolve)
    except MundapError as error:
        brought = replace(brought, error=hidden(str(error)))
    else:
        try:
            brought = _Fetching(bot, settings, source, prune, progress).run(brought)
        finally:
            source.close()
    bot.fetched.ran(settings.name, began, brought.error)
    return replace(brought, seconds=time.time() - began)


class _Fetching:
    """One run over the items of a source."""

    def __init__(self, bot: Mundap, settings: AnySource, source: Source, prune: bool, progress: Progress) -> None:
        self._bot = bot
        self._kept = bot.fetched
        self._settings = settings
        self._source = source
        self._prune = prune
        self._progress = progress
        self._known = self._kept.items(settings.name)
        self._seen: set[str] = set()
        self._files: dict[str, Path] = {}
        self._skipped: list[Skipped] = []
        self._fetched = 0
        self._unanswered = 0  # in a row

    def run(self, brought: Brought) -> Brought:
        error, listed, whole = "", 0, True
        try:
            for item in self._source.items():
                if listed == self._settings.max_items:
                    whole = False
                    reason = f"항목이 {listed}개를 넘어 나머지를 제외했습니다. 필요하면 max_items를 늘리세요."
                    self._skipped.append(Skipped(self._settings.name, reason))
                    break
                listed += 1
                self._one(item)
                self._progress(listed, max(listed, len(self._known)))
                pause(0)  # where it can be stopped
        except MundapError as caught:
            error = hidden(str(caught))
        gone = [address for address in self._known if address not in self._seen]
        if not error and gone and not self._seen and not self._prune:
            error = "출처에 문서가 하나도 없어 이전 문서를 그대로 두었습니다. 주소와 권한을 확인하세요. 정말로 비었으면: mundap sync --prune"
        if error or not whole:
            gone = []
            for address, kept in self._known.items():
                if address not in self._seen and kept.path.exists():
                    self._files[kept.document] = kept.path
        return replace(
            brought,
            files=self._files,
            gone=tuple(gone),
            skipped=tuple(self._skipped),
            listed=listed,
            fetched=self._fetched,
            error=error,
        )

    def _one(self, item: Item) -> None:
        """Bring one item here, if it is not. What cannot be had is skipped, and stays as it was."""
        if item.address in self._seen:
            return
        document = unicodedata.normalize("NFC", item.address)
        kept = self._known.get(item.address)
        had = Had(kept.path, kept.version) if kept and kept.path.is_file() else None
        path: Path | None
        try:
            if reason := self._unwanted(item):
                raise ItemError(reason)
            if refused := self._bot.kept_out(document):
                raise ItemError(refused)
            if item.path is not None:
                path = item.path
                if kept is None or kept.path != path:
                    self._kept.note(self._settings.name, item.address, document, path, "", "")
            elif kept and had and item.fingerprint and item.fingerprint == kept.listed:
                path = had.path
            else:
                path = self._fetch(item, document, had)
        except Gone as error:
            self._skipped.append(Skipped(document, hidden(str(error))))
            return
        except ItemError as error:
            self._skipped.append(Skipped(document, hidden(str(error))))
            path = had.path if had and not self._bot.kept_out(document) else None
            if isinstance(error, Unreachable):
                self._unanswered += 1
        self._seen.add(item.address)
        if path is not None:
            self._files[document] = path
        if self._unanswered == _SILENT:
            raise SourceError(f"{document}: 서버가 {_SILENT}번 연달아 응답하지 않아 나머지는 다음에 가져옵니다.")

    def _fetch(self, item: Item, document: str, had: Had | None) -> Path:
        coming = self._kept.coming(self._settings.name)
        try:
            fetched = self._source.fetch(item, coming, had)
            self._unanswered = 0
            if fetched is None:
                assert had is not None
                return had.path
            self._fetched += 1
            return self._kept.put(
                self._settings.name, item.address, document, coming, fetched.name, item.fingerprint, fetched.version
            )
        finally:
            coming.unlink(missing_ok=True)

    def _unwanted(self, item: Item) -> str:
        """Why an item is not to be fetched; "" if it is."""
        if item.reason or item.path is not None:
            return item.reason
        if not readable(item.name):
            return f"{item.name}: 읽을 수 없는 형식입니다."
        if item.size > self._settings.max_mb << 20:
            return f"{item.name}: {self._settings.max_mb}MB보다 커서 제외했습니다. 필요하면 max_mb를 늘리세요."
        return ""


def take(bot: Mundap, brought: Brought, progress: Progress = quiet) -> SourceReport:
    """Have what a source gave read, and remove what is gone there. Raises WorkspaceBusy."""
    kept = bot.fetched
    done = bot.take_in(brought.files, kept.orphaned(brought.source, brought.gone), brought.access, progress)
    for address in brought.gone:  # only now: a run that was killed finds again what is gone
        kept.drop(brought.source, address)
    return _report(brought, done)


def _report(brought: Brought, done: Ingested) -> SourceReport:
    return SourceReport(
        brought.source,
        brought.kind,
        brought.listed,
        brought.fetched,
        done.added,
        done.updated,
        done.removed,
        done.unchanged,
        (*brought.skipped, *done.skipped),
        brought.error,
        brought.seconds,
    )


def _forget(bot: Mundap) -> Iterator[SourceReport]:
    """Remove the documents of sources that are in the settings no more."""
    named = {settings.name for settings in bot.config.sources}
    for name in bot.fetched.sources():
        if name not in named:
            done = bot.take_in({}, bot.fetched.orphaned(name, bot.fetched.items(name)))
            bot.fetched.drop_source(name)
            yield SourceReport(name, "", removed=done.removed)


def _waiting(bot: Mundap) -> bool:
    """Whether what an earlier run took in is not indexed yet."""
    try:
        return bot.unindexed
    except MundapError:
        return True


def _named(bot: Mundap, name: str) -> AnySource:
    for settings in bot.config.sources:
        if settings.name == name:
            return settings
    raise UnknownName("source", name, [settings.name for settings in bot.config.sources])
