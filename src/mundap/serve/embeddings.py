"""Vectors of texts, and the names to ask by, in OpenAI's shape."""

from __future__ import annotations

import base64
from typing import Any

from fastapi import APIRouter, Request

from mundap.generate.prompt import estimate
from mundap.protocols import Encoder, Vectors
from mundap.serve.chat import MODEL
from mundap.serve.chat_shapes import (
    LONGEST_INPUT,
    MOST_INPUTS,
    Embed,
    Embedding,
    Embeddings,
    Model,
    Models,
    Usage,
)
from mundap.serve.problems import OpenAIProblem, Refused, documented
from mundap.serve.service import Bot, Here

router = APIRouter(prefix="/v1", tags=["OpenAI와 같은 모양"], responses=documented(404, shape=OpenAIProblem))


@router.get("/models", summary="부를 수 있는 이름")
def models(bot: Bot) -> Models:
    """`mundap`이 답하고, 다른 하나는 이 작업 폴더의 임베딩입니다."""
    return Models(data=[Model(id=MODEL), Model(id=bot.components.encoder.name)])


@router.get("/models/{name:path}", summary="그 이름이 있는지")
def model(name: str, bot: Bot) -> Model:
    """`mundap`과 이 작업 폴더의 임베딩 이름이 있습니다."""
    known = models(bot)
    for one in known.data:
        if one.id == name:
            return one
    raise Refused(404, f"'{name}': 그런 모델이 없습니다. 있는 것: {', '.join(one.id for one in known.data)}")


@router.post("/embeddings", summary="글의 벡터")
async def embeddings(asked: Embed, request: Request, service: Here) -> Embeddings:
    """이 작업 폴더가 찾을 때 쓰는 임베딩으로 길이 1의 벡터를 만듭니다. 찾을 문단은 `input_type`을 passage로 주세요."""
    texts = [asked.input] if isinstance(asked.input, str) else asked.input
    if len(texts) > MOST_INPUTS or any(len(text) > LONGEST_INPUT for text in texts):
        raise Refused(400, f"input은 {LONGEST_INPUT}자까지의 글 하나, 또는 {MOST_INPUTS}개까지의 목록입니다.")
    encoder = service.bot.components.encoder
    if asked.dimensions not in (None, encoder.dim):
        raise Refused(400, f"dimensions {asked.dimensions}: 이 임베딩은 {encoder.dim}차원입니다.")
    vectors = await service.searches.run(request, lambda: _encode(encoder, texts, asked.input_type))
    tokens = sum(map(estimate, texts))
    return Embeddings(
        data=[
            Embedding(index=n, embedding=_packed(vectors[n : n + 1]) if asked.encoding_format == "base64" else row)
            for n, row in enumerate(vectors.tolist())
        ],
        model=encoder.name,
        usage=Usage(prompt_tokens=tokens, total_tokens=tokens),
    )


def described(api: dict[str, Any], dim: int) -> dict[str, Any]:
    """The description `api`, in which `dimensions` can only be those of the encoder."""
    asked = api["components"]["schemas"][Embed.__name__]["properties"]["dimensions"]
    asked["anyOf"] = [{"const": dim, "type": "integer"}, {"type": "null"}]
    return api


def _encode(encoder: Encoder, texts: list[str], kind: str) -> Vectors:
    return encoder.encode_queries(texts) if kind == "query" else encoder.encode_passages(texts)


def _packed(row: Vectors) -> str:
    return base64.b64encode(row.astype("<f4").tobytes()).decode()
