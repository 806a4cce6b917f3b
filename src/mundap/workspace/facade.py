"""The public facade: a workspace that ingests, indexes, searches and answers."""

from __future__ import annotations

import os
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from copy import copy
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from secrets import token_hex
from threading import Lock
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from mundap.asides import sweep
from mundap.config import FILE, STORE_URL, Config, find_workspace, parse_config, read_config
from mundap.encode import base_of, located
from mundap.errors import (
    BadFile,
    ConfigError,
    MundapError,
    StaleIndex,
    StorageDamaged,
    UnknownName,
    WorkspaceBusy,
)
from mundap.files import batched
from mundap.hits import Hits
from mundap.ingest.folder import walk
from mundap.ingest.readers import exists, nfc_path, spelled
from mundap.ingest.sheets.sheet import Options
from mundap.jobs.batch import Limits
from mundap.jobs.task import Cut
from mundap.korean.normalize import normalize
from mundap.protocols import Loads, Progress, Searcher, quiet
from mundap.store.corpus import Corpus, Listed
from mundap.store.fetched import FetchedFiles
from mundap.store.record import Held, Place
from mundap.store.settings import SharedSettings
from mundap.store.sight import Sight
from mundap.tracing import Tracing
from mundap.types import Answer, Passage, Turn
from mundap.workspace.components import CORPUS, FOLDER, LIGHT, MODELS, Components, bucket_of, kept_in
from mundap.workspace.copies import Copied, Copies
from mundap.workspace.intake import (
    KEPT_OUT,
    Ingested,
    Skipped,
    Taken,
    beside,
    is_taken,
    keep_out,
    skipped,
    take,
    take_back,
)
from mundap.workspace.tagged_folders import empty_of, tagged
from mundap.workspace.uploads import Uploads

if TYPE_CHECKING:
    from mundap.graph.graph import Graph
    from mundap.graph.leg import GraphLeg
    from mundap.graph.synonyms import Synonym
    from mundap.index.bm25 import LexicalLeg
    from mundap.index.dense import DenseLeg
    from mundap.index.generation import Recipe
    from mundap.index.tiers import Extent
    from mundap.korean.typos import Mended
    from mundap.store.feedback import Feedback
    from mundap.verify.given import Given
    from mundap.verify.verdict import Verdict
    from mundap.workspace.layers import Layers
    from mundap.workspace.searching import Where

_VIEWS = 32  # that are kept: each has connections of its own
HOLDER = "follower"  # the file with the name of this folder among those that follow a shared record
SOURCES = "sources"  # the folder of what came from elsewhere
BACKUPS = ".backup-"  # with which folders begin that hold the workspace for a backup


def cut_of(config: Config, models: Path) -> Cut:
    """How documents are split under these settings. `models` is the folder of trained encoders, whose base counts tokens."""
    ingest = config.ingest
    in_tokens = ingest.chunk_unit == "tokens"
    size = ingest.chunk_tokens if in_tokens else ingest.chunk_chars
    encoder = located(base_of(config.index.encoder, models), models.parent.parent) if in_tokens else ""
    return Cut(ingest.parent_chars, ingest.chunking, size, ingest.chunk_overlap, ingest.chunk_window, encoder)


def sheets_of(config: Config) -> Options:
    """How sheets are read under these settings."""
    return Options(config.ingest.hidden, tuple((kind, names) for kind, names in config.ingest.columns if names))


def _check_there(folder: Path, record: Place) -> None:
    """Raises StorageDamaged for an index whose corpus is gone, and ConfigError for a record elsewhere that is not the
    one of this workspace: an empty one in its place would hide that."""
    corpus, indexed = folder / CORPUS, (folder / "index" / "CURRENT").exists()
    here = corpus.exists() and corpus.stat().st_size > 0
    if not isinstance(record, Path):
        if (here or indexed) and record.unused:
            raise ConfigError(
                f"{record.address}: 데이터베이스가 비어 있는데 {folder}에는 문서나 색인이 있습니다. [store] url({STORE_URL})이 맞는지"
                " 확인하세요. 이 작업 폴더를 옮기려면 url을 sqlite로 두고: mundap migrate --to postgresql://…"
                f" 새로 시작하려면 {corpus.name}과 index를 지우세요. (the database is empty, the workspace is not)"
            )
    elif (folder / HOLDER).exists() and not here:
        raise ConfigError(
            f"{folder}: 이 작업 폴더의 데이터는 PostgreSQL에 있습니다. [store] url이나 {STORE_URL}을 지정하세요. 되돌려 새로"
            f" 시작하려면 {folder / HOLDER}를 지우세요. (its record is at a PostgreSQL server; set [store] url)"
        )
    elif indexed and not here:
        raise StorageDamaged(
            f"{corpus}: 색인은 있는데 문서 데이터가 없습니다. 백업에서 되살리세요(mundap restore FILE 새폴더)."
            f" 처음부터 다시 만들려면 {folder / 'index'} 폴더를 지우고 mundap ingest와 mundap index를 실행하세요."
        )


