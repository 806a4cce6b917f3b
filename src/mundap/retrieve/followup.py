"""A follow-up question made to stand alone, from the conversation before it, without a language model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mundap.generate.smalltalk import business, small_talk
from mundap.korean.asking import particle
from mundap.korean.kiwi import kiwi
from mundap.retrieve.decompose import several
from mundap.retrieve.phrases import PREDICATE, Phrase, phrases
from mundap.types import Turn

if TYPE_CHECKING:
    from kiwipiepy import Token

_TURNS = 8  # of the conversation, beyond which nothing is leant on
_LONGEST = 400  # characters of a question that may lean, and of what it may lean on
_BRIEF = 20  # characters of an amount with a condition: 3개면?
_PAIR = 3  # letters that one noun may have; more are several nouns
_MOST = 8  # nouns of what was talked of that are taken along
_ENDLESS = 5  # nouns with which even a question that breaks off says all
_FULL = 3  # nouns with which a question says by itself what it is about

# What carries a question on, and what only fills; both are left out of the question that stands alone.
_CARRIES = r"그럼|그러면|그렇다면|그렇담|그리고|그런데|근데|그래도|그래서|그러니까|또|또한|추가로|그거랑"
_FILLS = r"아니|아뇨|아니요|아|음|어|네|예|응|참|저|혹시|저기요?|아하|오|와|헉|엥|됐고|잠깐만?|잠시만"
_OPENING = re.compile(rf"\s*(?P<word>{_CARRIES}|{_FILLS})(?:[\s,.!?~…]+|$)")
_CARRYING = re.compile(_CARRIES)
_POINTING = frozenset("NP MM MAJ MAG VA".split())
_POINTERS = frozenset(
    "그것 그거 이것 이거 저것 저거 그 이 거기 여기 그곳 이곳 그때 그렇 이렇 저렇 그런 이런 저런 그러 이러 그쪽".split()
)
_RESTING = frozenset("다른 나머지 똑같 마찬가지".split())  # they lean, unless the question says enough
_NAMING = frozenset("그것 그거 이것 이거 저것 저거".split())  # pointers that a noun can take the place of

_POLITE = re.compile(r"(?:요|용|여)?[\s.!?~…ㅋㅎㅠㅜ^]*$")
_POINTED = re.compile(r"(?:그|이|저)(?:\s|때)")
_ELLIPTIC = re.compile(r"(?:[면데]|[아어여해]서)요[\s.!?~]*$")
_TOLD = re.compile(r"데요?[\s.!?~]*$")
_ONLY_ASKS = re.compile(
    r"(왜|언제(?:까지|부터)?|어디(?:에?서|로)|얼마나|어떻게|누가|몇\s?[가-힣]{1,3}까지)(?:요|죠)?[\s.!?~]*"
)
_CONTRAST = re.compile(r"(?P<old>.{1,20}?)(?:이|가|은|는|을|를)?\s*(?:말고|아니라|아니고)[\s,]+(?P<new>.+)")
_COUNTED = re.compile(r".*?\d[\d,.]*\s?[가-힣A-Za-z%]{1,4}?(?:이)?(?:라)?면$")
_IF = frozenset("면 으면 라면 이라면 다면 ᆫ다면 는다면 려면 으려면 면요 려면요 라면요 다면요 거든".split())
_LIGHT = frozenset("되 가능하 괜찮 마찬가지 똑같 같 어떻 어떠".split())
_THINGS = ("thing", "name", "place")
_OBJECTS = ("thing", "name", "person")
_CASES = ("경우", "때", "땐")
_PREDICATES = ("VV", "VA", "VX", "XSV", "XSA", "VCP")
_WHAT = frozenset("몇 얼마 얼마나 언제 어디 누구 누 무엇 뭐 무슨 어느 어떤 어떻 어떻게 왜 며칠".split())
_MEASURES = tuple("세료비금액율률권증")  # what is asked of a thing rather than a thing
_ARGUMENTS = frozenset("은 는 이 가 을 를 도 ᆫ ᆯ 만 이란 란 의 께서 이나 나 랑 이랑".split()) | {""}


def standalone(question: str, history: Sequence[Turn]) -> str:
    """`question` as one asks it who was not there before: with what it leaves out, if it leans on the conversation.

    Another thing, amount or condition is put into the question before (담배는요? after 술은 얼마까지 면세예요? is
    담배는 얼마까지 면세예요?); another aspect is asked of what that was about (서류는요? after 환급은 어떻게 신청하나요? is
    환급 신청 서류는요?). A question with a topic of its own stays as it is. Greetings and thanks are passed over.
    """
    if len(question) > _LONGEST:
        return question
    recent = [Turn(turn.question[-_LONGEST:], "") for turn in history[-_TURNS:]]
    return _resolved(question, recent).text


def named_anew(question: str) -> tuple[str, ...]:
    """The nouns that a question which leans on others names newly, of which an answer must know one.

    맥주 of 맥주는요?, 전자담배 and 액상 of 전자담배 액상은요? but only 서류 of 신청 서류는요?: what is asked of a thing is not in
    the thing's name. A condition (두 병이면요?), a place or a person names nothing that a passage must say.
    """
    asked = _Parsed.of(_bare(business(question))[0])
    topics = [p for p in asked.phrases if p.particle in ("은", "는")] if asked.form == "whole" else asked.phrases[-1:]
    if asked.form == "condition" or not topics:
        return ()
    head = topics[-1]
    if head.kind == "aspect":
        return (head.text,)
    if asked.form == "whole" or head.kind not in ("thing", "name", "act"):
        return ()
    group = next(group for group in _groups(asked.phrases) if head in group)
    if {p.kind for p in group} & {"place", "person"}:
        return ()
    return tuple(p.text for p in group if p.kind not in ("asking", "amount"))


@dataclass(frozen=True, slots=True)
class _Said:
    """A question that stands alone: `kernel` with what was added to it in the meantime, which may be a condition."""

    kernel: str
    added: str = ""
    condition: bool = False

    @property
    def about(self) -> str:
        """What says what it is about: a condition does not."""
        return self.kernel if self.condition else self.text

    @property
    def text(self) -> str:
        return f"{self.added} {self.kernel}" if self.added else self.kernel


def _resolved(question: str, history: Sequence[Turn]) -> _Said:
    before = _before(history)
    if before is None or not any(map(str.isalnum, question)) or small_talk(question):
        return _Said(question)
    return _joined(question, before) or _Said(question)


def _before(history: Sequence[Turn]) -> _Said | None:
    """The last question that was no small talk, standing alone; of several, the last one."""
    for n in range(len(history) - 1, -1, -1):
        turn = history[n].question
        if any(map(str.isalnum, turn)) and small_talk(turn) is None:
            *earlier, last = several(business(turn)) or [business(turn)]
            said = _resolved(last, [*history[:n], *(Turn(part, "") for part in earlier)])
            return replace(said, kernel=_bare(said.kernel)[0] or said.kernel)
    return None


def _bare(question: str) -> tuple[str, bool]:
    """The question without what opens it, and whether that carries on from what was said."""
    carries = False
    while opening := _OPENING.match(question):
        carries |= bool(_CARRYING.fullmatch(opening["word"]))
        question = question[opening.end() :]
    return question.strip(), carries


def _joined(question: str, before: _Said) -> _Said | None:
    """`question` with what it needs of the one before; None if it needs nothing."""
    bare, carries = _bare(business(question))
    if not bare:
        return before if carries else None
    if corrected := _corrected(bare, before):
        return corrected
    if (only := _ONLY_ASKS.fullmatch(bare)) and _asks_whether(before.kernel):  # 왜요? 언제까지요?
        return _Said(before.kernel, only[1])
    asked = _Parsed.of(bare)
    if asked.full and not asked.pointing and not asked.elliptic:
        return None
    if asked.form == "whole":
        if not ((carries and not asked.named) or asked.leans):
            return None
        return _Said(_with_topic(asked, before))
    if not asked.phrases and asked.form == "fragment":  # 기한은 왜 있나요? 언제까지요?
        return _Said(_with_topic(asked, before))
    if asked.form == "condition":
        return _Said(_with_topic(asked, before)) if asked.tells else _Said(before.kernel, asked.piece, condition=True)
    head = asked.phrases[-1]
    besides = asked.adverbial or (asked.light and head.particle == "도")  # 외국인도 되나요?
    place = None if besides else _place(before.kernel, head, len(asked.phrases))
    if head.kind == "act" and place:
        return _Said(_put(before.kernel, place, asked.piece[: head.end].strip()))
    if head.kind in ("aspect", "act", "asking") and not asked.adverbial:
        own = [p for p in asked.phrases[:-1] if p.kind in _THINGS or (asked.light and p.topical)]
        if own and not asked.pointing:
            return None  # 환급 서류는요? has its own topic
        return _Said(_with_topic(asked, before))
    if place:
        kernel = _put(before.kernel, place, asked.piece[: head.end].strip())
        return _Said(kernel) if before.condition else replace(before, kernel=kernel)
    return _Said(before.kernel, asked.piece)


def _corrected(bare: str, before: _Said) -> _Said | None:
    """The question before with another word: 수출 말고 수입이요."""
    contrast = _CONTRAST.match(bare)
    if not contrast:
        return None
    old, new = contrast["old"], _POLITE.sub("", contrast["new"])
    asked = _Parsed.of(new)
    if asked.form == "whole" or not asked.phrases:
        return None
    noun = new[: asked.phrases[-1].end]
    if old not in before.text:
        return _joined(noun, before)
    return replace(before, kernel=_exchanged(before.kernel, old, noun), added=_exchanged(before.added, old, noun))


@dataclass(frozen=True, slots=True)
class _Parsed:
    """A question without its opening, as far as it says what it asks of.

    `piece` is what a fragment names, with its particle. A whole question `leans` if what it asks of is left out.
    """

    text: str
    form: str  # "fragment", "condition" or "whole"
    piece: str
    phrases: tuple[Phrase, ...]
    pointing: bool
    leans: bool
    adverbial: bool
    elliptic: bool
    light: bool
    tells: bool
    pointer: tuple[int, int] | None

    @property
    def full(self) -> bool:
        """Whether it names so much that it needs no other topic."""
        said = [p for p in self.phrases if p.kind not in ("asking", "amount", "person") and len(p.text) > 1]
        return len(said) >= _FULL

    @property
    def named(self) -> bool:
        """Whether it names what it asks of."""
        return len([p for p in self.phrases if p.kind == "act"]) > 1 or any(
            p.kind in _THINGS and p.particle in _ARGUMENTS and not p.text.endswith(_MEASURES) for p in self.phrases
        )

    @classmethod
    def of(cls, text: str) -> _Parsed:
        tokens = [t for t in kiwi().tokenize(text) if not t.tag.startswith(("SF", "SP", "SE", "SW", "W_", "SO"))]
        named = tuple(p for p in phrases(tokens, text) if p.kind != "asking" or p.text in _CASES)
        first = min((p.start for p in named if p.kind not in ("asking", "amount")), default=len(text))
        points = [
            t  # behind a noun it points to that: 직구한 신발인데 이것도 신고하나요?
            for t in tokens
            if t.start <= first and t.form in _POINTERS and t.tag.partition("-")[0] in _POINTING
        ]
        points += [t for t in tokens[:1] if _POINTED.match(text)]  # which Kiwi may take for an exclamation
        rests = any(t.form in _RESTING and t.start <= first for t in tokens)
        pronoun = next((t for t in points if t.form in _NAMING), None)
        form, piece = _form(text, tokens)
        inside = tuple(p for p in named if p.end <= len(piece)) if form != "whole" else named
        adverbial = bool(inside) and inside[-1].particle not in _ARGUMENTS
        return cls(
            text,
            form,
            piece,
            inside,
            bool(points),
            form == "whole" and (bool(points) or rests or _leans(named, tokens)),
            adverbial,
            form == "condition" and bool(_ELLIPTIC.search(text)) and len(inside) < _ENDLESS,
            form == "fragment" and bool(tokens) and tokens[-1].tag == "EF" and tokens[-1].form != "요",
            form == "condition" and bool(_TOLD.search(text)) and _tells(inside, tokens),
            (pronoun.start, pronoun.end) if pronoun else None,
        )


def _tells(named: Sequence[Phrase], tokens: Sequence[Token]) -> bool:
    """Whether it tells of somebody who did something, and what is asked is left out: 다른 사람이 제 번호를 쓴 것 같은데요."""
    return any(p.particle in ("이", "가", "을", "를") for p in named) and any(t.tag.startswith("VV") for t in tokens)


def _asks_whether(question: str) -> bool:
    """Whether a question asks for yes or no, in so many words."""
    tokens = kiwi().tokenize(question)
    return any(t.tag.startswith(_PREDICATES) for t in tokens) and not any(t.form in _WHAT for t in tokens)


def _form(text: str, tokens: Sequence[Token]) -> tuple[str, str]:
    """What shape a question has, and the piece it consists of where it is no whole one."""
    kept = list(tokens)
    while kept and (kept[-1].form in ("요", "이요") and kept[-1].tag in ("EF", "JX", "MM", "IC", "EC")):
        kept.pop()
    if not kept:
        return "whole", text
    cut = text[: kept[-1].end].strip()
    bare = _POLITE.sub("", text)
    if (len(bare) < _BRIEF and _COUNTED.fullmatch(bare)) or (
        kept[-1].form in _IF and kept[-1].tag in ("EC", "EF", "JX")
    ):
        return "condition", bare
    ends = kept[-1].form + ("요" if len(kept) < len(tokens) else "")
    if kept[-1].tag == "EF" and ends.endswith(("데요", "서요")):
        return "condition", bare
    if kept[-1].tag == "EC" or (kept[-1].tag == "JX" and len(kept) > 1 and kept[-2].tag == "EC"):
        return ("whole", text) if kept[-1].form in ("어", "지", "아", "네", "고") else ("condition", bare)
    if kept[-1].tag.startswith(("J", "N", "SL", "XSN", "ETN", "SN")):
        case = [t for t in kept if t.form in _CASES]
        form = "condition" if case and case[-1].end >= kept[-1].start - 1 else "fragment"
        if kept[-1].tag.startswith("J") and kept[-1].form in ("이요", "요"):
            cut = text[: kept[-2].end].strip()
        return form, cut
    light = _light(kept)
    if light is None:
        return "whole", text
    rest = kept[:light]
    if rest and rest[-1].form in ("면", "으면", "라면", "다면"):
        return "whole", text  # 안 내면 어떻게 되나요?
    nouns = [p for p in phrases(rest, text) if p.kind not in ("asking", "amount")]
    verbs = [t for t in rest if t.tag.partition("-")[0] in ("VV", "VA", "XSV", "XSA", "VCP")]
    if (len(nouns) > 1 and any(p.particle for p in nouns[:-1])) or (nouns and verbs):
        return "whole", text
    if (
        not rest
        or any(t.tag == "EC" for t in rest)
        or any(t.tag in ("EF", "MAG") or t.form in ("몇", "얼마", "언제", "어디", "누구", "왜") for t in rest)
    ):
        return "whole", text
    if rest[-1].tag.startswith("J"):
        timed = len(rest) > 1 and rest[-2].form in _CASES
        return "condition" if timed else "fragment", text[: rest[-1].end].strip()
    return "whole", text


def _light(tokens: Sequence[Token]) -> int | None:
    """Where the predicate begins if it asks no more than whether it is so: 되나요, 가능한가요, 어떻게 되나요."""
    at = len(tokens)
    while at and tokens[at - 1].tag in ("EF", "EP", "EC", "VX", "ETM", "NNB", "XSA", "XSV", "VCP"):
        at -= 1
    stem = tokens[at - 1] if at else None
    if stem is None:
        return None
    does = at < len(tokens) and tokens[at].form == "하" and tokens[at].tag in ("XSA", "XSV")
    if f"{stem.form}{'하' if does else ''}" not in _LIGHT and not (
        stem.form == "하" and at > 1 and tokens[at - 2].form == "게"
    ):
        return None
    at -= 1
    while at and (tokens[at - 1].form in ("어떻", "게") and tokens[at - 1].tag in ("VA-I", "VA", "EC", "MAG")):
        at -= 1
    return at


def _leans(named: Sequence[Phrase], tokens: Sequence[Token]) -> bool:
    """Whether a whole question names nothing of its own to ask of.

    Two steps together (환급 신청) are a topic; a place, a means or a time (우체국에는, 팩스로) is none.
    """
    if _predicateless(tokens) and len([p for p in named if p.kind != "amount"]) < 2:  # 담배는 몇 갑까지 되나요?
        return True
    groups = [group for group in _groups(named) if _argues(group[-1])]
    own = [group for group in groups if any(p.topical for p in group)]
    if any(group[-1].particle != "도" for group in own) or len(own) > 1:
        return False
    steps = [group for group in groups if len(group) > 1 and group[-1].particle != "도"]
    return not any(all(p.kind == "act" for p in group) for group in steps)


def _argues(phrase: Phrase) -> bool:
    """Whether it is subject or object, or a compound that makes the predicate (목록통관할 수 있나요?)."""
    return phrase.particle in _ARGUMENTS or (phrase.particle == PREDICATE and len(phrase.text) > _PAIR)


def _groups(named: Sequence[Phrase]) -> list[list[Phrase]]:
    """The phrases that make up one name together, as 해고 예고 does."""
    groups: list[list[Phrase]] = []
    for phrase in named:
        last = groups[-1][-1] if groups else None
        if last and not last.particle and phrase.start - last.end == 1 and phrase.particle != PREDICATE:
            groups[-1].append(phrase)
        else:
            groups.append([phrase])
    return groups


def _predicateless(tokens: Sequence[Token]) -> bool:
    """Whether a question asks how many or where, of what it does not say: 몇 갑까지 되나요?"""
    forms = [t.form for t in tokens]
    return (
        forms[-2:-1] == ["되"]
        and tokens[-1].tag == "EF"
        and "어떻" not in forms
        and bool({"몇", "얼마", "언제", "어디", "며칠"} & {*forms})
    )


def _with_topic(asked: _Parsed, before: _Said) -> str:
    """What is asked, of what the question before was about."""
    kept = _topic(before, asked)
    text = asked.text
    if not kept:
        return text
    topic = " ".join(kept)
    if asked.pointer:
        start, end = asked.pointer
        behind = _CONTRACTED.get(text[end - 1])
        if behind:
            return f"{text[:start]}{topic}{particle(topic, *behind)}{text[end:]}"
        return _put(text, (start, end), topic)
    return f"{topic} {text}"


def _topic(before: _Said, asked: _Parsed) -> list[str]:
    """The nouns that the question before was about, as they were written; an aspect it asked for is left out."""
    about: list[str] = []
    topical = asked.form == "whole" and bool(asked.phrases) and asked.phrases[0].particle in ("은", "는")
    place = _place(before.kernel, asked.phrases[0], 1) if topical else None
    replaced = before.kernel[slice(*place)] if place else ""
    groups = _groups(phrases(kiwi().tokenize(before.about), before.about))
    things = [group[:-1] if group[-1].kind == "aspect" else group for group in groups]
    for group in things if any(things) else groups:  # 퇴직금은 언제 주나요?
        for phrase in group:
            if phrase.kind in ("asking", "amount") or phrase.text in replaced or phrase.text in asked.text:
                continue
            if not any(phrase.text in other for other in about):
                about.append(phrase.text)
    return about[:_MOST]


def _place(kernel: str, head: Phrase, words: int) -> tuple[int, int] | None:
    """Where in the question before stands what `head` takes the place of: its topic, if it is of the same kind, and as many words."""
    found = phrases(kiwi().tokenize(kernel), kernel)
    if head.topical and (alike := [p for p in found if p.topical and p.text[-2:] == head.text[-2:]]):
        return alike[-1].start, alike[-1].end  # 레드카드 for 옐로카드
    topics = [n for n, p in enumerate(found) if p.particle in ("은", "는", "도")] or _objects(found, head)
    if not topics:
        return None
    topic = found[topics[0]]
    alone = not [p for p in found if p is not topic and p.kind not in ("asking", "amount")]  # 연차는 며칠인가요?
    same = topic.kind == head.kind or {topic.kind, head.kind} == {"name", "thing"}
    if topic.text.endswith(_MEASURES) or not (
        (same and topic.kind in (*_THINGS, "person")) or _fits(alone, topic, head)
    ):
        return None
    first = topics[0]
    while words > 1 and first and kernel[found[first - 1].end : found[first].start] == " ":
        first, words = first - 1, words - 1
    return found[first].start, topic.end


def _objects(found: Sequence[Phrase], head: Phrase) -> list[int]:
    """The one that is taken, brought or used in a question without a topic, if it is of the same kind: 육포 of 육포 가져와도 되나요?"""
    last = {group[-1] for group in _groups(found)}
    bare = [
        n
        for n, p in enumerate(found)
        if p in last and p.particle in ("", "을", "를") and p.kind == head.kind in _OBJECTS
    ]
    marked = [n for n in bare if found[n].particle]
    return marked if len(marked) == 1 else bare if len(bare) == 1 else []


def _fits(alone: bool, topic: Phrase, head: Phrase) -> bool:
    return alone and {topic.kind, head.kind} <= {"thing", "act"}


def _put(text: str, place: tuple[int, int], noun: str) -> str:
    """`text` with `noun` in that place, and the particle that fits it."""
    start, end = place
    return f"{text[:start]}{noun}{_agreeing(noun, text[end:])}"


def _exchanged(text: str, old: str, new: str) -> str:
    at = text.find(old)
    return text if at < 0 else _put(text, (at, at + len(old)), new)


_CONTRACTED = {"건": ("은", "는"), "게": ("이", "가"), "걸": ("을", "를")}  # 그건, 그게, 그걸
_PAIRS = (("은", "는"), ("이", "가"), ("을", "를"), ("과", "와"), ("으로", "로"), ("이란", "란"))


def _agreeing(noun: str, after: str) -> str:
    for closed, open_ in _PAIRS:
        for one in (closed, open_):
            if re.match(rf"{one}(?=[\s?,.!요]|$)", after):
                return particle(noun, closed, open_) + after[len(one) :]
    return after
