"""What the tools of the MCP server return, as agents read it."""

from __future__ import annotations

from pydantic import BaseModel, Field

from mundap.store.corpus import Listed
from mundap.types import Answer, Hit, Passage


class PassageText(BaseModel):
    """One passage as it is cited."""

    passage_id: str
    document_id: str
    source: str = Field(description="사용자에게 보여 줄 출처")
    heading: str
    page: int | None
    text: str

    @classmethod
    def of(cls, passage: Passage) -> PassageText:
        """A passage of the corpus."""
        return cls(
            passage_id=passage.id,
            document_id=passage.document_id,
            source=passage.source,
            heading=passage.heading,
            page=passage.page,
            text=passage.text,
        )


class Found(PassageText):
    """A passage that was found; `text` is the whole parent passage."""

    rank: int
    score: float

    @classmethod
    def of_hit(cls, hit: Hit) -> Found:
        """A hit of a search."""
        return cls(**PassageText.of(hit.passage).model_dump(), rank=hit.rank, score=hit.score)


class Quoted(BaseModel):
    """A citation: `quote` stands in the passage word for word."""

    number: int = Field(description="답변의 [번호]")
    passage_id: str
    source: str
    quote: str


class Answered(BaseModel):
    """An answer with its citations. `abstained` says that the documents do not answer."""

    answer: str
    abstained: bool
    support: float = Field(description="문서에 답이 있을 확률(0–1)")
    citations: list[Quoted]
    choices: list[str] = Field(description="질문이 넓을 때 고를 수 있는 경우")

    @classmethod
    def of(cls, answer: Answer) -> Answered:
        """An answer of the workspace."""
        numbers = {hit.passage.id: hit.rank for hit in answer.hits}
        return cls(
            answer=answer.text,
            abstained=answer.abstained,
            support=round(answer.support, 4),
            citations=[
                Quoted(
                    number=numbers.get(one.passage_id, n), passage_id=one.passage_id, source=one.source, quote=one.quote
                )
                for n, one in enumerate(answer.citations, 1)
            ],
            choices=[one.label for one in answer.choices],
        )


class Document(BaseModel):
    """A document in a listing."""

    document_id: str
    source: str
    title: str
    passages: int
    added: str = Field(description="마지막으로 바뀐 시각(UTC)")

    @classmethod
    def of(cls, listed: Listed) -> Document:
        """A row of the corpus."""
        return cls(
            document_id=listed.id,
            source=listed.source,
            title=listed.title,
            passages=listed.passages,
            added=listed.added,
        )


class Documents(BaseModel):
    """A page of the list of documents; `total` is how many there are."""

    total: int
    documents: list[Document]


class DocumentPart(BaseModel):
    """A part of a document's text. `next_offset` is None at its end."""

    document_id: str
    source: str
    title: str
    text: str
    offset: int
    next_offset: int | None
    characters: int


class Keywords(BaseModel):
    """The keywords of a question, in its order."""

    keywords: list[str]


class Relation(BaseModel):
    """One step in the keyword graph."""

    head: str
    relation: str
    tail: str
    weight: float | None = Field(description="볼 수 없는 문서까지 센 값이면 없음")
    evidence: str


class Neighbours(BaseModel):
    """What the keyword graph has around a word."""

    word: str
    passages: int = Field(description="이 단어가 나오는 문단 수")
    relations: list[Relation]
