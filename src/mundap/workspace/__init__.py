"""An open workspace: files in, an index over them, and questions searched and answered.

`facade` is what the edges hold. Its steps, the last first: `answering` an answer, `conversing` what kind of turn it answers,
`searching` the passages for it, `opening` the open generation, `indexing` the making of one, `components` what settings
name. Beside them `understanding` (what a question means), `mending` (what is said of mended typing), `intake` (files into
the corpus) and `uploads` (files that came over HTTP).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mundap.workspace.facade import Mundap as Mundap

__all__ = ["Mundap"]


def __getattr__(name: str) -> object:
    """The facade is imported when it is first asked for: a folder's name alone must not load all that an answer needs."""
    if name not in __all__:
        raise AttributeError(f"module 'mundap.workspace' has no attribute '{name}'")
    return getattr(import_module("mundap.workspace.facade"), name)
