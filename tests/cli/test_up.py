"""`mundap up` and `mundap ui` as they are run: real processes on free ports, and none left behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from tests.cli.conftest import MakeBot, MakeFiles, Run

pytest.importorskip("fastapi", reason="the extra serve is not installed")
pytest.importorskip("streamlit", reason="the extra ui is not installed")


class Up:
    """A running `mundap up`, or `mundap ui`."""

    def __init__(self, *command: str) -> None:
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addresses: dict[str, str] = {}

    def read(self, *names: str) -> None:
        assert self.process.stdout is not None
        while not self.addresses.keys() >= set(names):
            line = self.process.stdout.readline()
            assert line, self.process.stderr and self.process.stderr.read()
            if found := re.match(r"(\S+): (http://\S+)", line):
                self.addresses[found[1]] = found[2]

    def children(self) -> list[int]:
        pid = self.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.fixture
def started(command: str) -> Iterator[Callable[..., Up]]:
    """Starts it; what is still running is ended after the test."""
    running: list[Up] = []

    def start(*arguments: object) -> Up:
        running.append(Up(command, *map(str, arguments)))
        return running[-1]

    yield start
    for one in running:
        if one.process.poll() is None:
            one.process.terminate()
        one.process.communicate(timeout=60)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def answers(address: str) -> bool:
    try:
        return httpx.get(address, trust_env=False, timeout=20).status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_opens_both_and_a_signal_ends_both(started: Callable[..., Up], office: Path, ending: signal.Signals) -> None:
    up = started("up", "--port", 0, "--api-port", 0, "--workspace", office)
    up.read("API", "페이지")
    assert answers(f"{up.addresses['API']}/readyz")
    assert answers(up.addresses["페이지"])
    children = up.children()
    assert len(children) == 2
    up.process.send_signal(ending)
    _, said = up.process.communicate(timeout=60)
    assert up.process.returncode == 0
    assert "종료합니다" in said
    assert "Traceback" not in said
    assert not any(map(alive, children))
    assert not any(map(answers, up.addresses.values()))


def test_where_there_are_keys_the_page_is_lent_one(started: Callable[..., Up], indexed: MakeBot, mundap: Run) -> None:
    root = indexed().root
    key = mundap("keys", "add", "홈페이지", workspace=root).out.strip()
    before = (root / ".mundap" / "keys.json").read_text("utf-8")
    up = started("up", "--port", 0, "--api-port", 0, "--workspace", root)
    up.read("API", "페이지")
    api = up.addresses["API"]
    assert httpx.get(f"{api}/settings", trust_env=False, timeout=60).status_code == 401
    assert httpx.get(f"{api}/settings", headers={"X-API-Key": key}, trust_env=False, timeout=60).status_code == 200
    _, page = up.children()
    variables = dict(one.partition("=")[::2] for one in Path(f"/proc/{page}/environ").read_text("utf-8").split("\0"))
    lent = {"X-API-Key": variables["MUNDAP_UI_KEY"]}
    assert httpx.get(f"{api}/settings", headers=lent, trust_env=False, timeout=60).status_code == 200
    assert (root / ".mundap" / "keys.json").read_text("utf-8") == before


def test_where_one_dies_the_other_is_stopped_and_it_says_which(started: Callable[..., Up], office: Path) -> None:
    up = started("up", "--port", 0, "--api-port", 0, "--workspace", office)
    up.read("API", "페이지")
    api, page = up.children()
    os.kill(api, signal.SIGKILL)
    _, said = up.process.communicate(timeout=60)
    assert up.process.returncode == 1
    assert re.search(r"^mundap: API: ", said, re.MULTILINE)
    assert not alive(page)


def test_what_keeps_it_from_opening_is_told(
    started: Callable[..., Up], mundap: Run, office: Path, tmp_path: Path
) -> None:
    nowhere = mundap("up", "--port", 0, "--api-port", 0, workspace=tmp_path)
    assert nowhere.code == 1
    assert "mundap init" in nowhere.err
    up = started("up", "--port", 0, "--api-port", 0, "--workspace", office)
    up.read("API", "페이지")
    [api, page] = [up.addresses[name].rsplit(":", 1)[1] for name in ("API", "페이지")]
    for ports in (("--port", 0, "--api-port", api), ("--port", page, "--api-port", 0)):
        taken = mundap("up", *ports, workspace=office)
        assert taken.code == 1
        assert "다른 포트" in taken.err
        assert "Traceback" not in taken.err


def test_an_empty_workspace_opens_says_what_is_missing_and_takes_documents(
    started: Callable[..., Up], fresh: MakeFiles
) -> None:
    up = started("up", "--port", 0, "--api-port", 0, "--workspace", fresh({}))
    up.read("API", "페이지")
    with httpx.Client(base_url=up.addresses["API"], trust_env=False, timeout=60) as api:
        assert api.post("/search", json={"query": "연차"}).status_code == 503
        assert (
            api.post("/documents", files={"files": ("휴가.txt", "연차는 해마다 15일입니다.".encode())}).status_code
            == 200
        )
        assert api.post("/search", json={"query": "연차"}).json()["hits"]
    up.process.terminate()
    _, said = up.process.communicate(timeout=60)
    assert "mundap index" in said
