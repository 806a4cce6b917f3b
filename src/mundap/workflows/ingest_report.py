"""The report of `mundap ingest --report`: what was read of each file, and what its owner should look at."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from mundap.evaluation.html_parts import frame, note, section, table
from mundap.evaluation.markup import Markup, join
from mundap.evaluation.provenance import versions
from mundap.workflows.runs import keep
from mundap.workspace import Mundap
from mundap.workspace.intake import Ingested, Taken

_STATES = {"added": "추가", "updated": "변경", "unchanged": "변경 없음", "skipped": "건너뜀"}
_SUMS = ("files", "pages", "characters", "passages", "tables")


def keep_report(bot: Mundap, done: Ingested) -> Path:
    """Write report.json and report.html into a new run of the workspace; its folder."""
    made = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    facts = {
        "kind": "ingest",
        "made": made,
        **{name: value for name, value in asdict(done).items() if name != "files"},
        "settings": bot.config.ingest.model_dump(mode="json"),
        "versions": versions(),
        "files": [asdict(one) for one in done.files],
    }
    return keep(bot, "ingest", facts, ingest_page(done, made))


def ingest_page(done: Ingested, made: str) -> str:
    """A whole HTML file: the sums, what did not go in, warnings, and a row for each file."""
    read = [one for one in done.files if one.state in ("added", "updated")]
    told = (
        f"{made} · 문서 {done.documents}개, 문단 {done.passages}개 · 추가 {done.added}, 변경 {done.updated}, 삭제 {done.removed},"
        f" 변경 없음 {done.unchanged}, 건너뜀 {len(done.skipped)}"
    )
    return frame(
        "문서 읽기 보고서",
        f"파일 {len(done.files)}개",
        told,
        section("형식별", table(["형식", "파일", "쪽", "글자", "문단", "표", "초"], _by_format(read)))
        if read
        else join(),
        _skipped(done),
        _warnings(done.files),
        section("파일별", table(["파일", "상태", "쪽", "글자", "문단", "표", "초"], map(_row, done.files))),
    )


def _by_format(read: Sequence[Taken]) -> list[list[str]]:
    formats = sorted({Path(one.file).suffix.lower() or "(없음)" for one in read})
    return [
        _sums(kind, [one for one in read if (Path(one.file).suffix.lower() or "(없음)") == kind]) for kind in formats
    ]


def _sums(kind: str, files: Sequence[Taken]) -> list[str]:
    pages = sum(one.pages or 0 for one in files)
    counts = (len(files), pages, *(sum(getattr(one, name) for one in files) for name in _SUMS[2:]))
    return [kind, *(f"{count:,}" if count else "–" for count in counts), f"{sum(one.seconds for one in files):.1f}"]


def _skipped(done: Ingested) -> Markup:
    rows = [[f"{one.file} {one.row}행" if one.row else one.file, one.reason] for one in done.skipped]
    return section("건너뛴 파일", table(["파일", "원인과 조치"], rows, texts=True)) if rows else join()


def _warnings(files: Sequence[Taken]) -> Markup:
    rows = [[one.file, warning] for one in files for warning in one.warnings]
    return (
        section("경고", table(["파일", "내용"], rows, texts=True), note("나머지 내용은 정상적으로 추가되었습니다."))
        if rows
        else join()
    )


def _row(one: Taken) -> list[str]:
    if one.state in ("unchanged", "skipped"):
        return [one.file, _STATES[one.state], *["–"] * 4, f"{one.seconds:.1f}" if one.seconds else "–"]
    counts = (one.characters, one.passages, one.tables)
    return [
        one.file,
        _STATES[one.state],
        f"{one.pages:,}" if one.pages else "–",
        *(f"{count:,}" if count else "–" for count in counts),
        f"{one.seconds:.1f}",
    ]
