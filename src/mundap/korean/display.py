"""A sentence as a reader is shown it: without Markdown, left-over HTML, editors' notes and footnote marks.

A document's own [3] must never look like a mark of our citations, and <개정 2020. 1. 1.> tells a citizen nothing. What
is said stays: amounts, item numbers, parentheses, 「관세법」, masked names (홍*동) and titles (<골 때리는 여자들>).
"""

from __future__ import annotations

import html
import re

_PARTICLE = r"(?:이란|란|이다|입니다|이며|이고|인|으로|에서|에게|에는|에도|까지|부터|은|는|이|가|을|를|의|에|와|과|도|로|만)(?=[\s,.)]|$)"
_ENDS = rf"(?=\s|$|[.,;:!?)\]」』”’\"']|{_PARTICLE})"

_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][\da-fA-F]{1,6}|[A-Za-z]{2,8}\d{0,2});")
_UNSEEN = re.compile(r"[\u00ad\u200b\u200c\u2060\ufeff\ue000-\uf8ff]")  # the last are glyphs of a font of its own
_BLANKS = re.compile(r"[^\S\n]+")
_SUPERSCRIPT = re.compile(r"<sup>\s*(?:([\d,]{1,5})|\*{1,3}|\d{1,2}\)|\[\d{1,3}\])\s*</sup>", re.IGNORECASE)
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_INLINE = re.compile(
    r"</?(?:a|abbr|b|big|code|del|em|font|i|ins|kbd|label|mark|q|s|samp|small|span|strike|strong|sub|sup|tt|u|var|wbr)"
    r"(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_BLOCK = re.compile(
    r"<!--.*?-->|</?(?:article|blockquote|br|caption|center|col|colgroup|dd|div|dl|dt|figcaption|figure|footer|form|"
    r"h[1-6]|header|hr|iframe|img|input|li|main|nav|ol|option|p|pre|section|select|table|tbody|td|tfoot|th|thead|tr|ul)"
    r"(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)

_LEADING = re.compile(r"^[^\S\n]*(?:>[^\S\n]?|#{1,6}[^\S\n]+|[*+][^\S\n]+(?!\d+[^\S\n]*=))+", re.MULTILINE)
_CLOSING_HASHES = re.compile(r"(?<=\S)[^\S\n]+#+[^\S\n]*$", re.MULTILINE)
_RULE = re.compile(  # lines that only draw: --- ``` |---| ┌─┬─┐
    r"^[^\S\n]*+(?:(?:[-*_=][^\S\n]*+){3,}+|`{3,}\w*|~{3,}\w*|(?=[^\n]*--)(?:[|+\-:=]|[^\S\n])++"
    r"|(?=[^\n]*[─━═]{2})(?:[─-╿]|[^\S\n])++)$",
    re.MULTILINE,
)
_TASK = re.compile(r"^([^\S\n]*(?:[-*+]|\d{1,3}[.)])[^\S\n]+)\[[ xX]\][^\S\n]+", re.MULTILINE)
_ROW = re.compile(r"^[^\S\n]*[|│┃║](.*?)(?<!\\)[|│┃║][^\S\n]*$", re.MULTILINE)
_BAR = re.compile(r"[^\S\n]*(?<!\\)[|│┃║][^\S\n]*")
_TARGET = r"(?:(?:https?:|mailto:|tel:|ftp:|www\.|[./#?])[^()\s]*(?:\([^()\s]*\)[^()\s]*)*|[^()\s]+\.[A-Za-z]{2,5}|)"
_LINK = re.compile(rf"!?\[([^\[\]\n]*)\]\({_TARGET}(?:\s+[\"'][^\"'\n]*[\"'])?\)")
_AUTOLINK = re.compile(r"<((?:https?://|mailto:)[^<>\s]+)>")
_STRONG = re.compile(r"(?:(?<![\w*])\*\*(?=[^\s*])([^*\n]+?)|(?<=\w)\*\*(?=[^\s*])([^*\s]+?))(?<=\S)\*\*(?!\*)")
_EMPHASIS = re.compile(r"(?<![\w*\\])\*(?=[^\s*])([^*\n]+?)(?<=[^\s\\])\*(?!\*)")
_UNDERLINED = re.compile(r"(?<![\w/.=\\-])(_{1,2})(?=[^\s_])([^_\n]+?)(?<=[^\s\\])\1(?![A-Za-z\d_/])")
_STRUCK = re.compile(r"~~(?=[^\s~])([^~\n]+?)(?<=\S)~~")
_CODE = re.compile(r"(`{1,3})(?=[^\s`])([^`\n]*?[^\s`])\1(?!`)")
_HALF = re.compile(r"^\*\*(?=[^\s*])(?!.*\*\*)|(?<=[.!?:)\]」])\*\*$", re.MULTILINE)  # of a pair that was cut apart
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")

_NUMBERED = r"[\[［〔](?:\d{1,3}(?:\s?[,~\-–]\s?\d{1,3})*|\^[\w-]{1,20}|(?:각주|주)\s?\d{1,3}|\*{1,3})[\]］〕]"
_REFERENCE = re.compile(rf"([^\S\n]?){_NUMBERED}(?:[^\S\n]?{_NUMBERED})*+:?")
_ENDED = re.compile(_ENDS, re.MULTILINE)
_NOTE_NUMBER = re.compile(r"[^\S\n]?\((?:각주|주)\s?\d{1,2}\)")
_RAISED_MARK = re.compile(rf"(?<=[가-힣.!?)」』”’])(?:[⁰¹²³⁴-⁹]{{1,3}}\)?|[†‡]+){_ENDS}")
_STAR = re.compile(  # no masked name: 김**, 홍*동
    rf"(?:(?<=[가-힣]{{2}})|(?<=[)」』”’.]))\*{{1,3}}(?!\*){_ENDS}|(?:^|(?<=[\s(]))\*{{1,3}}(?=[가-힣「『“‘(])",
    re.MULTILINE,
)
_HALF_BRACKET = re.compile(rf"(?<=[가-힣」』”’])\d{{1,2}}\)(?=$|[.,]|{_PARTICLE})", re.MULTILINE)  # 관세1)는

_DAY = r"\d{4}\s?[.\-/]"
_ACT = (
    r"(?:(?:본조|전문|제목|본문|단서|전단|후단|각\s?호|별표|서식|일부|전부|타법|편|장|절|관|조)\s?)*"
    r"(?:개정|신설|제정|삭제|생략|이동|변경)"
)
_ANGLED = re.compile(
    rf"[^\S\n]?[<‹〈＜]\s*(?:{_ACT}\s*(?:[^<>‹›〈〉＜＞\n]*?{_DAY}[^<>‹›〈〉＜＞\n]*)?|{_DAY}[\d.,\-/\s]*|"
    rf"(?:법률|대통령령|부령)?\s?제\s?\d+\s?호\s?,[\d.,\-/\s]*)[>›〉＞]"
)
_SQUARED = re.compile(
    r"[^\S\n]?[\[［](?:"
    r"(?:본조|전문|제목|본문|단서|편|장|절|관|조)\s?(?:개정|신설|삭제|이동)[^\[\]［］\n]*|시행일[^\[\]［］\n]*|"
    r"제[\d조의항호 ]+(?:에서|로|으로)\s?이동[^\[\]［］\n]*|종전[^\[\]［］\n]{0,80}이동[^\[\]［］\n]*|"
    r"(?:헌법불합치|단순위헌|한정위헌|위헌)\s?,[^\[\]［］\n]*|[^\[\]［］\n]*헌법재판소에서[^\[\]［］\n]*결정[^\[\]［］\n]*"
    r")[\]］]"
)

_WORD = re.compile(r"[^\W\d_]")


def shown(text: str) -> str:
    """`text` as a reader copies it out by hand, its lines trimmed; what is shown already is given back as it is.

    Never empty for a text with words: a note that stands alone ([본조신설 2020. 1. 1.]) is what the text says.
    """
    result = _settled(text, without_notes=True)
    return result if _WORD.search(result) else _settled(text, without_notes=False)


def _settled(text: str, *, without_notes: bool) -> str:
    """Repeated until nothing changes, for what is left behind a mark may be one: &lt;개정 2020. 1. 1.&gt;."""
    while (shorter := _once(text, without_notes)) != text:
        text = shorter
    return text


def _once(text: str, without_notes: bool) -> str:
    text = _BLANKS.sub(" ", _UNSEEN.sub("", _ENTITY.sub(lambda m: html.unescape(m.group()), text)))
    if "<" in text:
        text = _SUPERSCRIPT.sub(_superscript, text)
        text = _AUTOLINK.sub(r"\1", _BLOCK.sub(" ", _INLINE.sub("", text)))
    text = _without_markdown(text)
    if without_notes:
        text = _SQUARED.sub("", _ANGLED.sub("", text))
    return _trimmed(_without_references(text))


def _superscript(mark: re.Match[str]) -> str:
    """m<sup>2</sup> is a unit; behind any other word it is the number of a footnote."""
    before = mark.string[: mark.start()]
    unit = mark[1] and before[-1:].isascii() and before[-1:].isalnum()
    return mark[1].translate(_RAISED) if unit else ""


def _without_markdown(text: str) -> str:
    text = _CLOSING_HASHES.sub("", _LEADING.sub("", _RULE.sub("", _TASK.sub(r"\1", text))))
    text = _ROW.sub(lambda row: ", ".join(filter(None, _BAR.split(row[1].strip()))), text)
    text = _LINK.sub(r"\1", text)
    text = _CODE.sub(r"\2", text)
    text = _STRONG.sub(lambda found: found[1] or found[2], text)
    text = _EMPHASIS.sub(r"\1", _UNDERLINED.sub(r"\2", _STRUCK.sub(r"\1", text)))
    return _ESCAPE.sub(r"\1", _HALF.sub("", text))


def _without_references(text: str) -> str:
    text = _REFERENCE.sub(_gap, text)
    text = _STAR.sub("", _RAISED_MARK.sub("", _NOTE_NUMBER.sub("", text)))
    if _HALF_BRACKET.search(text):
        closes = _unopened(text)
        text = _HALF_BRACKET.sub(lambda mark: "" if mark.end() - 1 in closes else mark[0], text)
    return text


def _gap(mark: re.Match[str]) -> str:
    """What stands for footnote marks: 끝났다.[3]다음 are two sentences, 관세 [3]는 is one word."""
    if _ENDED.match(mark.string, mark.end()):
        return ""
    start, end = mark.span()
    before, after = mark.string[max(start - 1, 0) : start], mark.string[end : end + 1]
    return mark[1] or (" " if before in tuple(".!?") and after.isalnum() else "")


def _unopened(text: str) -> set[int]:
    """Where a parenthesis closes that none has opened."""
    depth, found = 0, set()
    for n, character in enumerate(text):
        if character == "(":
            depth += 1
        elif character == ")":
            if not depth:
                found.add(n)
            depth = max(depth - 1, 0)
    return found


def _trimmed(text: str) -> str:
    lines = (_BLANKS.sub(" ", line).strip() for line in text.split("\n"))
    return "\n".join(line for line in lines if line)
