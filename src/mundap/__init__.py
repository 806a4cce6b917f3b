"""문답: an organisation's Korean documents and Q/A sheets as a chatbot that cites its sources.

Names are imported lazily on first use: `import mundap` loads neither Kiwi nor any model.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mundap.encode.e5 import E5Small as E5Small
    from mundap.encode.hashed import HashedEncoder as HashedEncoder
    from mundap.generate.extractive import Extractive as Extractive
    from mundap.index.bm25 import BM25 as BM25
    from mundap.index.dense import Dense as Dense
    from mundap.ingest.readers import load as load
    from mundap.ingest.split import split as split
    from mundap.retrieve.hybrid import Hybrid as Hybrid
    from mundap.workflows import backup as backup
    from mundap.workflows import doctor as doctor
    from mundap.workflows import erase as erase
    from mundap.workflows import evaluate as evaluate
    from mundap.workflows import export as export
    from mundap.workflows import feedback as feedback
    from mundap.workflows import promote as promote
    from mundap.workflows import runs as runs
    from mundap.workflows import synonyms as synonyms
    from mundap.workflows import synthesise as synthesise
    from mundap.workflows import train as train
    from mundap.workflows import tune as tune
    from mundap.workspace import Mundap as Mundap

    __version__: str

_EXPORTS = {
    "BM25": "mundap.index.bm25",
    "Dense": "mundap.index.dense",
    "E5Small": "mundap.encode.e5",
    "Extractive": "mundap.generate.extractive",
    "HashedEncoder": "mundap.encode.hashed",
    "Hybrid": "mundap.retrieve.hybrid",
    "Mundap": "mundap.workspace.facade",
    "load": "mundap.ingest.readers",
    "split": "mundap.ingest.split",
}
_WORKFLOWS = (
    "backup",
    "doctor",
    "erase",
    "evaluate",
    "export",
    "feedback",
    "promote",
    "runs",
    "synonyms",
    "synthesise",
    "train",
    "tune",
)
__all__ = sorted([*_EXPORTS, *_WORKFLOWS])


def __getattr__(name: str) -> object:
    if name == "__version__":  # said once, in pyproject.toml
        return import_module("importlib.metadata").version("mundap")
    if name in _WORKFLOWS:
        return import_module(f"mundap.workflows.{name}")
    if name not in _EXPORTS:
        raise AttributeError(f"module 'mundap' has no attribute '{name}'")
    return getattr(import_module(_EXPORTS[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
