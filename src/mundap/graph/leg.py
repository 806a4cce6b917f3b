"""The graph leg: from the keywords of a question, over what they are called and what stands beside them, to passages.

Weighted hops, one edge far: each keyword of the question scores a passage by its best way there, and ways of
different keywords add up. Taking the best rather than the sum keeps a keyword with many synonyms from outweighing the
others, and no way brings more than the keyword itself would: a rare synonym of a common word is not worth its rarity.
Personalised PageRank ranked worse (docs/experiments/2026-11-26-keyword-graph.md).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mundap.graph.build import Name
from mundap.graph.graph import SAME, SYNONYM, Graph, Step
from mundap.index.scored import ScoredLeg
from mundap.index.table import Table
from mundap.korean.everyday import Everyday, FindEveryday
from mundap.protocols import Scores
from mundap.types import Hit, Link

# What a way counts against the keyword itself (docs/experiments/2026-11-26-keyword-graph.md).
BY_SYNONYM, BY_NEAR, BY_RELATION = 1.0, 0.1, 0.1
_REMEMBERED = 10_000  # keywords whose ways are kept at hand
_BY_TABLE = "일상어 표"
NEIGHBOURS = 5  # followed from one keyword; more bring nothing

Ways = Mapping[str, tuple[Step, ...]]


@dataclass(frozen=True)
class _LastQuestion:
    """The last question, the ways from its keywords, and the score of every row."""

    question: str
    ways: Ways
    scores: Scores


class GraphLeg(ScoredLeg):
    """Finds passages over a keyword graph; nothing for a question none of whose keywords leads anywhere.

    `name_keywords` gives the keywords of a question in lower case, and `everyday` finds what documents say for its words.
    """

    name = "graph"

    def __init__(
        self,
        graph: Graph,
        table: Table,
        name_keywords: Name,
        neighbours: int = NEIGHBOURS,
        everyday: FindEveryday | None = None,
    ) -> None:
        self.graph = graph
        self.table = table
        self.name_keywords = name_keywords
        self.everyday = everyday
        self.neighbours = neighbours
        self._asked = _LastQuestion("", {}, np.zeros(len(table), np.float32))
        self._known: dict[str, tuple[Step, ...]] = {}

    def search(self, question: str, k: int = 10, where: Collection[str] | None = None) -> list[Hit]:
        """The best `k` passages, each with the links that lead to it."""
        return self.explained(question, super().search(question, k, where))

    def _scores(self, question: str) -> Scores:
        return self._ask(question).scores

    def explained(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
        """The hits with the links that lead to each: of each keyword of the question the best way there."""
        ways = self._ask(question).ways if hits else {}
        rows = self.table.ids.rows([hit.passage.id for hit in hits])
        distinct, places = np.unique(rows[rows >= 0], return_inverse=True)
        tails = {step.tail for steps in ways.values() for step in steps}
        impacts = {tail: self.graph.mentions.scores_in([tail], distinct) for tail in tails}
        place = dict(zip(np.flatnonzero(rows >= 0).tolist(), places.tolist(), strict=True))
        return [
            replace(hit, links=_links(ways, {tail: float(found[place[n]]) for tail, found in impacts.items()}))
            if n in place
            else hit
            for n, hit in enumerate(hits)
        ]

    def _from(self, word: str) -> tuple[Step, ...]:
        held = self._known.get(word)
        if held is None:
            if len(self._known) >= _REMEMBERED:
                self._known = {}
            held = self._known[word] = self._followed(word)
        return held

    def _followed(self, word: str) -> tuple[Step, ...]:
        others = [
            *(replace(step, weight=BY_SYNONYM * step.weight) for step in self.graph.synonyms(word)),
            *(_onward(step, word) for step in self.graph.relations(word, self.neighbours)),
            *(replace(step, weight=BY_NEAR * step.weight) for step in self.graph.near(word, self.neighbours)),
        ]
        return self._joined(word, [Step(word, SAME, word, 1.0)], others)

    def _called(self, found: Everyday, steps: Sequence[Step]) -> tuple[Step, ...]:
        """The steps from an everyday word, and those to what documents say for it."""
        said = [("".join(word.split()), weight) for word, weight in found.said]
        others = [
            Step(found.asked, SYNONYM, word, BY_SYNONYM * weight, _BY_TABLE)
            for word, weight in said
            if self.graph.count(word)
        ]
        return self._joined(found.asked, steps, others)

    def _joined(self, word: str, first: Sequence[Step], others: Sequence[Step]) -> tuple[Step, ...]:
        """`first`, then `others`, none worth more than the word itself would be, one for each tail."""
        rare, *rares = self.graph.mentions.rarity([word, *(step.tail for step in others)])
        steps = {step.tail: step for step in first}
        for step, other in zip(others, rares, strict=True):
            steps.setdefault(step.tail, replace(step, weight=step.weight * min(1.0, rare / other)))
        return tuple(steps.values())

    def _ask(self, question: str) -> _LastQuestion:
        asked = self._asked  # one read: another thread may replace it
        if question != asked.question:
            [words] = self.name_keywords([question])
            ways = {word: self._from(word) for word in words}
            for found in self.everyday(question) if self.everyday else ():
                if steps := self._called(found, ways.get(found.asked, ())):  # none: no document says any of it
                    ways[found.asked] = steps
            asked = self._asked = _LastQuestion(question, ways, self._summed(ways))
        return asked

    def _summed(self, ways: Ways) -> Scores:
        mentions = self.graph.mentions
        total = np.zeros(len(self.table), np.float32)
        for steps in ways.values():
            found = [(*mentions.impacts(step.tail), np.float32(step.weight)) for step in steps]
            found = [one for one in found if len(one[0])]
            if len(found) == 1:
                [(rows, impacts, weight)] = found
                total[rows] += weight * impacts
            elif found:
                scores = np.concatenate([weight * impacts for _, impacts, weight in found])
                held, places = np.unique(np.concatenate([rows for rows, _, _ in found]), return_inverse=True)
                best = np.zeros(len(held), np.float32)
                np.maximum.at(best, places, scores)
                total[held] += best
        return total


def _links(ways: Ways, impacts: Mapping[str, float]) -> tuple[Link, ...]:
    """Of each keyword the best way to a passage, where each word brings one of `impacts`."""
    links = []
    for asked, steps in ways.items():
        best, step = max(((impacts[step.tail] * step.weight, step) for step in steps), key=lambda one: one[0])
        if best > 0:
            links.append(Link(asked, step.kind, step.tail, best, step.shown))
    return tuple(sorted(links, key=lambda link: (-link.score, link.asked)))


def _onward(step: Step, word: str) -> Step:
    """A relation as a step away from `word`, whichever end of it that is."""
    return Step(word, step.kind, step.tail if step.head == word else step.head, BY_RELATION, step.shown)
