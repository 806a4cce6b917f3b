"""The fixed contract: names, shapes and exit codes that other people script against."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.cli.conftest import MakeFiles, Run

HIT = {"rank", "score", "passage_id", "document_id", "source", "text", "origins"}
INGESTED = {"documents", "passages", "added", "updated", "removed", "unchanged", "skipped"}
ANSWER = {"question", "answer", "abstained", "citations", "hits", "timings", "model"}
LIMIT = "해외직구 면세 한도가 얼마인가요?"


def squashed(text: str) -> str:
    return "".join(text.split())


def test_a_workspace_has_its_fixed_names(sample: Path) -> None:
    assert (sample / "mundap.toml").is_file()
    assert (sample / ".mundap" / "corpus.sqlite").is_file()
    generation = (sample / ".mundap" / "index" / "CURRENT").read_text("utf-8").strip()
    assert (sample / ".mundap" / "index" / generation / "manifest.json").is_file()


def test_ingesting_again_changes_nothing(mundap: Run, sample: Path, tmp_path: Path) -> None:
    copied = shutil.copytree(sample, tmp_path / "ws")
    done = mundap("ingest", "--json", workspace=copied)
    assert done.code == 0
    assert set(done.row) >= INGESTED
    assert done.row["passages"] >= 60
    assert done.row["unchanged"] == done.row["documents"] == 6
    assert (done.row["added"], done.row["updated"], done.row["removed"], done.row["skipped"]) == (0, 0, 0, [])


@pytest.mark.parametrize("leg", ["bm25", "dense", "graph", "hybrid"])
def test_every_leg_searches(mundap: Run, sample: Path, leg: str) -> None:
    done = mundap("search", LIMIT, "-k", 5, "--leg", leg, "--json", workspace=sample)
    assert done.code == 0
    assert [hit["rank"] for hit in done.rows] == [1, 2, 3, 4, 5]
    scores = [hit["score"] for hit in done.rows]
    assert scores == sorted(scores, reverse=True)
    for hit in done.rows:
        assert set(hit) >= HIT
        assert set(hit["origins"]) <= {"bm25", "dense", "graph"}
        assert all(rank >= 1 for rank in hit["origins"].values())
    assert any("150달러" in hit["text"] for hit in done.rows)


def test_questions_from_standard_input_come_back_with_their_hits(mundap: Run, sample: Path) -> None:
    done = mundap("search", "-", "-k", 2, "--json", workspace=sample, stdin="면세 한도는?\n관세는 어떻게 내나요?\n")
    assert done.code == 0
    assert [hit["question"] for hit in done.rows] == ["면세 한도는?"] * 2 + ["관세는 어떻게 내나요?"] * 2


def test_an_answer_quotes_its_passages_and_a_question_beside_the_documents_is_not_answered(
    mundap: Run, sample: Path
) -> None:
    done = mundap("ask", "-", "--json", workspace=sample, stdin=f"{LIMIT}\n화성의 위성은 몇 개인가요?\n")
    assert done.code == 0
    answered, refused = done.rows
    for row in done.rows:
        assert set(row) >= ANSWER
        assert set(row["timings"]) >= {"retrieve_ms", "generate_ms"}
        assert all(set(hit) >= HIT for hit in row["hits"])
    assert not answered["abstained"]
    assert "150달러" in answered["answer"]
    texts = {hit["passage_id"]: squashed(hit["text"]) for hit in answered["hits"]}
    assert answered["citations"]
    for citation in answered["citations"]:
        assert set(citation) >= {"passage_id", "source", "quote"}
        assert squashed(citation["quote"]) in texts[citation["passage_id"]]
    assert refused["abstained"]
    assert refused["citations"] == []
    assert "찾지 못했습니다" in refused["answer"]


def test_a_workspace_is_found_from_the_folders_inside_it(mundap: Run, office: Path) -> None:
    inside = mundap("search", "연차", "--leg", "dense", "--json", cwd=office / "docs")
    assert inside.code == 0
    assert inside.rows == mundap("search", "연차", "--leg", "dense", "--json", workspace=office).rows != []


def test_text_output_goes_to_stdout_and_progress_to_stderr(mundap: Run, fresh: MakeFiles) -> None:
    root = fresh()
    ingested = mundap("ingest", workspace=root)
    assert (ingested.code, ingested.out) == (
        0,
        "문서 3개, 문단 5개 (추가 3, 변경 0, 삭제 0, 변경 없음 0, 건너뜀 0)\n",
    )
    assert "읽기 3/3" in ingested.err
    index = mundap("index", "--json", workspace=root)
    assert index.code == 0
    assert index.row["documents"] == 3
    assert index.row["generation"] == (root / ".mundap" / "index" / "CURRENT").read_text("utf-8").strip()
    assert "벡터" in index.err
    searched = mundap("search", "연차는 언제 소멸하나요?", workspace=root)
    assert searched.out.startswith("1. 휴가 규정 > 연차")
    assert searched.err == ""


def test_init_makes_a_workspace_that_says_what_to_do_next(mundap: Run, tmp_path: Path) -> None:
    done = mundap("init", tmp_path / "my bot")
    assert done.code == 0
    assert (tmp_path / "my bot" / "docs").is_dir()
    assert "mundap ingest" in done.out
    checked = mundap("doctor", "--json", workspace=tmp_path / "my bot")
    assert checked.code == 0, checked.err
    assert checked.row["documents"] == 0
