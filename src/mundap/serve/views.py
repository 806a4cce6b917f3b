"""What a page shows beside answers: passages in their documents, the keyword graph, reports, and the settings."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import BaseModel, Field

from mundap.errors import ConfigError
from mundap.graph.around import KEYWORD
from mundap.messages import say
from mundap.serve.error_responses import Refused, documented
from mundap.serve.page.originals import no_passage, original, passage_of
from mundap.serve.service import Bot, Here
from mundap.workflows.neighbourhood import neighbourhood
from mundap.workspace.components import FOLDER

_BESIDE = 400  # characters of the document on either side of a passage
_MOST_BESIDE = 10_000
_MOST_NODES = 150
_EXAMPLES = 4
# Of a measurement, by its time, or of what goes on where it stopped (tune, train all), by what it is about.
_RUN = re.compile(
    r"(?P<time>[0-9]{8}T[0-9]{6})-(?P<kind>[a-z][a-z_]*)(-[0-9]+)?|(?P<about>tune|train-all)-[0-9a-f]{8,64}"
)
_PAGE = "report.html"
_POLICY = {"Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"}


class InDocument(BaseModel):
    """A passage, and what stands before and after it in its document."""

    passage_id: str
    document_id: str
    source: str
    title: str
    heading: str
    page: int | None
    text: str
    before: str
    after: str
    picture: bool = Field(description="`/passages/{passage_id}/picture`에 PDF 쪽의 그림이 있는지 여부")
    file: bool = Field(description="`/passages/{passage_id}/file`에서 원본 파일을 다운로드할 수 있는지 여부")


class Node(BaseModel):
    """`weight` of a keyword is the number of passages that name it; `shown` is what to show of a node."""

    id: str
    kind: str = Field(examples=["키워드", "문단", "문서"])
    label: str
    shown: str
    asked: bool
    weight: int | None = None


class Edge(BaseModel):
    """`shown` is the evidence of the relation."""

    source: str
    target: str
    relation: str
    shown: str


class Around(BaseModel):
    """The part of the graph around some keywords. Every edge joins two of the nodes."""

    word: str
    found: bool
    keywords: list[str]
    nodes: list[Node]
    edges: list[Edge]


class Report(BaseModel):
    """A report that is kept; `n` is how many questions it is about, where it says so."""

    id: str
    kind: str
    time: str
    n: int | None = None


class Reports(BaseModel):
    """Reports, newest first."""

    reports: list[Report]


class Shown(BaseModel):
    """What a page needs to know."""

    title: str
    language: Literal["ko", "en"]
    notice: str
    examples: list[str]
    generator: str
    encoder: str
    legs: list[str]
    top_k: int
    languages: list[str]
    personas: list[str]
    persona: str = Field(description="설정된 페르소나. 없으면 빈 문자열")


router = APIRouter(tags=["조회"])


@router.get("/passages/{passage_id}", summary="문서 안의 문단 조회", responses=documented(404))
def passage(
    passage_id: str,
    bot: Bot,
    beside: Annotated[int, Query(ge=0, le=_MOST_BESIDE, description="앞뒤로 함께 반환할 글자 수")] = _BESIDE,
) -> InDocument:
    """인용한 문단과 문서의 앞뒤 내용을 반환합니다."""
    corpus = bot.corpus
    found = passage_of(bot, passage_id)
    document = corpus.document(found.document_id)
    if document is None:
        raise no_passage(passage_id)
    text = corpus.text(found.document_id) or ""  # "" where what stands beside it is not for this asker
    there = original(bot, found, bot.config.ui.download)
    return InDocument(
        passage_id=found.id,
        document_id=found.document_id,
        source=found.source,
        title=document.title,
        heading=found.heading,
        page=found.page,
        text=found.text,
        before=text[max(0, found.start - beside) : found.start],
        after=text[found.end : found.end + beside],
        picture=there.picture,
        file=there.file,
    )


@router.get("/graph", summary="키워드 그래프의 일부", responses=documented(400, 404))
def graph(
    bot: Bot,
    word: Annotated[str, Query(min_length=1, max_length=200, description="키워드나 질문")],
    hops: Annotated[int, Query(ge=1, le=2, description="탐색할 최대 단계(hop) 수")] = 1,
) -> Around:
    """키워드와 연결된 단어, 그 단어가 나오는 문단과 문서를 반환합니다. 질문을 지정하면 질문의 키워드에서 시작합니다."""
    try:
        leg = bot.graph
    except ConfigError as error:
        raise Refused(404, str(error)) from error
    asked, drawn = neighbourhood(bot, word, hops)
    seen = bot.corpus.seen
    nodes = drawn.nodes[:_MOST_NODES]
    ids = {node.id for node in nodes}
    return Around(
        word=word,
        found=len(nodes) > len(asked)
        if seen is not None
        else any(leg.graph.count(each) or leg.graph.synonyms(each) for each in asked),
        keywords=asked,
        nodes=[
            Node(
                id=node.id,
                kind=node.kind,
                label=node.label,
                shown=node.shown,
                asked=node.kind == KEYWORD and node.label in asked,
                weight=leg.graph.count(node.label) if node.kind == KEYWORD and seen is None else None,
            )
            for node in nodes
        ],
        edges=[
            Edge(source=line.head, target=line.tail, relation=line.kind, shown=line.shown)
            for line in drawn.lines
            if line.head in ids and line.tail in ids
        ],
    )


@router.get("/reports", summary="보고서 목록", responses=documented())
def reports(
    service: Here, bot: Bot, limit: Annotated[int, Query(ge=1, le=500, description="최대 개수")] = 50
) -> Reports:
    """`mundap evaluate`, `mundap tune`, `mundap train all`, `mundap ingest --report`의 보고서를 최신순으로 반환합니다."""
    _check_sight(bot)
    folder = _runs(service)
    found = [
        (run, named) for run in folder.glob("*") if (named := _RUN.fullmatch(run.name)) and (run / _PAGE).is_file()
    ]
    told = [(_when(run, named), run, named) for run, named in found]
    told.sort(key=lambda one: (one[0], one[1].name), reverse=True)
    return Reports(reports=[_report(run, named, when) for when, run, named in told[:limit]])


@router.get("/reports/{run}.json", summary="보고서의 수치(JSON)", responses=documented(404))
def report_json(run: str, service: Here, bot: Bot) -> JSONResponse:
    """report.json을 그대로 반환합니다."""
    _check_sight(bot)
    return JSONResponse(_read(_file(service, run, "report.json")))


@router.get(
    "/reports/{run}",
    summary="보고서(HTML)",
    response_model=None,
    responses=documented(404) | {200: {"content": {"text/html": {"schema": {"type": "string"}}}}},
)
def report(run: str, service: Here, bot: Bot) -> HTMLResponse:
    """report.html을 그대로 반환합니다. 스크립트를 실행하지 않고 외부 자원을 불러오지 않습니다."""
    _check_sight(bot)
    return HTMLResponse(_file(service, run, _PAGE).read_text("utf-8"), headers=_POLICY)


@router.get("/settings", summary="웹 페이지 설정", responses=documented())
def settings(
    bot: Bot,
    language: Annotated[Literal["ko", "en"] | None, Query(description="mundap.toml에 없는 문구의 언어")] = None,
) -> Shown:
    """안내 문구, 예시 질문, 사용 중인 구성 요소의 이름을 반환합니다. mundap.toml의 [ui]에서 변경할 수 있습니다."""
    config, corpus = bot.config, bot.corpus
    return Shown(
        title=config.ui.title or say("title", language or config.language),
        language=config.language,
        notice=config.ui.notice or say("notice", language or config.language),
        examples=list(config.ui.examples)
        or corpus.sample_questions(_EXAMPLES)
        or [say("about", config.language, heading=one) for one in corpus.sample_headings(_EXAMPLES)],
        generator=_plain(config.generate.generator),
        encoder=_plain(config.index.encoder),
        legs=list(bot.components.legs),
        top_k=config.retrieve.k,
        languages=["ko", "en"],
        personas=list(bot.components.personas),
        persona=config.generate.persona,
    )


def _plain(spec: str) -> str:
    """A part's name without folders and addresses, which are nobody's business: openai:http://…#name is openai:name."""
    kind, colon, rest = spec.partition(":")
    place = rest.rpartition("#")[2] if "#" in rest else rest.partition("?")[0]
    return f"{kind}{colon}{re.split('[/@]', place)[-1]}"


