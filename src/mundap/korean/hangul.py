"""Hangul by its letters: syllables one letter apart, and what the keys of the other keyboard layout say."""

from __future__ import annotations

import re
from collections.abc import Iterator

_FIRST, _LAST = 0xAC00, 0xD7A3
_VOWELS, _FINALS = 21, 28
# The keys of the standard layout (두벌식, KS X 5002) for initials, vowels and finals, in the order of Unicode.
_INITIAL_KEYS = "r R s e E f a q Q t T d w W c z x v g".split()
_VOWEL_KEYS = "k o i O j p u P h hk ho hl y n nj np nl b m ml l".split()
_FINAL_KEYS = ["", *"r R rt s sw sg e f fr fa fq ft fx fv fg a q qt t T d w c z x v g".split()]
_KEYS_OF_LETTERS = dict(
    zip(
        "ㄱㄲㄳㄴㄵㄶㄷㄸㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅃㅄㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ",
        "r R rt s sw sg e E f fr fa fq ft fx fv fg a q Q qt t T d w W c z x v g "
        "k o i O j p u P h hk ho hl y n nj np nl b m ml l".split(),
        strict=True,
    )
)
_SYLLABLE = re.compile(
    rf"({'|'.join(_INITIAL_KEYS)})({'|'.join(sorted(_VOWEL_KEYS, key=len, reverse=True))})"
    rf"((?:{'|'.join(sorted(filter(None, _FINAL_KEYS), key=len, reverse=True))})(?![koiOjpuPhynbml]))?"
)
_SHIFTED = frozenset("REQTWOP")


def near(syllable: str) -> Iterator[str]:
    """The syllables that differ from this one in one letter, which one of them may lack at its end."""
    initial, rest = divmod(ord(syllable) - _FIRST, _VOWELS * _FINALS)
    vowel, final = divmod(rest, _FINALS)
    yield from (_syllable(other, vowel, final) for other in range(len(_INITIAL_KEYS)) if other != initial)
    yield from (_syllable(initial, other, final) for other in range(_VOWELS) if other != vowel)
    yield from (_syllable(initial, vowel, other) for other in range(_FINALS) if other != final)


def from_keys(keys: str) -> str:
    """What these Latin keys write in the Korean layout; "" unless it is whole syllables."""
    keys = "".join(key if key in _SHIFTED else key.lower() for key in keys)
    found = list(_SYLLABLE.finditer(keys))
    if sum(len(match.group()) for match in found) != len(keys):
        return ""
    return "".join(
        _syllable(_INITIAL_KEYS.index(match[1]), _VOWEL_KEYS.index(match[2]), _FINAL_KEYS.index(match[3] or ""))
        for match in found
    )


def to_keys(text: str) -> str:
    """The Latin keys that write this Hangul, syllables and single letters."""
    return "".join(map(_keys, text))


def ends_in(syllable: str) -> str:
    """The keys of the final of a syllable: "" if it ends in its vowel, or is no syllable."""
    return _FINAL_KEYS[(ord(syllable) - _FIRST) % _FINALS] if _FIRST <= ord(syllable) <= _LAST else ""


def _keys(letter: str) -> str:
    if not _FIRST <= ord(letter) <= _LAST:
        return _KEYS_OF_LETTERS.get(letter, letter)
    initial, rest = divmod(ord(letter) - _FIRST, _VOWELS * _FINALS)
    vowel, final = divmod(rest, _FINALS)
    return _INITIAL_KEYS[initial] + _VOWEL_KEYS[vowel] + _FINAL_KEYS[final]


def _syllable(initial: int, vowel: int, final: int) -> str:
    return chr(_FIRST + (initial * _VOWELS + vowel) * _FINALS + final)
