"""A question for all that is not allowed (수입하면 안 되는 물건) asked as documents say it: 수입 금지 물건.

Words that only forbid are many (할 수 없다, 안 된다, 제한), so that a search for them finds whatever forbids anything; headings
and leads of what is forbidden say 금지.
"""

from __future__ import annotations

from mundap.korean.wanted import wanted

_FORBIDDEN = "금지"


def prohibition_query(question: str) -> str:
    """The nouns of `question` as a document calls what it forbids; "" if it does not ask for that."""
    asked = wanted(question)
    if not asked.excluding or not asked.names:
        return ""
    lowered = question.lower()
    nouns = sorted(asked.names, key=lambda noun: (lowered.find(noun), noun))
    things = asked.focus - asked.denied
    said = [noun for noun in nouns if noun not in things]
    return " ".join([*said, _FORBIDDEN, *(noun for noun in nouns if noun in things)])
