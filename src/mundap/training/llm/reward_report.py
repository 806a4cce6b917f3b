"""What training by rewards has changed on held-out prompts: a table of responses and rewards, before and after."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from statistics import mean, median

from mundap.evaluation.bootstrap import mean_interval
from mundap.evaluation.estimates import Comparison, Difference, Estimate, compare
from mundap.evaluation.html_parts import frame, note, section, table
from mundap.evaluation.line_plot import Point, line_plot
from mundap.files import cell
from mundap.training.common.measure import verdict_on
from mundap.training.common.registry import Verdict
from mundap.types import Json

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


@dataclass(frozen=True)
class PPOReport:
    """What the held-out prompts say of a policy that learned from `prompts` others.

    `kl` is how many nats a response is from the reference; `steps` has the figures of every step.
    """

    prompts: int
    rows: tuple[Row, ...]
    kl: Estimate
    steps: tuple[Mapping[str, float], ...]

    @cached_property
    def reward(self) -> Comparison:
        """Before and after training."""
        return compare(self.before, self.after)

    @property
    def before(self) -> list[float]:
        """The reward of each prompt."""
        return [row.reward_before for row in self.rows]

    @property
    def after(self) -> list[float]:
        """The reward of each prompt."""
        return [row.reward_after for row in self.rows]

    @property
    def up(self) -> float:
        """The share of prompts whose reward rose."""
        return sum(row.reward_after > row.reward_before for row in self.rows) / len(self.rows)

    @property
    def verdict(self) -> Verdict:
        """Whether prompts earn more than before, beyond chance."""
        return verdict_on(self.reward.difference)

    def to_json(self) -> dict[str, Json]:
        """`{"prompts", "held_out", "reward": {"before", "after", "difference"}, "up", "kl", "steps"}`; before and after
        have a median, too."""
        return {
            "prompts": self.prompts,
            "held_out": len(self.rows),
            "reward": {
                "before": {**self.reward.before.to_json(), "median": median(self.before)},
                "after": {**self.reward.after.to_json(), "median": median(self.after)},
                "difference": self.reward.difference.to_json(),
            },
            "up": self.up,
            "kl": self.kl.to_json(),
            "steps": self.steps,
        }


def rewards_csv(report: PPOReport) -> str:
    """A line for each prompt, then mean and median; as spreadsheets read it, with a mark that it is UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_COLUMNS)
    writer.writerows(
        (cell(r.query), cell(r.before), cell(r.after), f"{r.reward_before:.4f}", f"{r.reward_after:.4f}")
        for r in report.rows
    )
    for name, figure in (("mean", mean), ("median", median)):
        writer.writerow((name, "", "", f"{figure(report.before):.4f}", f"{figure(report.after):.4f}"))
    return "\ufeff" + out.getvalue()


def rewards_page(report: PPOReport, subject: str, made: str) -> str:
    """The figures, the curve of the rewards, and every response before and after."""
    reward, kl = report.reward, report.kl
    lines = [
        ["학습 전", str(reward.before), f"{median(report.before):.3f}"],
        ["학습 후", str(reward.after), f"{median(report.after):.3f}"],
        ["차이", f"{reward.difference.mean:+.3f} {_ends(reward.difference)}", f"p = {reward.difference.p:.4f}"],
    ]
    steps = [point["reward"] for point in report.steps]
    width = -(-len(steps) // _POINTS)
    curve = [
        Point(str(first + len(some)), mean(some), mean_interval(some))
        for first in range(0, len(steps), width)
        if (some := steps[first : first + width])
    ]
    texts = [[r.query, r.before, r.after, f"{r.reward_before:.3f}", f"{r.reward_after:.3f}"] for r in report.rows]
    return frame(
        "보상 기반 강화 학습",
        subject,
        f"{subject} · {made}",
        note(
            f"평가 질문 {len(report.rows)}개에 하나씩 생성한 답변입니다. 보상이 오른 질문 {report.up:.1%}."
            f" 기준 모델과의 KL 발산은 {kl.mean:.2f} [{kl.low:.2f}, {kl.high:.2f}] nat입니다."
        ),
        section("보상", table(["", "평균", "중앙값"], lines)),
        section("학습 곡선", line_plot("스텝별 생성 답변의 평균 보상", [("보상", curve)])),
        section(
            "답변",
            table(["질문", "답변 (학습 전)", "답변 (학습 후)", "보상 (학습 전)", "보상 (학습 후)"], texts, texts=True),
        ),
    )


def _ends(change: Difference) -> str:
    return f"[{change.low:+.3f}, {change.high:+.3f}]"
