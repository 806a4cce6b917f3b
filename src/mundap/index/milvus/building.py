"""Writing an index into Milvus: all at once aside, or what changed since, in batches of which a kill leaves none half done.

The manifest says which batch is being written before anything of it is. What was inserted bears the batch's stamp, what is
to go is deleted last, and a term remembers the last batch that it counts: so whoever writes next, on whatever machine,
finishes what was begun, and nothing is counted twice.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from uuid import uuid4

import numpy as np

from mundap.errors import StaleIndex
from mundap.files import digest
from mundap.index.generation import Recipe, Source
from mundap.index.grouped import GroupedPassages
from mundap.index.milvus.collections import Collections, Entity, Manifest, Part, Pending, among
from mundap.index.milvus.rows import NumberedIds, numbers
from mundap.index.milvus.terms import (
    PLACEHOLDER,
    Hashes,
    RowTerms,
    Term,
    number_new,
    read_terms,
    taken_in,
    unsigned,
    write_terms,
)
from mundap.index.near import Halves
from mundap.index.segment import Deriving
from mundap.index.vectors import EXACT_BELOW
from mundap.types import Passage

DRIFT = 0.02  # of the mean length, beyond which stored weights are computed anew
_AT_ONCE = 500  # rows in a batch
_ROWS_WRITTEN = 200  # rows with their vectors in one request

Family = list[Passage]  # a row and its chunks


def build_anew(collections: Collections, source: Source, recipe: Recipe, deriving: Deriving) -> Manifest:
    """Index all passages aside, and have readers find that. What is there of builds before but one is dropped."""
    state = source.mark()
    old = _old(collections)
    collections.keep_only([old.build] if old else [])
    build = uuid4().hex[:8]
    rows, vectors, tokens = _lengths(source, deriving)
    mean = tokens / rows if rows else 1.0
    exact = vectors < EXACT_BELOW
    writing = _Rows(collections, build, recipe, deriving, mean, made=False, exact=exact)
    known: dict[int, Term] = {}
    used: set[int] = set()
    for families in _in_batches(source.families(), deriving.at_once):
        counted = writing.terms_of(families)
        fresh = number_new({term for row in counted for term in row.counts if term not in known}, used.__and__)
        used |= {term.number for term in fresh.values()}
        known |= fresh
        for row in counted:
            for term in row.counts:
                known[term].holders += 1
        writing.write(families, counted, known, batch=0)
    if not rows:
        collections.create(build, 2, exact)
    write_terms(collections.part(build, "terms"), known)
    before = old.build if old else ""
    return collections.put(
        Manifest(_name(state), build, recipe, state, rows, vectors, tokens, mean, exact, before=before)
    )


def follow(
    collections: Collections,
    manifest: Manifest,
    source: Source,
    recipe: Recipe,
    deriving: Deriving,
) -> Manifest | None:
    """Do what was done to the passages since; None if so much changed that all has to be written anew.

    Raises StaleIndex if the index is not of this source.
    """
    manifest = finish(collections, manifest)
    if not manifest.rows:
        return None  # how long vectors are, it did not know
    writing = _Rows(collections, manifest.build, recipe, deriving, manifest.mean)
    state = source.mark()
    changed = changes(collections, manifest, source)
    rows = _changed_rows(collections, manifest, source, changed)
    for first in range(0, len(rows), _AT_ONCE):
        manifest = _apply(collections, manifest, source, writing, rows[first : first + _AT_ONCE])
        drift = abs(manifest.mean_length / manifest.mean - 1)
        if drift > DRIFT or (manifest.exact and manifest.vectors > 2 * EXACT_BELOW):
            return None
    return collections.put(replace(manifest, name=_name(state), corpus_state=state))


def changes(collections: Collections, manifest: Manifest, source: Source) -> list[str]:
    """The ids of the passages that came or went since. Raises StaleIndex if the index is not of this source."""
    changed = source.changed(manifest.corpus_state)
    if changed is None:
        raise StaleIndex(
            f"Milvus의 컬렉션 {collections.name}은(는) 이 작업 폴더에서 만든 색인이 아니거나 너무 오래되었습니다. 다른 작업 폴더의 색인이라면"
            " mundap.toml의 [index] collection에 다른 이름을 지정하고, 이 작업 폴더의 색인이라면 실행하세요: mundap index --rebuild"
        )
    return changed


def finish(collections: Collections, manifest: Manifest) -> Manifest:
    """The index without a batch that somebody began and did not finish: what is there of it stays, and is counted."""
    pending = manifest.pending
    if pending is None:
        return manifest
    words, vectors = (collections.part(manifest.build, part) for part in ("words", "vectors"))
    if not pending.counted:
        manifest = _count(collections, manifest, pending)
        pending = replace(pending, counted=True)
    if pending.gone:
        words.delete(among("row", pending.gone))
    if pending.rows:
        vectors.delete(f"{among('row', pending.rows)} and batch < {manifest.batch}")
    return collections.put(replace(manifest, pending=None))


def _apply(
    collections: Collections, manifest: Manifest, source: Source, writing: _Rows, ids: Sequence[str]
) -> Manifest:
    """Make what is kept of these rows what the source has of them."""
    words, vectors, terms = (collections.part(manifest.build, part) for part in ("words", "vectors", "terms"))
    wanted = {family[0].id: family for families in source.families(ids) for family in _families(families)}
    rows = [int(row) for row in numbers(ids) if row != -1]
    there = {int(one["row"]) for one in words.where("row", rows, ["row"])}
    held: dict[int, set[int]] = {}
    for one in vectors.where("row", rows, ["id", "row"]):
        held.setdefault(int(one["row"]), set()).add(int(one["id"]))
    other = {
        row: family
        for row, family in zip(numbers([*wanted]).tolist(), wanted.values(), strict=True)
        if row not in there or held.get(row) != set(numbers([passage.id for passage in family]).tolist())
    }
    gone = tuple(sorted((there | held.keys()) - set(numbers([*wanted]).tolist())))
    if not (other or gone):
        return manifest
    batch = manifest.batch + 1
    pending = Pending(tuple(sorted({*other, *gone})), gone)
    manifest = collections.put(replace(manifest, batch=batch, pending=pending))
    families = [*other.values()]
    new = [row not in there for row in other]
    counted = writing.terms_of(families)
    distinct = {term for row in counted for term in row.counts}
    known = read_terms(terms, distinct)
    fresh = number_new(distinct - known.keys(), lambda some: taken_in(terms, some))
    write_terms(terms, fresh)  # before rows that use their numbers: a number is never given twice
    writing.write(families, counted, known | fresh, batch, new)
    return finish(collections, manifest)


def _count(collections: Collections, manifest: Manifest, pending: Pending) -> Manifest:
    """Count what the batch brought and takes, in the terms and in the totals."""
    words, vectors, terms = (collections.part(manifest.build, part) for part in ("words", "vectors", "terms"))
    batch = manifest.batch
    come = [*words.where("row", pending.rows, ["row", "length", "sparse"], f"batch == {batch}")]
    gone = [*words.where("row", pending.gone, ["row", "length", "sparse"], f"batch < {batch}")]
    changes: dict[int, int] = {}
    for some, sign in ((come, 1), (gone, -1)):
        for row in some:
            for number in row["sparse"]:
                changes[int(number)] = changes.get(int(number), 0) + sign
    changes.pop(PLACEHOLDER, None)
    found = terms.where("number", [number for number, change in changes.items() if change], _TERM_FIELDS)
    counted = {
        unsigned(int(one["term"])): Term(int(one["number"]), int(one["holders"]) + changes[int(one["number"])], batch)
        for one in found
        if int(one["batch"]) < batch
    }
    write_terms(terms, counted)
    more = [*vectors.where("row", pending.rows, ["id"], f"batch == {batch}")]
    less = [*vectors.where("row", pending.rows, ["id"], f"batch < {batch}")]
    return collections.put(
        replace(
            manifest,
            rows=manifest.rows + len(come) - len(gone),
            vectors=manifest.vectors + len(more) - len(less),
            tokens=manifest.tokens + sum(int(o["length"]) for o in come) - sum(int(o["length"]) for o in gone),
            pending=replace(pending, counted=True),
        )
    )


class _Rows:
    """Writes rows of one build, weighed by `mean`. Unless its collections are `made`, the first rows make them."""

    def __init__(
        self,
        collections: Collections,
        build: str,
        recipe: Recipe,
        deriving: Deriving,
        mean: float,
        made: bool = True,
        exact: bool = False,
    ) -> None:
        self._collections = collections
        self._build = build
        self._recipe = recipe
        self._deriving = deriving
        self._mean = max(mean, 1e-9)
        self._hashes = Hashes()
        self._made = made
        self._exact = exact

    def terms_of(self, families: Sequence[Family]) -> list[RowTerms]:
        """The terms of the row of each family."""
        return [self._hashes.row(tokens) for tokens in self._deriving.tokens_of([one[0].worded for one in families])]

    def write(
        self,
        families: Sequence[Family],
        counted: Sequence[RowTerms],
        known: Mapping[int, Term],
        batch: int,
        new: Sequence[bool] | None = None,
    ) -> None:
        """Write these rows with all their vectors; words only of those that are `new`."""
        rows = numbers([family[0].id for family in families]).tolist()
        words = [
            self._words(row, terms, known, batch)
            for n, (row, terms) in enumerate(zip(rows, counted, strict=True))
            if new is None or new[n]
        ]
        every = [passage for family in families for passage in family]
        encoded = self._deriving.vectors_of([passage.embedded for passage in every])
        if not self._made:
            self._collections.create(self._build, encoded.shape[1], self._exact)
            self._made = True
        vectors = vector_entities(families, encoded, batch)
        self._collections.part(self._build, "words").write(words, _ROWS_WRITTEN)
        self._collections.part(self._build, "vectors").write(vectors, _ROWS_WRITTEN)

    def _words(self, row: int, terms: RowTerms, known: Mapping[int, Term], batch: int) -> Entity:
        soft = softness(terms.length, self._recipe.k1, self._recipe.b, self._mean)
        weights = {known[term].number: count / (count + soft) for term, count in terms.counts.items()}
        return {
            "row": row,
            "length": terms.length,
            "words": terms.words,
            "batch": batch,
            "sparse": weights or {PLACEHOLDER: 1.0},
        }


def vector_entities(families: Sequence[Family], vectors: Halves, batch: int) -> list[Entity]:
    """What is kept of the vectors of these rows and their chunks, which come in this order."""
    rows = numbers([family[0].id for family in families]).tolist()
    places = [(row, place) for row, family in zip(rows, families, strict=True) for place in range(len(family))]
    ids = numbers([passage.id for family in families for passage in family]).tolist()
    return [
        {"id": id, "row": row, "place": place, "batch": batch, "dense": vector.astype(np.float32)}
        for id, (row, place), vector in zip(ids, places, vectors, strict=True)
    ]


def softness(length: int, k1: float, b: float, mean: float) -> float:
    """How softly a count counts in a row of this length, whatever stands in it."""
    return k1 * (1 - b + b * length / mean)


def absent(vectors: Part, ids: Sequence[str]) -> list[str]:
    """Those of these ids, of rows or of chunks, that are not in the index."""
    rows = numbers(ids).tolist()
    there = {int(one["id"]) for one in vectors.where("id", rows, ["id"])}
    return [id for id, row in zip(ids, rows, strict=True) if row not in there]


_TERM_FIELDS = ("term", "number", "holders", "batch")


def _changed_rows(collections: Collections, manifest: Manifest, source: Source, changed: Sequence[str]) -> list[str]:
    """The ids of the rows to which any of these passages belong, now or in the index."""
    vectors = collections.part(manifest.build, "vectors")
    owners = [int(one["row"]) for one in vectors.where("id", numbers(changed).tolist(), ["row"])]
    ids = NumberedIds(0, lambda: iter(())).at(np.asarray(sorted(set(owners)), np.intp))
    return sorted({*changed, *source.present(changed).values(), *ids})


def _lengths(source: Source, deriving: Deriving) -> tuple[int, int, int]:
    """How many rows there are, how many vectors they have, and how many tokens."""
    rows = vectors = tokens = 0
    for families in _in_batches(source.families()):
        rows += len(families)
        vectors += sum(map(len, families))
        tokens += sum(map(len, deriving.tokens_of([family[0].worded for family in families])))
    return rows, vectors, tokens


def _in_batches(families: Iterator[list[Passage]], least: int = 0) -> Iterator[list[Family]]:
    """Rows with their chunks, about _AT_ONCE at a time, and at least so many passages."""
    some: list[Family] = []
    count = 0
    for passages in families:
        for family in _families(passages):
            some.append(family)
            count += len(family)
            if len(some) >= _AT_ONCE and count >= least:
                yield some
                some, count = [], 0
    if some:
        yield some


def _families(passages: Sequence[Passage]) -> list[Family]:
    grouped = GroupedPassages.of(passages)
    bounds = zip(grouped.starts, grouped.starts[1:], strict=False)
    return [list(grouped.passages[start:end]) for start, end in bounds]


def _old(collections: Collections) -> Manifest | None:
    try:
        return collections.manifest()
    except StaleIndex:
        return None  # of another version: nothing of it can be read


def _name(state: str) -> str:
    return f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{digest(str(time.time_ns()), state, size=4)}"
