"""Training the light ranker: what it gains where askers and documents speak differently, and that nothing leaks."""

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from tests.shown import shown
from tests.words import split

from mundap.encode.adapter import AdaptedEncoder
from mundap.encode.hashed import HashedEncoder
from mundap.errors import MundapError
from mundap.evaluation.estimates import Comparison, Comparisons, Difference, Estimate
from mundap.evaluation.questions import Question
from mundap.files import digest
from mundap.index.bm25 import BM25
from mundap.index.dense import Dense
from mundap.retrieve.light import FEATURES, SCORES_ONLY, LightRanker, seen
from mundap.training.common.folds import by_group
from mundap.training.common.measure import verdict_of
from mundap.training.rerank.fit_ranker import Examples, Trained, Trainer, examples, train_reranker
from mundap.training.rerank.relearn import learned, relearned_adapter, unlearned
from mundap.training.retriever.adapter import PENALTIES, Known, Setting, fit
from mundap.types import Passage

SAID = "갑을병정무기경신임계자축인묘"  # syllables of the documents
ASKED = "가나다라마바사아차카타파하거너더러머버서어저처커터퍼허"  # and of the askers, which have none in common
CONCEPTS = 24
PASSAGES = 30


def word(letters: str, number: int) -> str:
    """The `number`-th word of two of these letters."""
    return letters[number // len(letters)] + letters[number % len(letters)]


def concepts() -> list[list[int]]:
    """What each passage is about: four things, no two passages alike."""
    random = np.random.default_rng(0)
    return [sorted(random.choice(CONCEPTS, 4, replace=False).tolist()) for _ in range(PASSAGES)]


def passages() -> list[Passage]:
    texts = [" ".join(word(SAID, concept) for concept in about) for about in concepts()]
    return [Passage(digest(text), "d", text, 0, len(text)) for text in texts]


def questions() -> list[Question]:
    """Five of each passage, about three of its four things, in the askers' words."""
    random = np.random.default_rng(1)
    return [
        Question(" ".join([*(word(ASKED, concept) for concept in random.permutation(about)[:3]), "뭐예요"]), (p.text,))
        for p, about in zip(passages(), concepts(), strict=True)
        for _ in range(5)
    ]


def trainer(asked: Sequence[Question], names: tuple[str, ...] = FEATURES) -> Trainer:
    lexical, dense = BM25(passages(), tokenize=split), Dense(passages(), HashedEncoder(64))
    vectors = dense.encoder.encode_queries([q.question for q in asked])
    return Trainer(examples(asked, lexical, dense, vectors), lexical, dense, names)


@cache
def trained() -> Trained:
    return train_reranker(trainer(questions()))


@pytest.mark.slow
def test_training_learns_the_askers_words() -> None:
    report = shown(trained().report)
    assert (report["questions"], report["passages"], report["folds"]) == (150, 30, 5)
    for split_by in ("by_passage", "by_question"):
        before, after = (report[split_by][when]["top1"]["mean"] for when in ("before", "after"))
        assert before < 0.15
        assert after > 0.6
    assert trained().report.verdict == "better"


def test_the_report_has_intervals_and_differences() -> None:
    for split_by in ("by_passage", "by_question"):
        figures = shown(trained().report)[split_by]
        for metric in ("top1", "top3", "top10", "mrr@10"):
            before, after, change = (figures[part][metric] for part in ("before", "after", "difference"))
            assert before["ci95"][0] <= before["mean"] <= before["ci95"][1]
            assert change["mean"] == pytest.approx(after["mean"] - before["mean"])
            assert 0 < change["p"] <= 1


def test_the_model_knows_its_questions_and_ranks_in_use_as_in_training() -> None:
    made = trainer(questions())
    everything = np.arange(150)
    model = made.train(everything)
    assert model.questions == {seen(q.question) for q in questions()}
    assert (model.encoder, model.tokenizer, set(model.weights)) == ("hashed-64-1", "", set(FEATURES))
    lexical, dense = BM25(passages(), tokenize=split), Dense(passages(), HashedEncoder(64))
    ranker = LightRanker(model, lexical, dense)
    for n, rank in zip(everything[::10], made.ranks(model, everything[::10]), strict=True):
        scores = ranker.score(made.made.questions[n], made.made.candidates[n])
        right = scores[made.made.places(np.array([n]))[0]]
        assert rank == (scores > right).sum() + 1


def test_training_twice_gives_the_same() -> None:
    one, other = (trainer(questions()).train(np.arange(150)) for _ in range(2))
    assert one.weights == other.weights
    assert one.translations == other.translations


def test_only_scores_are_a_learned_fusion_of_the_legs() -> None:
    model = trainer(questions(), SCORES_ONLY).train(np.arange(150))
    assert tuple(model.weights) == SCORES_ONLY
    assert model.translations.words == {}


@pytest.mark.slow
def test_questions_with_the_wrong_passages_teach_nothing() -> None:
    asked = questions()
    order = np.random.default_rng(2).permutation(len(asked))
    wrong = [replace(q, gold=asked[n].gold) for q, n in zip(asked, order, strict=True)]
    measured = train_reranker(trainer(wrong)).report
    assert measured.verdict != "better"
    report = shown(measured)
    for split_by in ("by_passage", "by_question"):
        assert report[split_by]["after"]["top1"]["mean"] < 0.1


@pytest.mark.slow
def test_the_same_question_in_other_spaces_does_not_leak() -> None:
    random = np.random.default_rng(3)
    golds = [p.text for p in passages()]
    asked = []
    for n in range(75):  # each means nothing, belongs to one passage, and is asked twice
        words = [word(ASKED, 100 + int(w)) for w in random.choice(400, 3, replace=False)]
        asked += [Question(" ".join(words), (golds[n % 30],)), Question("  ".join(words), (golds[n % 30],))]
    report = shown(train_reranker(trainer(asked)).report)
    assert report["by_question"]["after"]["top1"]["mean"] < 0.15


def test_a_removed_passage_is_no_candidate() -> None:
    lexical, dense = BM25(passages(), tokenize=split), Dense(passages(), HashedEncoder(64))
    alive = np.ones(PASSAGES, np.bool_)
    alive[7] = False
    for leg in (lexical, dense):
        leg.table.restrict(alive)
    vectors = dense.encoder.encode_queries([q.question for q in questions()])
    made = examples(questions(), lexical, dense, vectors)
    assert all(7 not in candidates.rows for candidates in made.candidates)


def test_a_question_that_finds_nothing_is_counted_as_not_found() -> None:
    asked = [*questions(), Question("???", (passages()[0].text,))]
    made = trainer(asked)
    assert not len(made.made.candidates[150].rows)
    model = made.train(np.arange(151))
    assert made.ranks(model, np.array([150])) == [None]


def test_ties_go_by_row_as_in_a_search() -> None:
    made = trainer(questions(), ("dense",))
    model = replace(made.train(np.arange(150)), weights={"dense": 0.0})
    rows = made.made.rows
    assert made.ranks(model, np.arange(150)) == [int(row) + 1 for row in rows]


def test_progress_ends_at_the_total() -> None:
    steps: list[tuple[int, int]] = []
    train_reranker(trainer(questions(), SCORES_ONLY), lambda done, total: steps.append((done, total)))
    assert steps == [(done, 11) for done in range(1, 12)]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (questions()[:45], "질문 45개, 제시문 9개"),
        ([replace(q, gold=("다른 글",)) for q in questions()], "질문 0개, 제시문 0개"),
        ([replace(q, gold=()) for q in questions()], "질문 0개, 제시문 0개"),
        ([], "질문 0개, 제시문 0개"),
    ],
    ids=["few", "not in the index", "no gold", "none"],
)
def test_too_little_to_learn_from_is_said(asked: list[Question], found: str) -> None:
    with pytest.raises(MundapError, match=found):
        trainer(asked)


