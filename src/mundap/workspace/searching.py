"""From a question to parent passages: understood as settings say, searched, reranked and arranged."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from datetime import date
from functools import cached_property

from mundap.errors import StaleIndex, UnknownName
from mundap.index.dense import NearestLeg
from mundap.index.engine import Statistics
from mundap.korean.spacing import parted, spaced
from mundap.korean.typos import Mended, mended
from mundap.korean.writing import uniform
from mundap.retrieve.after import collapse, mmr, weigh_time
from mundap.retrieve.queries import merged
from mundap.retrieve.synonyms import reworded
from mundap.store.corpus import Corpus
from mundap.tracing import span
from mundap.types import Hit
from mundap.workspace.components import Components
from mundap.workspace.opening import Opened, Opening
from mundap.workspace.understanding import Understanding

log = logging.getLogger(__name__)

_MET = 8  # filters whose meeting with what is seen is kept at hand

Where = Mapping[str, Sequence[str]]  # the allowed values of source, title, document_id or a meta key


class Searching:
    """Searches what `opening` has open of `corpus`, with `parts`; questions are in normal form."""

    def __init__(self, opening: Opening, corpus: Corpus, parts: Components) -> None:
        self._opening = opening
        self._corpus = corpus
        self._parts = parts
        self._settings = parts.config.retrieve
        self._met: tuple[tuple[Set[str], Set[str], Set[str]], ...] = ()
        self._mended: tuple[str, Statistics, Mended] | None = None

    def search(self, question: str, k: int, leg: str, allowed: Set[str] | None) -> list[Hit]:
        """The best `k` passages of one leg for a normalised question, among the `allowed` ids if there are such, and
        among those that the corpus shows to whom it is shown. Every search comes through here."""
        try:
            return self._searched(question, k, leg, allowed)
        except (IndexError, sqlite3.DatabaseError) as error:  # what a damaged file leads to
            if isinstance(error, sqlite3.OperationalError):
                raise
            raise StaleIndex(
                f"색인을 읽을 수 없습니다({error}). 손상된 파일을 확인하세요: mundap doctor --verify. 복구: mundap index --rebuild"
            ) from error

    def _searched(self, question: str, k: int, leg: str, allowed: Set[str] | None) -> list[Hit]:
        opened = self._opening.open()
        if leg not in opened.searchers:
            raise UnknownName("leg", leg, opened.searchers)
        seen = self._corpus.seen
        if seen is not None:  # what leads there may be of passages that are not seen
            allowed = seen if allowed is None else self._both(allowed, seen)
            found = self._best(opened, question, k, leg, allowed)
            shown = self._corpus.passages([hit.passage.id for hit in found])
            return [replace(hit, links=()) for hit in found if hit.passage.id in shown]
        return self._best(opened, question, k, leg, allowed)

    def _both(self, allowed: Set[str], seen: Set[str]) -> Set[str]:
        """What is in both; the same object for the same two, so that its mask is known the next time."""
        for one, other, both in self._met:
            if one is allowed and other is seen:
                return both
        both = allowed & seen
        self._met = ((allowed, seen, both), *self._met[: _MET - 1])
        return both

    def _best(self, opened: Opened, question: str, k: int, leg: str, allowed: Set[str] | None) -> list[Hit]:
        question = self.uniform(question)
        if leg != "hybrid":
            with span("leg", leg=leg, k=k):
                return opened.searchers[leg].search(question, k, allowed)
        settings, parts = self._settings, self._parts
        reranked = parts.reranker or parts.likelihood
        arranged = reranked or settings.half_life_days or settings.duplicates_above <= 1 or settings.diversity < 1
        depth = max(k, settings.rerank_depth) if arranged else k
        hits = self._arranged(question, opened.searchers[leg].search(question, depth, allowed), opened.dense)[:k]
        return opened.graph.explained(question, hits) if opened.graph and "graph" in settings.legs else hits

    def mended(self, question: str) -> Mended:
        """A normalised question with its typos put right, and the wrong keyboard layout; see `korean.typos`.

        Not for those who do not see all: it would tell words of what they do not see.
        """
        if self._corpus.seen is not None:
            return Mended(question)
        last = self._mended  # one read: another thread may replace it
        known = self._opening.open().lexical.statistics
        if last is None or last[0] != question or last[1] is not known:
            apart = parted(question, self._parts.user_dictionary)
            found = mended(apart, lambda tokens: known.holders(tokens).tolist(), self._parts.user_dictionary)
            last = self._mended = (question, known, found)
        return last[2]

    def uniform(self, question: str) -> str:
        """The question with its amounts and its spacing in the one way that all ways of writing it come to."""
        known = self._opening.open().lexical.statistics
        words = self._parts.user_dictionary
        return spaced(uniform(parted(question, words)), lambda tokens: known.holders(tokens).tolist(), words)

    def _arranged(self, question: str, hits: list[Hit], dense: NearestLeg) -> list[Hit]:
        """The hits reranked, weighed by their dates, without near duplicates and made diverse, as settings say."""
        settings = self._settings
        for reranker in (self._parts.reranker, self._parts.likelihood):
            if reranker:
                with span("rerank", candidates=len(hits)):
                    hits = reranker.rerank(question, hits)
        if settings.half_life_days:
            hits = weigh_time(hits, date.today(), settings.half_life_days)
        if settings.duplicates_above <= 1:
            hits = list(collapse(hits, dense.vectors_of(hits), settings.duplicates_above).hits)
        if settings.diversity < 1:
            hits = mmr(hits, dense.vectors_of(hits), len(hits), settings.diversity)
        return hits

    def find(self, question: str, k: int | None = None, where: Where | None = None) -> list[Hit]:
        """The passages that an answer is written from: the question understood as the settings say, then searched.

        Conditions that the question sets for documents become filters; where nothing meets them, all is searched
        that meets `where`.
        """
        wanted = k or self._settings.k
        with span("understand", step="conditions"):
            asked = self.understanding.conditions(question)
        if asked.words:
            fields = [*(where or {}).items(), *asked.where.items()]
            allowed = self._corpus.ids_where(fields, since=asked.since, until=asked.until)
            if hits := self._found(asked.question, wanted, allowed):
                return hits
            log.warning("조건(%s)에 맞는 문서가 없어 전체 문서에서 검색했습니다.", ", ".join(asked.words))
        return self._found(question, wanted, None if where is None else self._corpus.ids_where(where.items()))

    def _found(self, question: str, k: int, allowed: Set[str] | None) -> list[Hit]:
        with span("understand", step="other queries"):
            others = self.understanding.others(question)
        if not others:
            return self.search(question, k, "hybrid", allowed)
        pool = self._settings.pool
        found = [self.search(question, pool, "hybrid", allowed)]
        return merged([*found, *(self.search(other, pool, leg, allowed) for other, leg in others)], k)

    @cached_property
    def understanding(self) -> Understanding:
        """What reads questions before they are searched for."""
        return Understanding(
            self._corpus,
            lambda: self._parts.completer,
            self._reworded,
            follow_up=self._settings.follow_up,
            self_query=self._settings.self_query,
            multi_query=self._settings.multi_query,
            hyde=self._settings.hyde,
        )

    def _reworded(self, question: str) -> list[str]:
        light = self._parts.light
        return reworded(question, light.translations, self._parts.tokenizer) if light else []
