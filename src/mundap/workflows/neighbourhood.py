"""The keyword graph around what somebody asks: its keywords, and the drawing of what stands beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mundap.graph.around import KEYWORD, Around, around
from mundap.korean.normalize import normalize
from mundap.workspace import Mundap

_ONWARD = 12  # neighbours from which a second step is taken


def neighbourhood(bot: Mundap, words: str, hops: int = 1) -> tuple[list[str], Around]:
    """The keywords of `words`, and what the graph has within so many steps (1 or 2) of them.

    A word that the graph knows is itself its keyword. Raises ConfigError and StaleIndex without a graph.
    """
    leg = bot.graph
    word = normalize(words).strip().lower()
    known = leg.graph.count(word) or leg.graph.synonyms(word)
    asked = [word] if known else list(leg.name_keywords([word])[0])
    documents = {one.id: one.source for one in bot.corpus.documents()}

    def texts_of(ids: Sequence[str]) -> Mapping[str, str]:
        return {id: one.text for id, one in bot.corpus.passages(ids).items()}

    drawn = around(leg.graph, asked, texts_of, documents, bot.config.language)
    if hops > 1:
        onward = [node.label for node in drawn.nodes if node.kind == KEYWORD and not node.asked][:_ONWARD]
        drawn = around(leg.graph, [*asked, *onward], texts_of, documents, bot.config.language)
    return asked, drawn
