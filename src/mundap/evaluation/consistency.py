"""Whether answers sound as their persona should: how sentences end, the closing phrase, and forbidden words."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from mundap.evaluation.estimates import Estimate, estimate_ratio
from mundap.generate.cite import repair
from mundap.generate.persona import Persona, body, closes
from mundap.korean.endings import speech_levels
from mundap.korean.normalize import normalize
from mundap.types import Json

VOICE = ("tone", "closing", "clean")

# Lines that are not the persona's own sentences: items of lists, rows, "name: value", headings, what is quoted.
_ITEM = re.compile(r"\s*(\d{1,2}[.)]|[가-하][.)]|[-*•·○□▪※ㆍ>#|]|[①-⑳]|\w[\w ]{0,20}: )")
_QUOTED = re.compile(r"\s*(“[^”]*”|\"[^\"]*\"|「[^」]*」|『[^』]*』|\([^()]*\))[.\s]*")


@dataclass(frozen=True, slots=True)
class Consistency:
    """Of an answer's `sentences`, `in_tone` end in the persona's speech level; an ending in a noun is none.

    `closing` is whether it ends with the closing phrase, `forbidden` the forbidden words that it has.
    """

    sentences: int
    in_tone: int
    closing: bool
    forbidden: tuple[str, ...]

    @property
    def tone(self) -> float | None:
        """The share of sentences in the tone, in [0, 1]; None if there are none, as in a list."""
        return self.in_tone / self.sentences if self.sentences else None

    def measures(self, persona: Persona) -> dict[str, float]:
        """VOICE of one answer, each in [0, 1], as far as the persona asks for it and there is something to count."""
        tone = {} if persona.tone is None or self.tone is None else {"tone": self.tone}
        closing = {"closing": float(self.closing)} if persona.closing else {}
        return tone | closing | ({"clean": float(not self.forbidden)} if persona.forbidden else {})

    def to_json(self) -> dict[str, Json]:
        """As reports keep it."""
        return {"tone": self.tone, "closing": self.closing, "forbidden": list(self.forbidden)}


def consistency(persona: Persona, text: str) -> Consistency:
    """How far `text` keeps to the persona. The closing phrase itself, lists and quoted lines are not judged for tone."""
    plain = repair(normalize(text), 0)
    own = [line for line in body(persona, plain).splitlines() if not (_ITEM.match(line) or _QUOTED.fullmatch(line))]
    levels = speech_levels("\n".join(own))
    said = " ".join(plain.split())
    return Consistency(
        len(levels),
        sum(level == persona.tone for level in levels),
        closes(persona, plain),
        tuple(word for word in persona.forbidden if " ".join(normalize(word).split()) in said),
    )


@dataclass(frozen=True, slots=True)
class Voice:
    """How `n` answers, refusals aside, kept to the persona `name`, as shares in [0, 1] of what was counted.

    `tone` counts sentences, `closing` answers that end with the phrase, and `clean` answers without a forbidden word;
    None for what the persona does not ask for, or where there is nothing to count.
    """

    name: str
    n: int
    tone: Estimate | None
    closing: Estimate | None
    clean: Estimate | None

    @property
    def shares(self) -> dict[str, Estimate]:
        """Those that there are, by name."""
        named = {"tone": self.tone, "closing": self.closing, "clean": self.clean}
        return {name: share for name, share in named.items() if share}

    def to_json(self) -> dict[str, Json]:
        """`{"name", "n", "tone": {"value", "n", "ci95"} or null, "closing": …, "clean": …}`."""
        shown: dict[str, Json] = {
            name: {"value": share.mean, "n": share.n, "ci95": list(share.ci95)} for name, share in self.shares.items()
        }
        return {"name": self.name, "n": self.n, **dict.fromkeys(VOICE), **shown}


def voice(
    persona: Persona,
    answers: Sequence[Consistency],
    *,
    groups: Sequence[Hashable],
    resamples: int,
    seed: int,
) -> Voice:
    """The figures over answers; those of one group are drawn together."""

    def share(wanted: bool, right: Sequence[int], of: Sequence[int]) -> Estimate | None:
        if not wanted or not sum(of):
            return None
        return estimate_ratio(right, of, groups=groups, resamples=resamples, seed=seed)

    each = [1] * len(answers)
    return Voice(
        persona.name,
        len(answers),
        share(persona.tone is not None, [a.in_tone for a in answers], [a.sentences for a in answers]),
        share(bool(persona.closing), [int(a.closing) for a in answers], each),
        share(bool(persona.forbidden), [int(not a.forbidden) for a in answers], each),
    )
