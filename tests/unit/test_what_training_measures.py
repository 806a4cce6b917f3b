"""What training measures is the search that people use, and what it takes for wrong is wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from tests.words import split

from mundap.encode.adapter import Maps
from mundap.encode.hashed import HashedEncoder
from mundap.evaluation.questions import Question
from mundap.index.bm25 import BM25
from mundap.index.dense import Dense
from mundap.retrieve.coverage import untrained
from mundap.retrieve.hybrid import Hybrid
from mundap.retrieve.light import fit as fit_weights
from mundap.training.common.heldout import HeldoutEvaluator
from mundap.training.common.pairs import kin_of, pairs, twins_in
from mundap.training.rerank.fit_ranker import Trainer, examples
from mundap.training.retriever.adapter import Known, fit
from mundap.types import Passage

TOPICS = 12
WORDS = "신고 여권 통관 세금 면세 환급"


def passages() -> list[Passage]:
    """Of each topic one passage that says a question's words apart and twice, and one that says them in a sentence."""
    texts = []
    for n in range(TOPICS):
        texts.append(f"품목{n} 품목{n} 안내. 한도 한도 표. 장소{n} 다른 말. 초과 초과 없음.")
        texts.append(f"품목{n} 한도 초과 신고. 여기에 더 적은 말 하나 둘 셋 넷 다섯 여섯 일곱 여덟 아홉 열 스물.")
    return [Passage(f"p{n:02}", "d", text, 0, len(text)) for n, text in enumerate(texts)]


def asked() -> list[Question]:
    golds = [p.text for p in passages()]
    return [
        Question(f"품목{n // 2} 한도 초과 {word}", (golds[n],))
        for n in range(len(golds))
        for word in WORDS.split()[n % 2 :: 2]
    ]


def test_ranks_in_training_are_those_of_the_search_without_a_trained_ranker() -> None:
    lexical, dense = BM25(passages(), tokenize=split), Dense(passages(), HashedEncoder(16))
    searched = untrained(lexical, dense, lexical=lexical)
    found = [[hit.passage.text for hit in searched.search(q.question, 10)] for q in asked()]
    wanted = [
        texts.index(q.gold[0]) + 1 if q.gold[0] in texts else None for q, texts in zip(asked(), found, strict=True)
    ]
    plain = [[hit.passage.text for hit in Hybrid(lexical, dense).search(q.question, 10)] for q in asked()]
    assert plain != found
    made = pairs(asked(), dense.table)
    vectors = dense.encoder.encode_queries(made.questions)
    own = dense.encoder.encode_passages([p.embedded for p in passages()])
    ranks = HeldoutEvaluator(made, lexical, dense).ranks(own, vectors, np.arange(len(made)))
    assert ranks["hybrid"] == wanted
    trainer = Trainer(examples(asked(), lexical, dense, vectors), lexical, dense)
    before = trainer.ranks_before(np.arange(len(made)), trainer.made)
    assert [rank if rank and rank <= 10 else None for rank in before] == wanted


def test_passages_of_one_question_and_twins_are_kin() -> None:
    kin = kin_of([[0], [1, 3], [3]], [(0, 4)])
    assert kin[1] == kin[3]
    assert kin[0] == kin[4]
    assert len({kin[0], kin[1], kin[2]}) == 3


def test_copies_that_differ_in_a_number_are_found_in_the_index() -> None:
    text = "여행자가 휴대하는 주류의 면세 한도는 {}리터이며 이를 넘는 분량은 세관에 신고하고 세금을 내야 합니다."
    texts = [text.format(2), "수입 신고는 보세구역에 물품을 반입한 뒤에 합니다. 서류는 세관에 냅니다.", text.format(3)]
    table = BM25([Passage(f"p{n}", "d", one, 0, len(one)) for n, one in enumerate(texts)], tokenize=split).table
    assert twins_in(table) == ((0, 2),)


def test_maps_do_not_learn_to_push_kin_away() -> None:
    random = np.random.default_rng(0)
    unit = lambda rows: (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)  # noqa: E731
    vectors = unit(random.normal(size=(8, 16)))
    vectors[1] = unit(vectors[:1] + 0.1 * random.normal(size=(1, 16)))[0]
    rows = np.repeat(np.arange(8), 8)
    known = Known(vectors, np.arange(9), unit(vectors[rows] + 0.2 * random.normal(size=(64, 16))))
    kin = np.array([0, 0, *range(2, 8)])

    def apart(maps: Maps) -> float:
        one, other = unit(vectors[:2] @ maps.passage)
        return float(one @ other)

    [strangers] = fit(known, np.arange(64), rows, (0.0,))
    [together] = fit(replace(known, kin=kin), np.arange(64), rows, (0.0,))
    assert apart(together) > apart(strangers) + 0.01


def test_a_candidate_that_is_set_aside_does_not_move_the_weights() -> None:
    random = np.random.default_rng(0)
    features = random.normal(size=(50, 6, 3))
    right = np.zeros(50, np.int64)
    aside = np.zeros((50, 6), np.bool_)
    aside[:, 5] = True
    np.testing.assert_allclose(
        fit_weights(features, right, aside=aside), fit_weights(features[:, :5], right), atol=1e-6
    )
