"""What a question asks for, and whether a sentence has it to give: an amount, a period, a place, steps, a yes or no.

Answer types tell which of several near sentences answers (Li & Roth, "Learning Question Classifiers", COLING 2002);
here they are read by rules from the question words and endings of Korean.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, get_args

from mundap.korean.contacts import Contact, contact_asked
from mundap.korean.kiwi import kiwi
from mundap.korean.normalize import squash
from mundap.korean.quantities import Quantity, quantities

if TYPE_CHECKING:
    from kiwipiepy import Token

Kind = Literal[
    "amount",
    "number",
    "period",
    "date",
    "contact",
    "place",
    "person",
    "reason",
    "procedure",
    "list",
    "condition",
    "definition",
    "yes-no",
    "other",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
VALUES: frozenset[Kind] = frozenset({"amount", "number", "period", "date", "contact"})  # a sentence has it or has not

_WHAT = r"(?:뭐|무엇|뭘|뭔|어떤|어떻|무슨)"
_ENDING_WHAT = r"(?:뭐예요|뭐에요|뭔가요|뭐죠|뭡니까|뭐야|뭐지|뭔데|무엇인가요|무엇입니까|무엇이죠|무엇)\W*$"
_SUMS = "금액|가격|비용|요금|수수료|한도|세율|벌금|과태료|과징금|범칙금|수당|보수|임금|이자|보증금"
_THINGS = "서류|물품|물건|품목|항목|대상|사유|혜택|요건|내용|사항|조건|의무|준비물|종류"
# Each kind that a question shows signs of is asked for, the first of this table most.
_ASKS: tuple[tuple[Kind, str], ...] = (
    ("reason", r"왜(?![가-힣]{2})|이유|까닭|원인은|(?:무엇|뭐)\s?때문"),
    (
        "contact",
        r"전화\s?번호|연락처|이메일|메일\s?주소|팩스\s?번호|대표\s?번호|번호[가는]?\s?(?:뭐|몇|어떻게|무엇|알려)"
        r"|어디[로에]\s?(?:전화|연락|문의)|문의처|(?:팩스|\s전화|(?:고객|콜|상담)\s?[가-힣]{0,4}센터(?:\s?번호)?|(?:신고|문의|상담|예약|민원|대표|직통)\s?(?:전화|번호))\W*$"
        r"|번호[를을]?\s?(?:좀\s?)?(?:알\s?수|가르쳐|안내)|몇\s?번(?:으로|에)?\s?(?:전화|걸|연락)|(?:전화|연락)(?:하|드리)[가-힣]*\s?몇\s?번",
    ),
    ("date", r"언제|몇\s?시(?!간)|며칠날|몇\s?월|무슨\s?요일|날짜|몇\s?년도|시행일|마감일|시기"),
    (
        "period",
        r"얼마나\s?(?:걸|더?\s?오래|기다)|얼마\s?(?:동안|만에|간|안에|(?:전|후|뒤)까지)|며칠|몇\s?(?:일|개월|달|년|주|시간|분|초|영업일)(?!도)"
        rf"|(?:기간|기한)[은이]?\s?(?:{_WHAT}|얼마|언제|몇|알려|좀|\W*$)|언제까지",
    ),
    (
        "amount",
        rf"얼마(?!나)|얼마나\s?(?:내|드|들|받|주|깎|벌|나오|나가|되나|되는|돼|하나|해요|합|함|면제|나와|부과|물|더\s?내)|얼만|몇\s?(?:%|％|퍼센트|프로|원|달러|불|만\s?원|만\s?달러|배|분의)"
        rf"|(?:{_SUMS})[은는이가]?\s?(?:{_WHAT}|알려|어느\s?정도|\W*$)",
    ),
    (
        "number",
        r"몇\s?(?!가지|시(?!간)|월)[가-힣a-zA-Z㎖㎏㎝]|개수|횟수|인원[은이]?\s?(?:얼|몇|어)|얼마나(?!\s?(?:걸|오래|기다))",
    ),
    ("person", r"누구|누가|담당자|누굴|누군|어느\s?(?:기관|부서|위원회)|(?:기관|부서)[은는이가]?\s?(?:어디|무엇|뭐)"),
    ("place", r"어디|어느\s?(?:곳|세관|지역|나라|사이트|은행)|주소|위치|장소|오시는\s?길"),
    (
        "definition",
        r"(?:이?란|이라는\s?(?:것|게|건)|이?라는\s?게)\s|뜻|의미|무슨\s?말|정의|무엇을\s?말|무엇인지\s?설명"
        rf"|[이가]\s?{_ENDING_WHAT}",
    ),
    (
        "list",
        r"종류|목록|무엇무엇|뭐뭐|무엇들|모두\s?알려|다\s?알려|나열"
        r"|어떤\s?(?:것|게|서류|물품|물건|품목|종류|항목|사항|내용|혜택|의무|벌|조치|업무|권리|자료|정보|사유|대상)"
        rf"|(?:{_THINGS})(?:[은는이가]|에는)?\s?{_WHAT}|(?:뭐|무엇)[가이]\s?(?:있|필요|들)"
        r"|(?:뭘|무엇을)\s?(?:준비|내|가져|챙|제출|기재|적|갖)",
    ),
    ("procedure", r"어떻게|어떡|방법|절차|순서|과정|려면"),
    (
        "condition",
        rf"조건|요건|자격|사유(?=[은는이가을를]?\W*$|[을를]?\s?알려)|어떤\s?(?:경우|때|사람|상황)|어느\s?경우|무슨\s?경우|(?:경우|기준)[은는이을를]?\s?(?:{_WHAT}|알려|\W*$)"
        r"|는\s?경우(?:[은는이을를]|에는|들)?\s?(?:(?:다|모두|전부)\s?)?(?:알려[가-힣\s]*)?\W*$",
    ),
    ("definition", rf"[은는]\s?{_ENDING_WHAT}|설명해|차이"),
)
_ASKING = tuple((kind, re.compile(signs)) for kind, signs in _ASKS)
_GROUNDS = re.compile(  # cases in which something may be so, rather than why it is
    r"(?:수\s(?:있|없)는|당하는|(?:거절|거부|반려|취소|제한|금지|배제|제외|박탈|해지|해고|정지|보류|탈락|삭감|감액)(?:되|하|받)는)\s이유"
)
_SOMEONE = re.compile(  # words of asking that ask for nothing: 누군가, 언제든지, 얼마 안 되면
    r"누군가|누구(?:나|든지?|도|라도|에게나)|언제(?:나|든지?|라도)|어디(?:나|든지?|라도|에나|에?서(?:나|든지?))"
    r"|얼마(?:든지?|라도|\s?안\s?[되돼][가-힣]*|\s?없[가-힣]+)|(?:무엇|뭐)(?:이?든지?|라도)|무언가|뭔가(?=\s+[가-힣])"
)
_WH = re.compile("얼마|얼만|몇|언제|어디|누구|누가|왜|무엇|무슨|뭐|뭘|뭔|어떤|어떻게|어느|며칠")
_YES_NO = re.compile(
    r"(?:나요|까요?|습니까|[한은]가요?|[되하돼있없]나|[돼되하있없]요|[되하있없]죠|괜찮|상관없|가능|되냐|됨|맞[나죠]|[해어아]도|나여|까여|필요한가|인가요|는가요|대상이야|맞아|아닌가"
    r"|건가|는지|되는\s?거|예요|에요|어요|아요|지요|죠)[^가-힣]*(?:요|여)?\W*$"
)
_STATES = re.compile(
    r"(?:것\s?같(?:아요?|습니다|은데요?)|싶(?:어요?|습니다|은데요?)|[했됐]어요|받았어요|안\s?돼요)[^?？]*$"
)
_REQUEST = re.compile(  # 전화번호 알 수 있을까요 asks for the number, not whether
    r"(?:번호|연락처|문의처|팩스|메일|주소)[를을]?\s?(?:좀\s?)?(?:알|가르쳐|안내)[가-힣\s]{0,6}(?:있|되|될)"
)
_COUNTED = re.compile(r"몇\s?(?=[가-힣a-zA-Z%㎖㎏㎝])")
_ENDS_NEGATIVE = re.compile(
    r"(?:(?<![가-힣])(?:안|못)\s?[가-힣]{2,4}|(?:불가능?|금지|제외|제한|배제)[가-힣]{0,5}|[가-힣]지\s?(?:않|못)[가-힣]{1,3}|수\s?없[가-힣]{1,4})\W*$"
)
# 수입할 수 없는 것은? asks for all of them, and so does 먹으면 안 되는 음식 (다 알려 줘).
_THINGS_TOLD_OF = re.compile(rf"[가-힣](?:[은는]\W*$|[은는이가]\s?{_ENDING_WHAT})")
_THINGS_NAMED = re.compile(
    r"[가-힣]{0,8}(?:\s[가-힣]{1,8})?\s?(?:(?:다|모두|전부|좀)\s?)*(?:(?:알려|말해|가르쳐|보여|찾아)[가-힣\s]*)?\W*$"
)
_NEGATIVE = re.compile(  # of what is asked for, so in front of a noun: 안 되는 물품, 제외되는 경우
    r"(?:안|못)\s?[가-힣]{1,3}[는은]\s|[가-힣]지\s?(?:말아야|않아야)\s?[하할될되][가-힣]?\s|(?:(?:불가능|금지|제한)한?|(?:불가능|금지|제외|배제|제한)(?:된|되는|하는)?)\s?[가-힣]{2}|[가-힣]지\s?(?:않|못)[은는하]|수\s?없는\s|아닌\s"
)
_NO_OBJECT = ("JKB", "JKS")  # 에게, 에서, 이: what a verb is said of
_PASSIVE = frozenset("되 말".split())  # 안 되다, -지 말다
_OTHERWISE = {  # how else texts say that something is not so
    "면세": ("면제", "과세"),
    "면제": ("면세", "과세"),
    "무료": ("유료",),
    "허용": ("금지",),
    "승인": ("반려", "거절", "거부"),
    "취급": ("금지", "제한"),
}
_BOUNDED = re.compile(r"한도|까지|최대|상한|이내|이하|범위|기준")
LIMITS = frozenset("한도 범위 기준 최대 최고 최소 상한 이내 이하".split())  # said by 이하, 이내 and 초과 as well
_BOUND = re.compile(r"이하|이내|미만|초과|까지|한도|범위|넘|이상|한하|한정|제한|최대|안에")
_SAME = {"번": "회"}  # 몇 번 is answered by 3회, and by 네 번
_ALIKE = (  # counters of one thing: 몇 갑 is answered by 200개비, 몇 장 by 3매
    frozenset({"갑", "보루", "개비"}),
    frozenset({"장", "매"}),
    frozenset({"가지", "종", "개"}),
    frozenset({"캡슐", "정"}),
    frozenset({"봉지", "팩"}),
)
_FRACTION = re.compile(r"\d\s?분의\s?\d")
_TIMES = re.compile(r"(?:\d|[두세네])\s?배(?:액|의|로|를|에|까지|\s|$)|절반|반액")  # an amount in shares of another
_TRIFLE = re.compile(r"\s?(?:이라도|라도|도\s?(?:안|못))")  # 1$이라도 초과하면 names no limit
_DENYING = re.compile(
    r"수\s?없|불가|금지|제외|배제|제한|(?<!부과되)(?<!필요하)지\s?않|아니|못\s?[하받한]|안\s?[되돼됩된]|지\s?(?:말아|말\s?것|마십|마세)|삼가|금(?:한다|합니다|하고|해야|하여야|물)|(?<!필요)(?<!필요 )없[다습는으어이]|거부|과세(?:한다|하여야|된다|됩니다|대상|됨|함)"
)
# What must not be so of one thing says nothing of others (대상이 아니어야 한다, 변경되지 않을 것); what must not be done
# forbids (착용하지 않아야 한다, 뛰지 않을 것).
_REQUIRED = re.compile(r"아니어야|아닐\s?것|(?:지\s?)?(?:(?:않아|아니하여)야|(?:않을|아니할)\s?것)")
_STATE = re.compile(
    r"(?:[되있없크작많적넘같]|[가-힣]지나|이르|다르|(?:초과|해당|미달|경과|발생|도래|존재|포함|소속)하)(?:지\s?)?$"
)
_FORBIDDING = re.compile(
    r"(?<!무시할 )(?<!어쩔 )(?<!놓을 )(?<!뗄 )수\s?없|불가|금지|제한|못\s?[하한]|안\s?[되돼됩된]|아니\s?[되된됩]"
    r"|지\s?(?:않아야|아니하여야|않을\s?것|아니할\s?것|말아|말\s?것|마십|마세)"
    r"|삼가|금(?:한다|합니다|하고|해야|하여야|물)"
)
_BESIDES = re.compile(r"\([^()]*\)")
_BESIDE = 12  # characters
_AFFIRMING = re.compile(r"수\s?있|가능|면제|면세|허용|무방|생략|필요\s?없|부과되지\s?않")
_PREDICATE = 30  # characters at the end of a sentence that say whether it affirms

_CLOCK = r"\d{1,2}\s?시(?![간내도가])|\d{1,2}:\d{2}|자정|정오|24시간|오전|오후"
CLOCK = "시"  # the unit of a question for the time of day
_CLOCKS = re.compile(_CLOCK)
_HOUR = re.compile(r"몇\s?시(?!간)")
_DAY = r"\d{2,4}\s?[.년]\s?\d{1,2}\s?[.월]?|\d{1,2}월|매[년월주일]|[월화수목금토일]요일|공휴일|주말|평일|다음\s?날|전날|당일|즉시|분기|\d{4}년"
_PHONE = (
    r"\d{2,4}[-)]\s?\d{3,4}-\d{4}|(?<!\d)1[3-9]\d{2}-?\d{4}|국번\s?없이|☎|[\w.]+@[\w.]+|(?:전화|번호|고객)[^.]{0,12}\d{3,4}(?!\d)"
    r"|https?://|www\."
)
_PLACE = (
    r"홈페이지|사이트|누리집|앱(?![가-힣])|센터|사무소|지청|창구|세관|[시구군]청|주민센터|읍[·ㆍ]?면|법원|경찰서|은행|우체국|공항|관서|기관"
    r"|대사관|영사관|공단|위원회|[가-힣]{2,}(?:청|처|부|과|원|국|장)(?:에게|에서|으?로|에)\s|에서\s|>|[시도]\s[가-힣]+[구군시]|[로길]\s?\d+"
)
_PERSON = r"[가-힣]+(?:자|인|장|관|사|원|주|청|부|과|처|회|판|대리|대표|위원|선수|감독|기관|업체|회사|공단|세관|본인)(?:[는은이가의와과만]|에게|께서)"
_SIGNS: dict[Kind, str] = {
    "date": f"{_DAY}|{_CLOCK}",
    "contact": _PHONE,
    "place": f"{_PLACE}|{_PHONE}",
    "person": _PERSON,
    "reason": r"때문|위해|위하여|이유|까닭|원인|므로|으로\s?인[해한하]|기에\s|[아어]서|목적|하려고|막기|방지",
    "procedure": r"(?:신청|제출|접속|로그인|방문|작성|신고|선택|클릭|입력|등록|발급|문의|연락|확인|납부|제시|첨부|청구|요청|조회|예약|통지)"
    r"(?:[하해할받한을를시후서이])|>|→|먼저|이후|거쳐|절차|순서|단계|방법",
    "list": r"다음|아래|각\s?호|:\s*$|[가-힣]{2,}(?:[,·ㆍ]|\s?및|\s?또는|이나|나|와|과)\s?[가-힣]{2,}(?:[,·ㆍ]|\s?및|\s?또는)"
    r"|^\s*(?:\d{1,2}[.)]|[가-하][.)]|[-*•·○□▪※ㆍ①-⑳])",
    "condition": r"경우|때(?:에|는|만|\s)|한하|한정|이상|이하|초과|미만|이내|조건|요건|해당|아니하|여야|있어야|으면|면\s|[인한]\s?자",
    "definition": r"(?:이?란|이라\s?함은)\s|말합니다|말한다|말하며|의미|뜻|일컫|가리|정의|불리|불린",
    "yes-no": r"수\s?[있없]|가능|불가|해야|하여야|되어야|필요|아니|않|못|안\s?[되돼됩]|대상|[된한]다|됩니다|금지|제한|허용|면제|제외"
    r"|무방|상관없|의무|반드시|해당|있습니다|없습니다|있다|없다|[있없]어요|돼요",
}
_OFFERING = {kind: re.compile(signs) for kind, signs in _SIGNS.items()}
_NUMBER_CELL = re.compile(  # of a row: 수강료: 48,000
    r"(?:^|\n|,\s)(?P<name>[^:：\n]{1,30}?)[:：]\s?[-+△▲]?\s?\d[\d,.]*%?(?=$|\n|,\s)"
)
_IN_MONEY = re.compile(r"단위\s?[:：][^)\]]*원")
_DEFINED = re.compile(  # 가. 계약자: …, "차임"이란 …을 말한다
    r"\W*(?:(?:\d{1,2}|[가-하])\\?[.)]\s*)?(?P<thing>.{1,25}?)(?:\s?[:：]|[\"'”’」]?\s?(?:이?란|(?:이?라\s?함)?은|는)[\s,](?=.*(?:[을를]\s(?:말하|말한|말합|말함|뜻하|뜻한|뜻합|의미하|의미한|의미합|일컫)|정의)))",
    re.DOTALL,
)
_CALLED = re.compile(r"이하\s?[\"'“‘「]([^\"'”’」]{1,25})[\"'”’」]\s?이?라")  # …하는 행위(이하 "괴롭힘"이라 한다)
_JOINING = ("", "내", "의", "등")
_LETTERS = re.compile(r"[^가-힣a-z0-9]")
_TOPIC = re.compile(r"\W*(?:\d{1,2}[.)]\s*)?(.{1,25}?)(?:\s?[:：]|이?란(?:\s|$)|[은는]\s)")
_NAMING = frozenset({"NNG", "NNP", "SL", "XR"})
_EMPTY = frozenset(
    "것 수 때 경우 거 데 번 말 정도 전 후 중 등 뒤 내 안 위 밖 곳 분 얼마 언제 어디 무엇 누구 며칠 뭐 왜 몇".split()
)
ASKING = frozenset(  # content words that only ask: no document says them of what it states
    "얼마 며칠 몇 언제 어디 누구 무엇 뭐 뭣 뭐뭐 무엇무엇 어디어디 왜 어떤 어떠 어떻 어떡하 어쩌 무슨 어느 알리 알려주 궁금 궁금하".split()
)
_TOLD_OF = re.compile(r"(?:에서|에게|으?로|에)?[은는도](?=\s|[?？!.,]|$)")
_UNIT_ASKED = re.compile(r"몇\s?[가-힣]{1,2}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a question asks for. `kinds` are best first, never empty.

    `unit` is what is counted, as `Quantity.unit` has it ("몇 병": "병", "몇 프로": "%"), or ""; `bounded`: how far one may go is asked (한도, 까지); `negative`: it asks
    about what is not so, not allowed or left out, which is said of one of `denied` (면세가 안 되는: 면세), or of a verb of `whose` (심판이 하면 안 되는: 심판); `names` are its nouns, `focus` those of the thing that is asked
    about (발급 수수료는 얼마: 수수료), and `topic` those that it is asked of (연장전은 몇 분씩 뛰나: 연장전), in lower case; `contact` is whose number or mail is asked for.
    """

    kinds: tuple[Kind, ...]
    unit: str = ""
    bounded: bool = False
    negative: bool = False
    denied: frozenset[str] = frozenset()
    whose: frozenset[str] = frozenset()
    focus: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    topic: frozenset[str] = frozenset()
    contact: Contact | None = None

    @property
    def kind(self) -> Kind:
        """The first of the kinds."""
        return self.kinds[0]

    @property
    def excluding(self) -> bool:
        """Whether all is asked for that is not so, not allowed or left out; conditions are said of what is so as well."""
        return self.negative and self.kind == "list" and "condition" not in self.kinds

    @property
    def pointed(self) -> bool:
        """Whether a value or a definition is asked for, which a passage has or has not."""
        return self.exact or self.kind == "definition"

    @property
    def exact(self) -> bool:
        """Whether a value is asked for, which a sentence has or has not."""
        return self.kind in VALUES or bool(self.unit)


