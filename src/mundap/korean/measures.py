"""Which nouns name an amount (수수료, 과태료, 세율): where one is asked for, the amount of another is no answer."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NAMES = re.compile(r"[가-힣]*(?:료|비|비용|세율|율|금|액|값|가격|수당|급여|이자|월급|연봉)")
_OTHERS = frozenset(  # that end alike and name none
    "자료 재료 무료 유료 완료 의료 치료 진료 종료 연료 원료 음료 식료 현금 송금 입금 출금 예금 저금 지금 모금 순금 준비 정비 장비 설비 대비"
    " 구비 예비 소비 낭비 수비 경비 로비 금 비 유에스비 자율 규율 법률".split()
)
# Of anything: a text that states an amount need not call it so, and people call any penalty 벌금.
_ANY = frozenset("금액 총액 가액 비용 요금 벌금 세금".split())


def measures(nouns: Iterable[str]) -> frozenset[str]:
    """Those of the nouns that name an amount of their own."""
    return frozenset(noun for noun in nouns if noun not in _OTHERS | _ANY and _NAMES.fullmatch(noun))
