"""Whether tests may take many minutes, as those of `make slow` do, and which of many cases alike run where they may not."""

import os
from collections.abc import Collection, Sequence
from itertools import cycle
from typing import Any

import pytest

AT_LENGTH = "MUNDAP_LONG" in os.environ
LONG = (pytest.mark.slow, pytest.mark.skipif(not AT_LENGTH, reason="one of many cases alike: make slow"))


def at_length(*values: Any, id: str | None = None) -> Any:
    """A case that runs at length only, as it differs little from one that runs always."""
    return pytest.param(*values, marks=LONG, id=id)


def pairs(firsts: Sequence[str], seconds: Sequence[str], whole: Collection[str] = ()) -> list[Any]:
    """The cases of two parameters. Each of `firsts` runs always with one of `seconds`, which take turns, and those of `whole`
    with all of them; the others run at length only."""
    turn = cycle(seconds)
    always = {(one, two) for one in whole for two in seconds}
    always |= {(one, next(turn)) for one in firsts if one not in whole}
    return [
        pytest.param(one, two, id=f"{one}-{two}", marks=() if (one, two) in always else LONG)
        for one in firsts
        for two in seconds
    ]
