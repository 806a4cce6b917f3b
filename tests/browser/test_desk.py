"""The staff's desk as those use it who care for the answers: on a desk, on a phone, by keyboard, and by their rights."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.browser.conftest import Opened, Picture, Served, Site, Up, settled
from tests.issuer import issuing

from mundap.serve.keys import FILE, Keys
from mundap.workspace import Mundap

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FilePayload, Page

playwright = pytest.importorskip("playwright.sync_api", reason="the extra dev is not installed")
expect = playwright.expect
expect.set_options(timeout=30_000)
pytestmark = pytest.mark.slow

CONFIG = '[index]\nencoder = "hashed"\n[[sources]]\nname = "공유 폴더"\nkind = "folder"\npath = "share"\n'
DOCUMENTS = {
    "주차.md": "# 주차 안내\n\n## 요금\n\n주차 요금은 30분에 천 원입니다. 주차장은 밤 11시에 닫습니다.\n\n"
    "## 등록\n\n주차 차량은 안내 데스크에서 등록합니다.\n",
    "문답.csv": '질문,제시문,답변,출처\n술은 몇 병까지 되나요?,주류는 두 병까지 면세입니다.,두 병,"여행자 안내, page: 9"\n'
    '술은 살 수 있나요?,주류는 매점에서 팔지 않습니다.,아니요,"여행자 안내, page: 10"\n'
    "차고는 몇 시에 닫나요?,지하 주차장은 밤 11시에 문을 닫습니다. 문의는 경비실로 합니다.,밤 11시,시설 안내\n",
}
VIEWS = {
    "worklist": "할 일",
    "documents": "문서",
    "synonyms": "동의어",
    "activity": "현황",
    "preferences": "설정",
    "upkeep": "삭제와 기록",
}
_FOCUSED = "(e => /BUTTON/.test(e.tagName) ? e.innerText : '')(document.activeElement)"
QUESTION = "구내식당은 몇 시에 여나요?"
ANSWER = "구내식당은 오전 11시 20분에 엽니다."


def workspace(root: Path) -> Path:
    (root / "docs").mkdir(parents=True)
    (root / "share").mkdir()
    (root / "share" / "셔틀.txt").write_text("셔틀버스는 7시 40분에 출발합니다.", "utf-8")
    (root / "mundap.toml").write_text(CONFIG, "utf-8")
    for name, text in DOCUMENTS.items():
        (root / "docs" / name).write_text(text, "utf-8")
    bot = Mundap.open(root)
    bot.ingest()
    bot.index()
    return root


@pytest.fixture(scope="module")
def desk(browser: Browser, up: Up, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A small office behind `mundap up`."""
    with up(workspace(tmp_path_factory.mktemp("desk") / "ws")) as running:
        yield running


def asked(site: Site, question: str) -> dict[str, Any]:
    said: dict[str, Any] = httpx.post(f"{site.api}/query", json={"query": question}, timeout=60).json()
    return said


def view(page: Page, name: str) -> None:
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_a_question_without_answer_is_answered_at_the_desk_and_known_then(
    desk: Site, opened: Opened, picture: Picture
) -> None:
    asked(desk, QUESTION)
    page = opened(f"{desk.page}/worklist")
    expect(page.get_by_text(QUESTION)).to_be_visible()
    expect(page.get_by_text("답변 보류 1회")).to_be_visible()
    picture(page, "desk-worklist")
    page.get_by_role("button", name="답하기").click()
    form = page.get_by_role("dialog")
    expect(form.get_by_role("textbox", name="질문", exact=True)).to_have_value(QUESTION)
    form.get_by_role("textbox", name="답변", exact=True).fill(ANSWER)
    form.get_by_role("button", name="등록").click()
    expect(page.get_by_text("답변을 등록했습니다")).to_be_visible()
    expect(page.get_by_text("답할 질문이 없습니다.")).to_be_visible()
    assert asked(desk, QUESTION)["response"].startswith(ANSWER)
    page.get_by_role("tab", name="직원 답변 1").click()
    expect(page.get_by_text(ANSWER)).to_be_visible()
    page.get_by_role("button", name="삭제").click()
    page.get_by_role("dialog").get_by_role("button", name="삭제").click()
    expect(page.get_by_text("답변을 삭제했습니다.")).to_be_visible()
    assert asked(desk, QUESTION)["abstained"]


