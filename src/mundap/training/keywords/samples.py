"""A page of held-out questions for people to look at: what they were tagged with and what a model has found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mundap.evaluation.html_parts import figure_cell, frame, note, section, table
from mundap.evaluation.keywords import Extracted, KeywordReport
from mundap.evaluation.markup import Markup, tag
from mundap.korean.normalize import squash

MOST = 300  # questions on the page
SHOWN = {"exact": "완전 일치", "precision": "정밀도", "recall": "재현율", "f1": "F1"}


def samples_page(name: str, reports: Mapping[str, KeywordReport], made: str) -> str:
    """A table of the figures of each extractor, and one of the questions by the first extractor, the worst first.

    What was expected and found is marked in both columns.
    """
    report = next(iter(reports.values()))
    rows = [[title, *(figure_cell(metric, one.figures[metric]) for metric in SHOWN)] for title, one in reports.items()]
    asked = sorted(report.per_question, key=lambda one: one.measures["f1"])[:MOST]
    looked = [[one.tagged.question, *_words(one), f"{one.measures['f1']:.0%}"] for one in asked]
    count = f"질문 {len(report.per_question)}개" + f" 중 점수가 낮은 {MOST}개" * (len(report.per_question) > MOST)
    return frame(
        "키워드 표본",
        name,
        f"{name} · {made} · 학습에 쓰지 않은 {count}",
        section("지표", table(["", *SHOWN.values()], rows), note("괄호 안은 95% 부트스트랩 신뢰구간입니다.")),
        section(
            "질문별 결과",
            note("강조 표시한 단어는 정답과 추출 결과에 모두 있는 키워드입니다."),
            table(["질문", "정답 키워드", "추출한 키워드", "F1"], looked, texts=True),
        ),
    )


def _words(one: Extracted) -> tuple[Markup, Markup]:
    expected, found = one.tagged.keywords, one.found
    return _marked(expected, found), _marked(found, expected)


def _marked(words: Sequence[str], others: Sequence[str]) -> Markup:
    shared = {squash(word) for word in others}
    shown = [tag("mark" if squash(word) in shared else "span", word) for word in words]
    return Markup(", ".join(shown) or "–")
