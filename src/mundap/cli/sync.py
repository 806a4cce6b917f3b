"""mundap sync."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace, open_workspace
from mundap.errors import ConfigError
from mundap.redact import hidden

if TYPE_CHECKING:
    from mundap.workflows.sync import SourceReport, Synced
    from mundap.workspace import Mundap

_LONGEST = 60.0  # seconds after which settings are looked at again


def sync(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="출처의 이름 (기본값: 모든 출처)")
    ] = None,
    watch: Annotated[
        bool,
        typer.Option("--watch", help="끝내지 않고, 출처마다 정한 주기(every)로 계속 동기화합니다. Ctrl+C로 종료합니다"),
    ] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="비어 있는 출처의 문서와, 설정에서 지운 출처의 문서도 삭제합니다")
    ] = False,
    index: Annotated[bool, typer.Option("--index/--no-index", help="바뀐 문서를 색인합니다")] = True,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """mundap.toml의 [[sources]]에 지정한 출처(폴더, 웹, S3, WebDAV, 메일함, Git, SQL)와 문서를 동기화합니다.

    바뀐 것만 가져오고, 없어진 것은 삭제합니다. 연결할 수 없는 출처의 문서는 그대로 두고 종료 코드 1로 끝냅니다.
    """
    from mundap.workflows.sync import sync as run

    bot = open_workspace(workspace)
    if not bot.config.sources and not prune:
        raise ConfigError(
            '동기화할 출처가 없습니다. mundap.toml에 [[sources]]를 추가하세요. 예: [[sources]] name = "공지", kind = "web",'
            ' urls = ["https://example.org/"]'
        )
    chosen = names or []
    while True:
        with show.stages() as stage:
            done = run(
                bot,
                chosen,
                prune=prune,
                index=index,
                progress=stage("동기화"),
                indexing={name: stage(title) for name, title in show.INDEX.items()} if index else None,
            )
        _tell(done, json)
        if not watch:
            break
        chosen, bot = _next(bot, names or [], workspace)
        prune = False
    if any(one.error for one in done.sources):
        raise typer.Exit(1)


def _tell(done: Synced, json: bool) -> None:
    for one in done.sources:
        for skipped in one.skipped:
            print(f"건너뜀: {skipped.file}: {skipped.reason}", file=sys.stderr)
        if one.error:
            print(f"오류: {one.source}: {hidden(one.error)}", file=sys.stderr)
    if json:
        show.emit(done.to_json())
        return
    for one in done.sources:
        print(f"{one.source}: {_counts(one)}")
    indexed = f", 색인 {done.generation}" if done.generation else ""
    print(f"문서 {done.documents}개, 문단 {done.passages}개{indexed}", flush=True)


def _counts(one: SourceReport) -> str:
    counts = (
        f"항목 {one.listed}개, 가져옴 {one.fetched} (추가 {one.added}, 변경 {one.updated}, 삭제 {one.removed}, "
        f"변경 없음 {one.unchanged}, 건너뜀 {len(one.skipped)})"
    )
    return f"{counts} — 연결 오류, 삭제하지 않음" if one.error else counts


def _next(bot: Mundap, names: Sequence[str], workspace: Path) -> tuple[list[str], Mundap]:
    """Wait until sources are due; their names, and the workspace under the settings of then."""
    from mundap.workflows.sync import due

    while True:
        named = [one for one in bot.config.sources if not names or one.name in names]
        if not any(one.every for one in named):
            raise ConfigError('--watch에는 주기가 필요합니다. 출처에 every = "1h"처럼 지정하세요.')
        ready, wait = due(bot)
        if chosen := [one.name for one in ready if one in named]:
            return chosen, bot
        folders = {
            Path(os.path.normpath(bot.root / one.path)): one.name for one in named if one.kind == "folder" and one.every
        }
        if changed := _changed(folders, min(wait, _LONGEST)):
            return changed, bot
        bot = open_workspace(workspace)


def _changed(folders: Mapping[Path, str], seconds: float) -> list[str]:
    """The names of the folders in which something changes within so many seconds; without watchfiles none."""
    there = [path for path in folders if path.is_dir()]
    if not there or find_spec("watchfiles") is None:
        time.sleep(max(seconds, 0.1))
        return []
    from watchfiles import watch

    for changes in watch(*there, rust_timeout=int(max(seconds, 0.1) * 1000), yield_on_timeout=True):
        touched = [Path(name) for _, name in changes]
        return [folders[path] for path in there if any(one.is_relative_to(path) for one in touched)]
    raise KeyboardInterrupt
