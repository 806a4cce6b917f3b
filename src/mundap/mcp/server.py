"""The server of the Model Context Protocol: the tools, resources and prompts over a workspace, with progress and cancellation.

Needs the extra `mcp`, the protocol's official SDK (https://github.com/modelcontextprotocol/python-sdk).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Annotated, Literal, Protocol, TypeVar

import anyio
import anyio.from_thread
import anyio.to_thread
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ResourceNotFoundError, ToolError
from mcp.server.transport_security import TransportSecuritySettings
from mcp.types import ToolAnnotations
from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import mundap
from mundap.errors import MundapError
from mundap.mcp import tools
from mundap.mcp.shapes import Answered, DocumentPart, Documents, Found, Keywords, Neighbours, PassageText
from mundap.stopping import Stop, Stopped
from mundap.workspace import Mundap

T = TypeVar("T")
Tell = Callable[[MundapError], str]


class Run(Protocol):
    """Does work in a thread."""

    async def __call__(self, work: Callable[[], T]) -> T:
        """What `work` returns. Raises ToolError."""
        ...


PATH = "/mcp"
Filters = Annotated[dict[str, list[str]], Field(description='검색 조건. 예: {"source": ["관세청"]}')]
Question = Annotated[str, Field(description="한국어 질문", max_length=2000)]

_READS = ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)
_INSTRUCTIONS = (
    "이 서버는 한 기관의 한국어 문서를 검색하고, 문서에 있는 내용만으로 답합니다."
    " 답이 필요하면 ask를, 근거 문단을 직접 읽으려면 search를 사용하세요."
    " 답변의 [번호]는 citations의 번호이고, 인용문은 문서에 그대로 있습니다."
    " abstained가 true이면 문서에 답이 없는 것이므로 지어내지 마세요."
)


def make_server(newest: Callable[[], Mundap], tell: Tell = str, at_once: int = 4) -> MCPServer[None]:
    """The server. `newest` gives the workspace for each request, at its newest generation and as its asker sees it, and
    `tell` what the asker may hear of an error. It does `at_once` pieces of work at once; others wait, and take no thread."""
    server: MCPServer[None] = MCPServer(
        "mundap", title="문답 (mundap)", instructions=_INSTRUCTIONS, version=mundap.__version__, log_level="WARNING"
    )
    run = partial(_run, tell, anyio.CapacityLimiter(at_once))
    _add_tools(server, newest, run)
    _add_resources(server, newest, run)
    _add_prompts(server)
    return server


def serve_stdio(bot: Mundap) -> None:
    """Serve one client over standard input and output until it leaves. Logs go to standard error."""

    def newest() -> Mundap:
        bot.refresh()
        return bot

    logging.basicConfig(level=logging.WARNING)
    make_server(newest).run("stdio")


def make_http(
    newest: Callable[[], Mundap], tell: Tell = str, at_once: int = 4
) -> tuple[list[BaseRoute], Callable[[], AbstractAsyncContextManager[None]]]:
    """The routes of streamable HTTP, at PATH, and what must be entered while they are served.

    No sessions are kept, so that any replica answers any request. There is nothing to listen for or to end, then: GET would
    be a stream that nothing is sent on. Whoever takes the routes decides who may ask.
    """
    server = make_server(newest, tell, at_once)
    app = server.streamable_http_app(
        streamable_http_path=PATH,
        stateless_http=True,
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
    [route] = [one for one in app.routes if isinstance(one, Route)]
    return [Route(PATH, _Spoken(route.endpoint), methods=["POST"])], server.session_manager.run


class _Spoken:
    """`app`, whose refusals without a word become HTTPException, so that whoever serves it says what is wrong."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises HTTPException instead of sending an error with an empty body."""
        refused: Message | None = None

        async def hear(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start" and message["status"] >= 400:
                refused = message
                return
            if refused is not None:
                if not message.get("body") and not message.get("more_body"):
                    raise HTTPException(refused["status"])
                await send(refused)
                refused = None
            await send(message)

        await self._app(scope, receive, hear)


def _add_tools(server: MCPServer[None], newest: Callable[[], Mundap], run: Run) -> None:
    @server.tool(title="문단 검색", annotations=_READS)
    async def search(
        question: Question,
        k: Annotated[int, Field(description="문단 수", ge=1, le=50)] = 5,
        leg: Annotated[
            Literal["hybrid", "bm25", "dense", "graph", "sparse"], Field(description="검색 방법")
        ] = "hybrid",
        filters: Filters = {},  # noqa: B006 (the schema shows it; nothing changes it)
    ) -> list[Found]:
        """질문과 가장 관련 있는 문단을 출처와 함께 순위대로 찾습니다."""
        return await run(lambda: tools.search(newest(), question, k, leg, filters))

    @server.tool(title="질문에 답하기", annotations=_READS)
    async def ask(
        question: Question,
        ctx: Context[None],
        filters: Filters = {},  # noqa: B006
        persona: Annotated[str | None, Field(description="페르소나 이름")] = None,
    ) -> Answered:
        """문서에 있는 내용만으로 질문에 답하고 출처를 인용합니다. 문서에 답이 없으면 없다고 답합니다."""
        said = 0

        def tell(piece: str) -> None:
            nonlocal said
            said += len(piece)
            anyio.from_thread.run(partial(ctx.report_progress, said, message=piece))

        return await run(lambda: tools.ask(newest(), question, filters, persona, tell))

    @server.tool(title="문서 목록", annotations=_READS)
    async def list_documents(
        words: Annotated[str, Field(description="이름이나 제목에 있는 말. 비우면 모두", max_length=200)] = "",
        limit: Annotated[int, Field(ge=1, le=500)] = 100,
        offset: Annotated[int, Field(ge=0)] = 0,
    ) -> Documents:
        """읽어 들인 문서의 목록을 반환합니다."""
        return await run(lambda: tools.documents(newest(), words, limit, offset))

    @server.tool(title="문서 읽기", annotations=_READS)
    async def read_document(
        document_id: str, offset: Annotated[int, Field(ge=0, description="읽기 시작할 글자")] = 0
    ) -> DocumentPart:
        """문서의 본문을 나누어 반환합니다. next_offset이 있으면 그 위치부터 이어 읽으세요."""
        return await run(lambda: tools.document(newest(), document_id, offset))

    @server.tool(title="문단 읽기", annotations=_READS)
    async def read_passage(passage_id: str) -> PassageText:
        """인용한 문단의 전체 내용을 반환합니다."""
        return await run(lambda: tools.passage(newest(), passage_id))

    @server.tool(title="키워드 추출", annotations=_READS)
    async def keywords(question: Question) -> Keywords:
        """질문의 키워드를 나온 순서대로 반환합니다."""
        return await run(lambda: tools.keywords(newest(), question))

    @server.tool(title="키워드 그래프의 이웃", annotations=_READS)
    async def graph_neighbours(word: Annotated[str, Field(description="키워드", max_length=200)]) -> Neighbours:
        """키워드 그래프에서 한 단어의 동의어, 관계, 함께 나오는 단어를 반환합니다."""
        return await run(lambda: tools.neighbours(newest(), word))


def _add_resources(server: MCPServer[None], newest: Callable[[], Mundap], run: Run) -> None:
    @server.resource("mundap://documents", title="문서 목록", mime_type="application/json")
    async def documents() -> str:
        """읽어 들인 문서의 목록입니다(최대 500개)."""
        return (await run(lambda: tools.documents(newest(), "", 500, 0))).model_dump_json()

    @server.resource("mundap://documents/{document_id}", title="문서의 본문", mime_type="text/plain")
    async def document(document_id: str) -> str:
        """문서의 본문 전체입니다."""
        text = await run(lambda: newest().corpus.text(document_id))
        if text is None:
            raise ResourceNotFoundError(f"'{document_id}': 없는 문서입니다.")
        return text

    @server.resource("mundap://passages/{passage_id}", title="문단", mime_type="application/json")
    async def passage(passage_id: str) -> str:
        """인용할 수 있는 문단 하나입니다."""
        try:
            return (await run(lambda: tools.passage(newest(), passage_id))).model_dump_json()
        except ToolError as error:
            raise ResourceNotFoundError(str(error)) from error


def _add_prompts(server: MCPServer[None]) -> None:
    @server.prompt(title="출처를 밝혀 답하기")
    def answer_with_sources(question: str) -> str:
        """문서를 검색해 출처를 인용하며 답하도록 요청합니다."""
        return (
            f"다음 질문에 mundap의 문서에 있는 내용만으로 답하세요.\n\n질문: {question}\n\n"
            "1. search로 문단을 찾아 읽고, 부족하면 다른 말로 다시 검색하세요.\n"
            "2. 문장마다 근거가 된 문단의 출처를 밝히세요.\n"
            "3. 문서에 답이 없으면 없다고 하고, 짐작하지 마세요."
        )

    @server.prompt(title="답변 검증하기")
    def check_answer(question: str, answer: str) -> str:
        """이미 있는 답변이 문서와 맞는지 확인하도록 요청합니다."""
        return (
            f"질문: {question}\n\n답변: {answer}\n\n"
            "mundap의 search로 근거를 찾아, 답변의 문장마다 문서가 뒷받침하는지, 틀리거나 빠진 것이 있는지 인용문과 함께 알려 주세요."
        )


async def _run(tell: Tell, limiter: anyio.CapacityLimiter, work: Callable[[], T]) -> T:
    """What `work` returns, in a thread; it is stopped when the client cancels. An expected error is the tool's answer."""
    stop = Stop()

    def heard() -> T:
        with stop.heard():
            return work()

    try:
        return await anyio.to_thread.run_sync(heard, abandon_on_cancel=True, limiter=limiter)
    except MundapError as error:
        raise ToolError(tell(error)) from error
    except Stopped as error:
        raise ToolError("취소되었습니다.") from error
    finally:
        stop.set()
