"""Answers in OpenAI's shape, whole or as a stream of server-sent events."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from starlette.types import Receive, Scope, Send

from mundap.errors import MundapError
from mundap.generate.prompt import estimate
from mundap.serve.answers import whole
from mundap.serve.asker import Asker
from mundap.serve.chat_shapes import (
    Chat,
    Choice,
    Chunk,
    ChunkChoice,
    Cited,
    Completion,
    Delta,
    Finish,
    How,
    Message,
    Said,
    Usage,
)
from mundap.serve.error_responses import UNEXPECTED, OpenAIProblem, Refused, documented, openai_problem, status_of, told
from mundap.serve.service import Here, Question, RequestId, Who
from mundap.serve.shapes import LONGEST
from mundap.serve.work import Flow, unless_gone
from mundap.shapes import answer_json
from mundap.types import Answer, Turn

log = logging.getLogger(__name__)

MODEL = "mundap"
_LONGEST_TYPE = 40  # characters of the type of a part that is named
LONGEST_ANSWER = 20_000  # characters of what was answered before
TURNS = 8  # of the conversation that the messages hold
_BEAT = ": 답변을 생성하고 있습니다\n\n"
_STREAMED: dict[int | str, dict[str, object]] = {200: {"content": {"text/event-stream": {}}, "description": "답변"}}

router = APIRouter(
    prefix="/v1", tags=["OpenAI 호환 API"], responses=documented(404, 502, shape=OpenAIProblem) | _STREAMED
)


@router.post("/chat/completions", summary="출처와 함께 답변", response_model=Completion)
async def chat(
    asked: Chat, request: Request, service: Here, request_id: RequestId, who: Who
) -> Completion | StreamingResponse:
    """`/query`와 같은 답변을 OpenAI 형식으로 반환합니다. 인용과 문단은 메시지의 `mundap`에, 스트리밍이면 마지막 청크의 `mundap`에 있습니다.

    `stream`이 true이면 답변을 생성되는 대로 전송합니다. 대기 중에는 주석 줄(`:`)을 보내고, 클라이언트가 연결을 끊으면 생성을 중단합니다.
    """
    question = _question(asked, request_id, who)
    if asked.stream:
        began, silence = time.perf_counter(), service.settings.heartbeat_seconds
        flow = service.answers.flow(lambda: service.ask(question))
        try:
            first = await unless_gone(request, flow, silence)  # so that what fails at once has its own status
        except TimeoutError:
            first = ""
        except BaseException:
            flow.close()
            raise
        usage = bool(asked.stream_options and asked.stream_options.include_usage)
        pieces = _observed(
            first, flow, silence, request, lambda: service.metrics.first_text(time.perf_counter() - began)
        )
        return _Events(_events(pieces, question, usage, _note(asked), request), flow)
    answer = await whole(request, service, question)
    return Completion(
        id=_name(request_id),
        created=int(time.time()),
        model=MODEL,
        choices=[
            Choice(
                message=Said(content=answer.text, mundap=_cited(answer, request_id, _note(asked))),
                finish_reason=_finish(answer),
            )
        ],
        usage=_usage(answer),
    )


def _finish(answer: Answer) -> Finish:
    return "length" if answer.truncated else "stop"


class _Events(StreamingResponse):
    """A stream of events whose flow is closed when it ends, however that is."""

    def __init__(self, events: AsyncIterator[str], flow: Flow[str | Answer]) -> None:
        super().__init__(
            events, media_type="text/event-stream", headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        )
        self._flow = flow

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._flow.close()


async def _observed(
    first: str | Answer, flow: Flow[str | Answer], silence: float, request: Request, begins: Callable[[], None]
) -> AsyncIterator[str | Answer]:
    """The pieces of `flow`, "" for each silence, and the Answer, which the log of `request` is told of."""
    piece, begun = first, False
    while not isinstance(piece, Answer):
        if piece and not begun:
            begun = True
            begins()
        yield piece
        try:
            piece = await flow.next(silence)
        except TimeoutError:
            piece = ""
    request.state.answer = piece
    yield piece


async def _events(
    pieces: AsyncIterator[str | Answer], question: Question, include_usage: bool, note: str, request: Request
) -> AsyncIterator[str]:
    """Ends with [DONE], whatever happens before."""
    id, created = _name(question.request_id), int(time.time())

    def chunk(*choices: ChunkChoice, usage: Usage | None = None, cited: Cited | None = None) -> str:
        made = Chunk(id=id, created=created, model=MODEL, choices=list(choices), usage=usage, mundap=cited)
        return _event(made)

    yield chunk(ChunkChoice(delta=Delta(role="assistant", content="")))
    try:
        async for piece in pieces:
            if isinstance(piece, Answer):
                cited = _cited(piece, question.request_id, note)
                yield chunk(ChunkChoice(delta=Delta(), finish_reason=_finish(piece)), cited=cited)
                if include_usage:
                    yield chunk(usage=_usage(piece))
            else:
                yield chunk(ChunkChoice(delta=Delta(content=piece))) if piece else _BEAT
    except MundapError as error:
        yield _event(
            openai_problem(status_of(error), told(question.request_id, request.state.asker, error), question.request_id)
        )
    except Exception:
        log.exception("the stream of request %s failed", question.request_id)
        yield _event(openai_problem(500, UNEXPECTED, question.request_id))
    yield "data: [DONE]\n\n"


def _event(said: BaseModel) -> str:
    return f"data: {said.model_dump_json(exclude_none=True)}\n\n"


def _question(asked: Chat, request_id: str, who: Asker) -> Question:
    """Raises Refused if no user asks anything, or too much."""
    said = [n for n, message in enumerate(asked.messages) if message.role == "user" and message.text.strip()]
    if not said:
        raise Refused(400, "messages에 질문이 없습니다. role이 user인 메시지에 질문을 입력하세요.")
    last = said[-1]
    text = asked.messages[last].text
    for n, message in enumerate(asked.messages[: last + 1]):
        most = {"user": LONGEST, "assistant": LONGEST_ANSWER}.get(message.role)
        if most is not None and len(message.text) > most:
            which = "질문이" if n == last else f"messages[{n}]의 내용이"
            raise Refused(400, f"{which} 너무 깁니다({len(message.text)}자). {most}자까지 입력할 수 있습니다.")
    how = asked.mundap or How()
    return Question(
        text,
        request_id,
        _turns(asked.messages[:last])[-TURNS:],
        how.top_k or asked.top_k,
        how.filters or asked.filters or {},
        how.session or asked.session,
        asked.persona if how.persona is None else how.persona,
        who.owner,
        who.access,
        how.language or "",
    )


def _turns(messages: Sequence[Message]) -> tuple[Turn, ...]:
    """What a user said, and what was answered; what was not answered has an empty answer."""
    turns: list[Turn] = []
    for message in messages:
        if message.role == "user" and message.text:
            turns.append(Turn(message.text, ""))
        elif message.role == "assistant" and turns:
            turns[-1] = Turn(turns[-1].question, f"{turns[-1].answer}\n{message.text}".strip())
    return tuple(turns)


def _name(request_id: str) -> str:
    return f"chatcmpl-{request_id}"


def _note(asked: Chat) -> str:
    """What of the messages was not read; "" if all was."""
    unread = Counter(kind[:_LONGEST_TYPE] for message in asked.messages for kind in message.unread)
    if not unread:
        return ""
    return f"텍스트가 아닌 부분은 읽지 않았습니다: {', '.join(f'{kind} {count}개' for kind, count in unread.items())}"


def _cited(answer: Answer, request_id: str, note: str = "") -> Cited:
    said = {field: value for field, value in answer_json(answer).items() if field in Cited.model_fields}
    return Cited.model_validate({"request_id": request_id, "note": note, **said})


def _usage(answer: Answer) -> Usage:
    asked, said = estimate(answer.question), estimate(answer.text)
    return Usage(prompt_tokens=asked, completion_tokens=said, total_tokens=asked + said)
