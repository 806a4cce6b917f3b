"""What is kept in Milvus: of each build three collections, and one that tells which build counts.

`NAME` has one entity, the manifest, which a single write replaces: readers find the old index or the new one.
`NAME_build_words` has a row for each parent passage: each term's `tf / (tf + soft(length, mean))` as a sparse vector, so
that a query of inverse document frequencies gets BM25, whatever shard holds the row. `NAME_build_vectors` has the vector of
each passage and chunk. `NAME_build_terms` has the document frequency of each term, and its number among the dimensions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mundap.errors import ConfigError, IndexUnavailable, ServerError, StaleIndex
from mundap.extras import Untyped, need
from mundap.index.generation import REPAIR, Recipe
from mundap.index.milvus.server import CALL_SECONDS, MilvusServer, NoCollection

FORMAT = 1
MOST = 16_384  # hits of one search: what Milvus allows
IDS = 10_000  # ids in one filter
_WRITTEN = 2_000  # small entities in one request
_KEY = "index"
_LEAST = (2, 5)  # the version of Milvus that has all that is asked of it
_NUMBERED = re.compile(r"v?(\d+)\.(\d+)")  # that of a server, but not of Milvus Lite, which numbers itself
_VALUE_BYTES = 65_535

Entity = dict[str, Any]


@dataclass(frozen=True)
class Pending:
    """A batch that is being written: its rows have the stamp `batch`; `rows` are replaced or gone, of which those of `gone`
    are in no index any more. `counted`: the terms of the batch are counted, and the manifest's totals with them."""

    rows: tuple[int, ...]
    gone: tuple[int, ...]
    counted: bool = False


