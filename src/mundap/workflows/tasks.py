"""The tasks of workflows.spread: what a worker does with the items of a batch. Plain values go in and come out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from mundap.evaluation.retrieval import Search
from mundap.synth import persona as rewriting
from mundap.synth.completions import Prompt
from mundap.types import Answer, Hit
from mundap.workflows import evaluate, synthesise
from mundap.workflows.question_files import search_by, without
from mundap.workspace import Mundap

Found = tuple[str, tuple[str, ...], tuple[float, ...]]  # a leg, the ids of what it found, best first, and their scores
Texts = tuple[str, ...]


def search(bot: Mundap, about: tuple[int], items: Sequence[str]) -> list[tuple[Found, ...]]:
    """What each leg finds for each question, as deep as `about` says."""
    [depth] = about
    found = []
    for question in items:
        hits = {leg: search(question, depth)[:depth] for leg, search in _legs(bot).items()}
        found.append(
            tuple(
                (leg, tuple(h.passage.id for h in some), tuple(float(h.score) for h in some))
                for leg, some in hits.items()
            )
        )
    return found


def answer(bot: Mundap, about: tuple[str | None], items: Sequence[str]) -> list[Answer]:
    """The answer to each question as a persona gives it."""
    asked = _answering(bot, *about)
    return [asked.ask(question) for question in items]


def support(bot: Mundap, about: tuple[()], items: Sequence[str]) -> list[float]:
    """How surely the documents answer each question."""
    return [float(bot.support(question)) for question in items]


def keywords(bot: Mundap, about: tuple[str], items: Sequence[str]) -> list[Texts]:
    """The keywords of each question, by an extractor."""
    return [*map(tuple, evaluate.extractor_of(bot, *about)(items))]


def names(bot: Mundap, about: tuple[()], items: Sequence[str]) -> list[Texts]:
    """What each question names, as the keyword graph calls it."""
    return [*map(tuple, bot.components.names(items))]


def rerank(bot: Mundap, about: tuple[()], items: Sequence[tuple[str, tuple[tuple[str, float], ...]]]) -> list[Texts]:
    """The ids of what was found for each question, in the order of the reranker; they come with their scores."""
    reranker = bot.components.reranker
    assert reranker is not None  # or nobody would ask
    passages = bot.corpus.passages([id for _, found in items for id, _ in found])
    ranked = []
    for question, found in items:
        hits = [Hit(passages[id], score, n) for n, (id, score) in enumerate(found, 1)]
        ranked.append(tuple(hit.passage.id for hit in reranker.rerank(question, hits)))
    return ranked


def qa(bot: Mundap, about: tuple[synthesise.By, int], items: Sequence[str]) -> list[Any]:
    """Of each passage, by id, what was made of it, or None: (its texts, (why it is not kept, its support)), the second None
    after as many as are wanted."""
    by, most = about
    maker, checks, passages = synthesise.qa_maker(bot, by), synthesise.checks(bot), bot.corpus.passages(items)
    found: list[Any] = []
    for id in items:
        made, kept, judged = maker.make(passages[id], most), 0, []
        for one in made or ():
            said = checks.judged(one, passages[id]) if kept < most else None
            kept += said is not None and not said.why
            texts = (one.question, one.short, one.medium, one.long)
            judged.append((texts, (said.why, float(said.support)) if said else None))
        found.append(None if made is None else tuple(judged))
    return found


def complete(bot: Mundap, about: tuple[()], items: Sequence[tuple[Prompt, Texts]]) -> list[Texts]:
    """The completions of each prompt, which comes with the ids of its gold passages."""
    passages = bot.corpus.passages([id for _, ids in items for id in ids])
    return [tuple(synthesise.completed(bot, prompt, [passages[id] for id in ids])) for prompt, ids in items]


def label(bot: Mundap, about: tuple[synthesise.By], items: Sequence[str]) -> list[Texts | None]:
    """The keywords of each question, by rules or by the language model; None where that failed."""
    labelled = synthesise.labeller_of(bot, *about).label(items)
    return [None if words is None else tuple(words) for words in labelled]


def rewrite(bot: Mundap, about: tuple[str, synthesise.By], items: Sequence[str]) -> list[tuple[str, str]]:
    """Each answer in a persona's voice, and what is wrong with that."""
    name, by = about
    voice = bot.components.persona(name)
    assert voice is not None  # or the name would have been refused
    rewriter = synthesise.rewriter_of(bot, voice, by)
    return [rewriting.best(text, voice, rewriter) for text in items]


@lru_cache(1)
def _legs(bot: Mundap) -> Mapping[str, Search]:
    return {name: search_by(bot, name) for name in bot.searchers} | without(bot)


@lru_cache(1)
def _answering(bot: Mundap, persona: str | None) -> Mundap:
    return evaluate.answering(bot, persona)
