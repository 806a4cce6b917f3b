"""Which passages of a corpus say the same as another, or differ from it only in numbers: found as documents come in.

What was found is kept in a file beside the corpus, so that a listing need not look again.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from mundap.files import write_atomically
from mundap.ingest.copies import Kind, comparable, copies
from mundap.messages import paged
from mundap.store.corpus import Corpus
from mundap.types import Json, Passage

FILE = "copies.json"
# Parent passages that an ingest compares, in some seconds and 350 MB: all, or of more those that come in, up to as many.
MOST = 100_000
_SHOWN = 80  # characters of an example

_ORDER: tuple[Kind, ...] = ("same", "numbers", "similar")


@dataclass(frozen=True, slots=True)
class Alike:
    """The ids of passages that are copies of each other; of kind "contained", the first is a part of the second."""

    kind: Kind
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Copied:
    """How many passages have a copy, in how many groups, and two of the largest group as an example: where each is from,
    and how it begins. `kind` is as in `Alike`, "" where there are none."""

    passages: int = 0
    groups: int = 0
    kind: Kind | str = ""
    sources: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Json]:
        """`{"passages", "groups", "example": {"kind", "passages": [{"source", "text"}, …]}}`; no example is null."""
        pair: list[Json] = [{"source": s, "text": t} for s, t in zip(self.sources, self.texts, strict=True)]
        return {
            "passages": self.passages,
            "groups": self.groups,
            "example": {"kind": self.kind, "passages": pair} if pair else None,
        }


def copies_told(found: Copied) -> str:
    """One line on the passages that have copies; "" if there are none."""
    if not found.passages:
        return ""
    one, other = (paged(source, "ko") for source in found.sources)
    where = f"{one}와(과) {other}" if one != other else one
    return (
        f"다른 문단과 내용이 같거나 숫자·날짜만 다른 문단이 {found.passages}개 있습니다(예: '{found.texts[0]}', {where})."
        " 답변이 다른 쪽을 인용할 수 있으니 하나로 정리하세요. 자세히 보기: mundap evaluate retrieval --twins"
    )


class Copies:
    """Those of a corpus, kept in a file in `folder`."""

    def __init__(self, corpus: Corpus, folder: Path) -> None:
        self._corpus = corpus
        self._file = folder / FILE
        self._counted: tuple[tuple[str, int], Copied] | None = None

    def take(self, sources: Collection[str]) -> Copied:
        """Look for copies of the passages of documents that came in, and keep what there is; the new groups."""
        known = self._read()
        few = self._corpus.counts()[1] <= MOST
        parents = (
            (id, known is None or source in sources, text)
            for id, source, text in self._parents()
            if few or source in sources
        )
        found = _alike([*islice(parents, MOST)])
        self._write(_merged([*(known or ()), *found]))
        return self._told(found)

    def known(self) -> Copied:
        """What was found as documents came in, of what is still there."""
        state = self._corpus.state(), self._file.stat().st_mtime_ns if self._file.exists() else 0
        if self._counted is None or self._counted[0] != state:
            self._counted = state, self._told(self._read() or ())
        return self._counted[1]

    def all(self) -> Copied:
        """Look through the whole corpus."""
        return self._told(_alike([(id, True, text) for id, _, text in self._parents()]))

    def _parents(self) -> Iterable[tuple[str, str, str]]:
        for id, source, kind, text in self._corpus.parent_texts():
            if comparable({"kind": kind}):
                yield id, source, text

    def _told(self, groups: Sequence[Alike]) -> Copied:
        there = self._corpus.passages(sorted({id for group in groups for id in group.ids}))
        left = [[there[id] for id in group.ids if id in there] for group in groups]
        kept = [(some, group.kind) for some, group in zip(left, groups, strict=True) if len(some) > 1]
        if not kept:
            return Copied()
        some, kind = max(kept, key=lambda each: len(each[0]))
        passages = len({passage.id for each, _ in kept for passage in each})
        return Copied(passages, len(kept), kind, tuple(map(self._origin, some[:2])), tuple(map(_start, some[:2])))

    def _origin(self, passage: Passage) -> str:
        listed = self._corpus.document(passage.document_id)
        if listed is None or passage.source in ("", listed.source, listed.title):
            return listed.source if listed else passage.source
        return f"{passage.source} ({listed.source})"

    def _read(self) -> tuple[Alike, ...] | None:
        """None if nothing was kept that can be read."""
        try:
            kept = json.loads(self._file.read_text("utf-8"))
            return tuple(Alike(kind, tuple(ids)) for kind, ids in kept)
        except (OSError, ValueError, TypeError):
            return None

    def _write(self, groups: Sequence[Alike]) -> None:
        there = self._corpus.passages(sorted({id for group in groups for id in group.ids}))
        left = [(group.kind, [id for id in group.ids if id in there]) for group in groups]
        write_atomically(self._file, json.dumps([each for each in left if len(each[1]) > 1]))


def _alike(parents: Sequence[tuple[str, bool, str]]) -> tuple[Alike, ...]:
    ids, fresh, texts = zip(*parents, strict=True) if parents else ((), (), ())
    return tuple(Alike(group.kind, tuple(ids[n] for n in group.members)) for group in copies(texts, fresh))


def _merged(groups: Sequence[Alike]) -> list[Alike]:
    """Groups that share a passage as one, of the loosest of their kinds."""
    place: dict[str, int] = {}
    merged: dict[int, Alike] = {}
    parts = dict.fromkeys(group for group in groups if group.kind == "contained")
    for number, group in enumerate(group for group in groups if group.kind != "contained"):
        kind, ids = group.kind, dict.fromkeys(group.ids)
        for old in {place[id] for id in group.ids if id in place}:
            other = merged.pop(old)
            kind = max(kind, other.kind, key=_ORDER.index)
            ids |= dict.fromkeys(other.ids)
        merged[number] = Alike(kind, tuple(ids))
        place |= dict.fromkeys(ids, number)
    return [*merged.values(), *parts]


def _start(passage: Passage) -> str:
    flat = " ".join(passage.text.split())
    return flat if len(flat) <= _SHOWN else f"{flat[:_SHOWN]}…"
