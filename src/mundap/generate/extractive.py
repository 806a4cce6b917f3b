"""Answers without a language model: the sentences of the found passages that answer, word for word.

The likeliest sentence comes first, then what stands around it. How much is shown follows from how sure the search is:
where the first passage leads clearly it alone is quoted, else the best of the first few stand side by side
(docs/experiments/2026-11-29-how-much-to-quote.md).
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from mundap.generate.choices import choices
from mundap.generate.evidence import Floats, ReaderModel, logits
from mundap.generate.persona import Persona, refusal_of
from mundap.generate.reading import Evidence, Reader, Sentence
from mundap.generate.support import MIN_SUPPORT, refusal, support
from mundap.ingest.grid import TABLE
from mundap.korean.contacts import has_contact
from mundap.korean.deferring import defers
from mundap.korean.lists import announces, item, leans, note, proviso, repealed
from mundap.korean.regions import is_there, regions
from mundap.korean.wanted import affirms, defines, denies, forbids, withholds
from mundap.messages import say
from mundap.types import Answer, Choice, Citation, Hit, Turn

# Chosen on questions of our own (docs/experiments/2026-11-29-how-much-to-quote.md). Scores of passages are log-odds.
SURE = 1.0  # lead of the first passage over the second from which it alone is quoted
NEAR = 1.5  # passages as close behind the first are quoted beside it
ALONE = 390  # characters of the one passage that is quoted
BESIDE = (320, 220, 150)  # of the passages side by side, the likeliest first
FARTHEST = 2.0  # log-odds of their best sentences that passages side by side may differ by
GOVERNING = 160  # characters of a lead up to which it is quoted with its item
SUBJECT = 0.2  # of the question's nouns that a sentence with the value may lack of those that another names
WHOLE = 800  # of a list that is asked for
STEPS = ("procedure", "condition")  # kinds that a list answers as a whole, if it is no longer than that
CASES = 200  # of the items of a list that each have a value, of which one is quoted
SHORT = 200  # of a list that is completed where some of it is quoted
_ADDENDA = re.compile(r"(?:^|> )부\s?칙")
_OF_ADDENDA = frozenset("부칙 시행 시행일 개정 적용례 경과 경과조치 종전 이전".split())
_CASE = frozenset("이유 사유 경우 조건 요건 자격 기준".split())  # what a question for cases calls them
_CASES = {  # what is listed where a sentence answers by announcing a list, by kind
    "reason": re.compile(r"(?:사유|경우|이유|원인)"),
    "condition": re.compile(r"(?:경우|때|요건|조건|사유)"),
    "person": re.compile(r"(?:사람|자|공무원|위원|기관)(?=[에은는이가을를으의로과와]|\s)"),
}


class Extractive:
    """Picks the sentences that are likeliest to answer, by words and, where the reader has an encoder, by meaning.

    Its words are those of the passages, whatever the persona; of that it takes the refusal alone.
    Abstains if the passages support an answer with less than `min_support`, a probability.
    """

    name = "extractive"

    def __init__(
        self,
        reader: Reader | None = None,
        min_support: float = MIN_SUPPORT,
        language: str = "ko",
        model: ReaderModel | None = None,
    ) -> None:
        self.reader = reader or Reader()
        self.min_support = min_support
        self.language = language
        self.model = model

    def stream(
        self, question: str, hits: Sequence[Hit], history: Sequence[Turn] = (), persona: Persona | None = None
    ) -> Iterator[str | Answer]:
        """Yields the answer's lines, then the Answer."""
        answer = self.answer(question, hits, history, persona)
        yield from re.findall(r"[^\n]*\n|[^\n]+", answer.text)
        yield answer

    def answer(
        self, question: str, hits: Sequence[Hit], history: Sequence[Turn] = (), persona: Persona | None = None
    ) -> Answer:
        """The likeliest sentence and those around it, each a citation."""
        began = time.perf_counter()
        evidence = self.reader.read(question, hits)
        supported = support(evidence, model=self.model)
        picked = pick(evidence, self.model) if supported >= self.min_support else None
        cases = _quoted(choices(evidence, self.model), picked) if picked else ()
        if picked:
            text = listed(picked, cases, self.language) if cases else written(picked, self.language)
        else:
            text = refusal_of(persona, refusal(self.language))
        cited = tuple(Citation(s.hit.passage.id, s.hit.passage.source, s.text) for s in picked.all) if picked else ()
        timings = {"generate_ms": (time.perf_counter() - began) * 1000}
        answer = Answer(question, text, cited, tuple(hits), picked is None, timings, self.name)
        return replace(answer, support=supported, kind=evidence.asked.kind, choices=cases)


