"""A question in other words: its nouns exchanged for what the documents say, as a translation table has it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mundap.retrieve.translate import Translations, worded

LEAST = 0.1  # probability under which a word is no synonym
MOST = 3


def reworded(
    question: str,
    translations: Translations,
    tokenize: Callable[[Sequence[str]], list[list[str]]],
    most: int = MOST,
) -> list[str]:
    """At most `most` variants, the likeliest exchange first; each has one word exchanged wherever it stands.

    A word that documents use themselves more readily than the other is left alone.
    """
    exchanges = [
        (chance, asked, said)
        for asked in dict.fromkeys(worded(tokenize([question])[0]))
        if asked in question
        for said, chance in translations.words.get(asked, {}).items()
        if chance >= LEAST and said not in question and chance > translations.words[asked].get(asked, 0.0)
    ]
    exchanges.sort(key=lambda exchange: (-exchange[0], exchange[1], exchange[2]))
    return [question.replace(asked, said) for _, asked, said in exchanges[:most]]
