from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.errors import ConfigError
from mundap.tuning.edit import set_values

NAMES = st.sampled_from(["k", "pool", "weights", "bm25", "메모", "a b", "x"])
PLAIN = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.booleans(),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
)
VALUES = st.one_of(PLAIN, st.dictionaries(NAMES, PLAIN, max_size=3))
PATHS = st.one_of(
    st.tuples(st.sampled_from(["language", "seed"])),
    st.tuples(st.sampled_from(["retrieve", "index", "새 표"]), st.sampled_from(["k", "weights", "paths", "새 키"])),
)
FILES = st.sampled_from(
    [
        "",
        "# 아무것도 없음",
        'language = "ko"\n[retrieve]\nk = 5   # 답을 만들 때 보는 문단 수\n\n[index]\n# k1 = 0.9\n',
        '[retrieve]\nweights = { bm25 = 0.2, dense = 1.0 } # [k] = "1"\nk = 5',
        "[ retrieve . weights ] # 가중치\nbm25 = 0.2\ndense = 1.0\n\n[retrieve]\nk = 5\n",
        "retrieve.k = 5\nretrieve.weights.bm25 = 0.2\nretrieve.weights.dense = 1.0\n[index]\n",
        '[index]\r\npaths = [ # 여기\r\n  \'a]#\',\r\n  "b\\"]",\r\n]\r\n\r\n[retrieve]\r\nk=5\r\n',
        '[index]\nk = """\n[retrieve]\nk = 5\n"""\nweights = \'\'\'\'a = 1\'\'\'\n"새 키" = [[1], {a = "]"}]\n[[rows]]\nk = 1\n[[rows]]\nk = 2\n',
        "[retrieve]\n[index]\nk = 2024-01-01T00:00:00Z\n",
    ]
)


@given(FILES, st.dictionaries(PATHS, VALUES, max_size=4))
def test_the_file_holds_exactly_what_was_set_and_what_it_held(text: str, values: dict[tuple[str, ...], Any]) -> None:
    expected = tomllib.loads(text)
    for path, value in values.items():
        inner = expected
        for name in path[:-1]:
            inner = inner.setdefault(name, {})
        inner[path[-1]] = value
    result = set_values(text, values)
    assert tomllib.loads(result) == expected
    assert set_values(result, values) == result


def test_a_value_changes_where_it_stands_and_its_comment_stays() -> None:
    text = '# 설정\n[retrieve]\nk = 5     # 문단 수\npool=100\n\n[generate]\ngenerator = "extractive"\n'
    changed = set_values(text, {("retrieve", "k"): 7, ("retrieve", "pool"): 50})
    assert changed == text.replace("k = 5 ", "k = 7 ").replace("pool=100", "pool=50")


def test_a_new_key_goes_to_its_table_and_a_new_table_to_the_end() -> None:
    text = "[retrieve]\nk = 5\n\n[generate]\nfaq = true\n"
    changed = set_values(text, {("retrieve", "fusion"): "zscore", ("index", "k1"): 1.2})
    assert changed == '[retrieve]\nk = 5\nfusion = "zscore"\n\n[generate]\nfaq = true\n\n[index]\nk1 = 1.2\n'


def test_weights_in_a_table_of_their_own_are_replaced_whole() -> None:
    text = "[retrieve]\nk = 5\n[retrieve.weights]\nbm25 = 0.2\n[index]\nb = 0.6\n"
    changed = set_values(text, {("retrieve", "weights"): {"bm25": 0.3, "dense": 1.0}})
    assert changed == "[retrieve]\nk = 5\nweights = { bm25 = 0.3, dense = 1.0 }\n[index]\nb = 0.6\n"


def test_what_no_single_edit_can_serve_is_left_to_the_hand() -> None:
    with pytest.raises(ConfigError, match=r"직접 수정하세요: retrieve\.pool = 50"):
        set_values("retrieve = { k = 5 }\n", {("retrieve", "pool"): 50})
