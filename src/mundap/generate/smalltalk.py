"""Small talk: turns that ask nothing of the documents, told by what is left of them without their pleasantries."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

from mundap.generate.persona import Persona
from mundap.korean.kiwi import kiwi
from mundap.korean.restyle import restyled
from mundap.korean.sentences import sentences
from mundap.messages import say
from mundap.types import Answer

Kind = Literal[
    "greeting", "thanks", "farewell", "identity", "abilities", "complaint", "insult", "praise", "yes", "no", "laugh"
]
KINDS: tuple[Kind, ...] = get_args(Kind)
MODEL = "smalltalk"

_LONGEST = 60  # characters of a turn that is nothing but small talk
_NAMED = 90  # characters of the examples of what can be asked
_MORPHEMES = frozenset("NNG NNP NP NNB NR SN SL SH XR VV VA VX VCN MAG MAJ MM IC XPN".split())


@dataclass(frozen=True)
class _Talk:
    """A kind of small talk: one morpheme of every set of `keys` must be there, and nothing beside them and `beside`."""

    kind: Kind
    keys: tuple[frozenset[str], ...]
    beside: frozenset[str] = frozenset()


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# What may stand beside any small talk without making it a question to the documents.
_FILLERS = _set(
    """아 어 오 와 음 흠 네 예 응 넵 넹 그래 그럼 그러면 그리고 근데 그런데 자 저 저기 참 진짜 정말 정말로 너무 매우 아주 많이 되게 참으로 완전 잘 다시 또 오늘 오늘도
    덕분 덕 그 이 그렇 이렇 저렇 아하 하 되 있 것 거 수 때 주 보 드리 말씀 좀 여러 모두 다들 항상 늘 대단히 무척 빠르 친절 친절히 답변 답 대답 설명 안내 좋 하루"""
)
_YOU = _set("너 니 네 넌 당신 자네 그쪽 챗봇 봇 로봇 AI ai 인공지능 상담사 상담원 기계 프로그램")
_ANSWERS = _set("답 답변 대답 말 소리 얘기 이야기 설명 안내 말씀 내용 결과 정보")
_ODD = _set(
    "되 보 하 있 없 않 못 모르 이상 말 알 것 거 수 번 몇 왜 뭐 무슨 이 그 저 이렇 그렇 저렇 아까 계속 자꾸 맨날 매번 또 지금 좀 안 같 나 내 너 니 네 아니 제대로 전혀 하나 도대체 대체 진짜 정말 너무 좀 다 사람 소리 거짓말 주 오 나오 다르 듣 알아듣 물어보 묻 질문 똑같 반복 아무"
)

_TALKS = (
    _Talk(
        "thanks",
        (_set("고맙 감사 땡큐 캄사 감샤 thanks thank ㄱㅅ"),),
        _set("도움 해결 알 알리 이해 수고 고생 안녕 가르치 찾 도와주 돕 궁금증 풀리 you so much"),
    ),
    _Talk("thanks", (_set("도움"), _set("되 크 많 많이")), _set("크 많")),
    _Talk(
        "farewell",
        (_set("수고 바이 바이바이 빠이 빠빠이 굿바이 굿밤 bye goodbye"),),
        _set("안녕 가 가보 다음 내일 나중 이만 good night"),
    ),
    _Talk("farewell", (_set("안녕히 안녕"), _set("가 계 계시 주무시")), _set("다음 이만")),
    _Talk(
        "farewell",
        (_set("다음 나중 내일 이따 또"), _set("보 오 뵙 만나 묻 물어보 질문 여쭈")),
        _set("만나 뵙 오 오늘 여기 까지"),
    ),
    _Talk("farewell", (_set("이만 그만"), _set("가 하 가보 끝내 물러가")), _set("대화 질문 여기")),
    _Talk(
        "greeting",
        (_set("안녕 안녕히 하이 헬로 헬로우 반갑 방가 ㅎㅇ hi hello hey"),),
        _set("만나 뵙 처음 점심 저녁 아침 문답 there 여러분 챗봇 봇 지내 잘"),
    ),
    _Talk("farewell", (_set("잘"), _set("있 가 자 지내")), _set("나중 다음")),
    _Talk("greeting", (_set("좋"), _set("아침 점심 저녁 오후 밤"))),
    _Talk("greeting", (_set("처음"), _set("뵙 만나 보 오")), _set("여기")),
    _Talk(
        "identity",
        (
            _YOU,
            _set(
                "누구 사람 이름 로봇 봇 챗봇 AI ai 인공지능 기계 정체 뭐 무엇 나이 살 진짜 만들 소개 상담사 상담원 직원"
            ),
        ),
        _set("누가 누구 어디 무슨 몇 아니 맞 혹시"),
    ),
    _Talk("identity", (_set("이름"), _set("뭐 무엇"))),
    _Talk("identity", (_set("사람"), _set("답 답하 대답 상담 맞 이")), _set("지금 맞 직접 진짜")),
    _Talk("identity", (_set("소개"), _set("자기 본인 너"))),
    _Talk("identity", (_set("자기소개 정체"),), _YOU | _set("뭐 무엇")),
    _Talk(
        "abilities",
        (_set("뭐 무엇 뭘 어떤 무슨 어디"), _set("물어보 묻 질문 여쭈 돕 도와주 물")),
        _YOU | _set("여기 가능 것 거 알 알리 까지 어떻게 무엇 뭐 되 나 내 제"),
    ),
    _Talk(
        "abilities",
        (_YOU | _set("여기"), _set("뭐 무엇 어떤 무슨"), _set("하 잘 알 가능 할")),
        _set("것 거 일 알 가능 질문 줄"),
    ),
    _Talk("abilities", (_set("뭐"), _set("하"), _set("수 줄"), _set("있 알"))),
    _Talk("abilities", (_set("사용법 이용법 기능 도움말"),), _YOU | _set("뭐 무엇 어떻게 알리 어떻 여기 help")),
    _Talk(
        "complaint",
        (
            _ANSWERS,
            _set(
                "틀리 이상 엉뚱 엉터리 잘못 잘못되 답답 짜증 별로 헛 동문서답 부정확 정확 맞 다르 헛소리 황당 어이 느리 쓸모 쓸데 도움 성의 제대로 무슨 뭔"
            ),
        ),
        _ODD | _ANSWERS | _set("답답 짜증 실망 화 어이 되 도움 성의 제대로 정확 쓸모 쓸데"),
    ),
    _Talk("complaint", (_set("같 똑같"), _set("말 소리 답 대답 답변"), _set("자꾸 왜 계속 또 맨날 반복")), _ODD),
    _Talk("complaint", (_set("도움 마음 맘"), _set("안 않 못"), _set("되 들")), _ODD | _ANSWERS),
    _Talk("complaint", (_set("그거 그것 이거 이것"), _set("말"), _set("말 다른 딴")), _ODD | _set("다른 딴")),
    _Talk("complaint", (_set("다시"), _set("답 답변 대답 설명 답하 대답하")), _set("제대로 천천히 자세히")),
    _Talk("complaint", (_set("쓸모없 쓸데없 말귀"),), _ODD | _ANSWERS | _YOU),
    _Talk(
        "complaint",
        (_set("답답 짜증 동문서답 헛소리 엉터리 엉뚱 실망 한심 어이없 어이 노답 빡치"),),
        _ODD | _ANSWERS | _set("화 나 되 어이 없"),
    ),
    _Talk(
        "complaint",
        (_set("그거 그게 그것 이거 이게 이것 그렇 그런 그"), _set("아니 틀리")),
        _ODD | _ANSWERS | _set("질문 묻 물어보 거 것 아니"),
    ),
    _Talk("complaint", (_set("틀리 이상 잘못"),), _ODD | _ANSWERS),
    _Talk("complaint", (_set("알아듣 못알아듣 이해"), _set("못 안 모르 왜")), _ODD | _ANSWERS | _YOU | _set("이해")),
    _Talk("insult", (_set("개"), _set("같")), _set("진짜 완전")),
    _Talk(
        "insult",
        (
            _set(
                "바보 멍청 멍청이 병신 븅신 꺼지 닥치 시발 씨발 ㅅㅂ ㅂㅅ 쓰레기 돌대가리 등신 미치 개새끼 새끼 또라이 허접 멍충이 깡통 stupid idiot"
            ),
        ),
        _ODD | _ANSWERS | _YOU | _set("봇아 야 개 같 진짜 이 이런 완전 수준 미치 놈 거 바보 놈아 입 you are"),
    ),
    _Talk(
        "praise",
        (_set("정확 똑똑 훌륭 대단 최고 굿 멋지 완벽 잘하 천재 기특 유능 good great nice 짱 쩔 대박 칭찬"),),
        _YOU | _ANSWERS | _set("하 잘 job 인정 역시 생각 마음 들 마음"),
    ),
    _Talk("praise", (_set("잘"), _set("하 알")), _YOU | _set("역시 와 오")),
    _Talk("no", (_set("아니 아뇨 아니요 아니오 노 ㄴㄴ 괜찮 됐 no nope"),), _set("되 괜찮 이제 더 없 필요 질문 궁금")),
    _Talk("no", (_set("없 그만"),), _set("더 이제 질문 궁금 말 할 하")),
    _Talk(
        "yes",
        (_set("아하 네 넵 넹 예 응 웅 그래 그렇 맞 오케이 오키 ok okay yes ㅇㅇ ㅇㅋ 알 이해 좋 확인"),),
        _set("알 아하 이해 확인 오케이 바로 그거 것 거"),
    ),
)
_LAUGH = re.compile(r"(?=.*[ㅋㅎㅠㅜ])[ㅋㅎㅠㅜㅡ^;~.,!?\s]+")
_SLANG = re.compile(
    r"(?P<yes>ㅇㅇ|ㅇㅋ|ㅇㅋㅇㅋ|오키|ㄱㄱ)|(?P<no>ㄴㄴ|ㄴ|됐(어요?|습니다|다|네요?))|(?P<insult>ㅅㅂ|ㅂㅅ|ㅆㅂ|ㄲㅈ|ㅈㄹ)|(?P<thanks>ㄱㅅ|ㄳ|감사|땡큐)|(?P<greeting>ㅎㅇ|하이|안뇽|hi|hello|hey)|(?P<identity>누구(세요|십니까|시죠|니|야|냐))|(?P<farewell>ㅂㅂ|ㅂㅇ|빠이|bye)"
)
_ENGLISH: dict[Kind, str] = {
    "greeting": r"(hi|hello|hey|good (morning|afternoon|evening))( there| everyone)?",
    "thanks": r"(ok(ay)?,? )?(many )?(thanks|thank you|thx|cheers)"
    r"( a lot| so much| very much| again| for (the|your) (help|answer))*",
    "farewell": r"(good)?bye( bye)?|see you( later| soon)?|good night|that'?s all",
    "identity": r"(who|what) are you|are you (a |an )?(human|person|robot|bot|ai|real)|what'?s your name",
    "abilities": r"what can (you do|i ask( you)?|you help( me)? with)|help( me)?|how (can|do) i use (you|this)",
    "complaint": r"(that'?s|this is|your answer is|the answer is|you are|you'?re) "
    r"(wrong|incorrect|not right|useless|nonsense)|wrong( answer)?|nonsense",
    "insult": r"(you('re| are)? )?(so )?(stupid|idiot|dumb|an idiot)( bot)?|shut up",
    "praise": r"(very |that'?s |you'?re |you are )?"
    r"(good|great|nice|awesome|excellent|perfect|smart|well done)( job| answer| bot)?",
    "yes": r"yes|yeah|yep|ok(ay)?|sure|i see|got it|right",
    "no": r"no|nope|nah|no,? thanks",
}
_ASKS = re.compile(r".*(?:\?|나요|[가까]요|니까|까|냐)[\s?.!~]*", re.DOTALL)
_STATED = frozenset(("thanks", "farewell", "praise", "yes", "no"))  # as a question they ask something: 맞나요?
_BEHIND = frozenset(("greeting", "thanks", "farewell", "complaint", "insult", "praise", "laugh"))
_PREFACE = re.compile(
    r"\s*(?:(?:안녕하(?:세요|십니까|셨어요)|안녕히\s?(?:계세요|가세요|계십시오|가십시오)|안녕|하이|반갑습니다|반가워요?|수고(?:하십니다|하세요|많으십니다|가 많으십니다)"
    r"|고마워요?|고맙습니다|감사합니다|감사해요|감사드립니다|hi|hello|hey|thanks|thank you)(?=[\s,.!?~…^ㅎㅋ]|$)[\s,.!?~…^ㅎㅋ]*)+",
    re.IGNORECASE,
)


@lru_cache(maxsize=1024)
def small_talk(text: str) -> Kind | None:
    """Which small talk `text` is; None if it asks anything of the documents, or is no word at all."""
    said = unicodedata.normalize("NFC", text).strip()
    if not said or len(said) > _LONGEST:
        return None
    if _LAUGH.fullmatch(said):
        return "laugh"
    plain = re.sub(r"[^\w\s']|[ㅋㅎㅠㅜ]{2,}", " ", said).strip().lower()
    plain = " ".join(plain.split())
    if not plain:
        return None
    if (slang := _SLANG.fullmatch(plain)) and slang.lastgroup:
        return _kind(slang.lastgroup)
    for kind, pattern in _ENGLISH.items():
        if re.fullmatch(pattern, plain):
            return kind
    asks = _ASKS.fullmatch(said) is not None
    words = {_plain(token.form) for token in kiwi().tokenize(plain) if token.tag.partition("-")[0] in _MORPHEMES}
    for talk in _TALKS:
        if all(words & key for key in talk.keys) and words <= _FILLERS.union(talk.beside, *talk.keys):
            return None if asks and _is_asked(talk.kind, words) else talk.kind
    return None


def _is_asked(kind: Kind, words: set[str]) -> bool:
    """Whether these words of small talk, put as a question, ask something: 틀린 건가요? but not 무슨 소리예요?"""
    return kind in _STATED or (kind == "complaint" and words.isdisjoint(_ANSWERS | {"왜"}))


def business(text: str) -> str:
    """What a turn asks without the pleasantries before and behind it; as it is if there are none, or nothing else."""
    rest = text
    if (preface := _PREFACE.match(rest)) and any(map(str.isalnum, rest[preface.end() :])):
        rest = rest[preface.end() :]
    spans = sentences(rest)
    while len(spans) > 1 and small_talk(rest[slice(*spans[0])]) is not None:
        spans = spans[1:]
    while len(spans) > 1 and small_talk(rest[slice(*spans[-1])]) in _BEHIND:
        spans = spans[:-1]
    return rest[spans[0][0] : spans[-1][1]] if spans else text


def reply(question: str, kind: Kind, language: str, persona: Persona | None, examples: Sequence[str] = ()) -> Answer:
    """The one sentence that fits: the persona's own, or that of the language at the persona's speech level.

    What can be asked is shown by as many of `examples` as fit.
    """
    own = getattr(persona.smalltalk, kind) if persona else ""
    text = own or say(f"smalltalk_{kind}", language)
    if not own and persona and persona.tone and language == "ko":
        text = restyled(text, persona.tone)
    if kind == "abilities" and not own and (shown := _fitting(examples)):
        text += " " + say("smalltalk_examples", language, examples=", ".join(f"“{one}”" for one in shown))
    return Answer(question, text, timings={"retrieve_ms": 0.0, "generate_ms": 0.0}, model=MODEL, kind=MODEL)


def _fitting(examples: Sequence[str]) -> list[str]:
    shown: list[str] = []
    for example in examples:
        if sum(map(len, shown)) + len(example) <= _NAMED:
            shown.append(example)
    return shown


def _kind(name: str) -> Kind:
    return next(kind for kind in KINDS if kind == name)


def _plain(form: str) -> str:
    if len(form) > 2 and form.endswith("하"):  # 똑똑하/VA beside 똑똑/XR 하/XSA
        return form[:-1]
    return form.removesuffix("요") if len(form) > 1 and form[:-1] in ("네", "넵", "아니", "아뇨") else form
