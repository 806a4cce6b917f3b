"""mundap evaluate retrieval --encoders: several encoders on one workspace and the same questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from mundap.cli.measure import over_questions, search_of
from mundap.cli.runs import about, keep
from mundap.errors import MundapError
from mundap.evaluate.encoders import DENSE, HYBRID, Choice, choose, cost, leg_of
from mundap.evaluate.page_encoders import encoders_page
from mundap.evaluate.questions import read_questions
from mundap.evaluate.retrieval import Search, evaluate_retrieval
from mundap.index.units import Units
from mundap.korean.normalize import squash
from mundap.protocols import Progress
from mundap.workspace import Mundap


def measure_encoders(
    bot: Mundap, file: Path, names: Sequence[str], depth: int, progress: Mapping[str, Progress]
) -> tuple[Choice, Path]:
    """Ask the questions of `file` of the workspace as each encoder would have it; the choice, and the folder of the run.

    The workspace's own encoder, if it is among them, is what the others are compared with, else the first. `progress`
    has "vectors" and "questions".
    """
    wanted = sorted(dict.fromkeys(names), key=lambda name: name != bot.config.index.encoder)
    if len(wanted) < 2:
        raise MundapError("비교할 임베딩을 둘 이상 쉼표로 구분해 지정하세요. 예: --encoders e5-small,hashed")
    questions = read_questions(file)
    over = over_questions(bot, questions)
    passages = over.corpus.all_passages()
    texts = [passage.embedded for passage in Units.of(passages).passages]
    asked = [question.question for question in questions.items]
    legs: dict[str, Search] = {}
    found = {}
    for name in wanted:
        with_it = over.read_by(name, progress["vectors"])
        encoder = with_it.encoder
        found[name] = (encoder.name, encoder.dim, cost(encoder, asked, texts))
        legs |= {leg_of(name, leg): search_of(with_it, leg) for leg in (DENSE, HYBRID)}
    corpus = {squash(p.text) for p in passages if p.parent_id == p.id}
    report = evaluate_retrieval(questions.items, legs, corpus, depth=depth, progress=progress["questions"])
    choice = choose(report, found)
    made = about(bot, "retrieval", file, {"encoders": ",".join(wanted), "depth": depth}, over)
    shown = report.as_json(per_question=True) | choice.as_json()
    return choice, keep(bot, made, shown, encoders_page(choice, report, made))
