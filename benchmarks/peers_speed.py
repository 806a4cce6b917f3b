"""The whole way from a question to passages, ours beside LangChain and Haystack, at 100,000 passages.

    python benchmarks/peers_speed.py [--sizes 10000,100000] [--queries 100] [--cache FOLDER]

The corpus is that of search.py, as text: its tokens without bigrams, between spaces. Every system is given the tokens
and the vectors of passages and the vector of a question, which it splits itself: by Kiwi, or, with Haystack's
defaults, by their pattern. Each system has its own process. Prints Markdown.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mundap.encode.e5 import E5Small
from mundap.files import digest
from mundap.korean.tokens import BIGRAM
from mundap.protocols import Vectors, quiet
from mundap.store.cache import Cache
from mundap.workspace.components import FOLDER
from peers import (
    Search,
    Sheet,
    fill_workspace,
    haystack_hybrid,
    kiwi_words,
    langchain_bm25,
    langchain_ensemble,
    mundap_hybrid,
    need_peers,
    open_workspace,
)
from peers_quality import apart, ends, head, line, peak_mb
from search import DISTURBANCE, corpus, prepare, resident, timed
from shared import need_data

UNCOUNTED = 3  # queries that `timed` asks before it counts
_NUMBER = re.compile(r"문서(\d+)")  # the first token of every passage


@dataclass(frozen=True)
class Measured:
    """Seconds to index, the most memory that took, memory while searching, and milliseconds of each query.

    `cpu_ms` is what a query takes of a processor: on a busy machine this says more than the clock.
    """

    index_s: float
    index_mb: float
    search_mb: float
    cpu_ms: float
    times: list[float]


class Given:
    """Vectors that were computed before: the encoder's time is not what is measured."""

    def __init__(self, folder: Path) -> None:
        self.name, self.dim = E5Small().name, E5Small.dim
        self._passages = np.load(folder / "passages.npy", mmap_mode="r")
        self._queries = dict(zip(questions_in(folder), np.load(folder / "queries.npy"), strict=True))

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dim), unit rows."""
        return np.stack([self._queries[text] for text in texts])

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dim), unit rows; a piece of a passage without its number gets that of some other passage."""
        made: Vectors = self._passages[[self._number(text) for text in texts]].astype(np.float32)
        return made

    def _number(self, text: str) -> int:
        named = _NUMBER.match(text)
        return int(named[1]) if named else int(digest(text), 16) % len(self._passages)


def questions_in(folder: Path) -> list[str]:
    """What is asked."""
    made: list[str] = json.loads((folder / "questions.json").read_text("utf-8"))
    return made


def texts_in(folder: Path) -> list[str]:
    """The passages."""
    made: list[str] = json.loads((folder / "texts.json").read_text("utf-8"))
    return made


def make(prepared: Path, folder: Path, size: int) -> float:
    """Write texts and vectors of `size` passages, and a workspace that has read them; the seconds it took to read.

    The workspace's cache is given the tokens of passages, so that indexing does not wait for Kiwi.
    """
    folder.mkdir()
    documents, _, questions = corpus(prepared, size)
    texts = [" ".join(token for token in document if not token.startswith(BIGRAM)) for document in documents]
    (folder / "texts.json").write_text(json.dumps(texts, ensure_ascii=False), "utf-8")
    (folder / "questions.json").write_text(json.dumps(questions, ensure_ascii=False), "utf-8")
    vectors = np.load(prepared / "vectors.npz")
    rng = np.random.default_rng(0)
    made = vectors["passages"][rng.integers(0, len(vectors["passages"]), size)]
    made = made + rng.normal(0, DISTURBANCE, made.shape).astype(np.float32)
    np.save(folder / "passages.npy", (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float16))
    np.save(folder / "queries.npy", vectors["queries"])
    sheet = Sheet(texts, [f"문단 {n}" for n in range(size)], folder / "workspace")
    start = time.perf_counter()
    bot = fill_workspace(sheet, Given(folder))
    seconds = time.perf_counter() - start
    parent_passages = [p.worded for p in bot.corpus.all_passages() if p.id == p.parent_id]
    cache = Cache(sheet.folder / FOLDER / "cache.sqlite")
    tokens = cache.tokens(
        parent_passages,
        bot.recipe.tokenizer,
        lambda some: [documents[int(_NUMBER.findall(text)[0])] for text in some],
        quiet,
    )
    deque(tokens, maxlen=0)
    cache.close()
    mean = sum(map(len, texts)) / size
    print(f"{size} passages of {mean:.0f} characters; {len(parent_passages)} parent passages", file=sys.stderr)
    return seconds


