"""The table of synonyms: a TSV that miners write and people review, edit and lock.

A row says what documents may call a word of a question. It goes one way: an asker's 술 is the documents' 주류.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mundap.errors import BadFile
from mundap.files import write_atomically
from mundap.ingest.encoding import decode
from mundap.korean.normalize import normalize

HEADER = "# 질문말\t문서말\t점수\t상태\t근거"
LOCKED, BANNED = "고정", "제외"  # of a row that miners leave as it is; a banned pair is never used
STATES = ("", LOCKED, BANNED)
BRACKETS, SPELLING, PAIRS, VECTORS = ORIGINS = ("괄호", "철자", "질문", "임베딩")  # the miners
_HELP = f"상태에는 빈칸(다시 찾을 때 갱신), {LOCKED}(유지), {BANNED}(사용 안 함) 중 하나를 입력하세요."


@dataclass(frozen=True, slots=True)
class Synonym:
    """`asked`, a word of questions, may be `said` in documents; both in lower case. `score` is in (0, 1].

    `origin` names the miner, or is "" for a row by hand; `evidence` shows what it saw. `state` is one of STATES.
    """

    asked: str
    said: str
    score: float
    origin: str = ""
    evidence: str = ""
    state: str = ""


def read_synonyms(path: Path) -> tuple[Synonym, ...]:
    """The rows of the table, in their order, in whatever encoding an editor saved them.

    Raises BadFile with the line that is not "question word, document word, score, state, evidence", parted by tabs;
    state and evidence may be left out.
    """
    rows = []
    try:
        text = normalize(decode(path.read_bytes(), path.name))
    except OSError as error:
        raise BadFile(
            f"{path}: 열 수 없습니다({error.strerror}). mundap.toml의 [graph] synonyms를 확인하세요"
        ) from error
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip() and not line.startswith("#"):
            rows.append(_row(line, f"{path.name}: {number}번째 줄"))
    return tuple(rows)


def write_synonyms(path: Path, rows: Iterable[Synonym]) -> None:
    """Write the table, the surest first under each question word."""
    ordered = sorted(rows, key=lambda row: (row.asked, -row.score, row.said))
    lines = ["\t".join((r.asked, r.said, f"{r.score:.3f}", r.state, _shown(r))) for r in ordered]
    write_atomically(path, "\n".join([HEADER, f"# {_HELP}", *lines]) + "\n")


def merged(kept: Sequence[Synonym], mined: Iterable[Synonym]) -> tuple[Synonym, ...]:
    """The mined rows, the surest of each pair, beside the kept ones that people locked or wrote; these win."""
    rows = {(row.asked, row.said): row for row in kept if row.state or not row.origin}
    for row in sorted(mined, key=lambda row: (-row.score, row.origin, row.evidence)):
        rows.setdefault((row.asked, row.said), row)
    return tuple(rows.values())


def in_use(rows: Iterable[Synonym]) -> list[Synonym]:
    """The rows that are not banned."""
    return [row for row in rows if row.state != BANNED]


def _shown(row: Synonym) -> str:
    return f"{row.origin}: {row.evidence}" if row.origin else row.evidence


def _row(line: str, where: str) -> Synonym:
    parts = [part.strip() for part in line.split("\t")]
    asked, said, score, state, shown = (*parts, *[""] * 5)[:5]
    if len(parts) > 5 or not asked or not said:
        raise BadFile(f"{where}이 '질문말<탭>문서말<탭>점수<탭>상태<탭>근거' 형식이 아닙니다. 수정하거나 삭제하세요.")
    if state not in STATES:
        raise BadFile(f"{where}: 알 수 없는 상태 '{state}'입니다. {_HELP}")
    try:
        value = float(score) if score else 1.0
    except ValueError:
        value = 0.0
    if not 0 < value <= 1:
        raise BadFile(f"{where}: 점수 '{score}'이(가) 올바르지 않습니다. 0보다 크고 1 이하인 수여야 합니다.")
    origin, parted, evidence = shown.partition(":")
    if not parted or origin not in ORIGINS:
        origin, evidence = "", shown
    return Synonym(asked.lower(), said.lower(), value, origin, evidence.strip(), state)