@lru_cache(1024)
def wanted(question: str) -> Wanted:
    """Read a question. One that gives no sign of what it asks for is "other"."""
    text = _SOMEONE.sub(" ", " ".join(question.split()))
    kinds = list(dict.fromkeys(kind for kind, signs in _ASKING if signs.search(text)))
    if kinds[:1] == ["reason"] and _GROUNDS.search(text) and "왜" not in text:
        kinds = list(dict.fromkeys(["condition", *kinds]))
    if _STATES.search(text):  # 누가 도용한 것 같아요 tells of a case, and asks what to do
        kinds = ["procedure"]
    if _YES_NO.search(text) and not _WH.search(text) and not _REQUEST.search(text):
        kinds.insert(0, "yes-no")
    counted = (
        [_SAME.get(one.unit, one.unit) for one in quantities(_COUNTED.sub("3", text, count=1))]
        if _COUNTED.search(text) and kinds[:1] != ["contact"]  # 몇 번으로 전화하나요 counts nothing
        else []
    )
    known = {_SAME.get(one.unit, one.unit) for one in quantities(text)}
    unit = next((unit for unit in counted if unit not in known), counted[0] if counted else "")
    if not unit and _HOUR.search(text):
        unit = CLOCK
    bounded = bool(_BOUNDED.search(text)) and (bool(unit) or kinds[:1] in (["amount"], ["number"], ["period"]))
    names, focus, topic = _names(text, LIMITS if bounded else frozenset())
    negative = _NEGATIVE.search(text) if kinds[:1] != ["yes-no"] else None
    if negative is None and kinds[:1] in (["condition"], ["list"], ["person"]):  # 어떤 경우에 안 되나요
        negative = _ENDS_NEGATIVE.search(text)
    if (
        negative is not None
        and {"definition", "list"}.issuperset(kinds)
        and (_THINGS_TOLD_OF.search(text) or _THINGS_NAMED.fullmatch(text, negative.end()))
    ):
        kinds = ["list"]
    denied, whose = _denied(text, negative) if negative else (frozenset[str](), frozenset[str]())
    return Wanted(
        kinds=tuple(kinds) or ("other",),
        unit=unit,
        bounded=bounded,
        negative=negative is not None,
        denied=denied,
        whose=whose,
        focus=focus,
        names=names,
        topic=topic,
        contact=contact_asked(text) if kinds[:1] == ["contact"] else None,
    )


