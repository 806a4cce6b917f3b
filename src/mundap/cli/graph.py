"""mundap graph: look at the keyword graph, mine its synonyms, take it elsewhere."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace, open_workspace
from mundap.cli.train_options import Data

app = typer.Typer(no_args_is_help=True, help="키워드 그래프를 보고 다룹니다.", rich_markup_mode=None)


class Format(StrEnum):
    """What other programs read."""

    graphml = "graphml"
    neo4j = "neo4j"


@app.callback()
def verbs() -> None:
    """키워드 그래프를 보고 다룹니다."""


@app.command("show")
def show_graph(
    words: Annotated[str, typer.Argument(metavar="KEYWORD|QUESTION", help="키워드나 질문")],
    out: Annotated[Path, typer.Option(help="쓸 HTML 파일", metavar="PAGE")] = Path("graph.html"),
    png: Annotated[Path | None, typer.Option(help="그림도 이 PNG 파일에 씁니다", show_default=False)] = None,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """키워드나 질문 둘레의 그래프를 그립니다. 예: mundap graph show 이사화물 --out 이사화물.html --png 이사화물.png

    페이지는 그것 하나로 열립니다(인터넷이 없어도 됩니다): 끌고, 확대하고, 종류를 감추고, 낱말을 찾습니다.
    """
    from mundap.graph.around import around
    from mundap.graph.picture import page, write_png
    from mundap.korean.normalize import normalize

    bot = open_workspace(workspace)
    leg = bot.graph
    plain = normalize(words).strip().lower()
    known = plain if leg.graph.count(plain) or leg.graph.synonyms(plain) else ""
    asked = [known] if known else leg.name_keywords([plain])[0]
    drawn = around(
        leg.graph,
        asked,
        lambda ids: {id: p.text for id, p in bot.corpus.passages(ids).items()},
        {document.id: document.source for document in bot.corpus.documents()},
    )
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
    unknown = [word for word in asked if not leg.graph.count(word)]
    print(f"{', '.join(asked) or '키워드 없음'}: 점 {len(drawn.nodes)}개, 선 {len(drawn.lines)}개")
    if unknown:
        print(f"문서에 나오지 않는 낱말: {', '.join(unknown)}")
    for line in drawn.lines:
        if line.head.startswith("k:"):
            print(f"  {line.head[2:]} —{line.kind}→ {line.tail[2:]}{f'  ({line.shown})' if line.shown else ''}")
    print(f"페이지: {out}" + (f", 그림: {png}" if png else ""))


@app.command()
def mine(
    data: Data = None,
    by: Annotated[
        list[str] | None,
        typer.Option(help="괄호, 철자, 질문, 임베딩 가운데 (기본: 괄호, 철자, 질문)", show_default=False),
    ] = None,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """같은말을 찾아 표(TSV)에 씁니다. 읽어 보고 고칠 수 있으며, 상태를 '고정'이나 '제외'로 적은 줄은 다시 찾아도 그대로입니다.

    괄호: 세계관세기구(WCO). 철자: 콘테이너와 컨테이너. 질문: 질문과 제시문의 짝에서 배운 것. 임베딩: 뜻이 가까운 낱말(많이 틀립니다).
    쓰려면 이어서 mundap index를 실행하세요.
    """
    from mundap.errors import UnknownName
    from mundap.graph.synonyms import ORIGINS, PAIRS, VECTORS, merged, read_synonyms, write_synonyms
    from mundap.training.keywords.synonym_mining import mine as mined
    from mundap.training.keywords.synonym_mining import pairs_in

    bot = open_workspace(workspace)
    miners = by or [origin for origin in ORIGINS if origin != VECTORS]
    for miner in miners:
        if miner not in ORIGINS:
            raise UnknownName("miner", miner, ORIGINS)
    graph, table = bot.bare_graph(), bot.synonyms
    texts = {id: p.worded for id, p in bot.corpus.passages([id for id, *_ in graph.all_passages()]).items()}
    pairs = pairs_in(bot.corpus, data) if PAIRS in miners else []
    kept = read_synonyms(table) if table.is_file() else ()
    with show.bar("낱말 벡터") as progress:
        found = mined(
            graph,
            texts,
            pairs,
            bot.names,
            lambda words: bot.cache.unit_vectors(words, bot.encoder, progress),
            miners,
        )
    rows = merged(kept, found)
    write_synonyms(table, rows)
    counts = {origin: sum(row.origin == origin for row in rows) for origin in ORIGINS}
    locked = sum(bool(row.state) or not row.origin for row in rows)
    if json:
        show.emit({"file": str(table), "rows": len(rows), "by": counts, "kept": locked, "pairs": len(pairs)})
        return
    print(
        f"{table}: 같은말 {len(rows)}줄 ({', '.join(f'{o} {n}' for o, n in counts.items() if n)}; 사람이 둔 줄 {locked})"
    )
    if PAIRS in miners and not pairs:
        print("문답의 짝이 없어 질문에서는 찾지 못했습니다. 질문·제시문 열이 있는 시트를 읽거나 --data로 주세요.")
    print("읽어 보고 고친 뒤 실행: mundap index")


@app.command()
def export(
    out: Annotated[Path, typer.Option(help="graphml은 파일, neo4j는 폴더", show_default=False)],
    format: Annotated[
        Format, typer.Option(help="graphml: Gephi, yEd 등. neo4j: neo4j-admin database import의 CSV")
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
    print(f"{out}: 키워드 {counts['keywords']}개, 문단 {counts['passages']}개, 선 {edges}개")
    if format is Format.neo4j:
        there = out.resolve()
        print(
            f"가져오기: neo4j-admin database import full --nodes={there}{os.sep}nodes.csv --relationships={there}{os.sep}relationships.csv"
        )
