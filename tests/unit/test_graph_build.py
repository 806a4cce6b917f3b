"""The keyword graph: what it holds of passages, and that segments of it are as the whole."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.graph.build import GraphFiles, build
from mundap.graph.graph import Graph
from mundap.graph.relations import relate
from mundap.graph.synonyms import Synonym
from mundap.types import Passage

TEXTS = st.lists(
    st.lists(
        st.sampled_from(["담배 술 면세", "술 한도", "담배.\n면세", "면세 술 담배 등의 물품", "환급"]),
        min_size=1,
        max_size=3,
    ),
    max_size=6,
    unique_by=tuple,
)

SYNONYMS = [Synonym("술", "담배", 0.5)]


def words(texts: Sequence[str]) -> list[list[str]]:
    return [text.replace(".", "").split() for text in texts]


def passages(texts: Sequence[Sequence[str]]) -> list[Passage]:
    made = ["\n".join(text) for text in texts]
    return sorted((Passage(f"{abs(hash(t)):020}", "d", t, 0, len(t)) for t in made), key=lambda p: p.id)


def everything(graph: Graph) -> object:
    """All that a graph tells, without its rows."""
    words = [word for word, _ in graph.words()]
    shown = [id for id, _, _ in graph.all_passages()]
    found = (
        list(graph.words()),
        sorted(graph.edges()),
        graph.counts(),
        {word: [graph.relations(word, 9), graph.near(word, 9), graph.count(word)] for word in words},
        {word: graph.mentions.impacts(word)[1].round(5).tolist() for word in words},
        {id: graph.keywords_of(id) for id in shown},
        [graph.together(a, b) for a in words for b in words],
    )
    graph.close()
    return found


def halves(folder: Path, first: list[Passage], second: list[Passage]) -> list[Path]:
    for name, some in (("1", first), ("2", second)):
        build(folder / name, some, words, relate)
    return [folder / "1", folder / "2"]


@given(TEXTS, TEXTS, st.data())
def test_segments_without_what_is_gone_are_the_graph_of_what_is_left(
    tmp_path_factory: pytest.TempPathFactory, one: Any, other: Any, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("graph")
    first, second = passages(one), [p for p in passages(other) if p.id not in {q.id for q in passages(one)}]
    kept = [np.asarray([data.draw(st.booleans()) for _ in some], np.bool_) for some in (first, second)]
    left = [
        p
        for some, mask in zip((first, second), kept, strict=True)
        for p, there in zip(some, mask, strict=True)
        if there
    ]
    segments = halves(folder, first, second)
    build(folder / "whole", left, words, relate, SYNONYMS)
    files = GraphFiles(words, relate, "r", SYNONYMS)
    files.merge(folder / "merged", list(zip(segments, kept, strict=True)))
    for name in ("merged", "listed"):
        (folder / name).mkdir(exist_ok=True)
        files.describe(folder / name)
    gone = [np.flatnonzero(~mask).astype(np.int32) for mask in kept]
    expected = everything(Graph(folder / "whole"))
    assert everything(Graph(folder / "listed", segments, gone)) == expected
    assert everything(Graph(folder / "merged")) == expected


def test_a_merge_reads_no_passage_again(tmp_path: Path) -> None:
    def name(texts: Sequence[str]) -> list[list[str]]:
        raise AssertionError(texts)

    [first, second] = halves(tmp_path, passages([["담배 한도"]]), passages([["술 한도"]]))
    GraphFiles(name, relate, "r").merge(tmp_path / "3", [(first, np.ones(1, np.bool_)), (second, np.ones(1, np.bool_))])
    GraphFiles(name, relate, "r").describe(tmp_path / "3")
    assert Graph(tmp_path / "3").count("한도") == 2


def test_mentions_relations_and_what_stands_beside(tmp_path: Path) -> None:
    texts = [["담배, 술 등의 면세품"], ["술 면세품"], ["환급금 신청"], ["환급금 세관"], ["세관 신청"], ["세관 여권"]]
    build(tmp_path, passages(texts), lambda some: [t.replace(",", "").split() for t in some], relate)
    graph = Graph(tmp_path)
    assert graph.count("면세품") == 2
    assert graph.count("없음") == 0
    assert [(s.head, s.kind, s.tail) for s in graph.relations("면세품", 5)] == [
        ("면세품", "보기", "담배"),
        ("면세품", "보기", "술"),
    ]
    [near] = graph.near("술", 5)  # 면세품 in two passages; 담배 in one alone, which says nothing
    assert near.tail == "면세품"
    assert 0 < near.weight <= 1
    assert graph.counts() == {
        "keywords": 8,  # four, 환급금, 신청, 세관, 여권
        "passages": 6,
        "documents": 1,
        "mentions": 14,
        "beside": 10,  # six pairs of four, and four more
        "relations": 2,
        "synonyms": 0,
    }


@pytest.mark.parametrize("asked", ["짐", "물품"])
def test_synonyms_go_one_way(tmp_path: Path, asked: str) -> None:
    build(tmp_path, passages([["물품"]]), words, relate, [Synonym("짐", "물품", 0.5, "괄호", "물품(짐)")])
    assert [(s.tail, s.weight) for s in Graph(tmp_path).synonyms(asked)] == ([("물품", 0.5)] if asked == "짐" else [])


def test_the_page_that_a_source_names_is_no_keyword(tmp_path: Path) -> None:
    text = "담배 면세"
    sources = ("길라잡이, page: 9", "안내 page 12", "homepage 안내")
    rows = [Passage(f"{n:020}", "d", text, 0, len(text), source=source) for n, source in enumerate(sources)]
    build(tmp_path / "1", rows, words, relate)
    graph = Graph(tmp_path / "1")
    assert {word for word, _ in graph.words()} == {"길라잡이", "안내", "homepage", "담배", "면세"}
    graph.close()