@dataclass(frozen=True)
class Picked:
    """The `key` sentence, which answers best, with the `provisos` to it and the list that it or they announce, and what is
    quoted behind it: of each passage its sentences in order."""

    key: Sentence
    provisos: tuple[Sentence, ...]
    behind: tuple[tuple[Sentence, ...], ...]

    @property
    def head(self) -> tuple[Sentence, ...]:
        """What comes first."""
        return (self.key, *self.provisos)

    @property
    def all(self) -> list[Sentence]:
        """Every sentence, as shown."""
        return [*self.head, *(sentence for passage in self.behind for sentence in passage)]


def pick(evidence: Evidence, model: ReaderModel | None = None) -> Picked | None:
    """What to quote of the evidence; None if nothing was read, or if all of it affirms what is asked about as not so."""
    found = evidence.sentences
    scores = logits(evidence, model)
    likeliest = _key(evidence, scores)
    if likeliest is None:
        return None
    key = _limited(evidence, likeliest)
    chosen: set[int] = set()
    for rank, room in _rooms(evidence, scores, found[key].hit.rank).items():
        chosen |= _filled(evidence, scores, rank, room)
    chosen |= _closed(evidence, {key, *chosen}, key) | {key}
    if _is_row(found[key]) and evidence.asked.kind != "list":
        chosen = {n for n in chosen if not _is_row(found[n]) or found[n].shared >= found[key].shared}
    chosen |= _lying_there(evidence, key)
    if evidence.asked.negative:
        chosen = {n for n in chosen if n == key or not affirms(found[n].text)}
        if evidence.asked.excluding:
            denied = {n for n in chosen if _denied(evidence, n)}
            leads = {place for n in denied for place in found[n].governors}
            chosen = {n for n in chosen if n in denied | leads or found[n].hit is found[key].hit}
            above = [n for n in found[key].governors if n in denied and announces(found[n].text)]
            key = above[-1] if above else key  # the lead says what is so of them
    if evidence.asked.contact:  # the number of a body stands for itself, and beside none of another
        giving = {n for n in chosen if found[n].offers >= 1}
        leads = {place for n in giving for place in found[n].governors if not has_contact(found[place].said)}
        chosen &= giving | leads
    chosen = {n for n in chosen if n == key or not repealed(found[n].said)}
    provisos = _following(evidence, key, chosen)
    chosen -= {key, *provisos}
    first = found[key].hit.rank
    ranks = sorted({found[n].hit.rank for n in chosen}, key=lambda rank: (rank != first, rank))
    behind = [tuple(found[n] for n in sorted(chosen) if found[n].hit.rank == rank) for rank in ranks]
    return Picked(found[key], tuple(found[n] for n in provisos), tuple(behind))


def _quoted(cases: Sequence[Choice], picked: Picked) -> tuple[Choice, ...]:
    """Those of the cases of which something is quoted; one alone is no choice."""
    quoted = {sentence.hit.passage.id for sentence in picked.all}
    found = tuple(case for case in cases if case.passage_id in quoted)
    return found if len(found) > 1 else ()


def written(picked: Picked, language: str) -> str:
    """The text of an answer: the key sentence, then each passage's sentences, marked with the rank of their passage.

    Where the key only refers to a decree or a table, that is told.
    """
    head: Sequence[Sentence] = picked.head
    behind = picked.behind
    if behind and announces(picked.key.text) and behind[0][0].hit is picked.key.hit:
        head, behind = sorted((*head, *behind[0]), key=lambda sentence: sentence.start), behind[1:]
    parts = [_paragraph(head)]
    if deferred := defers(picked.key.text):
        parts.append(say("defers", language, to=deferred))
    return "\n".join([*parts, *map(_paragraph, behind)])


