"""mundap synth persona: answers rewritten in a persona's voice."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace, open_workspace
from mundap.cli.synth import By, PerMinute, check_whole, completer_of
from mundap.errors import MundapError

if TYPE_CHECKING:
    from mundap.generate.persona import Persona
    from mundap.synth.persona import Rewriter
    from mundap.workspace import Mundap


def persona(
    name: Annotated[str, typer.Argument(help="페르소나 이름: personas/이름.toml", show_default=False)],
    out: Annotated[Path, typer.Option(help="저장할 파일(.jsonl)", show_default=False)],
    data: Annotated[
        Path | None,
        typer.Option(help="답변이 있는 질문 파일(xlsx, csv, jsonl 등) (기본값: 읽어 들인 Q/A)", show_default=False),
    ] = None,
    by: Annotated[By, typer.Option(help="rules: 어미만 변경, llm: mundap.toml의 언어 모델로 다시 작성")] = By.rules,
    per_minute: PerMinute = 0,
    resume: Annotated[bool, typer.Option("--resume", help="중단된 곳부터 이어서 합니다")] = False,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """답변을 페르소나의 말투로 다시 작성합니다. 말투에 맞지 않거나 내용이 달라진 답변은 제외합니다."""
    from mundap.files import write_atomically
    from mundap.synth.journal import Journal, journal_of
    from mundap.synth.persona import WRONG, rewrite
    from mundap.synth.qa import jsonl
    from mundap.training.common.pairs import questions_in

    check_whole(out, ".jsonl", resume)
    bot = open_workspace(workspace)
    voice = bot.persona(name)
    if voice is None:
        raise MundapError("페르소나 이름을 지정하세요. 예: mundap synth persona 풋살 --out 풋살.jsonl")
    asked = [question for question in questions_in(bot.corpus, data)[0] if question.answer]
    if not asked:
        raise MundapError("답변이 있는 질문이 없습니다. 답변이 있는 파일을 --data로 지정하세요.")
    rewriter = _rewriter(bot, voice, by, per_minute)
    journal = Journal(journal_of(out), rewriter.name, resume)
    with show.bar("답변") as progress:
        made = rewrite(asked, voice, rewriter, journal, progress)
    dropped = sum(made.dropped.values())
    if not made.rows:
        raise MundapError(
            f"말투에 맞는 답변을 만들지 못했습니다(제외 {dropped}개). --by llm을 사용하거나 더 큰 모델로 시도하세요."
        )
    write_atomically(out, jsonl(made.rows))
    journal.path.unlink()
    if json:
        counts = {"rows": len(made.rows), "dropped": dropped, "wrong": dict(made.dropped)}
        show.emit({"file": str(out), "by": rewriter.name, "persona": voice.name, **counts})
        return
    print(f"{out}: 답변 {len(made.rows)}개를 '{voice.name}' 말투로 다시 작성했습니다. 제외 {dropped}개")
    for wrong, count in made.dropped.items():
        print(f"  {WRONG[wrong]}: {count}개")
    print("결과를 검토하고 수정한 뒤 실행하세요: mundap train sft --data", out, "--out 이름")


def _rewriter(bot: Mundap, voice: Persona, by: By, per_minute: int) -> Rewriter:
    from mundap.synth.persona import ByModel, ByRules

    return ByRules(voice) if by is By.rules else ByModel(voice, completer_of(bot, per_minute))
