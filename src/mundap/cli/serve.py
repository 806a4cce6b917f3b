"""mundap serve."""

from __future__ import annotations

import os
import socket
from typing import Annotated

import typer

from mundap.cli.options import HERE, Workspace, open_workspace
from mundap.errors import MundapError
from mundap.extras import need

EXTRA = "serve"
_FILES = 8192  # that a server has open besides connections: some 27 for each segment, and two for each thread and view


def serve(
    host: Annotated[
        str, typer.Option(help="바인딩할 주소. 외부에서 접속하게 하려면 API 키가 필요합니다")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="포트. 0이면 빈 포트를 자동으로 선택합니다")] = 8000,
    insecure: Annotated[bool, typer.Option("--insecure", help="API 키 없이 외부 접속을 허용합니다")] = False,
    workspace: Workspace = HERE,
) -> None:
    """HTTP API 서버를 시작합니다: POST /query, /search, /v1/chat/completions 등. API 문서는 /docs에 있습니다. Ctrl+C로 종료합니다.

    예: curl localhost:8000/query -H 'content-type: application/json' -d '{"query": "면세 한도가 얼마인가요?"}'
    """
    need("uvicorn", extra=EXTRA)
    need("fastapi", extra=EXTRA)
    from mundap.serve.app import make_app
    from mundap.serve.guard import loopback
    from mundap.serve.keys import FILE, LENT_DIGEST, Keys
    from mundap.serve.logs import log_to_stderr
    from mundap.serve.server import Server

    bot = open_workspace(workspace)
    local = loopback(host)
    keys = Keys(bot.kept_in(FILE)).all()
    logs_in = bool(bot.config.oidc.issuer)
    if not (local or keys or insecure or logs_in):
        raise MundapError(
            f"'{host}': API 키 없이는 외부 접속을 허용하지 않습니다. API 키를 만들거나(mundap keys add 이름) "
            "--host 127.0.0.1로 실행하세요. API 키 없이 실행하려면: --insecure"
        )
    guarded, lent = bool(keys) or logs_in or not (local or insecure), os.environ.get(LENT_DIGEST, "")
    app = make_app(bot, bot.config.serve, guarded=guarded, local=local, lent=lent)
    with listener(host, port) as listening:
        address = f"http://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}"
        log_to_stderr()
        _allow_files(bot.config.serve.connections)
        Server(app, lambda: print(address, flush=True)).run(sockets=[listening])


def listener(host: str, port: int) -> socket.socket:
    """A socket bound to an address, 0 for any free port. Raises MundapError if it is taken.

    Its protocol is named, for asyncio sends at once on those alone: on others an answer of two packets waits for the client to
    acknowledge the first, which many do after 40 milliseconds.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise MundapError(
            f"{host}:{port}에서 시작할 수 없습니다({error.strerror}). 다른 포트를 지정하세요: mundap serve --port 0"
        ) from error
    return listening


def _allow_files(connections: int) -> None:
    """Let this process open as many connections as the settings say, beside its files."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows sets no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _FILES
    if soft < wanted:
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard)
        )
