"""What a response is worth: by a model that was trained on preferences, or by rules that one can read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from mundap.errors import MundapError, UnknownName
from mundap.evaluation.consistency import consistency
from mundap.extras import need
from mundap.generate.persona import Persona
from mundap.korean.sentences import sentences
from mundap.training.common.untyped import Model, Tokenizer

RULE = "rule"
MANIFEST = "reward.json"
AT_ONCE = 16  # texts
_LENGTHS = (20, 60, 300, 600)  # characters: nothing is worth less than the first or more than the last, all in between
_PIECE = 3  # letters
_CLOSED = (".", "!", "?", "…", "다", "요", "오")

Reward = Callable[[Sequence[str], Sequence[str]], list[float]]
Rule = Callable[[str, str], float]


def length(question: str, response: str) -> float:
    """1 for an answer of a usual length, less for a shorter or longer one, in [0, 1]."""
    a, b, c, d = _LENGTHS
    n = len(response.strip())
    return max(0.0, min((n - a) / (b - a), 1.0, (d - n) / (d - c)))


def ending(question: str, response: str) -> float:
    """1 if the last sentence is whole, else 0."""
    return float(response.rstrip().rstrip("\"'”’)]").endswith(_CLOSED))


def variety(question: str, response: str) -> float:
    """How little the response repeats itself: the share of its runs of three letters that are different, in [0, 1]."""
    plain = "".join(response.split())
    runs = Counter(plain[n : n + _PIECE] for n in range(len(plain) - _PIECE + 1))
    return len(runs) / runs.total() if runs else 0.0


def tone(persona: Persona) -> Rule:
    """How far a response keeps to the persona: the mean, in [0, 1], of what the persona asks for."""

    def rule(question: str, response: str) -> float:
        found = consistency(persona, response)
        parts = [float(not found.forbidden)] if persona.forbidden else []
        parts += [found.tone or 0.0] if persona.tone else []
        parts += [float(found.closing)] if persona.closing else []
        return sum(parts) / len(parts) if parts and sentences(response) else 0.0

    return rule


RULES: dict[str, Rule] = {"length": length, "ending": ending, "variety": variety}


def support(held: Callable[[str, str], float]) -> Rule:
    """How much of the response the documents say: `held(question, response)` in [0, 1]; 0 for an empty response."""
    return lambda question, response: held(question, response) if response.strip() else 0.0


def rules(named: str, more: Mapping[str, Rule]) -> tuple[str, Reward]:
    """The mean of the rules after "rule:", with commas in between, or after "rule" of all that need nothing of `more`, and
    of "tone" if that is there; and the name in full. Raises UnknownName.
    """
    known = {**RULES, **more}
    usual = (*RULES, *(name for name in ("tone",) if name in more))
    wanted = tuple(name.strip() for name in named.partition(":")[2].split(",") if name.strip()) or usual
    for name in wanted:
        if name not in known:
            raise UnknownName("rule", name, known)

    def reward(questions: Sequence[str], responses: Sequence[str]) -> list[float]:
        return [
            sum(known[name](question, response) for name in wanted) / len(wanted)
            for question, response in zip(questions, responses, strict=True)
        ]

    return f"{RULE}:{','.join(wanted)}", reward


@dataclass(frozen=True)
class Scale:
    """What a reward model's figures mean: `base` is what its adapter is for, and `mean` and `deviation` are those of
    the responses that it was trained on, so that rewards are near 0 and 1 apart (Stiennon et al. 2020, arXiv:2009.01325).
    """

    base: str
    most: int
    mean: float
    deviation: float

    def save(self, folder: Path) -> None:
        """Write it beside the adapter."""
        (folder / MANIFEST).write_text(json.dumps(asdict(self), ensure_ascii=False), "utf-8")


def read_scale(folder: Path) -> Scale:
    """Raises MundapError for a folder without a reward model."""
    try:
        return Scale(**json.loads((folder / MANIFEST).read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise MundapError(
            f"'{folder.name}': 보상 모델이 아닙니다({folder}). 만들려면: mundap train reward --data 순위.json --out {folder.name}."
            f" 규칙 기반 보상을 사용하려면 --reward {RULE}을 지정하세요."
        ) from error


def spelled(words: Tokenizer, question: str, response: str, most: int) -> list[int]:
    """The tokens of "question\\nresponse" and the mark of the end; what is past `most` tokens goes."""
    ids: list[int] = words(f"{question}\n{response}")["input_ids"]
    end = words.eos_token_id if words.eos_token_id is not None else words.sep_token_id
    if ids and ids[-1] == end:
        ids = ids[:-1]
    return [*ids[: most - 1], int(end)]


def scored(model: Model, words: Tokenizer, rows: Sequence[Sequence[int]]) -> list[float]:
    """What the model makes of each, the shortest first, so that little is filled up."""
    torch = need("torch", extra="train")
    order = sorted(range(len(rows)), key=lambda n: len(rows[n]))
    found = [0.0] * len(rows)
    fill = words.pad_token_id
    device = next(model.parameters()).device
    before = model.training
    model.eval()
    with torch.no_grad():
        for first in range(0, len(order), AT_ONCE):
            some = order[first : first + AT_ONCE]
            width = max(len(rows[n]) for n in some)
            ids = torch.tensor([[*rows[n], *[fill] * (width - len(rows[n]))] for n in some], device=device)
            lengths = torch.tensor([len(rows[n]) for n in some], device=device)
            mask = (torch.arange(width, device=device) < lengths[:, None]).long()
            for n, value in zip(some, model(input_ids=ids, attention_mask=mask).logits[:, 0].tolist(), strict=True):
                found[n] = value
    model.train(before)
    return found


def reward_of(model: Model, words: Tokenizer, scale: Scale) -> Reward:
    """A trained model as a reward."""

    def reward(questions: Sequence[str], responses: Sequence[str]) -> list[float]:
        rows = [spelled(words, q, r, scale.most) for q, r in zip(questions, responses, strict=True)]
        return [(value - scale.mean) / (scale.deviation or 1.0) for value in scored(model, words, rows)]

    return reward
