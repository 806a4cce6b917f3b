"""A keyword model from its data to an answer without torch: learned by heart, resumed after a kill, exported, served."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mundap.errors import MundapError
from mundap.evaluation.keywords import Tagged, evaluate_keywords, keywords_tsv
from mundap.korean.keyword_model import KeywordModel, Spelling, Writing
from mundap.training.common.checkpoints import checkpoints, last_whole
from mundap.training.common.registry import Trained
from mundap.training.keywords.config import SCRATCH, KeywordsConfig
from mundap.training.keywords.seq2seq import Seq2seqReport, train_keywords

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # of other people's packages

WHY = "needs torch and transformers: make setup-train"
torch = pytest.importorskip("torch", reason=WHY)
transformers = pytest.importorskip("transformers", reason=WHY)
for package in ("accelerate", "onnxruntime", "onnxscript"):
    pytest.importorskip(package, reason=WHY)
torch.set_num_threads(1)  # so small a model is no faster with two, and far slower on a busy machine

THINGS = "이사화물 여행자휴대품 담배 향수 주류 노트북 자동차 한약 카메라 도서 의약품 화장품 신발 시계 가방 운동화 안경 우산".split()
ASKED = {
    "{}의 면세 한도는 얼마인가요?": ("면세", "한도"),
    "{} 통관예약을 하면 뭐가 좋나요?": ("통관", "예약", "장점"),
    "{} 반품은 어디에 신고하나요?": ("반품", "신고"),
}
TAGGED = [Tagged(form.format(thing), (thing, *words)) for form, words in ASKED.items() for thing in THINGS]
QUICK = KeywordsConfig(SCRATCH, epochs=3, batch=8, lr=2e-3, beams=3, max_length=48)
ALONE = """
import json, sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "transformers"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
from pathlib import Path
from mundap.korean.keyword_model import KeywordModel
print(json.dumps(KeywordModel(Path(sys.argv[1])).extract(json.load(sys.stdin))))
"""


def nothing(texts: Any) -> list[list[str]]:
    return [[] for _ in texts]


def kept(trained: Trained[Seq2seqReport] | None, folder: Path) -> Path:
    assert trained is not None
    folder.mkdir(parents=True)
    trained.save(folder)
    return folder


def generated(folder: Path, texts: list[str]) -> list[str]:
    """What transformers' own beam search writes, one text at a time."""
    model = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    words = transformers.PreTrainedTokenizerFast.from_pretrained(folder)
    writing = Writing.read(folder)
    spelling = Spelling(words.backend_tokenizer, writing.end, writing.most_in)
    with torch.inference_mode():
        rows = [model.generate(input_ids=torch.tensor([spelling.encode(text)]))[0].tolist() for text in texts]
    return [spelling.decode(row) for row in rows]


def served(trained: Trained[Seq2seqReport] | None, folder: Path) -> tuple[Path, Trained[Seq2seqReport]]:
    from mundap.training.keywords.onnx_export import export_keywords

    export_keywords(kept(trained, folder))
    assert trained is not None
    return folder, trained


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Trained[Seq2seqReport]]:
    """A model that has hardly learned: its beams are close to each other, the hardest case for parity."""
    root = tmp_path_factory.mktemp("quick")
    return served(train_keywords(TAGGED, QUICK, nothing, root / "work"), root / "models" / "빠른")


@pytest.fixture(scope="module")
def by_heart(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Trained[Seq2seqReport]]:
    """One that has seen its questions forty times, in one epoch: the end of it is what is kept."""
    root = tmp_path_factory.mktemp("heart")
    config = KeywordsConfig(SCRATCH, epochs=1, batch=8, lr=2e-3, beams=5, max_length=48)
    steps: list[tuple[int, int]] = []
    trained = train_keywords(TAGGED * 40, config, nothing, root / "work", progress=lambda *step: steps.append(step))
    assert steps == [(n, 240) for n in range(1, 241)]
    return served(trained, root / "models" / "외움")


def test_forty_eight_questions_are_learned_by_heart(by_heart: tuple[Path, Trained[Seq2seqReport]]) -> None:
    folder, trained = by_heart
    held = {one.tagged.question for one in trained.report.model.per_question}
    learned = [one for one in TAGGED if one.question not in held]
    assert len(learned) == 48
    assert evaluate_keywords(learned, KeywordModel(folder).extract).figures.means["exact"] == 1.0


def test_the_best_epoch_is_what_is_kept_and_measured(quick: tuple[Path, Trained[Seq2seqReport]]) -> None:
    folder, trained = quick
    assert trained.report.model.figures.means["f1"] == pytest.approx(max(one["f1"] for one in trained.report.epochs))
    again = evaluate_keywords([one.tagged for one in trained.report.model.per_question], KeywordModel(folder).extract)
    assert again.figures.means == trained.report.model.figures.means


@pytest.mark.parametrize("which", ["quick", "by_heart"])
def test_without_torch_it_writes_what_transformers_writes(which: str, request: pytest.FixtureRequest) -> None:
    folder, _ = request.getfixturevalue(which)
    texts = [one.question for one in TAGGED] + ["뷁뷁은 어디에 신고하나요?", "FTA 2024 😀?", "면세 " * 60]
    model = KeywordModel(folder)
    assert [model.write(text) for text in texts] == generated(folder, texts)
    done = subprocess.run(
        [sys.executable, "-c", ALONE, str(folder)], input=json.dumps(texts).encode(), capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout) == model.extract(texts)
    assert model.extract(["", " \n"]) == [[], []]


