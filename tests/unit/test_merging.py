"""Merging aside: while others write, after a kill, and into what is found."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.test_generation import RECIPE, Texts, found, make

from mundap.errors import StaleIndex
from mundap.index.generation import Recipe, open_generation
from mundap.index.merging import merge_aside
from mundap.index.segment import MERGING, SEGMENTS, merge_into, only_one_merges
from mundap.index.tiers import FACTOR

WORDS = "관세청은 환급은 세관에 신고한다. 글".split()


def texts(count: int) -> list[str]:
    return [f"글 {n} {WORDS[n % len(WORDS)]}" for n in range(count)]


Small = Callable[..., Texts]


@pytest.fixture(scope="module")
def in_small_segments(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """Makes an index of texts (default: as many as are merged), each indexed on its own, and gives the corpus."""
    corpora: dict[int, Texts] = {}
    made = tmp_path_factory.mktemp("small")

    def copied(root: Path, count: int = FACTOR) -> Texts:
        if count not in corpora:
            corpora[count] = Texts()
            for n in range(1, count + 1):
                corpora[count].hold(texts(n))
                make(made / str(count), corpora[count], merging=False)
        shutil.copytree(made / str(count), root, dirs_exist_ok=True)
        return deepcopy(corpora[count])

    return copied


@contextmanager
def nobody_else() -> Iterator[None]:
    yield


def merge(root: Path, recipe: Recipe = RECIPE) -> bool:
    return merge_aside(root, recipe, None, nobody_else)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "index"


def test_small_segments_become_one_and_the_same_is_found(in_small_segments: Small, root: Path) -> None:
    corpus = in_small_segments(root)
    before = open_generation(root)
    assert len(before.segments) == FACTOR
    said = found(before, corpus)
    assert merge(root)
    assert not merge(root)
    after = open_generation(root)
    assert len(after.segments) == 1
    assert found(after, corpus) == said == found(before, corpus)  # a reader keeps what it opened


def test_without_an_index_or_with_few_segments_nothing_is_done(in_small_segments: Small, root: Path) -> None:
    assert not merge(root)
    in_small_segments(root, FACTOR - 1)
    name = open_generation(root).name
    assert not merge(root)
    assert open_generation(root).name == name


@settings(max_examples=settings().max_examples // 3)
@given(gone=st.sets(st.integers(0, FACTOR - 1)), more=st.integers(0, 3), before=st.sets(st.integers(0, FACTOR - 1)))
def test_what_comes_and_goes_while_it_merges_is_as_in_an_index_built_at_once(
    in_small_segments: Small,
    tmp_path_factory: pytest.TempPathFactory,
    gone: set[int],
    more: int,
    before: set[int],
) -> None:
    root = tmp_path_factory.mktemp("index") / "index"
    corpus = in_small_segments(root)
    corpus.hold([text for n, text in enumerate(texts(FACTOR)) if n not in before])
    make(root, corpus, merging=False)

    @contextmanager
    def others_first() -> Iterator[None]:
        left = [text for n, text in enumerate(texts(FACTOR)) if n not in gone | before]
        corpus.hold([*left, *(f"나중 {n}" for n in range(more))])
        make(root, corpus, merging=False)
        yield

    merge_aside(root, RECIPE, None, others_first)
    after = open_generation(root)
    assert sorted(after.row_ids) == sorted(id for id, one in corpus.held.items() if one.parent_id == id)
    whole = root / "whole"
    make(whole, corpus)
    assert found(after, corpus) == found(open_generation(whole), corpus)


def test_a_merge_of_segments_that_were_replaced_meanwhile_is_thrown_away(in_small_segments: Small, root: Path) -> None:
    corpus = in_small_segments(root)

    @contextmanager
    def others_first() -> Iterator[None]:
        make(root, corpus, anew=True)
        yield

    assert not merge_aside(root, RECIPE, None, others_first)
    assert len(open_generation(root).segments) == 1
    assert not list((root / SEGMENTS).glob(f"{MERGING}*"))


def test_segments_that_are_replaced_while_they_are_read_are_not_called_damaged(
    in_small_segments: Small, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = in_small_segments(root)

    def others_first(aside: Path, *given: object) -> bool:
        for _ in range(2):
            make(root, corpus, anew=True)
        return merge_into(aside, *given)  # type: ignore[arg-type]

    monkeypatch.setattr("mundap.index.merging.merge_into", others_first)
    assert not merge(root)
    assert len(open_generation(root).segments) == 1


def test_other_settings_are_not_merged(in_small_segments: Small, root: Path) -> None:
    in_small_segments(root)
    assert not merge(root, Recipe("hashed-16-1", "words", "nfc-1", 1.2, 0.75))


def test_two_do_not_merge_at_once(in_small_segments: Small, root: Path) -> None:
    in_small_segments(root)
    with only_one_merges(root):
        assert not merge(root)
    assert merge(root)


def test_what_a_killed_merge_left_is_deleted_by_whoever_comes_next(in_small_segments: Small, root: Path) -> None:
    corpus = in_small_segments(root)
    left = root / SEGMENTS / f"{MERGING}dead"
    shutil.copytree(open_generation(root).segments[0].folder, left)
    said = found(open_generation(root), corpus)
    assert merge(root)
    assert not left.exists()
    assert found(open_generation(root), corpus) == said


def test_an_index_that_is_written_meanwhile_leaves_alone_what_is_being_merged(
    in_small_segments: Small, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = in_small_segments(root)

    def and_meanwhile(aside: Path, *given: object) -> bool:
        corpus.hold([*texts(FACTOR), "나중 글"])
        make(root, corpus, merging=False)
        return merge_into(aside, *given)  # type: ignore[arg-type]

    monkeypatch.setattr("mundap.index.merging.merge_into", and_meanwhile)
    assert merge(root)
    after = open_generation(root)
    assert len(after.segments) == 2
    assert len(after.row_ids) == FACTOR + 1


def test_a_damaged_segment_is_named_and_nothing_is_merged(in_small_segments: Small, root: Path) -> None:
    in_small_segments(root)
    name = open_generation(root).name
    file = open_generation(root).segments[2].folder / "lexical-counts.npy"
    raw = bytearray(file.read_bytes())
    raw[-1] ^= 1
    file.write_bytes(raw)
    with pytest.raises(StaleIndex, match=file.name):
        merge(root)
    assert open_generation(root).name == name
    assert not list((root / SEGMENTS).glob(f"{MERGING}*"))


def test_a_segment_none_of_whose_rows_is_left_goes(in_small_segments: Small, root: Path) -> None:
    corpus = in_small_segments(root, 2)
    corpus.hold(texts(1))
    make(root, corpus, merging=False)
    assert merge(root)
    assert [segment.rows for segment in open_generation(root).segments] == [1]
    assert np.all(open_generation(root).ids.alive())