def listed(picked: Picked, cases: Sequence[Choice], language: str) -> str:
    """The text of an answer to a broad question: each case with its sentences, then what was quoted of other passages."""
    passages: dict[str, list[Sentence]] = {picked.key.hit.passage.id: [*picked.head]}
    for behind in picked.behind:
        passages.setdefault(behind[0].hit.passage.id, []).extend(behind)
    labels = {case.passage_id: case.label for case in cases}
    parts = []
    for passage_id, group in passages.items():
        label = labels.get(passage_id)
        ordered = sorted(group, key=lambda sentence: sentence.start)
        parts.append((f"· {label}: " if label else "") + _paragraph(ordered))
    return "\n".join([*parts, say("choices", language)])


def _paragraph(group: Sequence[Sentence]) -> str:
    """Sentences of one passage, in order, with its mark."""
    lines = [_line(group[0])]
    for before, sentence in pairwise(group):
        breaks = item(before.text) or item(sentence.text) or "\n" in _between(before, sentence)
        lines.append(("\n" if breaks else " ") + _line(sentence))
    return "".join(lines) + f" [{group[0].hit.rank}]"


def _key(evidence: Evidence, scores: Floats) -> int | None:
    """The likeliest sentence that says something itself: a lead only announces. None if there is none to quote."""
    found = evidence.sentences
    exact = evidence.asked.exact
    every = range(len(found))
    speaking = [
        n
        for n in every
        if not announces(found[n].text) or _names_cases(evidence, n) or (exact and found[n].offers >= 1)
    ]
    speaking = [n for n in speaking if not repealed(found[n].said)] or speaking or list(every)
    speaking = [n for n in speaking if not _amends(evidence, found[n].hit)] or speaking
    if exact:
        speaking = _of_subject(evidence, [n for n in speaking if found[n].offers >= 1]) or speaking
    if evidence.asked.kind == "condition":
        speaking = _of_cases(evidence, speaking) or speaking
    if evidence.asked.kind == "definition":
        speaking = [n for n in speaking if defines(found[n].text, evidence.asked)] or speaking
    if evidence.asked.negative:
        denied = [n for n in speaking if _denied(evidence, n)]
        listing = evidence.asked.excluding  # which no list of anything else answers
        items = [n for n in denied if listing and item(found[n].text) and found[n].governors]
        speaking = items or denied or [n for n in speaking if not listing and not affirms(found[n].text)]
    return max(speaking, key=lambda n: (scores[n], -n), default=None)


def _limited(evidence: Evidence, place: int) -> int:
    """The place of the sentence that a proviso limits, or that 이 경우 speaks of: either says nothing without it. That of any
    other is its own."""
    found, first = evidence.sentences, place
    while leans(found[first].text) and first and found[first - 1].hit is found[place].hit:
        first -= 1
    return first


def _of_subject(evidence: Evidence, places: list[int]) -> list[int]:
    """Those of the sentences that name as much of what the question names as any of them, or nearly."""
    topic = evidence.asked.topic - evidence.asked.focus
    places = [n for n in places if topic and topic <= evidence.context(n)] or places
    most = max(map(evidence.named, places), default=0.0)
    return [n for n in places if evidence.named(n) >= most - SUBJECT]


def _of_cases(evidence: Evidence, places: list[int]) -> list[int]:
    """Those of the sentences that announce the list of the cases that are asked for, of as much that the question names as any
    says; a proviso is of what it limits."""
    names = evidence.asked.names - _CASE

    def named(n: int) -> int:
        return len(names & evidence.context(_limited(evidence, n)))

    most = max((len(names & evidence.context(n)) for n in places), default=0)
    return [n for n in places if _names_cases(evidence, n) and named(n) == most]


def _denied(evidence: Evidence, n: int) -> bool:
    """Whether the sentence, or what governs it, says no to what the question says no to.

    Of an item of a list only what governs it counts where a list is asked for: 그 밖의 수입금지물품 names none.
    """
    found, about = evidence.sentences, evidence.asked.denied
    above, listing = found[n].governors, evidence.asked.excluding
    places = above if above and listing and item(found[n].text) else (n, *above)
    texts = [found[place].text for place in places]
    if listing and about:
        return any(withholds(text, about) for text in texts)
    if listing:  # a verb alone is forbidden: whatever is, of those whom the question names
        return evidence.asked.whose <= evidence.context(n) and any(map(forbids, texts))
    return any(denies(text) and (not about or any(noun in text for noun in about)) for text in texts)


