"""What clients of OpenAI ask, and what they are told. What they send besides is accepted and not used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, StrictBool

from mundap.serve.request_body import RequestBody
from mundap.serve.shapes import SEARCHED, TRUNCATED, Filters, Session, Spoken, Used, Voice, Whole

MOST_INPUTS = 256
LONGEST_INPUT = 20_000  # characters of a text to embed


class _OpenBody(RequestBody):
    model_config = ConfigDict(extra="allow")


class Part(_OpenBody):
    """A part of a message, of any type. Its text is read, if it has one; a picture, a sound, a file is not."""

    type: str = "text"
    text: JsonValue = None

    @property
    def says(self) -> str:
        """What it says; some clients have it one level deeper."""
        said = self.text.get("value") if isinstance(self.text, dict) else self.text
        return said if isinstance(said, str) else ""


# A conversation has a message of a user that says something; the last of them is the question.
_SAYS: JsonValue = {"type": "string", "pattern": r"\S"}
_PART: JsonValue = {"required": ["text"], "properties": {"text": _SAYS}}
_QUESTION: JsonValue = {
    "required": ["role", "content"],
    "properties": {"role": {"const": "user"}, "content": {"anyOf": [_SAYS, {"type": "array", "contains": _PART}]}},
}


class Message(_OpenBody):
    """One message of a conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[str | Part] | None = None

    @property
    def text(self) -> str:
        """What it says."""
        if isinstance(self.content, str):
            return self.content
        said = (part if isinstance(part, str) else part.says for part in self.content or [])
        return "\n".join(text for text in said if text)

    @property
    def unread(self) -> list[str]:
        """The types of the parts that say nothing."""
        parts = self.content if isinstance(self.content, list) else []
        return [part.type for part in parts if isinstance(part, Part) and not part.says]


class How(RequestBody):
    """How to answer, beyond what OpenAI knows."""

    top_k: Used = None
    filters: Filters = Field(default_factory=dict)
    session: Session = None
    persona: Voice = None
    language: Spoken = None


class StreamOptions(_OpenBody):
    """Of a stream."""

    include_usage: StrictBool | None = None


class Chat(_OpenBody):
    """The last user message is the question; user and assistant messages before it are the conversation so far.

    Answers are written from the documents alone: what other messages say is not used, and neither are other parameters.
    """

    model: str = Field(default="mundap", description="어떤 값이든 이 작업 폴더가 답합니다")
    messages: list[Message] = Field(
        min_length=1,
        max_length=1000,
        examples=[[{"role": "user", "content": "해외직구 면세 한도가 얼마인가요?"}]],
        json_schema_extra={"contains": _QUESTION},
        description="내용이 있는 마지막 user 메시지가 질문이고, 그 앞의 user·assistant 메시지가 대화 이력입니다. system은 받지만 사용하지 않습니다",
    )
    stream: StrictBool | None = False
    stream_options: StreamOptions | None = None
    mundap: How | None = Field(
        default=None, description="top_k, filters, session, persona, language. 아래의 최상위 필드로 지정해도 됩니다"
    )
    top_k: Used = None
    filters: Filters | None = None
    session: Session = None
    persona: Voice = None


def _texts(given: object) -> object:
    if isinstance(given, list) and any(isinstance(one, int | list) for one in given):
        raise ValueError(
            "토큰 ID(token ids)는 지원하지 않습니다. 텍스트를 보내세요."
            " LangChain이라면 OpenAIEmbeddings(check_embedding_ctx_length=False)로 설정하세요."
        )
    return given


_Input = Annotated[str, Field(min_length=1)]


class Embed(_OpenBody):
    """Texts to turn into vectors."""

    input: Annotated[_Input | Annotated[list[_Input], Field(min_length=1)], BeforeValidator(_texts)] = Field(
        examples=[["해외직구 면세 한도", "이사화물 통관"]], description=f"텍스트 하나 또는 최대 {MOST_INPUTS}개의 배열"
    )
    model: str = Field(default="", description="어떤 값이든 이 작업 폴더의 임베딩을 사용합니다")
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: Whole | None = Field(default=None, description="지정하려면 이 임베딩의 차원과 같아야 합니다")
    input_type: Literal["query", "passage"] = Field(
        default="query", description="질문(query)인지 문단(passage)인지. e5 같은 임베딩은 둘을 다르게 처리합니다"
    )


class Usage(BaseModel):
    """Tokens, estimated from the characters: nothing is charged by them."""

    prompt_tokens: int
    completion_tokens: int = 0
    total_tokens: int


Finish = Literal["stop", "length"]


class Cited(BaseModel):
    """What an answer stands on."""

    request_id: str
    answer: str = Field(description="답변 전체. 스트리밍으로 받은 텍스트와 인용 표시가 다를 수 있습니다")
    abstained: bool = Field(description="답변 보류 여부(문서에 답이 없음)")
    citations: Sequence[Mapping[str, object]]
    hits: Sequence[Mapping[str, object]]
    timings: dict[str, float]
    model: str = Field(description="답변을 만든 모델")
    sentences: Sequence[Mapping[str, object]] = Field(description="답변의 문장과 그 근거의 citations 내 위치")
    generation: str = Field(description="검색에 사용한 색인의 이름")
    support: float = Field(description="근거 점수: 검색한 문단에 답이 있을 확률 (0-1)")
    kind: str = Field(description="질문 유형 (amount, period, list 등)")
    choices: Sequence[Mapping[str, object]] = Field(description="포괄적인 질문일 때 해당할 수 있는 경우와 그 문단")
    searched: str = SEARCHED
    truncated: bool = TRUNCATED
    note: str = Field("", description="읽지 않은 것이 있으면 알림")


class Said(BaseModel):
    """The answer, with what it stands on."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None
    mundap: Cited


class Choice(BaseModel):
    """The only choice."""

    index: Literal[0] = 0
    message: Said
    finish_reason: Finish = "stop"
    logprobs: None = None


class Completion(BaseModel):
    """An answer that comes whole."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[Choice]
    usage: Usage


class Delta(BaseModel):
    """What a chunk adds."""

    role: Literal["assistant"] | None = None
    content: str | None = None


class ChunkChoice(BaseModel):
    """The only choice."""

    index: Literal[0] = 0
    delta: Delta
    finish_reason: Finish | None = None
    logprobs: None = None


class Chunk(BaseModel):
    """A piece of an answer; `mundap` stands in the one with the finish_reason."""

    id: str
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    created: int
    model: str
    choices: list[ChunkChoice]
    usage: Usage | None = None
    mundap: Cited | None = None


class Model(BaseModel):
    """A name to ask by."""

    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: Literal["mundap"] = "mundap"


class Models(BaseModel):
    """The names to ask by."""

    object: Literal["list"] = "list"
    data: list[Model]


class Embedding(BaseModel):
    """A vector: numbers, or base64 of them in single precision, little end first."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str


class Embeddings(BaseModel):
    """A unit vector for each text, in order."""

    object: Literal["list"] = "list"
    data: list[Embedding]
    model: str
    usage: Annotated[Usage, Field(description="추정 토큰 수")]
