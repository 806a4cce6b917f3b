"""Recorded answers teach which sentence answers: what bears an answer out, what is fitted, and what is measured."""

import json
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from mundap.errors import MundapError
from mundap.evaluation.questions import Question
from mundap.generate.evidence import WORDS, Line, ReaderModel, default_model, read_model, shipped
from mundap.generate.reading import Reader
from mundap.generate.support import support
from mundap.training.reader.bearing import answered, bearing, facts
from mundap.training.reader.fit_reader import Row, Shown, compared, held, rows, save, shown, train_reader
from mundap.training.reader.fit_support import PASSES, SupportExample
from mundap.types import Hit, Passage

# -- what bears an answer out ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("이용료는 1만원이다.", "이용료는 10,000원입니다."),
        ("14일 동안 빌립니다", "2주 동안 빌린다"),
        ("1. 신분증을 가져온다", "신분증을 가져옵니다"),
        ("2024. 3. 5.부터 시행", "2024년 3월 5일부터 시행"),
    ],
)
def test_the_same_is_said_in_other_ways(one: str, other: str) -> None:
    assert facts(one) == facts(other)


def test_another_amount_is_another_fact() -> None:
    assert facts("이용료는 1만원이다.") != facts("이용료는 2만원이다.")


def test_what_the_question_says_is_no_answer_to_it() -> None:
    assert answered("도서관은 언제 닫나요?", "도서관은 월요일에 닫습니다.") == facts("월요일")
    assert answered("도서관은 닫나요?", "도서관은 닫습니다.") == facts("도서관은 닫습니다.")


@pytest.mark.parametrize(
    ("question", "answer", "texts", "right"),
    [
        (
            "한 번에 몇 권을 빌리나요?",
            "한 번에 다섯 권까지 빌릴 수 있습니다.",
            ["도서관은 아침에 연다.", "한 번에 5권을 빌린다.", "하루에 100원의 연체료를 낸다."],
            [False, True, False],
        ),
        (
            "입사 서류는 무엇인가요?",
            "입사 서류는 신분증 사본, 졸업 증명서, 통장 사본입니다.",
            ["입사 서류는 다음과 같다.", "1. 신분증 사본", "2. 졸업 증명서", "3. 통장 사본", "4. 그 밖에 회사가 바라는 것"],
            [False, True, True, True, False],
        ),
        (
            "수영장은 왜 닫나요?",
            "수영장은 여름마다 물을 갈고 시설을 고치기 위해 닫습니다.",
            ["수영장은 지하에 있다.", "여름마다 물을 갈고 시설을 고치려고 닫으며 다른 날은 연다."],
            [False, True],
        ),
        ("주차 요금은?", "자전거로 오세요.", ["주차 요금은 5천원이다.", "창문은 크다."], [False, False]),
    ],
    ids=["an amount", "a list without its lead", "a reason", "nothing"],
)  # fmt: skip
def test_sentences_that_bear_an_answer_out(question: str, answer: str, texts: list[str], right: list[bool]) -> None:
    assert bearing(texts, question, answer).tolist() == right


# -- fit -------------------------------------------------------------------------------------------------------------

THINGS = "기숙사 도서관 수영장 주차장 체육관 식당 강당 연구실 세탁실 사물함 회의실 휴게실".split()
ASPECTS = ("이용", "예약", "관리", "청소", "점검", "수리")


def passage(n: int, thing: str) -> Passage:
    """A notice on a thing that repeats a question's words first and answers it after."""
    lines = [
        line
        for m, aspect in enumerate(ASPECTS)
        for line in (f"{thing} {aspect} 안내입니다.", f"직원 {n + 1}{m}호실에서 {thing} {aspect} 업무를 맡습니다.")
    ]
    text = "\n".join(lines)
    return Passage(f"p{n:02}", "d", text, 0, len(text), source="안내")


PASSAGES = [passage(n, thing) for n, thing in enumerate(THINGS)]
ASKED = [
    Question(f"{thing} {aspect}?", (PASSAGES[n].text,), f"직원 {n + 1}{m}호실에서 업무를 맡습니다.")
    for (n, thing), (m, aspect) in product(enumerate(THINGS), enumerate(ASPECTS))
]
GOLDS = [PASSAGES[THINGS.index(question.question.split()[0])] for question in ASKED]


def find(question: str, k: int) -> list[Hit]:
    first = THINGS.index(question.split()[0])
    order = [first, *(n for n in range(len(PASSAGES)) if n != first)]
    return [Hit(PASSAGES[n], 3.0 - rank, rank) for rank, n in enumerate(order[:k], 1)]


@pytest.mark.slow
def test_training_learns_what_answers_here_and_says_so() -> None:
    made = rows(ASKED, GOLDS, 5, find, Reader().read)
    assert len(made) == len(ASKED)
    steps = []
    trained = train_reader(made, progress=lambda *at: steps.append(at))
    for split in ("by_passage", "by_question"):
        key, facts = (trained.report.splits[split].metrics[metric] for metric in ("key", "facts"))
        assert key.before.mean < 0.5 < 0.9 < key.after.mean
        assert 0 < key.difference.low <= key.difference.mean <= key.difference.high
        assert key.difference.p < 0.05
        assert facts.after.mean >= facts.before.mean
    assert trained.report.verdict == "better"
    assert 0 <= trained.report.support.threshold <= 1
    assert trained.report.support.after.auroc > 0.8
    assert steps[-1][0] == steps[-1][1]


