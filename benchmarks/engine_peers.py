"""Our postings beside tantivy and bm25s: the same tokens, one run, each in a process of its own.

    python benchmarks/engine_peers.py FOLDER [--size 20000] [--queries 100]

FOLDER has what benchmarks/engine.py prepares. Prints one JSON line for each: CPU seconds and the peak of its own memory of
building (the making of the tokens subtracted), megabytes on the disk, CPU seconds of changing 20 passages, and CPU milliseconds
of a question whose ten best rows are found. tantivy (as of its defaults, one thread) is left out where it is not installed.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from engine import DOCUMENT, Given, Peak
from search import K

os.environ.setdefault("OMP_NUM_THREADS", "1")

Tokens = Sequence[str]
Find = Callable[[Tokens], Any]
Built = tuple[Find, Callable[[Iterator[Tokens]], Find]]


def ours(folder: Path, documents: Iterator[Tokens]) -> Built:
    """Segments as the index writes them; the change is one more, and rows that are gone."""
    from mundap.index.posting_runs import PostingsWriter
    from mundap.index.postings import Postings, PostingsPart
    from mundap.index.rank import positive_rows

    def written(name: str, some: Iterator[Tokens]) -> PostingsPart:
        (folder / name).mkdir(parents=True)
        writer = PostingsWriter(folder / name)
        writer.add(some)
        writer.finish()
        return PostingsPart.open(folder / name)

    whole = written("a", documents)
    none = np.empty(0, np.int32)

    def finding(parts: list[PostingsPart], gone: list[Any]) -> Find:
        postings = Postings(parts, 0.9, 0.6, gone)
        alive = np.ones(len(postings), np.bool_)
        alive[gone[0]] = False
        return lambda tokens: positive_rows(postings.scores(tokens), K, alive)

    changed = np.arange(DOCUMENT, dtype=np.int32)
    return finding([whole], [none]), lambda some: finding([whole, written("b", some)], [changed, none])


def tantivy(folder: Path, documents: Iterator[Tokens]) -> Built:
    """One text field, cut at blanks, with counts and lengths and without positions."""
    import tantivy as peer

    folder.mkdir(parents=True)
    schema = peer.SchemaBuilder()
    schema.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    schema.add_text_field("body", stored=False, tokenizer_name="blanks", index_option="freq")
    index = peer.Index(schema.build(), path=str(folder))
    index.register_tokenizer("blanks", peer.TextAnalyzerBuilder(peer.Tokenizer.whitespace()).build())

    def write(some: Iterator[Tokens], gone: int) -> None:
        writer = index.writer(heap_size=200_000_000, num_threads=1)
        for n in range(gone):
            writer.delete_documents_by_term("id", str(n))
        for n, tokens in enumerate(some):
            writer.add_document(peer.Document(id=[str(n)], body=[" ".join(tokens)]))
        writer.commit()
        writer.wait_merging_threads()

    def finding() -> Find:
        index.reload()
        searcher, form = index.searcher(), index.schema

        def find(tokens: Tokens) -> Any:
            terms = [(peer.Occur.Should, peer.Query.term_query(form, "body", token, "freq")) for token in tokens]
            return searcher.search(peer.Query.boolean_query(terms), K)

        return find

    write(documents, 0)

    def change(some: Iterator[Tokens]) -> Find:
        write(some, DOCUMENT)
        return finding()

    return finding(), change


def bm25s(folder: Path, documents: Iterator[Tokens]) -> Built:
    """With numba, Lucene's formula and our k1 and b; a change is a new index."""
    import bm25s as peer

    held = [list(tokens) for tokens in documents]

    def built() -> Find:
        index = peer.BM25(method="lucene", k1=0.9, b=0.6, backend="numba")
        index.index(held, show_progress=False)
        index.save(str(folder))
        return lambda tokens: index.retrieve([list(tokens)], k=K, show_progress=False, n_threads=0)

    def change(some: Iterator[Tokens]) -> Find:
        held[:DOCUMENT] = [list(tokens) for tokens in some]
        return built()

    return built(), change


SYSTEMS = {"mundap": ours, "tantivy": tantivy, "bm25s": bm25s}


def measure(name: str, folder: Path, size: int, queries: int) -> dict[str, Any]:
    """Build, ask, change, and ask."""
    given = Given(folder)

    def documents(first: int, count: int) -> Iterator[Tokens]:
        return (given.tokens([str(n)])[0] for n in range(first, first + count))

    began = time.process_time()
    for _ in documents(0, 500):
        pass
    making = (time.process_time() - began) / 500
    root = folder / f"peer-{name}"
    shutil.rmtree(root, ignore_errors=True)
    with Peak() as peak:
        began = time.process_time()
        find, change = SYSTEMS[name](root, documents(0, size))
        built = time.process_time() - began - making * size
    asked = given.tokens(given.questions[:queries])
    figures = {
        "system": name,
        "passages": size,
        "build_cpu_s": round(built, 2),
        "peak_mb": peak.mb,
        "disk_mb": round(sum(file.stat().st_size for file in root.rglob("*") if file.is_file()) / 1e6, 1),
        "query_cpu_ms": timed(find, asked),
    }
    changes = list(documents(size, DOCUMENT))
    began = time.process_time()
    find = change(iter(changes))
    figures["change_cpu_s"] = round(time.process_time() - began, 3)
    figures["query_after_cpu_ms"] = timed(find, asked)
    shutil.rmtree(root)
    return figures


def timed(find: Find, asked: Sequence[Tokens]) -> float:
    """CPU milliseconds a question, after one round that is not counted."""
    for tokens in asked:
        find(tokens)
    began = time.process_time()
    for tokens in asked:
        find(tokens)
    return round((time.process_time() - began) / len(asked) * 1000, 3)


def main() -> None:
    """Measure each that is there."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("--size", type=int, default=20_000)
    options.add_argument("--queries", type=int, default=100)
    chosen = options.parse_args()
    for name in SYSTEMS:
        if name == "mundap" or find_spec(name):
            with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
                args = (name, chosen.folder, chosen.size, chosen.queries)
                print(json.dumps(pool.submit(measure, *args).result()), flush=True)


if __name__ == "__main__":
    main()
