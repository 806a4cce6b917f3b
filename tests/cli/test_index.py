"""A generation: only what is new is computed, and one that does not match says what to run."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.cli.conftest import MakeBot, Run

from mundap.encode.hashed import HashedEncoder
from mundap.errors import StaleIndex
from mundap.index import kept_vectors
from mundap.index.segment import Segment, with_vectors
from mundap.protocols import Vectors
from mundap.workspace import Mundap

LEGS = ("bm25", "dense", "graph", "hybrid")
HASHED = '[index]\nencoder = "hashed"\n'


class Counting(HashedEncoder):
    """The hashed encoder, which remembers the passages that it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[str] = []

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        self.given += texts
        return super().encode_passages(texts)


def counted(root: Path, rebuild: bool = False) -> list[str]:
    """Index the workspace, and return the texts that had to be encoded."""
    bot = Mundap.open(root)
    bot.components.encoder = Counting()
    bot.index(rebuild=rebuild)
    return bot.components.encoder.given


def cached(root: Path) -> int:
    with sqlite3.connect(root / ".mundap" / "cache.sqlite") as db:
        rows = db.execute("SELECT count(*) FROM derived").fetchone()[0]
    db.close()
    return int(rows)


def found(bot: Mundap, question: str) -> dict[str, list[tuple[str, int, dict[str, int]]]]:
    return {
        leg: [(hit.passage.id, hit.rank, dict(hit.origins)) for hit in bot.search(question, leg=leg)] for leg in LEGS
    }


def generation(root: Path) -> Path:
    return root / ".mundap" / "index" / (root / ".mundap" / "index" / "CURRENT").read_text("utf-8").strip()


def needed(root: Path) -> list[Path]:
    """Every file of the current generation and of its one segment."""
    [segment] = json.loads((generation(root) / "manifest.json").read_text("utf-8"))["segments"]
    folders = (generation(root), generation(root).parent / "segments" / segment)
    return [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]


def test_only_the_passages_of_a_new_file_are_computed(indexed: MakeBot) -> None:
    bot = indexed({f"{n}.txt": f"{n}번 규정의 글\n\n둘째 문단 {n}" for n in range(20)})
    (bot.root / "docs" / "새것.txt").write_text("새로 온 글\n\n새로 온 둘째 문단", "utf-8")
    before = cached(bot.root)
    assert bot.ingest().added == 1
    assert sorted(counted(bot.root)) == ["새로 온 글", "새로 온 둘째 문단"]
    assert cached(bot.root) == before + 2  # tokens: vectors are kept in the index


def test_an_index_of_nothing_new_computes_nothing(indexed: MakeBot) -> None:
    root = indexed().root
    assert counted(root) == []
    (root / ".mundap" / "cache.sqlite").unlink()
    assert counted(root) == []  # the generation before it holds all there is
    assert counted(root, rebuild=True) == []
    shutil.rmtree(root / ".mundap" / "index")
    assert len(counted(root)) == 5


def test_vectors_are_kept_once_and_found_again(indexed: MakeBot) -> None:
    root = indexed().root

    class Other(Counting):
        """Another encoder."""

        def __init__(self) -> None:
            super().__init__()
            self.name = "other"

    for encoder, computed in ((Other(), 5), (Counting(), 0), (Other(), 0)):
        bot = Mundap.open(root)
        bot.components.encoder = encoder
        for _ in range(3):  # two generations are kept
            bot.compact()
        assert len(encoder.given) == computed, encoder.name
    text = next((root / "docs").glob("*.txt")).read_text("utf-8")
    (root / "docs" / "복사.txt").write_text(text, "utf-8")
    bot = Mundap.open(root)
    bot.ingest()
    assert counted(root) == []  # the same text in another document


