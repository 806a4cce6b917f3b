"""The keyword graph around what somebody asks: its keywords, and the drawing of what stands beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from mundap.graph.around import KEYWORD, Around, around, uncounted
from mundap.graph.graph import LEARNED, NEAR, SYNONYM, Graph, Step
from mundap.korean.normalize import normalize
from mundap.workspace import Mundap

_SYNONYMS = (SYNONYM, LEARNED)
_ONWARD = 12  # neighbours from which a second step is taken


def neighbourhood(bot: Mundap, words: str, hops: int = 1) -> tuple[list[str], Around]:
    """The keywords of `words`, and what the graph has within so many steps (1 or 2) of them.

    A word that the graph knows is itself its keyword. What no document says that `bot` sees is left out, and what was counted
    over others. Raises ConfigError and StaleIndex without a graph.
    """
    leg = bot.graph
    word = normalize(words).strip().lower()
    known = leg.graph.count(word) or leg.graph.synonyms(word)
    if bot.corpus.seen is not None:  # nor is it told that others know the word
        known = known and bool(bot.corpus.holding(word, 1))
    asked = [word] if known else list(leg.name_keywords([word])[0])
    documents = {one.id: one.source for one in bot.corpus.documents()}

    def texts_of(ids: Sequence[str]) -> Mapping[str, str]:
        return {id: one.text for id, one in bot.corpus.passages(ids).items()}

    told = telling(leg.graph, bot)
    drawn = around(leg.graph, asked, texts_of, documents, told, bot.config.language)
    if hops > 1:
        onward = [node.label for node in drawn.nodes if node.kind == KEYWORD and not node.asked][:_ONWARD]
        drawn = around(leg.graph, [*asked, *onward], texts_of, documents, told, bot.config.language)
    return asked, drawn if bot.corpus.seen is None else uncounted(drawn)


def telling(graph: Graph, bot: Mundap) -> Callable[[Step], bool]:
    """Whether a step of the graph may be told to who sees no more than `bot` does: the documents that they see state it, or
    have the word of a synonym."""
    seen = bot.corpus.seen

    def told(step: Step) -> bool:
        if seen is None:
            return True
        if step.kind in _SYNONYMS:
            return bool(bot.corpus.holding(step.tail, 1))
        stated = sum(id in seen for id in graph.stated_in(step))
        return stated > (1 if step.kind == NEAR else 0)  # once beside each other says nothing, as for those who see all

    return told
