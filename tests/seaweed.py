"""SeaweedFS, which speaks S3's protocol and checks signatures, started by a test in a folder of its own on loopback."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.postgres import free_port

KEY = "key"
_KINDS = ("master", "volume", "filer", "s3")
_UP_SECONDS = 60.0


def program() -> str | None:
    """Its program; None if it is not installed."""
    return shutil.which("weed", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")


def until_answers(port: int, server: subprocess.Popen[bytes]) -> None:
    """Wait until somebody listens there, as long as the server runs."""
    limit = time.monotonic() + _UP_SECONDS
    while time.monotonic() < limit and server.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise AssertionError(f"nobody listens on port {port}")


@contextlib.contextmanager
def serving(folder: Path, secret: str) -> Iterator[str]:
    """The address of a server with its files in `folder`, whose account has the key KEY and this secret."""
    weed = program()
    assert weed is not None
    folder.mkdir()
    key = {"accessKey": KEY, "secretKey": secret}
    known = {"identities": [{"name": "office", "credentials": [key], "actions": ["Admin"]}]}
    (folder / "keys.json").write_text(json.dumps(known), "utf-8")
    ports = {kind: free_port() for kind in _KINDS}
    command = [weed, "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3"]
    command += [
        f"-s3.config={folder}/keys.json",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-master.volumeSizeLimitMB=16",
    ]
    command += [f"-{kind}.port={port}" for kind, port in ports.items()]
    command += [f"-{kind}.port.grpc={free_port()}" for kind in _KINDS]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        try:
            until_answers(ports["s3"], server)
            yield f"http://127.0.0.1:{ports['s3']}"
        finally:
            server.kill()  # asked to end, it waits for who is connected
