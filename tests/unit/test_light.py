"""The light ranker: what it sees of candidates, how it learns, and what it keeps."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import MakePassage
from tests.words import split

from mundap.encode.adapter import AdaptedEncoder, Maps
from mundap.encode.hashed import HashedEncoder
from mundap.errors import MundapError
from mundap.index.bm25 import BM25
from mundap.index.dense import Dense
from mundap.retrieve.hybrid import Candidates, Hybrid
from mundap.retrieve.light import (
    FEATURES,
    SCORES_ONLY,
    Features,
    Hidden,
    KnownQuestions,
    LightModel,
    LightRanker,
    fit,
    seen,
)
from mundap.retrieve.neighbours import vectors_without_maps
from mundap.retrieve.translate import Translator, learn

TEXTS = ["주류 는 두 병 까지 면세", "연초 는 한 보루 까지 면세", "여권 은 구청 에서 만든다", "환급 은 사흘 안에 된다"]
ASKED = ["술 몇 병", "담배 몇 갑", "술 세금", "여권 어디서"]
ANSWERS = [0, 1, 0, 2]  # texts that answer them


class Legs:
    """An index of TEXTS, and what is known about it."""

    def __init__(self, passage: MakePassage) -> None:
        passages = [passage(text) for text in TEXTS]
        self.encoder = HashedEncoder(64)
        self.lexical, self.dense = BM25(passages, tokenize=split), Dense(passages, self.encoder)
        self.ids = [passage.id for passage in passages]
        self.asked = KnownQuestions(
            self.encoder.encode_queries(ASKED).astype(np.float16), tuple(self.ids[text] for text in ANSWERS)
        )
        self.translations = learn([(split(["술 몇 병", "술 세금"]), split([TEXTS[0]])[0])])
        self.features = Features(
            self.lexical,
            self.dense,
            Translator(self.translations, self.lexical.postings),
            self.asked,
            self.dense.vectors.own,
        )

    def candidates(self, question: str) -> Candidates:
        return Hybrid(self.lexical, self.dense).candidates(question, 10)

    def row(self, text: int) -> int:
        return list(self.lexical.table.ids).index(self.ids[text])

    def model(self, weights: dict[str, float] | None = None) -> LightModel:
        weights = weights or {
            "dense": 0.5,
            "bm25": 2.0,
            "length": -0.1,
            "translation": 1.0,
            "asked": -0.5,
            "nearest": 0.3,
        }
        questions = frozenset(map(seen, ASKED))
        return LightModel(weights, self.encoder.name, "", questions, self.translations, self.asked)


@pytest.fixture
def legs(passage: MakePassage) -> Legs:
    return Legs(passage)


def test_learning_finds_the_weights_that_made_the_choices() -> None:
    random = np.random.default_rng(0)
    true = np.array([2.0, -1.0, 0.0])
    features = random.normal(size=(4000, 10, 3))
    right = (features @ true + random.gumbel(size=(4000, 10))).argmax(axis=1)
    assert fit(features, right).tolist() == pytest.approx(true.tolist(), abs=0.1)


def test_a_question_that_counts_twice_is_as_two_questions() -> None:
    random = np.random.default_rng(0)
    features, right = random.normal(size=(30, 5, 2)), random.integers(5, size=30)
    counts = np.repeat([2.0, 1.0], 15)
    twice = np.concatenate([np.arange(15), np.arange(30)])
    np.testing.assert_allclose(fit(features, right, counts), fit(features[twice], right[twice]), atol=1e-6)


def test_learning_stays_finite_where_a_feature_tells_all_or_nothing() -> None:
    features = np.zeros((20, 5, 2))
    features[:, 3, 0] = 1  # always right; the other feature never differs
    weights = fit(features, np.full(20, 3))
    assert weights[0] > 1
    assert weights[1] == 0
    assert np.isfinite(weights).all()


def test_each_feature_tells_what_it_is_named_for(legs: Legs) -> None:
    question = ASKED[0]
    candidates = legs.candidates(question)
    found = dict(zip(FEATURES, legs.features.of(question, candidates).T, strict=True))
    drink, tobacco, passport, refund = (int(np.flatnonzero(candidates.rows == legs.row(text))[0]) for text in range(4))
    for feature in ("dense", "bm25"):
        assert (
            found[feature].argsort(kind="stable").tolist() == candidates.legs[feature].argsort(kind="stable").tolist()
        )
    for feature in ("dense", "translation"):  # beside the other candidates, whatever the scale of the scores
        assert (found[feature].mean(), found[feature].std()) == pytest.approx((0, 1), abs=1e-5)
    assert found["bm25"][refund] == 0  # no word in common
    assert found["length"][[drink, passport]] == pytest.approx([1.7918, 1.6094], abs=1e-4)  # ln 6 words, ln 5
    assert found["translation"].argmax() == drink  # 술 was answered with 주류
    assert [found["asked"][row] for row in (drink, tobacco, passport, refund)] == [1, 1, 1, 0]
    assert found["nearest"][drink] == pytest.approx(2, abs=0.05)  # the very question is known: cosine 1, from .9 in .05
    assert found["nearest"].argmax() == drink
    assert (found["translation_asked"] == found["translation"] * found["asked"]).all()
    assert found["nearest"][refund] == 0


def test_only_the_named_features_come_in_their_order(legs: Legs) -> None:
    candidates = legs.candidates("술 면세")
    everything = legs.features.of("술 면세", candidates)
    some = legs.features.of("술 면세", candidates, ("asked", "dense"))
    np.testing.assert_array_equal(some, everything[:, [FEATURES.index("asked"), FEATURES.index("dense")]])


def test_scores_that_are_all_alike_are_zero_when_standardised(legs: Legs) -> None:
    candidates = legs.candidates("술")
    flat = Candidates(
        candidates.rows, candidates.fused, {**candidates.legs, "dense": np.full(4, 0.5, np.float32)}, candidates.found
    )
    assert legs.features.of("술", flat, ("dense",)).tolist() == [[0], [0], [0], [0]]


def test_hidden_questions_are_as_if_nobody_had_asked_them(legs: Legs) -> None:
    candidates = legs.candidates("술 몇 병")
    place = int(np.flatnonzero(candidates.rows == legs.row(0))[0])
    known = legs.features.nearest("술 몇 병", candidates)
    assert known[place] == pytest.approx(1.0, abs=1e-3)
    without_itself = legs.features.nearest("술 몇 병", candidates, Hidden(np.array([True, False, False, False])))
    other = float(legs.asked.vectors[2].astype(np.float32) @ legs.encoder.encode_queries(["술 몇 병"])[0])
    assert without_itself[place] == pytest.approx(other, rel=1e-5)
    without_any = Hidden(np.array([True, False, True, False]))
    assert np.isnan(legs.features.nearest("술 몇 병", candidates, without_any)[place])
    columns = legs.features.of("술 몇 병", candidates, ("asked", "nearest"), without_any)
    assert columns[place].tolist() == [0, 0]
    assert columns[:, 0].sum() == 2  # the other passages are still known by their questions


def test_a_question_of_a_removed_passage_is_left_alone(legs: Legs) -> None:
    asked = KnownQuestions(legs.asked.vectors, ("gone", *legs.asked.passages[1:]))
    features = Features(legs.lexical, legs.dense, legs.features.translator, asked, legs.dense.vectors.own)
    candidates = legs.candidates("술 몇 병")
    place = int(np.flatnonzero(candidates.rows == legs.row(0))[0])
    hidden = Hidden(np.array([True, False, False, False]))
    assert features.nearest("술 몇 병", candidates)[place] == pytest.approx(
        legs.features.nearest("술 몇 병", candidates, hidden)[place]
    )


@pytest.mark.parametrize("names", [FEATURES, SCORES_ONLY])
def test_a_saved_model_scores_as_before(legs: Legs, tmp_path: Path, names: tuple[str, ...]) -> None:
    weights = {name: weight for name, weight in legs.model().weights.items() if name in names}
    model = legs.model(weights)
    model.save(tmp_path)
    opened = LightModel.open(tmp_path)
    assert (opened.weights, opened.questions, opened.asked.passages) == (weights, model.questions, model.asked.passages)
    candidates = legs.candidates("술 면세")
    before = LightRanker(model, legs.lexical, legs.dense).score("술 면세", candidates)
    after = LightRanker(opened, legs.lexical, legs.dense).score("술 면세", candidates)
    assert before.dtype == np.float32
    # Probabilities are rounded to four digits in the file that people read.
    np.testing.assert_allclose(after, before, atol=2e-3)


def test_the_score_is_the_weighted_sum_of_the_features(legs: Legs) -> None:
    candidates = legs.candidates("술 면세")
    features = legs.features.of("술 면세", candidates, ("dense", "asked"))
    scores = LightRanker(legs.model({"asked": -0.5, "dense": 2.0}), legs.lexical, legs.dense).score(
        "술 면세", candidates
    )
    np.testing.assert_allclose(scores, features @ [2.0, -0.5], rtol=1e-5)


def test_edited_synonyms_are_used(legs: Legs, tmp_path: Path) -> None:
    legs.model({"translation": 1.0}).save(tmp_path)
    (tmp_path / "synonyms.tsv").write_text("패스포트\t여권\t0.9\n", "utf-8")
    ranker = LightRanker(LightModel.open(tmp_path), legs.lexical, legs.dense)
    candidates = legs.candidates("패스포트")
    assert candidates.rows[ranker.score("패스포트", candidates).argmax()] == legs.row(2)


def test_another_encoder_or_tokenizer_asks_to_train_again(legs: Legs, passage: MakePassage) -> None:
    passages = [passage(text) for text in TEXTS]
    with pytest.raises(MundapError, match=r"hashed-64-1.*hashed-32-1.*mundap train reranker"):
        LightRanker(legs.model(), legs.lexical, Dense(passages, HashedEncoder(32)))
    with pytest.raises(MundapError, match=r"kiwi.*mundap train reranker"):
        LightRanker(legs.model(), BM25(passages), legs.dense)


@pytest.mark.parametrize("name", ["model.json", "synonyms.tsv", "questions.npy"])
def test_a_damaged_model_says_how_to_make_it_again(legs: Legs, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "관세"
    folder.mkdir()
    legs.model().save(folder)
    (folder / name).unlink()
    with pytest.raises(MundapError, match="mundap train reranker --out 관세"):
        LightModel.open(folder)
    legs.model().save(folder)
    (folder / name).write_bytes(b"\0half")
    with pytest.raises(MundapError):
        LightModel.open(folder)


def test_a_model_without_a_field_is_damaged(legs: Legs, tmp_path: Path) -> None:
    legs.model().save(tmp_path)
    kept = json.loads((tmp_path / "model.json").read_text("utf-8"))
    del kept["floor"]
    (tmp_path / "model.json").write_text(json.dumps(kept), "utf-8")
    with pytest.raises(MundapError, match="floor"):
        LightModel.open(tmp_path)


def test_a_question_is_recognised_whatever_its_spaces() -> None:
    assert seen("술 몇 병?") == seen(" 술  몇병? ")
    assert seen("술 몇 병?") != seen("술 두 병?")


def test_a_passage_without_questions_is_told_by_the_neighbours_that_like_questions_were_asked_of(
    passage: MakePassage,
) -> None:
    texts = [f"통관 서류 {word} {n}" for n, word in enumerate(["술", "담배", "향수"])]
    texts += [f"여권 사진 {word} {n}" for n, word in enumerate(["단수", "복수", "관용"])]
    passages = [passage(text) for text in texts]
    ids = [one.id for one in passages]
    encoder = HashedEncoder(256)
    lexical, dense = BM25(passages, tokenize=split), Dense(passages, encoder)
    asked = ["세관 무엇 내요", "세관 무엇 필요", "구청 무엇 내요", "구청 무엇 필요"]
    answers = [0, 1, 3, 4]  # nobody has asked about 2 and 5
    known = KnownQuestions(encoder.encode_queries(asked).astype(np.float16), tuple(ids[n] for n in answers))
    translator = Translator(learn([]), lexical.postings)
    features = Features(lexical, dense, translator, known, dense.vectors.own)
    text_of = {row: n for n, row in enumerate(lexical.table.ids.rows(ids).tolist())}

    def neighbours(question: str, hidden: Hidden | None = None) -> dict[int, float]:
        candidates = Hybrid(lexical, dense).candidates(question, 10)
        [column] = features.of(question, candidates, ("neighbours",), hidden).T
        return {text_of[row]: value for row, value in zip(candidates.rows.tolist(), column.tolist(), strict=True)}

    assert neighbours("세관 무엇 좋아")[2] > neighbours("세관 무엇 좋아")[5]
    assert neighbours("구청 무엇 좋아")[5] > neighbours("구청 무엇 좋아")[2]
    assert all(neighbours("세관 무엇 좋아")[n] == 0 for n in answers)  # their own questions speak for them
    assert not any(neighbours("세관 무엇 좋아", Hidden(np.ones(4, np.bool_))).values())


def test_likeness_does_not_see_what_an_adapter_learned(passage: MakePassage) -> None:
    passages = [passage(f"글 {n} 말 {n % 3}") for n in range(8)]
    encoder = HashedEncoder(64)
    random = np.random.default_rng(0)
    maps = Maps(*(np.eye(64, dtype=np.float32) + 0.05 * random.normal(size=(2, 64, 64)).astype(np.float32)))
    plain, mapped = (vectors_without_maps(Dense(passages, by)) for by in (encoder, AdaptedEncoder(encoder, maps)))
    rows = np.arange(8)
    np.testing.assert_allclose(mapped(rows), plain(rows), atol=5e-3)  # of half precision
    assert not Dense(passages, encoder).vectors.own(np.array([-1])).any()
