"""The keyword graph: what it holds of passages, and that building on the one before is building anew."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.graph.build import build, recipe_of
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


def words(texts: Sequence[str]) -> list[list[str]]:
    return [text.replace(".", "").split() for text in texts]


def passages(texts: Sequence[Sequence[str]]) -> list[Passage]:
    made = ["\n".join(text) for text in texts]
    return sorted((Passage(f"{abs(hash(t)):020}", "d", t, 0, len(t)) for t in made), key=lambda p: p.id)


def everything(folder: Path) -> object:
    graph = Graph(folder)
    scores = {word: graph.mentions.scores([word]).round(5).tolist() for word, _ in graph.words()}
    found = list(graph.words()), sorted(graph.edges()), scores, graph.nodes(range(graph.passages))
    graph.close()
    return found


@given(TEXTS, TEXTS)
def test_building_on_the_one_before_is_building_anew(
    tmp_path_factory: pytest.TempPathFactory, before: list[str], after: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("graph")
    build(folder / "old", passages(before), words, relate, "r")
    build(folder / "grown", passages(after), words, relate, "r", old=folder / "old")
    build(folder / "anew", passages(after), words, relate, "r")
    assert everything(folder / "grown") == everything(folder / "anew")


def test_only_new_passages_are_read_and_another_recipe_reads_all(tmp_path: Path) -> None:
    asked: list[str] = []

    def name(texts: Sequence[str]) -> list[list[str]]:
        asked.extend(texts)
        return words(texts)

    build(tmp_path / "1", passages([["담배 한도"]]), name, relate, "r")
    build(tmp_path / "2", passages([["담배 한도"], ["술 한도"]]), name, relate, "r", old=tmp_path / "1")
    assert asked == ["담배 한도", "술 한도"]
    build(tmp_path / "3", passages([["담배 한도"], ["술 한도"]]), name, relate, "other", old=tmp_path / "2")
    assert sorted(asked[2:]) == ["담배 한도", "술 한도"]
    assert recipe_of(tmp_path / "3") == "other"


def test_a_damaged_graph_is_not_built_on(tmp_path: Path) -> None:
    build(tmp_path / "1", passages([["담배 한도"]]), words, relate, "r")
    (tmp_path / "1" / "graph.sqlite").write_bytes(b"no database at all, but long enough to be looked at" * 40)
    assert recipe_of(tmp_path / "1") is None
    build(tmp_path / "2", passages([["담배 한도"]]), words, relate, "r", old=tmp_path / "1")
    assert Graph(tmp_path / "2").count("담배") == 1


def test_mentions_relations_and_what_stands_beside(tmp_path: Path) -> None:
    texts = [["담배, 술 등의 면세품"], ["술 면세품"], ["환급금 신청"], ["환급금 세관"], ["세관 신청"], ["세관 여권"]]
    build(tmp_path, passages(texts), lambda some: [t.replace(",", "").split() for t in some], relate, "r")
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
    build(tmp_path, passages([["물품"]]), words, relate, "r", [Synonym("짐", "물품", 0.5, "괄호", "물품(짐)")])
    assert [(s.tail, s.weight) for s in Graph(tmp_path).synonyms(asked)] == ([("물품", 0.5)] if asked == "짐" else [])
