"""Synonyms mined from the workspace, into the table that its keyword graph reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mundap.errors import UnknownName
from mundap.graph.synonyms import ORIGINS, PAIRS, VECTORS, merged, read_synonyms, write_synonyms
from mundap.protocols import Progress, quiet
from mundap.training.keywords import synonym_mining
from mundap.types import Json
from mundap.workspace import Mundap

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
    texts = {id: p.worded for id, p in bot.corpus.passages([id for id, *_ in graph.all_passages()]).items()}
    pairs = synonym_mining.pairs_in(bot.corpus, None if data is None else Path(data)) if PAIRS in by else []
    known = read_synonyms(table) if table.is_file() else ()
    found = synonym_mining.mine(
        graph,
        texts,
        pairs,
        parts.names,
        lambda words: parts.cache.unit_vectors(words, parts.encoder, progress),
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