def index_ours(folder: Path) -> Measured:
    """Index the workspace."""
    start = time.perf_counter()
    open_workspace(folder / "workspace", Given(folder)).index()
    return Measured(time.perf_counter() - start, peak_mb(), 0, 0, [])


def ours(folder: Path, fast: bool) -> Search:
    """The workspace, opened."""
    return mundap_hybrid(Sheet([], [], folder / "workspace"), Given(folder), fast=fast)


def given_words(texts: Sequence[str]) -> Callable[[str], list[str]]:
    """The tokens of a passage, which stand between spaces, and Kiwi's of anything else."""
    passages = frozenset(texts)
    return lambda text: text.split() if text in passages else kiwi_words(text)


def on_texts(build: Callable[[list[str], Given, Callable[[str], list[str]]], Search]) -> Callable[[Path], Search]:
    """A peer over the passages in a folder."""

    def built(folder: Path) -> Search:
        texts = texts_in(folder)
        return build(texts, Given(folder), given_words(texts))

    return built


DEPTH = 100  # passages from each leg, as many as ours takes
SYSTEMS: dict[str, Callable[[Path], Search]] = {
    "LangChain BM25, Kiwi": on_texts(lambda t, e, w: langchain_bm25(t, w)),
    "LangChain ensemble, Kiwi, 10 each": on_texts(langchain_ensemble),
    "LangChain ensemble, Kiwi, 100 each": on_texts(lambda t, e, w: langchain_ensemble(t, e, w, DEPTH)),
    "Haystack hybrid (its defaults)": on_texts(lambda t, e, w: haystack_hybrid(t, e)),
    "Haystack hybrid, Kiwi": on_texts(haystack_hybrid),
}
OURS: dict[str, Callable[[Path], Search]] = {
    "**mundap**, base": lambda folder: ours(folder, fast=False),
    "**mundap**, fast": lambda folder: ours(folder, fast=True),
}


def measure(name: str, folder: Path) -> Measured:
    """Build one system, or open ours, and ask it every question, or as many as it can answer in a minute."""
    start = time.perf_counter()
    search = (SYSTEMS | OURS)[name](folder)
    seconds, index_mb = time.perf_counter() - start, peak_mb()
    asked = questions_in(folder)
    search(asked[0])  # which loads Kiwi
    began = time.process_time()
    times = timed(lambda n: search(asked[n]), len(asked))
    cpu_ms = (time.process_time() - began) * 1000 / (len(times) + UNCOUNTED)
    return Measured(seconds, index_mb, resident(), cpu_ms, times)


def show(measured: dict[str, Measured], size: int) -> None:
    """A table for one size."""
    print(f"\n{size:,} passages; vectors given; memory of the whole process\n")
    head(["index s", "index MB, peak", "search MB", "p50 ms", "p95 ms", "CPU ms", "CPU / ours", "queries"])
    ours = measured[next(iter(OURS))].cpu_ms
    for name, system in measured.items():
        p50, p95 = ends(system.times)
        costs = [f"{system.index_s:.0f}", f"{system.index_mb:.0f}", f"{system.search_mb:.0f}"]
        spread = [f"{ms:.1f}" for ms in (p50, p95, system.cpu_ms)]
        line(name, [*costs, *spread, f"{system.cpu_ms / ours:.0f}x", str(len(system.times))])


def main() -> None:
    """Measure every system at every size."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--sizes", default="100000")
    options.add_argument("--queries", type=int, default=100)
    options.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "mundap-peers")
    chosen = options.parse_args()
    need_peers()
    need_data()
    prepared = chosen.cache / f"speed-{chosen.queries}"
    if not (prepared / "tokens.json").exists():
        prepared.mkdir(parents=True, exist_ok=True)
        apart(prepare, prepared, chosen.queries)
    for size in map(int, chosen.sizes.split(",")):
        measured = {}
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "corpus"
            read_s = apart(make, prepared, folder, size)
            built = apart(index_ours, folder)
            for system in SYSTEMS | OURS:
                measured[system] = apart(measure, system, folder)
                print(f"{system}: {ends(measured[system].times)[0]:.2f} ms", file=sys.stderr, flush=True)
            for system in OURS:
                index_s, index_mb = read_s + built.index_s, built.index_mb
                measured[system] = replace(measured[system], index_s=index_s, index_mb=index_mb)
        show(measured, size)
        print(f"\nours: {read_s:.0f} s to read the sheet and cut it into chunks, {built.index_s:.0f} s to index")


if __name__ == "__main__":
    main()
