"""How good the answers are: against the recorded ones, in what they cite, and in when they are withheld."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from mundap.errors import MundapError
from mundap.evaluation.answer_metrics import chrf, morpheme_f1, rouge
from mundap.evaluation.bootstrap import RESAMPLES
from mundap.evaluation.compare import Key, gold_group
from mundap.evaluation.consistency import Consistency, Voice, consistency, voice
from mundap.evaluation.estimates import (
    Differences,
    Estimate,
    Estimates,
    differences_json,
    estimate,
    estimate_each,
    estimate_ratio,
)
from mundap.evaluation.judge import PROMPT_VERSION, Judge, Verdict
from mundap.evaluation.markup import notebook_table
from mundap.evaluation.metrics import character_f1, exact_match, first_right
from mundap.evaluation.questions import Question
from mundap.extras import Untyped, data_frame
from mundap.generate.cite import repair
from mundap.generate.persona import Persona, body
from mundap.korean.normalize import squash
from mundap.protocols import Progress, quiet
from mundap.types import Answer, Citation, Json

Ask = Callable[[str], Answer]

METRICS = (
    "exact_match",
    "character_f1",
    "morpheme_f1",
    "chrf",
    "rouge1",
    "rouge2",
    "rougeL",
    "citation_precision",
    "citation_recall",
)
GRADES = ("correctness", "faithfulness")
_JUDGED_BY = 3  # hits that stand for the passages of an answer that cites none


@dataclass(frozen=True, slots=True)
class Answered:
    """A question, what was answered, and how that compares; `verdict` is None if there is no judge or no verdict.

    `measures` holds METRICS where the question has a recorded answer, all 0.0 for an abstention, and
    GRADES where there is a verdict, and VOICE where a persona answered; or, where the question is unanswerable, "refused". `gold_rank` is
    that of the first gold passage among the answer's hits. `quotes` says of each citation whether its
    quote stands in its passage, and `golden` whether that passage is a gold one. `consistency` is there
    if a persona answered, and did not refuse.
    """

    question: Question
    answer: Answer
    measures: Mapping[str, float]
    gold_rank: int | None
    quotes: tuple[bool, ...]
    golden: tuple[bool, ...]
    verdict: Verdict | None = None
    consistency: Consistency | None = None

    @property
    def wrong(self) -> bool:
        """Whether it was answered though the question is unanswerable, or without citing a gold passage."""
        return not self.answer.abstained and not any(self.golden)

    @property
    def key(self) -> Key:
        """What two runs join on."""
        return self.question.question, self.question.gold

    @property
    def group(self) -> tuple[str, ...]:
        """What questions on the same gold share; an unanswerable one is by itself."""
        return gold_group(self.question.question, self.question.gold)

    def to_json(self) -> dict[str, Json]:
        """All of it but the texts of the passages."""
        cited = zip(self.answer.citations, self.quotes, self.golden, strict=True)
        return {
            "question": self.question.question,
            "gold": list(self.question.gold),
            "row": self.question.row,
            "reference": self.question.answer,
            "answer": self.answer.text,
            "abstained": self.answer.abstained,
            "model": self.answer.model,
            "citations": [
                {"passage_id": c.passage_id, "source": c.source, "quote": c.quote, "stands": stands, "gold": gold}
                for c, stands, gold in cited
            ],
            "hits": [hit.passage.id for hit in self.answer.hits],
            "gold_rank": self.gold_rank,
            "measures": dict(self.measures),
            "verdict": self.verdict.to_json() if self.verdict else None,
            "consistency": self.consistency.to_json() if self.consistency else None,
        }


@dataclass(frozen=True, slots=True)
class PromiseCheck:
    """Whether the most `wrong` answers, as a share, that the calibration `model` promises for answers with a support of
    `threshold` or more, and at this `confidence`, was kept in these answers.

    `held` is None where they say nothing of it; `sentence` says so to whoever reads the report.
    """

    model: str
    wrong: float
    confidence: float
    threshold: float
    held: bool | None
    sentence: str

    def to_json(self) -> dict[str, Json]:
        """The fields by name."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class AnswerReport:
    """What became of the questions with a recorded answer, and of the unanswerable ones.

    `everything` is over all `n` questions, an abstention counting 0.0 in each metric; `answered` over
    those that were answered. `quotes` is the share of the citations that were made whose quote stands in its passage
    (None without citations). `refused` is over the unanswerable questions. `wrong` is over all that was
    answered, of both kinds: the share that cites no gold passage (None if nothing was answered). `grades` is
    over the answers that `judge` gave a verdict on; `without_verdict` others it did not.
    `without_answer` questions have gold but no recorded answer, and were not asked. `voice` says how the
    answers kept to the persona, if one answered. Where a workspace was measured, `promise` says whether what its
    calibration promises held, `compared` what changed since an earlier run (None without one), and `run` where all is kept.
    """

    n: int
    without_answer: int
    everything: Estimates
    answered: Estimates
    quotes: Estimate | None
    refused: Estimates
    judge: str
    grades: Estimates
    wrong: Estimate | None
    without_verdict: int
    models: tuple[str, ...]
    resamples: int
    seed: int
    voice: Voice | None
    per_question: tuple[Answered, ...]
    promise: PromiseCheck | None = None
    compared: Differences | None = None
    run: Path | None = None

    def to_json(self, per_question: bool = False) -> dict[str, Json]:
        """`{"n", "abstained", "all": {…}, "answered": {…}, "quotes": {…}, "unanswerable": {…}, "judge": …}`."""
        judged: dict[str, Json] = {
            "name": self.judge,
            "prompt": PROMPT_VERSION,
            "without_verdict": self.without_verdict,
        }
        quotes, wrong = self.quotes, self.wrong
        shown: dict[str, Json] = {
            "n": self.n,
            "abstained": self.n - self.answered.n,
            "without_answer": self.without_answer,
            "all": self.everything.to_json(),
            "answered": self.answered.to_json(),
            "quotes": {
                "n": quotes.n if quotes else 0,
                "validity": quotes.mean if quotes else None,
                "ci95": list(quotes.ci95) if quotes else None,
            },
            "unanswerable": self.refused.to_json(),
            "wrong": {"n": wrong.n, **wrong.to_json()} if wrong else {"n": 0, "mean": None, "ci95": None},
            "judge": judged | self.grades.to_json() if self.judge else None,
            "persona": self.voice.to_json() if self.voice else None,
            "models": list(self.models),
            "resamples": self.resamples,
            "seed": self.seed,
        }
        if per_question:
            shown["per_question"] = [asked.to_json() for asked in self.per_question]
        elif self.run:
            shown["run"] = str(self.run)
        if per_question or self.run:
            shown["promise"] = self.promise.to_json() if self.promise else None
        if per_question or self.compared is not None:
            shown["compared"] = differences_json(self.compared or {})
        return shown

    def to_pandas(self) -> Untyped:
        """A row for each question: its text, what was answered, and its figures. Raises MissingExtra without pandas."""
        return data_frame(
            [
                {
                    "question": one.question.question,
                    "row": one.question.row,
                    "reference": one.question.answer,
                    "answer": one.answer.text,
                    "abstained": one.answer.abstained,
                    "gold_rank": one.gold_rank,
                    **one.measures,
                }
                for one in self.per_question
            ]
        )

    def _repr_html_(self) -> str:
        both = (self.everything, self.answered)
        rows = [[metric, *(str(one[metric]) if metric in one else "–" for one in both)] for metric in METRICS]
        return notebook_table(["", *(f"n = {one.n}" for one in both)], rows)


