"""Documents over HTTP: put in, listed, and removed."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from mundap.access import LONGEST_TAG, is_tag, tags_of
from mundap.asides import Aside
from mundap.errors import BadFile, MundapError
from mundap.graph.build import graph_text
from mundap.ingest.readers import exists
from mundap.names import safe_name
from mundap.serve.asker import Asker
from mundap.serve.error_responses import Refused, documented
from mundap.serve.guard import until_tomorrow
from mundap.serve.service import Bot, Here, RequestId, Service, Who
from mundap.store.corpus import Listed as Stored
from mundap.workspace.intake import Ingested, Skipped
from mundap.workspace.staff_answers import NAME as STAFF_NAME
from mundap.workspace.staff_answers import read_staff_answers
from mundap.workspace.uploads import Uploads

FIELD = "files"
TAGS = "access"
_MOST_FILES = 200
_MOST_TAGS = 100
_KEYWORDS = 20  # of a passage that are shown
_MEGABYTE = 1 << 20
_MULTIPART = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": [FIELD],
                    "properties": {
                        FIELD: {"type": "array", "minItems": 1, "items": {"type": "string", "format": "binary"}},
                        TAGS: {"type": "string", "description": "문서를 볼 수 있는 접근 태그. 쉼표로 구분"},
                    },
                }
            }
        },
    }
}


class Refusal(BaseModel):
    """A file that did not go in, or a row of it, and why."""

    file: str
    reason: str
    row: int | None = None


class Warned(BaseModel):
    """What the owner of a file that went in should know."""

    file: str
    warning: str


class Copy(BaseModel):
    """A passage that has a copy."""

    source: str
    text: str


class CopyExample(BaseModel):
    """Two passages that are copies of each other, and in what they are alike."""

    kind: str = Field(description="same(같음), numbers(숫자·날짜만 다름), similar(거의 같음), contained(포함됨)")
    passages: list[Copy]


class Copied(BaseModel):
    """How many passages say the same as another, or differ from it only in numbers and dates."""

    passages: int = 0
    groups: int = 0
    example: CopyExample | None = None


class Taken(BaseModel):
    """What came of files, as `mundap ingest --json` says it."""

    documents: int = Field(description="현재 문서 수")
    passages: int = Field(description="현재 문단 수")
    added: int
    updated: int
    removed: int
    unchanged: int
    skipped: list[Refusal]
    warnings: list[Warned] = []
    copies: Copied = Copied()


class Listed(BaseModel):
    """A document that is here."""

    document_id: str
    source: str
    title: str
    passages: int
    added: str = Field(description="마지막 변경 시각", examples=["2026-11-26T02:10:00Z"])
    uploaded: bool


class Documents(BaseModel):
    """`total` counts all that match; `skipped` are files that could not be read when they were last tried."""

    total: int
    documents: list[Listed]
    skipped: list[Refusal]
    copies: Copied


class Removed(BaseModel):
    """`note` is "" unless something is left to do."""

    removed: int
    note: str = ""


class Chunk(BaseModel):
    """A part of a passage that has a vector of its own: its place in the text of the passage, in characters."""

    passage_id: str
    start: int
    end: int


class Indexed(BaseModel):
    """A passage as it is indexed: its chunks, none if it is one itself, its keywords, and the questions that it is known to
    answer."""

    passage_id: str
    heading: str
    page: int | None
    kind: str = Field(description="문단의 종류(표, faq 등). 없으면 빈 문자열")
    source: str
    text: str
    chunks: list[Chunk]
    keywords: list[str] = Field(description="문단의 키워드 (첫 20개)")
    questions: list[str]


class Passages(BaseModel):
    """`total` counts all passages of the document."""

    total: int
    passages: list[Indexed]


router = APIRouter(prefix="/documents", tags=["문서"])


@router.post("", summary="문서 업로드", openapi_extra=_MULTIPART, responses=documented(413, 422, 503))
async def upload(request: Request, service: Here, who: Who, request_id: RequestId) -> Taken:
    """파일을 추가하고 색인한 뒤 응답하므로 응답을 받으면 바로 검색할 수 있습니다. 이름이 같은 파일은 새 파일로 대체됩니다.

    읽을 수 없는 파일은 원인과 함께 `skipped`에 표시되며 저장하지 않습니다. 다른 mundap 프로세스가 작업 중이면 503을 반환합니다.
    """
    uploads, limits = service.bot.uploads, service.settings
    async with _form(request) as form:
        files = [file for file in form.getlist(FIELD) if isinstance(file, UploadFile)]
        if not files:
            raise Refused(422, f"업로드할 파일이 없습니다. multipart/form-data의 {FIELD} 필드에 파일을 넣으세요.")
        for file in files:
            if (file.size or 0) > limits.upload_mb * _MEGABYTE:
                raise Refused(
                    413,
                    f"{file.filename}: 파일이 너무 큽니다(최대 {limits.upload_mb}MB)."
                    " 나누어 업로드하거나 mundap.toml의 serve.upload_mb를 늘리세요.",
                )
        _spend(service, who, sum(file.size or 0 for file in files))
        access = _access(form.getlist(TAGS))
        incoming = await run_in_threadpool(uploads.incoming)
        try:
            taken, skipped = await run_in_threadpool(_received, files, incoming.folder)
            flow = service.writes.flow(lambda: _worked(service, who, taken, incoming, access, request_id))
        except BaseException:
            incoming.close()
            raise
    done = await flow.next()  # to its end, whether the client waits or not
    bot = service.bot.seen_by(who.access)
    documents, passages = bot.corpus.counts()
    own: dict[str, object] = {"documents": documents, "passages": passages}
    if bot is not service.bot:  # what an upload repeats may be hidden from who uploads it
        own["copies"] = Copied()
    return Taken.model_validate(
        {**done.to_json(), **own, "skipped": [*skipped, *(one.to_json() for one in done.skipped)]}
    )


@router.get("", summary="문서 목록", responses=documented())
def listing(
    service: Here,
    bot: Bot,
    limit: Annotated[int, Query(ge=1, le=1000, description="최대 개수")] = 50,
    offset: Annotated[int, Query(ge=0, le=1 << 40, description="건너뛸 개수")] = 0,
    q: Annotated[str, Query(max_length=200, description="경로나 제목에 포함된 문자열")] = "",
) -> Documents:
    """문서 목록을 경로순으로 반환합니다. `skipped`는 마지막 실행에서 읽지 못한 파일과 그 원인이고, `copies`는 다른 문단과 내용이 같거나 숫자·날짜만 다른 문단입니다."""
    total, found = bot.corpus.documents_like(q, limit, offset)
    return Documents(
        total=total,
        documents=[
            Listed(
                document_id=one.id,
                source=one.source,
                title=one.title,
                passages=one.passages,
                added=one.added,
                uploaded=Uploads.holds(one.source),
            )
            for one in found
        ],
        skipped=[_refusal(one) for one in bot.refused()],
        copies=Copied.model_validate(bot.copies.known().to_json()) if bot is service.bot else Copied(),
    )


@router.get("/{document_id}/passages", summary="문서의 문단 목록", responses=documented(404))
def passages(
    document_id: str,
    bot: Bot,
    limit: Annotated[int, Query(ge=1, le=100, description="최대 개수")] = 20,
    offset: Annotated[int, Query(ge=0, le=1 << 40, description="건너뛸 개수")] = 0,
) -> Passages:
    """문서가 색인된 대로, 즉 검색되는 단위인 문단으로 나누어 순서대로 반환합니다."""
    if bot.corpus.document(document_id) is None:
        raise _no_document(document_id)
    total, families = bot.corpus.passages_in(document_id, limit, offset)
    own = {parent.id for parent, *_ in families}
    asked: dict[str, list[str]] = {}
    for one in bot.corpus.questions() if own else ():
        if one.passage_id in own:
            asked.setdefault(one.passage_id, []).append(one.question)
    named = bot.components.names([graph_text(parent) for parent, *_ in families])
    return Passages(
        total=total,
        passages=[
            Indexed(
                passage_id=parent.id,
                heading=parent.heading,
                page=parent.page,
                kind=str(parent.meta.get("kind", "")),
                source=parent.source,
                text=parent.text,
                chunks=[
                    Chunk(passage_id=one.id, start=one.start - parent.start, end=one.end - parent.start)
                    for one in chunks
                ],
                keywords=words[:_KEYWORDS],
                questions=asked.get(parent.id, []),
            )
            for (parent, *chunks), words in zip(families, named, strict=True)
        ],
    )


@router.delete("/{document_id}", summary="문서 삭제", responses=documented(404, 503))
async def remove(document_id: str, service: Here, bot: Bot, who: Who, request_id: RequestId) -> Removed:
    """문서가 모든 검색에서 바로 빠집니다. 업로드한 문서는 파일도 삭제합니다. 그 밖의 파일은 남아 있으며 다음 `mundap ingest`에서 다시 읽습니다."""
    seen = await run_in_threadpool(bot.corpus.document, document_id)
    if seen is None:
        raise _no_document(document_id)
    gone = await service.writes.flow(
        lambda: iter([_discarded(service, who, document_id, request_id)])
    ).next()  # behind uploads
    if gone is None:
        raise _no_document(document_id)
    kept = not Uploads.holds(gone.source) and exists(service.bot.root / gone.source)
    note = f"{gone.source} 파일은 남아 있으며 다음 mundap ingest에서 다시 읽습니다. 제외하려면 파일을 옮기세요."
    return Removed(removed=1, note=note if kept else "")


@asynccontextmanager
async def _form(request: Request) -> AsyncIterator[FormData]:
    """What was sent, file by file. Raises Refused for too many."""
    try:
        form = await request.form(max_files=_MOST_FILES, max_fields=_MOST_FILES)
    except HTTPException as error:
        if "Too many" not in error.detail:
            raise
        raise Refused(413, f"한 번에 {_MOST_FILES}개까지 업로드할 수 있습니다. 나누어 보내세요.") from error
    try:
        yield form
    finally:
        await form.close()


def _no_document(document_id: str) -> Refused:
    return Refused(404, f"'{document_id}': 없는 문서입니다. GET /documents의 document_id를 지정하세요.")


def _received(files: list[UploadFile], incoming: Path) -> tuple[dict[str, Path], list[dict[str, str]]]:
    """The files in `incoming`, by the names that they shall have, and what cannot be taken; of one name the last."""
    taken: dict[str, Path] = {}
    skipped: list[dict[str, str]] = []
    for number, file in enumerate(files):
        try:
            name = safe_name(file.filename or "")
        except MundapError as error:
            skipped.append({"file": file.filename or "", "reason": str(error)})
            continue
        if name in taken:
            reason = f"{name}: 이름이 같은 파일이 여러 개라 마지막 파일만 추가했습니다. 이름을 바꿔서 업로드하세요."
            skipped.append({"file": Uploads.source(name), "reason": reason})
        taken[name] = incoming / str(number) / name
        taken[name].parent.mkdir()
        with taken[name].open("wb") as copy:
            shutil.copyfileobj(file.file, copy, _MEGABYTE)
    return taken, skipped


def _spend(service: Service, who: Asker, size: int) -> None:
    """Count the bytes of an upload. Raises Refused if the key may upload no more today."""
    most = who.key.quota.upload_mb_per_day if who.key else None
    if most is not None and not service.usage.spend(who.owner, "upload", size, most * _MEGABYTE):
        raise Refused(429, f"하루 업로드 한도({most}MB)를 초과합니다.", until_tomorrow())


def _room(service: Service, who: Asker, sources: set[str]) -> None:
    """Raises Refused if the key may not have these documents besides those that it has uploaded."""
    most = who.key.quota.documents if who.key else None
    if most is None:
        return
    held = [one for one in service.usage.uploads(who.owner) if service.bot.corpus.fingerprint(one) is not None]
    if len(sources.union(held)) > most:
        raise Refused(
            403,
            f"이 API 키로 업로드할 수 있는 문서는 {most}개입니다(현재 {len(held)}개). 문서를 삭제한 뒤 업로드하세요.",
        )


def _discarded(service: Service, who: Asker, document_id: str, request_id: str) -> Stored | None:
    try:
        listed = service.bot.corpus.document(document_id)
        if listed and service.bot.seen_by(who.access).corpus.hides(listed.source):
            raise Refused(403, "볼 수 없는 내용이 있는 문서이므로 삭제할 수 없습니다. 관리자에게 요청하세요.")
        gone = service.bot.discard(document_id)
    except BaseException:
        service.audit(who, "delete", [document_id], "failed", request_id)
        raise
    if gone:
        service.audit(who, "delete", [document_id, gone.source], "ok", request_id)
        service.usage.deleted(gone.source)
    return gone


def _access(given: list[UploadFile | str]) -> list[str] | None:
    """The access tags of an upload; None if it says none, which leaves those that there are. Raises Refused for what can be
    no tag."""
    texts = [one for one in given if isinstance(one, str)]
    if not texts:
        return None
    tags = tags_of("\n".join(texts))
    if len(tags) > _MOST_TAGS or not all(map(is_tag, tags)):
        raise Refused(
            422,
            f"{TAGS}: 접근 태그는 {_MOST_TAGS}개까지, 각각 보이는 글자로 {LONGEST_TAG}자까지 지정할 수 있습니다.",
        )
    return tags


def _check_names(service: Service, who: Asker, sources: set[str]) -> None:
    """Raises Refused for a name of a document of which the asker does not see all: nobody replaces what is hidden from them."""
    seen = service.bot.seen_by(who.access)
    for source in sorted(sources):
        if seen.corpus.hides(source):
            raise Refused(403, f"{source}: 사용할 수 없는 이름입니다. 파일의 이름을 바꿔서 업로드하세요.")


def _check_staff(taken: dict[str, Path]) -> None:
    """Raises Refused for a file that has the name of the staff's answers and does not hold any: it would be in their place."""
    if (sheet := taken.get(STAFF_NAME)) is not None:
        try:
            read_staff_answers(sheet)
        except BadFile as error:
            raise Refused(
                409,
                f"{STAFF_NAME}: 직원 답변을 저장하는 파일의 이름입니다. 파일의 이름을 바꿔서 업로드하세요. ({error})",
            ) from error


def _worked(
    service: Service, who: Asker, taken: dict[str, Path], incoming: Aside, access: list[str] | None, request_id: str
) -> Iterator[Ingested]:
    try:
        sources = {Uploads.source(name) for name in taken}
        _check_names(service, who, sources)
        _check_staff(taken)
        _room(service, who, sources)
        done = service.bot.upload(taken, access=access)
        for one in done.files:
            service.audit(who, "upload", [one.file], one.state, request_id)
            if one.state in ("added", "updated"):
                service.usage.uploaded(one.file, who.owner)
        service.merge()
        yield done
    except BaseException:
        service.audit(who, "upload", [Uploads.source(name) for name in taken], "failed", request_id)
        raise
    finally:
        incoming.close()


def _refusal(skipped: Skipped) -> Refusal:
    return Refusal(file=skipped.file, reason=skipped.reason, row=skipped.row)
