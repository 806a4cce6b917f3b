"""Releases: a version, a tag and a changelog that disagree are told."""

import sys

import pytest
from tools.release import python, version_problems


@pytest.mark.parametrize(
    ("tags", "changelog", "told"),
    [
        ([], "# Changelog\n\n## Unreleased\n", ""),
        ([], "## 0.2.0\n\n## 0.1.0\n", ""),
        (["v0.2.0"], "## Unreleased\n\n## 0.2.0 (2026-12-01)\n", ""),
        (["checked", "v0.2.0"], "## 0.2.0\n", ""),
        (["checked"], "## Unreleased\n", ""),
        ([], "## 0.1.0\n", "neither 0.2.0 nor Unreleased"),
        (["v0.3.0"], "## Unreleased\n\n## 0.2.0\n", "the tag is v0.3.0"),
        (["v0.2.0"], "## Unreleased\n", "although it is tagged"),
    ],
)
def test_version_tag_and_changelog_agree(tags: list[str], changelog: str, told: str) -> None:
    found = list(version_problems("0.2.0", tags, changelog))
    assert bool(found) == bool(told)
    assert told in "\n".join(found)


def test_this_python_is_found_and_one_of_the_future_is_not() -> None:
    here = python("{}.{}".format(*sys.version_info))
    assert here is not None
    assert here.exists()
    assert python("3.99") is None
