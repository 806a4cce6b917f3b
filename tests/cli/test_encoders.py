"""Any encoder by one line of mundap.toml: indexed, searched, told apart, compared, trained upon."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.cli.conftest import MakeFiles, Run, few
from tests.serving import running
from tests.small_models import encoders

import mundap as md
from mundap.encode.safetensors import read_tensors

LINE = '[index]\nencoder = "{}"\n'


def set_encoder(root: Path, name: str, more: str = "") -> None:
    (root / "mundap.toml").write_text(LINE.format(name) + more, "utf-8")


def test_a_folder_beside_the_settings_is_indexed_and_searched_and_a_change_asks_for_a_new_index(
    mundap: Run, fresh: MakeFiles
) -> None:
    root = fresh()
    encoders.model2vec(root / "models" / "words")
    set_encoder(root, "static:models/words")
    for verb in ("ingest", "index"):
        assert mundap(verb, workspace=root).code == 0
    [hit, *_] = mundap("search", "연차는 언제 소멸하나요?", "--json", workspace=root).rows
    assert "dense" in hit["origins"]
    checked = mundap("doctor", "--json", workspace=root).row
    assert checked["encoder"].startswith("ok: static-words-")
    set_encoder(root, "static:models/words", 'query_prompt = "물음: "\n')
    stale = mundap("search", "연차", workspace=root)
    assert stale.code == 1
    assert "mundap index" in stale.err
    assert "'물음: '" in mundap("doctor", "--json", workspace=root).row["encoder"]
    assert mundap("index", workspace=root).code == 0
    assert mundap("search", "연차", workspace=root).code == 0


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("st:models/없음", "폴더"),
        ("gguf:models/없음.gguf", "경로를 확인"),
        ("openai:http://127.0.0.1:9/v1#m", "실행 중인지"),
        ("fasttext:m", "choose one of"),
    ],
)
def test_doctor_says_what_is_wrong_with_an_encoder(mundap: Run, fresh: MakeFiles, name: str, said: str) -> None:
    root = fresh()
    set_encoder(root, name)
    done = mundap("doctor", "--json", workspace=root)
    assert done.code == 0
    assert said in done.row["encoder"]


def test_doctor_says_which_settings_an_encoder_does_not_heed(mundap: Run, fresh: MakeFiles) -> None:
    root = fresh()
    set_encoder(root, "hashed", 'passage_prompt = "passage: "\n')
    assert "사용하지 않습니다" in mundap("doctor", "--json", workspace=root).row["encoder"]


def test_passages_may_be_cut_by_the_tokens_of_a_model_beside_the_settings(fresh: MakeFiles) -> None:
    root = fresh()
    (root / "models" / "m").mkdir(parents=True)
    encoders.graph(root / "models" / "m")
    set_encoder(root, "onnx:models/m", '[ingest]\nchunk_unit = "tokens"\nchunk_tokens = 20\n')
    bot = md.Mundap.open(root)
    bot.ingest()
    assert max(len(p.text) for p in bot.corpus.all_passages() if p.parent_id != p.id) <= 20


def test_a_server_is_asked_again_only_for_what_is_new_and_an_adapter_learns_on_its_vectors(
    mundap: Run, hashed_sample: MakeFiles, tmp_path: Path
) -> None:
    with running(encoders.EmbeddingServer()) as server:
        root = hashed_sample(tmp_path / "w", LINE.format(f"openai:{server.address}#hashed"))
        read = len(server.texts)
        assert mundap("index", workspace=root).code == 0
        assert len(server.texts) <= read + 2
        trained = mundap("train", "adapter", "--out", "ours", "--json", workspace=root)
        assert trained.code == 0, trained.err
        used = json.loads(trained.out)["use"]
        (root / "mundap.toml").write_text(LINE.format(used), "utf-8")
        assert mundap("index", workspace=root).code == 0
        assert mundap("search", "면세 한도", "--json", workspace=root).rows


def test_encoders_are_compared_on_the_same_questions_and_one_is_named(
    mundap: Run, hashed_sample: MakeFiles, tmp_path: Path
) -> None:
    root = hashed_sample(tmp_path / "w", LINE.format("hashed"))
    weights = encoders.model2vec(root / "models" / "blind") / "model.safetensors"
    alike = {name: np.ones_like(held) for name, held in read_tensors(weights).items()}
    pytest.importorskip("safetensors.numpy").save_file(alike, weights)
    file = few(root)
    before = (root / ".mundap" / "index" / "CURRENT").read_text()
    given = ("evaluate", "retrieval", "--questions", file, "--encoders", "static:models/blind,hashed")
    done = mundap(*given, "--json", workspace=root)
    assert done.code == 0, done.err
    hashed, blind = done.row["encoders"]  # the one in use comes first
    assert (hashed["name"], blind["name"]) == ("hashed", "static:models/blind")
    assert done.row["take"] in (hashed["name"], blind["name"])
    assert hashed["legs"]["dense"]["mrr@10"] > blind["legs"]["dense"]["mrr@10"]
    assert blind["changes"]["dense"]["mrr@10"]["verdict"] == "worse"
    assert hashed["changes"] == {}
    assert all(one["cost"]["query_ms"] > 0 and one["cost"]["passage_ms"] > 0 for one in done.row["encoders"])
    assert (Path(done.row["run"]) / "report.html").is_file()
    assert (root / ".mundap" / "index" / "CURRENT").read_text() == before
    shown = mundap(*given, workspace=root)
    assert f"추천: {done.row['take']}." in shown.out


def test_one_encoder_cannot_be_compared(mundap: Run, hashed_sample: MakeFiles, tmp_path: Path) -> None:
    root = hashed_sample(tmp_path / "w", LINE.format("hashed"))
    file = root / "questions.csv"
    done = mundap("evaluate", "retrieval", "--questions", file, "--encoders", "hashed", workspace=root)
    assert done.code == 1
    assert "둘 이상" in done.err
