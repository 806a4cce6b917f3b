"""How large an installation has to be: the arithmetic of docs/scaling.md, from measured figures.

    python benchmarks/sizing.py [--passages 1000000,10000000,100000000] [--questions-a-second 10] [--gpu 1000]

Prints a table in Markdown. A figure marked * follows from others by a line or by bytes and was not measured at that size; `--gpu` is
how many passages a second a GPU encodes, which nobody has measured here.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass

# Measured on one machine of two busy processors; where, stands behind.
CHARACTERS = 288  # a passage; docs/experiments/2026-11-29-e5-small-in-8-bits.md and the law and customs corpora
VECTORS = 1.6  # of a passage with its chunks
DIMENSIONS = 384  # e5-small
POSTINGS = 233  # distinct terms of a passage: benchmarks/README.md, "The index as it grows"
ENCODE_SECONDS = 0.054 * CHARACTERS / 213 * 1.5  # CPU, 8 bits; the text once as a whole, and half of it again in chunks
INDEX_SECONDS = 106.1 / 100_000 + 0.0053  # CPU: the same table, after; and Kiwi, which it was spared
LOCAL_BYTES = 317e6 / 100_000 * 1.4  # segments: the same table, with 1.6 vectors in place of one
RECORD_BYTES = 4_000  # text, known questions and change log: docs/operations.md
CACHE_BYTES = 768 * VECTORS + 1_500  # vectors and tokens that the workspace keeps so that Milvus can be filled again
BM25_MILLISECONDS = (
    5.0 / 1_000_000
)  # CPU a passage and question, with `fast`, on one machine: ten times that of 100,000
QUESTION_SECONDS = 0.3  # CPU of `ask` apart from the index: encoding the question, reading the passages by the sentence
CHANGE_SECONDS = 1.2  # CPU of one document of 20 passages at a million on one machine, without encoding

# Bytes in Milvus, computed and not measured: a weight and its dimension, once as stored and once in the inverted index; vectors of
# 32 bits with the links of HNSW (M 16); ids and lengths.
SPARSE_BYTES = POSTINGS * 8 * 2
DENSE_BYTES = VECTORS * (DIMENSIONS * 4 + 16 * 2 * 4)
SCALAR_BYTES = 64 * (1 + VECTORS)
TERM_BYTES = 64
# Distinct terms grow as a power of the passages (Heaps): 17,494 in the 203 of the customs sheet, at the last doublings by .57.
TERMS, TERMS_OF, GROWTH = 17_494, 203, 0.57
WRITER_BYTES = 400  # a term in the memory of who writes the first build

Figure = Callable[[int], str]


@dataclass(frozen=True)
class Plan:
    """What a size asks for."""

    questions: float
    gpu: float

    def rows(self) -> list[tuple[str, Figure]]:
        """(what, its figure for a number of passages)."""
        return [
            ("encoding on CPUs, core hours *", lambda n: _hours(n * ENCODE_SECONDS)),
            (f"encoding on one GPU of {self.gpu:,.0f} passages a second, hours *", lambda n: _hours(n / self.gpu)),
            ("tokens and index without encoding, core hours *", lambda n: _hours(n * INDEX_SECONDS)),
            ("record on the disk, GB *", lambda n: _gigabytes(n * RECORD_BYTES)),
            ("cache of vectors and tokens, GB *", lambda n: _gigabytes(n * CACHE_BYTES)),
            ("index, one machine: disk with the generation before it, GB *", lambda n: _gigabytes(2 * n * LOCAL_BYTES)),
            ("BM25, one machine: CPU ms a question *", lambda n: f"{n * BM25_MILLISECONDS:,.0f}"),
            ("index, Milvus: memory of query nodes, GB *", lambda n: _gigabytes(self.in_milvus(n))),
            ("index, Milvus: disk with the build before it, GB *", lambda n: _gigabytes(2 * self.in_milvus(n))),
            (
                "index, Milvus: memory of who writes the first build, for terms, GB *",
                lambda n: _gigabytes(_terms(n) * WRITER_BYTES),
            ),
            (
                f"cores of replicas at {self.questions:g} questions a second, half busy *",
                lambda n: (
                    f"{2 * self.questions * (QUESTION_SECONDS + n * BM25_MILLISECONDS / 1000):,.0f} / {2 * self.questions * QUESTION_SECONDS:,.0f}"
                ),
            ),
            (
                "one document of 20 passages changed, CPU s",
                lambda n: f"{CHANGE_SECONDS + 20 * ENCODE_SECONDS:.1f}",
            ),
        ]

    @staticmethod
    def in_milvus(passages: int) -> float:
        """Bytes of three collections, computed."""
        return passages * (SPARSE_BYTES + DENSE_BYTES + SCALAR_BYTES) + _terms(passages) * TERM_BYTES


def table(plan: Plan, sizes: Sequence[int]) -> str:
    """The table, a column for each number of passages."""
    lines = ["| | " + " | ".join(f"{size:,}" for size in sizes) + " |", "|---|" + "---|" * len(sizes)]
    lines += [f"| {what} | " + " | ".join(figure(size) for size in sizes) + " |" for what, figure in plan.rows()]
    return "\n".join(lines)


def _terms(passages: int) -> float:
    held: float = TERMS * (passages / TERMS_OF) ** GROWTH
    return held


def _hours(seconds: float) -> str:
    hours = seconds / 3600
    return f"{hours:,.1f}" if hours < 10 else f"{hours:,.0f}"


def _gigabytes(size: float) -> str:
    gigabytes = size / 1e9
    return f"{gigabytes:,.1f}" if gigabytes < 10 else f"{gigabytes:,.0f}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--passages", default="1000000,10000000,100000000")
    parser.add_argument("--questions-a-second", type=float, default=10)
    parser.add_argument("--gpu", type=float, default=1000)
    given = parser.parse_args()
    print(table(Plan(given.questions_a_second, given.gpu), [int(size) for size in given.passages.split(",")]))


if __name__ == "__main__":
    main()
