"""A question that asks several things, taken apart: its sentences, its clauses, and what it lists, one at a time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from mundap.generate.smalltalk import small_talk
from mundap.korean.kiwi import kiwi
from mundap.korean.sentences import sentences
from mundap.retrieve.phrases import phrases

if TYPE_CHECKING:
    from kiwipiepy import Token

MOST = 4
_NAMING = frozenset("NNG NNP SL SN XPN XSN XR NNB".split())
_JOINING = "JC"  # 과, 와, 랑, 하고 between two nouns

_END = 60  # characters in which a sentence says whether it asks
_ASKS = re.compile(
    r".*(?:\?|나요|[은는인한된던]가요|까요|니까|까|는지요?|냐고요?|"
    r"알려\s?(?:줘요?|주세요|주십시오|주실래요|주시겠어요)|궁금(?:해요?|합니다)|알고\s?싶(?:어요|습니다)|말해\s?(?:줘|주세요))[\s.!?~]*",
    re.DOTALL,
)
_ASKING_WORDS = frozenset("얼마 며칠 언제 어디 누구 누가 무엇 뭐 뭘 몇 어느 어떤 무슨 얼마나 어떻".split())
_PLACED = frozenset(
    "얼마 며칠 언제 어디 누구 누가 몇 어느 얼마나".split()
)  # that ask anew without a noun: 어디서 받나요?
_OR = re.compile(r"\s*(?:아니면|혹은|또는|아님)\b")
_FURTHER = re.compile(r"^(?:그리고|또한?|아울러)[\s,]+")
_AND = frozenset("고 며 으며 구".split())
_WHETHER = frozenset("는지 ᆫ지 은지 인지".split())
_PREDICATE = ("VV", "VA", "VX", "VCP", "VCN", "XSV", "XSA")
_TOPIC = ("은", "는", "이", "가", "도")


def several(question: str, most: int = MOST) -> list[str]:
    """The questions that a turn asks, in its order and at most `most`; none if it asks one.

    Sentences that ask nothing stay with the question that they lead to. Clauses are cut where both ask for something
    (몇 병까지 면세되고, 담배는 몇 갑까지 되나요), and what both share, the words before the first topic or a predicate
    behind the last, is given to both. What a later part leaves out is said by an earlier one, as in a conversation.
    """
    asked = [
        f"{background} {part}".strip() if n == 0 else part
        for background, sentence in _asked(question)
        for n, part in enumerate(_clauses(sentence))
    ]
    asked = [*asked[:1], *(_FURTHER.sub("", part) for part in asked[1:])]
    if len(asked) > most:
        asked = [*asked[: most - 1], " ".join(asked[most - 1 :])]
    return asked if len(asked) > 1 else []


def _asked(question: str) -> list[tuple[str, str]]:
    """The sentences that ask something new, each with those before it that ask nothing."""
    pieces: list[tuple[str, str]] = []
    waiting = ""
    for start, end in sentences(question):
        text = question[start:end]
        if not _ASKS.fullmatch(text[-_END:]) or small_talk(text) is not None:
            waiting = f"{waiting} {text}".strip()
        elif pieces and not _asks_anew(text, pieces[-1][1]):
            pieces[-1] = pieces[-1][0], f"{pieces[-1][1]} {waiting} {text}".replace("  ", " ")
            waiting = ""
        else:
            pieces.append((waiting, text))
            waiting = ""
    if waiting and pieces:
        pieces[-1] = pieces[-1][0], f"{pieces[-1][1]} {waiting}"
    return pieces or [("", question)]


def _asks_anew(text: str, before: str) -> bool:
    """Whether a sentence asks something that the one before does not, or says that it does (그리고 뭘 적나요?): no alternative,
    and no mere 그런가요? or 왜요?"""
    tokens = kiwi().tokenize(text)
    placed = any(token.form in _PLACED for token in tokens)
    if _FURTHER.match(text) and any(token.form in _ASKING_WORDS for token in tokens):
        return True
    if _OR.match(text) or (not placed and before.rstrip()[-1:] not in ".?!"):
        return False
    named = [p for p in phrases(tokens, text) if p.kind not in ("asking", "amount")]
    return placed or any(phrase.text not in before for phrase in named)


def _clauses(sentence: str) -> list[str]:
    """The sentence cut behind each clause that asks by itself, if what follows asks too."""
    tokens = kiwi().tokenize(sentence)
    parts: list[str] = []
    begun = 0
    for n, token in enumerate(tokens[:-1]):
        if token.start < begun:
            continue
        left = [t for t in tokens[:n] if t.start >= begun]
        right = tokens[n + 1 :]
        if not (_asking(left) and _asking(right)):
            continue
        if token.tag == "EC" and _ends_clause(tokens, n):
            parts.append(_question(sentence[begun : token.end], begun, tokens, n))
            begun = right[0].start if right[0].tag != "SP" else right[1].start if len(right) > 1 else right[0].end
        elif token.tag == "SP" and (cut := _elliptical(sentence, begun, token, right)):
            parts.append(cut)
            begun = right[0].start
    if not parts:
        return [sentence]
    return _sharing([*parts, sentence[begun:].strip()])


def _ends_clause(tokens: Sequence[Token], n: int) -> bool:
    token, before = tokens[n], tokens[n - 1] if n else None
    after = tokens[n + 1]
    if before is None or not before.tag.startswith((*_PREDICATE, "EP")) or before.form in ("었", "았", "였"):
        return False
    if token.form in _WHETHER:
        return after.tag in ("SP", "MAJ")
    return (
        token.form in _AND and not after.tag.startswith("VX") and not (after.tag == "VV" and after.form in ("있", "싶"))
    )


def _asking(tokens: Sequence[Token]) -> bool:
    """Whether a clause asks for something: not within a relative clause (누가 열어본 흔적) or a quotation."""
    for n, token in enumerate(tokens):
        if token.form not in _ASKING_WORDS or token.tag.partition("-")[0] not in ("NP", "NNG", "NR", "MM", "MAG", "VA"):
            continue
        behind = tokens[n + 1 :]
        if len(behind) > 1 and behind[0].form in ("때", "경우") and behind[1].form in ("은", "는", "ᆫ"):
            continue  # now and then, rather than when
        relative = any(left.tag == "ETM" and right.tag not in ("NNB", "SP") for left, right in pairwise(behind))
        quoted = any(t.tag == "EC" and t.form.endswith(("냐고", "다고", "라고")) for t in behind)
        if not relative and not quoted:
            return True
    return False


def _question(text: str, begun: int, tokens: Sequence[Token], n: int) -> str:
    """The clause that ends with morpheme `n` as a question of its own: 면세되고 is 면세되나요?"""
    word_from = begun + text.rfind(" ") + 1
    stem = [(t.form, t.tag) for t in tokens[:n] if t.start >= word_from]
    describes = stem[-1][1].startswith(("VA", "VCP", "VCN", "XSA")) and stem[-1][0] not in ("있", "없")
    return f"{text[: word_from - begun]}{kiwi().join([*stem, ('ᆫ가요' if describes else '나요', 'EF')])}?"


def _elliptical(sentence: str, begun: int, comma: Token, right: Sequence[Token]) -> str:
    """What stands before the comma with the predicate behind it: 술은 몇 병, 담배는 몇 갑까지 면세인가요? "" if it has its own."""
    left = sentence[begun : comma.start].rstrip()
    mine = _quantities(kiwi().tokenize(left))
    theirs = _quantities(right)
    if not mine or left[mine[-1][1] :].strip() or not theirs:
        return ""
    topics = [phrase for phrase in phrases(right, sentence) if phrase.end <= theirs[0][0] and phrase.particle]
    if not topics or topics[0].particle not in _TOPIC:
        return ""
    last = theirs[0]
    for before, quantity in pairwise(theirs):  # each behind a comma leaves its predicate to the last one
        if "," in sentence[before[1] : quantity[0]]:
            last = quantity
    tail = sentence[last[1] :]
    return left + tail if tail.strip(" ?.") else ""


def _quantities(tokens: Sequence[Token]) -> list[tuple[int, int]]:
    """The spans of what asks for an amount, a time or a place, with the unit: 몇 병, 얼마."""
    found = []
    for n, token in enumerate(tokens):
        if token.form not in _PLACED or token.tag.partition("-")[0] not in ("NP", "NNG", "NR", "MM"):
            continue
        unit = tokens[n + 1] if n + 1 < len(tokens) and token.form in ("몇", "어느") else token
        found.append((token.start, unit.end))
    return found


def _sharing(parts: Sequence[str]) -> list[str]:
    """The parts, of which the later ones get what stands before the topic of the first: 여행자 휴대품 술은 …, 담배는 …"""
    nouns = phrases(kiwi().tokenize(parts[0]), parts[0])
    topic = next((n for n, phrase in enumerate(nouns) if phrase.particle in _TOPIC), None)
    if not topic or any(left.particle for left in nouns[:topic]):
        return list(parts)
    lead = parts[0][: nouns[topic].start]
    if any(parts[0][a.end : b.start] != " " for a, b in pairwise(nouns[: topic + 1])):
        return list(parts)
    made = [parts[0]]
    for part in parts[1:]:
        own = phrases(kiwi().tokenize(part), part)
        bare = bool(own) and own[0].particle in _TOPIC and own[0].start == 0 and own[0].kind == nouns[topic].kind
        made.append(lead + part if bare else part)
    return made


def decomposed(question: str, most: int = MOST) -> list[str]:
    """At most `most` simpler questions, in the order of the question; none if it asks one thing.

    술과 담배의 면세 한도 asks about 술의 면세 한도 and 담배의 면세 한도. A sentence that names nothing is no question.
    """
    pieces = [question[start:end] for start, end in sentences(question)]
    asked = [piece for piece in pieces if len(pieces) == 1 or _names(piece)]
    parts = [part for piece in asked for part in (_listed(piece) or [piece])]
    return parts[:most] if len(parts) > 1 else []


def _names(text: str) -> bool:
    return any(token.tag in _NAMING for token in kiwi().tokenize(text))


def _listed(text: str) -> list[str]:
    """The text with each of the things that its first list names; none if it lists nothing."""
    tokens = kiwi().tokenize(text)
    at = next((n for n, token in enumerate(tokens) if token.tag == _JOINING), None)
    if at is None:
        return []
    left, right = _run(tokens, at - 1, -1), _run(tokens, at + 1, 1)
    if left is None or right is None:
        return []
    return [text[: left[0]] + text[start:end] + text[right[1] :] for start, end in (left, right)]


def _run(tokens: Sequence[Token], at: int, step: int) -> tuple[int, int] | None:
    """The span of the nouns that touch each other from `at` on; None if there are none."""
    first = last = None
    while 0 <= at < len(tokens) and tokens[at].tag in _NAMING:
        token = tokens[at]
        if last is not None and (token.end != last.start if step < 0 else token.start != last.end):
            break
        first, last = first or token, token
        at += step
    if first is None or last is None:
        return None
    return min(first.start, last.start), max(first.end, last.end)
