"""The parts that every report.html is made of: head, tiles, tables, verdicts, the worst questions, the settings.

A page is one file that loads nothing: its policy forbids scripts and any other file, and all text is escaped.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from math import ceil

from mundap.evaluation.estimates import ALIKE, BETTER, WORSE, Difference, Estimate
from mundap.evaluation.markup import Markup, join, tag
from mundap.evaluation.plots import Bar, bars
from mundap.evaluation.provenance import About
from mundap.evaluation.style import CSS
from mundap.types import Json

WORST = 50  # questions that are shown
_BEGINNING = 220  # characters of a passage that are shown
GROUPED = "괄호 안은 95% 부트스트랩 신뢰구간입니다. 제시문이 같은 질문은 한 묶음으로 재표집합니다."
_TINY = 0.001  # p-values below this are not spelled out
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"

# What readers call a figure, and its unit: a share in percent, a score, a rank, a grade.
NAMES: dict[str, tuple[str, str]] = {
    "top1": ("top-1", "share"),
    "top3": ("top-3", "share"),
    "top10": ("top-10", "share"),
    "mrr@10": ("MRR@10", "score"),
    "ndcg@10": ("nDCG@10", "score"),
    "avg_rank": ("평균 순위", "rank"),
    "exact_match": ("완전 일치", "share"),
    "character_f1": ("글자 F1", "share"),
    "morpheme_f1": ("형태소 F1", "share"),
    "chrf": ("chrF", "share"),
    "rouge1": ("ROUGE-1", "share"),
    "rouge2": ("ROUGE-2", "share"),
    "rougeL": ("ROUGE-L", "share"),
    "citation_precision": ("인용 정밀도", "share"),
    "citation_recall": ("인용 재현율", "share"),
    "tone": ("말투에 맞는 문장", "share"),
    "closing": ("맺음말이 있는 답변", "share"),
    "clean": ("금지어가 없는 답변", "share"),
    "correctness": ("정확성 (1–5점)", "grade"),
    "faithfulness": ("충실성 (1–5점)", "grade"),
    "auroc": ("AUROC", "score"),
    "right": ("판단 정확도", "share"),
    "wrong": ("오답률 (답한 질문 기준)", "share"),
    "answered": ("답변율 (답이 있는 질문)", "share"),
    "refused": ("답변 보류율 (답이 없는 질문)", "share"),
    "balanced_accuracy": ("균형 정확도", "share"),
    "risk": ("답이 없는 질문의 비율 (답한 질문 기준)", "share"),
    "coverage": ("목표 정밀도에서의 답변율", "share"),
    "precision": ("정밀도 (질문 평균)", "share"),
    "recall": ("재현율 (질문 평균)", "share"),
    "f1": ("F1 (질문 평균)", "share"),
    "exact": ("완전 일치 (질문별)", "share"),
    "micro_precision": ("정밀도 (키워드 전체)", "share"),
    "micro_recall": ("재현율 (키워드 전체)", "share"),
    "micro_f1": ("F1 (키워드 전체)", "share"),
}
VERDICTS = {BETTER: ("▲ 개선", "better"), WORSE: ("▼ 저하", "worse"), ALIKE: ("차이가 유의하지 않음", "even")}


def value(metric: str, figure: float, signed: bool = False) -> str:
    """A figure in its unit; `signed` for a difference."""
    sign = "+" if signed else ""
    unit = NAMES[metric][1]
    if unit == "share":
        return f"{figure * 100:{sign}.1f}{'%p' if signed else '%'}"
    return f"{figure:{sign}{'.3f' if unit == 'score' else '.2f' if unit == 'grade' else '.1f'}}"


def interval(metric: str, ends: Sequence[float], signed: bool = False) -> str:
    """The two ends, without their unit."""
    low, high = (value(metric, end, signed).rstrip("%p") for end in ends)
    return f"[{low}, {high}]"


def page(title: str, about: About, *sections: Markup) -> str:
    """The whole file."""
    file = about.questions["file"].replace("\\", "/").rsplit("/", 1)[-1]
    return frame(title, file, f"{file} · {about.made} · mundap {_mundap(about)}", *sections, _details(about))


def frame(title: str, subject: str, told: str, *sections: Markup) -> str:
    """A whole file that needs no other: its title, what it is about, and a line of small print below the title."""
    head = tag(
        "head",
        Markup('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'),
        tag("title", f"문답 · {title} · {subject}"),
        tag("style", Markup(CSS)),
    )
    top = tag("header", tag("h1", title), tag("p", told, class_="soft"))
    return "<!doctype html>\n" + tag("html", head, tag("body", tag("main", top, *sections)), lang="ko") + "\n"


def section(title: str, *parts: str) -> Markup:
    """A heading and what is under it."""
    return tag("section", tag("h2", title), *parts)


def note(text: str) -> Markup:
    """A sentence in small print."""
    return tag("p", text, class_="soft")


def tiles(figures: Iterable[tuple[str, Estimate]]) -> Markup:
    """The figures that matter most, each a metric and its estimate."""
    made = [
        tag(
            "div",
            tag("span", NAMES[m][0]),
            tag("b", value(m, one.mean)),
            tag("span", interval(m, one.ci95)),
            class_="tile",
        )
        for m, one in figures
    ]
    return tag("div", *made, class_="tiles")


def panels(*plots: tuple[str, str, Markup]) -> Markup:
    """Plots side by side, each a title, a class of the style sheet ("", "wide curve", "square") and the drawing."""
    made = [tag("div", tag("h3", name), plot, class_=f"panel {style}".strip()) for name, style, plot in plots]
    return tag("div", *made, class_="plots")


def metric_bars(metric: str, rows: Sequence[tuple[str, Estimate]]) -> Markup:
    """Bars of one metric, each a name and an estimate; ranks go from 0 to what holds them all."""
    drawn = [Bar(name, one.mean, one.ci95, n) for n, (name, one) in enumerate(rows)]
    high = ceil(max(bar.ci95[1] for bar in drawn) / 4) * 4.0 if NAMES[metric][1] == "rank" else 1.0
    return bars(NAMES[metric][0], drawn, lambda figure: value(metric, figure), high)


def table(head: Sequence[str], rows: Iterable[Sequence[str]], main: str = "", texts: bool = False) -> Markup:
    """A table that scrolls sideways where it is wider than the screen; the row named `main` stands out.

    Cells are figures, or, with `texts`, words that wrap.
    """
    body = [
        tag(
            "tr",
            tag("th", row[0], scope="row"),
            *(tag("td", cell) for cell in row[1:]),
            class_="main" * (row[0] == main),
        )
        for row in rows
    ]
    top = tag("thead", tag("tr", *(tag("th", name, scope="col") for name in head)))
    style = "scroll texts" if texts else "scroll narrow" if len(head) <= 3 else "scroll"
    return tag("div", tag("table", top, tag("tbody", *body)), class_=style, tabindex="0")


def figure_cell(metric: str, figure: Estimate) -> Markup:
    """A value over its interval."""
    return join(value(metric, figure.mean), tag("small", interval(metric, figure.ci95)))


def change_cell(metric: str, change: Difference, before: str = "") -> Markup:
    """A difference, its interval and p-value, and the verdict, below the text `before`."""
    test = f"{interval(metric, change.ci95, True)} p {'' if change.p < _TINY else '= '}{p_value(change)}"
    lines = [value(metric, change.mean, True), test]
    shown = [before, *lines] if before else lines
    smalls = [tag("small", line) for line in shown[1:]]
    return join(shown[0], *smalls, verdict(change))


def verdict(change: Difference) -> Markup:
    """The verdict in a reader's words."""
    word, style = VERDICTS[change.verdict]
    return tag("span", word, class_=f"verdict {style}")