def _denied(text: str, no: re.Match[str]) -> tuple[frozenset[str], frozenset[str]]:
    """The noun before the `no`, of which it is said, with what says the contrary of it; or, where the no is said of a verb
    alone, the subject of that, else all nouns before it: 임산부에게 시키면 안 되는 일, 욕장에서 하면 안 되는 것."""
    tokens = kiwi().tokenize(text)
    before = [n for n, t in enumerate(tokens) if t.end <= no.start() and t.tag in _NAMING and t.form not in _EMPTY]
    if not before:
        return frozenset(), frozenset()
    last = tokens[before[-1]]
    behind = [t for t in tokens if last.end <= t.start < no.end()]
    verbs = [n for n, t in enumerate(behind) if t.tag.partition("-")[0] == "VV" and t.form not in _PASSIVE]
    of_a_verb = bool(verbs) and (
        behind[0].tag in _NO_OBJECT or any(t.tag == "ETM" for t in behind[: verbs[0]])  # 쉴 때 하면 안 되는 것
    )
    if not of_a_verb:
        return frozenset((last.form, *_OTHERWISE.get(last.form, ()))), frozenset()
    subjects = [n for n in before if tokens[n + 1].tag == "JKS"]
    return frozenset(), frozenset(tokens[n].form.lower() for n in subjects or before)


