"""Forgers of answers: each changes one thing of an answer's JSON, and says with its name what."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from typing import Any

Given = dict[str, Any]
Forger = Callable[[Given, random.Random], bool]
"""Changes the answer in place; False where there is nothing that it could change."""

MARK = re.compile(r" ?\[([0-9])\]")
_NEGATED = [
    ("있습니다", "없습니다"),
    ("합니다", "하지 않습니다"),
    ("됩니다", "되지 않습니다"),
    ("입니다", "이 아닙니다"),
]
_LETTERS = "가나다라마바사아자차카타파하"


def _letter(text: str, rng: random.Random) -> str:
    places = [n for n, letter in enumerate(text) if "가" <= letter <= "힣"]
    if not places:
        return text
    at = rng.choice(places)
    return text[:at] + rng.choice([letter for letter in _LETTERS if letter != text[at]]) + text[at + 1 :]


def _figure(text: str, rng: random.Random) -> str:
    places = [n for n, letter in enumerate(text) if letter.isascii() and letter.isdigit()]
    if not places:
        return text
    at = rng.choice(places)
    return text[:at] + rng.choice([digit for digit in "123456789" if digit != text[at]]) + text[at + 1 :]


def _negation(text: str, rng: random.Random) -> str:
    for said, otherwise in rng.sample(_NEGATED, len(_NEGATED)):
        if said in text:
            return text.replace(said, otherwise, 1)
    return text


def _shorter(text: str, rng: random.Random) -> str:
    words = text.split(" ")
    return " ".join(words[: rng.randrange(1, len(words))]) if len(words) > 1 else text


def _words(kind: str, change: Callable[[str, random.Random], str]) -> dict[str, Forger]:
    """Forgers of the words of a quote, of a sentence, and of both and the answer's text alike."""

    def quote(answer: Given, rng: random.Random) -> bool:
        if not answer["citations"]:
            return False
        one = rng.choice(answer["citations"])
        before, one["quote"] = one["quote"], change(one["quote"], rng)
        return bool(one["quote"] != before)

    def sentence(answer: Given, rng: random.Random) -> bool:
        one = rng.choice(answer["sentences"])
        before, one["text"] = one["text"], change(one["text"], rng)
        answer["answer"] = answer["answer"].replace(before, one["text"], 1)
        return bool(one["text"] != before)

    def text(answer: Given, rng: random.Random) -> bool:
        before, answer["answer"] = answer["answer"], change(answer["answer"], rng)
        return bool(answer["answer"] != before)

    def everywhere(answer: Given, rng: random.Random) -> bool:
        cited = [one for one in answer["sentences"] if one["citations"]]
        if not cited:
            return False
        one = rng.choice(cited)
        before = one["text"]
        after = change(before, rng)
        one["text"] = after
        answer["answer"] = answer["answer"].replace(before, after, 1)
        for place in one["citations"]:
            quote = answer["citations"][place]
            quote["quote"] = quote["quote"].replace(before, after) if before in quote["quote"] else after
        return bool(after != before)

    named = {"quote": quote, "sentence": sentence, "text": text, "everywhere": everywhere}
    return {f"{kind} of {where}": forger for where, forger in named.items()}


def _field(name: str, values: Callable[[Given, dict[str, Any], random.Random], list[Any]]) -> Forger:
    def forger(answer: Given, rng: random.Random) -> bool:
        if not answer["citations"]:
            return False
        one = rng.choice(answer["citations"])
        others = [value for value in values(answer, one, rng) if value != one[name]]
        if not others:
            return False
        one[name] = rng.choice(others)
        return True

    return forger


def _hex(answer: Given, one: dict[str, Any], rng: random.Random) -> list[Any]:
    return [f"{rng.getrandbits(128):032x}"]


def _id(answer: Given, one: dict[str, Any], rng: random.Random) -> list[Any]:
    return [f"{rng.getrandbits(64):016x}", *(hit["passage_id"] for hit in answer["hits"])]


def _document(answer: Given, one: dict[str, Any], rng: random.Random) -> list[Any]:
    return [f"{rng.getrandbits(64):016x}", *(hit["document_id"] for hit in answer["hits"])]


def _place(answer: Given, one: dict[str, Any], rng: random.Random) -> list[Any]:
    return [one["start"] + rng.choice([-7, -1, 1, 5]), -1, 10**9]


def _marks(answer: Given, rng: random.Random) -> bool:
    """A marker that points to another passage."""
    found = list(MARK.finditer(answer["answer"]))
    others = list(range(1, len(answer["hits"]) + 2))
    if not found:
        return False
    one = rng.choice(found)
    others.remove(int(one[1]))
    text = answer["answer"]
    answer["answer"] = text[: one.start(1)] + str(rng.choice(others)) + text[one.end(1) :]
    for sentence in answer["sentences"]:  # one that has the marker in it is forged with it
        if sentence["text"] not in answer["answer"]:
            sentence["text"] = MARK.sub(lambda m: f" [{others[0]}]", sentence["text"])
            answer["answer"] = re.sub(r"\[[0-9]\]", f"[{others[0]}]", answer["answer"])
    return True


