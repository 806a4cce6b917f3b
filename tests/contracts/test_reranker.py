"""Every Reranker: the same passages, ranked by what it reads. And the tiny models' scores, worked by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unicodedata import normalize

import numpy as np
import pytest
from tests.serving import running
from tests.small_models.encoders import RerankServer

from mundap import remote
from mundap.encode.onnx import MAX_TOKENS
from mundap.encode.tokenized import BATCH
from mundap.errors import ConfigError, MundapError, ServerError, UnknownName
from mundap.protocols import Reranker, Vectors
from mundap.retrieve.cross import OnnxReranker, logits
from mundap.retrieve.late import LateReranker, maxsim
from mundap.retrieve.rerank import FORMS, RERANKERS, by_text, make_reranker
from mundap.types import Hit, Passage

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "관세", "환급", "신고", "세관", "한글"]
ASKED = [0, 0, 1, 0, 2, 3, 0, 0, 1]  # a word's weight in a question: [CLS] 1, 관세 2, 환급 3
READ = [0, 0, 0, 0, 5, 7, 11, -1, 2]  # and in a passage: 관세 5, 환급 7, 신고 11, 세관 -1
PLACES = [(0, 0), (-3, -4), (9, 9), (9, 9), (3, 4), (1, 0), (0, 2), (-1, 0), (0, -1)]  # a word's vector


# -- models -------------------------------------------------------------------------------------------------------


def tokenizer(folder: Path, **settings: Any) -> None:
    """A word is a token; "[CLS] question [SEP] passage [SEP]", the passage's types being 1."""
    tokenizers = pytest.importorskip("tokenizers", reason="needs tokenizers, from the extra rerank")
    words = {word: number for number, word in enumerate(WORDS)}
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="[UNK]"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    made.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    made.enable_padding(length=4)  # as some files ask for; it is no business of theirs
    if settings:
        made.enable_truncation(**settings)
    folder.mkdir(exist_ok=True)
    made.save(str(folder / "tokenizer.json"))


def graph(folder: Path, nodes: Sequence[Any], tables: dict[str, Any], shape: Sequence[Any], name: str) -> None:
    pytest.importorskip("onnxruntime", reason="needs onnxruntime, from the extra rerank")
    onnx = pytest.importorskip("onnx", reason="needs onnx, to make a model")
    inputs = [
        onnx.helper.make_tensor_value_info(input, onnx.TensorProto.INT64, ["batch", "tokens"])
        for input in ("input_ids", "attention_mask", "token_type_ids")
        if any(input in node[1] for node in nodes)
    ]
    outputs: list[tuple[str, Sequence[Any]]] = [(name, shape)]
    if name in ("logits", "last_hidden_state"):  # a name that is known is found behind another one
        nodes = [*nodes, ("Cast", ["input_ids"], "other", {"to": 1})]
        outputs.insert(0, ("other", ["batch", "tokens"]))
    made = onnx.helper.make_model(
        onnx.helper.make_graph(
            [onnx.helper.make_node(kind, takes, [gives], **how) for kind, takes, gives, how in nodes],
            "tiny",
            inputs,
            [onnx.helper.make_tensor_value_info(given, onnx.TensorProto.FLOAT, of) for given, of in outputs],
            [onnx.numpy_helper.from_array(np.asarray(table), key) for key, table in tables.items()],
        ),
        opset_imports=[onnx.helper.make_opsetid("", 17)],
        ir_version=9,
    )
    onnx.checker.check_model(made)
    onnx.save(made, str(folder / "model.onnx"))


def cross(folder: Path, outputs: int = 1, name: str = "logits", **settings: Any) -> Path:
    """A model whose logit is (the weights of the question's words, summed) * (those of the passage's).

    Padding weighs a thousand, so that whoever reads it is caught. With two outputs they are (4, 4 + logit).
    """
    tokenizer(folder, **settings)
    nodes = [
        ("Cast", ["attention_mask"], "mask", {"to": 1}),
        ("Cast", ["token_type_ids"], "second", {"to": 1}),
        ("Mul", ["mask", "second"], "in_passage", {}),
        ("Sub", ["mask", "in_passage"], "in_question", {}),
        ("Gather", ["asked", "input_ids"], "asked_each", {}),
        ("Gather", ["read", "input_ids"], "read_each", {}),
        ("Mul", ["asked_each", "in_question"], "asked_own", {}),
        ("Mul", ["read_each", "in_passage"], "read_own", {}),
        ("ReduceSum", ["asked_own", "axis"], "asked_sum", {"keepdims": 1}),
        ("ReduceSum", ["read_own", "axis"], "read_sum", {"keepdims": 1}),
        ("Mul", ["asked_sum", "read_sum"], name if outputs == 1 else "logit", {}),
    ]
    if outputs == 2:
        nodes += [
            ("MatMul", ["logit", "zero_one"], "apart", {}),
            ("Add", ["apart", "four"], name, {}),
        ]
    if outputs == 3:
        nodes += [("MatMul", ["logit", "thrice"], name, {})]
    tables = {
        "asked": np.array([1000, *ASKED[1:]], np.float32),
        "read": np.array([1000, *READ[1:]], np.float32),
        "axis": np.array([1], np.int64),
        "zero_one": np.array([[0, 1]], np.float32),
        "thrice": np.array([[1, 1, 1]], np.float32),
        "four": np.array([4], np.float32),
    }
    graph(folder, nodes, tables, ["batch", outputs], name)
    return folder