def _holder(folder: Path, record: Place) -> str:
    """The name under which the index in this folder follows a record that others follow, too."""
    if isinstance(record, Path):
        return ""
    file = folder / HOLDER
    try:
        with file.open("x") as made:
            made.write(token_hex(8))
    except FileExistsError:
        pass
    return file.read_text("ascii")


_MOMENT_SECONDS = 1.0  # in which somebody who merges puts the merged segment in place
_TURNS = 50  # documents that it has its turn at at once
_TURN_SECONDS = 30.0  # that who shares a record waits for its turn among the others
_MERGED_SECONDS = 600.0  # that who merges waits for somebody who writes


def _always() -> None:
    """What is of one machine is not lost."""


def config_of(root: Path) -> Config:
    """The settings of the workspace at `root`: what mundap.toml says, what was changed since at a server that shares its record,
    and the models that those name, fetched if they are not here. Raises ConfigError, and as a server of the record does."""
    config = read_config(root / FILE)
    record = kept_in(root, config, CORPUS)
    if isinstance(record, Path):
        return config
    text = (root / FILE).read_text("utf-8")
    config = parse_config(text, root / FILE, SharedSettings(record).over(tomllib.loads(text)))
    if config.store.files:
        from mundap.workspace.model_files import fetch_models

        fetch_models(bucket_of(config), config, root / FOLDER / MODELS)
    return config