def test_files_are_uploaded_one_by_one_replaced_and_shown_as_they_are_indexed(
    desk: Site, opened: Opened, picture: Picture
) -> None:
    page = opened(f"{desk.page}/documents")
    files: list[FilePayload] = [
        {"name": "도서관.txt", "mimeType": "text/plain", "buffer": "도서관은 9시에 엽니다.".encode()},
        {"name": "망가짐.hwp", "mimeType": "application/octet-stream", "buffer": b"\xd0\xcf\x11\xe0 nothing"},
    ]
    page.locator("input[type=file]").first.set_input_files(files)
    page.get_by_role("button", name="업로드", exact=True).click()
    expect(page.get_by_text("추가 1개")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("망가짐.hwp").first).to_be_visible()
    page.get_by_role("button", name="교체").click()
    dialog = page.get_by_role("dialog")
    dialog.locator("input[type=file]").set_input_files(
        {"name": "새 도서관.txt", "mimeType": "text/plain", "buffer": "도서관은 10시에 엽니다.".encode()}
    )
    dialog.get_by_role("button", name="교체").click()
    expect(page.get_by_text("변경 1개")).to_be_visible(timeout=60_000)
    assert "10시" in asked(desk, "도서관은 몇 시에 여나요?")["response"]
    page.get_by_label("이름으로 필터링").fill("주차")
    page.keyboard.press("Enter")
    expect(page.get_by_text("문서 1개", exact=True)).to_be_visible()
    settled(page)  # until then, rows of before are still there
    page.get_by_role("button", name="문단 2개").click()
    view(page, "색인된 문단")
    expect(page.get_by_text("주차 요금은 30분에 천 원입니다.")).to_be_visible()
    expect(page.get_by_text(re.compile("^키워드: .*요금"))).to_be_visible()
    picture(page, "desk-passages")
    page.get_by_role("button", name="문서 목록").click()
    view(page, "문서")


def test_a_source_is_brought_in_step(desk: Site, opened: Opened) -> None:
    page = opened(f"{desk.page}/documents")
    page.get_by_role("button", name="지금 동기화").click()
    expect(page.get_by_text("동기화 완료: 추가 1개")).to_be_visible(timeout=60_000)
    assert "7시 40분" in asked(desk, "셔틀버스는 몇 시에 출발하나요?")["response"]


def test_synonyms_show_their_effect_before_they_are_saved(desk: Site, opened: Opened, picture: Picture) -> None:
    page = opened(f"{desk.page}/synonyms")
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    page.get_by_role("textbox", name="질문에 쓰는 말").fill("차고")
    page.get_by_role("textbox", name="문서에 쓰는 말").fill("주차장")
    page.get_by_role("button", name="추가").click()
    effect = page.get_by_role("button", name="효과 보기")
    expect(effect).to_be_enabled()
    effect.click()
    expect(page.get_by_text("저장했을 때의 효과")).to_be_visible()
    expect(page.get_by_text(re.compile("순위가 오른 질문 1개, 내린 질문 0개"))).to_be_visible()
    picture(page, "desk-synonyms")
    assert not (desk.workspace / "synonyms.tsv").exists()
    page.get_by_role("button", name="저장").click()
    expect(page.get_by_text("동의어 1개를 저장했습니다.")).to_be_visible()
    assert "차고\t주차장" in (desk.workspace / "synonyms.tsv").read_text("utf-8")


def test_a_synonym_is_edited_in_its_row_and_its_effect_shown_before_it_is_saved(desk: Site, opened: Opened) -> None:
    row = {"asked": "차고", "said": "주차창"}  # a slip, which finds nothing
    version = httpx.get(f"{desk.api}/synonyms", timeout=60).json()["version"]
    put = httpx.put(f"{desk.api}/synonyms", json={"rows": [row], "version": version}, timeout=60)
    assert put.status_code == 200, put.text
    page = opened(f"{desk.page}/synonyms")
    table = page.get_by_test_id("stDataFrame")
    cell = table.get_by_test_id("glide-cell-2-0")  # the table is drawn; what it shows stands in it for screen readers
    expect(cell).to_have_text("주차창")
    settled(page)
    table.locator(".dvn-scroller").click(position={"x": 250, "y": 52})
    expect(cell).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    editor = page.locator("textarea.gdg-input")  # which comes over the cell
    expect(editor).to_be_focused()
    editor.fill("주차장")
    editor.press("Enter")
    expect(cell).to_have_text("주차장")
    effect = page.get_by_role("button", name="효과 보기")
    expect(effect).to_be_enabled()
    effect.click()
    expect(page.get_by_text(re.compile("순위가 오른 질문 1개, 내린 질문 0개"))).to_be_visible()
    assert "주차장" not in (desk.workspace / "synonyms.tsv").read_text("utf-8")
    page.get_by_role("button", name="저장").click()
    expect(page.get_by_text("동의어 1개를 저장했습니다.")).to_be_visible()
    assert "차고\t주차장" in (desk.workspace / "synonyms.tsv").read_text("utf-8")


