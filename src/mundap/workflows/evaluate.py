"""How good search, answers, abstention and keywords are on questions whose answers are known, and whether they got better.

Each measurement asks the questions of a file and keeps report.json and report.html in a folder of its own under runs/.
`questions` is that file; `before` an earlier run to compare with, its folder or report.json; `progress` is called with
the questions done and their number.
"""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mundap.config import Keywords
from mundap.errors import ConfigError, MundapError
from mundap.evaluation.abstain import AbstainReport, Supported, abstain_differences, evaluate_abstain, need_both
from mundap.evaluation.answers import GRADES, AnswerReport, Ask, PromiseCheck, evaluate_answers, to_ask
from mundap.evaluation.answers import METRICS as ANSWERED
from mundap.evaluation.answers_page import answers_page
from mundap.evaluation.compare import Measures, differences, earlier_legs, earlier_measures, gold_group
from mundap.evaluation.consistency import VOICE
from mundap.evaluation.encoders import DENSE, HYBRID, EncoderChoice, choose, cost, leg_of
from mundap.evaluation.encoders_page import encoders_page
from mundap.evaluation.estimates import Differences
from mundap.evaluation.judge import Judge
from mundap.evaluation.keywords import MACRO, KeywordReport, evaluate_keywords, read_keywords
from mundap.evaluation.questions import read_questions
from mundap.evaluation.report_pages import abstain_page, keywords_page, retrieval_page
from mundap.evaluation.retrieval import COMPARED, RetrievalReport, Search, ablation, evaluate_retrieval
from mundap.evaluation.twins import Twins
from mundap.generate import make_generator
from mundap.generate.structured import Completer
from mundap.index.grouped import GroupedPassages
from mundap.korean.keywords import keywords as noun_compounds
from mundap.korean.kiwi import kiwi_version
from mundap.korean.normalize import squash
from mundap.protocols import Progress, quiet
from mundap.training.common.registry import CARD
from mundap.types import Hit, Json, Passage
from mundap.workflows import runs, spread
from mundap.workflows.question_files import asked_over, question_file, search_by, without
from mundap.workspace import Mundap

log = logging.getLogger(__name__)

Variants = Callable[[Mundap], Mapping[str, Search]]

NOUNS = "nouns"  # the extractor that needs no rules: every noun compound
_SEARCHED, _ANSWERED, _EXTRACTED = 8, 4, 64  # questions of a batch

# -- retrieval --------------------------------------------------------------------------------------------------------


def retrieval(
    bot: Mundap,
    questions: str | Path,
    *,
    depth: int = 100,
    before: str | Path | None = None,
    variants: Variants | None = None,
    steps: Sequence[str] = (),
    twins: bool = False,
    progress: Progress = quiet,
) -> RetrievalReport:
    """At which rank each leg finds the gold passages, `depth` hits deep (10 or more), and what each step brings.

    By default the ablation adds to the fusion, one by one, what the settings do after it. `variants` makes more searches,
    by name, over the workspace that is asked; they are reported as legs are, and `steps` names those of the ablation, in
    order. With `twins` passages that say the same as another, or differ from it only in numbers and dates, are looked for,
    and every figure is reported with and without counting them as right. Raises BadFile for a file that cannot be read, MundapError where there is nothing to measure or to compare,
    StaleIndex as a search does.
    """
    earlier = earlier_legs(Path(before)) if before is not None else None
    file = question_file(questions)
    asked = read_questions(file)
    over = asked_over(bot, asked)
    names = tuple(over.searchers)
    legs = {name: search_by(over, name) for name in names} | dict((variants or without)(over))
    steps = steps or [over.components.legs[0], *(name for name in legs if name not in names), "hybrid"]
    passages = over.corpus.all_passages()
    corpus = {squash(p.text) for p in passages if p.parent_id == p.id}
    alike = Twins.among(passages) if twins else None
    texts = _distinct(question.question for question in asked.items if question.gold)
    if variants is None and spread.travels(over, len(texts), _SEARCHED):
        legs = _searched(over, legs, texts, depth, {p.id: p for p in passages}, progress)
        progress = quiet
    report = evaluate_retrieval(asked.items, legs, corpus, depth=depth, progress=progress, twins=alike)
    met = sum(over.trained_on(question.question) for question in asked.items)
    if met:
        log.warning(
            "질문 %d개 중 %d개는 리랭커의 학습에 쓰인 질문이므로 점수가 실제보다 높게 나옵니다.", len(asked.items), met
        )
    report = replace(
        report,
        ablation=ablation(report, steps),
        compared=None if earlier is None else report.compared_with(earlier),
        met_in_training=met,
    )
    made = runs.about(bot, "retrieval", file, {"depth": depth, "twins": twins or None}, over)
    page = retrieval_page(report, made, report.compared or {}, report.ablation)
    return replace(report, run=runs.keep(bot, made.kind, {**report.to_json(True), **made.to_json()}, page))


