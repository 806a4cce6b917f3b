"""A measurement on a workspace: run it, compare it with an earlier one, keep its report and its page."""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from mundap.cli.runs import about, keep, kept, runs
from mundap.config import Keywords
from mundap.errors import ConfigError
from mundap.evaluate.abstain import AbstainReport, Supported, abstain_changes, evaluate_abstain, need_both
from mundap.evaluate.answers import GRADES, AnswerReport, evaluate_answers
from mundap.evaluate.answers import METRICS as ANSWERED
from mundap.evaluate.compare import SHOWN, Change, Key, ablation, changes, earlier
from mundap.evaluate.consistency import VOICE
from mundap.evaluate.judge import Judge
from mundap.evaluate.keywords import MACRO, KeywordReport, evaluate_keywords, read_keywords
from mundap.evaluate.metrics import reciprocal_rank, top
from mundap.evaluate.page_answers import answers_page
from mundap.evaluate.pages import abstain_page, keywords_page, retrieval_page
from mundap.evaluate.questions import Questions, read_questions
from mundap.evaluate.retrieval import RetrievalReport, Search, evaluate_retrieval
from mundap.files import digest
from mundap.generate import make_generator
from mundap.generate.structured import Completer
from mundap.ingest.build import Builder
from mundap.ingest.split import chunks, parents
from mundap.korean import keywords
from mundap.korean.kiwi import kiwi_version
from mundap.korean.normalize import squash
from mundap.protocols import Progress
from mundap.training.common.registry import CARD
from mundap.types import Hit
from mundap.workspace.facade import Mundap, cut_of

log = logging.getLogger(__name__)

Variants = Callable[[Mundap], Mapping[str, Search]]
Ranks = dict[Key, dict[str, Any]]
Measures = dict[Key, dict[str, float]]

NOUNS = "nouns"  # the extractor that needs no rules: every noun compound

# -- retrieval --------------------------------------------------------------------------------------------------------


def measure_retrieval(
    bot: Mundap,
    file: Path,
    depth: int,
    progress: Progress,
    before: Ranks | None = None,
    variants: Variants | None = None,
    steps: Sequence[str] = (),
) -> tuple[RetrievalReport, Path]:
    """Ask every leg the questions of `file`; the report, and the folder under runs/ that keeps it.

    By default the ablation adds to the fusion, one by one, what the settings do after it. `variants` makes more searches, by name, over the workspace that is asked; they are reported as legs
    are, and `steps` names those of the ablation, in order.
    """
    questions = read_questions(file)
    over = over_questions(bot, questions)
    names = list(over.searchers)
    legs = {name: search_of(over, name) for name in names} | dict((variants or without)(over))
    steps = steps or [over.config.retrieve.legs[0], *(name for name in legs if name not in names), "hybrid"]
    corpus = {squash(p.text) for p in over.corpus.all_passages() if p.parent_id == p.id}
    report = evaluate_retrieval(questions.items, legs, corpus, depth=depth, progress=progress)
    against = compared(report, before) if before is not None else {}
    added = ablation(report, steps)
    met = sum(over.trained_on(question.question) for question in questions.items)
    if met:
        log.warning(
            "질문 %d개 중 %d개는 리랭커의 학습에 쓰인 질문이므로 점수가 실제보다 높게 나옵니다.",
            len(questions.items),
            met,
        )
    made = about(bot, "retrieval", file, {"depth": depth}, over)
    shown = report.as_json(per_question=True) | {"ablation": [s.as_json() for s in added], "compared": against}
    shown["met_in_training"] = met
    return report, keep(bot, made, shown, retrieval_page(report, made, against, added))


# What each setting does after the fusion, in the order in which it is done, and the value at which it does nothing.
_AFTER: dict[str, Any] = {"reranker": "", "half_life_days": 0.0, "duplicates_above": 2.0, "diversity": 1.0}


def without(bot: Mundap) -> dict[str, Search]:
    """The fusion alone, and with each further setting but the last one, which makes it the hybrid."""
    settings = bot.config.retrieve
    used = [name for name, idle in _AFTER.items() if getattr(settings, name) != idle]
    variants: dict[str, Search] = {}
    for step in range(len(used)):
        name = f"+ {used[step - 1]}" if step else "fusion"
        idle = {other: _AFTER[other] for other in used[step:]}
        config = bot.config.model_copy(update={"retrieve": settings.model_copy(update=idle)})
        variants[name] = search_of(bot.reconfigured(config), "hybrid")
    return variants


def earlier_ranks(path: Path) -> Ranks:
    """What each leg found for each question of an earlier run: its report.json, or the folder that holds it."""
    return earlier(path, "legs")


