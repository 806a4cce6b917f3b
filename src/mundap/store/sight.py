"""Who sees which documents: what is hidden is not there for any statement of a connection, whichever table it names.

A document has tags by its source, from a file beside it, a folder of the settings, or whoever uploaded it; a row of a
sheet has tags of its own. Without tags it is seen by all, else by those who have one of them. Both must be met.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

# Views of the same names stand before the tables of the file; nothing can be written through them.
_VIEWS = """
CREATE TEMP TABLE IF NOT EXISTS sees(tag TEXT PRIMARY KEY);
CREATE TEMP TABLE IF NOT EXISTS closed(folder TEXT PRIMARY KEY);
CREATE TEMP VIEW IF NOT EXISTS documents AS SELECT d.rowid AS rowid, d.* FROM main.documents d
    WHERE (NOT EXISTS (SELECT 1 FROM main.access a WHERE a.source = d.source)
        OR EXISTS (SELECT 1 FROM main.access a JOIN temp.sees s ON s.tag = a.tag WHERE a.source = d.source))
    AND NOT EXISTS (SELECT 1 FROM temp.closed c WHERE substr(d.source, 1, length(c.folder)) = c.folder);
CREATE TEMP VIEW IF NOT EXISTS passages AS SELECT p.rowid AS rowid, p.* FROM main.passages p
    WHERE EXISTS (SELECT 1 FROM temp.documents d WHERE d.id = p.document_id)
    AND (json_extract(p.meta, '$.access') IS NULL
        OR EXISTS (SELECT 1 FROM json_each(p.meta, '$.access') t JOIN temp.sees s ON s.tag = t.value));
CREATE TEMP VIEW IF NOT EXISTS questions AS SELECT q.rowid AS rowid, q.* FROM main.questions q
    WHERE EXISTS (SELECT 1 FROM temp.passages p WHERE p.id = q.passage_id);
CREATE TEMP VIEW IF NOT EXISTS texts AS SELECT t.* FROM main.texts t
    WHERE EXISTS (SELECT 1 FROM temp.documents d WHERE d.id = t.document_id);
CREATE TEMP VIEW IF NOT EXISTS refused AS SELECT * FROM main.refused WHERE FALSE;
"""


@dataclass(frozen=True)
class Sight:
    """The sight of someone who has `tags`. `folders` has the beginnings of the sources of the documents in some folders,
    each with the tags of which one is needed to see them."""

    tags: frozenset[str]
    folders: Sequence[tuple[str, frozenset[str]]] = ()

    def __call__(self, connection: sqlite3.Connection) -> None:
        """Have a connection see no more than this."""
        connection.executescript(_VIEWS)
        connection.executemany("INSERT OR IGNORE INTO temp.sees VALUES (?)", [(tag,) for tag in self.tags])
        connection.executemany("INSERT OR IGNORE INTO temp.closed VALUES (?)", [(one,) for one in self.closed])

    @property
    def closed(self) -> list[str]:
        """The beginnings of the sources of documents in folders that are not seen."""
        return [beginning for beginning, tags in self.folders if not self.tags & tags]
