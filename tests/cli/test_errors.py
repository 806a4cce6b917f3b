"""Exit 0 done, 1 one clear sentence, 2 usage; a traceback only for those who ask."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click
import pytest
import typer
from filelock import FileLock
from tests.cli.conftest import Done, MakeBot, MakeFiles, Run

from mundap.cli import app
from mundap.errors import UnknownName

HANGUL = re.compile("[가-힣]")
FIXED = {"init", "doctor", "ingest", "remove", "index", "search", "ask", "chat", "evaluate"}


def verbs(group: Any, above: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], click.Command]]:
    found: list[tuple[tuple[str, ...], click.Command]] = []
    for name, command in group.commands.items():
        inside = hasattr(command, "commands")
        found += [((*above, name), command), *(verbs(command, (*above, name)) if inside else [])]
    return found


VERBS = verbs(typer.main.get_command(app))


def sentence(done: Done, *parts: str) -> None:
    """The command failed as expected: one line on stderr that holds `parts`, nothing on stdout."""
    assert done.code == 1, done
    assert done.out == ""
    assert re.fullmatch(r"mundap: [^\n]+\n", done.err), done.err
    assert all(part in done.err for part in parts), done.err


def test_the_fixed_verbs_are_there() -> None:
    assert {path[0] for path, _ in VERBS} >= FIXED
    assert {path for path, _ in VERBS} >= {("evaluate", "retrieval"), ("evaluate", "abstain")}


@pytest.mark.parametrize("verb", [path for path, _ in VERBS], ids=" ".join)
def test_help_is_korean(mundap: Run, verb: tuple[str, ...]) -> None:
    done = mundap(*verb, "--help", env={"COLUMNS": "200"})
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"Usage: mundap {' '.join(verb)}")
    about = done.out.split("\n\n")[1]
    assert HANGUL.search(about), about


@pytest.mark.parametrize(
    ("verb", "says"),
    [
        (["ask"], "'QUESTION' 값이 필요합니다."),
        (["aks"], "'aks': 없는 명령입니다. 비슷한 명령: 'ask'"),
        (["search", "관세", "--k", "3"], "--k: 없는 옵션입니다."),
        (["search", "관세", "-k", "셋"], "'-k'의 값이 올바르지 않습니다: 정수여야 합니다"),
        (["search", "관세", "-k", "0"], "'-k'의 값이 올바르지 않습니다: 1 이상이어야 합니다"),
        (["index", "더"], "받지 않는 인자입니다: 더"),
        (["evaluate", "retrieval", "--questions"], "옵션 --questions에 값이 필요합니다."),
        (["train", "adapter", "--seed"], "옵션 --seed에 값이 필요합니다."),
        (["synth", "keywords", "--by", "x", "--out", "y"], "'rules', 'llm'"),
    ],
)
def test_wrong_usage_is_told_in_korean(mundap: Run, verb: list[str], says: str) -> None:
    done = mundap(*verb)
    assert (done.code, done.out) == (2, "")
    told = done.err.splitlines()
    assert told[-1].startswith("오류: "), done.err
    assert told[-1].endswith(says), done.err
    assert not re.search(r"\b(Error|Invalid|Missing|Usage|Try|Input)\b", done.err)


def test_the_version_is_told(mundap: Run) -> None:
    done = mundap("--version")
    assert (done.code, done.err) == (0, "")
    assert re.fullmatch(r"mundap \d+\.\d+\.\d+\S*\n", done.out)


@pytest.mark.parametrize(("verb", "command"), VERBS, ids=[" ".join(path) for path, _ in VERBS])
def test_every_option_is_explained_in_korean(verb: tuple[str, ...], command: click.Command) -> None:
    for parameter in command.params:
        if parameter.name == "leg":  # its values are its explanation
            continue
        assert HANGUL.search(getattr(parameter, "help", None) or ""), f"{verb}: {parameter.name}"


def test_help_of_the_whole_lists_every_verb(mundap: Run) -> None:
    done = mundap("--help")
    assert done.code == 0
    assert all(re.search(rf"^  {name} +.*[가-힣]", done.out, re.MULTILINE) for name in FIXED)


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["search"],
        ["search", "연차", "-k", "0"],
        ["search", "연차", "-k", "many"],
        ["search", "연차", "--nonsense"],
        ["search", "연차", "--where", "source"],
        ["evaluate", "nonsense"],
        ["evaluate", "retrieval"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_exit_2(mundap: Run, office: Path, arguments: list[str]) -> None:
    done = mundap(*arguments, cwd=office)
    assert (done.code, done.out) == (2, "")
    assert "오류: " in done.err
    assert "Traceback" not in done.err


def test_a_missing_workspace_names_the_command_that_makes_one(mundap: Run, tmp_path: Path) -> None:
    sentence(mundap("search", "x", workspace=tmp_path / "none"), "mundap init", str(tmp_path / "none"))


@pytest.mark.parametrize("place", ["before", "after"])
def test_debug_shows_the_traceback(mundap: Run, tmp_path: Path, place: str) -> None:
    verb = ("search", "x", "--workspace", tmp_path / "none")
    done = mundap("--debug", *verb) if place == "before" else mundap(*verb, "--debug")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("Traceback (most recent call last):")
    assert "WorkspaceNotFound" in done.err


def test_before_an_index_there_is_a_sentence_with_the_command(mundap: Run, fresh: MakeFiles) -> None:
    root = fresh()
    sentence(mundap("search", "연차", workspace=root), "mundap index")
    sentence(mundap("index", workspace=root), "mundap ingest")


def test_an_unknown_leg_lists_the_known_ones(mundap: Run, office: Path) -> None:
    sentence(mundap("search", "연차", "--leg", "sparse", workspace=office), "'sparse'", "bm25, dense, graph, hybrid")


def test_removing_what_is_not_there_lists_what_is(mundap: Run, office: Path) -> None:
    sentence(mundap("remove", "없는 문서.txt", workspace=office), "'없는 문서.txt'", "docs/휴가.md")


@pytest.mark.parametrize(
    ("config", "parts"),
    [
        ("[retreive]\nk = 3\n", ["'retreive'", "retrieve", "ingest"]),
        ("[retrieve]\nkk = 3\n", ["'retrieve.kk'", "legs", "pool"]),
        ('[retrieve]\nk = "three"\n', ["'retrieve.k'", "'three'"]),
        ("[retrieve]\nk = 0\n", ["'retrieve.k'"]),
        ("[retrieve\n", ["TOML"]),
        ('[index]\nencoder = "bge"\n', ["'bge'", "e5-small", "hashed", "st:"]),
        ('[index]\nencoder = "hashed"\nuser_dictionary = "none.txt"\n', ["none.txt", "index.user_dictionary"]),
    ],
    ids=["table", "key", "type", "range", "syntax", "encoder", "dictionary"],
)
def test_a_wrong_setting_is_named_with_what_is_allowed(
    mundap: Run, fresh: MakeFiles, config: str, parts: list[str]
) -> None:
    root = fresh({"a.txt": "글"}, config)
    assert mundap("ingest", workspace=root).code == (0 if "encoder" in config else 1)
    sentence(mundap("index", workspace=root), *parts)


def test_an_unknown_generator_lists_the_known_ones(indexed: MakeBot) -> None:
    bot = indexed(config='[index]\nencoder = "hashed"\n[generate]\ngenerator = "gpt"\n')
    with pytest.raises(UnknownName, match=r"'gpt'.*extractive, gguf, openai"):
        bot.ask("연차는 언제 소멸하나요?")


def test_init_never_writes_over_a_workspace(mundap: Run, office: Path) -> None:
    before = (office / "mundap.toml").read_bytes()
    sentence(mundap("init", office), str(office))
    assert (office / "mundap.toml").read_bytes() == before


def test_init_names_the_examples(mundap: Run, tmp_path: Path) -> None:
    sentence(mundap("init", tmp_path / "ws", "--example", "customs"), "'customs'", "customs-mini")
    assert not (tmp_path / "ws").exists()


def test_init_where_a_file_stands_is_one_sentence(mundap: Run, tmp_path: Path) -> None:
    (tmp_path / "ws").write_text("not a folder")
    sentence(mundap("init", tmp_path / "ws"), str(tmp_path / "ws"))


def test_a_workspace_that_another_process_writes_to_is_busy(mundap: Run, office: Path) -> None:
    with FileLock(office / ".mundap" / "lock"):
        sentence(mundap("ingest", workspace=office), str(office))
        assert mundap("search", "연차", "--leg", "dense", "--json", workspace=office).rows  # readers are not kept out


def test_a_damaged_corpus_is_one_sentence(mundap: Run, fresh: MakeFiles) -> None:
    root = fresh()
    (root / ".mundap").mkdir()
    (root / ".mundap" / "corpus.sqlite").write_bytes(b"this is no database " * 1000)
    sentence(mundap("search", "연차", workspace=root), "corpus.sqlite")


def test_a_filter_with_a_quotation_mark_is_no_crash(mundap: Run, office: Path) -> None:
    done = mundap("search", "연차", "--leg", "dense", "--where", 'a"b=1', "--json", workspace=office)
    assert (done.code, done.out) == (1, "")  # no passage has such a key
    assert 'a"b' in done.err
    assert "Traceback" not in done.err
