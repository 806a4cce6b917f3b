"""Judged answers as training data: for the retriever, for preferences, and for the language model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mundap.generate.cite import repair
from mundap.store.feedback import Given, Vote
from mundap.training.common.pairs import asked_as
from mundap.types import Json, Passage

SUPPORTS = 0.6  # weight of a corrected answer's words that a passage which says so must hold, in [0, 1]

Holds = Callable[[str, Sequence[str]], Sequence[float]]
Find = Callable[[str], Sequence[Passage]]


@dataclass(frozen=True)
class Judged:
    """Training rows. `untraced` counts judged answers of which nobody can say which passage is right."""

    retriever: tuple[dict[str, Json], ...]
    preference: tuple[dict[str, Json], ...]
    sft: tuple[dict[str, Json], ...]
    untraced: int


@dataclass
class QuestionFeedback:
    """All that was answered to one question, as people put it differently in blanks and marks only.

    `answer` is what they were told last, `shown` the ids of the passages that it was written from, and `numbers` those of
    the answers.
    """

    question: str
    ups: int = 0
    downs: int = 0
    abstained: int = 0
    times: int = 0
    last: str = ""
    comments: list[str] = field(default_factory=list)
    corrections: list[str] = field(default_factory=list)
    answer: str = ""
    shown: tuple[str, ...] = ()
    numbers: list[int] = field(default_factory=list)


def worst(given: Sequence[Given]) -> list[QuestionFeedback]:
    """The questions that were voted down, or not answered and not voted up: most such first, the latest first of these.

    Answers that somebody has dealt with count no more.
    """
    found: dict[str, QuestionFeedback] = {}
    for one in given:
        if one.reviewed:
            continue
        asked = found.setdefault(asked_as(one.question), QuestionFeedback(one.question))
        asked.times += 1
        asked.abstained += one.abstained
        asked.numbers.append(one.number)
        if one.time >= asked.last:
            asked.last, asked.answer, asked.shown = one.time, one.answer, one.shown
        if one.vote is None:
            continue
        asked.ups += one.vote.verdict == "up"
        asked.downs += one.vote.verdict == "down"
        asked.comments += [one.vote.comment] if one.vote.comment else []
        asked.corrections += [one.vote.answer] if one.vote.answer else []
    bad = [asked for asked in found.values() if asked.downs > 0 or asked.abstained > asked.ups]
    bad.sort(key=lambda asked: asked.last, reverse=True)
    return sorted(bad, key=lambda asked: (asked.ups - asked.downs, -asked.abstained))


def training_rows(given: Sequence[Given], passages: Mapping[str, Passage], holds: Holds, find: Find) -> Judged:
    """What can be learned from judged answers. `passages` has those of the corpus that any of them showed or named.

    Answers lose their markers of citations: no passages are numbered here. `holds(text, texts)` is the weight of the text's words in each of texts, and `find` searches the corpus.
    """
    judged = [(replace(one, answer=repair(one.answer, 0)), one.vote) for one in given if one.vote is not None]
    retriever: dict[str, dict[str, Json]] = {}
    untraced = 0
    for one, vote in judged:
        right, how = _right(one, vote, passages, holds, find)
        if right is None:
            untraced += 1
            continue
        wrong = _wrong(one, vote, right, passages, holds) if vote.verdict == "down" else []
        answer = vote.answer or ("" if one.abstained or vote.verdict == "down" else one.answer)
        retriever[asked_as(one.question)] = {
            "question": one.question,
            "gold": [right.text],
            "answer": answer,
            "negatives": [passage.text for passage in wrong],
            "passage_id": right.id,
            "by": how,
            "request_id": one.request_id,
        }
    return Judged(tuple(retriever.values()), tuple(_preferences(judged)), tuple(_examples(judged)), untraced)


def _right(
    one: Given, vote: Vote, passages: Mapping[str, Passage], holds: Holds, find: Find
) -> tuple[Passage | None, str]:
    """The passage that answers, and by what it is known."""
    if vote.passage_id in passages:
        return passages[vote.passage_id], "named"
    if vote.answer:
        shown = [passages[id] for id in one.shown if id in passages]
        candidates = list({passage.id: passage for passage in (*shown, *find(vote.answer))}.values())
        shares = holds(vote.answer, [passage.worded for passage in candidates])
        share, best = max(((share, -n) for n, share in enumerate(shares)), default=(0.0, 0))
        return (candidates[-best], "correction") if share >= SUPPORTS else (None, "")
    if vote.verdict == "up" and not one.abstained:
        cited = next((passages[id] for id in one.cited if id in passages), None)
        return cited, "cited"
    return None, ""


def _wrong(one: Given, vote: Vote, right: Passage, passages: Mapping[str, Passage], holds: Holds) -> list[Passage]:
    """The passages that were shown and do not answer: hard negatives."""
    shown = [passages[id] for id in one.shown if id in passages and passages[id].text != right.text]
    if not vote.answer:
        return shown
    shares = holds(vote.answer, [passage.worded for passage in shown])
    return [passage for passage, share in zip(shown, shares, strict=True) if share < SUPPORTS]


def _preferences(judged: Sequence[tuple[Given, Vote]]) -> list[dict[str, Json]]:
    """A corrected answer over the given one, and a liked answer over one that was not, to the same question."""
    liked: dict[str, dict[str, None]] = defaultdict(dict)
    disliked: dict[str, dict[str, None]] = defaultdict(dict)
    prompts: dict[str, str] = {}
    for one, vote in judged:
        asked = asked_as(one.question)
        prompts.setdefault(asked, one.question)
        (liked if vote.verdict == "up" else disliked)[asked].setdefault(one.answer)
        if vote.answer:
            liked[asked].setdefault(vote.answer)
            if vote.answer != one.answer:
                disliked[asked].setdefault(one.answer)
    return [
        {"prompt": prompt, "chosen": chosen, "rejected": rejected}
        for asked, prompt in prompts.items()
        for chosen in liked[asked]
        for rejected in disliked[asked]
        if chosen not in disliked[asked] and rejected not in liked[asked]
    ]


def _examples(judged: Sequence[tuple[Given, Vote]]) -> list[dict[str, Json]]:
    """Corrected answers, and liked ones as they were; the last to a question counts."""
    found: dict[str, dict[str, Json]] = {}
    for one, vote in judged:
        said = vote.answer or (one.answer if vote.verdict == "up" else "")
        if said:
            found[asked_as(one.question)] = {"prompt": one.question, "completion": said}
    return list(found.values())
