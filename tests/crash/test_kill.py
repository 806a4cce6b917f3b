"""SIGKILL at random moments: what was committed stays, nothing half made is ever found, the next run goes through."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile

import pytest
from tests.at_length import AT_LENGTH
from tests.forked import Origin

from mundap.errors import StaleIndex
from mundap.index.generation import current, damaged_files, open_generation
from mundap.workspace import Mundap

pytestmark = pytest.mark.slow

KILLS = 20 if AT_LENGTH else 10
FILES = 400
QUESTIONS = ("연차 37일과 출장", "회의실 12호를 예약하려면", "병가 규정 200번")
SUBJECTS = ("연차", "병가", "출장", "회의실", "주차", "보안", "교육", "급여")
CONFIG = '[index]\nencoder = "hashed"\n'
Found = dict[str, list[tuple[str, float]]]


def document(n: int) -> str:
    """A small regulation: the same number gives the same text."""
    chance = random.Random(n)
    paragraphs = [
        " ".join(
            f"{chance.choice(SUBJECTS)} 규정 {n}번의 {chance.randrange(500)}일째 {chance.choice(SUBJECTS)}은(는) "
            f"{chance.randrange(90)}호에서 다룹니다."
            for _ in range(chance.randrange(2, 6))
        )
        for _ in range(chance.randrange(2, 5))
    ]
    return f"규정 {n}번입니다.\n\n" + "\n\n".join(paragraphs)


def workspace(root: Path, files: int) -> Path:
    (root / "docs").mkdir(parents=True)
    (root / "mundap.toml").write_text(CONFIG, "utf-8")
    for n in range(files):
        (root / "docs" / f"{n:04}.txt").write_text(document(n), "utf-8")
    return root


def command(verb: str, root: Path) -> list[str]:
    found = shutil.which("mundap", path=str(Path(sys.executable).parent))
    assert found
    return [found, verb, "--workspace", str(root)]


def complete(verb: str, root: Path) -> float:
    """Run the installed command to its end; the seconds that it took, as one that is killed would."""
    began = time.monotonic()
    done = subprocess.run(command(verb, root), capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    return time.monotonic() - began


@pytest.fixture(scope="module")
def completed(origin: Origin) -> Callable[[str, Path], None]:
    """Runs a verb to its end, forked: how long it takes tells nothing."""

    def run(verb: str, root: Path) -> None:
        with TemporaryFile() as said:
            process = origin.popen(
                [verb, "--workspace", str(root)], stdout=said.fileno(), stderr=said.fileno(), env=os.environ
            )
            code = process.wait(120)
            said.seek(0)
            assert code == 0, said.read().decode()

    return run


def kill(verb: str, root: Path, when: Callable[[], bool]) -> bool:
    """Start a verb in its own process group, and kill it as soon as `when` says so; whether it was still running."""
    running = subprocess.Popen(
        command(verb, root), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    while running.poll() is None and not when():
        time.sleep(0.001)
    alive = running.poll() is None
    if alive:
        os.killpg(running.pid, signal.SIGKILL)
    code = running.wait(30)
    assert code in (0, -signal.SIGKILL)
    return code == -signal.SIGKILL


def after(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() >= end


def there(folder: Path, pattern: str) -> bool:
    return any(folder.glob(pattern))


def committed(root: Path, documents: int) -> Callable[[], bool]:
    """Whether the corpus holds at least so many documents: a moment that no busy machine moves."""
    path = root / ".mundap" / "corpus.sqlite"

    def reached() -> bool:
        try:
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
                return bool(db.execute("SELECT count(*) FROM documents").fetchone()[0] >= documents)
        except sqlite3.OperationalError:  # not there yet
            return False

    return reached


def rows(root: Path) -> list[tuple[object, ...]]:
    """Everything that is committed, and nothing that hangs in the air."""
    path = root / ".mundap" / "corpus.sqlite"
    if not path.exists():
        return []
    db = sqlite3.connect(path)
    try:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if "passages" not in tables:  # killed before its first statement
            return []
        orphans = "SELECT count(*) FROM passages WHERE document_id NOT IN (SELECT id FROM documents)"
        empty = "SELECT count(*) FROM documents WHERE id NOT IN (SELECT document_id FROM passages)"
        assert db.execute(f"SELECT ({orphans}), ({empty})").fetchone() == (0, 0)
        return db.execute(
            'SELECT d.source, d.fingerprint, p.id, p.parent_id, p.start, p."end", p.text = substr(d.text, p.start + 1,'
            ' p."end" - p.start) FROM documents d JOIN passages p ON p.document_id = d.id ORDER BY d.source, p.id'
        ).fetchall()
    finally:
        db.close()


def found(root: Path) -> Found:
    bot = Mundap.open(root)
    try:
        return {
            f"{leg} {question}": [(hit.passage.id, hit.score) for hit in bot.search(question, leg=leg)]
            for question in QUESTIONS
            for leg in ("bm25", "dense", "hybrid")
        }
    finally:
        bot.corpus.close()


def whole_generation(root: Path) -> str | None:
    """The name of the current generation, all of whose files open and agree; None before the first."""
    name = current(root / ".mundap" / "index")
    if name is None:
        return None
    held = open_generation(root / ".mundap" / "index")
    assert held.name == name
    assert len(held.ids) == len(held.postings) == len(held.vectors.starts) - 1
    assert damaged_files(root / ".mundap" / "index") == []
    return name


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, float]]:
    """A workspace whose runs were never killed, and the seconds that each took."""
    root = workspace(tmp_path_factory.mktemp("untouched") / "ws", FILES)
    return root, {verb: complete(verb, root) for verb in ("ingest", "index")}


def test_a_killed_ingest_keeps_what_was_committed_and_the_next_one_goes_on(
    untouched: tuple[Path, dict[str, float]], completed: Callable[[str, Path], None], tmp_path: Path
) -> None:
    expected, took = untouched
    root = workspace(tmp_path / "ws", FILES)
    chance = random.Random(20)
    before: list[tuple[object, ...]] = []
    killed, grew = 0, 0
    for n in range(KILLS):
        # Each goes on where the last one stopped: every other one at any moment of its start, the rest while it reads.
        held = len({row[0] for row in before})
        reading = committed(root, held + chance.randrange(1, FILES // KILLS))
        killed += kill("ingest", root, reading if n % 2 else after(chance.uniform(0.05, took["ingest"] / 4)))
        now = rows(root)
        assert set(before) <= set(now), "a committed document was lost"
        assert all(row[-1] for row in now), "a passage is no slice of its document"
        grew += len(now) > len(before)
        before = now
    assert killed >= KILLS // 2
    assert grew >= KILLS // 4, "the kills were too early to prove anything"
    completed("ingest", root)
    completed("index", root)
    assert rows(root) == rows(expected)
    assert found(root) == found(expected)


def test_a_killed_index_leaves_the_old_generation_or_the_new_one(
    untouched: tuple[Path, dict[str, float]], completed: Callable[[str, Path], None], tmp_path: Path
) -> None:
    expected, took = untouched
    root = shutil.copytree(expected, tmp_path / "ws", ignore=shutil.ignore_patterns("index", "cache.sqlite*"))
    index = root / ".mundap" / "index"
    chance = random.Random(40)
    killed, building, half_built = 0, 0, 0
    for n in range(KILLS // 2):  # without a generation: the first one is complete or there is none
        when = (
            after(chance.uniform(0.1, took["index"]))
            if n % 2
            else (lambda: any(index.glob("segments/.building-*/lexical-*")))
        )
        killed += kill("index", root, when)
        half_built += any(index.rglob(".building-*"))
        if whole_generation(root) is None:
            with pytest.raises(StaleIndex, match="mundap index"):
                found(root)
        else:
            assert found(root) == found(expected)
            shutil.rmtree(index)
    completed("index", root)
    assert found(root) == found(expected)
    for n in range(KILLS // 2):  # over a generation: the old one is found until the new one is
        old = whole_generation(root)
        answers = found(root)
        (root / "docs" / f"new {n}.txt").write_text(document(FILES + n), "utf-8")
        completed("ingest", root)
        steps = ("segments/.building-*", "segments/.building-*/ids.npy", ".building-*/manifest.json", ".CURRENT.*")
        seen = steps[n % len(steps)]
        when = after(chance.uniform(0.2, 1.2)) if n % 3 == 0 else partial(there, index, seen)
        killed += kill("index", root, when)
        building += any(index.rglob(".building-*"))
        name = whole_generation(root)
        assert name is not None
        if name == old:
            with pytest.raises(StaleIndex, match="mundap index"):  # the new passages are not indexed
                found(root)
            bot = Mundap.open(root)
            bot.remove(f"docs/new {n}.txt")
            assert found(root) == answers
            bot.ingest()
        completed("index", root)
        assert whole_generation(root) != old
    assert killed >= KILLS // 2
    assert half_built + building >= 3, "no kill came in the middle of writing"
    for n in range(KILLS // 2):
        Mundap.open(root).remove(f"docs/new {n}.txt")
    completed("index", root)
    assert found(root) == found(expected)
    assert not [*index.rglob(".building-*")]
    assert len([path for path in index.iterdir() if path.is_dir()]) <= 2 + 1  # generations, and their segments
