"""mundap synth rank: three answers to each question, in order, for training a reward."""

from __future__ import annotations

from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace, open_workspace
from mundap.cli.synth import PerMinute, check_whole, completer_of
from mundap.errors import MundapError

if TYPE_CHECKING:
    from mundap.evaluate.questions import Question
    from mundap.synth.rank import Complete, Prompt
    from mundap.types import Hit
    from mundap.workspace import Mundap


class Order(StrEnum):
    """What puts completions in order."""

    metrics = "metrics"
    llm = "llm"


def rank(
    out: Annotated[Path, typer.Option(help="저장할 파일(.json)", show_default=False)],
    data: Annotated[
        Path | None,
        typer.Option(
            help="답변과 제시문이 있는 질문 파일(xlsx, csv, jsonl 등) (기본값: 읽어 들인 Q/A)", show_default=False
        ),
    ] = None,
    by: Annotated[
        Order, typer.Option(help="metrics: 모범 답안과 가까운 순서, llm: mundap.toml의 언어 모델이 매긴 점수")
    ] = Order.metrics,
    per_minute: PerMinute = 0,
    resume: Annotated[bool, typer.Option("--resume", help="중단된 곳부터 이어서 합니다")] = False,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """질문마다 모범 답안, 정답 제시문으로 만든 답변, 다른 제시문으로 만든 답변의 순위를 매깁니다."""
    from mundap.evaluate.judge import Judge
    from mundap.files import write_atomically
    from mundap.synth.journal import Journal, journal_of
    from mundap.synth.rank import as_json, closeness, judged
    from mundap.synth.rank import rank as ranked
    from mundap.training.common.pairs import questions_in
    from mundap.workspace.components import FOLDER

    check_whole(out, ".json", resume)
    bot = open_workspace(workspace)
    asked = [q for q in questions_in(bot.corpus, data)[0] if q.answer and q.gold]
    if not asked:
        raise MundapError(
            "답변과 제시문이 모두 있는 질문이 없습니다. --data로 지정하거나 mundap synth qa로 생성하세요."
        )
    prompts, complete = _completions(bot, asked)
    maker = f"{by.value}:{bot.generator.name}:{bot.config.generate.temperature}"
    if by is Order.llm:
        judge = Judge(completer_of(bot, per_minute), bot.root / FOLDER / "judge.sqlite")
        with closing(judge), show.bar("순위") as progress:
            made = ranked(prompts, complete, judged(judge), Journal(journal_of(out), maker, resume), progress)
    else:
        with show.bar("순위") as progress:
            made = ranked(prompts, complete, closeness, Journal(journal_of(out), maker, resume), progress)
    if not made.rows:
        raise MundapError("순위를 매길 수 있는 질문이 없습니다. 답변 세 개가 서로 달라야 합니다.")
    write_atomically(out, as_json(made.rows))
    if not made.ungraded:
        journal_of(out).unlink()
    missing = len(asked) - len(prompts)
    if json:
        counts = {"rows": len(made.rows), "alike": made.alike, "ungraded": made.ungraded, "missing": missing}
        show.emit({"file": str(out), "by": maker, **counts})
        return
    print(f"{out}: 질문 {len(made.rows)}개 (답변이 서로 같아 제외 {made.alike}개)")
    if missing:
        print(f"제시문이 문서에 없어 제외한 질문: {missing}개")
    if made.ungraded:
        print(f"점수를 받지 못한 질문 {made.ungraded}개: 같은 명령을 --resume과 함께 실행하면 다시 시도합니다.")
    print("다음 단계: mundap train reward --data", out, "--out 이름")


def _completions(bot: Mundap, asked: list[Question]) -> tuple[list[Prompt], Complete]:
    """The questions whose passage is in the corpus, and what gives each its three completions."""
    from mundap.korean.normalize import squash
    from mundap.synth.rank import Prompt
    from mundap.types import Hit

    wholes = {squash(p.text): p for p in bot.corpus.all_passages() if p.parent_id == p.id}
    found = {q.question: wholes[squash(q.gold[0])] for q in asked if squash(q.gold[0]) in wholes}
    prompts = [Prompt(q.question, q.answer, (found[q.question].text,)) for q in asked if q.question in found]

    def complete(prompt: Prompt) -> list[str]:
        gold = found[prompt.question]
        others = [hit for hit in bot.find(prompt.question) if hit.passage.id != gold.id]
        shown = [[Hit(gold, 1.0, 1)], [Hit(hit.passage, hit.score, n) for n, hit in enumerate(others, 1)]]
        return [prompt.answer, *(_text(bot, prompt.question, hits) for hits in shown)]

    return prompts, complete


def _text(bot: Mundap, question: str, hits: list[Hit]) -> str:
    """What the generator writes from these, markers aside."""
    from mundap.generate.cite import repair

    return repair(bot.generator.answer(question, hits).text, 0).strip()
