"""Parent passages with their chunks behind them, in the order of ids."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from mundap.index.grouped import GroupedPassages
from mundap.types import Passage


def made(id: str, parent: str = "", start: int = 0) -> Passage:
    return Passage(id, "d", id, start, start + 1, parent_id=parent)


def ids(grouped: GroupedPassages) -> list[list[str]]:
    bounds = grouped.starts.tolist()
    return [[p.id for p in grouped.passages[s:e]] for s, e in pairwise(bounds)]


def test_chunks_follow_their_whole_in_the_order_of_the_text() -> None:
    grouped = GroupedPassages.of([made("m2", "b", 9), made("a"), made("z1", "b", 1), made("b")])
    assert ids(grouped) == [["a"], ["b", "z1", "m2"]]
    assert [p.id for p in grouped.rows] == ["a", "b"]


def test_a_chunk_whose_whole_is_not_given_is_a_row_of_its_own() -> None:
    assert ids(GroupedPassages.of([made("c2", "absent"), made("c1", "absent"), made("b")])) == [["b"], ["c1"], ["c2"]]


def test_the_same_passage_twice_counts_once() -> None:
    assert ids(GroupedPassages.of([made("a"), made("a"), made("c", "a"), made("c", "a")])) == [["a", "c"]]


def test_no_passages_no_rows() -> None:
    grouped = GroupedPassages.of([])
    assert (grouped.passages, grouped.starts.tolist(), grouped.rows) == ((), [0], [])


@given(
    st.permutations([made("b"), made("a"), made("c1", "b", 1), made("c0", "b", 2), made("d", "x"), made("e", "a", 3)])
)
def test_the_order_of_the_input_changes_nothing(passages: list[Passage]) -> None:
    assert ids(GroupedPassages.of(passages)) == [["a", "e"], ["b", "c1", "c0"], ["d"]]
