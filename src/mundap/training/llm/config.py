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
        help="베이스 언어 모델: 허브 모델 이름, 폴더, GGUF 파일, gemma3-270m(인터넷 없이 사용) (기본값: gemma3-270m, --adapter가 있으면 그 베이스 모델)",
        quiet=True,
    ),
]
Adapter = Annotated[
    str,
    Option(help="이어서 학습할 모델 이름(mundap train sft로 만든 모델). 이 모델이 기준 모델이 됩니다", quiet=True),
]
Prompt = Annotated[str, Option("--prompt", help="프롬프트 템플릿. {question} 자리 표시자가 있어야 합니다", quiet=True)]
Seed = Annotated[int, Option(help="데이터 분할과 학습에 쓰는 난수 시드")]


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
    "original" has the values of the systems that asked for these, "laptop" those of
    docs/experiments/2026-11-26-model-that-answers-from-passages.md.
    """

    base: Annotated[
        str,
        Option(
            help="베이스 모델: 허브 모델 이름, 폴더, GGUF 파일. gemma3-270m은 인터넷 없이 사용할 수 있습니다(추가 패키지 gemma)"
        ),
    ] = _GEMMA
    method: Annotated[
        Literal["lora", "qlora", "full"],
        Option(help="lora: 저랭크 어댑터만 학습, qlora: 4비트 양자화 모델에 LoRA 학습, full: 전체 가중치 학습"),
    ] = "lora"
    epochs: Annotated[float, Option(help="에포크 수", min=0, presets={"laptop": 1.0, "original": 20.0})] = 1.0
    batch: Annotated[int, Option(help="프로세스당 배치 크기(예제 수)", min=1, presets={"original": 8})] = 2
    accumulate: Annotated[int, Option(help="그래디언트 누적 스텝 수", min=1, presets={"original": 16})] = 2
    lr: Annotated[float, Option(help="학습률", min=0, presets={"original": 3e-5})] = 2e-4
    max_tokens: Annotated[
        int, Option(help="최대 토큰 수. 이보다 긴 예제는 자르지 않고 제외합니다", min=16, presets={"original": 2048})
    ] = 1024
    r: Annotated[int, Option("--lora-r", help="LoRA 랭크(r)", min=1, presets={"original": 32})] = 8
    alpha: Annotated[int, Option("--lora-alpha", help="LoRA 스케일(alpha)", min=1, presets={"original": 64})] = 16
    lora_sweep: Annotated[
        str, Option(help="비교할 LoRA 랭크 목록. 예: 4,8,16. 검증 손실이 가장 낮은 모델을 저장합니다", quiet=True)
    ] = ""
    dropout: Annotated[float, Option("", presets={"original": 0.05})] = 0.0
    template: Annotated[
        str,
        Option(
            help="프롬프트 템플릿: alpaca, kullm 또는 템플릿 파일(.json). 답변할 때도 generate.template에 같은 값을 지정하세요 (기본값: 모델의 템플릿)",
            quiet=True,
        ),
    ] = ""
    passages: Annotated[
        int,
        Option(help="질문과 함께 입력할 제시문 수(정답 제시문 하나와 유사한 제시문)", min=1, presets={"original": 3}),
    ] = 1
    distractors: Annotated[
        float,
        Option(
            help="정답 제시문 없이 학습할 질문의 비율. 이때는 답변 보류 문구를 학습합니다", min=0, max=0.9, quiet=True
        ),
    ] = 0.2
    filter: Annotated[
        Literal["none", "good", "compare"],
        Option(
            help="good: 반복되거나 너무 짧은 답변, 제시문에 없는 내용의 답변을 제외하고 학습합니다. compare: 전체로 학습한 모델과 비교합니다"
        ),
    ] = "none"
    every: Annotated[
        int, Option(help="검증하고 체크포인트를 저장할 스텝 간격. 0: 전체 학습 중 네 번", min=0, quiet=True)
    ] = 0
    watched: Annotated[int, Option("", presets={"original": 200})] = 24
    measured: Annotated[int, Option(help="학습 전후를 비교할 평가 질문 수", min=1, presets={"original": 200})] = 40
    answer_tokens: Annotated[int, Option("", presets={"original": 512})] = 160
    warmup: float = 0.05
    clip: float = 1.0
    precision: Annotated[Literal["fp32", "bf16"], Option(help="연산 정밀도. bf16: 혼합 정밀도")] = "fp32"
    seed: Seed = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        _ = self.ranks

    @property
    def ranks(self) -> tuple[int, ...]:
        """Those to compare; none without a sweep. Raises BadOption."""
        parts = [part.strip() for part in self.lora_sweep.split(",") if part.strip()]
        if not all(part.isdecimal() and int(part) for part in parts):
            raise BadOption("--lora-sweep", self.lora_sweep, "1 이상의 정수를 쉼표로 구분해 지정하세요. 예: 4,8,16")
        return tuple(map(int, parts))


@dataclass(frozen=True)
class RewardConfig(Options):
    """How a reward model is trained. `base` is "" for the packaged model. `batch` is for each process; an answer with its
    question is read to `most` tokens; every `every` steps there is a checkpoint.
    """

    base: Base = ""
    epochs: Annotated[int, Option(help="에포크 수", min=1, presets={"laptop": 1, "original": 1})] = 1
    batch: Annotated[int, Option(help="프로세스당 배치 크기(선호 쌍 수)", min=1, presets={"original": 4})] = 8
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
    epochs: Annotated[int, Option(help="에포크 수", min=1, presets={"laptop": 1, "original": 3})] = 1
    batch: Annotated[int, Option(help="프로세스당 배치 크기(선호 쌍 수)", min=1, quiet=True)] = 8
    lr: Annotated[float, Option(help="학습률", min=0, presets={"original": 5e-6})] = 5e-5
    beta: Annotated[float, Option(help="KL 규제 강도(클수록 기준 모델에서 덜 벗어남)", min=0, quiet=True)] = 0.1
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
            help="보상: mundap train reward로 만든 모델 이름 또는 rule(길이, 문장 완결, 반복, 페르소나가 있으면 말투)."
            " 일부만 사용하려면 rule:length,ending,variety,tone,support"
        ),
    ] = "rule"
    persona: Annotated[str | None, Option(help="말투 보상에 쓸 페르소나 (기본값: mundap.toml의 페르소나)")] = None
    algorithm: Annotated[
        Literal["ppo", "rloo"], Option(help="ppo: 가치 함수와 GAE 사용, rloo: 같은 질문의 다른 답변을 기준선으로 사용")
    ] = "ppo"
    steps: Annotated[int, Option(help="학습 스텝 수", min=1, presets={"laptop": 40, "original": 400})] = 40
    batch: Annotated[int, Option(help="프로세스당 배치 크기(생성할 답변 수)", min=2, presets={"original": 64})] = 16
    minibatch: Annotated[int, Option("", presets={"original": 16})] = 8
    epochs: Annotated[int, Option("", presets={"original": 4})] = 2
    samples: int = 4
    most_in: Annotated[int, Option("", presets={"original": 512})] = 96
    most_out: Annotated[int, Option("--max-new", help="답변의 최대 토큰 수", min=1, presets={"original": 256})] = 48
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
