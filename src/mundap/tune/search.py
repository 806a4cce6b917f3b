"""The search for settings, one parameter after another, and the judgement on questions that had no say in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mundap.config import Config
from mundap.errors import UnknownName
from mundap.evaluate.bootstrap import Figures, Floats, Interval, mean_figures, mean_interval, resampled_means
from mundap.evaluate.compare import BETTER, Change, change
from mundap.evaluate.metrics import reciprocal_rank, top
from mundap.protocols import Progress, quiet
from mundap.tune.parts import Part, Parts
from mundap.tune.space import PARAMETERS, Candidate, Settings, candidates
from mundap.tune.trial_runner import DEPTH, TrialRunner
from mundap.tune.trials import Ranks, Trials
from mundap.workspace.components import LIGHT

METRICS = ("top1", "top3", "top10", "mrr@10")
CHOSEN_BY = "mrr@10"
UNCHANGED = "unchanged"
NEAR = 0.01  # of the recall at DEPTH: a k that comes so near is enough


@dataclass(frozen=True, slots=True)
class Tried:
    """A candidate with its MRR@10 on the tuning part, the interval, and the other figures."""

    candidate: Candidate
    ranks: tuple[int | None, ...]
    mrr: float
    ci95: Interval


@dataclass(frozen=True, slots=True)
class Sweep:
    """All that was tried for one parameter.

    `best` has the highest MRR@10, `gain` above `current` and `error` one standard error of that paired difference.
    `chosen` is `best` where the gain is larger than the error, else `current`.
    """

    parameter: str
    tried: tuple[Tried, ...]
    current: Tried
    best: Tried
    chosen: Tried
    gain: float
    error: float


@dataclass(frozen=True, slots=True)
class Reading:
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

    `verdict` is one of compare's, on MRR@10 of the report part, or UNCHANGED where nothing but k was to be judged.
    """

    parts: Parts
    sweeps: tuple[Sweep, ...]
    reading: Reading | None
    current: Settings
    chosen: Settings
    proposed: Settings
    before: Figures
    after: Figures
    changes: dict[str, Change]
    verdict: str


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
    before, after = _values(asked[current]), _values(asked[now])
    groups = parts.report.groups
    changes = {m: change(before[:, n], after[:, n], groups) for n, m in enumerate(METRICS)}
    verdict = changes[CHOSEN_BY]["verdict"] if now != current else UNCHANGED
    proposed = now if verdict == BETTER else current
    reading = None
    if "k" in what:
        reading = _reading(ask(proposed, "tuning", parts.tuning), current.k, asked[proposed])
        proposed = replace(proposed, k=reading.chosen)
    progress(planned, planned)
    figures = [mean_figures(METRICS, list(rows), groups=groups) for rows in (before, after)]
    return Tuning(parts, tuple(sweeps), reading, current, now, proposed, figures[0], figures[1], changes, verdict)


def _sweep(name: str, now: Settings, part: Part, ask: Callable[[Settings], Ranks]) -> Sweep:
    tried = []
    for candidate in candidates(name, now):
        ranks = ask(candidate.settings)
        figures = _values(ranks)[:, METRICS.index(CHOSEN_BY)]
        ends = mean_interval(figures, groups=part.groups)
        tried.append(Tried(candidate, tuple(ranks), float(figures.mean()), ends))
    current = next(t for t in tried if t.candidate.settings == now)
    best = max(tried, key=lambda t: (t.mrr, t is current))
    gains = np.subtract(*(_values(t.ranks)[:, METRICS.index(CHOSEN_BY)] for t in (best, current)))
    error = float(resampled_means(gains[:, None], groups=part.groups).std())
    gain = best.mrr - current.mrr
    return Sweep(name, tuple(tried), current, best, best if gain > error else current, gain, error)


def _reading(ranks: Ranks, current: int, report: Ranks) -> Reading:
    recall = tuple(_recall(ranks, k) for k in range(1, DEPTH + 1))
    chosen = next(k for k, share in enumerate(recall, 1) if share >= recall[-1] - NEAR - 1e-9)
    return Reading(recall, tuple(ranks), current, chosen, (_recall(report, current), _recall(report, chosen)))


def _recall(ranks: Ranks, k: int) -> float:
    return float(np.mean([top(rank, k) for rank in ranks]))


def _values(ranks: Sequence[int | None]) -> Floats:
    """(questions, METRICS)."""
    return np.array([[top(r, 1), top(r, 3), top(r, 10), reciprocal_rank(r, 10)] for r in ranks], np.float64)


def as_json(tuning: Tuning) -> dict[str, Any]:
    """`{"n_tune", "n_report", "trials", "chosen", "proposed", "before", "after", "changes", "verdict", …}`."""
    reading = tuning.reading
    return {
        "n_tune": len(tuning.parts.tuning.questions),
        "n_report": len(tuning.parts.report.questions),
        "left_out": tuning.parts.left_out,
        "trials": [
            {
                "parameter": sweep.parameter,
                "panel": tried.candidate.panel,
                "series": tried.candidate.series,
                "label": tried.candidate.label,
                "settings": tried.candidate.settings.as_json(),
                **dict(zip(METRICS, _values(tried.ranks).mean(axis=0).tolist(), strict=True)),
                "ci95": list(tried.ci95),
                "current": tried is sweep.current,
                "chosen": tried is sweep.chosen,
            }
            for sweep in tuning.sweeps
            for tried in sweep.tried
        ],
        "recall": None if reading is None else {"tuning": list(reading.recall), "report": list(reading.report)},
        "current": tuning.current.as_json(),
        "chosen": tuning.chosen.as_json(),
        "proposed": tuning.proposed.as_json(),
        "before": tuning.before.as_json(),
        "after": tuning.after.as_json(),
        "changes": dict(tuning.changes),
        "verdict": tuning.verdict,
    }
