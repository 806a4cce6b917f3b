"""How soon the visitors' page is there and answers, beside the Streamlit page, in one browser and one run.

    python benchmarks/page.py [--runs 3] [--workspace DIR]

Without --workspace, a workspace over the sample corpus with the hashed encoder is made. Each visit is a fresh context (nothing
kept), and visits of the two pages take turns, so that both meet the same load; the question was asked before, so that
neither meets a server that warms up. Times are medians in milliseconds:
`paint` is the first contentful paint, `ready` when a question can be typed, `answer` from Enter to the first letters of
the answer; `kB` is what came over the network until ready, and `again` the same for a second visit with a cache.
"""

from __future__ import annotations

import argparse
import json
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
    from playwright.sync_api import Browser, BrowserContext

QUESTION = "해외직구 면세 한도가 얼마인가요?"
ASK = "질문을 입력하세요"
ANSWERS = {
    "visitors": ".answer .text p:not(.waiting)",
    "streamlit": "[data-testid=stChatMessage] p:has-text('150달러')",
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
def up(root: Path) -> Iterator[dict[str, str]]:
    """`mundap up` over the workspace: the addresses of both pages."""
    command = [sys.executable, "-m", "mundap", "up", "--port", "0", "--api-port", "0", "--workspace", str(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            api, page = (process.stdout.readline().strip().partition(": ")[2] for _ in range(2))
            yield {"visitors": f"{api}/", "streamlit": f"{page}/"}
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(90)


def visit(context: BrowserContext, name: str, address: str, asks: bool) -> dict[str, float]:
    """The figures of one visit."""
    page = context.new_page()
    network = context.new_cdp_session(page)
    sizes: list[float] = []
    network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    network.on("Network.webSocketFrameReceived", lambda event: sizes.append(len(event["response"]["payloadData"])))
    network.send("Network.enable")
    began = time.perf_counter()
    page.goto(address, wait_until="commit")
    box = page.get_by_role("textbox", name=ASK)
    box.wait_for(timeout=120_000)
    found = {"ready": (time.perf_counter() - began) * 1000, "paint": float(page.evaluate(_PAINT))}
    found |= {"kB": sum(sizes) / 1000, "requests": float(len(sizes))}
    if asks:
        box.fill(QUESTION)
        began = time.perf_counter()
        page.keyboard.press("Enter")
        page.locator(ANSWERS[name]).first.wait_for(timeout=120_000)
        found["answer"] = (time.perf_counter() - began) * 1000
    page.close()
    return found


def measure(browser: Browser, addresses: dict[str, str], runs: int) -> dict[str, dict[str, float]]:
    """Medians by page."""
    seen: dict[str, list[dict[str, float]]] = {name: [] for name in addresses}
    httpx.post(f"{addresses['visitors']}query", json={"query": QUESTION}, timeout=120).raise_for_status()
    for _ in range(runs):
        for name, address in addresses.items():
            context = browser.new_context(locale="ko-KR")
            first = visit(context, name, address, asks=True)
            first["again"] = visit(context, name, address, asks=False)["kB"]
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
        up(given.workspace or sample(Path(folder))) as addresses,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        found = measure(browser, addresses, given.runs)
        browser.close()
    keys = ("paint", "ready", "answer", "kB", "again", "requests")
    print("| page | " + " | ".join(keys) + " |\n|---|" + "---|" * len(keys))
    for name, figures in found.items():
        print(f"| {name} | " + " | ".join(f"{figures[key]:,.0f}" for key in keys) + " |")
    ratios = {key: found["streamlit"][key] / max(found["visitors"][key], 1e-9) for key in keys}
    print("| ratio | " + " | ".join(f"{ratios[key]:.1f}" for key in keys) + " |")
    print(json.dumps(found), file=sys.stderr)


if __name__ == "__main__":
    main()
