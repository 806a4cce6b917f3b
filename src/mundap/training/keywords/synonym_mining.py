"""Mine the table of synonyms from what a workspace has: its passages, its questions, and its encoder."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from mundap.graph.build import Name
from mundap.graph.graph import Graph
from mundap.graph.mine import from_brackets, from_pairs, from_spelling, from_vectors
from mundap.graph.synonyms import BRACKETS, ORIGINS, PAIRS, SPELLING, VECTORS, Synonym
from mundap.korean.normalize import squash
from mundap.protocols import Vectors
from mundap.retrieve.translate import learn
from mundap.store.corpus import Corpus
from mundap.training.common.pairs import questions_in

Pair = tuple[str, str]  # a question, and the id of the passage that answers it


def pairs_in(corpus: Corpus, data: Path | None) -> list[Pair]:
    """The pairs of a file, by the text of their passage, or those that the corpus knows. Raises as `questions_in` does
    for a file."""
    if data is None:
        return [(known.question, known.passage_id) for known in corpus.questions()]
    ids = {squash(p.text): p.id for p in corpus.all_passages() if p.parent_id == p.id}
    asked, _ = questions_in(corpus, data)
    return [(q.question, ids[squash(gold)]) for q in asked for gold in q.gold if squash(gold) in ids]


def mine(
    graph: Graph,
    texts: Mapping[str, str],
    pairs: Sequence[Pair],
    name: Name,
    encode: Callable[[Sequence[str]], Vectors],
    miners: Sequence[str] = ORIGINS,
) -> list[Synonym]:
    """Every row that the `miners`, of ORIGINS, find; a pair may be found more than once.

    `texts` are the passages of the graph by id, `name` gives the keywords of questions, and `encode` unit vectors of
    words, which are asked for only if vectors are to be mined. Passages that `pairs` name and the graph does not hold
    are left out.
    """
    counts = dict(graph.words())
    named = {id: graph.keywords_of(id) for id in texts}
    found: dict[str, Callable[[], list[Synonym]]] = {
        BRACKETS: lambda: list(from_brackets(list(texts.values()), counts)),
        SPELLING: lambda: list(from_spelling(counts, graph.together)),
        PAIRS: lambda: _from_pairs(pairs, named, counts, name),
        VECTORS: lambda: _from_vectors(counts, encode),
    }
    return [row for miner in miners for row in found[miner]()]


def _from_pairs(
    pairs: Sequence[Pair], named: Mapping[str, Mapping[str, int]], counts: Mapping[str, int], name: Name
) -> list[Synonym]:
    known = [(question, id) for question, id in pairs if id in named]
    words = name([question for question, _ in known])
    asked: defaultdict[str, list[list[str]]] = defaultdict(list)
    examples: dict[str, str] = {}
    for (question, id), said in zip(known, words, strict=True):
        asked[id].append(said)
        for word in said:
            examples.setdefault(word, question)
    groups = [(asked[id], [w for w, count in named[id].items() for _ in range(count)]) for id in sorted(asked)]
    return list(from_pairs(learn(groups).words, counts, examples))


def _from_vectors(counts: Mapping[str, int], encode: Callable[[Sequence[str]], Vectors]) -> list[Synonym]:
    words = [word for word in counts if len(word) > 1]
    return list(from_vectors(words, encode(words))) if words else []
