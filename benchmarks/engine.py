"""The index as it grows: build, search, and one changed document, with tokens and vectors given.

    python benchmarks/engine.py FOLDER [--sizes 10000,100000] [--queries 100] [--stages make,index,search,change,remove,churn10,churn30]

Every stage runs in a process of its own over a workspace in FOLDER, and prints one JSON line: seconds, CPU seconds, the
peak of its own memory (without mapped files), megabytes on the disk. Passages are drawn as those of benchmarks/search.py,
20 a document; the keyword graph is off. Another checkout's `src` in PYTHONPATH measures that one, on the same FOLDER anew.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import shutil
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import pairwise
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np

from search import DISTURBANCE, DROPPED, TOKENS, prepare, timed
from shared import need_data

os.environ.setdefault("OMP_NUM_THREADS", "1")

DOCUMENT = 20  # passages
K = 10
CONFIG = '[index]\nencoder = "hashed"\n[graph]\nenabled = false\n[retrieve]\neveryday = false\n'


class Given:
    """Tokens and vectors of fabricated passages, whose text is their number, and of the questions."""

    def __init__(self, folder: Path) -> None:
        tokens = json.loads((folder / "tokens.json").read_text("utf-8"))
        vectors = np.load(folder / "vectors.npz")
        self.name, self.dim = "given", int(vectors["queries"].shape[1])
        self.questions: list[str] = tokens["questions"]
        self._sentences = tokens["sentences"]
        self._known = dict(zip(self.questions, tokens["queries"], strict=True))
        self._asked = dict(zip(self.questions, vectors["queries"], strict=True))
        self._base = vectors["passages"]

    def tokens(self, texts: Sequence[str]) -> list[list[str]]:
        return [self._known[text] if text in self._known else self._tokens(text) for text in texts]

    def _tokens(self, text: str) -> list[str]:
        rng = random.Random(text)
        tokens = [f"문서{text}"]
        while len(tokens) < TOKENS:
            tokens += [token for token in rng.choice(self._sentences) if rng.random() > DROPPED]
        return tokens[: TOKENS + TOKENS // 10]

    def encode_queries(self, texts: Sequence[str]) -> Any:
        return np.stack([self._asked[text] for text in texts])

    def encode_passages(self, texts: Sequence[str]) -> Any:
        rngs = [np.random.default_rng(abs(int.from_bytes(text.encode()[-8:], "little"))) for text in texts]
        made = np.stack([self._base[rng.integers(len(self._base))] for rng in rngs])
        made += np.stack([rng.normal(0, DISTURBANCE, self.dim) for rng in rngs]).astype(np.float32)
        return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)


class Tokens:
    """Those tokens as a tokenizer, whose name is no encoder's."""

    def __init__(self, given: Given) -> None:
        self.name = "given tokens"
        self._given = given

    def __call__(self, texts: Sequence[str]) -> list[list[str]]:
        return self._given.tokens(texts)


def put(corpus: Any, number: int, edition: str = "") -> None:
    """Put a document of fabricated passages."""
    from mundap.files import digest
    from mundap.types import Document, Passage

    source = f"{number:07}.txt"
    texts = [f"{edition}{number * DOCUMENT + n}" for n in range(DOCUMENT)]
    id = digest(source, *texts)
    passages = [Passage(digest(id, text), id, text, n, n + 1) for n, text in enumerate(texts)]
    corpus.put(Document(id, "", source, source), passages, (), id)


def opened(folder: Path, root: Path) -> tuple[Any, Given]:
    """The workspace, whose parts are given."""
    from mundap.workspace import Mundap

    given = Given(folder)
    bot: Any = Mundap.open(root)  # whose parts are only as much as is asked of them
    bot.components.tokenizer = Tokens(given)
    bot.components.encoder = given
    return bot, given