def late(folder: Path, **settings: Any) -> Path:
    """An encoder that gives each word its place, wherever it stands."""
    tokenizer(folder, **settings)
    nodes: list[tuple[str, list[str], str, dict[str, int]]] = [
        ("Gather", ["places", "input_ids"], "last_hidden_state", {})
    ]
    graph(folder, nodes, {"places": np.array(PLACES, np.float32)}, ["batch", "tokens", 2], "last_hidden_state")
    return folder


_OPEN = ExitStack()  # servers, until the module is done


@pytest.fixture(scope="module", autouse=True)
def _closed() -> Iterator[None]:
    with _OPEN:
        yield


def served(server: RerankServer) -> str:
    return _OPEN.enter_context(running(server)).address


# A new reranker is one more line here.
RERANKERS_MADE: dict[str, Callable[[Path], Reranker]] = {
    "onnx": lambda folder: make_reranker(f"onnx:{cross(folder / 'm').name}", folder),
    "onnx with two outputs": lambda folder: make_reranker(f"onnx:{cross(folder / 'm', outputs=2)}"),
    "late": lambda folder: make_reranker(f"late:{late(folder / 'm')}"),
    "late without a cache": lambda folder: LateReranker(late(folder / "m"), cached_bytes=0),
    "rerank, the shape of Jina": lambda folder: make_reranker(f"rerank:{served(RerankServer())}#m"),
    "rerank, the shape of TEI": lambda folder: make_reranker(f"rerank:{served(RerankServer(tei=True))}"),
}


@pytest.fixture(scope="module", params=list(RERANKERS_MADE.values()), ids=list(RERANKERS_MADE))
def reranker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Reranker:
    made: Reranker = request.param(tmp_path_factory.mktemp("rerankers"))
    return made


def hits(*texts: str) -> list[Hit]:
    return [
        Hit(Passage(f"p{n:02}", "d", text, 0, len(text)), 1 / n, n, {"bm25": n, "dense": 1})
        for n, text in enumerate(texts, 1)
    ]


def scores(ranked: Sequence[Hit]) -> dict[str, float]:
    return {hit.passage.text: hit.score for hit in ranked}


FOUND = hits(
    "세관 신고", "관세 환급", "환급", "", "신고 신고 관세", "😀👍🏽", "한글", "관세 환급", "a\0b", "신고 " * 700
)
QUESTIONS = ["관세 환급", "신고", "", " \n", "😀", "모르는 말", "관세 " * 700]


# -- the contract -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_same_passages_come_back_ranked_by_their_new_scores(reranker: Reranker, question: str) -> None:
    ranked = reranker.rerank(question, FOUND)
    assert {hit.passage.id: hit.passage for hit in ranked} == {hit.passage.id: hit.passage for hit in FOUND}
    assert [hit.rank for hit in ranked] == list(range(1, len(FOUND) + 1))
    assert ranked == sorted(ranked, key=lambda hit: (-hit.score, hit.passage.id))
    assert all(type(hit.score) is float and np.isfinite(hit.score) for hit in ranked)


def test_the_best_answer_to_the_question_comes_first(reranker: Reranker) -> None:
    ranked = reranker.rerank("관세 환급", hits("세관", "한글", "관세 환급"))
    assert ranked[0].passage.text == "관세 환급"


def test_a_hit_keeps_the_ranks_that_the_legs_gave_it_and_the_given_hits_stay_as_they_were(reranker: Reranker) -> None:
    given = list(FOUND)
    origins = {hit.passage.id: hit.origins for hit in FOUND}
    assert {hit.passage.id: hit.origins for hit in reranker.rerank("관세", FOUND)} == origins
    assert given == FOUND