def test_the_graph_unfolds_where_a_word_is_chosen_and_never_shows_page(
    desk: Site, opened: Opened, picture: Picture
) -> None:
    page = opened(f"{desk.page}/keywords")
    page.get_by_label("질문이나 단어").fill("주류")
    page.keyboard.press("Enter")
    nodes = page.locator(".graph g.node")
    expect(page.get_by_role("button", name="키워드 주류, 문단 2개")).to_be_visible()
    expect(page.get_by_role("button", name="문단 여행자 안내, 9쪽")).to_be_visible()
    assert not re.search("page", page.locator(".graph").inner_text(), re.IGNORECASE)
    picture(page, "desk-graph")
    before = page.locator(".graph svg").get_attribute("viewBox")
    page.get_by_role("button", name="확대").click()
    assert page.locator(".graph svg").get_attribute("viewBox") != before
    page.get_by_role("button", name="전체 보기").click()
    count = nodes.count()
    nodes.first.focus()
    for _ in range(count):
        page.keyboard.press("ArrowRight")
        label = page.evaluate(
            "(function deep(r) { const e = r.activeElement; return e?.shadowRoot ? deep(e.shadowRoot) : e?.ariaLabel })(document)"
        )
        if label.startswith("문단 "):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_text("주류는").first).to_be_visible()


def test_settings_are_changed_and_the_audit_log_says_so(desk: Site, opened: Opened) -> None:
    page = opened(f"{desk.page}/preferences")
    field = page.get_by_role("spinbutton", name="답변에 쓸 문단 수")
    field.fill("4")
    field.press("Tab")
    page.get_by_role("button", name="저장").click()
    expect(page.get_by_text("저장했습니다: retrieve.k")).to_be_visible()
    assert "k = 4" in (desk.workspace / "mundap.toml").read_text("utf-8")
    page.get_by_role("link", name="삭제와 기록").click()
    page.get_by_role("tab", name="감사 기록").click()
    expect(page.get_by_role("cell", name="설정 변경")).to_be_visible()


def test_a_document_is_erased_after_a_second_look(desk: Site, opened: Opened) -> None:
    put = [("files", ("옛 공지.txt", "옛 공지의 비밀번호는 없습니다."))]
    assert httpx.post(f"{desk.api}/documents", files=put, timeout=60).status_code == 200
    page = opened(f"{desk.page}/upkeep")
    page.get_by_role("textbox", name="문서, 대화, 답변").fill("uploads/옛 공지.txt")
    page.get_by_role("button", name="완전 삭제").click()
    page.get_by_role("dialog").get_by_role("button", name="완전 삭제").click()
    expect(page.get_by_text("지웠습니다: 문서 1개")).to_be_visible(timeout=60_000)
    assert not (desk.workspace / "uploads" / "옛 공지.txt").exists()


def test_every_view_fits_a_phone(desk: Site, opened: Opened, picture: Picture, phone: dict[str, Any]) -> None:
    asked(desk, "화성의 위성은 몇 개인가요?")
    page = opened(f"{desk.page}/worklist", phone)
    page.get_by_role("button", name="답하기").first.click()
    expect(page.get_by_role("dialog").get_by_role("button", name="등록")).to_be_visible()
    assert fits(page)
    picture(page, "desk-phone")
    for name, heading in VIEWS.items():
        page.goto(f"{desk.page}/{name}")
        view(page, heading)
        settled(page)
        assert fits(page), name


