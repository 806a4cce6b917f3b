"""An answer that was given, proved against the documents as they are now."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from mundap.generate.cite import MARKER
from mundap.generate.compose import refuses
from mundap.generate.persona import Persona
from mundap.korean.normalize import squash
from mundap.korean.sentences import sentences
from mundap.messages import LANGUAGES, say, told
from mundap.store.corpus import Corpus
from mundap.verify.given import Given
from mundap.verify.quotes import prove
from mundap.verify.sentences import KNOWN, Sentences, spans_of
from mundap.verify.verdict import Finding, Index, Verdict


class Verifier:
    """Proves answers against `corpus`, which is only read; no model is asked, and nothing outside this machine.

    `generation` is the index in use and `kept` are those on the disk. What `personas` say when they refuse or close
    states nothing.
    """

    def __init__(
        self, corpus: Corpus, personas: Sequence[Persona], generation: str | None, kept: Collection[str]
    ) -> None:
        self._corpus = corpus
        self._generation = generation
        self._kept = kept
        own = [words for persona in personas for words in (persona.refusal, persona.closing) if words]
        self._refusals = [say("refusal", language) for language in LANGUAGES]
        self._refusals += [persona.refusal for persona in personas if persona.refusal]
        self._fixed = frozenset(sentence for words in own for sentence in _squashed(words))

    def verify(self, answer: Given) -> Verdict:
        """What of an answer is proved."""
        ids = {one.passage_id for one in answer.citations} | {one.passage_id for one in answer.hits}
        passages = self._corpus.passages(sorted(ids))
        citations = tuple(prove(one, passages, self._corpus) for one in answer.citations)
        recorded = self._recorded(answer)
        found: tuple[Finding, ...] = ()
        spans, beyond = spans_of(answer.text, answer.sentences or [])
        if answer.sentences is None:
            whole = Finding("missing", answer.text, "문장별 근거(sentences)가 없어 확인할 수 없습니다")
        elif beyond:
            whole = Finding("forged", beyond, "답변이 여기부터 sentences의 내용과 다릅니다")
        else:
            proofs = Sentences(answer, spans, citations, passages, self._fixed | frozenset(recorded))
            found = tuple(proofs.prove())
            whole = self._whole(answer, proofs.loose(), recorded)
        if any(
            one.text not in (None, passages[one.passage_id].text) for one in answer.hits if one.passage_id in passages
        ):
            whole = Finding("forged", answer.text, "함께 제시한 문단(hits)의 내용이 문서와 다릅니다")
        return Verdict(answer.question, whole, citations, found, answer.generation, self._index(answer))

    def _whole(self, answer: Given, loose: Sequence[int], recorded: Sequence[str]) -> Finding:
        if answer.abstained and answer.citations:
            return Finding("forged", answer.text, "답변 보류로 표시되어 있지만 근거가 있는 답변입니다")
        if not answer.abstained and self._refuses(answer.text):
            return Finding("forged", answer.text, "답변한 것으로 표시되어 있지만 답변 보류 문구입니다")
        if loose and not answer.abstained:
            numbers = ", ".join(f"[{number}]" for number in loose)
            return Finding("forged", answer.text, f"근거 문단과 일치하지 않는 인용 번호입니다: {numbers}")
        if answer.model == KNOWN and not self._is_recorded(answer.text, recorded):
            return Finding("missing", answer.text, "등록된 답변이 아니거나, 답변한 뒤 시트가 변경되었습니다")
        return Finding("proved", answer.text)

    def _refuses(self, text: str) -> bool:
        unmet = (told(line) for line in text.splitlines())
        own = any(refuses(text, refusal) for refusal in self._refusals)
        return own or any(message is not None and message[0] == "unmet_period" for message in unmet)

    def _is_recorded(self, text: str, recorded: Sequence[str]) -> bool:
        """Whether a text is the recorded answer, which stands first in `recorded`, up to the last words of a persona."""
        said = squash(MARKER.sub("", text))
        return bool(recorded) and said.startswith(recorded[0]) and (said[len(recorded[0]) :] in (*self._fixed, ""))

    def _recorded(self, answer: Given) -> list[str]:
        """The answer, and each sentence of it, that the sheet gives for a cited passage and a question that the text names
        as the one it answers, without white space; none if there is no such question."""
        ids = {citation.passage_id for citation in answer.citations}
        named = {
            found[1]["question"] for line in answer.text.splitlines() if (found := told(line)) and found[0] == KNOWN
        }
        for known in self._corpus.questions() if named else ():
            if known.passage_id in ids and squash(known.question) in named:
                for notice in (say(KNOWN, language, question=known.question) for language in LANGUAGES):
                    if squash(notice) in squash(answer.text):
                        return list(_squashed(MARKER.sub("", f"{known.answer}\n{notice}")))
        return []

    def _index(self, answer: Given) -> Index:
        if not answer.generation:
            return "unknown"
        if answer.generation == self._generation:
            return "same"
        return "newer" if answer.generation in self._kept else "gone"


def _squashed(words: str) -> Iterator[str]:
    """Each sentence, and the whole, without white space."""
    yield squash(words)
    yield from (squash(words[start:end]) for start, end in sentences(words))
