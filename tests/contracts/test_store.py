"""Every Store: the passages that exist, whatever is asked for and in whatever order."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from mundap.files import digest
from mundap.index.table import InMemory
from mundap.protocols import Store
from mundap.store.corpus import Corpus
from mundap.types import Document, Passage

DOCUMENTS = {name: [f"{name}의 {n}번째 문단 각가힣😀" for n in range(400)] for name in ("가", "나", "다")}


def passages_of(name: str) -> list[Passage]:
    text = "\n".join(DOCUMENTS[name])
    made, start = [], 0
    for n, part in enumerate(DOCUMENTS[name]):
        about: dict[str, Any] = {
            "heading": f"제{n}조",
            "page": n % 7 or None,
            "source": name,
            "meta": {"row": n, "부서": "통관"},
        }
        made.append(Passage(digest(part), digest(name), part, start, start + len(part), **about))
        start += len(part) + 1
    assert all(text[p.start : p.end] == p.text for p in made)
    return made


def in_memory(passages: Sequence[Passage], removed: str, folder: Path) -> Store:
    return InMemory([p for p in passages if p.source != removed])


def in_a_corpus(passages: Sequence[Passage], removed: str, folder: Path) -> Store:
    corpus = Corpus(folder / "corpus.sqlite")
    for name, group in groupby(passages, key=lambda p: p.source):
        text = "\n".join(DOCUMENTS[name])
        corpus.put(Document(digest(name), text, f"{name}.txt", name), list(group), [], "f")
    corpus.remove(f"{removed}.txt")
    return corpus


STORES: dict[str, Callable[[Sequence[Passage], str, Path], Store]] = {"in memory": in_memory, "corpus": in_a_corpus}
PASSAGES = [p for name in DOCUMENTS for p in passages_of(name)]
KEPT = {p.id: p for p in PASSAGES if p.source != "나"}


@pytest.fixture(scope="module", params=list(STORES.values()), ids=list(STORES))
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """All passages were put in, and those of 나 were removed again."""
    store = request.param(PASSAGES, "나", tmp_path_factory.mktemp("store"))
    yield store
    if isinstance(store, Corpus):
        store.close()


def test_a_passage_comes_back_as_it_went_in(store: Store) -> None:
    for id in list(KEPT)[:3]:
        assert store.passages([id]) == {id: KEPT[id]}


def test_missing_and_removed_passages_are_absent(store: Store) -> None:
    gone = next(p.id for p in PASSAGES if p.source == "나")
    here = next(iter(KEPT))
    assert store.passages([gone, "없는 id", "", here]) == {here: KEPT[here]}
    assert store.passages([gone]) == {}


def test_none_of_nothing(store: Store) -> None:
    assert store.passages([]) == {}


def test_more_than_a_thousand_ids_in_any_order(store: Store) -> None:
    ids = [p.id for p in PASSAGES]
    assert len(ids) > 1000
    assert store.passages(ids) == store.passages(ids[::-1]) == KEPT
    assert store.passages([*ids, *ids]) == KEPT
