"""What all requests share: the workspace at its newest generation, the conversations, and the end of every answer."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from mundap.pipeline import Mundap
from mundap.serve.sessions import Sessions
from mundap.types import Answer, Turn


class Service:
    """One for each app. Safe to use from several threads."""

    def __init__(self, bot: Mundap) -> None:
        self.bot = bot
        self.sessions = Sessions()

    def newest(self) -> Mundap:
        """The workspace, with a generation that was made since the last request. Raises StaleIndex as a search does."""
        self.bot.refresh()
        return self.bot

    def answered(self, request_id: str, answer: Answer, session: str | None = None) -> None:
        """Take note of an answer, whole, before its last piece is sent. Every answered question comes through here."""
        self.sessions.add(session, Turn(answer.question, answer.text))


async def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


def _bot(service: Annotated[Service, Depends(_service)]) -> Mundap:
    return service.newest()


async def _request_id(request: Request) -> str:
    name: str = request.state.request_id
    return name


Here = Annotated[Service, Depends(_service)]
Bot = Annotated[Mundap, Depends(_bot)]
RequestId = Annotated[str, Depends(_request_id)]
