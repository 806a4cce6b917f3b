"""The search for settings, one parameter after another, and the judgement on questions that had no say in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mundap.config import Config
from mundap.errors import UnknownName
from mundap.evaluation.bootstrap import Floats, resampled_means
from mundap.evaluation.estimates import BETTER, Comparisons, Estimate, Estimates, compare_each, estimate
from mundap.evaluation.metrics import reciprocal_rank, top
from mundap.protocols import Progress, quiet
from mundap.tuning.question_split import Part, Parts
from mundap.tuning.space import PARAMETERS, Candidate, Settings, candidates
from mundap.tuning.trial_runner import DEPTH, TrialRunner
from mundap.tuning.trials import Ranks, Trials
from mundap.types import Json
from mundap.workspace.components import LIGHT

METRICS = ("top1", "top3", "top10", "mrr@10")
CHOSEN_BY = "mrr@10"
UNCHANGED = "unchanged"
NEAR = 0.01  # of the recall at DEPTH: a k that comes so near is enough


@dataclass(frozen=True, slots=True)
class Trial:
    """A candidate with its MRR@10 on the tuning part, and the ranks that it comes of."""

    candidate: Candidate
    ranks: tuple[int | None, ...]
    mrr: Estimate


@dataclass(frozen=True, slots=True)
class Sweep:
    """All that was tried for one parameter.

    `best` has the highest MRR@10, `gain` above `current` and `error` one standard error of that paired difference.
    `chosen` is `best` where the gain is larger than the error, else `current`.
    """

    parameter: str
    trials: tuple[Trial, ...]
    current: Trial
    best: Trial
    chosen: Trial
    gain: float
    error: float

    def trial_json(self, trial: Trial) -> dict[str, Json]:
        """A trial of this sweep: what was tried, METRICS on the tuning part, and whether it is current or chosen."""
        return {
            "parameter": self.parameter,
            "panel": trial.candidate.panel,
            "series": trial.candidate.series,
            "label": trial.candidate.label,
            "settings": trial.candidate.settings.to_json(),
            **dict(zip(METRICS, _values(trial.ranks).mean(axis=0).tolist(), strict=True)),
            "ci95": list(trial.mrr.ci95),
            "current": trial is self.current,
            "chosen": trial is self.chosen,
        }


@dataclass(frozen=True, slots=True)
class RecallAtK:
    """How many hits to read: `recall[k - 1]` is the share of tuning questions with a right one among the first k.

    `report` is that share of the report questions, at the `current` k and at the `chosen` one.
    """

    recall: tuple[float, ...]
    ranks: tuple[int | None, ...]
    current: int
    chosen: int
    report: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Tuning:
    """What came of it. `chosen` won on the tuning part; `proposed` is what of it holds on the report part.

    `judged` compares METRICS of the settings as they are with those of what was chosen, on the report part. `verdict` is one of compare's, on MRR@10 of the report part, or UNCHANGED where nothing but k was to be judged.
    """

    parts: Parts
    sweeps: tuple[Sweep, ...]
    recall: RecallAtK | None
    current: Settings
    chosen: Settings
    proposed: Settings
    judged: Comparisons
    verdict: str

    def to_json(self) -> dict[str, Json]:
        """`{"n_tune", "n_report", "trials", "chosen", "proposed", "before", "after", "changes", "verdict", …}`."""
        n, recall = len(self.parts.report.questions), self.recall
        before, after = (
            Estimates(n, {metric: getattr(one, side) for metric, one in self.judged.items()})
            for side in ("before", "after")
        )
        return {
            "n_tune": len(self.parts.tuning.questions),
            "n_report": n,
            "left_out": self.parts.left_out,
            "trials": [sweep.trial_json(trial) for sweep in self.sweeps for trial in sweep.trials],
            "recall": None if recall is None else {"tuning": list(recall.recall), "report": list(recall.report)},
            "current": self.current.to_json(),
            "chosen": self.chosen.to_json(),
            "proposed": self.proposed.to_json(),
            "before": before.to_json(),
            "after": after.to_json(),
            "changes": {metric: change.to_json() for metric, change in self.judged.differences.items()},
            "verdict": self.verdict,
        }


def applicable(what: Sequence[str], config: Config) -> tuple[list[str], list[str]]:
    """Those of `what` (all of PARAMETERS if empty) that this workspace has a use for, in order; and why not the others.

    Raises UnknownName for what is no parameter.
    """
    if unknown := next((name for name in what if name not in PARAMETERS), None):
        raise UnknownName("parameter", unknown, PARAMETERS)
    found, ingest = config.retrieve, config.ingest
    reasons: dict[str, str] = {}
    if ingest.chunk_unit == "tokens" or ingest.chunking not in ("structure", "fixed"):
        said = "글자 수 단위로 나누지 않으므로([ingest] chunking, chunk_unit) 제외했습니다."
        reasons |= {name: f"{name}: {said}" for name in ("chunk", "overlap")}
    if "dense" not in found.legs:
        reasons |= {name: f"{name}: 검색 방법 dense를 사용하지 않아 제외했습니다." for name in ("chunk", "overlap")}
    if "bm25" not in found.legs:
        reasons["bm25"] = "bm25: 검색 방법 bm25를 사용하지 않아 제외했습니다."
    if len(found.legs) < 2:
        reasons["fusion"] = "fusion: 검색 방법이 하나뿐이라 결합할 것이 없어 제외했습니다."
    if not found.reranker:
        reasons["rerank"] = "rerank: [retrieve] reranker를 지정하지 않아 제외했습니다."
    elif found.reranker.startswith(LIGHT):
        reasons["rerank"] = (
            "rerank: 학습한 리랭커는 재순위화 깊이가 고정되어 있어 제외했고, 다른 항목은 리랭커 없이 평가합니다."
        )
    wanted = [name for name in PARAMETERS if name in (what or PARAMETERS)]
    return [n for n in wanted if n not in reasons], [reasons[n] for n in wanted if n in reasons]


def tune(
    runner: TrialRunner, config: Config, parts: Parts, what: Sequence[str], trials: Trials, progress: Progress = quiet
) -> Tuning:
    """Choose each of `what` in turn on the tuning part, then ask the report part twice: as it is, and as chosen.

    A parameter keeps its value unless another is better by more than one standard error. `progress` counts trials.
    """
    current = replace(Settings.of(config), rerank_depth=config.retrieve.rerank_depth if "rerank" in what else 0)
    swept = [name for name in what if name != "k"]
    planned = sum(len(candidates(name, current)) for name in swept) + 2
    done = 0

    def ask(settings: Settings, name: str, part: Part) -> Ranks:
        nonlocal done
        ranks = trials.ranks(f"{name} {settings.key}", lambda: runner.ranks(settings, part.questions))
        done += 1
        progress(min(done, planned), planned)
        return ranks

    now, sweeps = replace(current, rerank_depth=0), []
    for name in swept:
        if name == "rerank":
            now = replace(now, rerank_depth=current.rerank_depth)
        sweeps.append(_sweep(name, now, parts.tuning, lambda settings: ask(settings, "tuning", parts.tuning)))
        now = sweeps[-1].chosen.candidate.settings
    asked = {settings: ask(settings, "report", parts.report) for settings in dict.fromkeys((current, now))}
    judged = compare_each(METRICS, _values(asked[current]), _values(asked[now]), groups=parts.report.groups)
    verdict = judged[CHOSEN_BY].difference.verdict if now != current else UNCHANGED
    proposed = now if verdict == BETTER else current
    recall = None
    if "k" in what:
        recall = _recall_curve(ask(proposed, "tuning", parts.tuning), current.k, asked[proposed])
        proposed = replace(proposed, k=recall.chosen)
    progress(planned, planned)
    return Tuning(parts, tuple(sweeps), recall, current, now, proposed, judged, verdict)


def _sweep(name: str, now: Settings, part: Part, ask: Callable[[Settings], Ranks]) -> Sweep:
    trials = []
    for candidate in candidates(name, now):
        ranks = ask(candidate.settings)
        figures = _values(ranks)[:, METRICS.index(CHOSEN_BY)]
        trials.append(Trial(candidate, tuple(ranks), estimate(figures, groups=part.groups)))
    current = next(t for t in trials if t.candidate.settings == now)
    best = max(trials, key=lambda t: (t.mrr.mean, t is current))
    gains = np.subtract(*(_values(t.ranks)[:, METRICS.index(CHOSEN_BY)] for t in (best, current)))
    error = float(resampled_means(gains[:, None], groups=part.groups).std())
    gain = best.mrr.mean - current.mrr.mean
    return Sweep(name, tuple(trials), current, best, best if gain > error else current, gain, error)


def _recall_curve(ranks: Ranks, current: int, report: Ranks) -> RecallAtK:
    recall = tuple(_recall(ranks, k) for k in range(1, DEPTH + 1))
    chosen = next(k for k, share in enumerate(recall, 1) if share >= recall[-1] - NEAR - 1e-9)
    return RecallAtK(recall, tuple(ranks), current, chosen, (_recall(report, current), _recall(report, chosen)))


def _recall(ranks: Ranks, k: int) -> float:
    return float(np.mean([top(rank, k) for rank in ranks]))


def _values(ranks: Sequence[int | None]) -> Floats:
    """(questions, METRICS)."""
    return np.array([[top(r, 1), top(r, 3), top(r, 10), reciprocal_rank(r, 10)] for r in ranks], np.float64)
