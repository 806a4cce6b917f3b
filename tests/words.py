"""A tokenizer that anyone can follow."""

from collections.abc import Sequence


def split(texts: Sequence[str]) -> list[list[str]]:
    """The words between white space."""
    return [text.split() for text in texts]