def offers(text: str, asked: Wanted, heading: str = "") -> float:
    """How far a sentence has what is asked for, in [0, 1]: 1 for a value in the very unit, less for one of the kind.

    `heading` is what stands above it, which says in what the numbers of a table count: (단위: 원).
    """
    if asked.kind == "definition":
        return 1.0 if defines(text, asked) else _defined(text, asked.focus)
    if asked.exact and _in_cell(text, asked, heading):
        return 1.0
    found = max(_offered(text, kind, asked.unit, asked.bounded) / rank for rank, kind in enumerate(asked.kinds[:2], 1))
    return 0.5 * found if asked.bounded and asked.unit != CLOCK and not _BOUND.search(text) else found


def _in_cell(text: str, asked: Wanted, heading: str) -> bool:
    """Whether a cell has a bare number that is what is asked for: it is called so, or counts money as is said above."""
    names = [squash(cell["name"]).lower() for cell in _NUMBER_CELL.finditer(text)]
    if names and asked.kind == "amount" and asked.unit in ("", "원") and _IN_MONEY.search(heading):
        return True
    return bool(asked.focus) and any(all(word in name for word in asked.focus) for name in names)


def affirms(text: str) -> bool:
    """Whether a sentence ends by saying that something may be done, is exempt or goes without."""
    return not denies(text) and bool(_AFFIRMING.search(text[-_PREDICATE:]))


