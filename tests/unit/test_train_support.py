"""A calibration learns from questions with and without their passage, and says what it is worth on others."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.shown import shown

from mundap.errors import MundapError
from mundap.evaluation.questions import Question
from mundap.generate.evidence import Line, ReaderModel, default_model, shipped
from mundap.generate.reading import Reader
from mundap.generate.support import FEATURES, read_calibration
from mundap.training.reader.config import SupportConfig
from mundap.training.reader.fit_support import (
    FEWEST,
    FOLDS,
    PASSES,
    Sample,
    SupportExample,
    calibrate,
    chances,
    prior_of,
    read_all,
    sample,
    save,
)
from mundap.types import Hit

from .test_support import hits

WORDS = "연차 출장 주차 병가 급여 교육 보안 회의".split()
NEAR, COVERAGE = FEATURES.index("near"), FEATURES.index("coverage")
NO_PRIOR = Line({}, 0.0)


def drawn(n: int, seed: int) -> Sample:
    """Answerable questions have cosines around .9 and unanswerable ones around .8; their coverage says nothing."""
    chance = np.random.default_rng(seed)
    answerable = np.arange(n) % 2 == 0
    found = np.zeros((n, len(FEATURES)))
    found[:, NEAR] = np.where(answerable, 0.9, 0.8) + chance.normal(0, 0.02, n)
    found[:, COVERAGE] = chance.uniform(0, 1, n)
    groups = tuple(str(row // 4) for row in range(n))
    return Sample(found, answerable, np.full(n, 0.5), groups, answerable, np.zeros(n, np.bool_), np.ones(n, np.bool_))


def test_what_tells_the_kinds_apart_is_found_and_what_does_not_is_left_out() -> None:
    line = calibrate(drawn(400, 1), NO_PRIOR, strength=0.01).line
    assert line.weights["near"] > 20 * abs(line.weights["coverage"])
    near, far = np.zeros(len(FEATURES)), np.zeros(len(FEATURES))
    near[[NEAR, COVERAGE]], far[[NEAR, COVERAGE]] = (0.9, 0.5), (0.8, 0.5)
    assert chances(line, near[None])[0] > 0.9
    assert chances(line, far[None])[0] < 0.1


def test_weights_that_are_fixed_keep_their_order_and_say_how_sure_they_are() -> None:
    made = replace(drawn(400, 9), fixed=True)
    prior = Line({"near": 10.0, "coverage": 10.0}, -14.0)  # which coverage misleads
    line = calibrate(made, prior).line
    assert line.weights["near"] == pytest.approx(line.weights["coverage"])
    before, after = chances(prior, made.found), chances(line, made.found)
    assert np.argsort(before).tolist() == np.argsort(after).tolist()
    assert ((after - made.answerable) ** 2).mean() < ((before - made.answerable) ** 2).mean()


def test_the_report_is_of_questions_that_were_not_fitted() -> None:
    report = calibrate(drawn(400, 2), NO_PRIOR, strength=0.01).report
    assert report.before.auroc == 0.5
    assert report.after.auroc > 0.98
    assert report.after.calibration_error < 0.05
    assert report.answered == pytest.approx(PASSES, abs=0.02)
    assert report.promise is None


def test_noise_promises_nothing() -> None:
    made = drawn(400, 3)
    noise = np.random.default_rng(4).permutation(made.answerable)
    assert abs(calibrate(replace(made, answerable=noise), NO_PRIOR).report.after.auroc - 0.5) < 0.1


@pytest.mark.slow
def test_a_small_sheet_stays_near_to_the_weights_in_use_and_a_large_one_leaves_them() -> None:
    prior = Line({"near": 5.0, "coverage": 8.0}, -3.0)
    small, large = (calibrate(drawn(n, 5), prior).line.weights["coverage"] for n in (60, 200_000))
    assert abs(small - 8.0) < abs(large - 8.0)
    assert abs(large) < 1


def test_a_threshold_with_a_promise_and_one_that_cannot_have_it() -> None:
    made = drawn(1000, 6)
    doubtful = made.found[:, NEAR] < 0.87
    made = replace(made, wrong=doubtful & made.answerable)
    kept = calibrate(made, NO_PRIOR, SupportConfig(0.05, 0.9)).report
    assert kept.promise is not None
    assert kept.verdict == "better"
    assert kept.threshold == kept.promise.threshold == shown(kept)["promise"]["threshold"]
    assert kept.promise.n == made.real.sum()
    assert kept.promise.missed <= 0.05 * kept.promise.answered
    assert shown(kept)["promise"]["sentence"] == kept.promise.sentence
    never = calibrate(replace(made, wrong=made.real), NO_PRIOR, SupportConfig(0.05, 0.9)).report
    assert never.promise is not None
    assert never.promise.threshold is None
    assert never.verdict == "same"
    assert 0 < never.threshold < 1  # that of the answerable questions


TEXTS = [
    f"{a} 규정은 {b} 담당자가 정합니다. {n}조에 있습니다."
    for n, (a, b) in enumerate(zip(WORDS * 5, WORDS[::-1] * 5, strict=True))
]
HITS = hits(*TEXTS)
ASKED = [Question(f"{text[:9]} {n}?", (text,)) for n, text in enumerate(TEXTS)]


def find(question: str, k: int) -> list[Hit]:
    right = int(question.split()[-1].rstrip("?"))
    return [HITS[right], *(hit for hit in HITS if hit is not HITS[right])][:k]


def read(questions: list[Question]) -> list[SupportExample]:
    return [one for some in read_all(questions, 2, find, Reader().read) for one in some]


def test_every_question_is_read_with_its_passage_and_without_it() -> None:
    asked = read(ASKED)
    made = sample(asked)
    assert made.answerable.sum() == (~made.answerable).sum() == len(TEXTS)
    assert made.found[made.answerable][:, COVERAGE].mean() > made.found[~made.answerable][:, COVERAGE].mean()
    assert made.real.tolist() == made.answerable.tolist()
    assert not made.wrong.any()  # every answer cites the one right passage
    for one, other in zip(asked[::2], asked[1::2], strict=True):
        assert one.group == other.group
        assert not one.golds & {hit.passage.text for hit in other.evidence.hits}


def test_a_question_without_a_passage_is_wrong_if_it_is_answered() -> None:
    unknown = Question("오로라는 어디 0?")
    made = sample(read([*ASKED, unknown]))
    assert (made.answerable[-1], made.real[-1], made.wrong[-1]) == (False, True, True)


def test_an_answer_from_another_passage_is_wrong() -> None:
    mistaken = [replace(question, gold=("다른 글",)) for question in ASKED]
    made = sample(read([*ASKED, *mistaken]))
    wrong = made.wrong[made.real].tolist()
    assert wrong == [False] * len(ASKED) + [True] * len(mistaken)


def test_a_passage_that_was_not_found_says_nothing_of_support() -> None:
    mistaken = [replace(question, gold=("다른 글",)) for question in ASKED[:3]]
    assert [one.counted for one in read([*ASKED[3:], *mistaken]) if one.real][-4:] == [True, False, False, False]


def test_a_question_that_another_passage_answers_too_is_not_unanswerable_without_its_own() -> None:
    twice = [replace(question, answer="담당자가 정합니다.") for question in ASKED[:3]]
    once = [replace(question, answer="열람실은 지하에 있습니다.") for question in ASKED[:3]]
    assert [one.real for one in read(twice)] == [True, False] * 3
    for one in read(twice)[1::2]:  # only without the sentences that answer
        assert "정합니다" not in "".join(sentence.text for sentence in one.evidence.sentences)
    assert [one.real for one in read(once)] == [True, False] * 3


def test_weights_for_the_encoder_are_fitted_anew_only_to_enough_questions_without_an_answer() -> None:
    known = next(name for name, model in shipped().items() if model is not default_model(""))
    asked = [replace(one, evidence=replace(one.evidence, encoder=known)) for one in read(ASKED)]
    unanswered = [replace(one, answerable=False) for one in asked if one.real][:FEWEST]
    assert sample(asked).fixed
    assert sample([*asked, *unanswered[1:]]).fixed
    assert not sample([*asked, *unanswered]).fixed
    assert not sample(read(ASKED)).fixed  # without an encoder


def test_too_few_questions_are_counted() -> None:
    with pytest.raises(MundapError, match="최소 30개"):
        sample(read(ASKED[:5]))


def test_the_support_before_is_that_of_the_calibration_or_the_model_in_use() -> None:
    asked = read(ASKED)
    mine, model = Line({}, 1.0), ReaderModel(default_model("").sentences, Line({}, -1.0))
    assert sample(asked, mine, model).before == pytest.approx(1 / (1 + np.exp(-1.0)))
    assert sample(asked, None, model).before == pytest.approx(1 / (1 + np.exp(1.0)))
    assert prior_of(asked, model) == model.support
    assert prior_of(asked, None) == default_model("").support


def test_what_is_kept_is_read_again_and_only_for_its_encoder(tmp_path: Path) -> None:
    made = calibrate(drawn(200, 5), NO_PRIOR)
    save(made, "e5", tmp_path)
    assert read_calibration(tmp_path, "e5") == made.line
    assert json.loads((tmp_path / "support.json").read_text())["kind"] == "support"
    with pytest.raises(MundapError, match="train support"):
        read_calibration(tmp_path, "hashed")
    with pytest.raises(MundapError, match="train support"):
        read_calibration(tmp_path / "none", "e5")


def test_progress_counts_questions_and_folds() -> None:
    read, folds = [], []
    list(read_all(ASKED[:3], 2, find, Reader().read, lambda *at: read.append(at)))
    calibrate(drawn(200, 7), NO_PRIOR, progress=lambda *at: folds.append(at))
    assert read[-1] == (3, 3)
    assert folds[-1] == (FOLDS, FOLDS)
