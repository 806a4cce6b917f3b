"""Train language models on what people prefer: a reward model, DPO, and learning from rewards."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from mundap.errors import MundapError
from mundap.evaluation.estimates import Comparisons
from mundap.files import write_atomically
from mundap.generate.causal import GEMMA, ends, load_causal
from mundap.training.common.curves import Watch, unheard
from mundap.training.common.registry import CARD, Report, Trained, data_of, plain_name
from mundap.training.llm.config import DPOConfig, PPOConfig, RewardConfig
from mundap.training.llm.data import read_preferences, read_prompts
from mundap.training.llm.dpo import train_dpo
from mundap.training.llm.lora import MODEL, kept_adapter
from mundap.training.llm.ppo import load_policy, train_ppo
from mundap.training.llm.preferences import Parts, parted, parted_prompts
from mundap.training.llm.reward_model import load_classifier, load_reward, train_reward
from mundap.training.llm.reward_report import rewards_csv, rewards_page
from mundap.training.llm.rewards import RULE, Reward, Rule, rules, support, tone
from mundap.workflows import runs
from mundap.workflows.train.language_model import TRANSFORMERS, absolute
from mundap.workflows.train.result import TrainResult
from mundap.workflows.train.run import ReportTo, Run, Stages, begin, better, silent, utc_now
from mundap.workspace import Mundap

_CHANCE = "정확도가 무작위보다 유의하게 높지 않습니다."


def reward(
    bot: Mundap,
    data: str | Path,
    *,
    config: RewardConfig = RewardConfig(),
    out: str = "reward",
    progress: Stages = silent,
    resume: bool = False,
    report_to: ReportTo = "auto",
    on_log: Watch = unheard,
) -> TrainResult | None:
    """A model that gives an answer a number, from pairs of a better and a worse answer.

    `data` is a file of rankings or preferences. None in every process of torchrun but the first. Raises MundapError.
    """
    config = replace(config, base=absolute(config.base) or GEMMA)
    run = begin(bot, "reward", out, data, config)
    parts = parted(read_preferences(run.file), config.seed)
    trained = train_reward(
        parts,
        config,
        load_classifier(config.base, bot.components.models, config.seed),
        run.work,
        resume=resume,
        watch=run.watch(report_to, on_log),
        progress=progress("학습"),
    )
    if trained is None:
        return None
    told = "적용을 권장합니다." if better(trained) else f"적용을 권장하지 않습니다: {_CHANCE}"
    return run.result(
        _about(run, trained, config.base),
        data_of(run.file),
        use=run.name,
        comparisons={"정확도(선호 답변에 더 높은 점수를 준 비율)": Comparisons({"accuracy": trained.report.accuracy})},
        summary=f"{_pairs(parts)}\n점수 차이(마진): {trained.report.margin}",
        advice=f"{told}\n다음 단계: mundap train ppo --data 질문.json --reward {run.name} --out 이름",
    )


def dpo(
    bot: Mundap,
    data: str | Path,
    *,
    config: DPOConfig = DPOConfig(),
    out: str = "dpo",
    progress: Stages = silent,
    resume: bool = False,
    report_to: ReportTo = "auto",
    on_log: Watch = unheard,
) -> TrainResult | None:
    """A language model that prefers the better of two answers.

    `data` is a file of rankings or preferences. None in every process of torchrun but the first. Raises MundapError.
    """
    start, base = _start(bot, config.base, config.adapter)
    config = replace(config, base=base)
    run = begin(bot, "dpo", out, data, config)
    parts = parted(read_preferences(run.file), config.seed)
    loaded = load_causal(base, bot.components.models, adapter=start, trainable=start is not None)
    trained = train_dpo(
        parts,
        config,
        loaded,
        ends(*loaded),
        run.work,
        resume=resume,
        watch=run.watch(report_to, on_log),
        progress=progress("학습"),
    )
    if trained is None:
        return None
    report = trained.report
    return run.result(
        _about(run, trained, base, config.adapter),
        data_of(run.file),
        use=f"{TRANSFORMERS}{run.name}",
        comparisons={"선호 답변의 확률이 더 높은 비율": Comparisons({"likelier": report.likelier})},
        summary=f"{_pairs(parts)}\n마진(β × 기준 모델 대비 로그 확률 차이): {report.margin}\n"
        f"정확도(마진이 양수인 비율): {report.accuracy}",
        advice=_advice(run.name, better(trained), _CHANCE),
    )


def ppo(
    bot: Mundap,
    data: str | Path,
    *,
    config: PPOConfig = PPOConfig(),
    out: str = "ppo",
    progress: Stages = silent,
    resume: bool = False,
    report_to: ReportTo = "auto",
    on_log: Watch = unheard,
) -> TrainResult | None:
    """A language model whose answers earn more of a reward; a run has the answers before and after.

    `data` is a file of questions. None in every process of torchrun but the first. Raises MundapError.
    """
    start, base = _start(bot, config.base, config.adapter)
    called, worth, voice = _reward(bot, config.reward, config.persona)
    config = replace(config, base=base, reward=called, persona=voice)
    run = begin(bot, "ppo", out, data, config)
    prompts, held = parted_prompts(read_prompts(run.file), config.held, config.seed)
    trained = train_ppo(
        prompts,
        held,
        config,
        worth,
        load_policy(config, bot.components.models, start),
        run.work,
        resume=resume,
        watch=run.watch(report_to, on_log),
        progress=progress("학습"),
    )
    if trained is None:
        return None
    report = trained.report
    kept = runs.keep(bot, "ppo", report.to_json(), rewards_page(report, run.name, utc_now()))
    write_atomically(kept / "rewards.csv", rewards_csv(report))
    return run.result(
        _about(run, trained, base, config.adapter),
        data_of(run.file),
        use=f"{TRANSFORMERS}{run.name}",
        comparisons={f"보상: {called}": Comparisons({"reward": report.reward})},
        summary=f"학습 질문 {report.prompts}개, 평가 질문 {len(report.rows)}개, 보상이 오른 질문 {report.up:.1%}\n"
        f"기준 모델과의 KL 발산: 답변당 {report.kl} nat",
        advice=f"답변과 보상 표: {kept / 'rewards.csv'}, {kept / 'report.html'}\n"
        + _advice(run.name, better(trained), "평가 질문에서 보상이 유의하게 오르지 않았습니다."),
        also={"run": str(kept)},
    )


def _start(bot: Mundap, base: str, adapter: str) -> tuple[Path | None, str]:
    """The adapter that is learned on, if one is, and the base. Raises MundapError."""
    if not adapter:
        return None, absolute(base) or GEMMA
    folder = bot.components.models / plain_name(adapter)
    start = kept_adapter(folder)
    if (folder / MODEL).is_dir():
        raise MundapError(
            f"'{adapter}'은(는) 전체 가중치를 학습한 모델입니다. 대신 --base {folder / MODEL}을(를) 지정하세요."
        )
    if start is None:
        there = ", ".join(sorted(path.parent.name for path in bot.components.models.glob("[!.]*/adapter"))) or "없음"
        raise MundapError(
            f"'{adapter}': 어댑터가 없는 모델입니다. 어댑터가 있는 모델: {there}. 어댑터를 만들려면: mundap train sft"
        )
    known: str = json.loads((folder / CARD).read_text("utf-8"))["base"]
    if base and absolute(base) != absolute(known):
        raise MundapError(
            f"'{adapter}'은(는) 베이스 모델 {known}의 어댑터입니다. --base를 생략하거나 같은 모델을 지정하세요."
        )
    return start, known


def _reward(bot: Mundap, named: str, persona: str | None) -> tuple[str, Reward, str]:
    """The reward's name in full, itself, and the persona that it listens for."""
    if named != RULE and not named.startswith(f"{RULE}:"):
        name = plain_name(named)
        return name, load_reward(bot.components.models / name, bot.components.models), ""
    voice = bot.components.persona(persona)
    if voice is None and "tone" in named:
        raise MundapError(f"{named}: 말투 보상에는 페르소나가 필요합니다. --persona 이름을 지정하세요.")
    more: dict[str, Rule] = {"support": support(_held(bot))}
    if voice is not None:
        more["tone"] = tone(voice)
    called, worth = rules(named, more)
    return called, worth, voice.name if voice else ""


def _held(bot: Mundap) -> Callable[[str, str], float]:
    """How much of a response the passages say that are found for the question."""

    @lru_cache(maxsize=4096)
    def found(question: str) -> str:
        return "\n".join(hit.passage.worded for hit in bot.find(question))

    return lambda question, response: bot.components.reader.shares(response, [found(question)])[0]


def _about(run: Run, trained: Trained[Report], base: str, adapter: str = "") -> Trained[Report]:
    """With what a card says of an adapter."""
    about = {"base": base, "adapter": adapter, "training": run.config.to_card(), **trained.model}
    return Trained(trained.save, about, trained.report)


def _pairs(parts: Parts) -> str:
    questions = len(set(parts.groups))
    return f"학습 쌍 {len(parts.train)}개, 평가 쌍 {len(parts.held)}개(질문 {questions}개)"


def _advice(name: str, recommended: bool, otherwise: str) -> str:
    told = "적용을 권장합니다." if recommended else f"적용을 권장하지 않습니다: {otherwise}"
    return f"{told}\n적용하려면: mundap promote {name}"