def compared(report: RetrievalReport, ranks: Ranks) -> dict[str, dict[str, Change]]:
    """For each leg that both runs have, this run minus the earlier one over the questions that both asked."""
    after = [((a.question.question, a.question.gold), a) for a in report.per_question]
    groups = report.groups()
    return {
        leg: changes(
            {key: _measures(legs[leg]) for key, legs in ranks.items()},
            [(key, asked.found[leg].measures(report.depth)) for key, asked in after],
            SHOWN,
            groups,
        )
        for leg in report.legs
        if all(leg in legs for legs in ranks.values())
    }


def _measures(leg: Mapping[str, Any]) -> dict[str, float]:
    rank = leg["rank"]
    tops = {f"top{k}": top(rank, k) for k in (1, 3, 10)}
    return {**tops, "mrr@10": reciprocal_rank(rank), "ndcg@10": float(leg["ndcg@10"])}


# -- answers ----------------------------------------------------------------------------------------------------------


def measure_answers(
    bot: Mundap,
    file: Path,
    progress: Progress,
    limit: int | None = None,
    seed: int = 0,
    judge: str = "",
    compare: Path | None = None,
    persona: str | None = None,
) -> tuple[AnswerReport, Path]:
    """Ask the questions of `file`, or `limit` of them drawn at random, and compare with the recorded answers.

    Known questions are not answered from the sheet: it is the very sheet that answers are compared with.
    `judge` names a language model as generators are named; its verdicts are kept under runs/. `compare` is an
    earlier run; grades are compared only where the same judge gave both.
    """
    before = earlier_measures(compare) if compare else None
    questions = read_questions(file)
    over = over_questions(bot, questions)
    generate = over.config.generate.model_copy(
        update={"faq": False, **({} if persona is None else {"persona": persona})}
    )
    asked = over.reconfigured(over.config.model_copy(update={"generate": generate}))
    items = questions.items
    if limit is not None and limit < len(items):
        items = tuple(items[n] for n in sorted(random.Random(seed).sample(range(len(items)), limit)))
    grader = _judge(bot, judge) if judge else None
    try:
        report = evaluate_answers(items, asked.ask, judge=grader, persona=asked.persona(), progress=progress)
    finally:
        if grader:
            grader.close()
    after = [(a.key, a.measures) for a in report.per_question]
    judged = GRADES if compare and judge and _judge_of(kept(compare)) == _judge_of(report.as_json()) else ()
    metrics = (*ANSWERED, *judged, *VOICE, "refused")
    groups = [a.group for a in report.per_question]
    against = changes(before, after, metrics, groups) if before is not None else {}
    made = about(
        bot,
        "answers",
        file,
        {"limit": limit, "seed": seed, "judge": judge or None, "persona": asked.config.generate.persona or None},
        asked,
    )
    promised = kept_promise(asked, report)
    shown = report.as_json(per_question=True) | {"compared": against, "promise": promised}
    page = answers_page(report, made, against, promised["sentence"] if promised else "")
    return report, keep(bot, made, shown, page)


def kept_promise(asked: Mundap, report: AnswerReport) -> dict[str, Any] | None:
    """Whether the share of wrong answers that the workspace's calibration promises held in these answers.

    None without a promise; "held" is None where it says nothing: an answer needs less support than was promised for, or
    nothing was answered.
    """
    settings = asked.config.generate
    card = asked.models / settings.support / CARD
    if not settings.support or not card.is_file():
        return None
    promise = json.loads(card.read_text("utf-8")).get("promise")
    if not promise or promise["threshold"] is None:
        return None
    told = {name: promise[name] for name in ("wrong", "confidence", "threshold")}
    most, share, n = promise["wrong"], report.wrong.means.get("wrong"), report.wrong.n
    if settings.min_support < promise["threshold"]:
        held = None
        said = (
            f"오답률 보장은 임계값 {promise['threshold']}에서만 유효하지만, 현재 임계값은 {settings.min_support}입니다."
        )
    elif share is None:
        held = None
        said = "답한 질문이 없어 오답률 보장을 확인할 수 없습니다."
    else:
        held = share <= most
        verdict = "지켜졌습니다" if held else "지켜지지 않았습니다"
        said = f"오답률 {most:.0%} 이하(신뢰 수준 {promise['confidence']:.0%}) 보장이 이 질문들에서 {verdict}: 답한 질문 {n}개의 오답률 {share:.1%}."
    return {"model": settings.support, **told, "held": held, "sentence": said}


def _judge_of(report: Mapping[str, Any]) -> tuple[str, str] | None:
    judge = report.get("judge")
    return (judge["name"], judge["prompt"]) if judge else None


