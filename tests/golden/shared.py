"""The real documents beside the checkout: `python -m tests.golden.shared` keeps what reading makes of them, in figures.

Their text is never kept, but for short headings; the Markdown of each goes to build/documents, to be read by eye beside
its original.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mundap.errors import BadFile
from mundap.files import digest
from mundap.ingest.build import Reading
from mundap.ingest.grid import TABLE, cells_of, row_spans
from mundap.ingest.readers import read
from mundap.ingest.split import parents

HERE = Path(__file__).parent
KEPT = HERE / "shared_documents.json"
MARKDOWN = HERE.parents[1] / "build" / "documents"
DATA = HERE.parents[2] / "shared" / "data"
_SHORT = 40  # characters of a heading that are kept


def documents() -> list[Path]:
    """The shared documents and the rule book."""
    folder = DATA / "documents"
    return sorted(path for path in [*folder.glob("*"), *DATA.glob("futsal/*.txt")] if path.suffix not in ("", ".md"))


def figures(path: Path) -> dict[str, Any]:
    """What is kept of a document, or the sentence that says why it cannot be read."""
    try:
        return _figures(read(path, path.name))
    except BadFile as error:
        return {"error": str(error)}


def _figures(reading: Reading) -> dict[str, Any]:
    document = reading.document
    tables = [s for s in document.sections if s.meta.get("kind") == TABLE]
    return {
        "digest": digest(document.text),
        "characters": len(document.text),
        "passages": len(parents(document)),
        "pages": reading.pages,
        "date": document.meta.get("date", ""),
        "warnings": len(reading.warnings),
        "tables": [_shape(document.text[s.start : s.end]) for s in tables],
        "headings": list(dict.fromkeys(s.heading.split(" > ")[-1][:_SHORT] for s in document.sections if s.heading)),
    }


def _shape(table: str) -> str:
    return f"{len(row_spans(table))} × {len(cells_of(table.partition(chr(10))[0]))}"


def differences(kept: Mapping[str, Any], made: Mapping[str, Any]) -> Iterator[str]:
    """One line for each value of a document that is not as it was kept."""
    for name in sorted({*kept, *made}):
        old, new = kept.get(name, {}), made.get(name, {})
        for key in sorted({*old, *new}):
            before, after = old.get(key), new.get(key)
            if before == after:
                continue
            if isinstance(before, list) and isinstance(after, list):
                before, after = [x for x in before if x not in after], [x for x in after if x not in before]
            yield f"{name}: {key} was {before}, is {after}"


def main() -> None:
    """Rewrite what is kept, and the Markdown of all."""
    MARKDOWN.mkdir(parents=True, exist_ok=True)
    for path in documents():
        try:
            (MARKDOWN / f"{path.name}.md").write_text(read(path, path.name).document.text + "\n", "utf-8")
        except BadFile as error:
            (MARKDOWN / f"{path.name}.md").write_text(f"{error}\n", "utf-8")
    made = {path.name: figures(path) for path in documents()}
    KEPT.write_text(json.dumps(made, ensure_ascii=False, indent=1, sort_keys=True) + "\n", "utf-8")


if __name__ == "__main__":
    main()
