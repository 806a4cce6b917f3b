"""Teach a language model by rewards: proximal policy optimisation, or REINFORCE against the other samples of a prompt.

From top to bottom: the loop, a rollout, an update, the measurement. As in Ziegler et al. (2019,
arXiv:1909.08593) and Stiennon et al. (2020, arXiv:2009.01325): responses are sampled, a reward is given to each whole
response, and every token pays for how far it is from the reference. "ppo" (Schulman et al. 2017, arXiv:1707.06347) has a
head on the policy that foresees rewards; "rloo" (Ahmadian et al. 2024, arXiv:2402.14740) takes a response as one act, and
the mean of the other responses to the prompt for what was to be expected. Several processes under torchrun learn from
their rollouts together.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt

from mundap.errors import MundapError
from mundap.evaluation.estimates import estimate
from mundap.extras import need
from mundap.files import digest, write_atomically
from mundap.generate.causal import ends, load_causal
from mundap.protocols import Progress, quiet
from mundap.training.common import checkpoints
from mundap.training.common.curves import Watch, unheard
from mundap.training.common.distributed import World, device_of
from mundap.training.common.registry import Trained
from mundap.training.common.schedule import linear_with_warmup
from mundap.training.common.untyped import Model, Optimizer, Tensor
from mundap.training.llm import advantage
from mundap.training.llm.advantage import AdaptiveKL
from mundap.training.llm.config import PPOConfig
from mundap.training.llm.lora import Lora, save_adapter, trainable, with_lora
from mundap.training.llm.policy import REFERENCE, Policy, Wording
from mundap.training.llm.reward_report import PPOReport, Row
from mundap.training.llm.rewards import Reward

HELD_OUT = "held_out.json"
_MEASURED = 16  # prompts at once


def train_ppo(
    prompts: Sequence[str],
    held: Sequence[str],
    config: PPOConfig,
    reward: Reward,
    policy: Policy,
    work: Path,
    *,
    resume: bool = False,
    watch: Watch = unheard,
    progress: Progress = quiet,
) -> Trained[PPOReport] | None:
    """Learn from responses to `prompts`; `held` are answered before and after.

    `work` holds checkpoints until the caller removes it; with `resume` the newest whole one is gone on from, to the same
    end. None in every process but the first. Raises MundapError.
    """
    torch = need("torch", extra="train")
    world = World.join(torch)
    _check(config, prompts)
    wanted = {**config.to_card(), "data": digest(*prompts, "", *held), "processes": world.size}
    kept = checkpoints.begin(work, wanted, resume, world.first)
    world.meet(torch)
    if config.algorithm == "ppo":
        policy = replace(policy, head=_head(torch, policy))
    optimizer = torch.optim.AdamW(policy.learned, lr=config.lr, weight_decay=0.0)
    controller = AdaptiveKL(config.price, config.target)
    curves: list[dict[str, float]] = []
    start, before = 0, None
    if kept:
        start, curves, before = kept["step"], kept["curves"], kept["before"]
        controller = replace(controller, price=kept["price"])
        for parameter, value in zip(policy.learned, kept["learned"], strict=True):
            parameter.data.copy_(value)
        optimizer.load_state_dict(kept["optimizer"])
    if before is None and not world.rank:
        before = answered(torch, policy, held, reward, config.seed)
    plan = _plan(len(prompts), config, world)
    for step in range(start, config.steps):
        for group in optimizer.param_groups:
            group["lr"] = config.lr * linear_with_warmup(step, config.steps, config.warmup)
        questions = [prompts[n] for n in plan[step]]
        torch.manual_seed(_seed(config.seed, step, world.rank))
        rolled = _roll(torch, policy, questions, reward, config.minibatch)
        figures = _learn(torch, policy, optimizer, rolled, config, controller.price, world)
        controller = controller.after(figures["kl"])
        curves.append({"step": step + 1, **figures})
        progress(step + 1, config.steps)
        if world.rank:
            continue
        watch(step + 1, figures)
        if (step + 1) % config.every == 0 or step + 1 == config.steps:
            state = {
                "step": step + 1,
                "learned": [p.detach().cpu() for p in policy.learned],
                "optimizer": optimizer.state_dict(),
                "price": controller.price,
                "curves": curves,
                "before": before,
            }
            checkpoints.save(work, step + 1, state)
    if world.rank or before is None:
        return None
    after = answered(torch, policy, held, reward, config.seed)
    rows = tuple(
        Row(q, *pair) for q, *pair in zip(held, before.texts, after.texts, before.rewards, after.rewards, strict=True)
    )
    report = PPOReport(len(prompts), rows, estimate(after.nats), tuple(curves))

    def save(folder: Path) -> None:
        save_adapter(policy.model, policy.wording.words, config.base, folder)
        write_atomically(folder / HELD_OUT, json.dumps(held, ensure_ascii=False))

    return Trained(save, trainable(policy.model), report)


@dataclass(frozen=True)
class Answered:
    """Responses to the held-out prompts, their rewards, and how many nats each is from the reference."""

    texts: list[str]
    rewards: list[float]
    nats: list[float]


def answered(torch: ModuleType, policy: Policy, questions: Sequence[str], reward: Reward, seed: int) -> Answered:
    """One sampled response to each question, the same for the same policy and seed."""
    policy.model.eval()
    torch.manual_seed(_seed(seed, -1, 0))
    texts: list[str] = []
    nats: list[float] = []
    for first in range(0, len(questions), _MEASURED):
        prompts = [policy.wording.prompt(question) for question in questions[first : first + _MEASURED]]
        responses = policy.sample(prompts)
        with torch.no_grad():
            now, _, mask = policy.judged(prompts, responses)
            with policy.reference():
                was, _, _ = policy.judged(prompts, responses)
        nats += ((now - was) * mask).sum(1).tolist()
        texts += [policy.wording.text(response) for response in responses]
    return Answered(texts, reward(questions, texts), nats)


@dataclass(frozen=True)
class Rolled:
    """What was sampled: tokens, and tensors (n, T) of the policy and the reference as they then were; (n,) scores."""

    prompts: list[list[int]]
    responses: list[list[int]]
    old: Tensor
    reference: Tensor
    values: Tensor
    mask: Tensor
    scores: Tensor
    ended: float


def _roll(torch: ModuleType, policy: Policy, questions: Sequence[str], reward: Reward, part: int) -> Rolled:
    policy.model.eval()
    prompts = [policy.wording.prompt(question) for question in questions]
    responses = policy.sample(prompts)
    width = max(map(len, responses))
    parts: list[list[Tensor]] = [[], [], [], []]
    for first in range(0, len(prompts), part):  # the logits of all at once would be the most that is ever held
        some = prompts[first : first + part], responses[first : first + part]
        with torch.no_grad():
            now, values, mask = policy.judged(*some, width)
            with policy.reference():
                was, _, _ = policy.judged(*some, width)
        for kept, found in zip(parts, (now, was, values, mask), strict=True):
            kept.append(found)
    scores = reward(questions, [policy.wording.text(response) for response in responses])
    ended = sum(response[-1] in policy.wording.ends for response in responses) / len(responses)
    worth = torch.tensor(scores, dtype=torch.float32, device=policy.device)
    old, reference, values, mask = map(torch.cat, parts)
    return Rolled(prompts, responses, old, reference, values, mask, worth, ended)


def _learn(
    torch: ModuleType,
    policy: Policy,
    optimizer: Optimizer,
    rolled: Rolled,
    config: PPOConfig,
    price: float,
    world: World,
) -> dict[str, float]:
    """Update the policy by a batch; the figures of the batch, means over all processes."""
    kl = ((rolled.old - rolled.reference) * rolled.mask).sum(1)
    returns = rolled.values
    if config.algorithm == "rloo":
        advantages = advantage.leave_one_out(rolled.scores - price * kl, config.samples)[:, None]
    else:
        rewards = advantage.priced(rolled.scores, rolled.old, rolled.reference, rolled.mask, price)
        advantages, returns = advantage.gae(rewards, rolled.values, rolled.mask, config.gamma, config.lam)
        found = _summed(torch, advantage.moments(advantages, rolled.mask), world)
        advantages = advantage.whiten(advantages, rolled.mask, found)
    policy.model.train(config.dropout > 0)
    losses = np.zeros(3)
    rounds = 0
    for _ in range(config.epochs):
        for some in torch.randperm(len(rolled.prompts)).split(config.minibatch):
            optimizer.zero_grad()
            losses += _backward(torch, policy, rolled, advantages, returns, some.tolist(), config, world)
            _share(torch, policy.learned, world)
            torch.nn.utils.clip_grad_norm_(policy.learned, config.norm)
            optimizer.step()
            rounds += 1
    tokens = float(rolled.mask.sum(1).float().mean())
    mine = kl.new_tensor([float(rolled.scores.mean()), float(kl.mean()), tokens, rolled.ended])
    reward, nats, tokens, ended = (_summed(torch, mine, world) / world.size).tolist()
    policy_loss, value_loss, clipped = (losses / rounds).tolist()
    return {
        "reward": reward,
        "kl": nats,
        "kl_price": price,
        "tokens": tokens,
        "ended": ended,
        "policy_loss": policy_loss,
        "value_loss": value_loss,
        "clipped": clipped,
    }


def _backward(
    torch: ModuleType,
    policy: Policy,
    rolled: Rolled,
    advantages: Tensor,
    returns: Tensor,
    some: list[int],
    config: PPOConfig,
    world: World,
) -> npt.NDArray[np.float32]:
    """Add the gradients of a part of the batch; the losses and the share of clipped ratios, over all processes."""
    new, values, mask = policy.judged([rolled.prompts[n] for n in some], [rolled.responses[n] for n in some])
    width = new.shape[1]
    old, whole = rolled.old[some, :width], mask
    if config.algorithm == "rloo":  # one act
        new, old, whole = new.sum(1, keepdim=True), old.sum(1, keepdim=True), mask[:, :1]
        pull = advantages[some]
    else:
        pull = advantages[some, :width]
    count = _summed(torch, whole.sum().float(), world)
    loss = (advantage.policy_loss(new, old, pull, config.clip) * whole).sum() / count
    wrong = loss.new_zeros(())
    if config.algorithm == "ppo":
        off = advantage.value_loss(values, rolled.values[some, :width], returns[some, :width], config.value_clip)
        wrong = (off * mask).sum() / count
    (loss + config.worth * wrong).backward()
    clipped = (((new - old).exp() - 1).abs() > config.clip).float().mul(whole).sum() / count
    told: npt.NDArray[np.float32] = (
        _summed(torch, torch.stack([loss.detach(), wrong.detach(), clipped]), world).cpu().numpy()
    )
    return told


def _share(torch: ModuleType, parameters: Sequence[Tensor], world: World) -> None:
    """Add up the gradients of all processes."""
    if world.size == 1:
        return
    grads = [p.grad if p.grad is not None else torch.zeros_like(p) for p in parameters]
    flat = torch.cat([grad.flatten() for grad in grads])
    torch.distributed.all_reduce(flat)
    for parameter, part in zip(parameters, flat.split([p.numel() for p in parameters]), strict=True):
        parameter.grad = part.view_as(parameter)


def _summed(torch: ModuleType, values: Tensor, world: World) -> Tensor:
    if world.size == 1:
        return values
    total = values.detach().clone()
    torch.distributed.all_reduce(total)
    return total


def load_policy(config: PPOConfig, models: Path, adapter: Path | None) -> Policy:
    """The base with a fresh adapter, or with the one in a folder, which is learned on. Raises MundapError."""
    torch = need("torch", extra="train")
    model, words = load_causal(config.base, models, adapter=adapter, trainable=adapter is not None)
    stops = ends(model, words)
    if adapter is None:
        torch.manual_seed(config.seed)
        model = with_lora(model, Lora(config.lora_r, config.lora_alpha, config.dropout))
    else:
        model.load_adapter(adapter, REFERENCE)
    wording = Wording(words, stops, config.template, config.most_in, config.most_out)
    return Policy(model.to(device_of(torch)), wording, temperature=config.temperature)


def _head(torch: ModuleType, policy: Policy) -> Model:
    """A line from the last states to a value, 0 at first."""
    head = torch.nn.Linear(policy.model.config.get_text_config().hidden_size, 1)
    torch.nn.init.zeros_(head.weight)
    torch.nn.init.zeros_(head.bias)
    return head.to(policy.device)


def _plan(prompts: int, config: PPOConfig, world: World) -> list[list[int]]:
    """For each step the prompts of this process: all of them in turn, in an order that is drawn anew each time."""
    each = config.samples if config.algorithm == "rloo" else 1
    rng = np.random.default_rng(config.seed)
    wanted = config.steps * world.size * config.batch // each
    order = np.concatenate([rng.permutation(prompts) for _ in range(-(-wanted // prompts))])[:wanted]
    steps = order.reshape(config.steps, world.size, -1)[:, world.rank]
    return [np.repeat(step, each).tolist() for step in steps]


def _check(config: PPOConfig, prompts: Sequence[str]) -> None:
    if not prompts:
        raise MundapError("학습할 질문이 없습니다. 서로 다른 질문을 추가하거나 평가 질문 수를 줄이세요.")
    if config.algorithm == "rloo" and (config.samples < 2 or config.batch % config.samples):
        raise MundapError(
            f"rloo는 질문마다 답변을 2개 이상 생성해야 하며, --batch({config.batch})가 그 수({config.samples})의 배수여야 합니다."
        )


def _seed(seed: int, step: int, rank: int) -> int:
    return hash((seed, step, rank)) & 0x7FFFFFFF
