"""Which of several encoders to take: only one that is surely better, and of those that are the quickest."""

from __future__ import annotations

from collections.abc import Sequence

from tests.shown import shown

from mundap.encode.hashed import HashedEncoder
from mundap.evaluation.encoders import DENSE, HYBRID, Cost, EncoderChoice, choose, cost, leg_of
from mundap.evaluation.estimates import ALIKE, BETTER, WORSE
from mundap.evaluation.questions import Question
from mundap.evaluation.retrieval import Search, evaluate_retrieval
from mundap.protocols import Vectors
from mundap.types import Hit, Passage

N = 40
PASSAGES = [Passage(f"p{n}", "d", f"글 {n}번", 0, 5) for n in range(N)]


def finds(right: int) -> Search:
    """A search that puts the right passage of the first `right` questions first, and that of the others fourth."""

    def search(question: str, k: int) -> list[Hit]:
        n = int(question)
        others = [PASSAGES[(n + m) % N] for m in range(1, k)]
        found = [PASSAGES[n], *others] if n < right else [*others[:3], PASSAGES[n], *others[3:]]
        return [Hit(passage, 1.0, rank) for rank, passage in enumerate(found[:k], 1)]

    return search


def chosen(**encoders: tuple[int, float]) -> EncoderChoice:
    """Of encoders by name, each with how many questions it gets right and what a question costs."""
    questions = [Question(str(n), (PASSAGES[n].text,)) for n in range(N)]
    legs = {leg_of(name, leg): finds(right) for name, (right, _) in encoders.items() for leg in (DENSE, HYBRID)}
    report = evaluate_retrieval(questions, legs, {p.text.replace(" ", "") for p in PASSAGES}, depth=10)
    return choose(report, {name: (f"{name}-1", 8, Cost(ms, ms)) for name, (_, ms) in encoders.items()})


def test_the_one_in_use_stays_where_no_other_is_surely_better() -> None:
    choice = chosen(used=(20, 50.0), other=(21, 1.0), worse=(5, 1.0))
    assert choice.name == "used"
    verdicts = [one.differences[HYBRID]["mrr@10"].verdict for one in choice.contenders[1:]]
    assert verdicts == [ALIKE, WORSE]
    assert choice.contenders[0].differences == {}


def test_one_that_is_surely_better_is_taken_whatever_it_costs() -> None:
    choice = chosen(used=(10, 1.0), better=(35, 500.0), worse=(2, 0.1))
    assert choice.name == "better"
    assert choice.contenders[1].differences[HYBRID]["mrr@10"].verdict == BETTER
    assert "유의하게 높습니다" in choice.reason


def test_of_several_that_are_better_the_quickest_that_is_not_surely_worse_than_the_best() -> None:
    assert chosen(used=(5, 1.0), best=(36, 90.0), near=(35, 9.0), far=(20, 2.0)).name == "near"


def test_as_json_all_is_there() -> None:
    seen = shown(chosen(used=(10, 1.0), better=(35, 5.0)))
    assert seen["take"] == "better"
    used, better = seen["encoders"]
    assert used["cost"] == {"query_ms": 1.0, "passage_ms": 1.0, "query_cpu_ms": 0.0, "passage_cpu_ms": 0.0}
    assert better["legs"]["hybrid"]["top1"] == 35 / N
    assert better["changes"]["hybrid"]["top1"]["mean"] == 35 / N - 10 / N


def test_a_cost_is_of_texts_one_by_one() -> None:
    class Counted(HashedEncoder):
        """Notes how many texts come at once."""

        def __init__(self) -> None:
            super().__init__()
            self.asked: list[int] = []

        def _encode(self, texts: Sequence[str]) -> Vectors:
            self.asked.append(len(texts))
            return super()._encode(texts)

    encoder = Counted()
    found = cost(encoder, [str(n) for n in range(100)], ["글"] * 3)
    assert found.query_ms > 0
    assert set(encoder.asked) == {1}
    assert len(encoder.asked) == 2 + 12 + 3
