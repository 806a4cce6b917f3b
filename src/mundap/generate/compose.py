"""From the pieces of text that a language model writes to the text that is shown and the Answer.

What is streamed, joined, is the text of the Answer: a reader never sees a marker that is taken back.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from functools import lru_cache
from time import perf_counter

from mundap.errors import GeneratorError
from mundap.generate.cite import MARKER, cited, repair, verified
from mundap.generate.grounded import Grounding, Unsupported
from mundap.generate.template import until
from mundap.korean.normalize import squash
from mundap.korean.sentences import sentences
from mundap.types import Answer, Hit

# What models write by themselves, and what prompt.py asks for.
_THOUGHTS = {"<think>": "</think>", "<thought>": "</thought>", "<thinking>": "</thinking>", "<생각>": "</생각>"}
_BEGUN = re.compile(rf"({'|'.join(_THOUGHTS)})\s*\Z")
# Where a turn ends or another begins, in templates of models that spell these as text.
_ENDS = (
    *("<|im_end|>", "<|im_start|>", "<|eot_id|>", "<|end_of_text|>", "<|endoftext|>", "<|end|>", "<end_of_turn>"),
    *("<start_of_turn>", "[|endofturn|]", "<|stop|>", "<|endofturn|>"),
)
_TAGS = "자료|제시문|질문|대화|답변|모범답안|생각|thought|thinking|think"
_OPEN = re.compile("|".join(_THOUGHTS))
_PARTIAL_OPEN = re.compile(rf"(?:{'|'.join(tag[:n] for tag in _THOUGHTS for n in range(len(tag) - 1, 0, -1))})\Z")
_PARTIAL_MARKER = re.compile(r"[ \t]*(?:\[[0-9,、\s]*)?\Z")
# As prompt.block and prompt.fenced write them, and as small models spell them: ‹자료 번호=1›, <자료 1>, </자료>; and the end
# of a thought whose begin is the server's.
_TAG = re.compile(rf"[ \t]*[<‹＜]\s*/?\s*(?:{_TAGS})(?:\s[^<>‹›＜＞\n]*)?[>›＞]")
_UNCLOSED_TAG = re.compile(r"[ \t]*[<‹＜]\s*/?\s*자료\s*번호[^<>‹›＜＞\n]*\Z")
_BEGINNINGS = "|".join(
    sorted({tag[:n] for tag in _TAGS.split("|") for n in range(1, len(tag) + 1)}, key=len, reverse=True)
)
_NUMBERED = re.compile(r"\[\s*자료\s*(?:번호)?\s*[:=]?\s*\"?([0-9]{1,2})\"?\s*\]")
_PARTIAL_TAG = re.compile(
    rf"[ \t]*(?:[<‹＜]\s*/?\s*(?:{_BEGINNINGS}|(?:{_TAGS})\s[^<>‹›＜＞\n]{{0,300}})?|\[\s*(?:자|자료[^\[\]\n]{{0,20}})?)?\Z"
)
_FINAL_BLANKS = re.compile(r"\s*\Z")


def begun_thought(prompt: str) -> str:
    """The tag with which a prompt begins a thought for the model, whose text then ends it only; "" if it begins none."""
    found = _BEGUN.search(prompt)
    return found[1] if found else ""


class Cut(str):
    """The last piece of a model that its limit of tokens stopped. It is empty."""

    __slots__ = ()


CUT = Cut()


class _Heard:
    """The pieces of a model, and whether it was cut, once they have ended."""

    def __init__(self, pieces: Iterable[str]) -> None:
        self._pieces = pieces
        self.cut = False

    def __iter__(self) -> Iterator[str]:
        for piece in self._pieces:
            self.cut = self.cut or isinstance(piece, Cut)
            yield piece


def compose(
    question: str,
    hits: Sequence[Hit],
    shown: int,
    pieces: Generator[str],
    *,
    refusal: str,
    model: str,
    started: float,
    unsupported: Unsupported = "keep",
    closing_phrase: str = "",
    language: str = "ko",
) -> Iterator[str | Answer]:
    """The text, repaired sentence by sentence as it comes, then the Answer. Closing this closes `pieces`.

    The model saw the first `shown` of `hits`; `started` is the perf_counter at which the work began. What it says beyond
    them is dealt with as `unsupported` says (grounded.Grounding); where nothing is left the text of the Answer is "".
    Raises GeneratorError when the model writes nothing.
    """
    text, heard = "", _Heard(pieces)
    told = (refusal, closing_phrase)
    grounding = Grounding(hits[:shown], unsupported, told=told, asked=question, language=language)
    with closing(pieces):
        for piece in _stripped(
            grounding.sifted(_repaired(untagged(until(spoken(heard), _ENDS)), shown), lambda: heard.cut)
        ):
            text += piece
            yield piece
    if not text and grounding.dropped:
        took = (perf_counter() - started) * 1000
        yield Answer(question, "", (), tuple(hits), True, {"generate_ms": took}, model, truncated=heard.cut)
        return
    if not text and heard.cut:
        raise GeneratorError(
            f"모델 {model}이(가) 답변을 쓰기 전에 제한에 이르렀습니다. mundap.toml의 generate.time_limit과 max_tokens를 늘리거나"
            " 더 작은 모델을 사용하세요."
        )
    if not text:
        raise GeneratorError(
            f"모델 {model}이(가) 빈 답변을 생성했습니다. max_tokens를 늘리거나 다른 모델을 사용하세요."
        )
    abstained = refuses(text, refusal)
    citations = () if abstained else verified(cited(text, hits[:shown]), hits)
    took = (perf_counter() - started) * 1000
    yield Answer(question, text, citations, tuple(hits), abstained, {"generate_ms": took}, model, truncated=heard.cut)


def last(stream: Iterable[str | Answer]) -> Answer:
    """The Answer that a stream ends with."""
    *_, answer = stream
    assert isinstance(answer, Answer)
    return answer


def refuses(text: str, refusal: str) -> bool:
    """Whether the answer is the refusal: it begins with it, or holds it and cites nothing.

    Its longest sentence is enough: models drop the apology. An answer that cites something for one part
    and refuses the rest is an answer.
    """
    said = squash(MARKER.sub("", text))
    core = _core(refusal)
    return said.startswith((squash(refusal), core)) or (core in said and not MARKER.search(text))


@lru_cache(64)
def _core(refusal: str) -> str:
    return max((squash(refusal[start:end]) for start, end in sentences(refusal)), key=len).rstrip(".!。")


def written(pieces: Iterable[str], shown: int) -> Iterator[str]:
    """`pieces` without thoughts, echoed tags, markers outside 1..shown and outer blanks, as early as each is sure."""
    return _stripped(_repaired(untagged(until(spoken(pieces), _ENDS)), shown))


def spoken(pieces: Iterable[str]) -> Iterator[str]:
    """`pieces` without what stands between the tags of a thought; one that is never closed takes the rest with it."""
    held, close = "", ""
    for piece in pieces:
        held += piece
        while True:
            if close:
                _, closed, after = held.partition(close)
                if not closed:
                    held = held[1 - len(close) :]  # what may be the beginning of the tag
                    break
                held, close = after, ""
            opened = _OPEN.search(held)
            if opened is None:
                break
            yield held[: opened.start()]
            held, close = held[opened.end() :], _THOUGHTS[opened.group()]
        if not close:
            cut = _from(_PARTIAL_OPEN, held)
            yield held[:cut]
            held = held[cut:]
    if not close:
        yield held


def untagged(pieces: Iterable[str]) -> Iterator[str]:
    """`pieces` without the tags that passages stand between in a prompt; [자료 1] is the marker [1]."""
    held = ""
    for piece in pieces:
        held += piece
        cut = _from(_PARTIAL_TAG, held)
        yield _without_tags(held[:cut])
        held = held[cut:]
    yield _UNCLOSED_TAG.sub("", _without_tags(held))


def _without_tags(text: str) -> str:
    return _NUMBERED.sub(r"[\1]", _TAG.sub("", text))


def _repaired(pieces: Iterable[str], shown: int) -> Iterator[str]:
    held = ""
    for piece in pieces:
        held += piece
        cut = _from(_PARTIAL_MARKER, held)
        yield repair(held[:cut], shown)
        held = held[cut:]
    yield repair(held, shown)


def _stripped(pieces: Iterable[str]) -> Iterator[str]:
    held, begun = "", False
    for piece in pieces:
        held += piece if begun else piece.lstrip()
        begun = begun or bool(held)
        cut = _from(_FINAL_BLANKS, held)
        if cut:
            yield held[:cut]
        held = held[cut:]


def _from(tail: re.Pattern[str], text: str) -> int:
    """Where the longest end of `text` begins that `tail` matches."""
    found = tail.search(text)
    return found.start() if found else len(text)