def denies(text: str) -> bool:
    """Whether a sentence says that something is not so, not allowed or left out."""
    return bool(_DENYING.search(text if len(text) < 2 * _PREDICATE else text[-_PREDICATE:]))


def withholds(text: str, about: frozenset[str]) -> bool:
    """Whether a sentence says no to one of these nouns, right beside it: 수출입금지물품 to 수입, and not what it adds in brackets."""
    text = _BESIDES.sub("", text)
    names = re.compile("|".join(map(_contracted, sorted(about))))
    return any(
        names.search(text, max(no.start() - _BESIDE, 0), no.end() + _BESIDE)
        for no in _DENYING.finditer(text)
        if not _states(text, no)
    )


def forbids(text: str) -> bool:
    """Whether a sentence says that something must not or cannot be done, whatever it is."""
    return any(not _states(text, no) for no in _FORBIDDING.finditer(text))


def _states(text: str, no: re.Match[str]) -> bool:
    """Whether a no is a condition that something has to meet (대상이 아니어야 한다) and no prohibition (타지 않아야 한다)."""
    required = _REQUIRED.match(text, no.start())
    return required is not None and (
        required.group().startswith(("아니어", "아닐")) or bool(_STATE.search(text, 0, no.start()))
    )


def _contracted(noun: str) -> str:
    """A pattern for a noun, also where it is written in one with another: 수입 and 수출 as 수출입, 출국 and 입국 as 출입국."""
    return f"{noun[0]}[가-힣]?{noun[1]}" if len(noun) == 2 else re.escape(noun)