@dataclass(frozen=True)
class Manifest:
    """Which build counts, and what it was made with: `tokens` are those of all `rows`, and `mean` is the mean length by which
    the stored weights were computed, and `exact` whether every vector is looked at. `batch` is the stamp of what was written last."""

    name: str
    build: str
    recipe: Recipe
    corpus_state: str
    rows: int
    vectors: int
    tokens: int
    mean: float
    exact: bool
    batch: int = 0
    before: str = ""  # the build before, which readers may still have open
    pending: Pending | None = None
    format: int = FORMAT

    @property
    def mean_length(self) -> float:
        """The mean length of the rows as they are now."""
        return self.tokens / self.rows if self.rows else 1.0

    def to_json(self) -> str:
        """As it is kept."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def read(cls, text: str) -> Manifest:
        """What `to_json` wrote. Raises StaleIndex for what another version wrote."""
        try:
            told = json.loads(text)
            if told["format"] != FORMAT:
                raise StaleIndex(f"색인의 형식 {told['format']}이 이 버전({FORMAT})과 다릅니다. {REPAIR} --rebuild")
            pending = told.pop("pending")
            if pending:
                pending = Pending(tuple(pending["rows"]), tuple(pending["gone"]), pending["counted"])
            return cls(**{**told, "recipe": Recipe(**told["recipe"]), "pending": pending})
        except (ValueError, KeyError, TypeError) as error:
            raise StaleIndex(f"색인의 정보를 읽을 수 없습니다({error}). {REPAIR} --rebuild") from error


class Collections:
    """The collections of the index `name` on `server`. Before anything is changed, `held` raises if others may write."""

    def __init__(self, server: MilvusServer, name: str, held: Callable[[], None] = lambda: None) -> None:
        self.server = server
        self.name = name
        self.held = held

    def manifest(self) -> Manifest | None:
        """The manifest; None if nothing was indexed. Raises StaleIndex, and as `MilvusServer.ask`."""
        try:
            found = self.query(self.name, f'key == "{_KEY}"', ["value"])
        except NoCollection:
            return None
        return Manifest.read(found[0]["value"]) if found else None

    def put(self, manifest: Manifest) -> Manifest:
        """Replace the manifest."""
        self.server.ask(self._make_manifest)
        self.upsert(self.name, [{"key": _KEY, "value": manifest.to_json(), "none": [0.0, 0.0]}])
        return manifest

    def forget(self) -> None:
        """Drop all of them."""
        for name in self._every():
            self._drop(name)

    def create(self, build: str, dim: int, exact: bool) -> None:
        """Make the collections of a build; with `exact`, every vector will be looked at. Raises ConfigError for a server that is
        too old for them."""

        def create(client: Untyped) -> None:
            for part, fields, indexes in _PARTS:
                wanted = [_EVERY if exact and index == _NEAR else index for index in indexes]
                self._create(client, f"{self.name}_{build}_{part}", fields, wanted, dim)

        self.held()
        try:
            self.server.ask(create)
        except IndexUnavailable:
            raise
        except ServerError as error:
            version = self.server.version()
            if (found := _NUMBERED.match(version)) and tuple(map(int, found.groups())) < _LEAST:
                wanted = ".".join(map(str, _LEAST))
                raise ConfigError(
                    f"색인 서버 {self.server.shown}의 Milvus {version}은 희소 벡터와 역색인을 지원하지 않습니다. Milvus {wanted} 이상을"
                    " 설치하고 mundap index를 다시 실행하세요."
                ) from error
            raise

    def keep_only(self, builds: Sequence[str]) -> None:
        """Drop the collections of all builds but these."""
        kept = [f"{self.name}_{build}_{part}" for build in builds for part, *_ in _PARTS]
        for name in self._every():
            if name != self.name and name not in kept:
                self._drop(name)

    def compact(self, build: str) -> None:
        """Have the server drop what was deleted from its files."""

        def compact(client: Untyped) -> None:
            for part, *_ in _PARTS:
                client.compact(f"{self.name}_{build}_{part}", timeout=CALL_SECONDS)

        self.server.ask(compact)

    def part(self, build: str, part: str) -> Part:
        """One of a build's collections: "words", "vectors" or "terms"."""
        return Part(self, f"{self.name}_{build}_{part}")

    def query(self, collection: str, where: str, fields: Sequence[str]) -> list[Entity]:
        """These fields of the entities that meet a condition."""

        def ask(client: Untyped) -> list[Entity]:
            found = client.query(
                collection, filter=where, output_fields=[*fields], consistency_level="Strong", timeout=CALL_SECONDS
            )
            return [dict(one) for one in found]

        return self.server.ask(ask, collection)

    def upsert(self, collection: str, entities: Sequence[Entity]) -> None:
        """Write entities, replacing those of the same key."""
        self.held()
        self.server.ask(lambda client: client.upsert(collection, [*entities], timeout=CALL_SECONDS), collection)

    def _every(self) -> list[str]:
        names = self.server.ask(lambda client: client.list_collections(timeout=CALL_SECONDS))
        ends = tuple(part for part, *_ in _PARTS)
        return [n for n in names if n == self.name or _is_part(n, self.name, ends)]

    def _drop(self, name: str) -> None:
        self.held()
        self.server.ask(lambda client: client.drop_collection(name, timeout=CALL_SECONDS))

    def _make_manifest(self, client: Untyped) -> None:
        fields: Fields = [("key", "VARCHAR", {"max_length": 64}), ("value", "VARCHAR", {"max_length": _VALUE_BYTES})]
        self._create(client, self.name, [*fields, _NONE], [_NO_INDEX], 2)

    def _create(self, client: Untyped, name: str, fields: Fields, indexes: Sequence[Entity], dim: int) -> None:
        if client.has_collection(name, timeout=CALL_SECONDS):
            return
        kinds = need("pymilvus", extra="milvus").DataType

        schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
        for n, (field_name, kind, more) in enumerate(fields):
            more = {**more, "dim": dim} if field_name == "dense" else more
            schema.add_field(field_name, getattr(kinds, kind), is_primary=n == 0, **more)
        wanted = client.prepare_index_params()
        for index in indexes:
            wanted.add_index(**index)
        client.create_collection(name, schema=schema, consistency_level="Strong", timeout=CALL_SECONDS)
        # Nothing is there to index: what is loaded has its indexes, for which pymilvus would wait for half a second each.
        client.create_index(name, wanted, timeout=CALL_SECONDS, sync=False)
        client.load_collection(name, timeout=CALL_SECONDS)


