"""Agents ask by the Model Context Protocol: the SDK's own client over both transports."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

mcp = pytest.importorskip("mcp", reason="needs the extra mcp: pip install 'mundap[mcp]'")

import anyio  # noqa: E402
from mcp import Client, StdioServerParameters  # noqa: E402
from mcp.shared.exceptions import MCPError  # noqa: E402
from tests.forked import Origin, standing_in  # noqa: E402
from tests.language_model import slow_model  # noqa: E402

from mundap.mcp.server import _run  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:mcp", "ignore::ResourceWarning")

QUESTION = "해외직구 면세 한도가 얼마인가요?"
TOOLS = {"search", "ask", "list_documents", "read_document", "read_passage", "keywords", "graph_neighbours"}
Connect = Callable[[], contextlib.AbstractAsyncContextManager[Client]]


@pytest.fixture(scope="module", params=["stdio", "http"])
def connect(
    request: pytest.FixtureRequest, origin: Origin, sample: Path, serving: Callable[..., AbstractContextManager[Any]]
) -> Any:
    """What connects a client to the sample's workspace."""
    with contextlib.ExitStack() as stack:
        if request.param == "http":
            target: Any = f"{stack.enter_context(serving(sample)).address}/mcp"
        else:
            forked = str(stack.enter_context(standing_in(origin)) / "mundap")
            arguments = ["mcp", "--workspace", str(sample)]
            target = StdioServerParameters(command=forked, args=arguments, env=dict(os.environ))

        @asynccontextmanager
        async def connected() -> AsyncIterator[Client]:
            async with Client(target) as client:
                yield client

        yield connected


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 120))


def test_an_agent_finds_its_way(connect: Connect) -> None:
    async def work() -> None:
        async with connect() as client:
            assert {tool.name for tool in (await client.list_tools()).tools} == TOOLS
            listed = (await client.call_tool("list_documents", {})).structured_content
            assert listed["total"] == len(listed["documents"]) > 3
            one = listed["documents"][0]
            part = (await client.call_tool("read_document", {"document_id": one["document_id"]})).structured_content
            assert part["source"] == one["source"]
            assert len(part["text"]) == min(part["characters"], 20_000)
            whole = await client.read_resource(f"mundap://documents/{one['document_id']}")
            assert str(getattr(whole.contents[0], "text", "")).startswith(part["text"])
            prompts = (await client.list_prompts()).prompts
            assert {prompt.name for prompt in prompts} == {"answer_with_sources", "check_answer"}

    run(work())


def test_an_answer_is_cited_and_comes_in_pieces(connect: Connect) -> None:
    async def work() -> None:
        pieces: list[str] = []

        async def heard(progress: float, total: float | None, message: str | None) -> None:
            pieces.append(message or "")
            assert progress == sum(map(len, pieces))

        async with connect() as client:
            told = await client.call_tool("ask", {"question": QUESTION}, progress_callback=heard)
            answer = told.structured_content
            assert not told.is_error
            assert "150달러" in answer["answer"]
            assert not answer["abstained"]
            assert "".join(pieces).strip() == answer["answer"]
            for citation in answer["citations"]:
                passage = await client.call_tool("read_passage", {"passage_id": citation["passage_id"]})
                assert citation["quote"] in passage.structured_content["text"]
            unknown = await client.call_tool("ask", {"question": "화성의 위성은 몇 개인가요?"})
            assert unknown.structured_content["abstained"]

    run(work())


def test_search_and_keywords_are_those_of_the_command_line(
    connect: Connect, mundap: Callable[..., Any], sample: Path
) -> None:
    there = mundap("search", QUESTION, "-k", "4", "--json", workspace=sample).rows

    async def work() -> None:
        async with connect() as client:
            found = (await client.call_tool("search", {"question": QUESTION, "k": 4})).structured_content["result"]
            assert [hit["passage_id"] for hit in found] == [hit["passage_id"] for hit in there]
            assert [hit["text"] for hit in found] == [hit["text"] for hit in there]
            source = found[-1]["source"]
            only = await client.call_tool("search", {"question": QUESTION, "filters": {"source": [source]}})
            assert {hit["source"] for hit in only.structured_content["result"]} == {source}
            words = (await client.call_tool("keywords", {"question": QUESTION})).structured_content["keywords"]
            near = (await client.call_tool("graph_neighbours", {"word": words[0]})).structured_content
            assert near["passages"] > 0
            assert all(words[0] in (one["head"], one["tail"]) for one in near["relations"])

    run(work())


