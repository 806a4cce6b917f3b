"""The state of an installation and a workspace."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.util import find_spec

from mundap import __version__
from mundap.errors import MundapError
from mundap.types import Json
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


@dataclass(frozen=True, slots=True)
class Examination:
    """Versions, what is in the corpus, and which extras are installed. `index` is "ok", or says what to do."""

    mundap: str
    python: str
    workspace: str
    documents: int
    passages: int
    index: str
    extras: Mapping[str, bool]

    def to_json(self) -> dict[str, Json]:
        """The fields by name."""
        return asdict(self)


def examine(bot: Mundap) -> Examination:
    """Look at the installation and the workspace, and search once."""
    documents, passages = bot.corpus.counts()
    return Examination(
        mundap=__version__,
        python=platform.python_version(),
        workspace=str(bot.root),
        documents=documents,
        passages=passages,
        index=_index(bot),
        extras={extra: find_spec(package) is not None for extra, package in EXTRAS.items()},
    )


def _index(bot: Mundap) -> str:
    try:
        bot.search("점검", k=1)
    except MundapError as error:
        return str(error)
    return "ok"
