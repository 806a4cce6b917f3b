"""mundap worker."""

from __future__ import annotations

import os
import signal
import sys
from typing import Annotated

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace


def worker(
    url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="작업 대기열의 주소 (기본값: 환경 변수 MUNDAP_JOBS_URL, mundap.toml의 jobs.url, store.url)",
        ),
    ] = None,
    processes: Annotated[
        int, typer.Option(min=1, help="동시에 처리할 작업 수. 임베딩은 작업 하나가 모든 코어를 씁니다")
    ] = 1,
    module: Annotated[
        list[str] | None,
        typer.Option(
            "--module", metavar="MODULE", help="함수를 실행해도 되는 내 파이썬 모듈(여러 번 지정할 수 있습니다)"
        ),
    ] = None,
    lease: Annotated[
        float | None,
        typer.Option(
            min=1,
            help="worker가 죽으면 이 시간(초) 뒤에 다른 worker가 작업을 이어받습니다 (기본값: jobs.lease_seconds)",
            show_default=False,
        ),
    ] = None,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """다른 컴퓨터의 mundap index, ingest, evaluate, synth 등이 맡긴 작업을 PostgreSQL 대기열에서 가져와 처리합니다.

    맡기는 쪽의 mundap.toml에 [jobs] executor = "postgres"와 url을 지정하고, worker는 어느 컴퓨터에서든 원하는 만큼
    실행하세요. mundap 버전이 같아야 하고, 파일로 된 모델과, 평가나 합성을 맡긴 작업 폴더는 같은 경로에 있어야 합니다. 암호는 주소 대신 PGPASSWORD나
    ~/.pgpass에 둘 수 있습니다. Ctrl+C를 누르면 하던 작업을 돌려놓고 끝내며, 강제로 종료되면 다른 worker가 이어받습니다.

    예: mundap worker --url postgresql://mundap@db.example:5432/mundap
    """
    from mundap.config import FILE, QUEUE_VARIABLE, Config, find_workspace, read_config
    from mundap.jobs.queue_worker import QueueWorker

    given = url or os.environ.get(QUEUE_VARIABLE)
    config = Config() if given else read_config(find_workspace(workspace) / FILE)
    working = QueueWorker(
        given or config.queue, processes=processes, lease=lease or config.jobs.lease_seconds, trusted=module or ()
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: working.stop())
    print(f"작업을 기다립니다: {working.address} (worker {working.name}). 종료: Ctrl+C", file=sys.stderr, flush=True)
    done = working.run()
    if json:
        show.emit({"worker": working.name, "done": done.done, "failed": done.failed, "lost": done.lost})
    else:
        print(f"작업을 마쳤습니다: 완료 {done.done}, 실패 {done.failed}, 종료된 프로세스 {done.lost}")