def test_a_folder_is_fine_tuned_as_it_is(quick: tuple[Path, Trained[Seq2seqReport]], tmp_path: Path) -> None:
    base, _ = quick
    config = KeywordsConfig(str(base), epochs=1, batch=8, lr=1e-4, beams=2, max_length=512)
    trained = train_keywords(TAGGED, config, nothing, tmp_path / "work")
    assert trained is not None
    folder = kept(trained, tmp_path / "m")
    assert Writing.read(folder).most_in == QUICK.max_length  # a model reads no more than it has places
    assert (folder / "tokenizer.json").read_bytes() == (base / "tokenizer.json").read_bytes()


def test_a_base_that_cannot_be_had_names_the_way_without_a_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for base in ("gogamza/kobart-base-v1", str(tmp_path)):
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
        with pytest.raises(MundapError, match="--base scratch"):
            train_keywords(TAGGED, KeywordsConfig(base, None, 1, 8, 1e-4, 2, 64), nothing, tmp_path / "work")


def test_a_base_of_another_family_is_refused(tmp_path: Path, quick: tuple[Path, Trained[Seq2seqReport]]) -> None:
    other = shutil.copytree(quick[0], tmp_path / "t5", ignore=shutil.ignore_patterns("onnx", "*.safetensors"))
    config = transformers.T5Config(vocab_size=64, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2)
    transformers.T5ForConditionalGeneration(config).save_pretrained(other)
    with pytest.raises(MundapError, match="t5"):
        train_keywords(TAGGED, KeywordsConfig(str(other), None, 1, 8, 1e-4, 2, 64), nothing, tmp_path / "work")


# -- a kill, and going on ---------------------------------------------------------------------------------------------


@pytest.fixture
def command(fresh_workspace: Path) -> Callable[..., subprocess.Popen[bytes]]:
    data = fresh_workspace / "train.tsv"
    data.write_text(keywords_tsv(TAGGED), "utf-8")

    def start(*more: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [
                str(Path(sys.executable).parent / "mundap"), "train", "keywords", "--data", str(data), "--out", "관세",
                "--base", SCRATCH, "--epochs", "4", "--batch", "8", "--lr", "2e-3", "--beams", "2", "--max-length", "48",
                "--report-to", "none", "--json", "--workspace", str(fresh_workspace), *more,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip

    return start


@pytest.fixture
def fresh_workspace(tmp_path: Path) -> Path:
    (tmp_path / "mundap.toml").write_text('[index]\nencoder = "hashed"\n', "utf-8")
    return tmp_path


def test_after_a_kill_it_goes_on_from_the_last_whole_checkpoint_to_the_same_weights(
    fresh_workspace: Path, command: Callable[..., subprocess.Popen[bytes]]
) -> None:
    work = fresh_workspace / ".mundap" / "training" / "관세"
    model = fresh_workspace / ".mundap" / "models" / "관세"
    running = command()
    while len([one for one in checkpoints(work) if (one / "trainer_state.json").is_file()]) < 2:
        assert running.poll() is None, running.communicate()[1].decode()
        time.sleep(0.05)
    os.kill(running.pid, signal.SIGKILL)
    running.communicate()
    assert not model.exists()
    newest = checkpoints(work)[-1]
    cut = work / f"checkpoint-{int(newest.name.split('-')[1]) + 1}"  # as if the kill had come while it was written
    shutil.copytree(newest, cut)
    (cut / "optimizer.pt").write_bytes((cut / "optimizer.pt").read_bytes()[:1000])
    whole = last_whole(work)
    assert whole is not None
    assert whole != cut

    refused = command()
    assert b"--resume" in refused.communicate()[1]
    other = command("--resume", "--seed-is-no-option")
    assert other.wait() == 2
    other = command("--resume", "--lr", "1e-3")
    assert "lr 0.002 → 0.001" in other.communicate()[1].decode()
    assert other.returncode == 1

    resumed = command("--resume")
    out, err = resumed.communicate()
    assert resumed.returncode == 0, err.decode()
    row = json.loads(out)
    assert not work.exists()
    assert {"card.json", "heldout.tsv", "train.tsv", "samples.html", "model.safetensors", "tokenizer.json"} <= {
        path.name for path in model.iterdir()
    }
    card = json.loads((model / "card.json").read_text("utf-8"))
    assert (card["kind"], card["recommended"], card["metrics"]["epochs"]) == ("keywords", False, row["epochs"])
    assert [epoch["epoch"] for epoch in row["epochs"]] == [1, 2, 3, 4]
    weights = (model / "model.safetensors").read_bytes()

    whole_run = command()
    assert whole_run.communicate()[0]
    assert whole_run.returncode == 0
    assert (model / "model.safetensors").read_bytes() == weights


def test_two_processes_train_one_model(fresh_workspace: Path) -> None:
    data = fresh_workspace / "train.tsv"
    data.write_text(keywords_tsv(TAGGED), "utf-8")
    beside = Path(sys.executable).parent
    done = subprocess.run(
        [
            str(beside / "torchrun"), "--standalone", "--nproc-per-node", "2", "--no-python", str(beside / "mundap"),
            "train", "keywords", "--data", str(data), "--out", "둘", "--base", SCRATCH, "--epochs", "2", "--batch", "8",
            "--beams", "2", "--max-length", "48", "--report-to", "none", "--json", "--workspace", str(fresh_workspace),
        ],
        capture_output=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    [row] = [json.loads(line) for line in done.stdout.decode().splitlines() if line.startswith("{")]
    assert "6/6" in done.stderr.decode()  # 48 questions, 2 processes with 8 each, 2 epochs
    assert (row["held_out"], [epoch["epoch"] for epoch in row["epochs"]]) == (6, [1, 2])
    assert (fresh_workspace / ".mundap" / "models" / "둘" / "card.json").is_file()
