"""Losses over a batch of vectors. Row n of `passages` answers row n of `questions`; more rows are wrong answers.

`also` is True where another row of `passages` is of a parent passage that answers, too: that is no wrong answer.
"""

from __future__ import annotations

from collections.abc import Sequence

from mundap.extras import need
from mundap.training.common.untyped import Tensor

MARGIN = 0.2  # of cosines, in triplets


def mnrl(questions: Tensor, passages: Tensor, also: Tensor, scale: float) -> Tensor:
    """Cross-entropy of the right passage among all of the batch: in-batch negatives (Henderson et al., 2017,
    arXiv:1705.00652; Karpukhin et al., EMNLP 2020)."""
    torch = need("torch", extra="train")
    logits = (scale * questions @ passages.T).masked_fill(also, float("-inf"))
    return torch.nn.functional.cross_entropy(logits, torch.arange(len(questions), device=logits.device))


def matryoshka(questions: Tensor, passages: Tensor, also: Tensor, scale: float, dims: Sequence[int]) -> Tensor:
    """The mean of `mnrl` over the first so many dimensions, for each of `dims` (Kusupati et al., NeurIPS 2022)."""
    unit = need("torch", extra="train").nn.functional.normalize
    losses = [mnrl(unit(questions[:, :dim], dim=-1), unit(passages[:, :dim], dim=-1), also, scale) for dim in dims]
    return sum(losses) / len(losses)


def triplet(questions: Tensor, passages: Tensor) -> Tensor:
    """Each question must be nearer to its passage than to another, by MARGIN: the mined one, or the next in the batch."""
    torch = need("torch", extra="train")
    n = len(questions)
    wrong = passages[n : 2 * n] if len(passages) >= 2 * n else passages[:n].roll(1, 0)
    right = (questions * passages[:n]).sum(-1)
    return torch.relu(MARGIN + (questions * wrong).sum(-1) - right).mean()
