"""Settings that suit the workspace's own questions, proposed as a change of mundap.toml."""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from mundap.config import FILE
from mundap.errors import MundapError
from mundap.evaluation.provenance import About, versions
from mundap.evaluation.questions import Question, read_questions
from mundap.files import digest, write_atomically
from mundap.protocols import Progress, quiet
from mundap.tuning.propose import next_steps, proposal, verdict_sentence
from mundap.tuning.question_split import split_questions
from mundap.tuning.search import Tuning, applicable, tune
from mundap.tuning.trial_runner import Reranked, TrialRunner
from mundap.tuning.trials import Trials
from mundap.tuning.tuning_page import tuning_page
from mundap.types import Hit, Json
from mundap.workflows import runs, spread
from mundap.workspace import Mundap

_AT_ONCE = 4  # questions of a batch whose hits are ranked again


@dataclass(frozen=True, slots=True)
class TuneReport:
    """What tuning came to: `tuning` what was tried and how it was judged, `said` the verdict in a sentence.

    `diff` is the proposed change of mundap.toml ("" for none), `steps` the commands to run after it, `notes` what was left
    out or gone on with, and `run` the folder that keeps it all.
    """

    tuning: Tuning
    said: str
    diff: str
    steps: tuple[str, ...]
    notes: tuple[str, ...]
    run: Path

    def to_json(self) -> dict[str, Json]:
        """That of the tuning, and `{"said", "diff", "next", "notes", "run"}`."""
        told: dict[str, Json] = {"said": self.said, "diff": self.diff, "next": self.steps, "notes": self.notes}
        return {**self.tuning.to_json(), **told, "run": str(self.run)}

    def _repr_html_(self) -> str:
        return self.tuning.judged._repr_html_()


def run(
    bot: Mundap,
    what: Sequence[str] = (),
    *,
    questions: str | Path | None = None,
    seed: int = 0,
    progress: Mapping[str, Progress] | None = None,
) -> TuneReport:
    """Choose settings on a part of the questions, drawn by `seed`, and judge them on the rest.

    `what` are those to tune (see tuning.space.PARAMETERS; default: all that the workspace has a use for), `questions` a
    question file (default: the questions that documents come with). `progress` may have an entry for "trials" and for
    "vectors". A run that was broken off goes on where it stopped. Nothing is changed: `apply` does that.

    Raises UnknownName for what is no parameter, MundapError where there is nothing to tune or too few questions.
    """
    wanted, left_out = applicable(what, bot.config)
    if not wanted:
        raise MundapError(f"튜닝할 항목이 없습니다. {' '.join(left_out)}")
    file = None if questions is None else Path(questions)
    asked = _questions(bot, file)
    told = progress or {}
    runner = TrialRunner(bot, asked, told.get("vectors", quiet), _reranked(bot, len(asked)))
    parts = split_questions(asked, runner.texts, seed)
    folder = _folder(bot, asked, wanted, seed)
    trials = Trials(folder / "trials.jsonl")
    resumed = [f"이전에 완료한 시험 {len(trials)}개를 재사용했습니다."] if len(trials) else []
    tuning = tune(runner, bot.config, parts, wanted, trials, told.get("trials", quiet))
    report = TuneReport(
        tuning,
        verdict_sentence(tuning),
        proposal(bot.root, tuning)[1],
        tuple(next_steps(tuning)),
        (*left_out, *resumed),
        folder,
    )
    about = _about(bot, file, wanted, seed)
    page = tuning_page(tuning, about, report.said, report.diff, report.steps)
    runs.write(folder, {**report.to_json(), **about.to_json()}, page)
    return report


def apply(bot: Mundap, report: TuneReport) -> bool:
    """Change mundap.toml as proposed; whether there was anything to change. Raises ConfigError if it cannot be edited."""
    text, diff = proposal(bot.root, report.tuning)
    if diff:
        write_atomically(bot.root / FILE, text)
    return bool(diff)


def _reranked(bot: Mundap, questions: int) -> Reranked | None:
    """What has workers rank hits again; None where that is done here."""
    if not bot.config.retrieve.reranker or not spread.travels(bot, questions, _AT_ONCE):
        return None

    def reranked(found: Sequence[tuple[str, list[Hit]]]) -> list[list[Hit]]:
        hits = [{hit.passage.id: hit for hit in some} for _, some in found]
        items = [(text, tuple((hit.passage.id, float(hit.score)) for hit in some)) for text, some in found]
        ranked = dict(spread.each(bot, "rerank", items, _AT_ONCE))
        return [[hits[n][id] for id in ranked[n]] for n in range(len(items))]

    return reranked


def _questions(bot: Mundap, file: Path | None) -> list[Question]:
    if file is not None:
        return [*read_questions(file).items]
    known = bot.corpus.questions()
    passages = bot.corpus.passages(list({q.passage_id for q in known}))
    found = [Question(q.question, (passages[q.passage_id].text,), q.answer) for q in known if q.passage_id in passages]
    if not found:
        raise MundapError("읽어 들인 문서에 질문이 없습니다. 질문 파일을 지정하세요: mundap tune --questions 질문.xlsx")
    return found


def _folder(bot: Mundap, asked: Sequence[Question], what: Sequence[str], seed: int) -> Path:
    """The folder of this very tuning: the same settings, questions and corpus find what was done before."""
    made = [bot.config.model_dump_json(exclude={"jobs"}), repr(asdict(bot.recipe)), repr(tuple(what)), str(seed)]
    questions = [part for q in asked for part in (q.question, *q.gold)]
    folder = runs.folder(bot) / f"tune-{digest(*made, digest(*questions), digest(*bot.corpus.ids()))}"
    folder.mkdir(exist_ok=True)
    return folder


def _about(bot: Mundap, file: Path | None, what: Sequence[str], seed: int) -> About:
    given = ["--questions", str(file)] if file else []
    command = ["mundap", "tune", "--what", ",".join(what), *given, "--seed", str(seed), "--workspace", str(bot.root)]
    return About(
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
