"""An agent framework's own MCP client, LlamaIndex's, against `mundap mcp` as it starts it, and against a server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mcp", reason="needs the extra mcp: pip install 'mundap[mcp]'")
tools = pytest.importorskip("llama_index.tools.mcp", reason="needs llama-index-tools-mcp: make setup-dev")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

QUESTION = "해외직구 면세 한도가 얼마인가요?"


def told(client: Any) -> str:
    """What the tools that an agent of LlamaIndex is given say of QUESTION."""

    async def work() -> str:
        made = await tools.McpToolSpec(client).to_tool_list_async()
        by_name = {one.metadata.name: one for one in made}
        assert {"search", "ask"} <= set(by_name)
        assert all(one.metadata.description for one in made)
        answer = await by_name["ask"].acall(question=QUESTION)
        found = await by_name["search"].acall(question=QUESTION, k=2)
        return f"{answer} {found}"

    with ThreadPoolExecutor(1) as apart:  # where no other test has left a loop running
        return apart.submit(lambda: asyncio.run(asyncio.wait_for(work(), 120))).result()


def test_its_agents_ask_over_stdio(command: str, sample: Path) -> None:
    said = told(tools.BasicMCPClient(command, args=["mcp", "--workspace", str(sample)]))
    assert "150" in said


def test_its_agents_ask_a_server(sample: Path, serving: Callable[..., AbstractContextManager[Any]]) -> None:
    with serving(sample) as server:
        assert "150" in told(tools.BasicMCPClient(f"{server.address}/mcp"))
