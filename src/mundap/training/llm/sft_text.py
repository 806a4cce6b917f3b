"""Examples as a language model will be asked them: the same prompts as in serving, and which tokens are learned."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mundap.errors import MundapError
from mundap.files import digest
from mundap.generate.causal import chat_text
from mundap.generate.prompt import Message, messages
from mundap.generate.reading import Reader
from mundap.generate.template import Template, spelled, stops_of
from mundap.index.bm25 import BM25
from mundap.korean.normalize import squash
from mundap.korean.sentences import sentences
from mundap.training.common.untyped import Tokenizer
from mundap.training.llm.data import Chat, Example, Grounded
from mundap.types import Hit, Passage

IGNORED = -100  # the label that torch's cross-entropy leaves out
HOLDS = 0.6  # the weight of an answer's words from which on another passage may hold the answer too, in [0, 1]
_AMONG = 10  # nearest passages that wrong ones are taken from


@dataclass(frozen=True)
class RagExample:
    """A question with the passages that are shown, and what is to be said: the answer, or the refusal if they do not
    hold it."""

    question: str
    hits: tuple[Hit, ...]
    said: str
    answerable: bool
    row: int | None = None


@dataclass(frozen=True)
class Tokens:
    """What the model reads, and as many labels: IGNORED where nothing is learned."""

    ids: tuple[int, ...]
    labels: tuple[int, ...]
    row: int | None = None


def passage_of(example: Grounded) -> Passage:
    """The passage of an example, by itself."""
    text = example.passage
    return Passage(digest(example.source, text), "", text, 0, len(text), source=example.source)


class Wrong:
    """Finds passages that are near a question and do not hold its answer."""

    def __init__(self, examples: Sequence[Example]) -> None:
        kept = {squash(e.passage): passage_of(e) for e in examples if isinstance(e, Grounded) and e.passage}
        self._passages = list(kept.values())
        self._leg = BM25(self._passages)
        self._reader = Reader()

    def __call__(self, example: Grounded, count: int, rng: random.Random) -> list[Passage]:
        """At most `count` of the nearest; any others where nothing is near."""
        near = [hit.passage for hit in self._leg.search(example.question, _AMONG)]
        others = rng.sample(self._passages, min(len(self._passages), _AMONG))
        candidates = list({p.id: p for p in (*near, *others) if squash(p.text) != squash(example.passage)}.values())
        shares = self._reader.shares(example.answer, [p.text for p in candidates])
        return [p for p, share in zip(candidates, shares, strict=True) if share < HOLDS][:count]


def rag_example(
    example: Grounded, wrong: Wrong, passages: int, answerable: bool, refusal: str, rng: random.Random
) -> RagExample | None:
    """The example with `passages` passages, its own among them at any place or, if not `answerable`, not at all.

    None if there is no wrong passage where only those are to be shown.
    """
    own = passage_of(example)
    others = wrong(example, passages - 1 if answerable else passages, rng)
    if not answerable and not others:
        return None
    shown = [own, *others] if answerable else others
    rng.shuffle(shown)
    hits = tuple(Hit(passage, 1.0 / rank, rank) for rank, passage in enumerate(shown, 1))
    said = marked(example.answer, shown.index(own) + 1) if answerable else refusal
    return RagExample(example.question, hits, said, answerable, example.row)


def marked(answer: str, number: int) -> str:
    """The answer with the marker of its passage after each sentence, as the rules of the prompt ask for."""
    found, last = "", 0
    for start, end in sentences(answer):
        found += f"{answer[last:start]}{answer[start:end]} [{number}]"
        last = end
    return found + answer[last:]


class ExampleFormatter:
    """Spells examples for one model: by the `template` that is given, by its own chat template, or as a plain text to
    continue where it has none.

    `ends` are the tokens at which it stops. Texts are spelled part by part, as they are when the model is asked.
    """

    def __init__(self, words: Tokenizer, ends: Sequence[int], refusal: str, template: Template | None = None) -> None:
        self.words = words
        self.ends = tuple(ends)
        self.refusal = refusal
        self.template = template
        self.chats = template is None and bool(words.chat_template)

    @property
    def stops(self) -> tuple[str, ...]:
        """The texts at which it would go on to ask itself."""
        return () if self.chats else stops_of(self.template)

    def prompt(self, question: str, hits: Sequence[Hit]) -> list[int]:
        """What is read before the answer to a question over passages."""
        chat = messages(question, hits, (), self.refusal)
        return self._first(self._template(chat) if self.chats else spelled(chat, self.template))

    def rag(self, one: RagExample) -> Tokens:
        """A question over passages and its answer."""
        return self._told(messages(one.question, one.hits, (), self.refusal), one.said, one.row)

    def spoken(self, example: Example) -> Tokens:
        """An example without passages: a bare question, a text that goes on, a chat."""
        if isinstance(example, Grounded):
            return self._told([_user(f"질문: {example.question}")], example.answer, example.row)
        if isinstance(example, Chat):
            return self._chat(example)
        if self.chats:
            return self._told([_user(example.prompt)], example.completion, example.row)
        apart = "" if example.prompt[-1:].isspace() or example.completion[:1].isspace() else "\n"
        return self._joined(self._first(example.prompt), self._next(apart + example.completion), example.row)

    def _chat(self, example: Chat) -> Tokens:
        turns: list[Message] = [{"role": role, "content": content} for role, content in example.turns]
        if not self.chats:
            return self._told(turns[:-1], turns[-1]["content"], example.row)
        ids: list[int] = []
        labels: list[int] = []
        before = ""
        for place, turn in enumerate(turns):
            if turn["role"] != "assistant":
                continue
            opened, whole = self._template(turns[:place]), self._template(turns[: place + 1], False)
            if not opened.startswith(before) or not whole.startswith(opened):
                raise MundapError(
                    "이 모델의 대화 템플릿(chat template)은 이전 메시지의 내용을 바꾸므로 답변의 범위를 구분할 수 없습니다."
                    " 여러 차례의 대화를 질문 하나와 답변 하나로 나누세요."
                )
            read = self._first(opened) if not before else self._next(opened.removeprefix(before))
            said = self._next(whole.removeprefix(opened))
            ids += [*read, *said]
            labels += [IGNORED] * len(read) + said
            before = whole
        return Tokens(tuple(ids), tuple(labels), example.row)

    def _told(self, chat: Sequence[Message], said: str, row: int | None) -> Tokens:
        if not self.chats:
            text = spelled(chat, self.template)
            return self._joined(self._first(text), self._next(said if text[-1:].isspace() else f" {said}"), row)
        opened = self._template(chat)
        whole = self._template([*chat, {"role": "assistant", "content": said}], False)
        if not whole.startswith(opened):
            raise MundapError(
                "이 모델의 대화 템플릿(chat template)에서는 답변이 질문 뒤에 이어지지 않습니다. 다른 베이스 모델을 지정하세요."
            )
        read, learned = self._first(opened), self._next(whole.removeprefix(opened))
        return Tokens((*read, *learned), (*[IGNORED] * len(read), *learned), row)

    def _joined(self, read: list[int], said: list[int], row: int | None) -> Tokens:
        end = [self.ends[0]] if self.ends else []
        return Tokens((*read, *said, *end), (*[IGNORED] * len(read), *said, *end), row)

    def _template(self, chat: Sequence[Message], opening: bool = True) -> str:
        try:
            return chat_text(self.words, chat, opening)
        except Exception as error:  # of the template's own language, which may refuse a role
            raise MundapError(
                f"모델의 대화 템플릿(chat template)에 맞지 않는 대화입니다({error}). --template을 지정하세요."
            ) from error

    def _first(self, text: str) -> list[int]:
        """Tokens of what begins a text, with the mark of the beginning, once."""
        start = self.words.bos_token
        ids: list[int] = self.words(text, add_special_tokens=not (start and text.startswith(start))).input_ids
        return ids[:-1] if ids and ids[-1] in self.ends and not text.endswith(str(self.words.eos_token)) else ids

    def _next(self, text: str) -> list[int]:
        ids: list[int] = self.words(text, add_special_tokens=False).input_ids
        return ids


def _user(text: str) -> Message:
    return {"role": "user", "content": text}


def checked(told: Sequence[Tokens], ends: Sequence[int], name: Callable[[int], str]) -> None:
    """Raises MundapError before the first step for what would teach nothing, or never to stop: an example without a
    label, and one whose labels hold no end. `name` gives the text of a token."""
    for one in told:
        learned = [label for label in one.labels if label != IGNORED]
        where = "" if one.row is None else f"{one.row}행: "
        if not learned:
            raise MundapError(f"{where}학습할 토큰이 없습니다. 답변이 비었거나 대화 템플릿이 답변을 제거합니다.")
        if not set(learned) & set(ends):
            raise MundapError(
                f"{where}답변 끝에 종료 토큰({', '.join(map(name, ends)) or '없음'})이 없어, 학습한 모델이 생성을 멈추지 않게"
                " 됩니다. 베이스 모델의 eos_token과 generation_config, chat_template이 서로 맞는지 확인하세요."
            )
