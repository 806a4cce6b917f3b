"""What lxml makes of a file. It has no types of its own."""

from __future__ import annotations

from typing import TypeAlias

from mundap.extras import Untyped

Element: TypeAlias = Untyped
