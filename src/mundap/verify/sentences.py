"""The sentences of an answer held against the citations that they name and the markers that they have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from mundap.generate.cite import MARKER
from mundap.generate.grounded import unsupported
from mundap.generate.trace import PART, Marks, marks, marks_of, quoted_forms
from mundap.korean.normalize import squash
from mundap.messages import told
from mundap.protocols import Span
from mundap.types import Passage
from mundap.verify.given import Given, Said
from mundap.verify.verdict import Finding, worst

KNOWN = "known"  # the model of an answer that the sheet gives
WORD_FOR_WORD = ("extractive", "")  # models whose sentences are quotes; one that is not named is held to the same

_PROVED_OTHERWISE = (KNOWN, "smalltalk_examples")
_WORDS = re.compile("[‘“]([^‘’“”]+)[’”]")
_NO_SOURCE = "근거가 없는 문장입니다"

# Where sentences stand in a text, one for each.
Spans = Sequence[Span]


def spans_of(text: str, said: Sequence[Said]) -> tuple[list[Span], str]:
    """Where each sentence stands in `text`, in order, and from where on `text` says what they do not, "" if nowhere.

    Nothing but markers may stand between them. Spans are of all sentences, or of those before the difference.
    """
    spans: list[Span] = []
    after = 0
    for one in said:
        start = text.find(one.text, after) if one.text.strip() else -1
        if start < 0 or _says(text[after:start]):
            return spans, text[after:] or one.text
        after = start + len(one.text)
        spans.append((start, after))
    return spans, text[after:] if _says(text[after:]) else ""


class Sentences:
    """The sentences of `answer` and where they stand in its text; `cited` are its citations' findings, and `passages`
    those that are there. `fixed` holds what states nothing, without white space."""

    def __init__(
        self,
        answer: Given,
        spans: Spans,
        cited: Sequence[Finding],
        passages: Mapping[str, Passage],
        fixed: frozenset[str],
    ) -> None:
        self._answer = answer
        self._said = answer.sentences or []
        self._spans = spans
        self._cited = cited
        self._passages = passages
        self._fixed = fixed
        # Brackets within a quote are its document's.
        quotes = [span for span, one in zip(spans, self._said, strict=True) if self._is_quote(one)]
        self._marks = marks(answer.text, quotes)

    def prove(self) -> Iterator[Finding]:
        """What became of each sentence, in order."""
        for one, span in zip(self._said, self._spans, strict=True):
            if not one.citations:
                nothing = self._states_nothing(one.text)
                yield Finding("proved" if nothing else "missing", one.text, "" if nothing else _NO_SOURCE)
            elif reason := self._wrong(one, span):
                yield Finding("forged", one.text, reason)
            else:
                state = worst(self._cited[place].state for place in one.citations)
                yield Finding(state, one.text, "" if state == "proved" else "근거로 제시한 인용을 확인하세요")

    def loose(self) -> list[int]:
        """The numbers of markers behind which no sentence stands on the passage of that number."""
        return sorted({number for place, group in enumerate(self._marks) for number in self._loose(place, group)})

    def _loose(self, place: int, group: Marks) -> Iterator[int]:
        since = self._marks[place - 1].end if place else 0
        run = [
            one for one, (start, end) in zip(self._said, self._spans, strict=True) if start < group.end and end > since
        ]
        on = {id for one in run for id in self._ids(one)}
        yield from (number for number in group.numbers if self._numbered([number]) - on or not self._numbered([number]))

    def _wrong(self, one: Said, span: Span) -> str:
        """What is wrong with a sentence apart from its citations; "" if nothing."""
        if any(not 0 <= place < len(self._cited) for place in one.citations):
            return "없는 인용을 근거로 제시했습니다"
        if (self._marks or self._quotes) and not self._ids(one) <= self._numbered(marks_of(span, self._marks)):
            return "문장의 인용 번호가 근거 문단과 일치하지 않습니다"
        recorded = squash(one.text) in self._fixed  # by the sheet, which is proved for the answer as a whole
        if recorded or self._is_quote(one) or self._is_label(one):
            return ""
        if self._quotes:
            return "인용문과 다른 내용입니다"
        cited = [self._answer.citations[place] for place in one.citations]
        held = [p.worded for citation in cited if (p := self._passages.get(citation.passage_id))]
        unknown = unsupported(MARKER.sub("", one.text), [*held, *(citation.quote for citation in cited)])
        return f"인용한 문단에 없는 값입니다: {', '.join(unknown)}" if unknown else ""

    @property
    def _quotes(self) -> bool:
        return self._answer.model in WORD_FOR_WORD

    def _states_nothing(self, text: str) -> bool:
        """Whether a sentence is mundap's own or a persona's, and what it names stands in the question or in a quote."""
        if squash(text) in self._fixed:
            return True
        if heading := PART.match(text):
            return squash(text[heading.end() :]) in squash(self._answer.question)
        message = told(text)
        if message is None:
            return False
        key, values = message
        if key == "searched":  # for these words, where the question had typos
            return all(word in squash(self._answer.searched) for word in _WORDS.findall(values["words"]))
        where = [self._answer.question]
        where += [cited.text for cited in self._cited if cited.state == "proved"] if key == "defers" else []
        return key not in _PROVED_OTHERWISE and all(
            any(value in squash(one) for one in where) for value in values.values()
        )

    def _is_label(self, one: Said) -> bool:
        """Whether it is what a case is called, before its sentences: a heading or the source of the cited passage."""
        if not (one.text.startswith("·") and one.text.endswith(":")):
            return False
        words = squash(one.text[1:-1])
        passages = [self._passages[id] for id in self._ids(one) if id in self._passages]
        return any(words in squash(f"{passage.heading}\n{passage.source}") for passage in passages)

    def _ids(self, one: Said) -> set[str]:
        """The ids of the passages that a sentence stands on."""
        citations = self._answer.citations
        return {citations[place].passage_id for place in one.citations if 0 <= place < len(citations)}

    def _numbered(self, numbers: Sequence[int]) -> set[str]:
        """The ids of the passages that markers name."""
        hits = self._answer.hits
        return {hits[number - 1].passage_id for number in numbers if 1 <= number <= len(hits)}

    def _is_quote(self, one: Said) -> bool:
        """Whether a sentence is one of its quotes, word for word."""
        cited = [self._answer.citations[place] for place in one.citations if 0 <= place < len(self._cited)]
        forms = (form for c in cited for form in quoted_forms(self._passages.get(c.passage_id), c.quote))
        return squash(one.text) in map(squash, forms)


def _says(between: str) -> bool:
    return any(letter.isalnum() for letter in MARKER.sub("", between))
