"""What a training ends in: a model that is kept, and what changed on questions that were held out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from mundap.evaluation.estimates import Comparison, Comparisons, Difference, Estimate
from mundap.extras import Untyped, data_frame
from mundap.training.common.registry import Card, Report, Verdict
from mundap.types import Json


@dataclass(frozen=True)
class TrainResult:
    """The model `name`, kept in `folder` with its `card`; it shows itself when it is printed, and in a notebook.

    `use` is how settings or another command name it. `comparisons` has what changed, by a title that readers are shown,
    `summary` what was learned from and `advice` what to do next. `report` is everything that was measured, `also` what
    else is told as JSON.
    """

    name: str
    folder: Path
    card: Card
    report: Report
    use: str | Mapping[str, Json]
    comparisons: Mapping[str, Comparisons]
    summary: str
    advice: str
    also: Mapping[str, Json] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """What was trained, as `mundap train` names it."""
        return self.card.kind

    @property
    def verdict(self) -> Verdict:
        """Whether it is better than what there was before."""
        return self.report.verdict

    @property
    def recommended(self) -> bool:
        """Whether it is better beyond chance, and nowhere worse."""
        return self.card.recommended

    def to_json(self) -> dict[str, Json]:
        """As `mundap train --json` prints it."""
        kept: dict[str, Json] = {"folder": str(self.folder), "use": self.use, "recommended": self.recommended}
        return {**self.report.to_json(), **self.card.model, **kept, **self.also}

    def to_pandas(self) -> Untyped:
        """A row for each metric of each comparison: what, metric, before, after, difference, low, high, p, n.

        Raises MissingExtra without pandas.
        """
        return data_frame(
            [{"what": title, **row} for title, rows in self.comparisons.items() for row in rows.to_rows()]
        )

    def __str__(self) -> str:
        tables = (comparison_text(title, rows) for title, rows in self.comparisons.items())
        return "\n".join([self.summary, *tables, f"\n모델: {self.folder}", self.advice])

    def _repr_html_(self) -> str:
        tables = (f"<h4>{escape(title)}</h4>{rows._repr_html_()}" for title, rows in self.comparisons.items())
        told = escape(f"모델: {self.folder}\n{self.advice}")
        return f"<p>{escape(self.summary)}</p>{''.join(tables)}<pre>{told}</pre>"


def comparison_text(title: str, rows: Mapping[str, Comparison]) -> str:
    """Under the title a line for each metric: before, after, the difference, and its p."""
    width = max(8, *(len(metric) + 1 for metric in rows))
    head = f"\n{title}\n{'':{width}}{'학습 전':>21}{'학습 후':>21}{'차이':>24}{'p':>9}"
    lines = (
        f"{metric:{width}}{_cell(one.before)}{_cell(one.after)}{_cell(one.difference, '+')}{one.difference.p:>9.4f}"
        for metric, one in rows.items()
    )
    return "\n".join([head, *lines])


def _cell(figure: Estimate | Difference, sign: str = "") -> str:
    return f"{figure.mean:>{sign}9.3f} [{figure.low:{sign}.3f}, {figure.high:{sign}.3f}]"
