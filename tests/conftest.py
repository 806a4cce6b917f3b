"""What every test may ask for. Kiwi loads once in a process, so no example of a property is timed."""

import os
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy is there: its threads spin, and machines are shared

import pytest
from hypothesis import settings

from mundap.files import digest
from mundap.types import Passage

settings.register_profile("mundap", deadline=None, max_examples=60)
settings.load_profile("mundap")

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"

MakePassage = Callable[..., Passage]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real documents beside the checkout; they are never part of the project."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"needs the documents in {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture(scope="session")
def passage() -> MakePassage:
    """Makes a whole passage of a text; its id is the text's hash. Other fields by name."""

    def made(text: str, **about: object) -> Passage:
        return Passage(**{"id": digest(text), "document_id": "d", "text": text, "start": 0, "end": len(text), **about})

    return made
