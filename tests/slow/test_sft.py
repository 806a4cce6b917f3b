"""Language models fine-tuned for real: learned by heart, resumed after a kill, shared by two processes, merged, and
written as GGUF that llama.cpp answers with as the model did."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests import small_models
from tests.invoked import ran

from mundap.errors import MundapError
from mundap.generate.causal import load_causal, load_words
from mundap.generate.gguf import GGUFGenerator, _door
from mundap.generate.language_model import Settings
from mundap.generate.prompt import messages
from mundap.generate.template import read_template, spelled
from mundap.training.common.checkpoints import checkpoints
from mundap.training.common.registry import Trained
from mundap.training.llm.config import SFTConfig
from mundap.training.llm.data import Chat, Completion, Example, Grounded
from mundap.training.llm.gguf_export import export_gguf
from mundap.training.llm.merge import language_model, merge
from mundap.training.llm.sft import SFTReport, train_sft
from mundap.training.llm.sft_loss import trainer_class
from mundap.training.llm.sft_measure import write
from mundap.training.llm.sft_text import IGNORED, ExampleFormatter, checked, passage_of
from mundap.types import Hit

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # of other people's packages

WHY = "needs torch, transformers, peft, trl and datasets: make setup-train"
torch = pytest.importorskip("torch", reason=WHY)
for package in ("transformers", "peft", "trl", "datasets", "gguf"):
    pytest.importorskip(package, reason=WHY)
torch.set_num_threads(1)

REFUSAL = "죄송합니다. 답을 찾지 못했습니다."
THINGS = (
    "이사화물 여행자휴대품 담배 향수 주류 노트북 자동차 한약 카메라 도서 의약품 화장품 신발 시계 가방 운동화".split()
)
ROWS = [
    Grounded(f"{t}은 얼마인가요?", f"{t}은 {n}만 원입니다.", f"{t}의 값은 {n}만 원이다.", "안내", n)
    for n, t in enumerate(THINGS, 11)
]
QUICK = SFTConfig("", epochs=2, batch=2, accumulate=1, lr=5e-3, r=4, alpha=8, measured=4, answer_tokens=8, every=3)
# The same in every process: trained for as long as it is let, and what came of it.
WORK = f"""
REFUSAL = {REFUSAL!r}
import json, os, signal, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from mundap.training.llm.data import Grounded
from mundap.training.llm.merge import language_model, merge
from mundap.training.llm.config import SFTConfig
from mundap.training.llm.sft import train_sft
root, config, rows, stop = Path(sys.argv[1]), json.loads(sys.argv[2]), json.loads(sys.argv[3]), int(sys.argv[4])
def progress(done, total):
    if done == stop:
        os.kill(os.getpid(), signal.SIGKILL)
made = train_sft([Grounded(**row) for row in rows], SFTConfig(**config), root / "models", root / "work", refusal=REFUSAL, progress=progress)
if made:
    (root / "report.json").write_text(json.dumps(made.report.to_json()))
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_models.llama(tmp_path_factory.mktemp("base") / "llama")


@pytest.fixture(scope="module")
def chatting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_models.llama(tmp_path_factory.mktemp("base") / "chat", chat=True)


def trained(examples: Sequence[Example], config: SFTConfig, root: Path, **more: Any) -> Trained[SFTReport]:
    made = train_sft(examples, config, root / "models", root / "work", refusal=REFUSAL, **more)
    assert made is not None
    return made


