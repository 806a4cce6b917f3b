"""mundap synth qa: questions and answers from passages."""

from __future__ import annotations

import json as json_
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace, open_workspace
from mundap.cli.synth import By, PerMinute, Resume, check_out, completer_of
from mundap.errors import BadFile, MundapError

if TYPE_CHECKING:
    from mundap.synth.qa import Checks, Maker
    from mundap.workspace import Mundap


def qa(
    out: Annotated[Path, typer.Option(help="저장할 파일(.jsonl)", show_default=False)],
    by: Annotated[
        By, typer.Option(help="rules: 문장·목록·표 템플릿으로 생성(언어 모델 없이), llm: mundap.toml의 언어 모델")
    ] = By.rules,
    most: Annotated[int, typer.Option("--most", min=1, max=20, help="제시문마다 만들 질문의 최대 수")] = 3,
    ranking: Annotated[
        Path | None,
        typer.Option(
            help="긴·중간·짧은 답변이 모두 있는 질문으로 순위 데이터(.json)도 생성합니다. 자세한 답변일수록 순위가 높습니다",
            show_default=False,
        ),
    ] = None,
    per_minute: PerMinute = 0,
    resume: Resume = False,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """제시문마다 질문과 짧은·중간·긴 답변을 생성합니다. 제시문에 근거가 없는 것은 제외합니다."""
    from mundap.files import write_atomically
    from mundap.synth.journal import Journal, journal_of
    from mundap.synth.qa import jsonl, synthesize
    from mundap.synth.rank import as_json, lengths

    check_out(out, ".jsonl", resume)
    if ranking:
        check_out(ranking, ".json", resume)
    bot = open_workspace(workspace)
    maker = _maker(bot, by, per_minute)
    kept = _kept(out) if out.exists() else []
    had = {row["passage_id"] for row in kept}
    passages = [p for p in bot.corpus.all_passages() if p.parent_id == p.id and p.id not in had]
    if not passages and not kept:
        raise MundapError("읽어 들인 문서가 없습니다. 먼저 실행하세요: mundap ingest")
    known = [*(row["question"] for row in kept), *(q.question for q in bot.corpus.questions())]
    journal = Journal(journal_of(out), f"{maker.name}:{most}", resume)
    with show.bar("질문") as progress:
        result = synthesize(passages, maker, checks_of(bot), journal, most=most, known=known, progress=progress)
    rows = [*kept, *(row.as_json() for row in result.rows)]
    if not rows:
        raise MundapError("질문을 만들 수 없습니다. 문장으로 된 문서인지 확인하거나 --by llm으로 실행하세요.")
    write_atomically(out, jsonl(rows))
    ranked = lengths(rows)
    if ranking:
        write_atomically(ranking, as_json(ranked))
    if not result.failed:
        journal.path.unlink()
    counts = {
        "rows": len(rows),
        "new": len(result.rows),
        "passages": len(passages),
        "without": result.without,
        "failed": result.failed,
        "with_three_answers": len(ranked),
        "refused": dict(result.refused),
    }
    if json:
        show.emit({"file": str(out), "by": maker.name, **counts})
        return
    _tell(out, counts)


def _tell(out: Path, counts: dict[str, Any]) -> None:
    from mundap.synth.qa import REASONS

    print(
        f"{out}: 질문 {counts['rows']}개 (추가 {counts['new']}개), 세 답변이 모두 있는 질문 {counts['with_three_answers']}개"
    )
    print(f"제시문 {counts['passages']}개 중 질문을 만들지 못한 제시문 {counts['without']}개")
    for why, count in counts["refused"].items():
        print(f"  제외한 질문: {REASONS[why]} {count}개")
    if counts["failed"]:
        print(
            f"언어 모델이 답하지 못한 제시문 {counts['failed']}개: 같은 명령을 --resume과 함께 실행하면 다시 시도합니다."
        )
    print("결과를 검토하고 수정한 뒤 실행하세요: mundap train sft --data", out, "--out 이름")


def _maker(bot: Mundap, by: By, per_minute: int) -> Maker:
    from mundap.synth.qa import ByModel
    from mundap.synth.qa_rules import ByRules

    return ByRules() if by is By.rules else ByModel(completer_of(bot, per_minute))


def checks_of(bot: Mundap) -> Checks:
    """The checks by the workspace's own measures of support and of words. Raises StaleIndex as a search does."""
    from mundap.generate.support import support
    from mundap.synth.qa import Checks
    from mundap.types import Hit

    return Checks(
        lambda question, passage: support(
            bot.read(question, [Hit(passage, 1.0, 1)]), bot.calibration, bot.reader_model
        ),
        lambda sentence, passage: bot.words_held(sentence, [passage.worded])[0],
        bot.config.generate.min_support,
    )


def _kept(out: Path) -> list[dict[str, Any]]:
    rows = []
    for number, line in enumerate(out.read_text("utf-8").split("\n"), 1):
        if line.strip():
            try:
                row = json_.loads(line)
                rows.append({**row, "question": str(row["question"]), "passage_id": str(row["passage_id"])})
            except (ValueError, KeyError, TypeError) as error:
                raise BadFile(
                    f"{out.name} {number}번째 줄: question과 passage_id가 있는 JSON이 아닙니다({error})."
                    " 해당 줄을 수정하거나 삭제하세요."
                ) from error
    return rows
