"""LanceDB beside the index: the same tokens and vectors, its full-text and vector indexes and its hybrid.

    python benchmarks/engine_lance.py FOLDER [--size 100000] [--queries 100]

FOLDER has what benchmarks/engine.py prepares, whose stages `index`, `search` and `change` measure the same of ours. Prints JSON
lines: CPU seconds and the peak of its own memory of building (the making of tokens and vectors subtracted), megabytes on the
disk, CPU milliseconds of a question for ten passages (a hybrid of a hundred each, by reciprocal ranks, as is its default),
recall@100 of vectors, and CPU seconds of changing one document. Texts are cut at blanks; the vector index is IVF_HNSW_SQ.
Needs lancedb (measured with 0.40).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import fmean
from typing import Any

from engine import DOCUMENT, Given, Peak
from search import K, timed

os.environ.setdefault("OMP_NUM_THREADS", "1")

DEPTH = 100  # passages of each leg, as ours takes
_AT_ONCE = 2_000


def rows(given: Given, first: int, count: int) -> Iterator[Any]:
    """Passages from number `first` on, as Arrow wants them."""
    import pyarrow

    for start in range(first, first + count, _AT_ONCE):
        numbers = [*range(start, min(start + _AT_ONCE, first + count))]
        texts = [str(number) for number in numbers]
        vectors = given.encode_passages(texts)
        yield pyarrow.RecordBatch.from_pydict(
            {
                "id": pyarrow.array(numbers, pyarrow.int64()),
                "body": [" ".join(tokens) for tokens in given.tokens(texts)],
                "vector": pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(vectors.ravel()), given.dim),
            }
        )


def built(folder: Path, given: Given, size: int) -> Any:
    """A table of `size` passages with both indexes."""
    import lancedb
    from lancedb.index import FTS, HnswSq

    every = rows(given, 0, size)
    first = next(every)
    table = lancedb.connect(folder).create_table("passages", data=first)
    for some in every:
        table.add(some)
    table.optimize()
    plain = FTS(
        base_tokenizer="whitespace",
        max_token_length=None,
        lower_case=False,
        stem=False,
        remove_stop_words=False,
        ascii_folding=False,
    )
    table.create_index("body", config=plain)
    table.create_index("vector", config=HnswSq(distance_type="dot"))
    return table


def legs(table: Any, given: Given) -> dict[str, Callable[[str, int], list[int]]]:
    """What finds the ids of the best passages for a question."""
    from lancedb.query import MatchQuery
    from lancedb.rerankers import RRFReranker

    fuse = RRFReranker()

    def words(question: str) -> Any:
        return MatchQuery(" ".join(given.tokens([question])[0]), "body")

    def vector(question: str) -> Any:
        return given.encode_queries([question])[0]

    def ids(query: Any, count: int) -> list[int]:
        found: list[int] = query.limit(max(count, 1)).to_arrow()["id"].to_pylist()
        return found

    def hybrid(question: str, count: int) -> list[int]:
        query = table.search(query_type="hybrid").vector(vector(question)).text(words(question))
        return ids(query.distance_type("dot").rerank(fuse), DEPTH)[:count]

    return {
        "bm25": lambda question, count: ids(table.search(words(question), query_type="fts"), count),
        "dense": lambda question, count: ids(table.search(vector(question)).distance_type("dot"), count),
        "hybrid": hybrid,
    }


def recall(table: Any, given: Given, question: str) -> float:
    """The share of the hundred nearest that its vector index finds."""

    def nearest() -> Any:
        return table.search(given.encode_queries([question])[0]).distance_type("dot").limit(100)

    best, found = (set(one.to_arrow()["id"].to_pylist()) for one in (nearest().bypass_vector_index(), nearest()))
    return len(best & found) / 100


def main() -> None:
    """Build, ask, change, and ask."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("--size", type=int, default=100_000)
    options.add_argument("--queries", type=int, default=100)
    chosen = options.parse_args()
    given = Given(chosen.folder)
    root = chosen.folder / "lance"
    shutil.rmtree(root, ignore_errors=True)
    began = time.process_time()
    for _ in rows(given, 0, _AT_ONCE):
        pass
    making = (time.process_time() - began) / _AT_ONCE * chosen.size
    with Peak() as peak:
        began, clock = time.process_time(), time.perf_counter()
        table = built(root, given, chosen.size)
        spent = {"cpu_s": round(time.process_time() - began - making, 1), "s": round(time.perf_counter() - clock, 1)}
    disk = sum(file.stat().st_size for file in root.rglob("*") if file.is_file()) / 1e6
    say({"stage": "index", "passages": chosen.size, **spent, "peak_mb": peak.mb, "disk_mb": round(disk)})
    questions = given.questions[: chosen.queries]
    say({"stage": "search", **asked(table, given, questions)})
    began = time.process_time()
    with Peak() as peak:
        table.delete(f"id < {DOCUMENT}")
        for some in rows(given, chosen.size, DOCUMENT):
            table.add(some)
        table.optimize()
        spent = {"cpu_s": round(time.process_time() - began, 2)}
    say({"stage": "change", **spent, "peak_mb": peak.mb, **asked(table, given, questions)})


def asked(table: Any, given: Given, questions: list[str]) -> dict[str, float]:
    """What a question costs, and what is found."""
    figures = {}
    for name, find in legs(table, given).items():
        timed(lambda n, find=find: find(questions[n], K), 3)  # type: ignore[misc]
        began = time.process_time()
        for question in questions:
            find(question, K)
        figures[f"{name}_cpu_ms"] = round((time.process_time() - began) / len(questions) * 1000, 2)
    return {**figures, "recall@100": round(fmean(recall(table, given, question) for question in questions[:50]), 4)}


def say(figures: dict[str, Any]) -> None:
    """Print one line."""
    print(json.dumps(figures, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
