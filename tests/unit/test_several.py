"""Several answers as one: its marks, its citations and its hits agree."""

from collections.abc import Generator, Sequence

from mundap.generate.several import one_by_one
from mundap.types import Answer, Citation, Hit, Passage, Turn
from mundap.workspace.conversing import conversed


def hit(name: str, rank: int) -> Hit:
    return Hit(Passage(name, "d", f"{name}입니다.", 0, 10), 1.0, rank)


def answer(text: str, *names: str, abstained: bool = False) -> Answer:
    hits = tuple(hit(name, rank) for rank, name in enumerate(names, 1))
    cited = () if abstained else (Citation(names[0], "s", f"{names[0]}입니다."),)
    return Answer("q", text, cited, hits, abstained, {"retrieve_ms": 1.0}, "extractive")


def merged(*answers: Answer) -> tuple[list[str], Answer, list[list[str]]]:
    """The pieces, the Answer, and the questions before each part."""
    left = iter(answers)
    before: list[list[str]] = []

    def answered(_: str, turns: Sequence[Turn]) -> Generator[str | Answer]:
        before.append([turn.question for turn in turns])
        said = next(left)
        yield from (said.text, said)

    parts = [f"{n}번?" for n in range(1, len(answers) + 1)]
    *pieces, whole = one_by_one("모두?", parts, answered)
    assert isinstance(whole, Answer)
    return [str(piece) for piece in pieces], whole, before


def test_marks_number_the_passages_of_the_whole_each_once() -> None:
    pieces, whole, before = merged(answer("갑 [1]", "가", "나"), answer("을 [1], 병 [2, 1]", "다", "가"))
    assert "".join(pieces) == whole.text == "Q1. 1번?\n갑 [1]\n\nQ2. 2번?\n을 [3], 병 [1, 3]"
    assert [(h.passage.id, h.rank) for h in whole.hits] == [("가", 1), ("나", 2), ("다", 3)]
    assert [c.passage_id for c in whole.citations] == ["가", "다"]
    assert whole.question == "모두?"
    assert whole.timings == {"retrieve_ms": 1.0 + 1.0}
    assert before == [[], ["1번?"]]


def test_a_part_that_is_not_answered_says_so_in_its_place() -> None:
    _, whole, _ = merged(answer("없어요.", "가", abstained=True), answer("을 [1]", "나"))
    assert whole.text == "Q1. 1번?\n없어요.\n\nQ2. 2번?\n을 [2]"
    assert not whole.abstained


def test_all_is_withheld_if_every_part_is() -> None:
    _, whole, _ = merged(*[answer("없어요.", "가", abstained=True)] * 2)
    assert whole.abstained
    assert whole.citations == ()


def test_a_turn_is_answered_as_what_it_is() -> None:
    asked: list[str] = []

    def answered(question: str, history: Sequence[Turn]) -> Generator[str | Answer]:
        asked.append(question)
        said = answer("답 [1]", "가")
        yield from (said.text, said)

    def turn(question: str) -> Answer:
        *pieces, whole = conversed(
            question,
            (),
            answered,
            language="ko",
            persona=None,
            recorded=lambda asked: asked in ("너는 누구야?", "가는 며칠이고 나는 며칠인가요?"),
            examples=lambda count: ["연차는?"] * count,
        )
        assert isinstance(whole, Answer)
        assert "".join(map(str, pieces)) == whole.text
        assert whole.question == question
        return whole

    assert turn("안녕하세요, 연차는 며칠인가요?").text == "답 [1]"
    assert asked == ["연차는 며칠인가요?"]
    assert turn("고마워요").model == "smalltalk"
    assert "연차는?" in turn("뭘 물어볼 수 있어?").text
    assert asked == ["연차는 며칠인가요?"]
    assert turn("연차는 며칠이고 병가는 며칠인가요?").text.startswith("Q1. 연차는 며칠인가요?\n답 [1]\n\nQ2. 병가는")
    asked.clear()
    for recorded in ("너는 누구야?", "가는 며칠이고 나는 며칠인가요?"):
        assert turn(recorded).text == "답 [1]"
    assert asked == ["너는 누구야?", "가는 며칠이고 나는 며칠인가요?"]
