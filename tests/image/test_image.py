"""The image as it is run: it is built, starts the API and the page as an unprivileged user, and answers.

`make image-test` runs these as root; they take minutes, and need buildah, debootstrap and Debian's packages.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.image.build import build, run

TAG = "localhost/mundap:test"
USER = 10001
START = 180  # seconds

pytestmark = [
    pytest.mark.skipif("MUNDAP_IMAGE_TEST" not in os.environ, reason="minutes long: make image-test"),
    pytest.mark.timeout(1800),
]


@pytest.fixture(scope="module")
def image() -> dict[str, Any]:
    """The built image's configuration."""
    for program in ("buildah", "debootstrap"):
        if shutil.which(program) is None:
            pytest.skip(f"needs {program}: apt-get install buildah debootstrap")
    build(TAG)
    config: dict[str, Any] = json.loads(run("buildah", "inspect", "--type", "image", TAG))["Docker"]["config"]
    return config


@pytest.fixture
def volumes(tmp_path: Path) -> dict[str, Path]:
    """What the image keeps outside, owned by its user."""
    made = {"/workspace": tmp_path / "workspace", "/keys": tmp_path / "keys"}
    for folder in made.values():
        folder.mkdir()
        os.chown(folder, USER, USER)
    for folder in (tmp_path, *list(tmp_path.parents)[:3]):
        folder.chmod(0o755)  # pytest's own are closed to the image's user
    return made


@contextmanager
def container() -> Iterator[str]:
    made = run("buildah", "from", "--pull-never", TAG)
    try:
        yield made
    finally:
        run("buildah", "rm", made)


def inside(name: str, volumes: dict[str, Path], words: list[str], **variables: str) -> list[str]:
    """The command that runs `words` in a container."""
    bound = [f"--volume={folder}:{place}" for place, folder in volumes.items()]
    given = [f"--env={key}={value}" for key, value in variables.items()]
    return ["buildah", "run", "--isolation", "chroot", *bound, *given, name, "--", *words]


@contextmanager
def running(command: list[str], ready: Callable[[], bool]) -> Iterator[None]:
    process = subprocess.Popen(command, start_new_session=True)
    try:
        until = time.monotonic() + START
        while not ready():
            assert process.poll() is None, f"ended with {process.returncode}"
            assert time.monotonic() < until, "not ready in time"
            time.sleep(0.5)
        yield
    finally:
        for pid in programs(process.pid):  # as an engine does: the program stops its own children
            os.kill(pid, signal.SIGTERM)
        process.wait(90)


def programs(pid: int) -> list[int]:
    """What the process `pid` runs, if that is a buildah or one of its helpers, else itself; nothing if it has ended."""
    try:
        if not Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"buildah"):
            return [pid]
        below = [task.joinpath("children").read_text().split() for task in Path(f"/proc/{pid}/task").iterdir()]
    except FileNotFoundError:
        return []
    return [found for children in below for child in children for found in programs(int(child))]


def free() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def run_with(words: str) -> bool:
    """Whether a process of this machine was started with these words."""
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended
            if words.encode() in line.read_bytes().split(b"\0"):
                return True
    return False


def says(address: str) -> bool:
    try:
        return httpx.get(address, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def test_the_image_runs_unprivileged_and_knows_when_it_is_well(image: dict[str, Any]) -> None:
    assert image["User"] == "mundap"
    assert image["Entrypoint"] == ["mundap-start"]
    assert image["Cmd"][:2] == ["mundap", "serve"]
    assert set(image["Volumes"]) == {"/workspace", "/models", "/keys"}
    assert "healthz" in " ".join(image["Healthcheck"]["Test"])


def test_a_first_start_serves_the_sample_to_those_who_have_the_key(
    image: dict[str, Any], volumes: dict[str, Path]
) -> None:
    api, page = free(), free()
    start = image["Entrypoint"]
    serve = [*start, "mundap", "serve", "--host", "127.0.0.1", "--port", str(api)]
    ui = [*start, "mundap", "ui", "--port", str(page), "--api", f"http://127.0.0.1:{api}"]
    with (
        container() as one,
        container() as other,
        running(
            inside(one, volumes, serve, MUNDAP_EXAMPLE="customs-mini"), lambda: says(f"http://127.0.0.1:{api}/readyz")
        ),
        running(inside(other, volumes, ui), lambda: says(f"http://127.0.0.1:{page}/_stcore/health")),
    ):
        asked = {"query": "해외직구 면세 한도가 얼마인가요?"}
        assert httpx.post(f"http://127.0.0.1:{api}/query", json=asked, trust_env=False).status_code == 401
        key = (volumes["/keys"] / "page").read_text().strip()
        headers = {"Authorization": f"Bearer {key}"}
        said = httpx.post(f"http://127.0.0.1:{api}/query", json=asked, headers=headers, trust_env=False, timeout=60)
        assert said.status_code == 200
        assert said.json()["citations"]
        owners = {path.stat().st_uid for path in volumes["/workspace"].rglob("*")}
        assert owners == {USER}
        environment = run("buildah", "run", "--isolation", "chroot", one, "--", "id", "-u")
        assert environment == str(USER)
        assert run_with(f"--server.port={page}")
    assert not run_with(f"--server.port={page}")  # `mundap ui` has stopped the page that it had started


def test_a_second_start_keeps_what_is_there_and_reads_what_is_new(
    image: dict[str, Any], volumes: dict[str, Path]
) -> None:
    port = free()
    serve = [*image["Entrypoint"], "mundap", "serve", "--host", "127.0.0.1", "--port", str(port)]

    def answers(question: str) -> dict[str, Any]:
        with (
            container() as one,
            running(inside(one, volumes, serve), lambda: says(f"http://127.0.0.1:{port}/healthz")),
        ):
            key = (volumes["/keys"] / "page").read_text().strip()
            headers = {"Authorization": f"Bearer {key}"}
            asked = {"query": question}
            said = httpx.post(
                f"http://127.0.0.1:{port}/search", json=asked, headers=headers, trust_env=False, timeout=60
            )
            return {"status": said.status_code, "key": key, "hits": said.json().get("hits")}

    empty = answers("구내식당은 언제 여나요?")
    assert empty["status"] == 503
    (volumes["/workspace"] / "docs" / "식당.txt").write_text("구내식당은 오전 11시 반에 엽니다.\n", "utf-8")
    full = answers("구내식당은 언제 여나요?")
    assert full["status"] == 200
    assert "11시 반" in full["hits"][0]["text"]
    assert full["key"] == empty["key"]
