"""What a document strikes out no longer holds: it is left out, and said to its owner."""

from __future__ import annotations

from collections.abc import Iterable

_NAMED = 3
_SHOWN = 20  # characters of each


def struck_out(texts: Iterable[str]) -> tuple[str, ...]:
    """A warning that names what was struck out, if anything was."""
    found = [" ".join(text.split()) for text in texts if text.strip()]
    if not found:
        return ()
    said = ", ".join(f"'{text[:_SHOWN]}{'…' if len(text) > _SHOWN else ''}'" for text in found[:_NAMED])
    more = f" 외 {len(found) - _NAMED}곳" if len(found) > _NAMED else ""
    return (f"취소선을 그은 내용은 제외했습니다({said}{more}). 포함하려면 취소선을 지우고 다시 저장하세요",)
