"""Files into the corpus: what changed, what is broken, what is gone."""

from __future__ import annotations

import json
import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import MakeBot, MakeFiles, Run

from mundap.jobs.batch import Limits, read_all
from mundap.jobs.task import Job, Read, Unread
from mundap.workspace import Mundap

NFD = unicodedata.normalize("NFD", "여비 규정.txt")
NFC = "docs/여비 규정.txt"


NO_COPIES = {"passages": 0, "groups": 0, "example": None}


def texts(bot: Mundap, question: str, leg: str = "bm25") -> list[str]:
    return [hit.passage.text for hit in bot.search(question, leg=leg)]


def test_what_is_new_changed_unchanged_and_gone_is_counted(mundap: Run, fresh: MakeFiles) -> None:
    root = fresh({"그대로.txt": "하나", "바뀜.txt": "둘", "사라짐.txt": "셋"})
    assert mundap("ingest", "--json", workspace=root).row["added"] == 3
    (root / "docs" / "바뀜.txt").write_text("둘째", "utf-8")
    (root / "docs" / "사라짐.txt").unlink()
    (root / "docs" / "새것.txt").write_text("넷\n\n다섯", "utf-8")
    kept = mundap("ingest", "--json", workspace=root).row
    counts: dict[str, object] = {"documents": 4, "passages": 5, "added": 1, "updated": 1, "removed": 0, "unchanged": 1}
    counts |= {"skipped": [], "warnings": [], "copies": NO_COPIES}
    assert kept == counts
    pruned = mundap("ingest", "--prune", "--json", workspace=root).row
    assert pruned == {**counts, "documents": 3, "passages": 4, "added": 0, "updated": 0, "removed": 1, "unchanged": 3}
    assert [listed.source for listed in Mundap.open(root).corpus.documents()] == [
        "docs/그대로.txt",
        "docs/바뀜.txt",
        "docs/새것.txt",
    ]


def test_the_passages_of_a_changed_file_are_replaced(indexed: MakeBot) -> None:
    bot = indexed({"규정.md": "# 규정\n\n## 휴가\n\n휴가는 15일입니다.\n\n## 여비\n\n여비는 5만 원입니다.\n"})
    kept = {p.id for p in bot.corpus.all_passages() if "여비" in p.text}
    (bot.root / "docs" / "규정.md").write_text(
        "# 규정\n\n## 휴가\n\n휴가는 20일입니다.\n\n## 여비\n\n여비는 5만 원입니다.\n", "utf-8"
    )
    assert bot.ingest().updated == 1
    assert {p.id for p in bot.corpus.all_passages() if "여비" in p.text} == kept  # what stayed keeps its id
    bot.index()
    again = Mundap.open(bot.root)
    for leg in ("bm25", "dense", "graph", "hybrid"):
        assert "휴가는 20일입니다." in texts(again, "휴가는 15일입니다.", leg)
        assert "휴가는 15일입니다." not in texts(again, "휴가는 15일입니다.", leg)


def test_a_broken_file_is_reported_with_a_remedy_and_the_rest_goes_in(mundap: Run, fresh: MakeFiles) -> None:
    files = {
        "가.txt": "읽을 수 있는 글",
        "깨짐.xlsx": b"this is no workbook",
        "빈 파일.txt": "",
        "사진.psd": b"8BPS\0\1",
        "이진.txt": bytes(range(256)) * 8,
        "하.csv": "질문,답변\n왜요?,그냥요\n비었나요?,\n",
    }
    root = fresh(files)
    done = mundap("ingest", "--json", workspace=root)
    assert done.code == 0
    assert (done.row["documents"], done.row["added"]) == (2, 2)
    reasons = {skipped["file"]: skipped["reason"] for skipped in done.row["skipped"]}
    assert reasons.keys() == {f"docs/{name}" for name in files} - {"docs/가.txt"}
    assert "엑셀에서 다시 저장" in reasons["docs/깨짐.xlsx"]
    assert "읽을 수 있는 텍스트가 없습니다" in reasons["docs/빈 파일.txt"]
    assert ".txt" in reasons["docs/사진.psd"]  # the formats that can be read
    assert ".xlsx" in reasons["docs/사진.psd"]
    assert "UTF-8" in reasons["docs/이진.txt"]
    [row] = [skipped for skipped in done.row["skipped"] if skipped["file"] == "docs/하.csv"]
    assert row["row"] == 3
    assert "답변" in row["reason"]
    shown = [line for line in done.err.splitlines() if line.startswith("건너뜀: ")]
    assert len(shown) == 5
    assert any(line.startswith("건너뜀: docs/하.csv 3행: ") for line in shown)


def test_a_link_to_nowhere_does_not_keep_the_files_after_it_out(fresh: MakeFiles) -> None:
    root = fresh({"가.txt": "하나", "하.txt": "둘"})
    (root / "docs" / "나.txt").symlink_to(root / "없음.txt")
    done = Mundap.open(root).ingest()
    assert done.added == 2
    [skipped] = done.skipped
    assert "나.txt" in skipped.reason


