"""The page that `mundap serve` shows to visitors, at a desk and on a phone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.browser.conftest import Opened, Picture, Served
from tests.language_model import SlowModel, slow_model

from mundap.workspace import Mundap

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Locator, Page

playwright = pytest.importorskip("playwright.sync_api", reason="the extra dev is not installed")
expect = playwright.expect
expect.set_options(timeout=30_000)
pytestmark = pytest.mark.slow

EVIL = '<img src=x onerror="window.evil=1"><script>window.evil=1</script>'
TABLE = "| 구역 | 요금 |\n|---|---|\n| 지하 1층 | 1,000원 |\n| 지하 2층 | 500원 |\n"
FILES = {
    "주차.md": f"# 주차 안내\n\n## 주차 요금\n\n주차 요금은 구역마다 다릅니다. 요금은 30분마다 받습니다.\n\n{TABLE}",
    "방문증.md": "# 방문증\n\n방문증은 안내 데스크에서 신분증을 맡기고 받습니다.\n\n"
    f"{EVIL}\n\n[여기](javascript:window.evil=1) ![그림](https://example.invalid/x.png) <b onclick='window.evil=1'>굵게</b>\n",
}
QUOTE = "주차 요금은 구역마다 다릅니다."
ASK = "질문을 입력하세요"
CONFIG = '[index]\nencoder = "hashed"\n[ui]\ntitle = "청사 안내"\nexamples = ["주차 요금은 얼마인가요?"]\ndownload = true\n[generate]\nmin_support = 0.2\n'


def workspace(root: Path, config: str = CONFIG) -> Path:
    (root / "docs").mkdir(parents=True)
    (root / "personas").mkdir()
    for name, text in FILES.items():
        (root / "docs" / name).write_text(text, "utf-8")
    (root / "personas" / "반말.toml").write_text('description = "친구처럼"\ntone = "casual"\n', "utf-8")
    (root / "mundap.toml").write_text(config, "utf-8")
    drawn(root / "docs" / "당직.pdf")
    bot = Mundap.open(root)
    assert bot.ingest().skipped == ()
    bot.index()
    return root


def drawn(path: Path) -> None:
    """A PDF of two pages."""
    canvas = pytest.importorskip("reportlab.pdfgen.canvas")
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfbase.pdfmetrics import registerFont

    registerFont(UnicodeCIDFont("HYSMyeongJo-Medium"))
    page = canvas.Canvas(str(path))
    for title, text in (
        ("당직 규정", "당직실은 본관 1층에 있습니다."),
        ("당직 교대", "당직 교대는 아침 여덟 시에 합니다."),
    ):
        page.setFont("HYSMyeongJo-Medium", 14)
        page.drawString(72, 720, title)
        page.drawString(72, 680, text)
        page.showPage()
    page.save()


@pytest.fixture(scope="module")
def root(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return workspace(tmp_path_factory.mktemp("visitors") / "ws")


@pytest.fixture(scope="module")
def site(served: Served, root: Path) -> Iterator[str]:
    with served(root) as address:
        yield address


def ask(page: Page, question: str, name: str = ASK) -> Locator:
    """Ask, and give the answer when it is whole."""
    answers = page.get_by_role("article")
    before = answers.count()
    page.get_by_role("textbox", name=name).fill(question)
    page.keyboard.press("Enter")
    expect(page.locator(".writing")).to_have_count(0)
    answer = answers.nth(before)
    expect(answer.locator(".tools")).to_be_visible()
    return answer


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_an_answer_stands_beside_its_source_and_stays_on_the_device(
    site: str, opened: Opened, picture: Picture
) -> None:
    page = opened(site)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    expect(page).to_have_title("청사 안내")
    expect(page.get_by_text("법적 효력이 없습니다")).to_be_visible()
    picture(page, "visitors-start")
    page.get_by_role("button", name="주차 요금은 얼마인가요?").click()
    answer = page.get_by_role("article")
    expect(answer.locator(".tools")).to_be_visible()
    answer.get_by_role("button", name="출처 1 열기").first.click()
    source = page.get_by_role("region", name="원문")
    expect(source.locator("mark").first).to_be_visible()
    expect(source.get_by_role("heading", name="주차 요금")).to_be_visible()
    expect(source.get_by_role("cell", name="500원")).to_be_visible()
    beside, chat = source.bounding_box(), answer.bounding_box()
    assert beside
    assert chat
    assert beside["x"] >= chat["x"] + chat["width"]
    picture(page, "visitors-source")
    page.keyboard.press("Escape")
    expect(source).to_have_count(0)
    expect(answer.get_by_role("button", name="출처 1 열기").first).to_be_focused()
    answer.get_by_role("button", name="답변 복사").click()
    expect(page.get_by_role("status").filter(has_text="복사했습니다")).to_have_count(1)
    assert "[1] 주차 안내" in page.evaluate("navigator.clipboard.readText()")
    with page.expect_download() as download:
        page.get_by_role("button", name="대화 내려받기").click()
    assert download.value.suggested_filename == "주차 요금은 얼마인가요.txt"
    kept = Path(download.value.path()).read_text("utf-8")
    assert kept.index("주차 요금은 얼마인가요?") < kept.index("[1] 주차 안내")
    page.reload()
    page.get_by_role("navigation").get_by_role("button", name="주차 요금은 얼마인가요?", exact=True).click()
    expect(page.get_by_role("article")).to_contain_text("요금")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="모두 삭제").click()
    expect(page.get_by_role("article")).to_have_count(0)
    expect(page.get_by_text("아직 대화가 없습니다")).to_be_visible()
    assert page.evaluate("Object.keys(localStorage).filter(key => key.includes('conversations'))") == []


def test_a_page_of_a_pdf_is_shown_as_a_picture_with_the_quote_marked(
    site: str, opened: Opened, picture: Picture
) -> None:
    page = opened(site)
    answer = ask(page, "당직실은 어디에 있나요?")
    answer.locator(".cite").first.click()
    source = page.get_by_role("region", name="원문")
    shown = source.get_by_role("img")
    expect(shown).to_be_visible()
    assert page.evaluate("document.querySelector('.document img').naturalWidth") == 1200
    expect(source.locator("header")).to_contain_text("1쪽")
    picture(page, "visitors-pdf")
    source.get_by_text("텍스트로 보기").click()
    expect(source.locator("mark").filter(has_text="당직실은")).to_be_visible()
    with page.expect_download() as download:
        source.get_by_role("button", name="원본 파일 다운로드").click()
    assert download.value.suggested_filename == "당직.pdf"
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF")


def test_nothing_that_is_written_becomes_markup(site: str, root: Path, opened: Opened) -> None:
    page = opened(site)
    dialogs: list[str] = []

    def refuse(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", refuse)
    answer = ask(page, f"{EVIL} 방문증은 어디서 받나요? <b>굵게</b>")
    answer.locator(".cite").first.click()
    source = page.get_by_role("region", name="원문")
    expect(source.locator(".prose")).to_contain_text("<script>window.evil=1</script>")
    answer.get_by_role("button", name="아쉬워요").click()
    answer.get_by_label("의견").fill(EVIL)
    answer.get_by_role("button", name="제출").click()
    expect(answer.get_by_text("의견을 저장했습니다")).to_be_visible()
    page.reload()
    expect(page.locator(".entry").first).to_contain_text("<img")
    assert page.evaluate("window.evil") is None
    assert page.locator("#mundap :is(img, script, iframe, b[onclick], a[href^=javascript])").count() == 0
    assert not dialogs


def test_a_vote_with_the_right_answer_is_in_the_export(
    site: str, root: Path, opened: Opened, mundap: Callable[..., str], tmp_path: Path
) -> None:
    page = opened(site)
    answer = ask(page, "주차 요금은 얼마인가요?")
    answer.get_by_role("button", name="아쉬워요").click()
    expect(answer.get_by_role("button", name="아쉬워요")).to_have_attribute("aria-pressed", "true")
    right = "지하 1층은 30분에 1,000원, 지하 2층은 500원입니다."
    answer.get_by_label("올바른 답변").fill(right)
    answer.get_by_role("button", name="제출").click()
    expect(answer.get_by_text("의견을 저장했습니다")).to_be_visible()
    out = tmp_path / "export"
    mundap("feedback", "export", "--out", out, "--workspace", root)
    rows = [json.loads(line) for file in out.glob("*.jsonl") for line in file.read_text("utf-8").splitlines()]
    assert [row for row in rows if row.get("chosen") == right]


def test_it_speaks_the_visitors_language_and_says_what_to_do(site: str, opened: Opened) -> None:
    page = opened(site)
    long = "가나다라마바사아자차" * 210
    page.get_by_role("textbox", name=ASK).fill(long)
    expect(page.get_by_text("100자를 줄여 주세요")).to_be_visible()
    expect(page.get_by_role("button", name="보내기")).to_be_disabled()
    page.get_by_role("button", name="화면 설정").click()
    page.get_by_role("radio", name="반말").check()
    page.get_by_role("radio", name="어둡게").check()
    page.get_by_role("radio", name="더 크게").check()
    page.get_by_role("radio", name="English").check()
    page.keyboard.press("Escape")
    box = page.get_by_role("textbox", name="Ask a question")
    expect(box).to_have_value(long)  # as it was typed
    expect(page.get_by_text("please shorten it by 100")).to_be_visible()
    expect(page.get_by_text("have no legal force")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("#mundap")).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="Display settings").click()
    page.get_by_role("radio", name="Default").check()
    page.keyboard.press("Escape")
    answer = ask(page, "화성의 위성은 몇 개인가요?", "Ask a question")
    expect(answer.get_by_text("Sorry, the documents do not answer this question.")).to_be_visible()
    page.route("**/v1/chat/completions", lambda route: route.abort())
    box.fill("주차 요금은?")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Check your connection")
    page.unroute("**/v1/chat/completions")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("article").last.locator(".cite").first).to_be_visible()
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_a_broad_question_offers_its_cases_and_each_is_answered(served: Served, opened: Opened, tmp_path: Path) -> None:
    root = tmp_path / "ws"
    (root / "docs").mkdir(parents=True)
    (root / "docs" / "요금.md").write_text(
        "## 수영장\n\n이용 요금은 5만원이다.\n\n## 체육관\n\n이용 요금은 3만원이다.\n", "utf-8"
    )
    (root / "mundap.toml").write_text('[index]\nencoder = "hashed"\n[generate]\nmin_support = 0.0\n', "utf-8")
    bot = Mundap.open(root)
    bot.ingest()
    bot.index()
    with served(root) as address:
        page = opened(address)
        cases = ask(page, "이용 요금은 얼마인가요?").get_by_role("group", name="어떤 경우인가요?")
        expect(cases.get_by_role("button")).to_have_text(["수영장", "체육관"])
        cases.get_by_role("button", name="체육관").click()
        expect(page.get_by_role("article")).to_have_count(2)
        expect(page.locator(".writing")).to_have_count(0)
        answer = page.get_by_role("article").last
        expect(answer).to_contain_text("3만원")
        expect(answer).not_to_contain_text("5만원")


def test_whoever_reads_no_korean_is_met_in_english(site: str, opened: Opened) -> None:
    foreign = {"viewport": {"width": 1200, "height": 820}, "locale": "en-GB"}
    page = opened(site, foreign)
    expect(page.get_by_role("heading", name="What would you like to know?")).to_be_visible()
    expect(page.get_by_text("have no legal force")).to_be_visible()
    answer = ask(page, "화성의 위성은 몇 개인가요?", "Ask a question")
    expect(answer.get_by_text("Sorry, the documents do not answer this question.")).to_be_visible()
    answer.get_by_role("button", name="Not helpful").click()
    expect(answer.get_by_label("Correct answer")).to_be_in_viewport()


def test_on_a_phone_the_source_is_below_the_answer(
    site: str, opened: Opened, picture: Picture, phone: dict[str, Any]
) -> None:
    page = opened(site, phone)
    answer = ask(page, "주차 요금은 얼마인가요?")
    assert fits(page)
    picture(page, "visitors-phone")
    answer.locator(".cite").first.click()
    source = page.get_by_role("region", name="원문")
    expect(source.locator("mark").first).to_be_in_viewport()
    below, written = source.bounding_box(), answer.locator(".text").bounding_box()
    assert below
    assert written
    assert below["y"] >= written["y"] + written["height"]
    assert fits(page)
    picture(page, "visitors-phone-source")
    small = page.evaluate(
        "[...document.querySelectorAll('button:not(.marker)')].filter(b => b.offsetParent && (b.offsetHeight < 44 || b.offsetWidth < 44))"
        ".map(b => b.ariaLabel || b.innerText)"
    )
    assert not small
    page.get_by_role("button", name="대화 목록").click()
    expect(page.get_by_role("dialog", name="대화 목록").get_by_role("button", name="주차 요금은")).not_to_have_count(0)


def test_it_can_be_used_by_the_keyboard_alone(site: str, opened: Opened) -> None:
    page = opened(site)
    expect(page.get_by_role("textbox", name=ASK)).to_be_visible()

    def tab_to(words: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            focused = page.evaluate("(e => e.ariaLabel || e.innerText || '')(document.activeElement)")
            if words in focused:
                return
        raise AssertionError(f"Tab does not reach {words}")

    tab_to(ASK)
    page.keyboard.type("주차 요금은 얼마인가요?")
    page.keyboard.press("Enter")
    expect(page.locator(".tools")).to_be_visible()
    expect(page.get_by_role("textbox", name=ASK)).to_be_focused()
    expect(page.locator("[role=status].aside")).to_contain_text("답변이 완료되었습니다")
    page.locator("body").press("Shift+Tab")
    tab_to("출처 1 열기")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="원문").locator("mark").first).to_be_visible()
    page.keyboard.press("Escape")
    tab_to("도움이 됐어요")
    page.keyboard.press("Enter")
    expect(page.get_by_label("의견")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_meets_wcag_aa(site: str, opened: Opened, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="the extra dev is not installed").Axe()
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"], "resultTypes": ["violations"]}
    page = opened(site, {"viewport": {"width": 1280, "height": 820}, "color_scheme": scheme})

    def check(name: str) -> None:
        found = axe.run(page, options=rules).response["violations"]
        assert not found, (name, [(one["id"], one["nodes"][0]["html"][:200]) for one in found])

    expect(page.get_by_role("textbox", name=ASK)).to_be_visible()
    check("start")
    answer = ask(page, "주차 요금은 얼마인가요?")
    answer.get_by_role("button", name="아쉬워요").click()
    expect(answer.get_by_label("올바른 답변")).to_be_visible()
    answer.locator(".cite").first.click()
    expect(page.get_by_role("region", name="원문").locator("mark").first).to_be_visible()
    check("source")
    page.get_by_role("button", name="화면 설정").click()
    check("preferences")


@dataclass(frozen=True)
class Slow:
    """A server whose model waits for the test."""

    address: str
    model: SlowModel


@pytest.fixture(scope="module")
def slow(browser: Browser, served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slow]:
    with slow_model("주차 요금은 $5~$9 ", "<b>30분</b>마다 받습니다 [1]") as model:
        config = (
            f'[index]\nencoder = "hashed"\n[generate]\ngenerator = "openai:{model.address}#slow"\n'
            'min_support = 0\nunsupported = "keep"\n'
        )
        with served(workspace(tmp_path_factory.mktemp("slow") / "ws", config)) as address:
            yield Slow(address, model)


def test_an_answer_is_read_while_it_is_written_stopped_and_asked_for_again(slow: Slow, opened: Opened) -> None:
    slow.model.again()
    page = opened(slow.address)
    page.get_by_role("textbox", name=ASK).fill("주차 요금은 얼마인가요?")
    page.keyboard.press("Enter")
    answer = page.get_by_role("article")
    expect(answer).to_contain_text("주차 요금은 $5~$9")
    expect(answer.locator(".tools")).to_have_count(0)
    page.get_by_role("button", name="중단").click()
    assert slow.model.left.wait(30)
    expect(answer.get_by_text("답변을 중단했습니다")).to_be_visible()
    slow.model.again()
    slow.model.go_on.set()
    answer.get_by_role("button", name="다시 답변받기").click()
    expect(answer).to_contain_text("<b>30분</b>마다 받습니다")
    expect(page.get_by_role("article")).to_have_count(1)
    slow.model.again(breaks=True)
    slow.model.go_on.set()
    answer.get_by_role("button", name="다시 답변받기").click()
    expect(answer.get_by_role("alert")).to_contain_text("다시 시도")
