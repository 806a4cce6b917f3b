"""The words of a question that tell what it is about, without those that only ask, point or help a verb.

No document says 이래도 되나요, 올려 달라고 or 저를 of what it states, so that such words, rare as they are, would seem to be what
the documents lack.
"""

from __future__ import annotations

from functools import lru_cache

from mundap.korean.kiwi import kiwi
from mundap.korean.tokens import CONTENT
from mundap.korean.wanted import ASKING
from mundap.korean.writing import uniform

_HELPING = ("VX", "NP")  # auxiliaries (해 주다, 내 버리다) and pronouns (저, 이거, 자기)
# Nouns that stand for nothing by themselves, and verbs that only take a stance or point.
_BOUND = frozenset("거 것 걸 지 데 줄 수 뿐 채 척 바 대로 때문 번".split())
_STANCE = frozenset("괜찮 이렇 그렇 저렇 이러 그러 저러 어쩌 상관없 궁금 싫".split())
_ALLOWS = ("되", "돼")  # 써도 되나요, 안 되나요


@lru_cache(1024)
def telling(question: str) -> frozenset[str]:
    """The content words of a question, as `tokens.content` has them, that a document could say of what is asked about."""
    said = set()
    for token in kiwi().tokenize(uniform(question)):
        tag, form = token.tag.partition("-")[0], token.form.lower()
        if tag not in CONTENT or tag in _HELPING or (tag == "NNB" and form in _BOUND):
            continue
        if tag.startswith("V") and (form in _STANCE or form in _ALLOWS):
            continue
        said.add(form)
    return frozenset(said - ASKING)
