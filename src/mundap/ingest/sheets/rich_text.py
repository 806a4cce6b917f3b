"""Texts of cells whose parts look different: raised and lowered letters, and parts that are struck out."""

from __future__ import annotations

from collections.abc import Mapping

from mundap.ingest.raised import subscript, superscript

PROPERTIES = frozenset(("strike", "vertAlign"))
_OFF = ("0", "false", "off")
_RAISED = {"superscript": superscript, "subscript": subscript}


class Run:
    """The part of a text that is being read (`r` in SpreadsheetML). `lost` is whether a part so far was struck out."""

    def __init__(self, take_struck: bool) -> None:
        self.lost = False
        self._take_struck = take_struck
        self._struck = False
        self._place = ""

    def begin(self) -> None:
        """Another part begins, of which nothing is known."""
        self._struck, self._place = False, ""

    def note(self, name: str, about: Mapping[str, str]) -> None:
        """One of PROPERTIES of the part."""
        if name == "strike":
            self._struck = not self._take_struck and about.get("val", "1") not in _OFF
        else:
            self._place = about.get("val", "")

    def end(self, parts: list[str], since: int) -> None:
        """Put what is shown of a part in place of its letters, `parts` from `since` on."""
        if self._struck:
            self.lost = self.lost or any(part.strip() for part in parts[since:])
            del parts[since:]
        elif self._place in _RAISED:
            parts[since:] = [_RAISED[self._place]("".join(parts[since:]))]
