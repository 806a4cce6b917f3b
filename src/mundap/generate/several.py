"""The answers to several questions of one turn, one below the other, as one answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import replace

from mundap.generate.cite import MARKER
from mundap.types import Answer, Hit, Turn

Part = Callable[[str, Sequence[Turn]], Generator[str | Answer]]  # answers a question after turns


def one_by_one(question: str, parts: Sequence[str], answered: Part) -> Generator[str | Answer]:
    """Yields each part of `question` as a heading with its answer below, then the Answer to all.

    `answered` is given the parts before as turns, and what it yields is kept back until its Answer is there. In the
    whole, [n] means `hits[n - 1]` of all hits, each passage once. It abstains if every part does; a part that does
    says so in its place.
    """
    answers: list[Answer] = []
    hits: dict[str, Hit] = {}
    text = ""
    for n, part in enumerate(parts, 1):
        turns = [Turn(before, answer.text) for before, answer in zip(parts, answers, strict=False)]
        with closing(answered(part, turns)) as pieces:
            answer = next(piece for piece in pieces if isinstance(piece, Answer))
        for hit in answer.hits:
            hits.setdefault(hit.passage.id, hit)
        numbers = {id: number for number, id in enumerate(hits, 1)}
        answers.append(answer)
        said = f"Q{n}. {part}\n{_renumbered(answer, numbers)}"
        said = said if n == 1 else f"\n\n{said}"
        text += said
        yield said
    yield replace(
        next((answer for answer in answers if not answer.abstained), answers[-1]),
        question=question,
        text=text,
        citations=tuple(dict.fromkeys(citation for answer in answers for citation in answer.citations)),
        hits=tuple(replace(hit, rank=rank) for rank, hit in enumerate(hits.values(), 1)),
        abstained=all(answer.abstained for answer in answers),
        timings={stage: sum(a.timings.get(stage, 0.0) for a in answers) for stage in answers[0].timings},
    )


def _renumbered(answer: Answer, numbers: dict[str, int]) -> str:
    """The answer's text whose markers give the `numbers` of passages in the whole."""

    def moved(found: re.Match[str]) -> str:
        places = [int(place) for place in re.findall("[0-9]+", found[2])]
        known = [numbers[answer.hits[place - 1].passage.id] for place in places if 1 <= place <= len(answer.hits)]
        return f"{found[1]}[{', '.join(map(str, dict.fromkeys(known)))}]" if known else ""

    return MARKER.sub(moved, answer.text)
