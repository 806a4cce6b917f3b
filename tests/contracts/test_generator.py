"""Every Generator: a stream that ends with its one Answer, and quotes that stand in their passage."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.streamed import streamed

from mundap.encode.hashed import HashedEncoder
from mundap.generate.evidence import Line, ReaderModel
from mundap.generate.extractive import Extractive
from mundap.generate.language_model import Settings
from mundap.generate.reading import Reader
from mundap.generate.transformer import TransformersGenerator
from mundap.korean.normalize import squash
from mundap.protocols import Generator
from mundap.types import Answer, Hit, Passage, Turn

REFUSAL = "죄송합니다. 등록된 문서에서 답을 찾지 못했습니다."
LEARNED = "청바지에 붙는 관세율은 13%입니다. [1]"
OFTEN = Line({"coverage": 4.0}, -1.0)
# Those that need weights or a server have suites of their own, with real models.
GENERATORS: dict[str, Callable[[Callable[[str], Path]], Generator]] = {
    "extractive": lambda _: Extractive(),
    "extractive with an encoder": lambda _: Extractive(Reader(encoder=HashedEncoder())),
    "extractive with a model of its own": lambda _: Extractive(model=ReaderModel(Line({"shared": 1.0}, 0.0), OFTEN)),
    "extractive in English": lambda _: Extractive(language="en"),
    "transformers": lambda tiny: TransformersGenerator(
        str(tiny(LEARNED)), Path(), Settings(REFUSAL, context_tokens=2048, max_tokens=64)
    ),
}


def hits(*texts: str) -> list[Hit]:
    return [
        Hit(Passage(f"p{n}", "d", text, 0, len(text), source=f"문서 {n}"), 1 / n, n) for n, text in enumerate(texts, 1)
    ]


DUTY = "청바지에 붙는 관세율은 13%입니다.\n부가가치세는 10%를 더합니다. 😀"
LIMIT = "면세 한도는 미화 800달러입니다. 다음 물품은 따로 면세됩니다.\n1. 술 2병\n2. 향수 100밀리리터"
ASKED = [
    ("청바지의 관세율은 얼마인가요?", hits(DUTY, LIMIT)),
    ("면세 한도는 얼마인가요?", hits(LIMIT, DUTY)),
    ("면세 물품을 알려 주세요 😀", hits(LIMIT)),
    ("What is the duty?", hits(DUTY)),
    ("😀", hits(DUTY, LIMIT)),
    ("각각의 첫가끝 ᄒᆞᆫ글은요?", hits("ᄒᆞᆫ글은 옛한글 표기다.", "")),
    ("", hits(DUTY)),
    ("관세율", []),
]


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=pytest.mark.slow if name == "transformers" else ()) for name in GENERATORS],
)
def generator(request: pytest.FixtureRequest) -> Generator:
    tiny: Any = request.getfixturevalue("tiny_llm") if request.param == "transformers" else None
    return GENERATORS[request.param](tiny)


def untimed(answer: Answer) -> tuple[object, ...]:
    return (answer.question, answer.text, answer.citations, answer.hits, answer.abstained, answer.model)


@pytest.mark.parametrize(("question", "found"), ASKED)
def test_a_stream_is_the_text_in_pieces_and_then_the_one_answer(
    generator: Generator, question: str, found: list[Hit]
) -> None:
    pieces, last = streamed(generator.stream(question, found))
    assert all(pieces)
    assert "".join(pieces) == last.text
    assert untimed(last) == untimed(generator.answer(question, found))


@pytest.mark.parametrize(("question", "found"), ASKED)
def test_an_answer_says_something_and_every_quote_stands_in_its_passage(
    generator: Generator, question: str, found: list[Hit]
) -> None:
    answer = generator.answer(question, found)
    assert (answer.question, answer.hits, answer.model) == (question, tuple(found), generator.name)
    assert answer.text.strip()
    assert "generate_ms" in answer.timings
    assert all(took >= 0 for took in answer.timings.values())
    passages = {hit.passage.id: hit.passage for hit in found}
    for citation in answer.citations:
        assert squash(citation.quote)
        assert squash(citation.quote) in squash(passages[citation.passage_id].text)
        assert citation.source == passages[citation.passage_id].source
    assert answer.abstained == (not answer.citations)


def test_without_hits_it_abstains(generator: Generator) -> None:
    answer = generator.answer("관세율은 얼마인가요?", [])
    assert answer.abstained
    assert (answer.citations, answer.hits) == ((), ())


def test_with_the_answer_before_it_it_answers(generator: Generator) -> None:
    answer = generator.answer("청바지의 관세율은 얼마인가요?", hits(DUTY, LIMIT))
    assert not answer.abstained
    assert "13%" in answer.text
    assert answer.citations[0].passage_id == "p1"


def test_the_same_question_has_the_same_answer(generator: Generator) -> None:
    first = untimed(generator.answer(*ASKED[0]))
    generator.answer(*ASKED[1])
    assert untimed(generator.answer(*ASKED[0])) == first


def test_a_conversation_may_come_before(generator: Generator) -> None:
    history = [Turn("면세 한도는 얼마인가요?", "미화 800달러입니다.")]
    *_, last = generator.stream("청바지의 관세율은 얼마인가요?", hits(DUTY), history)
    assert isinstance(last, Answer)
    assert not last.abstained
