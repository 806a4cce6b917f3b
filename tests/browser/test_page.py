"""The page as a visitor uses it, over the sample corpus."""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.browser.conftest import Opened, Picture, Site, Up, settled

from mundap.workspace import Mundap

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FilePayload, Locator, Page

playwright = pytest.importorskip("playwright.sync_api", reason="the extra dev is not installed")
expect = playwright.expect
expect.set_options(timeout=30_000)
pytestmark = pytest.mark.slow

PICTURES = "MUNDAP_SCREENSHOTS" in os.environ
QUESTION = "해외직구 면세 한도가 얼마인가요?"
QUOTE = "개인이 직접 쓰려고 해외직구로 산 물건은 한 건의 물품 가격이 미화 150달러 이하이면 관세와 부가가치세를 내지 않습니다."
_FOCUSED = (
    """(e => /BODY|MAIN/.test(e.tagName) ? "" : e.getAttribute("aria-label") || e.innerText)(document.activeElement)"""
)
HANGUL = re.compile("[가-힣]")
VIEWS = {"chat": ("대화", "Chat"), "search": ("검색", "Search"), "keywords": ("키워드", "Keywords")}
VIEWS |= {"documents": ("문서", "Documents"), "reports": ("평가", "Evaluation")}


@pytest.fixture(scope="module")
def sample(
    browser: Browser, up: Up, mundap: Callable[..., str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """The sample corpus and one report, behind `mundap up`. Pictures are made with the default encoder."""
    root = tmp_path_factory.mktemp("page") / "ws"
    mundap("init", root, "--example", "customs-mini")
    if not PICTURES:
        config = (root / "mundap.toml").read_text("utf-8").replace("[index]\n", '[index]\nencoder = "hashed"\n')
        (root / "mundap.toml").write_text(config, "utf-8")
    bot = Mundap.open(root)
    bot.ingest()
    bot.index()
    with (root / "questions.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))[:13]
    with (root / "few.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    mundap("evaluate", "retrieval", "--questions", root / "few.csv", "--workspace", root)
    with up(root) as running:
        yield running


def ask(page: Page, question: str, name: str = "질문을 입력하세요") -> Locator:
    """Ask, and give the answer when it is whole."""
    answers = page.get_by_role("group", name="Chat message from assistant")
    page.get_by_role("textbox", name=name).fill(question)
    settled(page)  # what a run is about to replace is there twice
    before = answers.count()
    page.keyboard.press("Enter")
    answer = answers.nth(before)
    expect(answer.get_by_role("radiogroup")).to_be_visible()
    return answer


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_an_answer_names_its_source_which_opens_with_the_quote_marked(
    sample: Site, opened: Opened, picture: Picture
) -> None:
    page = opened(sample.page)
    expect(page.get_by_text("법적 효력이 없습니다")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    picture(page, "start")
    page.get_by_role("button", name=re.compile("\\?$")).first.click()  # an example question
    expect(page.get_by_role("group", name="Chat message from assistant").get_by_role("radiogroup")).to_be_visible()
    page.get_by_role("button", name="새 대화").click()
    for who in ("user", "assistant"):
        expect(page.get_by_role("group", name=f"Chat message from {who}")).to_have_count(0)
    expect(page.get_by_role("group", name="Chat message from assistant")).to_have_count(0)
    answer = ask(page, QUESTION)
    expect(answer).to_contain_text(QUOTE)
    picture(page, "chat")
    answer.get_by_role("button", name="[1] 해외직구 안내").click()
    opened_source = page.get_by_role("dialog")
    expect(opened_source.locator("mark").first).to_have_text(QUOTE)
    expect(opened_source).to_contain_text("목록통관으로 들어오는 물건은")  # stands beside the quote
    picture(page, "source")
    page.keyboard.press("Escape")
    expect(opened_source).to_have_count(0)
    answer.get_by_role("button", name="복사").click()
    expect(page.locator("code")).to_contain_text(QUOTE)


def test_what_was_chosen_in_the_settings_holds_when_they_are_closed(sample: Site, opened: Opened) -> None:
    page = opened(sample.page)
    panel = page.get_by_text("답변 설정")
    panel.click()
    page.get_by_role("combobox", name="이 문서에서만 검색").fill("경기상식")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    settled(page)
    panel.click()
    expect(page.get_by_role("combobox", name="이 문서에서만 검색")).to_have_count(0)
    settled(page)
    expect(ask(page, QUESTION)).not_to_contain_text(QUOTE)


def test_a_question_leans_on_the_one_before_and_nothing_is_made_up(sample: Site, opened: Opened) -> None:
    page = opened(sample.page)
    ask(page, "여행자 휴대품 면세 한도는 얼마인가요?")
    expect(ask(page, "그럼 술은 몇 병까지 되나요?")).to_contain_text("병")
    answer = ask(page, "화성의 위성은 몇 개인가요?")
    expect(answer).to_contain_text("답을 찾지 못했습니다")
    expect(answer).to_contain_text("가장 가까운 문단")


def test_a_vote_with_the_right_answer_is_in_the_export(
    sample: Site, opened: Opened, picture: Picture, mundap: Callable[..., str], tmp_path: Path
) -> None:
    page = opened(sample.page)
    answer = ask(page, QUESTION)
    answer.get_by_role("radio", name="아쉬워요").click()
    answer.get_by_label("좋았던 점이나").fill("200달러인 때가 빠졌어요.")
    right = "150달러 이하이면 면세이고, 미국에서 목록통관으로 오면 200달러까지입니다."
    answer.get_by_label("올바른 답변을").fill(right)
    picture(page, "feedback")
    answer.get_by_role("button", name="제출").click()
    expect(answer).to_contain_text("의견이 저장되었습니다")
    out = tmp_path / "export"
    mundap("feedback", "export", "--out", out, "--workspace", sample.workspace)
    rows = [json.loads(line) for file in out.glob("*.jsonl") for line in file.read_text("utf-8").splitlines()]
    preferred = [row for row in rows if row.get("chosen") == right]
    assert preferred
    assert QUOTE in preferred[0]["rejected"]
    up = ask(page, "풋살 경기는 전반과 후반이 몇 분인가요?")
    up.get_by_role("radio", name="도움이 됐어요").click()
    up.get_by_label("좋았던 점이나").fill("고맙습니다")
    up.get_by_role("button", name="제출").click()
    expect(up).to_contain_text("의견이 저장되었습니다")


def test_an_uploaded_file_answers_until_it_is_removed(sample: Site, opened: Opened, picture: Picture) -> None:
    question = "구내식당의 점심은 몇 시부터인가요?"
    fact = "구내식당의 점심은 오전 11시 20분부터 오후 1시 10분까지입니다."
    page = opened(f"{sample.page}/documents")
    files: list[FilePayload] = [
        {"name": "구내식당 안내.txt", "mimeType": "text/plain", "buffer": f"{fact}\n".encode()},
        {"name": "망가짐.hwp", "mimeType": "application/octet-stream", "buffer": b"\xd0\xcf\x11\xe0 nothing"},
    ]
    page.locator("input[type=file]").set_input_files(files)
    page.get_by_role("button", name="업로드").click()
    expect(page.get_by_text("추가 1개")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("망가짐.hwp").first).to_be_visible()  # with why
    picture(page, "documents")
    page.get_by_role("link", name="대화").click()
    expect(ask(page, question)).to_contain_text("11시 20분")
    page.get_by_role("link", name="문서").click()
    page.get_by_label("이름으로 필터링").fill("구내식당")
    page.keyboard.press("Enter")
    expect(page.get_by_text("문서 1개")).to_be_visible()
    expect(page.get_by_role("button", name="삭제")).to_have_count(1)
    page.get_by_role("button", name="삭제").click()
    page.get_by_role("dialog").get_by_role("button", name="삭제").click()
    expect(page.get_by_text("문서를 삭제했습니다")).to_be_visible()
    expect(page.get_by_text("문서 0개")).to_be_visible()
    found = httpx.post(f"{sample.api}/search", json={"query": question, "top_k": 100}, timeout=60).json()["hits"]
    assert found
    assert not any(fact in hit["text"] for hit in found)
    page.get_by_role("link", name="대화").click()
    page.get_by_role("button", name="새 대화").click()
    for who in ("user", "assistant"):
        expect(page.get_by_role("group", name=f"Chat message from {who}")).to_have_count(0)
    expect(ask(page, question)).not_to_contain_text("11시 20분")


def test_search_shows_what_each_leg_thinks(sample: Site, opened: Opened, picture: Picture) -> None:
    page = opened(f"{sample.page}/search")
    page.get_by_label("검색어").fill("해외직구 면세 한도")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1. 해외직구 안내 · 해외직구 면세 한도")).to_be_visible()
    expect(page.get_by_text(re.compile(r"키워드\(BM25\) [\d.]+ \(\d+\)")).first).to_be_visible()
    expect(page.get_by_text(re.compile(r"의미\(벡터\) [\d.]+ \(\d+\)")).first).to_be_visible()
    picture(page, "search")
    page.get_by_role("radio", name="키워드(BM25)").click()
    expect(page.get_by_role("button", name="원문 보기").first).to_be_visible()
    page.get_by_role("button", name="원문 보기").first.click()
    expect(page.get_by_role("dialog").get_by_text("원문")).to_be_visible()


def test_keywords_are_drawn_with_what_stands_around_them(sample: Site, opened: Opened, picture: Picture) -> None:
    page = opened(f"{sample.page}/keywords")
    page.get_by_label("질문이나 단어").fill("면세")
    page.keyboard.press("Enter")
    drawing = page.locator(".graph svg")
    expect(drawing.get_by_text("면세", exact=True).first).to_be_visible()
    picture(page, "keywords")
    page.get_by_role("radiogroup", name="이 단어로 이동").get_by_role("radio").first.click()
    expect(page.get_by_label("질문이나 단어")).not_to_have_value("면세")
    expect(page.get_by_role("group", name="‘면세’ 주변의 키워드 그래프")).to_have_count(0)  # the one before is gone
    settled(page)  # until then, what is typed is replaced by the word
    expect(drawing).to_have_count(1)
    expect(drawing).to_be_visible()
    page.get_by_label("질문이나 단어").fill("")
    page.get_by_label("질문이나 단어").fill("이사화물 통관예약을 하면 뭐가 좋나요?")
    page.keyboard.press("Enter")
    for word in ("이사화물", "통관", "예약"):
        expect(page.locator(".stMarkdownBadge").get_by_text(word, exact=True)).to_be_visible()


def test_a_report_is_shown_in_a_frame_that_runs_nothing(sample: Site, opened: Opened, picture: Picture) -> None:
    page = opened(f"{sample.page}/reports")
    inner = page.frame_locator("iframe").frame_locator("iframe[sandbox='']")
    expect(inner.get_by_text("nDCG").first).to_be_visible()
    picture(page, "reports")
    with page.expect_download() as download:
        page.get_by_role("button", name="HTML로 다운로드").click()
    assert "<html" in Path(download.value.path()).read_text("utf-8")


def test_it_speaks_english_on_every_view_and_after_a_reload(sample: Site, opened: Opened, picture: Picture) -> None:
    page = opened(sample.page)
    page.get_by_role("radio", name="English").click()
    answer = ask(page, QUESTION, "Ask a question")
    expect(answer.get_by_role("radio", name="Not helpful")).to_be_visible()
    expect(page.get_by_text("have no legal force")).to_be_visible()
    picture(page, "english")
    page.reload()
    expect(page.get_by_role("group", name="Chat message from assistant")).to_contain_text(QUOTE)
    for english in [both[1] for both in VIEWS.values()][1:]:
        page.get_by_role("link", name=english).click()
        expect(page.get_by_role("heading", name=english, exact=True)).to_be_visible()
        settled(page)  # until then, the address is without its language
        sidebar = page.get_by_role("region", name="Sidebar").inner_text()
        assert not HANGUL.search(sidebar.replace("한국어", "").replace("언어", "")), english
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_it_fits_a_phone(sample: Site, opened: Opened, picture: Picture, phone: dict[str, Any]) -> None:
    page = opened(sample.page, phone)
    answer = ask(page, QUESTION)
    assert fits(page)
    picture(page, "phone")
    answer.get_by_role("button", name="[1] 해외직구 안내").click()
    expect(page.get_by_role("dialog").locator("mark").first).to_be_visible()
    assert fits(page)
    picture(page, "phone-source")
    for name in list(VIEWS)[1:]:
        page.goto(f"{sample.page}/{name}")
        expect(page.get_by_role("heading", name=VIEWS[name][0], exact=True)).to_be_visible()
        settled(page)
        assert fits(page), name


def test_it_can_be_used_by_the_keyboard_alone(sample: Site, opened: Opened) -> None:
    page = opened(sample.page)
    expect(page.get_by_role("textbox", name="질문을 입력하세요")).to_be_visible()

    def tab_to(words: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            if words in page.evaluate(_FOCUSED):
                return
        raise AssertionError(f"Tab does not reach {words}")

    tab_to("질문을 입력하세요")
    page.keyboard.type(QUESTION)
    page.keyboard.press("Enter")
    expect(page.get_by_role("radio", name="아쉬워요")).to_be_visible()
    tab_to("[1] 해외직구 안내")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").locator("mark").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    tab_to("도움이 됐어요")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(page.get_by_label("올바른 답변을")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_view_meets_wcag_aa(sample: Site, opened: Opened, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="the extra dev is not installed").Axe()
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], "resultTypes": ["violations"]}
    page = opened(sample.page, {"color_scheme": scheme})

    def check(name: str) -> None:
        found = axe.run(page, options=rules).response["violations"]
        assert not found, (name, [(one["id"], one["nodes"][0]["html"][:200]) for one in found])

    ask(page, QUESTION).get_by_role("radio", name="아쉬워요").click()
    expect(page.get_by_label("올바른 답변을")).to_be_visible()
    check("chat")
    for name, (korean, _) in list(VIEWS.items())[1:]:
        page.get_by_role("link", name=korean).click()
        expect(page.get_by_role("heading", name=korean, exact=True)).to_be_visible()
        settled(page)  # until then, words of the view before are there too
        if name in ("search", "keywords"):
            page.get_by_role("textbox").first.fill("면세 한도")
            page.keyboard.press("Enter")
            expect(page.get_by_text("한도").nth(1)).to_be_visible()
            settled(page)
        check(name)
