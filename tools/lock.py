"""requirements.lock: what `mundap[all]` installs on every system, with hashes. uv makes it; whether it is current is told offline.

python -m tools.lock            make it anew
python -m tools.lock --check    say what is out of date
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements.lock"
EXTRA = "all"

_HEAD = """\
# What `mundap[all]` installs on every system, with the hashes of its files: `make lock` makes it of what is asked for in
# pyproject.toml, in the versions of constraints.txt. Without the extra `train`: torch comes from an index of one's own
# choice (CPU, CUDA, ROCm), and each has other files under the same version.
# Asked for:
"""
_PIN = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^\s;]+)(?P<rest>.*(?:\n    .*)*)", re.MULTILINE)


def asked(pyproject: Mapping[str, Any], extra: str) -> list[str]:
    """The requirements of the project with an extra, sorted, where extras that name the project's own are followed."""
    extras = pyproject["project"]["optional-dependencies"]

    def followed(lines: list[str]) -> Iterator[str]:
        for line in lines:
            requirement = Requirement(line)
            if requirement.name == pyproject["project"]["name"]:
                for own in sorted(requirement.extras):
                    yield from followed(extras[own])
            else:
                yield str(requirement)

    return sorted({*followed(pyproject["project"]["dependencies"]), *followed(extras[extra])})


def head(requirements: list[str]) -> str:
    """The first lines of the lock: what it is, and the requirements that it was made for."""
    return _HEAD + "".join(f"#   {line}\n" for line in requirements)


def problems(lock: str, requirements: list[str], constraints: Mapping[str, str]) -> Iterator[str]:
    """What is out of date in the text of a lock, one sentence each.

    `constraints` has the version of each package by its canonical name.
    """
    written = set(re.findall(r"^#   (.+)$", lock, re.MULTILINE))
    for line in sorted(set(requirements) - written):
        yield f"pyproject.toml asks for {line}, which the lock was not made for"
    for line in sorted(written - set(requirements)):
        yield f"the lock was made for {line}, which pyproject.toml no longer asks for"
    pins = {canonicalize_name(pin["name"]): pin for pin in _PIN.finditer(lock)}
    for line in sorted(written):
        if canonicalize_name(Requirement(line).name) not in pins:
            yield f"{line} is not in the lock"
    for name, pin in pins.items():
        if constraints.get(name, pin["version"]) != pin["version"]:
            yield f"the lock has {name} {pin['version']}, constraints.txt {constraints[name]}"
        if "--hash=sha256:" not in pin["rest"]:
            yield f"{name} has no hash"


def pinned(text: str) -> dict[str, str]:
    """The versions of a constraints file by canonical name."""
    return {canonicalize_name(name): version for name, version in re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE)}


def write() -> None:
    """Make the lock anew, from the package index."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "pyproject.toml", "--extra", EXTRA]
    command += ["--constraint", "constraints.txt", "--universal", "--python-version", "3.11", "--generate-hashes"]
    # Neither the index nor the machine that it was made on is of interest.
    command += ["--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links", "--no-config", "--quiet"]
    made = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    LOCK.write_text(head(_asked_here()) + made, encoding="utf-8")


def _asked_here() -> list[str]:
    return asked(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8")), EXTRA)


def main() -> None:
    """Write the lock, or with --check exit with what is out of date in it."""
    if sys.argv[1:] != ["--check"]:
        return write()
    constraints = pinned((ROOT / "constraints.txt").read_text(encoding="utf-8"))
    stale = list(problems(LOCK.read_text(encoding="utf-8"), _asked_here(), constraints))
    sys.exit("\n".join(["requirements.lock is out of date: make lock", *stale]) if stale else 0)


if __name__ == "__main__":
    main()
