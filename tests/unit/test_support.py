"""Readings of passages and the support they give, with numbers worked by hand."""

import json
from dataclasses import replace
from math import exp, log1p
from pathlib import Path

import numpy as np
import pytest

from mundap.encode.hashed import HashedEncoder
from mundap.errors import MundapError
from mundap.generate.evidence import FEATURES as SENTENCE_FEATURES
from mundap.generate.evidence import WORDS, Line, ReaderModel, default_model, logits, read_model, shipped
from mundap.generate.evidence import features as sentence_features
from mundap.generate.reading import Evidence, Reader
from mundap.generate.support import FEATURES, question_features, read_calibration, refusal, support
from mundap.korean.everyday import NEAR, SAME, EverydayWords, Pair
from mundap.korean.wanted import wanted
from mundap.types import Hit, Passage


def hits(*texts: str) -> list[Hit]:
    return [Hit(Passage(f"p{n}", "d", text, 0, len(text)), 1 / n, n) for n, text in enumerate(texts, 1)]


def read(question: str, *texts: str) -> Evidence:
    return Reader().read(question, hits(*texts))


def feature(evidence: Evidence, name: str) -> float:
    return float(question_features(evidence)[FEATURES.index(name)])


NOTHING = Line({}, 0.0)

# -- support ---------------------------------------------------------------------------------------------------------


def test_support_is_the_logistic_of_the_weighed_features() -> None:
    evidence = read("관세청 환급", "관세청은 크다.")  # one of two words
    line = Line({"coverage": 3.0, "missing": -2.0}, -1.0)
    assert support(evidence, line) == pytest.approx(1 / (1 + exp(-(3.0 / 2 - 2.0 - 1.0))))


def test_a_calibration_of_ones_own_comes_before_that_of_the_model() -> None:
    evidence = read("관세청", "관세청은 크다.")
    model = ReaderModel(NOTHING, Line({}, 2.0))
    assert support(evidence, model=model) == pytest.approx(1 / (1 + exp(-2.0)))
    assert support(evidence, Line({}, -2.0), model) == pytest.approx(1 / (1 + exp(2.0)))


def test_without_anything_read_there_is_no_support() -> None:
    assert support(read("관세청")) == 0.0
    assert support(read("관세청"), Line({}, 50.0)) == 0.0


def test_a_support_that_is_next_to_nothing_is_no_error() -> None:
    assert support(read("관세청", "관세청은 크다."), Line({}, -1e6)) == 0.0
    assert support(read("관세청", "관세청은 크다."), Line({}, 1e6)) == 1.0


@pytest.mark.parametrize("encoder", ["", "hashed-256-1"])
def test_words_alone_without_an_encoder_or_with_one_that_was_never_fitted(encoder: str) -> None:
    assert default_model(encoder) is shipped()[WORDS]


@pytest.mark.parametrize("name", [name for name in shipped() if name != WORDS])
def test_a_fitted_encoder_has_its_model_in_any_version(name: str) -> None:
    assert default_model(f"{name}-9.9") is shipped()[name]


@pytest.mark.parametrize("name", shipped())
def test_the_models_that_ship_know_only_features_that_there_are(name: str) -> None:
    model = shipped()[name]
    assert set(model.sentences.weights) <= set(SENTENCE_FEATURES)
    assert set(model.support.weights) <= set(FEATURES)
    cosines = [model.sentences.weights.get("near", 0.0), model.support.weights.get("near", 0.0)]
    assert all(weight > 0 for weight in cosines) if name != WORDS else cosines == [0, 0]


def test_a_sentence_that_says_the_documents_word_holds_the_everyday_one() -> None:
    table = EverydayWords([Pair("짤리다", "해고", SAME), Pair("사장", "사용자", NEAR)])
    texts = hits("해고는 서면으로 한다.", "사용자는 사람이다.")
    plain, wide = Reader(), Reader(everyday=table)
    assert [s.shared for s in plain.read("짤리나요", texts).sentences] == [0, 0]
    assert [s.shared for s in wide.read("짤리나요", texts).sentences] == [1, 0]
    assert [s.shared for s in wide.read("사장은요", texts).sentences] == [0, 0]  # near is not the same


def test_more_words_support_more() -> None:
    question = "면세 한도를 넘은 향수는 어떻게 신고하나요?"
    supports = [
        support(read(question, text))
        for text in ("주차장은 지하에 있다.", "향수는 비싸다.", "면세 한도를 넘은 향수는 신고서를 작성하여 신고한다.")
    ]
    assert supports == sorted(supports)
    assert supports[-1] > 2 * supports[0]


