"""The state of an installation and a workspace."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.util import find_spec

from mundap import __version__
from mundap.encode.prompts import Prompts
from mundap.errors import MundapError
from mundap.types import Json
from mundap.workspace import Mundap

# A package of each extra, by which its presence is known.
EXTRAS = {
    "docs": "hwp2md",
    "encoders": "tokenizers",
    "fast": "numba",
    "graph": "plotly",
    "llm": "xllamacpp",
    "ocr": "PIL",
    "rerank": "onnxruntime",
    "serve": "fastapi",
    "train": "torch",
}


@dataclass(frozen=True, slots=True)
class SegmentShare:
    """A segment of the index: its rows, the share of them that is deleted, and its size on the disk."""

    name: str
    rows: int
    deleted: float
    megabytes: float


@dataclass(frozen=True, slots=True)
class Examination:
    """Versions, what is in the corpus, and which extras are installed. `encoder` is "ok" with its
    name and prompts, and `index` "ok", or they say what to do. `damaged` are files of the workspace that were found to be so;
    None if nobody looked."""

    mundap: str
    python: str
    workspace: str
    documents: int
    passages: int
    encoder: str
    index: str
    extras: Mapping[str, bool]
    segments: tuple[SegmentShare, ...]
    damaged: tuple[str, ...] | None

    def to_json(self) -> dict[str, Json]:
        """The fields by name; `damaged` only if somebody looked."""
        report = asdict(self)
        return report if self.damaged is not None else {name: report[name] for name in report if name != "damaged"}


def examine(bot: Mundap, verify: bool = False) -> Examination:
    """Look at the installation and the workspace, and search once; with `verify`, read every file of the index."""
    documents, passages = bot.corpus.counts()
    return Examination(
        mundap=__version__,
        python=platform.python_version(),
        workspace=str(bot.root),
        documents=documents,
        passages=passages,
        encoder=_encoder(bot),
        index=_index(bot),
        extras={extra: find_spec(package) is not None for extra, package in EXTRAS.items()},
        segments=tuple(
            SegmentShare(name, extent.rows, 1 - extent.alive / max(extent.rows, 1), size / 1e6)
            for name, extent, size in bot.segments
        ),
        damaged=tuple(str(path.relative_to(bot.root)) for path in bot.damaged_files()) if verify else None,
    )


def _encoder(bot: Mundap) -> str:
    """The encoder's name and what stands before texts, after it has read one; or what is wrong, and the remedy."""
    settings = bot.config.index
    try:
        encoder = bot.components.encoder
        dim = encoder.encode_queries(["점검"]).shape[1]
    except MundapError as error:
        return str(error)
    said = f"ok: {encoder.name}, {dim}차원"
    prompts = getattr(encoder, "prompts", None)
    if isinstance(prompts, Prompts):
        return f"{said}, 질문 프롬프트 {prompts.query!r}, 문단 프롬프트 {prompts.passage!r}"
    if (settings.query_prompt, settings.passage_prompt, settings.pooling) != (None, None, ""):
        said += f" (주의: {settings.encoder}에는 query_prompt, passage_prompt, pooling을 사용하지 않습니다)"
    return said


def _index(bot: Mundap) -> str:
    try:
        bot.search("점검", k=1)
    except MundapError as error:
        return str(error)
    return "ok"
