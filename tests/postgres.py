"""PostgreSQL of Debian's packages, started by a test in a folder of its own on this machine's address, and ended by it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest

PASSWORD = "비밀 p@ss/word?"  # with all that an address must quote
_QUOTED = "%EB%B9%84%EB%B0%80%20p%40ss%2Fword%3F"
_USER = "postgres"  # as whom it runs where the tests are root's, as whom it refuses to


def programs() -> Path | None:
    """The folder of initdb and the others; None if they are not installed."""
    found = shutil.which("initdb")
    if found is None:
        every = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        return every[-1].parent if every else None
    return Path(found).resolve().parent


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@dataclass
class Cluster:
    """A server of its own. `folder` is its user's; it listens at `port` of 127.0.0.1."""

    folder: Path
    port: int = field(default_factory=free_port)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def data(self) -> Path:
        """Its files."""
        return self.folder / "data"

    def url(self, database: str = _USER, password: str = _QUOTED) -> str:
        """The address of one of its databases."""
        return f"postgresql://{_USER}:{password}@127.0.0.1:{self.port}/{database}"

    def database(self) -> str:
        """The address of a new, empty database."""
        name = f"t{next(self._numbers)}_{os.getpid()}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE template0")
        return self.url(name)

    def sql(self, *statements: str, database: str = _USER) -> str:
        """What psql prints for these."""
        given = [part for one in statements for part in ("-c", one)]
        return self.run("psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-d", self.url(database), *given)

    def make(self, *options: str) -> None:
        """Make its files, with these settings."""
        secret = self.folder / "password"
        secret.write_text(PASSWORD, "utf-8")
        if os.getuid() == 0:
            shutil.chown(secret, _USER)
        self.run(
            "initdb", "-D", str(self.data), "-U", _USER, "-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8",
            "--locale=C.UTF-8", "--no-sync",
        )  # fmt: skip
        self.configure("listen_addresses = '127.0.0.1'", f"unix_socket_directories = '{self.folder}'", *options)

    def configure(self, *lines: str) -> None:
        """Add lines to its settings."""
        with (self.data / "postgresql.auto.conf").open("a") as file:
            file.write("\n".join((*lines, "")))

    def start(self) -> None:
        """Start it, and wait until it answers."""
        log = str(self.folder / "log")
        self.run("pg_ctl", "start", "-w", "-t", "60", "-D", str(self.data), "-l", log, "-o", f"-p {self.port}")

    def stop(self) -> None:
        """End it, if it runs; whoever is connected is sent away."""
        if (self.data / "postmaster.pid").exists():
            self.run("pg_ctl", "stop", "-w", "-m", "immediate", "-D", str(self.data), check=False)

    def kill(self) -> None:
        """End it as a machine that fails does: at once, with all that it was doing."""
        process = int((self.data / "postmaster.pid").read_text().splitlines()[0])
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
        for one in (process, *map(int, children)):
            try:
                os.kill(one, signal.SIGKILL)
            except ProcessLookupError:
                continue
        until = time.monotonic() + 10
        while Path(f"/proc/{process}").exists() and time.monotonic() < until:
            time.sleep(0.01)

    def run(self, program: str, *arguments: str, check: bool = True) -> str:
        """What a program of PostgreSQL prints."""
        folder = programs()
        assert folder is not None
        command: Sequence[str] = [str(folder / program), *arguments]
        if os.getuid() == 0:
            command = ["runuser", "-u", _USER, "--", *command]
        out = subprocess.DEVNULL if program == "pg_ctl" else subprocess.PIPE  # which the server would keep open
        done = subprocess.run(
            command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=out, stderr=out, text=True, timeout=120
        )
        assert not check or done.returncode == 0, f"{program}: {done.stdout}{done.stderr}"
        return (done.stdout or "").strip()


@contextmanager
def folder() -> Iterator[Path]:
    """A folder of the user as whom PostgreSQL runs, which is removed in the end."""
    made = Path(tempfile.mkdtemp(prefix="mundap-record-"))
    if os.getuid() == 0:
        shutil.chown(made, _USER)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def cluster(*options: str) -> Iterator[Cluster]:
    """A server that runs. Skips where PostgreSQL or psycopg is not installed."""
    pytest.importorskip("psycopg", reason="needs psycopg: pip install 'mundap[postgres]'")
    if programs() is None:
        pytest.skip("needs PostgreSQL: apt-get install postgresql")
    with folder() as own:
        server = Cluster(own)
        server.make("fsync = off", *options)
        server.start()
        try:
            yield server
        finally:
            server.stop()
