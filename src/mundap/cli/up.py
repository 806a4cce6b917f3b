"""mundap ui and mundap up."""

from __future__ import annotations

import os
import sys
import time
from importlib.util import find_spec
from typing import Annotated

import typer

from mundap.cli.children import Child, children, free_port
from mundap.cli.options import HERE, Workspace
from mundap.extras import need

EXTRA = "ui"
KEY = "MUNDAP_UI_KEY"
_LOCAL = "127.0.0.1"
_HERE = (_LOCAL, "localhost", "::1")
_START = 120.0  # seconds, on a machine that is busy
_LOOK = 0.3  # seconds between looks at the children

Port = Annotated[int, typer.Option(min=0, max=65535, help="웹 페이지의 포트. 0이면 빈 포트를 자동으로 선택합니다")]

# Nothing is fetched from elsewhere or sent there, and errors of the program are told in its log, not to visitors.
_OPTIONS = {
    "server.headless": "true",
    "server.fileWatcherType": "none",
    "browser.gatherUsageStats": "false",
    "client.toolbarMode": "minimal",
    "client.showErrorDetails": "none",
    "theme.font": "Pretendard, 'Apple SD Gothic Neo', 'Malgun Gothic', 'Noto Sans KR', 'Noto Sans CJK KR', NanumGothic, sans-serif",
    "theme.headingFontSizes": '["1.75rem", "1.4rem", "1.2rem", "1.1rem", "1rem", "1rem"]',
}
_LOOKS = {
    "theme.light": {"primaryColor": "#1b5cb8", "linkColor": "#1b5cb8", "textColor": "#1a1c23"},
    "theme.dark": {"primaryColor": "#6ea8ff", "linkColor": "#8fbcff"},
}


def ui(
    api: Annotated[str, typer.Option(help="API의 주소")] = "http://127.0.0.1:8000",
    host: Annotated[str, typer.Option(help="바인딩할 주소. 127.0.0.1이면 이 컴퓨터에서만 접속할 수 있습니다")] = _LOCAL,
    port: Port = 8501,
) -> None:
    """실행 중인 API에 연결하는 웹 페이지를 시작합니다. Ctrl+C로 종료합니다. API 키가 필요하면 환경 변수 MUNDAP_UI_KEY에 설정하세요."""
    _needed()
    if host not in _HERE:
        print(
            f"mundap: {host}: 이 페이지에 접속할 수 있는 사람은 누구나 질문하고, 문서를 업로드하고 삭제할 수 있습니다. "
            "신뢰할 수 있는 네트워크가 아니라면 로그인을 요구하는 프록시 뒤에서 운영하세요.",
            file=sys.stderr,
        )
    port = free_port(host, port)
    with children() as start:
        page = start("페이지", *_command(api, host, port))
        _opened(page, host, port)
        print(f"페이지: {_address(host, port)}", flush=True)
        _watch(page)


def up(
    port: Port = 8501,
    api_port: Annotated[
        int, typer.Option(min=0, max=65535, help="API의 포트. 0이면 빈 포트를 자동으로 선택합니다")
    ] = 8000,
    workspace: Workspace = HERE,
) -> None:
    """API와 웹 페이지를 함께 시작합니다. Ctrl+C로 모두 종료합니다. API 키가 설정되어 있어도 이 컴퓨터에서 여는 페이지에서는 입력할 필요가 없습니다."""
    _needed()
    need("uvicorn", extra="serve")
    need("fastapi", extra="serve")
    from mundap.config import find_workspace
    from mundap.serve.keys import LENT_DIGEST, digest_of, new_key

    root = find_workspace(workspace)
    port = free_port(_LOCAL, port)
    key = os.environ.get(KEY) or new_key()  # where the API has keys, the page needs one
    with children() as start:
        serve = ["-m", "mundap", "serve", "--port", str(api_port), "--workspace", str(root)]
        api = start("API", serve, {LENT_DIGEST: digest_of(key)}, told=True)
        assert api.process.stdout is not None
        address = api.process.stdout.readline().strip()
        if not address:
            api.process.wait()
            api.check()
        command, variables = _command(address, _LOCAL, port)
        page = start("페이지", command, {**variables, KEY: key})
        _ready(api, address, key)
        _opened(page, _LOCAL, port)
        print(f"API: {address}\n페이지: {_address(_LOCAL, port)}\n(종료하려면 Ctrl+C)", flush=True)
        _watch(api, page)


def _needed() -> None:
    if find_spec("streamlit") is None:
        need("streamlit", extra=EXTRA)


def _command(api: str, host: str, port: int) -> tuple[list[str], dict[str, str]]:
    page = find_spec("mundap.ui.page")
    assert page is not None
    assert page.origin is not None
    options = _OPTIONS | {"server.address": host, "server.port": str(port)}
    for table, looks in _LOOKS.items():
        options |= {f"{table}.{name}": color for name, color in looks.items()}
    given = [f"--{name}={value}" for name, value in options.items()]
    if host in _HERE:  # another name that leads here is a trick of a page from elsewhere
        given += [f"--server.allowedHosts={name}" for name in _HERE]
    return ["-m", "streamlit", "run", page.origin, *given], {"MUNDAP_UI_API": api}


def _opened(page: Child, host: str, port: int) -> None:
    near = _LOCAL if host == "0.0.0.0" else "::1" if host == "::" else host
    page.wait_until(lambda: _says(f"{_address(near, port)}/_stcore/health") == 200, _START)


def _address(host: str, port: int) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _ready(api: Child, address: str, key: str) -> None:
    """Wait until it can answer, or says what is missing: documents may be added over the page."""
    api.wait_until(lambda: _says(f"{address}/healthz") == 200, _START)
    api.wait_until(lambda: _says(f"{address}/readyz") in (200, 503), _START)
    import httpx

    shown = {"X-API-Key": key}  # visitors without one are not told what is missing
    if (said := httpx.get(f"{address}/readyz", headers=shown, trust_env=False, timeout=_START)).status_code != 200:
        print(f"mundap: {said.json().get('detail', '')}", file=sys.stderr, flush=True)


def _says(address: str) -> int:
    import httpx  # late, for it takes a fifth of the start of every verb

    try:
        return httpx.get(address, trust_env=False, timeout=_START).status_code
    except httpx.TransportError:
        return 0


def _watch(*running: Child) -> None:
    while True:
        for child in running:
            child.check()
        time.sleep(_LOOK)
