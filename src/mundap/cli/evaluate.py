"""mundap evaluate: how good search, answers, abstention and keywords are, and whether they have become better."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace, open_workspace
from mundap.errors import MundapError

if TYPE_CHECKING:
    from mundap.workspace import Mundap

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
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """검색 성능을 평가합니다: 검색 방법별 top-1/3/10 정확도, MRR@10, nDCG@10, 평균 순위와 95% 신뢰구간."""
    from mundap.cli.measure import earlier_ranks, measure_retrieval

    bot = open_workspace(workspace)
    if encoders:
        if compare:
            raise MundapError("--encoders와 --compare는 함께 사용할 수 없습니다. 따로 실행하세요.")
        _encoders(bot, _file(questions), encoders, depth, json)
        return
    before = earlier_ranks(compare) if compare else None
    with show.bar("평가") as progress:
        report, folder = measure_retrieval(bot, _file(questions), depth, progress, before)
    shown = _shown(report.as_json(), folder, "ablation", *["compared"] * bool(compare))
    if json:
        show.emit(shown)
        return
    _print_legs(shown)
    for leg, differences in shown.get("compared", {}).items():
        _print_changes(leg, differences)
    print(f"보고서: {folder}")


@app.command()
def answers(
    questions: QuestionFile,
    limit: Annotated[int | None, typer.Option(min=1, help="무작위로 뽑아 평가할 질문 수", show_default=False)] = None,
    seed: Annotated[int, typer.Option(help="표본 추출 시드")] = 0,
    judge: Annotated[
        str,
        typer.Option(help="답변을 채점할 언어 모델: openai:주소#모델 (예: openai:http://127.0.0.1:11434/v1#qwen3)"),
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
    from mundap.cli.measure import measure_answers

    bot = open_workspace(workspace)
    with show.bar("평가") as progress:
        report, folder = measure_answers(bot, _file(questions), progress, limit, seed, judge, compare, persona)
    shown = _shown(report.as_json(), folder, "promise", *["compared"] * bool(compare))
    if json:
        show.emit(shown)
        return
    print(f"질문 {shown['n']}개 (답변 보류 {shown['abstained']}개), 답이 없는 질문 {shown['unanswerable']['n']}개")
    _print_figures(shown["all"], "전체 질문")
    _print_figures(shown["answered"], "답한 질문")
    _print_figures(shown["unanswerable"], "답이 없는 질문")
    _print_wrong(shown["wrong"], shown["promise"])
    if shown["quotes"]["n"]:
        print(f"인용 {shown['quotes']['n']}개 중 문단에 그대로 있는 비율 {shown['quotes']['validity']:.3f}")
    if shown["persona"]:
        _print_voice(shown["persona"])
    if shown["judge"]:
        _print_figures(shown["judge"], f"채점 모델 {shown['judge']['name']}")
    _print_changes("비교", shown.get("compared", {}))
    print(f"보고서: {folder}")


@app.command()
def abstain(questions: QuestionFile, compare: Compare = None, workspace: Workspace = HERE, json: Json = False) -> None:
    """답변 보류 판단을 평가합니다. 제시문이 빈 질문을 '답이 없는 질문'으로 봅니다."""
    from mundap.cli.measure import earlier_measures, measure_abstention

    bot = open_workspace(workspace)
    before = earlier_measures(compare) if compare else None
    with show.bar("평가") as progress:
        report, folder = measure_abstention(bot, _file(questions), progress, before)
    shown = _shown(report.as_json(), folder, *["compared"] * bool(compare))
    if json:
        show.emit(shown)
        return
    print(
        f"답이 있는 질문 {shown['answerable']}개, 답이 없는 질문 {shown['unanswerable']}개, 임계값 {shown['threshold']}"
    )
    _print_figures({name: shown[name] for name in shown["ci95"]} | {"ci95": shown["ci95"]}, "")
    print(f"기대 보정 오차(ECE) {shown['calibration_error']:.3f}")
    _print_changes("비교", shown.get("compared", {}))
    print(f"보고서: {folder}")


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
    from mundap.cli.measure import earlier_measures, measure_keywords

    bot = open_workspace(workspace)
    before = earlier_measures(compare) if compare else None
    with show.bar("평가") as progress:
        report, folder = measure_keywords(bot, _file(questions), progress, before, extractor)
    shown = _shown(report.as_json(), folder, *["compared"] * bool(compare))
    if json:
        show.emit(shown)
        return
    print(f"질문 {shown['n']}개, 추출기: {shown['extractor']}")
    _print_figures(shown, "")
    _print_changes("비교", shown.get("compared", {}))
    print(f"보고서: {folder}")


def _encoders(bot: Mundap, questions: Path, encoders: str, depth: int, json: bool) -> None:
    from mundap.cli.measure_encoders import measure_encoders

    names = [name.strip() for name in encoders.split(",") if name.strip()]
    with show.bars(vectors="벡터", questions="평가") as progress:
        choice, folder = measure_encoders(bot, questions, names, depth, progress)
    if json:
        show.emit(choice.as_json() | {"run": str(folder)})
        return
    width = max(len(one.name) for one in choice.contenders)
    print(f"{'':{width}}{'hybrid MRR@10':>24}{'top-1':>8}{'top-3':>8}{'dense top-1':>13}{'질문':>9}{'문단':>9}")
    for one in choice.contenders:
        hybrid, dense = one.legs["hybrid"], one.legs["dense"]
        low, high = hybrid.ci95["mrr@10"]
        print(
            f"{one.name:{width}}{hybrid.means['mrr@10']:>9.3f} [{low:.3f}, {high:.3f}]{hybrid.means['top1']:>7.3f}"
            f"{hybrid.means['top3']:>8.3f}{dense.means['top1']:>13.3f}{one.cost.query_ms:>8.1f}ms{one.cost.passage_ms:>8.1f}ms"
        )
    for one in choice.contenders[1:]:
        _print_changes(f"{one.name} - {choice.contenders[0].name} (hybrid)", one.changes["hybrid"])
    print(f"추천: {choice.name}. {choice.reason}\n보고서: {folder}")


def _file(path: Path) -> Path:
    if not path.is_file():
        raise MundapError(f"{path}: 질문 파일이 없습니다. 경로를 확인하세요.")
    return path


def _shown(report: dict[str, Any], folder: Path, *kept: str) -> dict[str, Any]:
    """What is printed: the report without its questions, the folder that holds them, and these fields of it."""
    from mundap.cli import runs

    found = runs.kept(folder)
    return report | {"run": str(folder)} | {field: found[field] for field in kept}


def _print_figures(figures: Mapping[str, Any], title: str) -> None:
    if title and figures["ci95"]:
        print(f"{title} ({figures['n']}개)")
    for name, (low, high) in figures["ci95"].items():
        print(f"  {name:20}{figures[name]:>7.3f} [{low:.3f}, {high:.3f}]")


def _print_wrong(wrong: Mapping[str, Any], promise: Mapping[str, Any] | None) -> None:
    if wrong["n"]:
        low, high = wrong["ci95"]
        print(
            f"답한 질문 {wrong['n']}개의 오답률 {wrong['mean']:.3f} [{low:.3f}, {high:.3f}] (정답 제시문을 인용하지 않은 답변의 비율)"
        )
    if promise:
        print(promise["sentence"])


def _print_voice(voice: Mapping[str, Any]) -> None:
    print(f"페르소나 {voice['name']} (답변 {voice['n']}개)")
    for name, title in {
        "tone": "말투에 맞는 문장",
        "closing": "맺음말이 있는 답변",
        "clean": "금지어가 없는 답변",
    }.items():
        if share := voice[name]:
            low, high = share["ci95"]
            print(f"  {title} {share['value']:.3f} [{low:.3f}, {high:.3f}] ({share['n']}개 중)")


def _print_changes(title: str, differences: Mapping[str, Mapping[str, Any]]) -> None:
    if differences:
        told = (f"{metric} {d['mean']:+.3f} ({d['verdict']})" for metric, d in differences.items())
        print(f"{title}: {', '.join(told)}")


def _print_legs(report: dict[str, Any]) -> None:
    print(f"질문 {report['n']}개 (답이 없는 질문 {report['unanswerable']}개 제외), 문단 {report['corpus']}개")
    print(f"{'':8}{'top-1':>22}{'top-3':>8}{'top-10':>8}{'MRR@10':>8}{'nDCG@10':>9}{'평균 순위':>8}")
    for leg, row in report["legs"].items():
        low, high = row["ci95"]["top1"]
        print(
            f"{leg:8}{row['top1']:>8.3f} [{low:.3f}, {high:.3f}]{row['top3']:>7.3f}{row['top10']:>8.3f}"
            f"{row['mrr@10']:>8.3f}{row['ndcg@10']:>9.3f}{row['avg_rank']:>8.1f}"
        )
