"""What was used last is kept, and no more of it than there is room for."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from mundap.recent import Recent

Asked = st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=4, unique=True), max_size=12)


class Maker:
    """Makes a text of as many letters as its key says, and tells what it was asked to make."""

    def __init__(self, keys: Sequence[int]) -> None:
        self.keys = keys
        self.made: list[int] = []

    def __call__(self, places: Sequence[int]) -> list[str]:
        self.made = [self.keys[place] for place in places]
        return ["가" * key for key in self.made]


@given(Asked, st.integers(0, 30))
def test_values_are_right_whatever_was_forgotten(asked: list[list[int]], room: int) -> None:
    kept: Recent[str] = Recent(room, len)
    for keys in asked:
        assert kept.of(keys, Maker(keys)) == ["가" * key for key in keys]
        assert kept.held <= room


def test_what_was_not_used_for_longest_goes_first() -> None:
    kept: Recent[str] = Recent(6, len)
    kept.of([1, 2, 3], Maker([1, 2, 3]))
    kept.of([1], Maker([1]))
    kept.of([2], twice := Maker([2]))
    assert not twice.made
    kept.of([4], Maker([4]))  # 1, 2 and 4 do not fit, and 3 was first to go
    kept.of([2, 1, 3], again := Maker([2, 1, 3]))
    assert again.made == [1, 3]
