"""Reports as people open them: one file that loads nothing, shows what matters and cannot be broken by a passage."""

from collections.abc import Callable, Mapping
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.evaluation.abstain import Supported, evaluate_abstain
from mundap.evaluation.answers import evaluate_answers
from mundap.evaluation.answers_page import answers_page
from mundap.evaluation.estimates import Difference, paired_difference
from mundap.evaluation.html_parts import interval, value
from mundap.evaluation.keywords import Tagged, evaluate_keywords
from mundap.evaluation.markup import Markup, join, tag
from mundap.evaluation.provenance import About, versions
from mundap.evaluation.questions import Question
from mundap.evaluation.report_pages import abstain_page, keywords_page, retrieval_page
from mundap.evaluation.retrieval import ablation, evaluate_retrieval
from mundap.korean.normalize import squash
from mundap.types import Answer, Citation, Hit, Passage

EVIL = "<script>alert('관세')</script> & \"면세\""
TEXTS = [f"연차는 2년 뒤 소멸한다. {EVIL}", "병가는 해마다 60일이다.", "점심은 열두 시다."]
ABOUT = About(
    kind="retrieval",
    made="2026-11-21 09:00:00 UTC",
    command="mundap evaluate retrieval --questions '질문 <1>.csv'",
    questions={"file": "/home/me/질문 <1>.csv", "digest": "0123abcd"},
    corpus_digest="4567cdef",
    settings={"language": "ko", "retrieve": {"legs": ["bm25", "dense"], "weights": {}, "k": 5}},
    recipe={"encoder": "hashed-256"},
    versions=versions(),
)
BETTER, WORSE, ALIKE = (
    paired_difference([0.0] * 9, [1.0] * 9),
    paired_difference([1.0] * 9, [0.0] * 9),
    paired_difference([0.5], [0.5]),
)


