"""An open workspace: files in, an index over them, and questions searched and answered.

`facade` is the public class. Below it, from the top layer down: `layers` (those that follow, made together), `answering`,
`conversing` (the kind of turn), `searching`, `opening` (the current generation), `indexing`, `components` (built from the
settings), and at the bottom `understanding` (the meaning of a question), `mending` (notes on corrected typing), `intake`
(files into the corpus) and `uploads` (files over HTTP).
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
