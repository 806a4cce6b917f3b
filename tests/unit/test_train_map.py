"""The map of the trainers' files: it names each of them."""

import pkgutil
import re

import mundap.train


def test_every_file_has_its_place_on_the_map():
    files = {module.name for module in pkgutil.iter_modules(mundap.train.__path__)}
    assert sorted(files - set(re.findall(r"\w+", mundap.train.__doc__ or ""))) == []
