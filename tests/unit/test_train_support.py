"""A calibration learns from questions with and without their passage, and says what it is worth on others."""

import json
from pathlib import Path

import numpy as np
import pytest

from mundap.errors import MundapError
from mundap.evaluate.questions import Question
from mundap.generate.reading import Reader
from mundap.generate.support import Calibration, read_calibration
from mundap.train.support import Sample, calibrate, sample, save
from mundap.types import Hit, Passage

WORDS = "연차 출장 주차 병가 급여 교육 보안 회의".split()


def drawn(n: int, seed: int) -> Sample:
    """Answerable questions have cosines around .9 and unanswerable ones around .8."""
    chance = np.random.default_rng(seed)
    answerable = np.arange(n) % 2 == 0
    near = np.where(answerable, 0.9, 0.8) + chance.normal(0, 0.02, n)
    found = np.column_stack([near, chance.uniform(0, 1, n)])
    return Sample(found, answerable, np.full(n, 0.5), tuple(str(row // 4) for row in range(n)))


def test_what_tells_the_kinds_apart_is_found_and_what_does_not_is_left_out():
    made = calibrate(drawn(400, 1))
    assert made.calibration.near > 20 * abs(made.calibration.coverage)
    assert made.calibration.probability(0.9, 0.5) > 0.9
    assert made.calibration.probability(0.8, 0.5) < 0.1


def test_the_report_is_of_questions_that_were_not_fitted():
    report = calibrate(drawn(400, 2)).report
    assert report["before"]["auroc"] == 0.5
    assert report["after"]["auroc"] > 0.98
    assert report["after"]["calibration_error"] < 0.05 < report["before"]["calibration_error"] + 0.1
    assert report["after"]["answered"] >= 0.96


def test_noise_promises_nothing():
    made = drawn(400, 3)
    noise = np.random.default_rng(4).permutation(made.answerable)
    assert abs(calibrate(Sample(made.found, noise, made.before, made.groups)).report["after"]["auroc"] - 0.5) < 0.1


def test_every_question_is_read_with_its_passage_and_without_it():
    texts = [
        f"{a} 규정은 {b} 담당자가 정합니다. {n}조에 있습니다."
        for n, (a, b) in enumerate(zip(WORDS * 5, WORDS[::-1] * 5, strict=True))
    ]
    hits = [Hit(Passage(f"p{n}", "d", text, 0, len(text)), 1.0, 1) for n, text in enumerate(texts)]
    asked = [Question(f"{text[:9]} {n}?", (text,)) for n, text in enumerate(texts)]

    def find(question: str, k: int) -> list[Hit]:
        right = int(question.split()[-1].rstrip("?"))
        return [hits[right], *(hit for hit in hits if hit is not hits[right])][:k]

    read = sample(asked, 2, find, Reader().read, None)
    assert read.answerable.sum() == (~read.answerable).sum() == len(texts)
    assert read.found[read.answerable][:, 1].mean() > read.found[~read.answerable][:, 1].mean()
    with pytest.raises(MundapError, match="적어도"):
        sample(asked[:5], 2, find, Reader().read, None)


def test_what_is_kept_is_read_again_and_only_for_its_encoder(tmp_path: Path):
    made = calibrate(drawn(200, 5))
    save(made, "e5", tmp_path)
    assert (
        read_calibration(tmp_path, "e5")
        == made.calibration
        == Calibration(
            **{
                key: value
                for key, value in json.loads((tmp_path / "support.json").read_text()).items()
                if key in ("near", "coverage", "bias")
            }
        )
    )
    with pytest.raises(MundapError, match="train support"):
        read_calibration(tmp_path, "hashed")
    with pytest.raises(MundapError, match="train support"):
        read_calibration(tmp_path / "none", "e5")
