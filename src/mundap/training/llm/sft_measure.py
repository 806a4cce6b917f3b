"""What a language model answers to held-out questions, before and after it was trained, over the same passages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from time import perf_counter
from types import ModuleType

from mundap.errors import GeneratorError
from mundap.evaluation.answers import Answered, evaluate_answers
from mundap.evaluation.estimates import Comparison, Comparisons, Difference, Estimate, estimate, paired_difference
from mundap.evaluation.questions import Question
from mundap.extras import Untyped, need
from mundap.generate.cite import repair
from mundap.generate.compose import compose, last
from mundap.generate.reading import Reader
from mundap.protocols import Progress, quiet
from mundap.training.common.measure import verdict_on
from mundap.training.common.registry import Verdict
from mundap.training.common.untyped import Model, Tensor, Tokenizer
from mundap.types import Answer, Hit, Json

METRICS = ("character_f1", "morpheme_f1", "chrf", "rougeL", "citation_precision", "supported", "answered", "refused")
AT_ONCE = 8  # questions


@dataclass(frozen=True)
class Tested:
    """A held-out question and how it is put to the model. No `gold` means that the passages do not hold the answer."""

    question: Question
    hits: tuple[Hit, ...]
    prompt: tuple[int, ...]


def write(
    model: Model,
    words: Tokenizer,
    prompts: Sequence[Sequence[int]],
    ends: Sequence[int],
    most: int,
    stops: Sequence[str] = (),
    progress: Progress = quiet,
) -> list[str]:
    """How the model goes on after each prompt, without chance, to one of the tokens `ends`, before one of the texts
    `stops`, or for `most` tokens."""
    torch = need("torch", extra="train")
    transformers = need("transformers", extra="train")
    settings = transformers.GenerationConfig(
        do_sample=False, max_new_tokens=most, eos_token_id=list(ends), pad_token_id=words.pad_token_id
    )
    order = sorted(range(len(prompts)), key=lambda n: len(prompts[n]))
    found = [""] * len(prompts)
    model.eval()
    for first in range(0, len(order), AT_ONCE):
        some = order[first : first + AT_ONCE]
        width = max(len(prompts[n]) for n in some)
        rows = [[words.pad_token_id] * (width - len(prompts[n])) + list(prompts[n]) for n in some]
        mask = [[0] * (width - len(prompts[n])) + [1] * len(prompts[n]) for n in some]
        with torch.inference_mode():
            said = model.generate(
                input_ids=torch.tensor(rows, device=model.device),
                attention_mask=torch.tensor(mask, device=model.device),
                generation_config=settings,
                stopping_criteria=_stopping(torch, transformers, words, width, stops),
            )
        for n, ids in zip(some, said[:, width:].tolist(), strict=True):
            text = words.decode(ids, skip_special_tokens=True)
            found[n] = text[: min((at for at in map(text.find, stops) if at >= 0), default=len(text))]
        progress(min(first + AT_ONCE, len(order)), len(order))
    return found


def _stopping(
    torch: ModuleType, transformers: ModuleType, words: Tokenizer, width: int, stops: Sequence[str]
) -> Untyped:
    def reached(ids: Tensor, scores: Tensor, **_: object) -> Tensor:
        tails = words.batch_decode(ids[:, max(width, ids.shape[1] - 16) :])
        return torch.tensor([any(stop in tail for stop in stops) for tail in tails], device=ids.device)

    return transformers.StoppingCriteriaList([reached] if stops else [])


def answers(tested: Sequence[Tested], texts: Sequence[str], refusal: str, name: str) -> list[Answered]:
    """Each text as the answer that a generator would make of it, compared with the recorded one."""
    made = {one.question.question: _answer(one, text, refusal, name) for one, text in zip(tested, texts, strict=True)}
    report = evaluate_answers([one.question for one in tested], made.__getitem__, resamples=2)
    return list(report.per_question)


def _answer(one: Tested, text: str, refusal: str, name: str) -> Answer:
    pieces = (piece for piece in [text])
    asked = one.question.question
    try:
        with closing(
            compose(asked, one.hits, len(one.hits), pieces, refusal=refusal, model=name, started=perf_counter())
        ) as stream:  # type: ignore[type-var]
            return last(stream)
    except GeneratorError:  # nothing was written
        return Answer(asked, "", (), one.hits, False, {}, name)


def figures(answered: Sequence[Answered]) -> list[dict[str, float]]:
    """METRICS of each answer, those that it has: "supported" is the weight of its words that the shown passages hold."""
    reader = Reader()
    found = []
    for one in answered:
        measures = {metric: value for metric, value in one.measures.items() if metric in METRICS}
        if one.question.gold:
            measures["answered"] = float(not one.answer.abstained)
            if not one.answer.abstained and one.answer.hits:
                shown = "\n".join(hit.passage.text for hit in one.answer.hits)
                measures["supported"] = reader.shares(repair(one.answer.text, 0), [shown])[0]
        found.append(measures)
    return found


@dataclass(frozen=True)
class AnswerChanges:
    """METRICS before and after training, of `n` questions that can be answered and those `unanswerable`.

    A metric is of the answers that have it: those of before and of after may be others, and there may be none. The
    differences are over the questions that have it both times.
    """

    n: int
    unanswerable: int
    before: Mapping[str, Estimate]
    after: Mapping[str, Estimate]
    differences: Mapping[str, Difference]

    @property
    def comparisons(self) -> Comparisons:
        """Of the metrics that there are both times."""
        both = self.differences.items()
        return Comparisons({name: Comparison(self.before[name], self.after[name], change) for name, change in both})

    @property
    def verdict(self) -> Verdict:
        """Whether answers are more like the recorded ones, beyond chance, and refusals are not rarer beyond chance."""
        likeness, refused = (self._verdict(metric) for metric in ("morpheme_f1", "refused"))
        return "worse" if "worse" in (likeness, refused) else likeness

    def to_json(self) -> dict[str, Json]:
        """`{"n", "unanswerable", "before", "after", "difference"}`, the last three with a figure for each metric."""
        return {
            "n": self.n,
            "unanswerable": self.unanswerable,
            "before": {name: {"n": one.n, **one.to_json()} for name, one in self.before.items()},
            "after": {name: {"n": one.n, **one.to_json()} for name, one in self.after.items()},
            "difference": {name: change.to_json() for name, change in self.differences.items()},
        }

    def _verdict(self, metric: str) -> Verdict:
        return verdict_on(self.differences[metric]) if metric in self.differences else "same"


def compared(before: Sequence[Answered], after: Sequence[Answered]) -> AnswerChanges:
    """Answers to the same questions in the same order; groups of questions on one passage are drawn together."""
    old, new = figures(before), figures(after)
    groups = [one.group for one in after]
    return AnswerChanges(
        n=sum(bool(one.question.gold) for one in after),
        unanswerable=sum(not one.question.gold for one in after),
        before=_means(old, groups),
        after=_means(new, groups),
        differences=_differences(old, new, groups),
    )


def _means(measured: Sequence[Mapping[str, float]], groups: Sequence[tuple[str, ...]]) -> dict[str, Estimate]:
    found = {}
    for metric in METRICS:
        some = [n for n, measures in enumerate(measured) if metric in measures]
        if some:
            found[metric] = estimate([measured[n][metric] for n in some], groups=[groups[n] for n in some])
    return found


def _differences(
    old: Sequence[Mapping[str, float]], new: Sequence[Mapping[str, float]], groups: Sequence[tuple[str, ...]]
) -> dict[str, Difference]:
    found = {}
    for metric in METRICS:
        both = [n for n, (was, now) in enumerate(zip(old, new, strict=True)) if metric in was and metric in now]
        if both:
            was, now = ([side[n][metric] for n in both] for side in (old, new))
            found[metric] = paired_difference(was, now, groups=[groups[n] for n in both])
    return found