UNDOABLE: list[tuple[str, dict[str, Any], str]] = [
    ("read_passage", {"passage_id": "없음"}, "없는 문단입니다"),
    ("read_document", {"document_id": "없음"}, "없는 문서입니다"),
    ("search", {"question": QUESTION, "filters": {"모름": ["가"]}}, "없는 열입니다"),
    ("ask", {"question": "  "}, "질문이 비어 있습니다"),
]


def test_what_cannot_be_done_is_told_to_the_agent(connect: Connect) -> None:
    async def work() -> None:
        async with connect() as client:
            for tool, arguments, says in UNDOABLE:
                told = await client.call_tool(tool, arguments)
                assert told.is_error
                assert says in getattr(told.content[0], "text", "")
            with pytest.raises(MCPError, match="없는 문단입니다"):
                await client.read_resource("mundap://passages/none")

    run(work())


def test_a_key_is_needed_where_the_api_needs_one(
    mundap: Callable[..., Any], fresh: Callable[..., Path], serving: Callable[..., AbstractContextManager[Any]]
) -> None:
    root = fresh()
    assert mundap("ingest", workspace=root).code == mundap("index", workspace=root).code == 0
    assert mundap("keys", "add", "agent", workspace=root).code == 0
    with serving(root) as server:
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        refused = httpx.post(
            f"{server.address}/mcp", json=body, headers={"Accept": "application/json, text/event-stream"}
        )
        assert refused.status_code == 401


def test_nothing_is_kept_open_that_nothing_comes_on(
    sample: Path, serving: Callable[..., AbstractContextManager[Any]]
) -> None:
    with serving(sample) as server:
        for method in ("GET", "HEAD", "DELETE"):
            said = server.client.request(method, "/mcp", headers={"Accept": "text/event-stream"}, timeout=10)
            assert (said.status_code, said.headers["Allow"]) == (405, "POST"), method


def test_who_takes_no_form_of_an_answer_is_told_which_there_are(
    sample: Path, serving: Callable[..., AbstractContextManager[Any]]
) -> None:
    with serving(sample) as server:
        headers = {"Accept": "text/html", "MCP-Protocol-Version": "2099-01-01"}
        refused = server.client.post("/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "ping"}, headers=headers)
        assert refused.status_code == 406
        assert "text/event-stream" in refused.json()["detail"]


def test_pages_of_other_sites_are_refused(sample: Path, serving: Callable[..., AbstractContextManager[Any]]) -> None:
    with serving(sample) as server:
        headers = {"Origin": "http://evil.example", "Accept": "application/json, text/event-stream"}
        refused = httpx.post(
            f"{server.address}/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "ping"}, headers=headers
        )
        assert refused.status_code == 403


@pytest.mark.parametrize("transport", ["stdio", "http"])
def test_the_model_is_stopped_when_the_agent_cancels(
    transport: str,
    command: str,
    hashed_sample: Callable[..., Path],
    serving: Callable[..., AbstractContextManager[Any]],
    tmp_path: Path,
) -> None:
    with slow_model("연차는 ", "2년이 지나면 소멸합니다 [1]") as model, contextlib.ExitStack() as stack:
        generate = f'generator = "openai:{model.address}#slow"\nmin_support = 0\nfaq = false\n'
        root = hashed_sample(tmp_path / "ws", f'[index]\nencoder = "hashed"\n[generate]\n{generate}')
        target: Any = StdioServerParameters(command=command, args=["mcp", "--workspace", str(root)])
        if transport == "http":
            target = f"{stack.enter_context(serving(root)).address}/mcp"

        async def work() -> None:
            async with Client(target) as client:
                asking = asyncio.ensure_future(client.call_tool("ask", {"question": "연차는 언제 소멸되나요?"}))
                assert await asyncio.to_thread(model.asked.wait, 60)
                asking.cancel()
                assert await asyncio.to_thread(model.left.wait, 20)
                again = await client.call_tool("list_documents", {})
                assert not again.is_error

        run(work())


def test_agents_take_no_more_threads_than_they_may() -> None:
    """Or their questions, which may take minutes, would hold those by which everything else is answered."""
    lock, now, most = threading.Lock(), 0, 0

    def work() -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.02)
        with lock:
            now -= 1

    async def asked() -> None:
        limiter = anyio.CapacityLimiter(2)
        await asyncio.gather(*(_run(str, limiter, work) for _ in range(12)))

    run(asked())
    assert most == 2
