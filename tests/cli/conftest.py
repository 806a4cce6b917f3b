"""The command as people run it, and workspaces to run it on."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import httpx
import pytest
from filelock import FileLock
from tests.forked import Forked, Origin

import mundap as mundap_package
from mundap.workspace import Mundap

HASHED = '[index]\nencoder = "hashed"\n'
LEAVE = {
    "휴가.md": "# 휴가 규정\n\n## 연차\n\n연차는 2년이 지나면 소멸합니다. 연차는 해마다 15일입니다.\n\n"
    "## 병가\n\n병가는 해마다 60일까지 쓸 수 있습니다.\n",
    "출장.txt": "출장비는 하루에 5만 원입니다.\n\n출장 보고서는 사흘 안에 냅니다.\n",
    "문답.csv": "질문,제시문,답변,출처\n"
    "주차장은 몇 시에 닫나요?,지하 주차장은 밤 11시에 문을 닫습니다.,밤 11시에 닫습니다.,시설 안내\n",
}


@dataclass(frozen=True)
class Done:
    """A finished command."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The JSON lines of stdout, cut at every character that some tool takes for the end of a line."""
        return [json.loads(line) for line in self.out.splitlines() if line]

    @property
    def row(self) -> dict[str, Any]:
        """The only JSON line."""
        [row] = self.rows
        return row


Run = Callable[..., Done]
MakeFiles = Callable[..., Path]
MakeBot = Callable[..., Mundap]


def few(root: Path) -> Path:
    """A table of every third of the sample's questions."""
    with (root / "questions.csv").open(encoding="utf-8-sig", newline="") as file:
        head, *rows = csv.reader(file)
    with (root / "few.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *rows[::3]])
    return root / "few.csv"


@pytest.fixture(scope="session")
def mundap(origin: Origin) -> Run:
    """Runs `mundap` to its end. `env` adds variables, and None takes one away; stdin may be bytes."""

    def run(
        *arguments: object,
        workspace: Path | None = None,
        stdin: str | bytes = b"",
        env: Mapping[str, str | None] | None = None,
        cwd: Path | None = None,
    ) -> Done:
        changed = {**os.environ, **(env or {})}
        given = [os.fsdecode(a) if isinstance(a, bytes) else str(a) for a in arguments]
        with TemporaryFile() as said_to_it, TemporaryFile() as out, TemporaryFile() as err:
            said_to_it.write(stdin.encode() if isinstance(stdin, str) else stdin)
            said_to_it.seek(0)
            process = origin.popen(
                [*given, *(["--workspace", str(workspace)] if workspace else [])],
                stdin=said_to_it.fileno(),
                stdout=out.fileno(),
                stderr=err.fileno(),
                env={name: value for name, value in changed.items() if value is not None},
                cwd=cwd,
            )
            try:
                code = process.wait(180)
            finally:
                process.kill()
            for printed in (out, err):
                printed.seek(0)
            return Done(code, out.read().decode("utf-8"), err.read().decode("utf-8"))

    return run


@pytest.fixture(scope="session")
def sample(mundap: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample corpus, indexed once with the default encoder for all who test at once. Tests only read it."""
    base = tmp_path_factory.getbasetemp()
    root = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "sample"
    with FileLock(f"{root}.lock"):
        if not (root / ".mundap" / "index" / "CURRENT").exists():
            for arguments in (
                ("init", root, "--example", "customs-mini"),
                ("ingest", "--workspace", root),
                ("index", "--workspace", root),
            ):
                done = mundap(*arguments)
                assert done.code == 0, done.err
    return root


@pytest.fixture(scope="session")
def hashed_sample() -> MakeFiles:
    """Makes a workspace of one's own over the sample corpus, indexed under the given mundap.toml."""

    def made(root: Path, config: str) -> Path:
        shutil.copytree(Path(mundap_package.__file__).parent / "examples" / "customs-mini", root)
        (root / "mundap.toml").write_text(config, "utf-8")
        bot = Mundap.open(root)
        bot.ingest()
        bot.index()
        return root

    return made


def make(root: Path, files: Mapping[str, str | bytes], config: str = HASHED) -> Path:
    """A workspace over `files` that was not ingested yet."""
    (root / "docs").mkdir(parents=True)
    (root / "mundap.toml").write_text(config, "utf-8")
    for name, content in files.items():
        (root / "docs" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "docs" / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


@pytest.fixture
def fresh(tmp_path: Path) -> MakeFiles:
    """Makes a workspace of the given files that was not ingested yet, by default with the hashed encoder."""

    def made(files: Mapping[str, str | bytes] = LEAVE, config: str = HASHED) -> Path:
        return make(tmp_path / "ws", files, config)

    return made


@pytest.fixture
def indexed(fresh: MakeFiles) -> MakeBot:
    """Makes a workspace of the given files, ingested and indexed with the hashed encoder."""

    def made(files: Mapping[str, str | bytes] = LEAVE, config: str = HASHED) -> Mundap:
        bot = Mundap.open(fresh(files, config))
        bot.ingest()
        bot.index()
        return bot

    return made


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small indexed workspace with the hashed encoder. Tests only read it."""
    root = make(tmp_path_factory.mktemp("office") / "ws", LEAVE)
    bot = Mundap.open(root)
    bot.ingest()
    bot.index()
    return root


@dataclass(frozen=True)
class Server:
    """A running `mundap serve`, a client of it, and the file that its standard error goes to."""

    process: Forked | subprocess.Popen[bytes]
    client: httpx.Client
    errors: Path

    @property
    def address(self) -> str:
        """As it said itself."""
        return str(self.client.base_url).rstrip("/")


Serve = Callable[..., AbstractContextManager[Server]]


@pytest.fixture(scope="session")
def serving(origin: Origin, tmp_path_factory: pytest.TempPathFactory) -> Serve:
    """Runs `mundap serve` over a workspace on a free port, and ends it if the test does not."""

    @contextmanager
    def served(root: Path, *options: str, env: Mapping[str, str] | None = None) -> Iterator[Server]:
        errors = tmp_path_factory.mktemp("server") / "stderr"
        with errors.open("wb") as sink:
            process = origin.popen(
                ["serve", "--port", "0", "--workspace", str(root), *options],
                stdout=subprocess.PIPE,
                stderr=sink.fileno(),
                env={**os.environ, **(env or {})},
            )
        assert process.stdout is not None
        try:
            address = process.stdout.readline().decode().strip()
            assert address, errors.read_text("utf-8")
            with httpx.Client(base_url=address, timeout=60) as client:
                yield Server(process, client, errors)
        finally:
            process.terminate()
            process.wait(30)
            process.stdout.close()

    return served
