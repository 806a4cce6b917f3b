"""Every Leg: what it finds and what it scores agree, for any rows in any order."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from tests.conftest import MakePassage
from tests.small_models.encoders import Weighing

from mundap.encode.hashed import HashedEncoder
from mundap.graph.build import build
from mundap.graph.graph import Graph
from mundap.graph.leg import GraphLeg
from mundap.graph.relations import unrelated
from mundap.graph.synonyms import Synonym
from mundap.index.bm25 import BM25
from mundap.index.dense import Dense
from mundap.index.grouped import GroupedPassages
from mundap.index.sparse import Sparse
from mundap.index.table import InMemory, Table
from mundap.ingest.chunk import Sentences
from mundap.ingest.split import chunks
from mundap.korean.keyword_rules import names
from mundap.protocols import Leg
from mundap.types import Passage


def graph(passages: list[Passage]) -> Leg:
    rows = GroupedPassages.of(passages).rows
    with TemporaryDirectory() as folder:
        build(Path(folder), rows, names, unrelated, [Synonym("짐", "물품", 0.5)])
        return GraphLeg(Graph(Path(folder)), Table([row.id for row in rows], InMemory(rows)), names)


LEGS: dict[str, Callable[[list[Passage]], Leg]] = {
    "bm25": BM25,
    "dense": lambda passages: Dense(passages, HashedEncoder()),
    "graph": graph,
    "sparse": lambda passages: Sparse(passages, Weighing()),
}
PARENTS = [
    "관세청은 수입 물품에 관세를 매긴다. 여행자는 세관에 신고서를 낸다.",
    "환급은 신청한 날부터 사흘 안에 된다.",
    "면세 한도를 넘긴 물품은 세관에 신고한다. 신고하지 않으면 가산세가 붙는다. 가산세는 세액의 사십 퍼센트다.",
    "운송장에는 받는 사람의 주소를 적는다.",
    "세관 신고서는 기내에서 나눠 준다.",
]
QUESTION = "세관 신고서"


@pytest.fixture(params=list(LEGS.values()), ids=list(LEGS))
def make(request: pytest.FixtureRequest) -> Callable[[list[Passage]], Leg]:
    made: Callable[[list[Passage]], Leg] = request.param
    return made


@pytest.fixture(params=[False, True], ids=["parent passages", "parent passages and chunks"])
def leg(make: Callable[[list[Passage]], Leg], passage: MakePassage, request: pytest.FixtureRequest) -> Leg:
    parent_passages = [passage(text) for text in PARENTS]
    return make(
        [*parent_passages, *(c for w in parent_passages for c in chunks(w, Sentences(30)))]
        if request.param
        else parent_passages
    )


def test_rows_are_the_parent_passages_in_the_order_of_ids(leg: Leg) -> None:
    assert list(leg.table.ids) == sorted(leg.table.ids)
    assert len(leg.table) == len(PARENTS)


def test_found_rows_carry_their_score(leg: Leg) -> None:
    for depth in range(1, len(PARENTS) + 1):
        rows, scores = leg.find(QUESTION, depth)
        assert 1 <= len(rows) <= depth
        np.testing.assert_allclose(leg.score(QUESTION, rows), scores, rtol=1e-6)
        assert list(rows) == [row for _, row in sorted(zip(-scores, rows, strict=True))]


@pytest.mark.parametrize("rows", [[0], [4, 2], [4, 3, 2, 1, 0], [2, 0, 4, 1, 3], [1, 1, 1], []])
def test_a_score_belongs_to_its_row_whatever_else_is_asked(leg: Leg, rows: list[int]) -> None:
    alone = [leg.score(QUESTION, np.asarray([row]))[0] for row in rows]
    np.testing.assert_allclose(leg.score(QUESTION, np.asarray(rows, np.intp)), alone, rtol=1e-6)


def test_a_mask_leaves_the_scores_and_the_order_of_the_rest(leg: Leg) -> None:
    rows, scores = leg.find(QUESTION, 10)
    mask = np.ones(len(leg.table), np.bool_)
    mask[rows[0]] = False
    rest, rest_scores = leg.find(QUESTION, 10, mask)
    assert list(rest) == list(rows[1:])
    np.testing.assert_allclose(rest_scores, scores[1:], rtol=1e-6)
    assert len(leg.find(QUESTION, 10, np.zeros(len(leg.table), np.bool_))[0]) == 0


def test_one_question_after_another_is_each_its_own(leg: Leg) -> None:
    first = leg.find(QUESTION, 10)
    leg.find("환급", 10)
    again = leg.find(QUESTION, 10)
    assert (list(first[0]), list(first[1])) == (list(again[0]), list(again[1]))