def test_nothing_comes_of_nothing_and_one_of_one(reranker: Reranker) -> None:
    assert reranker.rerank("관세", []) == []
    (only,) = reranker.rerank("관세", FOUND[2:3])
    assert (only.passage, only.rank) == (FOUND[2].passage, 1)


def test_equal_texts_tie_and_go_by_id(reranker: Reranker) -> None:
    ranked = reranker.rerank("관세 환급", [hit for hit in FOUND if hit.passage.text == "관세 환급"][::-1])
    assert [hit.passage.id for hit in ranked] == ["p02", "p08"]
    assert ranked[0].score == ranked[1].score


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_same_hits_in_any_order_at_any_time_get_the_same_ranking(reranker: Reranker, question: str) -> None:
    first = reranker.rerank(question, FOUND)
    reranker.rerank("세관", FOUND[:3])
    assert reranker.rerank(question, FOUND[::-1]) == first
    assert reranker.rerank(question, first) == first


def test_a_decomposed_question_is_the_same_question(reranker: Reranker) -> None:
    for question in ("한글 관세", "환급"):
        assert reranker.rerank(normalize("NFD", question), FOUND) == reranker.rerank(question, FOUND)


def test_a_score_does_not_depend_on_the_passages_beside_it(reranker: Reranker) -> None:
    many = hits(*(" ".join(WORDS[4 + (n + m) % 5] for m in range(n % 11)) for n in range(3 * BATCH)))
    alone = {hit.passage.id: reranker.rerank("관세 환급", [hit])[0].score for hit in many[::5]}
    together = {hit.passage.id: hit.score for hit in reranker.rerank("관세 환급", many)}
    assert {id: together[id] for id in alone} == pytest.approx(alone, rel=1e-4, abs=1e-5)


def test_the_name_stays(reranker: Reranker) -> None:
    before = reranker.name
    reranker.rerank("관세", FOUND)
    assert reranker.name == before != ""


# -- a cross-encoder by hand --------------------------------------------------------------------------------------


@pytest.mark.parametrize("outputs", [1, 2])
def test_the_logit_is_that_of_the_pair_question_first(tmp_path: Path, outputs: int) -> None:
    reranker = OnnxReranker(cross(tmp_path / "m", outputs))
    assert scores(reranker.rerank("관세 환급", hits("신고 관세", "세관", "모르는"))) == {
        "신고 관세": (1 + 2 + 3) * (11 + 5),
        "세관": (1 + 2 + 3) * -1,
        "모르는": (1 + 2 + 3) * 0,
    }
    assert scores(reranker.rerank("신고 관세", hits("관세 환급"))) == {"관세 환급": (1 + 0 + 2) * (5 + 7)}


def test_the_heading_is_read_with_the_text(tmp_path: Path) -> None:
    titled = [Hit(Passage("p", "d", "관세", 0, 2, heading="신고"), 1.0, 1)]
    assert OnnxReranker(cross(tmp_path / "m")).rerank("환급", titled)[0].score == (1 + 3) * (11 + 5)


def test_of_a_pair_that_is_too_long_the_passage_is_cut(tmp_path: Path) -> None:
    read = MAX_TOKENS - 3 - 2  # [CLS] 관세 환급 [SEP] … [SEP]
    ranked = OnnxReranker(cross(tmp_path / "m")).rerank("관세 환급", hits("신고 " * read, "신고 " * (read + 400)))
    assert [hit.score for hit in ranked] == [(1 + 2 + 3) * 11 * read] * 2


def test_a_question_is_cut_only_where_it_takes_more_than_half(tmp_path: Path) -> None:
    reranker, half = OnnxReranker(cross(tmp_path / "m")), MAX_TOKENS // 2
    read = MAX_TOKENS - 3 - half
    assert reranker.rerank("관세 " * half, hits("신고 " * 900))[0].score == (1 + 2 * half) * 11 * read
    assert reranker.rerank("관세 " * 900, hits("신고 " * 900))[0].score == (1 + 2 * half) * 11 * read


def test_a_lower_limit_in_the_tokenizers_file_is_kept(tmp_path: Path) -> None:
    reranker = OnnxReranker(cross(tmp_path / "m", max_length=8, strategy="only_second"))
    assert reranker.rerank("관세 환급", hits("신고 " * 9))[0].score == (1 + 2 + 3) * 11 * (8 - 3 - 2)