class Mundap:
    """An open workspace. Make one with `Mundap.open`. Threads may share one.

    Questions come as they were typed and are put in normal form here, once: what is below takes them to be so.
    """

    def __init__(self, root: Path, config: Config, words: Path | None = None) -> None:
        """`words` is the folder that the user dictionary is relative to (default: `root`)."""
        self.root = root
        self.config = config
        (root / FOLDER).mkdir(mode=0o700 if config.private else 0o777, parents=True, exist_ok=True)
        self.record = self.kept_in(CORPUS)
        _check_there(root / FOLDER, self.record)
        self.corpus = Corpus(self.record, holder=_holder(root / FOLDER, self.record))
        self._parts = Components(
            root, words or root, config, lambda words: self._layers.opening.open().lexical.statistics.rarity(words)
        )
        self._made: Layers | None = None
        self._making = Lock()
        self._tracing = Tracing(**config.tracing.model_dump())
        self._views: dict[frozenset[str], Mundap] = {}
        self._viewing = Lock()

    @classmethod
    def open(cls, path: str | Path = ".") -> Mundap:
        """Open the workspace at `path`, a folder in or below a workspace, or its mundap.toml.

        Raises WorkspaceNotFound or ConfigError.
        """
        given = Path(path)
        root = find_workspace(given.parent if given.name == FILE else given)
        return cls(root, config_of(root))

    def reconfigured(self, config: Config) -> Mundap:
        """The same workspace with other settings."""
        return Mundap(self.root, config, self._parts.words)

    def seen_by(self, tags: Iterable[str] | None) -> Mundap:
        """The same workspace as someone sees it who has these access tags, for reading; itself for None, who sees all.

        What they do not see is in no search, answer, listing, count or suggestion.
        """
        if tags is None:
            return self
        folders = self._tagged
        known = frozenset(self.corpus.tags_in_use).union(*(tags for _, tags in folders))
        if not (folders or known):
            return self
        own = frozenset(tags) & known  # people have groups without number, documents few
        with self._viewing:
            view = self._views.pop(own, None)
            if view is None:
                view = copy(self)
                view.corpus = Corpus(self.record, Sight(own, folders))
                view._made = self._layers.seen_in(view.corpus, self._parts)
            self._views[own] = view  # as the last that was asked for
            if len(self._views) > _VIEWS:
                del self._views[next(iter(self._views))]
        return view

    @property
    def _layers(self) -> Layers:
        """Made when they are first needed, once for all threads."""
        with self._making:
            if self._made is None:
                from mundap.workspace.layers import Layers

                self._made = Layers.over(self.corpus, self._parts)
            return self._made

    @cached_property
    def _tagged(self) -> tuple[tuple[str, frozenset[str]], ...]:
        return tagged(self.root, self.config.access.folders)

    @property
    def empty_folders(self) -> list[str]:
        """The folders of [access.folders] in which there is no document: their names may be misspelt."""
        folders = self.config.access.folders
        return empty_of(self.root, folders, [one.source for one in self.corpus.documents()]) if folders else []

    def read_by(self, encoder: str, progress: Progress = quiet) -> Mundap:
        """The same workspace as it would search with the encoder of that name; the index on the disk stays as it is.

        Vectors that are missing are computed, and kept for a later `index`. A light reranker is left out: it knows the
        scores of the encoder that it was trained with. Raises as `encoder_named`, and StaleIndex.
        """
        index = self.config.index.model_copy(update={"encoder": encoder})
        light = self.config.retrieve.reranker.startswith(LIGHT)
        retrieve = self.config.retrieve.model_copy(update={"reranker": ""} if light else {})
        other = self.reconfigured(self.config.model_copy(update={"index": index, "retrieve": retrieve}))
        other._layers.opening.open_with_vectors(progress)
        return other

    def with_synonyms(self, synonyms: Sequence[Synonym]) -> Mundap:
        """The same workspace as it would search with these synonyms; what is on the disk stays as it is.

        Raises StaleIndex as `search` does, ConfigError without a graph.
        """
        view = copy(self)
        view._made = self._layers.with_synonyms(synonyms, self.corpus, self._parts)
        view._views = {}
        return view

    # -- ingest ---------------------------------------------------------------------------------------------------

    def ingest(self, paths: Sequence[str | Path] = (), prune: bool = False, progress: Progress = quiet) -> Ingested:
        """Read files and folders (default: those in mundap.toml, and uploads) into the corpus, one transaction per file.

        Unchanged files are skipped. Files that cannot be read are reported in `skipped`, and what was read
        from them before is kept. With `prune`, documents whose file is gone are removed.
        """
        missing: list[Skipped] = []
        files: dict[str, Path] = {}
        for path in paths or self._paths:
            try:
                for found in walk(Path(path), self.config.ingest.follow_links):
                    if found.reason:
                        missing.append(Skipped(nfc_path(found.path), found.reason))
                    else:
                        files[self._source(found.path)] = found.path
            except BadFile as error:
                missing.append(Skipped(str(path), str(error)))
        with self._writing():
            access: dict[str, Sequence[str]] = {}
            for source, file in list(files.items()):
                if self.uploads.holds(source):  # whose tags came with them
                    continue
                try:
                    access[source] = beside(file)
                except BadFile as error:  # what should be hidden is not taken for what all may see
                    missing.append(Skipped(source, str(error)))
                    del files[source]
            taken = self._take_tagged(files, access, progress)
            if not paths:
                taken += self._take_shared_uploads()
            removed = self._prune() if prune else 0
            copied = self._copied(taken)
        return self._ingested(taken, missing, removed, copied)

    def upload(
        self, files: Mapping[str, Path], progress: Progress = quiet, access: Iterable[str] | None = None
    ) -> Ingested:
        """Read files from the `incoming` folder of uploads, keyed by their final name, and index them.

        Readable files are moved to their final place, replacing files of the same name; others stay where they are and are reported
        in `skipped`. When this returns, the added documents can be searched, by those who have one of the tags `access`; None
        leaves the tags that a file of that name had.
        """
        sources = {self.uploads.source(name): file for name, file in files.items()}
        with self._writing(), self._turn(sources):
            self.uploads.keep(files.values())
            for source in sources:
                self.corpus.forgive(source)
            try:
                taken = self._take(
                    sources, progress, dict.fromkeys(sources, tuple(access)) if access is not None else {}
                )
            finally:  # what came of the others undoes none
                self._place(files.items())
            for one in taken:
                if one.state == "skipped":
                    self.corpus.forgive(one.file)
            with self._index_turn() as held:
                if not self._layers.indexing.done and self.corpus.counts()[0]:
                    self._layers.indexing.build({}, held, merging=False)
            copied = self._copied(taken)
        return self._ingested(taken, copied=copied)

    def take_in(
        self,
        files: Mapping[str, Path],
        gone: Iterable[str] = (),
        access: Iterable[str] = (),
        progress: Progress = quiet,
    ) -> Ingested:
        """Read files that came from a source, keyed by the address that is their document's source, and remove the documents
        that are `gone` from it.

        Each has the tags in the file beside it (NAME.access), else `access`. What was read before of a file that cannot be
        read any more stays. What was removed and is kept out stays out.
        """
        missing: list[Skipped] = []
        removed = 0
        given = tuple(access)
        with self._writing():
            taken_in = dict(files)
            tags: dict[str, Sequence[str]] = {}
            for source, file in files.items():
                try:
                    tags[source] = beside(file) or given
                except BadFile as error:  # what should be hidden is not taken for what all may see
                    missing.append(Skipped(source, str(error)))
                    del taken_in[source]
            taken = self._take_tagged(taken_in, tags, progress)
            for source in gone:
                self.corpus.forgive(source)
                if self.corpus.fingerprint(source) is not None:
                    self.corpus.remove(source)
                    removed += 1
            copied = self._copied(taken)
        return self._ingested(taken, missing, removed, copied)

    def kept_out(self, source: str) -> str:
        """Why no document of this source is taken in: it was removed, and stays out; "" if it is."""
        refused = self.corpus.refusal(source)
        return refused[1] if refused and refused[0] == KEPT_OUT else ""

    @cached_property
    def fetched(self) -> FetchedFiles:
        """The files that came from sources."""
        return FetchedFiles(self.root / FOLDER / SOURCES)

    def is_fetched(self, source: str) -> bool:
        """Whether a document came from a source; without making what is kept of sources where there is none."""
        return (self.root / FOLDER / SOURCES).is_dir() and self.fetched.holder(source) is not None

    def discard(self, document_id: str) -> Listed | None:
        """Remove a document from every leg at once, and delete its file if it was uploaded. Returns the document, or None
        if there is none with this id. A file that was not uploaded is kept, and the next ingest reads it again; what came from
        a source stays out."""
        known = self.corpus.document(document_id)
        if known is None:
            return None
        with self._writing(), self._turn([known.source]):
            listed = self.corpus.document(document_id)
            if listed:
                with self.uploads.leaving(listed.source):
                    self.corpus.remove(listed.source)
                if self.is_fetched(listed.source):
                    keep_out(self.corpus, listed.source)
        return listed

    @cached_property
    def uploads(self) -> Uploads:
        """The files uploaded over HTTP."""
        return Uploads(self.root, self._parts.bucket)

    @property
    def _paths(self) -> list[Path]:
        named = [self.root / path for path in self.config.ingest.paths]
        local = self.uploads.folder.is_dir() and not self.uploads.elsewhere
        return [*named, self.uploads.folder] if local else named

    def file_of(self, source: str) -> Path | None:
        """Where the file of a document can be read; None if it is not there."""
        return self.uploads.file(source) if self.uploads.holds(source) else spelled(self.root / source)

    def _take(
        self, files: Mapping[str, Path], progress: Progress, access: Mapping[str, Sequence[str]]
    ) -> tuple[Taken, ...]:
        settings = self.config.ingest
        limits = Limits(settings.workers, settings.file_seconds, settings.file_mb)
        options = sheets_of(self.config)
        return take(self.corpus, files, self._cut, limits, progress, options, access, self._parts.executor)

    def _take_shared_uploads(self) -> tuple[Taken, ...]:
        """Read what is in the bucket and not in the corpus as it is there. Others may delete it meanwhile, and not while it is
        their turn: what is gone by then stays gone."""
        cut, options = self._cut, sheets_of(self.config)
        files = self.uploads.files()
        other = [source for source, file in files.items() if not is_taken(self.corpus, source, file, cut, options)]
        taken = [Taken(source, "unchanged") for source in files.keys() - set(other)]
        for some in batched(other, _TURNS):
            with self._turn(some):
                there = {source: file for source in some if (file := self.uploads.file(source)) is not None}
                taken += self._take(there, quiet, {})
        return tuple(taken)

    def _take_tagged(
        self, files: Mapping[str, Path], access: Mapping[str, Sequence[str]], progress: Progress
    ) -> tuple[Taken, ...]:
        """Read files whose documents shall have these tags. One that fewer shall see is hidden from the others at once, one
        that others shall see is shown to them as it is now."""
        for source, tags in access.items():
            before = set(self.corpus.tags(source))
            if tags and (not before or before > set(tags)):
                self.corpus.tag(source, tags)
        taken = self._take(files, progress, access)
        for one in taken:
            if one.state == "skipped" and one.file in access:
                self.corpus.tag(one.file, access[one.file])
        return taken

    @property
    def _cut(self) -> Cut:
        return cut_of(self.config, self._parts.models)

    def _place(self, files: Iterable[tuple[str, Path]]) -> None:
        """Put the uploads in their place that the corpus has as they are."""
        cut, options = self._cut, sheets_of(self.config)
        for name, file in files:
            if is_taken(self.corpus, self.uploads.source(name), file, cut, options):
                self.uploads.place(file, name)

    def settle(self, wait: float = _MOMENT_SECONDS) -> None:
        """Finish what killed processes were doing with uploads, or undo it, and delete what they have left. Every change of
        documents begins with this. Raises WorkspaceBusy if others write for over `wait` seconds."""
        with self._writing(wait):
            pass

    def _copied(self, taken: Sequence[Taken]) -> Copied:
        come = {one.file for one in taken if one.state in ("added", "updated")}
        return self.copies.take(come) if come else Copied()

    @cached_property
    def copies(self) -> Copies:
        """The passages that say the same as another, or differ from it only in numbers and dates."""
        return Copies(self.corpus, self.root / FOLDER)

    def _ingested(
        self,
        taken: tuple[Taken, ...],
        missing: Sequence[Skipped] = (),
        removed: int = 0,
        copied: Copied = Copied(),
    ) -> Ingested:
        states = Counter(one.state for one in taken)
        return Ingested(
            *self.corpus.counts(),
            added=states["added"],
            updated=states["updated"],
            removed=removed,
            unchanged=states["unchanged"],
            skipped=(*missing, *skipped(taken)),
            files=taken,
            copies=copied,
        )

    def refused(self) -> list[Skipped]:
        """The files that could not be read at the last attempt and still exist, with the reasons."""
        return [
            Skipped(file, reason)
            for file, reason in self.corpus.refusals()
            if exists(self.root / file) or self.is_fetched(file)
        ]

    def remove(self, source_or_id: str, keep_out_file: bool = False) -> str:
        """Remove a document by source, file name, title or id, from every leg at once. Returns its source.

        With `keep_out_file`, later ingests skip its file if it still exists. What came from a source stays out of later syncs.

        Raises UnknownName if there is no such document, and MundapError if there are several.
        """
        source = self.source_of(source_or_id)
        with self._writing(), self._turn([source]):
            self.corpus.remove(source)
            if self.is_fetched(source) or (keep_out_file and exists(self.root / source)):
                keep_out(self.corpus, source)
        return source

    def source_of(self, name: str) -> str:
        """The source of the one document of this source, file name, title or id.

        Raises UnknownName if there is no such document, and MundapError if there are several.
        """
        named = self.corpus.named(normalize(name))
        if not named:
            raise UnknownName("document", name, [listed.source for listed in self.corpus.documents()])
        if len(named) > 1:
            raise MundapError(f"'{name}'에 해당하는 문서가 여러 개입니다. 하나를 지정하세요: {', '.join(named)}")
        return named[0]

    def take_back(self, name: str) -> str:
        """Let the next ingest read a kept-out file again, given its source or name. Raises UnknownName."""
        with self._writing():
            return take_back(self.corpus, normalize(name))

    def _prune(self) -> int:
        gone = [
            one.source
            for one in self.corpus.documents()
            if not self.is_fetched(one.source) and not self._is_there(one.source)
        ]
        for source in gone:
            self.corpus.remove(source)
        return len(gone)

    def _is_there(self, source: str) -> bool:
        """Whether the file of a document is; one that was uploaded to another machine's folder is taken to be."""
        if not self.uploads.holds(source):
            return exists(self.root / source)
        return self.uploads.has(source) or (self.shared and not self.uploads.elsewhere)

    def _source(self, file: Path) -> str:
        whole = Path(os.path.realpath(file))  # which ends for a link to itself, too
        return nfc_path(whole.relative_to(self.root) if whole.is_relative_to(self.root) else whole)

    # -- index ----------------------------------------------------------------------------------------------------

    def index(self, progress: Mapping[str, Progress] | None = None, rebuild: bool = False, merging: bool = True) -> str:
        """Build an index generation of the corpus and make it current; returns its name. Only new passages are computed.

        With `rebuild`, nothing of the existing index is used except vectors whose files are intact. Without `merging`, small
        segments are left to `merge`. `progress` may have
        entries for "tokens", "keywords" and "vectors". Raises StaleIndex, naming the file, if a damaged one would be needed.
        """
        with self._writing(), self._index_turn() as held:
            return self._layers.indexing.build(progress or {}, held, anew=rebuild, merging=merging)

    def merge(self) -> None:
        """Merge small segments of the index while others search, add and remove documents. Raises StaleIndex for an index that
        cannot be read, and WorkspaceBusy."""
        self._layers.indexing.merge(lambda: writing(self.root, _MERGED_SECONDS))

    @property
    def unmerged(self) -> bool:
        """Whether the index has small segments that are to be merged."""
        return self._layers.indexing.unmerged

    def compact(self, progress: Mapping[str, Progress] | None = None) -> str:
        """Index as `index` does, and drop what was deleted from the files at once; returns the generation's name."""
        with self._writing(), self._index_turn() as held:
            name = self._layers.indexing.build(progress or {}, held, compact=True)
            self._parts.cache.shrink()
            return name

    def indexed_passages(self) -> list[Passage]:
        """The passage of each vector of the current generation, in order; an empty one for each that is gone.

        Raises StaleIndex as `search` does, and if documents were deleted after indexing.
        """
        from mundap.index.generation import REPAIR
        from mundap.workspace.opening import passages_of

        opened = self._layers.opening.open()
        mask = opened.table.mask(None)
        if mask is not None and bool((opened.generation.ids.alive() & ~mask).any()):
            raise StaleIndex(f"색인한 뒤 문서가 바뀌었습니다. 먼저 {REPAIR}")
        return passages_of(opened.generation, self.corpus)

    @property
    def segments(self) -> list[tuple[str, Extent, int, float]]:
        """The segments of the current generation: name, how large each is, its bytes on disk, and the share of the hundred
        nearest vectors that a search finds; none without an index."""
        return self._layers.indexing.segments

    def damaged_files(self) -> list[Path]:
        """The files of the index, the corpus and the cache that are damaged. All of them are read."""
        return [*self.corpus.damaged(), *self._parts.cache.damaged(), *self._layers.indexing.damaged()]

    def forget_former_indexes(self) -> None:
        """Delete what is kept of indexes before the current one; all of them if no document is left."""
        with self._writing(), self._index_turn() as held:
            self._layers.indexing.erase(held, everything=not self.corpus.counts()[0])

    @property
    def recipe(self) -> Recipe:
        """The settings that determine an index of this workspace, besides its passages."""
        return self._layers.indexing.recipe

    def reload(self) -> None:
        """Open the current generation at the next search."""
        self._layers.opening.reload()

    def search_what_is_indexed(self) -> None:
        """From now on, search although newer documents are not indexed yet, as a server does while it indexes them."""
        self._layers.opening.complete = False

    @property
    def unindexed(self) -> bool:
        """Whether documents wait to be indexed, all of them if there is no index. Raises StaleIndex for one that others
        settings made, or that cannot be read."""
        return self._layers.opening.unindexed()

    def refresh(self) -> None:
        """Open the current generation if it differs from the open one. Running searches keep theirs.

        If it cannot be opened, e.g. while new documents are not indexed yet, the old one stays in use, and the new one
        is tried again at the next call. If there is no generation at all, the next search raises StaleIndex.
        """
        self._layers.opening.refresh()

    @property
    def newest(self) -> str | None:
        """The name of the current generation on disk, whether or not it is open; None if there is none."""
        return self._layers.opening.newest

    # -- search ---------------------------------------------------------------------------------------------------

    def search(
        self,
        question: str,
        k: int = 10,
        leg: str = "hybrid",
        where: Where | None = None,
        since: str | None = None,
        until: str | None = None,
    ) -> Hits:
        """The best `k` parent passages, as a list that notebooks show and `to_pandas` makes a data frame of. `where` gives the allowed values of source, title, document_id or a meta key.

        `since` and `until` are ISO dates, inclusive; passages without a date are in no period.
        Raises StaleIndex if the index does not match the corpus or the settings; its message names the command to run.
        """
        with self._tracing.root("mundap.search", question, k=k, leg=leg) as span:
            allowed = None
            if where is not None or since is not None or until is not None:
                allowed = self.corpus.ids_where((where or {}).items(), since=since, until=until)
            hits = Hits(self._layers.searching.search(self.mended(question).text, k, leg, allowed))
            span.set_attribute("hits", len(hits))
            return hits

    def mended(self, question: str) -> Mended:
        """The question as `search` and `ask` use it, with typos corrected to words of the index.

        Raises StaleIndex as `search` does.
        """
        return self._layers.searching.mended(normalize(question))

    def find(self, question: str, k: int | None = None, where: Where | None = None) -> Hits:
        """The passages that an answer is based on: interprets the question as configured, then searches.

        Conditions on documents in the question become filters; if no document meets them, everything
        that meets `where` is searched.
        """
        return Hits(self._layers.searching.find(normalize(question), k, where))

    @property
    def searchers(self) -> Mapping[str, Searcher]:
        """The legs and the hybrid over the current generation, by name. Raises StaleIndex as `search` does."""
        return self._layers.opening.open().searchers

    @property
    def legs(self) -> tuple[LexicalLeg, DenseLeg]:
        """The lexical and the dense leg over the segments of the current generation. Raises StaleIndex as `search` does, and
        ConfigError for an index that a server keeps."""
        return self._layers.opening.open().legs

    @property
    def graph(self) -> GraphLeg:
        """The graph leg over the current generation. Raises StaleIndex as `search` does, ConfigError if it is off."""
        opened = self._layers.opening.open()
        graph = opened.graph
        if graph is None:
            _ = opened.generation  # raises for an index that a server keeps, which no setting of the graph mends
            raise ConfigError(
                "키워드 그래프를 쓰지 않는 작업 폴더입니다. mundap.toml에서 [graph] enabled = true로 바꾸고 mundap index"
            )
        return graph

    def bare_graph(self) -> Graph:
        """The graph of the current generation; its synonyms may differ from the current table.

        Raises StaleIndex if there is none.
        """
        return self._layers.opening.bare_graph()

    def trained_on(self, question: str) -> bool:
        """Whether the reranker was trained on this question, so that its score would be too optimistic."""
        from mundap.retrieve.light import seen

        light = self._parts.light
        return light is not None and seen(question) in light.questions

    # -- answer ---------------------------------------------------------------------------------------------------

    def ask(
        self,
        question: str,
        history: Sequence[Turn] = (),
        k: int | None = None,
        where: Where | None = None,
        persona: str | None = None,
    ) -> Answer:
        """The answer with its citations, or a withheld answer; see `stream`."""
        return next(piece for piece in self.stream(question, history, k, where, persona) if isinstance(piece, Answer))

    def stream(
        self,
        question: str,
        history: Sequence[Turn] = (),
        k: int | None = None,
        where: Where | None = None,
        persona: str | None = None,
    ) -> Iterator[str | Answer]:
        """Yields the answer's text in pieces, then the Answer. `history` resolves follow-up questions.

        It is written from `k` passages (default: that of the settings) that meet `where`, as in `search`, and sounds
        like `persona`, as in `components.persona`.
        """
        voice = self._parts.persona(persona)
        answering = self._layers.answering.stream(normalize(question), history, k, where, voice)
        with closing(self._tracing.streamed("mundap.ask", question, answering, self._told)) as pieces:
            for piece in pieces:
                yield replace(piece, question=question) if isinstance(piece, Answer) else piece

    def _told(self, piece: str | Answer) -> dict[str, str | int | float | bool]:
        """What is told of an answer where questions are traced."""
        if isinstance(piece, str):
            return {}
        about = {"abstained": piece.abstained, "support": piece.support, "citations": len(piece.citations)}
        return {**about, "model": piece.model, **({"answer": piece.text} if self._tracing.tells_texts else {})}

    def support(self, question: str) -> float:
        """The probability, in [0, 1], that the corpus answers this question."""
        return self._layers.answering.support(normalize(question))

    def verify(self, answers: Iterable[Given]) -> Iterator[Verdict]:
        """Verify given answers (verify.given reads them from JSON) against the current corpus.

        Nothing is searched and no model is used.
        """
        from mundap.verify.verifier import Verifier

        personas = [persona for name in self._parts.personas if (persona := self._parts.persona(name))]
        verifier = Verifier(self.corpus, personas, self.newest, self._layers.indexing.names)
        yield from map(verifier.verify, answers)

    def warm(self) -> None:
        """Load everything the first question would have to wait for. Raises as it would."""
        self.search("준비", k=1)
        self._parts.persona()
        if self.config.generate.faq:
            _ = self._layers.answering.known
        if isinstance(self._parts.generator, Loads):
            self._parts.generator.load()

    @cached_property
    def feedback(self) -> Feedback:
        """Answers given over HTTP, and the feedback on them."""
        from mundap.store.feedback import Feedback

        return Feedback(self.record)

    def keywords(self, questions: Sequence[str]) -> list[list[str]]:
        """The distinct keywords of each question, by the configured extractor; the corpus is not read.

        Raises ConfigError if the user dictionary or the model is missing, BadFile for a broken table of verbs.
        """
        return self._parts.keywords(questions)

    @property
    def components(self) -> Components:
        """What the settings name: encoder, tokenizer, generator, personas, trained models, and the cache of their work.

        An encoder or a generator can be put in the place of the one that is named, before it is used first.
        """
        return self._parts

    def kept_in(self, name: str) -> Place:
        """Where what is kept in that file of the folder is: there, or at the server of the record.

        Raises MundapError for a server that cannot be used.
        """
        return kept_in(self.root, self.config, name)

    @property
    def shared(self) -> bool:
        """Whether other machines may read and change the record, too."""
        return not isinstance(self.record, Path)

    @contextmanager
    def _writing(self, wait: float = _MOMENT_SECONDS) -> Iterator[None]:
        """The workspace for oneself, of all processes of this machine."""
        with writing(self.root, wait):
            for name, file in self.uploads.arrived():
                with self._turn([self.uploads.source(name)]):
                    self._place([(name, file)])
            for name in self.uploads.left():
                self.corpus.remove(self.uploads.source(name))
            sweep(self.root / FOLDER, BACKUPS)
            yield

    @contextmanager
    def _turn(self, sources: Iterable[str]) -> Iterator[None]:
        """The uploads among these documents for oneself, of all machines that share them. Raises WorkspaceBusy."""
        ours = [f"document {source}" for source in sources if self.uploads.holds(source)]
        if isinstance(self.record, Path) or not ours:
            yield
            return
        with self.record.alone(ours, _TURN_SECONDS):
            yield

    @contextmanager
    def _index_turn(self) -> Iterator[Held]:
        """The index for oneself, of all machines that share it. Raises WorkspaceBusy."""
        if isinstance(self.record, Path) or self._parts.is_local:
            yield _always
            return
        with self.record.alone(["index"], _TURN_SECONDS) as held:
            yield held


@contextmanager
def writing(root: Path, wait: float = 0) -> Iterator[None]:
    """The workspace at `root` for oneself: nobody else writes to it. Raises WorkspaceBusy if that takes over `wait` seconds."""
    try:
        with FileLock(root / FOLDER / "lock", timeout=wait):
            yield
    except Timeout as error:
        raise WorkspaceBusy(f"{root}: 다른 mundap 프로세스가 작업 중입니다. 끝난 뒤 다시 실행하세요.") from error
