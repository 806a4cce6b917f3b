"""Signs of symbol fonts (w:sym), whose codes mean nothing without the font, as the letters of Unicode that look so."""

from __future__ import annotations

_PRIVATE = 0xF000  # where Word moves the codes of such fonts


def _run(first: int, letters: str) -> dict[int, str]:
    return {first + n: letter for n, letter in enumerate(letters)}


_WINGDINGS = {
    **_run(0x21, "✏✂✁👓🔔📖🕯☎✆✉📨📪📫📬📭📁📂📄📃📑🗄⌛⌨🖱🖲🖥🖴💾📼✇✍🖎✌👌👍👎☜☞☝☟🖐☺😐☹💣☠🏳🏱✈☼💧❄"),
    **_run(0x6C, "●❍■□◻❑❒⬧⧫◆❖⬥⌧⌂⌘"),
    **_run(0x80, "⓪①②③④⑤⑥⑦⑧⑨⑩⓿❶❷❸❹❺❻❼❽❾❿"),
    0x9E: "·",
    0x9F: "•",
    0xA0: "▪",
    0xA1: "○",
    0xA4: "◉",
    0xA5: "◎",
    0xA7: "▪",
    0xA8: "□",
    0xAB: "★",
    0xD8: "➢",
    **_run(0xDF, "←→↑↓↖↗↙↘"),
    0xE8: "➔",
    **_run(0xEF, "⇦⇨⇧⇩⇔"),
    0xFB: "✗",
    0xFC: "✓",
    0xFD: "☒",
    0xFE: "☑",
}
_WINGDINGS_2 = {
    0x4F: "✗",
    0x50: "✓",
    0x51: "☒",
    0x52: "☑",
    0x53: "☒",
    0x54: "☒",
    0x97: "●",
    0xA2: "■",
    0xA3: "□",
    **_run(0x6A, "①②③④⑤⑥⑦⑧⑨⑩"),
}
_SYMBOL = {
    **_run(0x41, "ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ"),
    **_run(0x61, "αβχδεφγηιϕκλμνοπθρστυϖωξψζ"),
    0xA2: "′",
    0xA3: "≤",
    0xA5: "∞",
    0xAB: "↔",
    **_run(0xAC, "←↑→↓°±″≥×"),
    0xB6: "∂",
    0xB7: "•",
    0xB8: "÷",
    0xB9: "≠",
    0xBA: "≡",
    0xBB: "≈",
    0xBC: "…",
    0xD6: "√",
    0xD7: "·",
    0xE5: "∑",
    0xF2: "∫",
}
_FONTS = {"wingdings": _WINGDINGS, "wingdings 2": _WINGDINGS_2, "symbol": _SYMBOL}


def symbol(font: str, code: str) -> str:
    """The sign of the hexadecimal `code` in `font`; "" for one that is not known."""
    try:
        number = int(code, 16)
    except ValueError:
        return ""
    table = _FONTS.get(font.strip().lower())
    bare = number - _PRIVATE if _PRIVATE <= number < _PRIVATE + 0x100 else number
    if table is None:
        return "" if number >= _PRIVATE and font.lower().startswith(("wingdings", "webdings")) else chr(bare)
    return table.get(bare, "")
