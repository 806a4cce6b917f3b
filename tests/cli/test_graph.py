"""The keyword graph on the command line: mined, edited, indexed, searched, drawn and taken elsewhere."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.cli.conftest import Run

HASHED = '[index]\nencoder = "hashed"\n'
SHEET = "출처,제시문,질문,답변\n" + "".join(
    f"안내 {n},{text},{question},답\n"
    for n, (text, question) in enumerate(
        [
            ("주류는 두 병까지 면세입니다.", "술은 몇 병까지 되나요?"),
            ("주류를 택배로 받을 때는 성인이어야 합니다.", "술을 택배로 받을 수 있나요?"),
            ("면세 주류는 영수증과 함께 봉한 채 들고 갑니다.", "술을 뜯으면 어떻게 되나요?"),
            ("담배는 열 갑까지 면세입니다.", "담배는 몇 갑까지 되나요?"),
            ("세계관세기구(WCO)가 품목 번호를 정합니다.", "품목 번호는 누가 정하나요?"),
            ("환급은 사흘 안에 됩니다.", "환급은 언제 되나요?"),
        ]
    )
)


@pytest.fixture(scope="module")
def made(mundap: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("graph") / "ws"
    (root / "docs").mkdir(parents=True)
    (root / "docs" / "문답.csv").write_text(SHEET, "utf-8")
    (root / "mundap.toml").write_text(f"{HASHED}[retrieve]\neveryday = false\n", "utf-8")  # which knows 술, too
    for verb in ("ingest", "index"):
        assert mundap(verb, "--workspace", root).code == 0
    return root


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "ws")


def test_synonyms_are_mined_edited_and_used(mundap: Run, root: Path) -> None:
    here = ("--workspace", str(root))
    assert mundap("search", "술", "--leg", "graph", "--json", *here).rows == []
    mined = mundap("graph", "mine", "--json", *here)
    assert mined.code == 0, mined.err
    assert mined.row["by"]["괄호"] == 2
    assert mined.row["pairs"] == 6
    table = root / "synonyms.tsv"
    assert "술\t주류\t" in table.read_text("utf-8")

    stale = mundap("search", "술", "--leg", "graph", *here)
    assert stale.code == 1
    assert "mundap index" in stale.err
    assert mundap("index", *here).code == 0
    best = mundap("search", "술", "--leg", "graph", "--json", *here).rows[0]
    assert "주류" in best["text"]
    assert best["links"][0]["asked"] == "술"
    assert best["links"][0]["said"] == "주류"
    assert "술 → 주류(질문에서 학습)" in mundap("search", "술", "--leg", "graph", *here).out

    # A person bans the pair and locks another; mining again leaves both.
    lines = [line for line in table.read_text("utf-8").splitlines() if not line.startswith("술\t")]
    table.write_text("\n".join([*lines, "술\t주류\t0.5\t제외\t", "술\t담배\t0.9\t고정\t내가"]) + "\n", "utf-8")
    assert mundap("graph", "mine", "--json", *here).row["kept"] == 2
    kept = table.read_text("utf-8")
    assert "술\t주류\t0.500\t제외" in kept
    assert "술\t담배\t0.900\t고정\t내가" in kept
    assert mundap("index", *here).code == 0
    assert "담배" in mundap("search", "술", "-k", "1", "--leg", "graph", "--json", *here).row["text"]


def test_synonyms_are_mined_from_a_sheet_whose_answers_are_the_passages(
    mundap: Run, root: Path, tmp_path: Path
) -> None:
    rows = [line.split(",") for line in SHEET.splitlines()[1:]]
    faq = tmp_path / "faq.csv"
    faq.write_text("질문,답변\n" + "".join(f"{question},{text}\n" for _, text, question, _ in rows), "utf-8")
    mined = mundap("graph", "mine", "--data", faq, "--json", "--workspace", str(root))
    assert mined.code == 0, mined.err
    assert mined.row["pairs"] == 6
    assert "술\t주류\t" in (root / "synonyms.tsv").read_text("utf-8")


def test_a_broken_table_stops_the_index_and_names_its_line(mundap: Run, root: Path) -> None:
    (root / "synonyms.tsv").write_text("술 주류\n", "utf-8")
    done = mundap("index", "--workspace", str(root))
    assert done.code == 1
    assert "synonyms.tsv: 1번째 줄" in done.err


def test_a_question_is_drawn(mundap: Run, root: Path) -> None:
    out = root / "그림.html"
    done = mundap("graph", "show", "주류는 몇 병까지 되나요?", "--out", str(out), "--json", "--workspace", str(root))
    assert done.code == 0, done.err
    assert "주류" in done.row["keywords"]
    assert {node["kind"] for node in done.row["nodes"]} == {"키워드", "문단", "문서"}
    assert out.read_text("utf-8").startswith("<!doctype html>")
    said = mundap("graph", "show", "컴퓨터", "--out", str(out), "--workspace", str(root))
    assert "문서에 없는 단어: 컴퓨터" in said.out


def test_it_is_exported(mundap: Run, root: Path) -> None:
    here = ("--workspace", str(root), "--json")
    graphml = mundap("graph", "export", "--out", str(root / "g.graphml"), *here)
    neo4j = mundap("graph", "export", "--format", "neo4j", "--out", str(root / "neo"), *here)
    assert graphml.row["edges"] == neo4j.row["edges"] > 0
    assert sorted(path.name for path in (root / "neo").iterdir()) == ["nodes.csv", "relationships.csv"]


def test_it_can_be_left_out(mundap: Run, root: Path) -> None:
    (root / "mundap.toml").write_text(HASHED + "[graph]\nenabled = false\n", "utf-8")
    assert mundap("index", "--workspace", str(root)).code == 0
    assert not list((root / ".mundap" / "index").glob("*/graph.sqlite"))[1:]
    done = mundap("graph", "export", "--out", "x", "--workspace", str(root))
    assert done.code == 1
    assert "enabled = true" in done.err
    (root / "mundap.toml").write_text(
        HASHED + '[graph]\nenabled = false\n[retrieve]\nlegs = ["bm25", "graph"]\n', "utf-8"
    )
    assert "enabled = true" in mundap("search", "술", "--workspace", str(root)).err


def test_it_takes_part_in_the_hybrid(mundap: Run, root: Path) -> None:
    (root / "mundap.toml").write_text(HASHED + '[retrieve]\nlegs = ["bm25", "dense", "graph"]\n', "utf-8")
    best = mundap("search", "주류 면세", "--json", "--workspace", str(root)).rows[0]
    assert set(best["origins"]) == {"bm25", "dense", "graph"}
    assert {link["said"] for link in best["links"]} >= {"주류", "면세"}
