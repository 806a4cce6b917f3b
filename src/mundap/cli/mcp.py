"""mundap mcp."""

from __future__ import annotations

from mundap.cli.options import HERE, Workspace, open_workspace
from mundap.extras import need


def mcp(workspace: Workspace = HERE) -> None:
    """MCP 서버를 표준 입출력으로 시작합니다. Claude, Cursor 같은 에이전트가 문서를 검색하고 질문하는 데 사용합니다.

    에이전트의 설정에 적는 예: {"mcpServers": {"mundap": {"command": "mundap", "args": ["mcp", "--workspace", "/경로/mybot"]}}}
    """
    need("mcp", extra="mcp")
    from mundap.mcp.server import serve_stdio

    serve_stdio(open_workspace(workspace))
