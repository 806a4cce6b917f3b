"""A removed document cannot be found from that moment on, in any leg, by anyone, without a new index."""

from __future__ import annotations

import threading

import pytest
from tests.cli.conftest import MakeBot, MakeFiles, Run

from mundap.workspace import Mundap

LEGS = ("bm25", "dense", "graph", "hybrid")
PARKING = "주차장은 몇 시에 닫나요?"


def sources(bot: Mundap, question: str, leg: str) -> set[str]:
    return {hit.passage.source for hit in bot.search(question, k=100, leg=leg)}


def test_a_removed_document_is_gone_from_every_leg_at_once(mundap: Run, indexed: MakeBot) -> None:
    bot = indexed()
    everything = {leg: sources(bot, "연차 병가 출장비 주차장", leg) for leg in LEGS}
    assert all("휴가 규정" in found for found in everything.values())
    done = mundap("remove", "docs/휴가.md", "--json", workspace=bot.root)
    assert (done.code, done.row) == (0, {"removed": "docs/휴가.md"})
    for reader in (bot, Mundap.open(bot.root)):  # one that was open all the while, and a new one
        for leg in LEGS:
            assert sources(reader, "연차 병가 출장비 주차장", leg) == everything[leg] - {"휴가 규정"}
        assert reader.ask("연차는 언제 소멸하나요?").abstained
    assert bot.corpus.counts() == (2, 3)


def test_a_removed_document_takes_its_known_questions_along(indexed: MakeBot) -> None:
    bot = indexed()
    assert bot.ask(PARKING).model == "known"
    bot.remove("문답.csv")
    answer = bot.ask(PARKING)
    assert answer.model != "known"
    assert "11시" not in answer.text
    assert all("11시" not in hit.passage.text for hit in answer.hits)


def test_a_removed_document_leaves_its_places_to_the_next(indexed: MakeBot) -> None:
    bot = indexed({f"{n}.txt": f"연차 안내 {n}번 문서" for n in range(8)})
    first = bot.search("연차 안내", k=3)
    bot.remove(first[0].passage.document_id)
    assert [hit.passage.id for hit in bot.search("연차 안내", k=2)] == [hit.passage.id for hit in first[1:]]
    assert [hit.rank for hit in bot.search("연차 안내", k=10)] == list(range(1, 8))


def test_a_thread_that_searches_meanwhile_never_finds_what_was_removed(indexed: MakeBot) -> None:
    bot = indexed({f"{n}.txt": f"연차 안내 {n}번 문서" for n in range(30)})
    removed: list[str] = []
    late: list[tuple[str, str]] = []
    done = threading.Event()

    def search() -> None:
        while not done.is_set():
            gone = list(removed)
            for leg in LEGS:
                found = {hit.passage.source for hit in bot.search("연차 안내", k=30, leg=leg)}
                late.extend((leg, name) for name in gone if name in found)

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    for n in range(0, 30, 2):
        bot.remove(f"docs/{n}.txt")
        removed.append(str(n))
    done.set()
    for thread in threads:
        thread.join(60)
    assert late == []
    assert sources(bot, "연차 안내", "hybrid") == {str(n) for n in range(1, 30, 2)}


def test_what_comes_back_is_found_again_without_a_new_index(indexed: MakeBot) -> None:
    bot = indexed()
    bot.remove("출장.txt")
    assert "출장" not in sources(bot, "출장비", "dense")
    assert bot.ingest().added == 1
    for leg in LEGS:
        assert "출장" in sources(bot, "출장비", leg)


@pytest.mark.parametrize("name", ["docs/보고서_1.txt", "보고서_1.txt", "보고서_1"])
def test_only_the_document_of_that_very_name_is_removed(fresh: MakeFiles, name: str) -> None:
    bot = Mundap.open(fresh({"보고서_1.txt": "하나", "보고서-1.txt": "둘", "새 보고서_1.txt": "셋"}))
    bot.ingest()
    assert bot.remove(name) == "docs/보고서_1.txt"


def test_a_name_of_several_documents_removes_none_and_lists_them(mundap: Run, fresh: MakeFiles) -> None:
    files = {"여비.txt": "하나", "옛것/여비.txt": "둘", "옛것/docs/여비.txt": "셋"}
    bot = Mundap.open(fresh(files))
    bot.ingest()
    done = mundap("remove", "여비.txt", workspace=bot.root)
    assert (done.code, done.out) == (1, "")
    assert all(f"docs/{name}" in done.err for name in files)
    assert bot.corpus.counts() == (3, 3)
    assert bot.remove("docs/여비.txt") == "docs/여비.txt"  # a whole path names one document, whatever ends like it


def test_a_percent_sign_is_no_wildcard(mundap: Run, fresh: MakeFiles) -> None:
    bot = Mundap.open(fresh({"하나.txt": "하나", "둘.txt": "둘"}))
    bot.ingest()
    done = mundap("remove", "%", workspace=bot.root)
    assert (done.code, done.out) == (1, "")
    assert bot.corpus.counts() == (2, 2)


def test_a_passage_id_names_its_document(mundap: Run, indexed: MakeBot) -> None:
    bot = indexed()
    [hit] = bot.search("출장 보고서 사흘", k=1, leg="bm25")
    done = mundap("remove", hit.passage.id, workspace=bot.root)
    assert (done.code, done.out) == (0, "삭제했습니다: docs/출장.txt\n")
