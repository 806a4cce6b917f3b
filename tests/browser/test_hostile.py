"""Hostile text in documents, file names, questions, votes, answers of the staff and synonyms: on no page does any of it run
or fetch anything, and every page still fits its screen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.at_length import at_length
from tests.browser.conftest import Opened, Site, Up, settled
from tests.browser.test_widget import PAGE, site

from mundap.workspace import Mundap

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

playwright = pytest.importorskip("playwright.sync_api", reason="the extra dev is not installed")
expect = playwright.expect
expect.set_options(timeout=30_000)
pytestmark = pytest.mark.slow

RUN = "window.evil=1"
MARKUP = f'<img src=x onerror="{RUN}"><script>{RUN}</script><svg onload="{RUN}"><a href="javascript:{RUN}">나</a></svg>'
MARKDOWN = (
    f"[여기](javascript:{RUN}) ![그림](https://example.invalid/x.png) <https://example.invalid> :material/home: $x^2$"
)
OVERRIDE = "\u202egpj.exe\u202c"
LONG = "긴" * 300 + "W" * 300
EVIL = f"{MARKUP} {MARKDOWN} {OVERRIDE} {LONG}"
QUESTION = "방문증은 어디서 받나요?"
ASK = "질문을 입력하세요"
VIEWS = ("search", "keywords", "worklist", "documents", "synonyms", "activity", "preferences", "upkeep")


def workspace(root: Path, foreign: str) -> Path:
    folder = root / "docs"
    folder.mkdir(parents=True)
    name = f"{MARKUP.replace('/', '')[:60]} {OVERRIDE}"
    (folder / f"{name}.md").write_text(
        f"# 방문증 {EVIL}\n\n방문증은 안내 데스크에서 신분증을 맡기고 받습니다. {EVIL}\n\n| {EVIL} | 나 |\n|---|---|\n| 가 | {EVIL} |\n",
        "utf-8",
    )
    row = ",".join(
        '"{}"'.format(one.replace('"', '""')) for one in (f"주차는? {EVIL}", EVIL, f"안 됩니다. {EVIL}", EVIL)
    )
    (folder / "문답.csv").write_text(f"질문,제시문,답변,출처\n{row}\n", "utf-8")
    (root / "mundap.toml").write_text(
        f'[index]\nencoder = "hashed"\n[generate]\nmin_support = 0.1\n[serve]\ncors_origins = ["{foreign}"]\n', "utf-8"
    )
    bot = Mundap.open(root)
    bot.ingest()
    bot.index()
    return root


@pytest.fixture(scope="module")
def foreign() -> Iterator[tuple[str, dict[str, str]]]:
    """Another site's address, and the page that it shows, which is given later."""
    shown = {"page": ""}
    with site(lambda: shown["page"]) as address:
        yield address, shown


@pytest.fixture(scope="module")
def hostile(
    browser: Browser, up: Up, foreign: tuple[str, dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """Both servers over hostile documents, with hostile questions, votes, answers and synonyms, and the widget elsewhere."""
    with (
        up(workspace(tmp_path_factory.mktemp("hostile") / "ws", foreign[0])) as running,
        httpx.Client(base_url=running.api, timeout=60) as api,
    ):
        title = "data-open data-title='&lt;img src=x onerror=window.evil=1&gt;'"
        foreign[1]["page"] = PAGE.format(api=f"{running.api}/", data=title)
        for question in (QUESTION, f"화성의 위성은? {EVIL}"):
            said = api.post("/query", json={"query": question}).json()
            vote = {"request_id": said["request_id"], "verdict": "down", "comment": EVIL, "answer": EVIL}
            assert api.post("/feedback", json=vote).status_code == 201
        told = {"question": f"비밀은? {EVIL}", "answer": EVIL, "source": EVIL[:200]}
        assert api.post("/questions", json=told).status_code == 201
        rows = [{"asked": MARKUP, "said": OVERRIDE}, {"asked": LONG[:150], "said": MARKDOWN}]
        version = api.get("/synonyms").json()["version"]
        api.put("/synonyms", json={"rows": rows, "version": version})  # what it does not take, it refuses
        yield running


def unharmed(page: Page, where: str) -> None:
    """Nothing ran, nothing can run on a click, and the page is as wide as its screen. What is fetched, `opened` watches."""
    assert page.evaluate("window.evil") is None, where
    harmful = "a[href^=javascript], [onerror], [onload]:not(link), img[src^=http]:not([src*='127.0.0.1'])"
    found = page.locator(harmful).evaluate_all("all => all.map(one => one.outerHTML.slice(0, 200))")
    assert not found, (where, found)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), where


@pytest.mark.parametrize("small", [False, True])
def test_visitors_and_the_widget_are_unharmed(
    hostile: Site, foreign: tuple[str, dict[str, str]], opened: Opened, phone: dict[str, Any], small: bool
) -> None:
    device = [phone] if small else []
    page = opened(f"{hostile.api}/", *device)
    for n, question in enumerate((QUESTION, EVIL)):
        page.get_by_role("textbox", name=ASK).fill(question)
        page.keyboard.press("Enter")
        expect(page.get_by_role("article").nth(n).locator(".tools")).to_be_visible()
        expect(page.locator(".writing")).to_have_count(0)
        unharmed(page, question[:10])
    page.locator(".cite").first.click()
    expect(page.get_by_role("region", name="원문").locator("mark").first).to_be_attached()
    assert OVERRIDE[0] not in page.get_by_role("region", name="원문").locator("h2").inner_text()
    unharmed(page, "source")
    page.reload()
    expect(page.get_by_role("textbox", name=ASK)).to_be_visible()
    unharmed(page, "list")
    page = opened(foreign[0], *device)
    page.get_by_role("textbox", name=ASK).fill(QUESTION)
    page.keyboard.press("Enter")
    expect(page.locator(".tools").first).to_be_visible()
    page.locator(".cite").first.click()
    expect(page.locator(".mundap mark").first).to_be_attached()
    unharmed(page, "widget")


@pytest.mark.parametrize("small", [at_length(False), True])
def test_the_desk_is_unharmed(hostile: Site, opened: Opened, phone: dict[str, Any], small: bool) -> None:
    device = [phone] if small else []
    page = opened(hostile.page, *device)
    page.get_by_role("textbox", name=ASK).fill(QUESTION)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="[1]").first.click()
    expect(page.get_by_role("dialog").locator("mark").first).to_be_visible()
    unharmed(page, "chat")
    for name in VIEWS:
        page.goto(f"{hostile.page}/{name}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        settled(page)
        if name in ("search", "keywords"):
            page.get_by_test_id("stMain").get_by_role("textbox").first.fill(QUESTION)
            page.keyboard.press("Enter")
            expect(page.get_by_test_id("stMain").get_by_text("방문증").nth(1)).to_be_visible()
        if name == "worklist":
            page.get_by_role("button", name="답하기").first.click()
            expect(page.get_by_role("dialog").get_by_role("button", name="등록")).to_be_visible()
        if name == "documents":
            expect(page.get_by_role("button", name="문단").first).to_be_visible()
            unharmed(page, name)
            page.get_by_role("button", name="문단").first.click()
            expect(page.get_by_role("heading", name="색인된 문단")).to_be_visible()
        settled(page)
        unharmed(page, name)