def p_value(change: Difference) -> str:
    """Three digits, or that there are none."""
    return f"{change.p:.3f}" if change.p >= _TINY else "< 0.001"


def comparison(compared: Mapping[str, Difference]) -> Markup:
    """How this run differs from an earlier one, a row for each metric; nothing if it was compared with none."""
    rows = [
        [NAMES[m][0], value(m, c.mean, True), interval(m, c.ci95, True), p_value(c), verdict(c), str(c.n)]
        for m, c in compared.items()
    ]
    head = ["지표", "차이", "95% 신뢰구간", "p", "판정", "질문 수"]
    return section(_COMPARED, table(head, rows), note(_TOLD)) if rows else join()


def leg_comparison(compared: Mapping[str, Mapping[str, Difference]], main: str) -> Markup:
    """The same for several legs: a row for each, a column for each metric; the leg named `main` stands out."""
    metrics = list(dict.fromkeys(metric for row in compared.values() for metric in row))
    rows = [[leg, *(change_cell(m, row[m]) if m in row else "–" for m in metrics)] for leg, row in compared.items()]
    n = max((change.n for row in compared.values() for change in row.values()), default=0)
    told = note(f"두 평가에 공통된 질문 {n}개로 비교했습니다. {_TOLD}")
    return (
        section(_COMPARED, table(["검색 방법", *(NAMES[m][0] for m in metrics)], rows, main), told) if rows else join()
    )


_COMPARED = "이전 평가와 비교"
_TOLD = (
    "구간은 대응표본 부트스트랩 95% 신뢰구간이고 p는 순열 검정값입니다. p가 0.05보다 작을 때만 개선 또는 저하로 표시합니다."
    " 여러 지표를 비교하면 그중 일부는 우연히 유의하게 나올 수 있습니다."
)


def worst(cards: Sequence[tuple[str, str, Sequence[tuple[str, str]]]], nothing: str) -> Markup:
    """The questions that went worst: each a question, a line of figures, and named texts; `nothing` if none did."""
    if not cards:
        return note(nothing)
    made = []
    for question, figures, texts in cards:
        pairs = [tag("div", tag("dt", name), tag("dd", text)) for name, text in texts]
        card = (tag("h3", question), note(figures), tag("dl", *pairs, class_="pair"))
        made.append(tag("li", *card, class_="card"))
    return tag("ol", *made, class_="worst")


def beginning(text: str) -> str:
    """The first characters of a passage, on one line."""
    flat = " ".join(text.split())
    return flat if len(flat) <= _BEGINNING else f"{flat[:_BEGINNING]}…"


def _details(about: About) -> Markup:
    facts = {
        "평가 시각": about.made,
        "질문 파일": about.questions["file"],
        "질문 파일 해시": about.questions["digest"],
        **({"문서 모음 해시": about.corpus_digest} if about.corpus_digest else {}),
    }
    groups = [
        ("데이터", facts),
        ("설정", _flat(about.settings)),
        ("색인", _flat(about.recipe)),
        ("버전", about.versions),
    ]
    made = []
    for name, values in groups:
        if not values:
            continue
        rows = [tag("tr", tag("th", key, scope="row"), tag("td", str(found))) for key, found in values.items()]
        made += [tag("h3", name), tag("div", tag("table", tag("tbody", *rows)), class_="scroll facts")]
    return section(
        "재현 명령",
        tag("pre", about.command),
        tag("details", tag("summary", "전체 설정과 데이터 해시"), *made),
    )


def _flat(values: Mapping[str, Json], before: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, found in values.items():
        if isinstance(found, Mapping) and found:
            flat |= _flat(found, f"{before}{key}.")
        else:
            flat[before + key] = found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
    return flat


def _mundap(about: About) -> str:
    return about.versions.get("mundap", "")
