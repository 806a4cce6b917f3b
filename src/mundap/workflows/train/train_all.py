"""Train everything that a sheet of questions can train, within a time, and keep what is proved on what was held out."""

from __future__ import annotations

import logging
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from mundap.encode import base_of
from mundap.errors import MundapError
from mundap.evaluation.provenance import About, versions
from mundap.evaluation.questions import Question
from mundap.files import digest
from mundap.protocols import Progress
from mundap.training.common.pairs import check_enough, questions_in, rows_of
from mundap.training.common.registry import plain_name
from mundap.tuning.edit import Path as Key
from mundap.tuning.edit import Value
from mundap.workflows import promote, runs
from mundap.workflows.keep_settings import keep
from mundap.workflows.train.attempt import Attempt, Attempts, decided
from mundap.workflows.train.clock import Clock, OutOfTime
from mundap.workflows.train.everything_page import everything_page
from mundap.workflows.train.everything_report import EverythingReport
from mundap.workflows.train.plan import SEARCHES, EverythingConfig
from mundap.workflows.train.run import Stages, silent, utc_now
from mundap.workflows.train.trying import Trial, attempt
from mundap.workspace import Mundap
from mundap.workspace.components import FOLDER, LIGHT

log = logging.getLogger(__name__)


def everything(
    bot: Mundap,
    data: str | Path | None = None,
    *,
    config: EverythingConfig = EverythingConfig(),
    out: str = "all",
    progress: Stages = silent,
) -> EverythingReport:
    """Every part that these questions can train: measured in folds, kept where it is proved, and used from then on.

    A part is proved where it is better beyond chance on new documents, worse on nothing, and where the same training gains
    nothing from labels dealt at random. Of what searches one is kept: a larger only where it beats the smaller. Models are
    trained on all questions, and called `out` with the part behind it. What was finished before a kill is not done again.

    `data` is a file of questions, passages and answers (default: those of the workspace). Raises MundapError where there
    are too few questions, or nothing to try.
    """
    name, wanted = plain_name(out), config.wanted()
    file = Path(data) if data is not None else None
    questions, origin = questions_in(bot.corpus, file)
    base = untrained(bot, progress("벡터"))
    counted = _enough(base, questions)
    folder = _folder(base, questions, name, config)
    attempts = Attempts(folder / "parts.jsonl")
    reused = tuple(attempts.known)
    clock = Clock(config.budget, sum(one.seconds for one in attempts.known.values()))
    watched = clock.watched(progress)
    trial = Trial(base, file, questions, origin, name, config.seed, watched, attempts.known)
    skipped: dict[str, str] = {}
    for part in wanted:
        why = _pointless(bot, part, attempts.known)
        if part in attempts.known:
            continue
        if not why:
            try:
                attempts.add(attempt(trial, part))
            except OutOfTime:
                why = f"시간 부족(예산 {config.budget:g}분). --budget을 늘려 같은 명령을 다시 실행하면 이어서 합니다"
            except MundapError as error:
                why = str(error)
        if why:
            skipped[part] = why
    found = {part: attempts.known[part] for part in wanted if part in attempts.known}
    kept = decided(found)
    report = EverythingReport(
        name, *counted, origin, found, skipped, kept, reused, {}, config.budget, config.only_report, folder
    )
    _write(bot, report, file, config)
    if kept and not config.only_report:
        report = report.promoted(_promoted(bot, [found[part] for part in kept], progress))
        _write(bot, report, file, config)
    return report


def untrained(bot: Mundap, progress: Progress) -> Mundap:
    """The workspace without what was trained on questions: they would be measured on themselves."""
    settings = bot.config
    encoder = base_of(settings.index.encoder, bot.components.models)
    update = {
        "retrieve": settings.retrieve.model_copy(update={"reranker": ""}),
        "generate": settings.generate.model_copy(update={"reader": "", "support": ""}),
    }
    plain = bot.reconfigured(settings.model_copy(update=update))
    return plain if encoder == settings.index.encoder else plain.read_by(encoder, progress)


def _enough(bot: Mundap, questions: Sequence[Question]) -> tuple[int, int]:
    """How many questions have a passage in the index, and how many passages these are. Raises MundapError if few."""
    rows = [row for row in rows_of(questions, bot.legs[0].table) if row is not None]
    check_enough(len(rows), len(set(rows)))
    return len(rows), len(set(rows))


def _pointless(bot: Mundap, part: str, known: Mapping[str, Attempt]) -> str:
    """Why a part is not tried, in Korean; "" if it is."""
    named = bot.config.retrieve.reranker
    if "reranker" in part.split("+") and named and not named.startswith((LIGHT, f"onnx:{FOLDER}/models/")):
        return f"다른 리랭커({named})를 사용하고 있습니다"
    if part == "adapter+reranker" and "adapter" not in known:
        return "어댑터를 학습하지 못했습니다"
    if part == "support" and "reader" in known and not known["reader"].doubt:
        return "문장 선택 모델이 임계값을 함께 정합니다"
    return ""


def _promoted(bot: Mundap, kept: Sequence[Attempt], progress: Stages) -> dict[str, Value]:
    """Have the workspace use what is kept, with an index that fits; the settings that were written."""
    names = [name for one in kept for name in _models(one)]
    written: dict[str, Value] = {}
    if any(one.part in SEARCHES for one in kept):  # what was trained before goes; what is kept comes after it
        encoder = base_of(bot.config.index.encoder, bot.components.models)
        before: dict[Key, Value] = {}
        if encoder != bot.config.index.encoder:
            before["index", "encoder"] = encoder
        if bot.config.retrieve.reranker:
            before["retrieve", "reranker"] = ""
        if before:
            undone = {".".join(key): value for key, value in before.items()}
            keep(bot, undone)
            written |= undone
    for name in names:
        written |= promote.model(Mundap.open(bot.root), name, force=True).settings
    now = Mundap.open(bot.root)
    if now.config.index.encoder != bot.config.index.encoder:
        now.index({"vectors": progress("색인")})
    return written


def _models(one: Attempt) -> list[str]:
    """The models of a part, in the order in which they are put to use."""
    if one.part != "adapter+reranker":
        return [one.name]
    return [one.name.removesuffix("-reranker"), one.name]


def _folder(bot: Mundap, questions: Sequence[Question], name: str, config: EverythingConfig) -> Path:
    """The folder of these very trainings: the same settings, questions and corpus find what was done before."""
    settings = bot.config.model_dump(exclude={"jobs"})  # whoever does the work, it is the same
    del settings["generate"]["min_support"]  # which is promoted, and has no part in training
    made = [repr(settings), repr(asdict(bot.recipe)), name, str(config.seed), *versions().values()]
    asked = [part for q in questions for part in (q.question, *q.gold, q.answer or "")]
    folder = runs.folder(bot) / f"train-all-{digest(*made, digest(*asked), digest(*bot.corpus.ids()))}"
    folder.mkdir(exist_ok=True)
    return folder


def _write(bot: Mundap, report: EverythingReport, file: Path | None, config: EverythingConfig) -> None:
    given = ["--data", str(file)] if file else []
    command = ["mundap", "train", "all", *given, "--out", report.name, *config.to_flags(), "--workspace", str(bot.root)]
    about = About(
        kind="train-all",
        made=utc_now(),
        command=shlex.join(command),
        questions=report.origin,
        corpus_digest=digest(*bot.corpus.ids(), size=16),
        settings=bot.config.model_dump(mode="json"),
        recipe=asdict(bot.recipe),
        versions=versions(),
    )
    runs.write(report.run, {**report.to_json(), **about.to_json()}, everything_page(report, about))
