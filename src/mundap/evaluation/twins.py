"""Twins of the right passages: other passages that say the same, or differ only in numbers and dates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from collections.abc import Set as Collection
from dataclasses import dataclass

from mundap.ingest.copies import Kind, alike, comparable, copies, masked
from mundap.korean.normalize import squash
from mundap.types import Json, Passage

_NAMED = 20  # groups in JSON


@dataclass(frozen=True, slots=True)
class TwinGroup:
    """Parent passages that are twins of each other; of a "contained" group the first is a part of the second."""

    kind: Kind
    passages: tuple[Passage, ...]

    def to_json(self) -> dict[str, Json]:
        """`{"kind", "n", "passages": [{"passage_id", "source", "text"}, …]}`."""
        shown: list[Json] = [{"passage_id": p.id, "source": p.source, "text": p.text} for p in self.passages]
        return {"kind": self.kind, "n": len(shown), "passages": shown}


@dataclass(frozen=True, slots=True)
class Twins:
    """The groups of a corpus, the largest first."""

    groups: tuple[TwinGroup, ...]

    @classmethod
    def among(cls, passages: Sequence[Passage]) -> Twins:
        """Those of the parent passages among `passages`; rows of tables, which are alike by nature, have none."""
        parents = [p for p in passages if p.parent_id == p.id and comparable(p.meta)]
        found = copies([p.text for p in parents])
        return cls(tuple(TwinGroup(group.kind, tuple(parents[n] for n in group.members)) for group in found))

    def of(self, golds: Collection[str]) -> dict[str, frozenset[str]]:
        """For each of these squashed texts that has twins the squashed texts of those that answer as well.

        Who has the whole has its part, and not the other way round.
        """
        found: dict[str, set[str]] = defaultdict(set)
        for group in self.groups:
            wordings = {squash(p.text): masked(p.text) for p in group.passages}
            texts = list(wordings)
            for gold in golds & wordings.keys():
                if group.kind != "contained":
                    own = wordings[gold]
                    found[gold] |= {other for other in texts if own == wordings[other] or alike(own, wordings[other])}
                elif gold == texts[0]:
                    found[gold] |= set(texts)
        return {gold: frozenset(others - {gold}) for gold, others in found.items() if others - {gold}}

    def to_json(self, questions: int) -> dict[str, Json]:
        """`{"questions", "passages", "n_groups", "groups"}`; `questions` counts those whose gold has a twin."""
        return {
            "questions": questions,
            "passages": len({p.id for group in self.groups for p in group.passages}),
            "n_groups": len(self.groups),
            "groups": [group.to_json() for group in self.groups[:_NAMED]],
        }
