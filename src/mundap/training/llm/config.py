"""The options of trainers of language models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from mundap.errors import BadOption
from mundap.options import Option, Options

TEMPLATE = "### 질문: {question}\n\n### 답변: "
_GEMMA = "gemma3-270m"  # `generate.causal.GEMMA`, which a command line would wait for

Base = Annotated[
    str,
    Option(
        help="바탕 언어 모델: 허브의 이름, 폴더, GGUF 파일, gemma3-270m(인터넷 없이) (기본: gemma3-270m, --adapter가 있으면 그 바탕)",
        quiet=True,
    ),
]
Adapter = Annotated[
    str,
    Option(help="이어서 배울 모델의 이름(mundap train sft가 만든 것). 기준도 이 모델입니다", quiet=True),
]
Prompt = Annotated[str, Option("--prompt", help="질문을 넣을 틀. {question} 자리가 있어야 합니다", quiet=True)]
Seed = Annotated[int, Option(help="나누기와 학습의 난수 씨앗")]


@dataclass(frozen=True)
class SFTConfig(Options):
    """How a language model is fine-tuned on examples.

    `batch` is for each process, and a step has `accumulate` of them. Examples of more than `max_tokens` are left out.
    `r` and `alpha` are those of LoRA; the ranks of `lora_sweep` are compared, and the best by the loss is kept.
    `template` names the prompt template, "" for the model's own.
    `passages` are shown with each question; with the share `distractors` of questions none of them is the right one.
    After every `every` steps (0: four times in all) the loss on `watched` examples of the dev part is measured and the
    model kept. `answer_tokens` are written at most for each of `measured` test questions, and half as many without
    their passage. With the `precision` bf16 products are computed in it; a GPU that can always does.
    "original" has the values of the systems that asked for these, "laptop" those of docs/experiments.md, 2026-11-26.
    """

    base: Annotated[
        str, Option(help="바탕 모델: 허브의 이름, 폴더, GGUF 파일. gemma3-270m은 인터넷 없이 됩니다(확장 gemma)")
    ] = _GEMMA
    method: Annotated[
        Literal["lora", "qlora", "full"],
        Option(help="lora: 얹은 행렬만, qlora: 4비트 바탕 위의 lora, full: 모든 가중치"),
    ] = "lora"
    epochs: Annotated[float, Option(help="자료를 몇 번 볼지", min=0, presets={"laptop": 1.0, "original": 20.0})] = 1.0
    batch: Annotated[int, Option(help="프로세스마다 한 번에 볼 예의 수", min=1, presets={"original": 8})] = 2
    accumulate: Annotated[int, Option(help="배치 몇 개를 모아 한 걸음을 뗄지", min=1, presets={"original": 16})] = 2
    lr: Annotated[float, Option(help="학습률", min=0, presets={"original": 3e-5})] = 2e-4
    max_tokens: Annotated[int, Option(help="이보다 긴 예는 자르지 않고 뺍니다", min=16, presets={"original": 2048})] = (
        1024
    )
    r: Annotated[int, Option("--lora-r", help="LoRA의 계수(rank)", min=1, presets={"original": 32})] = 8
    alpha: Annotated[int, Option("--lora-alpha", help="LoRA의 배율", min=1, presets={"original": 64})] = 16
    lora_sweep: Annotated[str, Option(help="견줄 계수들. 예: 4,8,16. 손실이 가장 낮은 것을 둡니다", quiet=True)] = ""
    dropout: Annotated[float, Option("", presets={"original": 0.05})] = 0.0
    template: Annotated[
        str,
        Option(
            help="프롬프트 틀: alpaca, kullm, 또는 틀.json. 쓸 때도 generate.template에 같은 것을 적습니다 (기본: 모델의 것)",
            quiet=True,
        ),
    ] = ""
    passages: Annotated[
        int,
        Option(help="질문과 함께 보일 제시문의 수(맞는 것 하나와 가까운 다른 것)", min=1, presets={"original": 3}),
    ] = 1
    distractors: Annotated[
        float,
        Option(help="맞는 제시문 없이 보일 질문의 비율. 그때는 거절하는 말을 배웁니다", min=0, max=0.9, quiet=True),
    ] = 0.2
    filter: Annotated[
        Literal["none", "good", "compare"],
        Option(
            help="good: 되풀이, 너무 짧은 답, 제시문에 없는 말을 하는 답을 빼고 배웁니다. compare: 다 배운 것과 견줍니다"
        ),
    ] = "none"
    every: Annotated[int, Option(help="몇 단계마다 재고 체크포인트를 둘지. 0: 모두 네 번", min=0, quiet=True)] = 0
    watched: Annotated[int, Option("", presets={"original": 200})] = 24
    measured: Annotated[int, Option(help="앞뒤를 잴 떼어 둔 질문의 수", min=1, presets={"original": 200})] = 40
    answer_tokens: Annotated[int, Option("", presets={"original": 512})] = 160
    warmup: float = 0.05
    clip: float = 1.0
    precision: Annotated[Literal["fp32", "bf16"], Option(help="계산의 정밀도. bf16: 섞은 정밀도")] = "fp32"
    seed: Seed = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        _ = self.ranks

    @property
    def ranks(self) -> tuple[int, ...]:
        """Those to compare; none without a sweep. Raises BadOption."""
        parts = [part.strip() for part in self.lora_sweep.split(",") if part.strip()]
        if not all(part.isdecimal() and int(part) for part in parts):
            raise BadOption("--lora-sweep", self.lora_sweep, "1 이상의 수를 쉼표로 나누어 주세요. 예: 4,8,16")
        return tuple(map(int, parts))


@dataclass(frozen=True)
class RewardConfig(Options):
    """How a reward model is trained. `base` is "" for the packaged model. `batch` is for each process; an answer with its
    question is read to `most` tokens; every `every` steps there is a checkpoint.
    """

    base: Base = ""
    epochs: Annotated[int, Option(help="자료를 몇 번 볼지", min=1, presets={"laptop": 1, "original": 1})] = 1
    batch: Annotated[int, Option(help="프로세스마다 한 번에 볼 짝의 수", min=1, presets={"original": 4})] = 8
    lr: Annotated[float, Option(help="학습률", min=0, presets={"original": 5e-5})] = 3e-4
    most: Annotated[int, Option("", presets={"original": 512})] = 256
    lora_r: Annotated[int, Option("", presets={"original": 8})] = 16
    lora_alpha: int = 32
    dropout: Annotated[float, Option("", presets={"original": 0.05})] = 0.0
    warmup: float = 0.05
    every: int = 50
    seed: Seed = 0


@dataclass(frozen=True)
class DPOConfig(Options):
    """How a language model learns from pairs. `base` is "" for that of the `adapter`, or the packaged model without one.

    `batch` is for each process; `beta` is how dear it is to leave the reference; questions are asked in `template`, with
    `most_in` tokens, and answers read to `most_out`; every `every` steps there is a checkpoint. "original" has the
    adapter of the system that asked for this; rate and beta are those of TRL's recipes for LoRA.
    """

    base: Base = ""
    adapter: Adapter = ""
    epochs: Annotated[int, Option(help="자료를 몇 번 볼지", min=1, presets={"laptop": 1, "original": 3})] = 1
    batch: Annotated[int, Option(help="프로세스마다 한 번에 볼 짝의 수", min=1, quiet=True)] = 8
    lr: Annotated[float, Option(help="학습률", min=0, presets={"original": 5e-6})] = 5e-5
    beta: Annotated[float, Option(help="기준 모델에 붙드는 힘", min=0, quiet=True)] = 0.1
    most_in: Annotated[int, Option("", presets={"original": 512})] = 96
    most_out: Annotated[int, Option("", presets={"original": 512})] = 160
    template: Prompt = TEMPLATE
    lora_r: Annotated[int, Option("", presets={"original": 8})] = 16
    lora_alpha: int = 32
    dropout: Annotated[float, Option("", presets={"original": 0.05})] = 0.0
    warmup: float = 0.05
    every: int = 50
    seed: Seed = 0


@dataclass(frozen=True)
class PPOConfig(Options):
    """How a language model learns from rewards. `base` is "" for that of the `adapter`, or the packaged model without one.

    In each of `steps`, every process samples `batch` responses, with "rloo" `samples` for a prompt, and learns `epochs`
    times from them, `minibatch` at once. `price` is what a nat of KL costs at first; it follows `target` nats a response.
    `worth` is the weight of the loss of values. After every `every` steps there is a checkpoint. `held` prompts are kept
    to measure on. `persona` is whom the rule "tone" listens for, None for the workspace's. "original" has the adapter of the
    system that asked for this; the rest of it is that of Ziegler et al. on a GPU.
    """

    base: Base = ""
    adapter: Adapter = ""
    reward: Annotated[
        str,
        Option(
            help="보상: mundap train reward가 만든 이름, 또는 rule(길이·끝맺음·되풀이, 페르소나가 있으면 말투)."
            " 골라 쓰려면 rule:length,ending,variety,tone,support"
        ),
    ] = "rule"
    persona: Annotated[str | None, Option(help="말투 보상의 페르소나 (기본: mundap.toml의 것)")] = None
    algorithm: Annotated[
        Literal["ppo", "rloo"], Option(help="ppo: 가치 머리와 GAE, rloo: 같은 질문의 다른 답을 기준으로")
    ] = "ppo"
    steps: Annotated[int, Option(help="몇 번 뽑아 배울지", min=1, presets={"laptop": 40, "original": 400})] = 40
    batch: Annotated[int, Option(help="프로세스마다 한 번에 뽑을 답의 수", min=2, presets={"original": 64})] = 16
    minibatch: Annotated[int, Option("", presets={"original": 16})] = 8
    epochs: Annotated[int, Option("", presets={"original": 4})] = 2
    samples: int = 4
    most_in: Annotated[int, Option("", presets={"original": 512})] = 96
    most_out: Annotated[int, Option("--max-new", help="답 하나의 토큰 수", min=1, presets={"original": 256})] = 48
    template: Prompt = TEMPLATE
    temperature: float = 1.0
    lr: Annotated[float, Option(help="학습률", min=0, presets={"original": 1.41e-5})] = 1e-4
    warmup: float = 0.05
    clip: float = 0.2
    value_clip: float = 0.2
    worth: float = 0.1
    gamma: float = 1.0
    lam: float = 0.95
    price: Annotated[float, Option("", presets={"original": 0.15})] = 0.1
    target: float = 6.0
    norm: float = 1.0
    lora_r: Annotated[int, Option("", presets={"original": 8})] = 16
    lora_alpha: int = 32
    dropout: Annotated[float, Option("", presets={"original": 0.05})] = 0.0
    held: Annotated[int, Option("", presets={"original": 100})] = 64
    every: Annotated[int, Option("", presets={"original": 20})] = 5
    seed: Seed = 0
