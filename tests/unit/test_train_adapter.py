"""Linear maps: what they learn, what they leave alone, and what is said of a broken one."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from tests.shown import shown
from tests.words import split

from mundap.encode import base_of, make_encoder
from mundap.encode.adapter import AdaptedEncoder, Maps, mapped
from mundap.encode.hashed import HashedEncoder
from mundap.errors import ConfigError
from mundap.evaluation.estimates import Comparison, Comparisons, Difference, Estimate
from mundap.evaluation.questions import Question
from mundap.index.bm25 import BM25
from mundap.index.dense import Dense
from mundap.training.common.heldout import HeldoutEvaluator, first_ranks, validate, verdict
from mundap.training.common.pairs import SPLITS, pairs
from mundap.training.retriever import adapter
from mundap.training.retriever.adapter import BLENDS, PENALTIES, Known, choose, fit, learn, train_adapter
from mundap.types import Passage

DIM, PASSAGES = 32, 24


def passages() -> list[Passage]:
    texts = [f"문서{n} 말{n % 5} 뜻{n % 7}" for n in range(PASSAGES)]
    return [Passage(f"p{n:02}", "d", text, 0, len(text)) for n, text in enumerate(texts)]


@cache
def evaluator() -> HeldoutEvaluator:
    asked = [Question(f"물음{n} 꼴{k}", (p.text,)) for n, p in enumerate(passages()) for k in range(6)]
    lexical, dense = BM25(passages(), tokenize=split), Dense(passages(), HashedEncoder(DIM))
    return HeldoutEvaluator(pairs(asked, dense.table), lexical, dense)


def known(seed: int = 0) -> Known:
    """Questions are what a turn makes of their passages, and some noise: linear maps can undo it."""
    random = np.random.default_rng(seed)
    unit = lambda rows: (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)  # noqa: E731
    passages = unit(random.normal(size=(PASSAGES, DIM)))
    turn = np.linalg.qr(random.normal(size=(DIM, DIM)))[0]
    asked = passages[evaluator().pairs.rows] @ turn + 0.1 * random.normal(size=(PASSAGES * 6, DIM))
    return Known(passages, np.arange(PASSAGES + 1), unit(asked))


def ranks(maps: Maps, some: np.ndarray) -> np.ndarray:
    return first_ranks(known().scores(maps, some), evaluator().pairs.rows[some])


def test_what_a_linear_map_can_undo_is_learned_by_heart() -> None:
    everything = np.arange(len(evaluator().pairs))
    assert (ranks(Maps.identity(DIM), everything) == 1).mean() < 0.2
    *_, maps = fit(known(), everything, evaluator().pairs.rows, PENALTIES)
    assert (ranks(maps, everything) == 1).mean() > 0.95


def test_the_slopes_are_those_of_the_loss() -> None:
    whole = known()
    starts = np.array([0, 1, 3, 6, *range(7, PASSAGES + 1)])  # rows with chunks, and without
    whole = Known(whole.passages, starts, whole.questions)
    among, batch = np.arange(len(starts) - 1)[::2], np.arange(10)
    right = among[np.arange(10) % len(among)]
    random = np.random.default_rng(1)
    maps = [np.eye(DIM) + 0.05 * random.normal(size=(DIM, DIM)) for _ in range(2)]

    def loss(two: list[np.ndarray]) -> float:
        logits = adapter.SCALE * whole.scores(Maps(*two), batch).astype(np.float64)[:, among]
        logits -= logits.max(axis=1, keepdims=True)
        own = logits[np.arange(10), np.searchsorted(among, right)]
        return float((np.log(np.exp(logits).sum(axis=1)) - own).mean())

    gradients = adapter._gradients(whole, batch, right, among, [one.astype(np.float32) for one in maps])
    for side in range(2):
        aside = random.normal(size=(DIM, DIM))
        moved = [[m + (d * 1e-3 * aside if n == side else 0) for n, m in enumerate(maps)] for d in (1, -1)]
        assert (loss(moved[0]) - loss(moved[1])) / 2e-3 == pytest.approx((gradients[side] * aside).sum(), rel=0.03)


def test_a_stronger_pull_stays_nearer_to_the_identity() -> None:
    everything = np.arange(len(evaluator().pairs))
    [far] = fit(known(), everything, evaluator().pairs.rows, (0.0,))
    [near] = fit(known(), everything, evaluator().pairs.rows, (10.0,))
    away = [np.linalg.norm(maps.question - np.eye(DIM)) for maps in (far, near)]
    assert away[1] < away[0]


def test_of_many_passages_a_step_tells_some_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "MOST_ROWS", 4)
    monkeypatch.setattr(adapter, "BATCH", 8)
    everything = np.arange(len(evaluator().pairs))
    *_, maps = fit(known(), everything, evaluator().pairs.rows, PENALTIES)
    assert (ranks(maps, everything) == 1).mean() > 0.5


def test_the_setting_is_one_of_those_tried_and_never_worse_on_new_passages_than_nothing() -> None:
    everything = np.arange(len(evaluator().pairs))
    setting = choose(evaluator().pairs, known(), everything)
    assert setting.penalty in PENALTIES
    assert setting.blend in (0.0, *BLENDS)


def test_where_nothing_can_be_gained_the_identity_stays() -> None:
    passages = known().passages
    whole = Known(passages, known().starts, passages[evaluator().pairs.rows])  # every passage is found already
    maps, setting = learn(evaluator().pairs, whole, np.arange(len(evaluator().pairs)))
    assert setting.blend == 0.0
    np.testing.assert_array_equal(maps.question, np.eye(DIM))


@pytest.mark.slow
def test_training_twice_gives_the_same_and_the_report_is_json() -> None:
    one, other = (train_adapter(evaluator(), known()) for _ in range(2))
    assert one.maps.digest == other.maps.digest
    assert one.report == other.report
    report = shown(one.report)
    assert report == json.loads(json.dumps(report))
    assert one.setting == other.setting
    for name in SPLITS:
        assert set(report[name]) == {"dense", "hybrid"}
    assert one.report.splits["by_question"]["dense"]["mrr@10"].difference.mean > 0.3
    assert report["verdict"] == "better"


def test_the_same_vectors_after_as_before_are_the_same() -> None:
    def unchanged(some: np.ndarray, tested: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        assert not set(some) & set(tested)
        return known().passages, known().questions[tested]

    report = validate(evaluator(), (known().passages, known().questions), unchanged)
    assert report.verdict == "same"
    assert report.splits["by_passage"]["dense"]["top1"].difference.mean == 0


def test_worse_in_any_leg_on_any_split_is_worse() -> None:
    def figures(mean: float, p: float) -> Comparisons:
        none = Estimate(0.0, 0.0, 0.0, 1)
        return Comparisons({"mrr@10": Comparison(none, none, Difference(mean, mean, mean, 1, p))})

    up, down, none = figures(0.1, 0.001), figures(-0.1, 0.001), figures(-0.1, 0.5)
    assert verdict({name: {"dense": none, "hybrid": up} for name in SPLITS}) == "better"
    assert verdict({name: {"dense": up, "hybrid": none} for name in SPLITS}) == "same"
    assert verdict({SPLITS[0]: {"dense": down, "hybrid": none}, SPLITS[1]: {"dense": up, "hybrid": up}}) == "worse"


def test_the_identity_leaves_vectors_as_they_are() -> None:
    texts = ["관세청은 세금을 걷는다.", "", "한글"]
    base = HashedEncoder(DIM)
    encoder = AdaptedEncoder(base, Maps.identity(DIM))
    np.testing.assert_allclose(encoder.encode_queries(texts), base.encode_queries(texts), atol=1e-6)
    np.testing.assert_allclose(encoder.encode_passages(texts), base.encode_passages(texts), atol=1e-6)
    free = Maps(*np.random.default_rng(0).normal(size=(2, DIM, DIM)).astype(np.float32))
    np.testing.assert_array_equal(free.blended(0.0).passage, np.eye(DIM))
    np.testing.assert_array_equal(free.blended(1.0).question, free.question)


def test_a_map_that_takes_a_vector_to_nothing_leaves_it() -> None:
    rows = np.eye(DIM, dtype=np.float32)[:3]
    np.testing.assert_array_equal(mapped(rows, np.zeros((DIM, DIM), np.float32)), rows)


def kept(folder: Path, base: str = "hashed", seed: int = 0) -> Path:
    model = folder / "내것"
    model.mkdir(parents=True)
    dim = HashedEncoder().dim
    maps = Maps(*np.random.default_rng(seed).normal(size=(2, dim, dim)).astype(np.float32))
    maps.save(model, base, HashedEncoder().name)
    return model


def test_what_is_saved_gives_the_same_vectors_and_a_name_of_its_own(tmp_path: Path) -> None:
    kept(tmp_path)
    one, other = make_encoder("model:내것", tmp_path), make_encoder("model:내것", tmp_path)
    assert one.name == other.name != make_encoder("hashed").name
    np.testing.assert_array_equal(one.encode_queries(["관세"]), other.encode_queries(["관세"]))
    assert base_of("model:내것", tmp_path) == "hashed"
    assert base_of("e5-small", tmp_path) == "e5-small"
    kept(tmp_path / "b", seed=1)
    assert make_encoder("model:내것", tmp_path / "b").name != one.name


def test_a_model_that_cannot_be_used_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'없음'"):
        make_encoder("model:없음", tmp_path)
    folder = kept(tmp_path)
    whole = {path.name: path.read_bytes() for path in folder.iterdir()}
    said = json.loads(whole["encoder.json"])
    for name, content in (
        ("question.npy", b""),
        ("passage.npy", whole["question.npy"]),
        ("encoder.json", b"{"),
        ("encoder.json", b'{"kind": "unknown"}'),
        ("encoder.json", b'{"kind": "adapter"}'),
        ("encoder.json", json.dumps({**said, "base_name": "another"}).encode()),
    ):
        (folder / name).write_bytes(content)
        with pytest.raises(ConfigError, match="내것"):
            make_encoder("model:내것", tmp_path)
        (folder / name).write_bytes(whole[name])
    (folder / "passage.npy").unlink()
    with pytest.raises(ConfigError, match="내것"):
        make_encoder("model:내것", tmp_path)