class Reading(HTMLParser):
    """What a browser would show and load; fails where a tag is not closed in its turn."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text = ""
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(name)
        self.attributes += attributes
        if name != "meta":
            self.open.append(name)

    def handle_endtag(self, name: str) -> None:
        assert self.open.pop() == name

    def handle_data(self, data: str) -> None:
        self.text += data if self.open[-1:] != ["style"] else ""


def passage(n: int) -> Passage:
    return Passage(f"p{n}", "d", TEXTS[n], 0, len(TEXTS[n]), source=f"규정 {EVIL}")


def retrieval(orders: list[list[int]], compared: Mapping[str, Mapping[str, Difference]] | None = None) -> str:
    questions = [Question(f"{EVIL} {n}", (text,), row=n + 2) for n, text in enumerate(TEXTS)]

    def search(question: str, depth: int) -> list[Hit]:
        return [Hit(passage(n), 1.0, rank) for rank, n in enumerate(by_question[question], 1)]

    by_question = {question.question: order for question, order in zip(questions, orders, strict=True)}
    legs = {f"bm25 {EVIL}": search, "hybrid": search}
    report = evaluate_retrieval(questions, legs, {squash(text) for text in TEXTS}, resamples=20)
    return retrieval_page(report, ABOUT, compared or {}, ablation(report, list(legs)))


def answers() -> str:
    gold = Question(f"연차는? {EVIL}", (TEXTS[0],), f"2년 뒤 {EVIL}")
    hits = (Hit(passage(1), 1.0, 1), Hit(passage(0), 0.5, 2))
    said = Answer("", f"60일 {EVIL}", (Citation("p1", f"규정 {EVIL}", TEXTS[1]),), hits, model="extractive")
    report = evaluate_answers([gold, Question("화성은?")], lambda question: said, resamples=20)
    return answers_page(report, ABOUT, {"chrf": WORSE, "refused": ALIKE})


def abstention() -> str:
    asked = [Supported(Question(f"질문 {n} {EVIL}", (EVIL,) if n % 2 else ()), n / 10) for n in range(10)]
    right, wrong = ([a.support for a in asked if bool(a.question.gold) is kind] for kind in (True, False))
    return abstain_page(evaluate_abstain(right, wrong, 0.55, resamples=20), ABOUT, asked, {"auroc": BETTER})


def keywords() -> str:
    report = evaluate_keywords([Tagged(EVIL, (EVIL, "관세"))], lambda texts: [["관세"]], resamples=20)
    return keywords_page(report, ABOUT, {"f1": ALIKE})


@pytest.mark.parametrize(
    "made",
    [lambda: retrieval([[0], [0, 1], []]), answers, abstention, keywords],
    ids=["retrieval", "answers", "abstain", "keywords"],
)
def test_a_page_is_one_korean_file_that_loads_nothing_and_escapes_everything(made: Callable[[], str]) -> None:
    page = made()
    read = Reading(page)
    assert page.startswith("<!doctype html>")
    assert ("lang", "ko") in read.attributes
    assert "script" not in read.tags
    assert not {"link", "img", "iframe", "object", "a"} & set(read.tags)
    assert not {"src", "href", "style", "onload"} & {name for name, _ in read.attributes}
    assert "url(" not in page
    assert "@import" not in page
    assert "://" not in page
    assert "Noto Sans KR" in page
    assert "prefers-color-scheme:dark" in page
    assert EVIL in read.text  # shown as it stands
    for needed in ("0123abcd", "4567cdef", ABOUT.command, "retrieve.legs", '["bm25", "dense"]', "hashed-256", "numpy"):
        assert needed in read.text, needed
    assert '"nan' not in page


def test_a_retrieval_page_shows_the_worst_questions_with_what_was_found_instead() -> None:
    read = Reading(retrieval([[0], [0, 1], []])).text
    worst = read[read.index("가장 나쁜 질문") : read.index("재현 명령")]
    assert worst.index(f"{EVIL} 2") < worst.index(f"{EVIL} 1")  # never found, then second
    assert f"{EVIL} 0" not in worst
    assert "hybrid 못 찾음" in worst
    assert "hybrid 2위" in worst
    assert TEXTS[2] in worst
    assert TEXTS[1] in worst
    assert TEXTS[0] in worst  # found first instead
    assert "아무것도 찾지 못했습니다" in worst


def test_a_retrieval_page_of_right_answers_says_so() -> None:
    assert "모든 질문에서 정답 제시문이 1위입니다" in retrieval([[0], [1], [2]])


def test_verdicts_are_told_in_words() -> None:
    compared = {"hybrid": {"top1": BETTER, "top3": WORSE, "mrr@10": ALIKE}}
    read = Reading(retrieval([[0], [0, 1], []], compared)).text
    part = read[read.index("이전 평가와 비교") : read.index("검색 방법별 결과")]
    assert "+100.0%p" in part
    assert "-100.0%p" in part
    assert part.index("개선") < part.index("저하") < part.index("차이가 유의하지 않음")
    assert "이전 평가와 비교" not in retrieval([[0], [1], [2]])


def test_an_answers_page_shows_what_was_said_and_cited() -> None:
    read = Reading(answers()).text
    assert "문서에 답이 없는데 답했습니다" in read
    assert f"× 규정 {EVIL}: “{TEXTS[1]}”" in read
    assert "정답 제시문 2위" in read


def test_an_abstention_page_shows_what_was_judged_wrongly() -> None:
    read = Reading(abstention()).text
    wrong = read[read.index("잘못 판단한 질문") : read.index("재현 명령")]
    assert "질문 1 " in wrong
    assert "질문 8 " in wrong
    assert "질문 9 " not in wrong
    assert "질문 2 " not in wrong
    assert "기대 보정 오차(ECE)" in read


def test_figures_are_told_in_their_unit() -> None:
    assert (value("top1", 0.634), value("mrr@10", 0.6344)) == ("63.4%", "0.634")
    assert (value("avg_rank", 5.04), value("correctness", 4.25)) == ("5.0", "4.25")
    assert value("top1", -0.012, signed=True) == "-1.2%p"
    assert interval("top1", (-0.012, 0.3), signed=True) == "[-1.2, +30.0]"


def test_markup_is_not_escaped_twice_and_text_always_once() -> None:
    assert join(tag("b", "<"), "<") == "<b>&lt;</b>&lt;"
    assert tag("rect", x=1.004, y=-2.5, width=10.0, aria_label='"', class_="a") == (
        '<rect x="1" y="-2.5" width="10" aria-label="&quot;" class="a"></rect>'
    )
    assert not isinstance(tag("b", "x")[:1], Markup)  # a cut of markup is text again


@given(st.text())
def test_whatever_text_is_shown_reads_as_itself(text: str) -> None:
    text = text.replace("\r", "\n").replace("\0", "")
    text = text.encode("utf-8", "replace").decode()
    read = Reading(tag("p", tag("b", text, title=text)))
    assert read.tags == ["p", "b"]
    assert read.text == text
