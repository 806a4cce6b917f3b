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
from mundap.serve.error_responses import OpenAIProblem, Refused, documented
from mundap.serve.service import Bot, Here

router = APIRouter(prefix="/v1", tags=["OpenAI 호환 API"], responses=documented(404, shape=OpenAIProblem))


@router.get("/models", summary="모델 목록")
def models(bot: Bot) -> Models:
    """답변 모델 `mundap`과 이 작업 폴더의 임베딩입니다."""
    return Models(data=[Model(id=MODEL), Model(id=bot.components.encoder.name)])


@router.get("/models/{name:path}", summary="모델 확인")
def model(name: str, bot: Bot) -> Model:
    """`mundap` 또는 이 작업 폴더의 임베딩 이름을 지정합니다."""
    known = models(bot)
    for one in known.data:
        if one.id == name:
            return one
    raise Refused(404, f"'{name}': 없는 모델입니다. 사용할 수 있는 모델: {', '.join(one.id for one in known.data)}")


@router.post("/embeddings", summary="텍스트 임베딩")
async def embeddings(asked: Embed, request: Request, service: Here) -> Embeddings:
    """이 작업 폴더의 검색에 쓰는 임베딩으로 길이가 1인 벡터를 만듭니다. 문단이면 `input_type`을 passage로 지정하세요."""
    texts = [asked.input] if isinstance(asked.input, str) else asked.input
    if len(texts) > MOST_INPUTS or any(len(text) > LONGEST_INPUT for text in texts):
        raise Refused(
            400, f"input은 최대 {LONGEST_INPUT}자의 텍스트 하나 또는 최대 {MOST_INPUTS}개의 배열이어야 합니다."
        )
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
