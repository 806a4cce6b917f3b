"""Advantages, clipped losses and the price of KL, by hand."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch", reason="needs torch: make setup-train")

from mundap.training.llm.advantage import (  # noqa: E402
    AdaptiveKL,
    gae,
    leave_one_out,
    moments,
    policy_loss,
    priced,
    value_loss,
    whiten,
)


def close(found: object, expected: object) -> None:
    torch.testing.assert_close(found, torch.tensor(expected), check_dtype=False)


def test_generalised_advantages_discount_the_surprises_that_follow() -> None:
    rewards = torch.tensor([[0.0, 1.0, 2.0], [3.0, 9.0, 9.0]])
    values = torch.tensor([[0.5, 0.25, 1.0], [1.0, 7.0, 7.0]])
    mask = torch.tensor([[1, 1, 1], [1, 0, 0]])
    advantages, returns = gae(rewards * mask, values * mask, mask, gamma=0.9, lam=0.5)
    third = 2 - 1.0
    second = 1 + 0.9 * 1.0 - 0.25 + 0.45 * third
    first = 0 + 0.9 * 0.25 - 0.5 + 0.45 * second
    close(advantages, [[first, second, third], [3 - 1.0, 0.0, 0.0]])
    close(returns, [[first + 0.5, second + 0.25, third + 1.0], [3.0, 0.0, 0.0]])


def test_with_gamma_and_lambda_one_returns_are_what_is_still_to_come() -> None:
    rewards = torch.tensor([[1.0, 2.0, 4.0]])
    _, returns = gae(rewards, torch.tensor([[0.3, 0.2, 0.1]]), torch.ones(1, 3), gamma=1.0, lam=1.0)
    close(returns, [[1 + 2 + 4.0, 2 + 4.0, 4.0]])


def test_the_score_comes_at_the_last_token_and_every_token_pays_for_leaving_the_reference() -> None:
    new, reference = (
        torch.tensor([[-1.0, -2.0, 0.0], [-1.0, -1.0, -1.0]]),
        torch.tensor([[-1.5, -1.0, 0.0], [-1.0] * 3]),
    )
    mask = torch.tensor([[1, 1, 0], [1, 1, 1]])
    found = priced(torch.tensor([5.0, 7.0]), new, reference, mask, price=0.1)
    close(found, [[-0.1 * 0.5, -0.1 * -1.0 + 5, 0.0], [0.0, 0.0, 7.0]])


def test_each_response_is_held_against_the_others_to_its_prompt() -> None:
    close(leave_one_out(torch.tensor([1.0, 2.0, 6.0, 5.0, 5.0, 5.0]), 3), [1 - 4.0, 2 - 3.5, 6 - 1.5, 0.0, 0.0, 0.0])


def test_whitening_counts_only_tokens_and_adds_up_over_processes() -> None:
    one, two = torch.tensor([[1.0, 3.0, 99.0]]), torch.tensor([[5.0, 7.0, 99.0]])
    mask = torch.tensor([[1, 1, 0]])
    both = moments(one, mask) + moments(two, mask)
    deviation = math.sqrt((9 + 1 + 1 + 9) / 4)
    close(whiten(one, mask, both), [[-3 / deviation, -1 / deviation, 0.0]])
    close(whiten(two, mask, both), [[1 / deviation, 3 / deviation, 0.0]])


def test_a_ratio_beyond_the_clip_teaches_no_more() -> None:
    old = torch.zeros(1, 4)
    new = torch.tensor([[math.log(1.5), math.log(1.5), math.log(0.5), math.log(0.5)]], requires_grad=True)
    advantages = torch.tensor([[1.0, -1.0, 1.0, -1.0]])
    loss = policy_loss(new, old, advantages, clip=0.2)
    close(loss.detach(), [[-1.2, 1.5, -0.5, 0.8]])
    loss.sum().backward()
    close(new.grad, [[0.0, 1.5, -0.5, 0.0]])


def test_a_value_that_moves_too_far_is_held_back() -> None:
    new, old, returns = torch.tensor([[2.0, 0.1]]), torch.tensor([[0.0, 0.0]]), torch.tensor([[2.0, 1.0]])
    close(value_loss(new, old, returns, clip=0.2), [[0.5 * (0.2 - 2) ** 2, 0.5 * (0.1 - 1) ** 2]])


@pytest.mark.parametrize(("kl", "factor"), [(6.0, 1.0), (6.6, 1.01), (60.0, 1.02), (0.0, 0.98), (5.4, 0.99)])
def test_the_price_of_kl_follows_its_target(kl: float, factor: float) -> None:
    after = AdaptiveKL(0.5, 6.0).after(kl)
    assert after.price == pytest.approx(0.5 * factor)
    assert after.target == 6.0
