"""What is remembered of a training that has not ended, so that no other is taken for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mundap.errors import MundapError
from mundap.files import write_atomically

RECIPE = "recipe.json"


def check_same(work: Path, wanted: Mapping[str, Any], resume: bool) -> None:
    """For a training that was stopped in `work`. `wanted` is what must not change in between, as for `remember`.

    Raises MundapError unless it is to `resume`, and if its settings were others.
    """
    if not resume:
        raise MundapError(
            f"완료되지 않은 학습이 있습니다. 이어서 하려면 --resume을 지정하고, 새로 시작하려면 폴더를 삭제하세요: {work}"
        )
    before = json.loads((work / RECIPE).read_text("utf-8"))
    plain = json.loads(json.dumps(wanted))
    other = [f"{name} {before.get(name)!r} → {value!r}" for name, value in plain.items() if before.get(name) != value]
    if other:
        raise MundapError(
            f"이어서 학습할 수 없습니다. 중단된 학습과 설정이 다릅니다: {', '.join(other)}. 같은 값을 지정하거나, 새로 시작하려면 폴더를 삭제하세요: {work}"
        )


def remember(work: Path, wanted: Mapping[str, Any]) -> None:
    """Write down what must not change until the training ends."""
    write_atomically(work / RECIPE, json.dumps(wanted, ensure_ascii=False))
