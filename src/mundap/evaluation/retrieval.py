"""How often search finds the right passage, leg by leg."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mundap.errors import MundapError, UnknownName
from mundap.evaluation.bootstrap import RESAMPLES, mean_intervals
from mundap.evaluation.compare import Key, Measures, differences, gold_group
from mundap.evaluation.estimates import (
    Difference,
    Differences,
    Estimate,
    Estimates,
    differences_json,
    paired_difference,
)
from mundap.evaluation.markup import notebook_table
from mundap.evaluation.metrics import first_right, ndcg, rank_or_end, reciprocal_rank, top
from mundap.evaluation.questions import Question
from mundap.evaluation.twins import Twins
from mundap.extras import Untyped, data_frame
from mundap.ingest.problems import Problem
from mundap.korean.normalize import squash
from mundap.protocols import Progress
from mundap.types import Hit, Json

log = logging.getLogger(__name__)

Search = Callable[[str, int], list[Hit]]

METRICS = ("top1", "top3", "top10", "mrr@10", "ndcg@10", "avg_rank")
COMPARED = METRICS[:-1]  # of two runs: higher is better
_SHOWN = 5  # problems in a message or in JSON


@dataclass(frozen=True, slots=True)
class LegResult:
    """What one leg made of one question: the rank of its first right hit, counted from 1, or None for a miss.

    `with_twins` is the same where a twin of a gold passage is as right, if that was measured.
    """

    rank: int | None
    ndcg: float
    top: Hit | None
    with_twins: LegResult | None = None

    def measures(self, depth: int) -> dict[str, float]:
        """The figure of this question for each of METRICS, whose means are reported."""
        return {
            "top1": top(self.rank, 1),
            "top3": top(self.rank, 3),
            "top10": top(self.rank, 10),
            "mrr@10": reciprocal_rank(self.rank, 10),
            "ndcg@10": self.ndcg,
            "avg_rank": rank_or_end(self.rank, depth),
        }

    def to_json(self) -> dict[str, Json]:
        """`{"rank", "ndcg@10", "top"}`, and with twins also `"with_twins": {"rank", "ndcg@10"}`."""
        twins: dict[str, Json] = (
            {"with_twins": {"rank": self.with_twins.rank, "ndcg@10": self.with_twins.ndcg}} if self.with_twins else {}
        )
        return {"rank": self.rank, "ndcg@10": self.ndcg, "top": _top_json(self.top), **twins}


@dataclass(frozen=True, slots=True)
class QuestionResult:
    """One question with its gold, and what each leg found."""

    question: Question
    legs: Mapping[str, LegResult]

    def to_json(self) -> dict[str, Json]:
        """`{"question", "gold", "row", "legs": {leg: {"rank", "ndcg@10", "top"}}}`; a miss has rank null."""
        return {
            "question": self.question.question,
            "gold": list(self.question.gold),
            "row": self.question.row,
            "legs": {leg: found.to_json() for leg, found in self.legs.items()},
        }


def _top_json(hit: Hit | None) -> dict[str, Json] | None:
    if hit is None:
        return None
    passage = hit.passage
    return {"passage_id": passage.id, "source": passage.source, "score": float(hit.score), "text": passage.text}


@dataclass(frozen=True, slots=True)
class LegReport:
    """METRICS over all questions, and how many questions have no right hit.

    `with_twins` is the same where a twin of a gold passage is as right, if that was measured.
    """

    figures: Estimates
    missed: int
    with_twins: LegReport | None = None

    def to_json(self) -> dict[str, Json]:
        """`{"top1", …, "avg_rank", "ci95": {"top1": [lo, hi], …}, "missed"}`, and with twins the same as "with_twins"."""
        shown = self.figures.to_json()
        del shown["n"]  # the report says it once
        twins: dict[str, Json] = {"with_twins": self.with_twins.to_json()} if self.with_twins else {}
        return shown | {"missed": self.missed} | twins


@dataclass(frozen=True, slots=True)
class Step:
    """One row of an ablation: the figures of a variant, and how each changed from the step before it."""

    name: str
    means: Mapping[str, float]
    differences: Mapping[str, Difference]

    def to_json(self) -> dict[str, Json]:
        """`{"name", "means": {metric: …}, "changes": {metric: difference}}`; the first step has no changes."""
        changed: dict[str, Json] = {metric: difference.to_json() for metric, difference in self.differences.items()}
        return {"name": self.name, "means": self.means, "changes": changed}


@dataclass(frozen=True, slots=True)
class RetrievalReport:
    """`n` questions with gold, over `corpus` distinct parent passages, asked of every leg for `depth` hits.

    `unanswerable` questions have no gold and were left out. `gold_missing` questions have a gold
    that is in no passage: they are among the `n`, and `problems` names their rows. Where a workspace was measured,
    `ablation` says what each step of its search brings, `compared` by leg what changed since an earlier run (None
    without one), `met_in_training` how many questions the reranker was trained on, and `run` where all is kept.
    `twins` are those of the corpus, if they were asked for, and `with_twin` counts the questions whose gold has one.
    """

    n: int
    corpus: int
    legs: Mapping[str, LegReport]
    depth: int
    unanswerable: int
    gold_missing: int
    problems: tuple[Problem, ...]
    resamples: int
    seed: int
    clustered: bool
    per_question: tuple[QuestionResult, ...]
    ablation: tuple[Step, ...] = ()
    compared: Mapping[str, Differences] | None = None
    met_in_training: int = 0
    run: Path | None = None
    twins: Twins | None = None
    with_twin: int = 0

    def values(self, leg: str, metric: str) -> list[float]:
        """The figure of each question, in order: what a paired comparison of two runs needs."""
        return [one.legs[leg].measures(self.depth)[metric] for one in self.per_question]

    def groups(self) -> list[tuple[str, ...]]:
        """What questions on the same gold share, one for each question, in order."""
        return [gold_group(one.question.question, one.question.gold) for one in self.per_question]

    def to_json(self, per_question: bool = False) -> dict[str, Json]:
        """`{"n", "corpus", "legs": {leg: …}, …}`; `per_question` gives all that is kept of a run, each question too."""
        shown: dict[str, Json] = {
            "n": self.n,
            "corpus": self.corpus,
            "legs": {leg: found.to_json() for leg, found in self.legs.items()},
            "depth": self.depth,
            "unanswerable": self.unanswerable,
            "gold_missing": self.gold_missing,
            "problems": [{"row": p.row, "reason": p.reason} for p in self.problems[:_SHOWN]],
            "resamples": self.resamples,
            "seed": self.seed,
            "clustered": self.clustered,
        }
        if per_question:
            shown["per_question"] = [one.to_json() for one in self.per_question]
            shown["met_in_training"] = self.met_in_training
        elif self.run:
            shown["run"] = str(self.run)
        if self.twins is not None:
            shown["twins"] = self.twins.to_json(self.with_twin)
        if self.ablation:
            shown["ablation"] = [step.to_json() for step in self.ablation]
        if per_question or self.compared is not None:
            shown["compared"] = {leg: differences_json(found) for leg, found in (self.compared or {}).items()}
        return shown

    def compared_with(self, before: Mapping[str, Measures]) -> dict[str, Differences]:
        """For each leg that an earlier run has too, what changed over the questions that both asked."""
        keys: list[Key] = [(one.question.question, one.question.gold) for one in self.per_question]
        return {
            leg: differences(
                before[leg],
                [(key, one.legs[leg].measures(self.depth)) for key, one in zip(keys, self.per_question, strict=True)],
                COMPARED,
                self.groups(),
            )
            for leg in self.legs
            if leg in before
        }

    def to_pandas(self) -> Untyped:
        """A row for each question: its text, its row in the file, and of each leg its figures ("hybrid top1", …).

        Raises MissingExtra without pandas.
        """
        return data_frame(
            [
                {"question": one.question.question, "row": one.question.row}
                | {
                    f"{leg} {metric}": figure
                    for leg, found in one.legs.items()
                    for metric, figure in found.measures(self.depth).items()
                }
                for one in self.per_question
            ]
        )

    def _repr_html_(self) -> str:
        rows = [[leg, *(str(found.figures[metric]) for metric in METRICS)] for leg, found in self.legs.items()]
        return notebook_table([f"n = {self.n}", *METRICS], rows)


def evaluate_retrieval(
    questions: Sequence[Question],
    legs: Mapping[str, Search],
    corpus: Collection[str],
    *,
    depth: int = 100,
    progress: Progress | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
    clustered: bool = True,
    twins: Twins | None = None,
) -> RetrievalReport:
    """Ask every leg every question that has gold, and see at which rank the gold comes back.

    A leg takes a question and a depth and returns hits on parent passages, best first. A hit is right
    when its text equals a gold text, white space aside; the same gold twice counts once. `corpus`
    holds the squashed texts of all parent passages. A miss counts as rank depth + 1 in "avg_rank".
    Intervals draw gold passages with their questions if `clustered`, else single questions. With `twins` every figure is
    also reported as it is where a twin of a gold passage is as right as that passage; a gold passage counts once.
    `progress` is called with the searches done and their number.

    Raises MundapError if no question has gold, or no gold is in the corpus; ValueError if there is
    no leg or `depth` is less than 10.
    """
    if not legs or depth < 10:
        raise ValueError(f"expected one or more legs and a depth of 10 or more, found {len(legs)} and {depth}")
    known = frozenset(corpus)
    asked = [question for question in questions if question.gold]
    problems = _gold_problems(asked, known)
    answering = twins.of({squash(gold) for question in asked for gold in question.gold}) if twins else {}
    found = _ask(asked, legs, depth, progress, answering if twins is not None else None)
    groups = [gold_group(question.question, question.gold) for question in asked] if clustered else None

    def reports(rows: Sequence[Mapping[str, LegResult]]) -> dict[str, LegReport]:
        table = np.array(
            [[list(f.measures(depth).values()) for f in row.values()] for row in rows]
        )  # (n, legs, metrics)
        intervals = mean_intervals(table.reshape(len(asked), -1), groups=groups, resamples=resamples, seed=seed)
        means, ends = table.mean(axis=0).tolist(), intervals.reshape(len(legs), len(METRICS), 2).tolist()
        return {
            leg: LegReport(
                Estimates(
                    len(asked),
                    {
                        metric: Estimate(mean, low, high, len(asked))
                        for metric, mean, (low, high) in zip(METRICS, means[i], ends[i], strict=True)
                    },
                ),
                sum(row[leg].rank is None for row in rows),
            )
            for i, leg in enumerate(legs)
        }

    measured = reports(found)
    if twins is not None:
        lenient = reports([{leg: one.with_twins or one for leg, one in row.items()} for row in found])
        measured = {leg: replace(one, with_twins=lenient[leg]) for leg, one in measured.items()}
    return RetrievalReport(
        n=len(asked),
        corpus=len(known),
        legs=measured,
        depth=depth,
        unanswerable=len(questions) - len(asked),
        gold_missing=len(problems),
        problems=problems,
        resamples=resamples,
        seed=seed,
        clustered=clustered,
        per_question=tuple(QuestionResult(question, row) for question, row in zip(asked, found, strict=True)),
        twins=twins,
        with_twin=sum(any(squash(gold) in answering for gold in question.gold) for question in asked),
    )


def ablation(report: RetrievalReport, steps: Sequence[str], metrics: Sequence[str] = COMPARED) -> tuple[Step, ...]:
    """What each of `steps`, legs of `report` in the order in which they were added, brings over the one before.

    Raises UnknownName for a step that is no leg of the report.
    """
    if unknown := next((name for name in steps if name not in report.legs), None):
        raise UnknownName("step", unknown, report.legs)
    groups = report.groups() if report.clustered else None
    rows = []
    for before, name in zip([None, *steps], steps, strict=False):
        changed = {
            metric: paired_difference(report.values(before, metric), report.values(name, metric), groups=groups)
            for metric in metrics
            if before
        }
        rows.append(Step(name, {metric: report.legs[name].figures[metric].mean for metric in metrics}, changed))
    return tuple(rows)


def _gold_problems(asked: Sequence[Question], known: frozenset[str]) -> tuple[Problem, ...]:
    """The questions with a gold that is in no passage. Raises MundapError if there is nothing to find at all."""
    if not asked:
        raise MundapError("정답 제시문이 있는 질문이 없어 검색을 평가할 수 없습니다. 질문 파일의 제시문을 채우세요.")
    problems = []
    findable = 0
    for question in asked:
        missing = [gold for gold in question.gold if squash(gold) not in known]
        findable += len(question.gold) - len(missing)
        if missing:
            reason = f"제시문이 색인에 없습니다('{_start(missing[0])}'). 해당 문서를 추가하고 다시 색인하세요"
            problems.append(Problem(question.row, reason))
    if not findable:
        rows = ", ".join(f"{q.row}행 '{_start(q.gold[0])}'" if q.row else f"'{_start(q.gold[0])}'" for q in asked[:3])
        raise MundapError(
            f"질문 {len(asked)}개의 정답 제시문이 하나도 색인에 없습니다(예: {rows})."
            " 제시문이 있는 문서를 mundap ingest로 읽어 들이고 mundap index를 실행한 뒤 다시 평가하세요."
        )
    if problems:
        rows = ", ".join(f"{p.row}행" if p.row else p.reason for p in problems[:_SHOWN])
        log.warning("질문 %d개는 제시문이 색인에 없어 찾지 못한 것으로 계산합니다(예: %s).", len(problems), rows)
    return tuple(problems)


def _start(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 30 else f"{flat[:30]}…"


def _ask(
    asked: Sequence[Question],
    legs: Mapping[str, Search],
    depth: int,
    progress: Progress | None,
    twins: Mapping[str, frozenset[str]] | None,
) -> list[dict[str, LegResult]]:
    squashed: dict[str, str] = {}  # the same few passages come back again and again
    found = []
    for number, question in enumerate(asked):
        row = {}
        golds = dict.fromkeys(squash(gold) for gold in question.gold)
        strict = {gold: frozenset([gold]) for gold in golds}
        lenient = {gold: strict[gold] | twins.get(gold, frozenset()) for gold in golds} if twins is not None else None
        for place, (leg, search) in enumerate(legs.items(), 1):
            hits = search(question.question, depth)[:depth]
            for hit in hits:
                if hit.passage.text not in squashed:
                    squashed[hit.passage.text] = squash(hit.passage.text)
            texts = [squashed[hit.passage.text] for hit in hits]
            best = hits[0] if hits else None
            with_twins = None if lenient is None else _result(texts, lenient, best)
            row[leg] = replace(_result(texts, strict, best), with_twins=with_twins)
            if progress:
                progress(number * len(legs) + place, len(asked) * len(legs))
        found.append(row)
    return found


def _result(texts: Sequence[str], golds: Mapping[str, frozenset[str]], best: Hit | None) -> LegResult:
    """`golds` has the texts that are right for each gold passage, which is found once."""
    right = []
    left = dict(golds)
    for text in texts:
        met = next((gold for gold, texts_of_it in left.items() if text in texts_of_it), None)
        right.append(met is not None)
        if met is not None:
            del left[met]
    return LegResult(first_right(right), ndcg(right, len(golds)), best)
