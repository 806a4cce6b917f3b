"""Answers while a language model writes them: seen at once, stopped by the visitor, and broken off."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.browser.conftest import Opened, Site, Up, settled
from tests.language_model import SlowModel, slow_model

from mundap.workspace import Mundap

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

playwright = pytest.importorskip("playwright.sync_api", reason="the extra dev is not installed")
expect = playwright.expect
expect.set_options(timeout=30_000)
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model() -> Iterator[SlowModel]:
    with slow_model("연차는 $5~$9 ", "<b>15일</b>입니다 [1]") as model:
        yield model


@pytest.fixture(scope="module")
def office(browser: Browser, up: Up, model: SlowModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A small workspace that answers by that model, behind `mundap up`."""
    root: Path = tmp_path_factory.mktemp("stream") / "ws"
    (root / "docs").mkdir(parents=True)
    (root / "docs" / "휴가.md").write_text("# 휴가 규정\n\n## 연차\n\n연차는 해마다 15일입니다.\n", "utf-8")
    generator = f"openai:{model.address}#slow"
    config = (
        f'[index]\nencoder = "hashed"\n[generate]\ngenerator = "{generator}"\nmin_support = 0\nunsupported = "keep"\n'
    )
    (root / "mundap.toml").write_text(config, "utf-8")
    bot = Mundap.open(root)
    bot.ingest()
    bot.index()
    with up(root) as running:
        yield running


def ask(page: Page) -> Locator:
    answers = page.get_by_role("group", name="Chat message from assistant")
    page.get_by_role("textbox", name="질문을 입력하세요").fill("연차는 며칠인가요?")
    settled(page)  # what a run is about to replace is there twice
    before = answers.count()
    page.keyboard.press("Enter")
    answer = answers.nth(before)  # the last one may be that of before, which says the same
    expect(answer).to_contain_text("연차는 $5~$9")  # money and a range, as it was written
    return answer


def test_an_answer_is_read_while_it_is_written_and_its_markup_is_text(
    office: Site, model: SlowModel, opened: Opened
) -> None:
    model.again()
    answer = ask(page := opened(office.page))
    expect(answer).not_to_contain_text("15일")
    expect(answer.get_by_role("radiogroup")).to_have_count(0)
    model.go_on.set()
    expect(answer).to_contain_text("<b>15일</b>입니다 [1]")
    expect(answer.get_by_role("radiogroup")).to_be_visible()
    answer.get_by_role("button", name="휴가").click()
    expect(page.get_by_role("dialog").locator("mark")).to_have_text("연차는 해마다 15일입니다.")


def test_stopping_leaves_what_was_written_and_stops_the_model(office: Site, model: SlowModel, opened: Opened) -> None:
    model.again()
    page = opened(office.page)
    answer = ask(page)
    page.get_by_role("button", name="Stop script").click()
    assert model.left.wait(30)
    expect(answer).to_contain_text("연차는 $5~$9")
    model.again()
    ask(page)
    expect(page.get_by_role("group", name="Chat message from assistant").first).to_contain_text("답변이 중단되었습니다")
    model.go_on.set()


def test_an_answer_that_breaks_off_says_so_and_another_can_be_asked(
    office: Site, model: SlowModel, opened: Opened
) -> None:
    model.again(breaks=True)
    page = opened(office.page)
    answer = ask(page)
    model.go_on.set()
    expect(answer.get_by_role("alert")).to_contain_text("오류가 발생했습니다")
    model.again()
    model.go_on.set()
    ask(page)
    expect(page.get_by_role("group", name="Chat message from assistant").last).to_contain_text("15일")