def test_a_question_is_dismissed_by_the_keyboard_alone(desk: Site, opened: Opened) -> None:
    asked(desk, "목성의 위성은 몇 개인가요?")
    page = opened(f"{desk.page}/worklist")
    expect(page.get_by_text("목성의 위성은").first).to_be_visible()
    for _ in range(60):
        page.keyboard.press("Tab")
        if "제외" in page.evaluate(_FOCUSED):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_text("질문을 목록에서 뺐습니다.")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_view_meets_wcag_aa(desk: Site, opened: Opened, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="the extra dev is not installed").Axe()
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], "resultTypes": ["violations"]}
    asked(desk, "토성의 위성은 몇 개인가요?")
    page = opened(f"{desk.page}/worklist", {"viewport": {"width": 1200, "height": 820}, "color_scheme": scheme})

    def check(name: str) -> None:
        found = axe.run(page, options=rules).response["violations"]
        assert not found, (name, [(one["id"], one["nodes"][0]["html"][:300]) for one in found])

    for name, heading in VIEWS.items():
        page.get_by_role("link", name=heading, exact=True).click()
        view(page, heading)
        settled(page)
        check(name)
    page.get_by_role("link", name="문서", exact=True).click()
    page.get_by_role("button", name="문단 2개").first.click()
    view(page, "색인된 문단")
    settled(page)
    check("passages")


@contextmanager
def page_of(command: str, api: str) -> Iterator[str]:
    """`mundap ui` at an API, without a key of its own."""
    given = [command, "ui", "--api", api.rstrip("/"), "--port", "0"]
    environment = {name: value for name, value in os.environ.items() if name != "MUNDAP_UI_KEY"}
    with subprocess.Popen(given, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment) as ui:
        try:
            assert ui.stdout is not None
            yield ui.stdout.readline().strip().partition(": ")[2]
        finally:
            ui.terminate()
            ui.wait(60)


def test_who_logs_in_sees_what_their_key_may_do(command: str, served: Served, opened: Opened, tmp_path: Path) -> None:
    root = workspace(tmp_path / "ws")
    keys = Keys(root / ".mundap" / FILE)
    made = {role: keys.add(role, ["ask", role]) for role in ("read", "admin")}
    with served(root) as api, page_of(command, api) as address:
        page = opened(f"{address}/documents")
        for key, seen, hidden in (
            ("mundap-wrong", [], ["문서"]),
            (made["read"], ["문서", "현황"], ["할 일", "설정"]),
            (made["admin"], ["문서", "할 일", "설정", "삭제와 기록"], []),
        ):
            page.get_by_role("textbox", name="API 키").fill(key)
            page.get_by_role("button", name="로그인").click()
            if not seen:
                expect(page.get_by_text("API 키가 없거나 올바르지 않습니다")).to_be_visible()
                continue
            for name in seen:
                expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()
            for name in hidden:
                expect(page.get_by_role("link", name=name, exact=True)).to_have_count(0)
            page.get_by_role("button", name="로그아웃").click()
            expect(page.get_by_role("textbox", name="API 키")).to_be_visible()
            expect(page.get_by_role("link", name=seen[0], exact=True)).to_have_count(0)  # nothing of before is left
            settled(page)


def test_who_has_logged_in_at_the_api_is_logged_in_at_the_desk(
    command: str, served: Served, opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUNDAP_OIDC_CLIENT_SECRET", "s3cret")
    if not (find_spec("joserfc") and find_spec("oidc_provider_mock")):
        pytest.skip("oidc-provider-mock is not installed")
    root = workspace(tmp_path / "ws")
    with issuing({"sub": "kim", "groups": ["직원"]}, {"sub": "lee", "groups": ["직원", "관리"]}) as issuer:
        (root / "mundap.toml").write_text(
            f'{CONFIG}[oidc]\nissuer = "{issuer}"\nclient_id = "mundap"\nroles_claim = "groups"\n[oidc.roles]\n'
            '"직원" = ["ask"]\n"관리" = ["read", "write"]\n',
            "utf-8",
        )
        with served(root) as api, page_of(command, api) as address:
            for person, seen, hidden in (("kim", "검색", "할 일"), ("lee", "할 일", "설정")):
                page = opened(address)
                expect(page.get_by_role("textbox", name="API 키")).to_be_visible()
                with page.expect_popup() as popup:
                    page.get_by_role("link", name="기관 로그인 열기").click()
                popup.value.get_by_role("button", name=person, exact=True).click()
                popup.value.wait_for_url(api)
                page.reload()
                expect(page.get_by_text(f"oidc:{person}(으)로 로그인함")).to_be_visible()
                expect(page.get_by_role("link", name=seen, exact=True)).to_be_visible()
                expect(page.get_by_role("link", name=hidden, exact=True)).to_have_count(0)
                page.reload()  # unlike with a key, whoever comes back is still there
                expect(page.get_by_role("link", name=seen, exact=True)).to_be_visible()
                page.get_by_role("button", name="로그아웃").click()
                expect(page.get_by_role("textbox", name="API 키")).to_be_visible()
