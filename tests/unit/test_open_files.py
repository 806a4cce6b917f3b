"""Files are closed with what had them open, and not at some later garbage collection."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from mundap.workspace import Mundap

FILES = Path("/proc/self/fd")

pytestmark = pytest.mark.skipif(not FILES.exists(), reason="needs /proc")


@pytest.fixture
def uncollected() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("uncollected")
def test_a_generation_that_is_replaced_has_no_files_open(tmp_path: Path) -> None:
    root = tmp_path / "ws"
    (root / "docs").mkdir(parents=True)
    (root / "mundap.toml").write_text('[index]\nencoder = "hashed"\n', "utf-8")
    (root / "docs" / "휴가.md").write_text("# 휴가\n\n연차는 15일입니다.\n", "utf-8")
    bot = Mundap.open(root)
    held = []
    for n in range(5):
        (root / "docs" / "새.md").write_text(f"# 새 글\n\n{n}번째 글은 {n * 7}호입니다.\n", "utf-8")
        bot.ingest()
        bot.index(rebuild=True)
        bot.refresh()
        assert bot.search("새 글", 3, "graph")
        held.append(len([*FILES.iterdir()]))
    assert held[-1] <= held[1] + 2, held
