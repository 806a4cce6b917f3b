"""Lines that a layout has broken, joined into the paragraphs that they were."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mundap.korean.kiwi import kiwi

_FULL = 0.8  # of the longest line; a shorter one ends its paragraph
_SHORTEST = 20  # characters of the longest line; shorter ones are a list or a poem
_BEGINS = re.compile(
    r"\s*(?:제\s?\d+\s?[편장절관조]|[①-⑳㉮-㉻ⓐ-ⓩ]|[(\[]?(?:\d{1,3}|[가-하])\s?[.)\]]|[ⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩ]+\s?[.．]"
    r"|[-–*•·∙○●◎□■◇◆▣❏▶▷☞※ㆍ]|[<【〔\[〈《「]|부\s?칙|\|)"
)
_ENDS = re.compile(r"[:：]\s*$")


def unwrap(lines: Sequence[str]) -> list[str]:
    """Paragraphs out of lines: a line that is as long as the others goes on in the next one that begins nothing new.

    Where a break stood inside a word, no space comes in: 서⏎스펜디드 is 서스펜디드 (Kiwi's `glue`).
    """
    longest = max(map(len, lines), default=0)
    groups: list[list[str]] = []
    for line in lines:
        if groups and _goes_on(groups[-1][-1], line, longest):
            groups[-1].append(line)
        else:
            groups.append([line])
    return [joined(group) for group in groups]


def joined(lines: Sequence[str]) -> str:
    """One text of lines that belong together."""
    return str(kiwi().glue([line.strip() for line in lines])) if len(lines) > 1 else "".join(lines)


def _goes_on(line: str, following: str, longest: int) -> bool:
    if longest < _SHORTEST or len(line) < _FULL * longest:
        return False
    return not _BEGINS.match(following) and not _ENDS.search(line)