def test_candidates_without_any_right_passage_are_said() -> None:
    made = trainer(questions())
    empty: Examples = replace(made.made, candidates=tuple(c.first(0) for c in made.made.candidates))
    made.made = empty
    with pytest.raises(MundapError, match="40위 안에 없습니다"):
        made.train(np.arange(150))


def test_better_on_one_split_and_worse_on_none_is_better() -> None:
    def figures(mean: float, p: float) -> Comparisons:
        none = Estimate(0.0, 0.0, 0.0, 1)
        return Comparisons({"mrr@10": Comparison(none, none, Difference(mean, mean, mean, 1, p))})

    def verdict(*splits: tuple[float, float]) -> str:
        return verdict_of(figures(*split) for split in splits)

    assert verdict((0.1, 0.01), (0.0, 1.0)) == "better"
    assert verdict((-0.1, 0.5), (0.1, 0.01)) == "better"
    assert verdict((0.1, 0.05), (0.1, 0.3)) == "same"
    assert verdict((0.1, 0.01), (-0.1, 0.01)) == "worse"


def test_rows_of_one_group_share_a_fold_and_folds_are_even() -> None:
    groups = [n // 5 for n in range(150)]
    fold = by_group(groups, 5)
    assert all(len(set(fold[start : start + 5].tolist())) == 1 for start in range(0, 150, 5))
    assert np.bincount(fold).tolist() == [30] * 5
    assert fold.tolist() == by_group(groups, 5).tolist() != by_group(groups, 5, seed=1).tolist()


def over_an_adapter(asked: Sequence[Question], learned: np.ndarray, honest: bool) -> Trainer:
    """A trainer over maps that have learned from the questions where `learned` is True."""
    lexical, plain = BM25(passages(), tokenize=split), Dense(passages(), HashedEncoder(64))
    by_id = {p.id: p.text for p in passages()}
    told = [by_id[id] for id in plain.table.ids]
    texts = [q.question for q in asked]
    vectors = plain.encoder.encode_passages(told), plain.encoder.encode_queries(texts)
    known = Known(vectors[0], np.asarray(plain.vectors.starts), vectors[1])
    rows = np.array([told.index(q.gold[0]) for q in asked])
    setting = Setting(0.02, 1.0)
    (*_, maps) = fit(known, np.flatnonzero(learned), rows, PENALTIES)
    dense = Dense(passages(), AdaptedEncoder(plain.encoder, maps))
    made = examples(asked, lexical, dense, dense.encoder.encode_queries(texts))
    relearn = relearned_adapter(made, lexical, dense, known, setting, learned, 0) if honest else None
    return Trainer(made, lexical, dense, relearn=relearn)


@pytest.mark.slow
def test_over_an_adapter_the_figures_are_of_maps_that_have_not_met_the_question() -> None:
    random = np.random.default_rng(5)
    golds = [p.text for p in passages()]
    asked = [  # nothing can be learned: the words mean nothing, and no question comes twice
        Question(" ".join(word(ASKED, 100 + int(w)) for w in random.choice(400, 3, replace=False)), (golds[n % 30],))
        for n in range(150)
    ]
    learned = np.ones(150, np.bool_)
    flattered = shown(train_reranker(over_an_adapter(asked, learned, honest=False)).report)
    honest = shown(train_reranker(over_an_adapter(asked, learned, honest=True)).report)
    for split_by in ("by_passage", "by_question"):
        assert flattered[split_by]["before"]["top1"]["mean"] > 0.8
        assert honest[split_by]["before"]["top1"]["mean"] < 0.2
        assert honest[split_by]["after"]["top1"]["mean"] < 0.2


def test_maps_that_learn_anew_from_everything_find_what_those_in_use_find() -> None:
    asked = questions()
    learned = np.ones(150, np.bool_)
    made = over_an_adapter(asked, learned, honest=True)
    again = made.found_without(np.arange(150))
    np.testing.assert_allclose(again.vectors, made.made.vectors, atol=1e-6)
    assert again.places(np.arange(150)).tolist() == made.made.places(np.arange(150)).tolist()


@pytest.mark.slow
def test_questions_that_the_encoder_has_learned_from_are_not_counted() -> None:
    asked = questions()
    unlearned = np.arange(150) >= 75  # the passages of the first half are known to it
    made = trainer(asked)
    honest = Trainer(made.made, made.lexical, made.dense, unlearned=unlearned)
    report = shown(train_reranker(honest).report)
    assert (report["questions"], report["learned_by_encoder"]) == (150, 75)
    assert report["by_question"]["before"]["top1"]["mean"] == np.mean(made.made.places(np.arange(75, 150)) == 0)
    with pytest.raises(MundapError, match="임베딩 학습에 쓰이지 않은 제시문이 5개"):
        train_reranker(Trainer(made.made, made.lexical, made.dense, unlearned=np.arange(150) >= 125))


def test_what_an_encoder_learned_from_is_read_from_its_folder(tmp_path: Path) -> None:
    pairs = [
        {"question": "면세 한도는?", "part": "train"},
        {"question": "고른 질문", "part": "dev"},
        {"question": "남긴 질문", "part": "by_question"},
    ]
    (tmp_path / "pairs.json").write_text(json.dumps({"pairs": pairs}), "utf-8")
    assert unlearned(["면세  한도는?", "고른 질문", "남긴 질문", "새 질문"], learned(tmp_path)).tolist() == [
        False,
        False,
        True,
        True,
    ]
    (tmp_path / "pairs.json").write_text("{", "utf-8")
    with pytest.raises(MundapError, match="임베딩을 다시 학습하세요"):
        learned(tmp_path)
