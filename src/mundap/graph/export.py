"""The whole graph for other programs: GraphML, and the CSV files that Neo4j imports."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from mundap.files import cell
from mundap.graph.graph import Graph

_GRAPHML = """<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="kind" for="all" attr.name="kind" attr.type="string"/>
<key id="label" for="node" attr.name="label" attr.type="string"/>
<key id="passages" for="node" attr.name="passages" attr.type="int"/>
<key id="weight" for="edge" attr.name="weight" attr.type="double"/>
<key id="evidence" for="edge" attr.name="evidence" attr.type="string"/>
<graph id="mundap" edgedefault="directed">
"""
# The kinds of edges, and what stands at either end of each; relations of other names join keywords.
_ENDS = {"mention": ("p", "k"), "part": ("p", "d")}


def write_graphml(graph: Graph, path: Path) -> int:
    """Write the graph into `path`, a piece at a time; the number of edges."""
    count = 0
    with path.open("w", encoding="utf-8") as file:
        file.write(_GRAPHML)
        for id, kind, label, passages in _nodes(graph):
            file.write(
                f'<node id={quoteattr(id)}><data key="kind">{kind}</data><data key="label">{_plain(label)}</data>'
                f'<data key="passages">{passages}</data></node>\n'
            )
        for kind, head, tail, weight, evidence in _edges(graph):
            count += 1
            file.write(
                f'<edge source={quoteattr(head)} target={quoteattr(tail)}><data key="kind">{_plain(kind)}</data>'
                f'<data key="weight">{weight:g}</data><data key="evidence">{_plain(evidence)}</data></edge>\n'
            )
        file.write("</graph>\n</graphml>\n")
    return count


def write_neo4j(graph: Graph, folder: Path) -> int:
    """Write nodes.csv and relationships.csv for `neo4j-admin database import`; the number of edges."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "nodes.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id:ID", "name", "passages:int", ":LABEL"])
        writer.writerows((id, cell(label), passages, kind.capitalize()) for id, kind, label, passages in _nodes(graph))
    count = 0
    with (folder / "relationships.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([":START_ID", ":END_ID", "weight:double", "evidence", ":TYPE"])
        for kind, head, tail, weight, evidence in _edges(graph):
            writer.writerow([head, tail, weight, cell(evidence), kind.upper()])
            count += 1
    return count


def _nodes(graph: Graph) -> Iterator[tuple[str, str, str, int]]:
    """(id, kind, label, number of passages): every keyword, passage and document, and every word only questions use."""
    known = set()
    for word, passages in graph.words():
        known.add(word)
        yield f"k:{word}", "keyword", word, passages
    documents: dict[str, int] = {}
    for id, document, source in graph.all_passages():
        documents[document] = documents.get(document, 0) + 1
        yield f"p:{id}", "passage", source or id, 1
    for document, passages in documents.items():
        yield f"d:{document}", "document", document, passages
    for kind, head, tail, _, _ in graph.edges():
        for word in (head, tail) if kind == "synonym" else ():
            if word not in known:
                known.add(word)
                yield f"k:{word}", "keyword", word, 0


def _edges(graph: Graph) -> Iterator[tuple[str, str, str, float, str]]:
    for kind, head, tail, weight, evidence in graph.edges():
        first, second = _ENDS.get(kind, ("k", "k"))
        yield kind, f"{first}:{head}", f"{second}:{tail}", weight, evidence


def _plain(text: str) -> str:
    """`text` for XML, without the control characters that it cannot hold."""
    return escape("".join(c for c in text if c.isprintable() or c in "\t\n"))
