"""Documents over HTTP: put in, listed, and removed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from mundap.errors import MundapError
from mundap.names import safe_name
from mundap.serve.problems import Refused, documented
from mundap.serve.service import Here, Service
from mundap.workspace.intake import Ingested, Skipped
from mundap.workspace.uploads import Uploads

FIELD = "files"
_MOST_FILES = 200
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
                        FIELD: {"type": "array", "minItems": 1, "items": {"type": "string", "format": "binary"}}
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


class Taken(BaseModel):
    """What came of files, as `mundap ingest --json` says it."""

    documents: int = Field(description="이제 있는 문서의 수")
    passages: int = Field(description="이제 있는 문단의 수")
    added: int
    updated: int
    removed: int
    unchanged: int
    skipped: list[Refusal]
    warnings: list[Warned] = []


class Listed(BaseModel):
    """A document that is here."""

    document_id: str
    source: str
    title: str
    passages: int
    added: str = Field(description="마지막으로 바뀐 때", examples=["2026-11-26T02:10:00Z"])
    uploaded: bool


class Documents(BaseModel):
    """`total` counts all that match; `skipped` are files that could not be read when they were last tried."""

    total: int
    documents: list[Listed]
    skipped: list[Refusal]


class Removed(BaseModel):
    """`note` is "" unless something is left to do."""

    removed: int
    note: str = ""


router = APIRouter(prefix="/documents", tags=["문서"])


@router.post("", summary="문서 넣기", openapi_extra=_MULTIPART, responses=documented(413, 422, 503))
async def upload(request: Request, service: Here) -> Taken:
    """파일을 넣고 색인한 뒤에 알립니다: 답이 오면 바로 찾을 수 있습니다. 이름이 같으면 새 파일이 앞의 것을 대신합니다.

    읽을 수 없는 파일은 까닭과 함께 `skipped`에 있고 남겨 두지 않습니다. 다른 mundap이 쓰는 중이면 503입니다.
    """
    uploads, limits = service.bot.uploads, service.settings
    async with request.form(max_files=_MOST_FILES, max_fields=_MOST_FILES) as form:
        files = [file for file in form.getlist(FIELD) if isinstance(file, UploadFile)]
        if not files:
            raise Refused(422, f"올릴 파일이 없습니다. 파일을 multipart/form-data의 {FIELD}에 담아 주세요.")
        for file in files:
            if (file.size or 0) > limits.upload_mb * _MEGABYTE:
                raise Refused(
                    413,
                    f"{file.filename}: 파일이 너무 큽니다({limits.upload_mb}MB까지)."
                    " 나누어 올리거나 mundap.toml의 serve.upload_mb를 늘려 주세요.",
                )
        incoming = await run_in_threadpool(uploads.incoming)
        try:
            taken, skipped = await run_in_threadpool(_received, files, incoming)
            flow = service.writes.flow(lambda: _worked(service, taken, incoming))
        except BaseException:
            shutil.rmtree(incoming, ignore_errors=True)
            raise
    done = await flow.next()  # to its end, whether the client waits or not
    return Taken.model_validate({**done.as_json(), "skipped": [*skipped, *done.as_json()["skipped"]]})


@router.get("", summary="문서 목록", responses=documented())
def listing(
    service: Here,
    limit: Annotated[int, Query(ge=1, le=1000, description="몇 개까지")] = 50,
    offset: Annotated[int, Query(ge=0, le=1 << 40, description="몇 개를 건너뛰고")] = 0,
    q: Annotated[str, Query(max_length=200, description="경로나 제목에 든 말")] = "",
) -> Documents:
    """문서를 경로 순서로 줍니다. `skipped`는 마지막으로 읽을 때 읽지 못한 파일과 까닭입니다."""
    total, found = service.bot.corpus.documents_like(q, limit, offset)
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
        skipped=[_refusal(one) for one in service.bot.refused()],
    )


@router.delete("/{document_id}", summary="문서 지우기", responses=documented(404, 503))
def remove(document_id: str, service: Here) -> Removed:
    """바로 어떤 검색에서도 나오지 않습니다. 올린 문서는 파일도 지웁니다. 올리지 않은 파일은 남아, 다음 `mundap ingest`가 다시 읽습니다."""
    gone = service.bot.discard(document_id)
    if gone is None:
        raise Refused(404, f"'{document_id}': 그런 문서가 없습니다. GET /documents의 document_id를 주세요.")
    kept = not Uploads.holds(gone.source) and (service.bot.root / gone.source).exists()
    note = f"{gone.source} 파일은 남아 있어 다음 mundap ingest가 다시 읽습니다. 빼려면 파일을 옮겨 주세요."
    return Removed(removed=1, note=note if kept else "")


def _received(files: list[UploadFile], incoming: Path) -> tuple[dict[str, Path], list[dict[str, Any]]]:
    """The files in `incoming`, by the names that they shall have, and what cannot be taken; of one name the last."""
    taken: dict[str, Path] = {}
    skipped: list[dict[str, Any]] = []
    for number, file in enumerate(files):
        try:
            name = safe_name(file.filename or "")
        except MundapError as error:
            skipped.append({"file": file.filename or "", "reason": str(error)})
            continue
        if name in taken:
            reason = f"{name}: 이름이 같은 파일을 함께 올려 마지막 것만 넣었습니다. 이름을 바꿔서 올려 주세요."
            skipped.append({"file": Uploads.source(name), "reason": reason})
        taken[name] = incoming / str(number) / name
        taken[name].parent.mkdir()
        with taken[name].open("wb") as copy:
            shutil.copyfileobj(file.file, copy, _MEGABYTE)
    return taken, skipped


def _worked(service: Service, taken: dict[str, Path], incoming: Path) -> Iterator[Ingested]:
    try:
        yield service.bot.upload(taken)
    finally:
        shutil.rmtree(incoming, ignore_errors=True)


def _refusal(skipped: Skipped) -> Refusal:
    return Refusal(file=skipped.file, reason=skipped.reason, row=skipped.row)
