"""Reward, dpo and ppo with a tiny model: learned by heart, gone on with after a kill, shared by two processes, kept."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.invoked import ran
from typer.testing import CliRunner

import mundap as md
from mundap.cli import app
from mundap.errors import MundapError

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # of other people's packages

WHY = "needs torch, transformers, peft and trl: make setup-train"
torch = pytest.importorskip("torch", reason=WHY)
transformers = pytest.importorskip("transformers", reason=WHY)
for package in ("tokenizers", "peft", "trl", "datasets"):
    pytest.importorskip(package, reason=WHY)
torch.set_num_threads(1)

GOOD, BAD = "담배는 200개비까지 면세입니다.", "이사화물은 신고"
PAIRS: list[dict[str, Any]] = [
    {"prompt": f"담배를 {n}갑 들여오면?", "completion_0": BAD, "completion_1": GOOD, "ranking": [1, 0]}
    for n in range(20)
]
TEMPLATE = "질문: {question}\n답변: "


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama of two layers that gives the better answer to one question in three, and the worse to the others."""
    import tokenizers as kinds

    from mundap.training.llm.policy import Wording

    folder = tmp_path_factory.mktemp("base") / "tiny"
    made = kinds.Tokenizer(kinds.models.BPE(unk_token="<unk>"))
    made.pre_tokenizer, made.decoder = kinds.pre_tokenizers.Metaspace(), kinds.decoders.Metaspace()
    texts = [GOOD, BAD, TEMPLATE, "담배를 1 2 3 4 5 6 7 8 9 0갑 들여오면?"] * 3
    marks = ["<unk>", "<pad>", "</s>"]
    made.train_from_iterator(
        texts, kinds.trainers.BpeTrainer(vocab_size=120, special_tokens=marks, show_progress=False)
    )
    words = transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, unk_token="<unk>", pad_token="<pad>", eos_token="</s>"
    )
    words.save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=len(words), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=2, max_position_embeddings=256, pad_token_id=1, eos_token_id=2, bos_token_id=None,
    )  # fmt: skip
    model = transformers.LlamaForCausalLM(config)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    wording = Wording(words, (2,), TEMPLATE, 64, 64)
    said = [wording.prompt(pair["prompt"]) + wording.response(text) for pair in PAIRS for text in (GOOD, BAD, BAD)]
    tokens = torch.nn.utils.rnn.pad_sequence([torch.tensor(row) for row in said], batch_first=True, padding_value=1)
    for _ in range(40):
        optimizer.zero_grad()
        model(input_ids=tokens, labels=tokens.masked_fill(tokens == 1, -100)).loss.backward()
        optimizer.step()
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace without documents."""
    root = tmp_path_factory.mktemp("align") / "ws"
    root.mkdir()
    (root / "mundap.toml").write_text('[index]\nencoder = "hashed"\n', "utf-8")
    (root / "ranking.json").write_text(json.dumps(PAIRS, ensure_ascii=False), "utf-8")
    prompts = [{"prompt": f"담배를 {n}갑 들여오면?"} for n in range(150)]
    (root / "prompts.json").write_text(json.dumps(prompts, ensure_ascii=False), "utf-8")
    return root


def run(*arguments: object, workspace: Path) -> dict[str, Any]:
    """What a command that succeeds prints as JSON."""
    made: dict[str, Any] = json.loads(ran(*arguments, "--json", workspace=workspace))
    return made


@pytest.fixture(scope="module")
def rewarded(base: Path, bot: Path) -> dict[str, Any]:
    options = ("--base", base, "--epochs", 8, "--lr", 1e-2, "--report-to", "tensorboard")
    return run("train", "reward", "--data", bot / "ranking.json", "--out", "보상", *options, workspace=bot)


def test_a_reward_model_finds_the_better_answer_to_new_questions(bot: Path, rewarded: dict[str, Any]) -> None:
    from mundap.training.llm.reward_model import load_reward

    assert rewarded["accuracy"]["after"]["mean"] == 1.0
    assert rewarded["held_out_questions"] == 2
    folder = Path(rewarded["folder"])
    card = json.loads((folder / "card.json").read_text("utf-8"))
    assert card["kind"] == "reward"
    assert card["command"].startswith("mundap train reward --data")
    assert "--preset laptop --base" in card["command"]
    assert card["training"]["epochs"] == 8
    assert card["trainable"] < card["parameters"]
    split = json.loads((folder / "split.json").read_text("utf-8"))
    assert len(split["held_out"]) == 2
    reward = load_reward(folder, bot / ".mundap" / "models")
    good, bad = reward(["담배를 50갑 들여오면?"] * 2, [GOOD, BAD])
    assert good > 0.5 > -0.5 > bad
    assert list((bot / ".mundap" / "runs" / "train-reward-보상").glob("events.*"))
    assert not (bot / ".mundap" / "training" / "보상").exists()


def test_dpo_moves_towards_the_better_answer_and_goes_on_from_an_adapter(base: Path, bot: Path) -> None:
    data = ("--data", bot / "ranking.json", "--prompt", TEMPLATE)
    report = run("train", "dpo", *data, "--out", "선호", "--base", base, "--epochs", 8, "--lr", 3e-3, workspace=bot)
    assert report["accuracy"]["mean"] == 1.0
    assert report["margin"]["ci95"][0] > 1
    assert report["likelier"]["after"]["mean"] == 1.0
    again = run("train", "dpo", *data, "--out", "더", "--adapter", "선호", "--epochs", 1, "--lr", 3e-3, workspace=bot)
    assert again["likelier"]["before"]["mean"] == 1.0  # as the adapter left it
    assert abs(again["margin"]["mean"]) < report["margin"]["mean"] / 2  # from the adapter, not from the base
    assert json.loads((Path(again["folder"]) / "card.json").read_text("utf-8"))["base"] == str(base)


@pytest.mark.parametrize("algorithm", ["ppo", "rloo"])
def test_rewards_rise_on_held_out_prompts_and_the_table_says_so(
    base: Path, bot: Path, rewarded: dict[str, Any], algorithm: str
) -> None:
    report = run(
        "train", "ppo", "--data", bot / "prompts.json", "--out", algorithm, "--algorithm", algorithm, "--reward", "보상",
        "--base", base, "--steps", 20, "--batch", 32, "--lr", 1.5e-3, "--max-new", 24, "--prompt", TEMPLATE,
        "--report-to", "tensorboard", workspace=bot,
    )  # fmt: skip
    earned = report["reward"]
    assert earned["difference"]["verdict"] == "better"
    assert earned["difference"]["ci95"][0] > 0
    assert report["recommended"]
    assert report["kl"]["mean"] > 0.2
    assert [point["step"] for point in report["steps"]] == list(range(1, 21))
    with (Path(report["run"]) / "rewards.csv").open(encoding="utf-8-sig", newline="") as file:
        table = list(csv.DictReader(file))
    assert len(table) == report["held_out"] + 2
    assert float(table[-2]["rewards (after)"]) == pytest.approx(earned["after"]["mean"], abs=1e-3)
    assert "보상 기반 강화 학습" in (Path(report["run"]) / "report.html").read_text("utf-8")
    assert list((bot / ".mundap" / "runs" / f"train-ppo-{algorithm}").glob("events.*"))
    assert (Path(report["folder"]) / "adapter" / "adapter_model.safetensors").is_file()


def test_python_trains_as_the_command_does(base: Path, bot: Path) -> None:
    points: list[int] = []
    made = md.train.reward(
        md.Mundap.open(bot),
        bot / "ranking.json",
        config=md.train.RewardConfig(str(base), epochs=8, lr=1e-2),
        out="파이썬",
        report_to="none",
        on_log=lambda step, figures: points.append(step),
    )
    assert made is not None
    assert (made.kind, made.verdict, made.use) == ("reward", "better", "파이썬")
    report: Any = made.report
    assert report.accuracy.after.mean == 1.0
    assert points == sorted(points) != []
    assert "accuracy" in str(made)
    assert "<table>" in made._repr_html_()


def test_what_answers_is_promoted_and_a_reward_is_not(
    base: Path, bot: Path, rewarded: dict[str, Any], tmp_path: Path
) -> None:
    root = shutil.copytree(bot, tmp_path / "ws")
    data = ("--data", bot / "ranking.json", "--base", base, "--epochs", 2, "--lr", 3e-3)
    run("train", "dpo", *data, "--out", "나은", workspace=root)
    merged = Path(run("export", "merged", "나은", workspace=root)["folder"])
    assert transformers.AutoModelForCausalLM.from_pretrained(merged).config.model_type == "llama"
    assert run("promote", "나은", "--force", workspace=root)["set"] == {"generate.generator": "transformers:model:나은"}
    done = CliRunner().invoke(app, ["promote", "보상", "--workspace", str(root)])
    assert "--reward 보상" in str(done.exception)


def test_what_cannot_be_is_said(base: Path, bot: Path) -> None:
    def said(*arguments: object) -> str:
        done = CliRunner().invoke(app, ["train", *map(str, arguments), "--workspace", str(bot)])
        assert isinstance(done.exception, MundapError), done.exception
        return str(done.exception)

    ppo = ("ppo", "--data", bot / "prompts.json", "--out", "x")
    assert "보상 모델이 아닙니다" in said(*ppo, "--base", base, "--reward", "없음")
    assert "length" in said(*ppo, "--base", base, "--reward", "rule:없음")
    assert "--persona" in said(*ppo, "--base", base, "--reward", "rule:tone")
    assert "어댑터가 없는 모델입니다" in said(*ppo, "--adapter", "없음")
    assert "{question}" in said(*ppo, "--base", base, "--prompt", "질문")
    assert "배수여야" in said(*ppo, "--base", base, "--algorithm", "rloo", "--batch", 6)
    assert "없는/모델" in said("dpo", "--data", bot / "ranking.json", "--out", "x", "--base", "없는/모델")
    assert "prompts.json" in said("reward", "--data", bot / "prompts.json", "--out", "x", "--base", base)


def test_tokens_are_as_likely_in_a_batch_as_alone_and_first_as_likely_as_by_the_reference(
    base: Path, tmp_path: Path
) -> None:
    from mundap.training.llm.config import PPOConfig
    from mundap.training.llm.ppo import load_policy

    policy = load_policy(PPOConfig(str(base), template=TEMPLATE, most_in=24, most_out=16), tmp_path, None)
    wording = policy.wording
    asked = ["담배를 3갑 들여오면?", "담배?", "담배를 들여오면? " * 20]
    prompts = [wording.prompt(question) for question in asked]
    assert len(prompts[1]) < len(prompts[0]) < len(prompts[2]) == 24
    for prompt in prompts:  # a long question is cut, and what stands around it is not
        assert wording.text(prompt).startswith("질문:")
        assert wording.text(prompt).endswith("답변:")
    responses = [wording.response(text) for text in (GOOD, BAD, GOOD * 9)]
    assert [row[-1] in wording.ends for row in responses] == [len(row) < 16 for row in responses]
    policy.model.eval()
    with torch.no_grad():
        together, _, mask = policy.judged(prompts, responses)
        alone = [policy.judged([p], [r])[0][0] for p, r in zip(prompts, responses, strict=True)]
        with policy.reference():
            reference, _, _ = policy.judged(prompts, responses)
    assert mask.sum(1).tolist() == [len(row) for row in responses]
    for row, single in zip(together, alone, strict=True):
        torch.testing.assert_close(row[: len(single)], single, atol=1e-3, rtol=1e-3)
        assert not row[len(single) :].any()
    assert torch.equal(together, reference)


Train = Callable[[Path, bool, Callable[[int, int], None]], Any]


def trainers(base: Path) -> dict[str, Train]:
    """Each trains afresh in a folder, and gives all weights that it learned."""
    from mundap.generate.causal import ends, load_causal
    from mundap.training.llm import dpo, ppo, reward_model
    from mundap.training.llm.config import DPOConfig, PPOConfig, RewardConfig
    from mundap.training.llm.data import Preference
    from mundap.training.llm.preferences import parted

    models = base.parent / "ws" / "models"
    parts = parted([Preference(pair["prompt"], GOOD, BAD) for pair in PAIRS], 0)
    prompts = [pair["prompt"] for pair in PAIRS]

    def weights(model: Any) -> dict[str, Any]:
        return {name: p.detach().clone() for name, p in model.named_parameters() if p.requires_grad}

    kept: dict[str, Any] = {}

    def by_reward(work: Path, resume: bool, progress: Callable[[int, int], None]) -> Any:
        config = RewardConfig(str(base), epochs=2, batch=6, lr=1e-2, every=2, dropout=0.1)
        made = reward_model.train_reward(
            parts, config, reward_model.load_classifier(str(base), models), work, resume=resume, progress=progress
        )
        return made and saved(made)

    def by_dpo(work: Path, resume: bool, progress: Callable[[int, int], None]) -> Any:
        config = DPOConfig(str(base), epochs=2, batch=6, lr=1e-2, every=2, template=TEMPLATE)
        loaded = load_causal(str(base), models)
        made = dpo.train_dpo(parts, config, loaded, ends(*loaded), work, resume=resume, progress=progress)
        return made and saved(made)

    def by_ppo(work: Path, resume: bool, progress: Callable[[int, int], None]) -> Any:
        config = PPOConfig(
            str(base), steps=6, batch=4, minibatch=2, lr=1e-2, most_out=8, template=TEMPLATE, every=2, dropout=0.1
        )
        policy = ppo.load_policy(config, models, None)
        made = ppo.train_ppo(
            prompts, prompts[:4], config, lambda asked, said: [float(len(text)) for text in said], policy, work,
            resume=resume, progress=progress,
        )  # fmt: skip
        kept["ppo"] = weights(policy.model)
        return (kept["ppo"], made.report) if made else None

    def saved(made: Any) -> Any:
        from safetensors.torch import load_file

        folder = base.parent / "saved"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        made.save(folder)
        return load_file(folder / "adapter" / "adapter_model.safetensors"), replace(made.report, curve=())

    return {"reward": by_reward, "dpo": by_dpo, "ppo": by_ppo}


@pytest.mark.parametrize("kind", ["reward", "dpo", "ppo"])
def test_a_killed_training_ends_as_if_it_had_not_been(base: Path, tmp_path: Path, kind: str) -> None:
    train = trainers(base)[kind]
    whole, report = train(tmp_path / "whole", False, lambda done, total: None)
    killed = os.fork()  # torch and peft are there already
    if not killed:
        train(tmp_path / "cut", False, lambda done, total: os.kill(os.getpid(), signal.SIGKILL) if done == 5 else None)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(killed, 0)[1]) == -signal.SIGKILL
    with pytest.raises(MundapError, match="--resume"):
        train(tmp_path / "cut", False, lambda done, total: None)
    newest = max((tmp_path / "cut").glob("checkpoint-*"))
    if newest.is_dir():  # one that the kill cut off
        cut = tmp_path / "cut" / "checkpoint-99"
        shutil.copytree(newest, cut)
        (cut / "trainer_state.json").unlink()
    else:
        (tmp_path / "cut" / "checkpoint-00000099.pt").write_bytes(newest.read_bytes()[:1000])
    steps: list[int] = []
    resumed, again = train(tmp_path / "cut", True, lambda done, total: steps.append(done))
    assert steps == [5, 6]
    assert resumed.keys() == whole.keys()
    for name, value in whole.items():
        assert torch.equal(resumed[name], value), name
    assert again == report


TOGETHER = """
import os, sys, torch
from pathlib import Path
sys.path.insert(0, sys.argv[1])
torch.set_num_threads(1)
from test_align import trainers
rank = int(os.environ["RANK"])
root = Path(sys.argv[3])
for kind, train in trainers(Path(sys.argv[2])).items():
    made = train(root / kind, False, lambda done, total: None)
    assert (made is None) is (rank > 0), kind
    if made:
        print(kind, "done", flush=True)
policy = train.__closure__
kept = next(cell.cell_contents for cell in policy if isinstance(cell.cell_contents, dict))["ppo"]
mine = torch.cat([value.flatten() for value in kept.values()])
both = [torch.empty_like(mine) for _ in range(2)]
torch.distributed.all_gather(both, mine)
assert torch.equal(*both)
print("same", flush=True)
"""


def test_two_processes_learn_one_model(base: Path, tmp_path: Path) -> None:
    script = tmp_path / "work.py"
    script.write_text(TOGETHER, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(script),
         str(Path(__file__).parent), str(base), str(tmp_path)],
        capture_output=True, text=True, timeout=300, env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    for line in ("reward done", "dpo done", "ppo done", "same"):
        assert line in done.stdout
