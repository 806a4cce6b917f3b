"""Generations: built aside, promoted at once, reused for what did not change, refused when they do not match."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mundap.encode.hashed import HashedEncoder
from mundap.errors import StaleIndex
from mundap.files import digest
from mundap.index.generation import Generation, Recipe, alive, build, check, current, open_generation
from mundap.index.vectors import Halves
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
        self.tokenised: list[str] = []
        self.encoded: list[str] = []
        self.name = ""

    def tokens(self, texts: list[str]) -> list[list[str]]:
        self.tokenised += texts
        return [text.split() for text in texts]

    def vectors(self, texts: list[str]) -> Halves:
        self.encoded += texts
        return HashedEncoder(16).encode_passages(texts).astype(np.float16)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "index"


def passages(texts: Sequence[str]) -> list[Passage]:
    parent_passages = [Passage(digest(text), "d", text, 0, len(text), source="규정") for text in texts]
    return [*parent_passages, *(c for w in parent_passages for c in chunks(w, Sentences(20)) if c.id != w.id)]


def make(root: Path, texts: Sequence[str] = TEXTS, recipe: Recipe = RECIPE, state: str = "s") -> Parts:
    parts = Parts()
    parts.name = build(root, passages(texts), recipe, state, parts.tokens, parts.vectors)
    return parts


def contents(generation: Generation) -> dict[str, object]:
    arrays = {
        f"lexical {n}": getattr(generation.postings, n).tolist() for n in generation.postings.__dataclass_fields__
    }
    arrays |= {f"dense {n}": getattr(generation.vectors, n).tolist() for n in ("vectors", "starts", "keys")}
    return {**arrays, "units": generation.vector_ids, "rows": generation.row_ids, "recipe": generation.recipe}


def test_what_was_built_is_what_is_opened(root: Path) -> None:
    parts = make(root, state="state 1")
    opened = open_generation(root)
    ids = {p.id for p in passages(TEXTS)}
    assert (opened.name, opened.recipe, opened.corpus_state) == (parts.name, RECIPE, "state 1")
    assert set(opened.vector_ids) == ids
    assert opened.row_ids == sorted(digest(text) for text in TEXTS)
    assert len(opened.postings.lengths) == len(TEXTS)
    assert len(opened.vectors.vectors) == len(ids) > len(TEXTS)
    assert current(root) == parts.name


def test_the_order_of_the_passages_changes_nothing(root: Path, tmp_path: Path) -> None:
    make(root)
    make(tmp_path / "other", TEXTS[::-1])
    assert contents(open_generation(root)) == contents(open_generation(tmp_path / "other"))


def test_only_what_is_new_is_computed_and_the_result_is_that_of_a_new_build(root: Path, tmp_path: Path) -> None:
    make(root)
    changed = [TEXTS[1], "새 글이다.", TEXTS[0]]
    parts = make(root, changed)
    assert parts.tokenised == ["규정\n새 글이다."]
    assert parts.encoded == ["새 글이다."]
    make(tmp_path / "other", changed)
    assert contents(open_generation(root)) == contents(open_generation(tmp_path / "other"))


@pytest.mark.parametrize(
    ("changed", "tokenises", "encodes"),
    [({"k1": 1.5}, False, False), ({"tokenizer": "other"}, True, False), ({"encoder": "other"}, False, True)],
)
def test_another_recipe_computes_what_depends_on_it(
    root: Path, changed: dict[str, Any], tokenises: bool, encodes: bool
) -> None:
    make(root)
    parts = make(root, recipe=replace(RECIPE, **changed))
    assert (bool(parts.tokenised), bool(parts.encoded)) == (tokenises, encodes)
    assert check(open_generation(root), replace(RECIPE, **changed), [p.id for p in passages(TEXTS)]) is None


def test_without_an_index_the_sentence_says_what_to_run(root: Path) -> None:
    assert current(root) is None
    with pytest.raises(StaleIndex, match="mundap index"):
        open_generation(root)


def test_a_half_written_folder_is_never_read(root: Path) -> None:
    (root / ".building-1").mkdir(parents=True)
    (root / ".building-1" / "ids.npy").write_bytes(b"half")
    (root / "20990101T000000-ffffffff").mkdir()
    with pytest.raises(StaleIndex, match="mundap index"):
        open_generation(root)
    parts = make(root)
    assert open_generation(root).name == parts.name
    assert not (root / ".building-1").exists()


def test_a_build_that_fails_leaves_the_generation_before_it(root: Path) -> None:
    name = make(root).name

    def failing(texts: list[str]) -> Halves:
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        build(root, passages([*TEXTS, "새 글"]), RECIPE, "s", Parts().tokens, failing)
    assert open_generation(root).name == name


def damaged(folder: Path, name: str, raw: bytes) -> None:
    (folder / name).write_bytes(raw)


@pytest.mark.parametrize("file", ["manifest.json", "ids.npy", "dense-vectors.npy", "lexical-rows.npy"])
@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", None], ids=["empty", "list", "other", "half"])
def test_a_damaged_generation_is_stale_and_can_be_built_again(root: Path, file: str, raw: bytes | None) -> None:
    name = make(root).name
    path = root / name / file
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2] if raw is None else raw)
    with pytest.raises(StaleIndex, match="mundap index"):
        open_generation(root)
    make(root)
    assert len(open_generation(root).row_ids) == len(TEXTS)


def test_a_missing_generation_is_stale(root: Path) -> None:
    make(root)
    (root / "CURRENT").write_text("20000101T000000-00000000", "utf-8")
    with pytest.raises(StaleIndex, match=r"20000101T000000-00000000.*mundap index"):
        open_generation(root)


def test_another_format_is_stale(root: Path) -> None:
    manifest = root / make(root).name / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text("utf-8")), "format": 99}), "utf-8")
    with pytest.raises(StaleIndex, match=r"99.*mundap index"):
        open_generation(root)


@pytest.mark.parametrize(
    ("changed", "was", "now"),
    [({"encoder": "e5-small"}, "hashed-16-1", "e5-small"), ({"k1": 1.5}, "0.9", "1.5"), ({"b": 0.75}, "0.6", "0.75")],
)
def test_changed_settings_are_stale_with_both_values(root: Path, changed: dict[str, Any], was: str, now: str) -> None:
    make(root)
    with pytest.raises(StaleIndex) as caught:
        check(open_generation(root), replace(RECIPE, **changed), [])
    assert all(part in str(caught.value) for part in (*changed, was, now, "mundap index"))


def test_passages_that_are_not_indexed_yet_are_stale_and_counted(root: Path) -> None:
    make(root)
    with pytest.raises(StaleIndex, match=r"2개.*mundap index"):
        check(open_generation(root), RECIPE, [*(p.id for p in passages(TEXTS)), "new 1", "new 2"])


def test_passages_that_are_gone_are_masked(root: Path) -> None:
    make(root)
    opened = open_generation(root)
    left = [p.id for p in passages(TEXTS[1:])]
    mask = check(opened, RECIPE, left)
    assert mask is not None
    assert [id for id, here in zip(opened.row_ids, mask, strict=True) if not here] == [digest(TEXTS[0])]
    assert alive(opened, opened.vector_ids) is None
    mask = alive(opened, [])
    assert mask is not None
    assert not mask.any()


def test_the_generation_before_is_kept_and_older_ones_are_forgotten(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # All in one second, so that names do not tell which came first.
    monkeypatch.setattr("time.strftime", lambda *_: "20260101T000000")
    names = [make(root, [*TEXTS, f"글 {n}"]).name for n in range(6)]
    for n in range(6, 12):
        names.append(make(root, [*TEXTS, f"글 {n}"]).name)
        assert {path.name for path in root.iterdir() if path.is_dir()} == set(names[-2:])


def test_a_reader_keeps_its_generation_while_others_are_built(root: Path) -> None:
    make(root)
    reader = open_generation(root)
    before = contents(reader)
    for n in range(3):
        make(root, [f"글 {n}"])
    assert contents(reader) == before


def test_the_manifest_says_of_what_it_was_made(root: Path) -> None:
    name = make(root, state="s7").name
    manifest = json.loads((root / name / "manifest.json").read_text("utf-8"))
    assert (manifest["rows"], manifest["units"], manifest["corpus_state"]) == (3, len(passages(TEXTS)), "s7")
    assert {"encoder", "tokenizer", "normalizer", "digest", "format"} <= manifest.keys()
