"""Teach a language model by rewards: proximal policy optimisation, or REINFORCE against the other samples of a prompt.

From top to bottom: the recipe, the loop, a rollout, an update, the measurement. As in Ziegler et al. (2019,
arXiv:1909.08593) and Stiennon et al. (2020, arXiv:2009.01325): responses are sampled, a reward is given to each whole
response, and every token pays for how far it is from the reference. "ppo" (Schulman et al. 2017, arXiv:1707.06347) has a
head on the policy that foresees rewards; "rloo" (Ahmadian et al. 2024, arXiv:2402.14740) takes a response as one act, and
the mean of the other responses to the prompt for what was to be expected. Several processes under torchrun learn from
their rollouts together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mundap.errors import MundapError
from mundap.evaluate.bootstrap import mean_interval
from mundap.evaluate.compare import BETTER
from mundap.extras import need
from mundap.files import digest
from mundap.generate.causal import ends, load_causal
from mundap.protocols import Progress, quiet
from mundap.training.common import checkpoints
from mundap.training.common.curves import Watch
from mundap.training.common.distributed import World, device_of
from mundap.training.common.schedule import slope
from mundap.training.llm import advantage
from mundap.training.llm.advantage import AdaptiveKL
from mundap.training.llm.lora import Lora, trainable, with_lora
from mundap.training.llm.policy import REFERENCE, TEMPLATE, Policy, Wording
from mundap.training.llm.reward_report import Row, told
from mundap.training.llm.rewards import Reward

PPO, RLOO = "ppo", "rloo"
_MEASURED = 16  # prompts at once


@dataclass(frozen=True)
class Recipe:
    """What decides a policy besides its prompts and its reward.

    In each of `steps`, every process samples `batch` responses, with "rloo" `samples` for a prompt, and learns `epochs`
    times from them, `minibatch` at once. `price` is what a nat of KL costs at first; it follows `target` nats a response.
    `worth` is the weight of the loss of values. After every `every` steps there is a checkpoint. `held` prompts are kept
    to measure on.
    """

    base: str
    adapter: str = ""
    reward: str = "rule"
    persona: str = ""
    algorithm: str = PPO
    steps: int = 40
    batch: int = 16
    minibatch: int = 8
    epochs: int = 2
    samples: int = 4
    most_in: int = 96
    most_out: int = 48
    template: str = TEMPLATE
    temperature: float = 1.0
    lr: float = 1e-4
    warmup: float = 0.05
    clip: float = 0.2
    value_clip: float = 0.2
    worth: float = 0.1
    gamma: float = 1.0
    lam: float = 0.95
    price: float = 0.1
    target: float = 6.0
    norm: float = 1.0
    lora_r: int = 16
    lora_alpha: int = 32
    dropout: float = 0.0
    held: int = 64
    every: int = 5
    seed: int = 0


# "original" has the adapter of the system that asked for this; the rest of it is that of Ziegler et al. on a GPU.
PRESETS: dict[str, dict[str, Any]] = {
    "laptop": {},
    "original": {
        "steps": 400, "batch": 64, "minibatch": 16, "epochs": 4, "most_in": 512, "most_out": 256, "lr": 1.41e-5,
        "price": 0.15, "lora_r": 8, "lora_alpha": 32, "dropout": 0.05, "held": 100, "every": 20,
    },
}  # fmt: skip


@dataclass(frozen=True)
class Learned:
    """The policy after training, what the held-out prompts say, plain JSON with the figures of every step, and `model`,
    which tells of the weights.
    """

    policy: Policy
    rows: tuple[Row, ...]
    report: dict[str, Any]
    model: Mapping[str, int]


def train_ppo(
    prompts: Sequence[str],
    held: Sequence[str],
    recipe: Recipe,
    reward: Reward,
    policy: Policy,
    work: Path,
    *,
    again: bool = False,
    watch: Watch = lambda step, figures: None,
    progress: Progress = quiet,
) -> Learned | None:
    """Learn from responses to `prompts`; `held` are answered before and after.

    `work` holds checkpoints until the caller removes it; with `again` the newest whole one is gone on from, to the same
    end. None in every process but the first. Raises MundapError.
    """
    torch = need("torch", extra="train")
    world = World.join(torch)
    _check(recipe, prompts)
    wanted = {**asdict(recipe), "data": digest(*prompts, "", *held), "processes": world.size}
    kept = checkpoints.begin(work, wanted, again, world.first)
    world.meet(torch)
    if recipe.algorithm == PPO:
        policy = replace(policy, head=_head(torch, policy))
    optimizer = torch.optim.AdamW(policy.learned, lr=recipe.lr, weight_decay=0.0)
    controller = AdaptiveKL(recipe.price, recipe.target)
    curves: list[dict[str, float]] = []
    start, before = 0, None
    if kept:
        start, curves, before = kept["step"], kept["curves"], kept["before"]
        controller = replace(controller, price=kept["price"])
        for parameter, value in zip(policy.learned, kept["learned"], strict=True):
            parameter.data.copy_(value)
        optimizer.load_state_dict(kept["optimizer"])
    if before is None and not world.rank:
        before = answered(torch, policy, held, reward, recipe.seed)
    plan = _plan(len(prompts), recipe, world)
    for step in range(start, recipe.steps):
        for group in optimizer.param_groups:
            group["lr"] = recipe.lr * slope(step, recipe.steps, recipe.warmup)
        questions = [prompts[n] for n in plan[step]]
        torch.manual_seed(_seed(recipe.seed, step, world.rank))
        rolled = _roll(torch, policy, questions, reward, recipe.minibatch)
        figures = _learn(torch, policy, optimizer, rolled, recipe, controller.price, world)
        controller = controller.after(figures["kl"])
        curves.append({"step": step + 1, **figures})
        progress(step + 1, recipe.steps)
        if world.rank:
            continue
        watch(step + 1, figures)
        if (step + 1) % recipe.every == 0 or step + 1 == recipe.steps:
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
    after = answered(torch, policy, held, reward, recipe.seed)
    rows = tuple(
        Row(q, *pair) for q, *pair in zip(held, before.texts, after.texts, before.rewards, after.rewards, strict=True)
    )
    report = {"prompts": len(prompts), **told(rows), "kl": after.kl, "steps": curves}
    return Learned(policy, rows, report, trainable(policy.model))


@dataclass(frozen=True)
class Answered:
    """Responses to the held-out prompts, their rewards, and how many nats each is from the reference."""

    texts: list[str]
    rewards: list[float]
    nats: list[float]

    @property
    def kl(self) -> dict[str, Any]:
        """The mean with its interval, nats a response."""
        return {"mean": float(np.mean(self.nats)), "ci95": list(mean_interval(self.nats))}


def answered(torch: Any, policy: Policy, questions: Sequence[str], reward: Reward, seed: int) -> Answered:
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
    old: Any
    reference: Any
    values: Any
    mask: Any
    scores: Any
    ended: float


def _roll(torch: Any, policy: Policy, questions: Sequence[str], reward: Reward, part: int) -> Rolled:
    policy.model.eval()
    prompts = [policy.wording.prompt(question) for question in questions]
    responses = policy.sample(prompts)
    width = max(map(len, responses))
    parts: list[list[Any]] = [[], [], [], []]
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
    torch: Any, policy: Policy, optimizer: Any, rolled: Rolled, recipe: Recipe, price: float, world: World
) -> dict[str, float]:
    """Update the policy by a batch; the figures of the batch, means over all processes."""
    kl = ((rolled.old - rolled.reference) * rolled.mask).sum(1)
    returns = rolled.values
    if recipe.algorithm == RLOO:
        advantages = advantage.leave_one_out(rolled.scores - price * kl, recipe.samples)[:, None]
    else:
        rewards = advantage.priced(rolled.scores, rolled.old, rolled.reference, rolled.mask, price)
        advantages, returns = advantage.gae(rewards, rolled.values, rolled.mask, recipe.gamma, recipe.lam)
        found = _summed(torch, advantage.moments(advantages, rolled.mask), world)
        advantages = advantage.whiten(advantages, rolled.mask, found)
    policy.model.train(recipe.dropout > 0)
    losses = np.zeros(3)
    rounds = 0
    for _ in range(recipe.epochs):
        for some in torch.randperm(len(rolled.prompts)).split(recipe.minibatch):
            optimizer.zero_grad()
            losses += _backward(torch, policy, rolled, advantages, returns, some.tolist(), recipe, world)
            _share(torch, policy.learned, world)
            torch.nn.utils.clip_grad_norm_(policy.learned, recipe.norm)
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
    torch: Any,
    policy: Policy,
    rolled: Rolled,
    advantages: Any,
    returns: Any,
    some: list[int],
    recipe: Recipe,
    world: World,
) -> Any:
    """Add the gradients of a part of the batch; the losses and the share of clipped ratios, over all processes."""
    new, values, mask = policy.judged([rolled.prompts[n] for n in some], [rolled.responses[n] for n in some])
    width = new.shape[1]
    old, whole = rolled.old[some, :width], mask
    if recipe.algorithm == RLOO:  # one act
        new, old, whole = new.sum(1, keepdim=True), old.sum(1, keepdim=True), mask[:, :1]
        pull = advantages[some]
    else:
        pull = advantages[some, :width]
    count = _summed(torch, whole.sum().float(), world)
    loss = (advantage.policy_loss(new, old, pull, recipe.clip) * whole).sum() / count
    wrong = loss.new_zeros(())
    if recipe.algorithm == PPO:
        off = advantage.value_loss(values, rolled.values[some, :width], returns[some, :width], recipe.value_clip)
        wrong = (off * mask).sum() / count
    (loss + recipe.worth * wrong).backward()
    clipped = (((new - old).exp() - 1).abs() > recipe.clip).float().mul(whole).sum() / count
    return _summed(torch, torch.stack([loss.detach(), wrong.detach(), clipped]), world).cpu().numpy()


def _share(torch: Any, parameters: Sequence[Any], world: World) -> None:
    """Add up the gradients of all processes."""
    if world.size == 1:
        return
    grads = [p.grad if p.grad is not None else torch.zeros_like(p) for p in parameters]
    flat = torch.cat([grad.flatten() for grad in grads])
    torch.distributed.all_reduce(flat)
    for parameter, part in zip(parameters, flat.split([p.numel() for p in parameters]), strict=True):
        parameter.grad = part.view_as(parameter)


def _summed(torch: Any, values: Any, world: World) -> Any:
    if world.size == 1:
        return values
    total = values.detach().clone()
    torch.distributed.all_reduce(total)
    return total


def load_policy(recipe: Recipe, models: Path, adapter: Path | None) -> Policy:
    """The base with a fresh adapter, or with the one in a folder, which is learned on. Raises MundapError."""
    torch = need("torch", extra="train")
    model, words = load_causal(recipe.base, models, adapter=adapter, trainable=adapter is not None)
    stops = ends(model, words)
    if adapter is None:
        torch.manual_seed(recipe.seed)
        model = with_lora(model, Lora(recipe.lora_r, recipe.lora_alpha, recipe.dropout))
    else:
        model.load_adapter(adapter, REFERENCE)
    wording = Wording(words, stops, recipe.template, recipe.most_in, recipe.most_out)
    return Policy(model.to(device_of(torch)), wording, temperature=recipe.temperature)


def worth_it(report: Mapping[str, Any]) -> bool:
    """Whether held-out prompts earn more than before, beyond chance."""
    return bool(report["reward"]["difference"]["verdict"] == BETTER)


def _head(torch: Any, policy: Policy) -> Any:
    """A line from the last states to a value, 0 at first."""
    head = torch.nn.Linear(policy.model.config.get_text_config().hidden_size, 1)
    torch.nn.init.zeros_(head.weight)
    torch.nn.init.zeros_(head.bias)
    return head.to(policy.device)


def _plan(prompts: int, recipe: Recipe, world: World) -> list[list[int]]:
    """For each step the prompts of this process: all of them in turn, in an order that is drawn anew each time."""
    each = recipe.samples if recipe.algorithm == RLOO else 1
    rng = np.random.default_rng(recipe.seed)
    wanted = recipe.steps * world.size * recipe.batch // each
    order = np.concatenate([rng.permutation(prompts) for _ in range(-(-wanted // prompts))])[:wanted]
    steps = order.reshape(recipe.steps, world.size, -1)[:, world.rank]
    return [np.repeat(step, each).tolist() for step in steps]


def _check(recipe: Recipe, prompts: Sequence[str]) -> None:
    if not prompts:
        raise MundapError("학습할 질문이 없습니다. 서로 다른 질문을 추가하거나 평가 질문 수를 줄이세요.")
    if recipe.algorithm == RLOO and (recipe.samples < 2 or recipe.batch % recipe.samples):
        raise MundapError(
            f"rloo는 질문마다 답변을 2개 이상 생성해야 하며, --batch({recipe.batch})가 그 수({recipe.samples})의 배수여야 합니다."
        )


def _seed(seed: int, step: int, rank: int) -> int:
    return hash((seed, step, rank)) & 0x7FFFFFFF