def test_a_model_with_three_outputs_is_no_reranker(tmp_path: Path) -> None:
    reranker = OnnxReranker(cross(tmp_path / "m", outputs=3))
    with pytest.raises(ConfigError, match=r"'onnx:m'은\(는\) 리랭커가 아닙니다.*\(2, 3\)"):
        reranker.rerank("관세", hits("환급", "신고"))
    with pytest.raises(ConfigError, match=r"리랭커가 아닙니다"):
        OnnxReranker(late(tmp_path / "l")).rerank("관세", hits("환급"))


def test_an_output_of_any_other_name_is_read_if_it_is_the_first(tmp_path: Path) -> None:
    reranker = OnnxReranker(cross(tmp_path / "m", name="relevance"))
    assert reranker.rerank("환급", hits("관세"))[0].score == (1 + 3) * 5


def test_logits_of_every_shape_that_models_give() -> None:
    assert list(logits(np.array([2, -1], np.float32), "m")) == [2, -1]
    assert list(logits(np.array([[2], [-1]], np.float32), "m")) == [2, -1]
    assert list(logits(np.array([[2, 5], [1, 0]], np.float32), "m")) == [5 - 2, 0 - 1]


# -- late interaction by hand -------------------------------------------------------------------------------------


def test_each_word_of_the_question_finds_its_best_match(tmp_path: Path) -> None:
    # Unit vectors: 관세 (.6, .8), 환급 (1, 0), 신고 (0, 1), 세관 (-1, 0); [CLS] and [SEP] do not count.
    ranked = LateReranker(late(tmp_path / "m")).rerank("관세 환급", hits("신고 세관", "관세", "세관", "", "환급 관세"))
    assert scores(ranked) == pytest.approx(
        {"환급 관세": 1 + 1, "관세": 1 + 0.6, "신고 세관": 0.8 + 0, "세관": -0.6 - 1, "": -2}, abs=1e-3
    )
    assert [hit.passage.text for hit in ranked] == ["환급 관세", "관세", "신고 세관", "세관", ""]


def test_a_question_without_a_word_tells_nothing_apart(tmp_path: Path) -> None:
    reranker = LateReranker(late(tmp_path / "m"))
    for question in ("", " "):
        assert scores(reranker.rerank(question, hits("관세", ""))) == {"관세": 0, "": 0}


def test_maxsim_is_the_sum_of_the_best_cosines() -> None:
    question, passage = np.array([[1, 0], [0.6, 0.8]], np.float32), np.array([[0, 1], [-1, 0], [0.8, 0.6]], np.float32)
    assert maxsim(question, passage) == pytest.approx(0.8 + (0.6 * 0.8 + 0.8 * 0.6))
    for nothing in [(question[:0], passage), (question, passage[:0])]:
        with pytest.raises(ValueError, match="neither may be none"):
            maxsim(*nothing)


class Watched(LateReranker):
    """Notes which texts the model reads."""

    def __init__(self, folder: Path, cached_bytes: int) -> None:
        super().__init__(folder, cached_bytes)
        self.seen: list[str] = []

    def _embed(self, texts: Sequence[str]) -> list[Vectors]:
        self.seen += texts
        return super()._embed(texts)


def test_passages_are_read_once_while_there_is_room_and_the_last_used_stay(tmp_path: Path) -> None:
    word = 2 * 2  # bytes of one word: two dimensions, in halves
    reranker = Watched(late(tmp_path / "m"), cached_bytes=2 * word)
    reranker.rerank("한글", hits("관세", "환급"))
    before = reranker.rerank("한글", hits("관세"))
    assert reranker.seen == ["한글", "관세", "환급", "한글"]
    reranker.rerank("한글", hits("신고"))  # there is room for two: 환급, unused the longest, goes
    assert reranker.rerank("한글", hits("관세")) == before
    assert reranker.seen[4:] == ["한글", "신고", "한글"]
    reranker.rerank("한글", hits("환급"))
    assert reranker.seen[7:] == ["한글", "환급"]


def test_an_encoder_that_gives_one_vector_a_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="토큰별 벡터를 출력하는 모델이 아닙니다"):
        LateReranker(cross(tmp_path / "m")).rerank("관세", hits("환급"))


# -- servers ------------------------------------------------------------------------------------------------------


def test_a_server_is_asked_in_the_shape_that_it_knows_and_only_once_in_another() -> None:
    server = RerankServer(tei=True)
    reranker = make_reranker(f"rerank:{served(server)}#bge-reranker")
    for _ in range(2):
        reranker.rerank("관세 환급", FOUND)
    assert ["documents" in body for body in server.bodies] == [True, False, False]
    assert server.bodies[0]["model"] == "bge-reranker"
    assert {head["path"] for head in server.heads} == {"/v1/rerank"}


