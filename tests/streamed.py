"""An answer that came in pieces."""

from collections.abc import Iterable

from mundap.types import Answer


def streamed(stream: Iterable[str | Answer]) -> tuple[list[str], Answer]:
    """The pieces, and the answer that comes last, alone of its kind."""
    *pieces, answer = stream
    assert isinstance(answer, Answer)
    said = [piece for piece in pieces if isinstance(piece, str)]
    assert len(said) == len(pieces)
    return said, answer