def _rooms(evidence: Evidence, scores: Floats, key: int) -> dict[int, int]:
    """How many characters to quote of which passages, by rank; that of rank `key` is among them."""
    hits = evidence.hits
    if key == hits[0].rank and (len(hits) == 1 or hits[0].score - hits[1].score >= SURE):
        return {key: ALONE}
    close = [hit for hit in hits if hits[0].score - hit.score <= NEAR or hit.rank == key]
    best = {hit.rank: max(scores[n] for n, s in enumerate(evidence.sentences) if s.hit is hit) for hit in close}
    best = {hit.rank: best[hit.rank] for hit in close if hit.rank == key or not _amends(evidence, hit)}
    ranks = [rank for rank in best if rank == key or best[rank] >= best[key] - FARTHEST]
    return dict(zip(sorted(ranks, key=lambda rank: (-best[rank], rank)), BESIDE, strict=False))


def _amends(evidence: Evidence, hit: Hit) -> bool:
    """Whether a passage is of the addenda of a statute, which say from when it holds and for whom, and is not asked for that."""
    return bool(_ADDENDA.search(hit.passage.heading)) and not evidence.asked.names & _OF_ADDENDA


def _filled(evidence: Evidence, scores: Floats, rank: int, room: int) -> set[int]:
    """The likeliest sentences of a passage that fit in `room` characters, with what governs them; one at least."""
    found = evidence.sentences
    places = [n for n, sentence in enumerate(found) if sentence.hit.rank == rank]
    chosen: set[int] = set()
    length = 0
    for n in sorted(places, key=lambda n: (-scores[n], n)):
        leads = {place for place in found[n].governors if _size(found[place]) <= GOVERNING}
        limited = {before for place in (n, *leads) for before in range(_limited(evidence, place), place)}
        added = {n, *leads, *limited} - chosen
        size = sum(_size(found[place]) for place in added)
        if length + size <= room or not (chosen or limited):
            chosen |= added
            length += size
    return chosen or {max(places, key=lambda n: (scores[n], -n))}


def _closed(evidence: Evidence, chosen: set[int], key: int) -> set[int]:
    """What must stand with the chosen: provisos, the list that a lead announces, and the whole one if a list is asked for."""
    added = {proviso for n in chosen for proviso in _provisos(evidence, n)}
    if evidence.asked.exact:
        added |= {beside for n in chosen for beside in _valued_beside(evidence, n)}
    added |= {entry for n in chosen | added for entry in _completing(evidence, chosen, n, key)}
    for first, after in evidence.blocks:
        places = range(first, after)
        inside = chosen.intersection(places)
        if len(places) == 1 or not inside:
            continue
        alone = max(inside) == first and announces(evidence.sentences[first].text)
        if (
            evidence.asked.kind in STEPS
            and key in inside
            and sum(_size(evidence.sentences[n]) for n in places) <= WHOLE
        ):
            added.update(places)
        if alone or (evidence.asked.kind == "list" and (len(inside) > 1 or key in inside)):
            length = 0
            for n in places:
                length += _size(evidence.sentences[n])
                if length > WHOLE and n > first + 1:
                    break
                added.add(n)
    return added


def _completing(evidence: Evidence, chosen: set[int], lead: int, key: int) -> list[int]:
    """What a quoted lead announces, where it would else end at its 다음 각 호 or skip some of a short list; [] if that is long.

    The list of the key, and one of the cases that are asked for, may be longer than another; but of a value for which the
    lead stands with one of many cases (벌금, with what is fined) that one is enough.
    """
    entries = _announced(evidence, lead)
    beside = evidence.sentences[lead].hit is evidence.sentences[key].hit
    of_key = lead == key or lead in _provisos(evidence, key) or (beside and _names_cases(evidence, lead))
    if evidence.asked.exact and chosen.intersection(entries):
        of_key = False
    size = sum(_size(evidence.sentences[n]) for n in entries)
    return entries if size <= (WHOLE if of_key else SHORT) else []


