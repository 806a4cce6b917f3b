"""A language model as a policy: it samples responses, and says how likely each of their tokens was.

The reference is the same model without what is learned: its adapter switched off, or, where an adapter is learned on, the
adapter as it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType

from mundap.errors import MundapError
from mundap.extras import need
from mundap.training.common.untyped import Device, Model, Tensor, Tokenizer

LEARNED, REFERENCE = "default", "ref"  # names of adapters, as peft and TRL have them
_PLACE = "{question}"

Tokens = list[int]


@dataclass(frozen=True)
class Wording:
    """How questions and responses become tokens, apart from each other, so that what is learned is what is sampled.

    `template` has the place of the question. Questions that are too long lose their end. Any of `ends` ends a response.
    """

    words: Tokenizer
    ends: tuple[int, ...]
    template: str
    most_in: int
    most_out: int

    def __post_init__(self) -> None:
        if self.template.count(_PLACE) != 1:
            raise MundapError(f"--prompt에는 {_PLACE}이 정확히 한 번 있어야 합니다: {self.template!r}")

    def prompt(self, question: str) -> Tokens:
        """At most `most_in` tokens."""
        before, after = self.template.split(_PLACE)
        head: Tokens = self.words(before)["input_ids"]
        if head and head[-1] == self.end:  # of tokenizers that close what they read
            head = head[:-1]
        tail = self._plain(after)
        return [*head, *self._plain(question)[: max(self.most_in - len(head) - len(tail), 1)], *tail]

    def response(self, text: str) -> Tokens:
        """At most `most_out` tokens, the last of which is the end, unless it is cut."""
        return [*self._plain(text), self.end][: self.most_out]

    def text(self, response: Sequence[int]) -> str:
        """Without marks and outer white space."""
        return str(self.words.decode(response, skip_special_tokens=True)).strip()

    @property
    def end(self) -> int:
        """The token that a response is taught to end with."""
        return self.ends[0]

    def _plain(self, text: str) -> Tokens:
        tokens: Tokens = self.words(text, add_special_tokens=False)["input_ids"]
        return tokens


@dataclass(frozen=True)
class Policy:
    """A causal model with adapters of peft's. `head` reads the worth of a state off it, or is None."""

    model: Model
    wording: Wording
    head: Model | None = None
    temperature: float = 1.0

    @property
    def device(self) -> Device:
        """Where the model is."""
        return next(self.model.parameters()).device

    @property
    def learned(self) -> list[Tensor]:
        """The parameters that are trained."""
        own = [p for p in self.model.parameters() if p.requires_grad]
        return own if self.head is None else [*own, *self.head.parameters()]

    @contextmanager
    def reference(self) -> Iterator[None]:
        """Within, the model is what it was before training."""
        if REFERENCE not in self.model.peft_config:
            with self.model.disable_adapter():
                yield
            return
        self.model.set_adapter(REFERENCE, inference_mode=True)
        try:
            yield
        finally:
            self.model.set_adapter(LEARNED)

    def sample(self, prompts: Sequence[Tokens]) -> list[Tokens]:
        """A response to each, up to and with its end, or `most_out` tokens without one. From torch's global generator."""
        torch = need("torch", extra="train")
        ids, mask = _left(torch, prompts, self.wording.end)
        with torch.no_grad():
            made = self.model.generate(
                input_ids=ids.to(self.device),
                attention_mask=mask.to(self.device),
                do_sample=True,
                temperature=self.temperature,
                top_k=0,
                top_p=1.0,
                max_new_tokens=self.wording.most_out,
                eos_token_id=list(self.wording.ends),
                pad_token_id=self.wording.end,
            )
        return [self._ended(row) for row in made[:, ids.shape[1] :].tolist()]

    def judged(
        self, prompts: Sequence[Tokens], responses: Sequence[Tokens], width: int = 0
    ) -> tuple[Tensor, Tensor, Tensor]:
        """(n, T) each: log probabilities of the tokens of the responses, values before each, and the mask of tokens.

        T is `width`, or the length of the longest response. Values are 0 without a head. With a gradient where there is
        one.
        """
        torch = need("torch", extra="train")
        ids, mask = _left(torch, prompts, self.wording.end)
        width = width or max(map(len, responses))
        filled = torch.tensor([[*row, *[self.wording.end] * (width - len(row))] for row in responses])
        lengths = torch.tensor([len(row) for row in responses])
        there = (torch.arange(width) < lengths[:, None]).long()
        whole = torch.cat([mask, there], 1).to(self.device)
        found = self.model(
            input_ids=torch.cat([ids, filled], 1).to(self.device),
            attention_mask=whole,
            position_ids=(whole.cumsum(1) - 1).clamp(min=0),
            output_hidden_states=self.head is not None,
            use_cache=False,
            logits_to_keep=width + 1,
        )
        logits = found.logits[:, -width - 1 : -1].float() / self.temperature
        chosen = logits.gather(2, filled.to(self.device)[..., None])[..., 0]
        shown = there.to(self.device)
        logps = (chosen - logits.logsumexp(2)) * shown
        if self.head is None:
            return logps, torch.zeros_like(logps), shown
        states = found.hidden_states[-1][:, -width - 1 : -1].float()
        return logps, self.head(states)[..., 0] * shown, shown

    def _ended(self, row: Tokens) -> Tokens:
        at = next((n for n, token in enumerate(row) if token in self.wording.ends), len(row))
        return row[: at + 1]


def _left(torch: ModuleType, rows: Sequence[Tokens], fill: int) -> tuple[Tensor, Tensor]:
    """(n, width) ids that end together, and their mask."""
    width = max(map(len, rows))
    ids = torch.tensor([[*[fill] * (width - len(row)), *row] for row in rows])
    mask = (torch.arange(width) >= width - torch.tensor([len(row) for row in rows])[:, None]).long()
    return ids, mask