def alone(root: Path, config: SFTConfig, stop: int = 0, processes: int = 1) -> dict[str, Any]:
    """The report of WORK in processes of its own, nothing if it was killed."""
    root.mkdir(exist_ok=True)
    (root / "work.py").write_text(WORK, "utf-8")
    started = [sys.executable]
    if processes > 1:
        started += ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    rows = json.dumps([vars(row) for row in ROWS])
    done = subprocess.run(
        [*started, str(root / "work.py"), str(root), json.dumps(vars(config)), rows, str(stop)],
        capture_output=True, text=True, timeout=300, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == (-signal.SIGKILL if stop else 0), done.stderr
    return {} if stop else json.loads((root / "report.json").read_text("utf-8"))


def outcome(made: Trained[SFTReport], folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    made.save(folder)
    return {"weights": load_file(folder / "adapter" / "adapter_model.safetensors"), "report": made.report.to_json()}


@pytest.fixture(scope="module")
def whole(base: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A training that nothing disturbed."""
    root = tmp_path_factory.mktemp("whole")
    return outcome(trained(ROWS, replace(QUICK, base=str(base)), root), root / "out")


@pytest.fixture(scope="module")
def workspace(base: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A workspace with an adapter, the better of two ranks; and what training it printed as JSON."""
    root = tmp_path_factory.mktemp("sft") / "ws"
    root.mkdir()
    (root / "mundap.toml").write_text('[index]\nencoder = "hashed"\n', "utf-8")
    lines = [f"{row.question},{row.answer},{row.passage},{row.source}" for row in ROWS]
    (root / "qa.csv").write_text("\n".join(["질문,답변,제시문,출처", *lines]), "utf-8")
    done = ran(
        "train", "sft", "--data", root / "qa.csv", "--out", "둘", "--base", base, "--lora-sweep", "2,4", "--epochs", 2,
        "--lr", 1e-2, "--measured", 4, "--filter", "good", "--report-to", "tensorboard", "--json", workspace=root,
    )  # fmt: skip
    return root, json.loads(done)


def greedy(file: Path, prompts: Sequence[Sequence[int]], most: int) -> list[list[int]]:
    """The tokens that llama.cpp writes after each prompt, without chance."""
    generator = GGUFGenerator(file, Settings(REFUSAL, context_tokens=1024), threads=1)
    model = generator._model()
    asked = {"n_predict": most, "temperature": 0, "return_tokens": True, "cache_prompt": False}
    with _door(model.server, model.key) as client:
        return [client.post("/completion", json={"prompt": list(p), **asked}).json()["tokens"] for p in prompts]


def llama_tokens(file: Path, text: str) -> list[int]:
    """The tokens of a text in llama.cpp."""
    model = GGUFGenerator(file, Settings(REFUSAL, context_tokens=1024), threads=1)._model()
    with _door(model.server, model.key) as client:
        made: list[int] = client.post("/tokenize", json={"content": text, "add_special": True}).json()["tokens"]
        return made


def written(model: Any, prompts: Sequence[Sequence[int]], most: int) -> list[list[int]]:
    """The same by transformers."""
    found = []
    for prompt in prompts:
        with torch.inference_mode():
            ids = model.generate(torch.tensor([prompt]), max_new_tokens=most, do_sample=False)[0].tolist()
        found.append(ids[len(prompt) :])
    return found


def test_rows_are_learned_by_heart_and_the_model_stops(chatting: Path, tmp_path: Path) -> None:
    config = SFTConfig(
        str(chatting),
        "full",
        epochs=100,
        batch=4,
        accumulate=1,
        lr=2e-3,
        distractors=0.0,
        measured=1,
        answer_tokens=4,
        every=1000,
    )
    made = trained(ROWS, config, tmp_path)
    made.save(tmp_path / "m")
    model, words = load_causal(str(tmp_path / "m" / "model"), tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "m" / "rows.jsonl").read_text("utf-8").splitlines()]
    learned = [row for row in lines if row["part"] == "train"]
    formatter = ExampleFormatter(words, [words.eos_token_id], REFUSAL)
    hits = [[Hit(passage_of(Grounded(**{k: row[k] for k in vars(ROWS[0])})), 1.0, 1)] for row in learned]
    prompts = [formatter.prompt(row["question"], shown) for row, shown in zip(learned, hits, strict=True)]
    said = write(model, words, prompts, formatter.ends, 40)
    assert [text.strip() for text in said] == [f"{row['answer']} [1]" for row in learned]
    # and llama.cpp, asked over the same passages by the chat template that is in the file, says so too
    export_gguf(tmp_path / "m" / "model", tmp_path / "m.gguf", "f32")
    generator = GGUFGenerator(tmp_path / "m.gguf", Settings(REFUSAL, context_tokens=1024, max_tokens=40), threads=1)
    answers = [generator.answer(row["question"], shown) for row, shown in zip(learned[:3], hits, strict=False)]
    assert [answer.text for answer in answers] == [f"{row['answer']} [1]" for row in learned[:3]]
    assert all(answer.citations[0].quote == row["passage"] for answer, row in zip(answers, learned, strict=False))


def test_a_card_tells_what_was_learned_chosen_and_measured(workspace: tuple[Path, dict[str, Any]]) -> None:
    root, printed = workspace
    folder = Path(printed["folder"])
    card = json.loads((folder / "card.json").read_text("utf-8"))
    variants = card["metrics"]["variants"]
    assert [row["name"] for row in variants] == ["good-r2", "good-r4"]
    assert card["metrics"]["chosen"] == min(variants, key=lambda row: row["dev_loss"])["name"]
    assert variants[1]["trainable"] == 2 * variants[0]["trainable"]
    assert card["trainable"] < card["parameters"]
    rows = [json.loads(line) for line in (folder / "rows.jsonl").read_text("utf-8").splitlines()]
    parts = {part: {row["passage"] for row in rows if row["part"] == part} for part in ("train", "dev", "test")}
    assert sum(map(len, parts.values())) == len(set.union(*parts.values())) == len(ROWS)
    for metric in ("morpheme_f1", "supported", "answered"):
        low, high = card["metrics"]["difference"][metric]["ci95"]
        assert low <= card["metrics"]["difference"][metric]["mean"] <= high
    assert list((root / ".mundap" / "runs" / "train-sft-둘" / "good-r2").glob("events.out.tfevents.*"))
    assert not (root / ".mundap" / "training" / "둘").exists()


def test_what_is_exported_answers_as_the_adapter_did(workspace: tuple[Path, dict[str, Any]], base: Path) -> None:
    root, printed = workspace
    folder = Path(printed["folder"])
    words = load_words(str(base), root)
    prompts = [ExampleFormatter(words, [words.eos_token_id], REFUSAL).prompt(row.question, ()) for row in ROWS[:3]]
    adapted = written(load_causal(str(base), root, adapter=folder / "adapter")[0], prompts, 12)
    assert adapted != written(load_causal(str(base), root)[0], prompts, 12)
    made = json.loads(ran("export", "gguf", "둘", "--type", "f32", "--json", workspace=root))
    assert not (folder / "merged").exists()
    assert greedy(root / made["use"].removeprefix("gguf:"), prompts, 12) == adapted
    merged = Path(json.loads(ran("export", "merged", "둘", "--json", workspace=root))["folder"])
    assert written(load_causal(str(merged), root)[0], prompts, 12) == adapted
    assert json.loads((merged / "generation_config.json").read_text("utf-8"))["eos_token_id"] == words.eos_token_id
    small = json.loads(ran("export", "gguf", "둘", "--json", workspace=root))
    assert small["bytes"] < made["bytes"] / 2
    assert merged.exists()  # it was asked for


_GEMMA = {"head_dim": 16, "num_key_value_heads": 2, "hidden_activation": "gelu_pytorch_tanh"}
_YARN = {"rope_type": "yarn", "rope_theta": 10000.0, "factor": 4.0, "original_max_position_embeddings": 64}
_FAR = {
    "rope_type": "llama3", "rope_theta": 10000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("llama", {"num_key_value_heads": 2, "tie_word_embeddings": True}),
        ("llama", {"num_key_value_heads": 4, "rope_parameters": _FAR}),
        ("llama", {"num_key_value_heads": 4, "rope_parameters": {**_YARN, "rope_type": "linear"}}),
        ("mistral", {"num_key_value_heads": 2, "head_dim": 16}),
        ("qwen2", {"num_key_value_heads": 2, "tie_word_embeddings": True}),
        ("qwen2", {"num_key_value_heads": 4, "rope_parameters": _YARN}),
        ("qwen3", {"num_key_value_heads": 2, "head_dim": 32, "tie_word_embeddings": True}),
        ("gpt_neox", {}),
        ("gpt_neox", {"use_parallel_residual": False}),
        ("gemma", _GEMMA),
        ("gemma2", {**_GEMMA, "query_pre_attn_scalar": 16, "sliding_window": 64}),
        ("gemma3_text", {**_GEMMA, "query_pre_attn_scalar": 16, "sliding_window": 64}),
    ],
)
def test_llama_cpp_spells_and_writes_as_transformers(tmp_path: Path, kind: str, more: dict[str, Any]) -> None:
    cut = small_models.QWEN if kind.startswith("qwen") else ""
    spelling = small_models.pieces() if kind in ("mistral", "gemma3_text") else small_models.words(cut=cut)
    folder = small_models.model(tmp_path / "m", kind, spelling, **more)
    export_gguf(folder, tmp_path / "m.gguf", "f32")
    model, words = load_causal(str(folder), tmp_path)
    text = "질문: 이사화물은 13% 😀 뷁\n\n  <자료> the customs\n답변:" + " 면세 한도는 얼마인가요?" * 6
    ids = words(text).input_ids
    assert len(ids) > 64  # further than a window, and than the places of the first training
    assert llama_tokens(tmp_path / "m.gguf", text) == ids
    assert greedy(tmp_path / "m.gguf", [ids], 12) == written(model, [ids], 12)


def test_a_family_that_cannot_be_exported_is_named(tmp_path: Path, base: Path) -> None:
    other = shutil.copytree(base, tmp_path / "opt")
    config = json.loads((other / "config.json").read_text("utf-8"))
    (other / "config.json").write_text(json.dumps(config | {"model_type": "opt"}), "utf-8")
    with pytest.raises(MundapError, match=r"opt 모델은 GGUF 변환을 지원하지 않습니다.*gemma.*gpt_neox.*llama"):
        export_gguf(other, tmp_path / "m.gguf")
    assert not list(tmp_path.glob("*m.gguf"))


def test_a_training_that_was_killed_ends_as_if_it_had_not_been(
    base: Path, whole: dict[str, Any], tmp_path: Path
) -> None:
    config = replace(QUICK, base=str(base))
    root = tmp_path / "w"
    alone(root, config, stop=11)
    newest = checkpoints(root / "work" / "all-r4")[-1]
    assert newest.name == "checkpoint-9"
    cut = newest / "adapter_model.safetensors"
    cut.write_bytes(cut.read_bytes()[:-100])  # as if the kill had come while it was written
    with pytest.raises(MundapError, match="--resume"):
        trained(ROWS, config, root)
    resumed = outcome(trained(ROWS, config, root, resume=True), root / "out")
    assert resumed["weights"].keys() == whole["weights"].keys()
    assert all(torch.equal(resumed["weights"][name], whole["weights"][name]) for name in whole["weights"])
    assert resumed["report"]["after"] == whole["report"]["after"]


def test_two_processes_share_the_work(base: Path, whole: dict[str, Any], tmp_path: Path) -> None:
    both = alone(tmp_path / "w", replace(QUICK, base=str(base)), processes=2)
    [one], [two] = whole["report"]["variants"], both["variants"]
    assert two["steps"] == -(-one["steps"] // 2)
    losses = [point["dev_loss"] for point in two["curve"] if "dev_loss" in point]
    assert losses[-1] < losses[0]


def test_four_bits_are_trained_on_and_merged_into_full_precision(base: Path, tmp_path: Path) -> None:
    pytest.importorskip("bitsandbytes", reason="needs bitsandbytes: pip install 'mundap[qlora]'")
    made = trained(ROWS, replace(QUICK, base=str(base), method="qlora", epochs=1), tmp_path)
    folder = tmp_path / "m"
    made.save(folder)
    (folder / "card.json").write_text(json.dumps({"kind": "sft", **made.model}), "utf-8")
    merged = merge(language_model(folder), tmp_path)
    assert "quantization_config" not in json.loads((merged / "config.json").read_text("utf-8"))
    weights = load_causal(str(merged), tmp_path)[0].model.layers[0].self_attn.q_proj.weight
    assert weights.dtype == torch.float32
    assert weights.shape == (64, 64)


def test_all_that_the_assistant_says_is_learned_and_nothing_else(chatting: Path, tmp_path: Path) -> None:
    words = load_words(str(chatting), tmp_path)
    turns = (("system", "규칙"), ("user", "하나?"), ("assistant", "첫째"), ("user", "둘?"), ("assistant", "둘째"))
    told = ExampleFormatter(words, [words.eos_token_id], REFUSAL).spoken(Chat(turns))
    assert words.decode([label for label in told.labels if label != IGNORED]) == "첫째<|im_end|>\n둘째<|im_end|>\n"
    whole = words.apply_chat_template([{"role": r, "content": c} for r, c in turns], tokenize=False)
    assert words.decode(told.ids) == whole


def test_what_would_teach_nothing_or_never_to_stop_is_refused_before_the_first_step(base: Path, tmp_path: Path) -> None:
    words = load_words(str(base), tmp_path)
    other = [words.convert_tokens_to_ids("<unk>")]
    told = [ExampleFormatter(words, [words.eos_token_id], REFUSAL).spoken(ROWS[0])]
    checked(told, [words.eos_token_id], words.convert_ids_to_tokens)
    with pytest.raises(MundapError, match=r"11행: .*종료 토큰\(<unk>\)"):
        checked(told, other, words.convert_ids_to_tokens)
    with pytest.raises(MundapError, match="11행: 학습할 토큰이 없습니다"):
        checked([replace(told[0], labels=(IGNORED,) * len(told[0].ids))], other, words.convert_ids_to_tokens)
    with pytest.raises(MundapError, match="예제가 20토큰보다 깁니다"):
        trained(ROWS, replace(QUICK, base=str(base), max_tokens=20), tmp_path)
    words.chat_template = "{% for m in messages %}{{ m.role }}{% endfor %}"  # drops what is said
    with pytest.raises(MundapError, match="종료 토큰"):
        checked([ExampleFormatter(words, other, REFUSAL).spoken(ROWS[0])], other, words.convert_ids_to_tokens)


def test_padding_never_hides_the_end(base: Path, tmp_path: Path) -> None:
    from transformers import PreTrainedTokenizerFast

    bare = shutil.copytree(base, tmp_path / "bare")
    made = PreTrainedTokenizerFast(tokenizer_file=str(bare / "tokenizer.json"), eos_token="</s>", pad_token="</s>")
    made.save_pretrained(bare)
    model, words = load_causal(str(bare), tmp_path)
    assert words.pad_token_id not in (None, words.eos_token_id)
    assert words.pad_token_id < model.get_input_embeddings().num_embeddings


def test_a_base_that_cannot_be_had_names_the_way_without_a_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    for name in ("nlpai-lab/kullm-polyglot-12.8b-v2", str(tmp_path)):
        with pytest.raises(MundapError, match="--base gemma3-270m"):
            load_causal(name, tmp_path)
    with pytest.raises(MundapError, match=r"no\.gguf: GGUF 파일이 없습니다"):
        load_causal(str(tmp_path / "no.gguf"), tmp_path)


def test_a_gguf_file_is_a_base_too(base: Path, tmp_path: Path) -> None:
    export_gguf(base, tmp_path / "m.gguf", "f32")
    model, words = load_causal(str(tmp_path / "m.gguf"), tmp_path / "models")
    before, spelling = load_causal(str(base), tmp_path)
    prompt = spelling("질문: 담배는?\n답변:").input_ids
    assert words("질문: 담배는?\n답변:").input_ids == prompt
    assert written(model, [prompt], 8) == written(before, [prompt], 8)


def test_the_loss_is_that_of_the_answers_alone(base: Path, tmp_path: Path) -> None:
    model, words = load_causal(str(base), tmp_path)
    rows = {"input_ids": [[5, 6, 7, 8, 9], [9, 8, 7, 6, 5]], "labels": [[-100, -100, 7, 8, 9], [-100] * 4 + [5]]}
    import datasets
    import trl

    made: Any = trl
    given = made.SFTConfig(str(tmp_path), use_cpu=True, bf16=False, dataset_kwargs={"skip_prepare_dataset": True})
    trainer = trainer_class()(
        model=model, args=given, train_dataset=datasets.Dataset.from_dict(rows), processing_class=words
    )
    batch = {name: torch.tensor(values) for name, values in rows.items()}
    batch["attention_mask"] = torch.ones_like(batch["input_ids"])
    expected = model(**batch).loss  # transformers' own, with all logits
    assert trainer.compute_loss(model, dict(batch)).item() == pytest.approx(expected.item(), rel=1e-5)
    assert trainer.compute_loss(model, dict(batch), num_items_in_batch=8).item() == pytest.approx(
        expected.item() / 2, rel=1e-5
    )


def test_a_template_asks_in_training_as_in_serving(base: Path, tmp_path: Path) -> None:
    words, alpaca = load_words(str(base), tmp_path), read_template("alpaca", tmp_path)
    assert alpaca is not None
    formatter = ExampleFormatter(words, [words.eos_token_id], REFUSAL, alpaca)
    hits = [Hit(passage_of(ROWS[0]), 1.0, 1)]
    assert words.decode(formatter.prompt("담배는?", hits)) == spelled(messages("담배는?", hits, (), REFUSAL), alpaca)
    told = formatter.spoken(ROWS[0])
    assert words.decode(told.ids) == alpaca.prompt_no_input.format(instruction=f"질문: {ROWS[0].question}") + (
        f"{ROWS[0].answer}</s>"
    )
    assert words.decode([label for label in told.labels if label != IGNORED]) == f"{ROWS[0].answer}</s>"


def test_rows_without_passages_are_learned_and_measured_too(chatting: Path, tmp_path: Path) -> None:
    rows = [Chat((("user", row.question), ("assistant", row.answer)), row.row) for row in ROWS[:6]]
    asked = [Completion(f"{row.question}\n답: ", row.answer, row.row) for row in ROWS[6:11]]
    faq = [Grounded(row.question, row.answer) for row in ROWS[11:]]
    made = trained([*rows, *asked, *faq], replace(QUICK, base=str(chatting), filter="compare", epochs=1), tmp_path)
    assert [one.name for one in made.report.variants] == ["all-r4", "good-r4"]
    assert made.report.changes.n == 3
    assert "refused" not in made.report.changes.differences


def test_the_adapter_answers_through_the_workspace(workspace: tuple[Path, dict[str, Any]]) -> None:
    root, _ = workspace
    config = '[ingest]\npaths = ["qa.csv"]\n[index]\nencoder = "hashed"\n[generate]\ngenerator = "transformers:model:둘"\nmin_support = 0.0\n'
    (root / "mundap.toml").write_text(config + "max_tokens = 8\n", "utf-8")
    ran("ingest", workspace=root)
    ran("index", workspace=root)
    answer = json.loads(ran("ask", "이사화물의 값을 알려 주세요", "--json", workspace=root))
    assert answer["model"] == "transformers:model:둘"
    assert answer["answer"]
