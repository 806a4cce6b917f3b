"""The state of an installation and a workspace."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

from mundap import __version__
from mundap.encode.prompts import Prompts
from mundap.errors import MundapError
from mundap.generate.openai import OpenAIGenerator
from mundap.index.local import LocalEngine
from mundap.protocols import Loads
from mundap.store.space import free, low
from mundap.types import Json
from mundap.workspace import Mundap
from mundap.workspace.copies import copies_told

# A package of each extra, by which its presence is known.
EXTRAS = {
    "docs": "hwp2md",
    "encoders": "tokenizers",
    "fast": "numba",
    "graph": "plotly",
    "llm": "xllamacpp",
    "milvus": "pymilvus",
    "ocr": "PIL",
    "oidc": "joserfc",
    "postgres": "psycopg",
    "ray": "ray",
    "rerank": "onnxruntime",
    "serve": "fastapi",
    "train": "torch",
}


@dataclass(frozen=True, slots=True)
class SegmentShare:
    """A segment of the index: its rows, the share of them that is deleted, its size on the disk, and the share
    of the hundred nearest vectors that a search finds, as it was measured."""

    name: str
    rows: int
    deleted: float
    megabytes: float
    recall: float


@dataclass(frozen=True, slots=True)
class Examination:
    """Versions, what is in the corpus, and which extras are installed. `encoder` is "ok" with its
    name and prompts, and `index` "ok", or they say what to do. So does `generator`, after it has been loaded, or its server asked. `copies` is "ok", or tells of passages that say the same,
    `access` is "ok", or names folders of [access.folders] that hold no document, and `record` tells where the record is, and `disk` has the room that is left, or warns that it is low.
    `damaged` are files of the workspace that were found to be so; None if nobody looked."""

    mundap: str
    python: str
    workspace: str
    documents: int
    passages: int
    encoder: str
    index: str
    generator: str
    copies: str
    access: str
    record: str
    disk: str
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
        generator=_generator(bot),
        copies=copies_told(bot.copies.all()) or "ok",
        access=misspelt_told(bot.empty_folders) or "ok",
        record="ok: SQLite" if isinstance(bot.record, Path) else f"ok: {bot.record.address}",
        disk=low(bot.root, bot.config.low_disk_mb) or f"ok: {free(bot.root) / (1 << 30):,.1f}GB 남음",
        extras={extra: find_spec(package) is not None for extra, package in EXTRAS.items()},
        segments=tuple(
            SegmentShare(name, extent.rows, 1 - extent.alive / max(extent.rows, 1), size / 1e6, recall)
            for name, extent, size, recall in bot.segments
        ),
        damaged=tuple(str(path.relative_to(bot.root)) for path in bot.damaged_files()) if verify else None,
    )


def misspelt_told(folders: Sequence[str]) -> str:
    """One line on folders of the settings in which nothing is hidden; "" if there are none."""
    if not folders:
        return ""
    return (
        f"[access.folders]의 폴더에 문서가 없습니다: {', '.join(folders)}. 이름이 틀렸다면 숨기려던 문서가 보입니다."
        " 작업 폴더에서 본 경로로 고치세요(예: docs/인사)."
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


def _generator(bot: Mundap) -> str:
    try:
        generator = bot.components.generator
        if isinstance(generator, Loads):
            generator.load()
        if isinstance(generator, OpenAIGenerator):
            generator.check()
    except MundapError as error:
        return str(error)
    return f"ok: {generator.name}"


def _index(bot: Mundap) -> str:
    try:
        bot.search("점검", k=1)
    except MundapError as error:
        return str(error)
    engine = bot.components.engine
    return "ok" if isinstance(engine, LocalEngine) else f"ok: {engine.shown}"
