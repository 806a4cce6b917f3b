"""What training by rewards has changed on held-out prompts: a table of responses and rewards, before and after."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, median
from typing import Any

from mundap.evaluate.bootstrap import mean_interval
from mundap.evaluate.compare import change
from mundap.evaluate.line_plot import Point, line_plot
from mundap.evaluate.page import frame, note, section, table

_POINTS = 10  # of the curve
_COLUMNS = ("query", "response (before)", "response (after)", "rewards (before)", "rewards (after)")


@dataclass(frozen=True)
class Row:
    """A held-out prompt, the responses before and after training, and what they are worth."""

    query: str
    before: str
    after: str
    reward_before: float
    reward_after: float


def told(rows: Sequence[Row]) -> dict[str, Any]:
    """`{"held_out", "reward": {"before", "after", "difference"}, "up"}`; of before and after the mean, its interval and
    the median, of the difference what `change` says; "up" is the share of prompts whose reward rose."""
    was, now = [row.reward_before for row in rows], [row.reward_after for row in rows]
    figures = {
        name: {"mean": mean(values), "ci95": list(mean_interval(values)), "median": median(values)}
        for name, values in (("before", was), ("after", now))
    }
    up = sum(b > a for a, b in zip(was, now, strict=True)) / len(rows)
    return {"held_out": len(rows), "reward": {**figures, "difference": dict(change(was, now))}, "up": up}


def rewards_csv(rows: Sequence[Row]) -> str:
    """A line for each prompt, then mean and median; as spreadsheets read it, with a mark that it is UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_COLUMNS)
    writer.writerows((r.query, r.before, r.after, f"{r.reward_before:.4f}", f"{r.reward_after:.4f}") for r in rows)
    for name, figure in (("mean", mean), ("median", median)):
        was, now = figure([r.reward_before for r in rows]), figure([r.reward_after for r in rows])
        writer.writerow((name, "", "", f"{was:.4f}", f"{now:.4f}"))
    return "\ufeff" + out.getvalue()


def rewards_page(rows: Sequence[Row], report: Mapping[str, Any], subject: str, made: str) -> str:
    """The figures, the curve of the rewards, and every response before and after."""
    reward, kl = report["reward"], report["kl"]
    lines = [
        [title, _figure(reward[name]), f"{reward[name]['median']:.3f}"]
        for name, title in (("before", "학습 전"), ("after", "학습 후"))
    ]
    changed = reward["difference"]
    lines.append(["차이", _figure(changed, "+"), f"p = {changed['p']:.4f}"])
    steps = [point["reward"] for point in report["steps"]]
    width = -(-len(steps) // _POINTS)
    curve = [
        Point(str(first + len(some)), mean(some), mean_interval(some))
        for first in range(0, len(steps), width)
        if (some := steps[first : first + width])
    ]
    texts = [[r.query, r.before, r.after, f"{r.reward_before:.3f}", f"{r.reward_after:.3f}"] for r in rows]
    return frame(
        "보상 기반 강화 학습",
        subject,
        f"{subject} · {made}",
        note(
            f"평가 질문 {report['held_out']}개에 하나씩 생성한 답변입니다. 보상이 오른 질문 {report['up']:.1%}."
            f" 기준 모델과의 KL 발산은 {kl['mean']:.2f} [{kl['ci95'][0]:.2f}, {kl['ci95'][1]:.2f}] nat입니다."
        ),
        section("보상", table(["", "평균", "중앙값"], lines)),
        section("학습 곡선", line_plot("스텝별 생성 답변의 평균 보상", [("보상", curve)])),
        section(
            "답변",
            table(["질문", "답변 (학습 전)", "답변 (학습 후)", "보상 (학습 전)", "보상 (학습 후)"], texts, texts=True),
        ),
    )


def _figure(figure: Mapping[str, Any], sign: str = "") -> str:
    low, high = figure["ci95"]
    return f"{figure['mean']:{sign}.3f} [{low:{sign}.3f}, {high:{sign}.3f}]"