def _searched(
    over: Mundap,
    legs: Mapping[str, Search],
    questions: Sequence[str],
    depth: int,
    passages: Mapping[str, Passage],
    progress: Progress,
) -> dict[str, Search]:
    """The same searches, which workers have done for these questions."""
    numbers = {id: n for n, id in enumerate(passages)}
    held = [*passages.values()]
    found: dict[tuple[str, str], tuple[npt.NDArray[np.int32], tuple[float, ...]]] = {}
    for n, by_leg in spread.each(over, "search", questions, _SEARCHED, about=(depth,), progress=progress):
        for leg, ids, scores in by_leg:
            found[leg, questions[n]] = np.array([numbers[id] for id in ids], np.int32), scores

    def search_of(leg: str) -> Search:
        def search(question: str, k: int) -> list[Hit]:
            rows, scores = found[leg, question]
            return [Hit(held[row], score, n) for n, (row, score) in enumerate(zip(rows, scores, strict=True), 1)]

        return search

    return {leg: search_of(leg) for leg in legs}


# -- encoders ---------------------------------------------------------------------------------------------------------


def encoders(
    bot: Mundap,
    questions: str | Path,
    names: Sequence[str],
    *,
    depth: int = 100,
    progress: Mapping[str, Progress] = {},
) -> EncoderChoice:
    """What the workspace finds as each of these encoders would have it, what each costs, and which one to take.

    The workspace's own encoder, if it is among them, is what the others are compared with, else the first. The index stays
    as it is. `progress` may have "vectors" and "questions". Raises as `retrieval`, and MundapError for fewer than two.
    """
    wanted = sorted(dict.fromkeys(names), key=lambda name: name != bot.config.index.encoder)
    if len(wanted) < 2:
        raise MundapError("비교할 임베딩을 둘 이상 쉼표로 구분해 지정하세요. 예: --encoders e5-small,hashed")
    file = question_file(questions)
    asked = read_questions(file)
    over = asked_over(bot, asked)
    passages = over.corpus.all_passages()
    texts = [passage.embedded for passage in GroupedPassages.of(passages).passages]
    legs: dict[str, Search] = {}
    found = {}
    for name in wanted:
        with_it = over.read_by(name, progress.get("vectors", quiet))
        encoder = with_it.components.encoder
        found[name] = (encoder.name, encoder.dim, cost(encoder, [q.question for q in asked.items], texts))
        legs |= {leg_of(name, leg): search_by(with_it, leg) for leg in (DENSE, HYBRID)}
    corpus = {squash(p.text) for p in passages if p.parent_id == p.id}
    report = evaluate_retrieval(asked.items, legs, corpus, depth=depth, progress=progress.get("questions", quiet))
    choice = choose(report, found)
    made = runs.about(bot, "retrieval", file, {"encoders": ",".join(wanted), "depth": depth}, over)
    kept = {**report.to_json(True), **choice.to_json(), **made.to_json()}
    return replace(choice, run=runs.keep(bot, made.kind, kept, encoders_page(choice, report, made)))


# -- answers ----------------------------------------------------------------------------------------------------------


def answers(
    bot: Mundap,
    questions: str | Path,
    *,
    limit: int | None = None,
    seed: int = 0,
    judge: str = "",
    persona: str | None = None,
    before: str | Path | None = None,
    progress: Progress = quiet,
) -> AnswerReport:
    """How alike the answers are to the recorded ones, what they cite, and when they are withheld.

    `limit` questions are drawn at random by `seed` (default: all are asked). Known questions are not answered from the
    sheet: it is the very sheet that answers are compared with. `judge` names a language model as generators are named;
    its verdicts are kept under runs/, and compared only where the same judge gave both. `persona` answers (default: that
    of the settings). Raises as `retrieval`, ConfigError for a judge that is no language model.
    """
    earlier = earlier_measures(Path(before)) if before is not None else None
    file = question_file(questions)
    found = read_questions(file)
    over = asked_over(bot, found)
    asked = answering(over, persona)
    items = found.items
    if limit is not None and limit < len(items):
        items = tuple(items[n] for n in sorted(random.Random(seed).sample(range(len(items)), limit)))
    voice = asked.components.persona()
    ask: Ask = asked.ask
    texts = _distinct(question.question for question in to_ask(items))
    with closing(_judge(bot, judge)) if judge else nullcontext() as grader:
        if spread.travels(over, len(texts), _ANSWERED):
            ask = spread.by_item(over, "answer", texts, _ANSWERED, about=(persona,), progress=progress).__getitem__
            progress = quiet
        report = evaluate_answers(items, ask, judge=grader, persona=voice, progress=progress)
    same = before is not None and judge and _judge_of(runs.read(Path(before)).report) == _judge_of(report.to_json())
    report = replace(
        report,
        promise=_promise_check(asked, report),
        compared=None
        if earlier is None
        else differences(
            earlier,
            [(one.key, one.measures) for one in report.per_question],
            _answer_metrics(bool(same)),
            [one.group for one in report.per_question],
        ),
    )
    options = {
        "limit": limit,
        "seed": seed,
        "judge": judge or None,
        "persona": asked.config.generate.persona or None,
    }
    made = runs.about(bot, "answers", file, options, asked)
    page = answers_page(report, made, report.compared or {}, report.promise.sentence if report.promise else "")
    return replace(report, run=runs.keep(bot, made.kind, {**report.to_json(True), **made.to_json()}, page))


