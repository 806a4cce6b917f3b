"""The graph leg: a passage is found under another name, and says why."""

from pathlib import Path

import pytest

from mundap.graph.build import build
from mundap.graph.graph import LEARNED, SAME, SYNONYM, Graph
from mundap.graph.leg import GraphLeg
from mundap.graph.relations import relate
from mundap.graph.synonyms import Synonym
from mundap.index.table import InMemory, Table
from mundap.korean.everyday import SAME as MEANS
from mundap.korean.everyday import EverydayWords, Pair
from mundap.korean.keyword_rules import names
from mundap.types import Passage

TEXTS = {
    "a": "주류는 두 병까지 면세다.",
    "b": "담배는 열 갑까지 면세다.",
    "c": "환급은 사흘 안에 된다.",
    "d": "여권은 구청에서 만든다. 여권 사진은 여섯 달 안의 것이어야 한다.",
}


@pytest.fixture
def leg(tmp_path: Path) -> GraphLeg:
    rows = [Passage(id, "문서", text, 0, len(text)) for id, text in TEXTS.items()]
    synonyms = [
        Synonym("술", "주류", 0.9, "질문", "술을 몇 병까지 살 수 있나요?"),
        Synonym("패스포트", "여권", 0.8, "괄호", ""),
    ]
    build(tmp_path, rows, names, relate, synonyms)
    return GraphLeg(Graph(tmp_path), Table(sorted(TEXTS), InMemory(rows)), names)


def test_another_name_finds_the_passage_and_shows_the_way(leg: GraphLeg) -> None:
    [hit] = leg.search("술은 얼마나 되나요?")
    assert hit.passage.id == "a"
    assert [(link.asked, link.kind, link.said) for link in hit.links] == [("술", LEARNED, "주류")]
    assert hit.links[0].shown == "술을 몇 병까지 살 수 있나요?"
    [passport, *_] = leg.search("패스포트")
    assert (passport.passage.id, passport.links[0].kind) == ("d", SYNONYM)


def test_links_add_up_to_the_score(leg: GraphLeg) -> None:
    for question in ("술 면세", "담배 면세 환급", "여권 사진"):
        for hit in leg.search(question):
            assert sum(link.score for link in hit.links) == pytest.approx(hit.score, rel=1e-5)


def test_a_word_itself_counts_more_than_another_name_for_it(leg: GraphLeg) -> None:
    own = {hit.passage.id: hit for hit in leg.search("주류")}["a"]
    other = {hit.passage.id: hit for hit in leg.search("술")}["a"]
    assert own.score > other.score
    assert own.links[0].kind == SAME


def test_a_rare_synonym_of_a_common_word_brings_no_more_than_the_word(tmp_path: Path) -> None:
    rows = [Passage(f"{n}", "d", f"세금 안내 {n}", 0, 7) for n in range(8)]
    rows.append(Passage("9", "d", "관세 안내", 0, 5))
    build(tmp_path, rows, names, relate, [Synonym("세금", "관세", 1.0)])
    leg = GraphLeg(Graph(tmp_path), Table([row.id for row in rows], InMemory(rows)), names)
    scores = {hit.passage.id: hit.score for hit in leg.search("세금", k=20)}
    assert scores["9"] <= max(scores[row.id] for row in rows[:8]) * 1.01


def test_nothing_is_found_for_words_that_lead_nowhere(leg: GraphLeg) -> None:
    assert leg.search("화성의 위성") == []
    assert leg.search("") == []


def test_an_everyday_word_that_no_document_says_leads_nowhere(leg: GraphLeg) -> None:
    wide = GraphLeg(leg.graph, leg.table, names, everyday=EverydayWords([Pair("손해 보다", "배상", MEANS)]))
    found = wide.search("담배로 손해 보면 어떻게 되나요?")
    assert [hit.passage.id for hit in found] == ["b"]
    assert [link.said for link in found[0].links] == ["담배"]


def test_an_everyday_word_leads_to_what_documents_say_for_it(leg: GraphLeg) -> None:
    everyday = EverydayWords([Pair("세금 돌려받다", "환급", MEANS), Pair("면허증", "여권", MEANS)])
    wide = GraphLeg(leg.graph, leg.table, names, everyday=everyday)
    [hit] = wide.search("세금은 언제 돌려받아요?")
    assert (hit.passage.id, hit.links[0].asked, hit.links[0].said) == ("c", "세금 돌려받다", "환급")
    assert hit.links[0].kind == SYNONYM
    assert leg.search("세금은 언제 돌려받아요?") == []
