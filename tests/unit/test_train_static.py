"""Word vectors: what they learn, what stays of words that nobody asked about, and what is said of a broken one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.words import split

from mundap.encode import base_of, make_encoder
from mundap.encode.hashed import HashedEncoder
from mundap.encode.static import StaticEncoder, Words, drawn, save
from mundap.errors import ConfigError
from mundap.evaluation.questions import Question
from mundap.index.bm25 import BM25
from mundap.index.dense import Dense
from mundap.korean.tokens import SearchTokenizer
from mundap.training.common.heldout import HeldoutEvaluator
from mundap.training.common.pairs import pairs
from mundap.training.retriever import static
from mundap.training.retriever.batches import batches
from mundap.training.retriever.config import StaticConfig
from mundap.training.retriever.static import Texts, Tokens, fit, train_static
from mundap.types import Passage

PASSAGES = 20
SMALL = StaticConfig(dim=64, batch=16, epochs=8)


def told() -> list[str]:
    return [f"말{n} 뜻{n % 6} 글{n % 4}" for n in range(PASSAGES)]


def asked() -> list[str]:
    """The askers have words of their own."""
    return [f"물음{n} 꼴{n % 6} {way}" for n in range(PASSAGES) for way in ("뭐", "왜", "언제", "어디")]


RIGHT = np.repeat(np.arange(PASSAGES), 4)


def learned(recipe: StaticConfig = SMALL) -> Words:
    return fit(split(asked()), split(told()), RIGHT, np.arange(len(told())), recipe)


def share_found(words: Words) -> float:
    scores = words.means(split(asked())) @ words.means(split(told())).T
    return float((scores.argmax(axis=1) == RIGHT).mean())


def test_the_words_of_askers_are_learned_by_heart() -> None:
    assert share_found(learned(StaticConfig(dim=64, epochs=1, rate=0.0))) < 0.3
    assert share_found(learned()) == 1


def test_training_twice_gives_the_same_and_another_seed_another() -> None:
    assert learned().digest == learned().digest
    assert (
        fit(split(asked()), split(told()), RIGHT, np.arange(len(told())), replace(SMALL, seed=1)).digest
        != learned().digest
    )


def test_no_passage_comes_twice_in_a_batch_and_every_question_once() -> None:
    right = np.array([0] * 9 + list(range(1, 12)))
    made = batches(right, 4, np.random.default_rng(0))
    assert all(len(set(right[batch].tolist())) == len(batch) <= 4 for batch in made)
    placed = np.concatenate(made).tolist()
    assert len(placed) == len(set(placed))
    assert set(range(9, 20)) <= set(placed)  # only lone questions of the passage that has most may be left out


def test_the_slope_is_that_of_the_loss() -> None:
    random = np.random.default_rng(0)
    places = {f"w{n}": n for n in range(12)}
    texts = [[f"w{n}" for n in random.choice(12, 3, replace=False)] for _ in range(10)]
    questions, passages = Texts.of(texts[:5], places), Texts.of(texts[5:], places)
    vectors = random.normal(size=(12, 16))
    every = np.arange(5)

    def loss(some: np.ndarray) -> float:
        (q, _), (p, _) = (static._means(some, *side.of_texts(every)) for side in (questions, passages))
        logits = 5.0 * q @ p.T
        return float((np.log(np.exp(logits).sum(axis=1)) - np.diag(logits)).mean())

    rows, gradient = static._gradient(
        vectors.astype(np.float32), (questions.of_texts(every), passages.of_texts(every)), every, 5.0
    )
    aside = random.normal(size=(12, 16))
    moved = (loss(vectors + 1e-4 * aside) - loss(vectors - 1e-4 * aside)) / 2e-4
    assert moved == pytest.approx((gradient * aside[rows]).sum(), rel=0.01)


def test_a_word_that_was_never_met_still_meets_itself() -> None:
    words = learned()
    one, same, other = words.means([["새말", "말1"], ["새말"], ["딴말"]])
    assert one @ same > 0.3 > abs(one @ other)
    assert drawn("새말", 600).shape == (600,)
    assert np.linalg.norm(drawn("새말", 600)) == pytest.approx(1)
    assert not np.array_equal(drawn("새말", 600)[:88], drawn("새말", 600)[512:])


def test_a_text_without_words_is_a_unit_vector() -> None:
    [row] = learned().means([[]])
    assert row.tolist() == [1.0] + [0.0] * 63


def test_the_report_has_both_splits_and_is_json() -> None:
    rows = [Passage(f"p{n:02}", "d", text, 0, len(text)) for n, text in enumerate(told())]
    lexical, dense = BM25(rows, tokenize=split), Dense(rows, HashedEncoder(32))
    made = pairs([Question(q, (told()[row],)) for q, row in zip(asked(), RIGHT, strict=True)], dense.table)
    evaluator = HeldoutEvaluator(made, lexical, dense)
    before = (dense.vectors.parts[0].vectors.astype(np.float32), dense.encoder.encode_queries(made.questions))
    trained = train_static(evaluator, Tokens(split(asked()), split(told())), before, SMALL)
    assert trained.report.to_json() == json.loads(json.dumps(trained.report.to_json()))
    gain = trained.report.splits["by_question"]["dense"]["mrr@10"].difference
    assert gain.mean > 0.3
    assert gain.p < 0.05


def kept(folder: Path, dictionary: Path | None = None) -> Path:
    model = folder / "내것"
    model.mkdir(parents=True)
    tokenizer = SearchTokenizer(joins=True, bigrams=False, user_dictionary=dictionary)
    texts = ["관세청은 세금을 걷는다.", "이사화물은 통관한다."]
    words = fit(tokenizer(texts), tokenizer(texts), np.arange(2), np.arange(2), SMALL)
    save(words, tokenizer, "e5-small", model)
    return model


def test_what_is_saved_gives_the_same_vectors(tmp_path: Path) -> None:
    kept(tmp_path)
    one, other = make_encoder("model:내것", tmp_path), make_encoder("model:내것", tmp_path)
    assert isinstance(one, StaticEncoder)
    assert one.name == other.name
    np.testing.assert_array_equal(one.encode_queries(["관세 통관"]), other.encode_passages(["관세 통관"]))
    assert base_of("model:내것", tmp_path) == "e5-small"


@pytest.mark.slow
def test_the_user_dictionary_goes_with_the_model(tmp_path: Path) -> None:
    dictionary = tmp_path / "words.txt"
    dictionary.write_text("이사화물\tNNP\t10\n", "utf-8")
    kept(tmp_path / "models", dictionary)
    dictionary.unlink()
    encoder = make_encoder("model:내것", tmp_path / "models")
    assert isinstance(encoder, StaticEncoder)
    assert "이사화물" in encoder.words.places
    assert encoder.encode_queries(["이사화물"]) @ encoder.encode_queries(["이사화물"]).T == pytest.approx(1)
    plain = kept(tmp_path / "plain")
    assert encoder.name != make_encoder("model:내것", plain.parent).name


def test_a_model_that_cannot_be_used_is_named_with_what_to_do(tmp_path: Path) -> None:
    folder = kept(tmp_path)
    whole = {path.name: path.read_bytes() for path in folder.iterdir()}
    said = json.loads(whole["encoder.json"])
    for name, content in (
        ("vectors.npy", b""),
        ("words.txt", "관세".encode()),
        ("words.txt", b"\xff"),
        ("encoder.json", b'{"kind": "static"}'),
        ("encoder.json", json.dumps({**said, "tokenizer": "kiwi-0"}).encode()),
    ):
        (folder / name).write_bytes(content)
        with pytest.raises(ConfigError, match="내것"):
            make_encoder("model:내것", tmp_path)
        (folder / name).write_bytes(whole[name])
