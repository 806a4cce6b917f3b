"""Completions of one prompt put in order, for training a reward: `{"prompt", "completion_0", …, "ranking"}`.

`ranking[n]` is the place of completion `n`, 0 the best (Ouyang et al., NeurIPS 2022, rank so by people).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from mundap.evaluation.answer_metrics import chrf, morpheme_f1
from mundap.evaluation.judge import Judge
from mundap.korean.normalize import squash
from mundap.protocols import Progress, quiet
from mundap.synth.journal import Journal
from mundap.types import Json

COMPLETIONS = 3
Rows = list[dict[str, Json]]


@dataclass(frozen=True, slots=True)
class Prompt:
    """A question, its recorded answer and the passages that the answer is judged by."""

    question: str
    answer: str
    passages: tuple[str, ...]


Complete = Callable[[Prompt], Sequence[str]]
Grade = Callable[[Prompt, str], float | None]


@dataclass(frozen=True)
class Ranked:
    """The rows in order; how many prompts had no three completions that differ in grade, and how many no grade."""

    rows: Rows
    alike: int
    ungraded: int


def row(prompt: str, completions: Sequence[str], grades: Sequence[float]) -> dict[str, Json] | None:
    """A ranking row; None unless all grades differ: an order that was guessed would be learned."""
    if len(completions) != COMPLETIONS or len(set(grades)) != COMPLETIONS:
        return None
    order = sorted(grades, reverse=True)
    texts = {f"completion_{n}": text for n, text in enumerate(completions)}
    return {"prompt": prompt, **texts, "ranking": [order.index(grade) for grade in grades]}


def lengths(rows: Iterable[Mapping[str, Json]]) -> Rows:
    """Ranking rows of what `synth qa` made: the long answer before the medium one before the short."""
    found = []
    for made in rows:
        three = made.get("answers")
        if not isinstance(three, Mapping):
            continue
        answers = [str(three.get(name) or "") for name in ("short", "medium", "long")]
        if all(answers) and (ranked := row(str(made["question"]), answers, [0.0, 1.0, 2.0])):
            found.append(ranked)
    return found


def rank(
    prompts: Sequence[Prompt],
    complete: Complete,
    grade: Grade,
    journal: Journal[dict[str, Json] | None],
    progress: Progress = quiet,
) -> Ranked:
    """Rank three completions of each prompt. Those of a prompt that has them in the journal are not made again.

    Raises what `complete` and `grade` do; the journal keeps what was ranked before.
    """
    rows: Rows = []
    alike = ungraded = 0
    for n, prompt in enumerate(prompts, 1):
        key = squash(prompt.question)
        if key not in journal.found:
            distinct = {squash(text): text for text in complete(prompt) if text.strip()}
            completions = list(distinct.values())[:COMPLETIONS]
            grades = [grade(prompt, text) for text in completions] if len(completions) == COMPLETIONS else []
            if None in grades:
                ungraded += 1
                progress(n, len(prompts))
                continue
            journal.add({key: row(prompt.question, completions, [g for g in grades if g is not None])})
        if found := journal.found[key]:
            rows.append(found)
        else:
            alike += 1
        progress(n, len(prompts))
    return Ranked(rows, alike, ungraded)


def closeness(prompt: Prompt, text: str) -> float:
    """How near a completion is to the recorded answer, in [0, 1]: the mean of the F1 of morphemes and chrF."""
    return (morpheme_f1(text, prompt.answer) + chrf(text, prompt.answer)) / 2


def judged(judge: Judge) -> Grade:
    """The grades of a language model, correctness and faithfulness together, nearness breaking ties."""

    def grade(prompt: Prompt, text: str) -> float | None:
        verdict = judge.verdict(prompt.question, prompt.answer, text, prompt.passages)
        return None if verdict is None else verdict.correctness + verdict.faithfulness + closeness(prompt, text)

    return grade


def to_json(rows: Rows) -> str:
    """The file that `mundap train reward` reads."""
    return json.dumps(rows, ensure_ascii=False, indent=1) + "\n"
