"""What a cited passage was read from: the page of a PDF as a picture, and the file itself where that is allowed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import OrderedDict
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Annotated
from urllib.parse import quote as percent

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse
from starlette.types import Receive, Scope, Send

from mundap.errors import BadFile
from mundap.serve.error_responses import Refused, documented
from mundap.serve.service import Bot, Here
from mundap.types import Passage
from mundap.workspace import Mundap
from mundap.workspace.intake import beside
from mundap.workspace.uploads import Uploads

_PDF = ".pdf"
_SECONDS = 30.0  # to draw a page
_KEPT = 32  # pictures, of some 200 KB each
PAGE = "X-Page"  # the header that says which page is shown: a quote may stand on the next one
MARK = "X-Mark"  # and the one with the share of the page's height above the first mark


@dataclass(frozen=True)
class Original:
    """What there is beside the text of a passage: a `picture` of its page, and its `file`."""

    picture: bool
    file: bool


@dataclass(frozen=True)
class Picture:
    """A page of a PDF as PNG; `number` counts from 1, and `mark` is the share of the page above the first mark."""

    number: int
    mark: float
    png: bytes


class Pictures:
    """Draws pages, and keeps the last ones. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._drawn: OrderedDict[tuple[object, ...], Picture] = OrderedDict()

    def get(self, path: Path, page: int, quotes: tuple[str, ...]) -> Picture | None:
        """The page of the file at `path` with the quotes marked, or None if it cannot be drawn."""
        status = path.stat()
        name = (path, status.st_mtime_ns, status.st_size, page, quotes)
        with self._lock:
            if name in self._drawn:
                self._drawn.move_to_end(name)
                return self._drawn[name]
        drawn = _drawn(path, page, quotes)
        if drawn is not None:
            with self._lock:
                self._drawn[name] = drawn
                while len(self._drawn) > _KEPT:
                    self._drawn.popitem(last=False)
        return drawn


_pictures = Pictures()

router = APIRouter(prefix="/passages", tags=["조회"])


@router.get(
    "/{passage_id}/picture",
    summary="문단이 있는 PDF 쪽의 그림",
    response_class=Response,
    responses=documented(404) | {200: {"content": {"image/png": {}}, "description": "그림"}},
)
async def picture(
    passage_id: str,
    request: Request,
    service: Here,
    bot: Bot,
    quote: Annotated[list[str] | None, Query(max_length=50, description="표시할 인용문")] = None,
) -> Response:
    """문단이 있는 쪽을 인용문에 표시를 한 PNG로 반환합니다. 인용문이 다음 쪽에 있으면 그 쪽입니다(`X-Page` 헤더). `X-Mark`는 첫 표시의 세로 위치(0-1)입니다. 문서 전체를 볼 수 있는 경우에만 반환합니다."""

    def drawn() -> Picture | None:
        passage = passage_of(bot, passage_id)
        path = _file(bot, passage)
        page = _page(path, passage)
        return None if path is None or page is None else _pictures.get(path, page, tuple(quote or ()))

    found = await service.searches.run(request, drawn)
    if found is None:
        raise Refused(404, f"'{passage_id}': 그림이 없는 문단입니다. 텍스트로 확인하세요.")
    headers = {
        PAGE: str(found.number),
        MARK: str(found.mark),
        "Cache-Control": "private, max-age=600",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(found.png, media_type="image/png", headers=headers)


@router.get(
    "/{passage_id}/file",
    summary="문단이 있는 원본 파일",
    response_class=FileResponse,
    responses=documented(403, 404) | {200: {"content": {"application/octet-stream": {}}, "description": "파일"}},
)
def file(passage_id: str, bot: Bot) -> FileResponse:
    """원본 파일을 다운로드합니다. `[ui] download = true`이고 문서 전체를 볼 수 있는 경우에만 반환합니다."""
    if not bot.config.ui.download:
        raise Refused(403, "원본 파일은 제공하지 않습니다. 제공하려면 mundap.toml에 [ui] download = true를 설정하세요.")
    path = _file(bot, passage_of(bot, passage_id))
    if path is None:
        raise Refused(404, f"'{passage_id}': 원본 파일이 없습니다. 텍스트로 확인하세요.")
    return _Whole(
        path,
        media_type="application/octet-stream",  # nothing of it runs or is shown in this site's name
        headers={
            "Content-Disposition": f"attachment; filename*=utf-8''{percent(path.name)}",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-cache",
            "Accept-Ranges": "none",
        },
    )


class _Whole(FileResponse):
    """A file that is always given whole: what is wrong with a range would be told in words of the framework."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [one for one in scope["headers"] if one[0] not in (b"range", b"if-range")]
        await super().__call__({**scope, "headers": headers}, receive, send)


def original(bot: Mundap, passage: Passage, download: bool) -> Original:
    """What there is of a passage for who sees `bot`; `download` says whether files may be given away."""
    path = _file(bot, passage)
    return Original(_page(path, passage) is not None, download and path is not None)


def _page(path: Path | None, passage: Passage) -> int | None:
    """The page of its file that is to be drawn; None if there is none, or nothing that draws it."""
    if path is None or path.suffix.lower() != _PDF or find_spec("pypdfium2") is None:
        return None
    return passage.page


def passage_of(bot: Mundap, passage_id: str) -> Passage:
    """The passage, if who sees `bot` may see it. Raises Refused."""
    found = bot.corpus.passages([passage_id]).get(passage_id)
    if found is None:
        raise no_passage(passage_id)
    return found


def no_passage(passage_id: str) -> Refused:
    """What is said of a passage that is not there, or not any more."""
    return Refused(404, f"'{passage_id}': 없는 문단입니다. 문서가 변경되었을 수 있으니 다시 질문하세요.")


def _file(bot: Mundap, passage: Passage) -> Path | None:
    """The file of a passage's document, or None if it is not there or holds what is not for this asker, or may: its tags are
    others than those with which it was read."""
    document = bot.corpus.document(passage.document_id)
    if document is None or bot.corpus.text(passage.document_id) is None:
        return None
    path = bot.file_of(document.source)
    if path is None or not path.is_file():
        return None
    return path if bot.corpus.seen is None or _tagged_as_read(bot, document.source, path) else None


def _tagged_as_read(bot: Mundap, source: str, path: Path) -> bool:
    """Whether the tags beside the file are those of its document: who changes both has nobody see it before it is read."""
    if Uploads.holds(source):  # whose tags came with them
        return True
    try:
        return set(beside(path)) == set(bot.corpus.tags(source))
    except BadFile:
        return False


def _drawn(path: Path, page: int, quotes: tuple[str, ...]) -> Picture | None:
    command = [sys.executable, "-m", "mundap.serve.page.draw_page", str(path), str(page)]
    try:
        done = subprocess.run(
            command, input=json.dumps(quotes).encode(), capture_output=True, timeout=_SECONDS, check=True
        )
    except (subprocess.SubprocessError, OSError):
        return None
    head, _, png = done.stdout.partition(b"\n")
    number, mark = head.split()
    return Picture(int(number), float(mark), png)
