"""What `mundap train all` came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from unicodedata import east_asian_width

from mundap.config import FILE
from mundap.evaluation.estimates import Comparison, Comparisons
from mundap.tuning.edit import Value
from mundap.types import Json
from mundap.workflows import runs
from mundap.workflows.train.attempt import Attempt
from mundap.workflows.train.plan import PARTS, SEARCHES

METRIC_NAMES = {
    "mrr@10": "MRR@10",
    "facts": "답변 내용 포함률",
    "key": "첫 문장 정답률",
    "truth": "근거 점수 정확도",
    "f1": "F1",
}


@dataclass(frozen=True)
class EverythingReport:
    """So many `questions` on so many `passages` tried `attempts`, by part, of which `kept` are proved; `skipped` says why
    other parts were not tried.

    `reused` were finished by an earlier run. `settings` were written into mundap.toml. `run` is the folder of the report.
    """

    name: str
    questions: int
    passages: int
    origin: Mapping[str, str]
    attempts: Mapping[str, Attempt]
    skipped: Mapping[str, str]
    kept: tuple[str, ...]
    reused: tuple[str, ...]
    settings: Mapping[str, Value]
    budget: float
    only_report: bool
    run: Path

    def promoted(self, settings: Mapping[str, Value]) -> EverythingReport:
        """The same after mundap.toml was changed."""
        return replace(self, settings=settings)

    @property
    def seconds(self) -> float:
        """How long the trainings took, those of earlier runs included."""
        return sum(one.seconds for one in self.attempts.values())

    @property
    def search(self) -> Mapping[str, Comparisons]:
        """What the search that is kept brings, of each split; {} if none is."""
        return next((self.attempts[part].changes for part in self.kept if part in SEARCHES), {})

    def outcome(self, part: str) -> str:
        """What becomes of a part that was tried, in Korean."""
        if part in self.kept:
            return "적용" if self.settings else "적용 권장"
        best = next((kept for kept in self.kept if kept in SEARCHES), "")
        if part in best.split("+"):
            return f"‘{PARTS[best]}’에 포함"
        doubt = self.attempts[part].doubt or f"{PARTS.get(best, '')}보다 낫지 않음"
        return f"제외: {doubt}"

    def rows(self) -> list[tuple[str, str, Comparison, str]]:
        """A part, a metric that decides, what it brought on new documents, and what becomes of the part."""
        return [
            (part, metric, next(iter(one.changes.values()))[metric], self.outcome(part))
            for part, one in self.attempts.items()
            for metric in one.metrics
        ]

    @property
    def said(self) -> str:
        """What was decided, in a sentence or two of Korean."""
        if not self.kept:
            return "적용할 모델이 없습니다: 평가에서 확실히 나아진 항목이 없습니다."
        names = ", ".join(PARTS[part] for part in self.kept)
        if self.settings:
            return f"적용한 항목: {names}. {FILE}을 수정하고 필요한 색인을 다시 만들었습니다."
        return f"적용을 권장하는 항목: {names}. 적용하려면 --no-promote 없이 같은 명령을 다시 실행하세요."

    def to_json(self) -> dict[str, Json]:
        """As `mundap train all --json` prints it, and report.json has it."""
        return {
            "name": self.name,
            "questions": self.questions,
            "passages": self.passages,
            "data": self.origin,
            "parts": [{**one.to_json(), "outcome": self.outcome(part)} for part, one in self.attempts.items()],
            "skipped": self.skipped,
            "kept": self.kept,
            "reused": self.reused,
            "set": self.settings,
            "seconds": round(self.seconds, 1),
            "budget": self.budget,
            "said": self.said,
            "run": str(self.run),
        }

    def __str__(self) -> str:
        lines = [
            f"질문 {self.questions:,}개, 제시문 {self.passages:,}개. 학습 시간 {self.seconds / 60:.1f}분(예산 {self.budget:g}분)"
        ]
        if self.reused:
            lines.append(f"이전 실행에서 끝낸 항목: {', '.join(PARTS[part] for part in self.reused)}")
        if self.attempts:
            head = ("항목", "지표(새 문서)", "질문", "학습 전", "학습 후", "차이 [95% 신뢰구간]", "결과")
            lines += ["", *_table([head, *map(_cells, self.rows())])]
        if self.skipped:
            lines += ["", *(f"건너뜀  {PARTS[part]}: {why}" for part, why in self.skipped.items())]
        if self.search:
            new = next(iter(self.search.values()))
            shown = (
                f"{m.replace('top', 'top-')} {new[m].before.mean:.1%} → {new[m].after.mean:.1%}"
                for m in ("top1", "top3")
            )
            lines += ["", f"하이브리드 검색(새 문서): {', '.join(shown)}"]
        lines += ["", self.said, *(f"{FILE}: {key} = {value!r}" for key, value in self.settings.items())]
        return "\n".join([*lines, f"보고서: {self.run / runs.PAGE}"])

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"


def _cells(row: tuple[str, str, Comparison, str]) -> tuple[str, ...]:
    part, metric, one, outcome = row
    change = one.difference
    return (
        PARTS[part],
        METRIC_NAMES[metric],
        f"{change.n:,}",
        f"{one.before.mean:.3f}",
        f"{one.after.mean:.3f}",
        f"{change.mean:+.3f} [{change.low:+.3f}, {change.high:+.3f}]",
        outcome,
    )


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    """Columns in line; Hangul is two wide."""
    widths = [max(_width(row[n]) for row in rows) for n in range(len(rows[0]))]
    return [
        "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _width(text: str) -> int:
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)
