"""A real browser, without a window, on pages of `mundap up`. Where no Chromium is installed the tests are skipped."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("fastapi", reason="the extra serve is not installed")
pytest.importorskip("streamlit", reason="the extra ui is not installed")
pytest.importorskip("playwright", reason="the extra dev is not installed")

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_NEAR = re.compile(r"(https?|wss?)://(127\.0\.0\.1|localhost)[:/]|data:|blob:|about:")
_PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
_DESKTOP = {"viewport": {"width": 1200, "height": 820}}


@dataclass(frozen=True)
class Site:
    """A running `mundap up`."""

    api: str
    page: str
    workspace: Path


@pytest.fixture(scope="session")
def mundap(command: str) -> Callable[..., str]:
    """Runs `mundap`, which must succeed, and gives what it printed."""

    def run(*arguments: object) -> str:
        done = subprocess.run([command, *map(str, arguments)], capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


Up = Callable[[Path], AbstractContextManager[Site]]


@pytest.fixture(scope="session")
def up(command: str) -> Up:
    """Opens both servers over a workspace, on free ports; at the end of the block they must have stopped cleanly."""

    @contextmanager
    def running(workspace: Path) -> Iterator[Site]:
        started = [command, "up", "--port", "0", "--api-port", "0", "--workspace", str(workspace)]
        with subprocess.Popen(started, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                [api, page] = [process.stdout.readline().strip().partition(": ")[2] for _ in range(2)]
                assert page.startswith("http"), process.stderr and process.stderr.read()
                yield Site(api, page, workspace)
            finally:
                process.send_signal(signal.SIGINT)
                _, said = process.communicate(timeout=90)
            assert process.returncode == 0, said
            assert "Traceback" not in said, said

    return running


Served = Callable[..., AbstractContextManager[str]]


@pytest.fixture(scope="session")
def served(command: str) -> Served:
    """Opens `mundap serve` over a workspace, on a free port, and gives its address with a slash behind it."""

    @contextmanager
    def running(workspace: Path, *options: str) -> Iterator[str]:
        started = [command, "serve", "--port", "0", "--workspace", str(workspace), *options]
        with subprocess.Popen(started, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            try:
                assert process.stdout is not None
                address = process.stdout.readline().strip()
                assert address.startswith("http")
                yield f"{address}/"
            finally:
                process.terminate()
                process.wait(60)

    return running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, or Chrome. It ends with its module: an event loop runs in this thread as long as it is open,
    and tests that come after may need one of their own."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no chromium: apt-get install chromium fonts-nanum")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chosen = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=path, args=chosen)
        yield browser
        browser.close()


Opened = Callable[..., "Page"]


@pytest.fixture
def opened(browser: Browser) -> Iterator[Opened]:
    """Opens an address in a fresh visit, as on a desk or another device. Nothing may be fetched from elsewhere."""
    elsewhere: list[str] = []
    contexts = []

    def open_(address: str, device: dict[str, Any] = _DESKTOP) -> Page:
        context = browser.new_context(**{"locale": "ko-KR", **device})
        contexts.append(context)
        context.set_default_timeout(30_000)
        page = context.new_page()
        page.on("request", lambda request: elsewhere.extend([] if _NEAR.match(request.url) else [request.url]))
        page.goto(address)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert not elsewhere


@pytest.fixture(scope="session")
def phone() -> dict[str, Any]:
    """A device to open pages on."""
    return _PHONE


def settled(page: Page) -> None:
    """Wait until a run of the page has ended."""
    from playwright import sync_api

    sync_api.expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible()


Picture = Callable[["Page", str], None]


@pytest.fixture(scope="session")
def picture() -> Picture:
    """Keeps a picture of a page by name, where the variable MUNDAP_SCREENSHOTS names a folder (`make screenshots`)."""
    from PIL import Image

    folder = os.environ.get("MUNDAP_SCREENSHOTS")

    def keep(page: Page, name: str) -> None:
        if folder:
            page.wait_for_function("!document.querySelector('[data-testid=stSkeleton]')")  # all has been loaded
            page.wait_for_timeout(600)  # what slides in has come to rest
            shot = Image.open(BytesIO(page.screenshot(animations="disabled")))
            shot.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(
                Path(folder) / f"{name}.png", optimize=True
            )

    return keep
