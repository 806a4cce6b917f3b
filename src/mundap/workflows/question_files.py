"""What a measurement asks: the questions of a file, of the workspace or of the paragraphs that the file brings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mundap.config import Store
from mundap.errors import BadFile
from mundap.evaluation.questions import Questions
from mundap.evaluation.retrieval import Search
from mundap.files import digest
from mundap.ingest.build import Builder
from mundap.ingest.split import chunks, parents
from mundap.types import Hit
from mundap.workflows import runs
from mundap.workspace import Mundap
from mundap.workspace.facade import cut_of


def question_file(questions: str | Path) -> Path:
    """Raises BadFile if it is not there."""
    path = Path(questions)
    if not path.is_file():
        raise BadFile(f"{path}: 질문 파일이 없습니다. 경로를 확인하세요.")
    return path


def asked_over(bot: Mundap, questions: Questions) -> Mundap:
    """The workspace itself, or, for a file that brings its own paragraphs, one over those, kept for the next time."""
    if questions.corpus is None:
        return bot
    name = digest(*questions.corpus, size=8)
    config = bot.config.model_copy(update={"store": Store()})  # beside the record, not in it
    over = Mundap(runs.folder(bot) / "corpora" / name, config, words=bot.root)
    builder = Builder(name, "")
    for paragraph in dict.fromkeys(questions.corpus):
        builder.add(paragraph, meta={"kind": "제시문"})
    document = builder.document()
    parent_passages = parents(document)
    chunker = cut_of(bot.config, bot.components.models).chunker()
    over.corpus.put(
        document, parent_passages, [chunk for parent in parent_passages for chunk in chunks(parent, chunker)], name
    )
    over.index()
    return over


def search_by(bot: Mundap, leg: str) -> Callable[[str, int], list[Hit]]:
    """The search of one leg, as a measurement asks it."""
    return lambda question, k: bot.search(question, k=k, leg=leg)


# What each setting does after the fusion, in the order in which it is done, and the value at which it does nothing.
_AFTER: dict[str, str | float] = {"reranker": "", "half_life_days": 0.0, "duplicates_above": 2.0, "diversity": 1.0}


def without(bot: Mundap) -> dict[str, Search]:
    """The fusion alone, and with each further setting but the last one, which makes it the hybrid."""
    settings = bot.config.retrieve
    used = [name for name, idle in _AFTER.items() if getattr(settings, name) != idle]
    variants: dict[str, Search] = {}
    for step in range(len(used)):
        name = f"+ {used[step - 1]}" if step else "fusion"
        idle = {other: _AFTER[other] for other in used[step:]}
        config = bot.config.model_copy(update={"retrieve": settings.model_copy(update=idle)})
        variants[name] = search_by(bot.reconfigured(config), "hybrid")
    return variants