def test_a_value_that_is_asked_for_and_stands_there_supports_more() -> None:
    question = "향수의 면세 한도는 얼마인가요?"
    without = support(read(question, "향수의 면세 한도는 따로 정한다."))
    assert support(read(question, "향수의 면세 한도는 60밀리리터로 정한다.")) > without


def test_a_nearer_sentence_supports_more() -> None:
    name = next(name for name in shipped() if name != WORDS)
    evidence = replace(read("관세청", "관세청은 크다."), encoder=name)
    far, near = (
        support(replace(evidence, sentences=(replace(evidence.sentences[0], near=cosine),))) for cosine in (0.75, 0.9)
    )
    assert near > far


def test_features_of_a_question_by_hand() -> None:
    evidence = read("관세청 환급 서류", "관세청은 크다. 환급은 사흘 걸린다.", "여권이 있다.")
    assert feature(evidence, "coverage") == 2 / 3
    assert feature(evidence, "first_coverage") == 2 / 3
    assert feature(evidence, "missing") == 1  # 서류 weighs as much as the others
    assert feature(evidence, "near") == 0  # no encoder
    assert feature(evidence, "lead") == pytest.approx(log1p(1 / 1 - 1 / 2))
    assert feature(evidence, "best") == pytest.approx(logits(evidence).max())


def test_every_feature_is_finite_whatever_is_asked() -> None:
    for question in ("", "😀", "얼마?", "관세청", "a" * 500):
        for texts in (["글."], ["", "글."], ["1.\n2.\n3."]):
            evidence = read(question, *texts)
            if evidence.sentences:
                assert np.isfinite(question_features(evidence)).all()
                assert np.isfinite(sentence_features(evidence)).all()


def test_the_refusal_is_in_the_users_language() -> None:
    assert "문서" in refusal("ko")
    assert "documents" in refusal("en")


# -- what was kept ---------------------------------------------------------------------------------------------------


def test_a_calibration_of_two_figures_from_before_is_still_read(tmp_path: Path) -> None:
    kept = {"kind": "support", "near": 2.0, "coverage": 3.0, "bias": -1.0, "encoder": "e5"}
    (tmp_path / "support.json").write_text(json.dumps(kept), "utf-8")
    assert read_calibration(tmp_path, "e5") == Line({"near": 2.0, "coverage": 3.0}, -1.0)


@pytest.mark.parametrize(
    "kept", ["", "[]", "{}", '{"weights": 3, "bias": 0}', '{"weights": {"near": "가"}, "bias": 0}']
)
def test_a_broken_calibration_says_how_to_make_it_again(kept: str, tmp_path: Path) -> None:
    (tmp_path / "support.json").write_text(kept, "utf-8")
    with pytest.raises(MundapError, match="mundap train support"):
        read_calibration(tmp_path, "e5")


@pytest.mark.parametrize("kept", ["", "[]", '{"sentences": {"weights": {}, "bias": 0}, "encoder": "e5"}'])
def test_a_broken_model_says_how_to_make_it_again(kept: str, tmp_path: Path) -> None:
    (tmp_path / "reader.json").write_text(kept, "utf-8")
    with pytest.raises(MundapError, match="mundap train reader"):
        read_model(tmp_path, "e5")


# -- evidence ---------------------------------------------------------------------------------------------------------


def test_a_sentence_has_the_share_of_the_questions_words_that_it_holds() -> None:
    found = hits("관세청은 세금을 걷는다. 여권을 챙긴다.", "환급은 사흘 걸린다.")
    evidence = Reader().read("관세청에서 환급은?", found)  # two content words: 관세청, 환급
    assert [(s.text, s.shared, s.near) for s in evidence.sentences] == [
        ("관세청은 세금을 걷는다.", 1 / 2, None),
        ("여권을 챙긴다.", 0, None),
        ("환급은 사흘 걸린다.", 1 / 2, None),
    ]
    assert evidence.coverage == 1 / 2 + 1 / 2
    assert evidence.hits == found


def test_words_weigh_as_the_index_says() -> None:
    weights = {"관세청": 1.0, "환급": 3.0}
    evidence = Reader(lambda words: [weights[word] for word in words]).read("관세청 환급", hits("환급은 사흘 걸린다."))
    assert evidence.coverage == evidence.sentences[0].shared == 3 / (1 + 3)


def test_the_words_of_heading_and_source_count_for_coverage() -> None:
    named = Hit(Passage("p", "d", "사흘 걸린다.", 0, 7, heading="환급", source="관세청 고시"), 1.0, 1)
    evidence = Reader().read("관세청 환급", [named])
    assert evidence.coverage == 1
    assert [(s.shared, s.within) for s in evidence.sentences] == [(0, 1)]


