"""How probable a causal language model finds a text after each of several others, which it reads once and remembers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mundap.extras import Untyped, need, quiet_transformers
from mundap.files import digest
from mundap.generate.causal import load_causal
from mundap.recent import Recent

CACHED_BYTES = 2**30  # about 230 passages of 250 tokens for a Gemma of 270M in 16 bits
ROOM = 1536  # tokens of a text that stands before; of what is longer the beginning is read
_BATCH = 8  # texts at once: each word of the question gives a probability to every word of the vocabulary
_LONGEST = 256  # tokens of what follows

States = list[tuple[Untyped, Untyped]]  # keys and values of each layer, (heads, tokens, dim)


class Likelihood:
    """A causal model of transformers, on a GPU if there is one. Needs the extra `train`.

    Keys and values of the texts that it read last are kept, `cached_bytes` at most, so that the next question costs no
    more than its own tokens. Sixteen bits are used where the processor computes with them. Threads may share one.
    """

    def __init__(self, model: str, models: Path, cached_bytes: int = CACHED_BYTES) -> None:
        """`model` and `models` as in `load_causal`. Raises MundapError if it cannot be had, MissingExtra."""
        self._torch = torch = need("torch", extra="train")
        self._made = quiet_transformers().DynamicCache
        loaded, self._words = load_causal(model, models)
        device = "cuda" if torch.cuda.is_available() else "cpu"
        short = device == "cpu" and torch.cpu.get_capabilities().get("avx512_bf16", False)
        self._model = (loaded.to(torch.bfloat16) if short else loaded).to(device).eval()
        self._device = device
        self._recent: Recent[States] = Recent(cached_bytes, _bytes)

    @property
    def held(self) -> int:
        """How many bytes of texts that were read are kept."""
        return self._recent.held

    def after(self, before: Sequence[str], between: str, text: str) -> list[float]:
        """The natural logarithm of the probability of `text` after each of `before` and then `between`.

        `between` and `text` have a token at least, and of `text` the first 256 count.
        """
        spelled = self._spelled(text)[:_LONGEST]
        asks = self._spelled(between)
        contexts = [[*self._begun(one)[:ROOM], *asks] for one in before]
        told: list[float] = []
        with self._torch.inference_mode():
            for start in range(0, len(before), _BATCH):
                part = slice(start, start + _BATCH)
                told += self._told(self._states(before[part], between, contexts[part]), contexts[part], spelled)
        return told

    def _spelled(self, text: str) -> list[int]:
        ids: list[int] = self._words(text, add_special_tokens=False)["input_ids"]
        return ids

    def _begun(self, text: str) -> list[int]:
        """The tokens of a text that others follow, with the mark of the beginning where the model has one."""
        ids: list[int] = self._words(text)["input_ids"]
        return ids[:-1] if ids and ids[-1] == self._words.eos_token_id else ids

    def _told(self, states: Sequence[States], contexts: Sequence[list[int]], spelled: list[int]) -> list[float]:
        torch = self._torch
        lengths = [len(context) - 1 for context in contexts]
        longest, width = max(lengths), len(spelled)
        cache = self._made()
        for layer in range(len(states[0])):
            keys, values = (
                torch.stack([_padded(torch, each[layer][part], longest) for each in states]) for part in (0, 1)
            )
            cache.update(keys, values, layer)
        seen = [[0] * (longest - length) + [1] * (length + width) for length in lengths]
        given = self._model(
            input_ids=self._tensor([[context[-1], *spelled[:-1]] for context in contexts]),
            attention_mask=self._tensor(seen),
            position_ids=self._tensor([[*range(length, length + width)] for length in lengths]),
            past_key_values=cache,
            use_cache=True,
        ).logits.float()
        wanted = self._tensor([spelled] * len(contexts))
        chosen = given.gather(2, wanted[..., None])[..., 0] - given.logsumexp(2)
        told: list[float] = chosen.sum(1).tolist()
        return told

    def _tensor(self, rows: list[list[int]]) -> Untyped:
        return self._torch.tensor(rows, device=self._device)

    def _states(self, before: Sequence[str], between: str, contexts: Sequence[list[int]]) -> list[States]:
        """What the layers make of all but the last token of each context."""
        keys = [digest(one + between, size=16) for one in before]
        return self._recent.of(keys, lambda places: self._read([contexts[n] for n in places]))

    def _read(self, contexts: Sequence[list[int]]) -> list[States]:
        longest = max(map(len, contexts)) - 1
        padding = [longest - len(context) + 1 for context in contexts]
        filler = self._words.pad_token_id
        seen = self._tensor([[0] * pad + [1] * (longest - pad) for pad in padding])
        cache = self._made()
        self._model(
            input_ids=self._tensor([[filler] * pad + c[:-1] for pad, c in zip(padding, contexts, strict=True)]),
            attention_mask=seen,
            position_ids=(seen.cumsum(1) - 1).clamp(min=0),
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        )
        return [
            [(layer.keys[n, :, pad:].clone(), layer.values[n, :, pad:].clone()) for layer in cache.layers]
            for n, pad in enumerate(padding)
        ]


def _padded(torch: Untyped, states: Untyped, length: int) -> Untyped:
    heads, tokens, width = states.shape
    return torch.cat([states.new_zeros((heads, length - tokens, width)), states], 1)


def _bytes(states: States) -> int:
    return sum(one.nbytes for pair in states for one in pair)
