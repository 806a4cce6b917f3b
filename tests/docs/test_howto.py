"""The how-to pages do what they say: their files are written and their commands run, in an empty folder each.

One page starts the installed command, as its readers do; where others say `mundap`, it is forked.
"""

from pathlib import Path

import pytest
from tests.docs.blocks import ROOT, blocks, follow

PAGES = sorted((ROOT / "docs" / "howto").glob("*.md"))
SAYS = {  # what a reader of the page sees at its end
    "encoder": "연차는 발생한 날부터 1년 안에 쓰지 않으면 소멸합니다.",
    "loss": "as worked out by hand",
    "frameworks": "FAQ 지하 2층에 무료로 주차할 수 있습니다.",
    "mcp": "연차는 발생한 날부터 1년 안에 쓰지 않으면 소멸합니다.",
    "not-found": "hybrid 1",
    "prompt": "당신은 조직의 문서를 근거로",
    "sync": "두 시간까지 무료로 주차할 수 있습니다.",
    "tracing": "mundap.ask",
    "reader": "병가는 해마다 60일까지 쓸 수 있습니다.",
}
INSTALLED = "sync"


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_a_page_runs_as_it_stands(page: Path, forked: Path, tmp_path: Path) -> None:
    if not blocks(page, "bash", "python"):
        pytest.skip(f"{page.name} has nothing to run")
    if page.stem == "loss":
        pytest.importorskip("torch", reason="needs torch: make setup-train")
    if page.stem == "frameworks":
        for package in ("langchain_core", "llama_index.core", "haystack"):
            pytest.importorskip(package, reason="needs the extras langchain, llama-index and haystack")
    if page.stem == "tracing":
        pytest.importorskip("opentelemetry.sdk", reason="needs the extra otel: pip install 'mundap[otel]'")
    if page.stem == "mcp":
        pytest.importorskip("mcp", reason="needs the extra mcp: pip install 'mundap[mcp]'")
    assert SAYS.get(page.stem, "") in follow(page, tmp_path, *([] if page.stem == INSTALLED else [forked]))


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_tutorial_runs_as_it_stands(forked: Path, tmp_path: Path) -> None:
    said = follow(ROOT / "docs" / "tutorial.md", tmp_path, forked, timeout=1800)
    assert "적용을 권장" in said