def answering(over: Mundap, persona: str | None) -> Mundap:
    """The workspace as its answers are measured."""
    voice = {} if persona is None else {"persona": persona}
    generate = over.config.generate.model_copy(update={"faq": False, **voice})
    return over.reconfigured(over.config.model_copy(update={"generate": generate}))


def _answer_metrics(same_judge: bool) -> tuple[str, ...]:
    return (*ANSWERED, *(GRADES if same_judge else ()), *VOICE, "refused")


def _promise_check(asked: Mundap, report: AnswerReport) -> PromiseCheck | None:
    """What became of the promise of the workspace's calibration; None without one.

    "held" is None where it says nothing: an answer needs less support than was promised for, or nothing was answered.
    """
    settings = asked.config.generate
    card = asked.components.models / settings.support / CARD
    if not settings.support or not card.is_file():
        return None
    promise = json.loads(card.read_text("utf-8")).get("promise")
    if not promise or promise["threshold"] is None:
        return None
    most, confidence, threshold = (float(promise[name]) for name in ("wrong", "confidence", "threshold"))
    held = None
    if settings.min_support < threshold:
        said = f"오답률 보장은 임계값 {threshold}에서만 유효하지만, 현재 임계값은 {settings.min_support}입니다."
    elif report.wrong is None:
        said = "답한 질문이 없어 오답률 보장을 확인할 수 없습니다."
    else:
        held = report.wrong.mean <= most
        verdict = "지켜졌습니다" if held else "지켜지지 않았습니다"
        said = (
            f"오답률 {most:.0%} 이하(신뢰 수준 {confidence:.0%}) 보장이 이 질문들에서 {verdict}:"
            f" 답한 질문 {report.wrong.n}개의 오답률 {report.wrong.mean:.1%}."
        )
    return PromiseCheck(settings.support, most, confidence, threshold, held, said)


def _judge_of(report: Mapping[str, Json]) -> tuple[Json, Json] | None:
    judge = report.get("judge")
    return (judge["name"], judge["prompt"]) if isinstance(judge, Mapping) else None


def _judge(bot: Mundap, spec: str) -> Judge:
    settings = bot.config.generate
    generator = make_generator(
        spec,
        refusal="",
        folder=bot.root,
        models=bot.components.models,
        context_tokens=settings.context_tokens,
        timeout=settings.timeout,
        time_limit=settings.time_limit,
        threads=settings.threads,
    )
    if not isinstance(generator, Completer):
        raise ConfigError(
            f"'{spec}'은(는) 채점에 사용할 수 없는 모델입니다. 'gguf:models/my.gguf'나 'openai:http://127.0.0.1:11434/v1#qwen3' 형식으로 지정하세요."
        )
    return Judge(generator, runs.folder(bot) / "verdicts.sqlite")


# -- abstention -------------------------------------------------------------------------------------------------------


