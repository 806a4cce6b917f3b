"""What people said of answers, as training data and as a list to work on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mundap.errors import MundapError
from mundap.files import write_atomically
from mundap.shapes import json_line
from mundap.training.common import feedback
from mundap.types import Json
from mundap.workspace import Mundap

What = Literal["retriever", "preference", "sft"]
WHAT: tuple[What, ...] = ("retriever", "preference", "sft")


@dataclass(frozen=True, slots=True)
class FeedbackReport:
    """What is in `folder`: a JSONL file of so many `rows` for each of WHAT that was asked for.

    `untraced` votes were left out of "retriever": it is not known which passage holds the answer.
    """

    folder: Path
    rows: Mapping[str, int]
    untraced: int

    def file(self, what: str) -> Path:
        """That of one of WHAT."""
        return self.folder / f"{what}.jsonl"

    def to_json(self) -> dict[str, Json]:
        """`{"folder", "retriever": rows, …, "untraced"}`."""
        return {"folder": str(self.folder), **self.rows, "untraced": self.untraced}


def export(bot: Mundap, out: str | Path, what: Sequence[What] = WHAT) -> FeedbackReport:
    """Write votes as training data into the folder `out`; of several votes on one request the last counts.

    "retriever" has questions and passages with hard negatives, "preference" better and worse answers, "sft" questions and
    answers. Raises MundapError if nobody has voted yet.
    """
    given = [one for one in bot.feedback.given() if one.vote is not None]
    if not given:
        raise MundapError(
            "아직 의견이 없습니다. mundap serve의 POST /feedback이나 mundap ui로 의견을 받을 수 있습니다."
        )
    named = {id for one in given for id in (*one.shown, *one.cited, one.vote.passage_id if one.vote else "")}
    made = feedback.training_rows(
        given,
        bot.corpus.passages(sorted(named)),
        bot.components.reader.shares,
        lambda text: [hit.passage for hit in bot.search(text, k=5)],
    )
    rows = {"retriever": made.retriever, "preference": made.preference, "sft": made.sft}
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    for name in what:
        lines = "".join(f"{json_line(row)}\n" for row in rows[name])
        write_atomically(folder / f"{name}.jsonl", lines)
    return FeedbackReport(folder, {name: len(rows[name]) for name in what}, made.untraced)


def review(bot: Mundap, number: int = 20) -> list[feedback.QuestionFeedback]:
    """The first `number` questions that were voted down or could not be answered, the worst first."""
    return feedback.worst(list(bot.feedback.given()))[:number]
