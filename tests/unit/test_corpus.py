"""The corpus: a document and all that hangs on it come and go together."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mundap.errors import MundapError, UnknownFilter
from mundap.files import digest
from mundap.ingest.chunk import Sentences
from mundap.ingest.split import chunks, parents
from mundap.store.corpus import Corpus, StoredQuestion, nearest
from mundap.types import Document, KnownQuestion, Section


@pytest.fixture
def corpus(tmp_path: Path) -> Iterator[Corpus]:
    corpus = Corpus(tmp_path / "안" / "corpus.sqlite")
    yield corpus
    corpus.close()


def put(corpus: Corpus, file: str, *texts: str, title: str = "제목", fingerprint: str = "f", **about: Any) -> Document:
    """A document with a section, and a known question, for each text; chunks of 20 characters."""
    whole = "\n\n".join(texts)
    starts = [whole.index(text) for text in texts]
    document = Document(
        id=digest(file, whole),
        text=whole,
        source=file,
        title=title,
        sections=tuple(Section(s, s + len(t), **about) for s, t in zip(starts, texts, strict=True)),
        questions=tuple(
            KnownQuestion(f"{t[:2]}?", t, s, n) for n, (s, t) in enumerate(zip(starts, texts, strict=True), 2)
        ),
    )
    parent_passages = parents(document)
    corpus.put(document, parent_passages, [c for w in parent_passages for c in chunks(w, Sentences(20))], fingerprint)
    return document


LONG = "관세청은 관세를 걷는다. 세관은 물품을 살핀다. 여행자는 신고서를 낸다."


def rows(corpus: Corpus, table: str) -> int:
    return int(corpus._db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_what_goes_in_comes_out(corpus: Corpus) -> None:
    document = put(corpus, "docs/규정.txt", LONG, "짧은 글", title="규정", fingerprint="f1")
    parent_passages = parents(document)
    expected = {p.id: p for p in [*parent_passages, *chunks(parent_passages[0], Sentences(20))]}
    assert len(expected) == 2 + 3
    assert {p.id: p for p in corpus.all_passages()} == expected
    assert corpus.ids() == sorted(expected)
    assert corpus.counts() == (1, 2)
    assert corpus.text(document.id) == document.text
    assert corpus.text("없는 id") is None
    assert corpus.fingerprint("docs/규정.txt") == "f1"
    assert corpus.fingerprint("docs/없음.txt") is None
    (listed,) = corpus.documents()
    assert (listed.source, listed.title, listed.fingerprint, listed.passages) == ("docs/규정.txt", "규정", "f1", 2)
    assert set(corpus.questions()) == {
        StoredQuestion("관세?", LONG, parent_passages[0].id, "docs/규정.txt"),
        StoredQuestion("짧은?", "짧은 글", parent_passages[1].id, "docs/규정.txt"),
    }


def test_the_same_source_is_replaced_with_all_that_hangs_on_it(corpus: Corpus) -> None:
    put(corpus, "a.txt", LONG, "옛 글")
    put(corpus, "b.txt", "다른 글")
    put(corpus, "a.txt", "새 글")
    assert sorted(p.text for p in corpus.all_passages()) == ["다른 글", "새 글"]
    assert corpus.counts() == (2, 2)
    assert [q.question for q in corpus.questions() if q.answer != "다른 글"] == ["새 ?"]
    assert (rows(corpus, "passages"), rows(corpus, "questions")) == (2, 2)


@pytest.mark.parametrize("named", ["docs/a.txt", "a.txt", "가 규정", "id", "passage id", "chunk id"])
def test_a_document_is_named_by_source_file_title_or_id(corpus: Corpus, named: str) -> None:
    document = put(corpus, "docs/a.txt", LONG, "글", title="가 규정")
    put(corpus, "docs/b.txt", "남는 글", title="나 규정")
    whole = parents(document)[0]
    ids = {"id": document.id, "passage id": whole.id, "chunk id": chunks(whole, Sentences(20))[1].id}
    assert corpus.named(ids.get(named, named)) == ["docs/a.txt"]


def test_a_document_is_removed_with_all_that_hangs_on_it(corpus: Corpus) -> None:
    put(corpus, "docs/a.txt", LONG, "글")
    put(corpus, "docs/b.txt", "남는 글")
    corpus.remove("docs/a.txt")
    assert [p.text for p in corpus.all_passages()] == ["남는 글"]
    assert [q.answer for q in corpus.questions()] == ["남는 글"]
    assert (rows(corpus, "documents"), rows(corpus, "passages"), rows(corpus, "questions")) == (1, 1, 1)


@pytest.mark.parametrize("named", ["없음", "", "%", "_.txt", "a%", ".txt", "A_B.TXT", "a?b.txt", "' OR 1=1 --"])
def test_part_of_a_name_or_a_pattern_names_nothing(corpus: Corpus, named: str) -> None:
    put(corpus, "docs/a_b.txt", "글")
    assert corpus.named(named) == []


def test_one_name_may_name_several_documents(corpus: Corpus) -> None:
    for file in ("나/규정.txt", "가/규정.txt", "가/새규정.txt"):
        put(corpus, file, "글")
    assert corpus.named("규정.txt") == ["가/규정.txt", "나/규정.txt"]
    assert corpus.named("제목") == ["가/규정.txt", "가/새규정.txt", "나/규정.txt"]


def test_an_underscore_in_a_name_is_an_underscore(corpus: Corpus) -> None:
    put(corpus, "docs/a_b.txt", "글")
    put(corpus, "docs/axb.txt", "남는 글")
    assert corpus.named("a_b.txt") == ["docs/a_b.txt"]


def test_the_state_changes_with_every_change_and_only_then(corpus: Corpus, tmp_path: Path) -> None:
    states = [corpus.state()]
    put(corpus, "a.txt", "글")
    states.append(corpus.state())
    put(corpus, "a.txt", "다른 글")
    states.append(corpus.state())
    corpus.remove("a.txt")
    states.append(corpus.state())
    assert len(set(states)) == 1 + 3
    corpus.remove("없음")
    corpus.documents()
    corpus.ids_where([("source", ["x"])])
    again = Corpus(tmp_path / "안" / "corpus.sqlite")
    assert corpus.state() == again.state() == states[-1]
    again.close()


def test_a_change_that_fails_leaves_everything_as_it_was(corpus: Corpus) -> None:
    document = put(corpus, "a.txt", "글")
    before = (corpus.state(), corpus.all_passages())
    lost = replace(document, questions=(KnownQuestion("?", "", 99),))
    with pytest.raises(KeyError):  # its question stands at a place where no passage begins
        corpus.put(lost, parents(lost), [], "f2")
    assert (corpus.state(), corpus.all_passages()) == before


def test_ids_where_every_field_has_one_of_its_values(corpus: Corpus) -> None:
    put(corpus, "a.csv", "가 글", title="가", source="관세법", meta={"부서": "통관", "row": 2})
    put(corpus, "b.csv", "나 글", title="나", source="민법", meta={"부서": "통관", "row": 3})
    put(corpus, "c.csv", "다 글", title="다")
    texts = {p.id: p.text[0] for p in corpus.all_passages()}
    document = next(p.document_id for p in corpus.all_passages() if p.text == "나 글")

    def where(**fields: list[str]) -> set[str]:
        return {texts[id] for id in corpus.ids_where(fields.items())}

    assert where() == {"가", "나", "다"}
    assert where(source=["관세법", "다"]) == {"가", "다"}
    assert where(title=["나"]) == {"나"}
    assert where(document_id=[document]) == {"나"}
    assert where(부서=["통관"]) == {"가", "나"}
    assert where(row=["3"]) == {"나"}
    assert where(부서=["통관"], source=["민법"]) == {"나"}
    assert where(부서=["통관"], title=["다"]) == set()
    assert where(source=[]) == where(부서=[]) == where(없는열=["x"]) == set()
    assert where(source=["%", "' OR 1=1 --"]) == set()
    assert where(**{'a"b': ["통관"]}) == where(**{"'; --": ["통관"]}) == set()


def dated(corpus: Corpus, *dates: str) -> None:
    for date in dates:
        put(corpus, f"{date}.txt", f"{date}의 글", meta={"date": date} if date != "없음" else {})


PERIODS = [
    (None, None, "없음 2022 2023 2023-10 2023-10-15 2024-02"),
    ("2023", None, "2023 2023-10 2023-10-15 2024-02"),
    ("2023-10", None, "2023 2023-10 2023-10-15 2024-02"),
    ("2023-10-15", None, "2023 2023-10 2023-10-15 2024-02"),
    ("2023-10-16", None, "2023 2023-10 2024-02"),
    ("2023-11-01", None, "2023 2024-02"),
    ("2024-02-29", None, "2024-02"),
    ("2024-03", None, ""),
    (None, "2022", "2022"),
    (None, "2023-01-01", "2022 2023"),
    (None, "2023-09", "2022 2023"),
    (None, "2023-10-01", "2022 2023 2023-10"),
    (None, "2023-10", "2022 2023 2023-10 2023-10-15"),
    ("2023-10-15", "2023-10-15", "2023 2023-10 2023-10-15"),
    ("2023", "2023", "2023 2023-10 2023-10-15"),
    ("2024", "2023", ""),
]


def test_a_period_allows_what_has_a_day_in_it(corpus: Corpus) -> None:
    dated(corpus, "없음", "2022", "2023", "2023-10", "2023-10-15", "2024-02")
    texts = {p.id: p.text.removesuffix("의 글") for p in corpus.all_passages()}
    for since, until, expected in PERIODS:
        assert {texts[id] for id in corpus.ids_where([], since=since, until=until)} == set(expected.split())


def test_a_year_that_is_a_number_is_that_year(corpus: Corpus) -> None:
    put(corpus, "a.json", "글", meta={"date": 2023})
    assert len(corpus.ids_where([], since="2023-05", until="2023-06")) == 1
    assert corpus.ids_where([], until="2022") == corpus.ids_where([], since="2024") == set()


def test_a_period_and_fields_at_once(corpus: Corpus) -> None:
    dated(corpus, "2022", "2023")
    assert len(corpus.ids_where([("title", ["제목"])], since="2023")) == 1
    assert corpus.ids_where([("title", ["다른 제목"])], since="2023") == set()


@pytest.mark.parametrize(
    "bound", ["작년", "", "2023-2", "2023-02-30", "20230101", "2023-W01-1", "2023-01-01' OR 1=1 --"]
)
def test_a_bound_that_is_no_date_is_told(corpus: Corpus, bound: str) -> None:
    with pytest.raises(MundapError, match="날짜가 아닙니다"):
        corpus.ids_where([], since=bound)
    with pytest.raises(MundapError, match="날짜가 아닙니다"):
        corpus.ids_where([], until=bound)


def test_files_by_their_suffix(corpus: Corpus) -> None:
    put(corpus, "docs.v2/규정.PDF", "가 글")
    put(corpus, "a.b.xlsx", "나 글")
    texts = {p.id: p.text[0] for p in corpus.all_passages()}
    assert {texts[id] for id in corpus.ids_where([("suffix", ["pdf", "hwp"])])} == {"가"}
    assert corpus.ids_where([("suffix", [])]) == corpus.ids_where([("suffix", ["docs"])]) == set()


def test_the_values_that_a_filter_may_name(corpus: Corpus) -> None:
    put(corpus, "b.csv", "가 글", "나 글", title="상담", source="관세법", meta={"kind": "faq", "row": 2})
    put(corpus, "a.txt", "다 글", title="규정")
    assert corpus.values("source") == ["관세법", "규정"]
    assert corpus.values("title") == ["규정", "상담"]
    assert corpus.values("suffix") == ["csv", "txt"]
    assert corpus.values("kind") == ["faq"]
    assert corpus.values("row") == ["2"]
    assert corpus.values("없음") == corpus.values("' OR 1=1") == []


def test_chunks_are_allowed_with_their_parent(corpus: Corpus) -> None:
    put(corpus, "a.txt", LONG, title="가")
    assert corpus.ids_where([("title", ["가"])]) == set(corpus.ids())


def test_two_processes_see_the_same(corpus: Corpus, tmp_path: Path) -> None:
    other = Corpus(tmp_path / "안" / "corpus.sqlite")
    put(corpus, "a.txt", "글")
    assert [p.text for p in other.all_passages()] == ["글"]
    other.remove("a.txt")
    assert corpus.counts() == (0, 0)
    other.close()


def test_what_could_not_be_read_is_remembered_until_it_is_read_or_removed(corpus: Corpus) -> None:
    before = corpus.state()
    corpus.refuse("a.pdf", "f1", "암호가 걸렸습니다.")
    corpus.refuse("a.pdf", "f2", "망가졌습니다.")
    corpus.refuse("b.pdf", "f1", "망가졌습니다.")
    assert corpus.refusal("a.pdf") == ("f2", "망가졌습니다.")
    assert corpus.refusal("c.pdf") is None
    assert corpus.state() == before  # no index is out of date by it
    put(corpus, "a.pdf", "글")
    corpus.remove("b.pdf")
    assert corpus.refusal("a.pdf") is corpus.refusal("b.pdf") is None


def test_many_changes_are_there_at_once_and_wait_for_the_disk_at_the_end(corpus: Corpus, tmp_path: Path) -> None:
    def durable() -> bool:
        return bool(corpus._db.execute("PRAGMA synchronous").fetchone()[0] == 2)

    other = Corpus(tmp_path / "안" / "corpus.sqlite")
    with suppress(KeyError), corpus.many_changes():
        put(corpus, "a.txt", "하나")
        assert not durable()
        assert other.counts() == (1, 1)
        raise KeyError
    assert durable()
    assert other.counts() == (1, 1)
    other.close()


def test_a_filter_that_can_match_nothing_names_what_there_is(corpus: Corpus) -> None:
    put(corpus, "가.csv", "첫째 글", title="안내", source="시설 안내", meta={"부서": "통관"})
    assert set(corpus.fields()) == {"source", "document_id", "title", "suffix", "부서"}
    for name, near in (("source", "시설 안내"), ("title", "안내"), ("부서", "통관"), ("suffix", "csv")):
        corpus.check_filter([(name, [near, "없는 값"])])
        with pytest.raises(UnknownFilter, match=f"'없는 값'.*'{near}'"):
            corpus.check_filter([(name, ["없는 값"])])
    corpus.check_filter([("source", [])])
    for name in ("없는 열", '"이상한" 열', "spoken"):
        with pytest.raises(UnknownFilter, match=r"없는 열.*source.*부서"):
            corpus.check_filter([(name, ["x"])])


def test_values_that_hold_what_was_asked_for_come_first() -> None:
    assert nearest("세관", ["서울 세관", "국세청", "세과", "부산 세관 안내"], 2) == ["서울 세관", "부산 세관 안내"]


def test_the_digest_of_a_document_is_of_its_text(corpus: Corpus) -> None:
    document = put(corpus, "가.csv", "첫째 글", "둘째 글")
    assert corpus.text_digest(document.id) == digest("첫째 글\n\n둘째 글", size=16)
    assert corpus.text_digest("없음") is None


def test_passages_that_hold_some_words(corpus: Corpus) -> None:
    put(corpus, "가.csv", "첫째 글과 말", "둘째 말")
    assert len(corpus.holding("말", 5)) == 2
    assert len(corpus.holding("말", 1)) == 1
    assert corpus.holding("글과 말을", 5) == []


def test_what_came_and_went_since_a_mark_is_known(corpus: Corpus) -> None:
    put(corpus, "a.txt", LONG)
    put(corpus, "b.txt", "글")
    first = corpus.mark()
    assert (first, corpus.changed(first)) == (corpus.state(), [])
    [gone] = [p.id for p in corpus.all_passages() if p.text == "글"]
    corpus.remove("b.txt")
    second = corpus.mark()
    put(corpus, "c.txt", "새 글", LONG)
    new = {p.id for p in corpus.all_passages() if p.document_id == corpus.documents()[-1].id}
    assert set(corpus.changed(first) or ()) == {gone, *new}
    assert set(corpus.changed(second) or ()) == new
    assert corpus.changed("nobody marked this") is None
    corpus.forget_changes([second])
    assert corpus.changed(first) is None
    assert set(corpus.changed(second) or ()) == new
    corpus.forget_changes([])
    assert corpus.changed(second) is None


def test_a_replaced_document_came_and_went_with_all_its_passages(corpus: Corpus) -> None:
    put(corpus, "a.txt", LONG, "옛 글")
    before, mark = set(corpus.ids()), corpus.mark()
    put(corpus, "a.txt", LONG, "새 글")
    assert set(corpus.changed(mark) or ()) == before | set(corpus.ids())


def test_families_are_rows_with_their_chunks(corpus: Corpus) -> None:
    put(corpus, "a.txt", LONG, "짧은 글")
    put(corpus, "b.txt", LONG + " 또")
    listed = [passage for some in corpus.families() for passage in some]
    assert sorted(p.id for p in listed) == corpus.ids()
    long = next(p.id for p in listed if p.text == LONG)
    [family] = corpus.families([long, "없는 id", next(p.id for p in listed if p.parent_id != p.id)])
    assert {p.id for p in family} == {p.id for p in listed if p.parent_id == long}
    assert corpus.present([*corpus.ids(), "없는 id"]) == {p.id: p.parent_id for p in listed}


def test_a_filter_is_found_again_until_the_corpus_changes(corpus: Corpus) -> None:
    put(corpus, "a.txt", "글")
    found = corpus.ids_where([("suffix", ["txt"])])
    assert corpus.ids_where([("suffix", ["txt"])]) is found
    put(corpus, "a.txt", "다른 글")
    assert corpus.ids_where([("suffix", ["txt"])]) not in (found, frozenset())


def test_headings_are_named_by_their_lowest_level_and_spread_over_the_corpus(corpus: Corpus) -> None:
    for n in range(6):
        put(corpus, f"{n}.md", f"{n}번 조문의 본문입니다.", heading=f"휴가 규정 > 제{n}조")
    put(corpus, "긴.md", "긴 제목의 본문입니다.", heading="가" * 31)
    put(corpus, "같은.md", "다른 규정의 본문입니다.", heading="출장 규정 > 제0조")
    put(corpus, "없는.md", "제목 없는 본문입니다.")
    assert corpus.sample_headings(3) == ["제0조", "제2조", "제4조"]
    assert corpus.sample_headings(9) == [f"제{n}조" for n in range(6)]
