"""What mundap.toml may say of how an encoder reads, where the model's own files say nothing, or otherwise."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """`query` and `passage` stand before texts (None: what the model's files, or prompts.FAMILIES, say).

    `pooling` is one of pooling.POOLINGS, "" for that of the model's files.
    """

    query: str | None = None
    passage: str | None = None
    pooling: str = ""
