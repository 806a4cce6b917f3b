"""Headings that no format marks: 제1조(목적), 제2장 총칙, Ⅰ. 개요, 1. 신청, 가. 서류, □ 일정."""

from __future__ import annotations

from collections.abc import Sequence

from mundap.ingest.blocks import Block


def marked(blocks: Sequence[Block]) -> list[Block]:
    """`blocks` with the paragraphs that are headings made so."""
    return list(blocks)
