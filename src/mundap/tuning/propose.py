"""What a tuning proposes: mundap.toml changed, what must be run after it, and the verdict in a sentence."""

from __future__ import annotations

from difflib import unified_diff
from pathlib import Path

from mundap.config import FILE
from mundap.evaluation.estimates import BETTER, WORSE
from mundap.tuning.edit import set_values
from mundap.tuning.search import UNCHANGED, Tuning


def proposal(root: Path, tuning: Tuning) -> tuple[str, str]:
    """The text of mundap.toml with what is proposed, and its unified diff; "" where nothing is.

    Raises ConfigError if the file is written in a way that cannot be edited.
    """
    text = (root / FILE).read_bytes().decode("utf-8")
    changed = set_values(text, tuning.proposed.changed(tuning.current))
    before, after = text.splitlines(keepends=True), changed.splitlines(keepends=True)
    return changed, "".join(_whole(line) for line in unified_diff(before, after, f"a/{FILE}", f"b/{FILE}"))


def next_steps(tuning: Tuning) -> list[str]:
    """The commands to run after the change, in order; none where the next search already follows it."""
    before, after = tuning.current, tuning.proposed
    if (before.chunk_chars, before.chunk_overlap) != (after.chunk_chars, after.chunk_overlap):
        return ["mundap ingest", "mundap index"]
    return ["mundap index"] if (before.k1, before.b) != (after.k1, after.b) else []


def verdict_sentence(tuning: Tuning) -> str:
    """Whether what was chosen holds on the report part, and so is proposed."""
    said = {
        UNCHANGED: "현재 값보다 표준오차 1배 넘게 좋은 값이 없어 설정을 유지합니다.",
        BETTER: "선택한 값이 평가 질문에서도 유의하게 좋습니다. 다음과 같이 수정할 것을 제안합니다.",
        WORSE: "선택한 값이 평가 질문에서는 유의하게 나빠 제안하지 않습니다.",
    }
    alike = "평가 질문에서는 차이가 유의하지 않아 제안하지 않습니다(difference not significant)."
    found = said.get(tuning.verdict, alike) if tuning.sweeps else ""
    recall = tuning.recall
    if recall and recall.chosen != recall.current:
        found += f" 답변에 쓰는 문단 수를 {recall.current}에서 {recall.chosen}(으)로 바꿀 것을 제안합니다."
    elif recall:
        found += f" 답변에 쓰는 문단 수는 현재 값 {recall.current}이(가) 적절합니다."
    return found.strip()


def _whole(line: str) -> str:
    return line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
