"""What goes in and comes out as bytes: encodings, line ends, pipes."""

from __future__ import annotations

import subprocess
import unicodedata
from pathlib import Path

import pytest
from tests.cli.conftest import MakeFiles, Run

from mundap.cli import show
from mundap.workspace import Mundap

ENDS = "연차는\u2028언제\u0085소멸\u2029하나요?"


def test_every_question_is_echoed_exactly_as_it_came(mundap: Run, office: Path) -> None:
    nfd = unicodedata.normalize("NFD", "연차는 언제 소멸하나요?")
    questions = ["  연차는  언제?\t", nfd, ENDS, "연차\u200b는 😀?", '연차 "인용" \\ 역슬래시']
    stdin = "\n".join(["", *questions[:2], "   ", *questions[2:]]) + "\r\n"
    done = mundap("search", "-", "-k", 1, "--leg", "dense", "--json", workspace=office, stdin=stdin)
    assert [row["question"] for row in done.rows] == questions
    bot = Mundap.open(office)
    assert [bot.ask(question).question for question in questions] == questions


def test_json_lines_hold_whatever_the_texts_hold(mundap: Run, fresh: MakeFiles) -> None:
    root = fresh({"연차.txt": f"제1조 {ENDS}\n\n둘째 문단", "표\u2028하나.bin": b"\0"})
    ingested = mundap("ingest", "--json", workspace=root).row
    assert [skipped["file"] for skipped in ingested["skipped"]] == ["docs/표\u2028하나.bin"]
    Mundap.open(root).index()
    done = mundap("search", "-", "--leg", "dense", "--json", workspace=root, stdin=f"{ENDS}\n")
    assert len(done.rows) == done.out.count("\n") == 2
    assert {row["question"] for row in done.rows} == {ENDS}


def test_composed_decomposed_and_cp949_questions_find_the_same_hits(mundap: Run, office: Path) -> None:
    nfc = "연차는 언제 소멸하나요?"
    nfd = unicodedata.normalize("NFD", nfc)
    assert nfc != nfd
    stdin = b"\n".join([nfc.encode(), nfd.encode(), nfc.encode("cp949")])
    done = mundap("search", "-", "-k", 3, "--json", workspace=office, stdin=stdin)
    assert done.code == 0
    assert [row["question"] for row in done.rows] == [nfc] * 3 + [nfd] * 3 + [nfc] * 3
    first, second, third = ([{**row, "question": ""} for row in done.rows[n : n + 3]] for n in (0, 3, 6))
    assert first == second == third


@pytest.mark.parametrize(
    "env",
    [
        {"LANG": "C", "LC_ALL": None, "LC_CTYPE": None, "PYTHONIOENCODING": None, "PYTHONUTF8": None},
        {"LC_ALL": "C", "PYTHONIOENCODING": None, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "POSIX", "PYTHONIOENCODING": "cp949", "PYTHONUTF8": None},
    ],
    ids=["lang-c", "ascii", "cp949"],
)
def test_output_is_utf_8_whatever_the_locale(mundap: Run, office: Path, env: dict[str, str | None]) -> None:
    stdin = "연차는 언제 소멸하나요?\n"
    done = mundap("search", "-", "--leg", "dense", "--json", workspace=office, env=env, stdin=stdin)
    assert done.code == 0, done.err
    assert done.rows[0]["text"].startswith("연차는 2년이 지나면 소멸합니다.")
    assert "docs/휴가.md" in mundap("remove", "none", workspace=office, env=env).err


def test_a_question_on_the_command_line_needs_no_locale(mundap: Run, office: Path) -> None:
    env = {"LANG": "C", "LC_ALL": "C", "LC_CTYPE": None, "PYTHONIOENCODING": None, "PYTHONUTF8": None}
    done = mundap("search", "연차는 언제 소멸하나요?", "-k", 1, "--leg", "dense", "--json", workspace=office, env=env)
    assert done.row["text"].startswith("연차는 2년이 지나면 소멸합니다.")


def test_a_question_that_is_no_text_is_no_crash(mundap: Run, office: Path) -> None:
    done = mundap("search", "연차".encode("cp949"), "--json", workspace=office)
    assert done.code in (0, 1)
    assert "Traceback" not in done.err


def test_a_reader_that_has_seen_enough_ends_the_command_quietly(command: str, office: Path) -> None:
    questions = "연차는 언제 소멸하나요?\n" * 2000
    piped = subprocess.Popen(
        [command, "search", "-", "--leg", "dense", "--json", "--workspace", str(office)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert piped.stdin
    assert piped.stdout
    assert piped.stderr
    piped.stdin.write(questions.encode())
    piped.stdin.close()
    piped.stdout.readline()
    piped.stdout.close()
    assert piped.stderr.read() == b""
    piped.stderr.close()
    assert piped.wait(60) == 0


def test_no_question_on_standard_input_is_no_error(mundap: Run, office: Path) -> None:
    done = mundap("search", "-", "--json", workspace=office, stdin="\n\n")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_a_blank_question_finds_nothing(office: Path) -> None:
    bot = Mundap.open(office)
    assert bot.search("") == bot.search(" \n") == []
    assert bot.ask(" ").abstained


def test_a_package_for_notebooks_that_is_loaded_makes_no_notebook(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("ipykernel", reason="needs ipykernel, from the extra dev")
    with show.bar("임베딩") as progress:
        progress(50, 50)
    assert capsys.readouterr().err.startswith("임베딩 50/50")


def test_work_that_begins_anew_is_timed_anew(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 0.0, 10.0, 20.0, 30.0])
    monkeypatch.setattr("mundap.progress.time.monotonic", lambda: next(clock))
    with show.bar("임베딩") as progress:
        for done in (40, 50, 10, 20):
            progress(done, 50)
    assert capsys.readouterr().err.splitlines() == [
        "임베딩 50/50 (1.0/s)",
        "임베딩 10/50",
        "임베딩 20/50 (1.0/s, 30초 남음)",
    ]
