"""Which examples are worth learning from: answers that say something, once, and that their passage holds."""

from __future__ import annotations

from collections.abc import Sequence

from mundap.generate.reading import Reader
from mundap.korean.normalize import squash
from mundap.training.llm.data import Chat, Completion, Example, Grounded

SUPPORTED = 0.6  # the weight of an answer's words that its passage must hold, in [0, 1]
SHORTEST = 5  # letters


def good(examples: Sequence[Example]) -> list[bool]:
    """For each example whether it stays: not a repeat, not hardly an answer, not beside what its passage says."""
    reader = Reader()
    seen: set[tuple[str, str]] = set()
    kept = []
    for example in examples:
        question, answer = _texts(example)
        key = squash(question), squash(answer)
        fine = key not in seen and len(key[1]) >= SHORTEST
        if fine and isinstance(example, Grounded) and example.passage:
            fine = reader.shares(answer, [example.passage])[0] >= SUPPORTED
        seen.add(key)
        kept.append(fine)
    return kept


def _texts(example: Example) -> tuple[str, str]:
    if isinstance(example, Grounded):
        return f"{example.question}\n{example.passage}", example.answer
    if isinstance(example, Completion):
        return example.prompt, example.completion
    assert isinstance(example, Chat)
    return "\n".join(content for _, content in example.turns[:-1]), example.turns[-1][1]
