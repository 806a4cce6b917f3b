"""mundap keywords and mundap synth keywords on the sample corpus and its user dictionary."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import MakeFiles, Run

from mundap.evaluation.keywords import read_keywords
from mundap.workspace import Mundap

EXAMPLE = "이사화물 통관예약을 하면 뭐가 좋나요?"
FOUND = ["이사화물", "통관", "예약", "장점"]


def test_the_example_gives_exactly_its_keywords(mundap: Run, sample: Path) -> None:
    done = mundap("keywords", EXAMPLE, workspace=sample)
    assert (done.code, done.out, done.err) == (0, "이사화물, 통관, 예약, 장점\n", "")
    done = mundap("keywords", EXAMPLE, "--json", workspace=sample)
    assert (done.code, done.row) == (0, {"question": EXAMPLE, "keywords": FOUND})


def test_questions_come_line_by_line_from_standard_input(mundap: Run, sample: Path) -> None:
    lines = f"{EXAMPLE}\n\n안녕하세요\n"
    assert mundap("keywords", "-", workspace=sample, stdin=lines).out == "이사화물, 통관, 예약, 장점\n\n"
    done = mundap("keywords", "-", "--json", workspace=sample, stdin=lines.encode("cp949"))
    assert done.rows == [{"question": EXAMPLE, "keywords": FOUND}, {"question": "안녕하세요", "keywords": []}]


def test_the_known_questions_are_labelled_and_can_be_evaluated(mundap: Run, sample: Path, tmp_path: Path) -> None:
    out = tmp_path / "train.tsv"
    done = mundap("synth", "keywords", "--out", out, "--json", workspace=sample)
    assert done.code == 0, done.err
    rows = read_keywords(out)
    known = {question.question for question in Mundap.open(sample).corpus.questions()}
    assert {one.question for one in rows} <= known
    assert done.row["rows"] == done.row["new"] == len(rows) > 0.9 * len(known)
    assert (done.row["failed"], done.row["by"].partition(":")[0]) == (0, "rules")
    assert [path.name for path in tmp_path.iterdir()] == ["train.tsv"]  # no journal is left


def test_a_file_is_not_written_over_but_completed(mundap: Run, sample: Path, tmp_path: Path) -> None:
    asked, out = tmp_path / "asked.txt", tmp_path / "train.tsv"
    asked.write_text(f"{EXAMPLE}\n", "utf-8")
    command = ("synth", "keywords", "--questions", asked, "--out", out)
    assert mundap(*command, workspace=sample).code == 0
    assert [one.keywords for one in read_keywords(out)] == [tuple(FOUND)]
    out.write_text(out.read_text("utf-8").replace("장점", "이점"), "utf-8")  # by hand
    refused = mundap(*command, workspace=sample)
    assert (refused.code, refused.out) == (1, "")
    assert "--resume" in refused.err
    asked.write_text(f"{EXAMPLE}\n면세 한도는?\n", "utf-8")
    done = mundap(*command, "--resume", workspace=sample)
    assert done.code == 0, done.err
    assert [one.keywords for one in read_keywords(out)] == [("이사화물", "통관", "예약", "이점"), ("면세", "한도")]


def test_questions_may_be_piped(mundap: Run, sample: Path, tmp_path: Path) -> None:
    out = tmp_path / "train.tsv"
    done = mundap("synth", "keywords", "--questions", "-", "--out", out, workspace=sample, stdin=f"{EXAMPLE}\n안녕\n")
    assert done.code == 0, done.err
    assert [(one.question, one.keywords) for one in read_keywords(out)] == [(EXAMPLE, tuple(FOUND))]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--out", "train.csv"), ".tsv"),
        (("--out", "train.tsv", "--questions", "none.txt"), "질문 파일이 없습니다"),
        (("--out", "train.tsv", "--by", "llm"), "generate.generator"),
    ],
)
def test_what_is_wrong_is_said(
    mundap: Run, sample: Path, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = mundap("synth", "keywords", *arguments, workspace=sample, cwd=tmp_path)
    assert (done.code, done.out) == (1, "")
    assert said in done.err
    assert not list(tmp_path.iterdir())


def test_a_corpus_without_questions_says_what_to_give(mundap: Run, fresh: MakeFiles, tmp_path: Path) -> None:
    done = mundap("synth", "keywords", "--out", tmp_path / "t.tsv", workspace=fresh())
    assert done.code == 1
    assert "--questions" in done.err


def test_another_extractor_is_named_in_mundap_toml_and_measured_by_name(
    mundap: Run, fresh: MakeFiles, tmp_path: Path
) -> None:
    root = fresh(config='[keywords]\nextractor = "model:관세"\n')
    done = mundap("keywords", EXAMPLE, workspace=root)
    assert (done.code, done.out) == (1, "")
    assert "mundap train keywords" in done.err
    file = tmp_path / "k.tsv"
    file.write_text(f"query\tkeyword\n{EXAMPLE}\t이사화물, 통관, 예약, 장점\n", "utf-8")
    ask = ("evaluate", "keywords", "--questions", file)
    assert mundap(*ask, workspace=root).code == 1
    found = {}
    for extractor in ("rules", "nouns"):
        done = mundap(*ask, "--extractor", extractor, "--json", workspace=root)
        assert done.code == 0, done.err
        found[extractor] = done.row["recall"]
        assert done.row["extractor"].startswith(extractor)
    assert found["rules"] > found["nouns"]
    wrong = mundap(*ask, "--extractor", "kobart", workspace=root)
    assert (wrong.code, wrong.out) == (1, "")
    assert "rules" in wrong.err
    (root / "mundap.toml").write_text('[keywords]\nextractor = "kobart"\n', "utf-8")
    assert "keywords.extractor" in mundap("doctor", workspace=root).err


def test_what_cannot_be_exported_is_said(mundap: Run, fresh: MakeFiles) -> None:
    root = fresh()
    (root / ".mundap" / "models" / "다른것").mkdir(parents=True)
    done = mundap("export", "onnx", "관세", workspace=root)
    assert (done.code, done.out) == (1, "")
    assert "학습한 모델: 다른것" in done.err
