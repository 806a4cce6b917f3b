"""Chunks of 3,000 characters: whatever reads them reads all of them, or says that it does not."""

from __future__ import annotations

import json
import logging
from contextlib import closing
from pathlib import Path

import pytest
from tests.small_models import encoders

from mundap.retrieve.rerank import make_reranker
from mundap.types import Hit, Passage
from mundap.workspace import Mundap

pytestmark = pytest.mark.slow

SENTENCE = "수입 신고를 마친 물품은 보세구역에서 꺼낼 수 있습니다. "
TEXT = SENTENCE * 90  # 2,800 characters in one paragraph
SETTINGS = '[ingest]\nchunk_chars = 3000\nparent_chars = 6000\n[index]\nencoder = "{}"\n'


def long_context(folder: Path, window: int = 8192) -> Path:
    encoders.graph(folder)
    (folder / "config.json").write_text(json.dumps({"max_position_embeddings": window, "hidden_size": encoders.DIM}))
    return folder


@pytest.mark.parametrize(("encoder", "told"), [("onnx:long", False), ("onnx:short", True), ("e5-small", True)])
def test_no_end_of_a_long_chunk_is_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, encoder: str, told: bool
) -> None:
    long_context(tmp_path / "long")
    long_context(tmp_path / "short", 128)
    (tmp_path / "docs").mkdir()
    (tmp_path / "mundap.toml").write_text(SETTINGS.format(encoder), "utf-8")
    (tmp_path / "docs" / "a.txt").write_text(TEXT + "고양이가 지붕에서 낮잠을 잔다.", "utf-8")
    (tmp_path / "docs" / "b.txt").write_text(TEXT + "관세청은 관세를 걷는 기관이다.", "utf-8")
    bot = Mundap.open(tmp_path)
    with closing(bot.corpus), caplog.at_level(logging.WARNING):
        bot.ingest()
        bot.index()
        passages = bot.indexed_passages()
        # each is one parent passage, which is its own chunk
        assert [len(passage.text) > 2700 for passage in passages] == [True, True]
        scores = {Path(hit.passage.source).stem: hit.score for hit in bot.search("고양이 낮잠", leg="dense")}
        assert scores["a"] > scores["b"]
    assert any("나누어 읽고" in line for line in caplog.messages) == told


def test_a_reranker_that_reads_less_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    hits = [Hit(Passage("p", "d", TEXT, 0, len(TEXT)), 1.0, 1)]
    make_reranker(f"late:{long_context(tmp_path / 'long')}").rerank("물품", hits)
    assert not caplog.messages
    for _ in range(2):
        make = make_reranker(f"late:{long_context(tmp_path / 'short', 128)}")
        make.rerank("물품", hits)
        make.rerank("신고", hits)
    assert [line for line in caplog.messages if "토큰 128개를 읽습니다" in line] == caplog.messages
    assert len(caplog.messages) == 2