def test_a_server_that_is_not_there_or_answers_otherwise_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "BACKOFF_SECONDS", 0.01)
    with pytest.raises(ServerError, match="연결할 수 없습니다"):
        make_reranker("rerank:http://127.0.0.1:9").rerank("관세", FOUND)
    for answer in ({}, {"results": [{"index": 0, "relevance_score": 1}]}, [{"index": 0}], "no"):
        monkeypatch.setattr(remote.JsonServer, "post", lambda *_, answer=answer: answer)
        with pytest.raises(ServerError, match="해석할 수 없습니다"):
            make_reranker("rerank:http://127.0.0.1:9").rerank("관세", FOUND)


# -- specs and what can go wrong ----------------------------------------------------------------------------------


def test_a_kind_that_there_is_not_is_told_those_that_there_are() -> None:
    with pytest.raises(UnknownName, match=f"unknown reranker 'colbert'; choose one of: {', '.join(sorted(RERANKERS))}"):
        make_reranker("colbert:models/m")
    assert set(FORMS) <= set(RERANKERS)


def test_a_spec_without_a_model_shows_how_one_is_written() -> None:
    with pytest.raises(ConfigError, match=r"'onnx'을\(를\) 읽을 수 없습니다. 'onnx:models/my-reranker-onnx' 형식으로"):
        make_reranker("onnx")


@pytest.mark.parametrize("kind", ["onnx", "late", "cross"])
def test_a_folder_that_is_not_there_is_named(kind: str, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    for path in ("models/없는모델", "models/typo", "typo"):
        with pytest.raises(ConfigError, match=f"폴더 '{tmp_path / path}'이"):
            make_reranker(f"{kind}:{path}", tmp_path)


@pytest.mark.parametrize("kind", ["onnx", "late"])
def test_a_file_that_is_not_there_is_named(kind: str, tmp_path: Path) -> None:
    folder = (cross if kind == "onnx" else late)(tmp_path / "m")
    for name in ("tokenizer.json", "model.onnx"):
        (folder / name).rename(folder / "elsewhere")
        with pytest.raises(ConfigError, match=f"'{folder}'에 {name} 파일이 없습니다"):
            make_reranker(f"{kind}:m", tmp_path)
        (folder / "elsewhere").rename(folder / name)


def test_a_model_in_the_folder_onnx_is_found(tmp_path: Path) -> None:
    folder = cross(tmp_path / "m")
    (folder / "onnx").mkdir()
    (folder / "model.onnx").rename(folder / "onnx" / "model.onnx")
    assert make_reranker("onnx:m", tmp_path).rerank("관세", hits("환급"))[0].score == (1 + 2) * 7


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    folder = cross(tmp_path / "m")
    whole = (folder / "model.onnx").read_bytes()
    (folder / "model.onnx").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ConfigError, match=r"model\.onnx'을\(를\) ONNX 모델로 읽을 수 없습니다"):
        OnnxReranker(folder)
    (folder / "tokenizer.json").write_text("{}", "utf-8")
    with pytest.raises(ConfigError, match=r"tokenizer\.json'을\(를\) 토크나이저로 읽을 수 없습니다"):
        OnnxReranker(folder)


def test_a_tokenizer_of_another_model_is_told_apart(tmp_path: Path) -> None:
    folder = cross(tmp_path / "m")
    spelling = (folder / "tokenizer.json").read_text("utf-8")
    (folder / "tokenizer.json").write_text(
        spelling.replace('"관세":4', '"관세":4000').replace('"관세": 4', '"관세": 4000')
    )
    with pytest.raises(ConfigError, match=r"model\.onnx와 tokenizer\.json이 같은 모델의 것인지"):
        OnnxReranker(folder).rerank("환급", hits("관세"))


def test_an_input_that_is_not_known_is_named(tmp_path: Path) -> None:
    folder = cross(tmp_path / "m")
    onnx = pytest.importorskip("onnx")
    model = onnx.load(str(folder / "model.onnx"))
    model.graph.input.append(onnx.helper.make_tensor_value_info("bbox", onnx.TensorProto.INT64, ["batch", "tokens"]))
    onnx.save(model, str(folder / "model.onnx"))
    with pytest.raises(ConfigError, match=r"입력 .*bbox.*지원하는 입력: input_ids, attention_mask, token_type_ids"):
        OnnxReranker(folder)


@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_a_score_that_is_no_number_is_an_error(score: float) -> None:
    with pytest.raises(MundapError, match="점수가 숫자가 아닙니다"):
        by_text("관세", FOUND[:2], lambda _, texts: [score] * len(texts))