def to_ask(questions: Sequence[Question]) -> list[Question]:
    """Those that have a recorded answer, and those that have no gold."""
    return [question for question in questions if question.answer or not question.gold]


def evaluate_answers(
    questions: Sequence[Question],
    ask: Ask,
    *,
    judge: Judge | None = None,
    persona: Persona | None = None,
    progress: Progress = quiet,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> AnswerReport:
    """Ask each question that has a recorded answer, and each that has no gold, and compare.

    Citation markers, and the closing phrase of the `persona` that `ask` answers as, are no part of an answer here. A citation is right when its parent passage is a
    gold one, white space aside: precision is the share of right citations, 0.0 for an answer without
    any, and recall the share of gold passages that are cited (Gao et al., EMNLP 2023, with gold
    passages in place of an entailment model). Intervals draw gold passages with their questions.

    Raises MundapError if there is nothing to ask; what `ask` and `judge` raise ends the measurement.
    """
    wanted = to_ask(questions)
    if not wanted:
        raise MundapError(
            "답변이 있는 질문도 제시문이 빈 질문도 없어 답변을 평가할 수 없습니다. 질문 파일의 답변을 채우세요."
        )
    found = []
    for done, question in enumerate(wanted, 1):
        found.append(_compare(question, ask(question.question), judge, persona))
        progress(done, len(wanted))
    recorded = [asked for asked in found if asked.question.gold]
    answered = [asked for asked in recorded if not asked.answer.abstained]
    graded = [asked for asked in recorded if asked.verdict]
    given = [asked for asked in found if not asked.answer.abstained]
    spoken = [(asked.consistency, asked.group) for asked in found if asked.consistency]

    def figures(over: Sequence[Answered], metrics: Sequence[str]) -> Estimates:
        table = [[asked.measures[metric] for metric in metrics] for asked in over]
        return estimate_each(metrics, table, groups=[asked.group for asked in over], resamples=resamples, seed=seed)

    return AnswerReport(
        n=len(recorded),
        without_answer=len(questions) - len(wanted),
        everything=figures(recorded, METRICS),
        answered=figures(answered, METRICS),
        quotes=estimate_ratio(
            [sum(asked.quotes) for asked in found],
            [len(asked.quotes) for asked in found],
            groups=[asked.group for asked in found],
            resamples=resamples,
            seed=seed,
        )
        if any(asked.quotes for asked in found)
        else None,
        refused=figures([asked for asked in found if not asked.question.gold], ["refused"]),
        judge=judge.name if judge else "",
        grades=figures(graded, GRADES),
        wrong=estimate(
            [float(asked.wrong) for asked in given],
            groups=[asked.group for asked in given],
            resamples=resamples,
            seed=seed,
        )
        if given
        else None,
        without_verdict=len(answered) - len(graded) if judge else 0,
        models=tuple(sorted({asked.answer.model for asked in found})),
        resamples=resamples,
        seed=seed,
        voice=voice(
            persona, [c for c, _ in spoken], groups=[group for _, group in spoken], resamples=resamples, seed=seed
        )
        if persona
        else None,
        per_question=tuple(found),
    )


def _compare(question: Question, answer: Answer, judge: Judge | None, persona: Persona | None) -> Answered:
    golds = {squash(gold) for gold in question.gold}
    texts = {hit.passage.id: squash(hit.passage.text) for hit in answer.hits}
    passages = [texts.get(citation.passage_id, "") for citation in answer.citations]
    quotes = tuple(_stands(c, text) for c, text in zip(answer.citations, passages, strict=True))
    golden = tuple(text in golds for text in passages)
    measures: dict[str, float]
    verdict = None
    if not question.gold:
        measures = {"refused": float(answer.abstained)}
    elif answer.abstained:
        measures = dict.fromkeys(METRICS, 0.0)
    else:
        said = repair(answer.text, 0)
        said = body(persona, said) if persona else said
        measures = _texts(said, question.answer) | {
            "citation_precision": sum(golden) / len(golden) if golden else 0.0,
            "citation_recall": len(golds.intersection(passages)) / len(golds),
        }
        verdict = judge.verdict(question.question, question.answer, said, _context(answer)) if judge else None
        if verdict:
            measures |= {"correctness": float(verdict.correctness), "faithfulness": float(verdict.faithfulness)}
    rank = first_right([texts[hit.passage.id] in golds for hit in answer.hits])
    kept = None
    if persona and not answer.abstained:
        kept = consistency(persona, answer.text)
        measures |= kept.measures(persona)
    return Answered(question, answer, measures, rank, quotes, golden, verdict, kept)


def _texts(said: str, recorded: str) -> dict[str, float]:
    shared = rouge(said, recorded)
    return {
        "exact_match": exact_match(said, recorded),
        "character_f1": character_f1(said, recorded),
        "morpheme_f1": morpheme_f1(said, recorded),
        "chrf": chrf(said, recorded),
        "rouge1": shared.one,
        "rouge2": shared.two,
        "rougeL": shared.longest,
    }


def _stands(citation: Citation, passage: str) -> bool:
    quote = squash(citation.quote)
    return bool(quote) and quote in passage


def _context(answer: Answer) -> list[str]:
    """What the answer rests on: the passages it cites, or, if it cites none, the first ones that were found."""
    cited = {citation.passage_id for citation in answer.citations}
    texts = [hit.passage.text for hit in answer.hits if hit.passage.id in cited]
    return texts or [hit.passage.text for hit in answer.hits[:_JUDGED_BY]]
