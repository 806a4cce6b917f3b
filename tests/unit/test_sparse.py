"""The sparse leg: weights of tokens in segments, merged and removed as the rest is, and used where an encoder gives them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.small_models.encoders import Weighing, graph

from mundap.encode import make_encoder
from mundap.encode.onnx_header import output_names
from mundap.encode.sparse import SparseSentenceEncoder
from mundap.errors import ConfigError, UnknownName
from mundap.files import digest
from mundap.index import posting_runs
from mundap.index.posting_runs import RunsWriter
from mundap.index.postings import Postings, PostingsPart
from mundap.index.sparse import SPARSE, Sparse, SparseFiles, WeightsBuilder, weighed
from mundap.protocols import SparseEncoder, TokenWeights
from mundap.types import Passage
from mundap.workspace import Mundap

TEXTS = {
    "a": "관세청은 세금을 걷는다.",
    "b": "환급은 사흘 안에 된다.",
    "c": "세관에 신고한다.",
    "d": "세금을 환급한다.",
}
ALPHABET = "".join(sorted(set("".join(TEXTS.values()) + "새로운문서이다면제")))


def weights(**of: float) -> TokenWeights:
    ids = sorted(of, key=int)
    return TokenWeights(np.array([*map(int, ids)], np.int32), np.array([of[id] for id in ids], np.float32))


WEIGHTS = st.dictionaries(st.integers(0, 9).map(str), st.integers(1, 8192).map(lambda n: n / 4096), max_size=6)


@given(st.lists(WEIGHTS, max_size=12), WEIGHTS)
def test_a_score_is_the_sum_of_products_of_shared_weights(
    rows: list[dict[str, float]], asked: dict[str, float]
) -> None:
    held = weighed([weights(**row) for row in rows])
    expected = [sum(asked[id] * row.get(id, 0) for id in asked) for row in rows]
    np.testing.assert_allclose(held.weighed({id: w / 4096 for id, w in asked.items()}), expected, rtol=1e-6)


@given(st.lists(WEIGHTS, min_size=1, max_size=9), st.data())
def test_written_in_runs_and_merged_is_as_if_only_what_is_kept_had_been_written(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, float]], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("weights")
    kept = np.array(data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows))), np.bool_)
    cut = data.draw(st.integers(0, len(rows)))
    parts = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(posting_runs, "RUN", 3)
        for name, some in (("first", rows[:cut]), ("second", rows[cut:])):
            (folder / name).mkdir()
            writer = RunsWriter(folder / name, WeightsBuilder)
            writer.add(weights(**row) for row in some)
            writer.finish()
            parts.append(PostingsPart.open(folder / name))
    (folder / "merged").mkdir()
    posting_runs.merge(parts, [kept[:cut], kept[cut:]], folder / "merged")
    merged = Postings([PostingsPart.open(folder / "merged")], 0, 0)
    alone = weighed([weights(**row) for row, keep in zip(rows, kept, strict=True) if keep])
    for id in map(str, range(10)):
        np.testing.assert_array_equal(merged.weighed({id: 1.0}), alone.weighed({id: 1.0}))


def test_a_weight_is_kept_to_a_part_in_4096_and_a_huge_one_as_the_largest() -> None:
    held = weighed([weights(**{"3": 0.1, "5": 100.0})])
    assert held.weighed({"3": 1 / 4096})[0] == pytest.approx(0.1, abs=1 / 8192)
    assert held.weighed({"5": 1 / 4096})[0] == pytest.approx(16, abs=1e-3)


def test_a_leg_in_memory_multiplies_what_both_sides_weigh(passage: Callable[[str], Passage]) -> None:
    encoder, passages = Weighing(), [passage(text) for text in TEXTS.values()]
    leg = Sparse(passages, encoder)
    [(ids, asked)] = encoder.sparse_queries(["세금 환급"])
    for hit in leg.search("세금 환급"):
        [(own, held)] = encoder.sparse_passages([hit.passage.text])
        expected = sum(w * held[own == id].sum() for id, w in zip(ids, asked, strict=True))
        assert hit.score == pytest.approx(expected, rel=1e-3)
        assert hit.origins == {SPARSE: hit.rank}


# -- a workspace ------------------------------------------------------------------------------------------------------


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[Mundap]:
    graph(tmp_path / "model", weighs=ALPHABET)
    (tmp_path / "docs").mkdir()
    (tmp_path / "mundap.toml").write_text('[index]\nencoder = "onnx:model"\n', "utf-8")
    for name, text in TEXTS.items():
        (tmp_path / "docs" / f"{name}.txt").write_text(text, "utf-8")
    made = Mundap.open(tmp_path)
    with closing(made.corpus):
        made.ingest()
        made.index()
        yield made


def found(bot: Mundap, question: str = "세금 환급") -> dict[str, float]:
    return {Path(hit.passage.source).stem: hit.score for hit in bot.search(question, 20, SPARSE)}


def expected(bot: Mundap, question: str = "세금 환급") -> dict[str, float]:
    encoder = bot.components.sparse
    assert encoder is not None
    [(ids, asked)] = encoder.sparse_queries([question])
    scores = {}
    for passage in bot.corpus.all_passages():
        [(own, held)] = encoder.sparse_passages([passage.embedded])
        total = float(sum(w * held[own == id].sum() for id, w in zip(ids, asked, strict=True)))
        if total:
            scores[Path(passage.source).stem] = total
    return scores


def test_an_encoder_that_weighs_tokens_is_a_leg_of_its_own_and_of_the_hybrid(bot: Mundap) -> None:
    assert found(bot) == pytest.approx(expected(bot), rel=2e-3)
    assert list(bot.searchers) == ["bm25", "dense", "graph", "sparse", "hybrid"]
    assert {leg for hit in bot.search("세금 환급") for leg in hit.origins} == {"bm25", "dense", "sparse"}


def test_what_is_added_changed_and_removed_is_so_in_the_leg(bot: Mundap, tmp_path: Path) -> None:
    bot.remove("docs/d.txt")
    assert found(bot).keys() == expected(bot).keys() == {"a", "b"} | (found(bot).keys() & {"c"})
    (tmp_path / "docs" / "d.txt").unlink()
    (tmp_path / "docs" / "a.txt").write_text("새로운 문서이다. 세금 면제.", "utf-8")
    for n in range(9):  # enough for segments to be merged
        (tmp_path / "docs" / f"e{n}.txt").write_text(f"환급 문서 {'세' * n}", "utf-8")
        bot.ingest()
        bot.index()
    bot.reload()
    assert found(bot) == pytest.approx(expected(bot), rel=2e-3)
    before = found(bot)
    bot.index(rebuild=True)
    bot.reload()
    assert found(bot) == before


def test_a_passage_is_read_once_for_its_vector_and_its_weights(bot: Mundap, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = make_encoder("onnx:model", folder=bot.root)
    assert isinstance(encoder, SparseSentenceEncoder)
    vectors = encoder.encode_passages([*TEXTS.values()])
    monkeypatch.setattr(encoder.model, "run_for", lambda *_: pytest.fail("read again"))
    assert len(encoder.sparse_passages([*TEXTS.values()])) == len(vectors)


def test_legs_that_are_named_are_the_legs(bot: Mundap, tmp_path: Path) -> None:
    (tmp_path / "mundap.toml").write_text(
        '[index]\nencoder = "onnx:model"\n[retrieve]\nlegs = ["bm25", "dense"]\n', "utf-8"
    )
    with closing(Mundap.open(tmp_path).corpus):
        other = Mundap.open(tmp_path)
        assert {leg for hit in other.search("세금 환급") for leg in hit.origins} == {"bm25", "dense"}
        assert found(other) == found(bot)


def test_an_encoder_without_weights_says_so(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text("글", "utf-8")
    (tmp_path / "mundap.toml").write_text('[index]\nencoder = "hashed"\n', "utf-8")
    bot = Mundap.open(tmp_path)
    bot.ingest()
    bot.index()
    with pytest.raises(UnknownName, match="choose one of: bm25, dense, graph, hybrid"):
        bot.search("글", leg=SPARSE)
    (tmp_path / "mundap.toml").write_text(
        '[index]\nencoder = "hashed"\n[retrieve]\nlegs = ["dense", "sparse"]\n', "utf-8"
    )
    with pytest.raises(ConfigError, match="토큰 가중치"):
        Mundap.open(tmp_path).search("글")


def test_vectors_of_another_encoder_go_with_its_own_weights(bot: Mundap, tmp_path: Path) -> None:
    graph(tmp_path / "other", weighs="".join(sorted({*ALPHABET, "가", "나"})))
    with_it = bot.read_by("onnx:other")
    assert found(with_it) == pytest.approx(expected(with_it), rel=2e-3)
    assert SPARSE not in bot.read_by("hashed").searchers


# -- files ------------------------------------------------------------------------------------------------------------


def test_outputs_of_a_graph_are_known_without_loading_it(tmp_path: Path) -> None:
    folder = graph(tmp_path / "m", weighs=ALPHABET)
    assert output_names(folder / "model.onnx") == ["dense_vecs", "sparse_vecs", "colbert_vecs"]
    assert output_names(graph(tmp_path / "n") / "model.onnx") == ["last_hidden_state"]
    for broken in (b"", b"not a graph", (folder / "model.onnx").read_bytes()[:100], bytes(range(256)) * 4):
        (tmp_path / "broken").write_bytes(broken)
        assert output_names(tmp_path / "broken") == []


def test_a_text_of_several_windows_has_the_largest_weight_of_each_token(tmp_path: Path) -> None:
    encoder = make_encoder(f"onnx:{graph(tmp_path / 'm', weighs=ALPHABET)}")
    assert isinstance(encoder, SparseEncoder)
    [(ids, once)], [(again, many)] = (
        encoder.sparse_passages(["관세 환급"]),
        encoder.sparse_passages(["관세 환급 " * 900]),
    )
    np.testing.assert_array_equal(ids, again)
    np.testing.assert_allclose(once, many)
    assert encoder.sparse_passages([""])[0].ids.tolist() == []
    assert encoder.sparse_passages(["?! 뷁"])[0].ids.tolist() == []  # blanks, marks and what is unknown


def test_the_recipe_tells_one_encoder_from_another() -> None:
    assert SparseFiles(lambda texts: [], digest("a")).recipe != SparseFiles(lambda texts: [], digest("b")).recipe
