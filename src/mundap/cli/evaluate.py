"""mundap evaluate: how good search, answers, abstention and keywords are, and whether they have become better."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace, open_workspace
from mundap.errors import MundapError
from mundap.messages import paged

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mundap.evaluation.consistency import Voice
    from mundap.evaluation.encoders import EncoderChoice
    from mundap.evaluation.estimates import Differences, Estimates
    from mundap.evaluation.retrieval import LegReport, RetrievalReport
    from mundap.evaluation.twins import Twins

_GROUPS = 5  # of twins that are named
_EXAMPLE = 80  # characters of one

app = typer.Typer(no_args_is_help=True, help="질문 파일로 성능을 평가합니다.", rich_markup_mode=None)

QuestionFile = Annotated[
    Path,
    typer.Option(
        "--questions",
        help="질문 파일: 질문·제시문 열이 있는 xlsx/csv/tsv, KorQuAD/SQuAD JSON, JSONL",
        show_default=False,
    ),
]
KeywordFile = Annotated[
    Path,
    typer.Option("--questions", help="키워드 파일: query와 keyword(쉼표로 구분) 열이 있는 tsv", show_default=False),
]
Compare = Annotated[Path | None, typer.Option(help="비교할 이전 평가의 report.json 또는 폴더", show_default=False)]


@app.command()
def retrieval(
    questions: QuestionFile,
    compare: Compare = None,
    depth: Annotated[int, typer.Option(min=10, help="평균 순위를 계산할 검색 깊이")] = 100,
    encoders: Annotated[
        str,
        typer.Option(
            help="쉼표로 나눈 임베딩들을 같은 질문으로 비교하고 하나를 추천합니다. 예: e5-small,st:models/KURE-v1"
        ),
    ] = "",
    twins: Annotated[
        bool,
        typer.Option(
            "--twins", help="숫자·날짜만 다르거나 내용이 같은 문단을 찾아, 이를 정답으로 볼 때의 정확도도 평가합니다"
        ),
    ] = False,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """검색 성능을 평가합니다: 검색 방법별 top-1/3/10 정확도, MRR@10, nDCG@10, 평균 순위와 95% 신뢰구간."""
    from mundap.workflows import evaluate

    bot = open_workspace(workspace)
    if encoders:
        if compare or twins:
            other = "--compare" if compare else "--twins"
            raise MundapError(f"--encoders와 {other}는 함께 사용할 수 없습니다. 따로 실행하세요.")
        names = [name.strip() for name in encoders.split(",") if name.strip()]
        with show.bars(vectors="벡터", questions="평가") as bars:
            choice = evaluate.encoders(bot, questions, names, depth=depth, progress=bars)
        if json:
            show.emit(choice.to_json())
        else:
            _print_encoders(choice)
        return
    with show.bar("평가") as progress:
        report = evaluate.retrieval(bot, questions, depth=depth, before=compare, twins=twins, progress=progress)
    if json:
        show.emit(report.to_json())
        return
    _print_legs(report)
    for leg, differences in (report.compared or {}).items():
        _print_differences(leg, differences)
    print(f"보고서: {report.run}")


@app.command()
def answers(
    questions: QuestionFile,
    limit: Annotated[int | None, typer.Option(min=1, help="무작위로 뽑아 평가할 질문 수", show_default=False)] = None,
    seed: Annotated[int, typer.Option(help="표본 추출 시드")] = 0,
    judge: Annotated[
        str,
        typer.Option(
            help="답변을 채점할 언어 모델: gguf:파일, transformers:모델, openai:주소#모델 (예: gguf:models/judge.gguf)"
        ),
    ] = "",
    persona: Annotated[
        str | None,
        typer.Option(
            help="이 페르소나로 답하고, 말투를 지켰는지 평가합니다 (기본값: generate.persona)", show_default=False
        ),
    ] = None,
    compare: Compare = None,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """답변 품질을 평가합니다: 완전 일치, 글자·형태소 F1, chrF, ROUGE, 인용 정밀도와 재현율, 답변 보류율, 오답률."""
    from mundap.workflows import evaluate

    bot = open_workspace(workspace)
    with show.bar("평가") as progress:
        report = evaluate.answers(
            bot,
            questions,
            limit=limit,
            seed=seed,
            judge=judge,
            persona=persona,
            before=compare,
            progress=progress,
        )
    if json:
        show.emit(report.to_json())
        return
    abstained = report.n - report.answered.n
    print(f"질문 {report.n}개 (답변 보류 {abstained}개), 답이 없는 질문 {report.refused.n}개")
    _print_estimates(report.everything, "전체 질문")
    _print_estimates(report.answered, "답한 질문")
    _print_estimates(report.refused, "답이 없는 질문")
    if report.wrong:
        print(f"답한 질문 {report.wrong.n}개의 오답률 {report.wrong} (정답 제시문을 인용하지 않은 답변의 비율)")
    if report.promise:
        print(report.promise.sentence)
    if report.quotes:
        print(f"인용 {report.quotes.n}개 중 문단에 그대로 있는 비율 {report.quotes.mean:.3f}")
    if report.voice:
        _print_voice(report.voice)
    if report.judge:
        _print_estimates(report.grades, f"채점 모델 {report.judge}")
    _print_differences("비교", report.compared or {})
    print(f"보고서: {report.run}")


@app.command()
def abstain(questions: QuestionFile, compare: Compare = None, workspace: Workspace = HERE, json: Json = False) -> None:
    """답변 보류 판단을 평가합니다. 제시문이 빈 질문을 '답이 없는 질문'으로 봅니다."""
    from mundap.workflows import evaluate

    bot = open_workspace(workspace)
    with show.bar("평가") as progress:
        report = evaluate.abstain(bot, questions, before=compare, progress=progress)
    if json:
        show.emit(report.to_json())
        return
    print(f"답이 있는 질문 {report.answerable}개, 답이 없는 질문 {report.unanswerable}개, 임계값 {report.threshold}")
    _print_estimates(report.figures)
    print(f"기대 보정 오차(ECE) {report.calibration_error:.3f}")
    _print_differences("비교", report.compared or {})
    print(f"보고서: {report.run}")


@app.command()
def keywords(
    questions: KeywordFile,
    extractor: Annotated[
        str,
        typer.Option(
            help="rules, model:이름, nouns(모든 명사) (기본값: mundap.toml의 [keywords] extractor)", show_default=False
        ),
    ] = "",
    compare: Compare = None,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """키워드 추출을 평가합니다: 정밀도, 재현율, F1, 완전 일치율."""
    from mundap.workflows import evaluate

    bot = open_workspace(workspace)
    with show.bar("평가") as progress:
        report = evaluate.keywords(bot, questions, extractor=extractor, before=compare, progress=progress)
    if json:
        show.emit(report.to_json())
        return
    print(f"질문 {report.figures.n}개, 추출기: {report.extractor}")
    _print_estimates(report.figures)
    _print_differences("비교", report.compared or {})
    print(f"보고서: {report.run}")


def _print_encoders(choice: EncoderChoice) -> None:
    first = choice.contenders[0]
    width = max(len(one.name) for one in choice.contenders)
    print(f"질문 {first.legs['hybrid'].figures.n}개. 시간은 하나씩 처리한 중앙값이며 괄호 안은 CPU 시간입니다(ms).")
    print(f"{'':{width}}{'hybrid MRR@10':>24}{'top-1':>8}{'top-3':>8}{'dense top-1':>13}{'질문':>15}{'문단':>15}")
    for one in choice.contenders:
        hybrid, dense, took = one.legs["hybrid"].figures, one.legs["dense"].figures, one.cost
        print(
            f"{one.name:{width}}    {hybrid['mrr@10']}{hybrid['top1'].mean:>7.3f}{hybrid['top3'].mean:>8.3f}"
            f"{dense['top1'].mean:>13.3f}{_took(took.query_ms, took.query_cpu_ms)}{_took(took.passage_ms, took.passage_cpu_ms)}"
        )
    print(f"{first.name} 대비 차이 (hybrid, 같은 질문끼리 짝지어 검정)")
    for one in choice.contenders[1:]:
        found = one.differences["hybrid"]
        others = ", ".join(
            f"{metric} {found[metric].mean:+.3f} ({found[metric].verdict})" for metric in ("top1", "top3")
        )
        print(f"  {one.name:{width}}  MRR@10 {found['mrr@10']}, {others}")
    print(f"추천: {choice.name}. {choice.reason}")
    if choice.name != first.name:
        print(f'적용하려면 mundap.toml의 [index]에 encoder = "{choice.name}"을(를) 쓰고 mundap index를 실행하세요.')
    print(f"보고서: {choice.run}")


def _took(wall: float, cpu: float) -> str:
    shown = f"{wall:.1f} ({cpu:.1f})"
    return f"{shown:>17}"


def _print_estimates(found: Estimates, title: str = "") -> None:
    if title and found:
        print(f"{title} ({found.n}개)")
    for name, one in found.items():
        print(f"  {name:20}{one.mean:>7.3f} [{one.low:.3f}, {one.high:.3f}]")


def _print_voice(voice: Voice) -> None:
    print(f"페르소나 {voice.name} (답변 {voice.n}개)")
    titles = {"tone": "말투에 맞는 문장", "closing": "맺음말이 있는 답변", "clean": "금지어가 없는 답변"}
    for name, share in voice.shares.items():
        print(f"  {titles[name]} {share} ({share.n}개 중)")


def _print_differences(title: str, found: Differences) -> None:
    if found:
        print(f"{title}: {', '.join(f'{metric} {one.mean:+.3f} ({one.verdict})' for metric, one in found.items())}")


def _print_legs(report: RetrievalReport) -> None:
    print(f"질문 {report.n}개 (답이 없는 질문 {report.unanswerable}개 제외), 문단 {report.corpus}개")
    _print_table(report.legs)
    if report.twins is not None:
        _print_twins(report, report.twins)


def _print_table(legs: Mapping[str, LegReport]) -> None:
    print(f"{'':8}{'top-1':>22}{'top-3':>8}{'top-10':>8}{'MRR@10':>8}{'nDCG@10':>9}{'평균 순위':>8}")
    for leg, found in legs.items():
        row, top1 = found.figures.means, found.figures["top1"]
        print(
            f"{leg:8}{row['top1']:>8.3f} [{top1.low:.3f}, {top1.high:.3f}]{row['top3']:>7.3f}{row['top10']:>8.3f}"
            f"{row['mrr@10']:>8.3f}{row['ndcg@10']:>9.3f}{row['avg_rank']:>8.1f}"
        )


def _print_twins(report: RetrievalReport, twins: Twins) -> None:
    from mundap.evaluation.html_parts import beginning
    from mundap.evaluation.report_pages import KINDS

    if not twins.groups:
        print("숫자·날짜만 다르거나 내용이 같은 문단이 없습니다.")
        return
    print(f"정답과 숫자·날짜만 다르거나 내용이 같은 문단도 정답으로 볼 때 (해당하는 질문 {report.with_twin}개)")
    _print_table({leg: found.with_twins for leg, found in report.legs.items() if found.with_twins})
    for group in twins.groups[:_GROUPS]:
        first = group.passages[0]
        sources = ", ".join(dict.fromkeys(paged(p.source, "ko") for p in group.passages))
        print(
            f"  {KINDS[group.kind]} {len(group.passages)}개: {beginning(first.text)[:_EXAMPLE]} ({sources[:_EXAMPLE]})"
        )
    if len(twins.groups) > _GROUPS:
        print(f"  … 모두 {len(twins.groups)}묶음")
