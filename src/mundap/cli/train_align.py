"""mundap train reward, dpo and ppo: a language model that answers as people prefer."""

from __future__ import annotations

import json as jsons
import shutil
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace, open_workspace
from mundap.cli.train_options import Epochs, Lr, Out, Preset, PresetOption, Report, ReportTo, Resume, Seed
from mundap.cli.training import curves, emit_kept, filled, keep_trained, logs_of, options_of, work_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mundap.training.llm.rewards import Reward, Rule
    from mundap.workspace import Mundap


TRANSFORMERS = "transformers:model:"  # before the name of a model that answers


class Algorithm(StrEnum):
    """How rewards teach."""

    ppo = "ppo"
    rloo = "rloo"


Pairs = Annotated[
    Path,
    typer.Option(
        help="순위 JSON(prompt, completion_0…, ranking)이나 선호 JSONL(prompt, chosen, rejected)", show_default=False
    ),
]
Base = Annotated[
    str | None,
    typer.Option(
        help="베이스 언어 모델: 허브 모델 이름, 폴더, GGUF 파일, gemma3-270m(인터넷 없이 사용) (기본값: gemma3-270m, --adapter가 있으면 그 베이스 모델)",
        show_default=False,
    ),
]
Adapter = Annotated[
    str,
    typer.Option(
        help="이어서 학습할 모델 이름(mundap train sft로 만든 모델). 이 모델이 기준 모델이 됩니다", show_default=False
    ),
]
Batch = Annotated[int | None, typer.Option(min=1, help="프로세스당 배치 크기(선호 쌍 수)", show_default=False)]
Prompt = Annotated[
    str | None, typer.Option(help="프롬프트 템플릿. {question} 자리 표시자가 있어야 합니다", show_default=False)
]


