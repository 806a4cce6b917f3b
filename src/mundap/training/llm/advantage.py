"""What policy gradients are made of: returns, advantages, clipped losses, and the price of leaving the reference.

All tensors are (n, T): responses by tokens. `mask` is 1 where a response has a token, 0 after its end.
"""

from __future__ import annotations

from dataclasses import dataclass

from mundap.training.common.untyped import Tensor

_STEEP = 0.1  # K_beta of Ziegler et al.
_FAR = 0.2  # what they clip the error to


@dataclass(frozen=True)
class AdaptiveKL:
    """The price of a nat of KL, which follows `target` nats a response (Ziegler et al. 2019, arXiv:1909.08593, 2.2)."""

    price: float
    target: float

    def after(self, kl: float) -> AdaptiveKL:
        """The controller after a batch whose responses were `kl` nats from the reference in the mean."""
        error = min(max(kl / self.target - 1, -_FAR), _FAR)
        return AdaptiveKL(self.price * (1 + _STEEP * error), self.target)


def priced(scores: Tensor, new: Tensor, reference: Tensor, mask: Tensor, price: float) -> Tensor:
    """Rewards of tokens: minus `price` times the log ratio to the reference, and (n,) `scores` at the last token.

    Ziegler et al. 2019, section 2.1. Every response has a token.
    """
    rewards = -price * (new - reference) * mask
    last = mask.sum(1).long() - 1
    rewards[range(len(rewards)), last] += scores
    return rewards


def gae(rewards: Tensor, values: Tensor, mask: Tensor, gamma: float, lam: float) -> tuple[Tensor, Tensor]:
    """Advantages and returns (Schulman et al. 2016, arXiv:1506.02438); after the last token the value is 0."""
    advantages = rewards.new_zeros(rewards.shape)
    ahead = rewards.new_zeros(len(rewards))
    after = rewards.new_zeros(len(rewards))
    for t in reversed(range(rewards.shape[1])):
        surprise = rewards[:, t] + gamma * after - values[:, t]
        ahead = (surprise + gamma * lam * ahead) * mask[:, t]
        advantages[:, t] = ahead
        after = values[:, t] * mask[:, t]
    return advantages, (advantages + values) * mask


def leave_one_out(scores: Tensor, samples: int) -> Tensor:
    """(n,) scores less the mean of the other responses to the same prompt, which stand in rows of `samples`.

    REINFORCE leave-one-out: Ahmadian et al. 2024, arXiv:2402.14740. `samples` is two or more.
    """
    rows = scores.view(-1, samples)
    return (rows - (rows.sum(1, keepdim=True) - rows) / (samples - 1)).reshape(-1)


def moments(values: Tensor, mask: Tensor) -> Tensor:
    """(3,): how many values count, their sum, and the sum of their squares. Those of several processes may be added."""
    kept = values * mask
    return kept.new_tensor([float(mask.sum()), float(kept.sum()), float((kept * values).sum())])


def whiten(values: Tensor, mask: Tensor, found: Tensor) -> Tensor:
    """Mean 0 and standard deviation 1 by `moments`; 0 where nothing counts."""
    count, total, squares = found.tolist()
    mean = total / count
    spread = max(squares / count - mean**2, 0.0) ** 0.5
    return (values - mean) / (spread + 1e-8) * mask


def policy_loss(new: Tensor, old: Tensor, advantages: Tensor, clip: float) -> Tensor:
    """(n, T): the clipped surrogate, to be minimised (Schulman et al. 2017, arXiv:1707.06347, equation 7)."""
    ratio = (new - old).exp()
    return (-advantages * ratio).maximum(-advantages * ratio.clamp(1 - clip, 1 + clip))


def value_loss(new: Tensor, old: Tensor, returns: Tensor, clip: float) -> Tensor:
    """(n, T): half the squared error, the worse of the value and of one that moved no further than `clip`.

    As in PPO's reference code (github.com/openai/baselines, ppo2), which Engstrom et al. (2020, arXiv:2005.12729) describe.
    """
    near = old + (new - old).clamp(-clip, clip)
    return 0.5 * ((new - returns) ** 2).maximum((near - returns) ** 2)
