"""mundap init, ingest, remove, index, doctor."""

from __future__ import annotations

import shutil
import sys
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace, open_workspace
from mundap.config import FILE, settings
from mundap.errors import MundapError, UnknownName

EXAMPLES = ("customs-mini",)
_TEMPLATE = """\
# 문답 작업 폴더의 설정. 모든 값에는 기본값이 있습니다. 지금 값과 출처: mundap doctor
language = "ko"

[ingest]
paths = ["docs"]          # 읽을 파일과 폴더 (hwp, hwpx, pdf, docx, html, xlsx, csv, tsv, txt, md)
# chunk_chars = 300       # 벡터 하나가 보는 글자 수
# chunking = "structure"  # 제목과 문장에서 자르기. 다른 것: fixed, window, whole

[index]
# encoder = "e5-small"    # 인터넷 없이 쓰는 기본 임베딩
{dictionary}user_dictionary = "user_dictionary.txt"   # 한 줄에 '단어<탭>NNP'

[retrieve]
# legs = ["bm25", "dense"]
k = 5                     # 답을 만들 때 보는 문단 수

[generate]
generator = "extractive"  # 또는 "gguf:models/my.gguf", "openai:http://127.0.0.1:11434/v1#qwen3"
# persona = "이름"        # 말투: personas/이름.toml
# min_support = 0.42      # 이보다 근거가 약하면 답하지 않습니다 (0-1)
"""


def init(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="만들 폴더")] = HERE,
    example: Annotated[str | None, typer.Option(help=f"본보기 자료를 함께 넣습니다: {', '.join(EXAMPLES)}")] = None,
) -> None:
    """작업 폴더를 만듭니다. 예: mundap init mybot --example customs-mini"""
    if example is not None and example not in EXAMPLES:
        raise UnknownName("example", example, EXAMPLES)
    if (folder / FILE).exists():
        raise MundapError(f"{folder}: 이미 작업 폴더입니다. 다른 폴더를 쓰거나 {FILE}을 고쳐 쓰세요.")
    try:
        (folder / "docs").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MundapError(f"{folder}: 폴더를 만들 수 없습니다({error.strerror}). 다른 경로를 쓰세요.") from error
    if example is not None:
        with as_file(files("mundap") / "examples" / example) as source:
            shutil.copytree(source, folder, dirs_exist_ok=True)
    (folder / FILE).write_text(_TEMPLATE.format(dictionary="" if example else "# "), "utf-8")
    at = "" if folder == HERE else f" --workspace {folder}"
    print(f"{folder / FILE}을 만들었습니다.")
    if example is None:
        print(f"다음: 자료를 {folder / 'docs'}에 넣고")
    print(f"  mundap ingest{at} && mundap index{at}\n  mundap ask{at} '질문'")


def ingest(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="[PATH]...", help="파일이나 폴더 (기본: ingest.paths)")
    ] = None,
    prune: Annotated[bool, typer.Option("--prune", help="파일이 사라진 문서를 지웁니다")] = False,
    report: Annotated[
        bool, typer.Option("--report", help="파일마다 읽은 쪽, 글자, 표, 주의를 HTML과 JSON 보고서로 남깁니다")
    ] = False,
    again: Annotated[
        list[str] | None, typer.Option("--again", metavar="FILE", help="지운 뒤로 빼 둔 파일을 다시 넣습니다")
    ] = None,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """파일을 읽어들입니다. 바뀐 파일만 다시 읽고, 읽을 수 없는 것은 알리고 건너뜁니다."""
    bot = open_workspace(workspace)
    for name in again or ():
        print(f"다시 넣습니다: {bot.take_back(name)}", file=sys.stderr)
    with show.bar("읽기") as progress:
        done = bot.ingest(paths or (), prune=prune, progress=progress)
    for one in done.skipped:
        row = f" {one.row}행" if one.row else ""
        print(f"건너뜀: {one.file}{row}: {one.reason}", file=sys.stderr)
    warnings = [(one.file, warning) for one in done.files for warning in one.warnings]
    for file, warning in warnings:
        print(f"주의: {file}: {warning}", file=sys.stderr)
    run = ""
    if report:
        from mundap.cli.ingest_page import keep_report

        run = str(keep_report(bot, done))
        print(f"보고서: {run}/report.html", file=sys.stderr)
    if json:
        show.emit(done.to_json() | ({"run": run} if run else {}))
    else:
        print(
            f"문서 {done.documents}개, 문단 {done.passages}개 (새로 {done.added}, 바뀜 {done.updated}, "
            f"지움 {done.removed}, 그대로 {done.unchanged}, 건너뜀 {len(done.skipped)})"
        )


def remove(
    name: Annotated[str, typer.Argument(metavar="SOURCE|ID", help="문서의 경로, 이름 또는 id")],
    file: Annotated[bool, typer.Option("--file", help="파일도 지웁니다")] = False,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """문서를 지웁니다. 그 문서는 바로 어떤 검색에서도 나오지 않습니다. 파일이 남아 있으면 다음 ingest에서 빼 둡니다."""
    bot = open_workspace(workspace)
    removed = bot.remove(name, keep_out_file=not file)
    path = bot.root / removed
    deleted = file and path.is_file()
    if deleted:
        path.unlink()
    elif path.is_file():
        print(
            f"파일은 {path}에 그대로 있고, 다음 ingest에도 넣지 않습니다. 다시 넣으려면: mundap ingest --again '{removed}'."
            " 지울 때 파일도 지우려면 --file을 붙이세요.",
            file=sys.stderr,
        )
    if json:
        show.emit({"removed": removed} | ({"file": str(path)} if deleted else {}))
    else:
        print(f"지웠습니다: {removed}{' (파일도)' if deleted else ''}")


def index(workspace: Workspace = HERE, json: Json = False) -> None:
    """색인을 만듭니다. 새로 들어온 문단만 계산하고, 다 되면 한 번에 바꿉니다."""
    bot = open_workspace(workspace)
    with show.bars(tokens="형태소", vectors="벡터", keywords="키워드") as progress:
        name = bot.index(progress)
    documents, passages = bot.corpus.counts()
    if json:
        show.emit({"generation": name, "documents": documents, "passages": passages})
    else:
        print(f"색인 {name}: 문서 {documents}개, 문단 {passages}개")


def doctor(workspace: Workspace = HERE, json: Json = False) -> None:
    """설정과 상태를 보여 줍니다: 각 값이 어디서 왔는지, 무엇이 설치되어 있는지, 색인이 맞는지."""
    from mundap.workflows.doctor import examine

    bot = open_workspace(workspace)
    report = examine(bot).to_json()
    rows = [
        {"key": key, "value": value, "from": origin} for key, value, origin in settings(bot.config, bot.root / FILE)
    ]
    if json:
        show.emit({**report, "settings": rows})
        return
    for key, value in report.items():
        print(f"{key}: {value}")
    print()
    for row in rows:
        print(f"{row['key']} = {row['value']!r}  ({row['from']})")
