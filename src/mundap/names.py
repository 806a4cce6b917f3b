"""Names of files that come from elsewhere, made so that they cannot point elsewhere."""

from __future__ import annotations

import re
import unicodedata

from mundap.errors import MundapError
from mundap.files import digest

LONGEST = 180  # bytes of a name: file systems take 255, and programs that save files put marks around them
_FORBIDDEN = re.compile(r'[<>:"|?*]')  # in names, on Windows
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)", re.IGNORECASE)
_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}$")


def safe_name(name: str) -> str:
    """What a client calls a file, as the name of a file in one folder: composed Hangul, no path, nothing unseen, no
    hidden file, no device of Windows, at most LONGEST bytes. Idempotent.

    A name that was too long ends in a hash, so that two of them stay two. Raises MundapError if nothing is left.
    """
    last = re.split(r"[/\\]", name)[-1]
    seen = "".join(letter for letter in last if unicodedata.category(letter) not in _UNSEEN or letter.isspace())
    plain = _FORBIDDEN.sub("_", " ".join(unicodedata.normalize("NFC", seen).split())).lstrip(". ~$").rstrip(". ")
    if not plain:
        raise MundapError(f"{name!r:.80}: 사용할 수 없는 파일 이름입니다. 이름을 바꿔서 업로드하세요.")
    if _DEVICE.match(plain):
        plain = f"_{plain}"
    return plain if len(plain.encode()) <= LONGEST else _shortened(plain)


def _shortened(name: str) -> str:
    found = _SUFFIX.search(name)
    suffix = found.group() if found else ""
    mark = f"~{digest(name)}{suffix}"
    stem = name.removesuffix(suffix).encode()[: LONGEST - len(mark)].decode("utf-8", "ignore")
    return f"{stem.rstrip('. ')}{mark}"
