"""What became of an answer that was to be proved."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from mundap.types import Json

State = Literal["proved", "changed", "missing", "forged"]
STATES: tuple[State, ...] = ("proved", "changed", "missing", "forged")  # from best to worst
Index = Literal["same", "newer", "gone", "unknown"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of a citation, a sentence, or an answer as a whole. `reason` is for people, "" where it is proved.

    "changed": the documents have, and the words stand in them still; "missing": there is nothing to prove it by, or not
    any more; "forged": the documents say otherwise. `elsewhere` holds the ids of passages that have the words of a quote
    which does not stand where it stood.
    """

    state: State
    text: str
    reason: str = ""
    elsewhere: tuple[str, ...] = ()

    def to_json(self, text: str) -> dict[str, Json]:
        """`{"state", text: …, "reason"}`, and "elsewhere" if there is any; `text` is what the words are called."""
        found: dict[str, Json] = {"state": self.state, text: self.text, "reason": self.reason}
        return found | ({"elsewhere": self.elsewhere} if self.elsewhere else {})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What of an answer is proved. Findings stand in the order of the answer's citations and sentences.

    `generation` is the index that the answer was found in, "" if it does not say, and `index` what became of that: it is
    in use ("same"), there is a "newer" one, or it is "gone".
    """

    question: str
    answer: Finding
    citations: tuple[Finding, ...]
    sentences: tuple[Finding, ...]
    generation: str
    index: Index

    @property
    def state(self) -> State:
        """The worst of all."""
        return worst(one.state for one in (self.answer, *self.citations, *self.sentences))

    def to_json(self) -> dict[str, Json]:
        """`{"question", "state", "answer": {…}, "sentences": […], "citations": […], "generation": {"answered", "state"}}`."""
        return {
            "question": self.question,
            "state": self.state,
            "answer": self.answer.to_json("text"),
            "sentences": [one.to_json("text") for one in self.sentences],
            "citations": [one.to_json("quote") for one in self.citations],
            "generation": {"answered": self.generation, "state": self.index},
        }


def worst(states: Iterable[State]) -> State:
    """The state furthest from a proof; "proved" of none."""
    return max(states, key=STATES.index, default="proved")
