"""A measurement on a workspace: run it, keep its report with all that is needed to repeat it, compare it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import Any

from mundap.errors import MundapError
from mundap.evaluate.abstain import AbstainReport, evaluate_abstain
from mundap.evaluate.bootstrap import paired_difference
from mundap.evaluate.metrics import reciprocal_rank, top
from mundap.evaluate.questions import Questions, read_questions
from mundap.evaluate.retrieval import RetrievalReport, evaluate_retrieval
from mundap.files import digest, write_atomically
from mundap.ingest.build import Builder
from mundap.ingest.split import chunks, parents
from mundap.korean.normalize import squash
from mundap.pipeline import FOLDER, Mundap
from mundap.protocols import Progress
from mundap.types import Hit

SIGNIFICANT = 0.05  # of the paired permutation test
_COMPARED = ("top1", "top3", "mrr@10")


def measure_retrieval(bot: Mundap, file: Path, depth: int, progress: Progress) -> tuple[RetrievalReport, Path]:
    """Ask every leg the questions of `file`; the report, and the folder under runs/ that keeps it."""
    questions = read_questions(file)
    over = _over(bot, questions)
    legs = {name: _search(over, name) for name in [*over.config.retrieve.legs, "hybrid"]}
    corpus = {squash(p.text) for p in over.corpus.all_passages() if p.parent_id == p.id}
    report = evaluate_retrieval(questions.items, legs, corpus, depth=depth, progress=progress)
    return report, _keep(bot, "retrieval", file, over, report.as_json(per_question=True))


Ranks = dict[tuple[str, tuple[str, ...]], dict[str, Any]]


def earlier_ranks(path: Path) -> Ranks:
    """What each leg found for each question of an earlier run: its report.json, or the folder that holds it."""
    path = path / "report.json" if path.is_dir() else path
    try:
        asked = json.loads(path.read_text("utf-8"))["per_question"]
        return {(a["question"], tuple(a["gold"])): a["legs"] for a in asked}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MundapError(f"{path}: 앞선 검색 평가의 report.json이 아닙니다({error}).") from error


def compared(report: RetrievalReport, ranks: Ranks) -> dict[str, dict[str, Any]]:
    """For each leg and metric, this run minus the earlier one over the questions that both asked."""
    both = [n for n, a in enumerate(report.per_question) if (a.question.question, a.question.gold) in ranks]
    if not both:
        raise MundapError("앞선 실행과 같은 질문이 하나도 없어 견줄 수 없습니다.")
    result: dict[str, dict[str, Any]] = {}
    for leg in report.legs:
        if any(leg not in legs for legs in ranks.values()):
            continue
        old = [_rank(ranks[a.question.question, a.question.gold][leg]) for a in (report.per_question[n] for n in both)]
        result[leg] = {metric: _difference(report, leg, metric, both, old) for metric in _COMPARED}
    return result


def measure_abstention(bot: Mundap, file: Path, progress: Progress) -> tuple[AbstainReport, Path]:
    """Compare how supported answerable and unanswerable questions are, at the workspace's own threshold."""
    items = read_questions(file).items
    scores: dict[bool, list[float]] = {True: [], False: []}
    for done, question in enumerate(items, 1):
        scores[bool(question.gold)].append(bot.support(question.question))
        progress(done, len(items))
    report = evaluate_abstain(scores[True], scores[False], bot.config.generate.min_support)
    return report, _keep(bot, "abstain", file, bot, report.as_json())


def _keep(bot: Mundap, kind: str, file: Path, over: Mundap, report: dict[str, Any]) -> Path:
    """Write a report with all that is needed to repeat it into a folder of its own under runs/."""
    runs = bot.root / FOLDER / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    stamp = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{kind}"
    folder = next(f for f in (runs / name for name in _names(stamp)) if not f.exists())
    folder.mkdir()
    about = {
        "questions": {"file": str(file), "digest": digest(file.read_bytes(), size=16)},
        "corpus_digest": digest(*over.corpus.ids(), size=16),
        "settings": over.config.model_dump(mode="json"),
        "recipe": asdict(over.recipe),
    }
    write_atomically(folder / "report.json", json.dumps(report | about, ensure_ascii=False))
    return folder


def _names(stamp: str) -> Iterator[str]:
    yield stamp
    yield from (f"{stamp}-{n}" for n in count(2))


def _over(bot: Mundap, questions: Questions) -> Mundap:
    """The workspace itself, or, for a file that brings its own paragraphs, one over those, kept for the next time."""
    if questions.corpus is None:
        return bot
    name = digest(*questions.corpus, size=8)
    root = bot.root / FOLDER / "runs" / "corpora" / name
    over = Mundap(root, bot.config, words=bot.root)
    builder = Builder(name, "")
    for paragraph in dict.fromkeys(questions.corpus):
        builder.add(paragraph, meta={"kind": "제시문"})
    document = builder.document()
    wholes = parents(document)
    over.corpus.put(
        document, wholes, [c for whole in wholes for c in chunks(whole, bot.config.ingest.chunk_chars)], name
    )
    over.index()
    return over


def _search(bot: Mundap, leg: str) -> Callable[[str, int], list[Hit]]:
    return lambda question, k: bot.search(question, k=k, leg=leg)


def _rank(leg: dict[str, Any]) -> int | None:
    rank = leg["rank"]
    return None if rank is None else int(rank)


def _difference(
    report: RetrievalReport, leg: str, metric: str, both: list[int], old: list[int | None]
) -> dict[str, Any]:
    value: Callable[[int | None], float] = {
        "top1": lambda rank: top(rank, 1),
        "top3": lambda rank: top(rank, 3),
        "mrr@10": reciprocal_rank,
    }[metric]
    values, groups = report.values(leg, metric), report.groups()
    difference = paired_difference(
        [value(rank) for rank in old], [values[n] for n in both], groups=[groups[n] for n in both]
    )
    better = "better" if difference.mean > 0 else "worse"
    verdict = better if difference.p_value < SIGNIFICANT else "difference not significant"
    return {
        "n": len(both),
        "mean": difference.mean,
        "ci95": list(difference.ci95),
        "p": difference.p_value,
        "verdict": verdict,
    }
