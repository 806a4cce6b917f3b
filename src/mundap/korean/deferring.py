"""Provisions that only defer to another: …은 대통령령으로 정한다, …은 별표 1과 같다, …에 관하여는 제5조를 준용한다.

Who asks how much or how learns nothing from them but where it stands.
"""

from __future__ import annotations

import re

from mundap.korean.display import shown

_LONGEST = 600  # characters; no provision that only defers has more

_SUFFIX = r"(?:의\s?\d{1,3})?"
_ARTICLE = (
    rf"제\s?\d{{1,4}}\s?[편장절관조항호]{_SUFFIX}(?:\s?제\s?\d{{1,3}}\s?[항호]{_SUFFIX})*(?:\s?[가-하]목)?"
    r"(?:\s(?:본문|단서|전단|후단))?"
)
_TABLE = (
    rf"(?:별표\s?(?:제?\s?\d{{1,3}}\s?호?{_SUFFIX})?(?:\s제?\s?\d{{1,2}}\s?호)?"
    rf"|별지\s?(?:제?\s?\d{{1,3}}\s?호?{_SUFFIX})?(?:\s?서식)?|붙임\s?\d{{0,2}})"
)
_NAMED = r"「[^」\n]{2,80}」"
_LAW = r"[가-힣ㆍ]{1,30}(?<![방용문])법(?:률)?(?:\s(?:시행령|시행규칙))?(?=\s?제\s?\d)"  # 관세법 제30조, but no 방법
_SAME = r"(?:같은\s[법영조항규칙]+\s?)?"
_PLACE = rf"{_SAME}(?>{_NAMED}|{_LAW}|{_ARTICLE}|{_TABLE})(?:까지)?"
_PLACES = rf"{_PLACE}(?:(?:\s?(?:,|ㆍ|·|및|또는|와|과|부터|내지|～|~)\s?|\s){_PLACE})*+(?:의\s규정)?"
_DECREE = (
    r"(?:대통령령|총리령|[가-힣ㆍ]{1,20}부령|[가-힣]{0,15}조례|[가-힣]{0,15}규칙|(?:[가-힣]{2,12}(?<![은는도을를의에])\s)?고시|훈령|예규|내규|정관|"
    r"세칙|회칙|규약|학칙|지침|시행령|(?:다른\s)?법률|관계\s?법령)"
)
_DECREES = rf"{_DECREE}(?:(?:\s?,\s?|\s?(?:ㆍ|및|또는)\s?){_DECREE})*"
_OFFICE = (
    r"(?:(?:(?:해당|소속|관계|각)\s)?[가-힣ㆍ]{1,20}의\s장|"
    r"(?:(?:소속|관계|소관)\s)?[가-힣ㆍ]{0,20}(?:장관|[가-힣]장|위원회|이사회|총회|군수|도지사|교육감|의회))"
)

