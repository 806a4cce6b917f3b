"""mundap graph: look at the keyword graph, mine its synonyms, take it elsewhere."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace, open_workspace
from mundap.workflows.train.trainer import QUESTIONS

Data = Annotated[Path | None, typer.Option(help=QUESTIONS, show_default=False)]
app = typer.Typer(no_args_is_help=True, help="키워드 그래프를 조회하고 편집합니다.", rich_markup_mode=None)


class Format(StrEnum):
    """What other programs read."""

    graphml = "graphml"
    neo4j = "neo4j"


@app.callback()
def verbs() -> None:
    """키워드 그래프를 조회하고 편집합니다."""


@app.command("show")
def show_graph(
    words: Annotated[str, typer.Argument(metavar="KEYWORD|QUESTION", help="키워드나 질문")],
    out: Annotated[Path, typer.Option(help="저장할 HTML 파일", metavar="PAGE")] = Path("graph.html"),
    png: Annotated[Path | None, typer.Option(help="그림을 이 PNG 파일로도 저장합니다", show_default=False)] = None,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """키워드나 질문 주변의 그래프를 그립니다. 예: mundap graph show 이사화물 --out 이사화물.html --png 이사화물.png

    HTML 파일 하나로 인터넷 없이 열립니다. 끌어서 이동하고, 확대하고, 종류별로 숨기고, 단어를 검색할 수 있습니다.
    """
    from mundap.graph.picture import page, write_png
    from mundap.workflows.neighbourhood import neighbourhood

    bot = open_workspace(workspace)
    asked, drawn = neighbourhood(bot, words)
    out.write_text(page(drawn, words), "utf-8")
    if png:
        write_png(drawn, png)
    if json:
        lines = [
            {"from": line.head, "kind": line.kind, "to": line.tail, "evidence": line.shown} for line in drawn.lines
        ]
        nodes = [{"id": n.id, "kind": n.kind, "label": n.label, "asked": n.asked} for n in drawn.nodes]
        show.emit({"keywords": asked, "nodes": nodes, "edges": lines, "page": str(out), "png": str(png) if png else ""})
        return
    unknown = [word for word in asked if not bot.graph.graph.count(word)]
    print(f"{', '.join(asked) or '키워드 없음'}: 노드 {len(drawn.nodes)}개, 엣지 {len(drawn.lines)}개")
    if unknown:
        print(f"문서에 없는 단어: {', '.join(unknown)}")
    for line in drawn.lines:
        if line.head.startswith("k:"):
            print(f"  {line.head[2:]} —{line.kind}→ {line.tail[2:]}{f'  ({line.shown})' if line.shown else ''}")
    print(f"페이지: {out}" + (f", 그림: {png}" if png else ""))


@app.command()
def mine(
    data: Data = None,
    by: Annotated[
        list[str] | None,
        typer.Option(help="괄호, 철자, 질문, 임베딩 중에서 선택 (기본값: 괄호, 철자, 질문)", show_default=False),
    ] = None,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """동의어를 찾아 표(TSV)로 저장합니다. 직접 수정할 수 있으며, 상태가 '고정'이나 '제외'인 행은 다시 실행해도 바뀌지 않습니다.

    괄호: 세계관세기구(WCO). 철자: 콘테이너와 컨테이너. 질문: 질문과 제시문의 쌍에서 학습. 임베딩: 의미가 가까운 단어(오류가 많습니다).
    적용하려면 mundap index를 실행하세요.
    """
    from mundap.graph.synonyms import PAIRS
    from mundap.workflows import synonyms

    bot = open_workspace(workspace)
    miners = by or synonyms.MINERS
    with show.bar("단어 벡터") as progress:
        made = synonyms.mine(bot, miners, data=data, progress=progress)
    if json:
        show.emit(made.to_json())
        return
    by_origin = ", ".join(f"{origin} {n}" for origin, n in made.by.items() if n)
    print(f"{made.file}: 동의어 {made.rows}행 ({by_origin}; 직접 지정한 행 {made.kept})")
    if PAIRS in miners and not made.pairs:
        print(
            "질문과 제시문의 쌍이 없어 '질문' 방법은 건너뛰었습니다. 질문·제시문 열이 있는 시트를 읽어 들이거나 --data로 지정하세요."
        )
    print("표를 검토하고 수정한 뒤 실행하세요: mundap index")


@app.command()
def export(
    out: Annotated[Path, typer.Option(help="저장할 파일(graphml) 또는 폴더(neo4j)", show_default=False)],
    format: Annotated[
        Format, typer.Option(help="graphml: Gephi, yEd 등에서 사용. neo4j: neo4j-admin database import용 CSV")
    ] = Format.graphml,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """그래프 전체를 내보냅니다. 예: mundap graph export --out graph.graphml"""
    from mundap.graph.export import write_graphml, write_neo4j

    graph = open_workspace(workspace).graph.graph
    edges = (write_graphml if format is Format.graphml else write_neo4j)(graph, out)
    counts = graph.counts()
    if json:
        show.emit({"out": str(out), "edges": edges, **counts})
        return
    print(f"{out}: 키워드 {counts['keywords']}개, 문단 {counts['passages']}개, 엣지 {edges}개")
    if format is Format.neo4j:
        there = out.resolve()
        print(
            f"가져오기: neo4j-admin database import full --nodes={there}{os.sep}nodes.csv --relationships={there}{os.sep}relationships.csv"
        )
