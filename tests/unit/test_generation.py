"""Generations of segments: built aside, promoted at once, grown by what changed, refused when they do not match."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.encode.hashed import HashedEncoder
from mundap.errors import StaleIndex
from mundap.files import digest
from mundap.index.bm25 import LexicalLeg
from mundap.index.dense import DenseLeg
from mundap.index.generation import Generation, Recipe, alive, build, check, current, damaged_files, open_generation
from mundap.index.near import Halves
from mundap.index.segment import Deriving
from mundap.index.table import InMemory, Table
from mundap.ingest.chunk import Sentences
from mundap.ingest.split import chunks
from mundap.types import Passage

RECIPE = Recipe("hashed-16-1", "words", "nfc-1", 0.9, 0.6)
TEXTS = [
    "관세청은 관세를 걷는다.",
    "세관에 신고한다. 신고서는 기내에서 준다. 세관은 공항에 있다.",
    "환급은 사흘 안에 된다.",
]


class Parts:
    """What a build asks for; keeps the texts it was asked about."""

    def __init__(self) -> None:
        self.name = ""
        self.tokenised: list[str] = []
        self.encoded: list[str] = []

    def tokens(self, texts: list[str]) -> list[list[str]]:
        self.tokenised += texts
        return [text.split() for text in texts]

    def vectors(self, texts: list[str]) -> Halves:
        self.encoded += texts
        return HashedEncoder(16).encode_passages(texts).astype(np.float16)


class Texts:
    """A corpus in memory: what it holds, and a log of what came and went, which can be lost."""

    def __init__(self, texts: Sequence[str] = (), logged: bool = True) -> None:
        self.held: dict[str, Passage] = {}
        self.logged = logged
        self._log: list[str] = []
        self.hold(texts)

    def hold(self, texts: Sequence[str]) -> None:
        """From now on, these are held."""
        now = {passage.id: passage for passage in passages(texts)}
        self._log += now.keys() ^ self.held.keys()
        self.held = now

    def state(self) -> str:
        return f"s{len(self._log)}"

    mark = state

    def changed(self, since: str) -> list[str] | None:
        return self._log[int(since[1:]) :] if self.logged else None

    def forget_changes(self, states: Sequence[str]) -> None:
        pass

    def ids(self) -> list[str]:
        return [*self.held]

    def present(self, ids: Sequence[str]) -> dict[str, str]:
        return {id: self.held[id].parent_id for id in ids if id in self.held}

    def families(self, ids: Sequence[str] | None = None) -> Iterator[list[Passage]]:
        for passage in [*self.held.values()]:
            if passage.parent_id == passage.id and (ids is None or passage.id in ids):
                yield [p for p in self.held.values() if p.parent_id == passage.id]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "index"


def passages(texts: Sequence[str]) -> list[Passage]:
    parent_passages = [Passage(digest(text), "d", text, 0, len(text), source="규정") for text in texts]
    return [*parent_passages, *(c for w in parent_passages for c in chunks(w, Sentences(20)) if c.id != w.id)]


def make(root: Path, texts: Texts, recipe: Recipe = RECIPE, **how: bool) -> Parts:
    parts = Parts()
    parts.name = build(root, texts, recipe, Deriving(parts.tokens, parts.vectors, recipe.encoder), **how)
    return parts


def found(generation: Generation, texts: Texts) -> dict[str, object]:
    """What both legs find for some questions, with the scores."""
    table = Table(generation.ids, InMemory([*texts.held.values()]), alive(generation, texts))
    lexical = LexicalLeg(generation.postings, table, lambda some: [text.split() for text in some])
    dense = DenseLeg(generation.vectors, table, HashedEncoder(16))
    return {
        f"{leg.name} {question}": [
            (hit.passage.id, pytest.approx(hit.score, rel=1e-5)) for hit in leg.search(question, 4)
        ]
        for leg in (lexical, dense)
        for question in ("관세청은 환급은", "세관에 신고한다.", "글 1", "글")
    }


def test_what_was_built_is_what_is_opened(root: Path) -> None:
    texts = Texts(TEXTS)
    parts = make(root, texts)
    opened = open_generation(root)
    assert (opened.name, opened.recipe, opened.corpus_state) == (parts.name, RECIPE, texts.state())
    assert opened.vector_ids == sorted(texts.held)
    assert opened.row_ids == sorted(digest(text) for text in TEXTS)
    assert len(opened.postings) == len(TEXTS)
    assert current(root) == parts.name


def test_the_order_of_the_passages_changes_nothing(root: Path, tmp_path: Path) -> None:
    texts, turned = Texts(TEXTS), Texts(TEXTS[::-1])
    make(root, texts)
    make(tmp_path / "other", turned)
    assert found(open_generation(root), texts) == found(open_generation(tmp_path / "other"), turned)


@pytest.mark.parametrize("logged", [True, False])
def test_only_what_is_new_is_computed_and_what_is_found_is_as_of_a_new_build(
    root: Path, tmp_path: Path, logged: bool
) -> None:
    texts = Texts(TEXTS, logged)
    make(root, texts)
    texts.hold([TEXTS[1], "새 글이다.", TEXTS[0]])
    parts = make(root, texts)
    assert parts.tokenised == ["규정\n새 글이다."]
    assert parts.encoded == ["새 글이다."]
    make(tmp_path / "other", texts)
    assert found(open_generation(root), texts) == found(open_generation(tmp_path / "other"), texts)


def test_a_passage_with_other_chunks_is_a_new_one(root: Path) -> None:
    texts = Texts([TEXTS[1]])
    make(root, texts)
    [whole, *parts] = passages([TEXTS[1]])
    texts._log += [part.id for part in parts]
    texts.held = {whole.id: whole}
    assert make(root, texts).encoded == [TEXTS[1]]
    assert open_generation(root).vector_ids == [whole.id]


CHANGES = st.lists(st.tuples(st.sets(st.integers(0, 11), max_size=9), st.booleans()), min_size=1, max_size=7)


@given(CHANGES, st.booleans(), st.sampled_from([2, 8]), st.sampled_from([0.1, 0.9]))
def test_after_any_changes_the_same_is_found_as_in_an_index_built_at_once(
    tmp_path_factory: pytest.TempPathFactory,
    changes: list[tuple[set[int], bool]],
    logged: bool,
    factor: int,
    gone: float,
) -> None:
    folder, texts = tmp_path_factory.mktemp("index"), Texts((), logged)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mundap.index.tiers.FACTOR", factor)
        patch.setattr("mundap.index.tiers.GONE", gone)
        for held, compact in changes:
            texts.hold([f"글 {n % 3} {'관세청은 ' * (n % 4)}환급은 {n}" for n in held])
            make(folder / "grown", texts, compact=compact)
    grown = open_generation(folder / "grown")
    make(folder / "whole", texts)
    assert found(grown, texts) == found(open_generation(folder / "whole"), texts)
    assert grown.row_ids == sorted(id for id, passage in texts.held.items() if passage.parent_id == id)
    assert damaged_files(folder / "grown") == []
    if changes[-1][1]:
        assert not any(map(len, grown.gone))


@pytest.mark.parametrize(
    ("changed", "computes"), [({"k1": 1.5}, False), ({"tokenizer": "other"}, True), ({"encoder": "other"}, True)]
)
def test_another_recipe_writes_anew_what_depends_on_it(root: Path, changed: dict[str, Any], computes: bool) -> None:
    texts = Texts(TEXTS)
    make(root, texts)
    parts = make(root, texts, replace(RECIPE, **changed))
    assert (bool(parts.tokenised), bool(parts.encoded)) == (computes, computes)
    assert check(open_generation(root), replace(RECIPE, **changed), texts) is None


def test_a_small_change_writes_little_and_leaves_the_rest_where_it_is(root: Path) -> None:
    texts = Texts([f"글 {n}" for n in range(200)])
    make(root, texts)
    [large] = open_generation(root).segments
    before = {path: path.stat().st_mtime_ns for path in large.folder.iterdir()}
    texts.hold([f"글 {n}" for n in range(1, 201)])
    parts = make(root, texts)
    opened = open_generation(root)
    assert parts.encoded == ["글 200"]
    assert [(one.rows, len(gone)) for one, gone in zip(opened.segments, opened.gone, strict=True)] == [(200, 1), (1, 0)]
    assert {path: path.stat().st_mtime_ns for path in large.folder.iterdir()} == before


def test_segments_stay_few_and_those_that_nobody_lists_are_deleted(root: Path) -> None:
    texts = Texts()
    for n in range(1, 31):
        texts.hold([f"글 {m}" for m in range(n)])
        make(root, texts)
        opened = open_generation(root)
        assert len(opened.segments) < 8
    listed = {one.name for one in opened.segments}
    there = {path.name for path in (root / "segments").iterdir()}
    assert listed <= there
    assert len(there) <= 2 * 8


def test_without_an_index_the_sentence_says_what_to_run(root: Path) -> None:
    assert current(root) is None
    with pytest.raises(StaleIndex, match="mundap index"):
        open_generation(root)


def test_a_half_written_folder_is_never_read(root: Path) -> None:
    for folder in (root, root / "segments"):
        (folder / ".building-1").mkdir(parents=True)
        (folder / ".building-1" / "ids.npy").write_bytes(b"half")
    (root / "20990101T000000-ffffffff").mkdir()
    with pytest.raises(StaleIndex, match="mundap index"):
        open_generation(root)
    parts = make(root, Texts(TEXTS))
    assert open_generation(root).name == parts.name
    assert not list(root.rglob(".building-*"))


def test_a_build_that_fails_leaves_the_generation_before_it(root: Path) -> None:
    texts = Texts(TEXTS)
    name = make(root, texts).name

    def failing(texts: list[str]) -> Halves:
        raise RuntimeError("power cut")

    texts.hold([*TEXTS, "새 글"])
    with pytest.raises(RuntimeError, match="power cut"):
        build(root, texts, RECIPE, Deriving(Parts().tokens, failing, RECIPE.encoder))
    assert open_generation(root).name == name
    make(root, texts)
    assert len(open_generation(root).row_ids) == 4
    assert not list(root.rglob(".building-*"))


def files_of(root: Path) -> list[Path]:
    """Every file that the current generation needs."""
    opened = open_generation(root)
    return sorted(
        path
        for folder in (opened.folder, *(s.folder for s in opened.segments))
        for path in folder.rglob("*")
        if path.is_file()
    )


@pytest.fixture
def grown(root: Path) -> Texts:
    """A generation of two segments, one of whose rows is gone."""
    texts = Texts([*TEXTS, "글"])
    make(root, texts)
    texts.hold([*TEXTS, "새 글"])
    make(root, texts)
    assert any(map(len, open_generation(root).gone))
    return texts


@pytest.mark.parametrize(
    "raw",
    [pytest.param(b"", marks=pytest.mark.slow), pytest.param(b"[]", marks=pytest.mark.slow), b"{}", None],
    ids=["empty", "list", "other", "half"],
)
def test_a_damaged_generation_is_stale_and_can_be_built_again(root: Path, grown: Texts, raw: bytes | None) -> None:
    expected = found(open_generation(root), grown)
    for n in range(len(files_of(root))):
        path = files_of(root)[n % len(files_of(root))]
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2] if raw is None else raw)
        with pytest.raises(StaleIndex, match="mundap index"):
            open_generation(root)
        make(root, grown)
        assert found(open_generation(root), grown) == expected


def test_a_flipped_byte_anywhere_is_noticed_and_named(root: Path, grown: Texts) -> None:
    for path in files_of(root):
        raw = path.read_bytes()
        for place in {0, len(raw) // 2, len(raw) - 1}:
            path.write_bytes(raw[:place] + bytes([raw[place] ^ 16]) + raw[place + 1 :])
            assert damaged_files(root) == [path]
        path.write_bytes(raw)
    assert damaged_files(root) == []


def test_a_damaged_segment_is_not_copied_on_and_a_rebuild_repairs(root: Path, grown: Texts) -> None:
    path = open_generation(root).segments[0].folder / "lexical-counts.npy"
    raw = path.read_bytes()
    path.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
    name = open_generation(root).name
    with pytest.raises(StaleIndex, match=r"lexical-counts\.npy.*mundap index --rebuild"):
        make(root, grown, compact=True)
    assert open_generation(root).name == name
    assert len(make(root, grown, anew=True).tokenised) == 4
    assert damaged_files(root) == []


def test_a_missing_generation_is_stale(root: Path) -> None:
    make(root, Texts(TEXTS))
    (root / "CURRENT").write_text("20000101T000000-00000000", "utf-8")
    with pytest.raises(StaleIndex, match=r"20000101T000000-00000000.*mundap index"):
        open_generation(root)


def test_another_format_is_stale_and_is_built_anew(root: Path) -> None:
    texts = Texts(TEXTS)
    manifest = root / make(root, texts).name / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text("utf-8")), "format": 3}), "utf-8")
    with pytest.raises(StaleIndex, match=r"형식 3.*mundap index"):
        open_generation(root)
    make(root, texts)
    assert len(open_generation(root).row_ids) == len(TEXTS)


@pytest.mark.parametrize(
    ("changed", "was", "now"),
    [({"encoder": "e5-small"}, "hashed-16-1", "e5-small"), ({"k1": 1.5}, "0.9", "1.5"), ({"b": 0.75}, "0.6", "0.75")],
)
def test_changed_settings_are_stale_with_both_values(root: Path, changed: dict[str, Any], was: str, now: str) -> None:
    texts = Texts(TEXTS)
    make(root, texts)
    with pytest.raises(StaleIndex) as caught:
        check(open_generation(root), replace(RECIPE, **changed), texts)
    assert all(part in str(caught.value) for part in (*changed, was, now, "mundap index"))


@pytest.mark.parametrize("logged", [True, False])
def test_passages_that_are_not_indexed_yet_are_stale_and_counted(root: Path, logged: bool) -> None:
    texts = Texts(TEXTS, logged)
    make(root, texts)
    texts.hold([*TEXTS, "new 1", "new 2"])
    with pytest.raises(StaleIndex, match=r"2개.*mundap index"):
        check(open_generation(root), RECIPE, texts)


@pytest.mark.parametrize("logged", [True, False])
def test_passages_that_are_gone_are_masked(root: Path, logged: bool) -> None:
    texts = Texts(TEXTS, logged)
    make(root, texts)
    opened = open_generation(root)
    assert alive(opened, texts) is None
    texts.hold(TEXTS[1:])
    mask = check(opened, RECIPE, texts)
    assert mask is not None
    assert [id for id, here in zip(opened.ids, mask, strict=True) if not here] == [digest(TEXTS[0])]
    texts.hold([])
    there = alive(opened, texts)
    assert there is not None
    assert not there.any()


def test_the_generation_before_is_kept_and_older_ones_are_forgotten(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # All in one second, so that names do not tell which came first.
    monkeypatch.setattr("time.strftime", lambda *_: "20260101T000000")
    texts, names = Texts(), []
    for n in range(12):
        texts.hold([*TEXTS, f"글 {n}"])
        names.append(make(root, texts).name)
        there = {path.name for path in root.iterdir() if path.is_dir()} - {"segments"}
        assert there == set(names[-2:])


def test_a_reader_keeps_its_generation_while_others_are_built(root: Path) -> None:
    texts = Texts(TEXTS)
    make(root, texts)
    reader, then = open_generation(root), Texts(TEXTS)
    before = found(reader, then)
    for n in range(12):
        texts.hold([f"글 {n}"])
        make(root, texts, compact=True)
    assert not reader.segments[0].folder.exists()
    assert found(reader, then) == before


def test_the_manifest_says_of_what_it_was_made(root: Path, grown: Texts) -> None:
    manifest = json.loads((root / str(current(root)) / "manifest.json").read_text("utf-8"))
    assert (manifest["rows"], manifest["corpus_state"], len(manifest["segments"])) == (4, grown.state(), 2)
    assert {"encoder", "tokenizer", "normalizer", "files", "format", "checksum"} <= manifest.keys()
