"""What the nouns of a question are to it: things, acts, people, names, or only an aspect of something else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from mundap.korean.kiwi import kiwi

if TYPE_CHECKING:
    from kiwipiepy import Token

Kind = Literal["thing", "name", "place", "person", "act", "aspect", "asking", "amount"]

# A noun is an act if Kiwi's model rather takes 하다 behind it for a suffix: 신청하다 -1.3, 통관하다 -3.8, but
# 담배하다 -6.6 and 핸드폰하다, where 하다 is a verb.
_ACTS = -4.5
_NAMING = frozenset("NNG NNP SL SH XR XPN XSN SN NR NNB".split())
_NOUNS = frozenset("NNG NNP SL SH XR".split())

# Nouns that say nothing without what they are of; compounds that end in one are of their kind (보관기간, 이용요금).
_ASPECTS = frozenset(
    """서류 비용 기간 방법 장소 조건 금액 한도 절차 가격 위치 시간 기한 요금 수수료 준비물 자격 순서 단계 종류 기준 예외
    이유 결과 벌금 과태료 벌칙 처벌 제한 범위 정원 인원 나이 연령 요건 사유 양식 신청서 첨부 연락처 전화 전화번호 번호
    주소 담당자 담당 문의처 기관 일정 날짜 요일 시기 횟수 개수 수량 크기 무게 효과 장점 단점 차이 주의 주의점
    주의사항 유의사항 규정 규칙 혜택 불이익 할인 세율 이율 비율 보상 증빙 증명서 유효기간 시행일 마감 마감일 뜻 의미 예시
    사례 근거 방식 경로 책임 권한 의무 처리 결제 입장 급여 월급 수당 임금 연봉 조문 조항 돈 대금 난이도 레벨 등급 확률 점수""".split()
)
_COSTS = re.compile(r".+(?:비|료|금)")
_NO_COSTS = tuple(
    """준비 장비 설비 소비 수비 정비 대비 구비 경비 냄비 왕비 나비 현금 지금 음료 재료 자료 원료 무료 유료 치료 완료 종료 비료
    황금 소금""".split()
)
_ASPECT_ENDS = (
    "료",
    "기간",
    "기한",
    "비용",
    "방법",
    "절차",
    "서류",
    "한도",
    "금액",
    "번호",
    "요건",
    "시간",
    "자격",
    "기준",
)
_ASKING = frozenset(
    "얼마 며칠 언제 어디 무엇 누구 아무 하나 다음 대신 경우 때 것 수 말 안 전 후 뒤 중 곳 데 점 적 줄 지 질문 궁금 필요 가능 해당 마찬가지 똑같 동일 어떡".split()
)
_PEOPLE = frozenset(
    """외국인 내국인 미성년자 성년자 성인 어린이 아이 아기 청소년 학생 대학생 노인 임산부 장애인 법인 개인 회사 사업자 단체 가족 부모 부부
    배우자 남편 아내 아빠 엄마 아버지 어머니 할머니 할아버지 형제 자매 손자 손녀 유저 플레이어 자녀 친구 대리인 대리 본인 보호자 대표 대표자 직원 회원 비회원 초보 초보자 여자 남자 여성 남성 선수 교포 재외국민
    유학생 군인 승무원 사람 동료 지인 세입자 임차인 임대인 근로자 사용자 알바 계약직 신입 신규 뉴비 골키퍼 심판 주장 코치 길드원""".split()
)
# Steps that any matter has: by themselves they do not say which.
_STEPS = frozenset(
    """신청 예약 취소 변경 제출 발급 재발급 환불 환급 연장 신고 납부 지불 지급 결제 등록 가입 탈퇴 접수 문의 확인 조회 수령 배송 처리 보관
    반납 반품 교환 갱신 이용 사용 참가 참여 시작 종료 준비 계산 작성 수정 정정 삭제 해지 해제 승인 심사 검사 선택 구매 구입 판매 주문
    방문 상담 문의 안내 추천 설정 이동 양도 대여 대리 위임 증명 인정 적용 완료 계약 동의 거절 거부 중단 정지 유지 제한 제외 포함""".split()
)
_TIMES = frozenset(
    "오늘 내일 어제 작년 올해 내년 하루 이틀 주말 평일 휴일 아침 저녁 새벽 오전 오후 마지막 날 나중 아까 지금 이번 지난번".split()
)
_PLACES = re.compile(
    r".+(?:[국시도군구역항]|랜드|스탄)|일본|독일|프랑스|이탈리아|스페인|유럽|아시아|북미|남미|호주|베트남|홍콩|대만|인도|러시아|캐나다|몽골"
    r"|필리핀|싱가포르|EU|서울|부산|대구|인천|광주|대전|울산|세종|제주|수원|강남|국내|해외"
)
_COUNTING = frozenset("몇 한 두 세 네 다섯 여섯 일곱 여덟 아홉 열 스무".split())


PREDICATE = "하다"  # in the place of a particle: the noun is what is done or what something is


@dataclass(frozen=True, slots=True)
class Phrase:
    """A noun with those that it is glued to (간이통관), its place in the question, and the particle behind it or "".

    Behind a noun that makes a predicate (신청하다, 면세이다) the particle is PREDICATE.
    """

    text: str
    start: int
    end: int
    kind: Kind
    particle: str

    @property
    def topical(self) -> bool:
        """Whether it can be what a question is about: a thing, a name, or an act that is no mere step of others."""
        return self.kind in ("thing", "name", "place") or (self.kind == "act" and self.text not in _STEPS)


def phrases(tokens: Sequence[Token], text: str) -> list[Phrase]:
    """The nouns of `text`, in order; `tokens` are Kiwi's."""
    found: list[Phrase] = []
    at = 0
    while at < len(tokens):
        first = at
        while (
            at < len(tokens) and tokens[at].tag in _NAMING and (at == first or tokens[at].start == tokens[at - 1].end)
        ):
            at += 1
        if at == first:
            at += 1
            continue
        run = tokens[first:at]
        after = tokens[at] if at < len(tokens) and tokens[at].start == run[-1].end else None
        before = tokens[first - 1] if first else None
        counted = before is not None and before.form in _COUNTING and before.tag in ("MM", "NR")
        particle = _behind(after, tokens[at] if at < len(tokens) else None)
        written = text[run[0].start : run[-1].end]
        found.append(Phrase(written, run[0].start, run[-1].end, "amount" if counted else _kind(run, written), particle))
    return found


