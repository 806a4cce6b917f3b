"""What the API is asked, and what it says."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field

from mundap.serve.request_body import RequestBody

LONGEST = 2000  # characters of a question


def _number(given: object) -> object:
    if isinstance(given, bool | str):
        raise ValueError("정수여야 합니다")
    return given


Whole = Annotated[int, BeforeValidator(_number)]  # as JSON Schema has it: 3 and 3.0, but not "3" or true
_Count = Annotated[int, Field(ge=1, le=100), BeforeValidator(_number)]
Text = Annotated[str, Field(min_length=1, max_length=LONGEST)]
Filters = Annotated[dict[str, list[str]], Field(description='조건. 예: {"source": ["관세청"]}')]
Used = Annotated[_Count | None, Field(description="답을 쓸 문단의 수. 비우면 설정대로")]

Session = Annotated[
    str | None, Field(min_length=1, max_length=100, description="대화의 이름. 아무 글이나 됩니다", examples=["손님-17"])
]

Voice = Annotated[
    str | None,
    Field(
        max_length=100,
        description="말투의 이름(GET /settings의 personas). 비우면 설정대로, 빈 글이면 없이",
        examples=["모아"],
    ),
]


class Prompt(RequestBody):
    """A question whose keywords are wanted."""

    prompt: Text = Field(description="질문", examples=["이사화물 통관예약을 하면 뭐가 좋나요?"])


class OldKeywords(BaseModel):
    """Keywords as clients of the former systems read them: one text, parted by commas."""

    prompt: str
    result: str = Field(description="쉼표로 이은 키워드", examples=["이사화물, 통관, 예약, 장점"])


class Keywords(OldKeywords):
    """`keywords` has them one by one, in order."""

    keywords: list[str]


class Search(RequestBody):
    """A question to search for. `filters` gives the allowed values of source, title, document_id or a meta key."""

    query: Text = Field(description="질문", examples=["해외직구 면세 한도가 얼마인가요?"])
    top_k: _Count = Field(default=10, description="찾을 문단의 수")
    leg: Literal["bm25", "dense", "graph", "hybrid"] = "hybrid"
    filters: Filters = Field(default_factory=dict)


SEARCHED = Field("", description="질문의 오타를 고쳐 찾았으면 고친 질문")


class Found(BaseModel):
    """Hits, best first, as `mundap search --json` prints them."""

    hits: list[dict[str, Any]]
    searched: str = SEARCHED


class Query(RequestBody):
    """A question to answer. Questions with one `session` are a conversation, in which a later one may lean on earlier."""

    query: Text = Field(description="질문", examples=["해외직구 면세 한도가 얼마인가요?"])
    top_k: Used = None
    filters: Filters = Field(default_factory=dict)
    session: Session = None
    persona: Voice = None


class Answered(BaseModel):
    """An answer with what it cites, and the passages that it was written from."""

    response: str
    citations: list[dict[str, Any]]
    hits: list[dict[str, Any]]
    abstained: bool = Field(description="문서에 답이 없다고 했는지")
    request_id: str = Field(description="이 답을 가리키는 이름")
    sentences: list[dict[str, Any]] = Field(description="답의 문장과, citations에서 그 근거의 자리")
    model: str = Field(description="답을 쓴 것")
    generation: str = Field(description="찾은 색인의 이름")
    support: float = Field(description="찾은 문단이 질문에 답할 확률 (0-1)")
    kind: str = Field(description="질문이 묻는 것 (amount, period, list …)")
    choices: list[dict[str, Any]] = Field(description="넓은 질문이 뜻할 수 있는 경우와 그 문단")
    searched: str = SEARCHED


class OldPrompt(Prompt):
    """A question as clients of the former systems ask it."""

    top_k: Used = None


class OldAnswer(BaseModel):
    """An answer as clients of the former systems read it; `doc_lst` has the texts of the passages, best first."""

    input_prompt: str
    doc_lst: list[str]
    answer: str


class State(BaseModel):
    """`detail` says what is missing where `status` is not "ok"."""

    status: Literal["ok", "unavailable"]
    detail: str = ""