def test_support_that_ships_for_the_encoder_is_not_moved_by_what_sentences_learn() -> None:
    known = next(name for name in shipped() if name != WORDS)

    def of(one: SupportExample) -> SupportExample:
        return replace(one, evidence=replace(one.evidence, encoder=known))

    made = [
        replace(row, shown=of(row.shown), asked=tuple(map(of, row.asked)), learned=replace(row.learned, encoder=known))
        for row in rows(ASKED, GOLDS, 5, find, Reader().read)
    ]
    trained = train_reader(made)
    assert trained.model.sentences != shipped()[known].sentences
    for row in made[:10]:
        assert support(row.shown.evidence, model=trained.model) == support(row.shown.evidence)
    passed = [support(row.shown.evidence) >= trained.report.support.threshold for row in made]
    assert np.mean(passed) == pytest.approx(PASSES, abs=0.1)


@pytest.mark.slow
def test_few_rows_move_the_weights_less_than_many() -> None:
    made = rows(ASKED, GOLDS, 5, find, Reader().read)
    now = default_model("").sentences.weights
    far, near = (train_reader(some).model.sentences.weights for some in (made * 8, made))
    assert abs(near["fragment"] - now["fragment"]) < abs(far["fragment"] - now["fragment"])


def test_a_gold_passage_that_was_not_found_is_learned_from_but_not_shown() -> None:
    def astray(question: str, k: int) -> list[Hit]:
        return [Hit(hit.passage, 1.0, rank) for rank, hit in enumerate(find(question, k + 1)[1:], 1)]

    made = rows(ASKED, GOLDS, 5, astray, Reader().read)
    for row, gold in zip(made, GOLDS, strict=True):
        assert gold.id in {hit.passage.id for hit in row.learned.hits}
        assert gold.id not in {hit.passage.id for hit in row.shown.evidence.hits}
        assert row.right.any()
        assert not shown(row, default_model("")).key


@pytest.mark.parametrize(
    ("asked", "golds", "told"),
    [
        ([replace(question, answer="") for question in ASKED], GOLDS, "답변이 있고"),
        (ASKED, [None] * len(ASKED), "답변이 있고"),
        (ASKED[:12], GOLDS[:12], "질문 12개, 제시문 2개"),
    ],
    ids=["no answers", "no passages", "too few"],
)
def test_what_cannot_be_learned_from_is_told(asked: list[Question], golds: list[Passage | None], told: str) -> None:
    with pytest.raises(MundapError, match=told):
        rows(asked, golds, 5, find, Reader().read)


# -- measure ---------------------------------------------------------------------------------------------------------


def row(answer: str) -> Row:
    reading = Reader().read("요금은?", [Hit(PASSAGES[0], 1.0, 1)])
    asked = SupportExample("요금은?", reading, True, "p")
    return Row(
        "요금은?", answer, asked, (asked,), reading, bearing([s.text for s in reading.sentences], "요금은?", answer)
    )


def test_the_share_of_an_answer_that_its_beginning_holds() -> None:
    one = row("어른 5천원, 어린이 2천원")
    assert held(one, Shown("어른은 5,000원이고 어린이는 2,000원이다.", False), 100) == 1
    assert held(one, Shown("어른은 5,000원이고 어린이는 2,000원이다.", False), 12) == 2 / 4
    assert held(one, Shown("무료다.", False), 100) == 0


def test_saying_more_is_not_saying_better() -> None:
    made = [row("어른 5천원"), row("어른 5천원")]
    before = [Shown("어른은 5천원이다.", True)] * 2
    padded = [Shown("창문은 크고 복도는 길다. 어른은 5천원이다.", False)] * 2
    figures = compared(made, before, padded)
    assert figures.length == len(before[0].text)
    assert figures.metrics["facts"].before.mean == 1
    assert figures.metrics["facts"].after.mean < 1
    assert figures.metrics["key"].difference.mean == -1
    assert figures.characters_after > figures.characters_before
    told = figures.to_json()
    assert told["before"] == {
        "facts": {"mean": 1, "ci95": [1, 1]}, "key": {"mean": 1, "ci95": [1, 1]}, "characters": figures.length
    }  # fmt: skip
    assert told.keys() == {"before", "after", "difference", "length"}


def test_what_is_kept_is_read_again_and_only_for_its_encoder(tmp_path: Path) -> None:
    own = ReaderModel(Line({"near": 1.5}, 0.5), Line({"best": 0.25}, -0.5))
    for model in (replace(own, best=Line({"rank": -1.0}, 0.0)), own):
        save(model, "e5", tmp_path)
        assert read_model(tmp_path, "e5") == model
    assert json.loads((tmp_path / "reader.json").read_text("utf-8"))["kind"] == "reader"
    with pytest.raises(MundapError, match="train reader"):
        read_model(tmp_path, "hashed")