def test_a_segment_that_is_merged_or_named_meanwhile_is_passed_over(
    indexed: MakeBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = indexed().root / ".mundap" / "index"

    def listed(root: Path, checked: bool) -> list[Segment]:
        found = with_vectors(root, checked)
        for one in found:
            one.folder.rename(one.folder.with_name("elsewhere"))
        return found

    assert with_vectors(root, False)
    monkeypatch.setattr(kept_vectors, "with_vectors", listed)
    assert kept_vectors.KeptVectors(root).find([bytes(16)]) == {}


def test_an_extended_index_is_the_one_that_is_built_at_once(indexed: MakeBot, tmp_path: Path) -> None:
    files = {f"{n}.txt": f"연차 {n}일과 출장 {n * 7 % 5}회\n\n병가 {n}일" for n in range(12)}
    grown = indexed(dict(list(files.items())[:5]))
    for name, text in files.items():
        (grown.root / "docs" / name).write_text(text, "utf-8")
    (grown.root / "docs" / "3.txt").write_text("연차가 없다", "utf-8")
    grown.ingest()
    grown.index()
    grown.remove("4.txt")
    grown.ingest()
    grown.index()
    (tmp_path / "other").mkdir()
    shutil.copytree(grown.root / "docs", tmp_path / "other" / "docs")
    (tmp_path / "other" / "mundap.toml").write_text(HASHED, "utf-8")
    whole = Mundap.open(tmp_path / "other")
    whole.ingest()
    whole.index()
    grown = Mundap.open(grown.root)
    for question in ("연차 3일", "출장 2회와 병가", "없다"):
        assert found(grown, question) == found(whole, question)


def test_what_is_not_indexed_yet_names_the_command(mundap: Run, indexed: MakeBot) -> None:
    root = indexed().root
    (root / "docs" / "새것.txt").write_text("새로 온 글", "utf-8")
    Mundap.open(root).ingest()
    done = mundap("search", "연차", workspace=root)
    assert (done.code, done.out) == (1, "")
    assert "1개" in done.err
    assert "mundap index" in done.err
    Mundap.open(root).index()
    assert "새로 온 글" in mundap("search", "새로 온 글", "--leg", "dense", workspace=root).out


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ("[index]\nencoder = 'e5-small'\n", "encoder"),
        (HASHED + "k1 = 1.5\n", "k1"),
        (HASHED + "b = 0.75\n", "b "),
        (HASHED + "bigrams = false\n", "tokenizer"),
        (HASHED + "user_dictionary = 'words.txt'\n", "tokenizer"),
    ],
    ids=["encoder", "k1", "b", "bigrams", "dictionary"],
)
def test_other_settings_than_those_of_the_index_name_the_command(indexed: MakeBot, config: str, named: str) -> None:
    root = indexed().root
    (root / "words.txt").write_text("연차\tNNP\n", "utf-8")
    (root / "mundap.toml").write_text(config, "utf-8")
    with pytest.raises(StaleIndex, match=f"{named}.*mundap index"):
        Mundap.open(root).search("연차")


def test_a_setting_of_the_search_alone_needs_no_new_index(indexed: MakeBot) -> None:
    root = indexed().root
    (root / "mundap.toml").write_text(HASHED + '[retrieve]\nlegs = ["bm25"]\nfusion = "rrf"\nk = 2\n', "utf-8")
    assert {leg for hit in Mundap.open(root).search("연차") for leg in hit.origins} == {"bm25"}


@pytest.mark.parametrize("damage", ["gone", "empty", "half"])
def test_a_damaged_file_of_a_generation_names_the_command_that_then_repairs_it(indexed: MakeBot, damage: str) -> None:
    root = indexed().root
    expected = found(Mundap.open(root), "연차는 언제 소멸하나요?")
    for n, name in enumerate(path.name for path in needed(root)):
        file = needed(root)[n]
        raw = file.read_bytes()
        if damage == "gone":
            file.unlink()
        else:
            file.write_bytes(b"" if damage == "empty" else raw[: len(raw) // 2])
        with pytest.raises(StaleIndex, match="mundap index"):
            Mundap.open(root).search("연차")
        Mundap.open(root).index()
        assert found(Mundap.open(root), "연차는 언제 소멸하나요?") == expected, name


def test_a_generation_of_another_format_names_the_command(indexed: MakeBot) -> None:
    root = indexed().root
    manifest = generation(root) / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text("utf-8")), "format": 99}), "utf-8")
    with pytest.raises(StaleIndex, match=r"99.*mundap index"):
        Mundap.open(root).search("연차")


def test_a_generation_is_never_written_again(indexed: MakeBot) -> None:
    root = indexed().root
    for _ in range(3):  # faster than the clock in its name ticks
        before = generation(root)
        made = before.stat().st_ino
        Mundap.open(root).index()
        assert before.is_dir(), "readers may still have it open"
        assert before.stat().st_ino == made


def test_a_reader_keeps_its_generation_until_it_reloads(indexed: MakeBot) -> None:
    root = indexed().root
    reader, writer = Mundap.open(root), Mundap.open(root)
    before = found(reader, "출장비")
    (root / "docs" / "새것.txt").write_text("출장비는 이제 9만 원입니다.", "utf-8")
    writer.ingest()
    writer.index()
    assert found(reader, "출장비") == before
    reader.reload()
    assert found(reader, "출장비") == found(writer, "출장비") != before


def test_old_generations_do_not_pile_up(indexed: MakeBot) -> None:
    root = indexed().root
    for n in range(4):
        (root / "docs" / f"{n}.txt").write_text(f"새 글 {n}", "utf-8")
        bot = Mundap.open(root)
        bot.ingest()
        bot.index()
    kept = [path for path in (root / ".mundap" / "index").iterdir() if path.is_dir() and path.name != "segments"]
    assert len(kept) == 2
    assert generation(root) in kept
