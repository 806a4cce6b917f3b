"""Rerankers behind servers that ask and answer as Jina, Cohere, vLLM and TEI do, refusals included."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.language_model import Handler, Server
from tests.serving import running

from mundap.errors import ServerError
from mundap.retrieve.rerank import make_reranker
from mundap.types import Hit, Passage

TEXTS = ["고양이가 지붕에서 잔다.", "관세 환급은 수출 신고 뒤에 신청한다.", "환급 신청서", "관세청"]
QUESTION = "관세 환급 신청"


def hits(texts: list[str]) -> list[Hit]:
    return [Hit(Passage(f"p{n}", "d", text, 0, len(text)), 1.0, n + 1) for n, text in enumerate(texts)]


def score(question: str, text: str) -> float:
    return sum(text.count(word) for word in question.split()) / 10


class Reranking(Handler):
    """A server of one of the shapes, which `server.shape` names; it keeps what it was asked."""

    def reply(self, request: dict[str, Any]) -> None:
        server: Any = self.server
        server.seen.append({"path": self.path, "key": self.headers.get("Authorization"), **request})
        getattr(self, server.shape)(request)

    def send(self, body: object, status: int = 200, kind: str = "application/json") -> None:
        self.begin(status, kind)
        self.wfile.write((body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)).encode())

    def ranked(self, request: dict[str, Any], key: str) -> list[tuple[int, float]]:
        found = [(n, score(request["query"], text)) for n, text in enumerate(request[key])]
        return sorted(found, key=lambda pair: -pair[1])[: request.get("top_n", 1000)]

    def jina(self, request: dict[str, Any]) -> None:
        if self.path != "/v1/rerank":
            return self.send({"detail": "Not Found"}, 404)
        if not {"model", "query", "documents"} <= request.keys():
            return self.send({"detail": [{"loc": ["body", "model"], "msg": "Field required"}]}, 422)
        results = [
            {"index": n, "relevance_score": s, "document": {"text": request["documents"][n]}}
            for n, s in self.ranked(request, "documents")
        ]
        return self.send(
            {"model": request["model"], "object": "list", "usage": {"total_tokens": 9}, "results": results}
        )

    def cohere(self, request: dict[str, Any]) -> None:
        if not (self.headers.get("Authorization") or "").startswith("Bearer "):
            return self.send({"message": "no api key supplied"}, 401)
        known = {"model", "query", "documents", "top_n", "max_tokens_per_doc", "return_documents", "priority"}
        if not {"model", "query", "documents"} <= request.keys() <= known:
            return self.send({"message": "invalid request: unknown or missing parameter"}, 400)
        results = [{"index": n, "relevance_score": s} for n, s in self.ranked(request, "documents")]
        return self.send({"id": "07734bd2", "results": results, "meta": {"api_version": {"version": "2"}}})

    def vllm(self, request: dict[str, Any]) -> None:
        if "documents" not in request:
            return self.send({"object": "error", "message": "[{'type': 'missing', 'loc': ('documents',)}]"}, 400)
        longest = max(len(request["query"]) + len(text) for text in request["documents"])
        if longest > 512:
            said = f"This model's maximum context length is 512 tokens. However, you requested {longest} tokens."
            return self.send({"error": {"message": said, "type": "BadRequestError", "code": 400}}, 400)
        results = [
            {"index": n, "document": {"text": request["documents"][n], "multi_modal": None}, "relevance_score": s}
            for n, s in self.ranked(request, "documents")
        ]
        return self.send({"id": "rerank-1", "model": "m", "usage": {"total_tokens": 9}, "results": results})

    def tei(self, request: dict[str, Any]) -> None:
        server: Any = self.server
        if "texts" not in request:
            said = "Failed to deserialize the JSON body into the target type: missing field `texts` at line 1 column 80"
            return self.send(said, 422, "text/plain; charset=utf-8")
        if len(request["texts"]) > server.most:
            said = f"batch size {len(request['texts'])} > maximum allowed batch size {server.most}"
            return self.send({"error": said, "error_type": "Validation"}, 422)
        if not request.get("truncate") and max(map(len, request["texts"])) > 512:
            return self.send({"error": "inputs must have less than 512 tokens", "error_type": "Validation"}, 413)
        return self.send([{"index": n, "score": s} for n, s in self.ranked(request, "texts")])


class Ranking(Server):
    """A server of one shape, what it was asked, and how many texts it takes at once."""

    def __init__(self, shape: str, seen: list[dict[str, Any]], most: int) -> None:
        super().__init__(Reranking)
        self.shape, self.seen, self.most = shape, seen, most


@pytest.fixture
def serve(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("MUNDAP_API_KEY", "secret")
    opened = []

    def made(shape: str, most: int = 32) -> tuple[str, list[dict[str, Any]]]:
        seen: list[dict[str, Any]] = []
        running_server = running(Ranking(shape, seen, most))
        address = running_server.__enter__().address
        opened.append(running_server)
        return address.removesuffix("/v1"), seen

    yield made
    for one in opened:
        one.__exit__(None, None, None)


@pytest.mark.parametrize(
    ("shape", "spec", "path"),
    [
        ("jina", "rerank:{}/v1#jina-reranker-v2-base-multilingual", "/v1/rerank"),
        ("cohere", "rerank:{}/v2#rerank-v3.5", "/v2/rerank"),
        ("vllm", "rerank:{}/v1#BAAI/bge-reranker-v2-m3", "/v1/rerank"),
        ("vllm", "rerank:{}", "/rerank"),
        ("tei", "rerank:{}", "/rerank"),
    ],
)
def test_each_shape_ranks_by_its_scores(serve: Any, shape: str, spec: str, path: str) -> None:
    address, seen = serve(shape)
    reranker = make_reranker(spec.format(address))
    ranked = reranker.rerank(QUESTION, hits(TEXTS))
    assert [hit.passage.text for hit in ranked] == [TEXTS[1], TEXTS[2], TEXTS[3], TEXTS[0]]
    assert [hit.score for hit in ranked] == [score(QUESTION, hit.passage.text) for hit in ranked]
    asked = len(seen)
    reranker.rerank(QUESTION, hits(TEXTS))
    assert len(seen) == asked + 1  # the shape is known
    assert {one["path"] for one in seen} == {path}
    assert {one["key"] for one in seen} == {"Bearer secret"}


@pytest.mark.parametrize("shape", ["jina", "vllm", "tei"])
def test_more_texts_than_a_request_holds(serve: Any, shape: str) -> None:
    address, _ = serve(shape)
    texts = [f"{n}번 " + "환급 " * (n % 7) for n in range(75)]
    ranked = make_reranker(f"rerank:{address}{'/v1#m' if shape == 'jina' else ''}").rerank(QUESTION, hits(texts))
    assert sorted(hit.passage.text for hit in ranked) == sorted(texts)
    assert [hit.score for hit in ranked] == sorted((score(QUESTION, text) for text in texts), reverse=True)


@pytest.mark.parametrize("shape", ["vllm", "tei"])
def test_a_text_that_is_too_long_is_cut_and_not_refused(
    serve: Any, shape: str, caplog: pytest.LogCaptureFixture
) -> None:
    address, seen = serve(shape)
    long = "관세 환급 " + "다른 말 " * 400
    reranker = make_reranker(f"rerank:{address}")
    ranked = reranker.rerank(QUESTION, hits([*TEXTS, long]))
    assert {hit.passage.text: hit.score for hit in ranked}[long] == score(QUESTION, long)
    assert len(caplog.messages) == (shape == "vllm")
    asked = len(seen)
    reranker.rerank(QUESTION, hits([*TEXTS, long]))
    assert len(seen) == asked + 1  # what it takes is known
    assert len(caplog.messages) == (shape == "vllm")


def test_a_server_that_takes_fewer_texts_gets_fewer(serve: Any) -> None:
    address, seen = serve("tei", most=8)
    texts = [f"{n}번 " + "환급 " * (n % 5) for n in range(40)]
    reranker = make_reranker(f"rerank:{address}")
    assert sorted(hit.passage.text for hit in reranker.rerank(QUESTION, hits(texts))) == sorted(texts)
    asked = len(seen)
    reranker.rerank(QUESTION, hits(texts))
    assert [len(one["texts"]) for one in seen[asked:]] == [8] * 5


def test_what_is_wrong_is_told_in_the_words_of_the_server(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    address, seen = serve("jina")
    with pytest.raises(ServerError, match="Field required"):
        make_reranker(f"rerank:{address}/v1").rerank(QUESTION, hits(TEXTS * 8))  # without a model
    assert len(seen) <= 4
    with pytest.raises(ServerError, match=r"주소가 /v1로 끝나는지"):
        make_reranker(f"rerank:{address}#m").rerank(QUESTION, hits(TEXTS))
    monkeypatch.delenv("MUNDAP_API_KEY")
    address, _ = serve("cohere")
    with pytest.raises(ServerError, match="API 키를 거부했습니다"):
        make_reranker(f"rerank:{address}/v2#m").rerank(QUESTION, hits(TEXTS))
