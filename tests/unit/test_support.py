"""Readings of passages and the support they give, with numbers worked by hand."""

from math import exp

import pytest

from mundap.encode.hashed import HashedEncoder
from mundap.generate.reading import Reader, Reading, Sentence
from mundap.generate.support import CALIBRATIONS, WORDS_ONLY, Calibration, refusal, support
from mundap.types import Hit, Passage


def hits(*texts: str) -> list[Hit]:
    return [Hit(Passage(f"p{n}", "d", text, 0, len(text)), 1 / n, n) for n, text in enumerate(texts, 1)]


def sentence(near: float | None) -> Sentence:
    return Sentence(hits("글")[0], 0, 1, 0.5, near)


def test_a_probability_is_the_logistic_of_the_weighed_figures():
    line = Calibration(near=2.0, coverage=3.0, bias=-1.0)
    assert line.probability(0.5, 0.25) == 1 / (1 + exp(-(2.0 * 0.5 + 3.0 * 0.25 - 1.0)))


def test_without_anything_read_there_is_no_support():
    assert support(Reading((), 1.0, "")) == 0.0


def test_words_alone_without_an_encoder_or_with_one_that_was_never_calibrated():
    for encoder, near in (("", None), ("hashed-256-1", 0.99)):
        expected = WORDS_ONLY.probability(0.0, 0.75)
        assert support(Reading((sentence(near),), 0.75, encoder)) == pytest.approx(expected)


@pytest.mark.parametrize("name", CALIBRATIONS)
def test_a_calibrated_encoder_counts_its_nearest_sentence_in_any_version(name: str):
    reading = Reading((sentence(0.8), sentence(0.9), sentence(0.7)), 0.5, f"{name}-9.9")
    assert support(reading) == pytest.approx(CALIBRATIONS[name].probability(0.9, 0.5))


def test_more_words_or_a_nearer_sentence_support_more():
    for line in (WORDS_ONLY, *CALIBRATIONS.values()):
        assert line.probability(0.9, 1.0) > line.probability(0.9, 0.2)
        assert line.probability(0.9, 0.5) >= line.probability(0.8, 0.5)


def test_the_refusal_is_in_the_users_language():
    assert "문서" in refusal("ko")
    assert "documents" in refusal("en")


# -- reading ---------------------------------------------------------------------------------------------------------


def test_a_sentence_has_the_share_of_the_questions_words_that_it_holds():
    found = hits("관세청은 세금을 걷는다. 여권을 챙긴다.", "환급은 사흘 걸린다.")
    reading = Reader().read("관세청에서 환급은?", found)  # two content words: 관세청, 환급
    assert [(s.text, s.shared, s.near) for s in reading.sentences] == [
        ("관세청은 세금을 걷는다.", 1 / 2, None),
        ("여권을 챙긴다.", 0, None),
        ("환급은 사흘 걸린다.", 1 / 2, None),
    ]
    assert reading.coverage == 1 / 2 + 1 / 2


def test_words_weigh_as_the_index_says():
    weights = {"관세청": 1.0, "환급": 3.0}
    reading = Reader(lambda words: [weights[word] for word in words]).read("관세청 환급", hits("환급은 사흘 걸린다."))
    assert reading.coverage == reading.sentences[0].shared == 3 / (1 + 3)


def test_the_words_of_heading_and_source_count_for_coverage():
    named = Hit(Passage("p", "d", "사흘 걸린다.", 0, 7, heading="환급", source="관세청 고시"), 1.0, 1)
    reading = Reader().read("관세청 환급", [named])
    assert reading.coverage == 1
    assert [s.shared for s in reading.sentences] == [0]


def test_with_an_encoder_a_sentence_has_its_cosine():
    encoder = HashedEncoder()
    reading = Reader(encoder=encoder).read("관세청", hits("관세청. 여권."))
    expected = encoder.encode_passages(["관세청.", "여권."]) @ encoder.encode_queries(["관세청"])[0]
    assert [s.near for s in reading.sentences] == pytest.approx(expected.tolist())
    assert reading.encoder == encoder.name


def test_without_hits_or_words_nothing_is_covered():
    assert Reader().read("관세청", []) == Reading((), 0.0, "")
    assert Reader().read("", hits("글이다.")).coverage == 0
    assert Reader().read("😀", hits("글이다.")).coverage == 0


def test_a_reader_reads_each_question_anew():
    reader = Reader()
    first = reader.read("관세청", hits("관세청은 크다."))
    assert reader.read("여권", hits("관세청은 크다.")).coverage == 0
    assert reader.read("관세청", hits("관세청은 크다.")) == first
    assert reader.read("관세청", []).sentences == ()
