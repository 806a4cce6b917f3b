"""How soon the visitors' page is there and answers, beside the chat and the work list of the desk, in one browser and one run.

    python benchmarks/page.py [--runs 3] [--workspace DIR]

Without --workspace, a workspace over the sample corpus with the hashed encoder is made. Each visit is a fresh context (nothing
kept), and visits of the pages take turns, so that all meet the same load; the question was asked before, so that
neither meets a server that warms up. Times are medians in milliseconds:
`paint` is the first contentful paint, `ready` when a question can be typed (on the work list, read), `cpu` the CPU time
that the browser's page took until then and `server` that of both servers, which a busy machine changes less than the
others; `answer` is from Enter to the first letters of the answer; `kB` is what came over the network until ready, and `again` the same for a second visit with a cache.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from playwright.sync_api import sync_playwright

from mundap.workspace import Mundap

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, CDPSession

QUESTION = "해외직구 면세 한도가 얼마인가요?"
ASK = "질문을 입력하세요"
ANSWERS = {
    "visitors": ".answer .text p:not(.waiting)",
    "desk": "[data-testid=stChatMessage] p:has-text('150달러')",
}
_PAINT = """() => new Promise(done => new PerformanceObserver(list => done(list.getEntries().at(-1).startTime))
 .observe({type: "paint", buffered: true}))"""


def sample(folder: Path) -> Path:
    """A workspace over the sample corpus."""
    root = folder / "ws"
    subprocess.run([sys.executable, "-m", "mundap", "init", root, "--example", "customs-mini"], check=True, stdout=2)
    config = (root / "mundap.toml").read_text("utf-8").replace("[index]\n", '[index]\nencoder = "hashed"\n')
    (root / "mundap.toml").write_text(config, "utf-8")
    bot = Mundap.open(root)
    bot.ingest()
    bot.index()
    return root


@contextmanager
def up(root: Path) -> Iterator[tuple[dict[str, str], int]]:
    """`mundap up` over the workspace: the addresses of the pages, and its process."""
    command = [sys.executable, "-m", "mundap", "up", "--port", "0", "--api-port", "0", "--workspace", str(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            api, page = (process.stdout.readline().strip().partition(": ")[2] for _ in range(2))
            yield {"visitors": f"{api}/", "desk": f"{page}/", "worklist": f"{page}/worklist"}, process.pid
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(90)


def cpu_of_pages(browser: CDPSession) -> float:
    """Seconds that all processes of pages have taken."""
    found = browser.send("SystemInfo.getProcessInfo")["processInfo"]
    return sum(float(one["cpuTime"]) for one in found if one["type"] == "renderer")


def cpu_below(pid: int) -> float:
    """Seconds that the processes which `pid` started have taken."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return sum(_cpu(int(child)) + cpu_below(int(child)) for child in children)


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def visit(context: BrowserContext, name: str, address: str, servers: int, asks: bool) -> dict[str, float]:
    """The figures of one visit; `servers` is the process that started them."""
    page = context.new_page()
    assert context.browser
    whole = context.browser.new_browser_cdp_session()
    network = context.new_cdp_session(page)
    sizes: list[float] = []
    network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    network.on("Network.webSocketFrameReceived", lambda event: sizes.append(len(event["response"]["payloadData"])))
    network.send("Network.enable")
    taken, served, began = cpu_of_pages(whole), cpu_below(servers), time.perf_counter()
    page.goto(address, wait_until="commit")
    box = page.get_by_role("textbox", name=ASK)
    (box if name in ANSWERS else page.get_by_role("heading").first).wait_for(timeout=120_000)
    found = {"ready": (time.perf_counter() - began) * 1000, "cpu": (cpu_of_pages(whole) - taken) * 1000}
    found |= {"server": (cpu_below(servers) - served) * 1000, "paint": float(page.evaluate(_PAINT))}
    found |= {"kB": sum(sizes) / 1000, "requests": float(len(sizes)), "answer": float("nan")}
    if asks and name in ANSWERS:
        box.fill(QUESTION)
        began = time.perf_counter()
        page.keyboard.press("Enter")
        page.locator(ANSWERS[name]).first.wait_for(timeout=120_000)
        found["answer"] = (time.perf_counter() - began) * 1000
    page.close()
    return found


def measure(browser: Browser, addresses: dict[str, str], servers: int, runs: int) -> dict[str, dict[str, float]]:
    """Medians by page."""
    seen: dict[str, list[dict[str, float]]] = {name: [] for name in addresses}
    httpx.post(f"{addresses['visitors']}query", json={"query": QUESTION}, timeout=120).raise_for_status()
    for _ in range(runs):
        for name, address in addresses.items():
            context = browser.new_context(locale="ko-KR")
            first = visit(context, name, address, servers, asks=True)
            first["again"] = visit(context, name, address, servers, asks=False)["kB"]
            context.close()
            seen[name].append(first)
    return {
        name: {key: statistics.median(one[key] for one in found) for key in found[0]} for name, found in seen.items()
    }


def main() -> None:
    """Measure, and print a table and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--workspace", type=Path)
    given = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with (
        tempfile.TemporaryDirectory() as folder,
        up(given.workspace or sample(Path(folder))) as (addresses, servers),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        found = measure(browser, addresses, servers, given.runs)
        browser.close()
    keys = ("paint", "ready", "cpu", "server", "answer", "kB", "again", "requests")
    print("| page | " + " | ".join(keys) + " |\n|---|" + "---|" * len(keys))
    for name, figures in found.items():
        print(f"| {name} | " + " | ".join(f"{figures[key]:,.0f}" for key in keys) + " |")
    ratios = {key: found["desk"][key] / max(found["visitors"][key], 1e-9) for key in keys}
    print("| ratio | " + " | ".join(f"{ratios[key]:.1f}" for key in keys) + " |")
    print(json.dumps(found), file=sys.stderr)


if __name__ == "__main__":
    main()