def _behind(touching: Token | None, following: Token | None) -> str:
    if touching is not None and touching.tag.startswith("J"):
        return str(touching.form)
    if touching is not None and touching.tag in ("VCP", "XSV", "XSA"):
        return PREDICATE
    return "없이" if following is not None and following.form == "없이" else ""


def _kind(run: Sequence[Token], written: str) -> Kind:
    nouns = [token for token in run if token.tag in _NOUNS]
    if not nouns or (any(token.tag in ("SN", "NR") for token in run) and nouns[-1].tag != "SL" and len(nouns) == 1):
        return "amount" if any(token.tag in ("SN", "NR") for token in run) else "asking"
    head = nouns[-1].form
    if run[-1].tag == "XSN" and run[-1].form == "적":  # 법적 근거
        return "asking"
    if written in _ASKING or written in _TIMES:
        return "asking"
    if written in _PEOPLE or head in _PEOPLE:
        return "person"
    if written in _ASPECTS or written.endswith(_ASPECT_ENDS) or (len(nouns) == 1 and head in _ASPECTS):
        return "aspect"
    if _COSTS.fullmatch(written) and not written.endswith(_NO_COSTS):
        return "aspect"
    if nouns[-1].tag in ("NNP", "SL"):
        return "place" if _PLACES.fullmatch(head) else "name"
    return "act" if acts(head) else "thing"


@lru_cache(maxsize=4096)
def acts(noun: str) -> bool:
    """Whether one does it: 신청 and 통관 are acts, 담배 is a thing."""
    tokens = kiwi().tokenize(f"{noun}하다")
    return any(token.form == "하" and token.tag == "XSV" and token.score > _ACTS for token in tokens)