def _judge(bot: Mundap, spec: str) -> Judge:
    settings = bot.config.generate
    generator = make_generator(
        spec,
        refusal="",
        folder=bot.root,
        models=bot.models,
        context_tokens=settings.context_tokens,
        timeout=settings.timeout,
    )
    if not hasattr(generator, "complete"):
        raise ConfigError(
            f"'{spec}'은(는) 채점에 사용할 수 없는 모델입니다. 'openai:http://127.0.0.1:11434/v1#qwen3' 형식으로 지정하세요."
        )
    return Judge(cast(Completer, generator), runs(bot) / "verdicts.sqlite")


# -- abstention -------------------------------------------------------------------------------------------------------


def measure_abstention(
    bot: Mundap, file: Path, progress: Progress, before: Measures | None = None
) -> tuple[AbstainReport, Path]:
    """Compare how supported answerable and unanswerable questions are, at the workspace's own threshold."""
    questions = read_questions(file)
    answerable = sum(bool(question.gold) for question in questions.items)
    need_both(answerable, len(questions.items) - answerable)
    over = over_questions(bot, questions)
    asked = []
    for done, question in enumerate(questions.items, 1):
        asked.append(Supported(question, over.support(question.question)))
        progress(done, len(questions.items))
    threshold = over.config.generate.min_support
    wanted = [a.support for a in asked if a.question.gold]
    unwanted = [a.support for a in asked if not a.question.gold]
    report = evaluate_abstain(wanted, unwanted, threshold)
    against = abstain_changes(before, asked, threshold) if before is not None else {}
    made = about(bot, "abstain", file, {}, over)
    shown = report.as_json() | {"per_question": [a.as_json(threshold) for a in asked], "compared": against}
    return report, keep(bot, made, shown, abstain_page(report, made, asked, against))


# -- keywords ---------------------------------------------------------------------------------------------------------


def measure_keywords(
    bot: Mundap, file: Path, progress: Progress, before: Measures | None = None, extractor: str = ""
) -> tuple[KeywordReport, Path]:
    """Extract the keywords of every question of a keyword TSV, and compare with those in the file.

    `extractor` is one as [keywords] extractor names it (default: that one), or NOUNS: the noun compounds of Kiwi.
    Raises ConfigError for any other.
    """
    tagged = read_keywords(file)
    over = _extracting(bot, extractor)
    dictionary = bot.config.index.user_dictionary
    words = bot.root / dictionary if dictionary else None
    used = over.config.keywords.extractor
    name = NOUNS if extractor == NOUNS else used
    report = evaluate_keywords(
        tagged,
        (lambda texts: keywords.keywords(texts, words)) if extractor == NOUNS else over.keywords,
        extractor=name if name.startswith("model:") else f"{name}-{kiwi_version()}",
        progress=progress,
    )
    after = [(asked.key, asked.measures) for asked in report.per_question]
    against = changes(before, after, MACRO) if before is not None else {}
    made = about(bot, "keywords", file, {"extractor": extractor or None}, None)
    shown = report.as_json(per_question=True) | {"compared": against}
    return report, keep(bot, made, shown, keywords_page(report, made, against))


def _extracting(bot: Mundap, extractor: str) -> Mundap:
    """The workspace with another extractor."""
    if extractor in ("", NOUNS):
        return bot
    try:
        settings = Keywords(extractor=extractor, verbs=bot.config.keywords.verbs)
    except ValueError as error:
        raise ConfigError(
            f"알 수 없는 추출기 '{extractor}'입니다. 사용할 수 있는 값: {NOUNS}, rules, model:이름"
        ) from error
    return bot.reconfigured(bot.config.model_copy(update={"keywords": settings}))


def earlier_measures(path: Path) -> Measures:
    """The measures of each question of an earlier run on answers, abstention or keywords."""
    return earlier(path, "measures")


# -- what is asked ----------------------------------------------------------------------------------------------------


def over_questions(bot: Mundap, questions: Questions) -> Mundap:
    """The workspace itself, or, for a file that brings its own paragraphs, one over those, kept for the next time."""
    if questions.corpus is None:
        return bot
    name = digest(*questions.corpus, size=8)
    root = runs(bot) / "corpora" / name
    over = Mundap(root, bot.config, words=bot.root)
    builder = Builder(name, "")
    for paragraph in dict.fromkeys(questions.corpus):
        builder.add(paragraph, meta={"kind": "제시문"})
    document = builder.document()
    wholes = parents(document)
    chunker = cut_of(bot.config, bot.models).chunker()
    over.corpus.put(
        document,
        wholes,
        [c for whole in wholes for c in chunks(whole, chunker)],
        name,
    )
    over.index()
    return over


def search_of(bot: Mundap, leg: str) -> Callable[[str, int], list[Hit]]:
    """The search of one leg of a workspace, as an evaluation asks it."""
    return lambda question, k: bot.search(question, k=k, leg=leg)
