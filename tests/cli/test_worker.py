"""`mundap index` and `ingest` whose work is done by `mundap worker` processes: the same as on one machine."""

from __future__ import annotations

import hashlib
import shutil
import signal
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.cli.conftest import HASHED, LEAVE, MakeFiles, Run
from tests.queue_workers import worker

from mundap.workspace import Mundap

MANY = {
    f"글{n}.md": "\n\n".join(f"# 제목 {n}-{m}\n\n{m}번 휴가 규정의 {n}번째 내용입니다." for m in range(40))
    for n in range(12)
}


def vectors(root: Path) -> list[str]:
    """The digests of what the segments of the index hold."""
    folder = root / ".mundap" / "index" / "segments"
    found = [*folder.rglob("dense-*.npy"), *folder.rglob("ids.npy")]
    assert found
    return sorted(f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in found)


def with_queue(root: Path, url: str, config: str = HASHED) -> None:
    (root / "mundap.toml").write_text(f'{config}\n[jobs]\nexecutor = "postgres"\nurl = "{url}"\n', "utf-8")


def test_an_index_by_workers_is_the_index_of_one_machine(
    fresh: MakeFiles, mundap: Run, database: str, tmp_path: Path
) -> None:
    root = fresh(MANY)
    Mundap.open(root).ingest()
    spread = tmp_path / "spread"
    shutil.copytree(root, spread)
    with_queue(spread, database)
    Mundap.open(root).index()
    with ExitStack() as stack:
        workers = [stack.enter_context(worker(database)) for _ in range(2)]
        done = mundap("index", workspace=spread)
        assert done.code == 0, done.err
        said = []
        for process in workers:
            process.send_signal(signal.SIGINT)
            said.append(process.communicate(timeout=30)[0])
    assert sum(int(one.split("완료 ")[1].split(",")[0]) for one in said) >= 15
    assert vectors(spread) == vectors(root)
    hits = [Mundap.open(one).search("3번 휴가 규정") for one in (root, spread)]
    assert hits[0] == hits[1] != []


def test_files_read_by_workers_are_those_of_one_machine(
    fresh: MakeFiles, mundap: Run, database: str, tmp_path: Path
) -> None:
    files = {
        **LEAVE,
        "가로.csv": LEAVE["문답.csv"],
        "깨진.pdf": b"%PDF-1.7 ...",
        "빈.docx": b"",
        "그림.dat": b"\x89PNG" * 9,
        "큰.txt": "연차는 2년이 지나면 소멸합니다.\n\n" * 1000,
    }
    root = fresh(files)
    spread = tmp_path / "spread"
    shutil.copytree(root, spread)
    with_queue(spread, database)
    one = Mundap.open(root).ingest()
    with worker(database):
        done = mundap("ingest", "--json", workspace=spread)
    assert done.code == 0, done.err
    assert done.row["added"] == one.added >= 5
    said = {skipped["file"]: skipped["reason"] for skipped in done.row["skipped"]}
    assert said == {skipped.file: skipped.reason for skipped in one.skipped} != {}
    bots = [Mundap.open(folder) for folder in (root, spread)]
    for listed in bots[0].corpus.documents():
        ids = bots[0].corpus.ids_where([("source", [listed.source])])
        assert ids == bots[1].corpus.ids_where([("source", [listed.source])])
    assert [bot.corpus.counts() for bot in bots] == [bots[0].corpus.counts()] * 2


def test_an_index_without_its_queue_ends_with_a_sentence(fresh: MakeFiles, mundap: Run) -> None:
    root = fresh(MANY)
    Mundap.open(root).ingest()
    with_queue(root, "postgresql://mundap:secret-word@127.0.0.1:1/mundap")
    done = mundap("index", workspace=root)
    assert done.code == 1
    assert "[jobs] url" in done.err
    assert "secret-word" not in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(("options", "said"), [((), "jobs"), (("--url", "mysql://a/b"), "postgresql://")])
def test_a_worker_without_an_address_ends_with_a_sentence(
    fresh: MakeFiles, mundap: Run, options: tuple[str, ...], said: str
) -> None:
    pytest.importorskip("psycopg", reason="the extra postgres is not installed")
    done = mundap("worker", *options, workspace=fresh())
    assert done.code == 1
    assert said in done.err
    assert "Traceback" not in done.err
