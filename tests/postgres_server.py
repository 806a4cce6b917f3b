"""A PostgreSQL server of a test's own, from the system's programs: a cluster in a temporary folder, on a free port of loopback."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


def programs() -> Path | None:
    """The folder of initdb and postgres, if they are installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    named = shutil.which("initdb")
    return found[-1] if found else Path(named).parent if named else None


@contextmanager
def running() -> Iterator[str]:
    """The URL of a new server, which is ended and removed after that; the test is skipped where there is none."""
    pytest.importorskip("psycopg", reason="the extra postgres is not installed")
    bin = programs()
    if bin is None:
        pytest.skip("needs the server of PostgreSQL: apt-get install postgresql")
    user = _user()
    folder = Path(tempfile.mkdtemp(prefix="mundap-pg-"))
    how = {"user": user, "group": pwd.getpwnam(user).pw_gid} if user else {}
    if user:
        shutil.chown(folder, user)
    data = folder / "data"
    try:
        subprocess.run(
            [bin / "initdb", "-D", data, "-U", "mundap", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C"],
            check=True, capture_output=True, cwd=folder, **how,  # type: ignore[call-overload]
        )  # fmt: skip
        with socket.socket() as door:
            door.bind(("127.0.0.1", 0))
            port = door.getsockname()[1]
        settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", "fsync": "off"}
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [bin / "postgres", "-D", data, *[f"--{name}={value}" for name, value in settings.items()]],
                stdout=log, stderr=log, cwd=folder, **how,  # type: ignore[call-overload]
            )  # fmt: skip
        try:
            url = f"postgresql://mundap@127.0.0.1:{port}/postgres"
            _await(url, server, folder / "log")
            yield url
        finally:
            server.send_signal(2)  # fast shutdown
            with suppress(subprocess.TimeoutExpired):
                server.wait(30)
            server.kill()
            server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _user() -> str:
    """Whom the server runs as, which refuses to run as root; "" for who runs the tests."""
    if os.geteuid():
        return ""
    known = {one.pw_name for one in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _await(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    import psycopg

    until = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(url, connect_timeout=5).close()
            return
        except psycopg.OperationalError:
            assert server.poll() is None, log.read_text("utf-8", "replace")
            assert time.monotonic() < until
            time.sleep(0.1)


if __name__ == "__main__":
    with running() as address:
        print(address, flush=True)
        sys.stdin.read()
