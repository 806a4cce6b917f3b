"""What a question means before it is searched for: without its conversation, by its conditions, in other words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Literal

from mundap.generate.structured import Completer
from mundap.retrieve.decompose import decomposed
from mundap.retrieve.followup import standalone
from mundap.retrieve.queries import hypothetical, paraphrases
from mundap.retrieve.rewrite import rewritten
from mundap.retrieve.selfquery import Understood, understand
from mundap.retrieve.selfquery_llm import from_llm
from mundap.store.corpus import Corpus
from mundap.types import Turn

Leg = Literal["hybrid", "dense"]
Mode = Literal["off", "rules", "llm"]

_TOKENS = 512  # of the conditions that a model finds in a question


class Understanding:
    """Reads questions to one corpus. `completer` is asked for only where a mode is "llm", or with `hyde`.

    `reword` gives a question in the words of the documents, for `multi_query` by rules.
    """

    def __init__(
        self,
        corpus: Corpus,
        completer: Callable[[], Completer],
        reword: Callable[[str], Sequence[str]],
        *,
        follow_up: Mode,
        self_query: Mode,
        multi_query: Mode,
        hyde: bool,
    ) -> None:
        self._corpus = corpus
        self._completer = completer
        self._reword = reword
        self._follow_up = follow_up
        self._self_query = self_query
        self._multi_query = multi_query
        self._hyde = hyde
        self._nameable_before: tuple[str, tuple[str, ...], tuple[str, ...]] | None = None

    def alone(self, question: str, history: Sequence[Turn]) -> str:
        """The question as it can be understood without what was said before it."""
        if self._follow_up == "llm":
            return rewritten(question, history, self._completer())
        return standalone(question, history)

    def conditions(self, question: str) -> Understood:
        """What the question asks of documents besides what they say: their source, their kind, their date."""
        if self._self_query == "off":
            return Understood(question)
        sources, kinds = self._nameable
        if self._self_query == "rules":
            return understand(question, date.today(), sources, kinds)
        complete = self._completer().complete
        return from_llm(question, date.today(), sources, kinds, lambda said, form: complete(said, form, _TOKENS))

    def others(self, question: str) -> list[tuple[str, Leg]]:
        """What to search for besides the question, and by which leg."""
        others: list[tuple[str, Leg]] = []
        if self._multi_query == "llm":
            others += [(other, "hybrid") for other in paraphrases(question, self._completer())]
        elif self._multi_query == "rules":
            others += [(other, "hybrid") for other in (*decomposed(question), *self._reword(question))]
        if self._hyde and (passage := hypothetical(question, self._completer())):
            others.append((passage, "dense"))
        return others

    @property
    def _nameable(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The sources and the kinds of documents that a question may name."""
        state = self._corpus.state()
        if self._nameable_before is None or self._nameable_before[0] != state:
            kinds = (*self._corpus.values("kind"), *self._corpus.values("suffix"))
            self._nameable_before = (state, tuple(self._corpus.values("source")), kinds)
        return self._nameable_before[1:]