_DO = r"(?:한다|합니다|함|하고|하며|하되)"
_FOLLOW = r"(?:따른다|따릅니다|따름|따르고|따르며|따르되|의한다|의합니다|의하며|의함|준한다|준합니다)"
_AS_SET = r"(?:정하는|정한)\s(?:바|대로|기준)에?"
_OF = r"(?:의\s[가-힣ㆍ\s]{1,30})?"  # 별표 1의 지급 구분표
_SEEN = (
    r"(?:참고|참조|확인)"
    r"(?:한다|합니다|함|하세요|하십시오|하시기\s바랍니다|하면\s(?:된다|됩니다)|할\s수\s있(?:다|습니다|음)|바랍니다|바람)?"
)
_ACT = rf"(?:지급|부과|징수|산정|계산|산출|적용|처리|결정|납부|실시|운영|정|시행|부여){_DO}"
_COUNSEL = r"(?:[^.]{0,60}?(?:협의하여|협의를\s거쳐|의견을\s들어|심의를\s거쳐|승인을\s받아|의결을\s거쳐)\s)?"
_FORMS = tuple(
    re.compile(rf"(?P<head>.*?)(?P<to>{to})(?:{tail})")
    for to, tail in (
        (_DECREES, rf"으?로\s(?:따로\s)?(?:정{_DO}|정하여\s고시{_DO})"),
        (_DECREES, rf"(?:으로|로|에서|에|이|가)\s(?:따로\s)?{_AS_SET}\s(?:{_FOLLOW}|따라\s{_ACT})"),
        (r"(?:종전의?\s규정|관계\s?법령|다른\s법률|조례|내규|정관|고시|지침)", rf"에\s{_FOLLOW}"),
        (_PLACES, rf"{_OF}(?:와|과)\s같(?:다|습니다|음|고|으며)"),
        (_PLACES, rf"{_OF}[을를]\s(?:준용|적용){_DO}"),
        (_PLACES, rf"{_OF}(?:에|의\s예에)\s{_FOLLOW}"),
        (_PLACES, rf"(?:으로|로|에서|에|이|가)\s(?:따로\s)?(?:정{_DO}|{_AS_SET}\s{_FOLLOW})"),
        (rf"(?:{_NAMED}\s?)?{_TABLE}", rf"{_OF}(?:에|에서\s{_AS_SET})\s(?:따라|의하여|의거하여)\s{_ACT}"),
        (_PLACES, rf"{_OF}(?:[을를]|에서|에)\s{_SEEN}"),
        (_OFFICE, rf"[이가]\s(?:따로\s)?{_COUNSEL}(?:따로\s)?(?:정{_DO}|(?:정하여\s|결정ㆍ)?고시{_DO})"),
        (_OFFICE, rf"[이가]\s(?:따로\s)?{_AS_SET}\s{_FOLLOW}"),
    )
)

_TOPIC = re.compile(  # what is deferred, and what may stand between it and the target
    r"(?:[은는도]|에\s?관하여|에\s?대하여|외에|불구|거쳐|들어|협의하여|따라|따로|[을를]|등|따른|관한|제외하고는|,)\s?$"
)
_SAYS_MORE = re.compile(  # another clause
    r"(?:하며|하되|하고|이며|으며|으나|지만|되며|되고)[\s,]|(?:두|받|않|아니하)고,|(?:하|되|으|이|라)면\s?,|거나,|다\.\s"
)
_CONDITION = re.compile(r"(?<!이 )(?<!의 )(?<!그 )(?:경우|때)(?:에는|에도|에|는)?\s?$")  # in which 제5조 holds
_CLAUSES = re.compile(
    r"(?:(?<=하고)|(?<=하며)|(?<=하되)|(?<=르고)|(?<=르며)|(?<=르되)|(?<=같고)|(?<=으며)),?\s"
    r"(?=[가-힣ㆍ「\s]{1,40}[은는]\s|[가-힣\s]{1,40}의\s경우)"
)
_ASIDE = re.compile(r"\s?\([^()]*\)")
_BEGINNING = re.compile(
    r"(?:(?:[①-⑳㉑-㉟]|\d{1,3}(?:의\d{1,2})?[.)]|[가-하][.)]|[-•○※])\s*)*"
    r"(?:(?:다만|단|이\s경우|이때|또한|그리고|그\s밖에)\s?,?\s)*"
)


def defers(sentence: str) -> str:
    """What the sentence defers to (대통령령, 별표 1, 제5조, 인사혁신처장), several divided by commas; "" if the sentence
    says anything else of its own."""
    text = _ASIDE.sub("", _ASIDE.sub("", shown(sentence))).rstrip(" .").replace("불구하고", "불구")
    if len(text) > _LONGEST:
        return ""
    begun = _BEGINNING.match(text)
    found = [_deferred(clause.rstrip(", ")) for clause in _CLAUSES.split(text[begun.end() if begun else 0 :])]
    return ", ".join(dict.fromkeys(found)) if all(found) else ""


def _deferred(clause: str) -> str:
    for form in _FORMS:
        if (found := form.fullmatch(clause)) and _only(found["head"], found["to"]):
            return " ".join(found["to"].split())
    return ""


def _only(head: str, target: str) -> bool:
    """Whether what stands before the target names what is deferred, and says no more."""
    if (head and not _TOPIC.search(head)) or _SAYS_MORE.search(head):
        return False
    return not (_CONDITION.search(head) and re.search(r"제\s?\d|「", target))
