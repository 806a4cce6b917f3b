"""The graph leg: from the keywords of a question, over what they are called and what stands beside them, to passages.

Weighted hops, one edge far: each keyword of the question scores a passage by its best way there, and ways of
different keywords add up. Taking the best rather than the sum keeps a keyword with many synonyms from outweighing the
others, and no way brings more than the keyword itself would: a rare synonym of a common word is not worth its rarity.
Personalised PageRank ranked worse (docs/experiments.md, "Keyword graph").
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import numpy as np

from mundap.graph.graph import SAME, Graph, Step
from mundap.index.rank import Mask, Rows, Scores, top_rows
from mundap.index.table import Table, ranks
from mundap.types import Hit, Link

# What a way counts against the keyword itself (docs/experiments.md, "Keyword graph").
BY_SYNONYM, BY_NEAR, BY_RELATION = 1.0, 0.1, 0.1
NEIGHBOURS = 5  # followed from one keyword; more bring nothing

Name = Callable[[Sequence[str]], list[list[str]]]


class GraphLeg:
    """Finds passages over a keyword graph; nothing for a question none of whose keywords leads anywhere.

    `name_keywords` gives the keywords of a question in lower case.
    """

    name = "graph"

    def __init__(self, graph: Graph, table: Table, name_keywords: Name, neighbours: int = NEIGHBOURS) -> None:
        self.graph = graph
        self.table = table
        self.name_keywords = name_keywords
        self.neighbours = neighbours
        self._asked: tuple[str, Scores] = ("", np.zeros(len(table), np.float32))

    def search(self, question: str, k: int = 10, where: Collection[str] | None = None) -> list[Hit]:
        """The best `k` passages, each with the links that lead to it."""
        rows, scores = self.find(question, k, self.table.mask(where))
        return self.explained(question, self.table.hits(rows, scores, {self.name: ranks(rows)}))

    def find(self, question: str, depth: int, mask: Mask | None = None) -> tuple[Rows, Scores]:
        """The best `depth` rows, in order, with their scores, all above zero."""
        scores = self._scores(question)
        rows = top_rows(scores if mask is None else np.where(mask, scores, 0), depth, above=0)
        return rows, scores[rows]

    def score(self, question: str, rows: Rows) -> Scores:
        """The exact score of each of these rows."""
        return self._scores(question)[rows]

    def ways(self, question: str) -> dict[str, list[Step]]:
        """For each keyword of the question the steps to what passages name, itself first, no word twice."""
        [words] = self.name_keywords([question])
        return {word: self._from(word) for word in words}

    def explained(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
        """The hits with the links that lead to each: of each keyword of the question the best way there."""
        ways = self.ways(question) if hits else {}
        rows = [bisect_left(self.table.ids, hit.passage.id) for hit in hits]
        return [replace(hit, links=self._links(ways, row)) for hit, row in zip(hits, rows, strict=True)]

    def _links(self, ways: dict[str, list[Step]], row: int) -> tuple[Link, ...]:
        links = []
        for asked, steps in ways.items():
            scored = [(self._impact(step.tail, row) * step.weight, step) for step in steps]
            best, step = max(scored, key=lambda one: one[0])
            if best > 0:
                links.append(Link(asked, step.kind, step.tail, best, step.shown))
        return tuple(sorted(links, key=lambda link: (-link.score, link.asked)))

    def _impact(self, word: str, row: int) -> float:
        start, end = self.graph.mentions.span(word)
        place = start + int(np.searchsorted(self.graph.mentions.rows[start:end], row))
        held = place < end and self.graph.mentions.rows[place] == row
        return float(self.graph.mentions.impacts[place]) if held else 0.0

    def _from(self, word: str) -> list[Step]:
        others = [
            *(replace(step, weight=BY_SYNONYM * step.weight) for step in self.graph.synonyms(word)),
            *(_onward(step, word) for step in self.graph.relations(word, self.neighbours)),
            *(replace(step, weight=BY_NEAR * step.weight) for step in self.graph.near(word, self.neighbours)),
        ]
        rare, *rares = self.graph.mentions.rarity([word, *(step.tail for step in others)])
        steps = {word: Step(word, SAME, word, 1.0)}
        for step, other in zip(others, rares, strict=True):
            steps.setdefault(step.tail, replace(step, weight=step.weight * min(1.0, rare / other)))
        return list(steps.values())

    def _scores(self, question: str) -> Scores:
        asked = self._asked  # one read: another thread may replace it
        if question != asked[0]:
            asked = self._asked = (question, self._summed(question))
        return asked[1]

    def _summed(self, question: str) -> Scores:
        mentions = self.graph.mentions
        total = np.zeros(len(self.table), np.float32)
        for steps in self.ways(question).values():
            spans = [(*mentions.span(step.tail), np.float32(step.weight)) for step in steps]
            spans = [span for span in spans if span[1] > span[0]]
            if len(spans) == 1:
                [(start, end, weight)] = spans
                total[mentions.rows[start:end]] += weight * mentions.impacts[start:end]
            elif spans:
                rows = np.concatenate([mentions.rows[start:end] for start, end, _ in spans])
                scores = np.concatenate([weight * mentions.impacts[start:end] for start, end, weight in spans])
                held, places = np.unique(rows, return_inverse=True)
                best = np.zeros(len(held), np.float32)
                np.maximum.at(best, places, scores)
                total[held] += best
        return total


def _onward(step: Step, word: str) -> Step:
    """A relation as a step away from `word`, whichever end of it that is."""
    return Step(word, step.kind, step.tail if step.head == word else step.head, BY_RELATION, step.shown)
