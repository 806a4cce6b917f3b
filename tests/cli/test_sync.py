"""Sources kept in step: settings, the schedule under a server, watching, and runs that are killed."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.cli.conftest import HASHED, LEAVE, Serve
from tests.invoked import run
from tests.waiting import until
from tests.websites import Site, html, site

from mundap.config import FILE, read_config
from mundap.errors import ConfigError, WorkspaceBusy
from mundap.workflows import sync as workflow
from mundap.workspace import Mundap

FOLDER = '[[sources]]\nname = "공유"\nkind = "folder"\npath = "../share"\n'
NEW = "# 주차\n\n## 요금\n\n주차 요금은 한 시간에 3,000원입니다.\n"
SECONDS = 90  # for a round of a source on a busy machine


def made(tmp_path: Path, settings: str, files: dict[str, str] | None = None) -> Path:
    root, share = tmp_path / "ws", tmp_path / "share"
    (root / "docs").mkdir(parents=True)
    share.mkdir()
    for name, text in (LEAVE if files is None else files).items():
        (share / name).write_text(str(text), "utf-8")
    (root / FILE).write_text(HASHED + settings, "utf-8")
    return root


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ('[[sources]]\nname = "a"\n', "kind"),
        ('[[sources]]\nname = "a"\nkind = "ftp"\n', "folder, web, webdav, s3, imap, git, sql"),
        ('[[sources]]\nname = "a"\nkind = "web"\nurl = "x"\n', "sources.1번째.url"),
        ('[[sources]]\nname = "a"\nkind = "folder"\n', "path"),
        ('[[sources]]\nname = "../a"\nkind = "folder"\npath = "x"\n', "name"),
        ('[[sources]]\nname = "a"\nkind = "folder"\npath = "x"\nevery = "hourly"\n', "1h"),
        (FOLDER + FOLDER, "공유"),
        ('[[sources]]\nname = "a"\nkind = "webdav"\nurl = "https://me:secret@cloud.example/"\n', "url"),
    ],
)
def test_wrong_settings_are_told(tmp_path: Path, settings: str, said: str) -> None:
    (tmp_path / FILE).write_text(settings, "utf-8")
    with pytest.raises(ConfigError, match=said) as told:
        read_config(tmp_path / FILE)
    assert "secret" not in str(told.value)


def test_settings_of_sources_are_shown_without_secrets(tmp_path: Path) -> None:
    url = "postgresql://me:pa55word@db.example/x"
    root = made(tmp_path, f'[[sources]]\nname = "표"\nkind = "sql"\nurl = "{url}"\nquery = "SELECT 1"\n')
    shown = run("doctor", workspace=root).stdout
    assert "sources.표.query" in shown
    assert "pa55word" not in shown


def test_without_sources_it_is_told_how_to_begin(tmp_path: Path) -> None:
    root = made(tmp_path, "")
    done = run("sync", workspace=root)
    assert isinstance(done.exception, ConfigError)
    assert "[[sources]]" in str(done.exception)


def test_the_report_counts_and_names_what_was_skipped(tmp_path: Path) -> None:
    root = made(tmp_path, FOLDER)
    (tmp_path / "share" / "사진.bin").write_bytes(b"\0\1")
    done = run("sync", workspace=root)
    assert done.exit_code == 0, done.stderr
    assert "공유: 항목 4개, 가져옴 0 (추가 3, 변경 0, 삭제 0, 변경 없음 0, 건너뜀 1)" in done.stdout
    assert "사진.bin" in done.stderr
    assert "색인" in done.stdout


def test_one_sync_at_a_time(tmp_path: Path) -> None:
    bot = Mundap.open(made(tmp_path, FOLDER))
    with workflow.alone(bot), pytest.raises(WorkspaceBusy):
        workflow.sync(bot)


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[tuple[Site, Path]]:
    """A site of eight pages, and a workspace over it."""
    text = "{0}번 민원은 {0}번 창구에서 신청하고 수수료 {0}천 원을 냅니다."
    with site({f"/{n}": html(f"민원 {n}", text.format(n)) for n in range(1, 9)}) as own:
        urls = ", ".join(f'"{own.address}/{n}"' for n in range(1, 9))
        settings = (
            f'[[sources]]\nname = "누리집"\nkind = "web"\nurls = [{urls}]\nallow = ["127.0.0.1"]\nper_second = 4\n'
        )
        yield own, made(tmp_path, settings, {})


def test_a_run_that_is_killed_goes_on_where_it_was(pages: tuple[Site, Path], command: str) -> None:
    own, root = pages
    process = subprocess.Popen(
        [command, "sync", "--workspace", root], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    until(lambda: sum(path != "/robots.txt" for path in own.paths()) >= 3, SECONDS)
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    before = [path for path in own.paths() if path != "/robots.txt"][:-1]  # the last may not have been written down
    assert before
    own.asked.clear()
    report = json.loads(run("sync", "--json", workspace=root).stdout)
    assert report["added"] == 8
    assert 0 < report["fetched"] <= 8 - len(before)
    assert {path for _, path, status in own.asked if status == 200} - {"/robots.txt"} <= {
        f"/{n}" for n in range(1, 9)
    } - set(before)


def test_a_server_keeps_in_step_by_itself(tmp_path: Path, serving: Serve) -> None:
    root = made(tmp_path, FOLDER + 'every = "1s"\n')

    def says(client: httpx.Client, question: str, text: str) -> bool:
        return text in client.post("/search", json={"query": question}).text

    with serving(root) as server:
        until(lambda: says(server.client, "연차는 언제 소멸하나요?", "소멸"), SECONDS)
        (tmp_path / "share" / "주차.md").write_text(NEW, "utf-8")
        until(lambda: says(server.client, "주차 요금", "3,000원"), SECONDS)
        (tmp_path / "share" / "주차.md").unlink()
        until(lambda: not says(server.client, "주차 요금", "3,000원"), SECONDS)
    assert "공유" in server.errors.read_text("utf-8")


def test_watching_takes_what_comes(tmp_path: Path, command: str) -> None:
    root = made(tmp_path, FOLDER + 'every = "1s"\n')
    process: Any = subprocess.Popen(
        [command, "sync", "--watch", "--json", "--workspace", root],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
    )
    try:
        assert json.loads(process.stdout.readline())["added"] == 3
        (tmp_path / "share" / "주차.md").write_text(NEW, "utf-8")
        for line in process.stdout:
            if json.loads(line)["added"] == 1:
                break
        assert "3,000원" in Mundap.open(root).search("주차 요금", k=1)[0].passage.text
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        process.stdout.close()


def test_watching_needs_a_period(tmp_path: Path) -> None:
    root = made(tmp_path, FOLDER)
    done = run("sync", "--watch", workspace=root)
    assert isinstance(done.exception, ConfigError)
    assert "every" in str(done.exception)
