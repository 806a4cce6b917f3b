"""The fenced blocks of a Markdown page, and the commands of one run as a reader would run them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"^```(?P<language>\w+)(?P<about>[^\n]*)\n(?P<body>.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
_TITLE = re.compile(r'title="([^"]+)"')


@dataclass(frozen=True)
class Block:
    """A block; with a `file` (its title) it is a file that the reader is to write."""

    language: str
    body: str
    file: str = ""


def blocks(page: Path, *languages: str) -> list[Block]:
    """Those of these languages (default: all), in order."""
    found = [
        Block(one["language"], one["body"], title[1] if (title := _TITLE.search(one["about"])) else "")
        for one in _BLOCK.finditer(page.read_text("utf-8"))
    ]
    return [block for block in found if not languages or block.language in languages]


def environment(*first: Path) -> dict[str, str]:
    """That of these tests, with the commands in the folders `first` and then those beside this Python first on the path."""
    return {**os.environ, "PATH": os.pathsep.join(map(str, [*first, Path(sys.executable).parent, os.environ["PATH"]]))}


def follow(page: Path, folder: Path, *first: Path, timeout: float = 300) -> str:
    """Write its files into `folder` and run its bash and Python there, in order, each to an exit of 0: what they print. Commands
    are those of `environment`."""
    said = []
    for block in blocks(page):
        if block.file:
            (folder / block.file).write_text(block.body, "utf-8")
        elif block.language in ("bash", "python"):
            command = ["bash", "-euo", "pipefail", "-c", block.body]
            if block.language == "python":
                command = [sys.executable, "-W", "error", "-X", "utf8", "-c", block.body]
            done = subprocess.run(command, capture_output=True, cwd=folder, env=environment(*first), timeout=timeout)
            assert done.returncode == 0, f"{page.name}:\n{block.body}\n{done.stdout.decode()}\n{done.stderr.decode()}"
            said.append(done.stdout.decode())
    return "\n".join(said)
