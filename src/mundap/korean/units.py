"""The units that Korean counts and measures in: how each is written, and the one unit that it is told in."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple


class Unit(NamedTuple):
    """One number of this is `factor` of `name`. `counts`: small native numbers go before it (두 병)."""

    name: str
    factor: Decimal
    counts: bool = False


# A currency by its ISO 4217 code: what stands behind a number, and what stands before one.
_CURRENCIES = {
    "KRW": ("원화 원(?!칙|산지|본|자재|료|장) KRW", "KRW ₩ 한화 원화"),
    "USD": (
        "미국 ?달러 미 ?달러 US ?달러 달러화 달러 불화 불(?!이행|법|가|공|복|합|수|소) US\\$ USD \\$",
        "US\\$ USD \\$ 미화 미국 ?달러",
    ),
    "EUR": ("유로화 유로(?!존|파) EUR €", "EUR € 유로화"),
    "JPY": ("엔화 엔(?!진|터|드) JPY", "JPY ¥ 엔화"),
    "CNY": ("위안화 위안(?!부) 元 CNY RMB", "CNY RMB 元 위안화"),
    "GBP": ("파운드화 파운드 GBP £", "GBP £"),
    "HKD": ("홍콩 ?달러 HKD", "HKD HK\\$"),
    "CAD": ("캐나다 ?달러 CAD", "CAD C\\$"),
    "AUD": ("호주 ?달러 AUD", "AUD A\\$"),
    "SGD": ("싱가포르 ?달러 SGD", "SGD S\\$"),
    "TWD": ("대만 ?달러 TWD", "TWD NT\\$"),
    "CHF": ("스위스 ?프랑 CHF", "CHF"),
    "THB": ("바트 THB", "THB"),
    "RUB": ("루블 RUB", "RUB"),
    "IDR": ("루피아 IDR", "IDR"),
    "INR": ("루피(?!아) INR", "INR"),
    "VND": ("베트남 ?동 VND", "VND"),
    "PHP": ("필리핀 ?페소 PHP", "PHP"),
}

# Everything else, "name factor: forms". A form is a regular expression, ended by what would make it another word.
_MEASURES = r"""
L 1: 리터 [lL]
L 0.1: 데시리터 d[lL]
L 0.01: 센티리터 c[lL]
L 0.001: 밀리리터 밀리(?!그램|미터) 미리(?!보|터|그램|미터|\s?[예신준등알확연문말]) [mM][lL] [cC][cC] 시시
L 1000: 킬로리터 세제곱 ?미터 입방 ?미터 m3 k[lL]
kg 1: 킬로그램 킬로그람 킬로(?!미터|리터|와트|바이트|칼로리|볼트|수) 키로(?!미터|리터|그|수) [kK][gG]
kg 0.001: 그램 그람 g
kg 0.000001: 밀리그램 mg
kg 1000: 톤 t ton
m 1: 미터(?!법) m(?![A-Za-z0-9]|/s)
m 0.01: 센티미터 센티(?!리터) 센치(?!리터|멘) cm
m 0.001: 밀리미터 mm
m 1000: 킬로미터 km(?![A-Za-z0-9]|/h)
inch 1: 인치
m2 1: 제곱 ?미터 평방 ?미터 m2
m2 10000: 헥타르 ha
평 1: 평(?!균|가|일|소|생|면|점|행|론|택)
℃ 1: °C
oz 1: 온스 oz
lb 1: lb lbs
KB 1: KB 킬로바이트
MB 1: MB 메가바이트
GB 1: GB 기가바이트
%p 1: %p %포인트 퍼센트포인트 퍼센트 포인트
% 1: % 퍼센트 퍼(?!센트) 프로(?!그|젝|필|듀|모|세|토|페|포|야|축|농|게|선|맥)
초 1: 초(?!과|기|등|안|본|순)
초 60: 분(?!의|기|류|야|할|담|실|쟁|배|석|양|리|말|유|자|만)
초 3600: 시간
일 1: 일(?!자|반|부(?!터)|시|요|괄|련|차|본|률)
일 1: 날(?!짜|씨|개|로|것|카|마다)
영업일 1: 영업일 근무일
일 7: 주일 주간 주(?!택|식|차|년|요|문|민|소|체|류|유|거|권|장|한|얼)
개월 1: 개월 달(?!러|성|라)
개월 12: 개년 년(?!도|생|대|식|월|차)
세 1: 세(?!금|관|율|대|트|액|무|번|목|부|정|척) 살(?!균|충)
"""

# Counters; behind the first, which names them all, stand the others that say the same.
_COUNTERS = r"""
병(?!원|역|행|적|합|환|가|목)
갑(?!자기|근|판)
보루
개비 개피 까치
개(?!월|국|사(?!용)|소|년|비|피|인(?!가|데|지)|정|설|발|별|통|봉|최|요|편|선|시|체|입|념|의치)
개국
명(?!령|세|칭|시|확|목|백|절|단|함) 사람 인(?!치|승|증|하|허|터|도|접|천|증)
건(?!강|물|설|축|조|전|의서)
회(?!원|사|의[실록장]|계|신|비|차|수|피|복|전)
번(?!째|호|역|지|창|식)
대(?! ?\d|상|금|체|표|한|리|행|기업|도시|분류|형|중|학|륙|응|로|부분|주주)
권(?!리|한|역|고|자|장|유)
장(?!소|비|기|치|관|애|려|부|르|점|단|인|착|물|터|거)
매(?!매|수|입|출|년|달|월|일|도|각|우|장|번|뉴)
켤레
벌(?!금|점|칙|크|써)
곳 군데 개소
가지(?!고|는|면|며)
종(?!류|이|합|교|료|목|업|전|사|결|속)
마리
박스 상자
봉지 봉(?!투|사|인|제|지|합)
통(?!관|신|상|합|지|보|계|화|행|과|역|일|제|장|과|로|증)
포대
팩(?!스|트)
캔(?!디|버)
세트
잔(?!액|여|존|금|고|류|디)
자루
캡슐
정(?!도|식|보|산|의|상|밀|부|지|확|기|관|책|해|확|당|리|비|품|액|규|본|원|차|년)
쌍(?!방|벌|둥)
점(?!심|검|포|유|수|도|을|주|차|자|등|용|령|착)
자리
배(?!송|우|당|달|정|제|포|출|터|부|관|기|열|상|분|경|차|합|치|급|타|너)
척(?!추|도|결)
그루
송이(?!버섯)
팀(?!장|원|워크|별|명|전|플|킴)
"""

_ALSO_COUNTED = frozenset(("리터", "달러", "킬로", "시간", "주일", "날", "달", "살", "주", "톤", "달(?!러|성|라)"))

# Before these a number may be one syllable (삼 개월, 오 퍼센트), and before those a lone 백 or 만 may touch (만명).
SINO_ALONE = frozenset("개월 개년 년 주일 주간 퍼센트 달러 리터 킬로그램 그램 킬로미터".split())
SINO_TOUCHING = SINO_ALONE | {"명", "시간"}
# A native numeral may touch these (두병, 한달): 한번, 세대 and 한정 are words of their own.
NATIVE_TOUCHING = frozenset("병 갑 개 명 달 곳 잔 캔".split())


def _money(side: int) -> dict[str, Unit]:
    return {
        form: Unit(code, Decimal(1), form in _ALSO_COUNTED)
        for code, sides in _CURRENCIES.items()
        for form in _forms(sides[side])
    }


def _forms(line: str) -> list[str]:
    """The forms of a line; " ?" within one is no end of it."""
    return [form.replace("\0", " ?") for form in line.replace(" ?", "\0").split()]


def _measures() -> dict[str, Unit]:
    found: dict[str, Unit] = {}
    for line in _MEASURES.strip().splitlines():
        head, forms = line.split(": ", 1)
        name, factor = head.split()
        for form in _forms(forms):
            found[form] = Unit(name, Decimal(factor), form.split("(?!")[0] in _ALSO_COUNTED)
    return found


def _counters() -> dict[str, Unit]:
    found: dict[str, Unit] = {}
    for line in _COUNTERS.strip().splitlines():
        forms = _forms(line)
        name = forms[0].split("(?!")[0]
        found |= {form: Unit(name, Decimal(1), counts=True) for form in forms}
    return found


BEFORE = _money(1)
BEHIND = {**_money(0), **_measures(), **_counters()}
CURRENCIES = frozenset(_CURRENCIES)
KINDS = {
    "L": "volume",
    "kg": "weight",
    "oz": "weight",
    "lb": "weight",
    "m": "length",
    "inch": "length",
    "m2": "area",
    "평": "area",
    "℃": "temperature",
    "KB": "size",
    "MB": "size",
    "GB": "size",
    "%": "percent",
    "%p": "percent",
    "초": "period",
    "일": "period",
    "영업일": "period",
    "개월": "period",
    "세": "age",
}
