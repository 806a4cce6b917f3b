"""The chat on a page of another site: allowed, not allowed, and where a key is asked for."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.browser.conftest import Opened, Picture, Served
from tests.browser.test_visitors import ASK, CONFIG, workspace
from tests.serving import running

if TYPE_CHECKING:
    from playwright.sync_api import Browser

playwright = pytest.importorskip("playwright.sync_api", reason="the extra dev is not installed")
expect = playwright.expect
expect.set_options(timeout=30_000)
pytestmark = pytest.mark.slow

# A site with styles and names of its own, which must neither reach the widget nor be reached by it.
PAGE = """<!doctype html><html lang="ko"><meta charset="utf-8"><title>다른 사이트</title>
<style>html{{font-size:40px}} * {{font-family:serif}} button{{display:none}} p{{color:red}}</style>
<h1>관세청</h1><p id="mundap-count">그대로</p>
<script src="{api}widget.js" {data}></script>"""


@contextmanager
def site(body: Callable[[], str]) -> Iterator[str]:
    """A site on another port, which is another origin."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(body().encode())

        def log_message(self, *args: object) -> None:
            pass

    with running(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as server:
        yield f"http://127.0.0.1:{server.server_port}"


def test_the_widget_answers_where_it_is_allowed_and_with_its_key(
    browser: Browser,
    served: Served,
    mundap: Callable[..., str],
    opened: Opened,
    picture: Picture,
    tmp_path: Path,
) -> None:
    shown: dict[str, str] = {"page": ""}
    with site(lambda: shown["page"]) as allowed, site(lambda: shown["page"]) as other:
        root = workspace(tmp_path / "ws", f'{CONFIG}[serve]\ncors_origins = ["{allowed}"]\n')
        key = mundap("keys", "add", "홈페이지", "--role", "ask", "--per-minute", "60", "--workspace", root).strip()
        with served(root) as api:
            data = f'data-key="{key}" data-color="#7a1f5c" data-position="left" data-title="관세 상담" data-greeting="반갑습니다"'
            shown["page"] = PAGE.format(api=api, data=data)
            page = opened(allowed)
            expect(page.locator("body > p")).to_have_css("color", "rgb(255, 0, 0)")
            page.get_by_role("button", name="무엇이든 물어보세요").click()
            panel = page.get_by_role("dialog", name="관세 상담")
            expect(panel.get_by_role("heading", name="반갑습니다")).to_be_visible()
            panel.get_by_role("textbox", name=ASK).fill("주차 요금은 얼마인가요?")
            page.keyboard.press("Enter")
            expect(panel.locator(".tools")).to_be_visible()
            expect(panel.locator(".send")).to_have_css("background-color", "rgb(122, 31, 92)")
            expect(panel.locator(".text p").first).to_have_css("font-size", "16px")
            box = panel.bounding_box()
            assert box
            assert box["x"] == 20
            panel.locator(".cite").first.click()
            expect(panel.locator("mark").first).to_be_in_viewport()
            picture(page, "widget")
            panel.get_by_role("button", name="닫기").first.click()
            expect(page.get_by_role("button", name="무엇이든 물어보세요")).to_be_focused()

            foreign = opened(other)
            foreign.get_by_role("button", name="무엇이든 물어보세요").click()
            expect(foreign.get_by_role("alert")).to_have_text(
                "이 사이트에서는 사용할 수 없습니다. 사이트 관리자에게 알려 주세요."
            )
            blocked = foreign.evaluate(
                "([api, key]) => fetch(api + 'query', {method: 'POST', body: '{\"query\": \"요금\"}',"
                " headers: {Authorization: 'Bearer ' + key}}).then(() => 'read', () => 'blocked')",
                [api, key],
            )
            assert blocked == "blocked"

            asked = opened(api)  # the page of its own, which has no key yet
            asked.get_by_label("API 키").fill("mundap-wrong")
            asked.get_by_role("button", name="시작하기").click()
            expect(asked.get_by_role("alert")).to_contain_text("올바르지 않습니다")
            asked.get_by_label("API 키").fill(key)
            asked.get_by_role("button", name="시작하기").click()
            expect(asked.get_by_role("textbox", name=ASK)).to_be_focused()
            asked.reload()
            expect(asked.get_by_role("textbox", name=ASK)).to_be_visible()
            assert key not in str(asked.evaluate("Object.values(localStorage)"))
    shutil.rmtree(root)
