"""Text of documents and answers as it may be shown: nothing in it is markup unless it was meant, and nothing is loaded."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from html import escape

# A backslash is won, a dollar money, and a tilde from … to, in Korean text; to the page's Markdown they are an escape,
# mathematics and a deletion. Pictures would be fetched from elsewhere, and colons begin colours and icons.
_SPECIAL = re.compile(r"[\\$~<`]|!(?=\[)|:(?=[A-Za-z_])")
_CUT = '<span class="cut" aria-hidden="true">|</span>'
_LEAST = 2  # letters of a quote worth marking


def shown(text: str) -> str:
    """Markdown that shows an answer as it was written: tables, lists and bold letters are kept, lines stay lines.

    >>> shown("$5~$9\\n둘째 줄")
    '\\\\$5\\\\~\\\\$9  \\n둘째 줄'
    """
    return "  \n".join(_SPECIAL.sub(r"\\\g<0>", line) for line in text.split("\n"))


def plain(text: str) -> str:
    """Markdown in which no letter of `text`, made one line, is markup.

    >>> plain("1. [가] *나*")
    '1\\\\. \\\\[가\\\\] \\\\*나\\\\*'
    """
    return re.sub(r"[!-/:-@\[-`{-~]", r"\\\g<0>", " ".join(text.split()))


def marked(text: str, quotes: Sequence[str]) -> str:
    """HTML of `text`, escaped, with the places of the quotes marked, white space aside.

    >>> marked("<가> 나다", ["나 다"])
    '&lt;가&gt; <mark>나다</mark>'
    """
    spans = sorted(span for quote in quotes for span in _places(text, quote))
    parts, end = [], 0
    for first, after in spans:
        if first < end:  # within, or over the end of, what is marked
            first = end
        if after <= first:
            continue
        parts += [escape(text[end:first]), "<mark>", escape(text[first:after]), "</mark>"]
        end = after
    return "".join([*parts, escape(text[end:])])


def source(text: str, quotes: Sequence[str], before: str = "", after: str = "") -> str:
    """HTML of a passage in its place, with the quotes marked and the text beside it in grey."""
    return (
        f'<div class="mundap-source" tabindex="0"><span class="beside">{escape(before)}</span>'
        f'{marked(text, quotes)}<span class="beside">{escape(after)}</span></div>'
    )


def chunked(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """HTML of a passage, with a bar where each of its chunks but the first begins.

    >>> chunked("<가>나", [(0, 3), (3, 4)])
    '<div class="mundap-source" tabindex="0">&lt;가&gt;<span class="cut" aria-hidden="true">|</span>나</div>'
    """
    cuts = sorted({start for start, _ in spans} - {0})
    parts = [escape(text[a:b]) for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    return f'<div class="mundap-source" tabindex="0">{_CUT.join(parts)}</div>'


def sandboxed(page: str, title: str) -> str:
    """HTML of a frame that shows `page`, which can run nothing, reach nothing and see nothing of what is around it."""
    return (
        f'<iframe sandbox="" title="{escape(title)}" srcdoc="{escape(page)}"'
        ' style="border:0;width:100%;height:calc(100vh - 1rem)"></iframe>'
    )


def choose(words: str) -> str:
    """A style that has the file picker say `words`."""
    return f"<style>:root {{--choose: {json.dumps(words, ensure_ascii=False)}}}</style>"


def _places(text: str, quote: str) -> list[tuple[int, int]]:
    letters = [re.escape(letter) for letter in quote if not letter.isspace()]
    if len(letters) < _LEAST:
        return []
    return [found.span() for found in re.finditer(r"\s*".join(letters), text)]