def test_a_file_that_broke_keeps_what_was_read_before(indexed: MakeBot) -> None:
    bot = indexed({"가.txt": "연차는 15일입니다."})
    (bot.root / "docs" / "가.txt").write_bytes(b"")
    done = bot.ingest()
    assert [skipped.file for skipped in done.skipped] == ["docs/가.txt"]
    assert texts(bot, "연차") == ["연차는 15일입니다."]


def test_a_file_that_cannot_be_read_is_named_every_time_and_tried_when_it_is_written_again(
    fresh: MakeFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def spied(jobs: list[Job], limits: Limits, *rest: Any) -> Iterator[tuple[Job, Read | Unread]]:
        tried.extend(job.source for job in jobs)
        return read_all(jobs, limits, *rest)

    monkeypatch.setattr("mundap.jobs.reading.read_all", spied)
    root = fresh({"깨짐.xlsx": b"this is no workbook", "가.txt": "하나"})
    broken = root / "docs" / "깨짐.xlsx"
    bot = Mundap.open(root)
    first = bot.ingest().skipped
    assert tried == ["docs/가.txt", "docs/깨짐.xlsx"]
    assert bot.ingest().skipped == first
    assert len(tried) == 2
    os.utime(broken, ns=(0, 0))  # copied again, as the reason asks
    assert bot.ingest().skipped == first
    assert tried[2:] == ["docs/깨짐.xlsx"]
    broken.write_text("이제는 글", "utf-8")
    bot.ingest()
    assert tried[3:] == ["docs/깨짐.xlsx"]


def test_a_path_that_is_not_there_is_reported_beside_those_that_are(mundap: Run, fresh: MakeFiles) -> None:
    root = fresh({"가.txt": "하나"})
    done = mundap("ingest", root / "none.txt", root / "docs" / "가.txt", "--json", workspace=root)
    assert done.row["added"] == 1
    assert [skipped["file"] for skipped in done.row["skipped"]] == [str(root / "none.txt")]


def test_an_empty_folder_is_no_error(mundap: Run, fresh: MakeFiles) -> None:
    done = mundap("ingest", "--json", workspace=fresh({}))
    assert done.code == 0
    counts = ("documents", "passages", "added", "updated", "removed", "unchanged")
    assert done.row == {**dict.fromkeys(counts, 0), "skipped": [], "warnings": [], "copies": NO_COPIES}


def test_hidden_and_lock_files_are_left_alone(fresh: MakeFiles) -> None:
    root = fresh({"가.txt": "하나", ".숨김.txt": "둘", "~$문서.xlsx": b"lock", ".git/config.txt": "셋"})
    done = Mundap.open(root).ingest()
    assert (done.added, done.skipped) == (1, ())


def test_a_file_outside_the_workspace_is_known_by_its_whole_path(fresh: MakeFiles, tmp_path: Path) -> None:
    outside = tmp_path / "밖.txt"
    outside.write_text("밖의 글", "utf-8")
    bot = Mundap.open(fresh({}))
    assert bot.ingest([outside]).added == 1
    assert [listed.source for listed in bot.corpus.documents()] == [outside.as_posix()]
    assert bot.ingest([outside], prune=True).unchanged == 1
    outside.unlink()
    assert bot.ingest(prune=True).removed == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
def test_what_korean_offices_save_reads_the_same(fresh: MakeFiles, encoding: str) -> None:
    bot = Mundap.open(fresh({"가.txt": "똠방각하의 연차는 15일입니다.\r\n둘째 줄".encode(encoding)}))
    bot.ingest()
    assert [p.text for p in bot.corpus.all_passages()] == ["똠방각하의 연차는 15일입니다.\n둘째 줄"]


def test_decomposed_file_names_are_found_composed(indexed: MakeBot) -> None:
    body = unicodedata.normalize("NFD", "여비는 5만 원입니다.")
    bot = indexed({NFD: body, "나.txt": "휴가는 15일입니다."})
    [hit] = bot.search("여비", leg="bm25")
    assert (hit.passage.source, hit.passage.text) == ("여비 규정", "여비는 5만 원입니다.")
    assert [listed.source for listed in bot.corpus.documents()] == ["docs/나.txt", NFC]
    assert bot.ingest().unchanged == 2
    assert bot.remove(NFD) == NFC


def test_prune_keeps_a_file_whose_name_is_decomposed(fresh: MakeFiles) -> None:
    bot = Mundap.open(fresh({NFD: "여비는 5만 원입니다."}))
    done = bot.ingest(prune=True)
    assert (done.documents, done.added, done.removed) == (1, 1, 0)


PAGE = "<h1>요금 안내</h1><p>요금은 다음과 같다.</p><table><tr><th>구장<th>요금<tr><td>강남<td>5만원</table>"


def test_a_report_says_what_became_of_every_file(mundap: Run, fresh: MakeFiles) -> None:
    root = fresh({"요금.html": PAGE, "깨짐.hwp": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "표.csv": "가,나\n1,2,3\n4,5\n"})
    done = mundap("ingest", "--report", "--json", workspace=root)
    run = Path(done.row["run"])
    report = json.loads((run / "report.json").read_text("utf-8"))
    files = {one["file"]: one for one in report["files"]}
    assert (files["docs/요금.html"]["state"], files["docs/요금.html"]["tables"]) == ("added", 1)
    assert files["docs/깨짐.hwp"]["state"] == "skipped"
    assert files["docs/표.csv"]["left_out"][0]["row"] == 2
    page = (run / "report.html").read_text("utf-8")
    assert all(text in page for text in ("docs/요금.html", "건너뛴 파일", "docs/깨짐.hwp", "docs/표.csv 2행"))
    assert run.name.endswith("-ingest")


def test_a_question_about_a_cell_finds_its_row(indexed: MakeBot) -> None:
    bot = indexed({"요금.html": PAGE, "기타.txt": "주차는 두 시간 무료이다.\n\n샤워실은 지하에 있다."})
    answer = bot.ask("강남 구장의 요금은?")
    assert any("| 강남 | 5만원 |" in citation.quote for citation in answer.citations)


@pytest.mark.parametrize(
    ("settings", "pieces"),
    [
        ("", 1),
        ("chunk_chars = 50", 3),
        ('chunking = "window"', 5),
        ('chunking = "whole"\nchunk_chars = 50', 1),
        ('chunking = "fixed"\nchunk_chars = 50', 3),
    ],
)
def test_the_settings_say_how_passages_are_cut(mundap: Run, fresh: MakeFiles, settings: str, pieces: int) -> None:
    text = " ".join(f"{word} 규정은 직원이 지켜야 하는 것이다." for word in ("첫째", "둘째", "셋째", "넷째", "다섯째"))
    root = fresh({"규정.txt": text}, f"[index]\nencoder = 'hashed'\n[ingest]\n{settings}\n")
    (passage,) = mundap("inspect", root / "docs" / "규정.txt", "--json", workspace=root).rows
    assert len(passage["chunks"]) == (pieces if pieces > 1 else 1)
    assert mundap("ingest", "--json", workspace=root).row["added"] == 1


def test_another_way_of_cutting_reads_files_again(mundap: Run, fresh: MakeFiles) -> None:
    root = fresh({"규정.txt": "하나이다. 둘이다."})
    mundap("ingest", workspace=root)
    toml = (root / "mundap.toml").read_text("utf-8")
    (root / "mundap.toml").write_text(f'{toml}\n[ingest]\nchunking = "window"\n', "utf-8")
    assert mundap("ingest", "--json", workspace=root).row["updated"] == 1


def test_sizes_in_tokens_need_an_encoder_that_counts_them(mundap: Run, fresh: MakeFiles) -> None:
    root = fresh({"규정.txt": "하나이다."}, "[index]\nencoder = 'hashed'\n[ingest]\nchunk_unit = 'tokens'\n")
    done = mundap("ingest", workspace=root)
    assert done.code == 1
    assert "chunk_unit" in done.err


RULE = (
    "여행자 휴대품의 기본 면세 한도는 미화 {}달러이며 술은 두 병까지, 담배는 200개비까지 따로 면세됩니다."
    " 한도를 넘는 물품은 자진 신고하면 세액의 30퍼센트를 깎아 드립니다."
)


def test_passages_that_differ_in_a_number_are_told_as_they_come_in(mundap: Run, fresh: MakeFiles) -> None:
    root = fresh({"가.txt": RULE.format(800), "나.txt": "수출 신고는 물품을 배에 싣기 전에 관세사를 통해 합니다."})
    assert mundap("ingest", "--json", workspace=root).row["copies"] == NO_COPIES
    (root / "docs" / "다.txt").write_text(RULE.format("1,000"), "utf-8")
    done = mundap("ingest", "--json", workspace=root)
    assert (done.row["copies"]["passages"], done.row["copies"]["groups"]) == (2, 1)
    example = done.row["copies"]["example"]
    assert example["kind"] == "numbers"
    assert {passage["source"] for passage in example["passages"]} == {"docs/가.txt", "docs/다.txt"}
    assert len([line for line in done.err.splitlines() if "숫자·날짜만 다른 문단이 2개" in line]) == 1
    (root / "docs" / "라.txt").write_text("전혀 다른 내용을 말하는 문서이며 앞의 어느 것과도 같지 않습니다.", "utf-8")
    assert mundap("ingest", "--json", workspace=root).row["copies"] == NO_COPIES  # nothing that came in is one


def test_what_was_told_of_is_known_until_it_is_gone(fresh: MakeFiles) -> None:
    root = fresh({"가.txt": RULE.format(800), "나.txt": RULE.format(600)})
    bot = Mundap.open(root)
    assert bot.ingest().copies.passages == 2
    assert Mundap.open(root).copies.known().passages == 2
    (root / "docs" / "다.txt").write_text(RULE.format(400), "utf-8")
    assert bot.ingest().copies.passages == 3
    bot.remove("docs/가.txt")
    assert bot.copies.known().passages == 2
    assert bot.copies.known() == bot.copies.all()
    bot.remove("docs/나.txt")
    assert bot.copies.known().passages == bot.copies.all().passages == 0