def make(folder: Path, root: Path, size: int, queries: int) -> dict[str, Any]:
    """Write the corpus."""
    from mundap.store.corpus import Corpus

    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    (root / "mundap.toml").write_text(CONFIG, "utf-8")
    corpus = Corpus(root / ".mundap" / "corpus.sqlite")
    with corpus.many_changes():
        for number in range(size // DOCUMENT):
            put(corpus, number)
    return {}


def index(folder: Path, root: Path, size: int, queries: int) -> dict[str, Any]:
    """Build the index from nothing."""
    bot, _ = opened(folder, root)
    bot.index()
    return {"disk_mb": disk(root)}


def search(folder: Path, root: Path, size: int, queries: int) -> dict[str, Any]:
    """Ask every leg, and how many of the hundred nearest the dense leg finds."""
    bot, given = opened(folder, root)
    began = time.perf_counter()
    legs = bot.searchers
    figures: dict[str, Any] = {"open_ms": round((time.perf_counter() - began) * 1000)}
    for name in ("bm25", "dense", "hybrid"):
        times = timed(lambda n, leg=legs[name]: leg.search(given.questions[n], K), queries)  # type: ignore[misc]
        figures[f"{name}_p50_ms"] = round(statistics.median(times), 2)
        figures[f"{name}_p95_ms"] = round(sorted(times)[int(len(times) * 0.95)], 2)
        began = time.process_time()
        for question in given.questions[:queries]:
            legs[name].search(question, K)
        figures[f"{name}_cpu_ms"] = round((time.process_time() - began) / queries * 1000, 2)
    return {**figures, **recalled(bot, given, queries)}


def recalled(bot: Any, given: Given, queries: int) -> dict[str, Any]:
    """The mean recall of questions, and what the segments say of themselves."""
    asked = given.questions[: min(queries, 50)]
    shares = [recall(bot.searchers["dense"], question) for question in asked]
    return {"recall@100": round(statistics.fmean(shares), 4), "told": [told for *_, told in bot.segments]}


def recall(leg: Any, question: str) -> float:
    """The share of the hundred nearest rows that are found."""
    mask = leg.table.mask(None)
    scores = leg.score(question, np.arange(len(leg.table)))
    best = set(np.argpartition(-(scores if mask is None else np.where(mask, scores, -1)), 100)[:100].tolist())
    return len(best & set(leg.find(question, 100, mask)[0].tolist())) / 100


def churn(folder: Path, root: Path, size: int, queries: int, first: float, after: float) -> dict[str, Any]:
    """Change the documents from one share of them to another, in ten goes, and see how much is found."""
    bot, given = opened(folder, root)
    bounds = np.linspace(first, after, 11) * (size // DOCUMENT)
    for begin, end in pairwise(bounds.astype(int).tolist()):
        with bot.corpus.many_changes():
            for number in range(begin, end):
                put(bot.corpus, number, f"{time.time_ns()} ")
        bot.index()
    return {
        "changed": after,
        "segments": [extent.alive for _, extent, *_ in bot.segments],
        **recalled(bot, given, queries),
    }


def change(folder: Path, root: Path, size: int, queries: int) -> dict[str, Any]:
    """Change one document, and index."""
    bot, _ = opened(folder, root)
    put(bot.corpus, size // DOCUMENT // 2, f"{time.time_ns()} ")
    began = time.perf_counter()
    bot.index()
    figures: dict[str, Any] = {"index_s": round(time.perf_counter() - began, 2)}
    began = time.perf_counter()
    _ = bot.searchers
    return {**figures, "reopen_ms": round((time.perf_counter() - began) * 1000)}


def remove(folder: Path, root: Path, size: int, queries: int) -> dict[str, Any]:
    """Remove a document while the index is open, and ask until it is not found."""
    bot, given = opened(folder, root)
    question = given.questions[0]
    [hit, *_] = bot.searchers["dense"].search(question, 1)
    source = bot.corpus.document(hit.passage.document_id).source
    bot.corpus.remove(source)
    began = time.perf_counter()
    [other, *_] = bot.searchers["dense"].search(question, 1)
    took = (time.perf_counter() - began) * 1000
    assert other.passage.document_id != hit.passage.document_id
    return {"unseen_after_ms": round(took, 1)}


STAGES: dict[str, Callable[[Path, Path, int, int], dict[str, Any]]] = {
    "make": make,
    "index": index,
    "search": search,
    "change": change,
    "remove": remove,
    "churn10": partial(churn, first=0.0, after=0.1),
    "churn30": partial(churn, first=0.1, after=0.3),
}


def disk(root: Path) -> dict[str, int]:
    """Megabytes of each part of a workspace."""
    parts = {"corpus": "corpus.sqlite", "cache": "cache.sqlite", "index": "index"}
    found = {name: (root / ".mundap" / part) for name, part in parts.items()}
    return {
        name: round(sum(file.stat().st_size for file in (path, *path.rglob("*")) if file.is_file()) / 1e6)
        for name, path in found.items()
    }


def own_memory() -> float:
    """The memory that this process alone has, without mapped files, in MB."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("RssAnon:")[1].split()[0]) / 1000


class Peak:
    """How far the memory of this process, in MB, rises above what it is now, within the block; threads look on."""

    def __enter__(self) -> Peak:
        self._before = self._most = own_memory()
        self._done = Event()
        self._watching = Thread(target=self._watch)
        self._watching.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._watching.join()

    @property
    def mb(self) -> int:
        """The most so far."""
        return round(self._most - self._before)

    def _watch(self) -> None:
        while not self._done.wait(0.01):
            self._most = max(self._most, own_memory())


def measured(stage: str, folder: Path, root: Path, size: int, queries: int) -> dict[str, Any]:
    """Run one stage, watching its memory."""
    import mundap.workspace  # noqa: F401

    with Peak() as peak:
        began, cpu = time.perf_counter(), time.process_time()
        figures = STAGES[stage](folder, root, size, queries)
    spent = {"s": round(time.perf_counter() - began, 2), "cpu_s": round(time.process_time() - cpu, 2)}
    return {"stage": stage, "passages": size, **spent, "peak_mb": peak.mb, **figures}


def main() -> None:
    """Run every stage at every size."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("--sizes", default="10000,100000")
    options.add_argument("--queries", type=int, default=100)
    options.add_argument("--stages", default="make,index,search,change,remove")
    chosen = options.parse_args()
    need_data()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    if not (chosen.folder / "tokens.json").is_file():
        prepare(chosen.folder, chosen.queries)
    for size in map(int, chosen.sizes.split(",")):
        for stage in chosen.stages.split(","):
            with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
                args = (stage, chosen.folder, chosen.folder / f"ws-{size}", size, chosen.queries)
                print(json.dumps(pool.submit(measured, *args).result(), ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
