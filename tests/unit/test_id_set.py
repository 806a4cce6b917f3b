"""Sets of ids as arrays, against plain sets."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.id_set import BETWEEN, WIDTH, IdSet, joined
from mundap.index.ids import IdsPart, SegmentIds, as_array

ID = st.text("0123456789abcdef", min_size=WIDTH, max_size=WIDTH)
OTHER = st.one_of(ID, st.text(max_size=20).filter(lambda text: BETWEEN not in text))


@given(st.sets(ID), st.sets(ID), OTHER)
def test_it_is_the_set_of_its_ids(one: set[str], other: set[str], asked: str) -> None:
    made, second = joined(BETWEEN.join(one)), joined(BETWEEN.join(other))
    assert set(made) == one
    assert len(made) == len(one)
    assert [id in made for id in [*one, *other, asked]] == [id in one for id in [*one, *other, asked]]
    assert set(made & second) == one & other
    assert set(made & frozenset(other)) == one & other
    assert (made <= second) == (one <= other)


@given(st.sets(OTHER.filter(bool), min_size=1))
def test_ids_of_another_kind_are_a_plain_set(ids: set[str]) -> None:
    assert set(joined(BETWEEN.join(ids))) == ids


def part(ids: list[str]) -> IdsPart:
    array = as_array(ids)
    return IdsPart(array, np.argsort(array, kind="stable").astype(np.int32), np.arange(len(ids) + 1))


@pytest.mark.parametrize("name", ["{:016x}", "p{:x}"])
def test_many_ids_are_found_as_few_are(name: str) -> None:
    numbers = np.random.default_rng(0).permutation(3000)
    ids = [name.format(n * 977) for n in numbers.tolist()]
    rows = SegmentIds([part(ids[:2000]), part(ids[2000:])], [np.empty(0, np.int32)] * 2)
    asked = [ids[n] for n in range(0, 3000, 2)] + [name.format(n) for n in range(1, 900, 2)]
    expected = [id in set(asked) for id in ids]
    for some in (joined(BETWEEN.join(asked)), asked):
        assert rows.mask(some).tolist() == expected
    assert isinstance(joined(BETWEEN.join(asked)), IdSet) == (name == "{:016x}")