def _check_sight(bot: Bot) -> None:
    """Raises Refused for who does not see all documents: reports quote whatever they measured."""
    if bot.corpus.seen is not None:
        raise Refused(403, "보고서는 모든 문서를 볼 수 있는 API 키(--role admin)로만 조회할 수 있습니다.")


def _runs(service: Here) -> Path:
    return service.bot.root / FOLDER / "runs"


def _file(service: Here, run: str, name: str) -> Path:
    """A file of a run. Raises Refused if there is none; a name that is no run's is never a path."""
    path = _runs(service) / run / name
    if not _RUN.fullmatch(run) or not path.is_file():
        raise Refused(404, f"'{run}': 없는 보고서입니다. GET /reports의 id를 지정하세요.")
    return path


def _when(run: Path, named: re.Match[str]) -> str:
    """The time of a report: that of its name, or when it was written last."""
    if named["time"] is None:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime((run / _PAGE).stat().st_mtime))
    day, clock = named["time"].split("T")
    return f"{day[:4]}-{day[4:6]}-{day[6:]}T{clock[:2]}:{clock[2:4]}:{clock[4:]}Z"


def _report(run: Path, named: re.Match[str], when: str) -> Report:
    kept = _read(run / "report.json") if (run / "report.json").is_file() else {}
    n = kept.get("n")
    return Report(id=run.name, kind=named["kind"] or named["about"], time=when, n=n if isinstance(n, int) else None)


def _read(path: Path) -> dict[str, object]:
    try:
        found: dict[str, object] = json.loads(path.read_text("utf-8"))
    except ValueError:
        return {}
    return found