def reward(
    data: Pairs,
    out: Out,
    base: Base = None,
    preset: PresetOption = Preset.laptop,
    epochs: Epochs = None,
    batch: Batch = None,
    lr: Lr = None,
    resume: Resume = False,
    report_to: Report = ReportTo.auto,
    seed: Seed = 0,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """답변에 점수를 매기는 보상 모델을 선호 쌍으로 학습합니다. 학습에 쓰지 않은 선호 쌍에서 정확도를 평가합니다."""
    from mundap.generate.causal import GEMMA
    from mundap.training.common.registry import free_name
    from mundap.training.llm.data import read_preferences
    from mundap.training.llm.preferences import parted
    from mundap.training.llm.reward_model import PRESETS, Recipe, load_classifier, train_reward, worth_it

    bot = open_workspace(workspace)
    name = free_name(bot.models, out, "reward")
    parts = parted(read_preferences(data), seed)
    recipe = Recipe(base or GEMMA, seed=seed, **filled(PRESETS[preset.value], epochs=epochs, batch=batch, lr=lr))
    work = work_of(bot, name)
    with show.bar("학습") as progress:
        trained = train_reward(
            parts, recipe, load_classifier(recipe.base, bot.models, seed), work,
            again=resume, watch=curves(report_to, logs_of(bot, "reward", name), name), progress=progress,
        )  # fmt: skip
    if trained is None:  # another process of torchrun keeps the model
        return
    better = worth_it(trained.report)
    folder = _keep(
        bot, "reward", name, data, preset, asdict(recipe), trained.model, trained.report, better, trained.save
    )
    shutil.rmtree(work)
    if json:
        emit_kept(trained.report, trained.model, folder, name, better)
        return
    _print_pairs(trained.report)
    accuracy = trained.report["accuracy"]
    print(f"정확도(선호 답변에 더 높은 점수를 준 비율): {_figure(accuracy['before'])} → {_figure(accuracy['after'])}")
    print(f"점수 차이(마진): {_figure(trained.report['margin'])}")
    print(f"\n모델: {folder}")
    print("적용을 권장합니다." if better else "적용을 권장하지 않습니다: 정확도가 무작위보다 유의하게 높지 않습니다.")
    print(f"다음 단계: mundap train ppo --data 질문.json --reward {name} --out 이름")


def dpo(
    data: Pairs,
    out: Out,
    base: Base = None,
    adapter: Adapter = "",
    preset: PresetOption = Preset.laptop,
    epochs: Epochs = None,
    batch: Batch = None,
    lr: Lr = None,
    beta: Annotated[
        float | None, typer.Option(min=0, help="KL 규제 강도(클수록 기준 모델에서 덜 벗어남)", show_default=False)
    ] = None,
    prompt: Prompt = None,
    resume: Resume = False,
    report_to: Report = ReportTo.auto,
    seed: Seed = 0,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """선호 쌍으로 직접 학습합니다(DPO). 어댑터(LoRA)만 학습하고, 학습에 쓰지 않은 선호 쌍에서 마진과 정확도를 평가합니다."""
    from mundap.generate.causal import ends, load_causal
    from mundap.training.common.registry import free_name
    from mundap.training.llm.data import read_preferences
    from mundap.training.llm.dpo import PRESETS, Recipe, train_dpo, worth_it
    from mundap.training.llm.preferences import parted

    bot = open_workspace(workspace)
    name = free_name(bot.models, out, "dpo")
    parts = parted(read_preferences(data), seed)
    at, known = _start(bot, base, adapter)
    values = filled(PRESETS[preset.value], epochs=epochs, batch=batch, lr=lr, beta=beta, template=prompt)
    recipe = Recipe(known, adapter, seed=seed, **values)
    work = work_of(bot, name)
    with show.bar("학습") as progress:
        loaded = load_causal(recipe.base, bot.models, adapter=at, trainable=at is not None)
        trained = train_dpo(
            parts, recipe, loaded, ends(*loaded), work,
            again=resume, watch=curves(report_to, logs_of(bot, "dpo", name), name), progress=progress,
        )  # fmt: skip
    if trained is None:
        return
    better = worth_it(trained.report)
    folder = _keep(bot, "dpo", name, data, preset, asdict(recipe), trained.model, trained.report, better, trained.save)
    shutil.rmtree(work)
    if json:
        emit_kept(trained.report, trained.model, folder, f"{TRANSFORMERS}{name}", better)
        return
    report = trained.report
    _print_pairs(report)
    print(f"마진(β × 기준 모델 대비 로그 확률 차이): {_figure(report['margin'])}")
    print(f"정확도(마진이 양수인 비율): {_figure(report['accuracy'])}")
    likelier = report["likelier"]
    print(f"선호 답변의 확률이 더 높은 비율: {_figure(likelier['before'])} → {_figure(likelier['after'])}")
    _print_model(folder, better, "정확도가 무작위보다 유의하게 높지 않습니다.")


def ppo(
    data: Annotated[Path, typer.Option(help='질문 파일: [{"prompt"}] JSON이나 {"prompt"} JSONL', show_default=False)],
    out: Out,
    reward: Annotated[
        str,
        typer.Option(
            help="보상: mundap train reward로 만든 모델 이름 또는 rule(길이, 문장 완결, 반복, 페르소나가 있으면 말투)."
            " 일부만 사용하려면 rule:length,ending,variety,tone,support"
        ),
    ] = "rule",
    base: Base = None,
    adapter: Adapter = "",
    algorithm: Annotated[
        Algorithm, typer.Option(help="ppo: 가치 함수와 GAE 사용, rloo: 같은 질문의 다른 답변을 기준선으로 사용")
    ] = Algorithm.ppo,
    preset: PresetOption = Preset.laptop,
    steps: Annotated[int | None, typer.Option(min=1, help="학습 스텝 수", show_default=False)] = None,
    batch: Annotated[
        int | None, typer.Option(min=2, help="프로세스당 배치 크기(생성할 답변 수)", show_default=False)
    ] = None,
    lr: Lr = None,
    max_new: Annotated[int | None, typer.Option(min=1, help="답변의 최대 토큰 수", show_default=False)] = None,
    prompt: Prompt = None,
    persona: Annotated[
        str | None, typer.Option(help="말투 보상에 쓸 페르소나 (기본값: mundap.toml의 페르소나)", show_default=False)
    ] = None,
    resume: Resume = False,
    report_to: Report = ReportTo.auto,
    seed: Seed = 0,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """보상이 높은 답변을 하도록 강화 학습합니다. 어댑터(LoRA)만 학습하고, 평가 질문의 학습 전후 답변과 보상을 표로 저장합니다."""
    import time

    from mundap.cli.runs import write_run
    from mundap.files import write_atomically
    from mundap.training.common.registry import free_name
    from mundap.training.llm.data import read_prompts
    from mundap.training.llm.lora import save_adapter
    from mundap.training.llm.ppo import PRESETS, Recipe, load_policy, train_ppo, worth_it
    from mundap.training.llm.preferences import parted_prompts
    from mundap.training.llm.reward_report import rewards_csv, rewards_page

    bot = open_workspace(workspace)
    name = free_name(bot.models, out, "ppo")
    at, known = _start(bot, base, adapter)
    called, worth, voice = _reward(bot, reward, persona)
    values = filled(PRESETS[preset.value], steps=steps, batch=batch, lr=lr, most_out=max_new, template=prompt)
    recipe = Recipe(known, adapter, called, voice, algorithm.value, seed=seed, **values)
    prompts, held = parted_prompts(read_prompts(data), recipe.held, seed)
    work = work_of(bot, name)
    with show.bar("학습") as progress:
        learned = train_ppo(
            prompts, held, recipe, worth, load_policy(recipe, bot.models, at), work,
            again=resume, watch=curves(report_to, logs_of(bot, "ppo", name), name), progress=progress,
        )  # fmt: skip
    if learned is None:
        return
    report = learned.report
    better = worth_it(report)

    def write(folder: Path) -> None:
        save_adapter(learned.policy.model, learned.policy.wording.words, recipe.base, folder)
        write_atomically(folder / "held_out.json", jsons.dumps(held, ensure_ascii=False))

    folder = _keep(bot, "ppo", name, data, preset, asdict(recipe), learned.model, report, better, write)
    shutil.rmtree(work)
    made = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    run = write_run(bot, "ppo", report, rewards_page(learned.rows, report, name, made))
    write_atomically(run / "rewards.csv", rewards_csv(learned.rows))
    if json:
        shown = {"folder": str(folder), "run": str(run), "use": f"{TRANSFORMERS}{name}", "recommended": better}
        show.emit({**report, **learned.model, **shown})
        return
    earned = report["reward"]
    print(f"학습 질문 {report['prompts']}개, 평가 질문 {report['held_out']}개, 보상: {called}")
    for title, part in (("학습 전", "before"), ("학습 후", "after")):
        print(f"{title}: 평균 {_figure(earned[part])}, 중앙값 {earned[part]['median']:.3f}")
    changed = earned["difference"]
    print(f"차이: {_figure(changed, '+')} (p = {changed['p']:.4f}), 보상이 오른 질문 {report['up']:.1%}")
    print(f"기준 모델과의 KL 발산: 답변당 {_figure(report['kl'])} nat")
    print(f"답변과 보상 표: {run / 'rewards.csv'}, {run / 'report.html'}")
    _print_model(folder, better, "평가 질문에서 보상이 유의하게 오르지 않았습니다.")


def _start(bot: Mundap, base: str | None, adapter: str) -> tuple[Path | None, str]:
    """The adapter that is learned on, if one is, and the base. Raises MundapError."""
    from mundap.errors import MundapError
    from mundap.generate.causal import GEMMA
    from mundap.training.common.registry import CARD, plain_name
    from mundap.training.llm.lora import MODEL, kept_adapter

    if not adapter:
        return None, base or GEMMA
    folder = bot.models / plain_name(adapter)
    at = kept_adapter(folder)
    if (folder / MODEL).is_dir():
        raise MundapError(
            f"'{adapter}'은(는) 전체 가중치를 학습한 모델입니다. 대신 --base {folder / MODEL}을(를) 지정하세요."
        )
    if at is None:
        there = ", ".join(sorted(path.parent.name for path in bot.models.glob("[!.]*/adapter"))) or "없음"
        raise MundapError(
            f"'{adapter}': 어댑터가 없는 모델입니다. 어댑터가 있는 모델: {there}. 어댑터를 만들려면: mundap train sft"
        )
    known = jsons.loads((folder / CARD).read_text("utf-8"))["base"]
    if base is not None and base != known:
        raise MundapError(
            f"'{adapter}'은(는) 베이스 모델 {known}의 어댑터입니다. --base를 생략하거나 같은 모델을 지정하세요."
        )
    return at, known


def _reward(bot: Mundap, named: str, persona: str | None) -> tuple[str, Reward, str]:
    """The reward's name in full, itself, and the persona that it listens for."""
    from mundap.errors import MundapError
    from mundap.training.common.registry import plain_name
    from mundap.training.llm.reward_model import load_reward
    from mundap.training.llm.rewards import RULE, rules, support, tone

    if named != RULE and not named.startswith(f"{RULE}:"):
        name = plain_name(named)
        return name, load_reward(bot.models / name, bot.models), ""
    voice = bot.persona(persona)
    if voice is None and "tone" in named:
        raise MundapError(f"{named}: 말투 보상에는 페르소나가 필요합니다. --persona 이름을 지정하세요.")
    more: dict[str, Rule] = {"support": support(_held(bot))}
    if voice is not None:
        more["tone"] = tone(voice)
    called, worth = rules(named, more)
    return called, worth, voice.name if voice else ""


def _held(bot: Mundap) -> Callable[[str, str], float]:
    """How much of a response the passages say that are found for the question."""
    from functools import lru_cache

    @lru_cache(maxsize=4096)
    def found(question: str) -> str:
        return "\n".join(hit.passage.worded for hit in bot.find(question))

    return lambda question, response: bot.words_held(response, [found(question)])[0]


def _keep(
    bot: Mundap,
    kind: str,
    name: str,
    data: Path,
    preset: Preset,
    recipe: dict[str, Any],
    model: Mapping[str, Any],
    report: dict[str, Any],
    better: bool,
    write: Callable[[Path], None],
) -> Path:
    from mundap.training.common.registry import data_of

    about = {"base": recipe["base"], "adapter": recipe.get("adapter", ""), "training": recipe, **model}
    given = {option: value for option, value in recipe.items() if value != ""}
    options = ("--preset", preset.value, *options_of(_FLAGS[kind], given))
    return keep_trained(bot, kind, name, data, data_of(data), about, report, better, write, options)


_SHARED = {"base": "--base", "batch": "--batch", "lr": "--lr", "seed": "--seed"}
_TALKING = {"adapter": "--adapter", "template": "--prompt"}
_FLAGS = {
    "reward": {**_SHARED, "epochs": "--epochs"},
    "dpo": {**_SHARED, **_TALKING, "epochs": "--epochs", "beta": "--beta"},
    "ppo": {
        **_SHARED, **_TALKING, "reward": "--reward", "persona": "--persona", "algorithm": "--algorithm",
        "steps": "--steps", "most_out": "--max-new",
    },
}  # fmt: skip


def _print_pairs(report: Mapping[str, Any]) -> None:
    print(f"학습 쌍 {report['pairs']}개, 평가 쌍 {report['held_out']}개(질문 {report['held_out_questions']}개)")


def _figure(figure: Mapping[str, Any], sign: str = "") -> str:
    low, high = figure["ci95"]
    return f"{figure['mean']:{sign}.3f} [{low:{sign}.3f}, {high:{sign}.3f}]"


def _print_model(folder: Path, better: bool, otherwise: str) -> None:
    print(f"\n모델: {folder}")
    print("적용을 권장합니다." if better else f"적용을 권장하지 않습니다: {otherwise}")
    print(f"적용하려면: mundap promote {folder.name}")
