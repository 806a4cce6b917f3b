"""Full-width and squared characters as the plain ones that they stand for: ＵＳＤ, １００, ㎖, ℓ, ㎡, ℃, ㈜."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

# Circled numbers and circled letters stay: they number items (① ②) and are no quantities.
_OTHER = re.compile("[²³¹ﬀ-ﬆ！-～￠-￦㌀-㏿℀-⅏Ⅰ-ⅿ㈀-㈞]")


def plain(text: str) -> str:
    """`text` in plain characters; ㎖ becomes two. Idempotent, and nothing else changes."""
    return _OTHER.sub(lambda found: _plain(found.group()), text)


def plain_with_origins(text: str) -> tuple[str, Sequence[int]]:
    """`plain(text)`, and for each of its characters and its end the place in `text` that it comes from."""
    if not _OTHER.search(text):
        return text, range(len(text) + 1)
    pieces = [_plain(letter) if _OTHER.match(letter) else letter for letter in text]
    origins = [place for place, piece in enumerate(pieces) for _ in piece]
    return "".join(pieces), [*origins, len(text)]


def _plain(letter: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", letter)).replace("\N{DIVISION SLASH}", "/")  # ㎧