@dataclass(frozen=True)
class Part:
    """One collection."""

    collections: Collections
    name: str

    def where(self, field: str, values: Sequence[int], fields: Sequence[str], more: str = "") -> Iterator[Entity]:
        """These fields of the entities whose `field` is one of `values`, and that meet the condition `more` too."""
        for first in range(0, len(values), IDS):
            condition = among(field, values[first : first + IDS]) + (f" and {more}" if more else "")
            yield from self.collections.query(self.name, condition, fields)

    def meeting(self, condition: str, fields: Sequence[str]) -> list[Entity]:
        """These fields of the entities that meet a condition."""
        return self.collections.query(self.name, condition, fields)

    def scan(self, fields: Sequence[str]) -> Iterator[list[Entity]]:
        """These fields of all entities, a batch at a time. What is written meanwhile may be there or not."""

        def begin(client: Untyped) -> Untyped:
            return client.query_iterator(self.name, batch_size=_WRITTEN, output_fields=[*fields], timeout=CALL_SECONDS)

        server = self.collections.server
        batches = server.ask(begin, self.name)
        while found := server.ask(lambda _: batches.next(), self.name):
            yield [dict(one) for one in found]

    def write(self, entities: Sequence[Entity], at_once: int = _WRITTEN) -> None:
        """Write entities, replacing those of the same key."""
        for first in range(0, len(entities), at_once):
            self.collections.upsert(self.name, entities[first : first + at_once])

    def delete(self, condition: str) -> None:
        """Delete the entities that meet a condition."""
        self.collections.held()
        self.collections.server.ask(
            lambda client: client.delete(self.name, filter=condition, timeout=CALL_SECONDS), self.name
        )

    def search(
        self, query: object, field: str, limit: int, where: str, fields: Sequence[str], params: Entity | None = None
    ) -> list[tuple[Entity, float]]:
        """(fields, inner product with `query`) of the `limit` entities that have the greatest and meet a condition."""

        def ask(client: Untyped) -> list[tuple[Entity, float]]:
            [found] = client.search(
                self.name,
                data=[query],
                anns_field=field,
                limit=limit,
                filter=where,
                output_fields=[*fields],
                search_params={"metric_type": "IP", "params": params or {}},
                consistency_level="Strong",
                timeout=CALL_SECONDS,
            )
            return [(dict(hit["entity"]), float(hit["distance"])) for hit in found]

        return self.collections.server.ask(ask, self.name)


def among(field: str, values: Sequence[int]) -> str:
    """The condition that a field has one of these values."""
    return f"{field} in [{','.join(map(str, values))}]"


Fields = Sequence[tuple[str, str, dict[str, Any]]]
_NONE: tuple[str, str, dict[str, Any]] = (
    "none",
    "FLOAT_VECTOR",
    {"dim": 2},
)  # Milvus wants a vector in each collection
_NO_INDEX: Entity = {"field_name": "none", "index_type": "FLAT", "metric_type": "IP"}
_NEAR: Entity = {
    "field_name": "dense",
    "index_type": "HNSW",
    "metric_type": "IP",
    "params": {"M": 16, "efConstruction": 200},
}
_EVERY: Entity = {"field_name": "dense", "index_type": "FLAT", "metric_type": "IP"}
_PARTS: Sequence[tuple[str, Fields, Sequence[Entity]]] = (
    (
        "words",
        [
            ("row", "INT64", {}),
            ("length", "INT32", {}),
            ("words", "INT32", {}),
            ("batch", "INT64", {}),
            ("sparse", "SPARSE_FLOAT_VECTOR", {}),
        ],
        [{"field_name": "sparse", "index_type": "SPARSE_INVERTED_INDEX", "metric_type": "IP"}],
    ),
    (
        "vectors",
        [
            ("id", "INT64", {}),
            ("row", "INT64", {}),
            ("place", "INT32", {}),
            ("batch", "INT64", {}),
            ("dense", "FLOAT_VECTOR", {}),
        ],
        [
            _NEAR,
            {"field_name": "row", "index_type": "INVERTED"},
        ],
    ),
    (
        "terms",
        [("term", "INT64", {}), ("number", "INT64", {}), ("holders", "INT64", {}), ("batch", "INT64", {}), _NONE],
        [_NO_INDEX, {"field_name": "number", "index_type": "INVERTED"}],
    ),
)


def _is_part(collection: str, name: str, ends: tuple[str, ...]) -> bool:
    rest = collection.removeprefix(f"{name}_")
    build, _, part = rest.partition("_")
    return rest != collection and len(build) == 8 and part in ends
