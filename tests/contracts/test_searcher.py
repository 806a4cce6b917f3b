"""Every Searcher: the same promises about order, filters and odd questions."""

import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from tests.small_models.encoders import Weighing, graph

from mundap.encode.hashed import HashedEncoder
from mundap.errors import StaleIndex, UnknownName
from mundap.files import digest
from mundap.index.bm25 import BM25
from mundap.index.dense import Dense
from mundap.index.sparse import Sparse
from mundap.protocols import Searcher
from mundap.retrieve.hybrid import Hybrid
from mundap.types import Hit, Passage
from mundap.workspace import Mundap

# Texts by the name of their source. Each of the first ten holds its noun only with a particle behind it.
PARTICLES = {
    "관세청": "관세청은 수출입 화물을 살핀다.",
    "여권": "출국할 때 여권을 반드시 챙긴다.",
    "운송장": "택배 기사가 운송장에 주소를 적었다.",
    "검역소": "강아지는 검역소에서 사흘을 머문다.",
    "환급금": "서류가 맞으면 환급금이 나온다.",
    "면세점": "공항 면세점으로 손님이 몰린다.",
    "보험료": "자동차 보험료까지 회사가 낸다.",
    "연차": "해가 바뀌면 연차도 사라진다.",
    "영수증": "가게 주인이 영수증과 거스름돈을 주었다.",
    "등록증": "외국인은 등록증만 보여 주면 된다.",
}
TWIN = "분실물은 안내소에서 열흘 동안 보관한다."
TEXTS = {
    **{f"s{n:02}": text for n, text in enumerate(PARTICLES.values())},
    "twin1": TWIN,
    "twin2": TWIN,
    "twin3": TWIN,
    "smile": "주문한 뒤 이레 안에 반품할 수 있습니다 😀👍🏽",
    "long": " ".join(["위약금은 계약한 날부터 계산한다."] * 30),
}
NAMES = dict(zip(PARTICLES, TEXTS, strict=False))

Search = Callable[..., list[Hit]]
Build = Callable[[Mapping[str, str], Path, ExitStack], Search]


def by_hand(make: Callable[[list[Passage]], Searcher]) -> Build:
    """A searcher over passages in memory; `where` holds names of sources."""

    def build(texts: Mapping[str, str], folder: Path, stack: ExitStack) -> Search:
        ids = {name: digest(name) for name in texts}
        searcher = make([Passage(ids[n], "d", t, 0, len(t), source=n) for n, t in texts.items()])

        def search(question: str, k: int = 10, where: Collection[str] | None = None) -> list[Hit]:
            return searcher.search(question, k, None if where is None else {ids.get(n, "no such id") for n in where})

        return search

    return build


def workspace(leg: str, weighs: bool = False) -> Build:
    """A workspace's search over text files; `where` holds names of sources."""

    def build(texts: Mapping[str, str], folder: Path, stack: ExitStack) -> Search:
        bot = make_workspace(texts, folder, stack, weighs)
        bot.index()

        def search(question: str, k: int = 10, where: Collection[str] | None = None) -> list[Hit]:
            return bot.search(question, k, leg, None if where is None else {"source": list(where)})

        return search

    return build


def make_workspace(texts: Mapping[str, str], folder: Path, stack: ExitStack, weighs: bool = False) -> Mundap:
    (folder / "docs").mkdir()
    if weighs:
        graph(folder / "model", weighs="".join(sorted(set("".join(TEXTS.values())))))
    (folder / "mundap.toml").write_text(f'[index]\nencoder = "{"onnx:model" if weighs else "hashed"}"\n', "utf-8")
    for name, text in texts.items():
        (folder / "docs" / f"{name}.txt").write_text(text, "utf-8")
    bot = Mundap.open(folder)
    stack.enter_context(closing(bot.corpus))
    bot.ingest()
    return bot


def hybrid(method: str) -> Callable[[list[Passage]], Searcher]:
    return lambda passages: Hybrid(BM25(passages), Dense(passages, HashedEncoder()), method=method)


BY_HAND: dict[str, Callable[[list[Passage]], Searcher]] = {
    "bm25": BM25,
    "dense": lambda passages: Dense(passages, HashedEncoder()),
    "hybrid, evidence": hybrid("evidence"),
    "hybrid, zscore": hybrid("zscore"),
    "hybrid, rrf": hybrid("rrf"),
    "hybrid of one lexical leg": lambda passages: Hybrid(BM25(passages)),
    "sparse": lambda passages: Sparse(passages, Weighing()),
    "hybrid of a sparse and a dense leg": lambda p: Hybrid(Sparse(p, Weighing()), Dense(p, Weighing())),
    "hybrid of one dense leg": lambda passages: Hybrid(Dense(passages, HashedEncoder())),
}
SEARCHERS: dict[str, Build] = {
    **{name: by_hand(make) for name, make in BY_HAND.items()},
    **{f"workspace, {leg}": workspace(leg) for leg in ("bm25", "dense", "graph", "hybrid")},
    **{f"workspace, {leg}, an encoder that weighs": workspace(leg, weighs=True) for leg in ("sparse", "hybrid")},
}