def _offered(text: str, kind: Kind, unit: str, bounded: bool) -> float:
    named = _quantities(text)
    if unit == "%" and _FRACTION.search(text):
        return 1.0
    if unit == CLOCK:
        return float(bool(_CLOCKS.search(text)))
    if unit and kind in VALUES:
        alike = next((units for units in _ALIKE if unit in units), frozenset({unit}))
        exact = any(_SAME.get(one.unit, one.unit) in alike for one in named)
        return 1.0 if exact else 0.25 * bool(named)
    if kind == "amount":
        sized = {"money", "percent", "volume", "weight", "length", "area", "count"}
        paid = any(one.kind in ("money", "percent") for one in named) or bool(
            _FRACTION.search(text) or _TIMES.search(text)
        )
        return 1.0 if paid else (1.0 if bounded else 0.5) * any(one.kind in sized for one in named)
    if kind == "number":
        return float(bool(named))
    if kind == "period" or kind == "date":
        timed = any(one.kind == "period" for one in named)
        dated = kind == "date" and _OFFERING["date"].search(text)
        return 1.0 if timed or dated else 0.5 * bool(_OFFERING["date"].search(text))
    return 1.0 if kind == "other" else float(bool(_OFFERING[kind].search(text)))


def defines(text: str, asked: Wanted) -> bool:
    """Whether a sentence says what the thing is that is asked about: it begins with it, or calls so what it has described."""
    said = text.lower()
    head = _DEFINED.match(said)
    called = [head["thing"]] if head else []
    return bool(asked.focus) and any(_is(thing, asked) for thing in [*called, *_CALLED.findall(said)])


