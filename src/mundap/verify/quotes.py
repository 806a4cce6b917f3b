"""Citations held against the corpus, of which alone anything is believed.

Ids are hashes: a document that has the cited id has the text it had then, and so has a passage, whatever became of the
rest of its file.
"""

from __future__ import annotations

from collections.abc import Mapping

from mundap.files import digest
from mundap.generate.trace import find
from mundap.korean.normalize import squash
from mundap.store.corpus import Corpus
from mundap.types import Passage
from mundap.verify.given import Cited
from mundap.verify.verdict import Finding

_ELSEWHERE = 3  # passages that are named, of those that hold a quote now


def prove(one: Cited, passages: Mapping[str, Passage], corpus: Corpus) -> Finding:
    """Whether the quote stands where it is said to, in a passage of the document with that digest."""
    passage = passages.get(one.passage_id)
    if not squash(one.quote):
        return Finding("forged", one.quote, "인용문이 비어 있습니다")
    if not (one.document_id and one.document_digest):
        return Finding("missing", one.quote, "document_id와 document_digest가 없어 확인할 수 없습니다")
    text = corpus.text(one.document_id)
    if text is None:
        return _since(one, passage, corpus)
    if wrong := _wrong(one, passage, text):
        return Finding("forged", one.quote, wrong)
    if passage is None:
        reason = "인용문은 문서의 같은 위치에 있지만, 인용한 문단이 더 이상 없습니다"
        return Finding("changed", one.quote, reason, _elsewhere(one, corpus))
    return Finding("proved", one.quote)


def _wrong(one: Cited, passage: Passage | None, text: str) -> str:
    """What a citation has wrong of a document that is as it was, whose text this is; "" if nothing."""
    if digest(text, size=16) != one.document_digest:
        return "문서의 내용이 기록된 해시와 다릅니다"
    if not (0 <= one.start < one.end <= len(text) and text[one.start : one.end] == one.quote):
        return "문서의 해당 위치에 없는 내용입니다"
    if passage is None:
        return ""
    if passage.document_id != one.document_id or not passage.start <= one.start < one.end <= passage.end:
        return "인용한 문단에 없는 내용입니다"
    return _wrong_source(one, passage)


def _wrong_source(one: Cited, passage: Passage) -> str:
    right = one.source in (None, passage.source)
    return "" if right else f"인용한 문단의 출처는 '{passage.source}'입니다"


def _since(one: Cited, passage: Passage | None, corpus: Corpus) -> Finding:
    """What became of a citation whose document has changed since, or gone."""
    if passage is not None:
        wrong = "" if find(passage.text, one.quote) else "인용한 문단에 없는 내용입니다"
        if wrong := wrong or _wrong_source(one, passage):
            return Finding("forged", one.quote, wrong)
        reason = "답변한 뒤 문서가 변경되었습니다. 인용한 문단은 그대로 있습니다"
        return Finding("changed", one.quote, reason, (passage.id,))
    if elsewhere := _elsewhere(one, corpus):
        reason = "답변한 뒤 문서가 변경되었거나 삭제되었습니다. 같은 내용이 다른 문단에 있습니다"
        return Finding("changed", one.quote, reason, elsewhere)
    return Finding("missing", one.quote, "문서가 삭제되었거나, 변경되면서 이 내용이 빠졌습니다")


def _elsewhere(one: Cited, corpus: Corpus) -> tuple[str, ...]:
    return tuple(corpus.holding(one.quote, _ELSEWHERE))