def _unmarked(answer: Given, rng: random.Random) -> bool:
    before = answer["answer"]
    answer["answer"] = MARK.sub("", before)
    return bool(answer["model"] == "extractive" and before != answer["answer"])


def _one_more_mark(answer: Given, rng: random.Random) -> bool:
    ids = {citation["passage_id"] for citation in answer["citations"]}
    others = [n for n, hit in enumerate(answer["hits"], 1) if hit["passage_id"] not in ids]
    if not others or not MARK.search(answer["answer"]):
        return False
    last = list(MARK.finditer(answer["answer"]))[-1]
    answer["answer"] = answer["answer"][: last.end()] + f"[{rng.choice(others)}]" + answer["answer"][last.end() :]
    return bool(answer["model"] == "extractive")


def _added(answer: Given, rng: random.Random) -> bool:
    """A sentence more, with or without a citation."""
    said = rng.choice(
        ["다만 2030년부터는 없어집니다.", "따라서 아무 서류도 필요하지 않습니다.", "벌금은 300만 원입니다."]
    )
    cited = [rng.randrange(len(answer["citations"]))] if answer["citations"] and rng.random() < 0.5 else []
    answer["sentences"].insert(0, {"text": said, "citations": cited})
    answer["answer"] = f"{said} {answer['answer']}"
    return answer["model"] == "extractive" or not cited or said.startswith("벌금")


def _tied_elsewhere(answer: Given, rng: random.Random) -> bool:
    one = rng.choice(answer["sentences"])
    quotes = [citation["quote"] for citation in answer["citations"]]
    mine = {quotes[place] for place in one["citations"]}
    others = [place for place, quote in enumerate(quotes) if quote not in mine and one["text"] not in quote]
    choices: list[list[int]] = [[len(quotes)], [-1], *([place] for place in others if answer["model"] == "extractive")]
    if one["citations"]:
        choices.append([])
    one["citations"] = rng.choice(choices)
    return True


def _swapped_hits(answer: Given, rng: random.Random) -> bool:
    if len(answer["hits"]) < 2 or not MARK.search(answer["answer"]) or answer["abstained"]:
        return False
    number = int(MARK.search(answer["answer"])[1]) - 1  # type: ignore[index]
    other = rng.choice([n for n in range(len(answer["hits"])) if n != number])
    hits = answer["hits"]
    hits[number], hits[other] = hits[other], hits[number]
    return True


def _hit_text(answer: Given, rng: random.Random) -> bool:
    hit = rng.choice(answer["hits"])
    hit["text"] = _letter(hit["text"], rng)
    return True


def _abstained(answer: Given, rng: random.Random) -> bool:
    answer["abstained"] = not answer["abstained"]
    return True


def _refusal(answer: Given, rng: random.Random) -> bool:
    """An answer in place of a refusal, without anything that it stands on."""
    if not answer["abstained"]:
        return False
    answer |= {"answer": "네, 가능합니다.", "sentences": [{"text": "네, 가능합니다.", "citations": []}]}
    answer["abstained"] = rng.random() < 0.5
    return True


FORGERS: dict[str, Forger] = {
    **_words("letter", _letter),
    **_words("figure", _figure),
    **_words("negation", _negation),
    **_words("end", _shorter),
    "passage id": _field("passage_id", _id),
    "document id": _field("document_id", _document),
    "digest": _field("document_digest", _hex),
    "start": _field("start", _place),
    "end": _field("end", _place),
    "source": _field("source", lambda answer, one, rng: [one["source"] + " 개정판", "국세청"]),
    "mark elsewhere": _marks,
    "no marks": _unmarked,
    "one more mark": _one_more_mark,
    "sentence added": _added,
    "tied elsewhere": _tied_elsewhere,
    "hits swapped": _swapped_hits,
    "text of a hit": _hit_text,
    "abstained": _abstained,
    "refusal": _refusal,
}


def forged(answers: list[str], rng: random.Random) -> tuple[str, Given]:
    """One of the answers, which are JSON, with one thing changed, and the name of what."""
    while True:
        answer = json.loads(rng.choice(answers))
        name = rng.choice(list(FORGERS))
        # The words of a language model are its own: of those only figures and structure can be held to account.
        own = not answer["abstained"] and answer["model"] not in ("extractive", "known")
        if (
            own
            and name.split(" of ")[0] in ("letter", "negation", "end")
            and not name.endswith((" quote", " text", " everywhere"))
        ):
            continue
        if FORGERS[name](answer, rng):
            return name, answer