@pytest.fixture(scope="module", params=list(SEARCHERS.values()), ids=list(SEARCHERS))
def build(request: pytest.FixtureRequest) -> Build:
    made: Build = request.param
    return made


@pytest.fixture(scope="module")
def search(build: Build, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Search]:
    with ExitStack() as stack:
        yield build(TEXTS, tmp_path_factory.mktemp("searcher"), stack)


def seen(hits: list[Hit]) -> list[tuple[str, float]]:
    return [(hit.passage.id, hit.score) for hit in hits]


QUESTIONS = ["분실물 보관", "환급금은 언제 나오나요?", "위약금 계산", "반품할 수 있나요 😀", "주소"]


@pytest.mark.parametrize("k", [1, 2, 10, 10_000])
def test_hits_are_ranked_from_one_best_first_and_ties_go_by_id(search: Search, k: int) -> None:
    for question in QUESTIONS:
        hits = search(question, k)
        assert 1 <= len(hits) <= min(k, len(TEXTS))
        assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
        assert seen(hits) == sorted(seen(hits), key=lambda pair: (-pair[1], pair[0]))
        assert len({hit.passage.id for hit in hits}) == len(hits)
        assert all(hit.passage.text == TEXTS[hit.passage.source] for hit in hits)


def test_the_best_hit_is_the_passage_that_holds_the_words(search: Search) -> None:
    assert search("환급금이 나온다", 1)[0].passage.source == NAMES["환급금"]
    assert search("위약금은 계약한 날부터 계산한다", 1)[0].passage.source == "long"


def test_fewer_hits_are_the_first_of_more(search: Search) -> None:
    more = search("분실물 보관", len(TEXTS))
    for k in range(1, len(more)):
        assert seen(search("분실물 보관", k)) == seen(more[:k])


def test_same_texts_tie_and_stand_in_the_order_of_ids(search: Search) -> None:
    first = search("분실물 보관은 안내소", 3)
    assert {hit.passage.source for hit in first} == {"twin1", "twin2", "twin3"}
    assert len({hit.score for hit in first}) == 1
    assert [hit.passage.id for hit in first] == sorted(hit.passage.id for hit in first)


def test_the_order_of_the_input_and_of_the_questions_changes_nothing(
    search: Search, build: Build, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        shuffled = build(dict(reversed(TEXTS.items())), tmp_path, stack)
        first = {question: seen(shuffled(question)) for question in reversed(QUESTIONS)}
    for question in QUESTIONS * 2:
        assert seen(search(question)) == first[question]


def test_no_filter_is_a_filter_that_allows_all(search: Search) -> None:
    assert seen(search("분실물 보관", 20)) == seen(search("분실물 보관", 20, where=list(TEXTS)))


def test_an_empty_filter_allows_nothing(search: Search) -> None:
    nothing: tuple[Collection[str], ...] = (set(), [], ())
    for empty in nothing:
        assert search("분실물 보관", where=empty) == []


def test_a_filter_that_matches_nothing_allows_nothing(search: Search) -> None:
    assert search("분실물 보관", where={"없는 문서"}) == []


def test_only_allowed_passages_are_found_and_they_fill_the_ranks(search: Search) -> None:
    hits = search("분실물 보관은 안내소", 10, where={"twin3", "twin1"})
    assert {hit.passage.source for hit in hits} == {"twin1", "twin3"}
    assert [hit.rank for hit in hits] == [1, 2]


def test_a_decomposed_question_is_the_same_question(search: Search) -> None:
    for question in QUESTIONS:
        decomposed = unicodedata.normalize("NFD", question)
        assert decomposed != question
        assert seen(search(decomposed)) == seen(search(question))


@pytest.mark.parametrize("question", ["", " ", "\n\t", "\u200b", "?!", "…"])
def test_a_question_without_a_letter_finds_nothing(search: Search, question: str) -> None:
    assert search(question) == []


@pytest.mark.parametrize("question", ["😀", "👍🏽👨‍👩‍👧", "반품 😀", "ㅋㅋㅋ", "a" * 5000, "가나다 " * 500])
def test_any_other_question_is_a_question(search: Search, question: str) -> None:
    hits = search(question, 3)
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))


