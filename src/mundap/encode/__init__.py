"""Text into vectors. The table below says which encoder a name means."""

from __future__ import annotations

from mundap.extras import load
from mundap.protocols import Encoder

ENCODERS = {"e5-small": "mundap.encode.e5:E5Small", "hashed": "mundap.encode.hashed:HashedEncoder"}


def make_encoder(name: str) -> Encoder:
    """The encoder that `name` means. Raises UnknownName, which lists the table."""
    encoder: Encoder = load("encoder", name, ENCODERS)()
    return encoder