def abstain(
    bot: Mundap, questions: str | Path, *, before: str | Path | None = None, progress: Progress = quiet
) -> AbstainReport:
    """How well support tells answerable questions from those without gold, at the workspace's own threshold.

    Raises as `retrieval`, MundapError unless there are questions of both kinds.
    """
    earlier = earlier_measures(Path(before)) if before is not None else None
    file = question_file(questions)
    found = read_questions(file)
    answerable = sum(bool(question.gold) for question in found.items)
    need_both(answerable, len(found.items) - answerable)
    over = asked_over(bot, found)
    support: Callable[[str], float] = over.support
    texts = _distinct(question.question for question in found.items)
    if spread.travels(over, len(texts), _ANSWERED):
        support = spread.by_item(over, "support", texts, _ANSWERED, progress=progress).__getitem__
        progress = quiet
    asked = []
    for done, question in enumerate(found.items, 1):
        asked.append(Supported(question, support(question.question)))
        progress(done, len(found.items))
    threshold = over.config.generate.min_support
    wanted = [one.support for one in asked if one.question.gold]
    unwanted = [one.support for one in asked if not one.question.gold]
    report = replace(
        evaluate_abstain(wanted, unwanted, threshold),
        per_question=tuple(asked),
        compared=None
        if earlier is None
        else abstain_differences(earlier, [(one.key, one.measures(threshold)) for one in asked]),
    )
    made = runs.about(bot, "abstain", file, {}, over)
    page = abstain_page(report, made, asked, report.compared or {})
    return replace(report, run=runs.keep(bot, made.kind, {**report.to_json(True), **made.to_json()}, page))


# -- keywords ---------------------------------------------------------------------------------------------------------


def keywords(
    bot: Mundap,
    questions: str | Path,
    *,
    extractor: str = "",
    before: str | Path | None = None,
    progress: Progress = quiet,
) -> KeywordReport:
    """How many of the keywords of a keyword TSV are found, and how many others.

    `extractor` is one as [keywords] extractor names it (default: that one), or NOUNS: the noun compounds of Kiwi.
    Raises BadFile for a file that cannot be read, ConfigError for any other extractor or a user dictionary that is not
    there.
    """
    earlier = earlier_measures(Path(before)) if before is not None else None
    file = question_file(questions)
    tagged = read_keywords(file)
    extract = extractor_of(bot, extractor)
    name = NOUNS if extractor == NOUNS else _extracting(bot, extractor).config.keywords.extractor
    texts = _distinct(one.question for one in tagged)
    if spread.travels(bot, len(texts), _EXTRACTED):
        words = spread.by_item(bot, "keywords", texts, _EXTRACTED, about=(extractor,), progress=progress)
        extract, progress = lambda some: [list(words[text]) for text in some], quiet
    report = evaluate_keywords(
        tagged,
        extract,
        extractor=name if name.startswith("model:") else f"{name}-{kiwi_version()}",
        progress=progress,
    )
    if earlier is not None:
        after = [(one.key, one.measures) for one in report.per_question]
        report = replace(report, compared=differences(earlier, after, MACRO))
    made = runs.about(bot, "keywords", file, {"extractor": extractor or None}, None)
    page = keywords_page(report, made, report.compared or {})
    return replace(report, run=runs.keep(bot, made.kind, {**report.to_json(True), **made.to_json()}, page))


def extractor_of(bot: Mundap, extractor: str) -> Callable[[Sequence[str]], list[list[str]]]:
    """What `extractor` names. Raises ConfigError as `keywords`."""
    if extractor != NOUNS:
        return _extracting(bot, extractor).keywords
    words = bot.components.user_dictionary
    return lambda texts: noun_compounds(texts, words)


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


def _distinct(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


# -- two runs ---------------------------------------------------------------------------------------------------------


def compare(before: str | Path, after: str | Path) -> dict[str, Differences]:
    """What changed from one kept run to another of the same kind, over the questions that both asked.

    By leg for runs on retrieval, else under the kind's name. Raises MundapError for what is no such run, or where the
    runs have no question in common.
    """
    one, other = runs.read(Path(before)), runs.read(Path(after))
    if one.kind != other.kind or one.kind not in ("retrieval", "answers", "abstain", "keywords"):
        raise MundapError(f"'{one.name}'과(와) '{other.name}'은(는) 종류가 다른 평가라서 비교할 수 없습니다.")
    if one.kind == "retrieval":
        olds, news = earlier_legs(one.folder), earlier_legs(other.folder)
        return {leg: _changed(olds[leg], measured, COMPARED) for leg, measured in news.items() if leg in olds}
    old, new = earlier_measures(one.folder), earlier_measures(other.folder)
    if one.kind == "abstain":
        return {one.kind: abstain_differences(old, list(new.items()))}
    if one.kind == "keywords":
        return {one.kind: differences(old, list(new.items()), MACRO)}
    return {one.kind: _changed(old, new, _answer_metrics(_judge_of(one.report) == _judge_of(other.report)))}


def _changed(before: Measures, after: Measures, metrics: Sequence[str]) -> Differences:
    groups = [gold_group(question, gold) for question, gold in after]
    return differences(before, list(after.items()), metrics, groups)
