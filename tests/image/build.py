"""Builds the image with buildah, on a Debian made by debootstrap: no engine and no image registry are needed.

python -m tests.image.build TAG       as root; needs the Debian packages buildah and debootstrap
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BASE = "localhost/debian:bookworm-slim"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
PIP_CONF = Path("/etc/pip.conf")


def run(*words: str) -> str:
    """What the command prints. Raises CalledProcessError with its errors shown."""
    return subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def make_base() -> None:
    """A minimal Debian as an image, unless there is one."""
    if BASE in run("buildah", "images", "--format", "{{.Name}}:{{.Tag}}"):
        return
    with tempfile.TemporaryDirectory() as folder:
        run("debootstrap", "--variant=minbase", "bookworm", f"{folder}/root")
        container = run("buildah", "from", "scratch")
        mounted = run("buildah", "mount", container)
        run("cp", "-a", f"{folder}/root/.", mounted)
        run("buildah", "commit", "--quiet", "--rm", container, BASE)


def build(tag: str) -> None:
    """The image of this checkout as `tag`. The host's certificates and pip settings are lent to the build only."""
    make_base()
    with tempfile.TemporaryDirectory() as folder:
        lent = []
        if CERTIFICATES.exists():
            conf = PIP_CONF.read_text("utf-8") if PIP_CONF.exists() else "[global]\n"
            conf = re.sub(r"(?m)^cert\s*=.*\n?", "", conf)
            (Path(folder) / "pip.conf").write_text(
                conf.replace("[global]\n", "[global]\ncert = /host-ca.crt\n"), "utf-8"
            )
            lent = ["--volume", f"{CERTIFICATES}:/host-ca.crt:ro", "--volume", f"{folder}/pip.conf:/etc/pip.conf:ro"]
        settings = [
            "--format",
            "docker",
            "--isolation",
            "chroot",
            "--pull-never",
            "--layers",
            "--build-arg",
            f"BASE={BASE}",
        ]
        run("buildah", "bud", *settings, *lent, "--tag", tag, str(ROOT))


if __name__ == "__main__":
    build(sys.argv[1])
