"""The cache: each text is computed once, whatever else happens."""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from mundap.encode.hashed import HashedEncoder
from mundap.protocols import Vectors
from mundap.store import cache as cached
from mundap.store.cache import AsQueries, Cache


class Counting(HashedEncoder):
    """Keeps what it was asked to encode."""

    def __init__(self, dim: int = 16) -> None:
        super().__init__(dim)
        self.asked: list[str] = []

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        self.asked += texts
        return super().encode_passages(texts)


class Words:
    """Splits at blanks and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, texts: Sequence[str]) -> list[list[str]]:
        self.asked += texts
        return [text.split() for text in texts]


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    cache = Cache(tmp_path / "안" / "cache.sqlite")
    yield cache
    cache.close()


def quiet(done: int, total: int) -> None:
    pass


def test_vectors_are_those_of_the_encoder_in_half_precision_and_in_order(cache: Cache) -> None:
    texts = ["나", "가", "", "나", "긴 글 " * 40]
    vectors = cache.vectors(texts, HashedEncoder(16), quiet)
    assert vectors.dtype == np.float16
    np.testing.assert_array_equal(vectors, HashedEncoder(16).encode_passages(texts).astype(np.float16))


def test_only_what_is_missing_is_computed_and_once(cache: Cache) -> None:
    encoder = Counting()
    cache.vectors(["가", "나", "가"], encoder, quiet)
    assert sorted(encoder.asked) == ["가", "나"]
    cache.vectors(["나", "다", "가"], encoder, quiet)
    assert sorted(encoder.asked) == ["가", "나", "다"]


def test_it_survives_being_closed(tmp_path: Path) -> None:
    words = Words()
    for _ in range(2):
        cache = Cache(tmp_path / "cache.sqlite")
        assert list(cache.tokens(["가 나", "다"], "words", words, quiet)) == [["가", "나"], ["다"]]
        cache.close()
    assert sorted(words.asked) == ["가 나", "다"]


def test_another_name_is_another_entry(cache: Cache) -> None:
    words = Words()
    list(cache.tokens(["가"], "one", words, quiet))
    list(cache.tokens(["가"], "two", words, quiet))
    assert words.asked == ["가", "가"]
    small = cache.vectors(["가"], HashedEncoder(8), quiet)
    assert (small.shape, cache.vectors(["가"], HashedEncoder(16), quiet).shape) == ((1, 8), (1, 16))


def test_a_text_without_tokens_has_none(cache: Cache) -> None:
    words = Words()
    for _ in range(2):
        assert list(cache.tokens(["", "가", " "], "words", words, quiet)) == [[], ["가"], []]
    assert len(words.asked) == 3


def test_nothing_asked_nothing_computed(cache: Cache) -> None:
    encoder = Counting()
    assert cache.vectors([], encoder, quiet).shape == (0, 16)
    assert list(cache.tokens([], "words", Words(), quiet)) == []
    assert encoder.asked == []


def test_many_texts_in_order(cache: Cache) -> None:
    texts = [f"글 {n % 1500}" for n in range(2500)]
    assert list(cache.tokens(texts, "words", Words(), quiet)) == [text.split() for text in texts]


def test_what_was_computed_before_a_crash_is_kept(cache: Cache) -> None:
    class Failing(Counting):
        def encode_passages(self, texts: Sequence[str]) -> Vectors:
            if len(self.asked) >= 64:
                raise RuntimeError("power cut")
            return super().encode_passages(texts)

    texts = [f"글 {n:03}" for n in range(100)]
    with pytest.raises(RuntimeError, match="power cut"):
        cache.vectors(texts, Failing(), quiet)
    after = Counting()
    cache.vectors(texts, after, quiet)
    assert len(after.asked) == 100 - 64


def test_progress_counts_what_was_there_and_ends_at_the_total(cache: Cache) -> None:
    cache.vectors(["가", "나"], HashedEncoder(16), quiet)
    steps: list[tuple[int, int]] = []
    cache.vectors(["가", "나", "다", "라"], HashedEncoder(16), lambda done, total: steps.append((done, total)))
    assert steps == [(2, 4), (4, 4)]


def test_question_vectors_are_kept_apart_from_passage_vectors(cache: Cache) -> None:
    class Sided(Counting):
        """Encodes queries otherwise than passages, as most models do."""

        def encode_queries(self, texts: Sequence[str]) -> Vectors:
            self.asked += [f"질문 {text}" for text in texts]
            return super()._encode([f"질문 {text}" for text in texts])

    encoder = Sided()
    passages = cache.vectors(["가", "나"], encoder)
    for _ in range(2):
        queries = cache.vectors(["가", "나"], AsQueries(encoder))
        np.testing.assert_array_equal(
            queries, HashedEncoder(16).encode_passages(["질문 가", "질문 나"]).astype(np.float16)
        )
        assert not np.array_equal(queries, passages)
    assert sorted(encoder.asked) == sorted(["가", "나", "질문 가", "질문 나"])


def test_a_full_disk_keeps_no_question_from_its_answer(cache: Cache) -> None:
    encoder, words = Counting(), Words()
    [before] = cache._db.execute("PRAGMA page_count").fetchone()
    cache._db.execute(f"PRAGMA max_page_count={before}")
    texts = [f"{n}번째 {'가나다라마바사' * 30}" for n in range(100)]
    first = cache.vectors(texts, encoder)
    np.testing.assert_array_equal(first, HashedEncoder(16).encode_passages(texts).astype(np.float16))
    assert list(cache.tokens(texts, "words", words, quiet)) == [text.split() for text in texts]
    cache._db.execute("PRAGMA max_page_count=100000")  # there is room again
    np.testing.assert_array_equal(cache.vectors(texts, encoder), first)
    asked = len(encoder.asked)
    np.testing.assert_array_equal(cache.vectors(texts, encoder), first)
    assert len(encoder.asked) == asked


def test_what_is_too_much_to_be_held_is_told_as_a_full_disk(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cached, "_HELD", 10)
    [before] = cache._db.execute("PRAGMA page_count").fetchone()
    cache._db.execute(f"PRAGMA max_page_count={before}")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        cache.vectors([f"{n}번째 {'가나다라마바사' * 30}" for n in range(2000)], HashedEncoder(256))
    cache._db.execute("PRAGMA max_page_count=100000")
    assert len(cache.vectors(["가"], HashedEncoder(256))) == 1
