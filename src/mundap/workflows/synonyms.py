"""Synonyms: mined from the workspace into the table that its keyword graph reads, edited there, and judged before that."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mundap.errors import Rejected, UnknownName
from mundap.evaluation.estimates import Difference, paired_difference
from mundap.evaluation.questions import Question
from mundap.evaluation.retrieval import evaluate_retrieval
from mundap.files import digest
from mundap.graph.build import graph_text
from mundap.graph.synonyms import (
    ORIGINS,
    PAIRS,
    STATES,
    VECTORS,
    Synonym,
    in_use,
    merged,
    read_synonyms,
    write_synonyms,
)
from mundap.korean.normalize import normalize, squash
from mundap.protocols import Progress, quiet
from mundap.training.keywords import synonym_mining
from mundap.types import Json
from mundap.workflows import spread
from mundap.workflows.question_files import search_by
from mundap.workspace import Mundap

EFFECT_METRICS = ("top1", "top3", "mrr@10")
_AT_ONCE = 256  # questions of a batch
_DEPTH = 20  # hits deep: a passage further down is not found
_NEW = " (new)"  # of a leg as it would be
MINERS = tuple(origin for origin in ORIGINS if origin != VECTORS)  # what is used by default


@dataclass(frozen=True, slots=True)
class SynonymsReport:
    """What is in the table `file`: so many `rows`, so many of each origin (`by`), and `kept` ones that people wrote or locked.

    `pairs` of questions and passages were learned from.
    """

    file: Path
    rows: int
    by: Mapping[str, int]
    kept: int
    pairs: int

    def to_json(self) -> dict[str, Json]:
        """The fields by name."""
        return {"file": str(self.file), "rows": self.rows, "by": self.by, "kept": self.kept, "pairs": self.pairs}


def mine(
    bot: Mundap,
    by: Sequence[str] = MINERS,
    *,
    data: str | Path | None = None,
    progress: Progress = quiet,
) -> SynonymsReport:
    """Mine synonyms `by` some of graph.synonyms.ORIGINS and add them to the table; rows that people locked stay.

    `data` is a file of questions and passages to learn pairs from (default: those of the corpus). Raises UnknownName for
    what is no miner, StaleIndex without an index.
    """
    for miner in by:
        if miner not in ORIGINS:
            raise UnknownName("miner", miner, ORIGINS)
    parts = bot.components
    graph, table = bot.bare_graph(), parts.synonyms
    texts = {id: graph_text(p) for id, p in bot.corpus.passages([id for id, *_ in graph.all_passages()]).items()}
    pairs = synonym_mining.pairs_in(bot.corpus, None if data is None else Path(data)) if PAIRS in by else []
    known = read_synonyms(table) if table.is_file() else ()

    def name(questions: Sequence[str]) -> list[list[str]]:
        asked = list(dict.fromkeys(questions))
        if not spread.travels(bot, len(asked), _AT_ONCE):
            return parts.names(questions)
        named = spread.by_item(bot, "names", asked, _AT_ONCE)
        return [list(named[question]) for question in questions]

    found = synonym_mining.mine(
        graph,
        texts,
        pairs,
        name,
        lambda words: parts.cache.unit_vectors(words, parts.spread_encoder, progress),
        by,
    )
    rows = merged(known, found)
    write_synonyms(table, rows)
    return SynonymsReport(
        table,
        rows=len(rows),
        by={origin: sum(row.origin == origin for row in rows) for origin in ORIGINS},
        kept=sum(bool(row.state) or not row.origin for row in rows),
        pairs=len(pairs),
    )


# -- editing ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SynonymTable:
    """The rows of the table, and the `version` of its file, which is another one after every change."""

    rows: tuple[Synonym, ...]
    version: str


@dataclass(frozen=True, slots=True)
class RankChange:
    """A question whose right passage a leg finds at another rank; None is not among the first twenty."""

    question: str
    leg: str
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class SynonymsEffect:
    """What other synonyms do to search over `n` known questions: by leg and metric how it is `before` and `after`, the
    `difference`, and whose ranks changed, those that lose most first."""

    n: int
    before: Mapping[str, Mapping[str, float]]
    after: Mapping[str, Mapping[str, float]]
    difference: Mapping[str, Mapping[str, Difference]]
    changed: tuple[RankChange, ...]


def table(bot: Mundap) -> SynonymTable:
    """The table of the workspace; without rows if there is none. Raises BadFile."""
    path = bot.components.synonyms
    raw = path.read_bytes() if path.is_file() else b""
    return SynonymTable(read_synonyms(path) if raw else (), digest(raw))


def save(bot: Mundap, rows: Sequence[Synonym], version: str) -> SynonymTable:
    """Write these rows in place of the table of that version; they are searched with after the next `index`.

    Raises Rejected for a row that is none, and where somebody else has changed the table meanwhile.
    """
    checked = _checked(rows)
    if table(bot).version != version:
        raise Rejected("다른 사람이 동의어 표를 수정했습니다. 새로 불러온 뒤 다시 수정하세요.")
    write_synonyms(bot.components.synonyms, checked)
    return table(bot)


def effect(
    bot: Mundap, rows: Sequence[Synonym], *, limit: int = 300, seed: int = 0, progress: Progress = quiet
) -> SynonymsEffect:
    """What search would find with these rows, beside what it finds now, over at most `limit` of the questions that
    documents come with, drawn by `seed`. Nothing is written.

    The graph is measured, and the hybrid if the graph is one of its legs. Raises Rejected for a row that is none, and
    without questions; StaleIndex and ConfigError as a search does.
    """
    checked = _checked(rows)
    known = bot.corpus.questions()
    passages = bot.corpus.passages(sorted({one.passage_id for one in known}))
    asked = [Question(one.question, (passages[one.passage_id].text,)) for one in known if one.passage_id in passages]
    if not asked:
        raise Rejected("문서에 질문이 없어 효과를 측정할 수 없습니다. 질문과 제시문 열이 있는 시트를 추가하세요.")
    if len(asked) > limit:
        asked = [asked[n] for n in sorted(random.Random(seed).sample(range(len(asked)), limit))]
    other = bot.with_synonyms(in_use(checked))
    legs = ["graph", *(["hybrid"] if "graph" in bot.components.legs else [])]
    searches = {f"{leg}{new}": search_by(over, leg) for over, new in ((bot, ""), (other, _NEW)) for leg in legs}
    corpus = {squash(text) for *_, text in bot.corpus.parent_texts()}
    report = evaluate_retrieval(asked, searches, corpus, depth=_DEPTH, progress=progress)
    changed = [
        RankChange(one.question.question, leg, one.legs[leg].rank, one.legs[f"{leg}{_NEW}"].rank)
        for leg in legs
        for one in report.per_question
        if one.legs[leg].rank != one.legs[f"{leg}{_NEW}"].rank
    ]
    return SynonymsEffect(
        report.n,
        {leg: {one: report.legs[leg].figures[one].mean for one in EFFECT_METRICS} for leg in legs},
        {leg: {one: report.legs[f"{leg}{_NEW}"].figures[one].mean for one in EFFECT_METRICS} for leg in legs},
        {
            leg: {
                one: paired_difference(
                    report.values(leg, one), report.values(f"{leg}{_NEW}", one), groups=report.groups()
                )
                for one in EFFECT_METRICS
            }
            for leg in legs
        },
        tuple(sorted(changed, key=lambda one: _place(one.before) - _place(one.after))),
    )


def _place(rank: int | None) -> int:
    return _DEPTH + 1 if rank is None else rank


def _checked(rows: Sequence[Synonym]) -> list[Synonym]:
    """The rows as the table holds them. Raises Rejected for what cannot be one, and for a pair that comes twice."""
    checked: dict[tuple[str, str], Synonym] = {}
    for number, row in enumerate(rows, 1):
        asked, said, evidence = (" ".join(normalize(text).split()) for text in (row.asked, row.said, row.evidence))
        one = replace(row, asked=asked.lower(), said=said.lower(), evidence=evidence)
        if not one.asked or not one.said or one.asked.startswith("#"):
            raise Rejected(f"{number}번째 행: 질문말과 문서말을 입력하세요.")
        if one.asked == one.said:
            raise Rejected(f"{number}번째 행: 질문말과 문서말이 같습니다('{one.asked}').")
        if one.state not in STATES or not 0 < one.score <= 1 or one.origin not in ("", *ORIGINS):
            raise Rejected(f"{number}번째 행('{one.asked}' → '{one.said}'): 점수는 0보다 크고 1 이하여야 합니다.")
        if (one.asked, one.said) in checked:
            raise Rejected(f"{number}번째 행: '{one.asked}' → '{one.said}'이(가) 이미 있습니다.")
        checked[one.asked, one.said] = one
    return list(checked.values())
