"""What is drawn of a graph, and what other programs get of it."""

import csv
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from mundap.graph.around import DOCUMENT, KEYWORD, PASSAGE, Around, Drawn, around
from mundap.graph.build import build
from mundap.graph.export import write_graphml, write_neo4j
from mundap.graph.graph import Graph
from mundap.graph.picture import page, write_png
from mundap.graph.relations import relate
from mundap.graph.synonyms import Synonym
from mundap.korean.keyword_rules import names
from mundap.types import Passage

TEXTS = {
    "a": "담배, 주류 등의 면세품은 입국장에서 신고한다.",
    "b": "주류는 두 병까지 </script><script>alert(1)</script> 면세다.",
    "c": "환급은 사흘 안에 된다. \x0b",
}


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    rows = [Passage(id, "문서1", text, 0, len(text), source="안내 & <규정>") for id, text in TEXTS.items()]
    build(tmp_path / "g", rows, names, relate, [Synonym("술", "주류", 0.9, "질문", "술은?")])
    return Graph(tmp_path / "g")


def drawn(graph: Graph, *words: str) -> Around:
    return around(graph, words, lambda ids: {id: TEXTS[id] for id in ids if id in TEXTS}, {"문서1": "안내.txt"})


def test_a_keyword_is_drawn_with_its_neighbours_passages_and_documents(graph: Graph) -> None:
    shown = drawn(graph, "면세품", "술")
    labels = {(node.kind, node.label): node for node in shown.nodes}
    assert labels[KEYWORD, "면세품"].asked
    assert not labels[KEYWORD, "담배"].asked
    assert (DOCUMENT, "안내.txt") in labels
    assert {(line.head, line.kind, line.tail) for line in shown.lines} >= {
        ("k:면세품", "보기", "k:담배"),
        ("k:술", "질문에서 학습", "k:주류"),
        ("p:a", "포함", "k:면세품"),
        ("d:문서1", "문서에 속함", "p:a"),
    }
    ids = {node.id for node in shown.nodes}
    assert all({line.head, line.tail} <= ids for line in shown.lines)


def test_the_page_needs_nothing_else_and_cannot_be_broken_by_what_it_shows(graph: Graph) -> None:
    html = page(drawn(graph, "주류"), "주류 <&>")
    assert "<title>주류 &lt;&amp;&gt;</title>" in html
    assert "<script>alert(1)" not in html
    assert not re.search(r"<(?:script|link|img)[^>]+(?:src|href)=", html)
    [figures] = re.findall(r"^const figure = (.*);$", html, re.MULTILINE)
    figure = json.loads(figures)
    assert {node["label"] for node in figure["nodes"].values()} >= {"주류", "안내 & <규정>"}


def test_a_picture_is_the_same_each_time(graph: Graph, tmp_path: Path) -> None:
    shown = drawn(graph, "면세품")
    for name in ("1.png", "2.png"):
        try:
            write_png(shown, tmp_path / name)
        except Exception as error:
            if "글꼴" in str(error):
                pytest.skip("needs a Korean font")
            raise
    first = (tmp_path / "1.png").read_bytes()
    assert first.startswith(b"\x89PNG")
    assert first == (tmp_path / "2.png").read_bytes()


def test_an_empty_graph_and_one_of_a_single_node_can_be_drawn() -> None:
    assert "<html" in page(Around((), ()), "없음")
    assert "혼자" in page(Around((Drawn("k:혼자", KEYWORD, "혼자"),), ()), "혼자")


def test_graphml_holds_every_node_and_edge(graph: Graph, tmp_path: Path) -> None:
    networkx = pytest.importorskip("networkx")
    edges = write_graphml(graph, tmp_path / "g.graphml")
    ET.parse(tmp_path / "g.graphml")
    read = networkx.read_graphml(tmp_path / "g.graphml", force_multigraph=True)
    assert read.number_of_edges() == edges
    assert read.nodes["k:주류"] == {"kind": "keyword", "label": "주류", "passages": 2}
    assert read.nodes["k:술"]["passages"] == 0  # a word of questions alone
    assert read.nodes["p:a"]["label"] == "안내 & <규정>"
    assert {data["kind"] for _, _, data in read.edges(data=True)} == {"mention", "part", "beside", "synonym", "보기"}


def test_neo4j_gets_every_node_and_edge(graph: Graph, tmp_path: Path) -> None:
    edges = write_neo4j(graph, tmp_path / "neo")
    with (tmp_path / "neo" / "nodes.csv").open(encoding="utf-8", newline="") as file:
        nodes = list(csv.DictReader(file))
    with (tmp_path / "neo" / "relationships.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == edges
    ids = {node["id:ID"] for node in nodes}
    assert len(ids) == len(nodes)
    assert all({line[":START_ID"], line[":END_ID"]} <= ids for line in lines)
    assert {node[":LABEL"] for node in nodes} == {"Keyword", "Passage", "Document"}


def test_lines_are_drawn_once(graph: Graph) -> None:
    shown = drawn(graph, "담배", "면세품", "주류")
    pairs = [frozenset((line.head, line.tail, line.kind)) for line in shown.lines]
    assert len(pairs) == len(set(pairs))
    assert PASSAGE in {node.kind for node in shown.nodes}
