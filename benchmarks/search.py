"""Our search beside rank_bm25 and bm25s: same tokens, same machine, one run, each system in its own process.

    python benchmarks/search.py [--sizes 1000,10000,100000] [--queries 200]

The corpus is made of sentences of the shared customs sheet and KorQuAD paragraphs, drawn at random to about 235
tokens each with a tenth of the tokens dropped; its vectors are those of the shared passages, disturbed. Prints one
JSON line for each system and size, then a table with ratios.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from shared import customs, korquad, need_data

os.environ.setdefault("OMP_NUM_THREADS", "1")

TOKENS = 235
DROPPED = 0.1
DISTURBANCE = 0.02  # of each component; a component is about 0.05
K = 10

Tokens = list[str]


def sources() -> tuple[list[str], list[str]]:
    """(passages, questions) of the shared rows."""
    asked = [*customs(), *korquad()]
    return list(dict.fromkeys(q.gold[0] for q in asked)), [q.question for q in asked]


def prepare(folder: Path, queries: int) -> None:
    """Tokens of sentences and queries, vectors of passages and queries: the same for every system."""
    from mundap.encode.e5 import E5Small
    from mundap.korean.sentences import sentences
    from mundap.korean.tokens import SearchTokenizer

    passages, questions = sources()
    asked = random.Random(0).sample(questions, queries)
    tokenize = SearchTokenizer()
    texts = [passage[start:end] for passage in passages for start, end in sentences(passage)]
    print(f"{len(passages)} passages, {len(texts)} sentences; encoding …", file=sys.stderr)
    encoder = E5Small()
    base = random.Random(0).sample(passages, 300)
    np.savez(folder / "vectors.npz", passages=encoder.encode_passages(base), queries=encoder.encode_queries(asked))
    tokens = {"sentences": tokenize(texts), "queries": tokenize(asked), "questions": asked}
    (folder / "tokens.json").write_text(json.dumps(tokens, ensure_ascii=False), "utf-8")


def corpus(folder: Path, size: int) -> tuple[list[Tokens], list[Tokens], list[str]]:
    """(documents, queries, questions) as tokens."""
    tokens = json.loads((folder / "tokens.json").read_text("utf-8"))
    rng = random.Random(size)
    documents = []
    for number in range(size):
        document = [f"문서{number}"]
        while len(document) < TOKENS:
            document += [token for token in rng.choice(tokens["sentences"]) if rng.random() > DROPPED]
        documents.append(document[: TOKENS + TOKENS // 10])
    return documents, tokens["queries"], tokens["questions"]


def resident() -> float:
    """Resident memory of this process in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def timed(search: Callable[[int], Any], queries: int, limit: float = 60.0) -> list[float]:
    """Milliseconds of each query, after three that are not counted; stops asking after `limit` seconds."""
    for n in range(3):
        search(n)
    times: list[float] = []
    began = time.perf_counter()
    for n in range(queries):
        start = time.perf_counter()
        search(n)
        times.append((time.perf_counter() - start) * 1000)
        if time.perf_counter() - began > limit:
            break
    return times


def run_rank_bm25(documents: list[Tokens], queries: list[Tokens], *_: Any) -> tuple[Any, Callable[[int], Any]]:
    """As LangChain's BM25Retriever calls it."""
    from rank_bm25 import BM25Okapi

    index = BM25Okapi(documents)
    places = list(range(len(documents)))
    return index, lambda n: index.get_top_n(queries[n], places, n=K)


def run_bm25s(
    documents: list[Tokens], queries: list[Tokens], backend: str, *_: Any
) -> tuple[Any, Callable[[int], Any]]:
    """bm25s with Lucene's formula and our k1 and b."""
    import bm25s

    index = bm25s.BM25(method="lucene", k1=0.9, b=0.6, backend=backend)
    index.index(documents, show_progress=False)
    return index, lambda n: index.retrieve([queries[n]], k=K, show_progress=False, n_threads=0)