def _announced(evidence: Evidence, lead: int) -> list[int]:
    """The places of the list that a sentence announces, with what stands between its items; [] if it announces none."""
    found = evidence.sentences
    if not announces(found[lead].text):
        return []
    return [n for n in range(lead + 1, _block(evidence, lead)[1]) if lead in found[n].governors]


def _names_cases(evidence: Evidence, place: int) -> bool:
    """Whether a sentence announces the list of the cases, or of the people, that are asked for."""
    said = _CASES.get(evidence.asked.kind)
    return said is not None and bool(said.search(evidence.sentences[place].text)) and bool(_announced(evidence, place))


def _following(evidence: Evidence, key: int, chosen: set[int]) -> list[int]:
    """What stands right behind the key: its provisos, and of what is chosen the list that it or they announce and what
    leans on them."""
    found = evidence.sentences
    following, behind = _provisos(evidence, key), key + 1
    while behind in following or (
        behind in chosen and leans(found[behind].text) and found[behind].hit is found[key].hit
    ):
        following = [*following, *_provisos(evidence, behind), behind]
        behind += 1
    entries = {n for lead in (key, *following) for n in _announced(evidence, lead) if n in chosen}
    return sorted(entries.union(following))


def _valued_beside(evidence: Evidence, place: int) -> list[int]:
    """The items of the same list that have what is asked for as this one has, of another case; [] if they are long."""
    found = evidence.sentences
    if not item(found[place].text) or found[place].offers < 1:
        return []
    beside = [
        n
        for n in range(*_block(evidence, place))
        if found[n].governors == found[place].governors and item(found[n].text) and found[n].offers >= 1
    ]
    return beside if sum(_size(found[n]) for n in beside) <= CASES else []


def _lying_there(evidence: Evidence, key: int) -> set[int]:
    """The rows that lie in the region of which it is asked what there is, as the one that answers best does.

    Each names what that one names of the question; where none other does, at least what it names but the kind of thing that is
    asked for, which a row may have in its name by chance (푸른 수영장).
    """
    found, there = evidence.sentences, evidence.there
    rows = [n for n, s in enumerate(found) if there and _is_row(s) and is_there(s.hit.passage.worded, there)]
    if key not in rows:
        return set()
    nouns = [noun for noun in evidence.asked.names if not regions(noun)]
    named = {n: frozenset(noun for noun in nouns if evidence.names_it(n, noun)) for n in rows}
    alike = [n for n in rows if named[key] <= named[n]]
    if len(alike) < 2:
        alike = [n for n in rows if named[key] - evidence.asked.focus <= named[n]]
    sizes = accumulate(_size(found[n]) for n in alike)
    return {n for n, size in zip(alike, sizes, strict=True) if size <= WHOLE or n == key}


def _is_row(sentence: Sentence) -> bool:
    """Whether a sentence is a row of a table, which answers for itself: those beside it are of other things."""
    return sentence.hit.passage.meta.get("kind") in (TABLE, "row")


def _provisos(evidence: Evidence, place: int) -> list[int]:
    """The provisos (다만, …) right behind a sentence, and in its block the notes."""
    _, after = _block(evidence, place)
    sentences, behind = evidence.sentences, place + 1
    while behind < len(sentences) and sentences[behind].hit is sentences[place].hit:
        text = sentences[behind].text
        if not (proviso(text) or (behind < after and note(text))):
            break
        behind += 1
    return [*range(place + 1, behind)]


def _block(evidence: Evidence, place: int) -> tuple[int, int]:
    """The (first, after) places of the sentences that this one belongs with."""
    return next((block for block in evidence.blocks if block[0] <= place < block[1]), (place, place + 1))


def _size(sentence: Sentence) -> int:
    return sentence.end - sentence.start


def _between(before: Sentence, after: Sentence) -> str:
    return before.hit.passage.text[before.end : after.start]


def _line(sentence: Sentence) -> str:
    return "\n".join(" ".join(line.split()) for line in sentence.said.splitlines() if line.strip())