def _is(thing: str, asked: Wanted) -> bool:
    """Whether a thing is called as the question calls it, and not more: 민원, and not 법정민원."""
    rest = _LETTERS.sub("", thing)
    if not all(word in rest for word in asked.focus):
        return False
    for noun in sorted(asked.names | asked.focus, key=len, reverse=True):
        rest = rest.replace(noun, "", 1)
    return rest in _JOINING


def _defined(text: str, focus: frozenset[str]) -> float:
    """1 for a sentence that begins with the thing and says what it is, less for one that defines something."""
    head = _TOPIC.match(text.lower())
    length = sum(map(len, focus))
    if head and focus and len(head[1]) <= length + 2 and all(word in head[1] for word in focus):
        return 1.0
    return 0.5 * bool(_OFFERING["definition"].search(text))


@lru_cache(8192)
def _quantities(text: str) -> tuple[Quantity, ...]:
    return tuple(one for one in quantities(text) if not _TRIFLE.match(text, one.end))


def _names(text: str, without: frozenset[str]) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """The nouns but those `without`, the last before the question word, or of the question, and the last before 은, 는 or 도.

    Each of the latter two with what touches it.
    """
    asking = _WH.search(text)
    counted = [found.span() for found in _UNIT_ASKED.finditer(text)]
    nouns = [
        token
        for token in kiwi().tokenize(text)
        if token.tag in _NAMING
        and token.form not in _EMPTY
        and token.form not in without
        and not any(start <= token.start and token.end <= end for start, end in counted)
    ]
    before = [token for token in nouns if token.end <= asking.start()] if asking else nouns
    focus = _compound(before or nouns)
    ends = [token for token in nouns if _TOLD_OF.match(text, token.end)]
    topic = _compound(nouns[: nouns.index(ends[-1]) + 1]) if ends else frozenset[str]()
    return frozenset(token.form.lower() for token in nouns), focus, topic


def _compound(nouns: Sequence[Token]) -> frozenset[str]:
    """The last of the nouns with those that touch it, in lower case."""
    last = list(nouns[-1:])
    for token in reversed(nouns[:-1]):
        if token.end != last[-1].start:
            break
        last.append(token)
    return frozenset(token.form.lower() for token in last)
