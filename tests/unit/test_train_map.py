"""The maps of the trainers' files: each package names its own."""

import importlib
import pkgutil
import re

import pytest

import mundap.training

PACKAGES = [
    "mundap.training",
    *(f"mundap.training.{module.name}" for module in pkgutil.iter_modules(mundap.training.__path__)),
]


@pytest.mark.parametrize("name", PACKAGES)
def test_every_file_has_its_place_on_the_map(name: str) -> None:
    package = importlib.import_module(name)
    files = {module.name for module in pkgutil.iter_modules(package.__path__)}
    assert sorted(files - set(re.findall(r"\w+", package.__doc__ or ""))) == []
