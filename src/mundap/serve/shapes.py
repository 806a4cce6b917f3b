"""What the API is asked, and what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal
from unicodedata import normalize

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from mundap.serve.request_body import RequestBody

LONGEST = 2000  # characters of a question


def _number(given: object) -> object:
    if isinstance(given, bool | str):
        raise ValueError("정수여야 합니다")
    return given


Whole = Annotated[int, BeforeValidator(_number)]  # as JSON Schema has it: 3 and 3.0, but not "3" or true
_Count = Annotated[int, Field(ge=1, le=100), BeforeValidator(_number)]
Text = Annotated[str, Field(min_length=1, max_length=LONGEST)]
MOST_FILTERS = 20
MOST_VALUES = 1000  # of one filter


def _composed(given: dict[str, list[str]]) -> dict[str, list[str]]:
    """In the form in which names and values are kept, whichever way they are encoded."""
    return {normalize("NFC", name): [normalize("NFC", one) for one in values] for name, values in given.items()}


_Value = Annotated[str, Field(max_length=1000)]
Filters = Annotated[
    dict[Annotated[str, Field(max_length=200)], Annotated[list[_Value], Field(max_length=MOST_VALUES)]],
    Field(max_length=MOST_FILTERS, description='검색 조건. 예: {"source": ["관세청"]}'),
    AfterValidator(_composed),
]
Used = Annotated[_Count | None, Field(description="답변에 쓸 문단 수. 비우면 설정값")]

Session = Annotated[
    str | None, Field(min_length=1, max_length=100, description="대화 세션의 이름. 임의의 문자열", examples=["손님-17"])
]

Voice = Annotated[
    str | None,
    Field(
        max_length=100,
        description="페르소나 이름(GET /settings의 personas). 생략하면 설정값, 빈 문자열이면 사용 안 함",
        examples=["모아"],
    ),
]


Spoken = Annotated[
    Literal["ko", "en"] | None,
    Field(description="답변 보류 같은 안내 문장의 언어. 생략하면 설정값"),
]


class Prompt(RequestBody):
    """A question whose keywords are wanted."""

    prompt: Text = Field(description="질문", examples=["이사화물 통관예약을 하면 뭐가 좋나요?"])


class OldKeywords(BaseModel):
    """Keywords as clients of the former systems read them: one text, parted by commas."""

    prompt: str
    result: str = Field(description="쉼표로 구분한 키워드", examples=["이사화물, 통관, 예약, 장점"])


class Keywords(OldKeywords):
    """`keywords` has them one by one, in order."""

    keywords: list[str]


class Search(RequestBody):
    """A question to search for. `filters` gives the allowed values of source, title, document_id or a meta key."""

    query: Text = Field(description="질문", examples=["해외직구 면세 한도가 얼마인가요?"])
    top_k: _Count = Field(default=10, description="검색할 문단 수")
    leg: Literal["bm25", "dense", "graph", "sparse", "hybrid"] = "hybrid"
    filters: Filters = Field(default_factory=dict)


TRUNCATED = Field(False, description="길이나 시간 제한에 도달해 답변이 중간에 끝났는지 여부")
SEARCHED = Field("", description="질문의 오타를 교정해 검색한 경우 교정한 질문")


class Found(BaseModel):
    """Hits, best first, as `mundap search --json` prints them."""

    hits: Sequence[Mapping[str, object]]
    searched: str = SEARCHED


class Query(RequestBody):
    """A question to answer. Questions with one `session` are a conversation, in which a later one may lean on earlier."""

    query: Text = Field(description="질문", examples=["해외직구 면세 한도가 얼마인가요?"])
    top_k: Used = None
    filters: Filters = Field(default_factory=dict)
    session: Session = None
    persona: Voice = None
    language: Spoken = None


class Answered(BaseModel):
    """An answer with what it cites, and the passages that it was written from."""

    response: str
    citations: Sequence[Mapping[str, object]]
    hits: Sequence[Mapping[str, object]]
    abstained: bool = Field(description="답변 보류 여부(문서에 답이 없음)")
    request_id: str = Field(description="이 답변의 ID")
    sentences: Sequence[Mapping[str, object]] = Field(description="답변의 문장과 그 근거의 citations 내 위치")
    model: str = Field(description="답변을 만든 모델")
    generation: str = Field(description="검색에 사용한 색인의 이름")
    support: float = Field(description="근거 점수: 검색한 문단에 답이 있을 확률 (0-1)")
    kind: str = Field(description="질문 유형 (amount, period, list 등)")
    choices: Sequence[Mapping[str, object]] = Field(description="포괄적인 질문일 때 해당할 수 있는 경우와 그 문단")
    searched: str = SEARCHED
    truncated: bool = TRUNCATED


class OldPrompt(Prompt):
    """A question as clients of the former systems ask it."""

    top_k: Used = None


class OldAnswer(BaseModel):
    """An answer as clients of the former systems read it; `doc_lst` has the texts of the passages, best first."""

    input_prompt: str
    doc_lst: list[str]
    answer: str


class State(BaseModel):
    """`detail` says what is missing where `status` is not "ok", and warns whoever runs the server of a disk that fills up."""

    status: Literal["ok", "unavailable"]
    detail: str = ""