def test_an_item_is_read_with_the_lead_that_announces_it() -> None:
    evidence = read("환급 서류", "환급에는 다음 서류를 낸다.\n1. 영수증\n2. 통장 사본")
    lead, *items = evidence.sentences
    assert lead.governors == ()
    assert [s.governors for s in items] == [(0,), (0,)]
    assert [(s.shared, s.within) for s in items] == [(0, 1), (0, 1)]
    assert evidence.blocks == ((0, 3),)


def test_with_an_encoder_a_sentence_has_its_cosine() -> None:
    encoder = HashedEncoder()
    evidence = Reader(encoder=encoder).read("관세청", hits("관세청. 여권."))
    expected = encoder.encode_passages(["관세청.", "여권."]) @ encoder.encode_queries(["관세청"])[0]
    assert [s.near for s in evidence.sentences] == pytest.approx(expected.tolist())
    assert evidence.encoder == encoder.name


def test_without_hits_or_words_nothing_is_covered() -> None:
    empty = read("관세청")
    assert (empty.sentences, empty.blocks, empty.coverage) == ((), (), 0.0)
    assert read("", "글이다.").coverage == 0
    assert read("😀", "글이다.").coverage == 0


def test_a_reader_reads_each_question_anew() -> None:
    reader = Reader()
    first = reader.read("관세청", hits("관세청은 크다."))
    assert reader.read("여권", hits("관세청은 크다.")).coverage == 0
    assert reader.read("관세청", hits("관세청은 크다.")) == first
    assert reader.read("관세청", []).sentences == ()


TALK = ("회의는 편하게 한다.", "식당은 넓다.", "창문은 크다.", "복도는 길다.", "마당은 밝다.", "지붕은 붉다.")


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("기숙사 관리비는 얼마인가요?", "기숙사 관리비는 월 12만원이다."),
        ("도서는 며칠 빌릴 수 있나요?", "도서는 14일 동안 빌린다."),
        ("예약 문의 전화번호가 뭐예요?", "예약은 02-123-4567로 문의한다."),
        ("한 팀은 몇 명인가요?", "한 팀은 5명이다."),
    ],
)
def test_a_value_that_the_first_passages_lack_is_looked_for_further(question: str, answer: str) -> None:
    assert wanted(question).exact
    evidence = read(question, *TALK, answer)
    assert [hit.passage.text for hit in evidence.hits] == [*TALK[:5], answer]


def test_nothing_further_is_read_where_the_first_passages_have_the_value_or_none_is_asked_for() -> None:
    asked = "신관 기숙사 겨울 학기 관리비는 얼마인가요?"
    assert len(read(asked, "관리비는 3만원이다.", *TALK).hits) == 3
    assert len(read(asked, *TALK, "관리비는 3만원이다.").hits) == 4
    assert len(read("기숙사는 왜 닫나요?", *TALK, "관리비는 3만원이다.").hits) == 3


def test_a_broad_question_for_a_value_is_read_in_more_passages() -> None:
    assert len(read("관리비는 얼마인가요?", "관리비는 3만원이다.", *TALK).hits) == 5


@pytest.mark.parametrize("question", ["보관료는 얼마인가요?", "보관료는 며칠 치를 내나요?", "보관료 어떻게 내요"])
def test_words_that_only_ask_are_missed_nowhere(question: str) -> None:
    assert not {"얼마", "며칠", "어떻"} & {*Reader().read(question, hits("보관료는 하루 500원을 낸다.")).weights}


def test_a_passage_that_does_not_name_what_it_is_asked_of_supports_less() -> None:
    named, other = (
        support(Reader().read("자전거는 하루 보관료가 얼마인가요?", hits(text)))
        for text in ("자전거의 보관료는 하루 500원이다.", "가방의 보관료는 하루 500원이다.")
    )
    assert named > other


FEES = "회의실 사용료는 한 시간에 2만원이다. 주차장은 건물 뒤에 있다."


@pytest.mark.parametrize(
    ("question", "unmeasured"),
    [
        ("회의실 사용료는 얼마인가요?", 0),
        ("회의실 연체료는 얼마인가요?", 1),  # an amount is there, of something else
        ("회의실 위약금은 몇 퍼센트예요?", 1),
        ("회의실 한 시간에 얼마예요?", 0),  # no amount is named
        ("회의실 연체료는 누가 내나요?", 0),  # none is asked for
    ],
)
def test_the_amount_of_one_thing_is_not_that_of_another(question: str, unmeasured: int) -> None:
    assert feature(read(question, FEES), "unmeasured") == unmeasured


def test_an_amount_named_by_its_lead_is_the_one_asked_for() -> None:
    text = "연체료는 다음과 같다.\n1. 하루: 500원\n2. 이틀: 1,000원"
    assert feature(read("연체료는 얼마예요?", text), "unmeasured") == 0
