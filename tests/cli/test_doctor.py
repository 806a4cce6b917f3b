"""What doctor finds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import MakeBot, MakeFiles, Run

import mundap as md


def test_doctor_shows_settings_with_their_origin_and_the_state_of_the_index(mundap: Run, fresh: MakeFiles) -> None:
    root = fresh()
    before = mundap("doctor", "--json", workspace=root)
    assert before.code == 0
    assert "mundap index" in before.row["index"]
    bot = md.Mundap.open(root)
    bot.ingest()
    bot.index()
    row = mundap("doctor", "--json", workspace=root).row
    assert (row["mundap"], row["documents"], row["passages"], row["index"]) == (md.__version__, 3, 5, "ok")
    assert row["workspace"] == str(root)
    assert row["extras"].keys() >= {"fast", "llm"}
    settings = {setting["key"]: (setting["value"], setting["from"]) for setting in row["settings"]}
    assert settings["index.encoder"] == ("hashed", "mundap.toml")
    assert settings["retrieve.k"] == (5, "default")
    assert settings["language"] == ("ko", "default")


def test_for_a_reader_each_setting_is_a_line(mundap: Run, office: Path) -> None:
    done = mundap("doctor", workspace=office)
    assert done.code == 0
    assert "index: ok\n" in done.out
    assert "index.encoder = 'hashed'  (mundap.toml)\n" in done.out
    assert "retrieve.k = 5  (default)\n" in done.out
    parts = [done.out.index(f"── {part}") for part in ("상태", "문서", "설치", "변경한 설정", "기본값인 설정")]
    assert parts == sorted(parts)
    assert done.out.index("index: ok") < parts[1]  # the state comes first


def current_segment(root: Path) -> Path:
    index = root / ".mundap" / "index"
    manifest = json.loads((index / (index / "CURRENT").read_text("utf-8") / "manifest.json").read_text("utf-8"))
    return index / "segments" / str(next(iter(manifest["segments"])))


def test_it_shows_segments_and_what_is_deleted_of_them_until_that_is_compacted(mundap: Run, indexed: MakeBot) -> None:
    root = indexed({f"{n}.txt": f"규정 {n}" for n in range(5)}).root
    assert mundap("remove", "3.txt", workspace=root).code == 0
    assert mundap("index", workspace=root).code == 0
    [segment] = mundap("doctor", "--json", workspace=root).row["segments"]
    assert (segment["rows"], segment["deleted"]) == (5, pytest.approx(0.2))
    assert segment["megabytes"] > 0
    assert "문단 5개, 삭제 20%" in mundap("doctor", workspace=root).out
    before = mundap("search", "규정", "--json", workspace=root).out
    done = mundap("compact", "--json", workspace=root)
    assert (done.code, done.row["documents"]) == (0, 4)
    [segment] = mundap("doctor", "--json", workspace=root).row["segments"]
    assert (segment["rows"], segment["deleted"]) == (4, 0)
    assert mundap("search", "규정", "--json", workspace=root).out == before


def test_a_damaged_file_is_named_and_a_rebuild_repairs_it(mundap: Run, indexed: MakeBot) -> None:
    root = indexed().root
    done = mundap("doctor", "--verify", "--json", workspace=root)
    assert (done.code, done.row["damaged"]) == (0, [])
    file = current_segment(root) / "lexical-rows.npy"
    raw = file.read_bytes()
    file.write_bytes(raw[:-2] + b"\xff" + raw[-1:])
    done = mundap("doctor", "--verify", "--json", workspace=root)
    assert (done.code, done.row["damaged"]) == (1, [str(file.relative_to(root))])
    searched = mundap("search", "연차", workspace=root)
    assert searched.code == 0 or "mundap index --rebuild" in searched.err
    assert mundap("index", "--rebuild", workspace=root).code == 0
    done = mundap("doctor", "--verify", "--json", workspace=root)
    assert (done.code, done.row["damaged"]) == (0, [])


def test_copies_are_warned_of(mundap: Run, fresh: MakeFiles) -> None:
    rule = "여행자 휴대품의 기본 면세 한도는 미화 {}달러이며 술은 두 병까지, 담배는 200개비까지 따로 면세됩니다."
    root = fresh({"가.txt": rule.format(800), "나.txt": rule.format(600)})
    md.Mundap.open(root).ingest()
    said = mundap("doctor", "--json", workspace=root).row["copies"]
    assert "2개" in said
    assert "휴대품" in said
    (root / "docs" / "나.txt").unlink()
    md.Mundap.open(root).ingest(prune=True)
    assert mundap("doctor", "--json", workspace=root).row["copies"] == "ok"


def test_a_model_that_cannot_be_loaded_is_told(mundap: Run, fresh: MakeFiles) -> None:
    root = fresh()
    assert mundap("doctor", "--json", workspace=root).row["generator"] == "ok: extractive"
    config = '[index]\nencoder = "hashed"\n[generate]\ngenerator = "{}"\n'
    (root / "mundap.toml").write_text(config.format("gguf:models/none.gguf"), "utf-8")
    done = mundap("doctor", "--json", workspace=root)
    assert done.code == 0
    assert "none.gguf" in done.row["generator"]
    (root / "mundap.toml").write_text(config.format("openai:http://127.0.0.1:9/v1#qwen3"), "utf-8")
    assert "http://127.0.0.1:9" in mundap("doctor", "--json", workspace=root).row["generator"]