def test_origins_give_the_rank_in_each_leg_that_found_it(search: Search) -> None:
    for question in QUESTIONS:
        for hit in search(question, len(TEXTS)):
            assert hit.origins.keys() <= {"bm25", "dense", "graph", "sparse"}
            assert all(1 <= rank <= len(TEXTS) for rank in hit.origins.values())
    for leg in ("bm25", "dense"):
        places = sorted(hit.origins[leg] for hit in search("분실물", len(TEXTS)) if leg in hit.origins)
        assert places == list(range(1, len(places) + 1))


@pytest.mark.parametrize("make", BY_HAND.values(), ids=BY_HAND.keys())
def test_an_empty_index_finds_nothing(make: Callable[[list[Passage]], Searcher]) -> None:
    searcher = make([])
    assert searcher.search("관세청") == []
    assert searcher.search("관세청", where={"a"}) == []
    assert searcher.search("", k=1) == []


@pytest.mark.parametrize("make", BY_HAND.values(), ids=BY_HAND.keys())
def test_a_filter_that_was_changed_is_read_again(make: Callable[[list[Passage]], Searcher]) -> None:
    passages = [Passage(digest(n), "d", t, 0, len(t), source=n) for n, t in TEXTS.items()]
    searcher = make(passages)
    allowed = {digest("twin1"), digest("twin2")}
    assert len(searcher.search("분실물 보관", where=allowed)) == 2
    allowed.remove(digest("twin1"))
    assert [hit.passage.source for hit in searcher.search("분실물 보관", where=allowed)] == ["twin2"]


LEXICAL = ["bm25", "hybrid of one lexical leg", "workspace, bm25", "workspace, graph"]


@pytest.mark.parametrize("name", LEXICAL)
def test_a_bare_noun_finds_it_with_a_particle_and_unknown_words_find_nothing(name: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        search = SEARCHERS[name](TEXTS, tmp_path, stack)
        first = {noun: [hit.passage.source for hit in search(noun, 1)] for noun in PARTICLES}
        assert first == {noun: [name] for noun, name in NAMES.items()}
        assert search("뷁쉙뛟") == []
        assert search("뷁쉙뛟 쮏뀳") == []


def test_a_particle_does_not_keep_a_hybrid_from_the_noun() -> None:
    search = SEARCHERS["hybrid, evidence"](TEXTS, Path(), ExitStack())
    assert [search(noun, 1)[0].passage.source for noun in PARTICLES] == list(NAMES.values())


def test_a_workspace_without_an_index_says_what_to_run(tmp_path: Path) -> None:
    with ExitStack() as stack:
        bot = make_workspace({"a": "글"}, tmp_path, stack)
        for leg in ("bm25", "dense", "graph", "hybrid"):
            with pytest.raises(StaleIndex, match="mundap index"):
                bot.search("글", leg=leg)


def test_an_unknown_leg_is_told_the_known_ones(tmp_path: Path) -> None:
    with ExitStack() as stack:
        bot = make_workspace({"a": "글"}, tmp_path, stack)
        bot.index()
        with pytest.raises(UnknownName, match="unknown leg 'bm52'; choose one of: bm25, dense, graph, hybrid"):
            bot.search("글", leg="bm52")


def test_a_removed_document_is_gone_from_every_leg_at_once_and_for_every_reader(tmp_path: Path) -> None:
    with ExitStack() as stack:
        bot = make_workspace(TEXTS, tmp_path, stack)
        bot.index()
        reader = Mundap.open(tmp_path)
        stack.enter_context(closing(reader.corpus))
        legs = ("bm25", "dense", "hybrid")
        assert all("twin2" in sources(reader, leg) for leg in legs)
        bot.remove("docs/twin2.txt")
        newcomer = Mundap.open(tmp_path)
        stack.enter_context(closing(newcomer.corpus))
        for leg in legs:
            for each in (bot, reader, newcomer):
                found = each.search("분실물 보관", 20, leg)
                assert "twin2" not in [hit.passage.source for hit in found]
                assert [hit.rank for hit in found] == list(range(1, len(found) + 1))
        # What remains does not notice: the same order as in an index that never held it.
        before = {leg: [hit.passage.id for hit in bot.search("분실물 보관", 20, leg)] for leg in ("bm25", "dense")}
        bot.index()
        bot.reload()
        assert {leg: [hit.passage.id for hit in bot.search("분실물 보관", 20, leg)] for leg in before} == before


def sources(bot: Mundap, leg: str) -> list[str]:
    return [hit.passage.source for hit in bot.search("분실물 보관", 20, leg)]
