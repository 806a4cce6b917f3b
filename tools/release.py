"""Whether this checkout can be released: its version, its packages, and the wheel in use on every Python that is there.

    python -m tools.release

docs/releasing.md says what is checked. Needs the extra `release` and the package index; leaves the packages in build/release.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ROOT / "build" / "release"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PLATFORMS = (
    "x86_64-manylinux_2_28",
    "aarch64-manylinux_2_28",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
)
MACOS = "14.0"  # the oldest that onnxruntime has wheels for
SOURCES = ("kiwipiepy-model",)  # data, which no platform has to build
QUESTION = "해외직구 면세 한도가 얼마인가요?"


def version_problems(version: str, tags: list[str], changelog: str) -> Iterator[str]:
    """What the version of pyproject.toml, the tags of this commit and the changelog disagree about, one sentence each.

    Without a tag the changelog may still say Unreleased; a tag is `v` and the version.
    """
    headings = re.findall(r"^## +(\S+)", changelog, re.MULTILINE)
    releases = [tag for tag in tags if re.match(r"v\d", tag)]
    if releases and f"v{version}" not in releases:
        yield f"the tag is {' '.join(releases)}, the version in pyproject.toml {version}"
    if releases and version not in headings:
        yield f"CHANGELOG.md has no heading {version}, although it is tagged"
    if not releases and not {version, "Unreleased"} & set(headings):
        yield f"CHANGELOG.md has neither {version} nor Unreleased as a heading"


def python(wanted: str) -> Path | None:
    """An interpreter of a version such as 3.12: this one, one on PATH, or one of pyenv."""
    on_path = shutil.which(f"python{wanted}")
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [
        sys.executable,
        *([on_path] if on_path else []),
        *sorted(map(str, pyenv.glob(f"{wanted}.*/bin/python"))),
    ]
    for candidate in candidates:  # pyenv puts a file on PATH for versions that are not switched on, which only fails
        asked = subprocess.run(
            [candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], capture_output=True, text=True
        )
        if asked.returncode == 0 and asked.stdout.strip() == wanted:
            return Path(candidate)
    return None


def build(version: str) -> tuple[Path, Path]:
    """The wheel and the sdist, made anew; the wheel is made of the sdist, and both pass twine's checks."""
    shutil.rmtree(PACKAGES, ignore_errors=True)
    _run(sys.executable, "-m", "build", "--outdir", str(PACKAGES), str(ROOT), quiet=True)
    wheel, sdist = PACKAGES / f"mundap-{version}-py3-none-any.whl", PACKAGES / f"mundap-{version}.tar.gz"
    if set(PACKAGES.iterdir()) - {PACKAGES / ".gitignore"} != {wheel, sdist}:
        sys.exit(f"expected {wheel.name} and {sdist.name}, got {sorted(path.name for path in PACKAGES.iterdir())}")
    _run(sys.executable, "-m", "twine", "check", "--strict", str(wheel), str(sdist))
    return wheel, sdist


def resolve(wanted: str, platform: str) -> None:
    """Everything that `mundap[all]` needs is there as wheels, in the pinned versions."""
    sources = [word for name in SOURCES for word in ("--no-binary", name)]
    _run(
        sys.executable, "-m", "uv", "pip", "compile", "--python-version", wanted, "--python-platform", platform,
        "--only-binary", ":all:", *sources, "--constraint", str(ROOT / "constraints.txt"),
        "--extra", "all", str(ROOT / "pyproject.toml"), quiet=True, also={"MACOSX_DEPLOYMENT_TARGET": MACOS},
    )  # fmt: skip


def try_wheel(interpreter: Path, wheel: Path, version: str) -> None:
    """Install the wheel in a fresh environment, in the pinned versions, and answer a question of the sample with it."""
    with tempfile.TemporaryDirectory(prefix="mundap-release-") as name:
        folder = Path(name)
        _run(str(interpreter), "-m", "venv", str(folder / "venv"))
        pip = [str(folder / "venv" / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
        _run(*pip, "install", "--quiet", "--constraint", str(ROOT / "constraints.txt"), str(wheel))
        _run(*pip, "check", quiet=True)
        mundap, bot = str(folder / "venv" / "bin" / "mundap"), str(folder / "bot")
        told = _run(pip[0], "-c", "import mundap; print(mundap.__version__)", quiet=True, cwd=folder).strip()
        if told != version:
            sys.exit(f"the installed package says {told}, not {version}")
        _run(mundap, "--help", quiet=True, cwd=folder)
        _run(mundap, "init", bot, "--example", "customs-mini", quiet=True, cwd=folder)
        _run(mundap, "ingest", "--workspace", bot, quiet=True, cwd=folder)
        _run(mundap, "index", "--workspace", bot, quiet=True, cwd=folder)
        answer = json.loads(_run(mundap, "ask", QUESTION, "--workspace", bot, "--json", quiet=True, cwd=folder))
        if not answer["citations"]:
            sys.exit(f"no citation in the answer to {QUESTION}: {answer}")


def try_uvx(wheel: Path, version: str) -> None:
    """The wheel answers without being installed, by the command that `uvx` is short for."""
    with tempfile.TemporaryDirectory(prefix="mundap-release-") as name:
        uvx = (sys.executable, "-m", "uv", "tool", "run", "--from", str(wheel), "mundap")
        told = _run(*uvx, "--version", quiet=True, cwd=Path(name)).strip()
        if told != f"mundap {version}":
            sys.exit(f"uvx says {told}, not mundap {version}")


def _run(*command: str, quiet: bool = False, cwd: Path = ROOT, also: Mapping[str, str] = {}) -> str:
    """Standard output of a command; what failed is shown and ends the check. Without the checkout on the import path."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")} | dict(also)
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)
    if done.returncode or not quiet:
        print(done.stdout, end="", flush=True)
    if done.returncode:
        sys.exit(f"{done.stderr}failed: {' '.join(command)}")
    return done.stdout


def main() -> None:
    """Check everything, and exit with the first thing that stands in the way."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    tags = _run("git", "tag", "--points-at", "HEAD", quiet=True).split()
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    if found := list(version_problems(version, tags, changelog)):
        sys.exit("\n".join(found))
    print(
        f"version {version}: agrees with the changelog" + (f" and the tag {' '.join(tags)}" if tags else "; no tag yet")
    )
    wheel, sdist = build(version)
    print(f"built {wheel.name} ({wheel.stat().st_size:,} bytes) and {sdist.name} ({sdist.stat().st_size:,} bytes)")
    for wanted in PYTHONS:
        for platform in PLATFORMS:
            resolve(wanted, platform)
        print(f"Python {wanted}: every dependency has a wheel on {', '.join(PLATFORMS)}", flush=True)
    try_uvx(wheel, version)
    print("uvx: runs the wheel", flush=True)
    tried = 0
    for wanted in PYTHONS:
        interpreter = python(wanted)
        if interpreter is None:
            print(f"Python {wanted}: skipped, not on this machine")
            continue
        try_wheel(interpreter, wheel, version)
        tried += 1
        print(f"Python {wanted}: installed; init, ingest, index and a cited answer work", flush=True)
    if not tried:
        sys.exit(f"none of Python {', '.join(PYTHONS)} is here to try the wheel")


if __name__ == "__main__":
    main()
