"""What the MCP server does with a workspace. Plain functions: they know no protocol.

Every one raises a MundapError whose sentence is fit to be shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from mundap.errors import MundapError
from mundap.graph.graph import NEAR, Step
from mundap.korean.normalize import normalize
from mundap.mcp.shapes import (
    Answered,
    Document,
    DocumentPart,
    Documents,
    Found,
    Keywords,
    Neighbours,
    PassageText,
    Relation,
)
from mundap.types import Answer
from mundap.workflows.neighbourhood import telling
from mundap.workspace import Mundap

PART = 20_000  # characters of a document that are given at once
_STEPS = 20  # of the graph, of each kind


def search(bot: Mundap, question: str, k: int, leg: str, filters: Mapping[str, Sequence[str]]) -> list[Found]:
    """The best `k` passages."""
    bot.corpus.check_filter(filters.items())
    return [Found.of_hit(hit) for hit in bot.search(_said(question), k, leg, filters or None)]


def ask(
    bot: Mundap, question: str, filters: Mapping[str, Sequence[str]], persona: str | None, tell: Callable[[str], None]
) -> Answered:
    """The answer; `tell` is given its text in pieces as they come."""
    bot.corpus.check_filter(filters.items())
    for piece in bot.stream(_said(question), where=filters or None, persona=persona):
        if isinstance(piece, Answer):
            return Answered.of(piece)
        tell(piece)
    raise MundapError("답변을 만들지 못했습니다. 다시 질문하세요.")


def documents(bot: Mundap, words: str, limit: int, offset: int) -> Documents:
    """Documents whose name or title holds `words`, all without them."""
    total, found = bot.corpus.documents_like(normalize(words), limit, offset)
    return Documents(total=total, documents=[Document.of(one) for one in found])


def document(bot: Mundap, document_id: str, offset: int) -> DocumentPart:
    """The text of a document from `offset` on, at most PART characters."""
    listed, text = bot.corpus.document(document_id), bot.corpus.text(document_id)
    if listed is None or text is None:
        raise MundapError(f"'{document_id}': 없는 문서입니다. list_documents로 document_id를 확인하세요.")
    end = min(len(text), offset + PART)
    return DocumentPart(
        document_id=listed.id,
        source=listed.source,
        title=listed.title,
        text=text[offset:end],
        offset=offset,
        next_offset=end if end < len(text) else None,
        characters=len(text),
    )


def passage(bot: Mundap, passage_id: str) -> PassageText:
    """A passage as it is cited."""
    found = bot.corpus.passages([passage_id]).get(passage_id)
    if found is None:
        raise MundapError(f"'{passage_id}': 없는 문단입니다. 문서가 변경되었을 수 있으니 다시 검색하세요.")
    return PassageText.of(found)


def keywords(bot: Mundap, question: str) -> Keywords:
    """The keywords of a question."""
    [found] = bot.keywords([_said(question)])
    return Keywords(keywords=list(found))


def neighbours(bot: Mundap, word: str) -> Neighbours:
    """Synonyms, relations and near keywords of a word."""
    graph, asked = bot.graph.graph, normalize(word).strip().lower()
    steps = [*graph.synonyms(asked), *graph.relations(asked, _STEPS), *graph.near(asked, _STEPS)]
    count = graph.count(asked)
    if bot.corpus.seen is not None:  # what stands only in documents that are not seen is not told, nor quoted
        count = len(bot.corpus.holding(asked, count))
        steps = [replace(one, shown="") for one in filter(telling(graph, bot), steps)]

    def weight(step: Step) -> float | None:
        return None if step.kind == NEAR and bot.corpus.seen is not None else round(step.weight, 4)

    return Neighbours(
        word=asked,
        passages=count,
        relations=[
            Relation(head=one.head, relation=one.kind, tail=one.tail, weight=weight(one), evidence=one.shown)
            for one in steps
        ],
    )


def _said(question: str) -> str:
    if not question.strip():
        raise MundapError("질문이 비어 있습니다.")
    return question
