"""evaluate, tune, graph mine and synth whose work is done by others: what comes is what one machine makes, to the byte."""

from __future__ import annotations

import csv
import json
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import MakeFiles, Run
from tests.executors import ray_nodes
from tests.queue_workers import worker
from tests.serving import running
from tests.unit.test_rerank_servers import Ranking

from mundap.workflows import runs
from mundap.workspace import Mundap

HASHED = '[index]\nencoder = "hashed"\n'
PERSONA = 'tone = "해요체"\nclosing = "또 물어보세요!"\n'


@pytest.fixture(scope="module")
def made(hashed_sample: MakeFiles, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample corpus. Tests only read it."""
    root = hashed_sample(tmp_path_factory.mktemp("verbs") / "ws", HASHED)
    (root / "personas").mkdir(exist_ok=True)
    (root / "personas" / "친절.toml").write_text(PERSONA, "utf-8")
    with (root / "questions.csv").open(encoding="utf-8-sig", newline="") as file:
        head, *rows = csv.reader(file)
    with (root / "few.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *rows[::6]])
    return root


@pytest.fixture(scope="module", params=["postgres", "ray"])
def jobs(request: pytest.FixtureRequest) -> Iterator[str]:
    """The settings of an executor with two workers."""
    with ExitStack() as stack:
        if request.param == "ray":
            address = stack.enter_context(ray_nodes())
            yield f'\n[jobs]\nexecutor = "ray"\naddress = "{address}"\n'
            return
        url = request.getfixturevalue("database")
        workers = [stack.enter_context(worker(url)) for _ in range(2)]
        yield f'\n[jobs]\nexecutor = "postgres"\nurl = "{url}"\n'
        for process in workers:
            process.send_signal(signal.SIGINT)
        said = [process.communicate(timeout=30)[0] for process in workers]
        assert sum(int(one.split("완료 ")[1].split(",")[0]) for one in said) >= 3, said


@pytest.fixture
def both(made: Path, jobs: str, tmp_path: Path) -> tuple[Path, Path]:
    """The workspace with the work done here, and with the work done by others."""
    here, there = (shutil.copytree(made, tmp_path / name) for name in ("here", "there"))
    with (there / "mundap.toml").open("a", encoding="utf-8") as file:
        file.write(jobs)
    return here, there


pytestmark = pytest.mark.slow

# What differs from one workspace to the next.
_OWN = {"run", "command", "made", "file", "settings", "diff"}  # the last shows mundap.toml, of which [jobs] is a part


def same(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: same(one) for key, one in value.items() if key not in _OWN}
    return [same(one) for one in value] if isinstance(value, list) else value


def kept(root: Path, row: dict[str, Any]) -> Any:
    """The report with every question in it."""
    return same(json.loads((Path(row["run"]) / runs.REPORT).read_text("utf-8")))


@pytest.mark.parametrize(
    "verb",
    [
        ("evaluate", "retrieval", "--questions", "few.csv", "--twins"),
        ("evaluate", "answers", "--questions", "few.csv"),
        ("evaluate", "answers", "--questions", "few.csv", "--persona", "친절", "--limit", "12"),
        ("evaluate", "abstain", "--questions", "few.csv"),
    ],
    ids=lambda verb: "-".join(verb[:2]) + ("-persona" if "--persona" in verb else ""),
)
def test_what_is_measured_by_workers_is_what_one_machine_measures(
    mundap: Run, both: tuple[Path, Path], verb: tuple[str, ...]
) -> None:
    rows = []
    for root in both:
        files = [str(root / one) if one.endswith(".csv") else one for one in verb]
        done = mundap(*files, "--json", workspace=root)
        assert done.code == 0, done.err
        assert "이 컴퓨터에서" not in done.err
        rows.append(done.row)
    assert same(rows[0]) == same(rows[1])
    assert kept(both[0], rows[0]) == kept(both[1], rows[1])
    assert not [*(both[1] / ".mundap" / "runs" / "parts").iterdir()]  # all was there, so nothing is kept for later


def test_what_a_reranker_costs_is_tuned_by_workers(mundap: Run, both: tuple[Path, Path]) -> None:
    rows, asked = [], []
    for root in both:
        seen: list[dict[str, Any]] = []
        with running(Ranking("tei", seen, 64)) as server:
            address = server.address.removesuffix("/v1")
            with (root / "mundap.toml").open("a", encoding="utf-8") as file:
                file.write(f'\n[retrieve]\nreranker = "rerank:{address}"\n')
            done = mundap("tune", "--what", "rerank,k", "--questions", root / "few.csv", "--json", workspace=root)
        assert done.code == 0, done.err
        rows.append(done.row)
        asked.append(sorted((request["query"], len(request["texts"])) for request in seen if "texts" in request))
    assert same(rows[0]) == same(rows[1])
    assert asked[0] == asked[1] != []  # each question at each depth once


def test_keywords_are_measured_alike(mundap: Run, both: tuple[Path, Path], tmp_path: Path) -> None:
    questions = [one.question for one in Mundap.open(both[0]).corpus.questions()]
    tagged = tmp_path / "tagged.tsv"
    lines = [f"{question}\t{question.split()[0]}" for question in dict.fromkeys(questions)]
    tagged.write_text("query\tkeyword\n" + "\n".join(lines) + "\n", "utf-8")
    assert len(lines) > 64
    for more in ((), ("--extractor", "nouns")):
        rows = [
            mundap("evaluate", "keywords", "--questions", tagged, *more, "--json", workspace=one).row for one in both
        ]
        assert kept(both[0], rows[0]) == kept(both[1], rows[1])


SYNTH: dict[str, tuple[str, Callable[[Path], tuple[object, ...]]]] = {
    "qa": ("qa.jsonl", lambda root: ("--ranking", root / "ranking.json")),
    "rank": ("rank.json", lambda root: ("--data", root / "few.csv")),
    "keywords": ("keywords.tsv", lambda root: ()),
    "persona": ("persona.jsonl", lambda root: ()),
}


@pytest.mark.parametrize("verb", SYNTH)
def test_what_is_made_by_workers_is_what_one_machine_makes(mundap: Run, both: tuple[Path, Path], verb: str) -> None:
    name, more = SYNTH[verb]
    rows = []
    for root in both:
        given = ("친절",) if verb == "persona" else ()
        done = mundap("synth", verb, *given, "--out", root / name, *more(root), "--json", workspace=root)
        assert done.code == 0, done.err
        rows.append({key: value for key, value in done.row.items() if not str(value).startswith(str(root))})
        assert not (root / f"{name}.part").exists()
    assert rows[0] == rows[1]
    files = {name, "ranking.json"} if verb == "qa" else {name}
    for file in files:
        assert (both[0] / file).read_bytes() == (both[1] / file).read_bytes() != b""


def test_synonyms_are_mined_alike(mundap: Run, both: tuple[Path, Path]) -> None:
    given = [option for miner in ("괄호", "철자", "질문", "임베딩") for option in ("--by", miner)]
    rows = [mundap("graph", "mine", *given, "--json", workspace=root).row for root in both]
    assert rows[0]["by"] == rows[1]["by"]
    assert rows[0]["pairs"] > 100
    tables = [(root / "synonyms.tsv").read_bytes() for root in both]
    assert tables[0] == tables[1]
