"""mundap serve."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from typing import Annotated

import typer

from mundap.cli.options import HERE, Workspace, open_workspace
from mundap.errors import MundapError
from mundap.extras import need

EXTRA = "serve"


def serve(
    host: Annotated[str, typer.Option(help="주소. 지금은 이 컴퓨터에서만 엽니다")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="포트. 0이면 빈 것을 고릅니다")] = 8000,
    workspace: Workspace = HERE,
) -> None:
    """HTTP API를 엽니다: POST /query, /search, /keywords, GET /healthz, /readyz. Ctrl+C로 끝냅니다.

    예: curl localhost:8000/keywords -H 'content-type: application/json' -d '{"prompt": "통관예약을 하면 뭐가 좋나요?"}'
    """
    if not _loopback(host):
        raise MundapError(
            f"'{host}': 열쇠로 지키지 않는 API라 이 컴퓨터 밖으로는 열지 않습니다. --host 127.0.0.1로 여세요."
        )
    uvicorn = need("uvicorn", extra=EXTRA)
    need("fastapi", extra=EXTRA)
    from mundap.serve.app import make_app

    bot = open_workspace(workspace)
    app = make_app(bot, bot.config.serve)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, port))
        except OSError as error:
            raise MundapError(
                f"{host}:{port}: 열 수 없습니다({error.strerror}). 다른 포트를 주세요: mundap serve --port 0"
            ) from error
        listening.listen()
        print(f"http://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}", flush=True)
        uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listening])


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
