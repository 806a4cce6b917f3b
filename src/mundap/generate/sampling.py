"""How the next token is drawn, and where writing ends."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sampling:
    """`temperature` 0 always takes the likeliest token. `top_p` 1, `top_k` 0 and `repeat_penalty` 1 are none of their
    kind (Holtzman et al., ICLR 2020; Fan et al., ACL 2018; Keskar et al., 2019). Writing ends at the first of `stop`,
    which is not part of the answer.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    repeat_penalty: float = 1.0
    stop: tuple[str, ...] = ()
