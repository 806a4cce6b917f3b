"""A Milvus for tests: a real server that MUNDAP_TEST_MILVUS names, a standalone one whose program MUNDAP_TEST_MILVUS_SERVER
names, or Milvus Lite as a server of its own on this machine."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

from mundap.errors import ServerError
from mundap.index.milvus.server import MilvusServer

URI = "MUNDAP_TEST_MILVUS"  # the environment variable of the address of a real server; its token as in use
PROGRAM = "MUNDAP_TEST_MILVUS_SERVER"  # that of a program that serves as `milvus-server` of the package milvus does
_UP_SECONDS = 60.0
_STANDALONE_SECONDS = 120.0
_ENDING_SECONDS = 20.0  # after which whoever ends a service kills it


class LiteServer:
    """Milvus Lite that serves the data in `folder` on a port of this machine; it can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = int(free.getsockname()[1])
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it, and return when it takes connections."""
        command = [sys.executable, "-W", "ignore", "-m", "milvus_lite", "server"]
        where = ["--data-dir", str(self._folder), "--host", "127.0.0.1", "--port", str(self._port)]
        with (self._folder.parent / "milvus.log").open("ab") as log:
            self._process = subprocess.Popen([*command, *where], stdout=log, stderr=log)
        end = time.monotonic() + _UP_SECONDS
        while time.monotonic() < end:
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", self._port)) == 0:
                    return
            time.sleep(0.1)
        raise TimeoutError("Milvus Lite does not start")

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it as whoever updates it does."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait()
            self._process = None


class StandaloneServer:
    """A standalone Milvus that keeps its data in `folder`; it can be ended, killed and started again.

    It listens on all addresses, on ports that it cannot all be told: run the tests in a network namespace of their own, as
    `unshare --net sh -c 'ip link set lo up && pytest …'`.
    """

    uri = "http://127.0.0.1:19530"

    def __init__(self, program: str, folder: Path) -> None:
        self._command = [program, "--data", str(folder)]
        self._log = folder.parent / "milvus.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and return when it answers. Raises TimeoutError."""
        self._wait_for_port()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, start_new_session=True)
        server, end = MilvusServer(self.uri), time.monotonic() + _STANDALONE_SECONDS
        while time.monotonic() < end:
            try:
                server.ask(lambda client: client.list_collections(timeout=5))
                return
            except ServerError:  # away, or not all of it is up
                time.sleep(0.5)
        self.kill()
        raise TimeoutError("Milvus does not start")

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it as whoever updates it does."""
        self._end(signal.SIGTERM)

    def _wait_for_port(self) -> None:
        """The program takes another port where connections of the server before it still linger."""
        until = time.monotonic() + _STANDALONE_SECONDS
        while time.monotonic() < until:
            with socket.socket() as tried, suppress(OSError):
                tried.bind(("0.0.0.0", 19530))
                return
            time.sleep(0.5)

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        group, until = self._process.pid, time.monotonic() + _ENDING_SECONDS
        os.killpg(group, how)  # with its child, which is the server, and can outlive it
        while _is_there(group) and time.monotonic() < until:
            self._process.poll()
            time.sleep(0.1)
        if _is_there(group):  # or a zombie that nobody waits for
            os.killpg(group, signal.SIGKILL)
        self._process.wait()
        self._process = None


def _is_there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def installed() -> bool:
    """Whether Milvus Lite can serve here."""
    return all(find_spec(package) is not None for package in ("pymilvus", "milvus_lite"))


def needed() -> None:
    """Skip the test if nothing here could serve it."""
    for package in ("pymilvus", "milvus_lite"):
        if find_spec(package) is None:
            pytest.skip(f"needs {package}: pip install pymilvus milvus-lite, or {URI} with a server's address")


def real() -> str:
    """The address of a real server, "" for none. Skips the test without pymilvus."""
    if uri := os.environ.get(URI, ""):
        pytest.importorskip("pymilvus")
    return uri
