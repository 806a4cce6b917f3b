"""Passages alone: a text with words left out becomes a vector from which a small decoder must write the whole text.

TSDAE (Wang, Reimers & Gurevych, EMNLP Findings 2021), with one fresh decoder layer instead of the encoder's own, as in
RetroMAE (Xiao et al., EMNLP 2022): the less the decoder knows, the more the vector must say.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType

import numpy as np

from mundap.training.common.untyped import Model, Tensor
from mundap.training.retriever.transformer_encoder import Tower

DROPPED = 0.6  # of the tokens, as in TSDAE


def noised(tokens: Sequence[int], random: np.random.Generator) -> list[int]:
    """The tokens without DROPPED of them; the marks at both ends stay, and at least one between."""
    inside = tokens[1:-1]
    if not len(inside):
        return list(tokens)
    stay = random.random(len(inside)) >= DROPPED
    stay[int(random.integers(len(inside)))] = True
    return [tokens[0], *(token for token, kept in zip(inside, stay, strict=True) if kept), tokens[-1]]


def make_decoder(torch: ModuleType, tower: Tower) -> Model:
    """A module whose call (vectors, texts, tower) gives the mean cross-entropy of every token of the texts but the first.

    It reads and writes with the word vectors of the tower, which it does not train, over the words of the batch.
    """
    config = tower.model.config
    width = config.hidden_size

    class Decoder(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.places = torch.nn.Embedding(config.max_position_embeddings, width)
            self.layer = torch.nn.TransformerDecoderLayer(
                width, config.num_attention_heads, config.intermediate_size, dropout=0.0, batch_first=True
            )
            self.scale = torch.nn.Parameter(torch.tensor(10.0))

        def forward(self, vectors: Tensor, texts: Sequence[Sequence[int]], tower: Tower) -> Tensor:
            table = tower.model.get_input_embeddings().weight.detach()
            used = torch.tensor(sorted({token for text in texts for token in text}), device=table.device)
            longest = max(map(len, texts))
            ids = torch.zeros(len(texts), longest, dtype=torch.long, device=table.device)
            there = torch.zeros_like(ids, dtype=torch.bool)
            for row, text in enumerate(texts):
                ids[row, : len(text)] = torch.tensor(text, device=table.device)
                there[row, : len(text)] = True
            length = longest - 1
            read = torch.nn.functional.normalize(table[ids[:, :-1]], dim=-1)
            read = read + self.places(torch.arange(length, device=table.device))
            later = torch.triu(torch.ones(length, length, dtype=torch.bool, device=table.device), 1)
            states = self.layer(
                read, vectors[:, None].to(read.dtype), tgt_mask=later, tgt_key_padding_mask=~there[:, :-1]
            )
            words = torch.nn.functional.normalize(table[used], dim=-1)
            logits = self.scale * torch.nn.functional.normalize(states, dim=-1) @ words.T
            right = torch.searchsorted(used, ids[:, 1:].clamp(min=int(used[0])))
            right = right.masked_fill(~there[:, 1:], -100)
            return torch.nn.functional.cross_entropy(logits.flatten(0, 1).float(), right.flatten())

    return Decoder()
