"""What stands before questions and passages: said by mundap.toml, by the model's files, or known of its family."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mundap.encode.options import Options

_WEB = "Given a web search query, retrieve relevant passages that answer the query"
_SEARCH = "Represent this sentence for searching relevant passages: "


@dataclass(frozen=True)
class Prompts:
    """What stands before a question, and before a passage."""

    query: str = ""
    passage: str = ""

    def __bool__(self) -> bool:
        return bool(self.query or self.passage)


NONE = Prompts()

# Of a model's name in lower letters, the first that fits; each as its authors say in its model card.
FAMILIES: tuple[tuple[str, Prompts], ...] = (
    (r"\be5-.*instruct", Prompts(f"Instruct: {_WEB}\nQuery: ")),
    (r"\b(ko-?)?e5\b", Prompts("query: ", "passage: ")),
    (r"embedding-?gemma", Prompts("task: search result | query: ", "title: none | text: ")),
    (r"qwen3-embedding", Prompts(f"Instruct: {_WEB}\nQuery:")),
    (r"gte-qwen2", Prompts(f"Instruct: {_WEB}\nQuery: ")),
    (r"snowflake-arctic-embed-.*v2|arctic-embed2", Prompts("query: ")),
    (r"arctic-embed|mxbai-embed", Prompts(_SEARCH)),
    (r"\bbge-(small|base|large)-en", Prompts(_SEARCH)),
    (r"\bbge-(small|base|large)-zh", Prompts("为这个句子生成表示以用于检索相关文章：")),
    (r"nomic-embed", Prompts("search_query: ", "search_document: ")),
    (r"\bbge-m3|\bkure-|ko-sroberta|kosimcse|gte-multilingual|paraphrase-multilingual", NONE),
)


def family(name: str) -> Prompts:
    """The prompts of the family that `name`, of a model, a folder or a file, belongs to; none of an unknown one."""
    plain = re.sub(r"[\s_/\\.:]+", "-", name.lower())
    return next((prompts for pattern, prompts in FAMILIES if re.search(pattern, plain)), NONE)


def chosen(options: Options, files: Prompts, *names: str) -> Prompts:
    """Of mundap.toml, else of the model's files, else of the first of `names` whose family has any.

    Files with two empty prompts say nothing: that is what sentence-transformers writes for a model without.
    """
    known = files or next((found for name in names if (found := family(name))), NONE)
    return Prompts(
        known.query if options.query is None else options.query,
        known.passage if options.passage is None else options.passage,
    )
