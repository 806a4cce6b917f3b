"""Some broken files of each family, and a large one, through the worker processes; `make fuzz` takes ten thousand."""

import json
from pathlib import Path

import pytest

from mundap.jobs.task import Unread

pytest.importorskip("hwp2md", reason="the extra docs is not installed")
pytest.importorskip("reportlab", reason="reportlab draws the PDFs of these tests")

from tests.fuzz.requests import fuzz_requests
from tests.fuzz.run import BATCH, GOOD, files, fuzz
from tests.fuzz.seeds import FAMILIES, seeds

from mundap.jobs.batch import Limits, read_all
from mundap.jobs.task import Job, Read

pytestmark = pytest.mark.slow
SEED = 20  # another than that of `make fuzz`


@pytest.mark.parametrize("family", sorted(FAMILIES.keys() - {"image"}))
def test_every_broken_file_is_read_or_reported_with_a_remedy(family: str) -> None:
    tally = fuzz(family, range(60), SEED, keep=None)
    # A page that claims to be as wide as a country can end the worker for its memory, and is reported too.
    assert [failure for failure in tally.failures if failure[1] != "died"] == []
    assert tally.counts.total() == 60
    assert all(tally.counts[kind] for kind in GOOD)


@pytest.mark.parametrize("family", sorted(FAMILIES.keys() - {"image"}))
def test_what_is_mutated_is_read_as_it_is(family: str, tmp_path: Path) -> None:
    jobs = []
    for n, (suffix, content) in enumerate(seeds(family)):
        (tmp_path / f"{n}{suffix}").write_bytes(content)
        jobs.append(Job(tmp_path / f"{n}{suffix}", f"{n}{suffix}"))
    assert {job.source: o.reason for job, o in read_all(jobs) if not isinstance(o, Read)} == {}


def test_a_file_depends_on_its_seed_and_its_index_alone() -> None:
    every = {n: (suffix, content) for n, suffix, content in files("office", SEED, range(BATCH, BATCH + 5))}
    ((n, suffix, content),) = files("office", SEED, range(BATCH + 3, BATCH + 4))
    assert every[n] == (suffix, content)


def test_json_lines_of_twenty_megabytes_need_less_than_half_a_gigabyte_or_are_refused(tmp_path: Path) -> None:
    row = json.dumps({"질문": "연차는 언제 소멸하나요?", "답변": "연차는 1년 뒤 소멸합니다. " * 14}, ensure_ascii=False)
    path = tmp_path / "문답.jsonl"
    path.write_text("".join(f'{row[:-2]}{n}"}}\n' for n in range((20 << 20) // len(row.encode()))), "utf-8")
    ((_, found),) = read_all([Job(path, path.name)], Limits(1, megabytes=512))
    assert isinstance(found, Read)
    assert len(found.parents) > 20_000
    ((_, refused),) = read_all([Job(path, path.name)], Limits(1, megabytes=80))
    assert isinstance(refused, Unread)
    assert "80MB를 초과해 중단했습니다. 파일을 나누거나" in refused.reason


def test_broken_requests_are_answered_or_refused_with_a_sentence() -> None:
    tally = fuzz_requests(range(400), SEED, keep=None)
    assert tally.failures == []
    assert tally.counts.total() == 400
    assert all(tally.counts[kind] for kind in GOOD)
