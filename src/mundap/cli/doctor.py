"""What `mundap doctor` looks at."""

from __future__ import annotations

import platform
from importlib.util import find_spec
from typing import Any

import mundap
from mundap.errors import MundapError
from mundap.workspace import Mundap

# A package of each extra, by which its presence is known.
EXTRAS = {
    "docs": "hwp2md",
    "fast": "numba",
    "graph": "plotly",
    "llm": "xllamacpp",
    "ocr": "PIL",
    "rerank": "onnxruntime",
    "serve": "fastapi",
}


def examine(bot: Mundap) -> dict[str, Any]:
    """The state of an installation and a workspace."""
    documents, passages = bot.corpus.counts()
    return {
        "mundap": mundap.__version__,
        "python": platform.python_version(),
        "workspace": str(bot.root),
        "documents": documents,
        "passages": passages,
        "index": _index(bot),
        "extras": {extra: find_spec(package) is not None for extra, package in EXTRAS.items()},
    }


def _index(bot: Mundap) -> str:
    try:
        bot.search("점검", k=1)
    except MundapError as error:
        return str(error)
    return "ok"
