"""What keeps a server in order: its settings, what goes on, trained models, erasing, and the audit log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from mundap.errors import MundapError, Rejected, UnknownName
from mundap.serve.asker import Asker
from mundap.serve.error_responses import Refused, documented
from mundap.serve.request_body import RequestBody
from mundap.serve.service import Bot, Here, Operator, RequestId, Service, Whole
from mundap.serve.syncing import Syncing
from mundap.serve.work import Desk
from mundap.store.forgetting import AGE
from mundap.workflows import erase as erasing
from mundap.workflows import models as trained
from mundap.workflows import settings

_Value = bool | int | float | Annotated[str, Field(max_length=2000)]


class Setting(BaseModel):
    """A setting. `choices` are all that there are, if they are few; `default` says that mundap.toml does not name it."""

    key: str
    kind: Literal["number", "share", "switch", "choice", "text"]
    help: str
    value: bool | int | float | str
    default: bool
    choices: list[str]


class Settings(BaseModel):
    """Those that can be changed here."""

    settings: list[Setting]


class Change(RequestBody):
    """New values, by key."""

    values: dict[Annotated[str, Field(max_length=100)], _Value] = Field(
        min_length=1, max_length=50, examples=[{"retrieve.k": 5}]
    )


class Load(BaseModel):
    """How many are worked on, and how many wait."""

    working: int
    waiting: int


class Training(BaseModel):
    """A training that has not ended; `active` says that it wrote something within ten minutes."""

    name: str
    changed: str
    active: bool


class Activity(BaseModel):
    """What the server does just now."""

    answers: Load
    searches: Load
    writes: Load = Field(description="업로드, 삭제, 색인")
    unindexed: bool = Field(description="아직 색인되지 않은 문서가 있는지 여부")
    merging: bool = Field(description="색인의 작은 부분을 합치는 중인지 여부")
    syncing: list[str] = Field(description="동기화하는 중인 출처")
    trainings: list[Training]
    disk: str = Field(description="디스크 공간이 적을 때의 경고")


class Model(BaseModel):
    """A trained model, as its card tells. `metrics` depend on its kind."""

    name: str
    kind: str
    created: str
    recommended: bool = Field(description="측정 결과 사용을 권장하는지 여부")
    used: bool = Field(description="mundap.toml에서 사용하는지 여부")
    command: str
    metrics: object


class Models(BaseModel):
    """By name."""

    models: list[Model]


class Erasure(RequestBody):
    """What to erase."""

    name: str = Field(
        min_length=1, max_length=1000, description="문서(경로, 제목, ID), 대화(session), 답변(request_id)"
    )
    file: bool = Field(default=False, description="문서의 원본 파일도 삭제")


class Old(RequestBody):
    """How old what is to be erased is."""

    age: str = Field(pattern=rf"^{AGE}$", description="기간", examples=["90d"])


class Erased(BaseModel):
    """How much was erased of each kind; `left` are files of the workspace in which the text still stands."""

    documents: int
    passages: int
    answers: int
    votes: int
    turns: int
    reports: int
    left: list[str]


class Entry(BaseModel):
    """Who did what."""

    time: str
    who: str
    address: str
    action: str
    what: list[str]
    result: str
    request_id: str = ""


class Entries(BaseModel):
    """Newest first."""

    entries: list[Entry]


router = APIRouter(tags=["관리"], responses=documented())


@router.get("/config", summary="바꿀 수 있는 설정")
def config(
    bot: Bot,
    operator: Operator,
    language: Annotated[Literal["ko", "en"] | None, Query(description="도움말의 언어. 생략하면 설정값")] = None,
) -> Settings:
    """답변 품질과 보관 기간처럼 담당자가 바꾸는 설정의 현재 값과 도움말입니다. 나머지는 mundap.toml에서 수정하세요."""
    return _settings(settings.editable(bot), language or bot.config.language)


@router.patch("/config", summary="설정 변경", responses=documented(404, 409))
def change(
    said: Change,
    service: Here,
    bot: Bot,
    operator: Operator,
    request_id: RequestId,
    language: Annotated[Literal["ko", "en"] | None, Query(description="도움말의 언어. 생략하면 설정값")] = None,
) -> Settings:
    """mundap.toml에 쓰고 모든 값을 반환합니다. 서버는 잠시 후 새 설정을 적용합니다. 사용할 수 없는 값이면 아무것도 바꾸지 않습니다."""
    try:
        changed = settings.change(service.bot, said.values)
    except UnknownName as error:
        raise Refused(404, str(error)) from error
    except MundapError as error:
        raise Refused(409, str(error).replace(f"{service.bot.root}/", "")) from error
    service.audit(operator, "settings", list(said.values), "ok", request_id)
    service.newest()
    return _settings(changed, language or bot.config.language)


@router.get("/activity", summary="진행 중인 작업")
def activity(request: Request, service: Here, bot: Bot) -> Activity:
    """서버가 처리 중인 요청, 색인과 동기화, 끝나지 않은 학습입니다."""
    syncing: Syncing = request.app.state.syncing
    whole = bot.corpus.seen is None
    try:
        unindexed = service.bot.unindexed
    except MundapError:  # no index can be read
        unindexed = True
    return Activity(
        answers=_load(service.answers),
        searches=_load(service.searches),
        writes=_load(service.writes),
        unindexed=unindexed,
        merging=service.merging,
        syncing=list(syncing.running) if whole else [],
        trainings=[
            Training(name=one.name, changed=one.changed, active=one.active)
            for one in (trained.unfinished(service.bot) if whole else ())
        ],
        disk=service.low_disk if whole else "",
    )


@router.get("/models", summary="학습한 모델")
def models(bot: Whole) -> Models:
    """`mundap train`으로 만든 모델과 학습 전후의 측정값입니다."""
    return Models(
        models=[
            Model(
                name=one.name,
                kind=one.kind,
                created=one.created,
                recommended=one.recommended,
                used=one.used,
                command=one.command,
                metrics=one.metrics,
            )
            for one in trained.trained(bot)
        ]
    )


@router.post("/erase", summary="완전 삭제", responses=documented(404))
async def erase(said: Erasure, service: Here, bot: Whole, operator: Operator, request_id: RequestId) -> Erased:
    """문서나 대화, 답변을 모든 파일에서 지우고 남은 곳이 없는지 확인합니다. 되돌릴 수 없습니다. `mundap erase`와 같습니다."""
    try:
        return await _erased(
            service, operator, said.name, lambda: erasing.anything(service.bot, said.name, said.file), request_id
        )
    except Rejected as error:
        raise Refused(404, str(error)) from error


@router.post("/erase/older", summary="오래된 기록 완전 삭제")
async def erase_older(said: Old, service: Here, bot: Whole, operator: Operator, request_id: RequestId) -> Erased:
    """이 기간보다 오래된 답변과 평가, 대화를 모든 파일에서 지웁니다. 되돌릴 수 없습니다. `mundap erase --older`와 같습니다."""
    return await _erased(service, operator, said.age, lambda: erasing.older(service.bot, said.age), request_id)


@router.get("/audit", summary="감사 기록")
def audit(
    service: Here,
    bot: Whole,
    operator: Operator,
    limit: Annotated[int, Query(ge=1, le=1000, description="최대 개수")] = 100,
) -> Entries:
    """누가 언제 무엇을 바꿨는지 최신순으로 반환합니다. `.mundap/audit.jsonl`과 같습니다."""
    return Entries(entries=[Entry.model_validate(one) for one in service.audit_log.latest(limit)])


async def _erased(
    service: Service, operator: Asker, what: str, work: Callable[[], erasing.Erased], request_id: str
) -> Erased:
    """What `work` erases, in its turn among what is written."""

    def gone() -> erasing.Erased:
        try:
            done = work()
        except BaseException:
            service.audit(operator, "erase", [what], "failed", request_id)
            raise
        service.audit(operator, "erase", [what], "ok", request_id)
        return done

    done = await service.writes.flow(lambda: iter([gone()])).next()
    service.newest()
    return Erased.model_validate(done.to_json())


def _settings(found: list[settings.Setting], language: str) -> Settings:
    return Settings(
        settings=[
            Setting(
                key=one.described.key,
                kind=one.described.kind,
                help=one.described.english if language == "en" else one.described.korean,
                value=one.value,
                default=one.default,
                choices=list(one.choices),
            )
            for one in found
        ]
    )


def _load(desk: Desk) -> Load:
    working, waiting = desk.load
    return Load(working=working, waiting=waiting)