def run_ours(
    documents: list[Tokens], queries: list[Tokens], fast: bool, folder: Path, what: str, questions: list[str]
) -> tuple[Any, Callable[[int], Any]]:
    """Our lexical leg, or the hybrid with a vector for each document."""
    if not fast:
        sys.modules["numba"] = None  # type: ignore[assignment]  # as in the base install
    from mundap.index.bm25 import LexicalLeg
    from mundap.index.dense import DenseLeg
    from mundap.index.grouped import GroupedPassages
    from mundap.index.postings import Postings
    from mundap.index.table import InMemory, Table
    from mundap.index.vectors import VectorIndex
    from mundap.korean.tokens import SearchTokenizer
    from mundap.retrieve.coverage import untrained
    from mundap.types import Passage

    known = dict(zip(questions, queries, strict=True))
    passages = [Passage(f"{n:016x}", "d", _text(tokens), 0, 1) for n, tokens in enumerate(documents)]
    table = Table([passage.id for passage in passages], InMemory(passages))
    tokenize = SearchTokenizer() if what == "hybrid+kiwi" else lambda texts: [known[text] for text in texts]
    lexical = LexicalLeg(Postings.build(documents, 0.9, 0.6), table, tokenize)
    if what == "bm25":
        return lexical, lambda n: lexical.search(questions[n], K)
    vectors = np.load(folder / "vectors.npz")
    place = {question: n for n, question in enumerate(questions)}
    asked = vectors["queries"]

    class Known:
        """Vectors that were computed before: the time of the encoder is not what is measured."""

        name: str = "known"
        dim: int = asked.shape[1]

        def encode_queries(self, texts: Sequence[str]) -> Any:
            return np.stack([asked[place[text]] for text in texts])

        def encode_passages(self, texts: Sequence[str]) -> Any:
            return self.encode_queries(texts)

    rng = np.random.default_rng(0)
    base = vectors["passages"]
    made = base[rng.integers(0, len(base), len(passages))]
    made = made + rng.normal(0, DISTURBANCE, made.shape).astype(np.float32)
    made = (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float16)
    index = VectorIndex.of(made, GroupedPassages.of(passages).starts)
    hybrid = untrained(lexical, DenseLeg(index, table, Known()), lexical=lexical)
    return (hybrid, made), lambda n: hybrid.search(questions[n], K)


def _text(tokens: Tokens) -> str:
    """What is read once more of the first passages: words, in sentences of twenty."""
    return ". ".join(" ".join(tokens[at : at + 20]) for at in range(0, len(tokens), 20))


SYSTEMS: dict[str, Callable[..., tuple[Any, Callable[[int], Any]]]] = {
    "rank_bm25": lambda d, q, f, s: run_rank_bm25(d, q),
    "bm25s numpy": lambda d, q, f, s: run_bm25s(d, q, "numpy"),
    "bm25s numba": lambda d, q, f, s: run_bm25s(d, q, "numba"),
    "mundap bm25, base": lambda d, q, f, s: run_ours(d, q, False, f, "bm25", s),
    "mundap bm25, fast": lambda d, q, f, s: run_ours(d, q, True, f, "bm25", s),
    "mundap hybrid, base": lambda d, q, f, s: run_ours(d, q, False, f, "hybrid", s),
    "mundap hybrid, fast": lambda d, q, f, s: run_ours(d, q, True, f, "hybrid", s),
    "mundap hybrid + Kiwi, fast": lambda d, q, f, s: run_ours(d, q, True, f, "hybrid+kiwi", s),
}


def measure(name: str, size: int, folder: Path) -> dict[str, Any]:
    """Build one system over `size` documents and ask it every query."""
    documents, queries, questions = corpus(folder, size)
    before = resident()
    start = time.perf_counter()
    index, search = SYSTEMS[name](documents, queries, folder, questions)
    built = time.perf_counter() - start
    memory = resident() - before
    times = timed(search, len(queries))
    del index
    return {
        "system": name,
        "passages": size,
        "index_s": round(built, 2),
        "memory_mb": round(memory),
        "p50_ms": round(statistics.median(times), 3),
        "p95_ms": round(sorted(times)[int(len(times) * 0.95)], 3),
        "queries": len(times),
    }


def main() -> None:
    """Measure everything and print the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--sizes", default="1000,10000,100000")
    options.add_argument("--queries", type=int, default=200)
    chosen = options.parse_args()
    need_data()
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, chosen.queries)
        for size in map(int, chosen.sizes.split(",")):
            for system in SYSTEMS:
                with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
                    rows.append(pool.submit(measure, system, size, folder).result())
                print(json.dumps(rows[-1], ensure_ascii=False), flush=True)
    for size in dict.fromkeys(row["passages"] for row in rows):
        here = [row for row in rows if row["passages"] == size]
        ours = next(row for row in here if row["system"] == "mundap bm25, base")
        print(f"\n{size} passages{'':20}index s  memory MB   p50 ms   p95 ms  p50 / ours")
        for row in here:
            print(
                f"{row['system']:30}{row['index_s']:9.2f}{row['memory_mb']:11}{row['p50_ms']:9.3f}{row['p95_ms']:9.3f}"
                f"{row['p50_ms'] / ours['p50_ms']:9.1f}x"
            )


if __name__ == "__main__":
    main()
