"""Text into vectors. The table below says which encoder a name means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from mundap.errors import ConfigError
from mundap.extras import load
from mundap.protocols import Encoder

ENCODERS = {"e5-small": "mundap.encode.e5:E5Small", "hashed": "mundap.encode.hashed:HashedEncoder"}


def make_encoder(name: str) -> Encoder:
    """The encoder that `name` means. Raises UnknownName, which lists the table."""
    encoder: Encoder = load("encoder", name, ENCODERS)()
    return encoder


@cache
def token_counter(name: str) -> Callable[[Sequence[str]], list[int]]:
    """How many tokens the encoder that `name` means makes of each text, without those that it adds to every text.

    Raises ConfigError if it has none.
    """
    counts = getattr(make_encoder(name), "token_counts", None)
    if counts is None:
        raise ConfigError(
            f"임베딩 '{name}'은(는) 토큰을 세지 못합니다. mundap.toml의 ingest.chunk_unit을 \"chars\"로 두세요."
        )
    counter: Callable[[Sequence[str]], list[int]] = counts
    return counter
