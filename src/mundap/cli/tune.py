"""mundap tune: the settings that suit the workspace's own questions, proposed as a change of mundap.toml."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace, open_workspace
from mundap.errors import MundapError

if TYPE_CHECKING:
    from mundap.evaluate.questions import Question
    from mundap.tune.search import Sweep, Tuning
    from mundap.workspace import Mundap

_METRICS = {"top1": "top-1", "top3": "top-3", "top10": "top-10", "mrr@10": "MRR@10"}


def tune(
    what: Annotated[
        str,
        typer.Option(
            help="튜닝할 항목(쉼표로 구분): chunk,overlap,bm25,fusion,pool,rerank,k (기본값: 모두)", show_default=False
        ),
    ] = "",
    questions: Annotated[
        Path | None,
        typer.Option(help="질문·제시문 열이 있는 질문 파일 (기본값: 읽어 들인 Q/A)", show_default=False),
    ] = None,
    seed: Annotated[int, typer.Option(help="질문을 튜닝용과 평가용으로 나누는 난수 시드")] = 0,
    apply: Annotated[bool, typer.Option("--apply", help="제안한 값으로 mundap.toml을 수정합니다")] = False,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """질문 일부로 설정값을 튜닝하고 나머지 질문으로 평가해 mundap.toml의 수정안을 제안합니다."""
    from mundap.tune.parts import split_questions
    from mundap.tune.search import applicable
    from mundap.tune.search import tune as search
    from mundap.tune.trial_runner import TrialRunner
    from mundap.tune.trials import Trials

    bot = open_workspace(workspace)
    wanted, notes = applicable([name.strip() for name in what.split(",") if name.strip()], bot.config)
    if not wanted:
        raise MundapError(f"튜닝할 항목이 없습니다. {' '.join(notes)}")
    asked = _questions(bot, questions)
    with show.bars(trials="튜닝", vectors="임베딩") as progress:
        runner = TrialRunner(bot, asked, progress["vectors"])
        parts = split_questions(asked, runner.texts, seed)
        folder = _folder(bot, asked, wanted, seed)
        trials = Trials(folder / "trials.jsonl")
        if len(trials):
            notes = [*notes, f"이전에 완료한 시험 {len(trials)}개를 재사용했습니다."]
        tuning = search(runner, bot.config, parts, wanted, trials, progress["trials"])
    report = _kept(bot, tuning, folder, questions, wanted, seed, notes)
    applied = _apply(bot, tuning) if apply else False
    if json:
        show.emit({**report, "applied": applied})
        return
    _print(tuning, report)
    if applied:
        print("mundap.toml을 수정했습니다.")
    elif report["diff"]:
        print("이대로 적용하려면 같은 명령을 --apply와 함께 실행하세요.")
    if report["next"]:
        print(f"{'다음 단계' if applied else '수정한 뒤 실행'}: {' && '.join(report['next'])}")
    print(f"보고서: {folder}")


def _questions(bot: Mundap, file: Path | None) -> list[Question]:
    from mundap.evaluate.questions import Question, read_questions

    if file is not None:
        return list(read_questions(file).items)
    known = bot.corpus.questions()
    passages = bot.corpus.passages(list({q.passage_id for q in known}))
    found = [Question(q.question, (passages[q.passage_id].text,), q.answer) for q in known if q.passage_id in passages]
    if not found:
        raise MundapError("읽어 들인 문서에 질문이 없습니다. 질문 파일을 지정하세요: mundap tune --questions 질문.xlsx")
    return found


def _folder(bot: Mundap, asked: Sequence[Question], what: Sequence[str], seed: int) -> Path:
    """The folder of this very tuning: the same settings, questions and corpus find what was done before."""
    from dataclasses import asdict

    from mundap.cli.runs import runs
    from mundap.files import digest

    made = [bot.config.model_dump_json(), repr(asdict(bot.recipe)), repr(tuple(what)), str(seed)]
    questions = [part for q in asked for part in (q.question, *q.gold)]
    folder = runs(bot) / f"tune-{digest(*made, digest(*questions), digest(*bot.corpus.ids()))}"
    folder.mkdir(exist_ok=True)
    return folder


def _kept(
    bot: Mundap,
    tuning: Tuning,
    folder: Path,
    file: Path | None,
    what: Sequence[str],
    seed: int,
    notes: Sequence[str],
) -> dict[str, Any]:
    """Write report.json and report.html into `folder`; what is shown of them."""
    import json
    import shlex
    import time
    from dataclasses import asdict

    from mundap.evaluate.about import About, versions
    from mundap.files import digest, write_atomically
    from mundap.tune.page import tuning_page
    from mundap.tune.propose import next_steps, proposal, verdict_sentence
    from mundap.tune.search import as_json

    given = ["--questions", str(file)] if file else []
    command = ["mundap", "tune", "--what", ",".join(what), *given, "--seed", str(seed), "--workspace", str(bot.root)]
    about = About(
        kind="tune",
        made=time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()),
        command=shlex.join(command),
        questions={
            "file": str(file) if file else "읽어 들인 Q/A",
            "digest": digest(file.read_bytes(), size=16) if file else "",
        },
        corpus_digest=digest(*bot.corpus.ids(), size=16),
        settings=bot.config.model_dump(mode="json"),
        recipe=asdict(bot.recipe),
        versions=versions(),
    )
    diff, steps, said = proposal(bot.root, tuning)[1], next_steps(tuning), verdict_sentence(tuning)
    shown = {**as_json(tuning), "said": said, "diff": diff, "next": steps, "notes": list(notes), "run": str(folder)}
    write_atomically(folder / "report.json", json.dumps({**shown, **about.as_json()}, ensure_ascii=False))
    write_atomically(folder / "report.html", tuning_page(tuning, about, said, diff, steps))
    return shown


def _apply(bot: Mundap, tuning: Tuning) -> bool:
    from mundap.config import FILE
    from mundap.files import write_atomically
    from mundap.tune.propose import proposal

    text, diff = proposal(bot.root, tuning)
    if diff:
        write_atomically(bot.root / FILE, text)
    return bool(diff)


def _print(tuning: Tuning, report: dict[str, Any]) -> None:
    for line in report["notes"]:
        print(line)
    left = f", 제외한 질문 {report['left_out']}개(제시문이 없거나 색인에 없음)" * bool(report["left_out"])
    print(f"튜닝 질문 {report['n_tune']}개, 평가 질문 {report['n_report']}개{left}")
    for sweep in tuning.sweeps:
        _print_sweep(sweep)
    if tuning.reading:
        _print_reading(tuning)
    print("\n평가 질문 (현재 값 → 선택한 값)")
    for metric, name in _METRICS.items():
        change = tuning.changes[metric]
        low, high = change["ci95"]
        print(
            f"  {name:8}{tuning.before.means[metric]:.4f} → {tuning.after.means[metric]:.4f}"
            f"  {change['mean']:+.4f} [{low:+.4f}, {high:+.4f}]  p {change['p']:.4f}  {change['verdict']}"
        )
    print(report["said"])
    if report["diff"]:
        print(f"\n{report['diff']}", end="")


def _print_sweep(sweep: Sweep) -> None:
    from mundap.tune.space import TITLES

    print(f"\n{TITLES[sweep.parameter]} ({sweep.parameter}), 튜닝 질문의 MRR@10")
    width = max(len(t.candidate.label) for t in sweep.tried)
    for t in sweep.tried:
        mark = " ← 현재" * (t is sweep.current) + " ← 선택" * (t is sweep.chosen and t is not sweep.current)
        place = t.candidate.series or (t.candidate.panel if sweep.parameter == "fusion" else "")
        print(f"  {place:9}{t.candidate.label:>{width}}  {t.mrr:.4f} [{t.ci95[0]:.4f}, {t.ci95[1]:.4f}]{mark}")
    print(f"  가장 좋은 값의 향상 폭 {sweep.gain:+.4f}, 표준오차 {sweep.error:.4f}")


def _print_reading(tuning: Tuning) -> None:
    reading = tuning.reading
    assert reading is not None
    shown = ", ".join(f"{k}: {reading.recall[k - 1]:.3f}" for k in (1, 2, 3, 5, 7, 10, 15, 20))
    print(f"\n답변에 쓰는 문단 수 (k), 튜닝 질문의 재현율  {shown}")
    now, then = reading.report
    print(f"  현재 {reading.current} → {reading.chosen}; 평가 질문의 재현율 {now:.3f} → {then:.3f}")
