"""What making training data came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from mundap.types import Json


@dataclass(frozen=True, slots=True)
class QaReport:
    """What is in `file`: `rows` questions, `new` of them made `by` this maker from `passages` passages.

    `without` passages gave none, `failed` others the language model did not answer for, and `refused` counts what was left
    out by synth.qa.REASONS. `with_three_answers` rows have a long, a medium and a short answer.
    """

    file: Path
    by: str
    rows: int
    new: int
    passages: int
    without: int
    failed: int
    with_three_answers: int
    refused: Mapping[str, int]

    def to_json(self) -> dict[str, Json]:
        """The fields by name."""
        return {
            "file": str(self.file),
            "by": self.by,
            "rows": self.rows,
            "new": self.new,
            "passages": self.passages,
            "without": self.without,
            "failed": self.failed,
            "with_three_answers": self.with_three_answers,
            "refused": self.refused,
        }


@dataclass(frozen=True, slots=True)
class RankReport:
    """What is in `file`: `rows` questions with three answers in order.

    `alike` questions had no three answers that differ in grade, `ungraded` ones got no grade, and of `missing` ones the
    passage is not in the corpus.
    """

    file: Path
    by: str
    rows: int
    alike: int
    ungraded: int
    missing: int

    def to_json(self) -> dict[str, Json]:
        """The fields by name."""
        return {**asdict(self), "file": str(self.file)}


@dataclass(frozen=True, slots=True)
class KeywordsReport:
    """What is in `file`: `rows` questions with keywords, `new` of them labelled now.

    `without` questions have no keywords, and for `failed` others the language model gave no answer.
    """

    file: Path
    by: str
    rows: int
    new: int
    without: int
    failed: int

    def to_json(self) -> dict[str, Json]:
        """The fields by name."""
        return {**asdict(self), "file": str(self.file)}


@dataclass(frozen=True, slots=True)
class PersonaReport:
    """What is in `file`: `rows` answers in the voice of `persona`; `wrong` counts others by what was wrong with them."""

    file: Path
    by: str
    persona: str
    rows: int
    wrong: Mapping[str, int]

    @property
    def dropped(self) -> int:
        """How many were left out."""
        return sum(self.wrong.values())

    def to_json(self) -> dict[str, Json]:
        """The fields by name."""
        return {
            "file": str(self.file),
            "by": self.by,
            "persona": self.persona,
            "rows": self.rows,
            "dropped": self.dropped,
            "wrong": self.wrong,
        }
